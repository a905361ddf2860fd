/** Adagrad. */
import { defineStep, expr, fullLike, keep, stepFormulas, type Tensor } from '@tenfold/tensor-core';
import { apart, flagOption, numberOption, Optimizer, type ParamState, type Params } from './optimizer.ts';

/** Options of {@link Adagrad}, all of them set. */
export interface AdagradGroup {
  /** Default 1e-2. */
  lr: number;
  /** Step t has the learning rate `lr / (1 + (t - 1) · lrDecay)`. Default 0. */
  lrDecay: number;
  /** L2 penalty: adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay: number;
  /** What the sum of squares starts from. Default 0. */
  initialAccumulatorValue: number;
  /** Added to the denominator. Default 1e-10. */
  eps: number;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Adagrad}. */
export type AdagradOptions = Partial<AdagradGroup>;

interface AdagradState extends ParamState {
  step: number;
  sum: Tensor;
}

// s += g²;  p -= lr / (1 + (t - 1) · decay) · g / (√s + ε)
const adagradStep = /* @__PURE__ */ defineStep<AdagradGroup>('adagradStep', {
  tensors: 3,
  optional: 0,
  numbers: 2,
  formula([param, given, sum], [negativeLr, eps, weightDecay], attrs) {
    const grad = stepFormulas.decayed(param, given, weightDecay, attrs);
    const next = expr.add(sum, expr.mul(grad, grad));
    return [stepFormulas.addQuotient(param, negativeLr, grad, expr.add(expr.sqrt(next), eps)), next];
  },
  params: ([lr, step], { lrDecay, eps, weightDecay }) => [-lr / (1 + (step - 1) * lrDecay), eps, weightDecay],
  variant: ({ weightDecay, maximize }) => (weightDecay === 0 ? 0 : 1) | (maximize ? 2 : 0),
  counted: {
    at: 1,
    numbers: ([lr], { lrDecay }) => [-lr, lrDecay],
    corrections: (step, [negativeLr, decay]) => [expr.div(negativeLr, expr.add(expr.mul(expr.sub(step, 1), decay), 1))],
  },
});

/**
 * Adagrad, of Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization"
 * (https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html).
 *
 * @example
 * const optimizer = new Adagrad(model.parameters(), { lr: 0.1 });
 */
export class Adagrad extends Optimizer<AdagradGroup, AdagradState> {
  constructor(params: Params<AdagradGroup>, options?: AdagradOptions) {
    const defaults = {
      lr: 1e-2,
      lrDecay: 0,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      eps: 1e-10,
      maximize: false,
    };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      lrDecay: numberOption('lr_decay value'),
      weightDecay: numberOption('weight_decay value'),
      initialAccumulatorValue: numberOption('initial_accumulator_value value'),
      eps: numberOption('epsilon value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: AdagradGroup): void {
    const states = params.map((param) =>
      this.stateOf(param, () => ({ step: 0, sum: keep(fullLike(param, options.initialAccumulatorValue)) })),
    );
    for (const each of apart(params, grads, states, ({ step }) => step)) {
      const step = each.states[0].step + 1;
      adagradStep([each.params, each.grads, each.states.map(({ sum }) => sum)], [options.lr, step], options);
      for (const state of each.states) state.step = step;
    }
  }
}
