/** Reading and writing at indices, sorting, in ONNX. */
import { type DType, type IndexOps, isFloat } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';
import { type Symbols, viaBody } from './symbol.ts';

/** A 0-d value as one of shape [1]. */
const atLeast1d = (g: OpContext, x: Ref, i: number): Ref => (g.rank(i) === 0 ? g.unsqueeze(x, [0]) : x);

/** Undoes {@link atLeast1d} for a result of `rank` dims. */
const asRank = (g: OpContext, x: Ref, rank: number): Ref => (rank === 0 ? g.squeeze(x, [0]) : x);

/** `source` cut to the sizes of the index, which may be smaller. */
function cropped(g: OpContext, source: number, index: number): Ref {
  const [from, to] = [g.dims(source), g.dims(index)];
  let x = g.cast(g.x(source), g.outDType());
  from.forEach((size, d) => {
    if (String(size) !== String(to[d])) x = g.slice(x, d, 0, to[d]);
  });
  return x;
}

/** In what values that share a place are combined: small integers, like all arithmetic, in int32; halves have no kernel in runtimes. */
function combined(g: OpContext, dtype: DType): DType {
  if (g.isNarrow(dtype)) return 'int32';
  return dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;
}

/** Writes `updates` at `index` along `axis`. */
function scattered(g: OpContext, index: Ref, updates: Ref, axis: number, add: boolean): Ref {
  const dtype = g.outDType();
  if (add) g.needs(16, 'adding at indices');
  const wide = add ? combined(g, dtype) : dtype;
  const x = atLeast1d(g, g.cast(g.x(), wide), 0);
  const written = g.op('ScatterElements', [x, index, g.cast(updates, wide)], {
    axis_i: axis,
    reduction_s: add ? 'add' : undefined,
  });
  return g.cast(asRank(g, written, g.rank()), dtype);
}

const scatter =
  (add: boolean) =>
  (g: OpContext): Ref => {
    const { dim } = g.attrs as { readonly dim: number };
    const dtype = g.outDType();
    const updates = g.isTensor(2) ? cropped(g, 2, 1) : g.expand(g.operand(2, dtype), g.dims(1));
    return scattered(g, atLeast1d(g, g.x(1), 1), atLeast1d(g, updates, 1), dim, add);
  };

/** ONNX's names of the reductions, and the first opset that has them. */
const reductions = { sum: ['add', 16], prod: ['mul', 16], amax: ['max', 18], amin: ['min', 18] } as const;

/** Combines values that share a place. Without the tensor's own value, the place starts from 0, 1 or one of the values. */
function scatterReduce(g: OpContext<IndexOps['scatterReduce']>): Ref {
  const { dim, reduce, includeSelf } = g.attrs;
  const c: OpContext = g;
  const [reduction, since] = reductions[reduce];
  g.needs(since, `scatterReduce with '${reduce}'`);
  const dtype = g.outDType();
  const wide = combined(c, dtype);
  const at = atLeast1d(c, g.x(1), 1);
  const updates = g.cast(atLeast1d(c, cropped(c, 2, 1), 1), wide);
  let x = atLeast1d(c, g.cast(g.x(), wide), 0);
  if (!includeSelf) {
    const dims = g.rank(1) === 0 ? [1] : g.dims(1);
    const neutral = { sum: 0, prod: 1, amax: null, amin: null }[reduce];
    const first = neutral === null ? updates : g.expand(g.scalar(neutral, wide), dims);
    x = g.op('ScatterElements', [x, at, first], { axis_i: dim });
  }
  const written = g.op('ScatterElements', [x, at, updates], { axis_i: dim, reduction_s: reduction });
  return g.cast(asRank(c, written, g.rank()), dtype);
}

/** Whole slices along `dim`: each index is spread over the other dims. */
const indexed =
  (add: boolean) =>
  (g: OpContext): Ref => {
    const { dim } = g.attrs as { readonly dim: number };
    const dims: Dim[] = g.rank() === 0 ? [1] : [...g.dims()];
    const [count] = g.rank(1) === 0 ? [1] : g.dims(1);
    dims[dim] = count;
    const one = dims.map((_, d) => d).filter((d) => d !== dim);
    const index = g.expand(g.unsqueeze(atLeast1d(g, g.x(1), 1), one), dims);
    const value = g.operand(2, g.outDType());
    const updates = g.expand(value, dims);
    return scattered(g, index, updates, dim, add);
  };

/** TopK over everything is a stable sort. Small integers have no kernel. */
function topk(g: OpContext, k: Dim, dim: number, largest: boolean): Ref[] {
  const dtype = g.dtype();
  const wide: DType = g.isNarrow(dtype) || dtype === 'bool' ? 'int32' : dtype;
  if (g.rank() === 0) return [g.x(), g.scalar(0, 'int64')];
  const [values, indices] = g.ops(
    'TopK',
    [g.cast(g.x(), wide), g.shape([k])],
    { axis_i: dim, largest_i: largest ? 1 : 0, sorted_i: 1 },
    2,
  );
  return [g.cast(values, dtype), indices];
}

