/** Attention is exported as the ops it is made of: ONNX has an op for it from opset 23 on only. */
import type { AttentionOps } from '@tenfold/tensor-core';
import { type Symbols, viaBody } from './symbol.ts';

/** Rows by op name. */
export const attention: Symbols<AttentionOps> = {
  scaledDotProductAttention: viaBody,
  scaledDotProductAttentionBackward: viaBody,
};
