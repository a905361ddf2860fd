/** Function forms: convolutions. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { requireTensor } from '../ops/build.ts';
import { conv as ops } from '../ops/conv.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** A number for all spatial dims, or one for each. */
export type PerDim = number | readonly number[];

/** Options of {@link conv1d}, {@link conv2d} and {@link conv3d}. */
export interface ConvOptions {
  /** Step of the window. Default 1. */
  stride?: PerDim;
  /** Zeros at both sides; `'valid'` is none, `'same'` keeps the size (at stride 1; one more behind than before where it is uneven). Default 0. */
  padding?: PerDim | 'same' | 'valid';
  /** Distance of the elements that meet neighbouring taps of the kernel. Default 1. */
  dilation?: PerDim;
  /** Channels in this many groups, each convolved on its own. Default 1. */
  groups?: number;
}

/** Options of {@link convTranspose1d}, {@link convTranspose2d} and {@link convTranspose3d}. */
export interface ConvTransposeOptions {
  /** Step of the window of the convolution whose gradient this is. Default 1. */
  stride?: PerDim;
  /** Zeros at both sides of that convolution's input. Default 0. */
  padding?: PerDim;
  /** How many elements longer the result is, behind; smaller than the stride or the dilation. Default 0. */
  outputPadding?: PerDim;
  groups?: number;
  /** Distance of the elements that meet neighbouring taps of the kernel. Default 1. */
  dilation?: PerDim;
}

/** A list of `n` integers from a number or a list. */
export function perDim(where: string, what: string, value: unknown, n: number): number[] {
  const list = Array.isArray(value) ? value : [value];
  for (const x of list) {
    if (typeof x !== 'number' || !Number.isSafeInteger(x)) {
      throw new ArgumentError(
        `${where}: ${what} must be an integer or an array of ${n} integers, got ${Array.isArray(value) ? `an array with ${describe(x)}` : describe(x)}`,
      );
    }
  }
  if (list.length === 1) return new Array<number>(n).fill(list[0]);
  if (list.length === n) return [...list];
  throw new ArgumentError(
    `expected ${what} to be a single integer value or a list of ${n} values to match the convolution dimensions, but got ${what}=${formatShape(list)} in ${where}`,
  );
}

function checkOperands(where: string, n: number, input: unknown, weight: unknown, bias: unknown): void {
  requireTensor(where, input, 0);
  requireTensor(where, weight, 1);
  if (bias !== null) requireTensor(where, bias, 2);
  if (input.ndim !== n + 1 && input.ndim !== n + 2) {
    throw new ShapeError(
      `Expected ${n + 1}D (unbatched) or ${n + 2}D (batched) input to ${where}, but got input of size: ${formatShape(input.shape)}`,
    );
  }
  if (weight.ndim !== n + 2) {
    throw new ShapeError(`Expected ${n + 2}D weight in ${where}, but got weight of size: ${formatShape(weight.shape)}`);
  }
}

/** Stride, dilation and groups, checked. */
function common(where: string, n: number, options: ConvOptions | ConvTransposeOptions | undefined) {
  const stride = perDim(where, 'stride', options?.stride ?? 1, n);
  const dilation = perDim(where, 'dilation', options?.dilation ?? 1, n);
  const groups = perDim(where, 'groups', options?.groups ?? 1, 1)[0];
  if (stride.some((x) => x < 1))
    throw new ArgumentError(`non-positive stride is not supported, got stride=${formatShape(stride)} in ${where}`);
  if (dilation.some((x) => x < 1))
    throw new ArgumentError(`dilation should be greater than zero, but got ${formatShape(dilation)} in ${where}`);
  if (groups < 1) throw new ArgumentError(`non-positive groups is not supported, got groups=${groups} in ${where}`);
  return { stride, dilation, groups };
}

function checkPadding(where: string, padding: readonly number[]): void {
  if (padding.some((x) => x < 0))
    throw new ArgumentError(`negative padding is not supported, got padding=${formatShape(padding)} in ${where}`);
}

/** Zeros before and behind each spatial dim. */
function paddingOf(
  where: string,
  value: unknown,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): [before: number[], behind: number[]] {
  if (value === 'same') {
    if (stride.some((x) => x !== 1))
      throw new ArgumentError(
        `padding='same' is not supported for strided convolutions, got stride=${formatShape(stride)}`,
      );
    const total = kernel.map((size, d) => dilation[d] * (size - 1));
    const before = total.map((x) => Math.max(0, Math.floor(x / 2)));
    return [before, total.map((x, d) => x - before[d])];
  }
  if (typeof value === 'string' && value !== 'valid')
    throw new ArgumentError(`Invalid padding string: '${value}'; it is 'valid' or 'same', or a number or list`);
  const padding = perDim(where, 'padding', value === 'valid' ? 0 : value, kernel.length);
  checkPadding(where, padding);
  return [padding, padding];
}

/** Runs `op` on a batch, or on one sample as a batch of one. */
function batched(input: Tensor, n: number, op: (x: Tensor) => Tensor): Tensor {
  return input.ndim === n + 2 ? op(input) : op(input.unsqueeze(0)).squeeze(0);
}

