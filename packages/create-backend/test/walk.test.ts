/** Follows docs/contributing/adding-a-backend.md to the letter, from the empty scaffold to tier 1. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadBackend, type TierTest, tierTests } from '@tenfold/backend-testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../src/main.ts';
import { anchors, blocks, type Step, steps } from './walk.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(join(home, '.cache'), { recursive: true });
// inside of the package, so that @tenfold packages are found as in a folder where they have been installed
const folder = mkdtempSync(join(home, '.cache/walk-'));
afterAll(() => rmSync(folder, { recursive: true }));

const device = 'my-device';
/** A module is loaded once for each path: every step has its own copy of the package. */
const copyOf = (step: number) => join(folder, String(step));

/** The checks of tiers 1 and 2: they run on whatever is registered when they run. */
let tests: readonly TierTest[] = [];

const load = (step: number) => loadBackend(pathToFileURL(join(copyOf(step), 'src/index.ts')).href);

beforeAll(async () => {
  const host = { cwd: folder, out: () => {}, error: (text: string) => expect.fail(text) };
  expect(main([device, '--dir', copyOf(-1)], host)).toBe(0);
  expect(await load(-1)).toBe(device);
  tests = await tierTests(device, 2);
});

/** The checks that a command of the page picks. */
function picked(command: readonly string[]): TierTest[] {
  const options = { tier: { type: 'string', default: '1' }, filter: { type: 'string', default: '' } } as const;
  const { tier, filter } = parseArgs({ args: [...command], options }).values;
  return tests.filter((test) => test.tier <= Number(tier) && `${test.family} / ${test.name}`.includes(filter));
}

/** What fails among some checks, at most `limit` of them. */
async function failing(checks: readonly TierTest[], limit = 5): Promise<string[]> {
  const failed: string[] = [];
  for (const { family, name, run } of checks) {
    await run().catch((error) => failed.push(`${family} / ${name}: ${error}`));
    if (failed.length === limit) break;
  }
  return failed;
}

function follow({ files, families }: Step, copy: string): void {
  for (const [path, code] of files) writeFileSync(join(copy, path), code);
  if (families === undefined) return;
  const file = join(copy, 'src/conformance.test.ts');
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(/^const families: string\[\] = .*$/m, `const families: string[] = ${families};`);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
}

describe.each(steps.map((step, i) => ({ ...step, i })))('$title', ({ i, ...step }) => {
  it('passes the checks that it names, and only now', async () => {
    for (const command of step.commands) {
      const checks = picked(command);
      expect(checks.length, command.join(' ')).toBeGreaterThan(0);
      if (step.files.size > 0) expect(await failing(checks, 1), `before: ${command.join(' ')}`).not.toEqual([]);
    }
    cpSync(copyOf(i - 1), copyOf(i), { recursive: true });
    follow(step, copyOf(i));
    await load(i);
    for (const command of step.commands) expect(await failing(picked(command)), command.join(' ')).toEqual([]);
  });
});

describe('the package at the end', () => {
  const last = copyOf(steps.length - 1);
  const root = createRequire(join(home, '../../package.json'));
  const run = (file: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd: last, encoding: 'utf8' });
    return { status, text: stdout + stderr };
  };

  it('type-checks without the stubs, builds, and conforms in plain Node', () => {
    rmSync(join(last, 'src/not-written.ts'));
    const tsc = root.resolve('typescript/bin/tsc');
    expect(run(tsc)).toEqual({ status: 0, text: '' });
    expect(run(tsc, '-p', 'tsconfig.build.json')).toEqual({ status: 0, text: '' });
    const cli = join(home, '../backend-testkit/dist/cli.js');
    const { status, text } = run(cli, 'conform', '.', '--filter', 'elementwise / add / ');
    expect(text).toMatch(/^my-device: \d+ checks passed, 0 failed\n$/);
    expect(status).toBe(0);
  });

  it('lists every family of tier 1', () => {
    const families = steps.at(-1)?.families ?? '';
    expect([...families.matchAll(/'(\w+)'/g)].map(([, family]) => family).sort()).toEqual(
      [...new Set(picked([]).map(({ family }) => family))].sort(),
    );
  });
});

it('uses every block of code on the page, and sections that stubs name are there', () => {
  expect(steps.reduce((n, { files }) => n + files.size, 0)).toBe(blocks);
  const named = steps.flatMap(({ files }) => [...files.keys()]).map((path) => join(home, 'template/shared', path));
  const texts = named.flatMap((path) => {
    try {
      return [readFileSync(path, 'utf8')];
    } catch {
      return [];
    }
  });
  const sections = texts.flatMap((text) =>
    [...text.matchAll(/notWritten\('\w+', '(.*?)'\)/g)].map(([, section]) => section),
  );
  expect(sections.length).toBe(10);
  expect(sections.filter((section) => !anchors.has(section))).toEqual([]);
});
