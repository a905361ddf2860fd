/**
 * Results whose elements are read elsewhere along some axes: padding and resampling. An axis map says for each position of a result where along the axis
 * it is read, and with which weights; from that follow the op and its transpose.
 */
import type { Runtime, TensorView } from '../backend.ts';
import { allocate, copyInto } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import * as e from '../expr.ts';
import { contiguousStrides } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { programCache } from './build.ts';

/** One place that is read: its position along the axis (int32) and its weight, `null` for 1 exactly. */
export interface Tap {
  readonly at: e.Expr;
  readonly weight: e.Expr | null;
}

/** Where an axis of a result comes from. */
export interface AxisMap {
  /** Names the form of the taps, for the program cache. */
  readonly key: string;
  /** Numbers of a call: whole ones become int32 expressions, the others `real` ones. */
  readonly whole: readonly number[];
  readonly real: readonly number[];
  /** The places that position `j` of the result reads. `dtype` is that of `real` and of the weights. */
  taps(j: e.Expr, whole: readonly e.Expr[], real: readonly e.Expr[], dtype: DType): readonly Tap[];
}

/** Half precision is computed in float32, integers count their positions in it. */
const realDType = (dtype: DType): DType => (dtype === 'float64' ? 'float64' : 'float32');

/** The parameters of some axes, in the order in which a program takes them. */
function parameters(axes: readonly (AxisMap | null)[], dtype: DType) {
  const dtypes: DType[] = [];
  const values: number[] = [];
  const add = (value: number, of: DType): e.Expr => {
    values.push(value);
    return e.param(dtypes.push(of) - 1, of);
  };
  const exprs = axes.map(
    (axis) =>
      axis && { whole: axis.whole.map((n) => add(n, 'int32')), real: axis.real.map((n) => add(n, realDType(dtype))) },
  );
  return { dtypes, values, exprs, add };
}

const keyOf = (axes: readonly (AxisMap | null)[]): string => axes.map((axis) => axis?.key ?? '-').join();

const cached = programCache();

/** `out[…] = Σ weights · x[…]`, axis by axis, the last innermost. What lies outside of `x` is `outside`. */
export function resample(
  runtime: Runtime,
  out: TensorView,
  x: TensorView,
  axes: readonly (AxisMap | null)[],
  outside = 0,
): void {
  const real = realDType(x.dtype);
  const { dtypes, values, exprs, add } = parameters(axes, x.dtype);
  const fill = add(outside, x.dtype);
  const program = cached(`${x.dtype}|${keyOf(axes)}`, () => {
    const read = (d: number, at: readonly e.Expr[]): e.Expr => {
      const [axis, params] = [axes[d], exprs[d]];
      if (d === axes.length) return e.load(0, x.dtype, at, fill);
      if (!axis || !params) return read(d + 1, [...at, e.indexOf(d)]);
      return axis
        .taps(e.indexOf(d), params.whole, params.real, real)
        .map(({ at: position, weight }) => {
          const element = read(d + 1, [...at, position]);
          return weight ? e.mul(e.cast(element, real), weight) : element;
        })
        .reduce(e.add);
    };
    return new e.Program([e.cast(read(0, []), out.dtype)], [x.dtype], dtypes);
  });
  runtime.map([out], [x], program, values);
}

/** `x` with an axis spread back over `size` positions: each position gets what every element that was read there holds, times its weight. */
function spreadAxis(runtime: Runtime, x: Tensor, d: number, size: number, axis: AxisMap): Tensor {
  const { device } = x.storage;
  const count = x.shape[d];
  const out = allocate(
    device,
    x.dtype,
    x.shape.map((n, k) => (k === d ? size : n)),
  );
  runtime.map([out], [], zeroProgram(x.dtype), []);
  const { dtypes, values, exprs } = parameters([axis], x.dtype);
  const taps = (j: e.Expr): readonly Tap[] =>
    axis.taps(j, exprs[0]?.whole ?? [], exprs[0]?.real ?? [], realDType(x.dtype));
  for (const k of taps(e.indexOf(0)).keys()) {
    const index = allocate(device, 'int64', [count]);
    const where = cached(
      `at|${x.dtype}|${axis.key}|${k}`,
      () => new e.Program([e.cast(taps(e.indexOf(0))[k].at, 'int64')], [], dtypes),
    );
    runtime.map([index], [], where, values);
    const { weight } = taps(e.indexOf(d))[k];
    let source: TensorView = x;
    if (weight) {
      const weighted = cached(
        `weight|${x.dtype}|${axis.key}|${k}|${d}`,
        () => new e.Program([e.mul(e.input(0, x.dtype), weight)], [x.dtype], dtypes),
      );
      const scaled = allocate(device, x.dtype, x.shape);
      runtime.map([scaled], [x], weighted, values);
      source = scaled;
    }
    const spread = { ...viewOf(index), shape: x.shape, strides: x.shape.map((_, k2) => (k2 === d ? 1 : 0)) };
    runtime.scatter('add', out, spread, source, d);
  }
  return out;
}

const viewOf = ({ dtype, shape, strides, offset, storage }: TensorView): TensorView => ({
  dtype,
  shape,
  strides,
  offset,
  storage,
});

/** Writes 0. */
export const zeroProgram = (dtype: DType): e.Program =>
  cached(`zero|${dtype}`, () => new e.Program([e.constant(0, dtype)], []));

/**
 * The transpose of {@link resample}: every element of `grad` is added where `resample` read it. Sums run in the order of the elements, so they are the
 * same bits run after run; those of half precision in float32.
 */
export function resampleTransposed(
  runtime: Runtime,
  out: TensorView,
  grad: Tensor,
  axes: readonly (AxisMap | null)[],
): void {
  const wide = realDType(grad.dtype);
  let current = grad;
  if (grad.dtype !== wide) {
    current = allocate(grad.storage.device, wide, grad.shape);
    copyInto(current, grad);
  }
  if (grad.numel() === 0) {
    runtime.map([out], [], zeroProgram(out.dtype), []);
    return;
  }
  for (const [d, axis] of axes.entries()) if (axis) current = spreadAxis(runtime, current, d, out.shape[d], axis);
  copyInto(out as Tensor, current);
}

/** A contiguous tensor read with other sizes. */
export const reshaped = ({ dtype, offset, storage }: TensorView, shape: readonly number[]): TensorView => ({
  dtype,
  shape,
  strides: contiguousStrides(shape),
  offset,
  storage,
});
