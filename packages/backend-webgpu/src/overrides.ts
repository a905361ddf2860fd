/** Kernels of the backend's own for ops that core could derive. */
import type { Override } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';
import { attentionOverrides } from './overrides/attention.ts';
import { lossOverrides } from './overrides/loss.ts';
import { normOverrides } from './overrides/norm.ts';
import { poolOverrides } from './overrides/pool.ts';
import { softmaxOverrides } from './overrides/softmax.ts';
import type { Families } from './runtime.ts';

/** By op name. */
export function createOverrides(gpu: Gpu, families: Families): { readonly [op: string]: Override<Buffer> } {
  return {
    ...softmaxOverrides(gpu),
    ...normOverrides(gpu, families),
    ...lossOverrides(gpu),
    ...poolOverrides(gpu),
    ...attentionOverrides(gpu),
  };
}
