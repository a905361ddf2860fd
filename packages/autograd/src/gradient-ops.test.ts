/** What a backend may run as one kernel is one op: forward, and backward for all inputs together. */
import '@tenfold/backend-cpu/register';
import {
  batchNorm,
  crossEntropy,
  embedding,
  groupNorm,
  interpreters,
  layerNorm,
  manualSeed,
  maxPool2d,
  ones,
  randn,
  rmsNorm,
  scaledDotProductAttention,
  type Tensor,
  tensor,
  withLayer,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { grad, gradcheck } from './index.ts';

/** The ops that `fn` runs, without those in their bodies. */
function outermost(fn: () => void): string[] {
  const names: string[] = [];
  let depth = 0;
  const spy = {
    process(spec: { readonly name: string }, _inputs: unknown, _attrs: unknown, next: () => never) {
      if (depth === 0) names.push(spec.name);
      depth++;
      try {
        return next();
      } finally {
        depth--;
      }
    },
  };
  withLayer(interpreters, spy, fn);
  return names;
}

const leaf = (...shape: number[]): Tensor => randn(shape, { requiresGrad: true });
const classes = tensor([1, 0, 1], { dtype: 'int64' });

type Row = readonly [
  name: string,
  fn: (...x: Tensor[]) => Tensor,
  inputs: Tensor[],
  forward: string[],
  backward: string[],
];

const rows = (): Row[] => [
  [
    'layerNorm',
    (x, weight, bias) => layerNorm(x, 4, { weight, bias }),
    [leaf(3, 4), leaf(4), leaf(4)],
    ['layerNorm'],
    ['layerNormBackward'],
  ],
  [
    'groupNorm',
    (x, weight, bias) => groupNorm(x, 2, { weight, bias }),
    [leaf(3, 4, 2), leaf(4), leaf(4)],
    ['groupNorm'],
    ['groupNormBackward'],
  ],
  [
    'batchNorm',
    (x, weight, bias) => batchNorm(x, null, null, { weight, bias, training: true }),
    [leaf(3, 4, 2), leaf(4), leaf(4)],
    ['batchNorm'],
    ['batchNormBackward'],
  ],
  ['rmsNorm', (x, weight) => rmsNorm(x, 4, { weight }), [leaf(3, 4), leaf(4)], ['rmsNorm'], ['rmsNormBackward']],
  [
    'attention',
    (q, k, v) => scaledDotProductAttention(q, k, v, { isCausal: true }),
    [leaf(2, 3, 4), leaf(2, 3, 4), leaf(2, 3, 4)],
    ['scaledDotProductAttention'],
    ['scaledDotProductAttentionBackward'],
  ],
  ['softmax', (x) => x.softmax(1), [leaf(3, 4)], ['softmax'], ['softmaxBackward']],
  [
    'crossEntropy',
    (x) => crossEntropy(x, classes),
    [leaf(3, 4)],
    ['logSoftmax', 'nllLoss'],
    ['nllLossBackward', 'logSoftmaxBackward'],
  ],
  ['embedding', (w) => embedding(classes, w), [leaf(3, 4)], ['embedding'], ['embeddingBackward']],
  ['maxPool2d', (x) => maxPool2d(x, 2), [leaf(1, 2, 4, 4)], ['maxPool'], ['maxPoolBackward']],
];

describe('one op forward, one backward', () => {
  manualSeed(0);
  test.each(rows())('%s', (_, fn, inputs, forward, backward) => {
    let y: Tensor = inputs[0];
    expect(
      outermost(() => {
        y = fn(...inputs);
      }),
    ).toEqual(forward);
    const gradOutputs = [ones(y.shape)];
    expect(outermost(() => grad([y], inputs, { gradOutputs }))).toEqual(backward);
  });
});

test('running statistics are no part of the graph', () => {
  const [mean, variance] = [zeros([2]), ones([2])];
  const y = batchNorm(leaf(3, 2, 2), mean, variance, { training: true });
  expect(y.gradFn?.name).toBe('NativeBatchNormBackward0');
  expect([mean.requiresGrad, variance.requiresGrad]).toEqual([false, false]);
});

test('dropped weights get no gradient', () => {
  const inputs = [leaf(2, 3, 4), leaf(2, 5, 4), leaf(2, 5, 4)].map((x) => x.detach().to('float64').requiresGrad_());
  const seeded = (...[q, k, v]: Tensor[]): Tensor => {
    manualSeed(1);
    return scaledDotProductAttention(q, k, v, { dropoutP: 0.4 });
  };
  expect(gradcheck(seeded, inputs)).toBe(true);
});
