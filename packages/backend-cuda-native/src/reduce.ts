/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';
import type { Programs } from './programs.ts';

export function createReduce(_cuda: Cuda, _programs: Programs): Runtime<Buffer>['reduce'] {
  return () => {
    throw new Error('createReduce is being written');
  };
}
