import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from '../src/cli.ts';
import { cudaRows } from '../src/cuda-rows.ts';
import { rows } from '../src/rows.ts';
import {
  comparison,
  countLines,
  formatTime,
  labelOf,
  markdownTable,
  median,
  scaling,
  textTable,
} from '../src/table.ts';
import { targetLines } from '../src/targets.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = promisify(execFile);

describe('flags', () => {
  it('measure everything by default', () => {
    expect(readOptions([])?.rows).toEqual(rows);
  });

  it('measure on another device what has targets there', () => {
    const names = readOptions(['--device', 'webgpu'])?.rows.map(({ name }) => name) ?? [];
    expect(names).toContain('matmul 512');
    expect(names).not.toContain('add 4');
  });

  const chosen = (only: string) => readOptions(['--only', only])?.rows.map(({ name }) => name);

  it('choose rows by name or by how their names begin', () => {
    expect(chosen('add 4, matmul 512')).toEqual(['matmul 512', 'add 4']);
    expect(chosen('matmul')).toEqual(rows.map(({ name }) => name).filter((name) => name.startsWith('matmul')));
  });

  it('add a copy to what is compared with it', () => {
    const names = (only: string) => readOptions(['--device', 'cuda', '--only', only])?.rows.map(({ name }) => name);
    expect(names('exp')).toEqual(['copy', 'exp']);
    expect(names('matmul TF32 1024')).toEqual(['matmul TF32 1024']);
  });

  it.each([
    [['--only', 'nothing'], '--only nothing: no such row; there are matmul 64'],
    [['--only', ''], '--only needs the name of a row'],
    [['--rounds', '0'], "--rounds must be a whole number above 0, got '0'"],
    [['--threads', '1,0'], "--threads must be a whole number above 0, got '0'"],
    [['--threads', 'many'], "--threads must be a whole number above 0, got 'many'"],
    [['--device', 'toaster'], '--device toaster: there is no such device here; choose one of cpu'],
    [['--quick'], '--quick is for --device cuda'],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j is refused', (argv, message) => {
    expect(() => readOptions(argv)).toThrow(UsageError);
    expect(() => readOptions(argv)).toThrow(message);
  });
});

