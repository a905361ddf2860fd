/** Resizing, and its transpose. */
import { type DType, isFloat } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { formatShape, numel, type Shape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { shrink, shrinkTransposed } from './area.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import { type AxisMap, resample, resampleTransposed } from './taps.ts';

/** How values between the pixels are found; `linear` and `cubic` along every spatial dim; `area` averages what a pixel covers. */
export type ResizeMode = 'nearest' | 'nearest-exact' | 'linear' | 'cubic' | 'area';

type PointMode = Exclude<ResizeMode, 'area'>;

/** How the spatial dims, all but the first two, are resized. */
export interface InterpolateAttrs {
  readonly mode: ResizeMode;
  /** The spatial sizes of the result. */
  readonly size: readonly number[];
  /** The factors that positions are computed with, where they are not those of the sizes. */
  readonly scales: readonly number[] | null;
  readonly alignCorners: boolean;
}

export interface InterpolateOps {
  interpolate: Sig<[Tensor], InterpolateAttrs>;
  /** `size` is that of the input of `interpolate`. */
  interpolateBackward: Sig<[Tensor], InterpolateAttrs>;
}

/** The distance between neighbours of the result, in pixels of the input. */
function stepOf(from: number, to: number, scale: number | undefined, alignCorners: boolean): number {
  if (alignCorners) return to > 1 ? (from - 1) / (to - 1) : 0;
  return scale !== undefined && scale > 0 ? 1 / scale : from / to;
}

const real = (x: e.Expr, dtype: DType): e.Expr => e.cast(x, dtype);

/**
 * A float32 number as one of 12 bits and the rest: times a whole number up to 2^12 both are exact, so that a position is rounded once,
 * as the fused multiply-add of PyTorch's kernels rounds it.
 */
function inParts(step: number): [high: number, low: number] {
  const bits = new Float32Array([step]);
  const whole = bits[0];
  const words = new Uint32Array(bits.buffer);
  words[0] &= 0xfffff000;
  return [bits[0], whole - bits[0]];
}

/** The position of pixel j in the input: pixels are squares, and their centers stand at halves, unless the corners' centers are aligned. */
function centered(j: e.Expr, [step, high, low]: readonly e.Expr[], aligned: boolean): e.Expr {
  const { dtype } = step;
  if (aligned) return e.mul(step, real(j, dtype));
  const center = e.add(real(j, dtype), 0.5);
  if (dtype === 'float64') return e.sub(e.mul(step, center), 0.5);
  return e.add(e.sub(e.mul(high, center), 0.5), e.mul(low, center));
}

/**
 * Keys' cubic with A = -0.75 of a neighbour at distance t (up to 1), and of the one beyond it: A (x - 1) (x - 2)² for x = 1 + t, by its zeros, since
 * the terms of its powers would cancel.
 */
const A = -0.75;
const near = (t: e.Expr): e.Expr => e.add(e.mul(e.mul(e.sub(e.mul(t, A + 2), A + 3), t), t), 1);
const beyond = (t: e.Expr, rest: e.Expr): e.Expr => e.mul(e.mul(e.mul(t, A), rest), rest);

/** The map of one axis from `from` pixels to `to`. */
function axisMap(mode: PointMode, from: number, to: number, scale: number | undefined, aligned: boolean): AxisMap {
  const step = stepOf(from, to, scale, aligned);
  const numbers = { whole: [from - 1], real: [step, ...inParts(step)] };
  switch (mode) {
    case 'nearest':
    case 'nearest-exact':
      return {
        key: mode,
        ...numbers,
        taps(j, [last], [step], dtype) {
          const shifted = mode === 'nearest' ? real(j, dtype) : e.add(real(j, dtype), 0.5);
          // rounded to float32 first, where products that are whole numbers on paper become so
          const at = e.floor(e.cast(e.mul(step, shifted), 'float32'));
          return [{ at: e.min(e.cast(at, 'int32'), last), weight: null }];
        },
      };
    case 'linear':
      // as many pixels as before: neighbours have no part in them
      if (from === to)
        return {
          key: 'same',
          whole: [],
          real: [],
          taps: (j, _, __, dtype) => [1, 0].map((weight) => ({ at: j, weight: e.constant(weight, dtype) })),
        };
      return {
        key: `linear${aligned}`,
        ...numbers,
        taps(j, [last], steps, dtype) {
          const at = centered(j, steps, aligned);
          const position = aligned ? at : e.max(at, 0);
          const low = e.min(e.cast(position, 'int32'), last);
          const weight = e.sub(position, e.cast(low, dtype));
          return [
            { at: low, weight: e.sub(e.constant(1, dtype), weight) },
            { at: e.min(e.add(low, 1), last), weight },
          ];
        },
      };
    case 'cubic':
      return {
        key: `cubic${aligned}`,
        ...numbers,
        taps(j, [last], steps, dtype) {
          const position = centered(j, steps, aligned);
          const floor = e.floor(position);
          const low = e.cast(floor, 'int32');
          const t = e.sub(position, floor);
          const rest = e.sub(e.constant(1, dtype), t);
          return [beyond(t, rest), near(t), near(rest), beyond(rest, t)].map((weight, k) => ({
            at: e.max(e.min(e.add(low, k - 1), last), 0),
            weight,
          }));
        },
      };
  }
}

/** Maps of all axes from a shape to another. */
function axisMaps(from: Shape, to: Shape, mode: PointMode, { scales, alignCorners }: InterpolateAttrs) {
  return from.map((size, d) => (d < 2 ? null : axisMap(mode, size, to[d], scales?.[d - 2], alignCorners)));
}

const sides = ['D', 'H', 'W'];
const named = (size: Shape): string => size.map((n, d) => `${sides[d + 3 - size.length]}: ${n}`).join(', ');

function checkImage(name: string, x: Tensor, { mode, size }: InterpolateAttrs): void {
  requireTensor(name, x);
  const rank = x.shape.length;
  if (rank < 3 || rank > 5 || size.length !== rank - 2) {
    throw new ShapeError(
      `${name}: takes [N, C, d1, …] with one to three spatial dims and a size for each, got shape ${formatShape(x.shape)} and size ${formatShape(size)}`,
    );
  }
  const spatial = x.shape.slice(2);
  if ([...spatial, ...size].some((n) => n < 1)) {
    throw new ShapeError(
      `${name}: Input and output sizes should be greater than 0, but got input (${named(spatial)}) and output (${named(size)})`,
    );
  }
  if (numel(x.shape.slice(1)) === 0) {
    throw new ShapeError(
      `${name}: Non-empty ${rank}D data tensor expected but got a tensor with sizes ${formatShape(x.shape)}`,
    );
  }
  if (!isFloat(x.dtype) && !(x.dtype === 'uint8' && mode.startsWith('nearest'))) throw notImplementedFor(name, x.dtype);
}

/** Rows by op name. */
export const interpolate: { readonly [K in keyof InterpolateOps]: OpSpec<InterpolateOps[K]> } = {
  interpolate: new OpSpec({
    name: 'interpolate',
    infer([x], attrs) {
      checkImage('interpolate', x, attrs);
      return { shape: [...x.shape.slice(0, 2), ...attrs.size], dtype: x.dtype };
    },
    kernel(runtime, [out], [x], attrs) {
      if (attrs.mode === 'area') shrink(runtime, out, x);
      else resample(runtime, out, x, axisMaps(x.shape, out.shape, attrs.mode, attrs));
    },
  }),
  interpolateBackward: new OpSpec({
    name: 'interpolateBackward',
    infer([grad], attrs) {
      checkImage('interpolateBackward', grad, attrs);
      return { shape: [...grad.shape.slice(0, 2), ...attrs.size], dtype: grad.dtype };
    },
    kernel(runtime, [out], [grad], attrs) {
      if (attrs.mode === 'area') shrinkTransposed(runtime, out, grad);
      else resampleTransposed(runtime, out, grad, axisMaps(out.shape, grad.shape, attrs.mode, attrs));
    },
  }),
};
