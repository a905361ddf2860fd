/** Function forms: padding, windows as columns, resizing and sampling of images. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { requireTensor } from '../ops/build.ts';
import type { GridPaddingMode, GridSampleMode } from '../ops/grid-sample.ts';
import type { ResizeMode } from '../ops/interpolate.ts';
import type { PadMode } from '../ops/pad.ts';
import { spatial as ops } from '../ops/spatial.ts';
import { checkInteger, checkShape, formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** A list of integers, or one integer `count` times. */
function integers(where: string, what: string, value: unknown, count: number): number[] {
  if (!Array.isArray(value)) return Array.from({ length: count }, () => checkInteger(value, `${where}: ${what}`));
  if (value.length !== count) {
    throw new ArgumentError(
      `${where}: ${what} must be an integer or an array of ${count} integers, got an array of ${value.length}`,
    );
  }
  return value.map((n) => checkInteger(n, `${where}: ${what}`));
}

function choice<T extends string>(where: string, what: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((name) => name === value);
  if (found !== undefined) return found;
  const list = choices.map((name) => `'${name}'`).join(', ');
  throw new ArgumentError(`${where}: expected ${what} to be one of ${list}, but got: ${describe(value)}`);
}

function flag(where: string, what: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new ArgumentError(`${where}: ${what} must be true or false, got ${describe(value)}`);
}

/** Options of {@link pad}. */
export interface PadOptions {
  /** What stands beyond the border. Default `'constant'`. */
  mode?: PadMode;
  /** The value of mode `'constant'`. Default 0. */
  value?: number;
}

/**
 * `input` with elements put around it (https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html).
 *
 * @param padding How many before and after the last dim, then the one before, and so on: `[left, right, top, bottom]`. Negative numbers crop.
 * @returns A tensor of the input's dtype. Mode `'constant'` takes any shape; the others pad the last 1, 2 or 3 dims of a tensor that has one or two more.
 * @throws ArgumentError for a list of odd length, or too long; ShapeError for a size that can't be padded so.
 * @example `pad(image, [1, 1, 2, 2], { mode: 'reflect' })`
 */
export function pad(input: Tensor, padding: readonly number[], options: PadOptions = {}): Tensor {
  checkOptions('pad', options, ['mode', 'value']);
  requireTensor('pad', input);
  if (!Array.isArray(padding))
    throw new ArgumentError(`pad: padding must be an array such as [left, right], got ${describe(padding)}`);
  const list = padding.map((n: unknown) => checkInteger(n, 'pad: padding'));
  const mode = choice('pad', 'mode', options.mode ?? 'constant', ['constant', 'reflect', 'replicate', 'circular']);
  const value: unknown = options.value ?? 0;
  if (typeof value !== 'number') throw new ArgumentError(`pad: value must be a number, got ${describe(value)}`);
  if (mode !== 'constant' && value !== 0)
    throw new ArgumentError(`pad: Padding mode "${mode}" doesn't take in value argument, got ${value}`);
  return dispatch(ops.pad, [input], { padding: list, mode, value });
}

/** Options of {@link im2col} and {@link col2im}; numbers hold for both dims. */
export interface ColumnsOptions {
  /** The distance between the elements of a window. Default 1. */
  dilation?: number | readonly number[];
  /** Zeros around the image. Default 0. */
  padding?: number | readonly number[];
  /** The distance between windows. Default 1. */
  stride?: number | readonly number[];
}

function columnsAttrs(where: string, kernelSize: unknown, options: ColumnsOptions) {
  checkOptions(where, options, ['dilation', 'padding', 'stride']);
  const { dilation = 1, padding = 0, stride = 1 } = options;
  return {
    kernelSize: integers(where, 'kernelSize', kernelSize, 2),
    dilation: integers(where, 'dilation', dilation, 2),
    padding: integers(where, 'padding', padding, 2),
    stride: integers(where, 'stride', stride, 2),
  };
}

/**
 * The windows of an image as columns (https://pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html; `unfold` of `@tenfold/nn`).
 *
 * @param input `[N, C, H, W]` or `[C, H, W]`, floats.
 * @returns `[N, C · kernelHeight · kernelWidth, windows]`, without N as the input.
 * @throws ShapeError if no window fits.
 */
export function im2col(input: Tensor, kernelSize: number | readonly number[], options: ColumnsOptions = {}): Tensor {
  return dispatch(ops.im2col, [input], columnsAttrs('unfold', kernelSize, options));
}

/**
 * Columns added up to an image: where windows overlap, their elements are summed
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.fold.html; `fold` of `@tenfold/nn`).
 *
 * @param input `[N, C · kernelHeight · kernelWidth, windows]`, or without N, floats.
 * @param outputSize Height and width of the image.
 * @returns `[N, C, height, width]`, without N as the input.
 * @throws ShapeError if the number of windows is another.
 */
