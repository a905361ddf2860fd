/** Where the derivatives of this family are checked. */
import {
  builtinOps,
  type ConvOps,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  dispatch,
} from '@tenfold/tensor-core';
import { any, other, type Samples, unit } from './inputs.ts';

const attrs = { stride: [2, 1], padding: [1, 0], paddingEnd: [0, 1], dilation: [1, 2], groups: 2 };

export const conv: Samples<ConvOps> = {
  convolution: [
    [(x, w, b) => conv1d(x, w, b, { padding: 1 }), any(2, 2, 4), other(3, 2, 3), unit(3)],
    // the last elements are passed over
    [(x, w) => conv1d(x, w, null, { stride: 3 }), any(1, 1, 6), other(1, 1, 2)],
    [(x, w) => conv1d(x, w, null, { padding: 'same' }), any(2, 4), other(2, 2, 2)],
    [
      (x, w, b) => conv2d(x, w, b, { stride: [2, 1], dilation: [1, 2], padding: [1, 2], groups: 2 }),
      any(1, 2, 4, 3),
      other(4, 1, 2, 2),
      unit(4),
    ],
    [(x, w) => conv3d(x, w), any(1, 1, 2, 3, 2), other(1, 1, 2, 2, 1)],
  ],
  convolutionTranspose: [
    [
      (x, w, b) => convTranspose1d(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
      any(2, 2, 3),
      other(2, 2, 3),
      unit(2),
    ],
    [(x, w) => convTranspose1d(x, w, null, { stride: 2, dilation: 3, outputPadding: 2 }), any(1, 3), other(1, 2, 2)],
    [(x, w) => convTranspose2d(x, w, null, { stride: [1, 3], groups: 2 }), any(1, 2, 2, 2), other(2, 1, 2, 2)],
  ],
  convolutionWeight: [
    [(g, x) => dispatch(builtinOps.convolutionWeight, [g, x], attrs), any(2, 2, 2, 2), other(2, 2, 3, 3)],
  ],
};
