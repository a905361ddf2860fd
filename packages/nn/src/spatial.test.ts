/** What layers of images refuse, and what samples of PyTorch can't show. Their values are in layers.test.ts. */
import '@tenfold/backend-cpu/register';
import { gradcheck, gradgradcheck } from '@tenfold/autograd';
import {
  ArgumentError,
  arange,
  full,
  manualSeed,
  ones,
  randn,
  ShapeError,
  type Tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool2d,
  Bilinear,
  ChannelShuffle,
  CircularPad2d,
  ConstantPad1d,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  F,
  Fold,
  FractionalMaxPool2d,
  FractionalMaxPool3d,
  LPPool2d,
  MaxPool1d,
  MaxPool2d,
  MaxUnpool2d,
  PixelShuffle,
  PixelUnshuffle,
  ReflectionPad1d,
  ReflectionPad2d,
  Sequential,
  Unflatten,
  Unfold,
  Upsample,
  UpsamplingNearest2d,
  ZeroPad2d,
} from './index.ts';

const image = zeros([1, 2, 6, 6]);

/** What is refused when a layer is made, with PyTorch's sentence where it has one. */
const refused: readonly (readonly [what: string, make: () => unknown, sentence: string])[] = [
  [
    'no kernel',
    () => new Conv2d(2, 4, 0),
    'kernel size should be greater than zero, but got kernelSize=[0, 0] in Conv2d',
  ],
  ['a negative kernel', () => new Conv1d(2, 4, -1), 'kernel size should be greater than zero'],
  [
    'a kernel of three',
    () => new Conv2d(2, 4, [3, 3, 3]),
    'expected kernelSize to be a single integer value or a list of 2',
  ],
  ['part of a kernel', () => new Conv2d(2, 4, 2.5), 'kernelSize must be an integer or an array of 2 integers'],
  ['no stride', () => new Conv2d(2, 4, 3, { stride: 0 }), 'non-positive stride is not supported'],
  ['negative padding', () => new Conv3d(2, 4, 3, { padding: -1 }), 'negative padding is not supported'],
  [
    'no dilation',
    () => new Conv2d(2, 4, 3, { dilation: 0 }),
    'dilation should be greater than zero, but got dilation=[0, 0]',
  ],
  ['no groups', () => new Conv2d(2, 4, 3, { groups: 0 }), 'groups must be a positive integer'],
  ['groups as text', () => new Conv2d(2, 4, 3, { groups: '2' as never }), 'groups must be a positive integer'],
  ['groups that leave inputs over', () => new Conv2d(3, 4, 3, { groups: 2 }), 'inChannels must be divisible by groups'],
  [
    'groups that leave outputs over',
    () => new Conv2d(4, 3, 3, { groups: 2 }),
    'outChannels must be divisible by groups',
  ],
  ['part of a channel', () => new Conv2d(1.5, 3, 3), 'Conv2d: inChannels must be an integer of at least 0'],
  [
    "'same' with a stride",
    () => new Conv2d(4, 3, 3, { padding: 'same', stride: 2 }),
    "padding='same' is not supported for strided convolutions",
  ],
  [
    'another padding',
    () => new Conv2d(4, 3, 3, { padding: 'some' as never }),
    "Invalid padding string 'some', should be one of",
  ],
  [
    'another padding mode',
    () => new Conv2d(4, 3, 3, { paddingMode: 'mirror' as never }),
    "paddingMode must be one of 'zeros', 'reflect', 'replicate', 'circular', but got string 'mirror'",
  ],
  ['a bias as tensor', () => new Conv2d(4, 3, 3, { bias: ones([3]) as never }), 'Conv2d: bias must be a boolean'],
  [
    'reflected padding when transposed',
    () => new ConvTranspose1d(4, 3, 3, { paddingMode: 'reflect' as never }),
    'Only "zeros" padding mode is supported for ConvTranspose1d',
  ],
  [
    'a long output padding',
    () => new ConvTranspose2d(2, 4, 3, { outputPadding: 1 }),
    'output padding must be smaller than either stride or dilation, but got outputPadding=[1, 1]',
  ],
  ['a negative output padding', () => new ConvTranspose2d(2, 4, 3, { outputPadding: -1 }), 'negative output padding'],

  ['no window', () => new MaxPool2d(0), 'kernel size should be greater than zero'],
  ['windows without a step', () => new MaxPool2d(2, { stride: 0 }), 'stride should be greater than zero'],
  [
    'padding of a whole window',
    () => new MaxPool2d(2, { padding: 2 }),
    'pad should be at most half of kernel size, but got pad=2 and kernelSize=2',
  ],
  ['negative padding of windows', () => new MaxPool2d(2, { padding: -1 }), 'pad must be non-negative'],
  ['no dilation of windows', () => new MaxPool1d(2, { dilation: 0 }), 'dilation should be greater than zero'],
  ['a flag as number', () => new MaxPool2d(2, { ceilMode: 1 as never }), 'MaxPool2d: ceilMode must be a boolean'],
  ['a padding of half of 3', () => new AvgPool2d(3, { padding: 2 }), 'pad should be at most half of kernel size'],
  ['a divisor of 0', () => new AvgPool2d(2, { divisorOverride: 0 }), 'divisor must be not zero'],
  ['half a divisor', () => new AvgPool2d(2, { divisorOverride: 0.5 }), 'divisorOverride must be an integer'],
  ['a negative size', () => new AdaptiveAvgPool2d(-1), 'elements of outputSize must be greater than or equal to 0'],
  ['too many sizes', () => new AdaptiveMaxPool2d([1, 2, 3]), 'outputSize must be a number or an array of 2'],
  ['sizes as text', () => new AdaptiveAvgPool1d('1' as never), 'elements of outputSize'],
  ['a power of 0', () => new LPPool2d(0, 2), 'normType must be a number other than 0'],
  ['no kernel of an unpooling', () => new MaxUnpool2d(0), 'kernel size should be greater than zero'],
  [
    'no size of windows',
    () => new FractionalMaxPool2d(2, {}),
    'FractionalMaxPool2d requires specifying either an output size, or a pooling ratio',
  ],
  [
    'two sizes of windows',
    () => new FractionalMaxPool2d(2, { outputSize: 2, outputRatio: 0.5 }),
    'only one of outputSize and outputRatio may be specified',
  ],
  [
    'a ratio above 1',
    () => new FractionalMaxPool3d(2, { outputRatio: 1.5 }),
    'outputRatio must be between 0 and 1 (got 1.5)',
  ],

  ['uneven padding', () => new ReflectionPad2d([1, 2, 3]), 'Padding length must be divisible by 2'],
  [
    'padding of another number of dims',
    () => new ZeroPad2d([1, 2]),
    'ZeroPad2d: padding must be an integer or an array of 4 integers',
  ],
  ['part of a padding', () => new CircularPad2d([1, 2, 3, 0.5]), 'CircularPad2d: padding must be an integer'],
  ['no value', () => new ConstantPad1d(1, undefined as never), 'ConstantPad1d: value must be a number'],

  ['no kernel of windows', () => new Unfold(0), 'kernel size should be greater than zero'],
  ['no stride of windows', () => new Fold(4, 2, { stride: 0 }), 'stride should be greater than zero'],
  ['negative padding of columns', () => new Fold(4, 2, { padding: -1 }), 'padding should be non-negative'],
  ['no dilation of columns', () => new Unfold(2, { dilation: [1, 0] }), 'dilation should be greater than zero'],
  ['no output', () => new Fold(0, 2), 'output size should be greater than zero'],
  ['no factor', () => new PixelShuffle(0), 'PixelShuffle expects a positive upscaleFactor, but got number 0'],
  [
    'half a factor',
    () => new PixelUnshuffle(0.5),
    'PixelUnshuffle expects a positive downscaleFactor, but got number 0.5',
  ],
  ['no groups of channels', () => new ChannelShuffle(0), 'Number of groups to divide channels in must be positive'],
  ['neither size nor factor', () => new Upsample({}), 'either size or scaleFactor should be defined'],
  [
    'both size and factor',
    () => new Upsample({ size: 2, scaleFactor: 2 }),
    'only one of size or scaleFactor should be defined',
  ],
  [
    'a mode where there is no choice',
    () => new UpsamplingNearest2d({ size: 2, mode: 'area' } as never),
    "unknown option 'mode'",
  ],
  [
    'sizes that are no list',
    () => new Unflatten(1, 2 as never),
    'unflattenedSize must be an array of integers, but found number 2',
  ],
  ['a size that is text', () => new Unflatten(1, [1, 'b' as never]), "but found string 'b' at pos 1"],
  ['no first features', () => new Bilinear(0, 1, 2), 'in1Features must be > 0, but got 0'],
];

