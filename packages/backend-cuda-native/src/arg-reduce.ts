/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createArgReduce(_cuda: Cuda): Runtime<Buffer>['argReduce'] {
  return () => {
    throw new Error('createArgReduce is being written');
  };
}
