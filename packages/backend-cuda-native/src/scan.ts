/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createScan(_cuda: Cuda): Runtime<Buffer>['scan'] {
  return () => {
    throw new Error('createScan is being written');
  };
}
