/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createMap(_cuda: Cuda): Runtime<Buffer>['map'] {
  return () => {
    throw new Error('createMap is being written');
  };
}
