import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  bucketize,
  DeviceError,
  isin,
  registerBackend,
  searchsorted,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const long = (data: number[] | number[][]): Tensor => tensor(data, { dtype: 'int64' });
const bits = (data: number[], dtype: 'int8' | 'uint8' | 'bool' | 'int64' = 'int64'): Tensor => tensor(data, { dtype });

describe('scatter with a reduction', () => {
  it('combines what falls on one place', () => {
    const x = tensor([1, 2, 3]);
    const at = long([0, 0, 2]);
    const src = tensor([4, 6, 5]);
    expect(x.scatter(0, at, src, { reduce: 'add' }).toArraySync()).toEqual([11, 2, 8]);
    expect(x.scatter(0, at, src, { reduce: 'multiply' }).toArraySync()).toEqual([24, 2, 15]);
    expect(x.scatter(0, at, 2, { reduce: 'multiply' }).toArraySync()).toEqual([4, 2, 6]);
    expect(x.scatterReduce(0, at, src, 'mean').toArraySync()).toEqual([11 / 3, 2, 4].map(Math.fround));
    expect(x.scatterReduce(0, at, src, 'mean', { includeSelf: false }).toArraySync()).toEqual([5, 2, 5]);
    expect(x.scatterReduce(0, at, src, 'amax', { includeSelf: false }).toArraySync()).toEqual([6, 2, 5]);
    expect(x.scatterReduce(0, at, src, 'amin').toArraySync()).toEqual([1, 2, 3]);
    expect(x.clone().scatterReduce_(0, at, src, 'mean').toArraySync()).toEqual([11 / 3, 2, 4].map(Math.fround));
  });

  it('rounds the mean of integers down, and wraps as the dtype does', () => {
    expect(
      bits([-1, 5])
        .scatterReduce(0, long([0]), bits([-2]), 'mean')
        .toArraySync(),
    ).toEqual([-2, 5]);
    expect(
      bits([100], 'int8')
        .scatterReduce(0, long([0]), bits([100], 'int8'), 'sum')
        .toArraySync(),
    ).toEqual([-56]);
    expect(
      bits([20], 'uint8')
        .scatterReduce(0, long([0]), bits([20], 'uint8'), 'prod')
        .toArraySync(),
    ).toEqual([144]);
    const large = 2n ** 62n + 1n;
    const product = tensor([large]).scatterReduce(0, long([0]), tensor([3n]), 'prod');
    expect(product.toTypedArraySync()).toEqual(new BigInt64Array([BigInt.asIntN(64, 3n * large)]));
  });

  it('works in place on a view, and not on the memory it reads', () => {
    const x = zeros([2, 2]);
    x.t().scatterReduce_(1, long([[0], [1]]), tensor([[5], [7]]), 'sum');
    expect(x.toArraySync()).toEqual([
      [5, 0],
      [0, 7],
    ]);
    const y = tensor([1, 2, 3]);
    expect(() => y.scatterReduce_(0, long([1, 2]), y.slice(0, 0, 2), 'sum')).toThrow(
      'some elements of the input tensor and the written-to tensor refer to a single memory location',
    );
    expect(y.toArraySync()).toEqual([1, 2, 3]);
  });

  it('refuses bad input', () => {
    const x = tensor([1, 2, 3]);
    expect(() => x.scatterReduce(0, long([3]), tensor([1]), 'sum')).toThrow(/index 3 is out of bounds/);
    expect(() => x.scatterReduce(0, long([-1]), tensor([1]), 'sum')).toThrow(/index -1 is out of bounds/);
    expect(() => x.scatterReduce(0, long([0, 1]), tensor([1]), 'sum')).toThrow(/no larger than src/);
    expect(() => x.scatterReduce(0, long([0]), bits([1]), 'sum')).toThrow(
      /Expected self.dtype to be equal to src.dtype/,
    );
    expect(() => x.scatterReduce(0, tensor([0]), tensor([1]), 'sum')).toThrow(/Expected dtype int64 for index/);
    expect(() => x.scatterReduce(1, long([0]), tensor([1]), 'sum')).toThrow(/Dimension out of range/);
    expect(() => x.scatterReduce(0, long([0]), tensor([1]), 'median' as never)).toThrow(
      /sum, prod, mean, amax or amin/,
    );
    expect(() => x.scatterReduce(0, long([0]), 1 as never, 'sum')).toThrow(/must be a tensor, got/);
    expect(() => x.scatterReduce(0, long([0]), tensor([1]), 'sum', { include_self: true } as never)).toThrow(
      /unknown option 'include_self'/,
    );
    expect(() => x.scatter(0, long([0]), tensor([1]), { reduce: 'sum' as never })).toThrow(/'add' or 'multiply'/);
    expect(() => x.indexReduce(0, long([[0]]), tensor([1]), 'amax')).toThrow(/supposed to be a vector/);
    expect(() => x.indexReduce(0, long([0]), tensor([1, 2]), 'amax')).toThrow(/expected a source of shape \[1\]/);
    expect(() => x.indexReduce(0, long([0]), tensor([1]), 'sum' as never)).toThrow(/prod, mean, amax or amin/);
    expect(() => x.put(long([0, 1]), tensor([1]))).toThrow(/same number of elements/);
    expect(() => x.put(long([3]), tensor([1]))).toThrow(/out of bounds|out of range/);
    expect(x.toArraySync()).toEqual([1, 2, 3]);
  });
});

