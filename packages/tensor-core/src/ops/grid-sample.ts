/** Reading an image at computed positions, and the positions of an affine map. */
import { dispatch } from '../dispatch.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { contiguousStrides, formatShape, type Shape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import { create } from './create.ts';
import { stack } from './stack.ts';

/** How values between the pixels are found. */
export type GridSampleMode = 'bilinear' | 'nearest' | 'bicubic';
/** What lies beyond the border: zeros, the border itself, or the mirror image. */
export type GridPaddingMode = 'zeros' | 'border' | 'reflection';

/** How an image is read at the positions of a grid. */
export interface GridSampleAttrs {
  readonly mode: GridSampleMode;
  readonly paddingMode: GridPaddingMode;
  readonly alignCorners: boolean;
}

export interface GridSampleOps {
  gridSample: Sig<[Tensor, Tensor], GridSampleAttrs>;
  affineGrid: Sig<[Tensor], { readonly size: readonly number[]; readonly alignCorners: boolean }>;
}

function checkGrid(x: Tensor, grid: Tensor, { mode }: GridSampleAttrs): void {
  requireTensor('gridSample', x, 0);
  requireTensor('gridSample', grid, 1);
  const rank = x.shape.length;
  const given = `input with sizes ${formatShape(x.shape)} and grid with sizes ${formatShape(grid.shape)}`;
  if ((rank !== 4 && rank !== 5) || grid.shape.length !== rank) {
    throw new ShapeError(
      `gridSample: grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got ${given}`,
    );
  }
  if (x.shape[0] !== grid.shape[0])
    throw new ShapeError(
      `gridSample: grid_sampler(): expected grid and input to have same batch size, but got ${given}`,
    );
  if (grid.shape[rank - 1] !== rank - 2) {
    throw new ShapeError(
      `gridSample: grid_sampler(): expected grid to have size ${rank - 2} in last dimension, but got grid with sizes ${formatShape(grid.shape)}`,
    );
  }
  const empty = x.shape.findIndex((size, d) => d >= 2 && size === 0);
  if (empty >= 0) {
    throw new ShapeError(
      `gridSample: grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes ${formatShape(x.shape)} with dimension ${empty} being empty`,
    );
  }
  if (x.dtype !== grid.dtype)
    throw new DTypeError(
      `gridSample: grid_sampler(): expected input and grid to have same dtype, but input has ${x.dtype} and grid has ${grid.dtype}`,
    );
  if (!isFloat(x.dtype)) throw notImplementedFor('gridSample', x.dtype);
  if (mode === 'bicubic' && rank === 5)
    throw new ArgumentError('gridSample: grid_sampler(): bicubic interpolation only supports 4D input');
}

/** From [-1, 1] to pixels: -1 and 1 are the centers of the corner pixels, or their far edges. */
const toPixels = (x: Tensor, size: number, aligned: boolean): Tensor =>
  aligned ? x.add(1).mul((size - 1) / 2) : x.add(1).mul(size).sub(1).div(2);

/** The nearest position within the image; NaN becomes the first, as PyTorch documents. Nothing flows from what is moved. */
function clipped(x: Tensor, size: number): Tensor {
  const last = size - 1;
  return x.where(x.ge(0).logicalAnd(x.le(last)), x.gt(last).to(x.dtype).mul(last));
}

/** Mirrored at the centers of the outer pixels, or at their far edges, as often as needed. */
function reflected(x: Tensor, size: number, aligned: boolean): Tensor {
  const span = aligned ? size - 1 : size;
  if (span === 0) return x.mul(0);
  const shifted = aligned ? x : x.add(0.5);
  const away = shifted.neg().where(shifted.lt(0), shifted);
  // a whole period is there and back
  const periods = away
    .detach()
    .div(2 * span)
    .trunc();
  const extra = away.sub(periods.mul(2 * span));
  const folded = extra.where(extra.le(span), extra.neg().add(2 * span));
  return aligned ? folded : folded.sub(0.5);
}

function padded(x: Tensor, size: number, { paddingMode, alignCorners }: GridSampleAttrs): Tensor {
  if (paddingMode === 'zeros') return x;
  return clipped(paddingMode === 'reflection' ? reflected(x, size, alignCorners) : x, size);
}

/** Reads pixels at whole positions [N, P] per dim: `values` [N, C, P], 0 beyond the border, and where there are pixels. */
function reader(x: Tensor): (at: readonly Tensor[]) => { values: Tensor; inside: Tensor } {
  const sizes = x.shape.slice(2);
  const strides = contiguousStrides(sizes);
  const pixels = x.flatten(2);
  return (at) => {
    const inside = at.map((p, d) => p.ge(0).logicalAnd(p.le(sizes[d] - 1))).reduce((a, b) => a.logicalAnd(b));
    const index = at
      .map((p, d) => p.where(inside, 0).to('int64').mul(strides[d]))
      .reduce((a, b) => a.add(b))
      .unsqueeze(1);
    const values = pixels.gather(2, index.expand([index.shape[0], x.shape[1], index.shape[2]]));
    const shown = inside.unsqueeze(1);
    return { values: values.where(shown, 0), inside: shown };
  };
}

type Reader = ReturnType<typeof reader>;

function nearest(read: Reader, at: readonly Tensor[]): Tensor {
  const { values, inside } = read(at.map((p) => p.detach().round()));
  // the grid has a part in the result, though a derivative of zero
  const never = inside.logicalAnd(inside.logicalNot());
  const sum = at.reduce((a, b) => a.add(b)).unsqueeze(1);
  const zero = sum.where(never, 0);
  return values.where(inside, zero);
}

