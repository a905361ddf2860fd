import type { OpSpec } from '../spec.ts';

export interface IndexOps {}

export const index: { readonly [K in keyof IndexOps]: OpSpec<IndexOps[K]> } = {};
