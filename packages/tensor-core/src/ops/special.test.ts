import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  allclose,
  type DType,
  DTypeError,
  equal,
  equalAsync,
  heaviside,
  IndexError,
  isclose,
  polygamma,
  registerBackend,
  stdMean,
  type Tensor,
  tensor,
  varMean,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const f64 = (data: number | number[] | number[][]): Tensor => tensor(data, { dtype: 'float64' });
const near = (x: Tensor, expected: readonly number[]): void => {
  const values = x.toTypedArraySync();
  expected.forEach((value, i) => {
    expect(Number(values[i])).toBeCloseTo(value, 12);
  });
};

describe('special functions', () => {
  it('meets closed forms', () => {
    // ψ(1) = -γ, ψ'(1) = π²/6, ψ''(1) = -2·ζ(3), Γ(5) = 24
    const gamma = 0.5772156649015329;
    near(f64([1]).digamma(), [-gamma]);
    near(polygamma(1, f64([1, 0.5])), [Math.PI ** 2 / 6, Math.PI ** 2 / 2]);
    near(f64([1]).polygamma(2), [-2 * 1.2020569031595942]);
    near(f64([5, 1, 2]).lgamma(), [Math.log(24), 0, 0]);
    near(f64([0, 0.5, 1]).sinc(), [1, 2 / Math.PI, 0]);
    near(f64([0.3, -0.9]).erf().erfinv(), [0.3, -0.9]);
    near(f64([2, -3]).sigmoid().logit(), [2, -3]);
    near(f64([180, 90]).deg2rad(), [Math.PI, Math.PI / 2]);
    near(f64([Math.PI]).rad2deg(), [180]);
    near(f64([3, -1]).logaddexp2(f64([3, -1])), [4, 0]);
  });

  it('refuses bad orders, bounds and options', () => {
    expect(() => f64([1]).polygamma(-1)).toThrow('polygamma(n, x) does not support negative n');
    expect(() => f64([1]).polygamma(1.5)).toThrow(ArgumentError);
    expect(() => f64([1]).logit({ eps: Number.NaN })).toThrow(ArgumentError);
    expect(() => f64([1]).logit({ epsilon: 1 } as object)).toThrow("unknown option 'epsilon'");
    expect(() => f64([1]).nanToNum({ nan: 'x' as unknown as number })).toThrow('nanToNum: nan must be a number');
    expect(() => f64([1]).round({ decimals: 0.5 })).toThrow('round: decimals must be an integer');
    expect(() => tensor([1], { dtype: 'int64' }).round({ decimals: 1 })).toThrow(DTypeError);
  });

  it('rounds to places and tells the sign of zero', () => {
    near(f64([1.25, 1.35, -2.345]).round({ decimals: 1 }), [1.2, 1.4, -2.3]);
    near(f64([149, 151]).round({ decimals: -2 }), [100, 200]);
    expect(f64([0, -0, -2]).signbit().toArraySync()).toEqual([false, true, true]);
  });

  it('puts the limits of each dtype for the infinities', () => {
    const largest: Partial<Record<DType, number>> = {
      float64: Number.MAX_VALUE,
      float32: 3.4028234663852886e38,
      float16: 65504,
      bfloat16: 3.3895313892515355e38,
    };
    for (const [dtype, value] of Object.entries(largest)) {
      const x = tensor([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], { dtype: dtype as DType });
      expect(x.nanToNum().toArraySync()).toEqual([0, value, -value]);
    }
  });
});

