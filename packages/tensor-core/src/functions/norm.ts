/** Function forms: normalisations (https://pytorch.org/docs/stable/nn.functional.html#normalization-functions). */
import { dispatch } from '../dispatch.ts';
import { type DType, isFloat } from '../dtype.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { withoutGrad } from '../grad-mode.ts';
import { notImplementedFor, requireTensor } from '../ops/build.ts';
import { norm as ops, statisticsDType } from '../ops/norm.ts';
import { checkInteger, checkShape, formatShape, numel, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link layerNorm} and {@link groupNorm}. */
export interface NormOptions {
  /** What the normalised values are multiplied by: of the normalised shape, or one for each channel. */
  weight?: Tensor | null;
  /** What is then added, of the shape of the weight. */
  bias?: Tensor | null;
  /** What is added to the variance. Default 1e-5. */
  eps?: number;
}

/** Options of {@link rmsNorm}. */
export interface RmsNormOptions {
  /** What the normalised values are multiplied by, of the normalised shape. */
  weight?: Tensor | null;
  /** What is added to the mean of squares. Default: the distance from 1 to the next number of the input's dtype. */
  eps?: number | null;
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends NormOptions {
  /** Whether to normalise by the statistics of the input, and to update the running ones in place. Default false. */
  training?: boolean;
  /** The weight of the new statistics in the running ones. Default 0.1. */
  momentum?: number;
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions extends NormOptions {
  runningMean?: Tensor | null;
  runningVar?: Tensor | null;
  /** Whether to normalise by the statistics of the input, and to update the running ones in place. Default true. */
  useInputStats?: boolean;
  /** The weight of the new statistics in the running ones. Default 0.1. */
  momentum?: number;
}

const affineOptions = ['weight', 'bias', 'eps'] as const;

function numberOf(where: string, what: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new ArgumentError(`${where}: ${what} must be a number, got ${describe(value)}`);
  return value;
}

function flagOf(where: string, what: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean')
    throw new ArgumentError(`${where}: ${what} must be a boolean, got ${describe(value)}`);
  return value;
}

const epsOf = (where: string, options: NormOptions | undefined): number => numberOf(where, 'eps', options?.eps, 1e-5);

/** The number of dims that are normalised, which must be the last ones of the input. */
function normalizedDims(where: string, input: Tensor, normalizedShape: number | Shape): number {
  requireTensor(where, input);
  const shape = checkShape(typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape, where);
  if (shape.length === 0)
    throw new ShapeError(
      `${where}: Expected normalizedShape to be at least 1-dimensional, i.e., containing at least one element, but got normalizedShape = []`,
    );
  if (shape.length > input.ndim || !sameShape(input.shape.slice(input.ndim - shape.length), shape)) {
    throw new ShapeError(
      `${where}: Given normalizedShape=${formatShape(shape)}, expected input with shape [*, ${shape.join(', ')}], but got input of size ${formatShape(input.shape)}`,
    );
  }
  return shape.length;
}

/**
 * Normalises over the last dims, which are `normalizedShape`: (x - mean) / √(variance + ε) · weight + bias
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html).
 *
 * @param normalizedShape sizes of the last dims; a number is one dim.
 * @example `layerNorm(x, [8], { weight, bias })` for an `x` of shape `[…, 8]`
 * @throws ShapeError unless the last sizes of the input, the weight and the bias are `normalizedShape`; DTypeError for integers.
 */
export function layerNorm(input: Tensor, normalizedShape: number | Shape, options?: NormOptions): Tensor {
  checkOptions('layerNorm', options, affineOptions);
  const dims = normalizedDims('layerNorm', input, normalizedShape);
  const eps = epsOf('layerNorm', options);
  return dispatch(ops.layerNorm, [input, options?.weight ?? null, options?.bias ?? null], { dims, eps })[0];
}

/** The distance from 1 to the next number. */
const epsilons: { readonly [D in DType]?: number } = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

/**
 * Normalises over the last dims without their mean: x / √(mean(x²) + ε) · weight
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html).
 *
 * @param normalizedShape sizes of the last dims; a number is one dim.
 * @throws ShapeError unless the last sizes of the input and the weight are `normalizedShape`; DTypeError for integers.
 */
export function rmsNorm(input: Tensor, normalizedShape: number | Shape, options?: RmsNormOptions): Tensor {
  checkOptions('rmsNorm', options, ['weight', 'eps']);
  const dims = normalizedDims('rmsNorm', input, normalizedShape);
  if (!isFloat(input.dtype)) throw notImplementedFor('rmsNorm', input.dtype);
  const eps = numberOf('rmsNorm', 'eps', options?.eps ?? undefined, epsilons[input.dtype] ?? 0);
  return dispatch(ops.rmsNorm, [input, options?.weight ?? null], { dims, eps })[0];
}

/** Of one value the deviation is 0, and nothing is left of the input. */
function refuseSingle(where: string, values: number, shape: Shape): void {
  if (values === 1)
    throw new ShapeError(
      `${where}: Expected more than 1 value per channel when training, got input size ${formatShape(shape)}`,
    );
}

/**
 * Normalises each group of neighbouring channels of each sample
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html).
 *
 * @param input `[N, C, …]`.
 * @param numGroups how many groups the channels form, a divisor of C.
 * @throws ShapeError unless the weight and the bias are `[C]` and `numGroups` divides C; DTypeError for integers.
 */
export function groupNorm(input: Tensor, numGroups: number, options?: NormOptions): Tensor {
  checkOptions('groupNorm', options, affineOptions);
  requireTensor('groupNorm', input);
  const groups = checkInteger(numGroups, 'groupNorm: numGroups');
  if (groups < 1) throw new ArgumentError(`groupNorm: numGroups must be at least 1, got ${groups}`);
  if (input.ndim < 2)
    throw new ShapeError(`groupNorm: Expected at least 2 dimensions for input tensor but received ${input.ndim}`);
  // PyTorch counts all groups of the batch as one here
  refuseSingle('groupNorm', numel(input.shape) / groups, input.shape);
  const eps = epsOf('groupNorm', options);
  return dispatch(ops.groupNorm, [input, options?.weight ?? null, options?.bias ?? null], { groups, eps })[0];
}

/** A running statistic moves towards that of the input; no derivative follows it there, also no forward one. */
function move(running: Tensor, value: Tensor, momentum: number, factor = 1): void {
  running.mul_(1 - momentum).add_(value.detach(), { alpha: momentum * factor });
}

function checkRunning(where: string, input: Tensor, named: { readonly [name: string]: Tensor | null }): void {
  for (const [name, x] of Object.entries(named)) {
    if (x === null) continue;
    requireTensor(where, x, 1);
    if (!sameShape(x.shape, [input.shape[1]]))
      throw new ShapeError(
        `${where}: ${name} should contain ${input.shape[1]} elements not ${x.numel()}: its shape is ${formatShape(x.shape)}`,
      );
    if (!isFloat(x.dtype)) throw notImplementedFor(`${where}: ${name}`, x.dtype);
  }
}

function checkChannels(where: string, input: unknown): asserts input is Tensor {
  requireTensor(where, input);
  if (!isFloat(input.dtype)) throw notImplementedFor(where, input.dtype);
  if (input.ndim < 2)
    throw new ShapeError(
      `${where}: Expected at least 2 dimensions for input tensor but received ${input.ndim}: the shape is [N, C, …]`,
    );
}

/**
 * Normalises each channel, over all samples and positions
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html). In training by the statistics of the input; `runningMean` and `runningVar`
 * then move towards them in place, the variance as an unbiased one. Otherwise by the running statistics.
 *
 * @param input `[N, C, …]`.
 * @param runningMean `[C]`; may be null in training.
 * @param runningVar `[C]`; may be null in training.
 * @throws ShapeError unless statistics, weight and bias are `[C]`, or if a channel has one value in training; ArgumentError without running statistics
 * outside of training; DTypeError for integers.
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options?: BatchNormOptions,
): Tensor {
  const where = 'batchNorm';
  checkOptions(where, options, [...affineOptions, 'training', 'momentum']);
  checkChannels(where, input);
  const training = flagOf(where, 'training', options?.training, false);
  const momentum = numberOf(where, 'momentum', options?.momentum, 0.1);
  const eps = epsOf(where, options);
  const [weight, bias] = [options?.weight ?? null, options?.bias ?? null];
  checkRunning(where, input, { runningMean, runningVar });
  if (!training) return byRunning(where, input, runningMean, runningVar, { weight, bias, eps });
  const count = input.numel() / input.shape[1];
  refuseSingle(where, count, input.shape);
  const [result, mean, , variance] = dispatch(ops.batchNorm, [input, weight, bias], { eps });
  // no samples have no statistics
  if (count > 0) {
    withoutGrad(() => {
      if (runningMean) move(runningMean, mean, momentum);
      if (runningVar) move(runningVar, variance, momentum, count / (count - 1));
    });
  }
  return result;
}

function byRunning(
  where: string,
  input: Tensor,
  mean: Tensor | null,
  variance: Tensor | null,
  { weight, bias, eps }: { readonly weight: Tensor | null; readonly bias: Tensor | null; readonly eps: number },
): Tensor {
  if (mean === null || variance === null)
    throw new ArgumentError(
      `${where}: runningMean and runningVar must be defined in evaluation mode, where the statistics of the input are not used`,
    );
  return dispatch(ops.batchNormInference, [input, mean, variance, weight, bias], { eps });
}

/**
 * Normalises each channel of each sample, over its positions
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html). Running statistics, if given, move towards the means over the samples.
 *
 * @param input `[N, C, …]`, with at least one position dim.
 * @throws ShapeError unless statistics, weight and bias are `[C]`, or if a channel has one position; ArgumentError without running statistics where
 * `useInputStats` is false; DTypeError for integers.
 */
export function instanceNorm(input: Tensor, options?: InstanceNormOptions): Tensor {
  const where = 'instanceNorm';
  checkOptions(where, options, [...affineOptions, 'runningMean', 'runningVar', 'useInputStats', 'momentum']);
  checkChannels(where, input);
  const momentum = numberOf(where, 'momentum', options?.momentum, 0.1);
  const eps = epsOf(where, options);
  const [weight, bias] = [options?.weight ?? null, options?.bias ?? null];
  const [runningMean, runningVar] = [options?.runningMean ?? null, options?.runningVar ?? null];
  checkRunning(where, input, { runningMean, runningVar });
  if (!flagOf(where, 'useInputStats', options?.useInputStats, true))
    return byRunning(where, input, runningMean, runningVar, { weight, bias, eps });
  const positions = numel(input.shape.slice(2));
  if (positions === 1)
    throw new ShapeError(
      `${where}: Expected more than 1 spatial element when training, got input size ${formatShape(input.shape)}`,
    );
  // each channel is a group of its own
  const groups = input.shape[1];
  if (groups === 0) return input.clone();
  const [result, mean] = dispatch(ops.groupNorm, [input, weight, bias], { groups, eps });
  if (runningMean || runningVar) {
    withoutGrad(() => {
      if (runningMean) move(runningMean, mean.mean(0), momentum);
      if (runningVar) move(runningVar, channelVariances(input), momentum);
    });
  }
  return result;
}

/** The unbiased variance of each channel over the positions, averaged over the samples. */
function channelVariances(input: Tensor): Tensor {
  const wide = statisticsDType(input.dtype);
  const x = input.dtype === wide ? input : input.to(wide);
  return x.flatten(2).var(2).mean(0);
}
