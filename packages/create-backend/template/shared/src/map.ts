import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** An expression for every element of strided views: all pointwise ops, casts, fills and copies. */
export const map: Runtime<Memory>['map'] = () => notWritten('map', 'step-2-map');
