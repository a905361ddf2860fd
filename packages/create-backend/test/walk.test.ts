/** Follows docs/contributing/adding-a-backend.md to the letter, from the empty scaffold to tier 1. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadBackend, type Tier, type TierTest, tierTests } from '@tenfold/backend-testkit';
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

beforeAll(() => {
  const host = { cwd: folder, out: () => {}, error: (text: string) => expect.fail(text) };
  expect(main([device, '--dir', copyOf(-1)], host)).toBe(0);
});

/** The checks that a command of the page picks. */
async function picked(command: readonly string[]): Promise<TierTest[]> {
  const { values } = parseArgs({
    args: [...command],
    options: { tier: { type: 'string' }, filter: { type: 'string' } },
  });
  const tests = await tierTests(device, Number(values.tier ?? 1) as Tier);
  return tests.filter(({ family, name }) => `${family} / ${name}`.includes(values.filter ?? ''));
}

/** The names of the checks that fail. */
async function failing(tests: readonly TierTest[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { family, name, run } of tests) await run().catch((error) => failed.push(`${family} / ${name}: ${error}`));
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

describe.each(steps.map((step, i) => ({ ...step, i })))('$title', ({ i, commands, ...step }) => {
  it('passes the checks that it names, and some of them only now', async () => {
    const copy = copyOf(i);
    cpSync(copyOf(i - 1), copy, { recursive: true });
    const tests = (await Promise.all(commands.map(picked))).flat();
    for (const command of commands) expect(await picked(command), command.join(' ')).not.toEqual([]);
    if (step.files.size > 0) {
      await loadBackend(pathToFileURL(join(copyOf(i - 1), 'src/index.ts')).href);
      expect(await failing(tests.slice(0, 20)), 'before this step').not.toEqual([]);
    }
    follow({ ...step, commands }, copy);
    await loadBackend(pathToFileURL(join(copy, 'src/index.ts')).href);
    expect(await failing(tests)).toEqual([]);
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

  it('lists every family of tier 1', async () => {
    const families = steps.at(-1)?.families ?? '';
    expect([...families.matchAll(/'(\w+)'/g)].map(([, family]) => family).sort()).toEqual(
      [...new Set((await tierTests(device, 1)).map(({ family }) => family))].sort(),
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
