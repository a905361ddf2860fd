import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  batchNorm,
  builtinOps,
  DTypeError,
  dispatch,
  groupNorm,
  instanceNorm,
  layerNorm,
  ones,
  registerBackend,
  rmsNorm,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const doubles = (data: number[] | number[][] | number[][][]): Tensor => tensor(data, { dtype: 'float64' });
const values = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
const close = (actual: Tensor, expected: readonly number[], digits = 12): void => {
  const found = values(actual);
  expect(found.length).toBe(expected.length);
  expected.forEach((x, i) => {
    expect(found[i]).toBeCloseTo(x, digits);
  });
};

describe('normalisations', () => {
  it('are as computed by hand', () => {
    const deviation = Math.sqrt(1.25);
    const normed = [-1.5, -0.5, 0.5, 1.5].map((x) => x / deviation);
    const x = doubles([1, 2, 3, 4]);
    close(layerNorm(x, 4, { eps: 0 }), normed);
    const [weight, bias] = [doubles([1, 2, 3, 4]), doubles([5, 6, 7, 8])];
    close(
      layerNorm(x, [4], { weight, bias, eps: 0 }),
      normed.map((n, i) => n * (i + 1) + i + 5),
    );
    // ε counts beside the variance
    close(
      layerNorm(x, [4], { eps: 3.75 }),
      [-1.5, -0.5, 0.5, 1.5].map((n) => n / Math.sqrt(5)),
    );
    close(rmsNorm(doubles([3, 4]), 2, { eps: 0 }), [3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5)]);
    close(groupNorm(doubles([[1, 3, 10, 30]]), 2, { eps: 0 }), [-1, 1, -1, 1]);
    close(batchNorm(doubles([[1], [5]]), doubles([2]), doubles([4]), { eps: 0 }), [-0.5, 1.5]);
    close(
      instanceNorm(
        doubles([
          [
            [1, 3],
            [10, 30],
          ],
        ]),
        { eps: 0, bias: doubles([1, 2]) },
      ),
      [0, 2, 1, 3],
    );
  });

  it('takes the machine epsilon for rmsNorm', () => {
    const tiny = 2 ** -26;
    close(rmsNorm(doubles([tiny]), 1), [tiny / Math.sqrt(tiny * tiny + 2 ** -52)]);
  });

  it('gives the statistics beside the result', () => {
    const [, mean, rstd] = dispatch(builtinOps.layerNorm, [doubles([[1, 3]]), null, null], { dims: 1, eps: 3 });
    expect([mean.shape, rstd.shape]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    close(mean, [2]);
    close(rstd, [0.5]);
    const [, m, r, v] = dispatch(builtinOps.batchNorm, [doubles([[1], [3]]), null, null], { eps: 3 });
    close(m, [2]);
    close(r, [0.5]);
    close(v, [1]);
  });

  it('keeps the digits of values far from 0', () => {
    // exact in float32, where the mean of squares less the square of the mean would be off by more than the variance
    const x = tensor([8192, 8192.25, 8192.5, 8192.75]);
    const deviation = Math.sqrt(0.078125);
    const expected = [-0.375, -0.125, 0.125, 0.375].map((d) => d / deviation);
    close(layerNorm(x, 4, { eps: 0 }), expected, 5);
    close(groupNorm(x.view([1, 1, 4]), 1, { eps: 0 }), expected, 5);
    close(batchNorm(x.view([4, 1]), null, null, { eps: 0, training: true }), expected, 5);
  });

  it('computes half precision in float32', () => {
    // squares and their sum are beyond float16
    const x = tensor([-600, 600, -600, 600], { dtype: 'float16' });
    const y = layerNorm(x, 4);
    expect(y.dtype).toBe('float16');
    close(y, [-1, 1, -1, 1], 3);
    close(rmsNorm(x, 4), [-1, 1, -1, 1], 3);
    const weight = tensor([1, 2, 3, 4]);
    expect(layerNorm(x, 4, { weight }).dtype).toBe('float16');
    expect(dispatch(builtinOps.layerNorm, [x, null, null], { dims: 1, eps: 0 })[2].dtype).toBe('float32');
  });

  it('refuses what does not fit', () => {
    const x = zeros([2, 4]);
    expect(() => layerNorm(x, 3)).toThrow('Given normalizedShape=[3], expected input with shape [*, 3]');
    expect(() => layerNorm(x, [])).toThrow(ShapeError);
    expect(() => layerNorm(x, [1, 2, 4])).toThrow(ShapeError);
    expect(() => layerNorm(x, 'text' as unknown as number)).toThrow(ArgumentError);
    expect(() => layerNorm(x, 4, { weight: ones([3]) })).toThrow('Expected weight to be of shape [4]');
    expect(() => layerNorm(x, 4, { bias: ones([2, 4]) })).toThrow('Expected bias to be of shape [4]');
    expect(() => layerNorm(x, 4, { weight: ones([4], { dtype: 'float64' }) })).toThrow(DTypeError);
    expect(() => layerNorm(x, 4, { weight: [1, 1, 1, 1] as unknown as Tensor })).toThrow(ArgumentError);
    expect(() => layerNorm(x, 4, { eps: '0' as unknown as number })).toThrow('eps must be a number');
    expect(() => layerNorm(x, 4, { epsilon: 0 } as object)).toThrow("unknown option 'epsilon'");
    expect(() => layerNorm(x.to('int64'), 4)).toThrow(DTypeError);
    expect(() => rmsNorm(x.to('int64'), 4)).toThrow(DTypeError);
    expect(() => rmsNorm(x, 4, { bias: ones([4]) } as object)).toThrow("unknown option 'bias'");
    expect(() => layerNorm(null as unknown as Tensor, 4)).toThrow(ArgumentError);
    expect(() => groupNorm(x, 3)).toThrow('Expected number of channels in input to be divisible by numGroups');
    expect(() => groupNorm(x, 0)).toThrow(ArgumentError);
    expect(() => groupNorm(x, 0.5)).toThrow(ArgumentError);
    expect(() => groupNorm(zeros([4]), 2)).toThrow('Expected at least 2 dimensions');
    expect(() => groupNorm(zeros([1, 2, 1]), 2)).toThrow('Expected more than 1 value per channel');
    expect(() => groupNorm(x, 2, { weight: ones([2]) })).toThrow(ShapeError);
    expect(() => instanceNorm(zeros([2, 3, 1]))).toThrow('Expected more than 1 spatial element');
    expect(() => instanceNorm(zeros([2, 3, 4]), { useInputStats: false })).toThrow(
      'must be defined in evaluation mode',
    );
    expect(() => instanceNorm(zeros([2, 3, 4]), { runningMean: ones([2]) })).toThrow('runningMean should contain 3');
  });

  it('refuses gradients and statistics of other shapes', () => {
    const x = zeros([2, 4]);
    const wanted = [true, true, true] as const;
    const [stats, one] = [zeros([2, 1]), zeros([4])];
    expect(() => dispatch(builtinOps.layerNormBackward, [one, x, stats, stats, null], { dims: 1, wanted })).toThrow(
      ShapeError,
    );
    expect(() => dispatch(builtinOps.layerNormBackward, [x, x, one, stats, null], { dims: 1, wanted })).toThrow(
      'Expected mean to be of shape [2, 1]',
    );
    expect(() => dispatch(builtinOps.batchNormBackward, [x, x, one, stats, null], { training: true, wanted })).toThrow(
      'Expected rstd to be of shape [4]',
    );
    expect(() => dispatch(builtinOps.groupNormBackward, [x, x, one, one, null], { groups: 2, wanted })).toThrow(
      ShapeError,
    );
    expect(() => dispatch(builtinOps.rmsNormBackward, [x, x, one, null], { dims: 1, wanted: [true, true] })).toThrow(
      ShapeError,
    );
  });
});

