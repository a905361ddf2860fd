/** Pooling over windows, and over all positions. */
import { arange, builtinOps, dispatch, onesLike, pad, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';
import { reach, type Windows, windowsOf } from './windows.ts';

const spatial = (x: Tensor): number[] => x.shape.slice(2).map((_, d) => d + 2);

/** How far the last windows reach beyond the input, which with ceil_mode is more than the padding. */
const beyond = ({ kernel, stride, dilation, padding, counts }: Windows, sizes: readonly number[]): number[] =>
  sizes.map((size, d) => (counts[d] - 1) * stride[d] + reach(kernel[d], dilation[d]) - padding[d] - size);

const isEven = ({ padding, paddingEnd }: Windows): boolean => padding.every((p, d) => p === paddingEnd[d]);

/** For `pad`: from the last dim to the first. */
const pairs = (before: readonly number[], behind: readonly number[]): number[] =>
  before.flatMap((_, d) => [before[before.length - 1 - d], behind[before.length - 1 - d]]);

const lowest: Readonly<Record<string, number>> = { uint8: 0, int8: -128, int16: -(2 ** 15), int32: -(2 ** 31) };

/** Positions in the padded spatial dims as ONNX has them: in the whole input, rows or columns first. */
function positionsIn(
  x: Tensor,
  indices: Tensor,
  before: readonly number[],
  padded: readonly number[],
  columns: boolean,
): Tensor {
  const sizes = x.shape.slice(2);
  const order = columns ? sizes.map((_, d) => d) : sizes.map((_, d) => sizes.length - 1 - d);
  const strides: number[] = [];
  let stride = 1;
  for (const d of order) {
    strides[d] = stride;
    stride *= sizes[d];
  }
  let rest = indices;
  let flat: Tensor | null = null;
  for (let d = sizes.length - 1; d >= 0; d--) {
    const part = rest.remainder(padded[d]).sub(before[d]).mul(strides[d]);
    rest = rest.div(padded[d], { roundingMode: 'floor' });
    flat = flat ? flat.add(part) : part;
  }
  const planes = arange(x.shape[0] * x.shape[1], { dtype: 'int64', device: x.device }).mul(stride);
  const beside = planes.reshape([x.shape[0], x.shape[1], ...sizes.map(() => 1)]);
  return flat ? flat.add(beside) : beside;
}

function maxPool(c: NodeContext): RowResult {
  const x = c.x();
  const sizes = x.shape.slice(2);
  const windows = windowsOf(c, sizes, c.ints('kernel_shape'));
  const { kernel, stride, dilation, padding, paddingEnd } = windows;
  const wants = c.outputCount > 1 && c.wants(1);
  let [source, before, attrs] = [
    x,
    padding,
    { kernel, stride, dilation, padding, ceilMode: c.int('ceil_mode', 0) !== 0 },
  ];
  if (!isEven(windows)) {
    const behind = attrs.ceilMode ? beyond(windows, sizes) : paddingEnd;
    source = pad(x, pairs(padding, behind), { value: lowest[x.dtype] ?? Number.NEGATIVE_INFINITY });
    attrs = { ...attrs, padding: padding.map(() => 0), ceilMode: false };
  } else before = padding.map(() => 0);
  const [values, indices] = dispatch(builtinOps.maxPool, [source], attrs);
  if (!wants) return values;
  return [values, positionsIn(x, indices, before, source.shape.slice(2), c.int('storage_order', 0) !== 0)];
}

/** Sums of all windows, each channel on its own. */
function sums(x: Tensor, { kernel, stride, dilation, padding }: Windows, paddingEnd: readonly number[]): Tensor {
  const [samples, channels, ...sizes] = x.shape;
  const planes = x.reshape([samples * channels, 1, ...sizes]);
  const ones = x.newOnes([1, 1, ...kernel]);
  const attrs = { stride, dilation, padding, paddingEnd, groups: 1 };
  const result = dispatch(builtinOps.convolution, [planes, ones, null], attrs);
  return result.reshape([samples, channels, ...result.shape.slice(2)]);
}

function averagePool(c: NodeContext): Tensor {
  const x = c.x();
  const sizes = x.shape.slice(2);
  const windows = windowsOf(c, sizes, c.ints('kernel_shape'));
  const { kernel, stride, dilation, padding, paddingEnd } = windows;
  const countIncludePad = c.int('count_include_pad', 0) !== 0;
  const ceilMode = c.int('ceil_mode', 0) !== 0;
  if (isEven(windows) && dilation.every((step) => step === 1)) {
    const attrs = { kernel, stride, dilation, padding, ceilMode, countIncludePad, divisorOverride: null };
    return dispatch(builtinOps.avgPool, [x], attrs);
  }
  const behind = beyond(windows, sizes);
  const ones = onesLike(x.detach().slice(0, 0, 1).slice(1, 0, 1));
  if (!countIncludePad) return sums(x, windows, behind).div(sums(ones, windows, behind));
  // elements of the padding count, but not what a window reaches beyond it
  const counted = pad(ones, pairs(padding, paddingEnd), { value: 1 });
  const counts = sums(
    counted,
    { ...windows, padding: padding.map(() => 0) },
    behind.map((p, d) => p - paddingEnd[d]),
  );
  return sums(x, windows, behind).div(counts);
}

/** An integer since opset 2. */
const orderOf = (c: NodeContext): number => (c.opset < 2 ? c.float('p', 2) : c.int('p', 2));

/** The p-norm of each window. */
function lpPool(c: NodeContext): Tensor {
  const x = c.x();
  const sizes = x.shape.slice(2);
  const windows = windowsOf(c, sizes, c.ints('kernel_shape'));
  const p = orderOf(c);
  return sums(x.abs().pow(p), windows, beyond(windows, sizes)).pow(1 / p);
}

/** Values at their positions in the whole result, zeros elsewhere. */
function maxUnpool(c: NodeContext): Tensor {
  const [x, indices] = [c.x(0), c.x(1)];
  const [samples, channels, ...sizes] = x.shape;
  const kernel = c.ints('kernel_shape');
  const stride = c.ints('strides', null) ?? kernel.map(() => 1);
  const padding = c.ints('pads', null) ?? new Array<number>(2 * sizes.length).fill(0);
  const inferred = sizes.map((size, d) => (size - 1) * stride[d] - padding[d] - padding[d + sizes.length] + kernel[d]);
  const smallest = c.sized([samples, channels, ...inferred]);
  const flat = x.newZeros([smallest.reduce((n, size) => n * size, 1)]);
  const image = flat.scatter(0, indices.flatten(), x.flatten()).reshape(smallest);
  if (!c.has(2)) return image;
  // positions are those of the smallest result, behind which there are zeros
  const shape = c.sized(c.hostInts(2));
  return pad(
    image,
    pairs(
      shape.map(() => 0),
      shape.map((size, d) => size - smallest[d]),
    ),
  );
}

/** Rows by op type. */
export const pool: Rows = {
  AveragePool: averagePool,
  GlobalAveragePool: (c) => c.x().mean(spatial(c.x()), { keepdim: true }),
  GlobalLpPool: (c) => c.x().norm({ p: orderOf(c), dim: spatial(c.x()), keepdim: true }),
  GlobalMaxPool: (c) => c.x().amax(spatial(c.x()), { keepdim: true }),
  LpPool: lpPool,
  MaxPool: maxPool,
  MaxUnpool: maxUnpool,
};
