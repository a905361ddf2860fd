/** Where the derivatives of this family are checked. */
import type { SpatialOps } from '@tenfold/tensor-core';
import type { Samples } from './inputs.ts';

export const spatial: Samples<SpatialOps> = {};
