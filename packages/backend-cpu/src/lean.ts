/**
 * `@tenfold/backend-cpu/lean`: the CPU backend for pages that count bytes. It has all that the methods of tensors need, at full speed; the kernels of
 * functions are groups to choose from.
 *
 * @packageDocumentation
 */
import { type Backend, checkOptions } from '@tenfold/tensor-core';
import type { Buffer } from './elements.ts';
import { type CpuEngine, cpuWith, type KernelGroup } from './engine.ts';

export type { KernelGroup } from './engine.ts';
export { attention, convolutions, equations, losses, norms, pooling } from './kernel-groups.ts';
export { getNumThreads, setNumThreads } from './threads.ts';

/** Options of {@link cpu}. */
export interface LeanOptions {
  readonly engine?: CpuEngine;
  /**
   * Kernels of functions that the page calls often: without them the functions run as core derives them from methods, less fast and with other last digits.
   * Only what `equations` has can't be derived, and throws a BackendError that says so.
   */
  readonly kernels?: readonly KernelGroup[];
}

/**
 * The CPU backend with the groups of kernels that are asked for.
 *
 * @example
 * import { registerBackend } from '@tenfold/tensor-core';
 * import { attention, cpu, norms } from '@tenfold/backend-cpu/lean';
 * registerBackend(cpu({ kernels: [attention, norms] }));
 */
export function cpu(options: LeanOptions = {}): Backend<Buffer> {
  checkOptions('cpu', options, ['engine', 'kernels']);
  return cpuWith(options.kernels ?? [], options.engine);
}
