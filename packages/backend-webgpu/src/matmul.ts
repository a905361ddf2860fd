import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createMatmul(_gpu: Gpu): Runtime<Buffer>['matmul'] {
  return () => {
    throw new BackendError('webgpu: matmul is being written');
  };
}
