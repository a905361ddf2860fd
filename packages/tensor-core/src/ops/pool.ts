/** Pooling over windows. */
import type { OpSpec } from '../spec.ts';

/** Pooling over windows, by op name. */
// biome-ignore lint/suspicious/noEmptyInterface: filled in this step
export interface PoolOps {}

/** Rows by op name. */
export const pool: { readonly [K in keyof PoolOps]: OpSpec<PoolOps[K]> } = {};
