/** Derivatives: pooling over windows. */
import type { PoolOps } from '@tenfold/tensor-core';
import type { Rules } from '../rule.ts';

export const pool: Rules<PoolOps> = {};
