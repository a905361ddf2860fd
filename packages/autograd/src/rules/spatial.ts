/** Derivatives: padding, windows as columns, resizing and sampling of images. */
import type { SpatialOps } from '@tenfold/tensor-core';
import type { Rules } from '../rule.ts';

export const spatial: Rules<SpatialOps> = {};
