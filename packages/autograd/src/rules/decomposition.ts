/** Derivatives: matrix decompositions and what is solved by them. */
import type { DecompositionOps } from '@tenfold/tensor-core';
import type { Rules } from '../rule.ts';

export const decomposition: Rules<DecompositionOps> = {};
