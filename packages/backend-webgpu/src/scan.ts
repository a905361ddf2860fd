import { BackendError, type Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';

export function createScan(_gpu: Gpu): Runtime<Buffer>['scan'] {
  return () => {
    throw new BackendError('webgpu: scan is being written');
  };
}
