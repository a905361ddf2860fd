/** Losses that are made of other ops (https://pytorch.org/docs/stable/nn.functional.html#loss-functions); core has the everyday ones. */
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  describe,
  formatShape,
  full,
  isTensor,
  type LossOptions,
  logsigmoid,
  type Reduction,
  ShapeError,
  sameShape,
  softplus,
  type Tensor,
  where,
  withoutGrad,
} from '@tenfold/tensor-core';
import { checkFlag, checkMargin, checkMultiMargin, checkNumber } from '../checks.ts';
import { pairwiseDistance } from './distance.ts';

/** Options of `klDiv`. */
export interface KlDivOptions {
  /** As of other losses, or `'batchmean'`: the sum over the first size, which is the divergence as it is defined. Default `'mean'`. */
  reduction?: Reduction | 'batchmean';
  /** Whether the target holds log-probabilities too. Default false. */
  logTarget?: boolean;
}

/** Options of `poissonNllLoss`. */
export interface PoissonNllLossOptions extends LossOptions {
  /** Whether the input is the logarithm of the rate. Default true. */
  logInput?: boolean;
  /** Whether Stirling's approximation of the constant is added. Default false. */
  full?: boolean;
  /** What keeps a rate from being 0. Default 1e-8. */
  eps?: number;
}

/** Options of `gaussianNllLoss`. */
export interface GaussianNllLossOptions extends LossOptions {
  /** Whether the constant is added. Default false. */
  full?: boolean;
  /** The least variance. Default 1e-6. */
  eps?: number;
}

/** Options of losses with a margin. */
export interface MarginLossOptions extends LossOptions {
  /** Default 0; 1 of `hingeEmbeddingLoss`. */
  margin?: number;
}

/** Options of `multiMarginLoss`. */
export interface MultiMarginLossOptions extends LossOptions {
  /** The exponent. Default 1. */
  p?: 1 | 2;
  /** Default 1. */
  margin?: number;
  /** A weight for each class, `[C]`. */
  weight?: Tensor | null;
}

/** Options of `multilabelSoftMarginLoss`. */
export interface MultiLabelSoftMarginLossOptions extends LossOptions {
  /** A weight for each class, `[C]`. */
  weight?: Tensor | null;
}

/** Options of `tripletMarginLoss`. */
export interface TripletMarginLossOptions extends LossOptions {
  /** Above 0. Default 1. */
  margin?: number;
  /** The order of the norm. Default 2. */
  p?: number;
  /** What is added to the differences. Default 1e-6. */
  eps?: number;
  /** Whether the negative's distance from the positive counts where it is smaller than that from the anchor. Default false. */
  swap?: boolean;
}

/** Options of `tripletMarginWithDistanceLoss`. */
export interface TripletMarginWithDistanceLossOptions extends LossOptions {
  /** Distances of two batches. Default: {@link pairwiseDistance}. */
  distanceFunction?: ((x1: Tensor, x2: Tensor) => Tensor) | null;
  /** Above 0. Default 1. */
  margin?: number;
  /** Whether the negative's distance from the positive counts where it is smaller than that from the anchor. Default false. */
  swap?: boolean;
}

const reductions: readonly unknown[] = ['mean', 'sum', 'none'];

/** Checks what all losses take: tensors by name, and options with a reduction. */
function check(
  name: string,
  tensors: { readonly [name: string]: unknown },
  options: object | undefined,
  known: readonly string[] = [],
  more: readonly unknown[] = [],
): void {
  checkOptions(name, options, ['reduction', ...known]);
  for (const [what, x] of Object.entries(tensors))
    if (!isTensor(x)) throw new ArgumentError(`${name}: ${what} must be a tensor, got ${describe(x)}`);
  const reduction: unknown = (options as LossOptions | undefined)?.reduction ?? 'mean';
  if (!reductions.includes(reduction) && !more.includes(reduction))
    throw new ArgumentError(
      `${name}: ${describe(reduction)} is not a valid value for reduction; choose ${[...reductions, ...more].map((x) => `'${x}'`).join(', ')}`,
    );
}

/** The losses together, as the options say. */
function reduced(losses: Tensor, options: LossOptions | undefined): Tensor {
  const reduction = options?.reduction ?? 'mean';
  if (reduction === 'none') return losses;
  return reduction === 'mean' ? losses.mean() : losses.sum();
}

const aboveZero = (x: Tensor): Tensor => x.clamp(0);

