import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { conform } from '../src/conform.ts';
import { help, main } from '../src/main.ts';
import { tierTests } from '../src/tiers.ts';
import { loadBackend } from '../src/under-test.ts';

const naive = fileURLToPath(new URL('../../../examples/naive-backend/index.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'conform-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]) {
  const written = { out: '', error: '' };
  const code = await main(argv, {
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
    live: false,
  });
  return { code, ...written };
}

describe('the naive backend', () => {
  it('passes tier 1', async () => {
    const report = await conform(await loadBackend(naive), { tier: 1 });
    expect(report.failures.map(({ family, name, message }) => `${family}: ${name}: ${message}`)).toEqual([]);
    expect(report).toMatchObject({ reached: 1, failed: 0 });
    expect(report.passed).toBeGreaterThan(3000);
  });

  it('passes what a device must do about views, memory and faults', async () => {
    const device = await loadBackend(naive);
    for (const filter of ['views / ', 'memory / ', 'faults / ', 'random / ']) {
      const { failures, passed } = await conform(device, { tier: 2, filter });
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    }
  });
});

describe('the command line', () => {
  it('helps, and says what is wrong with a command', async () => {
    expect(await run('--help')).toEqual({ code: 0, out: help, error: '' });
    expect(await run('conform')).toMatchObject({ code: 2, error: expect.stringContaining('conform MODULE') });
    expect(await run('conform', naive, '--tier', '4')).toMatchObject({
      code: 2,
      error: 'backend-testkit: --tier 4: choose one of 1, 2, 3\n',
    });
    expect(await run('conform', naive, '--tiers', '1')).toMatchObject({ code: 2 });
    expect(await run('conform', './nowhere')).toMatchObject({
      code: 2,
      error: expect.stringContaining('./nowhere: neither a file'),
    });
    expect(await run('conform', naive, '--filter', 'no such check')).toMatchObject({ code: 2 });
  });

  it('says what a module must export', async () => {
    const file = join(folder, 'empty.mjs');
    writeFileSync(file, 'export const other = 1;\n');
    expect(await run('conform', file)).toMatchObject({ code: 2, error: expect.stringContaining('registers none') });
    writeFileSync(join(folder, 'wrong.mjs'), 'export const backend = 1;\n');
    expect(await run('conform', join(folder, 'wrong.mjs'))).toMatchObject({
      code: 2,
      error: expect.stringContaining('must be a Backend'),
    });
  });

  it('runs picked checks, as text and as JSON', async () => {
    const text = await run('conform', naive, '--filter', 'elementwise / hypot');
    expect(text).toMatchObject({ code: 0, out: expect.stringMatching(/^naive: \d+ checks passed, 0 failed\n$/) });
    const { out } = await run('conform', naive, '--filter', 'elementwise / hypot', '--json');
    expect(JSON.parse(out)).toMatchObject({ device: 'naive', asked: 1, reached: null, failed: 0, failures: [] });
  });
});

it('every family has a heading in the page that failures point to', async () => {
  const page = readFileSync(new URL('../../../docs/contributing/adding-a-backend.md', import.meta.url), 'utf8');
  const headings = new Set([...page.matchAll(/^#+ (\w+)$/gm)].map(([, heading]) => heading));
  const families = new Set((await tierTests(await loadBackend(naive), 3)).map(({ family }) => family));
  expect([...families].filter((family) => !headings.has(family))).toEqual([]);
});
