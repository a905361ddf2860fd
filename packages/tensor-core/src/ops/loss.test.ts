import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  IndexError,
  mseLoss,
  nllLoss,
  ones,
  registerBackend,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const classes = (data: number[]) => tensor(data, { dtype: 'int64' });

describe('classification losses', () => {
  it('is log C for uniform logits', () => {
    expect(crossEntropy(zeros([2, 5], { dtype: 'float64' }), classes([0, 4])).itemSync()).toBeCloseTo(Math.log(5), 14);
  });

  it('is NaN in the mean if all targets are ignored, 0 in the sum', () => {
    const x = zeros([2, 3]);
    expect(nllLoss(x, classes([-100, -100])).itemSync()).toBe(Number.NaN);
    expect(nllLoss(x, classes([-100, -100]), { reduction: 'sum' }).itemSync()).toBe(0);
  });

  it('refuses what does not fit', () => {
    const x = zeros([3, 4]);
    expect(() => crossEntropy(x, classes([0, 1]))).toThrow(
      'Expected input batch_size (3) to match target batch_size (2).',
    );
    expect(() => crossEntropy(x, tensor([0, 1, 2]))).toThrow('expected scalar type Long but found Float');
    expect(() => crossEntropy(x, classes([0, 1, 4]))).toThrow(IndexError);
    expect(() => crossEntropy(x, classes([0, 1, 2]), { weight: ones([3]) })).toThrow(
      'either for all 4 classes or no classes',
    );
    expect(() => crossEntropy(x, classes([0, 1, 2]), { labelSmoothing: 2 })).toThrow(
      'label_smoothing must be between 0.0 and 1.0',
    );
    expect(() => crossEntropy(x, classes([0, 1, 2]), { reduction: 'avg' as 'mean' })).toThrow(
      'is not a valid value for reduction',
    );
  });
});

describe('binary cross entropy', () => {
  it('stops at 100 for a certain error and does not overflow in logits', () => {
    expect(binaryCrossEntropy(tensor([1]), tensor([0])).itemSync()).toBe(100);
    expect(binaryCrossEntropyWithLogits(tensor([1000]), tensor([0])).itemSync()).toBe(1000);
    expect(binaryCrossEntropyWithLogits(tensor([-1000]), tensor([0])).itemSync()).toBe(0);
  });

  it('refuses unlike shapes', () => {
    expect(() => binaryCrossEntropy(zeros([2]), zeros([3]))).toThrow('must be the same as input size');
  });
});

describe('distance losses', () => {
  it('stays finite for huge and NaN for unknown differences', () => {
    expect(huberLoss(tensor([1e30]), tensor([0])).itemSync()).toBeCloseTo(1e30, -24);
    expect(mseLoss(tensor([Number.NaN]), tensor([0])).itemSync()).toBe(Number.NaN);
    expect(() => mseLoss(classes([1]), classes([2]))).toThrow('not implemented');
  });
});
