/** Clipping of gradients, without reading them back from the device. */
import {
  ArgumentError,
  checkOptions,
  defineStep,
  describe,
  expr,
  isTensor,
  linalg,
  stack,
  TenfoldError,
  type Tensor,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';

/** Options of {@link clipGradNorm_} and {@link getTotalNorm}. */
export interface TotalNormOptions {
  /** The order p of the norm; Infinity for the largest magnitude. Default 2. */
  normType?: number;
  /**
   * Throw if the norm is NaN or infinite. This reads it, so the device must be able to answer at once; `clipGradNormAsync_` works on every device.
   * Default false.
   */
  errorIfNonfinite?: boolean;
}

/** Parameters, such as `model.parameters()`, or one alone. */
export type ParametersOrOne = Iterable<Tensor> | Tensor;

// g · c, with the coefficient as a view of the gradient's shape; what a step does not write comes second
const scaleStep = /* @__PURE__ */ defineStep<object>('clipGradNormStep', {
  tensors: 2,
  optional: 0,
  numbers: 0,
  formula: ([grad, coefficient]) => [expr.mul(grad, coefficient)],
  params: () => [],
  variant: () => 0,
});

// min(max(g, -v), v), in which a NaN stays one
const clampStep = /* @__PURE__ */ defineStep<object>('clipGradValueStep', {
  tensors: 1,
  optional: 0,
  numbers: 1,
  formula: ([grad], [value]) => [expr.min(expr.max(grad, expr.neg(value)), value)],
  params: ([value]) => [value],
  variant: () => 0,
});

function listed(where: string, tensors: ParametersOrOne): Tensor[] {
  if (isTensor(tensors)) return [tensors];
  const given: unknown = tensors;
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given))
    throw new ArgumentError(`${where}: expected parameters such as model.parameters(), got ${describe(tensors)}`);
  const list = [...tensors];
  for (const x of list)
    if (!isTensor(x)) throw new ArgumentError(`${where}: expected a list of tensors, but one is ${describe(x)}`);
  return list;
}

const gradientsOf = (where: string, parameters: ParametersOrOne): Tensor[] =>
  listed(where, parameters).flatMap(({ grad }) => grad ?? []);

/** Tensors by dtype and device: those that one step takes. */
function alike(tensors: readonly Tensor[]): Tensor[][] {
  const groups = new Map<string, Tensor[]>();
  for (const x of tensors) {
    const key = `${x.dtype} ${x.device}`;
    const group = groups.get(key);
    if (group) group.push(x);
    else groups.set(key, [x]);
  }
  return [...groups.values()];
}

function checkLimit(where: string, name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0))
    throw new ArgumentError(`${where}: ${name} must be a number from 0, got ${describe(value)}`);
}

function orderOf(where: string, options: TotalNormOptions | undefined): number {
  checkOptions(where, options, ['normType', 'errorIfNonfinite']);
  const { normType = 2, errorIfNonfinite = false } = options ?? {};
  if (typeof normType !== 'number' || Number.isNaN(normType))
    throw new ArgumentError(`${where}: normType must be a number or Infinity, got ${describe(normType)}`);
  if (typeof errorIfNonfinite !== 'boolean')
    throw new ArgumentError(`${where}: errorIfNonfinite must be true or false, got ${describe(errorIfNonfinite)}`);
  return normType;
}

function normOf(tensors: readonly Tensor[], normType: number): Tensor {
  // a largest or smallest magnitude there is only of elements
  const extreme = normType < 0 || normType === Number.POSITIVE_INFINITY;
  const taken = extreme ? tensors.filter((x) => x.numel() > 0) : tensors;
  const [first] = taken;
  if (!first) return zeros([], tensors.length > 0 ? { dtype: tensors[0].dtype, device: tensors[0].device } : undefined);
  return withoutGrad(() => {
    const norms = taken.map((x) => linalg.vectorNorm(x, normType).to(first.device));
    return norms.length === 1 ? norms[0] : linalg.vectorNorm(stack(norms), normType);
  });
}

function refuseNonfinite(norm: number, normType: number): void {
  if (Number.isFinite(norm)) return;
  const order = Number.isInteger(normType) ? `${normType}.0` : String(normType).replace('Infinity', 'inf');
  throw new TenfoldError(
    `The total norm of order ${order} for gradients from \`parameters\` is non-finite, so it cannot be clipped. To disable this error and scale ` +
      'the gradients by the non-finite norm anyway, set `errorIfNonfinite: false`',
    'NONFINITE',
  );
}

