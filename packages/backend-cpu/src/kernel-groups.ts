/** Kernels of ops that are no methods of tensors. Each group is a value of its own, so that a bundler leaves out what a page does not name. */
import { loss } from './direct/loss.ts';
import { pool } from './direct/pool.ts';
import type { KernelGroup } from './engine.ts';
import { equations as equationKernels } from './kernels/equations.ts';
import { attentionOverrides } from './wasm/attention.ts';
import { channelOverrides } from './wasm/channel-norm.ts';
import { convolutionOverrides } from './wasm/convolution.ts';
import { layerOverrides } from './wasm/norm.ts';

/** `scaledDotProductAttention` and its gradients. */
export const attention: KernelGroup = { wasm: attentionOverrides };

/** `layerNorm`, `rmsNorm`, `batchNorm`, `groupNorm`, and their gradients. */
export const norms: KernelGroup = {
  wasm: (families) => ({ ...layerOverrides(families), ...channelOverrides(families) }),
};

/** `nllLoss`, with it `crossEntropy`, and its gradient. */
export const losses: KernelGroup = { wasm: () => loss };

/** Pooling by averages. */
export const pooling: KernelGroup = { wasm: () => pool };

/** Convolutions: those of 3 × 3 kernels and those of each channel alone. Without it all are products over windows. */
export const convolutions: KernelGroup = { wasm: (families, machine) => convolutionOverrides(machine, families) };

/** `linalg.solve`, `linalg.inv` of many right sides, LU factors, and the gradients of determinants: these ops can't do without it. */
export const equations: KernelGroup = { plain: equationKernels };

/** Every group. */
export const allKernels: readonly KernelGroup[] = [attention, norms, losses, pooling, convolutions, equations];
