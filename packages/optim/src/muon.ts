/** Muon. */
import { ArgumentError, defineStep, describe, expr, stepFormulas, type Tensor, tidy } from '@tenfold/tensor-core';
import {
  apart,
  boundOption,
  flagOption,
  numberOption,
  Optimizer,
  type OptionCheck,
  type ParamGroupInit,
  type ParamState,
  type Params,
  zeroState,
} from './optimizer.ts';

/** Options of {@link Muon}, all of them set. */
export interface MuonGroup {
  /** Default 1e-3. */
  lr: number;
  /** Shrinks the parameter by `lr · weightDecay`. Default 0.1. */
  weightDecay: number;
  /** How much of the running mean of gradients is kept each step. Default 0.95. */
  momentum: number;
  /** Looks ahead along the momentum. Default true. */
  nesterov: boolean;
  /** Coefficients a, b, c of the Newton-Schulz polynomial a x + b x³ + c x⁵. Default `[3.4445, -4.775, 2.0315]`. */
  nsCoefficients: readonly [number, number, number];
  /** What the norm of a direction is taken to be at least. Default 1e-7. */
  eps: number;
  /** Newton-Schulz iterations. Default 5. */
  nsSteps: number;
  /**
   * How the learning rate depends on the size of a matrix: by √max(1, rows / columns) (`original`, and if `null`), or by 0.2 √max(rows, columns), so that
   * learning rates and weight decay of AdamW can be taken over (`match_rms_adamw`). Default null.
   */
  adjustLrFn: 'original' | 'match_rms_adamw' | null;
}

/** Options of {@link Muon}. */
export type MuonOptions = Partial<MuonGroup>;

interface MuonState extends ParamState {
  momentumBuffer: Tensor;
}

const momentumStep = /* @__PURE__ */ defineStep<MuonGroup>('muonMomentumStep', {
  tensors: 2,
  optional: 0,
  numbers: 0,
  formula: ([buffer, grad], [momentum, rest]) => [stepFormulas.blend(buffer, momentum, rest, grad)],
  params: (_, { momentum }) => [momentum, 1 - momentum],
  variant: () => 0,
});

const muonStep = /* @__PURE__ */ defineStep<object>('muonStep', {
  tensors: 2,
  optional: 0,
  numbers: 2,
  formula: ([param, direction], [shrink, negativeLr]) => [
    expr.add(expr.mul(param, shrink), expr.mul(negativeLr, direction)),
  ],
  params: ([shrink, adjustedLr]) => [shrink, -adjustedLr],
  variant: () => 0,
});

const coefficientsOption: OptionCheck = (value) =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite)
    ? null
    : `Coefficients must be a tuple of exactly 3 values, got ${describe(value)}`;

const stepsOption: OptionCheck = (value) =>
  typeof value !== 'number' || !Number.isInteger(value) || value < 0
    ? `Invalid ns_steps: ${describe(value)}`
    : value < 100
      ? null
      : 'Number of steps must be less than 100 for computational efficiency';

/**
 * Muon, whose direction is the momentum made orthogonal, for the matrices of hidden layers; give embeddings, biases and the last layer to AdamW. Of Jordan et
 * al., "Muon: An optimizer for hidden layers in neural networks" (https://kellerjordan.github.io/posts/muon/, and
 * https://pytorch.org/docs/stable/generated/torch.optim.Muon.html). PyTorch iterates in bfloat16; this one does in the dtype of the parameter.
 *
 * @throws ArgumentError for parameters that aren't 2-D.
 * @example
 * const all = [...model.parameters()];
 * const optimizers = [
 *   new Muon(all.filter(({ shape }) => shape.length === 2), { lr: 1e-3, adjustLrFn: 'match_rms_adamw' }),
 *   new AdamW(all.filter(({ shape }) => shape.length !== 2), { lr: 1e-3 }),
 * ];
 */
export class Muon extends Optimizer<MuonGroup, MuonState> {
  constructor(params: Params<MuonGroup>, options?: MuonOptions) {
    const defaults = {
      lr: 1e-3,
      weightDecay: 0.1,
      momentum: 0.95,
      nesterov: true,
      nsCoefficients: [3.4445, -4.775, 2.0315] as const,
      eps: 1e-7,
      nsSteps: 5,
      adjustLrFn: null,
    };
    super(params, defaults, options, {
      lr: boundOption('Learning rate', '>= 0', (x) => x >= 0),
      momentum: boundOption('momentum', '>= 0', (x) => x >= 0),
      weightDecay: boundOption('weight decay', '>= 0', (x) => x >= 0),
      nesterov: flagOption('nesterov value'),
      nsCoefficients: coefficientsOption,
      eps: numberOption('epsilon value'),
      nsSteps: stepsOption,
      adjustLrFn: (value) =>
        value === null || value === 'original' || value === 'match_rms_adamw'
          ? null
          : `Adjust learning rate function ${typeof value === 'string' ? value : describe(value)} is not supported`,
    });
  }

  override addParamGroup(group: ParamGroupInit<MuonGroup>): void {
    super.addParamGroup(group);
    const flat = this.paramGroups.at(-1)?.params.find(({ shape }) => shape.length !== 2);
    if (!flat) return;
    this.paramGroups.pop();
    throw new ArgumentError(
      `Muon only supports 2D parameters whereas we found a parameter with size: [${flat.shape.join(', ')}]`,
    );
  }

  protected override update(params: readonly Tensor[], grads: readonly Tensor[], options: MuonGroup): void {
    const { lr, weightDecay, momentum, nesterov } = options;
    const buffers = params.map(
      (param) => this.stateOf(param, () => ({ momentumBuffer: zeroState(param) })).momentumBuffer,
    );
    momentumStep([buffers, grads], [], options);
    // matrices of one size take a step together
    const sized = buffers.map((buffer) => ({ buffer, shape: buffer.shape.join() }));
    for (const each of apart(params, grads, sized, ({ shape }) => shape)) {
      tidy(() => {
        const directions = each.states.map(({ buffer }, i) =>
          orthogonal(nesterov ? each.grads[i].lerp(buffer, momentum) : buffer, options),
        );
        const adjusted = lr * ratio(each.params[0].shape, options);
        muonStep([each.params, directions], [1 - lr * weightDecay, adjusted], {});
      });
    }
  }
}

function ratio([rows, columns]: readonly number[], { adjustLrFn }: MuonGroup): number {
  return adjustLrFn === 'match_rms_adamw'
    ? 0.2 * Math.sqrt(Math.max(rows, columns))
    : Math.sqrt(Math.max(1, rows / columns));
}

/** U Vᵀ of the singular value decomposition U Σ Vᵀ, nearly: each iteration takes the singular values σ to a σ + b σ³ + c σ⁵. */
function orthogonal(direction: Tensor, { nsCoefficients: [a, b, c], eps, nsSteps }: MuonGroup): Tensor {
  const [rows, columns] = direction.shape;
  let x = rows > columns ? direction.t() : direction;
  // no singular value is above 1 then
  x = x.div(x.norm().clamp(eps));
  for (let i = 0; i < nsSteps; i++) {
    const gram = x.matmul(x.t());
    const polynomial = gram.addmm(gram, gram, { beta: b, alpha: c });
    x = x.addmm(polynomial, x, { beta: a });
  }
  return rows > columns ? x.t() : x;
}
