/** Stochastic gradient descent. */
import { ArgumentError, sgdStep_, type Tensor } from '@tenfold/tensor-core';
import { flagOption, numberOption, Optimizer, type ParamState, type Params, zeroState } from './optimizer.ts';
import { skipsOf } from './skips.ts';

/** Options of {@link SGD}, all of them set. */
export interface SGDGroup {
  lr: number;
  /** The share of the last update's direction that goes on. Default 0. */
  momentum: number;
  /** The share of the gradient that the momentum loses. Default 0. */
  dampening: number;
  /** L2 penalty: adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay: number;
  /** Looks ahead along the momentum; needs momentum and no dampening. Default false. */
  nesterov: boolean;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link SGD}. */
export type SGDOptions = Partial<SGDGroup>;

interface SGDState extends ParamState {
  momentumBuffer: Tensor | null;
}

/**
 * Stochastic gradient descent, with momentum, Nesterov's too (https://pytorch.org/docs/stable/generated/torch.optim.SGD.html). The default learning
 * rate is 1e-3.
 *
 * @example
 * const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
 */
export class SGD extends Optimizer<SGDGroup, SGDState> {
  /** How many steps the momentum of each parameter has had. */
  readonly #steps = new WeakMap<Tensor, number>();

  constructor(params: Params<SGDGroup>, options?: SGDOptions) {
    const defaults = { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      momentum: numberOption('momentum value'),
      dampening: numberOption('dampening value', Number.isFinite),
      weightDecay: numberOption('weight_decay value'),
      nesterov: flagOption('nesterov value'),
      maximize: flagOption('maximize value'),
    });
    for (const group of this.paramGroups) checkNesterov(group);
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: SGDGroup): void {
    checkNesterov(options);
    const { lr, momentum, weightDecay, nesterov, maximize } = options;
    if (momentum === 0) {
      sgdStep_(params, grads, null, { lr, weightDecay, maximize });
      return;
    }
    const states = params.map((param) => this.stateOf(param, () => ({ momentumBuffer: null })));
    // a first buffer is the gradient itself, not damped; of one that was loaded some steps are known
    const steps = states.map((state, i) => {
      const before = state.momentumBuffer ? (this.#steps.get(params[i]) ?? Number.NaN) : 0;
      this.#steps.set(params[i], before + 1);
      if (options.dampening === 0 || Number.isNaN(before)) return many;
      // what counts is whether it is the first, unless the device may skip some
      return skipsOf(this) ? before + 1 : Math.min(before + 1, 2);
    });
    // parameters that joined later are behind
    for (const step of new Set(steps)) {
      const at = steps.flatMap((each, i) => (each === step ? [i] : []));
      sgdStep_(
        at.map((i) => params[i]),
        at.map((i) => grads[i]),
        at.map((i) => (states[i].momentumBuffer ??= zeroState(params[i]))),
        { lr, weightDecay, maximize, momentum, dampening: options.dampening, step, nesterov },
      );
    }
  }
}

/** More steps than are ever skipped. */
const many = 2 ** 20;

function checkNesterov({ nesterov, momentum, dampening }: SGDGroup): void {
  if (nesterov && (momentum <= 0 || dampening !== 0))
    throw new ArgumentError('Nesterov momentum requires a momentum and zero dampening');
}