/**
 * The norm of all elements of some tensors, as if they were one vector (https://pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html): a
 * tensor of no dims, which stays on the device of the first. No gradient flows through it. Of no tensors it is 0.
 *
 * @throws TenfoldError if it is not finite and `errorIfNonfinite` is set, DTypeError for tensors of no float dtype.
 */
export function getTotalNorm(tensors: ParametersOrOne, options?: TotalNormOptions): Tensor {
  const normType = orderOf('getTotalNorm', options);
  const norm = normOf(listed('getTotalNorm', tensors), normType);
  if (options?.errorIfNonfinite) refuseNonfinite(norm.itemSync(), normType);
  return norm;
}

/**
 * Scales the gradients of parameters by `maxNorm / (totalNorm + 1e-6)` where that is less than 1
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grads_with_norm_.html). Nothing is read back from the device.
 *
 * @param totalNorm what {@link getTotalNorm} gave.
 */
export function clipGradsWithNorm_(parameters: ParametersOrOne, maxNorm: number, totalNorm: Tensor): void {
  checkLimit('clipGradsWithNorm_', 'maxNorm', maxNorm);
  if (!isTensor(totalNorm))
    throw new ArgumentError(`clipGradsWithNorm_: totalNorm must be a tensor, got ${describe(totalNorm)}`);
  scale(gradientsOf('clipGradsWithNorm_', parameters), maxNorm, totalNorm);
}

function scale(grads: readonly Tensor[], maxNorm: number, totalNorm: Tensor): void {
  withoutGrad(() => {
    // one coefficient for all: a factor of 1 costs less than asking the device whether there is one
    const coefficient = totalNorm.add(1e-6).reciprocal().mul(maxNorm).clamp(null, 1);
    for (const group of alike(grads)) {
      const factor = coefficient.to(group[0]);
      scaleStep([group, group.map((grad) => factor.expand(grad.shape))], [], {});
    }
  });
}

/**
 * Scales the gradients of all parameters, as if they were one vector, so that their norm is no more than `maxNorm`
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html). Call it between `backward` and `step`. Nothing is read back from
 * the device, unless `errorIfNonfinite` asks for it.
 *
 * @returns the norm before, a tensor of no dims.
 * @throws ArgumentError for a `maxNorm` that is no number from 0; TenfoldError if the norm is not finite and `errorIfNonfinite` is set, DeviceError if the
 * device can't be read at once for that.
 * @example
 * loss.backward();
 * const norm = utils.clipGradNorm_(model.parameters(), 1);
 * optimizer.step();
 */
export function clipGradNorm_(parameters: ParametersOrOne, maxNorm: number, options?: TotalNormOptions): Tensor {
  checkLimit('clipGradNorm_', 'maxNorm', maxNorm);
  const normType = orderOf('clipGradNorm_', options);
  const grads = gradientsOf('clipGradNorm_', parameters);
  const norm = normOf(grads, normType);
  if (options?.errorIfNonfinite) refuseNonfinite(norm.itemSync(), normType);
  scale(grads, maxNorm, norm);
  return norm;
}

/** {@link clipGradNorm_} for `errorIfNonfinite` on devices that can only be read asynchronously; works on all of them. Gradients are scaled once the norm is known. */
export async function clipGradNormAsync_(
  parameters: ParametersOrOne,
  maxNorm: number,
  options?: TotalNormOptions,
): Promise<Tensor> {
  checkLimit('clipGradNormAsync_', 'maxNorm', maxNorm);
  const normType = orderOf('clipGradNormAsync_', options);
  const grads = gradientsOf('clipGradNormAsync_', parameters);
  const norm = normOf(grads, normType);
  if (options?.errorIfNonfinite) refuseNonfinite(await norm.item(), normType);
  scale(grads, maxNorm, norm);
  return norm;
}

/**
 * Brings every element of the gradients into ±`clipValue` (https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html). A NaN stays one.
 *
 * @throws ArgumentError for a `clipValue` that is no number from 0.
 */
export function clipGradValue_(parameters: ParametersOrOne, clipValue: number): void {
  checkLimit('clipGradValue_', 'clipValue', clipValue);
  withoutGrad(() => {
    for (const group of alike(gradientsOf('clipGradValue_', parameters))) clampStep([group], [clipValue], {});
  });
}
