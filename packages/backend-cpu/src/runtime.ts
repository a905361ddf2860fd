/** The whole CPU backend. */
import { type Backend, checkOptions } from '@tenfold/tensor-core';
import type { Buffer } from './elements.ts';
import { type CpuEngine, cpuWith } from './engine.ts';
import { allKernels } from './kernel-groups.ts';

/** Options of {@link cpu}. */
export interface CpuOptions {
  readonly engine?: CpuEngine;
}

/**
 * The CPU backend, for `registerBackend(cpu())`: device `'cpu'`, all dtypes, Node and browsers.
 *
 * @example
 * import { registerBackend, tensor } from '@tenfold/tensor-core';
 * import { cpu } from '@tenfold/backend-cpu';
 * registerBackend(cpu());
 * console.log(tensor([1, 2]).add(1)); // tensor([2., 3.])
 */
export function cpu(options: CpuOptions = {}): Backend<Buffer> {
  checkOptions('cpu', options, ['engine']);
  return cpuWith(allKernels, options.engine);
}
