import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** Uniform and normal numbers from a Philox stream. */
export const random: Runtime<Memory>['random'] = () => notWritten('random', 'step-9-random');

/** Integers from a Philox stream. */
export const randomIntegers: Runtime<Memory>['randomIntegers'] = () => notWritten('randomIntegers', 'step-9-random');
