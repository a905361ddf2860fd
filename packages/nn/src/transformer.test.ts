/** What fixtures of single layers can't show of attention and transformers: equal paths, dropout, copies, bad input. */
import '@tenfold/backend-cpu/register';
import { manualSeed, ones, randn, type Tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  GELU,
  LayerNorm,
  Linear,
  MultiheadAttention,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from './index.ts';

const float64 = { dtype: 'float64' } as const;

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.sub(expected).abs().max().itemSync()).toBeLessThan(1e-13);
}

describe('MultiheadAttention', () => {
  test('gives the same with weights and without, and with the causal mask or the word for it', () => {
    const layer = new MultiheadAttention(4, 2, { batchFirst: true, ...float64 });
    const x = randn([2, 3, 4], float64);
    const attnMask = Transformer.generateSquareSubsequentMask(3, float64);
    const [output] = layer.forward(x, x, x, { attnMask });
    for (const options of [
      { attnMask, needWeights: false },
      { attnMask: attnMask.ne(0) },
      { attnMask: attnMask.to('float32') },
      { attnMask, needWeights: false, isCausal: true },
      { attnMask, isCausal: true },
    ])
      expectClose(layer.forward(x, x, x, options)[0], output);
    // one product for three, for two, or one each
    expectClose(layer.forward(x, x.clone(), x.clone(), { attnMask })[0], output);
    const memory = x.clone();
    expectClose(layer.forward(x, memory, memory, { attnMask })[0], output);
  });

  test('drops weights in training alone, and by the seed', () => {
    const layer = new MultiheadAttention(8, 2, { dropout: 0.5 });
    const x = randn([4, 3, 8]);
    const run = (seed: number, needWeights: boolean): unknown => {
      manualSeed(seed);
      return layer.forward(x, x, x, { needWeights })[0].toArraySync();
    };
    for (const needWeights of [true, false]) {
      layer.train();
      expect(run(1, needWeights)).toEqual(run(1, needWeights));
      expect(run(1, needWeights)).not.toEqual(run(2, needWeights));
      layer.eval();
      expect(run(1, needWeights)).toEqual(run(2, needWeights));
    }
    const dropped = layer.train().forward(x, x, x, { averageAttnWeights: false })[1] as Tensor;
    expect(dropped.eq(0).sum().itemSync()).toBeGreaterThan(0);
  });
});

describe('stacks', () => {
  test('copy the layer, which is not part of them', () => {
    const layer = new TransformerEncoderLayer(4, 2, { dimFeedforward: 4 });
    const encoder = new TransformerEncoder(layer.eval(), 3);
    expect(encoder.layers.length).toBe(3);
    const [first, second] = encoder.layers;
    expect(first).not.toBe(layer);
    expect(first.training).toBe(false);
    const values = layer.stateDict();
    for (const made of [first, second])
      for (const [name, x] of Object.entries(made.stateDict())) {
        expect(x.toArraySync()).toEqual(values[name].toArraySync());
        expect(x.storage).not.toBe(values[name].storage);
      }
    expect(new Set(encoder.parameters()).size).toBe(3 * layer.parameters().length);
  });

  test('take a function that makes each layer, with values of its own', () => {
    const encoder = new TransformerEncoder(() => new TransformerEncoderLayer(4, 2), 2);
    const [first, second] = encoder.layers;
    expect(first.stateDict()['linear1.weight'].toArraySync()).not.toEqual(
      second.stateDict()['linear1.weight'].toArraySync(),
    );
  });

  test('take layers of your own', () => {
    class Doubled extends TransformerEncoderLayer {
      override forward(src: Tensor): Tensor {
        return src.mul(2);
      }
    }
    const encoder = new TransformerEncoder(new Doubled(4, 2), 3);
    expect(encoder.forward(ones([1, 1, 4])).toArraySync()).toEqual([[[8, 8, 8, 8]]]);
  });
});

test('dropout is of training alone', () => {
  const encoder = new TransformerEncoderLayer(8, 2, { dimFeedforward: 8, dropout: 0.5 });
  const decoder = new TransformerDecoderLayer(8, 2, { dimFeedforward: 8, dropout: 0.5 });
  const x = randn([3, 2, 8]);
  const run = (seed: number): unknown => {
    manualSeed(seed);
    return decoder.forward(x, encoder.forward(x)).toArraySync();
  };
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  encoder.eval();
  decoder.eval();
  expect(run(1)).toEqual(run(2));
});

