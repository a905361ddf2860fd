import '@tenfold/backend-cpu/register';
import { describe, expect, it } from 'vitest';
import { arange, linspace, ones, tensor, zeros } from '../create.ts';
import { dispatch } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import {
  affineGrid,
  channelShuffle,
  col2im,
  gridSample,
  im2col,
  interpolate,
  pad,
  pixelShuffle,
  pixelUnshuffle,
} from '../functions/spatial.ts';
import type { Tensor } from '../tensor.ts';
import { spatial as ops } from './spatial.ts';

type ErrorClass = new (...args: never[]) => Error;
type Bad = readonly [what: string, call: () => unknown, type: ErrorClass, message: string | RegExp];

const refuses = (rows: readonly Bad[]): void => {
  it.each(rows)('refuses %s', (_, call, type, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow(type);
  });
};

const any = (value: unknown): never => value as never;
/** 0, 1, 2, … in a shape. */
const counting = (...shape: number[]): Tensor =>
  arange(
    shape.reduce((a, b) => a * b, 1),
    { dtype: 'float64' },
  ).reshape(shape);
const values = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

describe('pad', () => {
  const row = counting(1, 1, 4);

  it('puts values, mirror images, borders or the other end around', () => {
    expect(values(pad(row, [2, 1], { value: 9 }))).toEqual([9, 9, 0, 1, 2, 3, 9]);
    expect(values(pad(row, [3, 2], { mode: 'reflect' }))).toEqual([3, 2, 1, 0, 1, 2, 3, 2, 1]);
    expect(values(pad(row, [2, 3], { mode: 'replicate' }))).toEqual([0, 0, 0, 1, 2, 3, 3, 3, 3]);
    expect(values(pad(row, [2, 3], { mode: 'circular' }))).toEqual([2, 3, 0, 1, 2, 3, 0, 1, 2]);
  });

  it('crops where numbers are negative', () => {
    expect(values(pad(row, [-1, -2]))).toEqual([1]);
    expect(values(pad(row, [-1, 2], { value: 7 }))).toEqual([1, 2, 3, 7, 7]);
    // what is cut off is gone before the rest goes around
    expect(values(pad(row, [2, -1], { mode: 'circular' }))).toEqual([1, 2, 0, 1, 2]);
    expect(values(pad(row, [-1, 3], { mode: 'circular' }))).toEqual([1, 2, 3, 1, 2, 3]);
    expect(values(pad(row, [2, -2], { mode: 'reflect' }))).toEqual([2, 1, 0, 1]);
    expect(pad(row, [-2, -2]).shape).toEqual([1, 1, 0]);
  });

  it('counts dims from the last one', () => {
    expect(pad(zeros([2, 3, 4]), [1, 2, 3, 4, 5, 6]).shape).toEqual([13, 10, 7]);
    expect(pad(zeros([2, 3, 4]), [1, 2]).shape).toEqual([2, 3, 7]);
    expect(values(pad(counting(2, 1), [0, 0, 1, 0], { value: -1 }))).toEqual([-1, 0, 1]);
    expect(pad(zeros([]), []).shape).toEqual([]);
  });

  it.each<DType>(['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'])(
    'takes %s in every mode',
    (dtype) => {
      const x = tensor([[[1, 0, 1]]], { dtype });
      expect(pad(x, [1, 1], { value: 1 }).dtype).toBe(dtype);
      expect(values(pad(x, [1, 1], { value: 1 }).to('float32'))).toEqual([1, 1, 0, 1, 1]);
      expect(values(pad(x, [2, 1], { mode: 'reflect' }).to('float32'))).toEqual([1, 0, 1, 0, 1, 0]);
      expect(values(pad(x, [1, 1], { mode: 'replicate' }).to('float32'))).toEqual([1, 1, 0, 1, 1]);
      expect(values(pad(x, [1, 2], { mode: 'circular' }).to('float32'))).toEqual([1, 1, 0, 1, 1, 0]);
    },
  );

  it('keeps the bits of what it moves', () => {
    const x = tensor([[[2n ** 53n + 1n, -1n]]]);
    const mirrored = pad(x, [1, 1], { mode: 'reflect' }).toTypedArraySync();
    expect(mirrored).toEqual(BigInt64Array.of(-1n, 2n ** 53n + 1n, -1n, 2n ** 53n + 1n));
    const special = tensor([[[Number.NaN, -0, Number.POSITIVE_INFINITY]]]);
    expect(values(pad(special, [1, 0], { value: -0 }))).toEqual([-0, Number.NaN, -0, Number.POSITIVE_INFINITY]);
  });

  it('reads through strides', () => {
    const x = counting(3, 4).t();
    expect(values(pad(x, [1, 0, 0, 1]))).toEqual(values(pad(x.contiguous(), [1, 0, 0, 1])));
    const y = counting(2, 6).slice(1, 1, 6, 2);
    expect(values(pad(y, [2, 2], { mode: 'reflect' }))).toEqual(
      values(pad(y.contiguous(), [2, 2], { mode: 'reflect' })),
    );
  });

  it('truncates the value of integers, as PyTorch does', () => {
    expect(values(pad(tensor([1], { dtype: 'int64' }), [1, 1], { value: -1.7 }))).toEqual([-1, 1, -1]);
    expect(values(pad(tensor([1], { dtype: 'bool' }), [1, 0], { value: 0.5 }))).toEqual([1, 1]);
  });

  refuses([
    ['what is no tensor', () => pad(any([1]), [1, 1]), ArgumentError, 'must be a tensor'],
    ['a number as padding', () => pad(row, any(1)), ArgumentError, 'padding must be an array'],
    ['fractions', () => pad(row, [0.5, 1]), ArgumentError, 'pad: padding must be an integer, got number 0.5'],
    ['NaN', () => pad(row, [Number.NaN, 1]), ArgumentError, 'must be an integer'],
    ['text in the list', () => pad(row, any(['1', 1])), ArgumentError, 'must be an integer'],
    ['odd lists', () => pad(row, [1]), ArgumentError, 'Padding length must be divisible by 2'],
    ['long lists', () => pad(zeros([2]), [1, 1, 1, 1]), ArgumentError, 'Padding length too large'],
    ['unknown modes', () => pad(row, [1, 1], { mode: any('mirror') }), ArgumentError, "'constant', 'reflect'"],
    ['unknown options', () => pad(row, [1, 1], any({ fill: 1 })), ArgumentError, "unknown option 'fill'"],
    ['values that are no number', () => pad(row, [1, 1], { value: any('1') }), ArgumentError, 'value must be a number'],
    [
      'a value in another mode',
      () => pad(row, [1, 1], { mode: 'reflect', value: 2 }),
      ArgumentError,
      'Padding mode "reflect" doesn\'t take in value argument',
    ],
    [
      'values that an integer lacks',
      () => pad(zeros([2], { dtype: 'int8' }), [1, 1], { value: 128 }),
      ArgumentError,
      'value cannot be converted to type int8 without overflow',
    ],
    [
      'values below an unsigned integer',
      () => pad(zeros([2], { dtype: 'uint8' }), [1, 1], { value: -1 }),
      ArgumentError,
      'without overflow',
    ],
    [
      'NaN among integers',
      () => pad(zeros([2], { dtype: 'int64' }), [1, 1], { value: Number.NaN }),
      ArgumentError,
      'without overflow',
    ],
    ['crops of more than there is', () => pad(row, [-3, -2]), ShapeError, 'resulted in a negative output size'],
    ['crops of more than there is, refilled', () => pad(row, [-5, 4]), ShapeError, 'negative output size'],
    [
      'mirrors of the border',
      () => pad(row, [4, 0], { mode: 'reflect' }),
      ShapeError,
      'Padding size should be less than the corresponding input dimension, but got: padding (4, 0) at dimension 2 of input [1, 1, 4]',
    ],
    [
      'going around twice',
      () => pad(row, [5, 0], { mode: 'circular' }),
      ShapeError,
      'Padding value causes wrapping around more than once',
    ],
    [
      'going around twice what is left',
      () => pad(row, [3, -2], { mode: 'circular' }),
      ShapeError,
      'Padding value causes wrapping around more than once',
    ],
    ['too small a result', () => pad(row, [-2, -2], { mode: 'replicate' }), ShapeError, 'Calculated output size: 0'],
    ...(['reflect', 'replicate', 'circular'] as const).flatMap((mode): Bad[] => [
      [`${mode} of a vector`, () => pad(zeros([4]), [1, 1], { mode }), ShapeError, 'Only 2D, 3D, 4D, 5D padding'],
      [`${mode} of all dims`, () => pad(zeros([4, 4]), [1, 1, 1, 1], { mode }), ShapeError, 'Only 2D, 3D, 4D, 5D'],
      [`${mode} of too few dims`, () => pad(zeros([2, 2, 3, 3]), [1, 1], { mode }), ShapeError, 'Only 2D, 3D, 4D, 5D'],
      [`${mode} of no dims`, () => pad(zeros([2, 2]), [], { mode }), ShapeError, 'Only 2D, 3D, 4D, 5D'],
      [`${mode} of nothing`, () => pad(zeros([1, 2, 0]), [1, 1], { mode }), ShapeError, 'other non-zero dimensions'],
      [
        `${mode} of no channels`,
        () => pad(zeros([1, 0, 3]), [1, 1], { mode }),
        ShapeError,
        'other non-zero dimensions',
      ],
    ]),
  ]);
});