describe('running statistics', () => {
  it('move in place towards those of the input, the variance unbiased', () => {
    const [mean, variance] = [doubles([0]), doubles([1])];
    const y = batchNorm(doubles([[1], [3]]), mean, variance, { training: true, eps: 0 });
    close(y, [-1, 1]);
    close(mean, [0.2]);
    close(variance, [0.9 + 0.1 * 2]);
    batchNorm(doubles([[1], [3]]), mean, variance, { training: true, momentum: 1 });
    close(mean, [2]);
    close(variance, [2]);
    batchNorm(doubles([[7], [9]]), mean, variance);
    close(mean, [2]);
  });

  it('may be absent in training, each for itself', () => {
    const x = doubles([[1], [3]]);
    const mean = doubles([0]);
    batchNorm(x, mean, null, { training: true });
    close(mean, [0.2]);
    close(batchNorm(x, null, null, { training: true, eps: 0 }), [-1, 1]);
  });

  it('of instances are averaged over the samples', () => {
    const [runningMean, runningVar] = [doubles([0]), doubles([0])];
    instanceNorm(doubles([[[1, 3]], [[10, 30]]]), { runningMean, runningVar, momentum: 0.5 });
    // means 2 and 20, unbiased variances 2 and 200
    close(runningMean, [5.5]);
    close(runningVar, [50.5]);
  });

  it('stay where there is no sample', () => {
    const [mean, variance] = [doubles([3]), doubles([4])];
    const y = batchNorm(zeros([0, 1, 2], { dtype: 'float64' }), mean, variance, { training: true });
    expect(y.shape).toEqual([0, 1, 2]);
    close(mean, [3]);
    close(variance, [4]);
  });

  it('must fit', () => {
    const x = zeros([2, 3]);
    const three = ones([3]);
    expect(() => batchNorm(x, ones([2]), three)).toThrow('runningMean should contain 3 elements not 2');
    expect(() => batchNorm(x, three, ones([3, 1]), { training: true })).toThrow('runningVar should contain 3');
    expect(() => batchNorm(x, three, null)).toThrow('must be defined in evaluation mode');
    expect(() => batchNorm(x, three.to('int64'), three, { training: true })).toThrow(DTypeError);
    expect(() => batchNorm(zeros([1, 3]), null, null, { training: true })).toThrow(
      'Expected more than 1 value per channel when training, got input size [1, 3]',
    );
    expect(() => batchNorm(zeros([3]), null, null, { training: true })).toThrow('Expected at least 2 dimensions');
    expect(() => batchNorm(x, three, three, { training: 1 as unknown as boolean })).toThrow('must be a boolean');
    expect(() => batchNorm(x, three, three, { momentum: null as unknown as number })).toThrow(
      'momentum must be a number',
    );
    // nothing was written before it was refused
    const mean = zeros([3]);
    expect(() => batchNorm(x, mean, ones([2]), { training: true })).toThrow(ShapeError);
    expect(() => batchNorm(x, mean, null, { training: true, weight: ones([2]) })).toThrow(ShapeError);
    expect(values(mean)).toEqual([0, 0, 0]);
  });
});
