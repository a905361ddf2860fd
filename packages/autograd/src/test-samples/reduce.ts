/** Where the derivatives of further reductions are checked. */
import { type ReduceOps, tensor } from '@tenfold/tensor-core';
import { any, type Samples } from './inputs.ts';

const quantiles = [0.1, 0.45, 1];

export const reduce: Samples<ReduceOps> = {
  nansum: [
    [(x) => x.nansum(), any(2, 3)],
    [(x) => x.nansum(1, { keepdim: true }), any(2, 3)],
  ],
  logcumsumexp: [
    [(x) => x.logcumsumexp(1), any(2, 4)],
    [(x) => x.logcumsumexp(0), any(3, 2)],
  ],
  median: [[(x) => x.median(), any(2, 3)]],
  nanmedian: [[(x) => x.nanmedian(), any(2, 3)]],
  medianDim: [
    [(x) => x.median(1).values, any(2, 3)],
    [(x) => x.median(0, { keepdim: true }).values, any(2, 3)],
  ],
  nanmedianDim: [[(x) => x.nanmedian(1).values, any(2, 3)]],
  kthvalue: [[(x) => x.kthvalue(2, 1).values, any(2, 3)]],
  // in numbers without ties the smallest
  mode: [[(x) => x.mode(1).values, any(2, 3)]],
  quantile: [
    [(x) => x.quantile(0.3), any(2, 3)],
    [(x) => x.quantile(tensor(quantiles, { dtype: 'float64' }), 1), any(2, 3)],
    [(x) => x.quantile(0.4, 0, { keepdim: true, interpolation: 'midpoint' }), any(4, 2)],
    [(x, q) => x.quantile(q, 0), any(4), tensor([0.2, 0.5], { dtype: 'float64', requiresGrad: true })],
  ],
  nanquantile: [
    [(x) => x.nanquantile(0.3), any(2, 3)],
    [(x) => x.nanquantile(0.7, 1, { interpolation: 'higher' }), any(2, 3)],
  ],
};
