/** Function forms: pooling over windows. */
import { dispatch } from '../dispatch.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { interpreters, transforms } from '../hooks.ts';
import { notImplementedFor, requireTensor } from '../ops/build.ts';
import { pool as ops } from '../ops/pool.ts';
import { spatial } from '../ops/spatial.ts';
import { formatShape, numel, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { type PerDim, perDim } from './conv.ts';

/** Options of {@link maxPool1d}, {@link maxPool2d} and {@link maxPool3d}. */
export interface MaxPoolOptions {
  /** Step of the window. Default: the kernel size. */
  stride?: PerDim | null;
  /** How far windows may begin before and end behind the input, at most half the kernel size. Default 0. */
  padding?: PerDim;
  /** Distance of neighbouring elements of a window. Default 1. */
  dilation?: PerDim;
  /** Whether a last window that reaches beyond the input counts, if it starts inside. Default false. */
  ceilMode?: boolean;
  /** Whether to give the positions of the maxima in the flattened spatial dims as well. Default false. */
  returnIndices?: boolean;
}

/** Options of {@link avgPool1d}. */
export interface AvgPool1dOptions {
  /** Step of the window. Default: the kernel size. */
  stride?: PerDim | null;
  /** Zeros at both sides, at most half the kernel size. Default 0. */
  padding?: PerDim;
  /** Whether a last window that reaches beyond the input counts, if it starts inside. Default false. */
  ceilMode?: boolean;
  /** Whether the zeros of `padding` count in the means. Default true. */
  countIncludePad?: boolean;
}

/** Options of {@link avgPool2d} and {@link avgPool3d}. */
export interface AvgPoolOptions extends AvgPool1dOptions {
  /** What the sums are divided by, instead of the sizes of the windows. */
  divisorOverride?: number | null;
}

/** Options of {@link lpPool1d}, {@link lpPool2d} and {@link lpPool3d}. */
export interface LpPoolOptions {
  stride?: PerDim | null;
  ceilMode?: boolean;
}

/** Options of {@link maxUnpool1d}, {@link maxUnpool2d} and {@link maxUnpool3d}. */
export interface MaxUnpoolOptions {
  stride?: PerDim | null;
  padding?: PerDim;
  /** The spatial sizes of the result, or its whole shape. Default: the smallest input of the pooling. */
  outputSize?: readonly number[] | null;
}

/** Options of the adaptive max pools. */
export interface AdaptiveMaxPoolOptions {
  returnIndices?: boolean;
}

/** A size for all spatial dims, or one for each; null keeps the input's. */
export type OutputSize = number | null | readonly (number | null)[];

/** Maxima and their positions in the flattened spatial dims. */
export interface MaxPooled {
  readonly values: Tensor;
  readonly indices: Tensor;
}

function flag(where: string, what: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean')
    throw new ArgumentError(`${where}: ${what} must be a boolean, got ${describe(value)}`);
  return value;
}

function checkRank(where: string, input: unknown, n: number): asserts input is Tensor {
  requireTensor(where, input);
  if (input.ndim !== n + 1 && input.ndim !== n + 2) {
    throw new ShapeError(
      `${where}: Expected ${n + 1}D or ${n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got: ${formatShape(input.shape)}`,
    );
  }
}

interface WindowOptions {
  stride?: PerDim | null;
  padding?: PerDim;
  dilation?: PerDim;
  ceilMode?: boolean;
}

function windows(where: string, n: number, kernelSize: unknown, options: WindowOptions = {}) {
  const kernel = perDim(where, 'kernelSize', kernelSize, n);
  const stride = perDim(where, 'stride', options.stride ?? kernel, n);
  const padding = perDim(where, 'padding', options.padding ?? 0, n);
  const dilation = perDim(where, 'dilation', options.dilation ?? 1, n);
  for (const [what, list] of Object.entries({ kernelSize: kernel, stride, dilation })) {
    const bad = list.find((x) => x < 1);
    if (bad !== undefined) throw new ArgumentError(`${where}() ${what} must be greater than zero, but got ${bad}`);
  }
  padding.forEach((pad, d) => {
    if (pad < 0) throw new ArgumentError(`${where}() padding must be non-negative, but got ${pad}`);
    if (pad > Math.floor(kernel[d] / 2)) {
      throw new ArgumentError(
        `pad should be at most half of kernel size, but got pad=${pad} and kernelSize=${kernel[d]} in ${where}`,
      );
    }
  });
  return { kernel, stride, padding, dilation, ceilMode: flag(where, 'ceilMode', options.ceilMode) };
}

/** The values of a pooling. Indices that nobody has seen are twice as large, and must not wait for the garbage collector. */
function withoutIndices(values: Tensor, indices: Tensor): Tensor {
  if (!values.requiresGrad && transforms.length === 0 && interpreters.length === 0) indices.dispose();
  return values;
}

/** Runs `op` on a batch, or on one sample as a batch of one. */
function batched<T extends Tensor | readonly Tensor[]>(input: Tensor, n: number, op: (x: Tensor) => T): T {
  if (input.ndim === n + 2) return op(input);
  const result = op(input.unsqueeze(0));
  return (Array.isArray(result) ? result.map((x: Tensor) => x.squeeze(0)) : (result as Tensor).squeeze(0)) as T;
}

const maxOptions = ['stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'];

type MaxPool = {
  (input: Tensor, kernelSize: PerDim, options: MaxPoolOptions & { returnIndices: true }): MaxPooled;
  (input: Tensor, kernelSize: PerDim, options?: MaxPoolOptions & { returnIndices?: false }): Tensor;
};

const maxPool = (n: number): MaxPool =>
  ((input: Tensor, kernelSize: PerDim, options: MaxPoolOptions = {}): Tensor | MaxPooled => {
    const where = `maxPool${n}d`;
    checkOptions(where, options, maxOptions);
    checkRank(where, input, n);
    const attrs = windows(where, n, kernelSize, options);
    const both = flag(where, 'returnIndices', options.returnIndices);
    const [values, indices] = batched(input, n, (x) => dispatch(ops.maxPool, [x], attrs));
    return both ? { values, indices } : withoutIndices(values, indices);
  }) as MaxPool;

/**
 * The largest element of each window (https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html). A NaN wins.
 *
 * @param input `[N, C, L]` or `[C, L]`, numbers of any dtype but bool.
 * @param kernelSize How many elements a window has.
 * @returns `[N, C, windows]`, or `{ values, indices }` with `returnIndices: true`.
 * @throws ShapeError if there is no window, ArgumentError for sizes out of range.
 * @example `maxPool1d(x, 3, { stride: 2, padding: 1 })`
 */
export const maxPool1d: MaxPool = maxPool(1);
/** {@link maxPool1d} over two dims: `[N, C, H, W]` or `[C, H, W]`. */
export const maxPool2d: MaxPool = maxPool(2);
/** {@link maxPool1d} over three dims: `[N, C, D, H, W]` or `[C, D, H, W]`. */
export const maxPool3d: MaxPool = maxPool(3);

function averages(n: number, input: Tensor, kernelSize: PerDim, options: AvgPoolOptions, known: string[]): Tensor {
  const where = `avgPool${n}d`;
  checkOptions(where, options, known);
  checkRank(where, input, n);
  const { divisorOverride = null, countIncludePad = true } = options;
  if (divisorOverride === 0) throw new ArgumentError(`divisor must be not zero in ${where}`);
  if (divisorOverride !== null && !Number.isSafeInteger(divisorOverride))
    throw new ArgumentError(`${where}: divisorOverride must be an integer, got ${describe(divisorOverride)}`);
  const attrs = windows(where, n, kernelSize, options);
  const included = flag(where, 'countIncludePad', countIncludePad);
  return batched(input, n, (x) => dispatch(ops.avgPool, [x], { ...attrs, countIncludePad: included, divisorOverride }));
}

const avgOptions = ['stride', 'padding', 'ceilMode', 'countIncludePad'];

/**
 * The mean of each window (https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html).
 *
 * @param input `[N, C, L]` or `[C, L]`, floats.
 * @returns `[N, C, windows]`.
 * @throws ShapeError if there is no window, ArgumentError for sizes out of range, DTypeError unless floats.
 * @example `avgPool1d(x, 2)`
 */
export const avgPool1d = (input: Tensor, kernelSize: PerDim, options: AvgPool1dOptions = {}): Tensor =>
  averages(1, input, kernelSize, options, avgOptions);
/** {@link avgPool1d} over two dims: `[N, C, H, W]` or `[C, H, W]`. */
export const avgPool2d = (input: Tensor, kernelSize: PerDim, options: AvgPoolOptions = {}): Tensor =>
  averages(2, input, kernelSize, options, [...avgOptions, 'divisorOverride']);
/** {@link avgPool1d} over three dims: `[N, C, D, H, W]` or `[C, D, H, W]`. */
export const avgPool3d = (input: Tensor, kernelSize: PerDim, options: AvgPoolOptions = {}): Tensor =>
  averages(3, input, kernelSize, options, [...avgOptions, 'divisorOverride']);

// --- adaptive ---

function outputSizes(where: string, input: Tensor, n: number, size: unknown): number[] {
  checkRank(where, input, n);
  const sizes = input.shape.slice(-n);
  if (sizes.includes(0)) {
    throw new ShapeError(
      `${where}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ${formatShape(input.shape)}`,
    );
  }
  const list: readonly unknown[] = Array.isArray(size) ? size : new Array(n).fill(size);
  if (list.length !== n)
    throw new ArgumentError(`${where}: outputSize must be a number or an array of ${n}, got ${describe(size)}`);
  return list.map((x, d) => {
    if (x === null) return sizes[d];
    if (typeof x === 'number' && Number.isSafeInteger(x) && x >= 0) return x;
    throw new ArgumentError(
      `${where}: elements of outputSize must be greater than or equal to 0 or null, got ${describe(x)}`,
    );
  });
}

function adaptiveAverages(n: number, input: Tensor, outputSize: OutputSize): Tensor {
  const where = `adaptiveAvgPool${n}d`;
  const size = outputSizes(where, input, n, outputSize);
  if (!isFloat(input.dtype)) throw notImplementedFor(where, input.dtype);
  if (size.includes(0))
    return input
      .flatten(-n)
      .narrow(-1, 0, 0)
      .reshape([...input.shape.slice(0, -n), ...size]);
  return batched(input, n, (x) =>
    dispatch(spatial.interpolate, [x], { mode: 'area', size, scales: null, alignCorners: false }),
  );
}

/**
 * Means over as many windows of about the same size as asked for (https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html):
 * window o of O runs from ⌊o·L/O⌋ to ⌈(o+1)·L/O⌉.
 *
 * @param input `[N, C, L]` or `[C, L]`, floats.
 * @returns `[N, C, outputSize]`.
 * @example `adaptiveAvgPool1d(x, 1)`
 */
export const adaptiveAvgPool1d = (input: Tensor, outputSize: OutputSize): Tensor =>
  adaptiveAverages(1, input, outputSize);
/** {@link adaptiveAvgPool1d} over two dims: `adaptiveAvgPool2d(x, [7, null])`. */
export const adaptiveAvgPool2d = (input: Tensor, outputSize: OutputSize): Tensor =>
  adaptiveAverages(2, input, outputSize);
/** {@link adaptiveAvgPool1d} over three dims. */
export const adaptiveAvgPool3d = (input: Tensor, outputSize: OutputSize): Tensor =>
  adaptiveAverages(3, input, outputSize);

type AdaptiveMaxPool = {
  (input: Tensor, outputSize: OutputSize, options: AdaptiveMaxPoolOptions & { returnIndices: true }): MaxPooled;
  (input: Tensor, outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & { returnIndices?: false }): Tensor;
};

const adaptiveMax = (n: number): AdaptiveMaxPool =>
  ((input: Tensor, outputSize: OutputSize, options: AdaptiveMaxPoolOptions = {}): Tensor | MaxPooled => {
    const where = `adaptiveMaxPool${n}d`;
    checkOptions(where, options, ['returnIndices']);
    const size = outputSizes(where, input, n, outputSize);
    const both = flag(where, 'returnIndices', options.returnIndices);
    const [values, indices] = batched(input, n, (x) => dispatch(ops.adaptiveMaxPool, [x], { size }));
    return both ? { values, indices } : withoutIndices(values, indices);
  }) as AdaptiveMaxPool;

/**
 * Maxima of as many windows of about the same size as asked for (https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html):
 * the windows of {@link adaptiveAvgPool1d}.
 *
 * @example `adaptiveMaxPool1d(x, 4)`
 */
export const adaptiveMaxPool1d: AdaptiveMaxPool = adaptiveMax(1);
/** {@link adaptiveMaxPool1d} over two dims. */
export const adaptiveMaxPool2d: AdaptiveMaxPool = adaptiveMax(2);
/** {@link adaptiveMaxPool1d} over three dims. */
export const adaptiveMaxPool3d: AdaptiveMaxPool = adaptiveMax(3);

// --- power means, unpooling ---

function powerMeans(n: number, input: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions): Tensor {
  const where = `lpPool${n}d`;
  checkOptions(where, options, ['stride', 'ceilMode']);
  checkRank(where, input, n);
  if (typeof normType !== 'number' || Number.isNaN(normType) || normType === 0)
    throw new ArgumentError(`${where}: normType must be a number other than 0, got ${describe(normType)}`);
  const kernel = perDim(where, 'kernelSize', kernelSize, n);
  const means = averages(n, input.pow(normType), kernel, options, ['stride', 'ceilMode']);
  return means
    .sign()
    .mul(means.abs().relu())
    .mul(numel(kernel))
    .pow(1 / normType);
}

/**
 * (Σ xᵖ)^(1/p) of each window (https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html). A window that reaches beyond the input
 * (`ceilMode`) is scaled to the full size.
 *
 * @param input `[N, C, L]` or `[C, L]`, floats.
 * @param normType The power p.
 * @example `lpPool1d(x, 2, 3, { stride: 2 })`
 */
export const lpPool1d = (input: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}): Tensor =>
  powerMeans(1, input, normType, kernelSize, options);
