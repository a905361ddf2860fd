/** How reductions are called. */
import { type ReduceOps, stdMean, type ValuesAndIndices, varMean } from '@tenfold/tensor-core';
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

/** Values and indices of a method that takes `order` by position. */
function withIndices(name: string, ...order: readonly string[]): OpCase {
  const { call } = positional(name, ...(order.length ? order : ['dim']));
  return {
    call: (inputs, args, device) => {
      const { values, indices } = call(inputs, args, device) as unknown as ValuesAndIndices;
      return [values, indices];
    },
  };
}

/** Of all elements, or along a dim with indices. */
const middle = (name: string): OpCase => ({
  call: (inputs, args, device) =>
    args.dim === undefined ? inputs[0][name]() : withIndices(name).call(inputs, args, device),
});

const quantile = (name: string): OpCase => ({
  call: ([x, q], { dim, ...options }) => x[name](q, dim, options),
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
  countNonzero: overDims('countNonzero'),
  cumsum: overDims('cumsum'),
  cumprod: overDims('cumprod'),
  cummax: withIndices('cummax'),
  cummin: withIndices('cummin'),
  logcumsumexp: overDims('logcumsumexp'),
  nansum: overDims('nansum'),
  median: middle('median'),
  nanmedian: middle('nanmedian'),
  medianDim: { none: 'median with a dim; sampled there' },
  nanmedianDim: { none: 'nanmedian with a dim; sampled there' },
  kthvalue: withIndices('kthvalue', 'k', 'dim'),
  mode: withIndices('mode'),
  quantile: quantile('quantile'),
  nanquantile: quantile('nanquantile'),
};

/** Methods and functions that are made of other ops. */
export const reduceMethods: { readonly [name: string]: OpCase } = {
  nanmean: overDims('nanmean'),
  aminmax: {
    call: ([x], args) => {
      const { min, max } = x.aminmax(args);
      return [min, max];
    },
  },
  varMean: { call: ([x], { dim, ...options }) => varMean(x, dim, options) },
  stdMean: { call: ([x], { dim, ...options }) => stdMean(x, dim, options) },
};
