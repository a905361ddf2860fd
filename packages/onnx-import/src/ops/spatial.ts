/** Resizing, sampling at computed positions, and columns to images. */
import { affineGrid, arange, gridSample, interpolate, isFloat, type Tensor, tensor, where } from '@tenfold/tensor-core';
import type { NodeContext, Rows } from '../context.ts';
import { windowsOf } from './windows.ts';

// --- resizing ---

/** How one axis is resized. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly start: number;
  readonly end: number;
}

/** How all axes are. */
interface Resizing {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly transformation: string;
  readonly nearest: string;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
  readonly cubic: number;
}

/** Where in the input the pixel `j` of the result lies, unless that is beyond all reason. */
function positionOf(c: NodeContext, transformation: string, j: number, axis: Axis): number {
  const x = positionBy(c, transformation, j, axis);
  if (Math.abs(x) < 2 ** 40) return x;
  throw c.error(
    `pixel ${j} of an axis of ${axis.from} pixels, resized by ${axis.scale}, would come from position ${x}`,
  );
}

function positionBy(c: NodeContext, transformation: string, j: number, { from, to, scale, start, end }: Axis): number {
  const length = scale * from;
  switch (transformation) {
    case 'asymmetric':
      return j / scale;
    case 'half_pixel':
      return (j + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return length > 1 ? (j + 0.5) / scale - 0.5 : -0.5;
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / length) + (j + 0.5) / scale - 0.5;
    case 'tf_half_pixel_for_nn':
      return (j + 0.5) / scale;
    case 'align_corners':
      return length === 1 ? 0 : (j * (from - 1)) / (length - 1);
    case 'tf_crop_and_resize':
      return length === 1
        ? ((start + end) * (from - 1)) / 2
        : start * (from - 1) + (j * (end - start) * (from - 1)) / (length - 1);
    default:
      throw c.error(`coordinate_transformation_mode '${transformation}' is not one of ONNX's`);
  }
}

/** The pixel next to a position; halves go where the name says. */
function nearestTo(c: NodeContext, x: number, mode: string): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      throw c.error(`nearest_mode '${mode}' is not one of ONNX's`);
  }
}

/** Keys' cubic at a distance, or a triangle. */
function kernelAt(distance: number, { mode, cubic: a }: Resizing): number {
  const t = Math.abs(distance);
  if (mode === 'linear') return Math.max(0, 1 - t);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/** The weights of the input's pixels for each pixel of the result: a matrix `[to, from]` in rows. */
function weightsOf(c: NodeContext, axis: Axis, resizing: Resizing): Float64Array {
  const { from, to } = axis;
  const rows = new Float64Array(c.sized([to, from]).reduce((a, b) => a * b));
  const shrink = resizing.antialias ? Math.min(axis.scale, 1) : 1;
  const support = (resizing.mode === 'linear' ? 1 : 2) / shrink;
  for (let j = 0; j < to; j++) {
    const x = positionOf(c, resizing.transformation, j, axis);
    const taps: [at: number, weight: number][] = [];
    for (let i = Math.ceil(x - support); i <= x + support; i++) {
      const inside = i >= 0 && i < from;
      const weight = inside || !resizing.excludeOutside ? kernelAt((i - x) * shrink, resizing) : 0;
      taps.push([Math.max(0, Math.min(i, from - 1)), weight]);
    }
    const total = taps.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [at, weight] of taps) rows[j * from + at] += weight / (total || 1);
  }
  return rows;
}

/** One axis of `x`, resized. */
function resizeAxis(c: NodeContext, x: Tensor, d: number, axis: Axis, resizing: Resizing): Tensor {
  const { from, to } = axis;
  if (resizing.mode === 'nearest') {
    const index = Array.from({ length: to }, (_, j) => {
      const nearest = resizing.nearest === 'simple' ? (axis.scale < 1 ? 'ceil' : 'floor') : resizing.nearest;
      const at = nearestTo(c, positionOf(c, resizing.transformation, j, axis), nearest);
      return Math.max(0, Math.min(at, from - 1));
    });
    return x.indexSelect(d, tensor(index, { dtype: 'int64', device: x.device }));
  }
  const weights = tensor(weightsOf(c, axis, resizing), { dtype: x.dtype, device: x.device }).reshape([to, from]);
  return x.movedim(d, -1).matmul(weights.t()).movedim(-1, d);
}

