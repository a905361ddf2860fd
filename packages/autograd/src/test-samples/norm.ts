/** Where the derivatives of this family are checked: of the results, and of the statistics that the ops give with them. */
import {
  batchNorm,
  builtinOps,
  dispatch,
  groupNorm,
  instanceNorm,
  layerNorm,
  type NormOps,
  rmsNorm,
} from '@tenfold/tensor-core';
import { any, other, positive, type Sample, type Samples } from './inputs.ts';

const { layerNormBackward, groupNormBackward, batchNormBackward, rmsNormBackward } = builtinOps;
const eps = 0.01;
const all = [true, true, true] as const;

export const norm: Samples<NormOps> = {
  layerNorm: [
    [(x, w, b) => layerNorm(x, 4, { weight: w, bias: b, eps }), any(3, 4), positive(4), other(4)],
    [(x, w) => layerNorm(x, [2, 3], { weight: w, eps }), any(2, 2, 3), positive(2, 3)],
    [(x, b) => layerNorm(x, [5], { bias: b, eps }), any(5), other(5)],
    [(x, w, b) => dispatch(builtinOps.layerNorm, [x, w, b], { dims: 1, eps }), any(2, 4), positive(4), other(4)],
    [(x) => dispatch(builtinOps.layerNorm, [x, null, null], { dims: 2, eps }).slice(1), any(2, 2, 3)],
  ],
  layerNormBackward: [
    [
      (g, x, m, r, w) => dispatch(layerNormBackward, [g, x, m, r, w], { dims: 1, wanted: all }),
      any(2, 3),
      other(2, 3),
      any(2, 1),
      positive(2, 1),
      positive(3),
    ],
    ...[0, 1, 2].map(
      (k): Sample => [
        (g, x, m, r) =>
          dispatch(layerNormBackward, [g, x, m, r, null], { dims: 2, wanted: [k === 0, k === 1, k === 2] }),
        any(2, 2, 3),
        other(2, 2, 3),
        any(2, 1, 1),
        positive(2, 1, 1),
      ],
    ),
  ],
  groupNorm: [
    [(x, w, b) => groupNorm(x, 2, { weight: w, bias: b, eps }), any(2, 4, 3), positive(4), other(4)],
    [(x, w) => groupNorm(x, 1, { weight: w, eps }), any(2, 4), positive(4)],
    [(x, b) => instanceNorm(x, { bias: b, eps }), any(2, 2, 2, 2), other(2)],
    [(x, w, b) => dispatch(builtinOps.groupNorm, [x, w, b], { groups: 2, eps }), any(2, 4, 2), positive(4), other(4)],
  ],
  groupNormBackward: [
    [
      (g, x, m, r, w) => dispatch(groupNormBackward, [g, x, m, r, w], { groups: 2, wanted: all }),
      any(2, 4, 2),
      other(2, 4, 2),
      any(2, 2),
      positive(2, 2),
      positive(4),
    ],
  ],
  batchNorm: [
    [
      (x, w, b) => batchNorm(x, null, null, { weight: w, bias: b, eps, training: true }),
      any(3, 2, 2),
      positive(2),
      other(2),
    ],
    [(x) => batchNorm(x, null, null, { eps, training: true }), any(4, 2)],
    [(x, w, b) => dispatch(builtinOps.batchNorm, [x, w, b], { eps }), any(3, 2, 2), positive(2), other(2)],
  ],
  batchNormInference: [
    [
      (x, m, v, w, b) => batchNorm(x, m, v, { weight: w, bias: b, eps }),
      any(3, 2, 2),
      other(2),
      positive(2),
      positive(2),
      other(2),
    ],
    [(x, m, v) => batchNorm(x, m, v, { eps }), any(3, 2), other(2), positive(2)],
  ],
  batchNormBackward: [true, false].map(
    (training): Sample => [
      (g, x, m, r, w) => dispatch(batchNormBackward, [g, x, m, r, w], { training, wanted: all }),
      any(2, 2, 3),
      other(2, 2, 3),
      any(2),
      positive(2),
      positive(2),
    ],
  ),
  rmsNorm: [
    [(x, w) => rmsNorm(x, 4, { weight: w, eps }), any(3, 4), positive(4)],
    [(x) => dispatch(builtinOps.rmsNorm, [x, null], { dims: 2, eps }), any(2, 2, 3)],
  ],
  rmsNormBackward: [
    [
      (g, x, r, w) => dispatch(rmsNormBackward, [g, x, r, w], { dims: 1, wanted: [true, true] }),
      any(2, 3),
      other(2, 3),
      positive(2, 1),
      positive(3),
    ],
  ],
};