/** Between the corners of the cell, each weighted by the volume opposite to it. */
function linear(read: Reader, at: readonly Tensor[]): Tensor {
  const low = at.map((p) => p.detach().floor());
  const weights = at.map((p, d) => [low[d].add(1).sub(p), p.sub(low[d])]);
  const corners = Array.from({ length: 2 ** at.length }, (_, corner) => {
    const bits = at.map((_, d) => (corner >> (at.length - 1 - d)) & 1);
    const { values, inside } = read(low.map((p, d) => (bits[d] ? p.add(1) : p)));
    const weight = bits
      .map((bit, d) => weights[d][bit])
      .reduceRight((a, b) => a.mul(b))
      .unsqueeze(1);
    // a position that is not a number is beyond the border of a volume, but spoils a pixel of an image
    return values.mul(at.length === 3 ? weight.where(inside, 0) : weight);
  });
  return corners.reduce((a, b) => a.add(b));
}

const A = -0.75;
const near = (x: Tensor): Tensor =>
  x
    .mul(A + 2)
    .sub(A + 3)
    .mul(x)
    .mul(x)
    .add(1);
const far = (x: Tensor): Tensor =>
  x
    .mul(A)
    .sub(5 * A)
    .mul(x)
    .add(8 * A)
    .mul(x)
    .sub(4 * A);

/** Keys' cubic through four neighbours, along x and then along y. The neighbours are moved into the image one by one. */
function cubic(read: Reader, at: readonly Tensor[], pad: (p: Tensor, d: number) => Tensor): Tensor {
  const low = at.map((p) => p.detach().floor());
  const weights = at.map((p, d) => {
    const t = p.sub(low[d]);
    const rest = t.neg().add(1);
    return [far(t.add(1)), near(t), near(rest), far(rest.add(1))].map((w) => w.unsqueeze(1));
  });
  const neighbour = low.map((p, d) => [-1, 0, 1, 2].map((k) => pad(p.add(k), d)));
  const sum = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => a.add(b));
  return sum(
    weights[0].map((wy, i) =>
      sum(weights[1].map((wx, j) => read([neighbour[0][i], neighbour[1][j]]).values.mul(wx))).mul(wy),
    ),
  );
}

function sample(x: Tensor, grid: Tensor, attrs: GridSampleAttrs): Tensor {
  const sizes = x.shape.slice(2);
  // the last number of a position counts along the first spatial dim
  const at = sizes.map((size, d) =>
    toPixels(grid.select(-1, sizes.length - 1 - d).flatten(1), size, attrs.alignCorners),
  );
  const read = reader(x);
  const result =
    attrs.mode === 'bicubic'
      ? cubic(read, at, (p, d) => padded(p, sizes[d], attrs))
      : (attrs.mode === 'nearest' ? nearest : linear)(
          read,
          at.map((p, d) => padded(p, sizes[d], attrs)),
        );
  return result.reshape([...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)]);
}

/** `steps` positions from edge to edge: the centers of the outer pixels at ±1, or their far edges. */
function positions(theta: Tensor, steps: number, aligned: boolean): Tensor {
  const { dtype, device } = theta;
  if (steps === 1) return theta.newZeros([1]);
  const line = dispatch(create.linspace, [], { start: -1, end: 1, steps, dtype, device });
  return aligned ? line : line.mul((steps - 1) / steps);
}

function checkAffine(theta: Tensor, size: Shape): void {
  requireTensor('affineGrid', theta);
  if (!isFloat(theta.dtype))
    throw new DTypeError(`affineGrid: Expected theta to have floating point type, but got ${theta.dtype}`);
  if (size.length !== 4 && size.length !== 5) {
    throw new ShapeError(
      `affineGrid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size ${formatShape(size)}.`,
    );
  }
  const n = size.length - 2;
  if (theta.shape.length !== 3 || theta.shape[1] !== n || theta.shape[2] !== n + 1) {
    throw new ShapeError(
      `affineGrid: Expected a batch of ${n}D affine matrices of shape Nx${n}x${n + 1} for size ${formatShape(size)}. Got ${formatShape(theta.shape)}.`,
    );
  }
  if (theta.shape[0] !== size[0]) {
    throw new ShapeError(
      `affineGrid: theta has ${theta.shape[0]} matrices, and the size ${formatShape(size)} asks for a batch of ${size[0]}`,
    );
  }
  if (size.some((count) => count < 1))
    throw new ShapeError(`affineGrid: Expected non-zero, positive output size. Got ${formatShape(size)}`);
}

/** Rows by op name. */
export const gridSample: { readonly [K in keyof GridSampleOps]: OpSpec<GridSampleOps[K]> } = {
  gridSample: new OpSpec({
    name: 'gridSample',
    infer([x, grid], attrs) {
      checkGrid(x, grid, attrs);
      return { shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)], dtype: x.dtype };
    },
    body: ([x, grid], attrs) => sample(x, grid, attrs),
  }),
  affineGrid: new OpSpec({
    name: 'affineGrid',
    infer([theta], { size }) {
      checkAffine(theta, size);
      return { shape: [size[0], ...size.slice(2), size.length - 2], dtype: theta.dtype };
    },
    body([theta], { size, alignCorners }) {
      const spatial = size.slice(2);
      const axes = spatial.map((steps, d) => {
        const line = positions(theta, steps, alignCorners);
        return line.reshape(spatial.map((_, k) => (k === d ? steps : 1))).expand(spatial);
      });
      const base = dispatch(stack, [...axes.reverse(), theta.newOnes(spatial)], { dim: spatial.length });
      const points = base.reshape([-1, spatial.length + 1]).matmul(theta.transpose(1, 2));
      return points.reshape([theta.shape[0], ...spatial, spatial.length]);
    },
  }),
};
