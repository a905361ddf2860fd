/** Where the derivatives of this family's backward ops are checked. */
import { builtinOps, dispatch, type SoftmaxOps } from '@tenfold/tensor-core';
import { any, other, positive, type Samples } from './inputs.ts';

export const softmax: Samples<SoftmaxOps> = {
  softmaxBackward: [[(g, y) => dispatch(builtinOps.softmaxBackward, [g, y], { dim: 1 }), any(2, 3), positive(2, 3)]],
  logSoftmaxBackward: [[(g, y) => dispatch(builtinOps.logSoftmaxBackward, [g, y], { dim: 0 }), any(2, 3), other(2, 3)]],
};
