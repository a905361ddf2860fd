/** The Python of the pages: what it prints is what the TypeScript beside it prints; and where Python has PyTorch, it is run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fencesOf } from '../../tools/fences.mjs';
import { docs, sitePages, textOf } from '../scripts/pages.mjs';
import { differs, expectations } from '../scripts/snippets.mjs';
import { linesOf } from './run.ts';

const blocks = sitePages().flatMap((page) => {
  const fences = fencesOf(textOf(page));
  return fences.flatMap((fence, i) =>
    fence.lang === 'python' ? [{ page, line: fence.line, fence, beside: fences[i + 1] }] : [],
  );
});

const python = process.env.TENFOLD_PYTHON ?? (process.platform === 'linux' ? '/usr/bin/python3' : 'python3');
const looksFor = ['-c', 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'];
const hasTorch = spawnSync(python, looksFor).status === 0;

const expectedOf = (lines: readonly string[]) => expectations(lines.map((line) => line.replace(/(^|\s)# /, '$1// ')));

it.each(blocks)('the Python at $page:$line prints what the TypeScript beside it prints', ({ fence, beside }) => {
  const expected = expectedOf(fence.lines);
  expect(expected.length).toBeGreaterThan(0);
  expect(expectations(beside.lines)).toEqual(expected);
});

const where = hasTorch ? '' : ': not run, this machine has no Python with PyTorch';

it.skipIf(!hasTorch)(`the Python prints in PyTorch what the pages say${where}`, { timeout: 120_000 }, () => {
  const cwd = join(docs, '.snippets/python');
  mkdirSync(cwd, { recursive: true });
  // one process: importing PyTorch takes longer than all else
  const script =
    'import json, sys\nfor block in json.load(sys.stdin):\n    exec(block, {})\n    print("~ end of block ~")';
  const input = JSON.stringify(blocks.map(({ fence }) => fence.lines.join('\n')));
  const { stdout, stderr, status } = spawnSync(python, ['-c', script], { cwd, input, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  const printed = stdout.split('~ end of block ~\n');
  blocks.forEach(({ page, line, fence }, i) => {
    expect(differs(expectedOf(fence.lines), linesOf(printed[i])), `${page}:${line}`).toBeUndefined();
  });
});

it('there are Python blocks', () => {
  expect(blocks.length).toBeGreaterThan(3);
});
