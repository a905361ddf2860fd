/** Gradients of decompositions where matrices are singular, and those that do not exist. */
import '@tenfold/backend-cpu/register';
import { cdist, linalg, ones, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { grad } from './index.ts';

const matrix = (rows: number[][]): Tensor => tensor(rows, { dtype: 'float64', requiresGrad: true });

function expectClose(actual: Tensor | null, expected: number[][]): void {
  const difference = (actual as Tensor).sub(tensor(expected, { dtype: 'float64' }));
  expect(difference.abs().max().itemSync()).toBeLessThan(1e-12);
}

describe('det', () => {
  test('has the cofactors as gradient, for singular matrices too', () => {
    const rank2 = matrix([
      [1, 2, 3],
      [4, 5, 6],
      [5, 7, 9],
    ]);
    expectClose(grad([rank2.det()], [rank2])[0], [
      [3, -6, 3],
      [3, -6, 3],
      [-3, 6, -3],
    ]);
    const rank1 = matrix([
      [1, 2],
      [2, 4],
    ]);
    expectClose(grad([rank1.det()], [rank1])[0], [
      [4, -2],
      [-2, 1],
    ]);
    const zero = zeros([3, 3], { dtype: 'float64', requiresGrad: true });
    expectClose(grad([zero.det()], [zero])[0], [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test('has a second gradient there as well', () => {
    // det = ad - bc
    const x = matrix([
      [0, 0],
      [0, 0],
    ]);
    const [first] = grad([x.det()], [x], { createGraph: true });
    const weights = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: 'float64' },
    );
    expectClose(grad([(first as Tensor).mul(weights).sum()], [x])[0], [
      [4, -3],
      [-2, 1],
    ]);
  });
});

test('slogdet and inverse have no gradient of singular matrices', () => {
  const x = matrix([
    [1, 2],
    [2, 4],
  ]);
  expect(() => x.slogdet().logabsdet.backward()).toThrow('the input matrix is singular');
});

test('qr has none without Q, nor of the complete Q of a tall matrix', () => {
  const x = ones([3, 2], { dtype: 'float64', requiresGrad: true });
  expect(() => linalg.qr(x, { mode: 'r' }).R.sum().backward()).toThrow("which is not computed when mode='r'");
  expect(() => linalg.qr(x, { mode: 'complete' }).R.sum().backward()).toThrow('nrows > ncols');
});

test('svdvals is differentiable where singular values repeat', () => {
  const x = matrix([
    [2, 0],
    [0, 2],
  ]);
  expectClose(grad([linalg.svdvals(x).sum()], [x])[0], [
    [1, 0],
    [0, 1],
  ]);
});

test('the distance of equal rows has the gradient 0', () => {
  const x = ones([2, 3], { requiresGrad: true });
  cdist(x, x).sum().backward();
  expect((x.grad as Tensor).toArraySync()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});
