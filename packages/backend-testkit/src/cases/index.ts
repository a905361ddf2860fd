/** How indexing ops are called. */
import {
  bucketize,
  embedding,
  type IndexOps,
  isin,
  oneHot,
  searchsorted,
  type Tensor,
  type UniqueResult,
} from '@tenfold/tensor-core';
import { type Cases, method, type OpCase, positional } from '../case.ts';

/** An op of values and indices along `dim`. */
const along = (name: string): OpCase => ({
  call: ([x, ...rest], { dim }) => x[name](dim, ...rest),
  inplace: ([x, ...rest], { dim }) => x[`${name}_`](dim, ...rest),
});

/** What was asked for, in PyTorch's order. */
const distinct = (found: UniqueResult | Tensor): Tensor[] => {
  if (!('counts' in found)) return [found];
  const { values, inverseIndices, counts } = found;
  return [values, inverseIndices, counts].filter((x) => x !== null);
};

/** Index tensors in place of masks. */
const withoutMasks = async (indices: readonly (Tensor | null)[]): Promise<(Tensor | null)[]> =>
  (
    await Promise.all(
      indices.map((index) => (index?.dtype === 'bool' ? index.nonzeroAsync({ asTuple: true }) : [index])),
    )
  ).flat();

/** An op whose result shape depends on values, and its form that awaits. */
const twin = (call: OpCase['call'], callAsync: NonNullable<OpCase['callAsync']>): OpCase => ({
  call,
  callAsync,
  reads: true,
});

const pair = ({ values, indices }: { values: unknown; indices: unknown }) => [values, indices] as never;

export const index: Cases<IndexOps> = {
  gather: along('gather'),
  scatter: {
    call: ([x, ...rest], { dim, ...options }) => x.scatter(dim, ...rest, options),
    inplace: ([x, ...rest], { dim, ...options }) => x.scatter_(dim, ...rest, options),
  },
  scatterAdd: along('scatterAdd'),
  scatterReduce: {
    call: ([x, ...rest], { dim, reduce, ...options }) => x.scatterReduce(dim, ...rest, reduce, options),
    inplace: ([x, ...rest], { dim, reduce, ...options }) => x.scatterReduce_(dim, ...rest, reduce, options),
  },
  indexSelect: along('indexSelect'),
  indexAdd: {
    call: ([x, ...rest], { dim, ...options }) => x.indexAdd(dim, ...rest, options),
    inplace: ([x, ...rest], { dim, ...options }) => x.indexAdd_(dim, ...rest, options),
  },
  indexCopy: along('indexCopy'),
  indexFill: along('indexFill'),
  linearIndex: { none: 'the positions that index and indexPut compute; sampled there' },
  // reading by a mask has a shape that depends on values
  index: {
    call: ([x, ...indices]) => x.index(indices),
    callAsync: ([x, ...indices]) => x.indexAsync(indices),
    reads: true,
  },
  indexPut: {
    call: ([x, values, ...indices], args) => x.indexPut(indices, values, args),
    inplace: ([x, values, ...indices], args) => x.indexPut_(indices, values, args),
    callAsync: async ([x, values, ...indices], args) => x.indexPut(await withoutMasks(indices), values, args),
    inplaceAsync: async ([x, values, ...indices], args) => x.indexPut_(await withoutMasks(indices), values, args),
    reads: true,
  },
  take: positional('take'),
  maskedScatter: method('maskedScatter'),
  uniqueRows: { none: 'the rows that `unique` keeps; sampled there' },
  sort: { call: ([x], { dim, ...options }) => pair(x.sort(dim, options)) },
  topk: { call: ([x], { k, ...options }) => pair(x.topk(k, options)) },
  searchsorted: {
    call: ([sorted, values, sorter], args) => searchsorted(sorted, values, sorter ? { ...args, sorter } : args),
  },
  oneHot: {
    call: ([x], { numClasses }) => oneHot(x, numClasses),
    callAsync: async ([x]) => oneHot(x, (await x.max().item()) + 1),
    reads: true,
  },
  embedding: { call: ([table, ids], args) => embedding(ids, table, args) },
  embeddingBackward: { none: 'the gradient of embedding; sampled there' },
};

/** Methods that are made of other ops. */
export const indexMethods: { readonly [name: string]: OpCase } = {
  maskedSelect: {
    call: ([x, mask]) => x.maskedSelect(mask),
    callAsync: ([x, mask]) => x.maskedSelectAsync(mask),
    reads: true,
    exclude: {
      transpose: 'PyTorch 1.13 hands the gradient of a transposed input out in memory order, not in the order it read',
    },
  },
  indexReduce: {
    call: ([x, ...rest], { dim, reduce, ...options }) => x.indexReduce(dim, ...rest, reduce, options),
    inplace: ([x, ...rest], { dim, reduce, ...options }) => x.indexReduce_(dim, ...rest, reduce, options),
  },
  put: method('put'),
  takeAlongDim: positional('takeAlongDim', 'dim'),
  bucketize: { call: ([values, boundaries], args) => bucketize(values, boundaries, args) },
  isin: { call: ([x, y], args) => isin(x, y, args) },
  nonzero: twin(
    ([x], args) => x.nonzero(args),
    ([x], args) => x.nonzeroAsync(args),
  ),
  argwhere: twin(
    ([x]) => x.argwhere(),
    ([x]) => x.argwhereAsync(),
  ),
  unique: twin(
    ([x], args) => distinct(x.unique(args)),
    async ([x], args) => distinct(await x.uniqueAsync(args)),
  ),
  uniqueConsecutive: twin(
    ([x], args) => distinct(x.uniqueConsecutive(args)),
    async ([x], args) => distinct(await x.uniqueConsecutiveAsync(args)),
  ),
  bincount: twin(
    ([x, weights], args) => x.bincount(weights ? { ...args, weights } : args),
    ([x, weights], args) => x.bincountAsync(weights ? { ...args, weights } : args),
  ),
  histc: positional('histc'),
  msort: positional('msort'),
  argsort: { call: ([x], { dim, ...options }) => x.argsort(dim, options) },
};
