import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  builtinOps,
  DTypeError,
  dispatch,
  Generator,
  ones,
  registerBackend,
  ShapeError,
  scaledDotProductAttention,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';

const doubles = (data: number[][]): Tensor => tensor(data, { dtype: 'float64' });
let values: Tensor;
let still: Tensor;
beforeAll(() => {
  registerBackend(cpu());
  values = doubles([
    [1, 2],
    [3, 6],
    [8, 1],
  ]);
  still = zeros([3, 4], { dtype: 'float64' });
});
const rows = (x: Tensor): unknown => x.toArraySync();

describe('attention', () => {
  it('is a mean where all scores are equal', () => {
    expect(rows(scaledDotProductAttention(still, still, values))).toEqual([
      [4, 3],
      [4, 3],
      [4, 3],
    ]);
  });

  it('looks back only where it is causal', () => {
    expect(rows(scaledDotProductAttention(still, still, values, { isCausal: true }))).toEqual([
      [1, 2],
      [2, 4],
      [4, 3],
    ]);
  });

  it('weighs by the exponentials of scaled products', () => {
    const [query, key] = [
      doubles([[2, 0]]),
      doubles([
        [1, 5],
        [3, 7],
      ]),
    ];
    const weigh = (scale: number): number => {
      const [a, b] = [Math.exp(2 * scale), Math.exp(6 * scale)];
      return (a * 10 + b * 20) / (a + b);
    };
    const value = doubles([[10], [20]]);
    expect(scaledDotProductAttention(query, key, value).itemSync()).toBeCloseTo(weigh(1 / Math.SQRT2), 12);
    expect(scaledDotProductAttention(query, key, value, { scale: 0.25 }).itemSync()).toBeCloseTo(weigh(0.25), 12);
    const [, sums] = dispatch(builtinOps.scaledDotProductAttention, [query, key, value, null], {
      isCausal: false,
      scale: 0.5,
    });
    expect(sums.shape).toEqual([1]);
    expect(sums.itemSync()).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(3)), 12);
  });

  it('takes masks: true takes part, numbers are added, and a row of nothing is NaN', () => {
    const mask = tensor([
      [true, false, false],
      [false, false, false],
      [true, false, true],
    ]);
    const expected = [
      [1, 2],
      [Number.NaN, Number.NaN],
      [4.5, 1.5],
    ];
    expect(rows(scaledDotProductAttention(still, still, values, { attnMask: mask }))).toEqual(expected);
    const inf = Number.POSITIVE_INFINITY;
    const added = doubles([
      [0, -inf, -inf],
      [-inf, -inf, -inf],
      [7, -inf, 7],
    ]);
    expect(rows(scaledDotProductAttention(still, still, values, { attnMask: added }))).toEqual(expected);
  });

  it('drops weights by the generator, and makes up for them', () => {
    const draw = (seed: number): number[] => {
      const generator = new Generator();
      generator.manualSeed(seed);
      const value = tensor(
        [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
        { dtype: 'float64' },
      );
      const y = scaledDotProductAttention(still.expand([64, 3, 4]), still, value, { dropoutP: 0.5, generator });
      return Array.from(y.toTypedArraySync(), Number);
    };
    const found = draw(7);
    expect(found).toEqual(draw(7));
    expect(found).not.toEqual(draw(8));
    const kept = found.filter((x) => x !== 0);
    for (const x of kept) expect(x).toBeCloseTo(2 / 3, 12);
    // 576 draws: within 5 standard deviations, which are 12
    expect(Math.abs(kept.length - 288)).toBeLessThan(60);
    expect(rows(scaledDotProductAttention(still, still, values, { dropoutP: 1 }))).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  it('drops weights of grouped heads too', () => {
    const q = zeros([4, 3, 4], { dtype: 'float64' });
    const y = scaledDotProductAttention(q, q.narrow(0, 0, 2), ones([2, 3, 5], { dtype: 'float64' }), {
      enableGqa: true,
      dropoutP: 0.5,
    });
    expect(y.shape).toEqual([4, 3, 5]);
    // each is a number of thirds, doubled
    for (const v of y.toTypedArraySync()) expect(Math.round((Number(v) * 3) / 2)).toBeCloseTo((Number(v) * 3) / 2, 12);
  });

  it('computes half precision in float32', () => {
    // the product is beyond float16
    const x = tensor([[300, 0]], { dtype: 'float16' });
    const y = scaledDotProductAttention(x, x, x, { scale: 1 });
    expect(y.dtype).toBe('float16');
    expect(rows(y)).toEqual([[300, 0]]);
  });

  it('gives zeros where there are no columns', () => {
    const none = zeros([0, 4], { dtype: 'float64' });
    expect(rows(scaledDotProductAttention(zeros([2, 4], { dtype: 'float64' }), none, none))).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it('refuses what does not fit', () => {
    const [q, k, v] = [zeros([2, 3, 4]), zeros([2, 5, 4]), zeros([2, 5, 2])];
    const call = (...args: unknown[]) => (scaledDotProductAttention as (...args: unknown[]) => Tensor)(...args);
    expect(() => call(q, zeros([2, 5, 3]), v)).toThrow('the same number of features, got [2, 3, 4] and [2, 5, 3]');
    expect(() => call(q, k, zeros([2, 4, 2]))).toThrow('the same length');
    expect(() => call(q, zeros([3, 5, 4]), v)).toThrow(ShapeError);
    expect(() => call(zeros([4]), k, v)).toThrow('at least 2 dims');
    expect(() => call(q, k.to('float64'), v)).toThrow(DTypeError);
    expect(() => call(q.to('int64'), k, v)).toThrow(DTypeError);
    expect(() => call(q, null, v)).toThrow(ArgumentError);
    expect(() => call(q, k, v, { attnMask: ones([3, 4]) })).toThrow(ShapeError);
    expect(() => call(q, k, v, { attnMask: ones([2, 2, 3, 5]) })).toThrow("can't be expanded to the scores");
    expect(() => call(q, k, v, { attnMask: ones([3, 5], { dtype: 'int64' }) })).toThrow(DTypeError);
    expect(() => call(q, k, v, { attnMask: [[1]] })).toThrow(ArgumentError);
    expect(() => call(q, k, v, { attnMask: ones([3, 5]), isCausal: true })).toThrow('should not be set when');
    expect(() => call(q, k, v, { isCausal: 1 })).toThrow('isCausal must be a boolean');
    expect(() => call(q, k, v, { scale: 'big' })).toThrow('scale must be a number');
    expect(() => call(q, k, v, { enableGqa: 1 })).toThrow('enableGqa must be a boolean');
    const gqa = { enableGqa: true };
    expect(() => call(ones([3, 4]), ones([5, 4]), ones([5, 2]), gqa)).toThrow(
      '[…, heads, length, features], got [3, 4]',
    );
    expect(() => call(ones([4, 3, 4]), ones([3, 5, 4]), ones([3, 5, 2]), gqa)).toThrow(
      'must be equal and divide the number of heads in query, got 3, 3 and 4',
    );
    expect(() => call(ones([4, 3, 4]), ones([2, 5, 4]), ones([1, 5, 2]), gqa)).toThrow('got 2, 1 and 4');
    expect(() => call(ones([4, 3, 4]), ones([2, 5, 4]), ones([2, 5, 2]), { attnMask: [[1]], ...gqa })).toThrow(
      ArgumentError,
    );
    expect(() => call(q, k, v, { generator: 7 })).toThrow('generator');
    expect(() => call(q, k, v, { dropout: 0.5 })).toThrow("unknown option 'dropout'");
    for (const dropoutP of [-0.1, 1.5, Number.NaN, '0'])
      expect(() => call(q, k, v, { dropoutP })).toThrow('dropout probability has to be between 0 and 1');
    expect(() => call(q, zeros([2, 5, 3]), v, { dropoutP: 0.5 })).toThrow(ShapeError);
    const attrs = { isCausal: false, scale: 1, wanted: [true, true, true, true] as const };
    const backward = builtinOps.scaledDotProductAttentionBackward;
    const [out, sum] = [zeros([2, 3, 2]), zeros([2, 3])];
    expect(() => dispatch(backward, [q, null, q, k, v, null, out, sum], attrs)).toThrow(ShapeError);
    expect(() => dispatch(backward, [out, null, q, k, v, null, out, out], attrs)).toThrow(ShapeError);
    expect(() => dispatch(backward, [out, out, q, k, v, null, out, sum], attrs)).toThrow(ShapeError);
  });
});