test.each(refused)('refuses %s', (_, make, sentence) => {
  expect(make).toThrow(ArgumentError);
  expect(make).toThrow(sentence);
});

/** What is refused once there is an input. */
const unfit: readonly (readonly [what: string, run: () => unknown, sentence: string])[] = [
  [
    'an output that no stride leads to',
    () => new ConvTranspose2d(2, 3, 3).forward(image, { outputSize: [20, 20] }),
    'requested an output size of [20, 20], but valid sizes range from [8, 8] to [8, 8] (for an input of [6, 6])',
  ],
  [
    'an output of one dim',
    () => new ConvTranspose2d(2, 3, 3).forward(image, { outputSize: [20] }),
    'ConvTranspose2D: for 4D input, outputSize must have 2 or 4 elements, got an array of 1',
  ],
  [
    'a transposed convolution of two dims',
    () => new ConvTranspose2d(2, 3, 3).forward(ones([2, 2]), { outputSize: [4, 4] }),
    'Expected 3D (unbatched) or 4D (batched) input to convTranspose2d',
  ],
  [
    'other channels',
    () => new Conv2d(3, 4, 3).forward(image),
    'expected input[1, 2, 6, 6] to have 3 channels, but got 2',
  ],
  [
    'a kernel beyond the input',
    () => new Conv2d(2, 4, 7).forward(image),
    "Kernel size can't be greater than actual input size",
  ],
  [
    'a mirror that is too small',
    () => new ReflectionPad1d(6).forward(zeros([2, 6])),
    'Padding size should be less than the corresponding input dimension',
  ],
  [
    'channels that do not divide',
    () => new PixelShuffle(2).forward(image),
    "'channel' dimension to be divisible by the square",
  ],
  ['another mode', () => new Upsample({ size: 2, mode: 'foo' as never }).forward(image), 'expected mode to be one of'],
  [
    'aligned corners of the nearest',
    () => new Upsample({ scaleFactor: 2, alignCorners: true }).forward(image),
    'alignCorners option can only be set with the interpolating modes',
  ],
  [
    'sizes that do not multiply',
    () => new Unflatten(1, [3]).forward(image),
    "shape '[3]' is invalid for input of size 2 in unflatten",
  ],
  [
    'windows that do not fit',
    () => new FractionalMaxPool2d(3, { outputSize: 5 }).forward(image),
    'pool height 3 too large relative to input height 6',
  ],
  [
    'random samples of another shape',
    () => F.fractionalMaxPool2d(image, 2, { outputSize: 2, randomSamples: zeros([1, 2, 3]) }),
    'expected randomSamples of shape [1, 2, 2], got [1, 2, 3]',
  ],
  [
    'bilinear dims',
    () => F.bilinear(ones([1]), ones([1, 1]), ones([1, 1, 1])),
    'bilinear(): input dimensions do not match: got 1 and 2',
  ],
  [
    'bilinear batches',
    () => F.bilinear(ones([2, 1]), ones([3, 1]), ones([1, 1, 1])),
    'bilinear(): input batch dimensions do not match at dim 0: got 2 and 3',
  ],
  [
    'bilinear features',
    () => F.bilinear(ones([2]), ones([3]), ones([1, 2, 4])),
    'bilinear(): input2 size does not match weight size: got 3 but expected 4',
  ],
  ['a bilinear weight of two dims', () => F.bilinear(ones([2]), ones([3]), ones([2, 3])), 'weight must have the shape'],
  [
    'a bilinear bias',
    () => F.bilinear(ones([2]), ones([3]), ones([1, 2, 3]), ones([2])),
    'bilinear(): bias size does not match weight size',
  ],
];

