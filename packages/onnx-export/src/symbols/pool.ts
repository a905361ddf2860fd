/** In ONNX: pooling over windows. */
import type { PoolOps } from '@tenfold/tensor-core';
import type { Symbols } from './symbol.ts';

/** Rows by op name. */
export const pool: Symbols<PoolOps> = {};
