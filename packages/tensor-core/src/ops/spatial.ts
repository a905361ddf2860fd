/** Padding, windows as columns, resizing and sampling of images. */
import type { OpSpec } from '../spec.ts';
import { type ColumnsOps, columns } from './columns.ts';
import { type GridSampleOps, gridSample } from './grid-sample.ts';
import { type InterpolateOps, interpolate } from './interpolate.ts';
import { type PadOps, pad } from './pad.ts';
import { type ShuffleOps, shuffle } from './shuffle.ts';

/** Padding, windows as columns, resizing and sampling of images, by op name. */
export interface SpatialOps extends PadOps, ColumnsOps, InterpolateOps, ShuffleOps, GridSampleOps {}

/** Rows by op name. */
export const spatial: { readonly [K in keyof SpatialOps]: OpSpec<SpatialOps[K]> } = {
  ...pad,
  ...columns,
  ...interpolate,
  ...shuffle,
  ...gridSample,
};
