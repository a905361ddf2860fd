/** Losses as composites (https://pytorch.org/docs/stable/nn.functional.html#loss-functions). Inputs come before targets, weights last. */
import { dispatch } from '../dispatch.ts';
import { isFloat, resultType, scalarTypeName } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape, type Shape, sameShape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import { elementwise } from './elementwise.ts';

/** What becomes of the losses of the elements: their mean, their sum, or themselves. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Attributes of every loss. */
export interface LossAttrs {
  readonly reduction: Reduction;
}

/** Attributes of `nllLoss`: targets equal to `ignoreIndex` count for nothing. */
export interface NllLossAttrs extends LossAttrs {
  readonly ignoreIndex: number;
}

/** Attributes of `nllLossBackward`: the number of classes. */
export interface NllLossBackwardAttrs extends NllLossAttrs {
  readonly classes: number;
}

/** Attributes of `crossEntropy`. */
export interface CrossEntropyAttrs extends NllLossAttrs {
  readonly labelSmoothing: number;
}

/** Losses by op name. */
export interface LossOps {
  mseLoss: Sig<[Tensor, Tensor], LossAttrs>;
  l1Loss: Sig<[Tensor, Tensor], LossAttrs>;
  smoothL1Loss: Sig<[Tensor, Tensor], LossAttrs & { readonly beta: number }>;
  huberLoss: Sig<[Tensor, Tensor], LossAttrs & { readonly delta: number }>;
  /** Log-probabilities `[N, C, d…]`, classes `[N, d…]`, weights `[C]`. */
  nllLoss: Sig<[Tensor, Tensor, Tensor | null], NllLossAttrs>;
  /** Gradient of the loss, classes `[N, d…]`, weights `[C]`; to that of the log-probabilities. */
  nllLossBackward: Sig<[Tensor, Tensor, Tensor | null], NllLossBackwardAttrs>;
  /** Logits `[N, C, d…]`, classes `[N, d…]` or probabilities `[N, C, d…]`, weights `[C]`. */
  crossEntropy: Sig<[Tensor, Tensor, Tensor | null], CrossEntropyAttrs>;
  /** Probabilities, targets, weights. */
  binaryCrossEntropy: Sig<[Tensor, Tensor, Tensor | null], LossAttrs>;
  /** Logits, targets, weights, weights of the positive class. */
  binaryCrossEntropyWithLogits: Sig<[Tensor, Tensor, Tensor | null, Tensor | null], LossAttrs>;
}

function reduced(losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return losses;
  return reduction === 'mean' ? losses.mean() : losses.sum();
}

function pairMeta(name: string, input: Tensor, target: Tensor, { reduction }: LossAttrs): TensorMeta {
  requireTensor(name, input, 0);
  requireTensor(name, target, 1);
  const dtype = resultType([input, target]);
  if (!isFloat(dtype)) throw notImplementedFor(name, dtype);
  const shape = broadcastShapes([input.shape, target.shape], name);
  return { shape: reduction === 'none' ? shape : [], dtype };
}

/** A loss of the difference of two tensors that broadcast. */
/** {@link pairMeta} of two that are subtracted. */
function differenceMeta(name: string, input: Tensor, target: Tensor, attrs: LossAttrs): TensorMeta {
  const meta = pairMeta(name, input, target, attrs);
  if (input.dtype === 'bool' || target.dtype === 'bool')
    throw new DTypeError(
      `${name}: input and target must be numbers, got ${input.dtype} and ${target.dtype}; cast with .to(…)`,
    );
  return meta;
}

const distanceLoss = <A extends LossAttrs>(
  name: string,
  each: (difference: Tensor, attrs: A) => Tensor,
): OpSpec<Sig<[Tensor, Tensor], A>> =>
  new OpSpec<Sig<[Tensor, Tensor], A>>({
    name,
    infer: ([input, target], attrs) => differenceMeta(name, input, target, attrs),
    body: ([input, target], attrs) => reduced(each(input.sub(target), attrs), attrs.reduction),
  });

/** Half a square up to `limit`, a line from there on. */
function huber(difference: Tensor, limit: number): Tensor {
  const distance = difference.abs();
  const near = difference.square().mul(0.5);
  const far = distance.sub(0.5 * limit).mul(limit);
  return dispatch(elementwise.where, [distance.lt(limit), near, far], null);
}

/** The dim of the classes: 1, or 0 for a single sample. */
export const classDim = (input: { readonly ndim: number }): 0 | 1 => (input.ndim === 1 ? 0 : 1);

