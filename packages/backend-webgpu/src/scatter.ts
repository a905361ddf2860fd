import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createScatter(_gpu: Gpu): Runtime<Buffer>['scatter'] {
  return () => {
    throw new BackendError('webgpu: scatter is being written');
  };
}
