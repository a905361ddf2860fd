/** Orders: that they are what they say, and as random as they should be. Figures of PyTorch are those of torch 1.13. */
import '@tenfold/backend-cpu/register';
import { Generator, manualSeed, randperm, tensor } from '@tenfold/tensor-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BatchSampler,
  DistributedSampler,
  RandomSampler,
  Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './sampler.ts';

const sized = (length: number): { length: number } => ({ length });
const sorted = (indices: Iterable<number>): number[] => [...indices].sort((a, b) => a - b);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Pearson's statistic of counts against expected shares. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((a, b) => a + b, 0);
  const whole = shares.reduce((a, b) => a + b, 0);
  return counts.reduce(
    (sum, count, i) => sum + (count - (total * shares[i]) / whole) ** 2 / ((total * shares[i]) / whole),
    0,
  );
}

const countsOf = (indices: Iterable<number>, n: number): number[] => {
  const counts = new Array<number>(n).fill(0);
  for (const i of indices) counts[i]++;
  return counts;
};

describe('RandomSampler', () => {
  it('takes the order of core’s randperm', async () => {
    const wanted = await randperm(1000, { generator: new Generator(77) }).toArray();
    expect([...new RandomSampler(sized(1000)).epoch(77)]).toEqual(wanted);
  });

  it('is a permutation, another in each epoch, and the same for the same seed', () => {
    manualSeed(1);
    const sampler = new RandomSampler(sized(50));
    const [first, second] = [[...sampler], [...sampler]];
    expect(sorted(first)).toEqual(range(50));
    expect(second).not.toEqual(first);
    manualSeed(1);
    expect([...sampler]).toEqual(first);
    const own = new RandomSampler(sized(50), { generator: new Generator(9) });
    expect([...own]).toEqual([...new RandomSampler(sized(50), { generator: new Generator(9) })]);
  });

  it('begins another permutation where more are asked for, as PyTorch does', () => {
    const order = [...new RandomSampler(sized(5), { numSamples: 12 }).epoch(3)];
    expect(sorted(order.slice(0, 5))).toEqual(range(5));
    expect(sorted(order.slice(5, 10))).toEqual(range(5));
    expect(order).toHaveLength(12);
  });

  it('draws evenly with replacement: chi-square below its 99.9 % point for 9 degrees of freedom', () => {
    const order = [...new RandomSampler(sized(10), { replacement: true, numSamples: 20_000 }).epoch(4)];
    expect(chiSquare(countsOf(order, 10), new Array(10).fill(1))).toBeLessThan(27.9);
    expect(new Set(order.slice(0, 10)).size).toBeLessThan(10);
  });

  it('puts every index at every place: chi-square of the first index over 4,000 epochs', () => {
    const firsts = range(4000).map((seed) => [...new RandomSampler(sized(8)).epoch(seed)][0]);
    expect(chiSquare(countsOf(firsts, 8), new Array(8).fill(1))).toBeLessThan(24.3);
  });
});