test.each(unfit)('refuses %s', (_, run, sentence) => {
  expect(run).toThrow(sentence);
});

describe('first and second derivatives', () => {
  const inputs = (...shapes: number[][]): Tensor[] => {
    manualSeed(6);
    return shapes.map((shape) => randn(shape, { dtype: 'float64', requiresGrad: true }));
  };

  test.each([
    [
      'bilinear',
      (x: Tensor, y: Tensor, w: Tensor, b: Tensor) => F.bilinear(x, y, w, b),
      inputs([3, 2], [3, 4], [2, 2, 4], [2]),
    ],
    ['bilinear of vectors', (x: Tensor, y: Tensor, w: Tensor) => F.bilinear(x, y, w), inputs([2], [1], [3, 2, 1])],
    [
      'fractional max pooling',
      (x: Tensor) =>
        F.fractionalMaxPool2d(x.pow(3), 2, {
          outputSize: [2, 3],
          randomSamples: full([1, 2, 2], 0.4, { dtype: 'float64' }),
        }),
      inputs([2, 4, 5]),
    ],
    [
      'a reflected convolution',
      (x: Tensor, w: Tensor) => F.conv2d(F.pad(x, [1, 1, 1, 1], { mode: 'reflect' }), w),
      inputs([1, 3, 3], [2, 1, 2, 2]),
    ],
  ] as const)('%s', (_, fn, given) => {
    expect(gradcheck(fn as (...x: Tensor[]) => Tensor, [...given])).toBe(true);
    expect(gradgradcheck(fn as (...x: Tensor[]) => Tensor, [...given])).toBe(true);
  });
});

