/** The loader in one thread: batches, orders, prefetching, resuming, and what it refuses. Workers have `workers.test.ts`. */
import '@tenfold/backend-cpu/register';
import { cpu } from '@tenfold/backend-cpu';
import {
  arange,
  Generator,
  getRngState,
  isTensor,
  manualSeed,
  memory,
  registerBackend,
  setRngState,
  type Tensor,
  zeros,
} from '@tenfold/tensor-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dataset, mapDataset, Subset, TensorDataset } from './dataset.ts';
import { DataLoader, type DataLoaderState } from './loader.ts';
import { BatchSampler, WeightedRandomSampler } from './sampler.ts';
import { randomHorizontalFlip } from './transforms.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

async function collect<B>(loader: AsyncIterable<B>): Promise<B[]> {
  const batches: B[] = [];
  for await (const batch of loader) batches.push(batch);
  return batches;
}

/** Samples as they are. */
const list = <T>(samples: T[]): T[] => samples;

/** Numbers whose batches take turns in being slow. */
const slow: Dataset<number> = {
  length: 23,
  async get(index) {
    await new Promise((done) => setTimeout(done, (index * 7) % 4));
    return index;
  },
};

/** A number drawn for each sample from its own generator. */
const noisy = (length: number): Dataset<string> => ({
  length,
  get: (index, generator) => `${index}:${(generator as Generator).take(1).offset}:${generator?.seed}`,
});

describe('batches', () => {
  const dataset = new TensorDataset(arange(10).to('float32').view([5, 2]), arange(5));

  it('come at once and asynchronously, and are the same', async () => {
    const loader = new DataLoader(dataset, { batchSize: 2 });
    const values = async ([x, y]: [Tensor, Tensor]): Promise<unknown> => [await x.toArray(), await y.toArray()];
    const wanted = [
      [
        [
          [0, 1],
          [2, 3],
        ],
        [0, 1],
      ],
      [
        [
          [4, 5],
          [6, 7],
        ],
        [2, 3],
      ],
      [[[8, 9]], [4]],
    ];
    expect(await Promise.all([...loader].map(values))).toEqual(wanted);
    expect(await Promise.all((await collect(loader)).map(values))).toEqual(wanted);
    expect(loader.length).toBe(3);
  });

  it('of a subset are gathered, too', async () => {
    const [[x]] = [...new DataLoader(new Subset(dataset, [4, 0]), { batchSize: 2 })];
    expect(await x.toArray()).toEqual([
      [8, 9],
      [0, 1],
    ]);
  });

  it('without the last that is smaller', async () => {
    const loader = new DataLoader(range(7), { batchSize: 3, dropLast: true, collateFn: list });
    expect(await collect(loader)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(loader.length).toBe(2);
  });

  it('of one’s own batch sampler, sampler and collateFn', async () => {
    const batchSampler = new BatchSampler([3, 1, 2], 2, false);
    expect(await collect(new DataLoader(range(4), { batchSampler, collateFn: list }))).toEqual([[3, 1], [2]]);
    expect(await collect(new DataLoader(range(4), { batchSampler: [[0], [1, 2, 3]], collateFn: list }))).toEqual([
      [0],
      [1, 2, 3],
    ]);
    expect(await collect(new DataLoader('abcd'.split(''), { sampler: [2, 0], collateFn: (x) => x.join('') }))).toEqual([
      'c',
      'a',
    ]);
  });

  it('are single samples with batchSize null', async () => {
    const loader = new DataLoader(['a', 'b'], { batchSize: null });
    expect(await collect(loader)).toEqual(['a', 'b']);
    expect(loader.length).toBe(2);
    expect(await collect(new DataLoader(new Set([1, 2]), { batchSize: null }))).toEqual([1, 2]);
  });

  it('of iterables, asynchronous ones too', async () => {
    async function* later(): AsyncGenerator<number> {
      yield* [5, 6, 7];
    }
    expect(await collect(new DataLoader(new Set([5, 6, 7]), { batchSize: 2, collateFn: list }))).toEqual([[5, 6], [7]]);
    expect([...new DataLoader(new Set([5, 6, 7]), { batchSize: 2, dropLast: true, collateFn: list })]).toEqual([
      [5, 6],
    ]);
    expect(await collect(new DataLoader(later(), { batchSize: 2, collateFn: list }))).toEqual([[5, 6], [7]]);
    expect(() => [...new DataLoader(later())]).toThrow('use: for await');
  });

  it('of an iterable that is left early close it', async () => {
    let open = 0;
    async function* stream(): AsyncGenerator<number> {
      open++;
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        open--;
      }
    }
    for await (const _ of new DataLoader(stream(), { batchSize: 2, prefetchFactor: 2 })) break;
    await new Promise((done) => setTimeout(done, 1));
    expect(open).toBe(0);
  });

  it('of an empty dataset are none', async () => {
    expect(await collect(new DataLoader([], { batchSize: 4 }))).toEqual([]);
  });

  it('are on the device that is asked for', async () => {
    const [[x]] = await collect(new DataLoader([[zeros([2])]], { device: 'cpu' }));
    expect(x.device).toBe('cpu');
    expect(() => new DataLoader([1], { device: 'nowhere' })).toThrow("no backend is registered for device 'nowhere'");
  });
});

