import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createReduce(_gpu: Gpu): Runtime<Buffer>['reduce'] {
  return () => {
    throw new BackendError('webgpu: reduce is being written');
  };
}
