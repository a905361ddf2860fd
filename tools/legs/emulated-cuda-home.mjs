/** Builds what tests of CUDA need on a machine without a card: the addon, its kernels, and the emulated driver that runs them. */
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels } from '../../packages/backend-cuda-native/scripts/build-kernels.mjs';
import { buildNative } from '../../packages/backend-cuda-native/scripts/build-native.mjs';
import { cache } from '../bootstrap/fetch.mjs';
import { buildEmulator } from '../cuda-emulator/build.mjs';

/** Where the driver of the last build is: a place that is known before it is built. */
export const driver = join(cache, 'cuda-emulator/current/libcuda.so.1');

/** @returns {Promise<string | null>} why CUDA can't be tested here, or `null` */
async function build() {
  const addon = buildNative();
  if ('reason' in addon) return addon.reason;
  const kernels = await buildKernels();
  if (kernels) return kernels;
  const emulator = await buildEmulator();
  if ('reason' in emulator) return emulator.reason;
  mkdirSync(dirname(dirname(driver)), { recursive: true });
  const link = dirname(driver);
  // another process may look at it meanwhile
  rmSync(`${link}.${process.pid}`, { force: true });
  symlinkSync(dirname(emulator.driver), `${link}.${process.pid}`);
  renameSync(`${link}.${process.pid}`, link);
  return null;
}

/** A second driver, whose kernels are those of the emulator's own tests; tests of the addon need no other. */
async function buildTestDriver() {
  const kernels = fileURLToPath(new URL('../cuda-emulator/test/kernels.cu', import.meta.url));
  const emulator = await buildEmulator({ kernels: [kernels] });
  return 'reason' in emulator ? null : emulator.driver;
}

/**
 * @typedef {{ noCuda: string | null, cudaTestDriver: string | null }} Provided what tests read by `inject`
 * @param {{ provide: <K extends keyof Provided>(name: K, value: Provided[K]) => void }} project vitest's
 */
export async function setup({ provide }) {
  provide('noCuda', await build());
  provide('cudaTestDriver', await buildTestDriver());
}
