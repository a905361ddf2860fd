/** Gradients of windows (`select`, `slice`, what `unbind` and `chunk` give) are added where they show, and nobody else's memory is written. */
import '@tenfold/backend-cpu/register';
import { ones, randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { expect, test, vi } from 'vitest';
import { backward, grad } from './index.ts';

const float64 = { dtype: 'float64' } as const;
const count = 16;
const weighted = (parts: readonly Tensor[]): Tensor =>
  parts.map((part, i) => part.mul(i).sum()).reduce((sum, x) => sum.add(x));

test('n windows cost as much as the whole, not n times as much', () => {
  const x = randn([count, 8], { ...float64, requiresGrad: true });
  const { runtime } = x.storage.device;
  const loss = weighted(x.mul(2).unbind());
  const map = vi.spyOn(runtime, 'map');
  loss.backward();
  const wholes = map.mock.calls.filter(([outs]) => outs.some(({ shape }) => shape.length === 2 && shape[0] === count));
  map.mockRestore();
  // zeros, the first window, the derivative of mul: not one or more for each window
  expect(wholes.length).toBeLessThan(6);
  const expected = Array.from({ length: count }, (_, i) => new Array<number>(8).fill(2 * i));
  expect(x.grad?.toArraySync()).toEqual(expected);
});

test('windows may overlap, lie in dims of any order, and meet other gradients', () => {
  const x = randn([4, 6], { ...float64, requiresGrad: true });
  const loss = (y: Tensor): Tensor => {
    const parts = [...y.chunk(3, 1), y.slice(1, 1, 6, 2), y.t().narrow(0, 1, 2), y.select(0, -1), y.diagonal(), y];
    return parts
      .map((part, i) =>
        part
          .square()
          .mul(i + 1)
          .sum(),
      )
      .reduce((sum, part) => sum.add(part));
  };
  const [found] = grad([loss(x.mul(1))], [x]);
  // recorded, each is a tensor of the whole size
  const [recorded] = grad([loss(x.mul(1))], [x], { createGraph: true });
  expect(
    (found as Tensor)
      .sub(recorded as Tensor)
      .abs()
      .max()
      .itemSync(),
  ).toBeLessThan(1e-14);
});

test('gradients that others hold are not written', () => {
  const x = tensor([1, 2, 3], { ...float64, requiresGrad: true });
  const y = x.mul(1);
  const [given, window] = [ones([3], float64), ones([2], float64)];
  const seen: Tensor[] = [];
  y.retainGrad();
  y.registerHook((g) => {
    seen.push(g);
  });
  backward([y, y.narrow(0, 0, 2), y.narrow(0, 1, 2)], [given, window, window]);
  expect(given.toArraySync()).toEqual([1, 1, 1]);
  expect(window.toArraySync()).toEqual([1, 1]);
  expect(y.grad?.toArraySync()).toEqual([2, 3, 2]);
  expect(seen.map((g) => g.toArraySync())).toEqual([[2, 3, 2]]);
  expect(x.grad?.toArraySync()).toEqual([2, 3, 2]);
});

test('a gradient that repeats its memory is not written', () => {
  const x = tensor([1, 2, 3], { ...float64, requiresGrad: true });
  const y = x.mul(1);
  // what comes back from expand is one number for all
  y.narrow(0, 0, 1)
    .sum()
    .add(y.sum())
    .add(y.narrow(0, 1, 2).mul(3).sum())
    .backward();
  expect(x.grad?.toArraySync()).toEqual([2, 4, 4]);
});
