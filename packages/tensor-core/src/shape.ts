/** Arithmetic on shapes, strides and dims. Strides count elements, as in PyTorch. */
import { ArgumentError, describe, IndexError, ShapeError } from './errors.ts';

/** Sizes per dim; `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements of a shape (1 for `[]`). */
export function numel(shape: Shape): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}

/** Row-major strides; a dim of size 0 counts as 1, as in PyTorch. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= Math.max(shape[d], 1);
  }
  return strides;
}

/** Whether the elements lie in row-major order without gaps. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 0) return true;
    if (shape[d] === 1) continue;
    if (strides[d] !== step) return false;
    step *= shape[d];
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** A shape as PyTorch's messages print it: `[2, 3]`. */
export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Checks that `value` is an array of sizes (integers ≥ 0, product within 2^53) and returns it; `where` names the op. */
export function checkShape(value: unknown, where: string): Shape {
  if (!Array.isArray(value)) {
    throw new ArgumentError(`${where}: a shape must be an array of sizes such as [2, 3], got ${describe(value)}`);
  }
  let n = 1;
  for (const size of value) {
    if (typeof size !== 'number' || !Number.isInteger(size)) {
      throw new ArgumentError(`${where}: sizes must be integers, got ${describe(size)} in a shape`);
    }
    if (size < 0) {
      throw new ShapeError(`${where}: Trying to create tensor with negative dimension ${size}: ${formatShape(value)}`);
    }
    n *= size;
  }
  if (!Number.isSafeInteger(n)) throw new ShapeError(`${where}: the shape ${formatShape(value)} has too many elements`);
  return value;
}

/** Checks one integer argument. */
export function checkInteger(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new ArgumentError(`${what} must be an integer, got ${describe(value)}`);
}

/** A dim counted from the front: -1 is the last. A 0-d tensor has dim 0 and -1, as in PyTorch. */
export function normalizeDim(dim: number, rank: number, where: string): number {
  checkInteger(dim, `${where}: dim`);
  const range = Math.max(rank, 1);
  if (dim < -range || dim >= range) {
    throw new IndexError(
      `Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${dim}) in ${where}`,
    );
  }
  return dim < 0 ? dim + range : dim;
}

const everyDim: (readonly number[])[] = [];

/** The dims of a rank: one list per rank, so that a reduction that named no dims can be told from one that named them all. */
export function allDims(rank: number): readonly number[] {
  everyDim[rank] ??= Array.from({ length: rank }, (_, d) => d);
  return everyDim[rank];
}

/** Sorted, distinct dims; `undefined`, `null` and `[]` mean all dims ({@link allDims}), as PyTorch's reductions take them. */
export function normalizeDims(
  dims: number | readonly number[] | null | undefined,
  rank: number,
  where: string,
): readonly number[] {
  if (dims === undefined || dims === null || (Array.isArray(dims) && dims.length === 0)) return allDims(rank);
  if (typeof dims === 'number') {
    const d = normalizeDim(dims, rank, where);
    return rank === 0 ? [] : [d];
  }
  if (!Array.isArray(dims)) {
    throw new ArgumentError(`${where}: dim must be an integer or an array of integers, got ${describe(dims)}`);
  }
  const seen = new Set<number>();
  for (const dim of dims as readonly number[]) {
    const d = normalizeDim(dim, rank, where);
    if (seen.has(d)) throw new ArgumentError(`dim ${d} appears multiple times in the list of dims in ${where}`);
    seen.add(d);
  }
  return rank === 0 ? [] : [...seen].sort((a, b) => a - b);
}

/** The shape that all shapes broadcast to (https://pytorch.org/docs/stable/notes/broadcasting.html). */
export function broadcastShapes(shapes: readonly Shape[], where: string): Shape {
  if (shapes.length === 1) return shapes[0];
  if (shapes.length === 2 && sameShape(shapes[0], shapes[1])) return shapes[0];
  let rank = 0;
  for (let i = 0; i < shapes.length; i++) rank = Math.max(rank, shapes[i].length);
  const result = new Array<number>(rank);
  for (let d = 0; d < rank; d++) result[d] = 1;
  for (let i = 0; i < shapes.length; i++) {
    const shape = shapes[i];
    const lead = rank - shape.length;
    for (let d = 0; d < shape.length; d++) {
      const size = shape[d];
      if (size === 1 || size === result[lead + d]) continue;
      if (result[lead + d] !== 1) throw notBroadcastable(shapes, i, lead + d, result, where);
      result[lead + d] = size;
    }
  }
  return result;
}

