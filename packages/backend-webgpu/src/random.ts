import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createRandom(_gpu: Gpu): Runtime<Buffer>['random'] {
  return () => {
    throw new BackendError('webgpu: random is being written');
  };
}
