/** Where the derivatives of this family are checked. */
import { type AttentionOps, builtinOps, dispatch, scaledDotProductAttention } from '@tenfold/tensor-core';
import { any, bools, other, positive, type Samples } from './inputs.ts';

const mask = bools([
  [true, false, true],
  [true, true, false],
]);
const attrs = { isCausal: false, scale: 0.7 };

export const attention: Samples<AttentionOps> = {
  scaledDotProductAttention: [
    [(q, k, v) => scaledDotProductAttention(q, k, v), any(2, 4), other(3, 4), positive(3, 2)],
    [
      (q, k, v, m) => scaledDotProductAttention(q, k, v, { attnMask: m, scale: 0.5 }),
      any(2, 2, 2),
      other(1, 3, 2),
      positive(3, 2),
      other(2, 1, 3),
    ],
    [
      (q, k, v) => scaledDotProductAttention(q, k, v, { attnMask: mask }),
      any(2, 2, 2),
      other(3, 2),
      positive(2, 2, 3, 1),
    ],
    [(q, k, v) => scaledDotProductAttention(q, k, v, { isCausal: true }), any(3, 2), other(3, 2), positive(3, 2)],
    [
      (q, k, v, m) => dispatch(builtinOps.scaledDotProductAttention, [q, k, v, m], attrs),
      any(2, 2),
      other(3, 2),
      positive(2, 3, 2),
      other(2, 3),
    ],
  ],
  scaledDotProductAttentionBackward: [
    [
      (g, s, q, k, v, m) => {
        const [out, sum] = dispatch(builtinOps.scaledDotProductAttention, [q, k, v, m], attrs);
        return dispatch(builtinOps.scaledDotProductAttentionBackward, [g, s, q, k, v, m, out, sum], {
          ...attrs,
          wanted: [true, true, true, true],
        });
      },
      any(2, 2),
      other(2),
      any(2, 2),
      other(3, 2),
      positive(3, 2),
      other(2, 3),
    ],
    [
      (g, q, k, v) => {
        const [out, sum] = dispatch(builtinOps.scaledDotProductAttention, [q, k, v, mask], attrs);
        return dispatch(builtinOps.scaledDotProductAttentionBackward, [g, null, q, k, v, mask, out, sum], {
          ...attrs,
          wanted: [false, true, true, false],
        });
      },
      any(2, 2),
      any(2, 2),
      other(3, 2),
      positive(3, 2),
    ],
  ],
};