describe('an index with everything', () => {
  const x = () => arange(24).view([2, 3, 4]);
  const same = (a: Tensor, b: Tensor) => expect([a.shape, a.toArraySync()]).toEqual([b.shape, b.toArraySync()]);

  it("knows '...' and 'newAxis'", () => {
    same(x().index(['...', 1]), x().select(2, 1));
    same(x().index([0, '...']), x().select(0, 0));
    same(x().index(['...']), x());
    same(x().index([0, 1, 2, '...']), x().select(0, 0).select(0, 1).select(0, 2));
    same(x().index(['newAxis', '...', 'newAxis']), x().unsqueeze(0).unsqueeze(-1));
    same(x().index([{ start: 1 }, 'newAxis', -1]), x().slice(0, 1).select(1, -1).unsqueeze(1));
    same(x().index(['...', long([3, 0])]), x().indexSelect(2, long([3, 0])));
    same(
      x().index(['newAxis', long([1]), '...', 0]),
      x()
        .indexSelect(0, long([1]))
        .select(2, 0)
        .unsqueeze(0),
    );
    expect(x().index(['...', 0]).storage).toBeDefined();
    const view = x();
    view.index([0, '...', { start: 2 }]).fill_(0);
    expect(view.select(0, 0).slice(1, 2).sum().itemSync()).toBe(0);
  });

  it('writes through them', () => {
    const y = x();
    y.indexPut_(['...', -1], 0);
    same(y, x().mul(tensor([1, 1, 1, 0]).to('int64')));
    same(x().indexPut(['...', long([0, 1, 2])], 0), x().mul(tensor([0, 0, 0, 1]).to('int64')));
    same(
      x()
        .indexPut([0, { start: 1 }], -1)
        .select(0, 1),
      x().select(0, 1),
    );
  });

  it('refuses what makes no sense', () => {
    expect(() => x().index(['...', 0, '...'])).toThrow(/only have a single ellipsis/);
    expect(() => x().index([0, 0, 0, '...', 0])).toThrow('too many indices for tensor of dimension 3');
    expect(() => x().index([2])).toThrow(/index 2 out of range/);
    expect(() => x().index([-3])).toThrow(/index -3 out of range/);
    expect(() => x().index([0.5])).toThrow(/integer/);
    expect(() => x().index(['..' as never])).toThrow(/an entry must be/);
    expect(() => x().index([{ start: 0, stop: 1 } as never])).toThrow(/unknown option 'stop'/);
    expect(() => x().index([{ step: 0 }])).toThrow(/step must be positive/);
    expect(() => x().index([long([0]), long([5])])).toThrow('index 5 is out of bounds for dimension 1 with size 3');
    expect(() => x().index([tensor([true, false, true])])).toThrow(/shape of the mask \[3\]/);
  });
});

