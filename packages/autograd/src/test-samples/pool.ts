/** Where the derivatives of this family are checked. */
import type { PoolOps } from '@tenfold/tensor-core';
import type { Samples } from './inputs.ts';

export const pool: Samples<PoolOps> = {};
