import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  adaptiveAvgPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  DTypeError,
  IndexError,
  lpPool1d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxUnpool1d,
  ones,
  registerBackend,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('pooling', () => {
  it('takes maxima, means and norms of windows', () => {
    const x = tensor([[3, 4, 1, 0, 5]]);
    const { values, indices } = maxPool1d(x, 2, { returnIndices: true, ceilMode: true });
    expect(values.toArraySync()).toEqual([[4, 1, 5]]);
    expect(indices.toArraySync()).toEqual([[1, 2, 4]]);
    expect(avgPool1d(x, 2, { ceilMode: true }).toArraySync()).toEqual([[3.5, 0.5, 5]]);
    expect(lpPool1d(x, 2, 2).toArraySync()).toEqual([[5, 1]]);
    expect(lpPool3d(ones([1, 2, 2, 2]), 3, 2).itemSync()).toBeCloseTo(2, 6);
    expect(adaptiveAvgPool1d(x, 2).toArraySync()).toEqual([[expect.closeTo(8 / 3, 6), 2]]);
    expect(maxUnpool1d(values, indices, 2, { outputSize: [5] }).toArraySync()).toEqual([[0, 4, 1, 0, 5]]);
  });

  it('takes the first of equal maxima and the last NaN, for windows inside and across the border', () => {
    const rows = [
      [1, 1, Number.NaN, 5],
      [1, 1, 7, Number.NaN],
      [-0, 0, 2, 2],
      [0, -0, 2, 3],
    ];
    const inside = maxPool2d(tensor([rows]), 2, { returnIndices: true });
    expect(inside.values.toArraySync()).toEqual([
      [
        [1, Number.NaN],
        [-0, 3],
      ],
    ]);
    expect(inside.indices.toArraySync()).toEqual([
      [
        [0, 7],
        [8, 15],
      ],
    ]);
    const across = maxPool2d(tensor([rows]), 2, { padding: 1, returnIndices: true });
    expect(across.indices.toArraySync()).toEqual([
      [
        [0, 2, 3],
        [4, 6, 7],
        [12, 14, 15],
      ],
    ]);
  });

  it('takes integers for maxima', () => {
    const x = tensor(
      [
        [
          [1, 2],
          [4, 3],
        ],
      ],
      { dtype: 'int64' },
    );
    expect(maxPool2d(x, 2).dtype).toBe('int64');
    expect(maxPool2d(x, 2).itemSync()).toBe(4);
  });

  it('refuses what does not fit', () => {
    const x = zeros([1, 5, 5]);
    expect(() => maxPool2d(x, 2, { padding: 2 })).toThrow('pad should be at most half of kernel size');
    expect(() => maxPool2d(zeros([1, 1, 1]), 2)).toThrow(
      'Given input size: (1x1x1). Calculated output size: (1x0x0). Output size is too small',
    );
    expect(() => maxPool2d(zeros([5, 5]), 2)).toThrow('Expected 3D or 4D (batch mode) tensor');
    expect(() => maxPool2d(x, 0)).toThrow('must be greater than zero, but got 0');
    expect(() => maxPool2d(x, 2, { stride: 0 })).toThrow('stride must be greater than zero');
    expect(() => maxPool1d(zeros([1, 1]), 2, { padding: 1, dilation: 2 })).toThrow('nothing but padding');
    expect(() => maxPool2d(x.to('bool'), 2)).toThrow(DTypeError);
    expect(() => avgPool2d(x, 2, { divisorOverride: 0 })).toThrow('divisor must be not zero');
    expect(() => avgPool2d(x.to('int64'), 2)).toThrow(DTypeError);
    expect(() => avgPool1d(zeros([1, 4]), 2, { divisorOverride: 3 } as object)).toThrow('divisorOverride');
    expect(() => adaptiveMaxPool2d(zeros([1, 4, 0]), 2)).toThrow('non-zero size for non-batch dimensions');
    expect(() => adaptiveAvgPool1d(zeros([1, 4]), -1)).toThrow('outputSize must be');
    expect(() => maxUnpool1d(zeros([1, 2]), tensor([[0, 9]], { dtype: 'int64' }), 2)).toThrow(IndexError);
    expect(() => maxUnpool1d(zeros([1, 2]), tensor([[0, 1]], { dtype: 'int64' }), 2, { outputSize: [9] })).toThrow(
      'invalid outputSize',
    );
  });
});
