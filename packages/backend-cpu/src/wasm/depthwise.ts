/**
 * Depthwise 2-d convolutions, where each channel has a kernel of its own: there is no sum over channels that a matrix product could make. A block of 4 × 4 results
 * is summed in registers; pixels that several of its rows read are loaded once.
 */
import type { ConvAttrs, Override } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { f32x4, i32, type Local, shuffle32, type Value, v128 } from './assembler.ts';
import type { Machine } from './machine.ts';
import { withAddresses } from './matmul.ts';
import { forEach, plus, times } from './product.ts';
import type { Rows } from './rows.ts';
import type { Operands } from './steps.ts';
import { runAll, windowOf } from './windows.ts';

type I32 = Value<'i32'>;
type Kernel = (at: number) => void;
type Pair = readonly [number, number];

/** Rows and columns of a block. */
const side = 4;
const wordBytes = 4;
const sideBytes = side * wordBytes;
/** All taps are written out: there must not be many. */
const mostTaps = 64;
/** Pieces for each thread, and the fewest multiplications of a piece. */
const piecesPerThread = 4;
const grain = 2 ** 18;

/** Arguments, in 32-bit words from the address that the kernel gets. Results are dense. */
const fields = ['x', 'pitch', 'plane', 'weights', 'bias', 'out', 'height', 'width', 'channels'] as const;

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

function compile(machine: Machine, { kernel, stride, dilation }: Window): Kernel {
  const module = machine.module();
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  module.define({ parameters: ['i32'], result: 'none', name: 'depthwise' }, (fn) => {
    const at = fn.parameter(0, 'i32').get;
    const [x, pitch, plane, weights, bias, out, height, width, channels] = fields.map((_, i) =>
      fn.let(i32.load(at, wordBytes * i)),
    );
    const outPitch = fn.let(times(width, wordBytes));
    /** Four pixels, `stride` apart, from so many behind an address. */
    const load = (from: I32, first: number): Value<'v128'> => {
      const offset = first * wordBytes;
      if (stride[1] === 1) return v128.load(from, offset);
      if (stride[1] === 2) return shuffle32(v128.load(from, offset), v128.load(from, offset + sideBytes), [0, 2, 4, 6]);
      return range(side).reduce<Value<'v128'>>(
        (vector, l) => v128.loadLane(wordBytes, from, vector, l, offset + l * stride[1] * wordBytes),
        v128.zero,
      );
    };
    /** Blocks overlap at the end: results that two have are the same. */
    const last = (i: I32, size: I32): I32 => {
      const end = fn.let(plus(size, -side));
      const first = fn.variable(i);
      fn.if(i32.gtU(i, end), () => fn.emit(first.set(end)));
      return first.get;
    };
    forEach(fn, channels, i32.const(1), (channel) => {
      const tap = fn.let(i32.add(weights, times(channel, kernel[0] * kernel[1] * wordBytes)));
      const from = fn.let(i32.add(x, i32.mul(channel, plane)));
      const to = fn.let(i32.add(out, i32.mul(channel, i32.mul(height, outPitch))));
      const factors = range(kernel[0] * kernel[1]).map((t) => fn.let(f32x4.loadSplat(tap, t * wordBytes)));
      const shift = fn.let(f32x4.loadSplat(i32.add(bias, times(channel, wordBytes))));
      forEach(fn, height, i32.const(side), (block) => {
        const row = last(block, height);
        forEach(fn, width, i32.const(side), (part) => {
          const column = last(part, width);
          const source = fn.let(
            i32.add(from, i32.add(i32.mul(times(row, stride[0]), pitch), times(column, stride[1] * wordBytes))),
          );
          const sums: Local<'v128'>[] = range(side).map(() => fn.variable(v128.zero));
          for (let y = 0; y <= (side - 1) * stride[0] + (kernel[0] - 1) * dilation[0]; y++) {
            // the taps by which this row of pixels reaches rows of the block
            const reached = range(side).flatMap((r) => {
              const k = (y - r * stride[0]) / dilation[0];
              return Number.isInteger(k) && k >= 0 && k < kernel[0] ? [{ sum: sums[r], k }] : [];
            });
            if (reached.length === 0) continue;
            const line = fn.let(i32.add(source, times(pitch, y)));
            for (let k = 0; k < kernel[1]; k++) {
              const pixels = fn.let(load(line, k * dilation[1]));
              for (const { sum, k: j } of reached)
                fn.emit(sum.set(f32x4.add(sum.get, f32x4.mul(factors[j * kernel[1] + k], pixels))));
            }
          }
          const result = fn.variable(i32.add(to, i32.add(i32.mul(row, outPitch), times(column, wordBytes))));
          for (const sum of sums)
            fn.emit(v128.store(result.get, f32x4.add(sum.get, shift)), result.set(i32.add(result.get, outPitch)));
        });
      });
    });
  });
  return machine.compile<{ readonly depthwise: Kernel }>(module).depthwise;
}

const pair = (x: readonly number[]): Pair => [x[0], x[1]];

