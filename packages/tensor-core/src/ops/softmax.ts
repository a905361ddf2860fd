import type { OpSpec } from '../spec.ts';

export interface SoftmaxOps {}

export const softmax: { readonly [K in keyof SoftmaxOps]: OpSpec<SoftmaxOps[K]> } = {};