describe('im2col and col2im', () => {
  it('show windows as columns, row by row', () => {
    const x = counting(1, 1, 3, 3);
    expect(im2col(x, 2).toArraySync()).toEqual([
      [
        [0, 1, 3, 4],
        [1, 2, 4, 5],
        [3, 4, 6, 7],
        [4, 5, 7, 8],
      ],
    ]);
    expect(values(im2col(x, 2, { dilation: 2 }))).toEqual([0, 2, 6, 8]);
    expect(values(im2col(x, [1, 3], { stride: 2 }))).toEqual([0, 6, 1, 7, 2, 8]);
    expect(values(im2col(counting(1, 1, 1, 1).add(5), 1, { padding: 1 }))).toEqual([0, 0, 0, 0, 5, 0, 0, 0, 0]);
    expect(im2col(ones([2, 3, 5, 6]), [2, 3], { padding: [1, 0], stride: [2, 1] }).shape).toEqual([2, 18, 12]);
    expect(im2col(ones([3, 5, 6]), [2, 3]).shape).toEqual([18, 16]);
  });

  it('add up what overlaps', () => {
    // in how many of the 2 x 2 windows each pixel lies
    expect(col2im(ones([1, 4, 4]), 3, 2).toArraySync()).toEqual([
      [
        [
          [1, 2, 1],
          [2, 4, 2],
          [1, 2, 1],
        ],
      ],
    ]);
    const x = counting(2, 3, 4, 6);
    const back = col2im(im2col(x, 2, { stride: 2 }), [4, 6], 2, { stride: 2 });
    expect(values(back)).toEqual(values(x));
    expect(col2im(ones([4, 4]), [3, 3], 2).shape).toEqual([1, 3, 3]);
  });

  it('are each other transposed: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩', () => {
    const options = { dilation: [1, 2], padding: [1, 2], stride: [2, 1] };
    const x = counting(2, 2, 6, 5).mul(0.3).sin();
    const columns = im2col(x, [3, 2], options);
    const y = counting(...columns.shape)
      .mul(0.7)
      .cos();
    const left = columns.mul(y).sum().itemSync();
    const right = x
      .mul(col2im(y, [6, 5], [3, 2], options))
      .sum()
      .itemSync();
    expect(Math.abs(left - right)).toBeLessThan(1e-11);
  });

  const image = zeros([1, 1, 3, 3]);
  const columns = zeros([1, 4, 4]);
  refuses([
    ['what is no tensor', () => im2col(any(1), 2), ArgumentError, 'must be a tensor'],
    ['fractions', () => im2col(image, 1.5), ArgumentError, 'unfold: kernelSize must be an integer'],
    ['three sizes', () => im2col(image, [1, 1, 1]), ArgumentError, 'an array of 2 integers, got an array of 3'],
    ['no windows', () => im2col(image, 0), ArgumentError, 'kernel size should be greater than zero'],
    ['a stride of 0', () => im2col(image, 2, { stride: 0 }), ArgumentError, 'stride should be greater than zero'],
    ['a dilation of 0', () => im2col(image, 2, { dilation: [1, 0] }), ArgumentError, 'dilation should be greater'],
    ['negative padding', () => im2col(image, 2, { padding: -1 }), ArgumentError, 'padding should be non-negative'],
    ['unknown options', () => im2col(image, 2, any({ pad: 1 })), ArgumentError, "unknown option 'pad'"],
    ['two dims', () => im2col(zeros([3, 3]), 2), ShapeError, 'Expected 3D or 4D'],
    ['no channels', () => im2col(zeros([1, 0, 3, 3]), 2), ShapeError, 'other non-zero dimensions'],
    ['integers', () => im2col(zeros([1, 1, 3, 3], { dtype: 'int64' }), 2), DTypeError, 'not implemented'],
    [
      'windows that do not fit',
      () => im2col(image, 4),
      ShapeError,
      'Given input with spatial size (3, 3), kernel_size=(4, 4), dilation=(1, 1), padding=(0, 0), calculated shape of the array of sliding blocks as (0, 0)',
    ],
    ['a vector of columns', () => col2im(zeros([4]), 3, 2), ShapeError, 'Expected 2D or 3D'],
    [
      'rows that are no windows',
      () => col2im(zeros([1, 5, 4]), 3, 2),
      ShapeError,
      "Expected size of input's dimension 1 to be divisible by the product of kernel_size",
    ],
    [
      'another number of windows',
      () => col2im(zeros([1, 4, 5]), 3, 2),
      ShapeError,
      'to match the calculated number of sliding blocks 2 * 2 = 4, but got input.size(2)=5',
    ],
    ['a negative size', () => col2im(columns, -3, 2), ShapeError, 'calculated number of sliding blocks'],
    ['a size of 0', () => col2im(columns, 0, 2), ShapeError, 'calculated number of sliding blocks'],
    ['integers as columns', () => col2im(zeros([1, 4, 4], { dtype: 'int32' }), 3, 2), DTypeError, 'not implemented'],
    ['no output size', () => col2im(columns, any(undefined), 2), ArgumentError, 'outputSize must be an integer'],
  ]);
});

