/** Reductions in ONNX. */
import { type DType, isFloat, type ReduceOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Symbols } from './symbol.ts';
import { viaBody, viaBodyNaNLast } from './symbol.ts';

interface Dims {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
}

/** The attributes of a reduction. */
const dimsOf = (g: OpContext): Dims => g.attrs as Dims;
const allDims = (g: OpContext): number[] => Array.from({ length: g.rank() }, (_, d) => d);

/** Reduces in the result's dtype, or in int32 for small integers and bools; the largest and smallest of bools are ONNX's from opset 20 on. */
function reduced(g: OpContext, type: string, dims: readonly number[], keepdim: boolean): Ref {
  const dtype = g.outDType();
  const bools = dtype === 'bool' && g.opset >= 20 && (type === 'ReduceMax' || type === 'ReduceMin');
  const wide: DType = (dtype === 'bool' && !bools) || g.isNarrow(dtype) ? 'int32' : dtype;
  return g.cast(g.reduce(type, g.cast(g.x(), wide), dims, keepdim), dtype);
}

const reduction =
  (type: string) =>
  (g: OpContext): Ref =>
    reduced(g, type, dimsOf(g).dims, dimsOf(g).keepdim);
const ofAll =
  (type: string) =>
  (g: OpContext): Ref =>
    reduced(g, type, allDims(g), false);

/** How many elements are not zero (or are), as int64. */
function count(g: OpContext, zeros: boolean): Ref {
  const { dims, keepdim } = dimsOf(g);
  const truth = g.cast(g.x(), 'bool');
  return g.reduce('ReduceSum', g.cast(zeros ? g.op('Not', [truth]) : truth, 'int64'), dims, keepdim);
}

/** Whether any, or every, element is true; bools are reduced as such from opset 20 on, where there are any. */
function truth(g: OpContext, type: 'ReduceMax' | 'ReduceMin'): Ref | null {
  const { dims, keepdim } = dimsOf(g);
  if (g.opset < 20 || dims.some((d) => typeof g.dims()[d] !== 'number' || g.dims()[d] === 0)) return null;
  return g.reduce(type, g.cast(g.x(), 'bool'), dims, keepdim);
}

/** A dtype that runtimes can order. */
const ordered = (g: OpContext): Ref => {
  const dtype = g.dtype();
  return dtype === 'bool' || g.isNarrow(dtype) ? g.cast(g.x(), 'int32') : g.x();
};

/** The position along `dim`, first of equals. */
function position(g: OpContext, type: 'ArgMax' | 'ArgMin', dim: number, keepdim: boolean): Ref {
  if (g.rank() === 0) return g.scalar(0, 'int64');
  const x = ordered(g);
  // int64 is not ordered everywhere
  return g.op(type, [x], { axis_i: dim, keepdims_i: keepdim ? 1 : 0 });
}

const argReduction =
  (type: 'ArgMax' | 'ArgMin') =>
  (g: OpContext): Ref => {
    const { dim, keepdim } = g.attrs as { readonly dim: number | null; readonly keepdim: boolean };
    if (dim !== null || g.rank() === 0) return position(g, type, dim ?? 0, keepdim);
    const at = g.op(type, [g.op('Reshape', [ordered(g), g.ints([-1])])], { axis_i: 0, keepdims_i: 0 });
    return keepdim ? g.unsqueeze(at, allDims(g)) : at;
  };

const withIndices =
  (reduceType: string, argType: 'ArgMax' | 'ArgMin') =>
  (g: OpContext): Ref[] => {
    const { dim, keepdim } = g.attrs as { readonly dim: number; readonly keepdim: boolean };
    if (g.rank() === 0) return [g.op('Identity', [g.x()]), position(g, argType, 0, false)];
    return [reduced(g, reduceType, [dim], keepdim), position(g, argType, dim, keepdim)];
  };

/** Row i of an n × n mask is true up to i: element j belongs to the running result i. */
function running(g: OpContext, dim: number, reverse: boolean): Ref {
  const size = g.dims()[dim];
  const [rows, columns] = [g.unsqueeze(g.range(size), [1]), g.unsqueeze(g.range(size), [0])];
  return g.op('Not', [g.op('Less', reverse ? [columns, rows] : [rows, columns])]);
}

/** Each prefix of `x` along `dim` (suffix, if `reverse`) reduced by itself; `neutral` stands for what is not in it. */
function prefixes(g: OpContext, x: Ref, dim: number, reverse: boolean, type: string, neutral: Ref): Ref {
  const rank = g.rank();
  const last = Array.from({ length: rank }, (_, d) => d).filter((d) => d !== dim);
  const column = g.unsqueeze(g.transpose(x, [...last, dim]), [rank - 1]);
  const terms = g.where(running(g, dim, reverse), column, neutral);
  const back = Array.from({ length: rank }, (_, d) => (d === dim ? rank - 1 : d < dim ? d : d - 1));
  return g.transpose(g.reduce(type, terms, [rank], false), back);
}

/** The least and the largest of what a dtype has. */
const limits: { readonly [dtype: string]: readonly [bigint, bigint] } = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
};

/**
 * Running extremes: an element takes over where it is not less than all before it, or NaN; a NaN stays until the next. The place of the last that took
 * over is a running maximum of integers, and the value stands there.
 */
