/** Pooling in ONNX. Its positions count through samples and channels as well, ours start anew in each. */
import { type AvgPoolAttrs, endPadding, type PoolAttrs, type PoolOps, pooledSizes } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';
import { alongDims, type Matrix, meanMatrix, transposed } from './separable.ts';
import { type Symbols, viaBody } from './symbol.ts';

/** MaxPool, and its positions within each channel. */
function maxima(g: OpContext, attributes: Record<string, number | readonly number[]>): Ref[] {
  const [values, flat] = g.ops('MaxPool', [g.x()], attributes, 2);
  const sizes = g.dims().slice(2);
  const channel = sizes.every((size) => typeof size === 'number')
    ? g.ints([sizes.reduce((n, size) => n * size, 1)])
    : g.op('ReduceProd', [g.slice(g.op('Shape', [g.x()]), 0, 2, g.rank())], { keepdims_i: 1 });
  return [values, g.op('Mod', [flat, channel])];
}

/** The windows of an adaptive pool from `size` elements to `count`, as positions. */
export function adaptiveWindows(size: number, count: number): number[][] {
  return Array.from({ length: count }, (_, o) => {
    const start = Math.floor((o * size) / count);
    return Array.from({ length: Math.ceil(((o + 1) * size) / count) - start }, (_, k) => start + k);
  });
}

/** The kernel by which windows are of one size and apart, or `null`. */
export function evenWindows(from: readonly number[], to: readonly number[]): number[] | null {
  const kernel = from.map((size, d) => size / to[d]);
  return kernel.every((size) => Number.isInteger(size) && size > 0) ? kernel : null;
}

/** Windows as rows of one length: a shorter one has its first position again. */
export const inRows = (windows: readonly (readonly number[])[]): number[][] => {
  const width = Math.max(...windows.map((window) => window.length));
  return windows.map((window) => [...window, ...new Array<number>(width - window.length).fill(window[0])]);
};

/** The maximum of each channel, and where it is. */
function ofWhole(g: OpContext): Ref[] {
  const dtype = g.dtype();
  const axes = Array.from({ length: g.rank() - 2 }, (_, d) => d + 2);
  // runtimes have the op for float32
  const values = dtype === 'float32' ? g.op('GlobalMaxPool', [g.x()]) : g.reduce('ReduceMax', g.x(), axes, true);
  const flat = g.op('Reshape', [g.x(), g.ints([0, 0, -1])]);
  const at = g.op('ArgMax', [flat], { axis_i: 2, keepdims_i: 1 });
  return [values, g.unsqueeze(at, axes.slice(1))];
}

/** Maxima over windows of several sizes, and their positions within each channel. */
function maximaOfWindows(g: OpContext, from: readonly number[], to: readonly number[]): Ref[] {
  const windows = from.reduce<number[][]>(
    (all, size, d) =>
      all.flatMap((outer) =>
        adaptiveWindows(size, to[d]).map((inner) => outer.flatMap((a) => inner.map((b) => a * size + b))),
      ),
    [[0]],
  );
  const rows = inRows(windows);
  const [count, width] = [rows.length, rows[0].length];
  const flat = g.op('Reshape', [g.x(), g.ints([0, 0, -1])]);
  const taken = g.op('Gather', [flat, g.constant(rows.flat(), 'int64', [count, width])], { axis_i: 2 });
  const best = g.op('ArgMax', [taken], { axis_i: 3, keepdims_i: 0 });
  const starts = g.ints(rows.map((_, o) => o * width));
  const positions = g.op('Gather', [g.ints(rows.flat()), g.op('Add', [best, starts])], { axis_i: 0 });
  const shape = g.ints([0, 0, ...to]);
  return [g.reduce('ReduceMax', taken, [3], false), positions].map((x) => g.op('Reshape', [x, shape]));
}

/** The padding behind each dim that makes the windows fit, for sizes that are known; runtimes differ in what rounding up means. */
function padding(g: OpContext, attrs: PoolAttrs): { end: number[]; exact: boolean } {
  if (!attrs.ceilMode) return { end: [...attrs.padding], exact: true };
  const sizes = g.fixedShape(g.dims().slice(2), 'the number of windows, rounded up (ceilMode),');
  const end = endPadding(sizes, pooledSizes(sizes, attrs), attrs).map((x, d) => Math.max(x, attrs.padding[d]));
  return { end, exact: end.every((x, d) => x === attrs.padding[d]) };
}