/** Overrides by op name. */
export function depthwiseOverrides(
  machine: Machine,
  rows: Rows,
): { readonly [Op in 'convolution' | 'convolutionTranspose']: Override<Buffer> } {
  const kernels = new Map<string, Kernel>();
  const kernelOf = (window: Window): Kernel => {
    const key = Object.values(window).join();
    let kernel = kernels.get(key);
    if (!kernel) kernels.set(key, (kernel = compile(machine, window)));
    return kernel;
  };

  const convolve = (out: View, x: View, w: View, bias: View | null, window: Window, start: Pair, isAdjoint: boolean) =>
    rows.withTemporaries((temporary) => {
      const { kernel, stride, dilation } = window;
      const [images, channels, height, width] = out.shape;
      const read = [height, width].map((size, d) => (size - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1);
      const source = windowOf(rows, temporary, x, start, read);
      const taps = kernel[0] * kernel[1];
      const work = images * channels * height * width * taps;
      const wanted = machine.threads > 1 ? Math.min(machine.threads * piecesPerThread, Math.floor(work / grain)) : 1;
      const each = Math.ceil(channels / Math.max(1, Math.ceil(wanted / images)));
      const pieces = Math.ceil(channels / each);
      const words = images * pieces * fields.length;
      const room = (channels * (taps + 1) + words) * wordBytes;
      withAddresses(
        machine,
        [out, source].map(({ storage }) => storage.buffer),
        room,
        ([toOut, fromX], begin) => {
          const { buffer } = machine.heap.memory;
          const numbers = new Float32Array(buffer, begin, channels * (taps + 1));
          const shifts = channels * taps;
          const given = w.storage.buffer as Float32Array;
          for (let c = 0; c < channels; c++) {
            for (let t = 0; t < taps; t++) {
              const tap = isAdjoint ? taps - 1 - t : t;
              const position = Math.floor(tap / kernel[1]) * w.strides[2] + (tap % kernel[1]) * w.strides[3];
              numbers[c * taps + t] = given[w.offset + c * w.strides[0] + position];
            }
            numbers[shifts + c] = bias ? Number(bias.storage.buffer[bias.offset + c * bias.strides[0]]) : 0;
          }
          const list = new Int32Array(buffer, begin + numbers.byteLength, words);
          const descriptors: number[] = [];
          for (let n = 0; n < images; n++) {
            for (let c = 0; c < channels; c += each) {
              const values: { readonly [F in (typeof fields)[number]]: number } = {
                x: fromX + (source.offset + n * source.strides[0] + c * source.strides[1]) * wordBytes,
                pitch: source.strides[2] * wordBytes,
                plane: source.strides[1] * wordBytes,
                weights: begin + c * taps * wordBytes,
                bias: begin + (shifts + c) * wordBytes,
                out: toOut + (out.offset + (n * channels + c) * height * width) * wordBytes,
                height,
                width,
                channels: Math.min(each, channels - c),
              };
              const first = descriptors.length * fields.length;
              list.set(
                fields.map((field) => values[field]),
                first,
              );
              descriptors.push(list.byteOffset + first * wordBytes);
            }
          }
          runAll(machine, kernelOf(window), descriptors, work >= 2 * grain);
        },
      );
    });

  const override = (isAdjoint: boolean): Override<Buffer> => ({
    supports: (inputs: Operands, attrs) => {
      const [x, w] = inputs as readonly View[];
      const { stride, dilation, groups, padding, paddingEnd } = attrs as ConvAttrs;
      if (x.dtype !== 'float32' || w.dtype !== 'float32') return 'float32 only';
      const kernel = w.shape.slice(2);
      if (kernel.length !== 2 || w.shape[0] !== groups || w.shape[1] !== 1 || groups === 1)
        return 'two dims and a kernel for each channel only';
      if (kernel[0] * kernel[1] > mostTaps) return 'a kernel of many taps';
      if (isAdjoint && stride.some((step) => step !== 1)) return 'the gradient with a stride';
      const fits = kernel.every((size, d) => {
        const reach = (size - 1) * dilation[d];
        const pad = padding[d] + paddingEnd[d];
        return (isAdjoint ? x.shape[d + 2] + reach - pad : (x.shape[d + 2] + pad - reach - 1) / stride[d] + 1) >= side;
      });
      return (fits && x.shape[0] > 0) || 'an image of less than a block';
    },
    run: ([out], inputs: Operands, attrs) => {
      const [x, w, bias] = inputs as [View, View, View | null];
      const { padding, stride, dilation } = attrs as ConvAttrs;
      const window: Window = { kernel: pair(w.shape.slice(2)), stride: pair(stride), dilation: pair(dilation) };
      const start = padding.map((n, d) => (isAdjoint ? n - (window.kernel[d] - 1) * dilation[d] : -n));
      convolve(out, x, w, bias, window, pair(start), isAdjoint);
    },
  });
  return { convolution: override(false), convolutionTranspose: override(true) };
}