test('Transformer: starts as xavierUniform_, and takes an encoder and a decoder', () => {
  const sizes = { dModel: 32, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 64 };
  const model = new Transformer(sizes);
  for (const [name, parameter] of model.namedParameters()) {
    if (parameter.ndim < 2) continue;
    const [out, inputs] = parameter.shape;
    const bound = Math.sqrt(6 / (out + inputs));
    expect(parameter.abs().max().itemSync(), name).toBeLessThanOrEqual(bound);
    // five standard errors of the deviation of a uniform start, bound / √3
    const error = (5 * Math.sqrt(0.2)) / Math.sqrt(parameter.numel());
    expect(Math.abs((parameter.std().itemSync() as number) / (bound / Math.sqrt(3)) - 1), name).toBeLessThan(error);
  }
  const { encoder: customEncoder, decoder: customDecoder } = model;
  const other = new Transformer({ ...sizes, customEncoder, customDecoder });
  expect(other.encoder).toBe(customEncoder);
  expect(other.decoder).toBe(customDecoder);
});

test('generateSquareSubsequentMask', () => {
  const mask = Transformer.generateSquareSubsequentMask(3, { dtype: 'float64', device: 'cpu' });
  const inf = Number.NEGATIVE_INFINITY;
  expect(mask.toArraySync()).toEqual([
    [0, inf, inf],
    [0, 0, inf],
    [0, 0, 0],
  ]);
  expect([mask.dtype, mask.device]).toEqual(['float64', 'cpu']);
});

const attention = new MultiheadAttention(4, 2);
const other = new MultiheadAttention(4, 2, { kdim: 3 });
const [q, k] = [zeros([2, 3, 4]), zeros([5, 3, 4])];
const attend = (...args: unknown[]): unknown =>
  (attention.forward as (...args: unknown[]) => unknown).apply(attention, args);
const transformer = new Transformer({
  dModel: 4,
  nhead: 2,
  numEncoderLayers: 1,
  numDecoderLayers: 1,
  dimFeedforward: 2,
});

