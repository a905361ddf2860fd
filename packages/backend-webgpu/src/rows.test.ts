/** Kernels over rows in each of their layouts, also those that the device of the tests would not choose, against formulas in float64. */
import { describe, expect, it } from 'vitest';
import { acquire } from './acquire.ts';
import { elementType } from './elements.ts';
import { Gpu } from './gpu.ts';
import { softmaxOverrides } from './overrides/softmax.ts';
import type { View } from './shader.ts';

const { device } = await acquire({});
const layouts = {
  'as this device does': new Gpu(device),
  'as devices without quads do': new Gpu(device, { quads: false }),
};

const type = elementType('float32');

function viewOf(gpu: Gpu, shape: readonly number[], values: Float32Array<ArrayBuffer>): View {
  const buffer = gpu.pool.allocate(values.byteLength, type);
  gpu.write(buffer, 0, values);
  return { dtype: 'float32', storage: { buffer }, offset: 0, shape, strides: [shape[1], 1] };
}

/** Numbers that repeat after a long while. */
const numbers = (count: number, scale: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => (((i * 7919) % 1009) / 1009 - 0.5) * scale);

/** A row at a time. */
const byRows = (length: number, lists: readonly Float32Array[], row: (...rows: number[][]) => number[]): number[] =>
  Array.from({ length: lists[0].length / length }, (_, r) =>
    row(...lists.map((list) => Array.from(list.subarray(r * length, (r + 1) * length)))),
  ).flat();

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

function softmaxOf(x: readonly number[]): number[] {
  const most = x.reduce((a, b) => Math.max(a, b));
  const powers = x.map((value) => Math.exp(value - most));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

const formulas: { readonly [op: string]: (...rows: number[][]) => number[] } = {
  softmax: softmaxOf,
  logSoftmax: (x) => softmaxOf(x).map(Math.log),
  softmaxBackward(g, y) {
    const share = sum(g.map((value, i) => value * y[i]));
    return g.map((value, i) => y[i] * (value - share));
  },
  logSoftmaxBackward(g, y) {
    const total = sum(g);
    return g.map((value, i) => value - Math.exp(y[i]) * total);
  },
};

describe.each(Object.entries(layouts))('rows %s', (_, gpu) => {
  it.each([
    [3, 1],
    [70, 15],
    [70, 16],
    [5, 37],
    [300, 64],
    [9, 256],
    [9, 257],
    [4, 1000],
    [3, 4096],
    [2, 4099],
    [1, 20_000],
  ])('%i of %i elements', async (count, length) => {
    const shape = [count, length];
    for (const [op, formula] of Object.entries(formulas)) {
      const inputs = op.endsWith('Backward')
        ? [numbers(count * length, 2), numbers(count * length, 3).map((x) => x - 2)]
        : [numbers(count * length, 20)];
      const out = viewOf(gpu, shape, new Float32Array(count * length).fill(77));
      softmaxOverrides(gpu)[op].run(
        [out],
        inputs.map((values) => viewOf(gpu, shape, values)),
        { dim: 1 },
      );
      const found = new Float32Array(await gpu.read(out.storage.buffer, 0, count * length * 4));
      const wanted = byRows(length, inputs, formula);
      const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      wanted.forEach((value, i) => {
        if (!(Math.abs(found[i] - value) <= 4e-6 * scale))
          expect.fail(`${op}, element ${i}: ${found[i]}, not ${value}`);
      });
    }
  });
});
