import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { help, main } from '../src/main.ts';
import { runNode } from './run-node.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(join(home, '.cache'), { recursive: true });
const folder = mkdtempSync(join(home, '.cache/main-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...argv: string[]) {
  const written = { out: '', error: '' };
  const code = main(argv, {
    cwd: folder,
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
  });
  return { code, ...written };
}

const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const manifestOf = (place: string) => JSON.parse(read(`${place}/package.json`));
const filesOf = (place: string) =>
  readdirSync(join(folder, place), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('commands that are wrong', () => {
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full/kept'), '');

  it.each([
    [[], 'a NAME is missing'],
    [['one', 'two'], 'one NAME is expected, got one two'],
    [['My-Device'], "'My-Device' is not the name of a device"],
    [['../device'], "'../device' is not the name of a device"],
    [['@me/device'], "'@me/device' is not the name of a device"],
    [['1device'], 'with a letter first'],
    [['d'.repeat(65)], 'at most 64'],
    [['cpu'], "'cpu' is a device of Tenfold itself (as are cpu, webgpu, cuda)"],
    [['device', '--device', 'cuda'], "'cuda' is a device of Tenfold itself"],
    [['device', '--name', 'Device'], '--name Device: npm takes'],
    [['device', '--name', '@me/'], '--name @me/: npm takes'],
    [['device', '--license', 'GPL'], '--license GPL: choose one of Apache-2.0, MIT'],
    [['device', '--flag'], "Unknown option '--flag'; --help lists the flags"],
    [['device', '--dir'], "Option '--dir <value>' argument missing"],
    [['full'], 'full exists and is not empty'],
    [['device', '--dir', 'file'], 'file exists and is not a folder'],
    [['device', '--in-tree'], 'is not the root of a checkout of Tenfold'],
    [['device', '--in-tree', '--name', 'x'], '--name: packages of the checkout'],
  ])('%j', (argv, message) => {
    const { code, out, error } = run(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/^create-backend: [^\n]+\n$/);
    expect(error).toContain(message);
  });

  it('write nothing', () => {
    expect(readdirSync(folder)).toEqual(['file', 'full']);
    expect(readdirSync(join(folder, 'full'))).toEqual(['kept']);
  });
});

it('helps', () => {
  expect(run('--help')).toEqual({ code: 0, out: help, error: '' });
});

describe('a package of its own', () => {
  it('is named, licensed and placed as asked', () => {
    expect(run('chip', '--name', '@me/chip', '--dir', 'a/b', '--license', 'MIT')).toMatchObject({ code: 0, error: '' });
    expect(manifestOf('a/b')).toMatchObject({ name: '@me/chip', license: 'MIT' });
    expect(read('a/b/LICENSE')).toContain('the authors of @me/chip');
    expect(read('a/b/src/backend.ts')).toContain("deviceType: 'chip'");
    expect(read('a/b/.changeset/first-release.md')).toContain("'@me/chip': minor");
    expect(existsSync(join(folder, 'a/b/.gitignore'))).toBe(true);
    expect(filesOf('a/b').filter((path) => /__[A-Z]+__/.test(readFileSync(path, 'utf8')))).toEqual([]);
  });

  it('asks for the versions that Tenfold has itself', () => {
    run('versions');
    const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const catalog = readFileSync(join(home, '../../pnpm-workspace.yaml'), 'utf8');
    const pinned = (name: string) => `^${new RegExp(`^ {2}${name}: (.*)$`, 'm').exec(catalog)?.[1]}`;
    expect(manifestOf('versions')).toMatchObject({
      name: 'tenfold-backend-versions',
      peerDependencies: { '@tenfold/tensor-core': `^${version}` },
      devDependencies: {
        '@tenfold/autograd': `^${version}`,
        '@tenfold/backend-testkit': `^${version}`,
        '@tenfold/tensor-core': `^${version}`,
        typescript: pinned('typescript'),
        vitest: pinned('vitest'),
      },
    });
    const uses = (text: string) => [...text.matchAll(/uses: (\S+@[0-9a-f]{40} # v\S+)$/gm)].map(([, action]) => action);
    const workflow = read('versions/.github/workflows/ci.yml');
    expect(uses(workflow).length).toBe(workflow.match(/uses:/g)?.length);
    expect(uses(readFileSync(join(home, '../../.github/workflows/ci.yml'), 'utf8'))).toEqual(
      expect.arrayContaining(uses(workflow)),
    );
  });

  it('tests its buffers, and says which families are missing', async () => {
    expect(run('my-device').out).toContain('cd my-device\n  npm install\n  npm test');
    // as far as vitest looks for one: here it would find that of the checkout
    writeFileSync(join(folder, 'my-device/vitest.config.mjs'), 'export default {};\n');
    const vitest = join(
      createRequire(join(home, '../../package.json')).resolve('vitest/package.json'),
      '../vitest.mjs',
    );
    const place = join(folder, 'my-device');
    const { status, out, error } = await runNode(place, vitest, 'run', '--reporter=json', '--reporter=default');
    expect({ status, error }).toEqual({ status: 0, error: '' });
    expect(out).toContain('tier 1 still needs these families of checks: elementwise, activation, reduce');
    const report = out.split('\n').find((line) => line.startsWith('{')) ?? '';
    const { numPassedTests, numTodoTests } = JSON.parse(report);
    expect({ numPassedTests, numTodoTests }).toEqual({ numPassedTests: 6, numTodoTests: 15 });
  }, 300_000);
});

it('writes a package of a checkout, with its changeset', () => {
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), '');
  mkdirSync(join(folder, 'packages/tensor-core'), { recursive: true });
  const { code, out } = run('chip', '--in-tree');
  expect(code).toBe(0);
  expect(out).toContain('cd packages/backend-chip\n  npm test');
  expect(read('.changeset/backend-chip.md')).toContain("'@tenfold/backend-chip': minor");
  // as the packages beside it: what they share is theirs
  const { keys } = Object;
  const own = manifestOf('packages/backend-chip');
  const cpu = JSON.parse(readFileSync(join(home, '../backend-cpu/package.json'), 'utf8'));
  expect(keys(own)).toEqual(keys(cpu));
  for (const field of ['license', 'engines', 'publishConfig', 'peerDependencies', 'version'])
    expect(own[field]).toEqual(cpu[field]);
  expect(own.exports['.']).toEqual(cpu.exports['.']);
  expect(run('chip', '--in-tree')).toMatchObject({ code: 2, error: expect.stringContaining('choose another NAME') });
});
