/** What activations, normalisations, tables, distances and losses refuse, and what samples of PyTorch can't show. Their values are in layers.test.ts. */
import '@tenfold/backend-cpu/register';
import {
  ArgumentError,
  DTypeError,
  IndexError,
  manualSeed,
  ones,
  rand,
  randn,
  resolveDevice,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test, vi } from 'vitest';
import {
  BatchNorm1d,
  BatchNorm2d,
  CELU,
  CosineEmbeddingLoss,
  CTCLoss,
  Embedding,
  EmbeddingBag,
  F,
  GELU,
  GLU,
  GroupNorm,
  Hardtanh,
  InstanceNorm1d,
  InstanceNorm2d,
  LayerNorm,
  LeakyReLU,
  LocalResponseNorm,
  MarginRankingLoss,
  MultiLabelMarginLoss,
  MultiMarginLoss,
  PairwiseDistance,
  PReLU,
  RMSNorm,
  RReLU,
  SiLU,
  Softmax2d,
  Softmin,
  Softplus,
  Softshrink,
  Threshold,
  TripletMarginLoss,
  TripletMarginWithDistanceLoss,
} from './index.ts';

const float64 = { dtype: 'float64' } as const;
const ints = (data: number | number[] | number[][]): Tensor => tensor(data, { dtype: 'int64' });
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
const x = zeros([3, 4]);
const logs = randn([5, 2, 3]).logSoftmax(2);
const pair = ints([
  [1, 2],
  [2, 1],
]);
const ctc = (...args: Parameters<CTCLoss['forward']>) => new CTCLoss().forward(...args);

type ErrorClass = new (message: string) => Error;

