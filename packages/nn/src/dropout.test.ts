/** What the dropouts draw: by its statistics, by what is exact about it, and by its derivatives. Evaluation mode is in layers.test.ts. */
import '@tenfold/backend-cpu/register';
import { backward, grad, vmap } from '@tenfold/autograd';
import { type DType, Generator, manualSeed, ones, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  F,
  FeatureAlphaDropout,
  Linear,
  Sequential,
} from './index.ts';

const float64 = { dtype: 'float64' } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

/** What alpha dropout makes of x: a·x + b of what is kept, a·s + b of what is dropped, with s where SELU ends. */
function alpha(p: number): { a: number; b: number; dropped: number } {
  const s = -1.7580993408473766;
  const a = ((1 - p) * (1 + p * s ** 2)) ** -0.5;
  const b = -a * p * s;
  return { a, b, dropped: a * s + b };
}

describe('elements', () => {
  test.each([0.1, 0.5, 0.875])('p = %d: the share of zeros, and exact scaling of the rest', (p) => {
    manualSeed(1);
    const n = 20000;
    const x = randn([n], float64);
    const kept = numbers(F.dropout(x, p));
    const factor = 1 / (1 - p);
    const given = numbers(x);
    expect(kept.filter((y, i) => y !== 0 && y !== given[i] * factor)).toEqual([]);
    const share = kept.filter((y) => y === 0).length / n;
    // four standard errors
    expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
  });

  test('neighbours are dropped independently of each other', () => {
    manualSeed(2);
    const n = 20000;
    const y = numbers(F.dropout(ones([n]), 0.5));
    const both = y.filter((value, i) => i > 0 && value === 0 && y[i - 1] === 0).length / (n - 1);
    expect(Math.abs(both - 0.25)).toBeLessThan(0.02);
  });

  test.each(['float16', 'bfloat16', 'float32'] as const)('%s', (dtype: DType) => {
    manualSeed(3);
    const y = F.dropout(ones([1000], { dtype }), 0.75);
    expect(y.dtype).toBe(dtype);
    expect([...new Set(numbers(y))].sort()).toEqual([0, 4]);
  });

  test('p = 0 gives the input back, p = 1 zeros', () => {
    const x = tensor([1, -2, 3]);
    expect(F.dropout(x, 0)).toBe(x);
    expect(F.dropout(x, 0.5, { training: false })).toBe(x);
    expect(numbers(F.dropout(x, 1).abs())).toEqual([0, 0, 0]);
    const leaf = tensor([1, 2], { requiresGrad: true });
    F.dropout(leaf, 1).sum().backward();
    expect(leaf.grad?.toArraySync()).toEqual([0, 0]);
  });

  test('the seed decides what is dropped', () => {
    const model = new Sequential(new Linear(8, 50), new Dropout(0.3));
    const x = randn([4, 8]);
    const run = (seed: number): number[] => {
      manualSeed(seed);
      return numbers(model.forward(x));
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
    const [a, b] = [1, 1].map(() => F.dropout(ones([100]), 0.5, { generator: new Generator(9) }));
    expect(numbers(a)).toEqual(numbers(b));
    expect(numbers(model.eval().forward(x))).toEqual(numbers(model[0].forward(x) as Tensor));
  });

  test('in place it writes its input, and gradients are those of what was kept', () => {
    manualSeed(4);
    const x = ones([64]);
    expect(new Dropout(0.5, { inplace: true }).forward(x)).toBe(x);
    expect([...new Set(numbers(x))].sort()).toEqual([0, 2]);
    manualSeed(4);
    expect(numbers(F.dropout(ones([64]), 0.5))).toEqual(numbers(x));
    const leaf = ones([64], { requiresGrad: true });
    const y = new Dropout(0.5, { inplace: true }).forward(leaf.mul(3));
    y.sum().backward();
    expect(numbers(leaf.grad as Tensor)).toEqual(numbers(y));
    expect(() => F.dropout(leaf, 0.5, { inplace: true })).toThrow('leaf');
  });

  test('vmap draws for each sample, if told to', () => {
    const drop = (x: Tensor): Tensor => F.dropout(x, 0.5);
    manualSeed(2);
    const rows = vmap(drop, { randomness: 'different' })(ones([8, 20])) as Tensor;
    expect(new Set((rows.toArraySync() as number[][]).map(String)).size).toBe(8);
    expect(() => vmap(drop)(ones([8, 20]))).toThrow('called random operation while in randomness error mode');
  });

  test('first and second derivatives', () => {
    const x = randn([30], { ...float64, requiresGrad: true });
    manualSeed(7);
    const factor = numbers(F.dropout(ones([30], float64), 0.4));
    manualSeed(7);
    const y = F.dropout(x.pow(3), 0.4);
    const [first] = grad([y.sum()], [x], { createGraph: true }) as [Tensor];
    const [second] = grad([first.sum()], [x]) as [Tensor];
    numbers(x).forEach((value, i) => {
      expect(numbers(first)[i]).toBeCloseTo(3 * value ** 2 * factor[i], 12);
      expect(numbers(second)[i]).toBeCloseTo(6 * value * factor[i], 12);
    });
    // through the gradient that comes in
    const g = ones([30], { ...float64, requiresGrad: true });
    manualSeed(7);
    const again = F.dropout(x, 0.4);
    const [flown] = grad([again], [x], { gradOutputs: [g], createGraph: true }) as [Tensor];
    const [back] = grad([flown.sum()], [g]) as [Tensor];
    expect(numbers(back)).toEqual(factor);
  });
});

describe('channels', () => {
  /** How many different values each channel of ones has: 1 if it is kept or dropped as a whole. */
  const whole = (y: Tensor, lead: number): boolean => {
    const rows = y.flatten(lead).flatten(0, lead - 1);
    return numbers(rows.amax(-1)).every((value, i) => value === numbers(rows.amin(-1))[i]);
  };

  test.each([
    ['Dropout1d', () => new Dropout1d(0.5), [20, 30, 4], 2],
    ['Dropout1d of one sample', () => new Dropout1d(0.5), [600, 4], 1],
    ['Dropout2d', () => new Dropout2d(0.5), [20, 30, 2, 3], 2],
    ['Dropout2d of three dims', () => new Dropout2d(0.5), [20, 30, 3], 2],
    ['Dropout3d', () => new Dropout3d(0.5), [20, 30, 2, 1, 2], 2],
    ['Dropout3d of one sample', () => new Dropout3d(0.5), [600, 2, 1, 2], 1],
    ['FeatureAlphaDropout', () => new FeatureAlphaDropout(0.5), [20, 30, 2, 2], 2],
  ] as const)('%s', (_, make, shape, lead) => {
    manualSeed(8);
    const y = make().forward(ones(shape));
    expect(y.shape).toEqual(shape);
    expect(whole(y, lead)).toBe(true);
    const low = numbers(y.amin()).at(0);
    const share = numbers(
      y
        .eq(low ?? 0)
        .to('float64')
        .mean(),
    )[0];
    expect(Math.abs(share - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 600));
  });
});

describe('alpha dropout', () => {
  test('kept and dropped elements are where the formula puts them, and mean and variance stay', () => {
    manualSeed(9);
    const n = 20000;
    const x = randn([n], float64);
    const y = new AlphaDropout(0.2).forward(x);
    const { a, b, dropped } = alpha(0.2);
    const values = numbers(y);
    const drops = values.filter((value) => Math.abs(value - dropped) < 1e-12).length;
    numbers(x).forEach((value, i) => {
      if (Math.abs(values[i] - dropped) >= 1e-12) expect(Math.abs(values[i] - (a * value + b))).toBeLessThan(1e-12);
    });
    expect(Math.abs(drops / n - 0.2)).toBeLessThan(4 * Math.sqrt(0.16 / n));
    expect(Math.abs(y.mean().itemSync())).toBeLessThan(0.03);
    expect(Math.abs(y.var().itemSync() - 1)).toBeLessThan(0.05);
  });

  test('in place, derivatives, and no training by default', () => {
    const x = ones([50], { ...float64, requiresGrad: true });
    expect(F.alphaDropout(x, 0.5)).toBe(x);
    expect(F.featureAlphaDropout(x, 0.5)).toBe(x);
    manualSeed(3);
    const y = F.alphaDropout(x.mul(1), 0.5, { training: true, inplace: true });
    backward([y], [ones([50], float64)]);
    const { a, dropped } = alpha(0.5);
    numbers(y).forEach((value, i) => {
      expect(numbers(x.grad as Tensor)[i]).toBeCloseTo(Math.abs(value - dropped) < 1e-12 ? 0 : a, 12);
    });
  });
});

test.each([
  ['a chance above 1', () => new Dropout(1.5), 'dropout probability has to be between 0 and 1, but got 1.5'],
  ['a negative chance', () => new Dropout2d(-0.1), 'dropout probability has to be between 0 and 1, but got -0.1'],
  ['NaN', () => F.dropout(ones([1]), Number.NaN), 'dropout probability has to be between 0 and 1, but got NaN'],
  ['text', () => new AlphaDropout('a' as never), "dropout probability has to be between 0 and 1, but got string 'a'"],
  ['a flag as number', () => new Dropout(0.5, { inplace: 1 as never }), 'Dropout: inplace must be a boolean'],
  ['training as number', () => F.dropout(ones([1]), 0.5, { training: 1 as never }), 'training must be a boolean'],
  ['an unknown option', () => F.dropout(ones([1]), 0.5, { train: true } as never), "dropout: unknown option 'train'"],
  ['no tensor', () => F.dropout([1] as never), 'dropout: expected a tensor, got an array of 1'],
  ['integers', () => F.dropout(ones([3], { dtype: 'int64' })), 'dropout: expected a float tensor, got int64'],
  ['dropout1d of four dims', () => F.dropout1d(zeros([1, 1, 1, 1])), 'dropout1d: Expected 2D or 3D input'],
  [
    'dropout2d of one dim',
    () => F.dropout2d(zeros([3])),
    'Feature dropout requires at least 2 dimensions in the input',
  ],
  ['dropout3d of three dims', () => F.dropout3d(zeros([1, 1, 1])), 'dropout3d: Expected 4D or 5D input'],
  ['no generator', () => F.dropout(ones([1]), 0.5, { generator: 3 as never }), 'generator must be a Generator'],
])('refuses %s', (_, run, message) => {
  expect(run).toThrow(message);
});
