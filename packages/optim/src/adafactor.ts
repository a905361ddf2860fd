/** Adafactor. */
import { ArgumentError, type DType, describe, isTensor, type Tensor, tidy } from '@tenfold/tensor-core';
import { boundOption, flagOption, Optimizer, type ParamState, type Params, zeroState } from './optimizer.ts';

/** Options of {@link Adafactor}, all of them set. */
export interface AdafactorGroup {
  /** The largest relative step. Default 1e-2. */
  lr: number;
  /** The running means keep `1 - step ** beta2Decay`. Default -0.8. */
  beta2Decay: number;
  /** What mean squares, and the size of the parameter, are taken to be at least. The first is that of the dtype if `null`. Default `[null, 1e-3]`. */
  eps: readonly [number | null, number];
  /** The size above which an update is scaled down. Default 1. */
  d: number;
  /** Shrinks the parameter by `lr · weightDecay`. Default 0. */
  weightDecay: number;
  /** Goes up the gradient. Default false. */
  maximize: boolean;
}

/** Options of {@link Adafactor}. */
export type AdafactorOptions = Partial<AdafactorGroup>;

interface AdafactorState extends ParamState {
  step: number;
  /** Mean squares over the last dim, and over the one before it: of parameters with two dims or more. */
  rowVar: Tensor | null;
  colVar: Tensor | null;
  /** Mean squares of others. */
  variance: Tensor | null;
}

const epsOption = (value: unknown): string | null => {
  if (!Array.isArray(value) || value.length !== 2)
    return `Invalid eps: expected two numbers such as [null, 1e-3], got ${describe(value)}`;
  const [first, second] = value;
  if (first !== null) {
    const problem = boundOption('epsilon1', '>= 0', (x) => x >= 0)(first);
    if (problem) return problem;
  }
  return boundOption('epsilon2', '>= 0', (x) => x >= 0)(second);
};

/** The distance of 1 from the next number. */
const spacing: { readonly [K in DType]?: number } = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

const shapeWith1 = (shape: readonly number[], dim: number): number[] =>
  shape.map((size, i) => (i === shape.length + dim ? 1 : size));

/**
 * Adafactor, which keeps mean squares of rows and columns in place of those of all elements, of Shazeer and Stern, "Adafactor: Adaptive Learning Rates with
 * Sublinear Memory Cost" (https://pytorch.org/docs/stable/generated/torch.optim.Adafactor.html). The sizes of parameters and updates, which
 * the step depends on, stay on the device.
 *
 * @example
 * const optimizer = new Adafactor(model.parameters(), { lr: 1e-2 });
 */
export class Adafactor extends Optimizer<AdafactorGroup, AdafactorState> {
  constructor(params: Params<AdafactorGroup>, options?: AdafactorOptions) {
    const defaults = {
      lr: 1e-2,
      beta2Decay: -0.8,
      eps: [null, 1e-3] as const,
      d: 1,
      weightDecay: 0,
      maximize: false,
    };
    super(params, defaults, options, {
      lr: boundOption('Learning rate', '>= 0', (x) => x >= 0),
      beta2Decay: boundOption('beta2_decay', '<= 0', (x) => x <= 0),
      eps: epsOption,
      d: boundOption('Clipping threshold d', '>= 1', (x) => x >= 1),
      weightDecay: boundOption('weight_decay', '>= 0', (x) => x >= 0),
      maximize: flagOption('maximize value'),
    });
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: AdafactorGroup): void {
    params.forEach((param, i) => {
      const { shape } = param;
      const factored = shape.length > 1;
      const state = this.stateOf(param, () => ({
        step: 0,
        rowVar: factored ? zeroState(param, shapeWith1(shape, -1)) : null,
        colVar: factored ? zeroState(param, shapeWith1(shape, -2)) : null,
        variance: factored ? null : zeroState(param),
      }));
      state.step++;
      tidy(() => {
        const grad = options.maximize ? grads[i].neg() : grads[i];
        adafactorStep(param, grad, state, this.stepsTaken(param, state.step), options);
      });
    });
  }

  protected override stateShape(name: string, { shape }: Tensor): readonly number[] {
    return name === 'rowVar' ? shapeWith1(shape, -1) : name === 'colVar' ? shapeWith1(shape, -2) : shape;
  }
}

function adafactorStep(
  param: Tensor,
  grad: Tensor,
  { rowVar, colVar, variance }: AdafactorState,
  step: Tensor | number,
  options: AdafactorGroup,
): void {
  const { lr, beta2Decay, d, weightDecay } = options;
  const [eps1 = spacing[param.dtype] ?? 0, eps2] = [options.eps[0] ?? undefined, options.eps[1]];
  const rms = (x: Tensor): Tensor => x.norm().div(Math.sqrt(x.numel()));
  // of what is new in the means
  const share = isTensor(step) ? step.pow(beta2Decay).to(param.dtype) : step ** beta2Decay;
  const relative = isTensor(step)
    ? step.rsqrt().clamp(undefined, lr).to(param.dtype)
    : Math.min(lr, 1 / Math.sqrt(step));
  const stepSize = rms(param).clamp(eps2).mul(relative);
  if (weightDecay !== 0) param.mul_(1 - lr * weightDecay);
  const squares = grad.square();
  let estimate: Tensor;
  if (rowVar && colVar) {
    rowVar.lerp_(squares.mean(-1, { keepdim: true }), share);
    colVar.lerp_(squares.mean(-2, { keepdim: true }), share);
    estimate = rowVar.mul(colVar).div(rowVar.mean(-2, { keepdim: true }).clamp(eps1));
  } else if (variance) {
    variance.lerp_(squares, share);
    estimate = variance;
  } else throw new ArgumentError('Adafactor: the state of a parameter has neither rowVar and colVar nor variance');
  const update = estimate
    .clamp(eps1 * eps1)
    .rsqrt()
    .mul(grad);
  param.sub_(update.mul(stepSize.div(rms(update).div(d).clamp(1))));
}
