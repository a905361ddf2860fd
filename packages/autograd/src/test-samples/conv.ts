/** Where the derivatives of this family are checked. */
import type { ConvOps } from '@tenfold/tensor-core';
import type { Samples } from './inputs.ts';

export const conv: Samples<ConvOps> = {};
