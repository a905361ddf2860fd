/** Padding with a value, by reflection, with the border or around, and its transpose. */
import { dtypes, isFloat } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { formatShape, type Shape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import { type AxisMap, resample, resampleTransposed } from './taps.ts';

/** What stands beyond the border: a value, the mirror image, the border itself, or the other end. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** How a tensor is padded. `padding` holds before and after of the last dim, then of the one before, and so on; negative crops. */
export interface PadAttrs {
  readonly padding: readonly number[];
  readonly mode: PadMode;
  readonly value: number;
}

export interface PadOps {
  pad: Sig<[Tensor], PadAttrs>;
  padBackward: Sig<[Tensor], Omit<PadAttrs, 'value'>>;
}

/** Padding before and after each dim. */
function perDim(rank: number, padding: readonly number[]): [before: number, after: number][] {
  return Array.from({ length: rank }, (_, d) => {
    const at = 2 * (rank - 1 - d);
    return [padding[at] ?? 0, padding[at + 1] ?? 0];
  });
}

type Positions = (j: e.Expr, whole: readonly e.Expr[]) => e.Expr;

/** Where each position is read, and the numbers that it takes. */
const modes: {
  readonly [M in PadMode]: { readonly at: Positions; whole(before: number, after: number, size: number): number[] };
} = {
  constant: { at: (j, [before]) => e.sub(j, before), whole: (before) => [before] },
  // |i| mirrors at the first element, last - |last - i| at the last
  reflect: {
    at: (j, [before, last]) => e.sub(last, e.abs(e.sub(last, e.abs(e.sub(j, before))))),
    whole: (before, _, size) => [before, size - 1],
  },
  replicate: {
    at: (j, [before, last]) => e.max(e.min(e.sub(j, before), last), 0),
    whole: (before, _, size) => [before, size - 1],
  },
  // what is cropped is gone before the rest goes around
  circular: {
    at: (j, [shift, size, cropped]) => e.add(e.rem(e.add(j, shift), size), cropped),
    whole(before, after, size) {
      const kept = size + Math.min(before, 0) + Math.min(after, 0);
      return [before > 0 ? kept - before : 0, kept, Math.max(-before, 0)];
    },
  },
};

function axisMaps(shape: Shape, { padding, mode }: Omit<PadAttrs, 'value'>): (AxisMap | null)[] {
  const { at, whole } = modes[mode];
  return perDim(shape.length, padding).map(([before, after], d) =>
    before === 0 && after === 0
      ? null
      : {
          key: mode,
          whole: whole(before, after, shape[d]),
          real: [],
          taps: (j, params) => [{ at: at(j, params), weight: null }],
        },
  );
}

function checkValue(x: Tensor, value: number): void {
  const { category, itemsize, signed } = dtypes[x.dtype];
  if (category === 'float' || x.dtype === 'bool') return;
  const limit = 2 ** (8 * itemsize - (signed ? 1 : 0));
  const whole = Math.trunc(value);
  if (!(whole < limit && whole >= (signed ? -limit : 0))) {
    throw new ArgumentError(
      `pad: value cannot be converted to type ${x.dtype} without overflow: got ${value} for a tensor of ${x.dtype}`,
    );
  }
}

/** The size of a padded dim, or an error that says why it can't be padded so. */
function paddedSize(shape: Shape, d: number, [before, after]: readonly [number, number], mode: PadMode): number {
  const size = shape[d];
  const of = `padding (${before}, ${after}) at dimension ${d} of input ${formatShape(shape)}`;
  const kept = size + Math.min(before, 0) + Math.min(after, 0);
  if (mode === 'reflect' && (before >= size || after >= size)) {
    throw new ShapeError(
      `pad: Padding size should be less than the corresponding input dimension, but got: ${of}; mode 'reflect' mirrors without repeating the border`,
    );
  }
  if (kept < 0) {
    throw new ShapeError(
      `pad: The input size ${size}, plus negative padding ${before} and ${after} resulted in a negative output size, which is invalid. Check dimension ${d} of your input, of shape ${formatShape(shape)}`,
    );
  }
  if (mode === 'circular' && (before > kept || after > kept))
    throw new ShapeError(`pad: Padding value causes wrapping around more than once: ${of}`);
  const result = size + before + after;
  if (mode !== 'constant' && result < 1)
    throw new ShapeError(`pad: input (size ${size}) is too small. Calculated output size: ${result}, by ${of}`);
  return result;
}

function paddedShape(x: Tensor, { padding, mode }: PadAttrs): number[] {
  const rank = x.shape.length;
  if (padding.length % 2 !== 0)
    throw new ArgumentError(`pad: Padding length must be divisible by 2, got ${padding.length} numbers`);
  if (padding.length > 2 * rank) {
    throw new ArgumentError(
      `pad: Padding length too large: ${padding.length} numbers pad ${padding.length / 2} dims, and the tensor has ${rank} (shape ${formatShape(x.shape)})`,
    );
  }
  if (mode !== 'constant') {
    const dims = padding.length / 2;
    if (dims < 1 || dims > 3 || (rank !== dims + 1 && rank !== dims + 2)) {
      throw new ShapeError(
        'pad: Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: ' +
          `mode '${mode}' pads the last 1, 2 or 3 dims of a tensor with one or two dims in front of them, got ${padding.length} numbers for shape ${formatShape(x.shape)}`,
      );
    }
    if (x.shape.some((size, d) => size === 0 && !(d === 0 && rank === dims + 2))) {
      throw new ShapeError(
        `pad: Expected ${dims + 1}D or ${dims + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${formatShape(x.shape)}`,
      );
    }
  }
  return perDim(rank, padding).map((pair, d) =>
    pair[0] === 0 && pair[1] === 0 ? x.shape[d] : paddedSize(x.shape, d, pair, mode),
  );
}

/** Rows by op name. */
export const pad: { readonly [K in keyof PadOps]: OpSpec<PadOps[K]> } = {
  pad: new OpSpec({
    name: 'pad',
    infer([x], attrs) {
      requireTensor('pad', x);
      const shape = paddedShape(x, attrs);
      if (attrs.mode === 'constant') checkValue(x, attrs.value);
      return { shape, dtype: x.dtype };
    },
    kernel: (runtime, [out], [x], attrs) => resample(runtime, out, x, axisMaps(x.shape, attrs), attrs.value),
  }),
  padBackward: new OpSpec({
    name: 'padBackward',
    infer([grad], { padding }) {
      requireTensor('padBackward', grad);
      if (!isFloat(grad.dtype)) throw notImplementedFor('padBackward', grad.dtype);
      const pairs = perDim(grad.shape.length, padding);
      return { shape: grad.shape.map((size, d) => size - pairs[d][0] - pairs[d][1]), dtype: grad.dtype };
    },
    kernel: (runtime, [out], [grad], attrs) => resampleTransposed(runtime, out, grad, axisMaps(out.shape, attrs)),
  }),
};