describe('interpolate', () => {
  it('repeats the nearest pixel', () => {
    const x = counting(1, 1, 2, 2);
    expect(values(interpolate(x, { scaleFactor: 2 }))).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]);
    expect(values(interpolate(counting(1, 1, 5), { size: 3 }))).toEqual([0, 1, 3]);
    expect(values(interpolate(counting(1, 1, 5), { size: 3, mode: 'nearest-exact' }))).toEqual([0, 2, 4]);
    const bytes = tensor([[[1, 200]]], { dtype: 'uint8' });
    expect(values(interpolate(bytes, { size: 4 }))).toEqual([1, 1, 200, 200]);
  });

  it('keeps a line straight', () => {
    const line = counting(1, 1, 4);
    const aligned = interpolate(line, { size: 7, mode: 'linear', alignCorners: true });
    values(aligned).forEach((y, i) => expect(y).toBeCloseTo(i / 2, 12));
    // off the border, at (i + 1/2) / 2 - 1/2
    const halves = values(interpolate(line, { size: 8, mode: 'linear' }));
    expect(halves).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
    const plane = linspace(0, 1, 5, { dtype: 'float64' })
      .reshape([1, 1, 5, 1])
      .add(linspace(0, 2, 5, { dtype: 'float64' }));
    const finer = interpolate(plane, { size: [9, 9], mode: 'bilinear', alignCorners: true });
    const expected = linspace(0, 1, 9, { dtype: 'float64' })
      .reshape([1, 1, 9, 1])
      .add(linspace(0, 2, 9, { dtype: 'float64' }));
    expect(finer.sub(expected).abs().max().itemSync()).toBeLessThan(1e-12);
    const cubic = interpolate(plane, { size: [9, 9], mode: 'bicubic', alignCorners: true });
    // a cubic of Keys keeps straight lines too, where it has its four neighbours
    const inner = (x: Tensor): Tensor => x.slice(2, 2, 7).slice(3, 2, 7);
    expect(inner(cubic).sub(inner(expected)).abs().max().itemSync()).toBeLessThan(1e-12);
  });

  it('averages what a pixel covers', () => {
    expect(values(interpolate(counting(1, 1, 6), { size: 2, mode: 'area' }))).toEqual([1, 4]);
    expect(values(interpolate(counting(1, 1, 5), { size: 2, mode: 'area' }))).toEqual([1, 3]);
    expect(values(interpolate(counting(1, 1, 4, 4), { scaleFactor: 0.5, mode: 'area' }))).toEqual([
      2.5, 4.5, 10.5, 12.5,
    ]);
    expect(values(interpolate(counting(1, 1, 2), { size: 3, mode: 'area' }))).toEqual([0, 0.5, 1]);
  });

  it('takes the size from the factor, rounded down, and positions from one of both', () => {
    const x = counting(1, 1, 5);
    expect(interpolate(x, { scaleFactor: 1.5 }).shape).toEqual([1, 1, 7]);
    const [own, recomputed] = [false, true].map((recomputeScaleFactor) =>
      values(interpolate(x, { scaleFactor: 1.5, mode: 'linear', recomputeScaleFactor })),
    );
    expect(own[3]).toBeCloseTo(3.5 / 1.5 - 0.5, 12);
    expect(recomputed[3]).toBeCloseTo((3.5 * 5) / 7 - 0.5, 12);
    expect(interpolate(zeros([1, 1, 3, 4]), { scaleFactor: [2, 0.5] }).shape).toEqual([1, 1, 6, 2]);
  });

  it('computes half precision in float32 and rounds once', () => {
    const x = tensor([[[1, 2, 4.5, -3]]]);
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const half = interpolate(x.to(dtype), { size: 7, mode: 'linear' });
      expect(half.dtype).toBe(dtype);
      expect(values(half.to('float32'))).toEqual(
        values(interpolate(x, { size: 7, mode: 'linear' }).to(dtype).to('float32')),
      );
    }
  });

  it('has a transpose: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩', () => {
    for (const mode of ['nearest', 'nearest-exact', 'linear', 'cubic', 'area'] as const) {
      const x = counting(1, 2, 5, 4).mul(0.9).sin();
      const attrs = { mode, scales: null, alignCorners: false };
      const y = counting(1, 2, 3, 7).mul(0.4).cos();
      const left = dispatch(ops.interpolate, [x], { ...attrs, size: [3, 7] })
        .mul(y)
        .sum()
        .itemSync();
      const right = dispatch(ops.interpolateBackward, [y], { ...attrs, size: [5, 4] })
        .mul(x)
        .sum()
        .itemSync();
      expect(Math.abs(left - right)).toBeLessThan(1e-12);
    }
  });

  const line = zeros([1, 1, 3]);
  const image = zeros([1, 1, 3, 3]);
  refuses([
    ['what is no tensor', () => interpolate(any(1), { size: 2 }), ArgumentError, 'must be a tensor'],
    ['neither size nor factor', () => interpolate(line), ArgumentError, 'either size or scaleFactor should be defined'],
    [
      'size and factor',
      () => interpolate(line, { size: 2, scaleFactor: 2 }),
      ArgumentError,
      'only one of size or scaleFactor should be defined',
    ],
    ['unknown modes', () => interpolate(line, { size: 2, mode: any('lanczos') }), ArgumentError, "'nearest', 'linear'"],
    ['unknown options', () => interpolate(line, any({ scale: 2 })), ArgumentError, "unknown option 'scale'"],
    ['two dims', () => interpolate(zeros([2, 3]), { size: 2 }), ShapeError, 'Only 3D, 4D and 5D input Tensors'],
    ['six dims', () => interpolate(zeros([1, 1, 1, 1, 1, 1]), { size: 2 }), ShapeError, 'Only 3D, 4D and 5D'],
    [
      'images in one dim',
      () => interpolate(line, { size: 2, mode: 'bilinear' }),
      ShapeError,
      'Got 3D input, but bilinear mode needs 4D input',
    ],
    ['lines in two', () => interpolate(image, { size: 2, mode: 'linear' }), ShapeError, 'linear mode needs 3D input'],
    ['volumes in two', () => interpolate(image, { size: 2, mode: 'trilinear' }), ShapeError, 'needs 5D input'],
    [
      'cubic volumes',
      () => interpolate(zeros([1, 1, 2, 2, 2]), { size: 2, mode: 'bicubic' }),
      ShapeError,
      'Got 5D input, but bicubic mode needs 4D input',
    ],
    [
      'too many sizes',
      () => interpolate(line, { size: [2, 2] }),
      ArgumentError,
      'Input and size must have the same number of spatial dimensions',
    ],
    [
      'too few factors',
      () => interpolate(image, { scaleFactor: [2] }),
      ArgumentError,
      'Input and scaleFactor must have',
    ],
    [
      'a size of 0',
      () => interpolate(line, { size: 0 }),
      ShapeError,
      'sizes should be greater than 0, but got input (W: 3) and output (W: 0)',
    ],
    ['a negative size', () => interpolate(image, { size: [2, -1] }), ShapeError, 'output (H: 2, W: -1)'],
    ['a fraction as size', () => interpolate(line, { size: 2.5 }), ArgumentError, 'size must be an integer'],
    ['NaN as size', () => interpolate(line, { size: Number.NaN }), ArgumentError, 'size must be an integer'],
    ['text as size', () => interpolate(line, { size: any('2') }), ArgumentError, 'size must be an integer'],
    ['a factor that leaves nothing', () => interpolate(line, { scaleFactor: 0.1 }), ShapeError, 'greater than 0'],
    ['a factor of 0', () => interpolate(line, { scaleFactor: 0 }), ArgumentError, 'must be a positive number'],
    ['a negative factor', () => interpolate(line, { scaleFactor: -2 }), ArgumentError, 'must be a positive number'],
    [
      'an infinite factor',
      () => interpolate(line, { scaleFactor: Number.POSITIVE_INFINITY }),
      ArgumentError,
      'positive',
    ],
    ['NaN as factor', () => interpolate(line, { scaleFactor: Number.NaN }), ArgumentError, 'positive number'],
    [
      'alignCorners without corners',
      () => interpolate(line, { size: 2, alignCorners: false }),
      ArgumentError,
      'alignCorners option can only be set with the interpolating modes',
    ],
    [
      'alignCorners of an area',
      () => interpolate(line, { size: 2, mode: 'area', alignCorners: true }),
      ArgumentError,
      'can only be set with the interpolating modes',
    ],
    [
      'a number as alignCorners',
      () => interpolate(line, { size: 2, mode: 'linear', alignCorners: any(1) }),
      ArgumentError,
      'alignCorners must be true or false',
    ],
    [
      'recomputing what is given',
      () => interpolate(line, { size: 2, recomputeScaleFactor: true }),
      ArgumentError,
      'recomputeScaleFactor is not meaningful with an explicit size',
    ],
    [
      'antialias, by name',
      () => interpolate(image, { size: 2, mode: 'bilinear', antialias: true }),
      ArgumentError,
      'antialias is not implemented',
    ],
    ['nothing', () => interpolate(zeros([1, 1, 0]), { size: 2 }), ShapeError, 'greater than 0, but got input (W: 0)'],
    ['no channels', () => interpolate(zeros([1, 0, 3]), { size: 2 }), ShapeError, 'Non-empty 3D data tensor expected'],
    ['integers', () => interpolate(zeros([1, 1, 3], { dtype: 'int64' }), { size: 2 }), DTypeError, 'not implemented'],
    [
      'bytes between bytes',
      () => interpolate(zeros([1, 1, 3], { dtype: 'uint8' }), { size: 2, mode: 'linear' }),
      DTypeError,
      'not implemented',
    ],
  ]);
});

