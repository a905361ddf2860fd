/** Datasets, parts of them and the batches that samples become. Lengths of fractions are those of torch 1.13. */
import '@tenfold/backend-cpu/register';
import '@tenfold/autograd';
import {
  ArgumentError,
  arange,
  Generator,
  IndexError,
  isTensor,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultCollate } from './collate.ts';
import { ConcatDataset, mapDataset, randomSplit, Subset, TensorDataset } from './dataset.ts';

const letters = ['a', 'b', 'c', 'd', 'e'];

describe('TensorDataset', () => {
  const dataset = new TensorDataset(arange(6).view([3, 2]), tensor([7, 8, 9], { dtype: 'int64' }));

  it('gives rows, as views', async () => {
    const [x, y] = dataset.get(1);
    expect(await x.toArray()).toEqual([2, 3]);
    expect(await y.item()).toBe(8);
    expect(x.storage).toBe(dataset.tensors[0].storage);
    expect(await dataset.get(-1)[1].item()).toBe(9);
  });

  it('gives a batch that is what its samples make', async () => {
    const batch = dataset.getBatch([2, 0]);
    const collated = defaultCollate([dataset.get(2), dataset.get(0)]);
    for (const [i, x] of batch.entries()) {
      expect(x.dtype).toBe(collated[i].dtype);
      expect(await x.toArray()).toEqual(await collated[i].toArray());
    }
  });

  it.each<[string, () => unknown, new () => Error, string]>([
    [
      'other lengths',
      () => new TensorDataset(zeros([2]), zeros([3])),
      ShapeError as never,
      'Size mismatch between tensors',
    ],
    ['a 0-dim tensor', () => new TensorDataset(tensor(1)), ShapeError as never, '0-dim'],
    ['nothing', () => new TensorDataset(), ArgumentError as never, 'at least one tensor'],
    ['an array', () => new TensorDataset([1] as never), ArgumentError as never, 'expected tensors, got an array of 1'],
    ['an index too large', () => dataset.get(3), IndexError as never, 'index 3 is out of range for a dataset of 3'],
    ['an index too small', () => dataset.get(-4), IndexError as never, 'index -4'],
    ['half an index', () => dataset.get(0.5), IndexError as never, 'must be an integer'],
    ['such an index in a batch', () => dataset.getBatch([0, 3]), IndexError as never, 'index 3'],
  ])('refuses %s', (_, make, error, message) => {
    expect(make).toThrow(error);
    expect(make).toThrow(message);
  });
});

it('Subset and ConcatDataset are what slicing and concatenating arrays are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(99), { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
      fc.nat(1000),
      (parts, pick) => {
        const whole = parts.flat();
        const joined = new ConcatDataset(parts);
        expect(joined.length).toBe(whole.length);
        expect(whole.map((_, i) => joined.get(i))).toEqual(whole);
        if (whole.length === 0) return;
        expect(joined.get(-1)).toBe(whole.at(-1));
        const indices = [pick % whole.length, 0, whole.length - 1];
        const some = new Subset(joined, indices);
        expect(indices.map((_, i) => some.get(i))).toEqual(indices.map((i) => whole[i]));
      },
    ),
    { numRuns: 100 },
  );
  expect(() => new ConcatDataset([])).toThrow('datasets should not be an empty iterable');
  expect(() => new ConcatDataset([new Set() as never])).toThrow('expected a dataset with length and get(index)');
  expect(() => new Subset(letters, [5])).toThrow(IndexError);
});

describe('randomSplit', () => {
  it.each([
    [10, [0.5, 0.3, 0.2], [5, 3, 2]],
    [11, [0.5, 0.25, 0.25], [6, 3, 2]],
    [7, [0.1, 0.9], [1, 6]],
    [100, [0.3333, 0.3333, 0.3334], [34, 33, 33]],
    [5, [2, 3], [2, 3]],
    [5, [1], [5]],
  ])('of %i by %j gives parts of %j', (n, lengths, wanted) => {
    const parts = randomSplit(new Array(n).fill(0), lengths);
    expect(parts.map(({ length }) => length)).toEqual(wanted);
  });

  it('gives parts that make the whole, the same for the same seed', () => {
    const split = (seed: number): string[][] =>
      randomSplit(letters, [2, 3], { generator: new Generator(seed) }).map((part) =>
        Array.from(part.indices, (_, i) => part.get(i) as string),
      );
    expect(split(1).flat().sort()).toEqual(letters);
    expect(split(1)).toEqual(split(1));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => split(seed).join())).size).toBeGreaterThan(1);
  });

  it.each([
    [[1, 2], 'Sum of input lengths does not equal the length of the input dataset!'],
    [[6, -1], 'Sum of input lengths'],
    [[1.5, -0.5], 'Fraction at index 0 is not between 0 and 1'],
    [[0.5, 0.4], 'fractions must sum to 1'],
    [[Number.NaN], 'array of numbers'],
    ['half' as never, 'array of numbers'],
  ])('refuses %j', (lengths, message) => expect(() => randomSplit(letters, lengths)).toThrow(message));
});

