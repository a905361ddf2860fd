/** Derivatives: convolutions. */
import type { ConvOps } from '@tenfold/tensor-core';
import type { Rules } from '../rule.ts';

export const conv: Rules<ConvOps> = {};