function convolve(n: number, input: Tensor, weight: Tensor, bias: Tensor | null, options?: ConvOptions): Tensor {
  const where = `conv${n}d`;
  checkOptions(where, options, ['stride', 'padding', 'dilation', 'groups']);
  checkOperands(where, n, input, weight, bias);
  const { stride, dilation, groups } = common(where, n, options);
  const [padding, paddingEnd] = paddingOf(where, options?.padding ?? 0, weight.shape.slice(2), stride, dilation);
  return batched(input, n, (x) =>
    dispatch(ops.convolution, [x, weight, bias], { stride, padding, paddingEnd, dilation, groups }),
  );
}

function convolveTransposed(
  n: number,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options?: ConvTransposeOptions,
): Tensor {
  const where = `convTranspose${n}d`;
  checkOptions(where, options, ['stride', 'padding', 'outputPadding', 'groups', 'dilation']);
  checkOperands(where, n, input, weight, bias);
  const { stride, dilation, groups } = common(where, n, options);
  const padding = perDim(where, 'padding', options?.padding ?? 0, n);
  const outputPadding = perDim(where, 'outputPadding', options?.outputPadding ?? 0, n);
  checkPadding(where, padding);
  checkPadding(where, outputPadding);
  outputPadding.forEach((x, d) => {
    if (x < stride[d] || x < dilation[d]) return;
    throw new ArgumentError(
      `output padding must be smaller than either stride or dilation, but got outputPadding=${formatShape(outputPadding)}, stride=${formatShape(stride)}, dilation=${formatShape(dilation)} in ${where}`,
    );
  });
  const paddingEnd = padding.map((x, d) => x - outputPadding[d]);
  return batched(input, n, (x) =>
    dispatch(ops.convolutionTranspose, [x, weight, bias], { stride, padding, paddingEnd, dilation, groups }),
  );
}

/**
 * Convolution over one dim (https://pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html).
 *
 * @param input `[N, C, L]`, or `[C, L]` for one sample; numbers of any dtype but bool.
 * @param weight `[outChannels, C / groups, kernel]`, of the input's dtype.
 * @param bias `[outChannels]` or null.
 * @returns `[N, outChannels, (L + 2·padding - dilation·(kernel - 1) - 1) / stride + 1]`, rounded down.
 * @throws ShapeError if channels don't fit or the kernel is larger than the padded input, DTypeError unless all have one dtype.
 * @example `conv1d(x, weight, bias, { stride: 2, padding: 1 })`
 */
export const conv1d = (input: Tensor, weight: Tensor, bias: Tensor | null = null, options?: ConvOptions): Tensor =>
  convolve(1, input, weight, bias, options);

/**
 * Convolution over two dims (https://pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html): {@link conv1d} with an input of
 * `[N, C, H, W]` or `[C, H, W]` and a weight of `[outChannels, C / groups, kH, kW]`.
 *
 * @example `conv2d(x, weight, null, { padding: 'same' })`
 */
export const conv2d = (input: Tensor, weight: Tensor, bias: Tensor | null = null, options?: ConvOptions): Tensor =>
  convolve(2, input, weight, bias, options);

/**
 * Convolution over three dims (https://pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html): {@link conv1d} with an input of
 * `[N, C, D, H, W]` or `[C, D, H, W]` and a weight of `[outChannels, C / groups, kD, kH, kW]`.
 */
export const conv3d = (input: Tensor, weight: Tensor, bias: Tensor | null = null, options?: ConvOptions): Tensor =>
  convolve(3, input, weight, bias, options);

/**
 * Transposed convolution over one dim (https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html): the gradient of
 * {@link conv1d} with respect to its input.
 *
 * @param input `[N, C, L]`, or `[C, L]` for one sample; numbers of any dtype but bool.
 * @param weight `[C, outChannels / groups, kernel]`, of the input's dtype.
 * @param bias `[outChannels]` or null.
 * @returns `[N, outChannels, (L - 1)·stride - 2·padding + dilation·(kernel - 1) + outputPadding + 1]`.
 * @throws ShapeError if channels don't fit or nothing would be left, DTypeError unless all have one dtype.
 * @example `convTranspose1d(x, weight, null, { stride: 2, outputPadding: 1 })`
 */
export const convTranspose1d = (
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options?: ConvTransposeOptions,
): Tensor => convolveTransposed(1, input, weight, bias, options);

/**
 * Transposed convolution over two dims (https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html): {@link convTranspose1d}
 * with an input of `[N, C, H, W]` or `[C, H, W]` and a weight of `[C, outChannels / groups, kH, kW]`.
 */
export const convTranspose2d = (
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options?: ConvTransposeOptions,
): Tensor => convolveTransposed(2, input, weight, bias, options);

/**
 * Transposed convolution over three dims (https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html):
 * {@link convTranspose1d} with an input of `[N, C, D, H, W]` or `[C, D, H, W]` and a weight of `[C, outChannels / groups, kD, kH, kW]`.
 */
export const convTranspose3d = (
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options?: ConvTransposeOptions,
): Tensor => convolveTransposed(3, input, weight, bias, options);