function runningExtreme(g: OpContext<ReduceOps['cummax']>, largest: boolean): Ref[] {
  const c: OpContext = g;
  const { dim } = g.attrs;
  if (g.rank() === 0) return [g.op('Identity', [g.x()]), g.scalar(0, 'int64')];
  const x = ordered(c);
  const dtype = x.dtype ?? 'int64';
  const bound = (ofLargest: boolean): Ref => {
    const [low, high] = limits[dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return g.constant([ofLargest ? low : high], dtype, []);
  };
  const type = largest ? 'ReduceMax' : 'ReduceMin';
  let takesOver: Ref;
  if (isFloat(dtype)) {
    const nan = g.op('IsNaN', [x]);
    const extremes = prefixes(c, g.where(nan, bound(largest), x), dim, false, type, bound(largest));
    const seen = prefixes(c, g.cast(nan, 'int32'), dim, false, 'ReduceMax', g.scalar(0, 'int32'));
    const ahead = g.op('And', [g.op('Equal', [x, extremes]), g.op('Not', [g.cast(seen, 'bool')])]);
    takesOver = g.op('Or', [nan, ahead]);
  } else takesOver = g.op('Equal', [x, prefixes(c, x, dim, false, type, bound(largest))]);
  const places = g.unsqueeze(
    g.range(g.dims()[dim]),
    Array.from({ length: g.rank() - 1 }, (_, d) => (d < dim ? d : d + 1)),
  );
  const none = g.scalar(-1, 'int64');
  const indices = prefixes(c, g.where(takesOver, places, none), dim, false, 'ReduceMax', none);
  return [g.op('GatherElements', [g.x(), indices], { axis_i: dim }), indices];
}

/** Rows by op name. */
export const reduce: Symbols<ReduceOps> = {
  sum: (g) => reduction('ReduceSum')(g),
  nansum: (g) => {
    const { dims, keepdim } = g.attrs;
    const dtype = g.outDType();
    if (!isFloat(dtype)) return reduction('ReduceSum')(g);
    const x = g.cast(g.x(), dtype);
    return g.reduce('ReduceSum', g.where(g.op('IsNaN', [x]), g.scalar(0, dtype), x), dims, keepdim);
  },
  // over all of an image, as of an average pool to one pixel, it has a name of its own; runtimes have that in float64 not
  mean: (g) => {
    const { dims, keepdim } = g.attrs;
    const rank = g.rank();
    const image = keepdim && rank > 3 && dims.length === rank - 2 && dims.every((d) => d > 1);
    if (image && g.dtype() === 'float32' && g.outDType() === 'float32') return g.op('GlobalAveragePool', [g.x()]);
    return reduction('ReduceMean')(g);
  },
  prod: (g) => reduction('ReduceProd')(g),
  amax: (g) => reduction('ReduceMax')(g),
  amin: (g) => reduction('ReduceMin')(g),
  max: (g) => ofAll('ReduceMax')(g),
  min: (g) => ofAll('ReduceMin')(g),
  maxDim: (g) => withIndices('ReduceMax', 'ArgMax')(g),
  minDim: (g) => withIndices('ReduceMin', 'ArgMin')(g),
  argmax: (g) => argReduction('ArgMax')(g),
  argmin: (g) => argReduction('ArgMin')(g),
  any: (g) => truth(g, 'ReduceMax') ?? g.op('Greater', [count(g, false), g.scalar(0, 'int64')]),
  all: (g) => truth(g, 'ReduceMin') ?? g.op('Equal', [count(g, true), g.scalar(0, 'int64')]),
  var: viaBody,
  std: viaBody,
  norm: (g) => {
    const { p, dims, keepdim } = g.attrs;
    // a norm of no dims is that of each element
    if (dims.length === 0 || g.dims().includes(0)) return null;
    if (p === 1) return g.reduce('ReduceL1', g.x(), dims, keepdim);
    if (p === 2) return g.reduce('ReduceL2', g.x(), dims, keepdim);
    return null;
  },
  logsumexp: (g) => {
    const { dims, keepdim } = g.attrs;
    const dtype = g.outDType();
    // in halves runtimes take the exponentials as they are, which overflow
    const wide = dtype === 'float64' ? dtype : 'float32';
    return g.cast(g.reduce('ReduceLogSumExp', g.cast(g.x(), wide), dims, keepdim), dtype);
  },
  countNonzero: (g) => count(g, false),
  cumsum: (g) => {
    const { dim, reverse } = g.attrs;
    if (g.rank() === 0) return g.x();
    return g.widened(g.outDType(), (dtype) =>
      g.op('CumSum', [g.operand(0, dtype), g.scalar(dim, 'int64')], { reverse_i: reverse ? 1 : 0 }),
    );
  },
  // ONNX has no running product: the product of each prefix
  cumprod: (g) => {
    const { dim, reverse } = g.attrs;
    if (g.rank() === 0) return g.x();
    return g.widened(g.outDType(), (dtype) =>
      prefixes(g, g.operand(0, dtype), dim, reverse, 'ReduceProd', g.scalar(1, dtype)),
    );
  },
  // each prefix reduced; what is behind it counts exp(-inf) = 0
  logcumsumexp: (g) => {
    const { dim, reverse } = g.attrs;
    if (g.rank() === 0) return g.x();
    const dtype = g.outDType();
    // in halves runtimes take the exponentials as they are, which overflow
    const wide = dtype === 'float64' ? dtype : 'float32';
    const neutral = g.scalar(Number.NEGATIVE_INFINITY, wide);
    return g.cast(prefixes(g, g.operand(0, wide), dim, reverse, 'ReduceLogSumExp', neutral), dtype);
  },
  // a sort, and places counted from it
  median: viaBodyNaNLast,
  nanmedian: viaBodyNaNLast,
  medianDim: viaBodyNaNLast,
  nanmedianDim: viaBodyNaNLast,
  kthvalue: viaBodyNaNLast,
  mode: viaBodyNaNLast,
  quantile: viaBodyNaNLast,
  nanquantile: viaBodyNaNLast,
  cummax: (g) => runningExtreme(g, true),
  cummin: (g) => runningExtreme(g, false),
};
