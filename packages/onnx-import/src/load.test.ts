import '@tenfold/backend-cpu/register';
import { Linear, ReLU, Sequential } from '@tenfold/nn';
import { toOnnx } from '@tenfold/onnx-export';
import { randn, type Tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { loadOnnx } from './load.ts';

const mlp = (): Sequential =>
  new Sequential(new Linear(2, 8, { dtype: 'float64' }), new ReLU(), new Linear(8, 1, { dtype: 'float64' }));

describe('an MLP', () => {
  test('gives what the original gives, and has its names', async () => {
    const model = mlp();
    const x = randn([3, 2], { dtype: 'float64' });
    const loaded = await loadOnnx(await toOnnx(model, x, { dynamicAxes: { x: { 0: 'batch' } } }));
    expect(Object.keys(loaded.stateDict()).sort()).toEqual(Object.keys(model.stateDict()).sort());
    for (const rows of [1, 5]) {
      const input = randn([rows, 2], { dtype: 'float64' });
      expect((loaded.forward(input) as Tensor).toArraySync()).toEqual(model.forward(input).toArraySync());
    }
  });
});
