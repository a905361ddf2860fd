/** Adadelta. */
import { defineStep, expr, stepFormulas, type Tensor } from '@tenfold/tensor-core';
import { flagOption, numberOption, Optimizer, type ParamState, type Params, zeroState } from './optimizer.ts';

/** Options of {@link Adadelta}, all of them set. */
export interface AdadeltaGroup {
  /** Scales the update. Default 1. */
  lr: number;
  /** How much of the running mean squares is kept each step. Default 0.9. */
  rho: number;
  /** Added below both roots. Default 1e-6. */
  eps: number;
  /** L2 penalty: adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay: number;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Adadelta}. */
export type AdadeltaOptions = Partial<AdadeltaGroup>;

interface AdadeltaState extends ParamState {
  step: number;
  squareAvg: Tensor;
  accDelta: Tensor;
}

// v = ρ v + (1 - ρ) g²;  d = √(u + ε) / √(v + ε) · g;  u = ρ u + (1 - ρ) d²;  p -= lr · d
const adadeltaStep = /* @__PURE__ */ defineStep<AdadeltaGroup>('adadeltaStep', {
  tensors: 4,
  optional: 0,
  numbers: 1,
  formula([param, given, average, accumulated], [negativeLr, rho, rest, eps, weightDecay], attrs) {
    const { blendSquare, decayed } = stepFormulas;
    const grad = decayed(param, given, weightDecay, attrs);
    const square = blendSquare(average, rho, rest, grad);
    const root = expr.sqrt(expr.add(accumulated, eps));
    const delta = expr.mul(expr.div(root, expr.sqrt(expr.add(square, eps))), grad);
    return [expr.add(param, expr.mul(negativeLr, delta)), square, blendSquare(accumulated, rho, rest, delta)];
  },
  params: ([lr], { rho, eps, weightDecay }) => [-lr, rho, 1 - rho, eps, weightDecay],
  variant: ({ weightDecay, maximize }) => (weightDecay === 0 ? 0 : 1) | (maximize ? 2 : 0),
  counted: false,
});

/**
 * Adadelta, of Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html).
 *
 * @example
 * const optimizer = new Adadelta(model.parameters());
 */
export class Adadelta extends Optimizer<AdadeltaGroup, AdadeltaState> {
  constructor(params: Params<AdadeltaGroup>, options?: AdadeltaOptions) {
    const defaults = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };
    super(params, defaults, options, {
      lr: numberOption('learning rate'),
      rho: numberOption('rho value', (rho) => rho >= 0 && rho <= 1),
      eps: numberOption('epsilon value'),
      weightDecay: numberOption('weight_decay value'),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: AdadeltaGroup): void {
    const states = params.map((param) =>
      this.stateOf(param, () => ({ step: 0, squareAvg: zeroState(param), accDelta: zeroState(param) })),
    );
    const [squares, deltas] = [states.map(({ squareAvg }) => squareAvg), states.map(({ accDelta }) => accDelta)];
    adadeltaStep([params, grads, squares, deltas], [options.lr], options);
    for (const state of states) state.step++;
  }
}
