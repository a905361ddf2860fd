import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createArgReduce(_gpu: Gpu): Runtime<Buffer>['argReduce'] {
  return () => {
    throw new BackendError('webgpu: argReduce is being written');
  };
}