/** Pixels outside of the image, where it is cropped. */
function outsideOf(c: NodeContext, x: Tensor, axes: readonly (Axis | null)[]): Tensor | null {
  let outside: Tensor | null = null;
  axes.forEach((axis, d) => {
    if (!axis) return;
    const flags = Array.from({ length: axis.to }, (_, j) => {
      const at = positionOf(c, 'tf_crop_and_resize', j, axis);
      return at < 0 || at > axis.from - 1;
    });
    const along = tensor(flags, { dtype: 'bool', device: x.device }).reshape(
      axes.map((_, k) => (k === d ? axis.to : 1)),
    );
    outside = outside ? outside.logicalOr(along) : along;
  });
  return outside;
}

const images = { 3: 'linear', 4: 'bilinear', 5: 'trilinear' } as const;

/** Tenfold's own op where it says the same, so that a graph keeps one node. */
function asImage(
  x: Tensor,
  axes: readonly (Axis | null)[],
  { mode, transformation, nearest, antialias, excludeOutside, cubic }: Resizing,
): Tensor | null {
  const rank = x.ndim;
  if (
    (rank !== 3 && rank !== 4 && rank !== 5) ||
    axes[0] ||
    axes[1] ||
    antialias ||
    excludeOutside ||
    !isFloat(x.dtype)
  )
    return null;
  if (x.shape.includes(0)) return null;
  const spatial = axes.slice(2).map((axis, d) => axis ?? { from: x.shape[d + 2], to: x.shape[d + 2], scale: 1 });
  const size = spatial.map(({ to }) => to);
  if (transformation === 'align_corners' && spatial.some(({ from, to, scale }) => scale * from !== to)) return null;
  if (spatial.some(({ from, to, scale }) => Math.floor(from * scale) !== to)) return null;
  const scaleFactor = spatial.map(({ scale }) => scale);
  const how = spatial.every(({ from, to, scale }) => to / from === scale) ? { size } : { scaleFactor };
  const before = nearest === 'floor' || (nearest === 'simple' && spatial.every(({ scale }) => scale >= 1));
  if (mode === 'nearest') return transformation === 'asymmetric' && before ? interpolate(x, { ...how, mode }) : null;
  const alignCorners = transformation === 'align_corners';
  if (
    !alignCorners &&
    transformation !== 'half_pixel' &&
    !(transformation === 'pytorch_half_pixel' && size.every((n) => n > 1))
  )
    return null;
  if (mode === 'linear') return interpolate(x, { ...how, mode: images[rank], alignCorners });
  return rank === 4 && cubic === -0.75 ? interpolate(x, { ...how, mode: 'bicubic', alignCorners }) : null;
}

function resized(c: NodeContext, x: Tensor, axes: readonly (Axis | null)[], resizing: Resizing): Tensor {
  const whole = asImage(x, axes, resizing);
  if (whole) return whole;
  // integers are computed as floats, and rounded towards 0
  const wide = isFloat(x.dtype) || resizing.mode === 'nearest' ? x : x.to('float32');
  const result = axes.reduce((y, axis, d) => (axis ? resizeAxis(c, y, d, axis, resizing) : y), wide);
  const outside = resizing.transformation === 'tf_crop_and_resize' ? outsideOf(c, result, axes) : null;
  const filled = outside ? result.maskedFill(outside, c.float('extrapolation_value', 0)) : result;
  return filled.dtype === x.dtype ? filled : filled.to(x.dtype);
}

const modes: Readonly<Record<string, Resizing['mode']>> = {
  nearest: 'nearest',
  linear: 'linear',
  bilinear: 'linear',
  cubic: 'cubic',
};

function modeOf(c: NodeContext): Resizing['mode'] {
  const mode = modes[c.string('mode', 'nearest')];
  if (!mode) throw c.error(`mode must be nearest, linear or cubic, got '${c.string('mode')}'`);
  return mode;
}

/** Sizes and scales of the axes, where one or the other is given. */
function axesOf(
  c: NodeContext,
  shape: readonly number[],
  named: readonly number[],
  scales: readonly number[] | null,
  sizes: readonly number[] | null,
  roi: readonly number[],
): (Axis | null)[] {
  const count = (scales ?? sizes ?? []).length;
  if (count !== named.length) throw c.error(`${named.length} axes need as many scales or sizes, got ${count}`);
  const policy = c.string('keep_aspect_ratio_policy', 'stretch');
  const ratios = sizes?.map((size, i) => size / shape[named[i]]) ?? [];
  const kept = policy === 'stretch' ? null : policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  const axes = new Array<Axis | null>(shape.length).fill(null);
  named.forEach((d, i) => {
    const from = shape[d];
    const scale = scales ? scales[i] : (kept ?? ratios[i]);
    // the products of float32 numbers that are whole on paper
    const to = scales
      ? Math.floor(Math.fround(from * scale))
      : kept === null
        ? (sizes as readonly number[])[i]
        : Math.floor(scale * from + 0.5);
    const [start, end] = [roi[i] ?? 0, roi[i + named.length] ?? 1];
    if (!(scale > 0)) throw c.error(`axis ${d} of size ${from} can't be resized by ${scale}`);
    if (to !== from || scale !== 1 || start !== 0 || end !== 1) axes[d] = { from, to, scale, start, end };
  });
  c.sized(shape.map((size, d) => axes[d]?.to ?? size));
  return axes;
}

