import type { Backend } from '@tenfold/tensor-core';
import type { Memory } from './memory.ts';
import { openRuntime } from './runtime.ts';

/** The backend, for `registerBackend(backend)`. */
export const backend: Backend<Memory> = {
  specVersion: 1,
  deviceType: '__DEVICE__',
  // never throws: a device that can't be used is { available: false, reason: 'why, in words' }
  probe: async () => [{ name: '__DEVICE__', available: true }],
  open: openRuntime,
};
