/** Adam and AdamW. */
import { adamStep_, type Tensor } from '@tenfold/tensor-core';
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

/** Options of {@link Adam} and {@link AdamW}, all of them set. */
export interface AdamGroup {
  /** Default 1e-3. */
  lr: number;
  /** How much of the running means of the gradient and of its square is kept each step. Default `[0.9, 0.999]`. */
  betas: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps: number;
  /** Adds `weightDecay · param` to the gradient; in AdamW shrinks the parameter by `lr · weightDecay` instead. Default 0, in AdamW 0.01. */
  weightDecay: number;
  /** Divides by the largest mean square so far. Default false. */
  amsgrad: boolean;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Adam} and {@link AdamW}. */
export type AdamOptions = Partial<AdamGroup>;

interface AdamState extends ParamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
  maxExpAvgSq: Tensor | null;
}

const checks = {
  lr: /* @__PURE__ */ numberOption('learning rate'),
  eps: /* @__PURE__ */ numberOption('epsilon value'),
  betas: betasOption,
  weightDecay: /* @__PURE__ */ numberOption('weight_decay value'),
  amsgrad: /* @__PURE__ */ flagOption('amsgrad value'),
  maximize: /* @__PURE__ */ flagOption('maximize value'),
};

const defaults = { lr: 1e-3, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false };

/**
 * Adam, of Kingma and Ba, "Adam: A Method for Stochastic Optimization" (https://pytorch.org/docs/stable/generated/torch.optim.Adam.html).
 *
 * @example
 * const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
 */
export class Adam extends Optimizer<AdamGroup, AdamState> {
  /** Whether weights decay apart from the gradient. */
  protected readonly decoupled: boolean = false;

  constructor(params: Params<AdamGroup>, options?: AdamOptions) {
    super(params, defaults, options, checks);
  }

  protected override update(
    params: readonly Tensor[],
    grads: readonly Tensor[],
    { lr, betas, eps, weightDecay, amsgrad, maximize }: AdamGroup,
  ): void {
    const [beta1, beta2] = betas;
    const { decoupled } = this;
    const known = params.map((param) => {
      const state = this.stateOf(param, () => ({
        step: 0,
        expAvg: zeroState(param),
        expAvgSq: zeroState(param),
        maxExpAvgSq: null,
      }));
      if (amsgrad) state.maxExpAvgSq ??= zeroState(param);
      return state;
    });
    for (const each of apart(params, grads, known, (state) => state.step)) {
      const step = each.states[0].step + 1;
      adamStep_(
        each.params,
        each.grads,
        each.states.map(({ expAvg }) => expAvg),
        each.states.map(({ expAvgSq }) => expAvgSq),
        amsgrad ? each.states.map(({ maxExpAvgSq }) => maxExpAvgSq as Tensor) : null,
        { lr, step, beta1, beta2, eps, weightDecay, maximize, decoupled },
      );
      for (const state of each.states) state.step = step;
    }
  }
}

/**
 * Adam with decoupled weight decay, of Loshchilov and Hutter (https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html). The default decay is 0.01.
 */
export class AdamW extends Adam {
  protected override readonly decoupled = true;

  constructor(params: Params<AdamGroup>, options?: AdamOptions) {
    super(params, { ...options, weightDecay: options?.weightDecay ?? 0.01 });
  }
}
