/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import type { GridPaddingMode, GridSampleMode, PadMode, Tensor } from '@tenfold/tensor-core';
import { type Case, f, i, mask } from './inputs.ts';

const pad = (x: Tensor, padding: readonly number[], mode: PadMode = 'constant', value = 0): Case => ({
  op: 'pad',
  inputs: [x],
  attrs: { padding, mode, value },
  dynamic: x.ndim > 1,
});

const columns = { dilation: [1, 1], padding: [0, 0], stride: [1, 1] };
const spread = { dilation: [1, 2], padding: [1, 0], stride: [2, 1] };

const resize = (shape: readonly number[], mode: string, size: readonly number[], more: object = {}): Case => ({
  op: 'interpolate',
  inputs: [f(shape)],
  attrs: { mode, size, scales: null, alignCorners: false, ...more },
  dynamic: true,
});

/** Positions off the edges of pixels, where a nearest one changes. */
const grid = (shape: readonly number[]): Tensor => f(shape).mul(0.7);

const sample = (mode: GridSampleMode, paddingMode: GridPaddingMode, alignCorners: boolean): Case => ({
  op: 'gridSample',
  inputs: [f([2, 3, 5, 4]), grid([2, 3, 4, 2])],
  attrs: { mode, paddingMode, alignCorners },
  since: 16,
  dynamic: true,
});

