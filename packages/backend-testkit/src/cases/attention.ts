/** How attention is called: queries, keys, values, and a mask if there is one. */
import type { AttentionOps } from '@tenfold/tensor-core';
import { scaledDotProductAttention } from '@tenfold/tensor-core';
import type { Cases } from '../case.ts';

export const attention: Cases<AttentionOps> = {
  scaledDotProductAttention: {
    call: ([query, key, value, attnMask], options) =>
      scaledDotProductAttention(query, key, value, { ...(attnMask ? { attnMask } : {}), ...options }),
  },
  scaledDotProductAttentionBackward: { none: 'the gradient of scaledDotProductAttention; sampled there' },
};