/** What is refused, with PyTorch's sentence where it has one. */
const refused: readonly (readonly [what: string, call: () => unknown, error: ErrorClass, sentence: string])[] = [
  ['GELU by sin', () => new GELU({ approximate: 'sin' as never }), ArgumentError, 'must be either none or tanh'],
  ['gelu by sin', () => F.gelu(x, { approximate: 'sin' as never }), ArgumentError, 'must be either none or tanh'],
  ['gelu of integers', () => F.gelu(ints([1, 2])), DTypeError, '"gelu" not implemented for \'int64\''],
  ['silu of a number', () => F.silu(3 as never), ArgumentError, 'silu: argument 0 must be a tensor, got number 3'],
  ['inplace: 1', () => new SiLU({ inplace: 1 as never }), ArgumentError, 'SiLU: inplace must be a boolean'],
  ['a text as slope', () => new LeakyReLU({ negativeSlope: '1' as never }), ArgumentError, 'LeakyReLU: negativeSlope'],
  ['leakyRelu by a text', () => F.leakyRelu(x, { negativeSlope: '1' as never }), ArgumentError, 'must be a number'],
  ['a threshold as text', () => new Softplus({ threshold: '1' as never }), ArgumentError, 'Softplus: threshold'],
  ['Threshold without value', () => new Threshold(1, undefined as never), ArgumentError, 'Threshold: value'],
  ['threshold without value', () => F.threshold(x, 1, undefined as never), ArgumentError, 'threshold: value'],
  ['CELU of 0', () => new CELU({ alpha: 0 }).forward(x), ArgumentError, 'alpha cannot be 0 for CELU'],
  ['bounds in disorder', () => new Hardtanh({ minVal: 2, maxVal: 1 }), ArgumentError, 'max_val must be above min_val'],
  ['hardtanh', () => F.hardtanh(x, { minVal: 2, maxVal: 1 }), ArgumentError, 'cannot be greater than max_val'],
  [
    'a negative λ',
    () => new Softshrink({ lambd: -1 }).forward(x),
    ArgumentError,
    'lambda must be greater or equal to 0, but found to be -1.',
  ],
  ['slopes in disorder', () => new RReLU({ lower: 0.5, upper: 0.3 }), ArgumentError, 'Lower bound should be less than'],
  ['rrelu', () => F.rrelu(x, { lower: 0.5, upper: 0.3 }), ArgumentError, 'Lower bound should be less than'],
  ['half a parameter', () => new PReLU(1.5), ArgumentError, 'PReLU: numParameters'],
  [
    'three slopes for four channels',
    () => new PReLU(3).forward(x),
    ShapeError,
    'Mismatch of parameter numbers and input channel size. Found parameter numbers = 3 and channel size = 4.',
  ],
  ['slopes of a scalar', () => new PReLU(3).forward(tensor(1)), ShapeError, 'Not allow zero-dim input tensor.'],
  ['an odd half', () => new GLU(0).forward(x), ShapeError, 'Halving dimension must be even, but dimension 0 is size 3'],
  ['half of a scalar', () => F.glu(tensor(1)), ShapeError, 'glu does not support scalars'],
  ['a dim too far', () => F.glu(x, 5), IndexError, 'Dimension out of range (expected to be in range of [-2, 1]'],
  ['no dim', () => new Softmin(undefined as never), ArgumentError, 'Softmin: dim must be an integer'],
  ['Softmax2d of a matrix', () => new Softmax2d().forward(x), ShapeError, 'Softmax2d requires a 3D or 4D tensor'],
  ['a hard text', () => F.gumbelSoftmax(x, { hard: 'no' as never }), ArgumentError, 'gumbelSoftmax: hard'],

  [
    'BatchNorm1d of images',
    () => new BatchNorm1d(3).forward(zeros([1, 3, 2, 2])),
    ShapeError,
    'expected 2D or 3D input (got 4D input',
  ],
  [
    'BatchNorm2d of rows',
    () => new BatchNorm2d(3).forward(zeros([1, 3])),
    ShapeError,
    'expected 4D input (got 2D input',
  ],
  ['other channels', () => new BatchNorm1d(3).forward(x), ShapeError, 'runningMean should contain 4 elements'],
  [
    'one value',
    () => new BatchNorm1d(4).forward(ones([1, 4])),
    ShapeError,
    'Expected more than 1 value per channel when training',
  ],
  ['a text for momentum', () => new BatchNorm1d(4, { momentum: '1' as never }), ArgumentError, 'BatchNorm1d: momentum'],
  ['features as text', () => new BatchNorm1d('4' as never), ArgumentError, 'BatchNorm1d: numFeatures'],
  ['affine: 1', () => new BatchNorm1d(4, { affine: 1 as never }), ArgumentError, 'BatchNorm1d: affine'],
  [
    'InstanceNorm2d of rows',
    () => new InstanceNorm2d(3).forward(zeros([1, 3])),
    ShapeError,
    'expected 3D or 4D input (got 2D input',
  ],
  [
    'other channels of an instance',
    () => new InstanceNorm1d(3, { affine: true }).forward(zeros([2, 4, 5])),
    ShapeError,
    "expected input's size at dim=1 to match num_features (3), but got: 4.",
  ],
  [
    'one position',
    () => new InstanceNorm1d(3).forward(zeros([2, 3, 1])),
    ShapeError,
    'Expected more than 1 spatial element',
  ],
  ['groups that do not fit', () => new GroupNorm(3, 4), ArgumentError, 'num_channels must be divisible by num_groups'],
  ['no groups', () => new GroupNorm(0, 4), ArgumentError, 'GroupNorm: numGroups'],
  [
    'another last size',
    () => new LayerNorm(3).forward(x),
    ShapeError,
    'Given normalizedShape=[3], expected input with shape [*, 3]',
  ],
  ['part of a size', () => new LayerNorm([2.5]), ArgumentError, 'LayerNorm'],
  ['RMSNorm of another size', () => new RMSNorm([3]).forward(x), ShapeError, 'Given normalizedShape=[3]'],
  [
    'neighbours of rows',
    () => new LocalResponseNorm(2).forward(x),
    ShapeError,
    'Expected 3D or higher dimensionality input (got 2 dimensions',
  ],
  ['no neighbours', () => new LocalResponseNorm(0), ArgumentError, 'LocalResponseNorm: size'],

  [
    'padding below',
    () => new Embedding(3, 2, { paddingIdx: -4 }),
    ArgumentError,
    'Padding_idx must be within num_embeddings',
  ],
  [
    'padding above',
    () => new EmbeddingBag(3, 2, { paddingIdx: 3 }),
    ArgumentError,
    'Padding_idx must be within num_embeddings',
  ],
  [
    'sparse gradients',
    () => new Embedding(3, 2, { sparse: true as never }),
    ArgumentError,
    'Tenfold has no sparse gradients',
  ],
  ['no row', () => new Embedding(3, 2).forward(ints([3])), IndexError, '3'],
  ['rows by floats', () => new Embedding(3, 2).forward(x), DTypeError, 'Expected dtype int64'],
  [
    'a table of one dim',
    () => Embedding.fromPretrained(ones([3])),
    ShapeError,
    'Embeddings parameter is expected to be 2-dimensional',
  ],
  [
    'a table of another size',
    () => new Embedding(3, 2, { _weight: ones([2, 3]) }),
    ShapeError,
    'does not match num_embeddings and embedding_dim',
  ],
  [
    'another mode',
    () => new EmbeddingBag(3, 2, { mode: 'min' as never }),
    ArgumentError,
    'mode has to be one of sum, mean or max',
  ],
  [
    'frequencies of maxima',
    () => new EmbeddingBag(3, 2, { mode: 'max', scaleGradByFreq: true }),
    ArgumentError,
    'max mode does not support scaling',
  ],
  [
    'no offsets',
    () => new EmbeddingBag(3, 2).forward(ints([1])),
    ArgumentError,
    'offsets has to be a 1D Tensor but got null',
  ],
  [
    'offsets of a matrix',
    () => new EmbeddingBag(3, 2).forward(pair, ints([0])),
    ArgumentError,
    'if input is 2D, then offsets has to be null',
  ],
  [
    'offsets in two dims',
    () => new EmbeddingBag(3, 2).forward(ints([1]), pair),
    ShapeError,
    'offsets has to be a 1D Tensor',
  ],
  [
    'three dims',
    () => new EmbeddingBag(3, 2).forward(pair.unsqueeze(0)),
    ShapeError,
    'input has to be 1D or 2D Tensor, but got Tensor of dimension 3',
  ],
  [
    'offsets from 1 on',
    () => new EmbeddingBag(3, 2).forward(ints([1, 2]), ints([1])),
    IndexError,
    'index -1 is out of bounds',
  ],
  [
    'no last offset',
    () => new EmbeddingBag(3, 2, { includeLastOffset: true }).forward(ints([1]), zeros([0], { dtype: 'int64' })),
    ShapeError,
    'number of offset should be at least 1',
  ],
  [
    'weights of means',
    () => new EmbeddingBag(3, 2).forward(pair, null, ones([2, 2])),
    ArgumentError,
    "only supported for mode='sum' (got mode='mean')",
  ],
  [
    'other weights',
    () => new EmbeddingBag(3, 2, { mode: 'sum' }).forward(pair, null, ones([2])),
    ShapeError,
    'must have the same shape as the input',
  ],

  [
    'distances of 3 and 4',
    () => new PairwiseDistance().forward(ones([3, 2]), ones([4, 2])),
    ShapeError,
    'must match the size of tensor b',
  ],
  [
    'cosines of 3 and 4',
    () => F.cosineSimilarity(ones([3, 2]), ones([4, 2])),
    ShapeError,
    'must match the size of tensor b',
  ],
  ['an order as text', () => F.normalize(x, { p: '2' as never }), ArgumentError, 'normalize: p must be a number'],
  [
    'another reduction',
    () => F.klDiv(x, x, { reduction: 'meen' as never }),
    ArgumentError,
    "'meen' is not a valid value for reduction",
  ],
  [
    'batchmean elsewhere',
    () => F.softMarginLoss(x, x, { reduction: 'batchmean' as never }),
    ArgumentError,
    'is not a valid value for reduction',
  ],
  ['shapes of klDiv', () => F.klDiv(x, zeros([3, 5])), ShapeError, 'must match the size of tensor b'],
  ['a number as target', () => F.poissonNllLoss(x, 3 as never), ArgumentError, 'target must be a tensor'],
  ['a negative variance', () => F.gaussianNllLoss(x, x, -1), ArgumentError, 'var has negative entry/entries'],
  ['another variance', () => F.gaussianNllLoss(x, x, ones([3, 2])), ShapeError, 'var is of incorrect size'],
  [
    'one target a matrix',
    () => new CosineEmbeddingLoss().forward(x, x, x),
    ShapeError,
    '0D or 1D target tensor expected, multi-target not supported',
  ],
  [
    'one target a vector',
    () => new CosineEmbeddingLoss().forward(ones([4]), ones([4]), ones([3])),
    ShapeError,
    '1D target tensor expects 2D input tensors',
  ],
  [
    'other dims',
    () => new MarginRankingLoss().forward(x, ones([4]), ones([3])),
    ShapeError,
    'All input tensors should have same dimension but got sizes',
  ],
  ['a cube', () => new MultiMarginLoss({ p: 3 as never }), ArgumentError, 'only p == 1 and p == 2 supported'],
  ['weights of two dims', () => new MultiMarginLoss({ weight: x }), ShapeError, 'weight must have the shape [C]'],
  [
    'other weights of classes',
    () => new MultiMarginLoss({ weight: ones([3]) }).forward(x, ints([0, 1, 2])),
    ShapeError,
    'inconsistent weight size',
  ],
  ['classes too few', () => new MultiMarginLoss().forward(x, ints([0, 1])), ShapeError, 'inconsistent target size'],
  [
    'classes as floats',
    () => new MultiMarginLoss().forward(x, ones([3])),
    DTypeError,
    'expected scalar type Long but found float32',
  ],
  ['a class too high', () => new MultiMarginLoss().forward(x, ints([0, 1, 4])), IndexError, '4'],
  ['labels too few', () => new MultiLabelMarginLoss().forward(x, pair), ShapeError, "for argument #2 'target'"],
  ['labels as floats', () => new MultiLabelMarginLoss().forward(x, x), DTypeError, 'expected scalar type Long'],
  ['no margin', () => new TripletMarginLoss({ margin: 0 }), ArgumentError, 'expected margin to be greater than 0'],
  [
    'a vector among matrices',
    () => new TripletMarginLoss().forward(x, x, ones([4])),
    ShapeError,
    'should have same dimension but got 2D, 2D and 1D inputs.',
  ],

  [
    'a blank too high',
    () => new CTCLoss({ blank: 3 }).forward(logs, pair, [5, 5], [2, 2]),
    ArgumentError,
    'blank must be in label range',
  ],
  ['a negative blank', () => new CTCLoss({ blank: -1 }), ArgumentError, 'CTCLoss: blank'],
  [
    'inputs too long',
    () => ctc(logs, pair, [5, 6], [2, 2]),
    ShapeError,
    'Expected input_lengths to have value at most 5, but got value 6',
  ],
  [
    'targets too long',
    () => ctc(logs, pair, [5, 5], [2, 3]),
    ShapeError,
    'Expected target_lengths to have value at most 2, but got value 3',
  ],
  ['too few lengths', () => ctc(logs, pair, [5], [2, 2]), ShapeError, 'input_lengths must be of size batch_size'],
  [
    'too few tensor lengths',
    () => ctc(logs, pair, [5, 5], ints([2])),
    ShapeError,
    'target_lengths must be of size batch_size',
  ],
  [
    'a negative length',
    () => ctc(logs, pair, [5, -1], [2, 2]),
    ArgumentError,
    'input_lengths must be an integer of at least 0',
  ],
  ['lengths of floats', () => ctc(logs, pair, ones([2]), [2, 2]), DTypeError, 'input_lengths must be integral'],
  [
    'lengths as text',
    () => ctc(logs, pair, '55' as never, [2, 2]),
    ArgumentError,
    'must be integers or an integer tensor',
  ],
  [
    'too few labels',
    () => ctc(logs, ints([1, 2, 2]), [5, 5], [2, 2]),
    ShapeError,
    'Expected tensor to have size 4 at dimension 0, but got size 3',
  ],
  ['labels of floats', () => ctc(logs, ones([2, 2]), [5, 5], [2, 2]), DTypeError, 'targets must be integral'],
  [
    'labels in three dims',
    () => ctc(logs, pair.unsqueeze(0), [5, 5], [2, 2]),
    ShapeError,
    'Expected 1 to 2 dimensions, but got 3-dimensional tensor',
  ],
  [
    'labels of one sample',
    () => ctc(logs, ints([[1, 2]]), [5, 5], [2, 2]),
    ShapeError,
    'Expected tensor to have size 2 at dimension 0, but got size 1',
  ],
  [
    'a label too high',
    () =>
      ctc(
        logs,
        ints([
          [1, 3],
          [1, 1],
        ]),
        [5, 5],
        [2, 2],
      ),
    IndexError,
    '3',
  ],
  ['half precision', () => ctc(logs.to('float16'), pair, [5, 5], [2, 2]), DTypeError, '"ctc_loss" not implemented for'],
];

