/** The bench of CUDA: every row, of tiny sizes, on the emulated driver of tools/cuda-emulator. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { cudaRows } from '../src/cuda-rows.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why CUDA can't be tested here, or `null`. */
    readonly noCuda: string | null;
    /** The driver library that runs kernels on the CPU. */
    readonly cudaDriver: string;
  }
}

const missing = inject('noCuda');
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const flags = ['--device', 'cuda', '--quick', '--rounds', '1', '--ms', '2'];

const bench = (more: readonly string[], driver: string = inject('cudaDriver')) =>
  promisify(execFile)(process.execPath, [main, ...flags, ...more], {
    env: { ...process.env, TENFOLD_CUDA_DRIVER: driver },
  });

it.skipIf(missing !== null)(`runs every row${missing ? `: ${missing}` : ''}`, async () => {
  const { measured, isTrial, absent } = JSON.parse((await bench(['--json'])).stdout);
  expect(isTrial).toBe(true);
  const names = measured.map(({ row }: { row: { name: string } }) => row.name);
  expect(names).toEqual(cudaRows(true).map(({ name }) => name));
  for (const { row, times, errors } of measured) {
    expect(errors.tenfold, row.name).toBeUndefined();
    expect(times.tenfold, row.name).toBeGreaterThan(0);
    // PyTorch on a processor lacks some of half precision, and an old one attention
    if (!absent.pytorch && !/float16|attention|transformer/.test(row.name)) expect(errors.pytorch).toBeUndefined();
  }
});

it.skipIf(missing !== null)('refuses to write times of an emulated card', async () => {
  const failed = bench(['--only', 'add 4', '--write', 'nowhere.md']);
  await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--write: times of an') });
});

it.skipIf(missing !== null)('says why there is no device', async () => {
  const failed = bench(['--only', 'add 4'], '/nowhere/libcuda.so.1');
  await expect(failed).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^bench: --device cuda: .*\/nowhere/),
  });
});