/** The means over all windows, dim by dim. */
function meanMatrices(g: OpContext, attrs: AvgPoolAttrs, dims: readonly Dim[]): Matrix[] {
  const sizes = g.fixedShape(dims, 'the size');
  const { countIncludePad, divisorOverride } = attrs;
  const counts = pooledSizes(sizes, attrs);
  return sizes.map((size, d) => {
    if (divisorOverride === null) return meanMatrix(attrs, d, size, counts[d], countIncludePad);
    // sums, of which the first dim takes the divisor
    const divisor = d === 0 ? divisorOverride : 1;
    return meanMatrix(attrs, d, size, counts[d], false).map((row) =>
      row.map((weight) => (weight === 0 ? 0 : 1 / divisor)),
    );
  });
}

/** Rows by op name. */
export const pool: Symbols<PoolOps> = {
  maxPool: (g) => {
    const { kernel, stride, dilation, padding: before } = g.attrs;
    const { end } = padding(g as OpContext, g.attrs);
    return maxima(g as OpContext, {
      kernel_shape_i: kernel,
      strides_i: stride,
      dilations_i: dilation,
      pads_i: [...before, ...end],
    });
  },
  adaptiveMaxPool: (g) => {
    const c: OpContext = g;
    const sizes = g.sizes('size');
    if (sizes.every((size) => size === 1)) return ofWhole(c);
    const from = g.fixedShape(g.dims().slice(2), 'the size');
    const to = g.fixedShape(sizes, 'the size of the result');
    const kernel = evenWindows(from, to);
    return kernel ? maxima(c, { kernel_shape_i: kernel, strides_i: kernel }) : maximaOfWindows(c, from, to);
  },
  maxPoolBackward: viaBody,
  avgPool: (g) => {
    const { kernel, stride, padding: before, countIncludePad, divisorOverride } = g.attrs;
    const { end, exact } = padding(g as OpContext, g.attrs);
    const count = kernel.reduce((n, size) => n * size, 1);
    const attributes = { kernel_shape_i: kernel, strides_i: stride };
    const scaled = (x: Ref, factor: number): Ref =>
      factor === 1 ? x : g.op('Mul', [x, g.scalar(factor, g.outDType())]);
    const pads = [...before, ...end];
    // runtimes have it for float32
    if (
      g.dtype() === 'float64' &&
      g
        .dims()
        .slice(2)
        .every((size) => typeof size === 'number')
    )
      return alongDims(g as OpContext, g.x(), g.rank(), meanMatrices(g as OpContext, g.attrs, g.dims().slice(2)));
    if (divisorOverride === null && (exact || !countIncludePad)) {
      return g.op('AveragePool', [g.x()], {
        ...attributes,
        pads_i: pads,
        count_include_pad_i: countIncludePad ? 1 : 0,
      });
    }
    const means = g.op('AveragePool', [g.x()], { ...attributes, pads_i: pads, count_include_pad_i: 1 });
    if (divisorOverride !== null) return scaled(means, count / divisorOverride);
    // windows that reach beyond the padding are divided by what lies within it
    const sizes = g.fixedShape(g.dims().slice(2), 'the size');
    return pooledSizes(sizes, g.attrs).reduce((x, windows, d) => {
      const lengths = Array.from({ length: windows }, (_, o) => {
        const start = o * stride[d] - before[d];
        return Math.min(start + kernel[d], sizes[d] + before[d]) - start;
      });
      if (lengths.every((length) => length === kernel[d])) return x;
      const shape = sizes.map((_, k) => (k === d ? windows : 1));
      return g.op('Mul', [
        x,
        g.constant(
          lengths.map((length) => kernel[d] / length),
          g.outDType(),
          shape,
        ),
      ]);
    }, means);
  },
  avgPoolBackward: (g) =>
    alongDims(g as OpContext, g.x(), g.rank(), meanMatrices(g as OpContext, g.attrs, g.sizes('size')).map(transposed)),
};
