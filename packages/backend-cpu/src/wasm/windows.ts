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
  (out.storage.buffer as Float32Array).fill(0);
  if (Math.min(...present) > 0)
    rows.copy(
      partOf(x, from, present),
      partOf(
        out,
        from.map((at, d) => at - start[d]),
        present,
      ),
    );
  return out;
}
