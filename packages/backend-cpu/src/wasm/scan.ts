/** Running sums, products and extremes: each element depends on the one before it, so a kernel takes them one by one. */
import { type DType, isFloat, type ScanKind } from '@tenfold/tensor-core';
import type { View } from '../elements.ts';
import { scan as plainScan } from '../kernels/lines.ts';
import { type FunctionBuilder, f32x4, f64x2, i32x4, i64, i64x2, v128 } from './assembler.ts';
import { laneClass, type V, wrapped } from './elements.ts';
import type { Rows } from './rows.ts';
import type { RowWriter } from './rows-kernel.ts';

type ScanFamily = (kind: ScanKind, outs: readonly View[], input: View, axis: number, reverse: boolean) => void;

/** So many elements or fewer are done by plain loops. */
const fewElements = 64;

/** A scan on lanes that all hold the same element: how it begins, what comes in, the next running value, what goes out. */
interface Step {
  readonly first: V;
  take(x: V): V;
  next(fn: FunctionBuilder, running: V, x: V): V;
  give(running: V): V;
}

const same = (x: V): V => x;

/** Sums and products; those of narrow floats run in double precision. */
function totalOf(kind: 'cumsum' | 'cumprod', dtype: DType): Step {
  const isSum = kind === 'cumsum';
  switch (laneClass[dtype]) {
    case 'f32':
    case 'f64': {
      const narrow = laneClass[dtype] === 'f32';
      return {
        // -0 + x is x, whatever its sign
        first: f64x2.const(isSum ? -0 : 1),
        take: narrow ? f64x2.promote : same,
        next: (_, running, x) => (isSum ? f64x2.add : f64x2.mul)(running, x),
        give: narrow ? f32x4.demote : same,
      };
    }
    case 'i64':
      return {
        first: i64x2.const(isSum ? 0n : 1n),
        take: same,
        next: (_, running, x) => (isSum ? i64x2.add : i64x2.mul)(running, x),
        give: same,
      };
    default:
      return {
        first: i32x4.const(isSum ? 0 : 1),
        take: same,
        next: (_, running, x) => (isSum ? i32x4.add : i32x4.mul)(running, x),
        give: (running) => wrapped(dtype, running),
      };
  }
}

/** Extremes: NaN wins once it is met. */
function extremeOf(kind: 'cummax' | 'cummin', dtype: DType): Step {
  const lanes = { f32: f32x4, f64: f64x2, i32: i32x4, i64: i64x2, mask: i32x4 }[laneClass[dtype]];
  const isMax = kind === 'cummax';
  const wide = laneClass[dtype] === 'i64' || laneClass[dtype] === 'f64';
  const limit = isFloat(dtype)
    ? (wide ? f64x2 : f32x4).const(isMax ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
    : wide
      ? i64x2.const(isMax ? -(2n ** 63n) : 2n ** 63n - 1n)
      : i32x4.const(isMax ? -(2 ** 31) : 2 ** 31 - 1);
  return {
    first: limit,
    take: same,
    next: (_, best, x) => {
      const beats = isMax ? lanes.gt(best, x) : lanes.gt(x, best);
      const stays = isFloat(dtype) ? v128.or(beats, v128.andNot(lanes.ne(best, best), lanes.ne(x, x))) : beats;
      return v128.select(best, x, stays);
    },
    give: same,
  };
}

/** Operands: x, the values, and of extremes where they were met last. */
const body =
  (kind: ScanKind, dtype: DType, reverse: boolean) =>
  (row: RowWriter): void => {
    const { fn } = row;
    const isExtreme = kind === 'cummax' || kind === 'cummin';
    const step = isExtreme ? extremeOf(kind, dtype) : totalOf(kind, dtype);
    const running = fn.variable(step.first);
    const latest = fn.local('i64');
    row.one(reverse, (at) => {
      const x = fn.let(step.take(at.load(0)[0]));
      fn.emit(running.set(step.next(fn, running.get, x)));
      const result = fn.let(step.give(running.get));
      at.store(1, [result, result]);
      if (!isExtreme) return;
      // of equal ones the latest counts, and so does each NaN; a running value that is not x differs from it
      const isThis = isFloat(dtype) ? sameOrNaN(dtype, result, x) : equal(dtype, result, x);
      fn.if(v128.anyTrue(isThis), () => fn.emit(latest.set(i64.extendS(at.position()))));
      const position = fn.let(i64x2.splat(latest.get));
      at.store(2, [position, position]);
    });
  };

const equal = (dtype: DType, x: V, y: V): V => (laneClass[dtype] === 'i64' ? i64x2 : i32x4).eq(x, y);
const sameOrNaN = (dtype: DType, x: V, y: V): V => {
  const floats = laneClass[dtype] === 'f64' ? f64x2 : f32x4;
  return v128.or(floats.eq(x, y), floats.ne(y, y));
};

export function createScan(rows: Rows): ScanFamily {
  return (kind, outs, input, axis, reverse) => {
    const { shape, dtype } = input;
    const total = shape.reduce((n, size) => n * size, 1);
    if (total <= fewElements || dtype === 'bool' || outs[0].dtype !== dtype) {
      plainScan(kind, outs, input, axis, reverse);
      return;
    }
    const dims = { outer: shape.flatMap((_, d) => (d === axis ? [] : [d])), row: [axis] };
    const operands = [{ view: input, dims }, ...outs.map((view) => ({ view, dims, written: true }))];
    rows
      .call(`${kind}${reverse ? ' reverse' : ''}`, 'float32', body(kind, dtype, reverse))
      .run(operands, total / shape[axis], shape[axis]);
  };
}
