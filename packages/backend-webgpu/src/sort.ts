import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createSort(_gpu: Gpu): Runtime<Buffer>['sort'] {
  return () => {
    throw new BackendError('webgpu: sort is being written');
  };
}
