/** Losses as modules: options at construction, `forward(input, target)`. */
import {
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  type CrossEntropyOptions,
  checkOptions,
  type HuberLossOptions,
  type LossOptions,
  type NllLossOptions,
  type Reduction,
  type SmoothL1LossOptions,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkFlag, checkMargin, checkMultiMargin, checkNumber } from '../checks.ts';
import {
  cosineEmbeddingLoss,
  type GaussianNllLossOptions,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  type KlDivOptions,
  klDiv,
  type MarginLossOptions,
  type MultiLabelSoftMarginLossOptions,
  type MultiMarginLossOptions,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  type PoissonNllLossOptions,
  poissonNllLoss,
  softMarginLoss,
  type TripletMarginLossOptions,
  type TripletMarginWithDistanceLossOptions,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from '../functional/loss.ts';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huberLoss,
  l1Loss,
  mseLoss,
  nllLoss,
  smoothL1Loss,
} from '../functional.ts';
import { Module } from '../module.ts';
import { PairwiseDistance } from './distance.ts';

/** What all losses share. */
export abstract class Loss extends Module {
  readonly reduction: Reduction;

  constructor(options: LossOptions | undefined, more: readonly string[] = []) {
    super();
    checkOptions(new.target.name, options, ['reduction', ...more]);
    this.reduction = options?.reduction ?? 'mean';
  }
}

/** A loss with a weight, which is a buffer: it moves with the module and is saved. */
abstract class WeightedLoss extends Loss {
  declare readonly weight: Tensor | null;

  constructor(options: BinaryCrossEntropyOptions | undefined, more: readonly string[] = []) {
    super(options, ['weight', ...more]);
    this.registerBuffer('weight', options?.weight ?? null);
  }
}

/** The mean squared error (https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html). */
export class MSELoss extends Loss {
  constructor(options?: LossOptions) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, { reduction: this.reduction });
  }
}

/** The mean absolute error (https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html). */
export class L1Loss extends Loss {
  constructor(options?: LossOptions) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, { reduction: this.reduction });
  }
}

/** A square near the target, a line far from it (https://pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html). */
export class SmoothL1Loss extends Loss {
  readonly beta: number;

  constructor(options?: SmoothL1LossOptions) {
    super(options, ['beta']);
    this.beta = options?.beta ?? 1;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
}

/** Half a square near the target, a line far from it (https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html). */
export class HuberLoss extends Loss {
  readonly delta: number;

  constructor(options?: HuberLossOptions) {
    super(options, ['delta']);
    this.delta = options?.delta ?? 1;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, { reduction: this.reduction, delta: this.delta });
  }
}

/** The negative log-likelihood of log-probabilities (https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html). */
export class NLLLoss extends WeightedLoss {
  readonly ignoreIndex: number;

  constructor(options?: NllLossOptions) {
    super(options, ['ignoreIndex']);
    this.ignoreIndex = options?.ignoreIndex ?? -100;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, { reduction: this.reduction, weight: this.weight, ignoreIndex: this.ignoreIndex });
  }
}

/** The cross entropy of logits against classes or probabilities (https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html). */
export class CrossEntropyLoss extends WeightedLoss {
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;

  constructor(options?: CrossEntropyOptions) {
    super(options, ['ignoreIndex', 'labelSmoothing']);
    this.ignoreIndex = options?.ignoreIndex ?? -100;
    this.labelSmoothing = options?.labelSmoothing ?? 0;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { reduction, weight, ignoreIndex, labelSmoothing } = this;
    return crossEntropy(input, target, { reduction, weight, ignoreIndex, labelSmoothing });
  }
}

/** The cross entropy of probabilities of two classes (https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html). */
export class BCELoss extends WeightedLoss {
  constructor(options?: BinaryCrossEntropyOptions) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { reduction: this.reduction, weight: this.weight });
  }
}

/** The cross entropy of logits of two classes (https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html). */
export class BCEWithLogitsLoss extends WeightedLoss {
  constructor(options?: BinaryCrossEntropyWithLogitsOptions) {
    super(options, ['posWeight']);
    this.registerBuffer('pos_weight', options?.posWeight ?? null);
  }

  /** The factor for positive targets, or `null`. It is saved under PyTorch's name, `pos_weight`. */
  get posWeight(): Tensor | null {
    return (this as { pos_weight?: Tensor | null }).pos_weight ?? null;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { reduction, weight, posWeight } = this;
    return binaryCrossEntropyWithLogits(input, target, { reduction, weight, posWeight });
  }
}

/** The Kullback-Leibler divergence from log-probabilities to probabilities (https://pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html); `'batchmean'` is its definition. */
export class KLDivLoss extends Module {
  readonly reduction: Reduction | 'batchmean';
  readonly logTarget: boolean;

  constructor(options?: KlDivOptions) {
    super();
    checkOptions('KLDivLoss', options, ['reduction', 'logTarget']);
    this.reduction = options?.reduction ?? 'mean';
    this.logTarget = checkFlag('KLDivLoss: logTarget', options?.logTarget ?? false);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}

/** The negative log-likelihood of counts of a Poisson distribution (https://pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html). */
export class PoissonNLLLoss extends Loss {
  readonly logInput: boolean;
  readonly full: boolean;
  readonly eps: number;

