import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  bucketize,
  embedding,
  IndexError,
  oneHot,
  registerBackend,
  searchsorted,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const ids = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });
const grid = (): Tensor => arange(12, { dtype: 'float32' }).view([3, 4]);

describe('reading', () => {
  it('takes integers, masks, null, numbers and ranges', () => {
    const x = grid();
    expect(x.index([ids(2, -3)]).toArraySync()).toEqual([
      [8, 9, 10, 11],
      [0, 1, 2, 3],
    ]);
    expect(x.index([null, ids(1, 1)]).toArraySync()).toEqual([
      [1, 1],
      [5, 5],
      [9, 9],
    ]);
    expect(x.index([ids(0, 1), ids(-1, 2)]).toArraySync()).toEqual([3, 6]);
    expect(x.index([ids(0, 1).unsqueeze(1), ids(0, 3)]).toArraySync()).toEqual([
      [0, 3],
      [4, 7],
    ]);
    expect(x.index([x.gt(8)]).toArraySync()).toEqual([9, 10, 11]);
    expect(x.index([tensor([true, false, true]), ids(0, 3)]).toArraySync()).toEqual([0, 11]);
    expect(x.index([1, { start: 1, end: 4, step: 2 }]).toArraySync()).toEqual([5, 7]);
    expect(x.index([{ start: 1 }, ids(0)]).toArraySync()).toEqual([[4], [8]]);
    expect(x.index([null, 2]).storage).toBe(x.storage);
    expect(x.index([ids()]).shape).toEqual([0, 4]);
    expect(x.index([tensor(1, { dtype: 'int64' })]).toArraySync()).toEqual([4, 5, 6, 7]);
  });

  it('places index dims as NumPy does: in place of neighbours, else in front', () => {
    const x = zeros([2, 3, 4, 5]);
    const at = zeros([6, 7], { dtype: 'int64' });
    expect(x.index([null, at, at]).shape).toEqual([2, 6, 7, 5]);
    expect(x.index([at, null, at]).shape).toEqual([6, 7, 3, 5]);
    expect(x.index([null, null, null, at]).shape).toEqual([2, 3, 4, 6, 7]);
  });

  it('refuses what is out of range', () => {
    const x = grid();
    expect(() => x.index([ids(5)])).toThrow('index 5 is out of bounds for dimension 0 with size 3');
    expect(() => x.index([null, ids(-5)])).toThrow('index -5 is out of bounds for dimension 1 with size 4');
    expect(() => x.index([ids(0, 1), ids(0, 4)])).toThrow('index 4 is out of bounds for dimension 1 with size 4');
    expect(() => x.index([null, null, ids(0)])).toThrow('too many indices for tensor of dimension 2');
    expect(() => x.index([tensor([true])])).toThrow(
      'The shape of the mask [1] at index 0 does not match the shape of the indexed tensor [3, 4] at index 0',
    );
    expect(() => x.index([tensor([0.5])])).toThrow(/must be long, int or bool tensors/);
    expect(() => x.index([ids(0, 1), ids(0, 1, 2)])).toThrow(
      'shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]',
    );
    expect(() => x.gather(0, ids(3).view([1, 1]))).toThrow(IndexError);
    expect(() => x.gather(0, tensor([[0.5]]))).toThrow('Expected dtype int64 for index');
    expect(() => x.indexSelect(0, zeros([1, 1], { dtype: 'int64' }))).toThrow('Index is supposed to be a vector');
    expect(() => x.take(ids(12))).toThrow(IndexError);
  });

  it('finds, selects and looks up', async () => {
    const x = grid();
    expect(x.gt(9).nonzero().toArraySync()).toEqual([
      [2, 2],
      [2, 3],
    ]);
    expect(tensor(1).nonzero().shape).toEqual([1, 0]);
    expect((await x.gt(9).nonzeroAsync()).toArraySync()).toEqual([
      [2, 2],
      [2, 3],
    ]);
    expect(x.maskedSelect(tensor([true, false, false, true])).toArraySync()).toEqual([0, 3, 4, 7, 8, 11]);
    expect((await x.indexAsync([x.lt(2)])).toArraySync()).toEqual([0, 1]);
    expect(x.take(ids(0, -1)).toArraySync()).toEqual([0, 11]);
    expect(
      x
        .takeAlongDim(x.argsort(1, { descending: true }), 1)
        .select(0, 0)
        .toArraySync(),
    ).toEqual([3, 2, 1, 0]);
    expect(embedding(tensor([[0, 2]], { dtype: 'int64' }), x).toArraySync()).toEqual([
      [
        [0, 1, 2, 3],
        [8, 9, 10, 11],
      ],
    ]);
    expect(oneHot(ids(0, 2), 3).toArraySync()).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(oneHot(ids(1)).shape).toEqual([1, 2]);
    expect(() => oneHot(ids(3), 3)).toThrow('Class values must be smaller than num_classes.');
  });
});

