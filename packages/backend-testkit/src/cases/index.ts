/** How indexing ops are called. */
import { embedding, type IndexOps, oneHot } from '@tenfold/tensor-core';
import { type Cases, type OpCase, positional } from '../case.ts';

/** An op of values and indices along `dim`. */
const along = (name: string): OpCase => ({
  call: ([x, ...rest], { dim }) => x[name](dim, ...rest),
  inplace: ([x, ...rest], { dim }) => x[`${name}_`](dim, ...rest),
});

const pair = ({ values, indices }: { values: unknown; indices: unknown }) => [values, indices] as never;

export const index: Cases<IndexOps> = {
  gather: along('gather'),
  scatter: along('scatter'),
  scatterAdd: along('scatterAdd'),
  indexSelect: along('indexSelect'),
  indexAdd: { none: 'scatterAdd with an expanded index; tested in tensor-core' },
  indexCopy: { none: 'scatter with an expanded index; tested in tensor-core' },
  indexFill: { none: 'scatter of one value; tested in tensor-core' },
  linearIndex: { none: 'the positions that index and indexPut compute; sampled there' },
  // reading by a mask has a shape that depends on values
  index: { call: ([x, ...indices]) => x.index(indices), reads: true },
  indexPut: {
    call: ([x, values, ...indices], args) => x.indexPut(indices, values, args),
    inplace: ([x, values, ...indices], args) => x.indexPut_(indices, values, args),
    reads: true,
  },
  take: positional('take'),
  maskedScatter: { none: 'indexPut with a mask; tested in tensor-core' },
  sort: { call: ([x], { dim, ...options }) => pair(x.sort(dim, options)) },
  topk: { call: ([x], { k, ...options }) => pair(x.topk(k, options)) },
  searchsorted: { none: 'tested in tensor-core' },
  oneHot: { call: ([x], { numClasses }) => oneHot(x, numClasses), reads: true },
  embedding: { call: ([table, ids], args) => embedding(ids, table, args) },
};

/** Methods that are made of other ops. */
export const indexMethods: { readonly [name: string]: OpCase } = {
  maskedSelect: {
    call: ([x, mask]) => x.maskedSelect(mask),
    reads: true,
    exclude: {
      transpose: 'PyTorch 1.13 hands the gradient of a transposed input out in memory order, not in the order it read',
    },
  },
  argsort: { call: ([x], { dim, ...options }) => x.argsort(dim, options) },
};
