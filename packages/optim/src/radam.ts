/** RAdam. */
import { defineStep, expr, stepFormulas, type Tensor } from '@tenfold/tensor-core';
import {
  apart,
  betasOption,
  flagOption,
  numberOption,
  Optimizer,
  type ParamState,
  type Params,
  zeroState,
} from './optimizer.ts';

/** Options of {@link RAdam}, all of them set. */
export interface RAdamGroup {
  /** Default 1e-3. */
  lr: number;
  /** How much of the running means of the gradient and of its square is kept each step. Default `[0.9, 0.999]`. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** Adds `weightDecay · param` to the gradient, or shrinks the parameter if `decoupledWeightDecay`. Default 0. */
  weightDecay: number;
  /** Shrinks the parameter by `lr · weightDecay` as AdamW does. Default false. */
  decoupledWeightDecay: boolean;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link RAdam}. */
export type RAdamOptions = Partial<RAdamGroup>;

interface RAdamState extends ParamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

/** The variance rectification of a step, 0 as long as there is none. */
function rectification(step: number, beta2: number): number {
  const most = 2 / (1 - beta2) - 1;
  const power = beta2 ** step;
  const length = most - (2 * step * power) / (1 - power);
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
}

// m = β₁ m + (1 - β₁) g;  v = β₂ v + (1 - β₂) g²;  p -= lr / (1 - β₁ᵗ) · m · (r > 0 ? r · √(1 - β₂ᵗ) / (√v + ε) : 1)
const radamStep = /* @__PURE__ */ defineStep<RAdamGroup>('radamStep', {
  tensors: 4,
  optional: 0,
  numbers: 2,
  formula(
    [given, givenGrad, average, square],
    [negativeStepSize, rectified, eps, beta1, rest1, beta2, rest2, weightDecay, shrink],
    attrs,
  ) {
    const { blend, blendSquare, decayed } = stepFormulas;
    const { decoupledWeightDecay: decoupled } = attrs;
    const param = decoupled && attrs.weightDecay !== 0 ? expr.mul(given, shrink) : given;
    const grad = decayed(param, givenGrad, weightDecay, attrs, decoupled);
    const mean = blend(average, beta1, rest1, grad);
    const variance = blendSquare(square, beta2, rest2, grad);
    const adaptive = expr.div(rectified, expr.add(expr.sqrt(variance), eps));
    const factor = expr.select(expr.gt(rectified, 0), adaptive, 1);
    return [expr.add(param, expr.mul(expr.mul(negativeStepSize, mean), factor)), mean, variance];
  },
  params: ([lr, step], { betas: [beta1, beta2], eps, weightDecay }) => [
    -lr / (1 - beta1 ** step),
    rectification(step, beta2) * Math.sqrt(1 - beta2 ** step),
    eps,
    beta1,
    1 - beta1,
    beta2,
    1 - beta2,
    weightDecay,
    1 - lr * weightDecay,
  ],
  variant: ({ weightDecay, decoupledWeightDecay, maximize }) =>
    (weightDecay === 0 ? 0 : 1) | (decoupledWeightDecay ? 2 : 0) | (maximize ? 4 : 0),
  counted: {
    at: 1,
    numbers([lr], { betas: [beta1, beta2] }) {
      const [most, rate] = [2 / (1 - beta2) - 1, -Math.log(beta2)];
      return [-lr, Math.log(beta1), rate, most, most - 2 / rate, 2 / rate, most / ((most - 4) * (most - 2))];
    },
    // `rectification`, with 1 - βᵗ as -expm1(t ln β). Where y = -t ln β₂ is small two large numbers nearly cancel, which float32 can't have:
    // there the length is t + offset - scale · (y/2 · coth(y/2) - 1), whose last factor is a series
    corrections(step, [negativeLr, log1, rate, most, offset, scale, share]) {
      const { add, div, gt, lt, mul, neg, select, sqrt, sub, unary } = expr;
      const y = mul(step, rate);
      const square = mul(y, y);
      const ratios = [691 / 1307674368000, 1 / 47900160, 1 / 1209600, 1 / 30240, 1 / 720, 1 / 12];
      const series = mul(
        square,
        ratios.reduce<expr.Expr | number>((sum, x) => sub(x, mul(square, sum)), 0),
      );
      const near = sub(add(step, offset), mul(scale, series));
      const far = sub(most, div(mul(2, step), unary('expm1', y)));
      const length = select(lt(y, 0.5), near, far);
      const squared = div(mul(mul(sub(length, 4), sub(length, 2)), share), length);
      const root = sqrt(neg(unary('expm1', neg(y))));
      return [
        div(negativeLr, neg(unary('expm1', mul(step, log1)))),
        mul(sqrt(select(gt(length, 5), squared, 0)), root),
      ];
    },
  },
});

/**
 * RAdam, which goes by the mean gradient until the mean square can be relied on, of Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond"
 * (https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html).
 *
 * @example
 * const optimizer = new RAdam(model.parameters(), { lr: 1e-3, weightDecay: 0.01, decoupledWeightDecay: true });
 */
export class RAdam extends Optimizer<RAdamGroup, RAdamState> {
  constructor(params: Params<RAdamGroup>, options?: RAdamOptions) {
    const defaults = {
      lr: 1e-3,
      betas: [0.9, 0.999] as const,
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      maximize: false,
    };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      eps: numberOption('epsilon value'),
      betas: betasOption,
      weightDecay: numberOption('weight_decay value'),
      decoupledWeightDecay: flagOption('decoupled_weight_decay value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: RAdamGroup): void {
    const states = params.map((param) =>
      this.stateOf(param, () => ({ step: 0, expAvg: zeroState(param), expAvgSq: zeroState(param) })),
    );
    for (const each of apart(params, grads, states, ({ step }) => step)) {
      const step = each.states[0].step + 1;
      const [means, squares] = [each.states.map(({ expAvg }) => expAvg), each.states.map(({ expAvgSq }) => expAvgSq)];
      radamStep([each.params, each.grads, means, squares], [options.lr, step], options);
      for (const state of each.states) state.step = step;
    }
  }
}