test.each<[string, () => unknown, string]>([
  ['heads that do not divide', () => new MultiheadAttention(5, 2), 'embed_dim must be divisible by num_heads'],
  ['no heads', () => new MultiheadAttention(4, 0), 'numHeads must be an integer of at least 1'],
  [
    'a dropout above 1',
    () => new MultiheadAttention(4, 2, { dropout: 2 }),
    'dropout probability has to be between 0 and 1, but got 2',
  ],
  ['no tensor', () => attend(q, k, [1]), 'value must be a tensor'],
  [
    'one dim',
    () => attend(zeros([4]), zeros([4]), zeros([4])),
    'query should be unbatched 2D or batched 3D tensor but received 1-D query tensor',
  ],
  [
    'keys without N',
    () => attend(q, zeros([5, 4]), k),
    'For batched (3-D) `query`, expected `key` and `value` to be 3-D but found 2-D and 3-D tensors respectively',
  ],
  [
    'keys with N',
    () => attend(zeros([2, 4]), k, k),
    'For unbatched (2-D) `query`, expected `key` and `value` to be 2-D but found 3-D and 3-D tensors respectively',
  ],
  [
    'a padding mask of other dims',
    () => attend(q, k, k, { keyPaddingMask: zeros([5]) }),
    'For batched (3-D) `query`, expected `key_padding_mask` to be `None` or 2-D but found 1-D tensor instead',
  ],
  [
    'a mask of other dims',
    () => attend(q, k, k, { attnMask: zeros([5]) }),
    'For batched (3-D) `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found 1-D tensor instead',
  ],
  [
    'another size of embeddings',
    () => attend(zeros([2, 3, 5]), k, k),
    'was expecting embedding dimension of 4, but got 5',
  ],
  [
    'another batch',
    () => attend(q, zeros([5, 2, 4]), zeros([5, 2, 4])),
    'query and key must have the same batch size, got [2, 3, 4] and [5, 2, 4]',
  ],
  ['other values', () => attend(q, k, zeros([6, 3, 4])), 'key shape (5, 3, 4) does not match value shape (6, 3, 4)'],
  [
    'other values beside kdim',
    () => other.forward(q, zeros([5, 3, 3]), zeros([6, 3, 4])),
    "key's sequence and batch dims (5, 3) do not match value's (6, 3)",
  ],
  ['other features of keys', () => other.forward(q, k, k), 'expecting key weights shape of (4, 4), but got (4, 3)'],
  [
    'a mask of another size',
    () => attend(q, k, k, { attnMask: zeros([2, 4]) }),
    'The shape of the 2D attn_mask is (2, 4), but should be (2, 5).',
  ],
  [
    'a mask of heads of another size',
    () => attend(q, k, k, { attnMask: zeros([3, 2, 5]) }),
    'The shape of the 3D attn_mask is (3, 2, 5), but should be (6, 2, 5).',
  ],
  [
    'a padding mask of another size',
    () => attend(q, k, k, { keyPaddingMask: zeros([3, 4]) }),
    'expecting key_padding_mask shape of (3, 5), but got (3, 4)',
  ],
  [
    'a mask of integers',
    () => attend(q, k, k, { attnMask: zeros([2, 5], { dtype: 'int64' }) }),
    'only bool and floating types of attn_mask are supported',
  ],
  [
    'a padding mask of integers',
    () => attend(q, k, k, { keyPaddingMask: zeros([3, 5], { dtype: 'uint8' }) }),
    'only bool and floating types of key_padding_mask are supported',
  ],
  ['a mask that is no tensor', () => attend(q, k, k, { attnMask: true }), 'attnMask must be a tensor or null'],
  [
    'the word causal alone',
    () => attend(q, k, k, { isCausal: true }),
    'Need attn_mask if specifying the is_causal hint.',
  ],
  ['a flag that is none', () => attend(q, k, k, { needWeights: 0 }), 'needWeights must be a boolean'],
  ['an option', () => attend(q, k, k, { mask: null }), "unknown option 'mask'"],
  [
    'an activation',
    () => new TransformerEncoderLayer(4, 2, { activation: 'tanh' as never }),
    'activation should be relu/gelu, not tanh',
  ],
  [
    'an activation that is none',
    () => new TransformerDecoderLayer(4, 2, { activation: 3 as never }),
    'activation should be relu/gelu, not number 3',
  ],
  ['an option of a layer', () => new TransformerEncoderLayer(4, 2, { dModel: 4 } as never), "unknown option 'dModel'"],
  [
    'an option of a call',
    () => new TransformerEncoderLayer(4, 2).forward(q, { mask: null } as never),
    "unknown option 'mask'",
  ],
  [
    'no layer',
    () => new TransformerEncoder(null as never, 2),
    'expected a layer or a function that makes one, got null',
  ],
  [
    'a number of layers',
    () => new TransformerDecoder(new TransformerDecoderLayer(4, 2), -1),
    'numLayers must be an integer of at least 0',
  ],
  [
    'other batches',
    () => transformer.forward(zeros([2, 3, 4]), zeros([2, 1, 4])),
    'the batch number of src and tgt must be equal',
  ],
  [
    'other features',
    () => transformer.forward(zeros([2, 3, 4]), zeros([2, 3, 5])),
    'the feature number of src and tgt must be equal to d_model',
  ],
  ['a source that is no tensor', () => transformer.forward(null as never, q), 'src must be a tensor'],
  ['a mask without a size', () => Transformer.generateSquareSubsequentMask(-1), 'size must be an integer'],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(message);
});

test('an activation is a function or a module, which is a child', () => {
  const [byName, byModule, byFunction] = (['gelu', new GELU(), (x: Tensor) => new GELU().forward(x)] as const).map(
    (activation) => new TransformerEncoderLayer(4, 2, { dimFeedforward: 3, activation, ...float64 }).eval(),
  );
  expect(byModule.namedChildren().at(-1)?.[0]).toBe('activation');
  const x = randn([2, 1, 4], float64);
  for (const layer of [byModule, byFunction]) {
    layer.loadStateDict(byName.stateDict());
    expectClose(layer.forward(x), byName.forward(x));
  }
  // what a stack takes as its norm is any module from a tensor to one
  const encoder = new TransformerEncoder(byName, 1, { norm: new Linear(4, 2, float64) });
  expect(encoder.forward(x).shape).toEqual([2, 1, 2]);
  expect(new TransformerEncoder(byName, 1, { norm: new LayerNorm(4, float64) }).forward(x).shape).toEqual([2, 1, 4]);
});