/** {@link lpPool1d} over two dims. */
export const lpPool2d = (input: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}): Tensor =>
  powerMeans(2, input, normType, kernelSize, options);
/** {@link lpPool1d} over three dims. */
export const lpPool3d = (input: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}): Tensor =>
  powerMeans(3, input, normType, kernelSize, options);

/** The spatial sizes of the result: within one stride of the smallest input of the pooling. */
function unpooledSize(
  where: string,
  sizes: readonly number[],
  least: readonly number[],
  stride: readonly number[],
  asked: unknown,
): number[] {
  if (asked === undefined || asked === null) return [...least];
  const n = sizes.length;
  if (!Array.isArray(asked) || (asked.length !== n && asked.length !== n + 2 && asked.length !== n + 1))
    throw new ArgumentError(
      `${where}: outputSize should be a sequence containing ${n} or ${n + 2} elements, got ${describe(asked)}`,
    );
  const size = perDim(where, 'outputSize', asked.slice(-n), n);
  size.forEach((x, d) => {
    if (x > least[d] - stride[d] && x < least[d] + stride[d]) return;
    throw new ArgumentError(
      `invalid outputSize ${formatShape(size)} (dim ${d} must be between ${least[d] - stride[d]} and ${least[d] + stride[d]}) in ${where}`,
    );
  });
  return size;
}