const withoutClasses = (shape: Shape): Shape => (shape.length === 1 ? [] : [shape[0], ...shape.slice(2)]);

function checkClassified(name: string, input: Tensor, weight: Tensor | null): void {
  requireTensor(name, input, 0);
  if (!isFloat(input.dtype)) throw notImplementedFor(name, input.dtype);
  if (input.ndim === 0)
    throw new ShapeError(`${name}: the input must have the shape [C], [N, C] or [N, C, d…], got a scalar`);
  if (weight === null) return;
  requireTensor(name, weight, 2);
  const classes = input.shape[classDim(input)];
  if (weight.ndim !== 1 || weight.shape[0] !== classes) {
    throw new ShapeError(
      `${name}: weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ${formatShape(weight.shape)}`,
    );
  }
  if (weight.dtype !== input.dtype) {
    throw new DTypeError(
      `${name}: expected scalar type ${scalarTypeName[input.dtype]} but found ${scalarTypeName[weight.dtype]} for weight`,
    );
  }
}

function nllMeta(
  name: string,
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { reduction }: NllLossAttrs,
): TensorMeta {
  checkClassified(name, input, weight);
  requireTensor(name, target, 1);
  if (target.dtype !== 'int64' && target.dtype !== 'uint8') {
    throw new DTypeError(
      `${name}: expected scalar type Long but found ${scalarTypeName[target.dtype]}: classes must be int64; cast with .to('int64')`,
    );
  }
  const shape = withoutClasses(input.shape);
  if (!sameShape(target.shape, shape)) {
    if (target.shape.length === shape.length && input.ndim === 2) {
      throw new ShapeError(
        `Expected input batch_size (${input.shape[0]}) to match target batch_size (${target.shape[0]}). In ${name}`,
      );
    }
    throw new ShapeError(
      `${name}: size mismatch (got input: ${formatShape(input.shape)}, target: ${formatShape(target.shape)}): classes must have the shape ${formatShape(shape)}`,
    );
  }
  return { shape: reduction === 'none' ? shape : [], dtype: input.dtype };
}

/** A mask of the ignored targets, and the targets with those replaced by class 0. */
export function splitIgnored(target: Tensor, ignoreIndex: number): { ignored: Tensor; classes: Tensor } {
  const ignored = target.eq(ignoreIndex);
  const classes = target.maskedFill(ignored, 0);
  return { ignored, classes: classes.dtype === 'int64' ? classes : classes.to('int64') };
}

/** Losses of the samples over what they weigh together; the ones that are ignored weigh nothing. */
function weightedMean(losses: Tensor, weights: Tensor | null, ignored: Tensor): Tensor {
  const total = weights ? weights.maskedFill(ignored, 0).sum() : ignored.logicalNot().sum();
  return losses.sum().div(total);
}

function negativeLogLikelihood(
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { reduction, ignoreIndex }: NllLossAttrs,
): Tensor {
  const dim = classDim(input);
  const { ignored, classes } = splitIgnored(target, ignoreIndex);
  const losses = input.gather(dim, classes.unsqueeze(dim)).squeeze(dim).neg();
  const weights = weight && weight.index([classes]);
  const counted = (weights ? losses.mul(weights) : losses).maskedFill(ignored, 0);
  if (reduction === 'mean') return weightedMean(counted, weights, ignored);
  return reduced(counted, reduction);
}

/** `[N, C, d…]` for targets `[N, d…]`. */
const withClasses = ([first, ...rest]: Shape, classes: number): Shape =>
  first === undefined ? [classes] : [first, classes, ...rest];

function nllBackwardMeta(
  grad: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { classes, reduction }: NllLossBackwardAttrs,
): TensorMeta {
  const name = 'nllLossBackward';
  requireTensor(name, grad, 0);
  requireTensor(name, target, 1);
  if (!isFloat(grad.dtype)) throw notImplementedFor(name, grad.dtype);
  if (target.dtype !== 'int64' && target.dtype !== 'uint8')
    throw new DTypeError(`${name}: expected scalar type Long but found ${scalarTypeName[target.dtype]} for target`);
  const shape = reduction === 'none' ? target.shape : [];
  if (!sameShape(grad.shape, shape))
    throw new ShapeError(`${name}: expected a gradient of shape ${formatShape(shape)}, got ${formatShape(grad.shape)}`);
  if (weight !== null) {
    requireTensor(name, weight, 2);
    if (!sameShape(weight.shape, [classes]))
      throw new ShapeError(`${name}: weight must have the shape [${classes}], got ${formatShape(weight.shape)}`);
  }
  return { shape: withClasses(target.shape, classes), dtype: grad.dtype };
}

