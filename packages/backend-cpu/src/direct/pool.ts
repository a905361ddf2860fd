/** Pooling over windows of up to three dims, plane by plane: maxima with their positions, means, and the gradients of both. */
import type { Override } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { isDense } from '../iterate.ts';

type Floats = Float32Array | Float64Array;
type Input = View | number | null;

interface PoolAttrs {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
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
  readonly dilation: Triple;
}

const windowsOf = (x: readonly number[], y: readonly number[], attrs: PoolAttrs): Windows => ({
  planes: y[0] * y[1],
  size: triple(x, 1),
  counts: triple(y.slice(2), 1),
  kernel: triple(attrs.kernel, 1),
  stride: triple(attrs.stride, 1),
  padding: triple(attrs.padding, 0),
  dilation: triple(attrs.dilation, 1),
});

/** The taps of window `o` that lie inside: the first, and the one behind the last. */
const firstTap = (start: number, dilation: number): number => (start >= 0 ? 0 : Math.ceil(-start / dilation));
const endTap = (start: number, dilation: number, kernel: number, size: number): number =>
  Math.min(kernel, Math.ceil((size - start) / dilation));

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

function maxPool([values, indices]: readonly View[], [x]: readonly Input[], attrs: unknown): void {
  const source = x as View;
  const w = windowsOf(source.shape.slice(2), values.shape, attrs as PoolAttrs);
  const from = source.storage.buffer as Floats;
  const to = values.storage.buffer as Floats;
  const positions = indices.storage.buffer as BigInt64Array;
  // positions are below 2^31, so that their upper halves are 0
  const words = new Int32Array(positions.buffer, positions.byteOffset, 2 * positions.length);
  const [depth, height, width] = w.size;
  const plane = depth * height * width;
  let o = 0;
  for (let c = 0; c < w.planes; c++) {
    const base = source.offset + c * plane;
    for (let od = 0; od < w.counts[0]; od++) {
      const d0 = od * w.stride[0] - w.padding[0];
      const dEnd = endTap(d0, w.dilation[0], w.kernel[0], depth);
      for (let oh = 0; oh < w.counts[1]; oh++) {
        const h0 = oh * w.stride[1] - w.padding[1];
        const hEnd = endTap(h0, w.dilation[1], w.kernel[1], height);
        for (let ow = 0; ow < w.counts[2]; ow++, o++) {
          const w0 = ow * w.stride[2] - w.padding[2];
          const wEnd = endTap(w0, w.dilation[2], w.kernel[2], width);
          let best = 0;
          let at = -1;
          for (let kd = firstTap(d0, w.dilation[0]); kd < dEnd; kd++) {
            for (let kh = firstTap(h0, w.dilation[1]); kh < hEnd; kh++) {
              const row = ((d0 + kd * w.dilation[0]) * height + h0 + kh * w.dilation[1]) * width + w0;
              for (let kw = firstTap(w0, w.dilation[2]); kw < wEnd; kw++) {
                const position = row + kw * w.dilation[2];
                const value = from[base + position];
                // a NaN is taken, the last of several
                if (value > best || at < 0 || Number.isNaN(value)) {
                  best = value;
                  at = position;
                }
              }
            }
          }
          to[values.offset + o] = best;
          words[2 * (indices.offset + o)] = at;
          words[2 * (indices.offset + o) + 1] = 0;
        }
      }
    }
  }
}

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
  maxPool: { supports, run: maxPool },
  avgPool: { supports, run: avgPool },
  avgPoolBackward: { supports, run: avgPoolBackward },
};
