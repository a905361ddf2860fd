import type { OpSpec } from '../spec.ts';

export interface RandomOps {}

export const random: { readonly [K in keyof RandomOps]: OpSpec<RandomOps[K]> } = {};