describe('shuffles', () => {
  it('move channels to pixels and back', () => {
    expect(pixelShuffle(counting(1, 4, 1, 2), 2).toArraySync()).toEqual([
      [
        [
          [0, 2, 1, 3],
          [4, 6, 5, 7],
        ],
      ],
    ]);
    const x = counting(2, 18, 2, 3);
    expect(values(pixelUnshuffle(pixelShuffle(x, 3), 3))).toEqual(values(x));
    expect(pixelShuffle(zeros([3, 2, 8, 2, 2]), 2).shape).toEqual([3, 2, 2, 4, 4]);
    expect(pixelUnshuffle(zeros([0, 1, 2, 2]), 2).shape).toEqual([0, 4, 1, 1]);
  });

  it('deal out the channels of groups', () => {
    expect(values(channelShuffle(counting(1, 6, 1), 2))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(values(channelShuffle(counting(1, 6, 1), 3))).toEqual([0, 2, 4, 1, 3, 5]);
  });

  const x = zeros([1, 4, 2, 2]);
  refuses([
    ['what is no tensor', () => pixelShuffle(any(null), 2), ArgumentError, 'must be a tensor'],
    ['two dims', () => pixelShuffle(zeros([4, 2]), 2), ShapeError, 'at least 3 dimensions, but got input with 2'],
    ['a factor of 0', () => pixelShuffle(x, 0), ArgumentError, 'expects a positive upscaleFactor, but got 0'],
    ['a fraction', () => pixelShuffle(x, 1.5), ArgumentError, 'upscaleFactor must be an integer'],
    ['channels that do not divide', () => pixelShuffle(x, 3), ShapeError, 'input.size(-3)=4 is not divisible by 9'],
    ['a negative factor', () => pixelUnshuffle(x, -1), ArgumentError, 'expects a positive downscaleFactor'],
    ['heights that do not divide', () => pixelUnshuffle(zeros([1, 3, 2]), 2), ShapeError, 'input.size(-2)=3 is not'],
    ['widths that do not divide', () => pixelUnshuffle(zeros([1, 2, 3]), 2), ShapeError, 'input.size(-1)=3 is not'],
    ['two dims in groups', () => channelShuffle(zeros([1, 4]), 2), ShapeError, '> 2 dims'],
    ['no groups', () => channelShuffle(x, 0), ArgumentError, 'Value of groups:0'],
    ['groups that do not divide', () => channelShuffle(x, 3), ShapeError, 'Got 4 channels and 3 groups'],
    ['NaN groups', () => channelShuffle(x, Number.NaN), ArgumentError, 'groups must be an integer'],
  ]);
});

describe('gridSample and affineGrid', () => {
  const still = tensor([
    [
      [1, 0, 0],
      [0, 1, 0],
    ],
  ]).to('float64');

  it('give the image itself where nothing moves', () => {
    const x = counting(1, 2, 3, 4);
    for (const alignCorners of [false, true]) {
      const grid = affineGrid(still, [1, 2, 3, 4], { alignCorners });
      for (const mode of ['bilinear', 'nearest', 'bicubic'] as const) {
        const same = gridSample(x, grid, { mode, alignCorners, paddingMode: 'border' });
        expect(same.sub(x).abs().max().itemSync()).toBeLessThan(1e-12);
      }
    }
  });

  it('mirror by a negative factor', () => {
    const x = counting(1, 1, 2, 3);
    const grid = affineGrid(still.mul(tensor([[-1], [1]]).to('float64')), [1, 1, 2, 3]);
    expect(
      gridSample(x, grid)
        .sub(x.flip([3]))
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(1e-12);
  });

  it('run from edge to edge, or from center to center', () => {
    const at = (alignCorners: boolean): number[] =>
      values(affineGrid(still, [1, 1, 1, 4], { alignCorners }).select(-1, 0));
    at(true).forEach((x, i) => expect(x).toBeCloseTo(-1 + (2 * i) / 3, 12));
    at(false).forEach((x, i) => expect(x).toBeCloseTo(-0.75 + i / 2, 12));
  });

  it('read what lies beyond the border as they are told', () => {
    const x = counting(1, 1, 1, 4);
    const at = (u: number, paddingMode: 'zeros' | 'border' | 'reflection'): number =>
      gridSample(x, tensor([[[[u, 0]]]]).to('float64'), {
        paddingMode,
        mode: 'nearest',
        alignCorners: true,
      }).itemSync();
    // the centers of the corner pixels stand at ±1, so 5/3 is one pixel beyond
    expect([at(5 / 3, 'zeros'), at(5 / 3, 'border'), at(5 / 3, 'reflection')]).toEqual([0, 3, 2]);
    expect([at(-3, 'zeros'), at(-3, 'border'), at(-3, 'reflection')]).toEqual([0, 0, 3]);
    expect(at(Number.NaN, 'border')).toBe(0);
  });

  it('sample volumes', () => {
    const x = counting(1, 1, 2, 2, 2);
    const middle = gridSample(x, zeros([1, 1, 1, 1, 3], { dtype: 'float64' }));
    expect(values(middle)).toEqual([3.5]);
  });

  const image = zeros([1, 1, 3, 3]);
  const grid = zeros([1, 2, 2, 2]);
  const theta = zeros([1, 2, 3]);
  refuses([
    ['what is no tensor', () => gridSample(any(1), grid), ArgumentError, 'must be a tensor'],
    ['a grid that is no tensor', () => gridSample(image, any([0, 0])), ArgumentError, 'must be a tensor'],
    [
      'three dims',
      () => gridSample(zeros([1, 3, 3]), zeros([1, 2, 2])),
      ShapeError,
      'expected 4D or 5D input and grid',
    ],
    ['a grid of a volume', () => gridSample(image, zeros([1, 1, 2, 2, 3])), ShapeError, 'same number of dimensions'],
    ['another batch', () => gridSample(image, zeros([2, 2, 2, 2])), ShapeError, 'to have same batch size'],
    [
      'positions of three numbers',
      () => gridSample(image, zeros([1, 2, 2, 3])),
      ShapeError,
      'expected grid to have size 2 in last dimension, but got grid with sizes [1, 2, 2, 3]',
    ],
    ['an empty image', () => gridSample(zeros([1, 1, 0, 3]), grid), ShapeError, 'with dimension 2 being empty'],
    ['unlike dtypes', () => gridSample(image, grid.to('float64')), DTypeError, 'to have same dtype'],
    ['integers', () => gridSample(image.to('int64'), grid.to('int64')), DTypeError, 'not implemented'],
    ['unknown modes', () => gridSample(image, grid, { mode: any('linear') }), ArgumentError, "'bilinear', 'nearest'"],
    ['unknown paddings', () => gridSample(image, grid, { paddingMode: any('wrap') }), ArgumentError, "'reflection'"],
    ['unknown options', () => gridSample(image, grid, any({ padding: 'zeros' })), ArgumentError, 'unknown option'],
    [
      'text as alignCorners',
      () => gridSample(image, grid, { alignCorners: any('no') }),
      ArgumentError,
      'true or false',
    ],
    [
      'cubic volumes',
      () => gridSample(zeros([1, 1, 2, 2, 2]), zeros([1, 1, 1, 1, 3]), { mode: 'bicubic' }),
      ArgumentError,
      'bicubic interpolation only supports 4D input',
    ],
    ['matrices that are no tensor', () => affineGrid(any(1), [1, 1, 2, 2]), ArgumentError, 'must be a tensor'],
    ['integer matrices', () => affineGrid(theta.to('int64'), [1, 1, 2, 2]), DTypeError, 'floating point type'],
    ['sizes of three dims', () => affineGrid(theta, [1, 1, 2]), ShapeError, 'only supports 4D and 5D sizes'],
    ['square matrices', () => affineGrid(zeros([1, 3, 3]), [1, 1, 2, 2]), ShapeError, 'of shape Nx2x3'],
    ['matrices of another dim', () => affineGrid(theta, [1, 1, 2, 2, 2]), ShapeError, 'of shape Nx3x4'],
    ['another batch of matrices', () => affineGrid(theta, [2, 1, 2, 2]), ShapeError, 'asks for a batch of 2'],
    ['empty sizes', () => affineGrid(theta, [1, 1, 0, 2]), ShapeError, 'Expected non-zero, positive output size'],
    ['negative sizes', () => affineGrid(theta, [1, 1, -2, 2]), ShapeError, 'negative dimension'],
    ['fractions', () => affineGrid(theta, [1, 1, 1.5, 2]), ArgumentError, 'sizes must be integers'],
    ['a number as size', () => affineGrid(theta, any(4)), ArgumentError, 'must be an array'],
  ]);
});
