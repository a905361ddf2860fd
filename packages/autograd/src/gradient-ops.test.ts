/** What a backend may run as one kernel is one op: forward, and backward for all inputs together. */
import '@tenfold/backend-cpu/register';
import {
  batchNorm,
  crossEntropy,
  embedding,
  gelu,
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
import { grad, gradcheck, gradOf, vmap } from './index.ts';

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
  ['gelu', (x) => gelu(x), [leaf(3, 4)], ['gelu'], ['activationBackward']],
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

describe('gradients per sample, by vmap as by a loop', () => {
  const double = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });
  // [function of one sample and shared tensors, samples, what is shared]
  const programs: readonly (readonly [string, (...x: Tensor[]) => Tensor, Tensor[], Tensor[]])[] = [
    ['layerNorm', (x, w, b) => layerNorm(x, 3, { weight: w, bias: b }), [double(4, 2, 3)], [double(3), double(3)]],
    ['groupNorm', (x, w, b) => groupNorm(x, 2, { weight: w, bias: b }), [double(3, 2, 4, 2)], [double(4), double(4)]],
    ['groupNorm, own weights', (x, w) => groupNorm(x, 2, { weight: w }), [double(3, 2, 4, 2), double(3, 4)], []],
    [
      'layerNorm, own weights',
      (x, w, b) => layerNorm(x, 3, { weight: w, bias: b }),
      [double(4, 2, 3), double(4, 3), double(4, 3)],
      [],
    ],
    [
      'batchNorm',
      (x, w, b) => batchNorm(x, null, null, { weight: w, bias: b, training: true }),
      [double(3, 4, 2)],
      [double(2), double(2)],
    ],
    [
      'by running',
      (x, m, w) => batchNorm(x, m, m.square().add(1), { weight: w }),
      [double(3, 4, 2)],
      [double(2), double(2)],
    ],
    ['rmsNorm', (x, w) => rmsNorm(x, 3, { weight: w }), [double(4, 2, 3)], [double(3)]],
    ['attention', (q, k, v) => scaledDotProductAttention(q, k, v), [double(3, 2, 4)], [double(2, 5, 4), double(5, 4)]],
    [
      'attention, own mask',
      (m, q, k, v) => scaledDotProductAttention(q, k, v, { attnMask: m }),
      [double(3, 2, 5)],
      [double(2, 4), double(5, 4), double(2, 5, 4)],
    ],
    ['softmax', (x) => x.softmax(0), [double(3, 4)], []],
    ['embedding', (w) => embedding(classes, w, { paddingIdx: 0 }), [double(3, 4, 2)], []],
    ['maxPool2d', (x) => maxPool2d(x, 2), [double(3, 1, 2, 4, 4)], []],
  ];
  test.each(programs)('%s', (_, fn, own, shared) => {
    const argnums = [...own, ...shared].map((_, i) => i);
    const loss = (...x: Tensor[]): Tensor =>
      fn(...x)
        .sin()
        .sum();
    const inDims = [...own.map(() => 0), ...shared.map(() => null)];
    const found = vmap(gradOf(loss, { argnums }), { inDims })(...own, ...shared) as unknown as readonly Tensor[];
    for (let i = 0; i < own[0].shape[0]; i++) {
      const leaves = [...own.map((x) => x.select(0, i)), ...shared].map((x) => x.detach().requiresGrad_());
      grad([loss(...leaves)], leaves).forEach((expected, k) => {
        expect(
          found[k]
            .select(0, i)
            .sub(expected as Tensor)
            .abs()
            .max()
            .itemSync(),
        ).toBeLessThan(1e-12);
      });
    }
  });
});
