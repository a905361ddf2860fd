/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createReduce(_cuda: Cuda): Runtime<Buffer>['reduce'] {
  return () => {
    throw new Error('createReduce is being written');
  };
}
