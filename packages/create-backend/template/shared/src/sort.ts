import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Stable sorting along a dim. */
export const sort: Runtime<Memory>['sort'] = () => notWritten('sort', 'step-8-sort');