/**
 * The Kullback-Leibler divergence of each element, t · (log t - x) (https://pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html).
 *
 * @param input log-probabilities.
 * @param target probabilities, or their logarithms with `logTarget`.
 * @throws ShapeError if the shapes don't broadcast.
 * @example klDiv(input, target, { reduction: 'batchmean' })
 */
export function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor {
  check('klDiv', { input, target }, options, ['logTarget'], ['batchmean']);
  const { reduction = 'mean', logTarget = false } = options ?? {};
  const losses = checkFlag('klDiv: logTarget', logTarget)
    ? target.exp().mul(target.sub(input))
    : target.xlogy(target).sub(target.mul(input));
  if (reduction !== 'batchmean') return reduced(losses, { reduction });
  return input.ndim === 0 ? losses.sum() : losses.sum().div(input.shape[0]);
}

/** exp(x) - t·x, or x - t·log(x + ε) (https://pytorch.org/docs/stable/generated/torch.nn.functional.poisson_nll_loss.html). */
export function poissonNllLoss(input: Tensor, target: Tensor, options?: PoissonNllLossOptions): Tensor {
  const name = 'poissonNllLoss';
  check(name, { input, target }, options, ['logInput', 'full', 'eps']);
  const { logInput = true, full: complete = false, eps = 1e-8 } = options ?? {};
  checkNumber(`${name}: eps`, eps);
  const losses = checkFlag(`${name}: logInput`, logInput)
    ? input.exp().sub(target.mul(input))
    : input.sub(target.mul(input.add(eps).log()));
  if (!checkFlag(`${name}: full`, complete)) return reduced(losses, options);
  // Stirling's log(t!), for t above 1
  const stirling = target
    .mul(target.log())
    .sub(target)
    .add(
      target
        .mul(2 * Math.PI)
        .log()
        .mul(0.5),
    );
  return reduced(losses.add(stirling.maskedFill(target.le(1), 0)), options);
}

/**
 * ½ (log v + (x - t)² / v) of a normal distribution (https://pytorch.org/docs/stable/generated/torch.nn.functional.gaussian_nll_loss.html).
 *
 * @param variance of the input's shape, or without its last dim, or with 1 there; or a number. What is below `eps` counts as `eps`, negative ones too, since
 * nothing is read back to refuse them.
 * @throws ShapeError for another shape of the variance.
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor | number,
  options?: GaussianNllLossOptions,
): Tensor {
  const name = 'gaussianNllLoss';
  const given =
    typeof variance === 'number' && isTensor(input)
      ? full([...input.shape], variance, { dtype: input.dtype, device: input.device })
      : variance;
  check(name, { input, target, var: given }, options, ['full', 'eps']);
  if (typeof variance === 'number' && variance < 0) throw new ArgumentError(`${name}: var has negative entry/entries`);
  const { full: complete = false, eps = 1e-6 } = options ?? {};
  checkNumber(`${name}: eps`, eps);
  const clipped = besideInput(name, given as Tensor, input).clone();
  // the gradient is that of the variance itself
  withoutGrad(() => clipped.clamp_(eps));
  const losses = clipped.log().add(input.sub(target).square().div(clipped)).mul(0.5);
  return reduced(checkFlag(`${name}: full`, complete) ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses, options);
}

function besideInput(name: string, variance: Tensor, { shape }: Tensor): Tensor {
  if (sameShape(variance.shape, shape)) return variance;
  const leading = shape.slice(0, -1);
  if (sameShape(variance.shape, leading)) return variance.unsqueeze(-1);
  if (sameShape(variance.shape, [...leading, 1])) return variance;
  throw new ShapeError(
    `${name}: var is of incorrect size: ${formatShape(variance.shape)} for an input of shape ${formatShape(shape)}`,
  );
}

/**
 * 1 - cos(x1, x2) where the target is 1, max(0, cos(x1, x2) - margin) where it is -1
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html).
 *
 * @param target `[N]` for inputs `[N, D]`, or `[]` for inputs `[D]`.
 * @throws ShapeError for other numbers of dims.
 */
