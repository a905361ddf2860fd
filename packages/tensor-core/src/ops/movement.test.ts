import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  cat,
  full,
  hstack,
  meshgrid,
  ones,
  registerBackend,
  ShapeError,
  stack,
  type Tensor,
  tensor,
  vstack,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const grid = (): Tensor => arange(12, { dtype: 'float32' }).view([3, 4]);

describe('views', () => {
  it('share memory, offset and version counter with their source', () => {
    const x = grid();
    const views = [
      x.view([2, 6]),
      x.t(),
      x.T,
      x.permute([1, 0]),
      x.slice(0, 1),
      x.select(1, 2),
      x.unsqueeze(0),
      x.diagonal(),
      x.unfold(1, 2, 1),
      x.detach(),
    ];
    x.fill_(5);
    for (const view of views) {
      expect(view.storage).toBe(x.storage);
      expect(view.version).toBe(1);
      expect(view.add(0).sum().itemSync()).toBe(5 * view.numel());
    }
  });

  it('are written through', () => {
    const x = zeros([3, 4]);
    x.slice(1, 1, null, 2)
      .select(0, 2)
      .copy_(tensor([7, 8]));
    x.diagonal({ offset: 1 }).fill_(1);
    expect(x.toArraySync()).toEqual([
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 7, 0, 1],
    ]);
  });

  it('give data a version counter of its own, and detach the shared one', () => {
    const x = ones([2]);
    x.data.mul_(100);
    expect(x.version).toBe(0);
    expect(x.toArraySync()).toEqual([100, 100]);
    x.detach().add_(1);
    expect(x.version).toBe(1);
  });

  it('let data be replaced', () => {
    const x = ones([2]);
    x.data = tensor([[1, 2, 3]], { dtype: 'float64' });
    expect(x.shape).toEqual([1, 3]);
    expect(x.dtype).toBe('float64');
    expect(x.toArraySync()).toEqual([[1, 2, 3]]);
    expect(() => {
      x.select(0, 0).data = ones([3]);
    }).toThrow(/a view cannot be given other memory/);
  });

  it('detach without keeping the source alive', () => {
    expect(zeros([2]).detach().viewInfo).toBeNull();
    const x = zeros([2, 2]);
    const view = x.select(0, 1).detach();
    expect(view.viewInfo?.spec.name).toBe('select');
    expect(view.viewInfo?.source).not.toBe(x);
    expect(view.viewInfo?.source.storage).toBe(x.storage);
  });

  it('slice as Python does', () => {
    const x = arange(5);
    const of = (start?: number | null, end?: number | null, step?: number) =>
      x.slice(0, start, end, step).toArraySync();
    expect(of(1, 3)).toEqual([1, 2]);
    expect(of(-2)).toEqual([3, 4]);
    expect(of(0, -1, 2)).toEqual([0, 2]);
    expect(of(-10, 10)).toEqual([0, 1, 2, 3, 4]);
    expect(of(4, 2)).toEqual([]);
    expect(of(10)).toEqual([]);
    expect(() => x.slice(0, 0, 3, 0)).toThrow('slice step must be positive');
  });

  it('refuse sizes that do not fit, in the words of PyTorch', () => {
    expect(() => ones([4]).view([2, 3])).toThrow("shape '[2, 3]' is invalid for input of size 4");
    expect(() => grid().t().view([12])).toThrow(
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
    );
    expect(grid().t().reshape([-1]).toArraySync()).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    expect(() => ones([2, 3]).expand([2, 4])).toThrow(
      'The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 1.',
    );
    expect(() => ones([2]).select(0, 2)).toThrow(
      'select(): index 2 out of range for tensor of size [2] at dimension 0',
    );
    expect(() => ones([2]).narrow(0, 1, 2)).toThrow('start (1) + length (2) exceeds dimension size (2).');
    expect(() => ones([2, 2, 2]).t()).toThrow('t() expects a tensor with <= 2 dimensions, but self is 3D');
    expect(() => ones([2, 2]).permute([0])).toThrow(/does not match the length of the desired ordering/);
    expect(() => ones([2]).unsqueeze(3)).toThrow(
      'Dimension out of range (expected to be in range of [-2, 1], but got 3)',
    );
    expect(() => ones([2, 3]).expand([6]).add_(1)).toThrow(ShapeError);
    expect(() => ones([1]).expand([3]).add_(1)).toThrow(
      /more than one element of the written-to tensor refers to a single memory location/,
    );
  });

  it('pass 0-d and empty tensors', () => {
    const scalar = full([], 3);
    expect(scalar.flatten().shape).toEqual([1]);
    expect(scalar.t().shape).toEqual([]);
    expect(ones([3]).t().shape).toEqual([3]);
    expect(scalar.expand([2, 2]).toArraySync()).toEqual([
      [3, 3],
      [3, 3],
    ]);
    expect(zeros([0, 3]).view([3, 0]).shape).toEqual([3, 0]);
    expect(zeros([2, 0, 3]).flatten().shape).toEqual([0]);
    expect(ones([1, 2, 1]).squeeze().shape).toEqual([2]);
    expect(ones([1, 2, 1]).squeeze(1).shape).toEqual([1, 2, 1]);
    expect(ones([6]).unflatten(0, [2, -1]).shape).toEqual([2, 3]);
    expect(ones([2, 3, 4]).movedim(0, -1).shape).toEqual([3, 4, 2]);
  });
});