export function col2im(
  input: Tensor,
  outputSize: number | readonly number[],
  kernelSize: number | readonly number[],
  options: ColumnsOptions = {},
): Tensor {
  const attrs = columnsAttrs('fold', kernelSize, options);
  return dispatch(ops.col2im, [input], { ...attrs, outputSize: integers('fold', 'outputSize', outputSize, 2) });
}

/** How {@link interpolate} finds values between the pixels. */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear' | 'area';

/** Options of {@link interpolate}: either `size` or `scaleFactor`. */
export interface InterpolateOptions {
  /** The spatial sizes of the result; a number holds for all dims. */
  size?: number | readonly number[] | null;
  /** Factors of the spatial sizes; a number holds for all dims. */
  scaleFactor?: number | readonly number[] | null;
  /** Default `'nearest'`. */
  mode?: InterpolateMode;
  /** Whether the centers of the corner pixels stay where they are, not their edges. Linear and cubic modes only. Default false. */
  alignCorners?: boolean | null;
  /** Whether positions follow from the sizes, which `scaleFactor` gives rounded, and not from `scaleFactor` itself. Default false. */
  recomputeScaleFactor?: boolean | null;
  /** Not implemented: only `false` is taken. */
  antialias?: boolean;
}

/** The number of spatial dims of each mode, `null` for any, and what it is per dim. */
const interpolateModes: { readonly [M in InterpolateMode]: { dims: number | null; as: ResizeMode } } = {
  nearest: { dims: null, as: 'nearest' },
  linear: { dims: 1, as: 'linear' },
  bilinear: { dims: 2, as: 'linear' },
  bicubic: { dims: 2, as: 'cubic' },
  trilinear: { dims: 3, as: 'linear' },
  area: { dims: null, as: 'area' },
  'nearest-exact': { dims: null, as: 'nearest-exact' },
};

/** One number per spatial dim. */
function perSpatialDim(input: Tensor, what: string, value: unknown, check: (n: unknown) => number): number[] {
  const spatial = input.shape.slice(2);
  if (!Array.isArray(value)) return spatial.map(() => check(value));
  if (value.length !== spatial.length) {
    throw new ArgumentError(
      `interpolate: Input and ${what} must have the same number of spatial dimensions, but got input with spatial dimensions of ${formatShape(spatial)} ` +
        `and ${what} of ${formatShape(value)}. The input is [N, C, d1, d2, …]; give a number for each of its spatial dims`,
    );
  }
  return value.map(check);
}

function positive(n: unknown): number {
  if (typeof n === 'number' && Number.isFinite(n) && n > 0) return n;
  throw new ArgumentError(`interpolate: scaleFactor must be a positive number, got ${describe(n)}`);
}

/**
 * `input` resized (https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html).
 *
 * @param input `[N, C, d1]`, `[N, C, d1, d2]` or `[N, C, d1, d2, d3]`, floats (the nearest modes take uint8 too).
 * @returns The same with other spatial sizes.
 * @throws ArgumentError for options that contradict each other, ShapeError for a mode that needs another number of dims or an empty image.
 * @example `interpolate(image, { scaleFactor: 2, mode: 'bilinear' })`
 */
export function interpolate(input: Tensor, options: InterpolateOptions = {}): Tensor {
  checkOptions('interpolate', options, [
    'size',
    'scaleFactor',
    'mode',
    'alignCorners',
    'recomputeScaleFactor',
    'antialias',
  ]);
  requireTensor('interpolate', input);
  const names = Object.keys(interpolateModes) as InterpolateMode[];
  const mode = choice('interpolate', 'mode', options.mode ?? 'nearest', names);
  const rank = input.shape.length;
  if (rank < 3 || rank > 5) {
    throw new ShapeError(
      `interpolate: Input Error: Only 3D, 4D and 5D input Tensors supported (got ${rank}D) for the modes: ${names.join(' | ')} (got ${mode})`,
    );
  }
  const { dims, as } = interpolateModes[mode];
  if (dims !== null && rank !== dims + 2)
    throw new ShapeError(`interpolate: Got ${rank}D input, but ${mode} mode needs ${dims + 2}D input`);
  const alignCorners = flag('interpolate', 'alignCorners', options.alignCorners);
  if (dims === null && options.alignCorners !== undefined && options.alignCorners !== null) {
    throw new ArgumentError(
      `interpolate: alignCorners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear, got it with mode '${mode}'`,
    );
  }
  if (flag('interpolate', 'antialias', options.antialias))
    throw new ArgumentError('interpolate: antialias is not implemented; blur before shrinking, or use mode area');
  const { size, scales } = resizedTo(input, options);
  return dispatch(ops.interpolate, [input], { mode: as, size, scales, alignCorners });
}