export const spatial = (): Case[] => [
  pad(f([3, 4]), [1, 2]),
  pad(f([2, 3, 4]), [1, 0, 2, 1], 'constant', 1.5),
  pad(f([2, 3, 4]), [-1, 2, 1, -1], 'constant', -3),
  pad(f([3, 4]), [-1, -1]),
  pad(f([3, 4]), []),
  pad(f([4]), [1, 1], 'constant', 2),
  pad(i(-9, 9, [3, 4]), [1, 1], 'constant', 7),
  pad(i(-9, 9, [3, 4], 'int8'), [1, 1], 'constant', -7.5),
  pad(i(0, 9, [3, 4], 'uint8'), [1, -1], 'constant', 255),
  pad(mask([3, 4]), [1, 1], 'constant', 2),
  ...(['reflect', 'replicate', 'circular'] as const).flatMap((mode) => [
    pad(f([2, 2, 4]), [2, 1], mode),
    pad(f([2, 2, 4]), [-1, 2], mode),
    pad(f([2, 2, 3, 4]), [1, 2, 2, 0], mode),
    pad(f([2, 1, 3, 2, 3]), [1, 2, 0, 1, 1, 2], mode),
  ]),
  { op: 'im2col', inputs: [f([2, 3, 4, 5])], attrs: { kernelSize: [2, 3], ...columns }, dynamic: true },
  { op: 'im2col', inputs: [f([2, 3, 6, 5])], attrs: { kernelSize: [3, 2], ...spread }, dynamic: true },
  { op: 'im2col', inputs: [f([3, 4, 4])], attrs: { kernelSize: [2, 2], ...columns } },
  {
    op: 'col2im',
    inputs: [f([2, 12, 6])],
    attrs: { kernelSize: [2, 2], outputSize: [3, 4], ...columns },
    dynamic: true,
  },
  { op: 'col2im', inputs: [f([6, 6])], attrs: { kernelSize: [3, 2], outputSize: [5, 4], ...spread } },
  ...(
    [
      ['nearest', [2, 3, 4, 5], [7, 3]],
      ['nearest', [2, 3, 5], [9]],
      ['nearest', [2, 1, 2, 3, 4], [3, 4, 7]],
      ['nearest-exact', [2, 3, 4, 5], [7, 3]],
      ['nearest-exact', [2, 3, 5], [9]],
      ['linear', [2, 3, 5], [8]],
      ['linear', [2, 3, 5], [3]],
      ['linear', [2, 3, 4, 5], [7, 3]],
      ['linear', [2, 3, 4, 5], [1, 1]],
      ['linear', [2, 1, 2, 3, 4], [3, 2, 7]],
      ['cubic', [2, 3, 4, 5], [7, 3]],
    ] as const
  ).flatMap(([mode, shape, size]) => [
    resize(shape, mode, size),
    ...(mode === 'linear' || mode === 'cubic' ? [resize(shape, mode, size, { alignCorners: true })] : []),
  ]),
  resize([2, 1, 4, 6], 'area', [2, 2]),
  resize([2, 1, 4, 5], 'area', [1, 1]),
  resize([2, 1, 6], 'area', [3]),
  resize([2, 1, 5, 7], 'area', [3, 4]),
  ...(
    [
      ['nearest', [2, 1, 3, 7], [5, 3]],
      ['nearest-exact', [2, 1, 7], [4]],
      ['linear', [2, 1, 6, 2], [4, 5]],
      ['cubic', [2, 1, 6, 4], [4, 5]],
      ['area', [2, 1, 3, 4], [5, 7]],
    ] as const
  ).flatMap(([mode, shape, size]): Case[] =>
    [false, ...(mode === 'linear' || mode === 'cubic' ? [true] : [])].map((alignCorners) => ({
      op: 'interpolateBackward',
      inputs: [f(shape)],
      attrs: { mode, size, scales: null, alignCorners },
      dynamic: true,
    })),
  ),
  ...(['reflect', 'replicate', 'circular'] as const).flatMap((mode): Case[] =>
    [
      [2, 1],
      [-1, 2],
      [1, 1, 0, 2],
    ].map((padding) => ({
      op: 'padBackward',
      inputs: [f(padding.length === 2 ? [2, 2, 7] : [2, 2, 6, 7])],
      attrs: { padding, mode },
      dynamic: true,
    })),
  ),
  resize([2, 1, 4, 5], 'linear', [6, 12], { scales: [1.6, 2.5] }),
  resize([2, 1, 4, 5], 'cubic', [6, 12], { scales: [1.6, 2.5] }),
  resize([2, 1, 4, 5], 'nearest', [8, 10], { scales: [2, 2] }),
  resize([2, 1, 5], 'linear', [8], { scales: [1.7] }),
  { op: 'pixelShuffle', inputs: [f([2, 8, 2, 3])], attrs: { upscaleFactor: 2 }, dynamic: true },
  { op: 'pixelShuffle', inputs: [f([9, 2, 3])], attrs: { upscaleFactor: 3 } },
  { op: 'pixelShuffle', inputs: [i(0, 9, [2, 4, 2, 3])], attrs: { upscaleFactor: 2 }, dynamic: true },
  { op: 'pixelUnshuffle', inputs: [f([2, 2, 4, 6])], attrs: { downscaleFactor: 2 }, dynamic: true },
  { op: 'pixelUnshuffle', inputs: [f([2, 1, 4, 6])], attrs: { downscaleFactor: 2 }, dynamic: true },
  { op: 'channelShuffle', inputs: [f([2, 6, 2, 3])], attrs: { groups: 3 }, dynamic: true },
  ...(['bilinear', 'nearest', 'bicubic'] as const).flatMap((mode) =>
    (['zeros', 'border', 'reflection'] as const).flatMap((paddingMode) =>
      [false, true].map((alignCorners) => sample(mode, paddingMode, alignCorners)),
    ),
  ),
  ...(['bilinear', 'nearest'] as const).map(
    (mode): Case => ({
      op: 'gridSample',
      inputs: [f([2, 2, 3, 4, 3]), grid([2, 2, 3, 2, 3])],
      attrs: { mode, paddingMode: 'zeros', alignCorners: false },
      since: 20,
      dynamic: true,
    }),
  ),
  { op: 'affineGrid', inputs: [f([2, 2, 3])], attrs: { size: [2, 1, 3, 4], alignCorners: false } },
  { op: 'affineGrid', inputs: [f([1, 3, 4])], attrs: { size: [1, 1, 2, 3, 4], alignCorners: true } },
];
