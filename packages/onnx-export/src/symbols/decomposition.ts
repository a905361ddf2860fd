/** In ONNX: matrix decompositions and what is solved by them. */
import type { DecompositionOps } from '@tenfold/tensor-core';
import type { Symbols } from './symbol.ts';

/** Rows by op name. */
export const decomposition: Symbols<DecompositionOps> = {};
