/** Being written. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';

export function createMatmul(
  _cuda: Cuda,
  _families: Pick<Runtime<Buffer>, 'map' | 'reduce'>,
): Runtime<Buffer>['matmul'] {
  return () => {
    throw new Error('createMatmul is being written');
  };
}
