import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  asTensor,
  atleast2d,
  blockDiag,
  cartesianProd,
  combinations,
  dstack,
  fullLike,
  registerBackend,
  tensor,
  trilIndices,
  triuIndices,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('movement ops refuse bad input', () => {
  const x = () => zeros([2, 3]);
  it.each<[name: string, call: () => unknown, message: RegExp]>([
    ['swapaxes', () => x().swapaxes(0, 2), /Dimension out of range/],
    ['moveaxis', () => x().moveaxis([0, 1], [0]), /should contain the same number of dims/],
    ['rot90 of a vector', () => zeros([3]).rot90(), /expected total dims >= 2/],
    ['rot90 in one dim', () => x().rot90(1, [0, 0]), /two different ones/],
    ['rot90 by a fraction', () => x().rot90(0.5), /integer/],
    ['fliplr', () => zeros([3]).fliplr(), /must be >= 2-d/],
    ['flipud', () => zeros([]).flipud(), /must be >= 1-d/],
    ['diagEmbed of a number', () => zeros([]).diagEmbed(), /at least 1 dim/],
    ['diagEmbed in one dim', () => x().diagEmbed({ dim1: 0, dim2: 0 }), /cannot be identical/],
    ['diagEmbed with an unknown option', () => x().diagEmbed({ diagonal: 1 } as never), /unknown option 'diagonal'/],
    ['diagonalScatter', () => x().diagonalScatter(zeros([3])), /src size = \[3\], slice size = \[2\]/],
    ['selectScatter', () => x().selectScatter(zeros([3]), 0, 2), /out of range/],
    ['sliceScatter', () => x().sliceScatter(1 as never), /src must be a tensor/],
    ['tensorSplit into none', () => x().tensorSplit(0), /must be larger than 0/],
    ['tensorSplit at fractions', () => x().tensorSplit([0.5]), /integer/],
    [
      'tensorSplit at floats',
      () => x().tensorSplit(tensor([1])),
      /zero-dimensional or one-dimensional tensor of int64/,
    ],
    ['hsplit unevenly', () => x().hsplit(2), /not divisible/],
    ['vsplit of a vector', () => zeros([4]).vsplit(2), /at least 2 dimension/],
    ['dsplit of a matrix', () => x().dsplit(2), /at least 3 dimension/],
    ['repeatInterleave negative', () => x().repeatInterleave([1, -1], { dim: 0 }), /repeats must be non-negative/],
    ['repeatInterleave of another length', () => x().repeatInterleave([1, 2, 3], { dim: 0 }), /3 repeats for size 2/],
    ['repeatInterleave by floats', () => x().repeatInterleave(tensor([1, 2]), { dim: 0 }), /int64 or int32/],
    [
      'repeatInterleave of another size',
      () => x().repeatInterleave(2, { dim: 0, outputSize: 5 }),
      /has size 4, not outputSize 5/,
    ],
    ['dstack', () => dstack([]), /non-empty list/],
    ['blockDiag', () => blockDiag([zeros([1, 1, 1])]), /2 or fewer dimensions/],
    ['cartesianProd', () => cartesianProd([x()]), /Expect a 1D vector/],
    ['combinations', () => combinations(zeros([3]), { r: -1 }), /non-negative number/],
    ['atleast2d', () => atleast2d([1 as never]), /expected Tensor as element 0/],
    ['trilIndices', () => trilIndices(-1, 2), /negative dimension/],
    ['triuIndices', () => triuIndices(2, 2, { offset: 0.5 }), /integer/],
    ['trilIndices beyond the dtype', () => trilIndices(300, 1, { dtype: 'int8' }), /without overflow/],
    ['asTensor', () => asTensor([[1], [2, 3]]), /ragged|expected sequence|length/],
    ['fullLike', () => fullLike(x(), '1' as never), /must be a number/],
    ['newFull', () => x().newFull([1], null as never), /must be a number/],
    ['newTensor', () => x().newTensor(x() as never), /clone\(\)\.detach\(\)/],
    ['newEmpty', () => x().newEmpty([-1]), /negative dimension/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('pieces', () => {
  it('are views where PyTorch gives views', () => {
    const x = zeros([4, 2]);
    x.tensorSplit([1, 3])[1].fill_(1);
    x.vsplit(2)[0].add_(1);
    x.swapaxes(0, 1).select(0, 0).mul_(3);
    expect(x.toArraySync()).toEqual([
      [3, 1],
      [6, 2],
      [3, 1],
      [0, 0],
    ]);
    expect(x.ravel().storage).toBe(x.storage);
    const copy = x.selectScatter(zeros([2]), 0, 0);
    expect([copy.storage === x.storage, x.select(0, 0).toArraySync()]).toEqual([false, [3, 1]]);
  });

  it('come from any data, like another tensor', () => {
    const x = zeros([1], { dtype: 'float64' });
    expect([x.newTensor([[1, 2]]).dtype, x.newTensor([[1, 2]]).shape]).toEqual(['float64', [1, 2]]);
    expect([x.newEmpty([3], { dtype: 'int8' }).dtype, x.newEmpty([3]).shape]).toEqual(['int8', [3]]);
    expect(asTensor(x)).toBe(x);
    expect(asTensor(x, { dtype: 'int32' }).dtype).toBe('int32');
    expect(asTensor([1, 2]).toArraySync()).toEqual([1, 2]);
    expect(x.newFull([1], true).toArraySync()).toEqual([1]);
    expect(
      arange(3)
        .index([trilIndices(2, 2).select(0, 1)])
        .toArraySync(),
    ).toEqual([0, 0, 1]);
  });
});
