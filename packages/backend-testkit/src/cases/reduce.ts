/** How reductions are called. */
import type { ReduceOps } from '@tenfold/tensor-core';
import { type Cases, type OpCase, positional } from '../case.ts';

/** `x.name(dim, options)`. */
const overDims = (name: string): OpCase => positional(name, 'dim');

/** `x.max()`, `x.max(other)` or `x.max(dim, options)` with values and indices. */
const extreme = (name: 'max' | 'min'): OpCase => ({
  call: ([x, other], { dim, ...options }) => {
    if (dim === undefined) return other === undefined ? x[name]() : x[name](other);
    const { values, indices } = x[name](dim, options);
    return [values, indices];
  },
});

const orders: { readonly [text: string]: number } = { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };

export const reduce: Cases<ReduceOps> = {
  sum: overDims('sum'),
  mean: overDims('mean'),
  prod: overDims('prod'),
  amax: overDims('amax'),
  amin: overDims('amin'),
  max: extreme('max'),
  min: extreme('min'),
  maxDim: { none: 'max with a dim; sampled there' },
  minDim: { none: 'min with a dim; sampled there' },
  argmax: overDims('argmax'),
  argmin: overDims('argmin'),
  any: overDims('any'),
  all: overDims('all'),
  var: overDims('var'),
  std: overDims('std'),
  norm: { call: ([x], args) => x.norm(typeof args.p === 'string' ? { ...args, p: orders[args.p] } : args) },
  logsumexp: {
    call: ([x], { dim, ...options }) => x.logsumexp(dim ?? [], options),
  },
  countNonzero: { none: 'counts what `ne` gives; tested against hand counts in tensor-core' },
  cumsum: overDims('cumsum'),
  cumprod: overDims('cumprod'),
  cummax: { none: 'tested in tensor-core and in the family checks of the testkit' },
  cummin: { none: 'tested in tensor-core and in the family checks of the testkit' },
};
