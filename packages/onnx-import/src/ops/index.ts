/** Reading and writing at positions, sorting, and what a condition selects. */
import { arange, fullLike, type Tensor, where } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';
import { HostTensor } from '../values.ts';

const countingTo = (n: number, x: Tensor): Tensor => arange(n, { dtype: 'int64', device: x.device });

/** Input `i` as positions in a dim of `size`: negative ones count from its end. Constants are looked at here, so that nothing is computed for them. */
function positions(c: NodeContext, i: number, size: number): Tensor {
  const index = c.x(i);
  const value = c.value(i);
  if (value instanceof HostTensor && value.numbers?.every((n) => n >= 0)) return index;
  return where(index.lt(0), index.add(size), index);
}

/** Elements of the axis, in the place of which come the dims of the positions. */
function gather(c: NodeContext): Tensor {
  const x = c.x();
  const axis = c.int('axis', 0);
  const before = new Array<null>(axis < 0 ? axis + x.ndim : axis).fill(null);
  return x.index([...before, c.x(1)]);
}

/** The positions along each of the first dims, from the last dim of `index`; `batch` dims in front are those of both. */
function coordinates(c: NodeContext, x: Tensor, index: Tensor, batch: number): Tensor[] {
  const count = index.size(-1);
  if (batch + count > x.ndim)
    throw c.error(`positions of ${count} dims behind ${batch} in a tensor of shape [${x.shape.join(', ')}]`);
  const outer = index.ndim - 1;
  const ofBatch = Array.from({ length: batch }, (_, d) =>
    countingTo(x.size(d), x).reshape(Array.from({ length: outer }, (_, k) => (k === d ? x.size(d) : 1))),
  );
  return [...ofBatch, ...index.unbind(-1)];
}

const gatherNd = (c: NodeContext): Tensor => c.x().index(coordinates(c, c.x(), c.x(1), c.int('batch_dims', 0)));

const combined = { add: 'sum', mul: 'prod', max: 'amax', min: 'amin' } as const;

/** How what is written combines with what is there. */
function reductionOf(c: NodeContext): keyof typeof combined | null {
  const name = c.string('reduction', 'none');
  if (name === 'none') return null;
  if (!(name in combined)) throw c.error(`reduction '${name}' is none of none, ${Object.keys(combined).join(', ')}`);
  return name as keyof typeof combined;
}

function scatterElements(c: NodeContext): Tensor {
  const x = c.x();
  const axis = c.int('axis', 0);
  const index = positions(c, 1, x.size(axis));
  const reduction = reductionOf(c);
  if (reduction === null) return x.scatter(axis, index, c.x(2));
  return x.scatterReduce(axis, index, c.x(2), combined[reduction]);
}

function scatterNd(c: NodeContext): Tensor {
  const [x, index, updates] = [c.x(0), c.x(1), c.x(2)];
  const reduction = reductionOf(c);
  const at = coordinates(c, x, index, 0);
  if (reduction === null || reduction === 'add') return x.indexPut(at, updates, { accumulate: reduction === 'add' });
  // one position in the dims that are indexed, taken as one
  const sizes = x.shape.slice(0, at.length);
  const flat = at.reduce<Tensor | null>((sum, i, d) => {
    const within = where(i.lt(0), i.add(sizes[d]), i);
    return sum ? sum.mul(sizes[d]).add(within) : within;
  }, null);
  if (!flat) return updates;
  const rest = x.shape.slice(at.length);
  const rows = x.reshape([sizes.reduce((n, size) => n * size, 1), ...rest]);
  const source = updates.reshape([flat.numel(), ...rest]);
  const along = flat.reshape([-1, ...rest.map(() => 1)]).expand(source.shape);
  return rows.scatterReduce(0, along, source, combined[reduction]).reshape(x.shape);
}

/** 1 at the class and 0 elsewhere, or whatever the two values are; classes out of range are nowhere. */
function oneHotOf(c: NodeContext): Tensor {
  const index = c.x(0);
  const [depth] = c.sized([c.hostNumber(1)]);
  const axis = c.int('axis', -1);
  const dim = axis < 0 ? axis + index.ndim + 1 : axis;
  c.sized([index.numel(), depth]);
  const wrapped = where(index.lt(0), index.add(depth), index).unsqueeze(dim);
  const classes = countingTo(depth, index).reshape(wrapped.shape.map((_, d) => (d === dim ? depth : 1)));
  const [off, on] = c.x(2).unbind(0);
  return where(wrapped.eq(classes), on, off);
}

function topk(c: NodeContext): RowResult {
  const x = c.x();
  const k = c.opset < 10 ? c.int('k') : c.hostNumber(1);
  const { values, indices } = x.topk(k, { dim: c.int('axis', -1), largest: c.int('largest', 1) !== 0 });
  return [values, indices];
}

/** Distinct elements or slices, where each first stands, which of them stands where, and how often each is there. */
function unique(c: NodeContext): RowResult {
  const x = c.x();
  const axis = c.given('axis') ? c.int('axis') : null;
  const options = { returnInverse: true, returnCounts: true } as const;
  const found = axis === null ? x.unique(options) : x.unique({ ...options, dim: axis });
  const inverse = (found.inverseIndices as Tensor).flatten();
  const counts = found.counts as Tensor;
  const first = fullLike(counts, 0).scatterReduce(0, inverse, countingTo(inverse.numel(), x), 'amin', {
    includeSelf: false,
  });
  if (c.int('sorted', 1) !== 0) return [found.values, first, inverse, counts];
  const order = first.argsort(0);
  const rank = order.argsort(0);
  return [found.values.indexSelect(axis ?? 0, order), first.take(order), rank.take(inverse), counts.take(order)];
}

/** Elements, or slices of an axis, where the condition holds. It may be shorter than the axis. */
function compress(c: NodeContext): Tensor {
  const x = c.given('axis') ? c.x() : c.x().flatten();
  return x.indexSelect(c.int('axis', 0), c.x(1).nonzero().flatten());
}

/** Writes an update into each sample's cache from a position on: past its end an error of the index, or round to its beginning. */
function tensorScatter(c: NodeContext): Tensor {
  const [cache, update] = [c.x(0), c.x(1)];
  const axis = c.int('axis', -2);
  const dim = axis < 0 ? axis + cache.ndim : axis;
  const batch = cache.size(0);
  const start = c.optional(2) ?? fullLike(countingTo(batch, cache), 0);
  const beside = (x: Tensor, d: number): Tensor => x.reshape(cache.shape.map((_, k) => (k === d ? -1 : 1)));
  const at = beside(start, 0).add(beside(countingTo(update.size(dim), cache), dim));
  const position = c.string('mode', 'linear') === 'circular' ? at.remainder(cache.size(dim)) : at;
  return cache.scatter(dim, position.expand(update.shape), update);
}

/** Rows by op type. */
export const index: Rows = {
  Compress: compress,
  Gather: gather,
  GatherElements: (c) => c.x().gather(c.int('axis', 0), positions(c, 1, c.x().size(c.int('axis', 0)))),
  GatherND: gatherNd,
  NonZero: (c) => c.x().nonzero().t(),
  OneHot: oneHotOf,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  TensorScatter: tensorScatter,
  TopK: topk,
  Unique: unique,
};
