/** How these are called: matrix decompositions and what is solved by them. */
import type { DecompositionOps } from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';

export const decomposition: Cases<DecompositionOps> = {};

/** Methods and functions that are made of other ops. */
export const decompositionMethods: { readonly [name: string]: OpCase } = {};
