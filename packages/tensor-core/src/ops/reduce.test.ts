import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { IndexError, ones, registerBackend, tensor, zeros } from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('reductions of nothing', () => {
  it('sums to 0, multiplies to 1, averages to NaN', () => {
    const x = zeros([0, 3]);
    expect(x.sum().itemSync()).toBe(0);
    expect(x.prod(0).toArraySync()).toEqual([1, 1, 1]);
    expect(x.mean(0).toArraySync()).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(x.logsumexp(0).toArraySync()).toEqual([-Infinity, -Infinity, -Infinity]);
  });

  it('has no extremes', () => {
    expect(() => zeros([0]).max()).toThrow(IndexError);
    expect(() => zeros([0]).max()).toThrow('max(): Expected reduction dim to be specified for input.numel() == 0.');
    expect(() => zeros([0, 3]).amax(0)).toThrow('amax(): Expected reduction dim 0 to have non-zero size.');
    expect(zeros([0, 3]).amax(1).shape).toEqual([0]);
    expect(() => zeros([0, 3]).argmin()).toThrow('argmin(): Expected reduction dim to be specified');
  });
});

describe('arguments of reductions', () => {
  it('refuses dims out of range, repeated dims and unknown options', () => {
    const x = ones([2, 3]);
    expect(() => x.sum(2)).toThrow('Dimension out of range (expected to be in range of [-2, 1], but got 2)');
    expect(() => x.sum([0, -2])).toThrow('dim 0 appears multiple times in the list of dims');
    expect(() => x.sum(0, { keepDim: true } as object)).toThrow("unknown option 'keepDim'");
    expect(() => x.norm({ p: 'nuc' as 'fro' })).toThrow("p must be a number or 'fro'");
  });

  it('refuses a mean of integers and an argmax of bools', () => {
    expect(() => tensor([1, 2], { dtype: 'int64' }).mean()).toThrow('mean(): could not infer output dtype.');
    expect(tensor([1, 2], { dtype: 'int64' }).mean(0, { dtype: 'float64' }).itemSync()).toBe(1.5);
    expect(() => tensor([true, false]).argmax()).toThrow('"argmax" not implemented');
  });
});

describe('extremes', () => {
  it('lets NaN win and gives the first position', () => {
    const x = tensor([[1, Number.NaN, 3, Number.NaN]]);
    const { values, indices } = x.max(1);
    expect(values.toArraySync()).toEqual([Number.NaN]);
    expect(indices.toArraySync()).toEqual([1]);
    expect(x.min().itemSync()).toBe(Number.NaN);
  });

  it('takes a scalar for a vector of one', () => {
    const x = tensor(2);
    expect(x.max(0).indices.toArraySync()).toBe(0);
    expect(x.argmax(-1, { keepdim: true }).shape).toEqual([]);
    expect(x.cumsum(0).itemSync()).toBe(2);
  });
});

describe('dtypes', () => {
  it('sums integers in int64 and answers any in uint8 for uint8', () => {
    expect(tensor([1, 2], { dtype: 'int8' }).sum().dtype).toBe('int64');
    expect(tensor([true, true]).cumsum(0).toArraySync()).toEqual([1, 2]);
    expect(tensor([0, 2], { dtype: 'uint8' }).any().dtype).toBe('uint8');
    expect(tensor([0.5, 0, -0.25]).countNonzero().itemSync()).toBe(2);
  });
});