describe('writing', () => {
  it('puts by mask, index and range', () => {
    const x = grid();
    x.indexPut_([x.lt(6)], 0);
    expect(x.toArraySync()).toEqual([
      [0, 0, 0, 0],
      [0, 0, 6, 7],
      [8, 9, 10, 11],
    ]);
    x.indexPut_([ids(0), ids(-1)], tensor([5]));
    x.indexPut_([0, { start: 0, end: 2 }], 3);
    expect(x.select(0, 0).toArraySync()).toEqual([3, 3, 0, 5]);
    expect(
      zeros([3])
        .indexPut([ids(1, 1)], tensor([1, 2]))
        .toArraySync(),
    ).toEqual([0, 2, 0]);
    expect(
      zeros([3])
        .indexPut([ids(1, 1)], tensor([1, 2]), { accumulate: true })
        .toArraySync(),
    ).toEqual([0, 3, 0]);
    expect(
      zeros([2, 2])
        .indexPut([null, ids(1)], tensor([[5], [6]]))
        .toArraySync(),
    ).toEqual([
      [0, 5],
      [0, 6],
    ]);
    expect(
      grid()
        .indexPut([tensor([true, false, true])], tensor([9, 9, 9, 9]))
        .select(0, 2)
        .toArraySync(),
    ).toEqual([9, 9, 9, 9]);
    expect(
      grid()
        .indexPut([grid().gt(9)], tensor([-1, -2]))
        .select(0, 2)
        .toArraySync(),
    ).toEqual([8, 9, -1, -2]);
    expect(
      zeros([2, 3, 2])
        .indexPut([ids(1), null, ids(0)], tensor([[1, 2, 3]]))
        .select(0, 1)
        .toArraySync(),
    ).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });

  it('leaves the tensor as it was when an index is out of range', () => {
    const x = zeros([3]);
    expect(() => x.indexPut_([ids(0, 3)], 1)).toThrow(IndexError);
    expect(() => x.scatter_(0, ids(0, 3), 1)).toThrow(IndexError);
    expect(x.toArraySync()).toEqual([0, 0, 0]);
    expect(() => x.indexPut([ids(0, 1)], tensor([1, 2, 3]))).toThrow(
      'shape mismatch: value tensor of shape [3] cannot be broadcast to indexing result of shape [2]',
    );
    expect(() => x.indexPut([ids(0)], tensor([1], { dtype: 'float64' }))).toThrow(
      'Index put requires the source and destination dtypes match',
    );
  });

  it('scatters in order', () => {
    expect(
      zeros([3])
        .scatter(0, ids(1, 1), tensor([1, 2]))
        .toArraySync(),
    ).toEqual([0, 2, 0]);
    expect(
      zeros([3])
        .scatterAdd(0, ids(1, 1), tensor([1, 2]))
        .toArraySync(),
    ).toEqual([0, 3, 0]);
    expect(
      zeros([2, 3])
        .scatter(1, ids(2).view([1, 1]), 7)
        .toArraySync(),
    ).toEqual([
      [0, 0, 7],
      [0, 0, 0],
    ]);
    expect(
      zeros([2, 2])
        .indexAdd(
          0,
          ids(1, 1),
          tensor([
            [1, 2],
            [3, 4],
          ]),
          { alpha: 2 },
        )
        .toArraySync(),
    ).toEqual([
      [0, 0],
      [8, 12],
    ]);
    expect(
      zeros([2, 2])
        .indexCopy(1, ids(1), tensor([[1], [2]]))
        .toArraySync(),
    ).toEqual([
      [0, 1],
      [0, 2],
    ]);
    const x = zeros([4]);
    x.slice(0, 0, 4, 2).scatter_(0, ids(1), 5);
    expect(x.toArraySync()).toEqual([0, 0, 5, 0]);
  });

  it('scatters under a mask', () => {
    const mask = tensor([
      [false, true],
      [true, false],
    ]);
    expect(
      zeros([2, 2])
        .maskedScatter(mask, tensor([1, 2, 3]))
        .toArraySync(),
    ).toEqual([
      [0, 1],
      [2, 0],
    ]);
    expect(() => zeros([2, 2]).maskedScatter(mask, tensor([1]))).toThrow(IndexError);
    expect(
      zeros([2])
        .maskedScatter(tensor([false, false]), zeros([0]))
        .toArraySync(),
    ).toEqual([0, 0]);
  });
});

describe('order', () => {
  it('sorts stably and picks the largest', () => {
    const x = tensor([
      [2, 1, 2],
      [0, 5, -1],
    ]);
    const { values, indices } = x.sort(1);
    expect(values.toArraySync()).toEqual([
      [1, 2, 2],
      [-1, 0, 5],
    ]);
    expect(indices.toArraySync()).toEqual([
      [1, 0, 2],
      [2, 0, 1],
    ]);
    expect(x.topk(2).values.toArraySync()).toEqual([
      [2, 2],
      [5, 0],
    ]);
    expect(x.topk(1, { largest: false, dim: 0 }).indices.toArraySync()).toEqual([[1, 0, 1]]);
    expect(() => x.topk(4)).toThrow('selected index k out of range');
    expect(tensor(3).sort().indices.shape).toEqual([]);
  });

  it('searches sorted rows', () => {
    const sorted = tensor([1, 3, 5, 7]);
    expect(searchsorted(sorted, tensor([0, 3, 4, 7, 9, Number.NaN])).toArraySync()).toEqual([0, 1, 2, 3, 4, 4]);
    expect(bucketize(tensor([0, 3, 4, 7, 9]), sorted, { right: true }).toArraySync()).toEqual([0, 2, 2, 4, 4]);
    expect(
      searchsorted(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([[2], [2]]),
      ).toArraySync(),
    ).toEqual([[1], [0]]);
    expect(searchsorted(zeros([0]), tensor([1])).toArraySync()).toEqual([0]);
  });
});
