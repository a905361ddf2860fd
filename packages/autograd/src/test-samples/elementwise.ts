/** Where the derivatives of the special pointwise ops are checked. */
import { type ElementwiseOps, type Tensor, tensor } from '@tenfold/tensor-core';
import { any, other, probability, type Sample, type Samples, spread, unit } from './inputs.ts';

const infinite = (): Tensor => tensor([0.5, Number.NaN, Number.POSITIVE_INFINITY, -1], { dtype: 'float64' });

const pairs = (fn: (x: Tensor, y: Tensor) => Tensor): Sample[] => [
  [fn, any(2, 3), other(2, 3)],
  [fn, any(2, 1), other(3)],
  [fn, any(), other(2)],
];

export const elementwise: Samples<ElementwiseOps> = {
  erfinv: [[(x) => x.erfinv(), unit(4)]],
  lgamma: [
    [(x) => x.lgamma(), spread([4], 0.3, 4)],
    [(x) => x.lgamma(), spread([3], -0.9, -0.2)],
  ],
  digamma: [
    [(x) => x.digamma(), spread([4], 0.6, 4)],
    [(x) => x.digamma(), spread([3], -0.7, -0.3)],
  ],
  polygamma: [
    [(x) => x.polygamma(0), spread([4], 0.6, 4)],
    [(x) => x.polygamma(1), spread([4], 0.8, 4)],
    [(x) => x.polygamma(3), spread([4], 1.2, 4)],
  ],
  logit: [
    [(x) => x.logit(), probability(4)],
    [(x) => x.logit({ eps: 0.25 }), probability(6)],
  ],
  sinc: [[(x) => x.sinc(), any(4)]],
  deg2rad: [[(x) => x.deg2rad(), any(3)]],
  rad2deg: [[(x) => x.rad2deg(), any(3)]],
  roundDecimals: [[(x) => x.round({ decimals: 1 }), any(4)]],
  // NaN and the infinities pass nothing on; numerical differences can be taken beside them only
  nanToNum: [
    [(x) => x.nanToNum(), any(4)],
    [(x) => x.add(infinite()).nanToNum({ nan: 1, posinf: 2 }), any(4)],
  ],
  logaddexp2: pairs((x, y) => x.logaddexp2(y)),
};
