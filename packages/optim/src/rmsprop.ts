/** RMSprop. */
import { rmspropStep_, type Tensor } from '@tenfold/tensor-core';
import { flagOption, numberOption, Optimizer, type ParamState, type Params, zeroState } from './optimizer.ts';

/** Options of {@link RMSprop}, all of them set. */
export interface RMSpropGroup {
  /** Default 1e-2. */
  lr: number;
  /** How much of the running mean square is kept each step. Default 0.99. */
  alpha: number;
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** L2 penalty: adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay: number;
  /** The share of the last update's direction that goes on. Default 0. */
  momentum: number;
  /** Divides by the standard deviation of the gradient instead of its root mean square. Default false. */
  centered: boolean;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link RMSprop}. */
export type RMSpropOptions = Partial<RMSpropGroup>;

interface RMSpropState extends ParamState {
  step: number;
  squareAvg: Tensor;
  gradAvg: Tensor | null;
  momentumBuffer: Tensor | null;
}

/**
 * RMSprop, of Hinton's lecture notes (https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html).
 *
 * @example
 * const optimizer = new RMSprop(model.parameters(), { lr: 1e-3, alpha: 0.9 });
 */
export class RMSprop extends Optimizer<RMSpropGroup, RMSpropState> {
  constructor(params: Params<RMSpropGroup>, options?: RMSpropOptions) {
    const defaults = {
      lr: 1e-2,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      eps: numberOption('epsilon value'),
      momentum: numberOption('momentum value'),
      weightDecay: numberOption('weight_decay value'),
      alpha: numberOption('alpha value'),
      centered: flagOption('centered value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: RMSpropGroup): void {
    const { lr, alpha, eps, weightDecay, momentum, centered, maximize } = options;
    const states = params.map((param) => {
      const state = this.stateOf(param, () => ({
        step: 0,
        squareAvg: zeroState(param),
        gradAvg: null,
        momentumBuffer: null,
      }));
      if (centered) state.gradAvg ??= zeroState(param);
      if (momentum > 0) state.momentumBuffer ??= zeroState(param);
      return state;
    });
    rmspropStep_(
      params,
      grads,
      states.map(({ squareAvg }) => squareAvg),
      centered ? states.map(({ gradAvg }) => gradAvg as Tensor) : null,
      momentum > 0 ? states.map(({ momentumBuffer }) => momentumBuffer as Tensor) : null,
      { lr, alpha, eps, weightDecay, momentum, maximize },
    );
    for (const state of states) state.step++;
  }
}