test.each(refused)('%s', (_, call, error, sentence) => {
  expect(call).toThrow(error);
  expect(call).toThrow(sentence);
});

describe('what is drawn', () => {
  test('RReLU draws slopes in training, for what is not above 0', () => {
    manualSeed(0);
    const layer = new RReLU({ lower: 0.2, upper: 0.6 });
    const input = ones([4000]).mul(-1).requiresGrad_();
    const output = layer.forward(input);
    output.sum().backward();
    const slopes = numbers(output).map((value) => -value);
    expect(numbers(input.grad as Tensor)).toEqual(slopes);
    expect(Math.min(...slopes)).toBeGreaterThanOrEqual(Math.fround(0.2));
    expect(Math.max(...slopes)).toBeLessThanOrEqual(Math.fround(0.6));
    const mean = slopes.reduce((sum, slope) => sum + slope, 0) / slopes.length;
    // five standard errors of a uniform number
    expect(Math.abs(mean - 0.4)).toBeLessThan((5 * 0.4) / Math.sqrt(12 * slopes.length));
    expect(layer.forward(tensor([0.5, 2])).toArraySync()).toEqual([0.5, 2]);
    const written = tensor([-1, 3]);
    expect(new RReLU({ inplace: true }).forward(written)).toBe(written);
  });

  test('gumbelSoftmax draws classes as often as softmax says', () => {
    manualSeed(1);
    const chances = [0.5, 0.3, 0.2];
    const logits = tensor(chances.map(Math.log), float64).expand([5000, 3]).clone().requiresGrad_();
    const hard = F.gumbelSoftmax(logits, { tau: 0.7, hard: true });
    hard
      .mul(tensor([1, 2, 3], float64))
      .sum()
      .backward();
    expect(new Set(numbers(hard).map((value) => Math.round(value * 1e9) / 1e9))).toEqual(new Set([0, 1]));
    numbers(hard.mean(0)).forEach((share, i) => {
      expect(Math.abs(share - chances[i])).toBeLessThan(5 * Math.sqrt((chances[i] * (1 - chances[i])) / 5000));
    });
    // through the soft sample, whose gradients add up to 0
    const grad = logits.grad as Tensor;
    expect(grad.abs().sum().itemSync()).toBeGreaterThan(1);
    expect(grad.sum(1).abs().max().itemSync()).toBeLessThan(1e-12);
    const soft = F.gumbelSoftmax(randn([2, 5]), { dim: 0 });
    expect(soft.sum(0).sub(1).abs().max().itemSync()).toBeLessThan(1e-6);
  });
});

