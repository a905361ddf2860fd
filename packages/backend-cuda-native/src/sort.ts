/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createSort(_cuda: Cuda): Runtime<Buffer>['sort'] {
  return () => {
    throw new Error('createSort is being written');
  };
}
