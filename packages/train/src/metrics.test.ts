import '@tenfold/backend-cpu/register';
import { tensor } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { Accuracy, ConfusionMatrix, F1Score, RunningMean } from './index.ts';

it('smoke', async () => {
  const a = new Accuracy({ task: 'multiclass', numClasses: 3 });
  const f = new F1Score({ task: 'multiclass', numClasses: 3, average: 'macro' });
  const c = new ConfusionMatrix({ task: 'multiclass', numClasses: 3, normalize: 'true' });
  const p = tensor([2, 1, 0, 0], { dtype: 'int64' }),
    t = tensor([2, 1, 0, 1], { dtype: 'int64' });
  for (const m of [a, f, c]) m.update(p, t);
  expect([await a.compute().item(), await f.compute().item(), await c.compute().toArray()]).toEqual([
    0.75,
    0.7777778506278992,
    [
      [1, 0, 0],
      [0.5, 0.5, 0],
      [0, 0, 1],
    ],
  ]);
  expect(() => a.update(tensor([3], { dtype: 'int64' }), tensor([0], { dtype: 'int64' }))).toThrow('x');
});
it('neg', async () => {
  const a = new Accuracy({ task: 'multiclass', numClasses: 3 });
  expect(() => a.update(tensor([-1], { dtype: 'int64' }), tensor([0], { dtype: 'int64' }))).toThrow('x');
});
it('mean', async () => {
  const m = new RunningMean({ window: 2 });
  for (const x of [1, 2, 3]) m.update(x);
  expect(await m.compute().item()).toBe(2.5);
  m.update(tensor([1, 2]), tensor([[1], [3]]));
  expect(await m.compute().item()).toBeCloseTo(15 / 9);
});
