/** Averaged stochastic gradient descent. */
import { defineStep, expr, isTensor, keep, stepFormulas, type Tensor, tidy, where } from '@tenfold/tensor-core';
import {
  apart,
  flagOption,
  numberOption,
  Optimizer,
  onDevice,
  type ParamState,
  type Params,
  zeroState,
} from './optimizer.ts';
import { skipsOf } from './skips.ts';

/** Options of {@link ASGD}, all of them set. */
export interface ASGDGroup {
  /** Default 1e-2. */
  lr: number;
  /** Shrinks the parameter by `lambd · eta` each step, and the learning rate with time. Default 1e-4. */
  lambd: number;
  /** The power by which the learning rate falls. Default 0.75. */
  alpha: number;
  /** The step after which parameters are averaged. Default 1e6. */
  t0: number;
  /** L2 penalty: adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay: number;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link ASGD}. */
export type ASGDOptions = Partial<ASGDGroup>;

interface ASGDState extends ParamState {
  step: number;
  /** The learning rate of the next step. */
  eta: number | Tensor;
  /** The share of the next parameter in the average. */
  mu: number | Tensor;
  /** The average. */
  ax: Tensor;
}

// p = (1 - λ η) p - η g;  a = μ = 1 ? p : a + μ (p - a)
const asgdStep = /* @__PURE__ */ defineStep<ASGDGroup>('asgdStep', {
  tensors: 3,
  optional: 0,
  numbers: 2,
  formula([param, given, average], [shrink, negativeEta, mu, weightDecay], attrs) {
    const grad = stepFormulas.decayed(param, given, weightDecay, attrs);
    const next = stepFormulas.blend(param, shrink, negativeEta, grad);
    const mean = expr.add(average, expr.mul(expr.sub(next, average), mu));
    return [next, expr.select(expr.eq(mu, 1), next, mean)];
  },
  params: ([eta, mu], { lambd, weightDecay }) => [1 - lambd * eta, -eta, mu, weightDecay],
  variant: ({ weightDecay, maximize }) => (weightDecay === 0 ? 0 : 1) | (maximize ? 2 : 0),
});

/**
 * Averaged stochastic gradient descent, of Polyak and Juditsky, "Acceleration of stochastic approximation by averaging"
 * (https://pytorch.org/docs/stable/generated/torch.optim.ASGD.html). The averages are `optimizer.state.get(param).ax`.
 *
 * @example
 * const optimizer = new ASGD(model.parameters(), { lr: 0.01, t0: 1000 });
 */
export class ASGD extends Optimizer<ASGDGroup, ASGDState> {
  constructor(params: Params<ASGDGroup>, options?: ASGDOptions) {
    const defaults = { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      lambd: numberOption('lambd value', Number.isFinite),
      alpha: numberOption('alpha value', Number.isFinite),
      t0: numberOption('t0 value', (t0) => !Number.isNaN(t0)),
      weightDecay: numberOption('weight_decay value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: ASGDGroup): void {
    const { lr, lambd, alpha, t0 } = options;
    const states = params.map((param) =>
      this.stateOf(param, () => ({ step: 0, eta: lr, mu: 1, ax: zeroState(param) })),
    );
    if (skipsOf(this) || states.some(({ eta, mu }) => isTensor(eta) || isTensor(mu))) {
      params.forEach((param, i) => {
        this.#stepOnDevice(param, grads[i], states[i], options);
      });
      return;
    }
    for (const each of apart(params, grads, states, ({ step, eta, mu }) => `${step} ${eta} ${mu}`)) {
      const [{ step }, { eta, mu }] = [each.states[0], each.states[0] as { eta: number; mu: number }];
      asgdStep([each.params, each.grads, each.states.map(({ ax }) => ax)], [eta, mu], options);
      const next = {
        step: step + 1,
        eta: lr / (1 + lambd * lr * (step + 1)) ** alpha,
        mu: 1 / Math.max(1, step + 1 - t0),
      };
      for (const state of each.states) Object.assign(state, next);
    }
  }

  /** The same by single ops: the device knows which steps counted, so it has the numbers as well. */
  #stepOnDevice(param: Tensor, given: Tensor, state: ASGDState, options: ASGDGroup): void {
    const { lr, lambd, alpha, t0, weightDecay, maximize } = options;
    state.step++;
    tidy(() => {
      const [eta, mu, { ax }] = [keep(onDevice(state.eta, param)), keep(onDevice(state.mu, param)), state];
      Object.assign(state, { eta, mu });
      const taken = onDevice(this.stepsTaken(param, state.step), param);
      const up = maximize ? given.neg() : given;
      const grad = weightDecay === 0 ? up : up.add(param, { alpha: weightDecay });
      param.mul_(eta.mul(-lambd).add(1)).sub_(grad.mul(eta));
      // the first parameters, whose average is none yet, as they are
      ax.copy_(where(mu.eq(1), param, ax.add(param.sub(ax).mul(mu))));
      eta.copy_(
        taken
          .mul(lambd * lr)
          .add(1)
          .pow(-alpha)
          .mul(lr),
      );
      mu.copy_(taken.sub(t0).clamp(1).reciprocal());
    });
  }

  protected override stateShape(name: string, { shape }: Tensor): readonly number[] {
    return name === 'eta' || name === 'mu' ? [] : shape;
  }
}
