/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createScatter(_cuda: Cuda, _sort: Runtime<Buffer>['sort']): Runtime<Buffer>['scatter'] {
  return () => {
    throw new Error('createScatter is being written');
  };
}
