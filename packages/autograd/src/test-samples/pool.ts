/** Where the derivatives of this family are checked. */
import {
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  builtinOps,
  dispatch,
  maxPool1d,
  maxPool2d,
  type PoolOps,
} from '@tenfold/tensor-core';
import { any, ints, type Samples } from './inputs.ts';

const attrs = {
  kernel: [3, 2],
  stride: [2, 2],
  padding: [1, 0],
  dilation: [1, 1],
  ceilMode: true,
  countIncludePad: false,
  divisorOverride: null,
};

export const pool: Samples<PoolOps> = {
  maxPool: [
    [(x) => maxPool1d(x, 3, { stride: 1, padding: 1 }), any(2, 2, 5)],
    [(x) => maxPool2d(x, [2, 3], { stride: [1, 2], ceilMode: true }), any(2, 3, 4)],
  ],
  adaptiveMaxPool: [
    [(x) => adaptiveMaxPool1d(x, 3), any(2, 2, 5)],
    [(x) => adaptiveMaxPool2d(x, [2, null]), any(1, 3, 4)],
  ],
  maxPoolBackward: [
    [(g) => dispatch(builtinOps.maxPoolBackward, [g, ints([[0, 3, 3]]).unsqueeze(0)], { size: [4] }), any(1, 1, 3)],
  ],
  avgPool: [
    [(x) => avgPool1d(x, 3, { stride: 2, padding: 1, ceilMode: true }), any(2, 2, 6)],
    [(x) => avgPool2d(x, 2, { padding: 1, countIncludePad: false }), any(1, 3, 4)],
    [(x) => avgPool2d(x, 2, { stride: 1, divisorOverride: 3 }), any(1, 3, 3)],
  ],
  avgPoolBackward: [[(g) => dispatch(builtinOps.avgPoolBackward, [g], { ...attrs, size: [4, 5] }), any(1, 2, 3, 3)]],
};
