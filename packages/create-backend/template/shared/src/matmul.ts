import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Products of matrices, and with them convolutions: sums over dims that two views share. */
export const matmul: Runtime<Memory>['matmul'] = () => notWritten('matmul', 'step-6-matmul');
