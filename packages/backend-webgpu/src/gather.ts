import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createGather(_gpu: Gpu): Runtime<Buffer>['gather'] {
  return () => {
    throw new BackendError('webgpu: gather is being written');
  };
}