/** A stable ascending sort with NaN last: with infinity in its place, then by whether it was one. */
function sortNaNLast(g: OpContext, axis: number): Ref[] {
  const dtype = g.dtype();
  const [x, nan] = [g.x(), g.op('IsNaN', [g.x()])];
  const order = (keys: Ref): Ref =>
    g.ops('TopK', [keys, g.shape([g.dims()[axis]])], { axis_i: axis, largest_i: 0, sorted_i: 1 }, 2)[1];
  const at = (y: Ref, places: Ref): Ref => g.op('GatherElements', [y, places], { axis_i: axis });
  const first = order(g.where(nan, g.scalar(Number.POSITIVE_INFINITY, dtype), x));
  const indices = at(first, order(at(g.cast(nan, 'int32'), first)));
  return [at(x, indices), indices];
}

/** Rows by op name. */
export const index: Symbols<IndexOps> = {
  gather: (g) => {
    const c: OpContext = g;
    const x = g.rank() === 0 && g.rank(1) > 0 ? g.unsqueeze(g.x(), [0]) : atLeast1d(c, g.x(), 0);
    const taken = g.op('GatherElements', [x, atLeast1d(c, g.x(1), 1)], { axis_i: g.attrs.dim });
    return asRank(c, taken, g.rank(1));
  },
  scatter: (g) => scatter(false)(g),
  scatterAdd: (g) => scatter(true)(g),
  scatterReduce: (g) => scatterReduce(g),
  indexSelect: (g) => {
    const c: OpContext = g;
    const taken = g.op('Gather', [atLeast1d(c, g.x(), 0), atLeast1d(c, g.x(1), 1)], { axis_i: g.attrs.dim });
    return asRank(c, taken, g.outRank());
  },
  indexAdd: (g) => indexed(true)(g),
  indexCopy: (g) => indexed(false)(g),
  indexFill: (g) => indexed(false)(g),
  linearIndex: (g) => {
    const dtype = g.outDType();
    const wide: DType = dtype === 'int64' ? 'int64' : 'int32';
    // what reads and writes at positions counts negative ones from the end itself
    if (g.attrs.sizes.length === 1) return g.cast(g.operand(0, wide), dtype);
    const sizes = g.sizes('sizes').map((size) => g.scalar(size, wide));
    const zero = g.scalar(0, wide);
    const wrapped = sizes.map((size, i) => {
      const at = g.operand(i, wide);
      return g.where(g.op('Less', [at, zero]), g.op('Add', [at, size]), at);
    });
    const linear = wrapped.reduce((sum, at, d) => g.op('Add', [g.op('Mul', [sum, sizes[d]]), at]));
    return g.cast(linear, dtype);
  },
  // one index takes slices of its dim; masks and several indices are the body's
  index: (g) => {
    const at = Array.from({ length: g.inputCount - 1 }, (_, i) => i + 1).filter((i) => !g.isAbsent(i));
    const dtype = at.length === 1 ? g.dtype(at[0]) : null;
    if (dtype !== 'int64' && dtype !== 'int32') return null;
    return g.op('Gather', [g.x(), g.x(at[0])], { axis_i: at[0] - 1 });
  },
  indexPut: viaBody,
  take: viaBody,
  maskedScatter: viaBody,
  uniqueRows: viaBody,
  // where NaN goes is up to the runtime, unless it matters to an op around
  sort: (g) =>
    g.frame.nanLast && isFloat(g.dtype()) && g.rank() > 0 && !g.attrs.descending
      ? sortNaNLast(g, g.attrs.dim)
      : topk(g, g.rank() === 0 ? 1 : g.dims()[g.attrs.dim], g.attrs.dim, g.attrs.descending),
  topk: (g) => topk(g, g.size('k'), g.attrs.dim, g.attrs.largest),
  // the number of boundaries below each value
  searchsorted: (g) => {
    const boundaries = g.rank(0) > 1 ? g.unsqueeze(g.x(0), [g.rank(0) - 1]) : g.x(0);
    const values = g.unsqueeze(g.x(1), [g.rank(1)]);
    const dtype: DType = g.isNarrow(g.dtype()) ? 'int32' : g.dtype();
    const [a, b] = [g.cast(boundaries, dtype), g.cast(values, dtype)];
    const below = g.attrs.right ? g.op('Not', [g.op('Greater', [a, b])]) : g.op('Less', [a, b]);
    return g.reduce('ReduceSum', g.cast(below, 'int64'), [g.rank(1)], false);
  },
  oneHot: (g) => {
    const depth = g.scalar(g.size('numClasses'), 'int64');
    return g.op('OneHot', [g.cast(g.x(), 'int64'), depth, g.ints([0, 1])], { axis_i: -1 });
  },
  embedding: (g) => g.op('Gather', [g.x(0), g.x(1)], { axis_i: 0 }),
  embeddingBackward: viaBody,
};
