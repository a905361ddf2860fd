/** Optimiser steps run with grad mode off and are not differentiated. */
import type { OptimOps } from '@tenfold/tensor-core';
import { noGradient, type Rules } from '../rule.ts';

export const optim: Rules<OptimOps> = {
  sgdStep: noGradient,
  adamStep: noGradient,
  rmspropStep: noGradient,
};
