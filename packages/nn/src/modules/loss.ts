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

/** What all losses share. */
abstract class Loss extends Module {
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