function unpool(n: number, input: Tensor, indices: Tensor, kernelSize: PerDim, options: MaxUnpoolOptions): Tensor {
  const where = `maxUnpool${n}d`;
  checkOptions(where, options, ['stride', 'padding', 'outputSize']);
  checkRank(where, input, n);
  requireTensor(where, indices, 1);
  if (indices.dtype !== 'int64')
    throw new DTypeError(`elements in indices should be type int64 but got: ${indices.dtype} in ${where}`);
  if (!sameShape(input.shape, indices.shape)) {
    throw new ShapeError(
      `Expected shape of indices to be same as that of the input tensor (${formatShape(input.shape)}) but got indices tensor with shape: ${formatShape(indices.shape)} in ${where}`,
    );
  }
  const { kernel, stride, padding } = windows(where, n, kernelSize, {
    stride: options.stride,
    padding: options.padding,
  });
  const sizes = input.shape.slice(-n);
  const least = sizes.map((size, d) => (size - 1) * stride[d] - 2 * padding[d] + kernel[d]);
  const size = unpooledSize(where, sizes, least, stride, options.outputSize);
  if (size.some((x) => x < 1))
    throw new ShapeError(`${where}: the result would have the sizes ${formatShape(size)}, which are too small`);
  const lead = input.shape.slice(0, -n);
  const zeros = input.newZeros([...lead, numel(size)]);
  return zeros.scatter(-1, indices.flatten(-n), input.flatten(-n)).reshape([...lead, ...size]);
}

/**
 * Puts the values of a max pool back at the positions it gave, zeros elsewhere
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html).
 *
 * @param input `[N, C, L]` or `[C, L]`: the values.
 * @param indices Of the input's shape, int64: what `maxPool1d(…, { returnIndices: true })` gives.
 * @throws IndexError if a position does not exist, ShapeError unless the shapes are equal.
 * @example `maxUnpool1d(values, indices, 2)`
 */
export const maxUnpool1d = (
  input: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options: MaxUnpoolOptions = {},
): Tensor => unpool(1, input, indices, kernelSize, options);
/** {@link maxUnpool1d} over two dims. */
export const maxUnpool2d = (
  input: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options: MaxUnpoolOptions = {},
): Tensor => unpool(2, input, indices, kernelSize, options);
/** {@link maxUnpool1d} over three dims. */
export const maxUnpool3d = (
  input: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options: MaxUnpoolOptions = {},
): Tensor => unpool(3, input, indices, kernelSize, options);
