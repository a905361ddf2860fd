/** Optimiser steps are no part of a model. */
import type { OptimOps } from '@tenfold/tensor-core';
import { type Symbols, unsupported } from './symbol.ts';

const training = unsupported('a step of an optimiser trains a model and is no part of what is exported');

/** Rows by op name. */
export const optim: Symbols<OptimOps> = { sgdStep: training, adamStep: training, rmspropStep: training };