describe('order', () => {
  it('is random with shuffle, another in each epoch, and follows from the seed', async () => {
    const epochs = async (): Promise<string[]> => {
      const loader = new DataLoader(range(30), { batchSize: 7, shuffle: true, collateFn: list });
      return [JSON.stringify(await collect(loader)), JSON.stringify([...loader])];
    };
    manualSeed(11);
    const first = await epochs();
    manualSeed(11);
    expect(await epochs()).toEqual(first);
    expect(first[1]).not.toBe(first[0]);
    expect((JSON.parse(first[0]) as number[][]).flat().sort((a, b) => a - b)).toEqual(range(30));
  });

  it('takes one number from the generator, whatever is loaded', async () => {
    const generator = new Generator(5);
    await collect(new DataLoader(range(30), { shuffle: true, generator, collateFn: list }));
    expect(generator.offset).toBe(1);
    const own = new Generator(6);
    await collect(new DataLoader(range(3), { sampler: new WeightedRandomSampler([1, 2, 3], 9, { generator: own }) }));
    expect(own.offset).toBe(1);
  });

  it('and the numbers of each sample are the same whatever is made ahead', async () => {
    const run = (prefetchFactor: number): Promise<string[][]> => {
      const async = { ...noisy(40), get: async (i: number, g?: Generator) => noisy(40).get(i, g) };
      return collect(
        new DataLoader(async, {
          batchSize: 6,
          shuffle: true,
          prefetchFactor,
          generator: new Generator(8),
          collateFn: list,
        }),
      );
    };
    const wanted = await run(0);
    expect(await run(1)).toEqual(wanted);
    expect(await run(5)).toEqual(wanted);
    const sync = new DataLoader(noisy(40), {
      batchSize: 6,
      shuffle: true,
      generator: new Generator(8),
      collateFn: list,
    });
    expect([...sync]).toEqual(wanted);
    // and no two samples have the same
    expect(new Set(wanted.flat().map((sample) => sample.split(':')[1])).size).toBe(40);
  });

  it('is kept where samples come late', async () => {
    for (const prefetchFactor of [0, 3]) {
      const batches = await collect(new DataLoader(slow, { batchSize: 4, prefetchFactor, collateFn: list }));
      expect(batches.flat()).toEqual(range(23));
    }
  });

  it('seeded augmentation is the same again', async () => {
    const images = new TensorDataset(arange(48).to('float32').view([12, 1, 2, 2]));
    const flip = randomHorizontalFlip();
    const augmented = mapDataset(images, ([image], generator) => flip(image, generator));
    const run = async (): Promise<unknown> =>
      Promise.all(
        [...new DataLoader(augmented, { batchSize: 5, shuffle: true, generator: new Generator(3) })].map((x) =>
          x.toArray(),
        ),
      );
    const first = await run();
    expect(await run()).toEqual(first);
  });
});

describe('prefetching', () => {
  const made: number[] = [];
  const watched: Dataset<number> = {
    length: 10,
    get: async (index) => {
      made.push(index);
      return index;
    },
  };

  it.each([
    [0, 1],
    [1, 2],
    [4, 5],
  ])('%i ahead begins as many batches more, and no more', async (prefetchFactor, begun) => {
    made.length = 0;
    for await (const batch of new DataLoader(watched, { prefetchFactor, collateFn: ([x]) => x })) {
      expect(made).toHaveLength(Math.min(10, begun + batch));
    }
    expect(made).toEqual(range(10));
  });

  it('a device has one batch ahead', async () => {
    made.length = 0;
    for await (const _ of new DataLoader(watched, { device: 'cpu' })) break;
    expect(made).toEqual([0, 1]);
  });

  it('an error comes in its turn, and those behind it are nobody’s', async () => {
    const failing: Dataset<number> = {
      length: 9,
      get: async (i) => (i < 3 ? i : Promise.reject(new RangeError(`no ${i}`))),
    };
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const batch of new DataLoader(failing, { prefetchFactor: 5, collateFn: ([x]) => x })) seen.push(batch);
    };
    await expect(run()).rejects.toThrow('no 3');
    expect(seen).toEqual([0, 1, 2]);
  });
});

