/** How these are called: pooling over windows. */
import type { PoolOps } from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

export const pool: Cases<PoolOps> = {};

/** Methods and functions that are made of other ops. */
export const poolMethods: { readonly [name: string]: OpCase } = {};
