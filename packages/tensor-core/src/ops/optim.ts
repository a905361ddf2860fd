import type { OpSpec } from '../spec.ts';

export interface OptimOps {}

export const optim: { readonly [K in keyof OptimOps]: OpSpec<OptimOps[K]> } = {};
