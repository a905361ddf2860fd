import '@tenfold/backend-cpu/register';
import { Generator, manualSeed, ones, rand, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import fixture from '../fixtures/tools.json' with { type: 'json' };
import { init, Parameter } from './index.ts';

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

type Fill = (x: Tensor, ...more: unknown[]) => Tensor;
const fillOf = (name: string): Fill => {
  const found: unknown = Reflect.get(init, name);
  if (typeof found !== 'function') throw new Error(`init has no ${name}`);
  return found as Fill;
};

/** Options as a last argument, if there are any. */
const given = ({ args, options }: { args: readonly unknown[]; options: object }): unknown[] =>
  Object.keys(options).length === 0 ? [...args] : [...args, options];
const shown = (sample: { init: string; args: readonly unknown[]; options: object }, shape: readonly number[]): string =>
  `${sample.init}([${shape}]${given(sample)
    .map((each) => `, ${JSON.stringify(each)}`)
    .join('')})`;

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((x) => (x - middle) ** 2)));
};

describe('drawn values are distributed as in PyTorch', () => {
  test.each(fixture.starts.map((sample) => [shown(sample, sample.shape), sample] as const))('%s', (_, sample) => {
    manualSeed(5);
    const values: number[] = [];
    const count = 5;
    for (let i = 0; i < count; i++) {
      const x = new Parameter(zeros([...sample.shape]));
      expect(fillOf(sample.init)(x, ...given(sample))).toBe(x);
      expect([x.requiresGrad, x.isLeaf, x.gradFn]).toEqual([true, true, null]);
      values.push(...numbers(x));
    }
    // five standard errors of 10,000 values; a kurtosis below 9 makes that of the deviation at most twice that of a normal one
    const error = (5 * sample.deviation) / Math.sqrt(values.length);
    expect(Math.abs(mean(values) - sample.mean)).toBeLessThanOrEqual(1.3 * error);
    expect(Math.abs(deviation(values) - sample.deviation)).toBeLessThanOrEqual(error);
    const [least, largest] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    const span = sample.largest - sample.least;
    expect(Math.abs(least - sample.least)).toBeLessThanOrEqual(0.15 * span);
    expect(Math.abs(largest - sample.largest)).toBeLessThanOrEqual(0.15 * span);
  });

  test('by the seed, or by a generator of its own', () => {
    const draw = (seed: number): number[] =>
      numbers(init.kaimingNormal_(zeros([3, 4]), { generator: new Generator(seed) }));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    manualSeed(7);
    const first = numbers(init.orthogonal_(zeros([3, 3])));
    manualSeed(7);
    expect(numbers(init.orthogonal_(zeros([3, 3])))).toEqual(first);
  });
});

describe('filled values are those of PyTorch', () => {
  test.each(fixture.fills.map((sample) => [shown(sample, sample.filled.shape), sample] as const))('%s', (_, sample) => {
    const x = new Parameter(rand(sample.filled.shape));
    expect(fillOf(sample.init)(x, ...given(sample))).toBe(x);
    expect([x.requiresGrad, x.isLeaf]).toEqual([true, true]);
    expect(numbers(x)).toEqual(sample.filled.data);
  });

  test('gains and fans', () => {
    for (const [name, param, gain] of fixture.gains as [init.Nonlinearity, number | null, number][])
      expect(init.calculateGain(name, param), name).toBeCloseTo(gain, 14);
    for (const [shape, ...fans] of fixture.fans as [number[], number, number][])
      expect(init.calculateFanInAndFanOut(zeros(shape))).toEqual(fans);
  });
});

describe('orthogonal_', () => {
  test.each([[[4, 4]], [[3, 5]], [[5, 3]], [[6, 2, 2]], [[2, 3, 4]]])('of shape %j', (shape) => {
    const x = init.orthogonal_(zeros(shape, { dtype: 'float64' }), { gain: 1.5 }).reshape([shape[0], -1]);
    const [rows, columns] = x.shape;
    const product = rows < columns ? x.matmul(x.t()) : x.t().matmul(x);
    const size = Math.min(rows, columns);
    numbers(product).forEach((value, i) => {
      expect(Math.abs(value - (i % (size + 1) === 0 ? 2.25 : 0))).toBeLessThan(1e-13);
    });
  });

  test('half precision', () => {
    const x = init.orthogonal_(zeros([2, 2], { dtype: 'float16' }));
    expect(x.dtype).toBe('float16');
    expect(numbers(x.matmul(x.t()).mul(100).round().abs())).toEqual([100, 0, 0, 100]);
  });
});

