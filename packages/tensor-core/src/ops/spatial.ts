/** Padding, windows as columns, resizing and sampling of images. */
import type { OpSpec } from '../spec.ts';

/** Padding, windows as columns, resizing and sampling of images, by op name. */
// biome-ignore lint/suspicious/noEmptyInterface: filled in this step
export interface SpatialOps {}

/** Rows by op name. */
export const spatial: { readonly [K in keyof SpatialOps]: OpSpec<SpatialOps[K]> } = {};
