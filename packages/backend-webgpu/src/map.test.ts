/** The map family where kernels could be taken for each other. */
import './register.ts';
import { tensor } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';

const device = 'webgpu';

it('tells an operand that is one element for all from one that has strides', async () => {
  const x = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { device },
  ).t();
  const once = x.mul(tensor([[10]], { device }));
  const along = x.mul(tensor([10, 100], { device }));
  expect(await once.toArray()).toEqual([
    [10, 40],
    [20, 50],
    [30, 60],
  ]);
  expect(await along.toArray()).toEqual([
    [10, 400],
    [20, 500],
    [30, 600],
  ]);
});
