/**
 * Average pooling over windows of up to three dims, plane by plane, and its gradient. Maxima are quicker as core derives them, the same taps of all windows side by side:
 * vector code has no branches to guess.
 */
import type { Override } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { isDense } from '../iterate.ts';

type Floats = Float32Array | Float64Array;
type Input = View | number | null;

interface PoolAttrs {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
}
interface AvgPoolAttrs extends PoolAttrs {
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;
}

/** Depth, height and width; dims that are missing have size 1. */
type Triple = readonly [number, number, number];

const triple = (sizes: readonly number[], missing: number): Triple =>
  [...new Array<number>(3 - sizes.length).fill(missing), ...sizes] as unknown as Triple;

/** Windows over planes of one size. */
interface Windows {
  readonly planes: number;
  readonly size: Triple;
  readonly counts: Triple;
  readonly kernel: Triple;
  readonly stride: Triple;
  readonly padding: Triple;
}

const windowsOf = (x: readonly number[], y: readonly number[], attrs: PoolAttrs): Windows => ({
  planes: y[0] * y[1],
  size: triple(x, 1),
  counts: triple(y.slice(2), 1),
  kernel: triple(attrs.kernel, 1),
  stride: triple(attrs.stride, 1),
  padding: triple(attrs.padding, 0),
});

const supports = (inputs: readonly Input[], attrs: unknown): true | string => {
  const { kernel } = attrs as PoolAttrs;
  const fits = inputs.every(
    (x) =>
      x !== null &&
      typeof x === 'object' &&
      isDense(x.shape, x.strides) &&
      (x.dtype === 'float32' || x.dtype === 'float64'),
  );
  return fits && kernel.length <= 3 ? true : 'dense float32 or float64 and at most three dims only';
};

/** The windows of a plane, six bounds each, and by what their sums are divided. */
function boundsOf(
  w: Windows,
  { countIncludePad, divisorOverride }: AvgPoolAttrs,
): { bounds: Int32Array; divisors: Float64Array } {
  const [nd, nh, nw] = w.counts;
  const bounds = new Int32Array(6 * nd * nh * nw);
  const divisors = new Float64Array(nd * nh * nw);
  for (let o = 0; o < divisors.length; o++) {
    const at: Triple = [Math.floor(o / (nh * nw)), Math.floor(o / nw) % nh, o % nw];
    let product = 1;
    for (let d = 0; d < 3; d++) {
      const start = at[d] * w.stride[d] - w.padding[d];
      const end = Math.min(start + w.kernel[d], w.size[d] + w.padding[d]);
      const [first, last] = [Math.max(start, 0), Math.min(end, w.size[d])];
      bounds[6 * o + 2 * d] = first;
      bounds[6 * o + 2 * d + 1] = last;
      product *= countIncludePad ? end - start : last - first;
    }
    divisors[o] = divisorOverride ?? product;
  }
  return { bounds, divisors };
}

function avgPool([out]: readonly View[], [x]: readonly Input[], attrs: unknown): void {
  const source = x as View;
  const w = windowsOf(source.shape.slice(2), out.shape, attrs as PoolAttrs);
  const { bounds, divisors } = boundsOf(w, attrs as AvgPoolAttrs);
  const from = source.storage.buffer as Floats;
  const to = out.storage.buffer as Floats;
  const [depth, height, width] = w.size;
  let at = out.offset;
  for (let c = 0; c < w.planes; c++) {
    const base = source.offset + c * depth * height * width;
    for (let o = 0, b = 0; o < divisors.length; o++, b += 6) {
      let sum = 0;
      for (let d = bounds[b]; d < bounds[b + 1]; d++) {
        for (let h = bounds[b + 2]; h < bounds[b + 3]; h++) {
          const row = base + (d * height + h) * width;
          for (let i = bounds[b + 4]; i < bounds[b + 5]; i++) sum += from[row + i];
        }
      }
      to[at++] = sum / divisors[o];
    }
  }
}

function avgPoolBackward([out]: readonly View[], [grad]: readonly Input[], attrs: unknown): void {
  const given = grad as View;
  const w = windowsOf(out.shape.slice(2), given.shape, attrs as PoolAttrs);
  const { bounds, divisors } = boundsOf(w, attrs as AvgPoolAttrs);
  const from = given.storage.buffer as Floats;
  const to = out.storage.buffer as Floats;
  const [depth, height, width] = w.size;
  const plane = depth * height * width;
  to.fill(0, out.offset, out.offset + w.planes * plane);
  let at = given.offset;
  for (let c = 0; c < w.planes; c++) {
    const base = out.offset + c * plane;
    for (let o = 0, b = 0; o < divisors.length; o++, b += 6) {
      const share = from[at++] / divisors[o];
      for (let d = bounds[b]; d < bounds[b + 1]; d++) {
        for (let h = bounds[b + 2]; h < bounds[b + 3]; h++) {
          const row = base + (d * height + h) * width;
          for (let i = bounds[b + 4]; i < bounds[b + 5]; i++) to[row + i] += share;
        }
      }
    }
  }
}

/** Pooling by op name. */
export const pool: { readonly [op: string]: Override<Buffer> } = {
  avgPool: { supports, run: avgPool },
  avgPoolBackward: { supports, run: avgPoolBackward },
};