function resizedTo(input: Tensor, options: InterpolateOptions): { size: number[]; scales: number[] | null } {
  const { size = null, scaleFactor = null } = options;
  const recompute = flag('interpolate', 'recomputeScaleFactor', options.recomputeScaleFactor);
  if (size !== null && scaleFactor !== null)
    throw new ArgumentError('interpolate: only one of size or scaleFactor should be defined');
  if (size !== null) {
    if (recompute)
      throw new ArgumentError('interpolate: recomputeScaleFactor is not meaningful with an explicit size.');
    const check = (n: unknown): number => checkInteger(n, 'interpolate: size');
    return { size: perSpatialDim(input, 'size', size, check), scales: null };
  }
  if (scaleFactor === null) throw new ArgumentError('interpolate: either size or scaleFactor should be defined');
  const scales = perSpatialDim(input, 'scaleFactor', scaleFactor, positive);
  return {
    size: scales.map((scale, d) => Math.floor(input.shape[d + 2] * scale)),
    scales: recompute ? null : scales,
  };
}

/**
 * Channels to pixels: `[…, C · r², H, W]` becomes `[…, C, H · r, W · r]`
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html). Any dtype.
 *
 * @throws ShapeError unless the channels divide by `upscaleFactor²`.
 */
export const pixelShuffle = (input: Tensor, upscaleFactor: number): Tensor =>
  dispatch(ops.pixelShuffle, [input], { upscaleFactor: checkInteger(upscaleFactor, 'pixelShuffle: upscaleFactor') });

/**
 * Pixels to channels, undoing {@link pixelShuffle}: `[…, C, H · r, W · r]` becomes `[…, C · r², H, W]`
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html). Any dtype.
 *
 * @throws ShapeError unless height and width divide by `downscaleFactor`.
 */
export const pixelUnshuffle = (input: Tensor, downscaleFactor: number): Tensor =>
  dispatch(ops.pixelUnshuffle, [input], {
    downscaleFactor: checkInteger(downscaleFactor, 'pixelUnshuffle: downscaleFactor'),
  });

/**
 * The channels (dim 1) of several groups dealt out in turn: the first of each group, then the second of each
 * (https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html). Any dtype.
 *
 * @throws ShapeError unless the channels divide by `groups`.
 */
export const channelShuffle = (input: Tensor, groups: number): Tensor =>
  dispatch(ops.channelShuffle, [input], { groups: checkInteger(groups, 'channelShuffle: groups') });

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** How values between the pixels are found; `'bilinear'` is trilinear in volumes. Default `'bilinear'`. */
  mode?: GridSampleMode;
  /** What lies beyond the border. Default `'zeros'`. */
  paddingMode?: GridPaddingMode;
  /** Whether ±1 are the centers of the corner pixels, not their far edges. Default false. */
  alignCorners?: boolean | null;
}

/**
 * `input` read at the positions of `grid`, which run from -1 to 1 over the image
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html).
 *
 * @param input `[N, C, H, W]` or `[N, C, D, H, W]`, floats.
 * @param grid `[N, height, width, 2]` of (x, y), or `[N, depth, height, width, 3]` of (x, y, z), of the same dtype.
 * @returns `[N, C, height, width]` or `[N, C, depth, height, width]`.
 * @throws ShapeError for sizes that don't fit, DTypeError for unlike dtypes, ArgumentError for mode `'bicubic'` in a volume.
 */
export function gridSample(input: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  checkOptions('gridSample', options, ['mode', 'paddingMode', 'alignCorners']);
  const { mode = 'bilinear', paddingMode = 'zeros' } = options;
  return dispatch(ops.gridSample, [input, grid], {
    mode: choice('gridSample', 'mode', mode, ['bilinear', 'nearest', 'bicubic']),
    paddingMode: choice('gridSample', 'paddingMode', paddingMode, ['zeros', 'border', 'reflection']),
    alignCorners: flag('gridSample', 'alignCorners', options.alignCorners),
  });
}

/** Options of {@link affineGrid}. */
export interface AffineGridOptions {
  /** Whether ±1 are the centers of the corner pixels, not their far edges. Default false. */
  alignCorners?: boolean | null;
}

/**
 * The positions that affine maps send the pixels of an image to, for {@link gridSample}
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html).
 *
 * @param theta `[N, 2, 3]` for images, `[N, 3, 4]` for volumes, floats.
 * @param size The size of the image that is to be made: `[N, C, H, W]` or `[N, C, D, H, W]`.
 * @returns `[N, H, W, 2]` or `[N, D, H, W, 3]`.
 * @throws ShapeError for sizes that don't fit, DTypeError for integers.
 */
export function affineGrid(theta: Tensor, size: readonly number[], options: AffineGridOptions = {}): Tensor {
  checkOptions('affineGrid', options, ['alignCorners']);
  return dispatch(ops.affineGrid, [theta], {
    size: checkShape(size, 'affineGrid'),
    alignCorners: flag('affineGrid', 'alignCorners', options.alignCorners),
  });
}
