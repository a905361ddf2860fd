/** Losses. `reduction` is `'mean'` (default), `'sum'` or `'none'`. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { loss as ops, type Reduction } from '../ops/loss.ts';
import { checkInteger } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Options of every loss. */
export interface LossOptions {
  /** What becomes of the losses of the elements. Default `'mean'`. */
  reduction?: Reduction;
}

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends LossOptions {
  /** The distance at which the square becomes a line; 0 is {@link l1Loss}. Default 1. */
  beta?: number;
}

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends LossOptions {
  /** The distance at which the square becomes a line, above 0. Default 1. */
  delta?: number;
}

/** Options of {@link nllLoss}. */
export interface NllLossOptions extends LossOptions {
  /** A weight for each class, `[C]`. */
  weight?: Tensor | null;
  /** Targets of this class count for nothing. Default -100. */
  ignoreIndex?: number;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** The share of the target that is spread evenly over the classes, 0 to 1. Default 0. */
  labelSmoothing?: number;
}

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** A factor for the loss of each element; broadcasts to the input. */
  weight?: Tensor | null;
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor for positive targets; broadcasts to the input. */
  posWeight?: Tensor | null;
}

const plainOptions = ['reduction'];

function reductionOf(where: string, options: LossOptions | undefined, more: readonly string[] = []): Reduction {
  checkOptions(where, options, more.length === 0 ? plainOptions : ['reduction', ...more]);
  const reduction: unknown = options?.reduction ?? 'mean';
  if (reduction === 'mean' || reduction === 'sum' || reduction === 'none') return reduction;
  throw new ArgumentError(
    `${where}: ${describe(reduction)} is not a valid value for reduction; choose 'mean', 'sum' or 'none'`,
  );
}

function numberOf(where: string, value: unknown, valid: (x: number) => boolean, must: string): number {
  if (typeof value === 'number' && valid(value)) return value;
  throw new ArgumentError(`${where}: ${must}. Got: ${describe(value)}`);
}

/**
 * The squared difference, (x - t)² (https://pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html). Shapes broadcast.
 *
 * @throws DTypeError for integers, ShapeError if the shapes don't broadcast.
 */
export function mseLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  return dispatch(ops.mseLoss, [input, target], { reduction: reductionOf('mseLoss', options) });
}

/** The absolute difference, |x - t| (https://pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html); see {@link mseLoss}. */
export function l1Loss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  return dispatch(ops.l1Loss, [input, target], { reduction: reductionOf('l1Loss', options) });
}

/** (x - t)² / (2 β) where |x - t| < β, |x - t| - β / 2 elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html). */
export function smoothL1Loss(input: Tensor, target: Tensor, options?: SmoothL1LossOptions): Tensor {
  const reduction = reductionOf('smoothL1Loss', options, ['beta']);
  const beta = numberOf(
    'smoothL1Loss',
    options?.beta ?? 1,
    (x) => x >= 0,
    'smooth_l1_loss does not support negative values for beta',
  );
  return dispatch(ops.smoothL1Loss, [input, target], { reduction, beta });
}

/** (x - t)² / 2 where |x - t| < δ, δ (|x - t| - δ / 2) elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.huber_loss.html). */
export function huberLoss(input: Tensor, target: Tensor, options?: HuberLossOptions): Tensor {
  const reduction = reductionOf('huberLoss', options, ['delta']);
  const delta = numberOf(
    'huberLoss',
    options?.delta ?? 1,
    (x) => x > 0,
    'huber_loss does not support non-positive values for delta',
  );
  return dispatch(ops.huberLoss, [input, target], { reduction, delta });
}

/**
 * The negative log-likelihood of classes (https://pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html).
 *
 * @param input log-probabilities `[N, C, d…]` or `[C]`.
 * @param target classes, int64 `[N, d…]` or `[]`, each below C.
 * @throws ShapeError, DTypeError if they don't fit; IndexError for a class out of range.
 */
export function nllLoss(input: Tensor, target: Tensor, options?: NllLossOptions): Tensor {
  const reduction = reductionOf('nllLoss', options, ['weight', 'ignoreIndex']);
  const ignoreIndex = checkInteger(options?.ignoreIndex ?? -100, 'nllLoss: ignoreIndex');
  return dispatch(ops.nllLoss, [input, target, options?.weight ?? null], { reduction, ignoreIndex });
}

/**
 * The cross entropy of logits against classes or class probabilities (https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html).
 * With weights the mean is over the weights of the classes that occur.
 *
 * @param input logits `[N, C, d…]` or `[C]`.
 * @param target classes, int64 `[N, d…]` or `[]`; or probabilities of the input's shape and a float dtype.
 * @example `crossEntropy(logits, labels, { labelSmoothing: 0.1 })`
 * @throws ShapeError, DTypeError if they don't fit; IndexError for a class out of range.
 */
export function crossEntropy(input: Tensor, target: Tensor, options?: CrossEntropyOptions): Tensor {
  const reduction = reductionOf('crossEntropy', options, ['weight', 'ignoreIndex', 'labelSmoothing']);
  const ignoreIndex = checkInteger(options?.ignoreIndex ?? -100, 'crossEntropy: ignoreIndex');
  const labelSmoothing = numberOf(
    'crossEntropy',
    options?.labelSmoothing ?? 0,
    (x) => x >= 0 && x <= 1,
    'label_smoothing must be between 0.0 and 1.0',
  );
  return dispatch(ops.crossEntropy, [input, target, options?.weight ?? null], {
    reduction,
    ignoreIndex,
    labelSmoothing,
  });
}

/**
 * -(t · log x + (1 - t) · log(1 - x)) of probabilities x in [0, 1], with logarithms not below -100
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html). Probabilities outside of [0, 1] give NaN.
 *
 * @throws ShapeError unless input and target have one shape.
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options?: BinaryCrossEntropyOptions): Tensor {
  const reduction = reductionOf('binaryCrossEntropy', options, ['weight']);
  return dispatch(ops.binaryCrossEntropy, [input, target, options?.weight ?? null], { reduction });
}

/**
 * {@link binaryCrossEntropy} of sigmoid(x), computed without overflow
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html).
 *
 * @throws ShapeError unless input and target have one shape.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options?: BinaryCrossEntropyWithLogitsOptions,
): Tensor {
  const reduction = reductionOf('binaryCrossEntropyWithLogits', options, ['weight', 'posWeight']);
  const inputs: [Tensor, Tensor, Tensor | null, Tensor | null] = [
    input,
    target,
    options?.weight ?? null,
    options?.posWeight ?? null,
  ];
  return dispatch(ops.binaryCrossEntropyWithLogits, inputs, { reduction });
}
