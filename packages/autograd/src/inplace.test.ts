/** In-place writes and views. Expected numbers are PyTorch's for the same programs. */
import '@tenfold/backend-cpu/register';
import { builtinOps, dispatch, ones, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { grad, noGrad } from './index.ts';

const withGrad = { requiresGrad: true } as const;
const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();
const close = (x: Tensor | null, expected: number[]): void => {
  const got = Array.from(x?.toTypedArraySync() ?? [], Number);
  expect(got.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 3);
};

describe('writes and their gradients', () => {
  test('a formula that needs what was there before', () => {
    const x = tensor([1, 2, 3], withGrad);
    x.mul(2).pow_(3).sum().backward();
    expect(values(x.grad)).toEqual([24, 96, 216]);
  });

  test('through a view of a base', () => {
    const x = tensor([1, 2, 3], withGrad);
    const y = x.mul(2);
    y.select(0, 1).mul_(5);
    y.mul(y).sum().backward();
    expect(values(x.grad)).toEqual([8, 400, 24]);
  });

  test('seen by a sibling view', () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      withGrad,
    );
    const y = x.mul(1);
    const [a, b] = [y.select(0, 0), y.t()];
    a.mul_(10);
    b.mul(b).sum().backward();
    expect(values(x.grad)).toEqual([
      [200, 400],
      [6, 8],
    ]);
    expect(y.gradFn?.name).toBe('CopySlices');
    expect(b.gradFn?.name).toBe('TBackward0');
  });

  test('a base that required no grad takes it over', () => {
    const w = tensor([1, 2], withGrad);
    const z = zeros([2, 2]);
    const v = z.select(0, 0);
    v.copy_(w);
    z.select(0, 1).add_(w.mul(3));
    z.mul(z).sum().backward();
    expect(values(w.grad)).toEqual([20, 40]);
    expect([z.requiresGrad, v.requiresGrad]).toEqual([true, true]);
  });

  test('a view of a view of a view', () => {
    const x = tensor([0, 1, 2, 3, 4, 5], withGrad);
    const y = x.mul(1);
    y.view([2, 3]).t().slice(0, 1).exp_();
    y.sum().backward();
    close(x.grad, [1, 2.7182817, 7.3890562, 1, 54.598152, 148.41316]);
  });

  test('twice differentiable', () => {
    const x = tensor([1, 2], { dtype: 'float64', ...withGrad });
    const y = x.mul(x);
    y.select(0, 0).mul_(x.select(0, 1));
    const [first] = grad(y.mul(y).sum(), x, { createGraph: true });
    expect(values(first)).toEqual([16, 36]);
    expect(values(grad(first.sum(), x)[0])).toEqual([64, 66]);
  });

  test('overlapping views in turn', () => {
    const x = ones([4], withGrad);
    const y = x.add(0);
    const a = y.slice(0, 0, 2);
    a.slice(0, 1).mul_(7);
    a.mul_(2);
    y.sum().backward();
    expect(values(x.grad)).toEqual([2, 14, 1, 1]);
  });

  test('a view written by an op that saves its result, differentiated twice', () => {
    const x = tensor([4, 9], { dtype: 'float64', ...withGrad });
    const y = x.mul(1);
    y.select(0, 1).sqrt_();
    const [first] = grad(y.sum(), x, { createGraph: true });
    expect(values(first)).toEqual([1, 1 / 6]);
    // d²√x/dx² = -x^(-3/2) / 4
    expect(values(grad(first.sum(), x)[0])).toEqual([0, -1 / 27 / 4]);
  });

  test('a scattered view whose gradient lies in memory in another way', () => {
    const base = zeros([2, 2], withGrad);
    const value = ones([4], withGrad);
    const y = dispatch(builtinOps.viewScatter, [base, value], { view: builtinOps.view, attrs: { shape: [4] } });
    const grads = grad([y], [base, value], { gradOutputs: [tensor([5, 7]).expand([2, 2])] });
    expect(grads.map(values)).toEqual([
      [
        [0, 0],
        [0, 0],
      ],
      [5, 7, 5, 7],
    ]);
  });

  test('an expanded tensor may be filled', () => {
    const x = tensor([1, 2], withGrad);
    const y = x.mul(3);
    y.select(0, 0).expand([4]).fill_(7);
    y.sum().backward();
    expect(values(y)).toEqual([7, 6]);
    expect(values(x.grad)).toEqual([0, 3]);
  });

  test('overwritten parts get nothing', () => {
    const x = ones([3], withGrad);
    const y = x.mul(2);
    y.select(0, 0).zero_();
    y.select(0, 1).fill_(5);
    y.sum().backward();
    expect(values(x.grad)).toEqual([0, 0, 2]);
  });

  test('a chain of them', () => {
    const x = tensor([-1, 2], withGrad);
    x.mul(3).mul_(0.5).add_(1).exp_().sum().backward();
    close(x.grad, [1.5 * Math.exp(-0.5), 1.5 * Math.exp(4)]);
  });

  test('retainGrad stays with the tensor', () => {
    const x = ones([2], withGrad);
    const y = x.mul(2);
    y.retainGrad();
    y.mul_(3);
    y.sum().backward();
    expect([values(y.grad), values(x.grad)]).toEqual([
      [1, 1],
      [6, 6],
    ]);
  });

  test('a masked write', () => {
    const x = tensor([1, -2, 3], withGrad);
    const y = x.mul(2);
    y.indexPut_([y.lt(0)], 0);
    y.sum().backward();
    expect(values(x.grad)).toEqual([2, 0, 2]);
  });

  test('under noGrad nothing is recorded, and views follow the values', () => {
    const x = ones([2], withGrad);
    const v = x.view([2, 1]);
    noGrad(() => x.mul_(3));
    v.sum().backward();
    expect([values(v), values(x.grad)]).toEqual([
      [[3], [3]],
      [1, 1],
    ]);
  });
});

