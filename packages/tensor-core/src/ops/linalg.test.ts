import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  arange,
  DTypeError,
  einsum,
  ones,
  registerBackend,
  ShapeError,
  tensor,
  tensordot,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('matmul', () => {
  it("raises PyTorch's sentences", () => {
    expect(() => ones([2, 3]).matmul(ones([2, 3]))).toThrow('mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)');
    expect(() => ones([2, 3]).mm(ones([3]))).toThrow('mat2 must be a matrix');
    expect(() => ones([2, 3, 4]).bmm(ones([3, 4, 5]))).toThrow(
      'Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [3, 4]',
    );
    expect(() => ones([2]).dot(ones([3]))).toThrow('inconsistent tensor size, expected tensor [2] and src [3]');
    expect(() => ones([2, 2]).mm(ones([2, 2], { dtype: 'float64' }))).toThrow(
      'expected m1 and m2 to have the same dtype, but got: float != double',
    );
    expect(() => tensor(1).matmul(ones([2]))).toThrow('both arguments to matmul need to be at least 1D');
  });

  it('gives zeros for an inner size of 0', () => {
    expect(
      zeros([2, 0])
        .mm(zeros([0, 3]))
        .toArraySync(),
    ).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('does not read the input of addmm with beta 0', () => {
    const x = tensor([[Number.NaN]]);
    expect(x.addmm(tensor([[2]]), tensor([[3]]), { beta: 0 }).toArraySync()).toEqual([[6]]);
  });
});

describe('addmv, addr, addbmm, inner, vdot', () => {
  it('refuse shapes and dtypes that do not fit', () => {
    expect(() => ones([2]).addmv(ones([2, 3]), ones([2]))).toThrow('mat1 and mat2 shapes cannot be multiplied');
    expect(() => ones([2]).addmv(ones([2]), ones([2]))).toThrow('vector + matrix @ vector expected');
    expect(() => ones([3]).addmv(ones([2, 3]), ones([3]))).toThrow('The size of tensor a (3) must match');
    expect(() => ones([2]).addmv(ones([2, 3], { dtype: 'float64' }), ones([3]))).toThrow(DTypeError);
    expect(() => ones([2]).addr(ones([2, 2]), ones([2]))).toThrow('addr: Expected 1-D vec1 and vec2');
    expect(() => ones([2, 2]).addr(ones([3]), ones([2]))).toThrow(ShapeError);
    expect(() => ones([2, 2]).addbmm(ones([3, 2, 3]), ones([2, 3, 2]))).toThrow('same number of batches');
    expect(() =>
      ones([2])
        .long()
        .addmv(ones([2, 2]).long(), ones([2]).long(), { alpha: 0.5 }),
    ).toThrow('argument alpha must not be a floating point number');
    expect(() => ones([2]).addmv(ones([2, 2]), ones([2]), { gamma: 1 } as never)).toThrow("unknown option 'gamma'");
    expect(() => ones([2, 3]).inner(ones([4, 2]))).toThrow('the last dimension must match on both input tensors');
    expect(() => ones([2]).inner(ones([2]).double())).toThrow(DTypeError);
    expect(() => ones([2]).vdot(ones([3]))).toThrow('inconsistent tensor size');
    expect(() => ones([2]).inner(1 as never)).toThrow(ArgumentError);
  });

  it('write in place', () => {
    const x = zeros([2]);
    expect(x.addmv_(ones([2, 3]), ones([3]), { alpha: 2 })).toBe(x);
    expect(x.toArraySync()).toEqual([6, 6]);
    expect(() => zeros([]).addmv_(ones([2, 3]), ones([3]))).toThrow("doesn't match the broadcast shape");
  });
});

describe('einsum', () => {
  it('takes diagonals, ellipses and implicit results', () => {
    const x = arange(9, { dtype: 'float64' }).reshape([3, 3]);
    expect(einsum('ii', [x]).itemSync()).toBe(12);
    expect(einsum('ii->i', [x]).toArraySync()).toEqual([0, 4, 8]);
    expect(einsum('ba', [x]).toArraySync()).toEqual(x.t().toArraySync());
    expect(einsum('...i,i', [ones([2, 4, 3]), ones([3])]).shape).toEqual([2, 4]);
  });

  it('refuses equations that do not fit', () => {
    const [a, b] = [ones([2, 3]), ones([4, 5])];
    expect(() => einsum('ij,jk->ik', [a, b])).toThrow(
      'subscript j has size 4 for operand 1 which does not broadcast with previously seen size 3',
    );
    expect(() => einsum('ij,jk', [a])).toThrow('fewer operands were provided than specified in the equation');
    expect(() => einsum('ij->ijj', [a])).toThrow('output subscript j appears more than once');
    expect(() => einsum('ij->k', [a])).toThrow('output subscript k does not appear');
    expect(() => einsum('i1', [a])).toThrow('subscripts must be in [a-zA-Z]');
    expect(() => einsum('i', [a])).toThrow('does not match the number of dimensions (2) for operand 0');
  });
});

describe('tensordot', () => {
  it('refuses dims that do not match', () => {
    expect(() => tensordot(ones([2, 3]), ones([4, 5]), { dims: 1 })).toThrow(
      'contracted dimensions need to match, but first has size 3 in dim 1 and second has size 4 in dim 0',
    );
    expect(() => tensordot(ones([2]), ones([2]))).toThrow('tensordot expects dims');
  });
});
