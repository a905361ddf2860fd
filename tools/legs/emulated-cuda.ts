/** CUDA in Node with no card: the addon over the emulated driver of tools/cuda-emulator. */
import { fileURLToPath } from 'node:url';
import { driver } from './emulated-cuda-home.mjs';
import { poolOf } from './node-pool.ts';

/** What builds all that before the first test. */
export const globalSetup = fileURLToPath(new URL('emulated-cuda-home.mjs', import.meta.url));

/** The options of a vitest project whose tests use CUDA. */
export const onEmulatedCuda = () => ({
  globalSetup,
  pool: poolOf({ name: 'cuda', env: { TENFOLD_CUDA_DRIVER: driver } }),
});
