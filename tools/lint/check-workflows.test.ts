import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkWorkflows } from './check-workflows.mjs';

const checkout = `uses: actions/checkout@${'a'.repeat(40)} # v1.2.3`;
const good = `
name: ci
on: pull_request
permissions: {}
jobs:
  one:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - ${checkout}
        with:
          persist-credentials: false
      - run: npm test -- --project nn
      - run: npm run lint
`;

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'workflows-'));
  mkdirSync(join(root, '.github/workflows'), { recursive: true });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ scripts: { test: 'x', lint: 'x' } }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function check(text: string): Promise<string[]> {
  writeFileSync(join(root, '.github/workflows/ci.yml'), text);
  return checkWorkflows(root);
}

it('passes a workflow that keeps the rules', async () => expect(await check(good)).toEqual([]));

it.each([
  ['an action by tag', checkout, 'uses: actions/checkout@v4', 'an action is named by the hash of its commit'],
  ['a hash without its version', ' # v1.2.3', '', 'an action is named by the hash of its commit'],
  [
    'a container by tag',
    'runs-on: ubuntu-latest',
    'runs-on: ubuntu-latest\n    container: debian:12',
    'a container is named by its digest',
  ],
  ['rights for every job', 'permissions: {}', 'permissions:\n  contents: read', '`permissions: {}` stands at the top'],
  ['a job that may write', 'contents: read', 'contents: write', '1 jobs have contents: write, and 0 may'],
  [
    'a job without permissions',
    '    permissions:\n      contents: read\n',
    '',
    'job one does not name its permissions',
  ],
  ['credentials that stay', 'persist-credentials: false', 'fetch-depth: 0', 'leaves credentials in the checkout'],
  ['a script that is not there', 'npm run lint', 'npm run lnt', 'runs npm lnt, which package.json lacks'],
  ['a file that is not there', 'npm run lint', 'bash .ci/run.sh', 'runs .ci/run.sh, which does not exist'],
  [
    'what others wrote, in a script',
    'npm run lint',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own braces
    'echo ${{ github.event.pull_request.title }}',
    'pastes what others wrote',
  ],
  ['a key that GitHub does not know', 'runs-on', 'runs-at', 'unexpected key "runs-at"'],
])('finds %s', async (_, find, put, expected) => {
  expect(good).toContain(find);
  expect((await check(good.replace(find, put))).join('\n')).toContain(expected);
});