/** Whether the targets of `crossEntropy` are probabilities rather than classes: they have the shape of the input. */
const areProbabilities = (input: Tensor, target: Tensor): boolean => sameShape(input.shape, target.shape);

function crossEntropyMeta(input: Tensor, target: Tensor, weight: Tensor | null, attrs: CrossEntropyAttrs): TensorMeta {
  const name = 'crossEntropy';
  requireTensor(name, input, 0);
  requireTensor(name, target, 1);
  if (!areProbabilities(input, target)) return nllMeta(name, input, target, weight, attrs);
  checkClassified(name, input, weight);
  if (!isFloat(target.dtype)) {
    throw new DTypeError(
      `${name}: Expected floating point type for target with class probabilities, got ${scalarTypeName[target.dtype]}`,
    );
  }
  if (attrs.ignoreIndex >= 0)
    throw new ArgumentError(`${name}: ignoreIndex is not supported for floating point target`);
  return { shape: attrs.reduction === 'none' ? withoutClasses(input.shape) : [], dtype: resultType([input, target]) };
}

/** Weights `[C]` beside `[N, C, d…]`. */
function besideClasses(weight: Tensor, input: Tensor): Tensor {
  let beside = weight;
  for (let d = 2; d < input.ndim; d++) beside = beside.unsqueeze(-1);
  return beside;
}

/** Against class probabilities: -Σ w · p · log q over the classes, each sample counting as one. */
function probabilityCrossEntropy(
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  attrs: CrossEntropyAttrs,
): Tensor {
  const dim = classDim(input);
  const { labelSmoothing, reduction } = attrs;
  const uniform = labelSmoothing / input.shape[dim];
  const smooth = labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(uniform);
  const products = input.logSoftmax(dim).mul(smooth);
  const weighted = weight ? products.mul(besideClasses(weight, input)) : products;
  return reduced(weighted.sum(dim).neg(), reduction);
}

/** Against classes: the negative log-likelihood, mixed with the mean over all classes where labels are smoothed. */
function classCrossEntropy(input: Tensor, target: Tensor, weight: Tensor | null, attrs: CrossEntropyAttrs): Tensor {
  const { reduction, ignoreIndex, labelSmoothing } = attrs;
  const dim = classDim(input);
  const logs = input.logSoftmax(dim);
  const likelihood = dispatch(loss.nllLoss, [logs, target, weight], { reduction, ignoreIndex });
  if (labelSmoothing === 0) return likelihood;
  const { ignored, classes } = splitIgnored(target, ignoreIndex);
  const weighted = weight ? logs.mul(besideClasses(weight, input)) : logs;
  const losses = weighted.sum(dim).neg().maskedFill(ignored, 0);
  const smooth =
    reduction === 'mean'
      ? weightedMean(losses, weight && weight.index([classes]), ignored)
      : reduced(losses, reduction);
  return likelihood.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / input.shape[dim]));
}

function binaryMeta(
  name: string,
  input: Tensor,
  target: Tensor,
  weights: readonly (Tensor | null)[],
  attrs: LossAttrs,
): TensorMeta {
  requireTensor(name, input, 0);
  requireTensor(name, target, 1);
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(
      `${name}: Target size (${formatShape(target.shape)}) must be the same as input size (${formatShape(input.shape)}). Please ensure they have the same size.`,
    );
  }
  weights.forEach((weight, i) => {
    if (weight === null) return;
    requireTensor(name, weight, 2 + i);
    if (!sameShape(broadcastShapes([weight.shape, input.shape], name), input.shape)) {
      throw new ShapeError(
        `${name}: a weight of shape ${formatShape(weight.shape)} can't be expanded to ${formatShape(input.shape)}`,
      );
    }
  });
  const dtype = resultType([input, target, ...weights]);
  if (!isFloat(input.dtype) || !isFloat(dtype)) throw notImplementedFor(name, input.dtype);
  if (target.dtype === 'bool')
    throw new DTypeError(`${name}: the target must be of probabilities, got bool; use target.to('${input.dtype}')`);
  return { shape: attrs.reduction === 'none' ? input.shape : [], dtype };
}

/** -(t · log x + (1 - t) · log(1 - x)), with logarithms not below -100 as in PyTorch. */
function binaryLosses(x: Tensor, t: Tensor): Tensor {
  return t
    .sub(1)
    .mul(x.neg().log1p().clamp(-100))
    .sub(t.mul(x.log().clamp(-100)));
}