describe('copies', () => {
  it('split and join', () => {
    const x = grid();
    expect(x.split(3, 1).map((part) => part.shape)).toEqual([
      [3, 3],
      [3, 1],
    ]);
    expect(x.split([1, 2]).map((part) => part.shape)).toEqual([
      [1, 4],
      [2, 4],
    ]);
    expect(x.chunk(3, 1).map((part) => part.shape)).toEqual([
      [3, 2],
      [3, 2],
    ]);
    expect(cat(x.unbind(0)).toArraySync()).toEqual(x.flatten().toArraySync());
    expect(stack(x.unbind(1), 1).toArraySync()).toEqual(x.toArraySync());
    // many pieces: their sizes are no shape, whose product would be too large
    expect(zeros([64 * 32]).split(new Array<number>(64).fill(32)).length).toBe(64);
    expect(() => x.split([4, -1])).toThrow('split_with_sizes expects split_sizes have only non-negative entries');
    expect(() => x.split([1, 1])).toThrow('split_with_sizes expects split_sizes to sum exactly to 3');
    expect(cat([zeros([0]), x], 1).shape).toEqual([3, 4]);
    expect(cat([tensor([1, 2], { dtype: 'int64' }), tensor([0.5])]).dtype).toBe('float32');
    expect(hstack([ones([2]), zeros([1])]).shape).toEqual([3]);
    expect(vstack([ones([2]), zeros([1, 2])]).shape).toEqual([2, 2]);
    expect(() => cat([ones([2, 2]), ones([3, 3])])).toThrow(
      'Sizes of tensors must match except in dimension 0. Expected size 2 but got size 3 for tensor number 1 in the list',
    );
    expect(() => stack([ones([2]), ones([3])])).toThrow(
      'stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1',
    );
  });

  it('reverse, roll, repeat and cut triangles', () => {
    const x = arange(6).view([2, 3]);
    expect(x.flip([0, 1]).toArraySync()).toEqual([
      [5, 4, 3],
      [2, 1, 0],
    ]);
    expect(x.roll(1).toArraySync()).toEqual([
      [5, 0, 1],
      [2, 3, 4],
    ]);
    expect(x.roll([1, -1], [0, 1]).toArraySync()).toEqual([
      [4, 5, 3],
      [1, 2, 0],
    ]);
    expect(x.repeat([2, 1, 2]).shape).toEqual([2, 2, 6]);
    expect(x.tile([2]).toArraySync()).toEqual([
      [0, 1, 2, 0, 1, 2],
      [3, 4, 5, 3, 4, 5],
    ]);
    expect(x.repeatInterleave(2, { dim: 0 }).toArraySync()).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [3, 4, 5],
      [3, 4, 5],
    ]);
    expect(x.repeatInterleave(2).shape).toEqual([12]);
    expect(x.tril().toArraySync()).toEqual([
      [0, 0, 0],
      [3, 4, 0],
    ]);
    expect(x.triu(1).toArraySync()).toEqual([
      [0, 1, 2],
      [0, 0, 5],
    ]);
    expect(tensor([1, 2]).diag(-1).toArraySync()).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [0, 2, 0],
    ]);
    expect(x.diag(1).toArraySync()).toEqual([1, 5]);
    const [rows, columns] = meshgrid([arange(2), arange(3)], { indexing: 'xy' });
    expect([rows.shape, columns.toArraySync()]).toEqual([
      [3, 2],
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    ]);
  });

  it('copy_ broadcasts and casts, and clone is contiguous', () => {
    const x = zeros([2, 2], { dtype: 'int64' });
    expect(x.copy_(tensor([1.9, -1.9])).toArraySync()).toEqual([
      [1, -1],
      [1, -1],
    ]);
    expect(() => x.copy_(ones([3]))).toThrow(/can't be broadcast to shape \[2, 2\]/);
    expect(x.t().clone().isContiguous()).toBe(true);
    expect(x.contiguous()).toBe(x);
    // as PyTorch decides: overlapping and dense is refused, the very same elements are fine
    expect(() => x.copy_(x.t())).toThrow(
      'unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. ' +
        'Please clone() the tensor before performing the operation',
    );
    expect(x.copy_(x.view([2, 2])).toArraySync()).toEqual([
      [1, -1],
      [1, -1],
    ]);
  });

  it('asStrided reads the storage and stays inside', () => {
    expect(arange(6).asStrided([2, 2], [1, 2], 1).toArraySync()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(() => arange(6).asStrided([3, 3], [3, 1])).toThrow(/require 9 elements/);
  });
});
