/** Walking over strided views. */

/** What walking needs of a view. */
export interface Window {
  readonly strides: readonly number[];
  readonly offset: number;
}

export function count(shape: readonly number[]): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}

/** Whether the elements of the view are consecutive in row-major order. */
export function isDense(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (strides[d] !== step) return false;
    step *= shape[d];
  }
  return true;
}

/** The one stride at which the elements follow each other in row-major order, 0 where all are the same; `null` if there is no such stride. */
export function lineStride(shape: readonly number[], strides: readonly number[]): number | null {
  let line = 0;
  let next = -1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (next < 0) line = strides[d];
    else if (strides[d] !== next) return null;
    next = strides[d] * shape[d];
  }
  return line;
}

/**
 * Calls `run(buffer offset, stride, first, length)` for the runs along the last dim that cover the flat range `[start, start + length)`, where `first`
 * counts from `start`.
 */
export function forEachRun(
  shape: readonly number[],
  { strides, offset }: Window,
  start: number,
  length: number,
  run: (at: number, stride: number, first: number, length: number) => void,
): void {
  if (length === 0) return;
  const last = shape.length - 1;
  if (last < 0) {
    run(offset, 0, 0, 1);
    return;
  }
  const position = new Array<number>(last + 1);
  let rest = start;
  let at = offset;
  for (let d = last; d >= 0; d--) {
    position[d] = rest % shape[d];
    rest = (rest - position[d]) / shape[d];
    at += position[d] * strides[d];
  }
  const inner = shape[last];
  const stride = strides[last];
  let done = 0;
  while (true) {
    const n = Math.min(inner - position[last], length - done);
    run(at, stride, done, n);
    done += n;
    if (done === length) return;
    // the run has reached the end of the last dim: back to its begin, and carry
    at -= position[last] * stride;
    position[last] = 0;
    for (let d = last - 1; d >= 0; d--) {
      at += strides[d];
      if (++position[d] < shape[d]) break;
      at -= strides[d] * shape[d];
      position[d] = 0;
    }
  }
}

/** Calls `visit(offsets)` for each position of `shape`, with the element offset in each window. The array is reused. */
export function forEachPosition(
  shape: readonly number[],
  windows: readonly Window[],
  visit: (offsets: readonly number[]) => void,
): void {
  const n = count(shape);
  const rank = shape.length;
  const offsets = windows.map(({ offset }) => offset);
  const position = new Array<number>(rank).fill(0);
  for (let i = 0; i < n; i++) {
    visit(offsets);
    for (let d = rank - 1; d >= 0; d--) {
      const wraps = ++position[d] === shape[d];
      for (let w = 0; w < windows.length; w++) {
        offsets[w] += wraps ? -(shape[d] - 1) * windows[w].strides[d] : windows[w].strides[d];
      }
      if (!wraps) break;
      position[d] = 0;
    }
  }
}

/** A list without its entry `at`. */
export const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, i) => i !== at);
