/** Lion. */
import { defineStep, expr, stepFormulas, type Tensor } from '@tenfold/tensor-core';
import {
  betasOption,
  flagOption,
  numberOption,
  Optimizer,
  type ParamState,
  type Params,
  zeroState,
} from './optimizer.ts';

/** Options of {@link Lion}, all of them set. */
export interface LionGroup {
  /** Default 1e-4. */
  lr: number;
  /** The share of the running mean in the direction of a step, and how much of it is kept each step. Default `[0.9, 0.99]`. */
  betas: readonly [number, number];
  /** Shrinks the parameter by `lr · weightDecay`. Default 0. */
  weightDecay: number;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Lion}. */
export type LionOptions = Partial<LionGroup>;

interface LionState extends ParamState {
  expAvg: Tensor;
}

// p -= lr · (sign(β₁ m + (1 - β₁) g) + wd · p);  m = β₂ m + (1 - β₂) g
const lionStep = /* @__PURE__ */ defineStep<LionGroup>('lionStep', {
  tensors: 3,
  optional: 0,
  numbers: 1,
  formula([param, given, average], [negativeLr, shrink, beta1, rest1, beta2, rest2], { maximize }) {
    const { blend } = stepFormulas;
    const grad = maximize ? expr.neg(given) : given;
    const direction = expr.sign(blend(average, beta1, rest1, grad));
    return [expr.add(expr.mul(param, shrink), expr.mul(negativeLr, direction)), blend(average, beta2, rest2, grad)];
  },
  params: ([lr], { betas: [beta1, beta2], weightDecay }) => [
    -lr,
    1 - lr * weightDecay,
    beta1,
    1 - beta1,
    beta2,
    1 - beta2,
  ],
  variant: ({ maximize }) => (maximize ? 1 : 0),
});

/**
 * Lion, of Chen et al., "Symbolic Discovery of Optimization Algorithms" (https://arxiv.org/abs/2302.06675).
 *
 * @example
 * const optimizer = new Lion(model.parameters(), { lr: 1e-4, weightDecay: 0.1 });
 */
export class Lion extends Optimizer<LionGroup, LionState> {
  constructor(params: Params<LionGroup>, options?: LionOptions) {
    const defaults = { lr: 1e-4, betas: [0.9, 0.99] as const, weightDecay: 0, maximize: false };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      betas: betasOption,
      weightDecay: numberOption('weight_decay value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: LionGroup): void {
    const averages = params.map((param) => this.stateOf(param, () => ({ expAvg: zeroState(param) })).expAvg);
    lionStep([params, grads, averages], [options.lr], options);
  }
}
