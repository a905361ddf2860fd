/**
 * Linear maps of images that work along each spatial dim by itself: resizing, averaging over windows, padding, overlap-adding, and their transposes. As products
 * with constant matrices they run in every opset and dtype; the sizes along these dims must be fixed.
 */
import type { InterpolateAttrs, PadMode, PoolAttrs } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';

/** Row o says how much of each element of the dim is in result o. */
export type Matrix = readonly (readonly number[])[];

const zeros = (count: number): number[] => new Array<number>(count).fill(0);

export const transposed = (matrix: Matrix): Matrix =>
  (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column]));

/** `x` of `rank` dims with `matrix` applied along `axis`; `null` leaves it. Halves are summed in float32. */
function applied(g: OpContext, x: Ref, rank: number, axis: number, matrix: Matrix | null): Ref {
  if (matrix === null) return x;
  const dtype = x.dtype === 'float64' ? 'float64' : 'float32';
  const constant = (rows: Matrix): Ref => g.constant(rows.flat(), dtype, [rows.length, rows[0].length]);
  if (axis === rank - 2) return g.op('MatMul', [constant(matrix), x]);
  const swap = Array.from({ length: rank }, (_, d) => (d === axis ? rank - 1 : d === rank - 1 ? axis : d));
  return g.transpose(g.op('MatMul', [g.transpose(x, swap), constant(transposed(matrix))]), swap);
}

/** `x` with a matrix applied along each of the last dims. */
export function alongDims(g: OpContext, x: Ref, rank: number, matrices: readonly (Matrix | null)[]): Ref {
  const half = x.dtype === 'float16' || x.dtype === 'bfloat16';
  const wide = half ? g.cast(x, 'float32') : x;
  const first = rank - matrices.length;
  const result = matrices.reduce((y, matrix, d) => applied(g, y, rank, first + d, matrix), wide);
  return half && x.dtype ? g.cast(result, x.dtype) : result;
}

/** A dim padded by `before` and `after`, where both may be negative. */
export function padMatrix(mode: PadMode, before: number, after: number, size: number): Matrix {
  const start = Math.max(-before, 0);
  const kept = size - start - Math.max(-after, 0);
  const source = (i: number): number => {
    switch (mode) {
      case 'reflect':
        return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
      case 'replicate':
        return Math.min(Math.max(i, 0), size - 1);
      case 'circular':
        return start + ((((i - start) % kept) + kept) % kept);
      case 'constant':
        return i;
    }
  };
  return Array.from({ length: size + before + after }, (_, o) => {
    const row = zeros(size);
    const at = source(o - before);
    if (at >= 0 && at < size) row[at] = 1;
    return row;
  });
}

/** Means over the windows of one dim. */
export function meanMatrix(
  { kernel, stride, padding }: Pick<PoolAttrs, 'kernel' | 'stride' | 'padding'>,
  d: number,
  size: number,
  windows: number,
  includePadding: boolean,
): Matrix {
  return Array.from({ length: windows }, (_, o) => {
    const start = o * stride[d] - padding[d];
    const end = Math.min(start + kernel[d], size + padding[d]);
    const [from, to] = [Math.max(start, 0), Math.min(end, size)];
    const count = includePadding ? end - start : to - from;
    return zeros(size).map((_, i) => (i >= from && i < to ? 1 / count : 0));
  });
}

/** Keys' cubic with A = -0.75, of a neighbour at distance t up to 1 and of the one beyond it. */
const A = -0.75;
const near = (t: number): number => ((A + 2) * t - (A + 3)) * t * t + 1;
const beyond = (t: number): number => A * t * (1 - t) * (1 - t);

/** One dim of an image resized from `from` to `to` pixels; `double` is the precision of nearest positions. */
export function resizeMatrix(
  { mode, scales, alignCorners }: Pick<InterpolateAttrs, 'mode' | 'scales' | 'alignCorners'>,
  d: number,
  from: number,
  to: number,
  double: boolean,
): Matrix {
  const scale = scales?.[d];
  const ratio = scale !== undefined && scale > 0 ? 1 / scale : from / to;
  const step = alignCorners ? (to > 1 ? (from - 1) / (to - 1) : 0) : ratio;
  const inside = (i: number): number => Math.min(Math.max(i, 0), from - 1);
  return Array.from({ length: to }, (_, j) => {
    const row = zeros(from);
    const add = (i: number, weight: number): void => {
      row[inside(i)] += weight;
    };
    if (mode === 'area') {
      const [start, end] = [Math.floor((j * from) / to), Math.ceil(((j + 1) * from) / to)];
      for (let i = start; i < end; i++) add(i, 1 / (end - start));
    } else if (mode === 'nearest' || mode === 'nearest-exact') {
      const at = (double ? step : Math.fround(step)) * (mode === 'nearest' ? j : j + 0.5);
      add(Math.floor(Math.fround(at)), 1);
    } else {
      const position = alignCorners ? step * j : step * (j + 0.5) - 0.5;
      if (mode === 'linear') {
        const at = from === to ? j : Math.max(position, 0);
        const low = Math.min(Math.floor(at), from - 1);
        add(low, 1 - (at - low));
        add(low + 1, at - low);
      } else {
        const low = Math.floor(position);
        const t = position - low;
        [beyond(t), near(t), near(1 - t), beyond(1 - t)].forEach((weight, k) => {
          add(low + k - 1, weight);
        });
      }
    }
    return row;
  });
}

/** The windows of one dim added up where they overlap: from kernel × windows, as one dim, to `size`. */
export function overlapMatrix(
  kernel: number,
  windows: number,
  size: number,
  stride: number,
  dilation: number,
  padding: number,
): Matrix {
  const rows = Array.from({ length: size }, () => zeros(kernel * windows));
  for (let k = 0; k < kernel; k++) {
    for (let o = 0; o < windows; o++) {
      const at = o * stride + k * dilation - padding;
      if (at >= 0 && at < size) rows[at][k * windows + o] = 1;
    }
  }
  return rows;
}