describe('searches, sets and counts', () => {
  it('refuse bad input', () => {
    const row = tensor([1, 2, 3]);
    expect(() => searchsorted(row, tensor([1]), { side: 'left', right: true })).toThrow(/opposites/);
    expect(() => searchsorted(row, tensor([1]), { side: 'middle' as never })).toThrow(/'left' or 'right'/);
    expect(() => searchsorted(row, tensor([1]), { sorter: long([0, 1]) })).toThrow(/must have the same size/);
    expect(() => searchsorted(row, bits([1]))).toThrow(/same dtype/);
    expect(() => searchsorted(row, '1' as never)).toThrow(/must be a tensor or a number/);
    expect(() => bucketize(tensor([1]), row.view([1, 3]))).toThrow(/must be 1 dimension/);
    expect(() => isin(1, 2)).toThrow(/must be a tensor/);
    expect(() => tensor([true]).isin(row)).toThrow(/Unsupported input type/);
    expect(() => tensor([0.5]).bincount()).toThrow(/1-d non-negative integral/);
    expect(() => long([-1]).bincount()).toThrow(/non-negative/);
    expect(() => long([1]).bincount({ weights: tensor([1, 2]) })).toThrow(/same length/);
    expect(() => long([1]).bincount({ minlength: -1 })).toThrow(/minlength should be >= 0/);
    expect(() => long([1]).histc()).toThrow(/not implemented for 'int64'/);
    expect(() => row.histc({ bins: 0 })).toThrow(/bins must be > 0/);
    expect(() => row.histc({ min: 2, max: 1 })).toThrow(/max must be larger than min/);
    expect(() => tensor([1, Number.POSITIVE_INFINITY]).histc()).toThrow(/not finite/);
    expect(() => zeros([2, 0]).unique({ dim: 0 })).toThrow(/0 sized dimensions/);
    expect(() => row.unique({ dim: 1 })).toThrow(/Dimension out of range/);
    expect(() => row.unique({ return_counts: true } as never)).toThrow(/unknown option/);
  });

  it('leave NaN out of a histogram and out of sets, and keep each of them in unique', () => {
    const x = tensor([1, Number.NaN, 2, Number.NaN]);
    expect(x.histc({ bins: 2, min: 0, max: 4 }).toArraySync()).toEqual([1, 1]);
    expect(x.isin(x).toArraySync()).toEqual([true, false, true, false]);
    const infinity = Number.POSITIVE_INFINITY;
    expect(tensor([infinity, 1]).isin(x).toArraySync()).toEqual([false, true]);
    expect(
      tensor([infinity, 2])
        .isin(tensor([Number.NaN, infinity]))
        .toArraySync(),
    ).toEqual([true, false]);
    expect(x.unique().shape).toEqual([4]);
    const { counts, inverseIndices } = x.unique({ returnCounts: true, returnInverse: true });
    expect(counts?.toArraySync()).toEqual([1, 1, 1, 1]);
    expect(inverseIndices?.toArraySync()).toEqual([0, 2, 1, 3]);
  });

  it('have asynchronous twins', async () => {
    const x = long([3, 1, 3]);
    expect((await x.uniqueAsync()).toArraySync()).toEqual([1, 3]);
    expect((await x.uniqueConsecutiveAsync({ returnCounts: true })).counts?.toArraySync()).toEqual([1, 1, 1]);
    expect((await x.bincountAsync()).toArraySync()).toEqual([0, 1, 0, 2]);
    expect((await x.nonzeroAsync({ asTuple: true })).map((t) => t.toArraySync())).toEqual([[0, 1, 2]]);
    expect((await x.argwhereAsync()).shape).toEqual([3, 1]);
    expect((await x.repeatInterleaveAsync(long([0, 2, 1]))).toArraySync()).toEqual([1, 1, 3]);
  });

  it('say so where a device can not be read at once', () => {
    const { runtime } = zeros([1]).storage.device;
    registerBackend({
      specVersion: 1,
      deviceType: 'later',
      probe: async () => [{ name: 'later', available: true }],
      open: () => Object.assign(Object.create(runtime), { downloadSync: undefined }),
    });
    const x = zeros([3], { dtype: 'int64', device: 'later' });
    for (const [name, call] of [
      ['unique', () => x.unique()],
      ['uniqueConsecutive', () => x.uniqueConsecutive()],
      ['bincount', () => x.bincount()],
      ['nonzero', () => x.nonzero()],
      ['repeatInterleave', () => x.repeatInterleave(x)],
    ] as const) {
      expect(call, name).toThrow(DeviceError);
      expect(call, name).toThrow(`await x.${name}Async(`);
    }
  });
});
