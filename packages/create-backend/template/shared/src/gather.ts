import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Elements picked by an index along a dim. */
export const gather: Runtime<Memory>['gather'] = () => notWritten('gather', 'step-7-gather-and-scatter');
