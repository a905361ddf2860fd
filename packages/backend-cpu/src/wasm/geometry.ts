/** How operands of one shape are walked over: rows of a last dim, and dims around them. */

/** A dim and the steps of each operand along it, in elements. */
export interface Axis {
  readonly size: number;
  readonly strides: readonly number[];
}

interface Strided {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The dims that operands of one shape have, outermost first. */
export const axesOf = (operands: readonly Strided[]): Axis[] =>
  operands[0].shape.map((size, d) => ({ size, strides: operands.map(({ strides }) => strides[d]) }));

/** Whether a step along `outer` is as many steps along `inner` as it has. */
const continues = (outer: Axis, inner: Axis): boolean =>
  outer.strides.every((stride, o) => stride === inner.strides[o] * inner.size);

/**
 * The same walk with as few dims as possible, in the order in which the first operand lies in memory: dims of size 1 fall away, and neighbours that every
 * operand runs through without a gap become one.
 */
export function collapsed(axes: readonly Axis[]): Axis[] {
  const ordered = axes.filter(({ size }) => size !== 1);
  // stable: dims that are equal for the first operand keep their order
  ordered.sort((a, b) => b.strides[0] - a.strides[0]);
  return merged(ordered);
}

/** Neighbouring dims that are one for every operand, as one. */
export function merged(axes: readonly Axis[]): Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    const last = result[result.length - 1];
    if (last && continues(last, axis))
      result[result.length - 1] = { size: last.size * axis.size, strides: axis.strides };
    else result.push(axis);
  }
  return result;
}