describe('WeightedRandomSampler', () => {
  const weights = [1, 2, 3, 0, 4];

  it('draws with replacement in proportion to the weights: chi-square below its 99.9 % point for 3 degrees of freedom', () => {
    const counts = countsOf(new WeightedRandomSampler(weights, 20_000).epoch(5), 5);
    expect(counts[3]).toBe(0);
    const present = [0, 1, 2, 4];
    expect(
      chiSquare(
        present.map((i) => counts[i]),
        present.map((i) => weights[i]),
      ),
    ).toBeLessThan(16.3);
  });

  it('draws without replacement the first, and the second given the first, in proportion', () => {
    const sampler = new WeightedRandomSampler(weights, 4, { replacement: false });
    const orders = range(6000).map((seed) => [...sampler.epoch(seed)]);
    for (const order of orders.slice(0, 50)) expect(sorted(order)).toEqual([0, 1, 2, 4]);
    const firsts = countsOf(
      orders.map(([first]) => first),
      5,
    );
    expect(
      chiSquare(
        [0, 1, 2, 4].map((i) => firsts[i]),
        [1, 2, 3, 4],
      ),
    ).toBeLessThan(16.3);
    const seconds = countsOf(
      orders.filter(([first]) => first === 4).map(([, second]) => second),
      5,
    );
    expect(
      chiSquare(
        [0, 1, 2].map((i) => seconds[i]),
        [1, 2, 3],
      ),
    ).toBeLessThan(13.8);
  });

  it('takes typed arrays and tensors', () => {
    const order = [...new WeightedRandomSampler(weights, 20).epoch(6)];
    expect([...new WeightedRandomSampler(Float32Array.from(weights), 20).epoch(6)]).toEqual(order);
    expect([...new WeightedRandomSampler(tensor(weights), 20).epoch(6)]).toEqual(order);
  });

  it('never draws an index without weight, whatever the sums round to', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1e-300, 0.1, 1, 1e16), { minLength: 1, maxLength: 9 }),
        fc.nat(1e6),
        (list, seed) => {
          fc.pre(list.some((w) => w > 0));
          for (const i of new WeightedRandomSampler(list, 30).epoch(seed)) expect(list[i]).toBeGreaterThan(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each<[string, () => unknown, string]>([
    ['a negative weight', () => new WeightedRandomSampler([1, -1], 2), 'weight 1 is -1'],
    ['NaN', () => new WeightedRandomSampler([Number.NaN], 2), 'weight 0 is NaN'],
    ['no weight', () => new WeightedRandomSampler([0, 0], 2), 'sum of the weights must be positive'],
    [
      'too many draws',
      () => new WeightedRandomSampler([1, 0, 1], 3, { replacement: false }),
      'cannot draw 3 samples without replacement from 2',
    ],
    [
      'no draws',
      () => new WeightedRandomSampler([1], 0),
      'numSamples should be a positive integer value, but got numSamples=0',
    ],
    ['a matrix', () => new WeightedRandomSampler(tensor([[1]]), 1), 'weights should be a 1d sequence'],
  ])('refuses %s', (_, make, message) => expect(make).toThrow(message));
});

describe('DistributedSampler', () => {
  it.each([
    [
      10,
      3,
      false,
      [
        [0, 3, 6, 9],
        [1, 4, 7, 0],
        [2, 5, 8, 1],
      ],
    ],
    [
      10,
      3,
      true,
      [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5, 8],
      ],
    ],
    [2, 5, false, [[0], [1], [0], [1], [0]]],
    [
      7,
      2,
      true,
      [
        [0, 2, 4],
        [1, 3, 5],
      ],
    ],
  ])('shares %i samples among %i as PyTorch does, dropLast %s', (n, numReplicas, dropLast, wanted) => {
    const shares = range(numReplicas).map((rank) => [
      ...new DistributedSampler(sized(n), { numReplicas, rank, shuffle: false, dropLast }),
    ]);
    expect(shares).toEqual(wanted);
  });

  it('gives shares of one length that cover everything once, and what is missing twice; or nothing twice with dropLast', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.nat(5),
        (n, numReplicas, dropLast, epoch) => {
          const shares = range(numReplicas).map((rank) => {
            const sampler = new DistributedSampler(sized(n), { numReplicas, rank, seed: 3, dropLast });
            sampler.setEpoch(epoch);
            const share = [...sampler];
            expect(share).toHaveLength(sampler.length);
            return share;
          });
          const all = shares.flat();
          const counts = countsOf(all, n);
          if (dropLast) {
            expect(all).toHaveLength(n - (n % numReplicas));
            expect(Math.max(...counts)).toBeLessThanOrEqual(1);
          } else {
            expect(all).toHaveLength(Math.ceil(n / numReplicas) * numReplicas);
            expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
            if (n >= numReplicas) expect(Math.max(...counts)).toBeLessThanOrEqual(2);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has another order each epoch, the same on all processes', () => {
    const sampler = new DistributedSampler(sized(40), { numReplicas: 2, rank: 0, seed: 1 });
    const first = [...sampler];
    expect([...sampler]).toEqual(first);
    sampler.setEpoch(1);
    expect([...sampler]).not.toEqual(first);
  });

  it.each<[string, () => unknown, string]>([
    [
      'a rank too large',
      () => new DistributedSampler(sized(4), { numReplicas: 2, rank: 2 }),
      'Invalid rank 2, rank should be in the interval [0, 1]',
    ],
    [
      'no replicas',
      () => new DistributedSampler(sized(4), { numReplicas: 0, rank: 0 }),
      'numReplicas should be a positive integer value',
    ],
    ['a bad epoch', () => new DistributedSampler(sized(4), { numReplicas: 1, rank: 0 }).setEpoch(-1), 'setEpoch'],
  ])('refuses %s', (_, make, message) => expect(make).toThrow(message));
});

describe('BatchSampler', () => {
  it('cuts an order in batches', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 12 }), fc.boolean(), (n, batchSize, dropLast) => {
        const sampler = new BatchSampler(new SequentialSampler(sized(n)), batchSize, dropLast);
        const batches = [...sampler];
        expect(batches).toHaveLength(sampler.length);
        expect(batches.flat()).toEqual(range(dropLast ? n - (n % batchSize) : n));
        for (const batch of batches.slice(0, -1)) expect(batch).toHaveLength(batchSize);
      }),
      { numRuns: 100 },
    );
  });

  it('takes an array, and refuses what is none', () => {
    expect([...new BatchSampler([4, 2, 0], 2, false)]).toEqual([[4, 2], [0]]);
    expect(() => new BatchSampler([1], 0, false)).toThrow(
      'batchSize should be a positive integer value, but got batchSize=0',
    );
    expect(() => new BatchSampler([1], 1, 1 as never)).toThrow(
      'dropLast should be a boolean value, but got dropLast=1',
    );
    expect(() => new BatchSampler(5 as never, 1, false)).toThrow('must be iterable');
  });
});

it('SubsetRandomSampler gives its indices in random order', () => {
  const sampler = new SubsetRandomSampler([9, 4, 7, 1, 3], { generator: new Generator(2) });
  expect(sorted(sampler)).toEqual([1, 3, 4, 7, 9]);
  expect(sampler.length).toBe(5);
});

it('a sampler of one’s own is a subclass', () => {
  class Evens extends Sampler {
    readonly length = 3;
    epoch(): number[] {
      return [0, 2, 4];
    }
  }
  expect([...new Evens()]).toEqual([0, 2, 4]);
  expect(() => new Evens(7 as never)).toThrow('Evens: generator must be a Generator');
});

it.each<[string, () => unknown, string]>([
  [
    'an empty dataset',
    () => new RandomSampler(sized(0)),
    'numSamples should be a positive integer value, but got numSamples=0',
  ],
  ['no dataset', () => new RandomSampler(null as never), 'expected a dataset with a length'],
  ['an unknown option', () => new RandomSampler(sized(2), { replace: true } as never), "unknown option 'replace'"],
  [
    'replacement that is no flag',
    () => new RandomSampler(sized(2), { replacement: 1 as never }),
    'replacement should be a boolean value',
  ],
])('a random order refuses %s', (_, make, message) => expect(make).toThrow(message));