describe('normalisations', () => {
  test('running statistics without momentum are means over all batches', () => {
    const layer = new BatchNorm1d(3, { momentum: null, dtype: 'float64' });
    const batches = [randn([4, 3], float64), randn([6, 3], float64), randn([5, 3], float64)];
    for (const batch of batches) layer.forward(batch);
    const means = batches.map((batch) => numbers(batch.mean(0)));
    const variances = batches.map((batch) => numbers(batch.var(0)));
    const mean = (lists: number[][], i: number) => lists.reduce((sum, list) => sum + list[i], 0) / lists.length;
    numbers(layer.running_mean as Tensor).forEach((value, i) => {
      expect(value).toBeCloseTo(mean(means, i), 12);
    });
    numbers(layer.running_var as Tensor).forEach((value, i) => {
      expect(value).toBeCloseTo(mean(variances, i), 12);
    });
    expect([layer.num_batches_tracked?.itemSync(), layer.num_batches_tracked?.dtype]).toEqual([3, 'int64']);
    layer.resetRunningStats();
    expect(layer.num_batches_tracked?.itemSync()).toBe(0);
    expect(numbers(layer.running_var as Tensor)).toEqual([1, 1, 1]);
  });

  test('a LayerNorm without bias, and what resetParameters makes', () => {
    const layer = new LayerNorm([2, 3], { bias: false });
    expect([Object.keys(layer.stateDict()), layer.bias]).toEqual([['weight'], null]);
    layer.weight?.data.fill_(5);
    layer.resetParameters();
    expect(numbers(layer.weight as Tensor)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('tables', () => {
  test('fromPretrained shares memory, and freezes unless told otherwise', () => {
    const table = tensor([
      [1, 2],
      [3, 4],
      [0, 5],
    ]);
    const layer = Embedding.fromPretrained(table, { paddingIdx: -1 });
    table.select(0, 1).fill_(9);
    expect(layer.forward(ints([1])).toArraySync()).toEqual([[9, 9]]);
    expect([layer.weight.requiresGrad, layer.paddingIdx, String(layer)]).toEqual([
      false,
      2,
      'Embedding(3, 2, padding_idx=2)',
    ]);
    expect(EmbeddingBag.fromPretrained(table, { freeze: false, mode: 'sum' }).weight.requiresGrad).toBe(true);
  });

  test('maxNorm shortens the rows that are read, once, in place', () => {
    const layer = new Embedding(4, 3, { maxNorm: 1 });
    layer.weight.data.fill_(2);
    layer.forward(ints([1, 3, 1]));
    const norms = numbers(layer.weight.norm({ p: 2, dim: 1 }));
    expect(norms.map((norm) => Math.round(norm * 1e5) / 1e5)).toEqual([3.4641, 1, 3.4641, 1]);
  });

  test('an empty bag is 0, of any mode and layout', () => {
    for (const mode of ['sum', 'mean', 'max'] as const) {
      const layer = new EmbeddingBag(3, 2, { mode });
      expect(layer.forward(ints([1]), ints([0, 1, 1])).toArraySync()).toMatchObject([{}, [0, 0], [0, 0]]);
      expect(layer.forward(zeros([2, 0], { dtype: 'int64' })).toArraySync()).toEqual([
        [0, 0],
        [0, 0],
      ]);
    }
  });
});

test('a distance of one’s own, and a variance as a number', () => {
  const taxi = (a: Tensor, b: Tensor): Tensor => a.sub(b).abs().sum(-1);
  const loss = new TripletMarginWithDistanceLoss({ distanceFunction: taxi, margin: 2 });
  const [anchor, positive, negative] = [tensor([[0, 0]]), tensor([[1, 2]]), tensor([[1, 0]])];
  // 3 - 1 + 2
  expect(loss.forward(anchor, positive, negative).itemSync()).toBe(4);
  expect(String(loss)).toBe('TripletMarginWithDistanceLoss()');
  const [a, b] = [randn([2, 3]), randn([2, 3])];
  expect(F.gaussianNllLoss(a, b, 0.5).itemSync()).toBe(F.gaussianNllLoss(a, b, ones([2, 3]).mul(0.5)).itemSync());
  expect(numbers(F.normalize(tensor([[3, 4]], float64)))).toEqual([0.6, 0.8]);
});

test('nothing in a training step reads back', () => {
  const { runtime } = resolveDevice('cpu');
  const reads = vi.spyOn(runtime, 'downloadSync');
  const lengths = ints([2, 1]);
  const steps = ints([5, 4]);
  const table = new Embedding(5, 4, { maxNorm: 1, scaleGradByFreq: true });
  const bag = new EmbeddingBag(5, 4, { paddingIdx: 1, mode: 'max' });
  const run = (): void => {
    const rows = table.forward(ints([[1, 2, 1]])).flatten(0, 1);
    const normal = new BatchNorm1d(4, { momentum: null }).forward(rows);
    const bags = bag.forward(ints([1, 2, 3]), ints([0, 1, 1]));
    const sequence = rand([5, 2, 3]).requiresGrad_();
    const concatenated = F.ctcLoss(sequence.logSoftmax(2), ints([1, 2, 1]), steps, lengths);
    const losses = [
      F.gaussianNllLoss(normal, rows, rows.square()),
      F.multilabelMarginLoss(
        bags,
        ints([
          [1, -1, 0, 2],
          [0, 1, 2, 3],
          [-1, 0, 0, 0],
        ]),
      ),
      F.ctcLoss(sequence.logSoftmax(2), pair, steps, lengths, { zeroInfinity: true }),
      concatenated,
      F.gumbelSoftmax(rows, { hard: true }).sum(),
    ];
    losses.reduce((sum, loss) => sum.add(loss)).backward();
  };
  run();
  expect(reads).not.toHaveBeenCalled();
  ones([1]).itemSync();
  expect(reads).toHaveBeenCalled();
  reads.mockRestore();
});