export function cosineEmbeddingLoss(x1: Tensor, x2: Tensor, target: Tensor, options?: MarginLossOptions): Tensor {
  const name = 'cosineEmbeddingLoss';
  check(name, { input1: x1, input2: x2, target }, options, ['margin']);
  if (target.ndim > 1) throw new ShapeError(`${name}: 0D or 1D target tensor expected, multi-target not supported`);
  if (x1.ndim !== target.ndim + 1 || x2.ndim !== target.ndim + 1)
    throw new ShapeError(
      `${name}: ${target.ndim}D target tensor expects ${target.ndim + 1}D input tensors, but found inputs with sizes ${formatShape(x1.shape)} and ${formatShape(x2.shape)}.`,
    );
  const margin = checkNumber(`${name}: margin`, options?.margin ?? 0);
  const squares = (x: Tensor): Tensor => x.square().sum(-1).add(1e-12);
  const cosine = x1
    .mul(x2)
    .sum(-1)
    .div(squares(x1).mul(squares(x2)).sqrt());
  const similar = cosine.rsub(1).maskedFill(target.ne(1), 0);
  const different = aboveZero(cosine.sub(margin)).maskedFill(target.ne(-1), 0);
  return reduced(similar.add(different), options);
}

/** x where the target is 1, max(0, margin - x) where it is -1 (https://pytorch.org/docs/stable/generated/torch.nn.functional.hinge_embedding_loss.html). */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options?: MarginLossOptions): Tensor {
  const name = 'hingeEmbeddingLoss';
  check(name, { input, target }, options, ['margin']);
  const margin = checkNumber(`${name}: margin`, options?.margin ?? 1);
  const far = where(target.ne(1), aboveZero(input.rsub(margin)), 0);
  return reduced(far.add(where(target.ne(-1), input, 0)), options);
}

/**
 * max(0, -t · (x1 - x2) + margin) (https://pytorch.org/docs/stable/generated/torch.nn.functional.margin_ranking_loss.html).
 *
 * @throws ShapeError unless all have as many dims.
 */
export function marginRankingLoss(x1: Tensor, x2: Tensor, target: Tensor, options?: MarginLossOptions): Tensor {
  const name = 'marginRankingLoss';
  check(name, { input1: x1, input2: x2, target }, options, ['margin']);
  if (x1.ndim !== x2.ndim || x1.ndim !== target.ndim)
    throw new ShapeError(
      `${name}: All input tensors should have same dimension but got sizes: input1: ${formatShape(x1.shape)}, input2: ${formatShape(x2.shape)}, target: ${formatShape(target.shape)}`,
    );
  const margin = checkNumber(`${name}: margin`, options?.margin ?? 0);
  return reduced(aboveZero(target.neg().mul(x1.sub(x2)).add(margin)), options);
}

function requireClasses(name: string, target: Tensor): void {
  if (target.dtype !== 'int64')
    throw new DTypeError(`${name}: expected scalar type Long but found ${target.dtype}; cast with .to('int64')`);
}

/**
 * w_t · Σ max(0, margin - x_t + x_i)ᵖ / C over the classes i ≠ t (https://pytorch.org/docs/stable/generated/torch.nn.functional.multi_margin_loss.html).
 *
 * @param input `[N, C]` or `[C]`.
 * @param target classes, int64 `[N]` or `[]`.
 * @throws ShapeError, DTypeError if they don't fit; IndexError for a class out of range; ArgumentError for a `p` of neither 1 nor 2.
 */
export function multiMarginLoss(input: Tensor, target: Tensor, options?: MultiMarginLossOptions): Tensor {
  const name = 'multiMarginLoss';
  check(name, { input, target }, options, ['p', 'margin', 'weight']);
  const { p = 1, margin = 1, weight = null } = options ?? {};
  checkMultiMargin(name, p, weight);
  checkNumber(`${name}: margin`, margin);
  if (input.ndim < 1 || input.ndim > 2)
    throw new ShapeError(
      `${name}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: ${formatShape(input.shape)}`,
    );
  requireClasses(name, target);
  const dim = input.ndim - 1;
  if (!sameShape(target.shape, input.shape.slice(0, dim)))
    throw new ShapeError(
      `${name}: inconsistent target size, expected ${formatShape(input.shape.slice(0, dim))} but got ${formatShape(target.shape)}`,
    );
  const classes = input.shape[dim];
  if (weight && weight.shape[0] !== classes)
    throw new ShapeError(
      `${name}: inconsistent weight size, expected [${classes}] but got ${formatShape(weight.shape)}`,
    );
  const at = target.unsqueeze(dim);
  const violations = input.sub(input.gather(dim, at)).add(margin).scatter(dim, at, 0).relu();
  const powers = p === 1 ? violations : violations.square();
  const weighted = weight ? powers.mul(weight.index([target]).unsqueeze(dim)) : powers;
  return reduced(weighted.sum(dim).div(classes), options);
}

