/** Matrix decompositions and what is solved by them. */
import type { OpSpec } from '../spec.ts';

/** Matrix decompositions and what is solved by them, by op name. */
// biome-ignore lint/suspicious/noEmptyInterface: filled in this step
export interface DecompositionOps {}

/** Rows by op name. */
export const decomposition: { readonly [K in keyof DecompositionOps]: OpSpec<DecompositionOps[K]> } = {};
