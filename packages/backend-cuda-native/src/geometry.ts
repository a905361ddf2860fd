/** How operands of one shape are walked over with as few dims as possible. */

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

/** Dims of size 1 fall away, and neighbours that every operand runs through without a gap become one. Row-major order stays. */
export function merged(axes: readonly Axis[]): Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const last = result[result.length - 1];
    if (last?.strides.every((stride, o) => stride === axis.strides[o] * axis.size))
      result[result.length - 1] = { size: last.size * axis.size, strides: axis.strides };
    else result.push(axis);
  }
  return result;
}

/** Number of positions that dims have. */
export const countOf = (axes: readonly Axis[]): number => axes.reduce((n, { size }) => n * size, 1);

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** Dims that a kernel's `Walk` has. */
export const maxRank = 8;

/**
 * Calls `run` for parts of the operands that have at most {@link maxRank} dims, with the offset of each operand: once, but for tensors of very many dims
 * that can't be merged.
 */
export function forEachPart(
  axes: readonly Axis[],
  offsets: readonly number[],
  run: (axes: readonly Axis[], offsets: readonly number[]) => void,
): void {
  if (axes.length <= maxRank) {
    run(axes, offsets);
    return;
  }
  const [{ size, strides }, ...rest] = axes;
  for (let i = 0; i < size; i++) {
    forEachPart(
      rest,
      offsets.map((offset, o) => offset + i * strides[o]),
      run,
    );
  }
}
