import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Running sums, products and extremes along a dim. */
export const scan: Runtime<Memory>['scan'] = () => notWritten('scan', 'step-5-scan');
