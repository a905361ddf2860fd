import type { OpSpec } from '../spec.ts';

export interface MovementOps {}

export const movement: { readonly [K in keyof MovementOps]: OpSpec<MovementOps[K]> } = {};
