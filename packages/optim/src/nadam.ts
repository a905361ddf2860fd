/** NAdam. */
import { defineStep, expr, isTensor, keep, stepFormulas, type Tensor, tidy } from '@tenfold/tensor-core';
import {
  apart,
  betasOption,
  flagOption,
  numberOption,
  Optimizer,
  onDevice,
  type ParamState,
  type Params,
  zeroState,
} from './optimizer.ts';
import { skipsOf } from './skips.ts';

/** Options of {@link NAdam}, all of them set. */
export interface NAdamGroup {
  /** Default 2e-3. */
  lr: number;
  /** How much of the running means of the gradient and of its square is kept each step. Default `[0.9, 0.999]`. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** Adds `weightDecay · param` to the gradient, or shrinks the parameter if `decoupledWeightDecay`. Default 0. */
  weightDecay: number;
  /** How fast the momentum rises to `betas[0]`. Default 4e-3. */
  momentumDecay: number;
  /** Shrinks the parameter by `lr · weightDecay` as AdamW does. Default false. */
  decoupledWeightDecay: boolean;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link NAdam}. */
export type NAdamOptions = Partial<NAdamGroup>;

interface NAdamState extends ParamState {
  step: number;
  /** The product of all momenta so far. */
  muProduct: number | Tensor;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

/** μₜ = β₁ · (1 - ½ · 0.96^(t · decay)), of a step that the host knows. */
const momentumAt = (step: number, { betas: [beta1], momentumDecay }: NAdamGroup): number =>
  beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));

// m = β₁ m + (1 - β₁) g;  v = β₂ v + (1 - β₂) g²;  p -= lr · ((1 - μₜ) / (1 - Πμ) · g + μₜ₊₁ / (1 - Πμ · μₜ₊₁) · m) / (√(v / (1 - β₂ᵗ)) + ε)
const nadamStep = /* @__PURE__ */ defineStep<NAdamGroup>('nadamStep', {
  tensors: 4,
  optional: 0,
  numbers: 3,
  formula(
    [given, givenGrad, average, square],
    [ofGrad, ofMean, correction, eps, beta1, rest1, beta2, rest2, weightDecay, shrink],
    attrs,
  ) {
    const { addQuotient, blend, blendSquare, decayed } = stepFormulas;
    const { decoupledWeightDecay: decoupled } = attrs;
    const param = decoupled && attrs.weightDecay !== 0 ? expr.mul(given, shrink) : given;
    const grad = decayed(param, givenGrad, weightDecay, attrs, decoupled);
    const mean = blend(average, beta1, rest1, grad);
    const variance = blendSquare(square, beta2, rest2, grad);
    const denominator = expr.add(expr.sqrt(expr.div(variance, correction)), eps);
    const ahead = addQuotient(param, ofGrad, grad, denominator);
    return [addQuotient(ahead, ofMean, mean, denominator), mean, variance];
  },
  params([lr, step, muProduct], options) {
    const [beta1, beta2] = options.betas;
    const [mu, next] = [momentumAt(step, options), momentumAt(step + 1, options)];
    return [
      (-lr * (1 - mu)) / (1 - muProduct),
      (-lr * next) / (1 - muProduct * next),
      1 - beta2 ** step,
      options.eps,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      options.weightDecay,
      1 - lr * options.weightDecay,
    ];
  },
  variant: ({ weightDecay, decoupledWeightDecay, maximize }) =>
    (weightDecay === 0 ? 0 : 1) | (decoupledWeightDecay ? 2 : 0) | (maximize ? 4 : 0),
});

/**
 * NAdam, Adam with Nesterov's momentum, of Dozat, "Incorporating Nesterov Momentum into Adam"
 * (https://pytorch.org/docs/stable/generated/torch.optim.NAdam.html).
 *
 * @example
 * const optimizer = new NAdam(model.parameters(), { lr: 2e-3 });
 */
export class NAdam extends Optimizer<NAdamGroup, NAdamState> {
  constructor(params: Params<NAdamGroup>, options?: NAdamOptions) {
    const defaults = {
      lr: 2e-3,
      betas: [0.9, 0.999] as const,
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
      decoupledWeightDecay: false,
      maximize: false,
    };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      eps: numberOption('epsilon value'),
      betas: betasOption,
      weightDecay: numberOption('weight_decay value'),
      momentumDecay: numberOption('momentum_decay value'),
      decoupledWeightDecay: flagOption('decoupled_weight_decay value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: NAdamGroup): void {
    const states = params.map((param) =>
      this.stateOf(param, () => ({ step: 0, muProduct: 1, expAvg: zeroState(param), expAvgSq: zeroState(param) })),
    );
    if (skipsOf(this) || states.some(({ muProduct }) => isTensor(muProduct))) {
      params.forEach((param, i) => {
        this.#stepOnDevice(param, grads[i], states[i], options);
      });
      return;
    }
    // momenta may have been others where the options changed
    for (const each of apart(params, grads, states, ({ step, muProduct }) => `${step} ${muProduct}`)) {
      const step = each.states[0].step + 1;
      const muProduct = (each.states[0].muProduct as number) * momentumAt(step, options);
      const [means, squares] = [each.states.map(({ expAvg }) => expAvg), each.states.map(({ expAvgSq }) => expAvgSq)];
      nadamStep([each.params, each.grads, means, squares], [options.lr, step, muProduct], options);
      for (const state of each.states) Object.assign(state, { step, muProduct });
    }
  }

  /** The same by single ops: the device knows which steps counted, so it has the momenta as well. */
  #stepOnDevice(param: Tensor, given: Tensor, state: NAdamState, options: NAdamGroup): void {
    const { lr, betas, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize } = options;
    const [beta1, beta2] = betas;
    state.step++;
    tidy(() => {
      const [product, { expAvg, expAvgSq }] = [keep(onDevice(state.muProduct, param)), state];
      state.muProduct = product;
      const taken = onDevice(this.stepsTaken(param, state.step), param);
      const momentum = (step: Tensor): Tensor =>
        step
          .mul(momentumDecay * Math.log(0.96))
          .exp()
          .mul(-0.5)
          .add(1)
          .mul(beta1);
      const [mu, next] = [momentum(taken), momentum(taken.add(1))];
      product.mul_(mu);
      const up = maximize ? given.neg() : given;
      const grad = weightDecay === 0 || decoupledWeightDecay ? up : up.add(param, { alpha: weightDecay });
      if (decoupledWeightDecay && weightDecay !== 0) param.mul_(1 - lr * weightDecay);
      expAvg.lerp_(grad, 1 - beta1);
      expAvgSq.mul_(beta2).addcmul_(grad, grad, { value: 1 - beta2 });
      const correction = taken.mul(Math.log(beta2)).expm1().neg();
      const ofGrad = grad.mul(mu.neg().add(1).div(product.neg().add(1)));
      const ofMean = expAvg.mul(next.div(product.mul(next).neg().add(1)));
      param.sub_(ofGrad.add(ofMean).div(expAvgSq.div(correction).sqrt().add(eps)).mul(lr));
    });
  }

  protected override stateShape(name: string, { shape }: Tensor): readonly number[] {
    return name === 'muProduct' ? [] : shape;
  }
}
