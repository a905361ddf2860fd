import type { OpSpec } from '../spec.ts';

export interface ReduceOps {}

export const reduce: { readonly [K in keyof ReduceOps]: OpSpec<ReduceOps[K]> } = {};