describe('max pools with positions', () => {
  test('come back where they were', () => {
    const x = arange(16, { dtype: 'float64' }).view([1, 1, 4, 4]);
    const { values, indices } = new MaxPool2d(2, { returnIndices: true }).forward(x);
    expect(indices.dtype).toBe('int64');
    expect(indices.flatten().toArraySync()).toEqual([5, 7, 13, 15]);
    const back: Tensor = new MaxUnpool2d(2).forward(values, indices);
    expect(back.nonzero().shape).toEqual([4, 4]);
    expect(back.sum().itemSync()).toBe(5 + 7 + 13 + 15);
  });

  test('without positions they are layers of a Sequential', () => {
    const model = new Sequential(new Conv2d(1, 2, 3, { padding: 'same' }), new MaxPool2d(2), new AdaptiveAvgPool2d(1));
    expect(model.forward(ones([3, 1, 6, 6])).shape).toEqual([3, 2, 1, 1]);
  });
});

describe('fractional max pooling', () => {
  test('draws its windows from the seed, and gives maxima of windows', () => {
    const x = randn([2, 3, 9, 8], { dtype: 'float64' });
    const run = (seed: number) => {
      manualSeed(seed);
      return F.fractionalMaxPool2d(x, 2, { outputRatio: 0.6, returnIndices: true });
    };
    const { values, indices } = run(1);
    expect(values.shape).toEqual([2, 3, 5, 4]);
    expect(x.flatten(2).gather(2, indices.flatten(2)).toArraySync()).toEqual(values.flatten(2).toArraySync());
    expect(run(1).values.toArraySync()).toEqual(values.toArraySync());
    const others = [2, 3, 4].map((seed) => JSON.stringify(run(seed).indices.toArraySync()));
    expect(others.some((text) => text !== JSON.stringify(indices.toArraySync()))).toBe(true);
    // with steps of 1 there is nothing to draw
    expect(F.fractionalMaxPool2d(x, [2, 3], { outputSize: [8, 6] }).toArraySync()).toEqual(
      F.maxPool2d(x, [2, 3], { stride: 1 }).toArraySync(),
    );
  });

  test('refuses empty images', () => {
    expect(() => F.fractionalMaxPool2d(zeros([1, 0, 3, 3]), 2, { outputSize: 2 })).toThrow(ShapeError);
  });
});
