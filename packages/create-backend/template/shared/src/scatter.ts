import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Elements combined into a view at an index along a dim. */
export const scatter: Runtime<Memory>['scatter'] = () => notWritten('scatter', 'step-7-gather-and-scatter');
