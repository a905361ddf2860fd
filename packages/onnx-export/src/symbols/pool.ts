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
    const sizes = g.sizes('size').map((size) => g.fixed(size, 'the size of the result'));
    const kernel = g
      .dims()
      .slice(2)
      .map((size, d) => g.fixed(size, 'the size') / sizes[d]);
    if (!kernel.every((size) => Number.isInteger(size) && size > 0)) {
      throw g.error(
        `its windows have different sizes here, from ${g.dims().slice(2)} to ${sizes}; ONNX has them of one size, so each size must divide by the one it becomes`,
      );
    }
    return maxima(g as OpContext, { kernel_shape_i: kernel, strides_i: kernel });
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
