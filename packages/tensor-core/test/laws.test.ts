/** Laws that hold for every shape and value, whoever computes them. */
import { cpu } from '@tenfold/backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  broadcastShapes,
  cat,
  registerBackend,
  type Shape,
  ShapeError,
  sameShape,
  stack,
  type Tensor,
  tensor,
} from '../src/index.ts';

beforeAll(() => registerBackend(cpu()));

const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
const size = fc.integer({ min: 0, max: 4 });
const shapes = fc.array(size, { maxLength: 4 });
const filledShapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const value = fc.integer({ min: -9, max: 9 });

/** A float64 tensor with random integers, so that sums are exact. */
const tensorOf = (of: fc.Arbitrary<number[]>): fc.Arbitrary<Tensor> =>
  of.chain((shape) =>
    fc
      .array(value, { minLength: count(shape), maxLength: count(shape) })
      .map((data) => tensor(data, { dtype: 'float64' }).view(shape)),
  );

const flat = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
/** Equal shape and values; 0 and -0 are the same number. */
function expectEqual(a: Tensor, b: Tensor): void {
  expect(a.shape).toEqual(b.shape);
  expect(flat(a).map((x) => x + 0)).toEqual(flat(b).map((x) => x + 0));
}
const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>): void =>
  fc.assert(property, { numRuns: 200, seed: 7 });

/** What numpy and PyTorch say of two shapes, dim by dim from the right. */
function broadcastByHand(a: Shape, b: Shape): number[] | null {
  const n = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let d = 1; d <= n; d++) {
    const [x, y] = [a[a.length - d] ?? 1, b[b.length - d] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return null;
    out.unshift(x === 1 ? y : x);
  }
  return out;
}

describe('broadcasting', () => {
  it('follows the rule, and refuses what does not fit', () => {
    check(
      fc.property(shapes, shapes, (a, b) => {
        const expected = broadcastByHand(a, b);
        const [x, y] = [tensor(1).expand(a), tensor(1).expand(b)];
        if (expected === null) {
          expect(() => x.add(y)).toThrow(ShapeError);
          expect(() => x.maximum(y)).toThrow(ShapeError);
        } else {
          expect(x.add(y).shape).toEqual(expected);
          expect(broadcastShapes([a, b], 'add')).toEqual(expected);
        }
      }),
    );
  });

  it('gives the same whether it happens in the op or before', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.array(fc.boolean(), { maxLength: 3 }), (x, keep) => {
        const y = x.slice(0, 0, 1).add(2);
        const small = keep[0] && x.ndim > 1 ? y.select(0, 0) : y;
        expectEqual(x.add(small), x.add(small.expand(x.shape)));
        expectEqual(x.sub(small), small.sub(x).neg());
        expectEqual(x.mul(small), small.mul(x));
        expectEqual(x.maximum(small).add(x.minimum(small)), x.add(small));
      }),
    );
  });

  it('distributes sums over what was broadcast', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.integer({ min: 1, max: 4 }), (x, n) => {
        const wide = x.unsqueeze(0).expand([n, ...x.shape]);
        expectEqual(wide.sum([0]), x.mul(n));
        expectEqual(wide.sum(), x.sum().mul(n));
        expectEqual(wide.amax([0]), x);
      }),
    );
  });
});

describe('round trips', () => {
  it('reshape, flatten and view keep the order', () => {
    check(
      fc.property(tensorOf(shapes), (x) => {
        expectEqual(x.reshape([x.numel()]).reshape(x.shape), x);
        expectEqual(x.flatten(), x.reshape([x.numel()]));
        expectEqual(x.unsqueeze(0).squeeze(0), x);
        if (x.ndim > 0 && x.numel() > 0) expectEqual(x.flatten().unflatten(0, x.shape), x);
      }),
    );
  });

  it('permute and its inverse, transpose and flip twice', () => {
    check(
      fc.property(tensorOf(shapes), fc.integer({ min: 0, max: 1000 }), (x, k) => {
        const dims = x.shape.map((_, d) => d).sort((a, b) => ((a * 7 + k) % 5) - ((b * 7 + k) % 5) || a - b);
        const inverse = dims.map((_, d) => dims.indexOf(d));
        expectEqual(x.permute(dims).permute(inverse), x);
        expectEqual(x.permute(dims).contiguous().permute(inverse), x);
        expectEqual(x.flip(dims).flip(dims), x);
        if (x.ndim < 2) return;
        expectEqual(x.transpose(0, -1).transpose(-1, 0), x);
        expectEqual(x.movedim(0, -1).movedim(-1, 0), x);
        expectEqual(x.roll(k, 0).roll(-k, 0), x);
      }),
    );
  });

  it('cat and split, stack and unbind', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.integer({ min: 1, max: 5 }), fc.nat(), (x, n, k) => {
        const dim = k % x.ndim;
        expectEqual(cat(x.split(n, dim), dim), x);
        expectEqual(cat(x.chunk(n, dim), dim), x);
        expectEqual(stack(x.unbind(dim), dim), x);
        const doubled = cat([x, x.neg()], dim);
        const [first, second] = doubled.split(x.shape[dim], dim);
        expectEqual(first, x);
        expectEqual(second, x.neg());
      }),
    );
  });

  it('tril and triu add up', () => {
    check(
      fc.property(tensorOf(fc.tuple(size, size).map((s) => [...s])), fc.integer({ min: -4, max: 4 }), (x, k) =>
        expectEqual(x.tril(k).add(x.triu(k + 1)), x),
      ),
    );
  });
});