describe('the table', () => {
  const row = { name: 'matmul 2', work: 'a product', flops: 16e6 };
  const measured = [{ row, times: { tenfold: 1, other: 2.5, 'tenfold, 2 threads': 0.625 }, errors: {} }];

  it('takes medians', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('gives units that are easy to read', () => {
    expect([1500, 12.34, 0.1234, 0.0000567].map(formatTime)).toEqual(['1.50 s', '12.3 ms', '123 µs', '56.7 ns']);
  });

  const entrant = (name: string, threads = 1) => ({ name, threads, label: labelOf(name, threads) });
  const entrants = [entrant('tenfold'), entrant('other'), entrant('third'), entrant('tenfold', 2)];

  it('says how many times faster we are', () => {
    expect(textTable(measured, comparison(entrants))).toContain('2.50 ms  2.50 ×');
    expect(markdownTable(measured, comparison(entrants))).toContain(
      '| matmul 2 | a product | 1.00 ms, 16.0 GFLOP/s | 2.50 ms, 6.40 GFLOP/s (2.50 ×) | – |',
    );
  });

  it('says how times scale with threads', () => {
    const lines = textTable(measured, scaling(entrants)).split('\n');
    expect(lines[0].trim().split(/ {2,}/)).toEqual(['tenfold', 'tenfold, 2 threads']);
    expect(lines[1]).toContain('625 µs  1.60 ×');
    expect(scaling(entrants.slice(0, 3))).toEqual([]);
  });

  it('says which targets were reached', () => {
    const targets = [
      { faster: 2.5, than: 'other' },
      { faster: 2.6, than: 'other' },
      { faster: 1 / 3, than: 'tenfold', row: 'matmul 1' },
      { faster: 1.7, than: 'tenfold', threads: 2 },
      { faster: 1, than: 'third' },
    ];
    const easy = { row: { name: 'matmul 1', work: 'another' }, times: { tenfold: 0.5 }, errors: {} };
    expect(targetLines([{ ...measured[0], row: { ...row, targets } }, easy])).toEqual([
      'matmul 2: 2.5 × as fast as other: 2.50 ×, reached',
      'matmul 2: 2.6 × as fast as other: 2.50 ×, not reached',
      'matmul 2: at most 3 × the time of matmul 1: 2.00 ×, reached',
      'matmul 2 on 2 threads: 1.7 × as fast as one thread: 1.60 ×, not reached',
      'matmul 2: 1 × as fast as third: not measured',
    ]);
  });

  it('has targets of one device at a time, and of what it was given', () => {
    const targets = [
      { faster: 2, than: 'other' },
      { device: 'webgpu' as const, faster: 3, than: 'other' },
    ];
    const most = { dispatches: 40, submits: 1 };
    const each = { ...measured[0], row: { ...row, targets, most }, counts: { dispatches: 41, submits: 1 } };
    expect(targetLines([each], 'webgpu')).toEqual([
      'matmul 2: 3 × as fast as other: 2.50 ×, not reached',
      'matmul 2: at most 40 dispatches: 41, not reached',
      'matmul 2: at most 1 submits: 1, reached',
    ]);
    expect(countLines([each])).toEqual(['matmul 2: 41 dispatches, 1 submit']);
    expect(targetLines([each])[0]).toContain('2 × as fast');
  });

  it('says which share of the copy memory-bound work has', () => {
    const copy = { row: { name: 'copy', work: 'a copy', bytes: 8e9 }, times: { tenfold: 4, pytorch: 2.5 }, errors: {} };
    const sum = {
      row: { name: 'sum', work: 'a sum', bytes: 4e9, share: 0.85 },
      times: { tenfold: 1.5625 },
      errors: {},
    };
    // 8 GB in 2.5 ms against 4 GB in 1.5625 ms: 3.2 and 2.56 TB/s
    expect(markdownTable([copy, sum], comparison(entrants))).toContain('1.56 ms, 2.56 TB/s, 80 % of copy');
    expect(targetLines([copy, sum], 'cuda')).toEqual([
      'sum: at least 85 % of the bandwidth of a copy: 80 %, not reached',
    ]);
    expect(targetLines([sum], 'cuda')).toEqual(['sum: at least 85 % of the bandwidth of a copy: not measured']);
  });

  it.each([[rows], [cudaRows(false)], [cudaRows(true)]])('has targets that name rows and contenders', (list) => {
    const names = list.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { row: other, than } of list.flatMap(({ targets }) => targets ?? [])) {
      expect(['tenfold', 'tfjs-wasm', 'tfjs-webgpu', 'jax-js', 'pytorch']).toContain(than);
      if (other !== undefined) expect(names).toContain(other);
    }
  });
});

it('measures a row with every contender that is here', async () => {
  const { stdout } = await run(process.execPath, [main, '--only', 'add 4', '--rounds', '1', '--ms', '2', '--json']);
  const { measured, contenders } = JSON.parse(stdout);
  const labels = contenders.map(({ label }: { label: string }) => label);
  for (const name of ['tenfold', 'tfjs-wasm', 'tfjs-cpu', 'jax-js']) {
    expect(labels).toContain(name);
    expect(measured[0].times[name]).toBeGreaterThan(0);
  }
  expect(measured[0].errors).toEqual({});
});

// the Chromium of the test legs is for this platform
it.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'measures a row in the pages of one browser',
  async () => {
    const flags = ['--device', 'webgpu', '--only', 'matmul 64', '--rounds', '1', '--ms', '2', '--json'];
    const { measured, absent } = JSON.parse((await run(process.execPath, [main, ...flags])).stdout);
    expect(absent).toEqual({});
    expect(measured[0].errors).toEqual({});
    expect(measured[0].counts).toEqual({ dispatches: 1, submits: 1 });
    for (const name of ['tenfold', 'tfjs-webgpu', 'jax-js']) expect(measured[0].times[name]).toBeGreaterThan(0);
  },
);

it('ends with code 2 and one line on a mistake', async () => {
  await expect(run(process.execPath, [main, '--rounds', 'x'])).rejects.toMatchObject({
    code: 2,
    stderr: "bench: --rounds must be a whole number above 0, got 'x'\n",
  });
});
