/** Kernels are compiled in the background: what is recorded meanwhile waits, and nothing overtakes it. */
import { registerBackend, type Tensor, tensor } from '@tenfold/tensor-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type WebGpuBackend, webgpu } from './runtime.ts';

const device = 'webgpu';
let backend: WebGpuBackend;

// a device of its own for each test: no kernel has been compiled
beforeEach(async () => {
  backend = await webgpu();
  registerBackend(backend);
});
afterEach(() => backend.destroy());

it('an upload does not overtake a batch whose kernels are still compiled', async () => {
  const x = tensor([1, 2, 3], { device });
  const before = x.exp();
  // written while the exponentials of what was there wait
  x.copy_(tensor([0, 0, 0], { device }));
  const after = x.add(1);
  const [first, second] = (await Promise.all([before.toArray(), after.toArray()])) as number[][];
  for (const [i, value] of first.entries()) expect(value).toBeCloseTo(Math.exp(i + 1), 4);
  expect(second).toEqual([1, 1, 1]);
});

const functions = [
  'exp',
  'log',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'atanh',
  'asinh',
  'log1p',
  'expm1',
  'sqrt',
  'floor',
  'ceil',
  'abs',
  'log2',
  'log10',
  'trunc',
  'sign',
] as const satisfies readonly (keyof Math)[];

it('a loop that never awaits compiles what it needs, step by step, and gives the right numbers', async () => {
  const x = tensor([0.25, 0.5], { device });
  // an upload to memory in use ends a batch: more batches than may wait
  const results = functions.map((name): readonly [typeof name, Tensor] => {
    const result = x[name]();
    x.copy_(tensor([0.25, 0.5], { device }));
    return [name, result];
  });
  for (const [name, result] of results) {
    const values = (await result.toArray()) as number[];
    for (const [i, value] of values.entries())
      expect(value, name).toBeCloseTo((Math[name] as (x: number) => number)([0.25, 0.5][i]), 5);
  }
});
