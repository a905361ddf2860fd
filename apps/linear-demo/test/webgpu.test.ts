/** The demo on a GPU, here Dawn's on SwiftShader. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, run } from './run.ts';

it.each([
  ['line', 0.02],
  ['penguins', 1e-3],
] as const)('%s trains on webgpu in float32', { timeout: 240_000 }, async (example, tolerance) => {
  const { code, stdout, stderr } = await run(
    '--json',
    '--example',
    example,
    '--device',
    'webgpu',
    ...(example === 'line' ? ['--epochs', '300'] : []),
    '--out',
    join(folder, `webgpu-${example}`),
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const [result] = JSON.parse(stdout).results;
  expect(result.device).toBe('webgpu');
  const rows: { fitted: number; exact: number }[] = result.standardized ?? result.coefficients;
  for (const { fitted, exact } of rows) expect(Math.abs(fitted - exact)).toBeLessThan(tolerance);
});

it('says what webgpu has where float64 is asked of it', async () => {
  const { code, stderr } = await run('--device', 'webgpu', '--dtype', 'float64', '--out', join(folder, 'webgpu-f64'));
  expect(code).toBe(2);
  expect(stderr).toContain("--dtype float64: device 'webgpu' has only float32");
});
