/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createGather(_cuda: Cuda): Runtime<Buffer>['gather'] {
  return () => {
    throw new Error('createGather is being written');
  };
}
