/** Reductions, and running sums and products. */
import { cat, full, isFloat, numel, onesLike, type Tensor, zerosLike } from '@tenfold/tensor-core';
import type { Row, Rows } from '../context.ts';

/** Reduces over `dims`, of which there is at least one. */
type Reduce = (x: Tensor, dims: readonly number[], keepdim: boolean) => Tensor;

/**
 * The axes are an attribute before opset `since` and an input from then on; none are all, unless `noop_with_empty_axes` says that nothing is summed up
 * (what the op does to each element is done all the same).
 */
const reduction =
  (since: number, reduce: Reduce): Row =>
  (c) => {
    const x = c.x();
    const keepdim = c.int('keepdims', 1) !== 0;
    const axes = (c.opset < since ? c.ints('axes', null) : c.optionalInts(1)) ?? [];
    const dims = axes.length > 0 ? axes.map((d) => (d < 0 ? d + x.ndim : d)) : x.shape.map((_, d) => d);
    const noop = c.int('noop_with_empty_axes', 0) !== 0 && axes.length === 0;
    // one element each
    const result = noop || x.ndim === 0 ? reduce(x.unsqueeze(0), [0], false) : reduce(x, dims, keepdim);
    return result.dtype === x.dtype ? result : result.to(x.dtype);
  };

const sum: Reduce = (x, dims, keepdim) => x.sum(dims, { keepdim, dtype: x.dtype });

function mean(x: Tensor, dims: readonly number[], keepdim: boolean): Tensor {
  if (isFloat(x.dtype)) return x.mean(dims, { keepdim });
  const count = dims.reduce((n, d) => n * x.shape[d], 1);
  return sum(x, dims, keepdim).div(count, { roundingMode: 'trunc' });
}

/** Root of the sum of squares; integers are summed up as such. */
const euclidean: Reduce = (x, dims, keepdim) =>
  isFloat(x.dtype) ? x.norm({ p: 2, dim: dims, keepdim }) : sum(x.square(), dims, keepdim).sqrt();

/** The largest of no elements is the smallest that the dtype has, and the other way round. */
const extreme =
  (kind: 'amax' | 'amin'): Reduce =>
  (x, dims, keepdim) => {
    if (!dims.some((d) => x.shape[d] === 0)) return x[kind](dims, { keepdim });
    const shape = x.shape.flatMap((size, d) => (dims.includes(d) ? (keepdim ? [1] : []) : [size]));
    const [low, high] = limits[x.dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return full(shape, kind === 'amax' ? low : high, { dtype: x.dtype, device: x.device });
  };

const limits: Readonly<Record<string, readonly [number, number]>> = {
  bool: [0, 1],
  uint8: [0, 255],
  int8: [-128, 127],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  // what a number holds of int64
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** Position of the largest or smallest along an axis: the first of several, or the last if asked for. */
const argument =
  (kind: 'argmax' | 'argmin'): Row =>
  (c) => {
    const x = c.x();
    const axis = c.int('axis', 0);
    const keepdim = c.int('keepdims', 1) !== 0;
    if (c.int('select_last_index', 0) === 0) return x[kind](axis, { keepdim });
    return x
      .flip(axis)
      [kind](axis, { keepdim })
      .rsub(x.size(axis) - 1);
  };

/** Along the axis that input 1 says; `exclusive` leaves out the element itself, `reverse` goes from the last one. */
const running =
  (scan: (x: Tensor, dim: number) => Tensor, neutral: (x: Tensor) => Tensor): Row =>
  (c) => {
    const axis = c.hostNumber(1);
    const reverse = c.int('reverse', 0) !== 0;
    const x = reverse ? c.x().flip(axis) : c.x();
    const size = x.size(axis);
    const shifted = (): Tensor => cat([neutral(x.narrow(axis, 0, 1)), x.narrow(axis, 0, size - 1)], axis);
    const result = scan(c.int('exclusive', 0) !== 0 && numel(x.shape) > 0 ? shifted() : x, axis);
    return reverse ? result.flip(axis) : result;
  };

/** Rows by op type. */
export const reduce: Rows = {
  ReduceL1: reduction(18, (x, dims, keepdim) => sum(x.abs(), dims, keepdim)),
  ReduceL2: reduction(18, euclidean),
  ReduceLogSum: reduction(18, (x, dims, keepdim) => sum(x, dims, keepdim).log()),
  ReduceLogSumExp: reduction(18, (x, dims, keepdim) => x.logsumexp(dims, { keepdim })),
  ReduceMax: reduction(18, extreme('amax')),
  ReduceMean: reduction(18, mean),
  ReduceMin: reduction(18, extreme('amin')),
  ReduceProd: reduction(18, (x, dims, keepdim) => x.prod(dims, { keepdim, dtype: x.dtype })),
  ReduceSum: reduction(13, sum),
  ReduceSumSquare: reduction(18, (x, dims, keepdim) => sum(x.square(), dims, keepdim)),
  ArgMax: argument('argmax'),
  ArgMin: argument('argmin'),
  CumSum: running((x, dim) => x.cumsum(dim, { dtype: x.dtype }), zerosLike),
  CumProd: running((x, dim) => x.cumprod(dim, { dtype: x.dtype }), onesLike),
};