/** log(1 + exp(-x)) without overflow. */
export const softplusOfNegative = (x: Tensor): Tensor => x.neg().clamp(0).add(x.abs().neg().exp().log1p());

/** (1 - t) · x + (1 + (w - 1) · t) · log(1 + exp(-x)). */
function logitLosses(x: Tensor, t: Tensor, posWeight: Tensor | null): Tensor {
  const softplus = softplusOfNegative(x);
  const positive = posWeight ? posWeight.sub(1).mul(t).add(1).mul(softplus) : softplus;
  return t.neg().add(1).mul(x).add(positive);
}

/** Rows by op name. */
export const loss: { readonly [K in keyof LossOps]: OpSpec<LossOps[K]> } = {
  mseLoss: distanceLoss('mseLoss', (difference) => difference.square()),
  l1Loss: distanceLoss('l1Loss', (difference) => difference.abs()),
  smoothL1Loss: distanceLoss('smoothL1Loss', (difference, { beta }) =>
    beta === 0 ? difference.abs() : huber(difference, beta).div(beta),
  ),
  huberLoss: distanceLoss('huberLoss', (difference, { delta }) => huber(difference, delta)),
  nllLoss: new OpSpec<LossOps['nllLoss']>({
    name: 'nllLoss',
    infer: ([input, target, weight], attrs) => nllMeta('nllLoss', input, target, weight, attrs),
    body([input, target, weight], attrs) {
      nllMeta('nllLoss', input, target, weight, attrs);
      return negativeLogLikelihood(input, target, weight, attrs);
    },
  }),
  // -w_t x_t, summed or averaged by weight: a gradient at the target class only
  nllLossBackward: new OpSpec<LossOps['nllLossBackward']>({
    name: 'nllLossBackward',
    infer: ([grad, target, weight], attrs) => nllBackwardMeta(grad, target, weight, attrs),
    body([grad, target, weight], attrs) {
      const { ignored, classes } = splitIgnored(target, attrs.ignoreIndex);
      const weights = weight && weight.index([classes]).maskedFill(ignored, 0);
      const total = (): Tensor => (weights ? weights.sum() : ignored.logicalNot().sum());
      const share = (attrs.reduction === 'mean' ? grad.div(total()) : grad).neg().expand(target.shape);
      // filled rather than multiplied: where all are ignored the share is NaN
      const each = (weights ? share.mul(weights) : share).maskedFill(ignored, 0);
      const dim = target.ndim === 0 ? 0 : 1;
      const zeros = grad.newZeros(withClasses(target.shape, attrs.classes));
      const source = each.dtype === zeros.dtype ? each : each.to(zeros.dtype);
      return zeros.scatter(dim, classes.unsqueeze(dim), source.unsqueeze(dim));
    },
  }),
  crossEntropy: new OpSpec<LossOps['crossEntropy']>({
    name: 'crossEntropy',
    infer: ([input, target, weight], attrs) => crossEntropyMeta(input, target, weight, attrs),
    body([input, target, weight], attrs) {
      crossEntropyMeta(input, target, weight, attrs);
      const form = areProbabilities(input, target) ? probabilityCrossEntropy : classCrossEntropy;
      return form(input, target, weight, attrs);
    },
  }),
  binaryCrossEntropy: new OpSpec<LossOps['binaryCrossEntropy']>({
    name: 'binaryCrossEntropy',
    infer: ([input, target, weight], attrs) => binaryMeta('binaryCrossEntropy', input, target, [weight], attrs),
    body([input, target, weight], attrs) {
      binaryMeta('binaryCrossEntropy', input, target, [weight], attrs);
      const losses = binaryLosses(input, target);
      return reduced(weight ? losses.mul(weight) : losses, attrs.reduction);
    },
  }),
  binaryCrossEntropyWithLogits: new OpSpec<LossOps['binaryCrossEntropyWithLogits']>({
    name: 'binaryCrossEntropyWithLogits',
    infer: ([input, target, weight, posWeight], attrs) =>
      binaryMeta('binaryCrossEntropyWithLogits', input, target, [weight, posWeight], attrs),
    body([input, target, weight, posWeight], attrs) {
      binaryMeta('binaryCrossEntropyWithLogits', input, target, [weight, posWeight], attrs);
      const losses = logitLosses(input, target, posWeight);
      return reduced(weight ? losses.mul(weight) : losses, attrs.reduction);
    },
  }),
};
