/** The demo on CUDA, here on the emulated driver of tools/cuda-emulator. */
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { folder, start } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why CUDA can't be tested here, or `null`. */
    readonly noCuda: string | null;
    /** The driver library that runs kernels on the CPU. */
    readonly cudaDriver: string;
  }
}

const missing = inject('noCuda');
const variables = { TENFOLD_CUDA_DRIVER: inject('cudaDriver') };

it.skipIf(missing !== null).each([
  ['line', 0.02],
  ['penguins', 1e-6],
] as const)(
  `%s trains on cuda in float64${missing ? `: ${missing}` : ''}`,
  { timeout: 240_000 },
  async (example, tolerance) => {
    const epochs = example === 'line' ? ['--epochs', '300'] : [];
    const flags = [
      '--json',
      '--example',
      example,
      '--device',
      'cuda',
      ...epochs,
      '--out',
      join(folder, `cuda-${example}`),
    ];
    const { code, stdout, stderr } = await start(flags, variables).ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result.device).toBe('cuda');
    const rows: { fitted: number; exact: number }[] = result.standardized ?? result.coefficients;
    for (const { fitted, exact } of rows) expect(Math.abs(fitted - exact)).toBeLessThan(tolerance);
  },
);

it.skipIf(missing !== null)('takes the card where none is asked for', async () => {
  const flags = ['--json', '--example', 'line', '--epochs', '2', '--out', join(folder, 'cuda-unasked')];
  const { stdout } = await start(flags, variables).ended;
  expect(JSON.parse(stdout).results[0].device).toBe('cuda:0');
});
