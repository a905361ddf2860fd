/** Worker threads of Node, in a process of its own that uses the packages as they are built: `npm test` builds them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../test/workers.mjs', import.meta.url));

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly cause?: { readonly name: string; readonly stack: string };
}

// biome-ignore lint/suspicious/noExplicitAny: what a scenario prints is looked at, not typed
let results: { readonly [scenario: string]: any };

beforeAll(async () => {
  // it would be ended after a minute: that it ends by itself is part of what is tested
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 60_000 });
  results = JSON.parse(stdout);
}, 90_000);

describe('workers', () => {
  it('give what this thread gives, in its order, however many there are', () => {
    expect(results.here.flat()).toHaveLength(10);
    expect(results.here[0][0]).toEqual({
      x: { dtype: 'float32', values: [expect.any(Array), expect.any(Array), expect.any(Array), expect.any(Array)] },
      label: { dtype: 'int64', values: expect.any(Array) },
      name: expect.any(Array),
      stream: expect.any(Array),
    });
    expect(results.one).toEqual(results.here);
    expect(results.three).toEqual(results.here);
  });

  it('leave a collateFn, and single samples, to this thread', () => {
    expect(results.collated).toEqual(results.collatedHere);
    expect(
      results.single.map(({ name, label, x }: { name: string; label: string; x: number[] }) => [name, label, x]),
    ).toEqual(Array.from({ length: 17 }, (_, i) => [`n${i}`, `${i % 3}n`, [i, i * i]]));
  });

  it('load a part of their dataset', () => {
    expect(results.split.workers).toEqual(results.split.here);
    expect(results.split.here[0].flatMap(({ name }: { name: string[] }) => name)).toHaveLength(9);
  });

  it('resume in the middle of an epoch', () => expect(results.resumed.parts).toEqual(results.resumed.whole));

  it('send tensors of every kind', () => {
    const third = 0.333251953125; // 1/3 in half precision
    expect(results.tensors[0]).toEqual([
      { dtype: 'float64', values: [[[0, 0.1]], [[1, 0.1]]] },
      { dtype: 'bool', values: [true, false] },
      { dtype: 'float16', values: [[0], [third]] },
      { dtype: 'int64', values: [[2 ** 40], [2 ** 40 + 1]] },
      { dtype: 'float32', values: [0, 1] },
    ]);
  });

  it('share an iterable dataset, in turn', () => {
    const wanted = [[0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9]];
    expect(results.counting).toEqual(wanted);
    expect(results.countingResumed).toEqual(wanted.slice(4));
  });

  it('stay for the next epoch if they are asked to', () => {
    expect(results.persistent).toEqual({ started: 2, batches: 4 });
    expect(results.fresh).toEqual({ started: 4, batches: 4 });
  });
});

describe('failures', () => {
  it('of a worker that stays are mended in the next epoch', () => {
    expect(results.mended.first).toContain('exited unexpectedly: it ended with exit code 3');
    expect(results.mended.second).toBe(6);
  });

  it('of a sample come back with the stack of the worker', () => {
    const { message, cause } = results.failing as Failure;
    expect(message).toMatch(/^Caught RangeError in DataLoader worker \d: no sample 5$/);
    expect(cause?.name).toBe('RangeError');
    expect(cause?.stack).toMatch(/Squares\.get .*squares\.mjs:\d+/);
  });

  it.each([
    ['liar', 'the dataset has 3 samples in worker 0, and 4 samples here'],
    ['unopened', 'Caught TypeError in DataLoader worker 0: cannot open the file'],
    ['dying', 'DataLoader worker 0 exited unexpectedly: it ended with exit code 7'],
    ['asleep', 'DataLoader timed out after 0.2 seconds; its 2 workers are too slow, or hang'],
    ['functions', 'could not be cloned'],
    ['ragged', 'typed arrays must be of equal length, but got 0 at entry 0 and 1 at entry 1'],
    ['missing', "does not export 'Circles'; it exports "],
    [
      'nothing',
      "importDataset: 'nothing' must be or make a dataset with length and get(index), or an iterable; got number 5",
    ],
  ])('%s: %s', (scenario, message) => expect((results[scenario] as Failure).message).toContain(message));
});
