/** In ONNX: padding, windows as columns, resizing and sampling of images. */
import type { SpatialOps } from '@tenfold/tensor-core';
import type { Symbols } from './symbol.ts';

/** Rows by op name. */
export const spatial: Symbols<SpatialOps> = {};
