/** Positions of extremes: one kernel finds the extreme of a row and then where it is met first, while the row is in the cache. */
import type { ArgReduceKind } from '@tenfold/tensor-core';
import type { View } from '../elements.ts';
import { argReduce as plainArgReduce } from '../kernels/lines.ts';
import { f32x4, f64x2, i32x4, i64x2, shuffle32, v128 } from './assembler.ts';
import type { V } from './elements.ts';
import { precisionOf, type Rows } from './rows.ts';
import type { RowWriter } from './rows-kernel.ts';

type ArgReduceFamily = (kind: ArgReduceKind, out: View, input: View, axes: readonly number[]) => void;

/** So many elements or fewer are looked through by plain loops. */
const fewElements = 256;

/** Operands: x, the position. */
const body =
  (kind: 'max' | 'min') =>
  (row: RowWriter): void => {
    const { fn, precision } = row;
    const floats = precision === 'float32' ? f32x4 : f64x2;
    const extreme = fn.let(row.extreme(kind, precision, (at) => at.load(0)));
    const best = fn.let(
      precision === 'float32' ? f32x4.splat(f32x4.extract(extreme, 0)) : f64x2.splat(f64x2.extract(extreme, 0)),
    );
    // the extreme is NaN if there is any; then the first NaN is what is looked for
    const bestIsNaN = fn.let(floats.ne(best, best));
    const met = (x: V): V => v128.or(floats.eq(x, best), v128.and(bestIsNaN, floats.ne(x, x)));
    const none = fn.constant(i32x4.const(2 ** 31 - 1));
    const first = row.extreme('min', 'int32', (at) => {
      const masks = at.load(0).map((x) => fn.let(met(x)));
      const mask = masks.length === 1 ? masks[0] : shuffle32(masks[0], masks[1], [0, 2, 4, 6]);
      return [v128.select(at.position(), none, mask)];
    });
    const position = fn.let(i64x2.extendLow32S(first));
    row.storeOne(1, [position, position]);
  };

export function createArgReduce(rows: Rows): ArgReduceFamily {
  return (kind, out, input, axes) => {
    const { shape } = input;
    const precision = precisionOf(input.dtype);
    const total = shape.reduce((n, size) => n * size, 1);
    const length = axes.reduce((n, d) => n * shape[d], 1);
    if (precision === null || total <= fewElements || length >= 2 ** 31) {
      plainArgReduce(kind, out, input, axes);
      return;
    }
    const dims = { outer: shape.flatMap((_, d) => (axes.includes(d) ? [] : [d])), row: axes };
    const operands = [
      { view: input, dims },
      { view: out, dims, written: true },
    ];
    rows.call(kind, precision, body(kind === 'argmax' ? 'max' : 'min')).run(operands, total / length, length);
  };
}
