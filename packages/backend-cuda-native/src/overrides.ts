/** Kernels of the backend's own for ops that core could derive. */
import type { Override } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import type { Buffer } from './elements.ts';
import { attentionOverrides } from './overrides/attention.ts';
import { lossOverrides } from './overrides/loss.ts';
import { normOverrides } from './overrides/norm.ts';
import { optimizerOverrides } from './overrides/optimizer.ts';
import { poolOverrides } from './overrides/pool.ts';
import { softmaxOverrides } from './overrides/softmax.ts';
import type { Families } from './runtime.ts';

/** By op name. */
export function createOverrides(cuda: Cuda, families: Families): { readonly [op: string]: Override<Buffer> } {
  return {
    ...attentionOverrides(cuda),
    ...softmaxOverrides(cuda),
    ...normOverrides(cuda),
    ...optimizerOverrides(cuda, families),
    ...lossOverrides(cuda),
    ...poolOverrides(cuda),
  };
}