function notBroadcastable(shapes: readonly Shape[], i: number, at: number, result: Shape, where: string): ShapeError {
  const { length: rank } = result;
  const owner = shapes.find((shape) => (shape[at - rank + shape.length] ?? 1) !== 1) ?? shapes[0];
  return new ShapeError(
    `The size of tensor a (${result[at]}) must match the size of tensor b (${shapes[i][at - rank + shapes[i].length]}) at non-singleton dimension ${at} ` +
      `in ${where}: shapes ${formatShape(owner)} and ${formatShape(shapes[i])}`,
  );
}

/** Strides that read a tensor of `shape` as `target` (stride 0 where it is repeated). The shapes must broadcast. */
export function broadcastStrides(shape: Shape, strides: readonly number[], target: Shape): number[] {
  const lead = target.length - shape.length;
  const result = new Array<number>(target.length);
  for (let d = 0; d < target.length; d++) {
    result[d] = d < lead || (shape[d - lead] === 1 && target[d] !== 1) ? 0 : strides[d - lead];
  }
  return result;
}

/** Replaces one -1 in `sizes` by what makes the number of elements `n`, as `view([2, -1])`. */
export function inferSizes(sizes: readonly number[], n: number, where: string): number[] {
  if (!Array.isArray(sizes)) {
    throw new ArgumentError(`${where}: a shape must be an array of sizes such as [2, -1], got ${describe(sizes)}`);
  }
  let known = 1;
  let unknown = -1;
  sizes.forEach((size, d) => {
    checkInteger(size, `${where}: a size`);
    if (size === -1) {
      if (unknown >= 0) throw new ShapeError(`only one dimension can be inferred in ${where}(${formatShape(sizes)})`);
      unknown = d;
    } else if (size < 0) {
      throw new ShapeError(`invalid shape dimension ${size} in ${where}(${formatShape(sizes)})`);
    } else known *= size;
  });
  const invalid = () => new ShapeError(`shape '${formatShape(sizes)}' is invalid for input of size ${n} in ${where}`);
  if (unknown < 0) {
    if (known !== n) throw invalid();
    return sizes.slice();
  }
  if (known === 0) {
    throw new ShapeError(
      `cannot reshape tensor of 0 elements into shape ${formatShape(sizes)} because the unspecified dimension size -1 can be any value and is ambiguous in ${where}`,
    );
  }
  if (n % known !== 0) throw invalid();
  return sizes.map((size, d) => (d === unknown ? n / known : size));
}

/**
 * Strides under which the same elements read as `target`, or `null` if that takes a copy: PyTorch's `computeStride`.
 * Runs of dims that are contiguous among themselves may be split and merged.
 */
export function viewStrides(shape: Shape, strides: readonly number[], target: Shape): number[] | null {
  const n = numel(shape);
  if (n === 0) return sameShape(shape, target) ? strides.slice() : contiguousStrides(target);
  const result = new Array<number>(target.length);
  let to = target.length - 1;
  let chunkStride = shape.length ? strides[shape.length - 1] : 1;
  let chunkSize = 1;
  let viewSize = 1;
  for (let from = shape.length - 1; from >= 0; from--) {
    chunkSize *= shape[from];
    const endOfChunk = from === 0 || (shape[from - 1] !== 1 && strides[from - 1] !== chunkSize * chunkStride);
    if (!endOfChunk) continue;
    while (to >= 0 && (viewSize < chunkSize || target[to] === 1)) {
      result[to] = viewSize * chunkStride;
      viewSize *= target[to];
      to--;
    }
    if (viewSize !== chunkSize) return null;
    if (from > 0) {
      chunkStride = strides[from - 1];
      chunkSize = 1;
      viewSize = 1;
    }
  }
  while (to >= 0) {
    result[to] = viewSize * chunkStride;
    to--;
  }
  return result;
}

/** Whether two elements of the view share memory (an expanded dim, an overlapping `asStrided`); conservative as PyTorch's check. */
export function hasInternalOverlap(shape: Shape, strides: readonly number[]): boolean {
  const dims = shape.map((size, d) => ({ size, stride: Math.abs(strides[d]) })).filter(({ size }) => size > 1);
  if (numel(shape) === 0) return false;
  dims.sort((a, b) => a.stride - b.stride);
  let reach = 0;
  for (const { size, stride } of dims) {
    if (stride <= reach) return true;
    reach += (size - 1) * stride;
  }
  return false;
}
