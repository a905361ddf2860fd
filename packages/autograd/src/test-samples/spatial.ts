/** Where the derivatives of this family are checked. */
import {
  affineGrid,
  builtinOps,
  channelShuffle,
  col2im,
  dispatch,
  gridSample,
  type InterpolateMode,
  im2col,
  interpolate,
  pad,
  pixelShuffle,
  pixelUnshuffle,
  type SpatialOps,
  type Tensor,
} from '@tenfold/tensor-core';
import { any, type Sample, type Samples, spread } from './inputs.ts';

const modes = ['reflect', 'replicate', 'circular'] as const;
const sides = [1, 2, 0, 1];
const windows = { dilation: [1, 2], padding: [1, 0], stride: [2, 1] };

const resizes: readonly (readonly [mode: InterpolateMode, shape: readonly number[], size: readonly number[]])[] = [
  ['nearest', [1, 2, 3, 2], [5, 3]],
  ['nearest-exact', [1, 1, 5], [3]],
  ['linear', [2, 1, 4], [7]],
  ['bilinear', [1, 1, 3, 2], [2, 5]],
  ['bilinear', [1, 1, 3, 2], [3, 2]],
  ['bicubic', [1, 1, 3, 3], [2, 5]],
  ['trilinear', [1, 1, 2, 2, 3], [3, 1, 2]],
  ['area', [1, 1, 3, 5], [2, 3]],
];

const kinds = ['nearest', 'nearest-exact', 'area'] as const;

const resize = (backward: boolean): Sample[] =>
  resizes.flatMap(([mode, shape, size]) =>
    (mode.includes('linear') || mode === 'bicubic' ? [false, true] : [null]).map((alignCorners): Sample => {
      if (!backward) return [(x) => interpolate(x, { size, mode, alignCorners }), any(...shape)];
      const as = mode === 'bicubic' ? 'cubic' : (kinds.find((kind) => kind === mode) ?? 'linear');
      const attrs = { mode: as, size: shape.slice(2), scales: null, alignCorners: alignCorners ?? false } as const;
      return [(g) => dispatch(builtinOps.interpolateBackward, [g], attrs), any(...shape.slice(0, 2), ...size)];
    }),
  );

const paddings = ['zeros', 'border', 'reflection'] as const;

/** Positions off the whole pixels and the edges, where derivatives jump. */
const image = (): Tensor => spread([1, 1, 2, 2], -1.37, 1.42, 2);
const volume = (): Tensor => spread([1, 1, 1, 2, 3], -1.37, 1.42, 2);

export const spatial: Samples<SpatialOps> = {
  pad: [
    [(x) => pad(x, [1, 2, 0, 1], { value: 3 }), any(2, 3)],
    [(x) => pad(x, [-1, 1]), any(2, 3)],
    ...modes.map((mode): Sample => [(x) => pad(x, sides, { mode }), any(1, 3, 4)]),
    ...modes.map((mode): Sample => [(x) => pad(x, [-1, 2], { mode }), any(1, 2, 4)]),
  ],
  padBackward: modes.map(
    (mode): Sample => [(g) => dispatch(builtinOps.padBackward, [g], { padding: sides, mode }), any(1, 4, 7)],
  ),
  im2col: [
    [(x) => im2col(x, [2, 2]), any(1, 2, 3, 3)],
    [(x) => im2col(x, [3, 2], windows), any(2, 5, 4)],
  ],
  col2im: [
    [(x) => col2im(x, [3, 3], [2, 2]), any(1, 8, 4)],
    [(x) => col2im(x, [5, 4], [3, 2], windows), any(12, 6)],
  ],
  interpolate: [...resize(false), [(x) => interpolate(x, { scaleFactor: 1.6, mode: 'bilinear' }), any(1, 1, 3, 2)]],
  interpolateBackward: resize(true),
  pixelShuffle: [[(x) => pixelShuffle(x, 2), any(1, 4, 2, 1)]],
  pixelUnshuffle: [[(x) => pixelUnshuffle(x, 2), any(1, 1, 2, 4)]],
  channelShuffle: [[(x) => channelShuffle(x, 2), any(1, 4, 2)]],
  gridSample: [
    ...paddings.flatMap((paddingMode) =>
      [false, true].map(
        (alignCorners): Sample => [
          (x, grid) => gridSample(x, grid, { paddingMode, alignCorners }),
          any(1, 1, 3, 2),
          image(),
        ],
      ),
    ),
    ...paddings.map(
      (paddingMode, i): Sample => [
        (x, grid) => gridSample(x, grid, { mode: 'bicubic', paddingMode, alignCorners: i === 1 }),
        any(1, 1, 3, 2),
        spread([1, 1, 1, 2], -1.37, 1.42, 2),
      ],
    ),
    [(x, grid) => gridSample(x, grid, { mode: 'nearest', paddingMode: 'reflection' }), any(1, 1, 3, 2), image()],
    ...paddings.map(
      (paddingMode): Sample => [(x, grid) => gridSample(x, grid, { paddingMode }), any(1, 1, 2, 2, 2), volume()],
    ),
    [(x, grid) => gridSample(x, grid, { mode: 'nearest' }), any(1, 1, 2, 2, 2), volume()],
  ],
  affineGrid: [
    [(theta) => affineGrid(theta, [2, 1, 2, 3]), any(2, 2, 3)],
    [(theta) => affineGrid(theta, [1, 1, 2, 1, 2], { alignCorners: true }), any(1, 3, 4)],
  ],
};
