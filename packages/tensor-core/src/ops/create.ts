import type { OpSpec } from '../spec.ts';

export interface CreateOps {}

export const create: { readonly [K in keyof CreateOps]: OpSpec<CreateOps[K]> } = {};