/** What Resize was before opset 11: the nearest pixel is the one before, or behind where an image becomes smaller. */
const former = {
  antialias: false,
  excludeOutside: false,
  cubic: -0.75,
  nearest: 'simple',
  transformation: 'asymmetric',
};

function resize(c: NodeContext): Tensor {
  const x = c.x();
  const all = x.shape.map((_, d) => d);
  if (c.opset < 11)
    return resized(c, x, axesOf(c, x.shape, all, c.hostNumbers(1), null, []), { ...former, mode: modeOf(c) });
  const given = (i: number): readonly number[] | null => (c.has(i) && c.shape(i)[0] !== 0 ? c.hostNumbers(i) : null);
  const transformation = c.string('coordinate_transformation_mode', 'half_pixel');
  const named = c.ints('axes', null)?.map((d) => (d < 0 ? d + x.ndim : d)) ?? all;
  const roi = transformation === 'tf_crop_and_resize' ? (given(1) ?? []) : [];
  const [scales, sizes] = [given(2), given(3)];
  if ((scales === null) === (sizes === null)) throw c.error('either scales or sizes must be given');
  return resized(c, x, axesOf(c, x.shape, named, scales, sizes, roi), {
    mode: modeOf(c),
    transformation,
    nearest: c.string('nearest_mode', 'round_prefer_floor'),
    antialias: c.int('antialias', 0) !== 0,
    excludeOutside: c.int('exclude_outside', 0) !== 0,
    cubic: c.float('cubic_coeff_a', -0.75),
  });
}

/** Resize as it was: scales in attributes before opset 9, of height and width alone in the first version. */
function upsample(c: NodeContext): Tensor {
  const x = c.x();
  const attribute = c.opset < 7 ? [1, 1, c.float('height_scale'), c.float('width_scale')] : c.floats('scales', null);
  const scales = c.opset < 9 ? (attribute ?? []) : c.hostNumbers(1);
  const all = x.shape.map((_, d) => d);
  return resized(c, x, axesOf(c, x.shape, all, scales, null, []), { ...former, mode: modeOf(c) });
}

// --- sampling ---

const sampling = {
  bilinear: 'bilinear',
  linear: 'bilinear',
  nearest: 'nearest',
  bicubic: 'bicubic',
  cubic: 'bicubic',
} as const;
const borders = ['zeros', 'border', 'reflection'] as const;

function gridSampleRow(c: NodeContext): Tensor {
  const mode = c.string('mode', c.opset < 20 ? 'bilinear' : 'linear');
  const paddingMode = borders.find((name) => name === c.string('padding_mode', 'zeros'));
  if (!Object.hasOwn(sampling, mode) || !paddingMode)
    throw c.error(`mode '${mode}' or the padding mode is not one of ONNX's`);
  const [x, grid] = [c.x(0), c.x(1)];
  const options = {
    mode: sampling[mode as keyof typeof sampling],
    paddingMode,
    alignCorners: c.int('align_corners', 0) !== 0,
  };
  return gridSample(x, grid.dtype === x.dtype ? grid : grid.to(x.dtype), options);
}

/** Values between the pixels of `planes` `[…, H · W]` at `y` and `x` `[…, P]`; zeros outside. */
function bilinear(planes: Tensor, [height, width]: readonly number[], y: Tensor, x: Tensor): Tensor {
  const [top, left] = [y.floor(), x.floor()];
  let sum: Tensor | null = null;
  for (const dy of [0, 1]) {
    for (const dx of [0, 1]) {
      const [row, column] = [top.add(dy), left.add(dx)];
      const inside = row.ge(0).logicalAnd(row.lt(height)).logicalAnd(column.ge(0)).logicalAnd(column.lt(width));
      const weight = y.sub(row).abs().rsub(1).mul(x.sub(column).abs().rsub(1));
      const at = where(inside, row.mul(width).add(column), 0).to('int64');
      const shape = [...planes.shape.slice(0, -1), at.size(-1)];
      const part = planes.gather(-1, at.expand(shape)).mul(where(inside, weight, 0));
      sum = sum ? sum.add(part) : part;
    }
  }
  return sum as Tensor;
}

