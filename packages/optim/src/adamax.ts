/** Adamax. */
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

/** Options of {@link Adamax}, all of them set. */
export interface AdamaxGroup {
  /** Default 2e-3. */
  lr: number;
  /** How much of the running mean, and of the largest gradient so far, is kept each step. Default `[0.9, 0.999]`. */
  betas: readonly [number, number];
  /** Added to the size of the gradient. Default 1e-8. */
  eps: number;
  /** L2 penalty: adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay: number;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Adamax}. */
export type AdamaxOptions = Partial<AdamaxGroup>;

interface AdamaxState extends ParamState {
  step: number;
  expAvg: Tensor;
  expInf: Tensor;
}

// m = β₁ m + (1 - β₁) g;  u = max(β₂ u, |g| + ε);  p -= lr / (1 - β₁ᵗ) · m / u
const adamaxStep = /* @__PURE__ */ defineStep<AdamaxGroup>('adamaxStep', {
  tensors: 4,
  optional: 0,
  numbers: 2,
  formula([param, given, average, largest], [negativeStepSize, beta1, rest1, beta2, eps, weightDecay], attrs) {
    const { addQuotient, blend, decayed } = stepFormulas;
    const grad = decayed(param, given, weightDecay, attrs);
    const mean = blend(average, beta1, rest1, grad);
    const norm = expr.max(expr.mul(largest, beta2), expr.add(expr.abs(grad), eps));
    return [addQuotient(param, negativeStepSize, mean, norm), mean, norm];
  },
  params: ([lr, step], { betas: [beta1, beta2], eps, weightDecay }) => [
    -(lr / (1 - beta1 ** step)),
    beta1,
    1 - beta1,
    beta2,
    eps,
    weightDecay,
  ],
  variant: ({ weightDecay, maximize }) => (weightDecay === 0 ? 0 : 1) | (maximize ? 2 : 0),
  // 1 - βᵗ = -expm1(t ln β)
  counted: {
    at: 1,
    numbers: ([lr], { betas: [beta1] }) => [-lr, Math.log(beta1)],
    corrections: (step, [negativeLr, log1]) => [
      expr.div(negativeLr, expr.neg(expr.unary('expm1', expr.mul(step, log1)))),
    ],
  },
});

/**
 * Adamax, Adam by the largest gradient in place of the mean square, of Kingma and Ba (https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html).
 *
 * @example
 * const optimizer = new Adamax(model.parameters(), { lr: 2e-3 });
 */
export class Adamax extends Optimizer<AdamaxGroup, AdamaxState> {
  constructor(params: Params<AdamaxGroup>, options?: AdamaxOptions) {
    const defaults = { lr: 2e-3, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0, maximize: false };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      eps: numberOption('epsilon value'),
      betas: betasOption,
      weightDecay: numberOption('weight_decay value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: AdamaxGroup): void {
    const states = params.map((param) =>
      this.stateOf(param, () => ({ step: 0, expAvg: zeroState(param), expInf: zeroState(param) })),
    );
    for (const each of apart(params, grads, states, ({ step }) => step)) {
      const step = each.states[0].step + 1;
      const [means, norms] = [each.states.map(({ expAvg }) => expAvg), each.states.map(({ expInf }) => expInf)];
      adamaxStep([each.params, each.grads, means, norms], [options.lr, step], options);
      for (const state of each.states) state.step = step;
    }
  }
}
