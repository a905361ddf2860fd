/** What kernels over images share: the pixels that windows read, and calls on one or more threads. */
import type { View } from '../elements.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import type { Rows } from './rows.ts';
import type { Temporary } from './steps.ts';

/** Runs descriptors one after the other, or on all threads. */
export function runAll(machine: Machine, kernel: Kernel, descriptors: readonly number[], isLarge = true): void {
  if (isLarge && machine.threads > 1) machine.run(kernel, descriptors);
  else for (const at of descriptors) kernel(at);
}

/** A part of the pixels of every plane. */
export const partOf = (x: View, start: readonly number[], sizes: readonly number[]): View => ({
  ...x,
  shape: [x.shape[0], x.shape[1], ...sizes],
  offset: x.offset + start[0] * x.strides[2] + start[1] * x.strides[3],
});

/** Writes zeros around a part of the pixels of every plane of a new tensor: most of what `fill` would write is written again. */
function zeroAround({ shape, storage }: View, before: readonly number[], [height, width]: readonly number[]): void {
  const buffer = storage.buffer as Float32Array;
  const plane = shape[2] * shape[3];
  for (let first = 0, at = 0; first < buffer.length; first += plane) {
    for (let row = 0; row < height; row++, at += width) {
      const start = first + (before[0] + row) * shape[3] + before[1];
      while (at < start) buffer[at++] = 0;
    }
    while (at < first + plane) buffer[at++] = 0;
  }
}

/** The pixels of `x` from `start`, which may be negative, with zeros where there are none: copied unless they are there, in rows of neighbours. */
export function windowOf(
  rows: Rows,
  temporary: Temporary,
  x: View,
  start: readonly number[],
  sizes: readonly number[],
): View {
  const from = start.map((at) => Math.max(at, 0));
  const present = start.map((at, d) => Math.min(at + sizes[d], x.shape[d + 2]) - from[d]);
  if (x.strides[3] === 1 && present.every((count, d) => count === sizes[d])) return partOf(x, start, sizes);
  const out = temporary('float32', [x.shape[0], x.shape[1], ...sizes]);
  const before = from.map((at, d) => at - start[d]);
  const isEmpty = Math.min(...present) <= 0;
  zeroAround(out, before, isEmpty ? [0, 0] : present);
  if (!isEmpty) rows.copy(partOf(x, from, present), partOf(out, before, present));
  return out;
}
