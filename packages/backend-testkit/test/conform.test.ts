import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const home = fileURLToPath(new URL('../../../examples/naive-backend/', import.meta.url));
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

  it('passes, and its README and badge show what the command gives', () => {
    const file = join(folder, 'badge.svg');
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'conform', '.', '--badge', file], {
      cwd: home,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(' 0 failed, tier 1 reached\n');
    expect(status).toBe(0);
    const readme = readFileSync(join(home, 'README.md'), 'utf8');
    const [, command, shown] = /```console\n\$ (.*)\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(command).toBe('npx @tenfold/backend-testkit conform . --badge badge.svg');
    expect(shown).toBe(stdout);
    expect(readFileSync(join(home, 'badge.svg'), 'utf8')).toBe(readFileSync(file, 'utf8'));
  }, 300_000);

  it('passes what a device must do about views, memory and faults', async () => {
    const device = await loadBackend(naive);
    for (const filter of ['views / ', 'memory / ', 'faults / ', 'random / ']) {
      const { failures, passed } = await conform(device, { tier: 2, filter });
      expect(failures).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    }
  });

  it('has at most 300 lines, and imports published packages alone', () => {
    const sources = readdirSync(home).filter((name) => name.endsWith('.js'));
    const text = sources.map((name) => readFileSync(join(home, name), 'utf8')).join('');
    expect(text.split('\n').length).toBeLessThanOrEqual(301);
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
    expect(imported).toEqual(['@tenfold/tensor-core', '@tenfold/tensor-core/scalar']);
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