  constructor(options?: PoissonNllLossOptions) {
    super(options, ['logInput', 'full', 'eps']);
    this.logInput = checkFlag('PoissonNLLLoss: logInput', options?.logInput ?? true);
    this.full = checkFlag('PoissonNLLLoss: full', options?.full ?? false);
    this.eps = checkNumber('PoissonNLLLoss: eps', options?.eps ?? 1e-8);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { reduction, logInput, full, eps } = this;
    return poissonNllLoss(input, target, { reduction, logInput, full, eps });
  }
}

/** The negative log-likelihood of a normal distribution with a variance for each element (https://pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html). */
export class GaussianNLLLoss extends Loss {
  readonly full: boolean;
  readonly eps: number;

  constructor(options?: GaussianNllLossOptions) {
    super(options, ['full', 'eps']);
    this.full = checkFlag('GaussianNLLLoss: full', options?.full ?? false);
    this.eps = checkNumber('GaussianNLLLoss: eps', options?.eps ?? 1e-6);
  }

  forward(input: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    const { reduction, full, eps } = this;
    return gaussianNllLoss(input, target, variance, { reduction, full, eps });
  }
}

/** A loss with a margin. */
abstract class MarginLoss extends Loss {
  readonly margin: number;

  constructor(options: MarginLossOptions | undefined, fallback: number) {
    super(options, ['margin']);
    this.margin = checkNumber(`${new.target.name}: margin`, options?.margin ?? fallback);
  }
}

/** Pulls vectors together where the target is 1, and apart where it is -1, by their cosine (https://pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html). */
export class CosineEmbeddingLoss extends MarginLoss {
  constructor(options?: MarginLossOptions) {
    super(options, 0);
  }

  forward(x1: Tensor, x2: Tensor, target: Tensor): Tensor {
    const { reduction, margin } = this;
    return cosineEmbeddingLoss(x1, x2, target, { reduction, margin });
  }
}

/** A distance where the target is 1, and what it lacks of a margin where it is -1 (https://pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html). */
export class HingeEmbeddingLoss extends MarginLoss {
  constructor(options?: MarginLossOptions) {
    super(options, 1);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { reduction, margin } = this;
    return hingeEmbeddingLoss(input, target, { reduction, margin });
  }
}

/** The first shall be larger by a margin where the target is 1, the second where it is -1 (https://pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html). */
export class MarginRankingLoss extends MarginLoss {
  constructor(options?: MarginLossOptions) {
    super(options, 0);
  }

  forward(x1: Tensor, x2: Tensor, target: Tensor): Tensor {
    const { reduction, margin } = this;
    return marginRankingLoss(x1, x2, target, { reduction, margin });
  }
}

/** What other classes lack of a margin below the target's (https://pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html). @throws ArgumentError for a `p` of neither 1 nor 2. */
export class MultiMarginLoss extends WeightedLoss {
  readonly p: 1 | 2;
  readonly margin: number;

  constructor(options?: MultiMarginLossOptions) {
    super(options, ['p', 'margin']);
    this.p = options?.p ?? 1;
    this.margin = checkNumber('MultiMarginLoss: margin', options?.margin ?? 1);
    checkMultiMargin('MultiMarginLoss', this.p, this.weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { reduction, p, margin, weight } = this;
    return multiMarginLoss(input, target, { reduction, p, margin, weight });
  }
}

/** {@link MultiMarginLoss} with several target classes for each sample (https://pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html). */
export class MultiLabelMarginLoss extends Loss {
  constructor(options?: LossOptions) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** The mean over classes of the cross entropy of each alone (https://pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html). */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  constructor(options?: MultiLabelSoftMarginLossOptions) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { reduction, weight } = this;
    return multilabelSoftMarginLoss(input, target, { reduction, weight });
  }
}

/** log(1 + exp(-t·x)) for targets of 1 and -1 (https://pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html). */
export class SoftMarginLoss extends Loss {
  constructor(options?: LossOptions) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, { reduction: this.reduction });
  }
}

/** The anchor shall be nearer to the positive than to the negative by a margin (https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html). @throws ArgumentError for a margin that is not above 0. */
export class TripletMarginLoss extends Loss {
  readonly margin: number;
  readonly p: number;
  readonly eps: number;
  readonly swap: boolean;

  constructor(options?: TripletMarginLossOptions) {
    super(options, ['margin', 'p', 'eps', 'swap']);
    this.margin = checkMargin('TripletMarginLoss', options?.margin ?? 1);
    this.p = checkNumber('TripletMarginLoss: p', options?.p ?? 2);
    this.eps = checkNumber('TripletMarginLoss: eps', options?.eps ?? 1e-6);
    this.swap = checkFlag('TripletMarginLoss: swap', options?.swap ?? false);
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { reduction, margin, p, eps, swap } = this;
    return tripletMarginLoss(anchor, positive, negative, { reduction, margin, p, eps, swap });
  }
}

/** {@link TripletMarginLoss} with distances of one's own (https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html). */
export class TripletMarginWithDistanceLoss extends Loss {
  readonly distanceFunction: ((x1: Tensor, x2: Tensor) => Tensor) | null;
  readonly margin: number;
  readonly swap: boolean;

  constructor(options?: TripletMarginWithDistanceLossOptions) {
    super(options, ['distanceFunction', 'margin', 'swap']);
    this.distanceFunction = options?.distanceFunction ?? null;
    this.margin = checkMargin('TripletMarginWithDistanceLoss', options?.margin ?? 1);
    this.swap = checkFlag('TripletMarginWithDistanceLoss: swap', options?.swap ?? false);
    // in PyTorch the default distance is a module, which is printed
    if (this.distanceFunction === null) this.registerModule('distance_function', new PairwiseDistance());
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { reduction, distanceFunction, margin, swap } = this;
    return tripletMarginWithDistanceLoss(anchor, positive, negative, { reduction, distanceFunction, margin, swap });
  }
}
