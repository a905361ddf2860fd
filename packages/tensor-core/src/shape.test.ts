import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexError, ShapeError } from './errors.ts';
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  contiguousStrides,
  hasInternalOverlap,
  inferSizes,
  normalizeDim,
  normalizeDims,
  numel,
  viewStrides,
} from './shape.ts';

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

/** The storage positions of all elements in row-major order. */
function positions(shape: readonly number[], strides: readonly number[]): number[] {
  let list = [0];
  shape.forEach((size, d) => {
    list = list.flatMap((base) => Array.from({ length: size }, (_, i) => base + i * strides[d]));
  });
  return list;
}

describe('viewStrides', () => {
  it('reads the same elements in the same order, or says that a copy is needed', () => {
    fc.assert(
      fc.property(shapes, shapes, fc.infiniteStream(fc.nat()), (shape, target, picks) => {
        // a permuted, stepped layout, so that some dims can be merged and some can not
        const order = shape.map((_, d) => [picks.next().value as number, d]).sort((a, b) => a[0] - b[0]);
        const strides = new Array<number>(shape.length);
        let step = 1 + ((picks.next().value as number) % 2);
        for (const [, d] of order) {
          strides[d] = step;
          step *= Math.max(shape[d], 1);
        }
        fc.pre(numel(shape) === numel(target));
        const result = viewStrides(shape, strides, target);
        if (result) expect(positions(target, result)).toEqual(positions(shape, strides));
        else expect(shape).not.toEqual(target);
      }),
    );
  });

  it('merges contiguous dims and refuses others', () => {
    expect(viewStrides([2, 3], [3, 1], [6])).toEqual([1]);
    expect(viewStrides([3, 2], [1, 3], [6])).toBeNull();
    expect(viewStrides([4, 3, 2], [6, 2, 1], [2, 2, 6])).toEqual([12, 6, 1]);
    expect(viewStrides([], [], [1, 1])).toEqual([1, 1]);
  });
});

describe('broadcastShapes', () => {
  it('follows the rule: trailing dims equal, or one of them 1', () => {
    expect(broadcastShapes([[5, 1, 4], [3, 1], []], 'add')).toEqual([5, 3, 4]);
    expect(broadcastShapes([[0], [1]], 'add')).toEqual([0]);
    expect(broadcastStrides([3, 1], [1, 1], [5, 3, 4])).toEqual([0, 1, 0]);
  });

  it('raises PyTorch’s sentence with the op and both shapes', () => {
    expect(() => broadcastShapes([[2, 3], [4]], 'add')).toThrow(ShapeError);
    expect(() => broadcastShapes([[2, 3], [4]], 'add')).toThrow(
      'The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1 in add: shapes [2, 3] and [4]',
    );
  });
});

describe('dims and sizes', () => {
  it('count from the end and have a range', () => {
    expect(normalizeDim(-1, 3, 'sum')).toBe(2);
    expect(() => normalizeDim(3, 3, 'sum')).toThrow(IndexError);
    expect(() => normalizeDim(3, 3, 'sum')).toThrow('expected to be in range of [-3, 2], but got 3');
    expect(normalizeDims([2, -3], 3, 'sum')).toEqual([0, 2]);
    expect(() => normalizeDims([0, -3], 3, 'sum')).toThrow('dim 0 appears multiple times in the list of dims');
  });

  it('one size may be inferred', () => {
    expect(inferSizes([2, -1], 6, 'view')).toEqual([2, 3]);
    expect(() => inferSizes([4, -1], 6, 'view')).toThrow("shape '[4, -1]' is invalid for input of size 6");
    expect(() => inferSizes([-1, -1], 6, 'view')).toThrow('only one dimension can be inferred');
    expect(() => inferSizes([0, -1], 0, 'view')).toThrow('ambiguous');
  });

  it('refuses what is no shape', () => {
    for (const bad of [3, '2,3', null, [1.5], [Number.NaN], [-1], [2 ** 40, 2 ** 40], ['2']]) {
      expect(() => checkShape(bad, 'zeros')).toThrow(/^zeros: /);
    }
    expect(contiguousStrides([2, 0, 3])).toEqual([3, 3, 1]);
  });

  it('finds views whose elements share memory', () => {
    expect(hasInternalOverlap([3, 2], [0, 1])).toBe(true);
    expect(hasInternalOverlap([3, 2], [1, 1])).toBe(true);
    expect(hasInternalOverlap([3, 2], [2, 1])).toBe(false);
    expect(hasInternalOverlap([3, 1], [1, 0])).toBe(false);
  });
});
