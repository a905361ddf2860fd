/** Kernels of ops that are no methods of tensors. Each group is a value of its own, so that a bundler leaves out what a page does not name. */
import { loss } from './direct/loss.ts';
import { pool } from './direct/pool.ts';
import type { KernelGroup } from './engine.ts';
import { attentionOverrides } from './wasm/attention.ts';
import { channelOverrides } from './wasm/channel-norm.ts';
import { layerOverrides } from './wasm/norm.ts';

/** `scaledDotProductAttention` and its gradients. */
export const attention: KernelGroup = attentionOverrides;

/** `layerNorm`, `rmsNorm`, `batchNorm`, `groupNorm`, and their gradients. */
export const norms: KernelGroup = (families) => ({ ...layerOverrides(families), ...channelOverrides(families) });

/** `nllLoss`, with it `crossEntropy`, and its gradient. */
export const losses: KernelGroup = () => loss;

/** Pooling by averages. */
export const pooling: KernelGroup = () => pool;

/** Every group. */
export const allKernels: readonly KernelGroup[] = [attention, norms, losses, pooling];
