/** Kernels of the backend's own for ops that core could derive. */
import type { Override } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';
import { softmaxOverrides } from './overrides/softmax.ts';
import type { Families } from './runtime.ts';

/** By op name. */
export function createOverrides(gpu: Gpu, _families: Families): { readonly [op: string]: Override<Buffer> } {
  return { ...softmaxOverrides(gpu) };
}
