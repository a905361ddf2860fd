/** Steps of optimisers, as `exportTrainingStep` writes them. */
import type { OptimOps } from '@tenfold/tensor-core';
import { writeStep } from './step.ts';
import type { Symbols } from './symbol.ts';

/** Rows by op name. */
export const optim: Symbols<OptimOps> = { sgdStep: writeStep, adamStep: writeStep, rmspropStep: writeStep };
