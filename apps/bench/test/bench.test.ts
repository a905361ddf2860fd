import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from '../src/cli.ts';
import { rows } from '../src/rows.ts';
import { formatTime, markdownTable, median, textTable } from '../src/table.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = promisify(execFile);

describe('flags', () => {
  it('measure everything by default', () => {
    expect(readOptions([])?.rows).toEqual(rows.map(({ name }) => name));
  });

  it('choose rows by name or by how their names begin', () => {
    expect(readOptions(['--only', 'add 4, matmul 512'])?.rows).toEqual(['add 4', 'matmul 512']);
    expect(readOptions(['--only', 'matmul'])?.rows).toEqual(
      rows.map(({ name }) => name).filter((name) => name.startsWith('matmul')),
    );
  });

  it.each([
    [['--only', 'nothing'], '--only nothing: no such row; there are matmul 256'],
    [['--only', ''], '--only needs the name of a row'],
    [['--rounds', '0'], "--rounds must be a whole number above 0, got '0'"],
    [['--threads', 'many'], "--threads must be a whole number above 0, got 'many'"],
    [['--device', 'toaster'], '--device toaster'],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j is refused', (argv, message) => {
    expect(() => readOptions(argv)).toThrow(UsageError);
    expect(() => readOptions(argv)).toThrow(message);
  });
});

describe('the table', () => {
  const row = { name: 'matmul 2', work: 'a product', flops: 16e6 };
  const measured = [{ row, times: { tenfold: 1, other: 2.5 }, errors: {} }];

  it('takes medians', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('gives units that are easy to read', () => {
    expect([1500, 12.34, 0.1234, 0.0000567].map(formatTime)).toEqual(['1.50 s', '12.3 ms', '123 µs', '56.7 ns']);
  });

  it('says how many times faster we are', () => {
    expect(textTable(measured, ['tenfold', 'other'])).toContain('2.50 ms  2.50 ×');
    expect(markdownTable(measured, ['tenfold', 'other', 'third'])).toContain(
      '| matmul 2 | a product | 1.00 ms, 16.0 GFLOP/s | 2.50 ms, 6.40 GFLOP/s (2.50 ×) | – |',
    );
  });
});

it('measures a row with every contender that is here', async () => {
  const { stdout } = await run(process.execPath, [main, '--only', 'add 4', '--rounds', '1', '--ms', '2', '--json']);
  const { measured, versions } = JSON.parse(stdout);
  for (const name of ['tenfold', 'tfjs-wasm', 'tfjs-cpu', 'jax-js']) {
    expect(Object.keys(versions)).toContain(name);
    expect(measured[0].times[name]).toBeGreaterThan(0);
  }
  expect(measured[0].errors).toEqual({});
});

it('ends with code 2 and one line on a mistake', async () => {
  await expect(run(process.execPath, [main, '--rounds', 'x'])).rejects.toMatchObject({
    code: 2,
    stderr: "bench: --rounds must be a whole number above 0, got 'x'\n",
  });
});
