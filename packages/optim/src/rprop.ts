/** Resilient backpropagation. */
import { defineStep, expr, fullLike, keep, type Tensor } from '@tenfold/tensor-core';
import {
  flagOption,
  numberOption,
  Optimizer,
  type ParamState,
  type Params,
  pairOption,
  zeroState,
} from './optimizer.ts';

/** Options of {@link Rprop}, all of them set. */
export interface RpropGroup {
  /** The first step size of every element. Default 1e-2. */
  lr: number;
  /** What a step size is multiplied by where the gradient changes its sign, and where it doesn't. Default `[0.5, 1.2]`. */
  etas: readonly [number, number];
  /** The smallest and the largest step size. Default `[1e-6, 50]`. */
  stepSizes: readonly [number, number];
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Rprop}. */
export type RpropOptions = Partial<RpropGroup>;

interface RpropState extends ParamState {
  step: number;
  prev: Tensor;
  stepSize: Tensor;
}

// s = sign(g · g'); size = clamp(size · (s > 0 ? η₊ : s < 0 ? η₋ : 1)); g = s < 0 ? 0 : g; p -= size · sign(g); g' = g
const rpropStep = /* @__PURE__ */ defineStep<RpropGroup>('rpropStep', {
  tensors: 4,
  optional: 0,
  numbers: 0,
  formula([param, given, before, size], [minus, plus, least, most], { maximize }) {
    const signed = maximize ? expr.neg(given) : given;
    const turn = expr.sign(expr.mul(signed, before));
    const turned = expr.lt(turn, 0);
    // a gradient that is NaN stays so
    const factor = expr.select(
      expr.gt(turn, 0),
      plus,
      expr.select(turned, minus, expr.select(expr.eq(turn, 0), 1, turn)),
    );
    const next = expr.min(expr.max(expr.mul(size, factor), least), most);
    const grad = expr.select(turned, 0, signed);
    return [expr.sub(param, expr.mul(expr.sign(grad), next)), grad, next];
  },
  params: (_, { etas: [minus, plus], stepSizes: [least, most] }) => [minus, plus, least, most],
  variant: ({ maximize }) => (maximize ? 1 : 0),
  counted: false,
});

/**
 * Rprop, which goes by the signs of gradients alone and has a step size for each element, for gradients of the whole data; of Riedmiller and Braun, "A Direct
 * Adaptive Method for Faster Backpropagation Learning" (https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html).
 *
 * @example
 * const optimizer = new Rprop(model.parameters(), { lr: 0.01 });
 */
export class Rprop extends Optimizer<RpropGroup, RpropState> {
  constructor(params: Params<RpropGroup>, options?: RpropOptions) {
    const defaults = { lr: 1e-2, etas: [0.5, 1.2] as const, stepSizes: [1e-6, 50] as const, maximize: false };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      etas: pairOption('eta values', '[0.5, 1.2]', ([minus, plus]) =>
        0 < minus && minus < 1 && 1 < plus ? null : `Invalid eta values: ${minus}, ${plus}`,
      ),
      stepSizes: pairOption('step_sizes', '[1e-6, 50]', ([least, most]) =>
        least <= most ? null : `Invalid step_sizes: ${least}, ${most}`,
      ),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: RpropGroup): void {
    const states = params.map((param) =>
      this.stateOf(param, () => ({
        step: 0,
        prev: zeroState(param),
        stepSize: keep(fullLike(param, options.lr)),
      })),
    );
    const [before, sizes] = [states.map(({ prev }) => prev), states.map(({ stepSize }) => stepSize)];
    rpropStep([params, grads, before, sizes], [], options);
    for (const state of states) state.step++;
  }
}
