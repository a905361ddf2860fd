import type { OpSpec } from '../spec.ts';

export interface LinalgOps {}

export const linalg: { readonly [K in keyof LinalgOps]: OpSpec<LinalgOps[K]> } = {};
