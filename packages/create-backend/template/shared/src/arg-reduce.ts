import type { Runtime } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { notWritten } from './not-written.ts';

/** The position of the largest or smallest element over some dims. */
export const argReduce: Runtime<Memory>['argReduce'] = () => notWritten('argReduce', 'step-4-argreduce');
