/** How these are called: padding, windows as columns, resizing and sampling of images. */
import type { SpatialOps } from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

export const spatial: Cases<SpatialOps> = {};

/** Methods and functions that are made of other ops. */
export const spatialMethods: { readonly [name: string]: OpCase } = {};