describe('shifts and steps', () => {
  it('loses the bits that leave the dtype', () => {
    const x = tensor([1, 64, -1], { dtype: 'int8' });
    expect(x.bitwiseLeftShift(1).toArraySync()).toEqual([2, -128, -2]);
    expect(x.bitwiseLeftShift(9).toArraySync()).toEqual([0, 0, 0]);
    expect(x.bitwiseRightShift(100).toArraySync()).toEqual([0, 0, -1]);
    expect(() => f64([1]).bitwiseLeftShift(1)).toThrow(DTypeError);
    expect(() => tensor([true]).bitwiseRightShift(tensor([true]))).toThrow(DTypeError);
  });

  it('takes values of one dtype at zero', () => {
    expect(heaviside(f64([-1, 0, 1, Number.NaN]), 0.5).toArraySync()).toEqual([0, 0.5, 1, 0]);
    expect(() => f64([1]).heaviside(tensor([1], { dtype: 'int64' }))).toThrow('different dtypes');
  });

  it('scales by powers of two in floats', () => {
    expect(
      tensor([1, 3], { dtype: 'int64' })
        .ldexp(tensor([3, -1], { dtype: 'int64' }))
        .toArraySync(),
    ).toEqual([8, 1.5]);
    expect(() => tensor([1], { dtype: 'int64' }).ldexp_(2)).toThrow("can't be cast to the desired output type");
    expect(tensor([2], { dtype: 'int64' }).floatPower(-1).dtype).toBe('float64');
    expect(() => tensor([2]).floatPower_(2)).toThrow(DTypeError);
  });
});

describe('comparing tensors', () => {
  it('is close within both tolerances', async () => {
    const x = f64([1, 100, Number.POSITIVE_INFINITY, Number.NaN]);
    const y = f64([1.1, 101, Number.POSITIVE_INFINITY, Number.NaN]);
    expect(isclose(x, y).toArraySync()).toEqual([false, false, true, false]);
    expect(x.isclose(y, { rtol: 0.02, equalNan: true }).toArraySync()).toEqual([false, true, true, true]);
    expect(allclose(x, y, { atol: 2, equalNan: true })).toBe(true);
    expect(await x.allcloseAsync(y)).toBe(false);
    expect(() => x.isclose(y, { rtol: -1 })).toThrow('rtol must be greater than or equal to zero');
    expect(() => x.isclose(tensor([1]))).toThrow('isclose: float64 did not match float32');
    expect(() => x.isclose(1 as unknown as Tensor)).toThrow('other must be a tensor');
  });

  it('is equal in shape and elements', async () => {
    expect(equal(f64([1, 2]), f64([1, 2]))).toBe(true);
    expect(equal(f64([1, 2]), f64([[1, 2]]))).toBe(false);
    expect(await equalAsync(f64([1]), f64([2]))).toBe(false);
    expect(f64([Number.NaN]).equal(f64([Number.NaN]))).toBe(false);
    expect(() => f64([1]).equal(1 as unknown as Tensor)).toThrow(ArgumentError);
  });
});

describe('in-place forms', () => {
  it('refuse a result that the dtype can not hold', () => {
    const ints = () => tensor([1, 2], { dtype: 'int64' });
    const refused = "can't be cast to the desired output type";
    expect(() => ints().add_(1.5)).toThrow(refused);
    expect(() => ints().sigmoid_()).toThrow(refused);
    expect(() => ints().lgamma_()).toThrow(refused);
    expect(() => ints().logit_()).toThrow(refused);
    expect(() => ints().div_(2)).toThrow(refused);
    expect(() => tensor([true]).add_(1)).toThrow(refused);
    expect(tensor([1, 2]).add_(f64([1, 2])).dtype).toBe('float32');
  });
});