/**
 * Σ max(0, 1 - x_t + x_i) / C over the classes t of a sample and the others, i (https://pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_margin_loss.html).
 *
 * @param input `[N, C]` or `[C]`.
 * @param target classes of each sample up to the first -1, int64 of the input's shape.
 * @throws ShapeError, DTypeError if they don't fit; IndexError for a class out of range.
 */
export function multilabelMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  const name = 'multilabelMarginLoss';
  check(name, { input, target }, options);
  if (input.ndim < 1 || input.ndim > 2)
    throw new ShapeError(
      `${name}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: ${formatShape(input.shape)}`,
    );
  requireClasses(name, target);
  if (!sameShape(target.shape, input.shape))
    throw new ShapeError(
      `${name}: inconsistent size ${formatShape(target.shape)} for argument #2 'target', expected ${formatShape(input.shape)}`,
    );
  const dim = input.ndim - 1;
  const over = target.eq(-1).to('int64').cumsum(dim).gt(0);
  const at = target.maskedFill(over, 0);
  const counts = at.newZeros([...at.shape]).scatterAdd(dim, at, over.logicalNot().to('int64'));
  const violations = input.unsqueeze(dim).sub(input.gather(dim, at).unsqueeze(-1)).add(1).relu();
  const left = counts.gt(0).unsqueeze(dim).logicalOr(over.unsqueeze(-1));
  return reduced(violations.maskedFill(left, 0).sum([-2, -1]).div(input.shape[dim]), options);
}

/**
 * The mean over classes of -(t · log σ(x) + (1 - t) · log σ(-x))
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_soft_margin_loss.html).
 *
 * @param input `[…, C]`.
 */
export function multilabelSoftMarginLoss(
  input: Tensor,
  target: Tensor,
  options?: MultiLabelSoftMarginLossOptions,
): Tensor {
  check('multilabelSoftMarginLoss', { input, target }, options, ['weight']);
  const weight = options?.weight ?? null;
  const losses = target
    .mul(logsigmoid(input))
    .add(target.rsub(1).mul(logsigmoid(input.neg())))
    .neg();
  return reduced((weight ? losses.mul(weight) : losses).mean(-1), options);
}

/** log(1 + exp(-t·x)) (https://pytorch.org/docs/stable/generated/torch.nn.functional.soft_margin_loss.html), without overflow. */
export function softMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  check('softMarginLoss', { input, target }, options);
  return reduced(softplus(target.neg().mul(input), { threshold: Number.POSITIVE_INFINITY }), options);
}

/**
 * max(0, d(anchor, positive) - d(anchor, negative) + margin), d being a p-norm
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_loss.html), of `[N, D]` or `[D]`.
 *
 * @throws ShapeError unless all have as many dims, ArgumentError for a margin that is not above 0.
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options?: TripletMarginLossOptions,
): Tensor {
  const name = 'tripletMarginLoss';
  check(name, { anchor, positive, negative }, options, ['margin', 'p', 'eps', 'swap']);
  const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction } = options ?? {};
  checkMargin(name, margin);
  checkFlag(`${name}: swap`, swap);
  const dims = [anchor, positive, negative].map((x) => x.ndim);
  if (dims.some((n) => n !== dims[0]))
    throw new ShapeError(
      `${name}: All inputs should have same dimension but got ${dims[0]}D, ${dims[1]}D and ${dims[2]}D inputs.`,
    );
  return triplet(anchor, positive, negative, (a, b) => pairwiseDistance(a, b, { p, eps }), { margin, swap, reduction });
}

/**
 * {@link tripletMarginLoss} with distances of one's own
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html).
 *
 * @throws ArgumentError for a margin that is not above 0.
 */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options?: TripletMarginWithDistanceLossOptions,
): Tensor {
  const name = 'tripletMarginWithDistanceLoss';
  check(name, { anchor, positive, negative }, options, ['distanceFunction', 'margin', 'swap']);
  const { distanceFunction, margin = 1, swap = false, reduction } = options ?? {};
  checkMargin(name, margin);
  checkFlag(`${name}: swap`, swap);
  return triplet(anchor, positive, negative, distanceFunction ?? pairwiseDistance, { margin, swap, reduction });
}

function triplet(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  distance: (x1: Tensor, x2: Tensor) => Tensor,
  { margin, swap, reduction }: { readonly margin: number; readonly swap: boolean; readonly reduction?: Reduction },
): Tensor {
  const near = distance(anchor, positive);
  const direct = distance(anchor, negative);
  const far = swap ? direct.minimum(distance(positive, negative)) : direct;
  return reduced(aboveZero(near.sub(far).add(margin)), { reduction });
}
