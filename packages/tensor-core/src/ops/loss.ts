import type { OpSpec } from '../spec.ts';

export interface LossOps {}

export const loss: { readonly [K in keyof LossOps]: OpSpec<LossOps[K]> } = {};
