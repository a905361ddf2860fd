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
  // asking the assembler takes as long as compiling: CI does
  const kernels = await buildKernels({ checked: Boolean(process.env.CI) });
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

/** @param {{ provide: (name: 'noCuda' | 'cudaDriver' | 'cudaTestDriver', value: string | null) => void }} project vitest's; tests read them by `inject` */
export async function setup({ provide }) {
  provide('noCuda', await build());
  provide('cudaDriver', driver);
  provide('cudaTestDriver', await buildTestDriver());
}
