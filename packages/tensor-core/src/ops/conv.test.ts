import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { conv1d, conv2d, convTranspose1d, DTypeError, registerBackend, tensor, zeros } from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('convolution', () => {
  it('is the sum of products of each window', () => {
    const x = tensor([[[1, 2, 3, 4]]]);
    const w = tensor([[[1, 10]]]);
    expect(conv1d(x, w).toArraySync()).toEqual([[[21, 32, 43]]]);
    expect(conv1d(x, w, tensor([100]), { stride: 2, padding: 1 }).toArraySync()).toEqual([[[110, 132, 104]]]);
    expect(conv1d(x, w, null, { padding: 'same' }).toArraySync()).toEqual([[[21, 32, 43, 4]]]);
  });

  it('puts each element times the kernel at its place when transposed', () => {
    const x = tensor([[[1, 2]]]);
    const w = tensor([[[1, 10, 100]]]);
    expect(convTranspose1d(x, w, null, { stride: 2 }).toArraySync()).toEqual([[[1, 10, 102, 20, 200]]]);
    expect(convTranspose1d(x, w, null, { stride: 4, outputPadding: 1 }).toArraySync()).toEqual([
      [[1, 10, 100, 0, 2, 20, 200, 0]],
    ]);
  });

  it('refuses what does not fit', () => {
    const x = zeros([1, 3, 5]);
    const w = zeros([4, 3, 3]);
    expect(() => conv1d(zeros([1, 2, 5]), w)).toThrow(
      'Given groups=1, weight of size [4, 3, 3], expected input[1, 2, 5] to have 3 channels, but got 2 channels instead',
    );
    expect(() => conv1d(zeros([1, 3, 2]), w)).toThrow(
      "Calculated padded input size per channel: (2). Kernel size: (3). Kernel size can't be greater than actual input size",
    );
    expect(() => conv1d(zeros([5]), w)).toThrow('Expected 2D (unbatched) or 3D (batched) input to conv1d');
    expect(() => conv1d(x, w, zeros([3]))).toThrow('expected bias to be 1-dimensional with 4 elements');
    expect(() => conv1d(x, w, null, { padding: -1 })).toThrow('negative padding is not supported');
    expect(() => conv1d(x, w, null, { stride: 0 })).toThrow('non-positive stride is not supported');
    expect(() => conv1d(x, w, null, { dilation: 0 })).toThrow('dilation should be greater than zero');
    expect(() => conv1d(x, w, null, { groups: 0 })).toThrow('non-positive groups is not supported');
    expect(() => conv1d(zeros([1, 4, 5]), zeros([3, 2, 3]), null, { groups: 2 })).toThrow(
      'expected weight to be divisible by 2 at dimension 0',
    );
    expect(() => conv1d(x, w, null, { stride: 2, padding: 'same' })).toThrow("padding='same' is not supported");
    expect(() => conv1d(x, w, null, { padding: 'full' as 'same' })).toThrow("Invalid padding string: 'full'");
    expect(() => conv1d(x, w, null, { stride: 1.5 })).toThrow('stride must be an integer');
    expect(() => conv2d(zeros([1, 3, 5, 5]), zeros([4, 3, 3, 3]), null, { stride: [1, 2, 3] })).toThrow(
      'expected stride to be a single integer value or a list of 2 values',
    );
    expect(() => conv1d(x.to('float64'), w)).toThrow('expected scalar type Double but found Float');
    expect(() => conv1d(x.to('bool'), w.to('bool'))).toThrow(DTypeError);
    expect(() => convTranspose1d(zeros([1, 2, 5]), zeros([3, 4, 3]))).toThrow('to have 3 channels, but got 2');
    expect(() => convTranspose1d(x, zeros([3, 4, 3]), null, { outputPadding: 1 })).toThrow(
      'output padding must be smaller than either stride or dilation',
    );
    expect(() => convTranspose1d(zeros([1, 3, 1]), zeros([3, 4, 1]), null, { padding: 1 })).toThrow(
      'Output size is too small',
    );
  });
});