test('sparse_ makes as many zeros in each column as asked for, rounded up', () => {
  const columns = init
    .sparse_(ones([10, 50]), 0.25)
    .eq(0)
    .sum(0);
  expect(new Set(numbers(columns))).toEqual(new Set([3]));
  expect(numbers(init.sparse_(ones([2, 2]), 1))).toEqual([0, 0, 0, 0]);
  expect(numbers(init.sparse_(ones([2, 2]), 0))).not.toContain(0);
});

test('truncNormal_ stays within its bounds', () => {
  const values = numbers(init.truncNormal_(zeros([5000]), { mean: 0.5, std: 3, a: -1, b: 0.75 }));
  expect([Math.min(...values) >= -1, Math.max(...values) <= 0.75]).toEqual([true, true]);
});

describe('refused', () => {
  const [vector, matrix] = [zeros([3]), zeros([2, 3])];
  const fewer = 'Fan in and fan out can not be computed for tensor with fewer than 2 dimensions';
  test.each<[string, () => unknown, string]>([
    ['xavierUniform_ of a vector', () => init.xavierUniform_(vector), fewer],
    ['xavierNormal_ of a vector', () => init.xavierNormal_(vector), fewer],
    ['kaimingUniform_ of a vector', () => init.kaimingUniform_(vector), fewer],
    ['kaimingNormal_ of a vector', () => init.kaimingNormal_(vector), fewer],
    ['eye_ of a vector', () => init.eye_(vector), 'Only tensors with 2 dimensions are supported'],
    ['sparse_ of a vector', () => init.sparse_(vector, 0.5), 'Only tensors with 2 dimensions are supported'],
    ['dirac_ of a matrix', () => init.dirac_(matrix), 'Only tensors with 3, 4, or 5 dimensions are supported'],
    [
      'dirac_ in three groups of four',
      () => init.dirac_(zeros([4, 1, 1]), { groups: 3 }),
      'dim 0 must be divisible by groups',
    ],
    [
      'dirac_ in no groups',
      () => init.dirac_(zeros([4, 1, 1]), { groups: 0 }),
      'groups must be an integer of at least 1',
    ],
    ['orthogonal_ of a vector', () => init.orthogonal_(vector), 'Only tensors with 2 or more dimensions are supported'],
    [
      'an unknown mode',
      () => init.kaimingUniform_(matrix, { mode: 'fan' as never }),
      'Mode fan not supported, please use one of fan_in, fan_out',
    ],
    [
      'an unknown function',
      () => init.kaimingNormal_(matrix, { nonlinearity: 'gelu' as never }),
      'Unsupported nonlinearity gelu',
    ],
    [
      'a slope that is no number',
      () => init.calculateGain('leaky_relu', 'x' as never),
      'negative_slope x not a valid number',
    ],
    [
      'a gain that is no number',
      () => init.xavierNormal_(matrix, { gain: '2' as never }),
      "gain must be a number, got string '2'",
    ],
    ['an unknown option', () => init.xavierUniform_(matrix, { gains: 1 } as never), "unknown option 'gains'"],
    ['no deviation', () => init.truncNormal_(matrix, { std: 0 }), 'std must be above 0, got 0'],
    [
      'bounds in the wrong order',
      () => init.truncNormal_(matrix, { a: 2, b: 1 }),
      'a must be below b, got a=2 and b=1',
    ],
    [
      'a bound that is no number',
      () => init.truncNormal_(matrix, { a: Number.NaN }),
      'a must be a number, got number NaN',
    ],
    ['a share above 1', () => init.sparse_(matrix, 1.5), 'sparsity must be from 0 to 1, got 1.5'],
    ['a range the wrong way round', () => init.uniform_(matrix, 1, 0), 'found from=1 > to=0'],
    ['a negative deviation', () => init.normal_(matrix, 0, -1), 'normal expects std >= 0.0, but found std -1'],
    ['integers', () => init.uniform_(tensor([1]).to('int64')), 'uniform_'],
    ...(
      [
        'uniform_',
        'normal_',
        'constant_',
        'ones_',
        'zeros_',
        'eye_',
        'dirac_',
        'truncNormal_',
        'xavierUniform_',
        'kaimingNormal_',
        'orthogonal_',
        'sparse_',
      ] as const
    ).map((name): [string, () => unknown, string] => [
      `${name} of an array`,
      () => fillOf(name)([1] as never, 1),
      `${name}: expected a tensor, got an array of 1`,
    ]),
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