it('mapDataset maps samples and promises of them, and hands the generator on', async () => {
  const upper = mapDataset(letters, (x, generator) => `${x.toUpperCase()}${generator?.seed}`);
  expect(upper.length).toBe(5);
  expect(upper.get(1, new Generator(4))).toBe('B4');
  const later = mapDataset({ length: 2, get: async (i: number) => i }, (x) => x + 1);
  expect(await later.get(1)).toBe(2);
  expect(() => mapDataset(letters, 'upper' as never)).toThrow('fn must be a function');
});

describe('defaultCollate', () => {
  const arrays = async (value: unknown): Promise<unknown> => {
    if (isTensor(value)) return { [value.dtype]: await value.toArray() };
    if (Array.isArray(value)) return Promise.all(value.map(arrays));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([k, v]) => [k, await arrays(v)])));
  };

  it.each<[string, unknown[], unknown]>([
    ['numbers', [1, 2.5], { float32: [1, 2.5] }],
    ['bigints', [1n, 2n], { int64: [1, 2] }],
    ['booleans', [true, false], { bool: [true, false] }],
    ['strings', ['a', 'b'], ['a', 'b']],
    [
      'tensors',
      [tensor([1, 2]), tensor([3, 4])],
      {
        float32: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ['0-dim tensors', [tensor(1, { dtype: 'int32' }), tensor(2, { dtype: 'int32' })], { int32: [1, 2] }],
    [
      'typed arrays',
      [Uint8Array.of(1, 2), Uint8Array.of(3, 4)],
      {
        uint8: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ['bytes of Node and of a canvas', [Buffer.from([1]), Buffer.from([2])], { uint8: [[1], [2]] }],
    ['clamped bytes', [Uint8ClampedArray.of(1)], { uint8: [[1]] }],
    ['big typed arrays', [BigInt64Array.of(1n), BigInt64Array.of(2n)], { int64: [[1], [2]] }],
    [
      'tuples',
      [
        [1n, 'a'],
        [2n, 'b'],
      ],
      [{ int64: [1, 2] }, ['a', 'b']],
    ],
    [
      'objects',
      [
        { x: [1, 2], y: { z: 'a' } },
        { x: [3, 4], y: { z: 'b' } },
      ],
      { x: [{ float32: [1, 3] }, { float32: [2, 4] }], y: { z: ['a', 'b'] } },
    ],
  ])('of %s', async (_, samples, wanted) => expect(await arrays(defaultCollate(samples))).toEqual(wanted));

  it.each<[string, unknown[], string]>([
    [
      'tensors of other shapes',
      [zeros([1]), zeros([2])],
      'stack expects each tensor to be equal size, but got [1] at entry 0 and [2] at entry 1',
    ],
    [
      'tensors of other dtypes',
      [zeros([1]), zeros([1], { dtype: 'int32' })],
      'tensors of float32 and int32 in one batch',
    ],
    ['tuples of other lengths', [[1, 2], [1]], 'each element in list of batch should be of equal size'],
    [
      'typed arrays of other lengths',
      [new Float32Array(1), new Float32Array(2)],
      'must be of equal length, but got 1 at entry 0 and 2 at entry 1',
    ],
    ['typed arrays of other classes', [new Float32Array(1), new Uint8Array(1)], 'typed arrays of one class'],
    ['null', [null], 'batch must contain tensors, numbers, strings, typed arrays, arrays or plain objects; found null'],
    ['null in an object', [{ a: { b: [null] } }], 'at sample.a.b[0]'],
    ['a missing key', [{ a: 1 }, {}], 'samples differ in kind at sample.a: number 1 and undefined'],
    ['kinds that differ', [1, 'a'], "number 1 and string 'a'"],
    ['a Map', [new Map()], 'found an object (Map)'],
    ['nothing', [], 'at least one sample'],
  ])('refuses %s', (_, samples, message) => expect(() => defaultCollate(samples)).toThrow(message));

  it('makes tensors of the device that is asked for', () => {
    const [x] = defaultCollate([[tensor([1])]] as [Tensor][], { device: 'cpu' });
    expect(x.device).toBe('cpu');
    expect(() => defaultCollate([1], { device: 'nowhere' })).toThrow("no backend is registered for device 'nowhere'");
  });
});
