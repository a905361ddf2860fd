import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Sums, products, extremes, any and all over some dims, of an expression. */
export const reduce: Runtime<Memory>['reduce'] = () => notWritten('reduce', 'step-3-reduce');