/** A convolution whose taps are moved by offsets, each weighted by a mask. */
function deformConv(c: NodeContext): Tensor {
  const [x, w, offset] = [c.x(0), c.x(1), c.x(2)];
  if (x.ndim !== 4) throw c.error(`takes images [N, C, H, W], got [${x.shape.join(', ')}]`);
  const [samples, channels, ...sizes] = x.shape;
  const kernel = w.shape.slice(2);
  const taps = kernel[0] * kernel[1];
  const [groups, parts] = [c.int('group', 1), c.int('offset_group', 1)];
  const counts = offset.shape.slice(2);
  const { stride, dilation, padding } = windowsOf(c, sizes, kernel);
  /** Where the taps of a dim stand without offsets: `[taps, …counts]`. */
  const still = [0, 1].map((d) => {
    const start = arange(counts[d], { dtype: x.dtype, device: x.device }).mul(stride[d]).sub(padding[d]);
    const tap = arange(kernel[d], { dtype: x.dtype, device: x.device }).mul(dilation[d]);
    const [ofTap, ofStart] =
      d === 0
        ? [
            [-1, 1, 1, 1],
            [-1, 1],
          ]
        : [
            [1, -1, 1, 1],
            [1, -1],
          ];
    return tap
      .reshape(ofTap)
      .add(start.reshape(ofStart))
      .expand([...kernel, ...counts])
      .reshape([taps, ...counts]);
  });
  const moved = offset.reshape([samples, parts, 1, taps, 2, ...counts]);
  const [y, column] = [0, 1].map((d) => moved.select(4, d).add(still[d]).flatten(3));
  const planes = x.reshape([samples, parts, channels / parts, sizes[0] * sizes[1]]);
  const mask = c.optional(4);
  const values = bilinear(planes, sizes, y, column);
  const sampled = mask ? values.mul(mask.reshape([samples, parts, 1, -1])) : values;
  const columns = sampled.reshape([samples, groups, (channels / groups) * taps, counts[0] * counts[1]]);
  const product = w
    .reshape([groups, w.size(0) / groups, -1])
    .matmul(columns)
    .reshape([samples, w.size(0), ...counts]);
  const bias = c.optional(3);
  return bias ? product.add(bias.reshape([-1, 1, 1])) : product;
}

/** Columns of blocks added up where they stood in the image. */
function col2im(c: NodeContext): Tensor {
  const x = c.x();
  const [sizes, kernel] = [c.hostInts(1), c.hostInts(2)];
  const { stride, dilation, padding, counts } = windowsOf(c, sizes, kernel);
  const taps = kernel.reduce((a, b) => a * b, 1);
  const [samples, channels] = [x.size(0), x.size(1) / taps];
  if (counts.reduce((m, n) => m * n, 1) !== x.size(2) || !Number.isInteger(channels))
    throw c.error(
      `[${x.shape.join(', ')}] are not the blocks [${kernel.join(', ')}] of an image [${sizes.join(', ')}]`,
    );
  const pixels = c.sized([sizes.reduce((a, b) => a * b, 1)])[0];
  // the pixel of each tap of each block; one more stands for those outside
  const starts = counts.reduce<number[][]>(
    (list, count, d) =>
      list.flatMap((at) => Array.from({ length: count }, (_, i) => [...at, i * stride[d] - padding[d]])),
    [[]],
  );
  const offsets = kernel.reduce<number[][]>(
    (list, count, d) => list.flatMap((at) => Array.from({ length: count }, (_, i) => [...at, i * dilation[d]])),
    [[]],
  );
  const index = offsets.flatMap((offset) =>
    starts.map((start) => {
      const at = start.map((s, d) => s + offset[d]);
      if (at.some((p, d) => p < 0 || p >= sizes[d])) return pixels;
      return at.reduce((flat, p, d) => flat * sizes[d] + p, 0);
    }),
  );
  const source = x.reshape([samples * channels, index.length]);
  const image = x.newZeros([samples * channels, pixels + 1]);
  const added = image.indexAdd(1, tensor(index, { dtype: 'int64', device: x.device }), source);
  return added.narrow(1, 0, pixels).reshape([samples, channels, ...sizes]);
}

/** Rows by op type. */
export const spatial: Rows = {
  AffineGrid: (c) => affineGrid(c.x(), c.sized(c.hostInts(1)), { alignCorners: c.int('align_corners', 0) !== 0 }),
  Col2Im: col2im,
  DeformConv: deformConv,
  GridSample: gridSampleRow,
  Resize: resize,
  Upsample: upsample,
};
