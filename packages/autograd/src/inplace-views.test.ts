/** In-place changes of shape: the tensor keeps its identity and memory, its views keep theirs, and gradients flow as through the views of the same name. */
import '@tenfold/backend-cpu/register';
import { arange, replay, type Tensor, tensor, trace, zeros } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { grad } from './backward.ts';
import { noGrad } from './index.ts';

const leaf = (): Tensor => arange(6).to('float64').view([1, 2, 3]).contiguous().requiresGrad_();
const weights = (): Tensor => tensor([3, 1, 4, 1, 5, 9], { dtype: 'float64' });

const changes: [name: string, inPlace: (x: Tensor) => Tensor, plain: (x: Tensor) => Tensor][] = [
  ['transpose_', (x) => x.transpose_(1, 2), (x) => x.transpose(1, 2)],
  ['swapaxes_', (x) => x.swapaxes_(0, -1), (x) => x.swapaxes(0, -1)],
  ['swapdims_', (x) => x.swapdims_(0, 1), (x) => x.swapdims(0, 1)],
  ['squeeze_', (x) => x.squeeze_(), (x) => x.squeeze()],
  ['squeeze_(0)', (x) => x.squeeze_(0), (x) => x.squeeze(0)],
  ['squeeze_(1)', (x) => x.squeeze_(1), (x) => x.squeeze(1)],
  ['unsqueeze_', (x) => x.unsqueeze_(-1), (x) => x.unsqueeze(-1)],
  ['squeeze_ t_', (x) => x.squeeze_().t_(), (x) => x.squeeze().t()],
  ['unsqueeze_ transpose_ squeeze_', (x) => x.unsqueeze_(1).transpose_(1, 3).squeeze_(), (x) => x.squeeze(0).t()],
];

/** The gradient of a weighted sum of squares of what `fn` makes of a copy. */
function gradientOf(fn: (x: Tensor) => Tensor): { value: unknown; gradient: unknown } {
  const x = leaf();
  const y = fn(x);
  const [gradient] = grad([y.square().flatten().mul(weights()).sum()], [x]);
  return { value: y.toArraySync(), gradient: gradient?.toArraySync() };
}

describe.each(changes)('%s', (_, inPlace, plain) => {
  it('is the tensor itself, in the same memory, with another shape', () => {
    const x = leaf().detach();
    const { storage } = x;
    expect(inPlace(x)).toBe(x);
    expect(x.storage).toBe(storage);
    const wanted = plain(leaf().detach());
    expect([x.shape, x.strides, x.toArraySync()]).toEqual([wanted.shape, wanted.strides, wanted.toArraySync()]);
    x.add_(1);
    expect(x.toArraySync()).toEqual(wanted.add(1).toArraySync());
  });

  it('passes gradients on as the view does, of a result and of a view', () => {
    expect(gradientOf((x) => inPlace(x.mul(2)))).toEqual(gradientOf((x) => plain(x.mul(2))));
    expect(gradientOf((x) => inPlace(x.mul(2).view([1, 2, 3])))).toEqual(gradientOf((x) => plain(x.mul(2))));
  });

  it('leaves older views what they were, and a write to them or to it reaches the other', () => {
    for (const prepare of [(x: Tensor) => x.mul(2), (x: Tensor) => x.mul(2).view([1, 2, 3])]) {
      const values: unknown[] = [];
      for (const change of [inPlace, plain]) {
        const x = leaf();
        const w = tensor(3, { dtype: 'float64', requiresGrad: true });
        const y = prepare(x);
        const older = y.select(1, 0);
        const z = change(y);
        older.mul_(w);
        const first = grad([z.flatten().mul(weights()).sum()], [x, w], { retainGraph: true });
        z.mul_(z.detach().add(1));
        const second = grad([older.square().sum(), z.square().flatten().mul(weights()).sum()], [x, w]);
        values.push([older, z, ...first, ...second].map((t) => t?.toArraySync()));
      }
      expect(values[0]).toEqual(values[1]);
    }
  });

  it('is traced as the view', () => {
    const traced = (change: (x: Tensor) => Tensor) => (x: Tensor) => {
      const y = x.mul(2);
      const older = y.select(2, 1);
      const z = change(y);
      older.add_(10);
      z.mul_(3);
      return [z.add(1), older.add(0)];
    };
    const x = leaf().detach();
    const { graph, result } = trace(traced(inPlace), [x]);
    const wanted = traced(plain)(x);
    for (const tensors of [result, replay(graph, [x])])
      expect(tensors.map((t) => t.toArraySync())).toEqual(wanted.map((t) => t.toArraySync()));
  });

  it('is refused where PyTorch refuses it', () => {
    const x = leaf();
    expect(() => inPlace(x)).toThrow('a leaf Variable that requires grad is being used in an in-place operation.');
    expect(() => inPlace(x.view([1, 2, 3]))).toThrow(
      'a view of a leaf Variable that requires grad is being used in an in-place operation.',
    );
    expect(x.shape).toEqual([1, 2, 3]);
  });
});

describe('in-place changes of shape', () => {
  it('make what was saved for backward stale', () => {
    const x = zeros([2, 3], { requiresGrad: true });
    const y = x.add(1);
    const z = y.mul(y);
    y.t_();
    expect(() => z.sum().backward()).toThrow(/modified by an inplace operation/);
  });

  it('leave parameters alone while grad mode is off, since their gradients would keep the old shape', () => {
    const x = zeros([2, 3], { requiresGrad: true });
    expect(() => noGrad(() => x.t_())).toThrow(/with grad mode off/);
    expect(x.shape).toEqual([2, 3]);
    expect(noGrad(() => zeros([2, 3]).t_()).shape).toEqual([3, 2]);
  });

  it('stay leaves that can require grad afterwards', () => {
    const x = zeros([2, 3]).t_().requiresGrad_();
    expect([x.isLeaf, x.viewInfo]).toEqual([true, null]);
    x.sum().backward();
    expect(x.grad?.shape).toEqual([3, 2]);
  });

  it('keep a view that was detached', () => {
    const x = arange(6).view([2, 3]);
    const y = x.detach();
    y.t_();
    y.fill_(1);
    expect([x.shape, y.shape]).toEqual([
      [2, 3],
      [3, 2],
    ]);
    expect(x.toArraySync()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  it('of what was made outside of a traced function are refused', () => {
    expect(() => trace((x) => x.t_(), [zeros([2, 3])])).toThrow(/made outside of the traced function/);
    const captured = zeros([2, 3]);
    expect(() => trace((x) => x.add(captured.t_()), [zeros([3, 2])])).toThrow(/made outside of the traced function/);
    expect(captured.shape).toEqual([2, 3]);
  });

  it('check their arguments', () => {
    const x = zeros([2, 3]);
    expect(() => x.transpose_(0, 2)).toThrow(/Dimension out of range/);
    expect(() => x.unsqueeze_(4)).toThrow(/Dimension out of range/);
    expect(() => x.squeeze_(2)).toThrow(/Dimension out of range/);
    expect(() => zeros([1, 2, 3]).t_()).toThrow('t() expects a tensor with <= 2 dimensions');
    expect(x.shape).toEqual([2, 3]);
  });
});
