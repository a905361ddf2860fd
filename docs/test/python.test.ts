/** The Python of the pages: what it prints is what the TypeScript beside it prints; and where Python has PyTorch, it is run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { docs, fencesOf, sitePages, textOf } from '../scripts/pages.mjs';
import { differs, expectations } from '../scripts/snippets.mjs';
import { linesOf } from './run.ts';

const blocks = sitePages().flatMap((page) => {
  const fences = fencesOf(textOf(page));
  return fences.flatMap((fence, i) =>
    fence.lang === 'python' ? [{ page, line: fence.line, fence, beside: fences[i + 1] }] : [],
  );
});

const python = process.env.TENFOLD_PYTHON ?? (process.platform === 'linux' ? '/usr/bin/python3' : 'python3');
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0;

describe.each(blocks)('the Python at $page:$line', ({ fence, beside }) => {
  const expected = expectations(fence.lines.map((line) => line.replace(/(^|\s)# /, '$1// ')));

  it('prints what the TypeScript beside it prints', () => {
    expect(expected.length).toBeGreaterThan(0);
    expect(expectations(beside.lines)).toEqual(expected);
  });

  it.skipIf(!hasTorch)(
    `prints it in PyTorch${hasTorch ? '' : ': not run, this machine has no Python with PyTorch'}`,
    () => {
      const cwd = join(docs, '.snippets/python');
      mkdirSync(cwd, { recursive: true });
      const { stdout, stderr, status } = spawnSync(python, ['-c', fence.lines.join('\n')], { cwd, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      expect(differs(expected, linesOf(stdout))).toBeUndefined();
    },
  );
});

it('there are Python blocks', () => {
  expect(blocks.length).toBeGreaterThan(3);
});