describe('order statistics', () => {
  it('takes the lower of two in the middle, and NaN where there is one', () => {
    expect(f64([4, 1, 3, 2]).median().itemSync()).toBe(2);
    expect(f64([4, Number.NaN, 3]).median().itemSync()).toBe(Number.NaN);
    expect(f64([4, Number.NaN, 3]).nanmedian().itemSync()).toBe(3);
    expect(f64([4, Number.NaN, 3]).median(0).indices.itemSync()).toBe(1);
    expect(zeros([0]).median().itemSync()).toBe(Number.NaN);
    expect(() => zeros([0], { dtype: 'int64' }).median()).toThrow(IndexError);
    expect(() => zeros([0, 3]).median(0)).toThrow('median(): Expected reduction dim 0 to have non-zero size.');
    expect(() => tensor([true]).median()).toThrow(DTypeError);
  });

  it('counts ranks from 1 and refuses those that are not there', () => {
    expect(f64([4, 1, 3]).kthvalue(3).values.itemSync()).toBe(4);
    expect(() => f64([4, 1, 3]).kthvalue(4)).toThrow('selected number k out of range for dimension 0');
    expect(() => f64([4, 1, 3]).kthvalue(0)).toThrow(ArgumentError);
    expect(() => f64([4, 1, 3]).kthvalue(1.5)).toThrow('kthvalue: k must be an integer');
  });

  it('takes the smallest of the most frequent', () => {
    const { values, indices } = tensor([3, 1, 3, 1, 2], { dtype: 'int64' }).mode();
    expect([values.itemSync(), indices.itemSync()]).toEqual([1, 3]);
  });

  it('interpolates quantiles and checks their place', () => {
    const x = f64([1, 2, 4, 8]);
    expect(x.quantile(0.5).itemSync()).toBe(3);
    expect(x.quantile(f64([0, 1]), 0, { keepdim: true }).shape).toEqual([2, 1]);
    expect(x.quantile(0.5, 0, { interpolation: 'higher' }).itemSync()).toBe(4);
    expect(() => x.quantile(2)).toThrow('quantile() q must be in the range [0, 1] but got 2');
    expect(() => x.quantile(Number.NaN)).toThrow(ArgumentError);
    expect(() => x.quantile(f64([0.5, -0.1]))).toThrow('quantile() q values must be in the range [0, 1]');
    expect(() => x.quantile(tensor([0.5]))).toThrow('same dtype as the input tensor');
    expect(() => x.quantile(f64([[0.5]]))).toThrow('q must be a scalar or 1D tensor');
    expect(() => x.quantile(0.5, 0, { interpolation: 'cubic' as 'linear' })).toThrow('interpolation must be one of');
    expect(() => zeros([0]).quantile(0.5)).toThrow('input tensor must be non-empty');
    expect(() => tensor([1], { dtype: 'int64' }).nanquantile(0.5)).toThrow('must be either float or double dtype');
  });
});

describe('further reductions', () => {
  it('passes NaN over', () => {
    const x = f64([1, Number.NaN, 3]);
    expect(x.nansum().itemSync()).toBe(4);
    expect(x.nanmean().itemSync()).toBe(2);
    expect(() => tensor([1], { dtype: 'int64' }).nanmean()).toThrow(DTypeError);
    expect(() => x.nansum(0, { dtype: 'bool' })).toThrow(DTypeError);
  });

  it('gives two results at once', () => {
    const x = f64([1, 2, 3, 4]);
    const { min, max } = x.aminmax();
    expect([min.itemSync(), max.itemSync()]).toEqual([1, 4]);
    expect(varMean(x).map((y) => y.itemSync())).toEqual([5 / 3, 2.5]);
    expect(stdMean(x, 0, { correction: 0 }).map((y) => y.itemSync())).toEqual([Math.sqrt(1.25), 2.5]);
    expect(() => zeros([0]).aminmax()).toThrow(IndexError);
  });

  it('adds logarithms as they come', () => {
    // log Σ of equal terms: log n
    near(f64([0, 0, 0, 0, 0]).logcumsumexp(0), [0, Math.log(2), Math.log(3), Math.log(4), Math.log(5)]);
    near(f64([1000, 1000]).logcumsumexp(0), [1000, 1000 + Math.LN2]);
    expect(() => tensor([1], { dtype: 'int64' }).logcumsumexp(0)).toThrow(DTypeError);
  });
});
