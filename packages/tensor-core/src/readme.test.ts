import '@tenfold/backend-cpu/register';
import { expect, it } from 'vitest';
import { arange, tensor } from './index.ts';

it('the README’s example prints what it says', async () => {
  const x = arange(6).view([2, 3]);
  x.t().slice(0, 0, 1).add_(10);
  expect(String(x.mul(tensor([1, 10, 100])))).toBe('tensor([[ 10.,  10., 200.],\n        [ 13.,  40., 500.]])');
  expect(await x.sum(1).toArray()).toEqual([13, 22]);
});