describe('what is refused', () => {
  test('a leaf, and a view of one', () => {
    const x = ones([2], withGrad);
    expect(() => x.add_(1)).toThrow('a leaf Variable that requires grad is being used in an in-place operation.');
    expect(() => x.view([1, 2]).add_(1)).toThrow(
      'a view of a leaf Variable that requires grad is being used in an in-place operation.',
    );
    expect(values(x)).toEqual([1, 1]);
  });

  test('a view made under noGrad', () => {
    const message = 'A view was created in no_grad mode and is being modified inplace with grad mode enabled.';
    const y = ones([3], withGrad).mul(2);
    const v = noGrad(() => y.view([3]));
    expect(() => v.mul_(2)).toThrow(message);
    const z = zeros([3]);
    const u = noGrad(() => z.view([3]));
    expect(() => u.mul_(ones([3], withGrad))).toThrow(message);
  });

  test('a saved input that was changed', () => {
    const x = ones([2, 2], withGrad);
    const y = x.mul(2);
    const z = y.mul(y);
    y.add_(1);
    expect(() => z.sum().backward()).toThrow(
      'one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor [2, 2]], ' +
        'which is output 0 of MulBackward0, is at version 1; expected version 0 instead.',
    );
  });

  test('a saved output that was changed, also through detach', () => {
    const x = ones([2], withGrad);
    const y = x.exp();
    y.detach().mul_(2);
    expect(() => y.sum().backward()).toThrow(
      /which is output 0 of ExpBackward0, is at version 1; expected version 0 instead/,
    );
    const z = x.exp();
    z.data.mul_(2);
    z.sum().backward();
  });

  test('detach_ of a view', () => {
    const y = ones([2], withGrad).mul(2);
    expect(() => y.view([2]).detach_()).toThrow("Can't detach views in-place. Use detach() instead");
    expect(y.detach_().requiresGrad).toBe(false);
  });
});
