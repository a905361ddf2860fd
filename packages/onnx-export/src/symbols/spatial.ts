/** In ONNX: padding, windows as columns, resizing and sampling of images. */
import { type DType, isFloat, type SpatialOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';
import { evenWindows } from './pool.ts';
import { alongDims, type Matrix, overlapMatrix, padMatrix, resizeMatrix, transposed } from './separable.ts';
import { type Symbols, viaBody } from './symbol.ts';

/** The end of any slice. */
const END = 2 ** 31 - 1;

/** Before and after of each dim. */
function perDim(g: OpContext): { before: number; after: number }[] {
  const padding = g.sizes('padding').map((n) => g.fixed(n, 'the padding'));
  const rank = g.rank();
  return Array.from({ length: rank }, (_, d) => {
    const at = 2 * (rank - 1 - d);
    return { before: padding[at] ?? 0, after: padding[at + 1] ?? 0 };
  });
}

/** The tensor without what negative padding takes away. */
function cropped(g: OpContext, x: Ref): Ref {
  return perDim(g).reduce(
    (y, { before, after }, d) =>
      before < 0 || after < 0 ? g.slice(y, d, Math.max(-before, 0), after < 0 ? after : END) : y,
    x,
  );
}

/** Each end in front of or behind the other one. */
function around(g: OpContext, x: Ref): Ref {
  return perDim(g).reduce(
    (y, { before, after }, d) => {
      const parts = [
        ...(before > 0 ? [g.slice(y, d, -before, END)] : []),
        y,
        ...(after > 0 ? [g.slice(y, d, 0, after)] : []),
      ];
      return parts.length > 1 ? g.op('Concat', parts, { axis_i: d }) : y;
    },
    cropped(g, x),
  );
}

/** Pad of numbers that are not negative. */
function padded(
  g: OpContext,
  x: Ref,
  before: readonly number[],
  after: readonly number[],
  mode: string,
  value?: Ref,
): Ref {
  if (![...before, ...after].some((n) => n > 0)) return x;
  return g.op('Pad', [x, g.ints([...before, ...after]), ...(value ? [value] : [])], { mode_s: mode });
}

const onnxModes = { constant: 'constant', reflect: 'reflect', replicate: 'edge' } as const;

function pad(g: OpContext<SpatialOps['pad']>): Ref {
  const { mode, value } = g.attrs;
  const dtype = g.dtype();
  if (mode === 'circular') return around(g, g.x());
  // small integers and bool have no kernel everywhere
  const wide: DType = g.isNarrow(dtype) || dtype === 'bool' ? 'int32' : dtype;
  const filler = dtype === 'bool' ? Number(value !== 0) : value;
  const sides = perDim(g);
  const grown = padded(
    g,
    g.cast(g.x(), wide),
    sides.map(({ before }) => Math.max(before, 0)),
    sides.map(({ after }) => Math.max(after, 0)),
    onnxModes[mode],
    mode === 'constant' ? g.scalar(isFloat(dtype) ? filler : Math.trunc(filler), wide) : undefined,
  );
  // the mirror stands at the border that was there: what is cut off goes last
  return g.cast(cropped(g, grown), dtype);
}

/** A batch of one where there is none. */
const batched = (g: OpContext, x: Ref, rank: number): Ref => (g.rank() === rank ? x : g.unsqueeze(x, [0]));
const unbatched = (g: OpContext, x: Ref, rank: number): Ref => (g.rank() === rank ? x : g.squeeze(x, [0]));

/** Windows by reading the rows of each, then the columns of each. */
function im2col(g: OpContext<SpatialOps['im2col']>): Ref {
  const { kernelSize, dilation, padding, stride } = g.attrs;
  const size = g
    .dims()
    .slice(-2)
    .map((dim) => g.fixed(dim, "the image's size"));
  const image = padded(
    g,
    batched(g, g.x(), 4),
    [0, 0, ...padding],
    [0, 0, ...padding],
    'constant',
    g.scalar(0, g.dtype()),
  );
  const places = [0, 1].map((d) => {
    const count = Math.floor((size[d] + 2 * padding[d] - dilation[d] * (kernelSize[d] - 1) - 1) / stride[d]) + 1;
    const at = Array.from(
      { length: kernelSize[d] * count },
      (_, i) => Math.floor(i / count) * dilation[d] + (i % count) * stride[d],
    );
    return g.constant(at, 'int64', [kernelSize[d], count]);
  });
  const rows = g.op('Gather', [image, places[0]], { axis_i: 2 });
  const windows = g.op('Gather', [rows, places[1]], { axis_i: 4 });
  return g.reshape(g.transpose(windows, [0, 1, 2, 4, 3, 5]), g.outDims());
}

function col2im(g: OpContext<SpatialOps['col2im']>): Ref {
  const { kernelSize, dilation, padding, stride } = g.attrs;
  const sizes = g.sizes('outputSize').map((dim) => g.fixed(dim, 'the output size'));
  // runtimes have the op of opset 18 for float32
  if (g.opset < 18 || g.dtype() === 'float64') {
    const places = sizes.map(
      (size, d) => Math.floor((size + 2 * padding[d] - dilation[d] * (kernelSize[d] - 1) - 1) / stride[d]) + 1,
    );
    const channels = g.fixed(g.dims()[g.rank() - 2], 'the number of channels') / (kernelSize[0] * kernelSize[1]);
    const batch = g.rank() === 3 ? g.dims()[0] : 1;
    const cut = g.reshape(g.x(), [batch, channels, ...kernelSize, ...places]);
    const rows = g.reshape(g.transpose(cut, [0, 1, 2, 4, 3, 5]), [
      batch,
      channels,
      ...kernelSize.map((k, d) => k * places[d]),
    ]);
    const matrices = sizes.map((size, d) =>
      overlapMatrix(kernelSize[d], places[d], size, stride[d], dilation[d], padding[d]),
    );
    return unbatched(g, alongDims(g, rows, 4, matrices), 3);
  }
  const image = g.op('Col2Im', [batched(g, g.x(), 3), g.ints(sizes), g.ints(g.attrs.kernelSize)], {
    dilations_i: dilation,
    pads_i: [...padding, ...padding],
    strides_i: stride,
  });
  return unbatched(g, image, 3);
}

/** Modes of Resize, and how they find positions. */
const resizeModes = {
  nearest: { mode_s: 'nearest', nearest_mode_s: 'floor', coordinate_transformation_mode_s: 'asymmetric' },
  'nearest-exact': {
    mode_s: 'nearest',
    nearest_mode_s: 'round_prefer_ceil',
    coordinate_transformation_mode_s: 'half_pixel',
  },
  linear: { mode_s: 'linear', coordinate_transformation_mode_s: 'half_pixel' },
  cubic: { mode_s: 'cubic', cubic_coeff_a_f: -0.75, coordinate_transformation_mode_s: 'half_pixel' },
} as const;

/** Averages over all of the image where it becomes one pixel, and else over windows. */
function byArea(g: OpContext<SpatialOps['interpolate']>): Ref {
  const sizes = g.sizes('size');
  const axes = sizes.map((_, d) => d + 2);
  const dtype = g.dtype();
  if (sizes.every((size) => size === 1)) {
    // runtimes have the op for float32
    return dtype === 'float32' ? g.op('GlobalAveragePool', [g.x()]) : g.reduce('ReduceMean', g.x(), axes, true);
  }
  const from = g.fixedShape(g.dims().slice(2), "the image's size");
  const to = g.fixedShape(sizes, 'the size');
  const kernel = evenWindows(from, to);
  if (kernel) return g.op('AveragePool', [g.x()], { kernel_shape_i: kernel, strides_i: kernel });
  // ONNX's windows are of one size
  return resizedBy(g, resizeMatrices(g, g.dims(), g.sizes('size')));
}

/** The matrices by which each spatial dim goes from one size to another. */
function resizeMatrices(g: OpContext<SpatialOps['interpolate']>, from: readonly Dim[], to: readonly Dim[]): Matrix[] {
  return to.map((size, d) => {
    const [a, b] = [g.fixed(from[d + 2], "the image's size"), g.fixed(size, 'the size')];
    return resizeMatrix(g.attrs, d, a, b, g.dtype() === 'float64');
  });
}

const resizedBy = (g: OpContext, matrices: readonly Matrix[]): Ref => alongDims(g, g.x(), g.rank(), matrices);

function interpolate(g: OpContext<SpatialOps['interpolate']>): Ref {
  const { mode, scales, alignCorners } = g.attrs;
  // runtimes resize in float32 only
  if (g.dtype() === 'float64' && [...g.dims().slice(2), ...g.sizes('size')].every((size) => typeof size === 'number'))
    return resizedBy(g, resizeMatrices(g, g.dims(), g.sizes('size')));
  if (mode === 'area') return byArea(g);
  // runtimes resize two spatial dims, and three linearly: one dim is given a second of size 1
  const line = g.rank() === 3;
  const sizes: Dim[] = [...g.dims().slice(0, 2), ...(line ? [1] : []), ...g.sizes('size')];
  const x = line ? g.unsqueeze(g.x(), [2]) : g.x();
  const attributes = {
    ...resizeModes[mode],
    ...(alignCorners ? { coordinate_transformation_mode_s: 'align_corners' } : {}),
  };
  const none = g.opset >= 13 ? null : g.constant([], 'float32', [0]);
  // positions follow from the factors where those were given, and from the sizes else; the runtime must come to the same sizes
  const factors = scales === null || alignCorners ? null : [1, 1, ...(line ? [1] : []), ...scales];
  const inputs = factors === null ? [x, none, none, g.shape(sizes)] : [x, none, g.constant(factors, 'float32')];
  if (factors) checkFactors(g, factors.slice(-(g.rank() - 2)));
  const resized = g.op('Resize', inputs, attributes);
  return line ? g.squeeze(resized, [2]) : resized;
}

/** The runtime multiplies in float32; it must not round to another size. */
function checkFactors(g: OpContext<SpatialOps['interpolate']>, factors: readonly number[]): void {
  const [from, to] = [g.dims().slice(2), g.outDims().slice(2)];
  factors.forEach((factor, d) => {
    const [a, b] = [from[d], to[d]];
    if (typeof a === 'number' && b !== Math.floor(Math.fround(a * Math.fround(factor)))) {
      throw g.error(
        `a size of ${a} times ${factor} rounds to another size in float32, in which ONNX keeps factors; pass the size instead`,
      );
    }
  });
}

function pixelShuffle(g: OpContext<SpatialOps['pixelShuffle']>): Ref {
  const r = g.attrs.upscaleFactor;
  const dtype = g.dtype();
  if (g.rank() === 4 && (dtype === 'float32' || dtype === 'float64'))
    return g.op('DepthToSpace', [g.x()], { blocksize_i: r, mode_s: 'CRD' });
  const dims = g.dims();
  const lead = dims.slice(0, -3);
  const channels = g.fixed(dims[lead.length], 'the number of channels');
  const split = g.reshape(g.x(), [...lead, channels / (r * r), r, r, ...dims.slice(-2)]);
  const order = [...lead.map((_, d) => d), ...[0, 3, 1, 4, 2].map((d) => d + lead.length)];
  return g.reshape(g.transpose(split, order), g.outDims());
}

function gridSample(g: OpContext<SpatialOps['gridSample']>): Ref {
  const { mode, paddingMode, alignCorners } = g.attrs;
  g.needs(g.rank() === 5 ? 20 : 16, g.rank() === 5 ? 'sampling a volume' : undefined);
  const renamed = { bilinear: 'linear', bicubic: 'cubic', nearest: 'nearest' }[mode];
  return g.op('GridSample', [g.x(0), g.x(1)], {
    mode_s: g.opset >= 20 ? renamed : mode,
    padding_mode_s: paddingMode,
    align_corners_i: alignCorners ? 1 : 0,
  });
}

/** The transpose of padding: mirrored elements are added to their originals. */
function padBackward(g: OpContext<SpatialOps['padBackward']>): Ref {
  const sizes = g.outDims();
  const matrices = perDim(g).map(({ before, after }, d) => {
    if (before === 0 && after === 0) return null;
    return transposed(padMatrix(g.attrs.mode, before, after, g.fixed(sizes[d], 'the size of what was padded')));
  });
  return alongDims(g, g.x(), g.rank(), matrices);
}

function interpolateBackward(g: OpContext<SpatialOps['interpolateBackward']>): Ref {
  const matrices = resizeMatrices(g, [1, 1, ...g.sizes('size')], g.dims().slice(2));
  return resizedBy(g, matrices.map(transposed));
}

/** Rows by op name. */
export const spatial: Symbols<SpatialOps> = {
  pad,
  padBackward,
  im2col,
  col2im,
  interpolate,
  interpolateBackward,
  pixelShuffle,
  // of several channels, ONNX's op orders the result in another way
  pixelUnshuffle: (g) => {
    const dtype = g.dtype();
    if (g.rank() !== 4 || g.dims()[1] !== 1 || (dtype !== 'float32' && dtype !== 'float64')) return null;
    return g.op('SpaceToDepth', [g.x()], { blocksize_i: g.attrs.downscaleFactor });
  },
  channelShuffle: viaBody,
  gridSample,
  affineGrid: (g) => {
    const { alignCorners } = g.attrs;
    if (g.opset < 20) return null;
    return g.op('AffineGrid', [g.x(), g.shape(g.sizes('size'))], { align_corners_i: alignCorners ? 1 : 0 });
  },
};
