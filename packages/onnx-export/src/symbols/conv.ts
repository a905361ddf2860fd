/** In ONNX: convolutions. */
import type { ConvOps } from '@tenfold/tensor-core';
import type { Symbols } from './symbol.ts';

/** Rows by op name. */
export const conv: Symbols<ConvOps> = {};
