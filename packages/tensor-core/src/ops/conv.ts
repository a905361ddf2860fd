/** Convolutions. */
import type { OpSpec } from '../spec.ts';

/** Convolutions, by op name. */
// biome-ignore lint/suspicious/noEmptyInterface: filled in this step
export interface ConvOps {}

/** Rows by op name. */
export const conv: { readonly [K in keyof ConvOps]: OpSpec<ConvOps[K]> } = {};