describe('resuming', () => {
  it('gives the very batches that the interrupted loop would have given, wherever it stopped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(60),
        async (n, batchSize, dropLast, prefetchFactor, stop) => {
          const make = (): DataLoader<string, string[]> =>
            new DataLoader(noisy(n), { batchSize, dropLast, shuffle: true, prefetchFactor, collateFn: list });
          manualSeed(n);
          const whole = make();
          const wanted = [...(await collect(whole)), ...(await collect(whole))];

          manualSeed(n);
          const loader = make();
          const before: string[][] = [];
          let saved = '';
          const save = (): string => JSON.stringify({ loader: loader.stateDict(), generator: getRngState(), epoch });
          let epoch = 0;
          for (; epoch < 2 && saved === ''; epoch++) {
            for await (const batch of loader) {
              before.push(batch);
              if (before.length > stop) {
                saved = save();
                break;
              }
            }
          }
          if (saved === '') {
            expect(before).toEqual(wanted);
            return;
          }

          manualSeed(999);
          const state = JSON.parse(saved) as {
            loader: DataLoaderState;
            generator: ReturnType<typeof getRngState>;
            epoch: number;
          };
          const resumed = make();
          resumed.loadStateDict(state.loader);
          setRngState(state.generator);
          expect(resumed.stateDict()).toEqual(state.loader);
          const after: string[][] = [];
          for (epoch = state.epoch; epoch < 2; epoch++) after.push(...(await collect(resumed)));
          expect([...before, ...after]).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('works in loops that don’t await, and for iterables', () => {
    const sync = new DataLoader(range(9), { batchSize: 2, shuffle: true, collateFn: list });
    const iterator = sync[Symbol.iterator]();
    iterator.next();
    iterator.next();
    const state = sync.stateDict();
    const rest = [...iterator];
    const other = new DataLoader(range(9), { batchSize: 2, shuffle: true, collateFn: list });
    other.loadStateDict(state);
    expect([...other]).toEqual(rest);
    expect(other.stateDict()).toEqual({ seed: null, batches: 0, length: 5 });

    const stream = new DataLoader(new Set(range(9)), { batchSize: 2, collateFn: list });
    stream.loadStateDict({ seed: 1, batches: 3, length: null });
    expect([...stream]).toEqual([[6, 7], [8]]);
  });

  it('a loop that is left begins anew, unless its state is loaded', async () => {
    const loader = new DataLoader(range(4), { collateFn: ([x]) => x });
    for await (const _ of loader) break;
    expect(loader.stateDict().batches).toBe(1);
    expect(await collect(loader)).toEqual(range(4));
  });

  it.each([
    [null, 'expected what stateDict() gave, got null'],
    [{}, 'expected what stateDict() gave'],
    [{ seed: -1, batches: 0, length: 4 }, 'expected what stateDict() gave'],
    [{ seed: 1, batches: 0.5, length: 4 }, 'expected what stateDict() gave'],
    [{ seed: 1, batches: 0, length: 5 }, 'the state is of a loader with 5 batches an epoch, this one has 4'],
  ])('refuses %j', (state, message) => {
    expect(() => new DataLoader(range(4)).loadStateDict(state as never)).toThrow(message);
  });
});

describe('options', () => {
  const stream = new Set([1]);
  it.each<[string, unknown, object, string]>([
    ['no dataset', null, {}, 'expected a dataset with length and get(index), an array, or an iterable; got null'],
    ['a number', 5, {}, 'got number 5'],
    ['an unknown option', [1], { batchsize: 3 }, "unknown option 'batchsize'"],
    ['batches of 0', [1], { batchSize: 0 }, 'batchSize should be a positive integer value, but got batchSize=0'],
    ['half a sample', [1], { batchSize: 1.5 }, 'batchSize should be a positive integer value'],
    ['shuffle and sampler', [1], { shuffle: true, sampler: [0] }, 'sampler option is mutually exclusive with shuffle'],
    [
      'batchSampler and shuffle',
      [1],
      { batchSampler: [[0]], shuffle: true },
      'batchSampler option is mutually exclusive with batchSize, shuffle, sampler, and dropLast',
    ],
    [
      'batchSampler and batchSize',
      [1],
      { batchSampler: [[0]], batchSize: 2 },
      'batchSampler option is mutually exclusive',
    ],
    [
      'dropLast of nothing',
      [1],
      { batchSize: null, dropLast: true },
      'batchSize=null option disables auto-batching and is mutually exclusive with dropLast',
    ],
    ['collateFn of nothing', [1], { batchSize: null, collateFn: list }, 'nothing for collateFn'],
    ['fewer than no workers', [1], { numWorkers: -1 }, 'numWorkers option should be non-negative'],
    ['a negative timeout', [1], { timeout: -1 }, 'timeout option should be non-negative'],
    ['workers that stay away', [1], { persistentWorkers: true }, 'persistentWorkers option needs numWorkers > 0'],
    ['half a batch ahead', [1], { prefetchFactor: 0.5 }, 'prefetchFactor option should be a positive integer'],
    [
      'a stream in random order',
      stream,
      { shuffle: true },
      'DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle=true',
    ],
    ['a stream with a sampler', stream, { sampler: [0] }, 'expected unspecified sampler option'],
    ['a stream with a batch sampler', stream, { batchSampler: [[0]] }, 'expected unspecified batchSampler option'],
    ['shuffle that is no flag', [1], { shuffle: 1 }, 'shuffle must be true or false, got number 1'],
    ['a sampler that is none', [1], { sampler: 3 }, 'sampler must be iterable, got number 3'],
    ['collateFn that is none', [1], { collateFn: 3 }, 'collateFn must be a function'],
    ['a generator that is none', [1], { generator: 3 }, 'generator must be a Generator, got number 3'],
    ['workers for a dataset of this thread', [1], { numWorkers: 1 }, 'await importDataset('],
  ])('%s are refused', (_, dataset, options, message) => {
    expect(() => new DataLoader(dataset as never, options)).toThrow(message);
  });

  it('length is told where it is known', () => {
    expect(() => new DataLoader(stream).length).toThrow('an epoch has no known length');
    expect(() => new DataLoader([1, 2], { sampler: stream }).length).toThrow('an epoch has no known length');
    expect(new DataLoader([1, 2, 3], { sampler: [0, 1, 2], batchSize: 2 }).length).toBe(2);
  });

  it('promises need for await', () => {
    expect(() => [...new DataLoader(slow)]).toThrow('the samples of this dataset are promises; use: for await');
  });

  it('an index that there isn’t is an IndexError', () => {
    expect(() => [...new DataLoader([1, 2], { sampler: [2] })]).toThrow('index 2 is out of range');
  });

  it('a batch that takes too long is an error', async () => {
    const never: Dataset<number> = { length: 1, get: () => new Promise<number>(() => {}) };
    await expect(collect(new DataLoader(never, { timeout: 0.02 }))).rejects.toThrow(
      'DataLoader timed out after 0.02 seconds',
    );
  });
});

it('batches move to another device, and leave nothing on the first', async () => {
  registerBackend({ ...cpu(), deviceType: 'other' });
  const images = new TensorDataset(arange(4 * 5000).view([4, 5000]), arange(4));
  const loaders: AsyncIterable<unknown>[] = [
    new DataLoader(images, { batchSize: 2, device: 'other' }),
    new DataLoader(
      mapDataset(images, ([x, y]) => ({ x, y, z: Float32Array.of(1) })),
      { batchSize: 2, device: 'other' },
    ),
    new DataLoader(
      mapDataset(images, ([x]) => x),
      { batchSize: null, device: 'other' },
    ),
  ];
  for (const loader of loaders) {
    const before = memory().cpu.bytes;
    for await (const batch of loader) {
      const tensors = (isTensor(batch) ? [batch] : Object.values(batch as object)) as Tensor[];
      expect(tensors.map(({ device }) => device)).toEqual(tensors.map(() => 'other'));
      expect(memory().cpu.bytes).toBe(before);
      for (const x of tensors) x.dispose();
    }
    expect(memory().other.bytes).toBe(0);
  }
  const [[x]] = await collect(new DataLoader(images, { batchSize: 1, device: 'other', sampler: [3] }));
  expect(await x.narrow(1, 0, 2).toArray()).toEqual([[15_000, 15_001]]);
});

it('1,000 batches that are disposed leave nothing behind', async () => {
  const images = new TensorDataset(zeros([64, 1, 28, 28]), arange(64));
  const flipped = mapDataset(images, ([x, y]) => ({ x, y, name: 'a' }));
  const loaders = [
    new DataLoader(images, { batchSize: 16, shuffle: true, device: 'cpu' }),
    new DataLoader(flipped, { batchSize: 16, prefetchFactor: 2 }),
    new DataLoader(
      mapDataset(range(64), () => new Float32Array(2000)),
      { batchSize: 16 },
    ),
  ];
  const used = (): { bytes: number; buffers: number } => {
    const { bytes, buffers } = memory().cpu;
    return { bytes, buffers };
  };
  for (const loader of loaders as AsyncIterable<unknown>[]) {
    const before = used();
    let batches = 0;
    while (batches < 340) {
      for await (const batch of loader) {
        for (const x of isTensor(batch) ? [batch] : Object.values(batch as object)) if (isTensor(x)) x.dispose();
        batches++;
      }
    }
    expect(used()).toEqual(before);
  }
});
