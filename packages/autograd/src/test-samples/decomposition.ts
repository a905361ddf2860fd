/** Where the derivatives of this family are checked. */
import type { DecompositionOps } from '@tenfold/tensor-core';
import type { Samples } from './inputs.ts';

export const decomposition: Samples<DecompositionOps> = {};