describe('order', () => {
  it('sort is a permutation in order, and argsort and gather give it', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.nat(), fc.boolean(), (x, k, descending) => {
        const dim = k % x.ndim;
        const { values, indices } = x.sort(dim, { descending, stable: true });
        expectEqual(x.gather(dim, indices), values);
        expectEqual(x.argsort(dim, { descending, stable: true }), indices);
        const sorted = x.movedim(dim, -1).reshape([-1, x.shape[dim]]).toArraySync() as number[][];
        const rows = sorted.map((row) => row.toSorted((a, b) => (descending ? b - a : a - b)));
        expect(values.movedim(dim, -1).reshape([-1, x.shape[dim]]).toArraySync()).toEqual(rows);
        expectEqual(x.topk(x.shape[dim], { dim, largest: descending }).values, values);
        expectEqual(values.select(dim, 0), descending ? x.amax([dim]) : x.amin([dim]));
      }),
    );
  });

  it('max, argmax, cummax and their minima agree', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.nat(), (x, k) => {
        const dim = k % x.ndim;
        const { values, indices } = x.max(dim);
        expectEqual(values, x.amax([dim]));
        expectEqual(x.gather(dim, indices.unsqueeze(dim)).squeeze(dim), values);
        expectEqual(x.gather(dim, x.argmax(dim, { keepdim: true })).squeeze(dim), values);
        expectEqual(x.cummax(dim).values.select(dim, -1), values);
        expectEqual(x.neg().amin([dim]), values.neg());
      }),
    );
  });
});

describe('adjoints', () => {
  it('scatterAdd is the transpose of gather: ⟨gather(x, i), y⟩ = ⟨x, scatterAdd(0, i, y)⟩', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.nat(), fc.integer({ min: 1, max: 4 }), (x, k, n) => {
        const dim = k % x.ndim;
        const shape = x.shape.toSpliced(dim, 1, n);
        const index = tensor(
          Array.from({ length: count(shape) }, (_, i) => (i * 7 + k) % x.shape[dim]),
          { dtype: 'int64' },
        ).view(shape);
        const y = tensor(
          Array.from({ length: count(shape) }, (_, i) => ((i * 5 + k) % 7) - 3),
          { dtype: 'float64' },
        ).view(shape);
        const left = x.gather(dim, index).mul(y).sum();
        const right = x.mul(x.mul(0).scatterAdd(dim, index, y)).sum();
        expectEqual(left, right);
      }),
    );
  });

  it('indexAdd is the transpose of indexSelect, and of index with accumulate', () => {
    check(
      fc.property(tensorOf(filledShapes), fc.nat(), fc.integer({ min: 1, max: 4 }), (x, k, n) => {
        const index = tensor(
          Array.from({ length: n }, (_, i) => (i * 3 + k) % x.shape[0]),
          { dtype: 'int64' },
        );
        const picked = x.indexSelect(0, index);
        const y = picked
          .mul(0)
          .add(tensor(Array.from({ length: n }, (_, i) => i - 1)).view([n, ...x.shape.slice(1).map(() => 1)]));
        const zeros = x.mul(0);
        expectEqual(picked.mul(y).sum(), x.mul(zeros.indexAdd(0, index, y)).sum());
        expectEqual(zeros.indexAdd(0, index, y), zeros.indexPut([index], y, { accumulate: true }));
        expectEqual(x.index([index]), picked);
        expect(sameShape(picked.shape, [n, ...x.shape.slice(1)])).toBe(true);
      }),
    );
  });

  it('a product with a matrix is a sum over its columns', () => {
    check(
      fc.property(
        fc
          .tuple(size, size, size)
          .chain(([m, n, k]) => fc.tuple(tensorOf(fc.constant([m, k])), tensorOf(fc.constant([k, n])))),
        ([a, b]) => {
          expectEqual(a.matmul(b), a.unsqueeze(2).mul(b.unsqueeze(0)).sum([1]));
          expectEqual(a.matmul(b).t(), b.t().matmul(a.t()));
        },
      ),
    );
  });
});
