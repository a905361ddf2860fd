/**
 * Activations of one input (https://pytorch.org/docs/stable/nn.functional.html#non-linear-activation-functions). Each is one pass over memory, and its
 * derivative another. They take floats only.
 */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { activation as ops } from '../ops/activation.ts';
import { requireTensor } from '../ops/build.ts';
import { elementwise } from '../ops/elementwise.ts';
import type { OpSpec, Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';

/** Options of functions that can write into their input. */
export interface InplaceOptions {
  /** Whether the result is written into the input. Default false. */
  inplace?: boolean;
}

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** `'tanh'` for a formula with a tanh in the place of the error function. Default `'none'`. */
  approximate?: 'none' | 'tanh';
}

/** Options of {@link softplus}. */
export interface SoftplusOptions {
  /** The factor within. Default 1. */
  beta?: number;
  /** Where βx is above it, the result is x. Default 20. */
  threshold?: number;
}

/** Options of {@link elu} and {@link celu}. */
export interface EluOptions extends InplaceOptions {
  /** What it tends to below 0, negated. Default 1. */
  alpha?: number;
}

/** Options of {@link leakyRelu}. */
export interface LeakyReluOptions extends InplaceOptions {
  /** The slope below 0. Default 0.01. */
  negativeSlope?: number;
}

/** Options of {@link hardtanh}. */
export interface HardtanhOptions extends InplaceOptions {
  /** Default -1. */
  minVal?: number;
  /** Default 1. */
  maxVal?: number;
}

/** Options of {@link hardshrink} and {@link softshrink}. */
export interface ShrinkOptions {
  /** What is not larger becomes 0. Default 0.5. */
  lambd?: number;
}

const inplaceOption = ['inplace'];

/** An option that is a number. */
function numberOf(where: string, what: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new ArgumentError(`${where}: ${what} must be a number, got ${describe(value)}`);
  return value;
}

/** Runs an activation, into its input if the options say so. */
function run<A extends object | null>(
  spec: OpSpec<Sig<[Tensor], A>>,
  where: string,
  input: Tensor,
  attrs: A,
  options?: InplaceOptions,
): Tensor {
  requireTensor(where, input);
  const inplace = options?.inplace ?? false;
  if (typeof inplace !== 'boolean')
    throw new ArgumentError(`${where}: inplace must be a boolean, got ${describe(inplace)}`);
  return dispatch(inplace ? spec.inplaceTwin : spec, [input], attrs);
}

/**
 * x · Φ(x), Φ being the normal distribution (https://pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html).
 *
 * @throws ArgumentError for another approximation than `'tanh'`, DTypeError for integers.
 * @example gelu(tensor([1])).itemSync(); // 0.8413
 */
export function gelu(input: Tensor, options?: GeluOptions): Tensor {
  checkOptions('gelu', options, ['approximate']);
  const approximate: unknown = options?.approximate ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh')
    throw new ArgumentError(`gelu: approximate argument must be either none or tanh, got ${describe(approximate)}`);
  return run(ops.gelu, 'gelu', input, { approximate });
}

/** x · σ(x) (https://pytorch.org/docs/stable/generated/torch.nn.functional.silu.html). @throws DTypeError for integers. */
export function silu(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('silu', options, inplaceOption);
  return run(ops.silu, 'silu', input, null, options);
}

/** x · tanh(log(1 + exp(x))) (https://pytorch.org/docs/stable/generated/torch.nn.functional.mish.html). @throws DTypeError for integers. */
export function mish(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('mish', options, inplaceOption);
  return run(ops.mish, 'mish', input, null, options);
}

/** log(1 + exp(βx)) / β (https://pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html). @throws DTypeError for integers. */
export function softplus(input: Tensor, options?: SoftplusOptions): Tensor {
  const where = 'softplus';
  checkOptions(where, options, ['beta', 'threshold']);
  const beta = numberOf(where, 'beta', options?.beta, 1);
  const threshold = numberOf(where, 'threshold', options?.threshold, 20);
  return run(ops.softplus, where, input, { beta, threshold });
}

/** log σ(x), without overflow (https://pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html). @throws DTypeError for integers. */
export const logsigmoid = (input: Tensor): Tensor => run(ops.logSigmoid, 'logsigmoid', input, null);

/** x above 0, α · (exp(x) - 1) elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.elu.html). @throws DTypeError for integers. */
export function elu(input: Tensor, options?: EluOptions): Tensor {
  checkOptions('elu', options, ['alpha', 'inplace']);
  const alpha = numberOf('elu', 'alpha', options?.alpha, 1);
  return run(ops.elu, 'elu', input, { alpha, scale: 1 }, options);
}

/** The α and the scale for which values stay normal through deep nets (Klambauer et al., "Self-Normalizing Neural Networks", 2017). */
const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

/**
 * scale · (x above 0, α · (exp(x) - 1) elsewhere), with α ≈ 1.6733 and scale ≈ 1.0507
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.selu.html). @throws DTypeError for integers.
 */
export function selu(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('selu', options, inplaceOption);
  return run(ops.elu, 'selu', input, SELU, options);
}

/**
 * x above 0, α · (exp(x/α) - 1) elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.celu.html).
 *
 * @throws ArgumentError for an α of 0, DTypeError for integers.
 */
export function celu(input: Tensor, options?: EluOptions): Tensor {
  checkOptions('celu', options, ['alpha', 'inplace']);
  const alpha = numberOf('celu', 'alpha', options?.alpha, 1);
  if (alpha === 0) throw new ArgumentError('celu: alpha cannot be 0 for CELU');
  return run(ops.celu, 'celu', input, { alpha }, options);
}

/** x above 0, `negativeSlope` · x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html). @throws DTypeError for integers. */
export function leakyRelu(input: Tensor, options?: LeakyReluOptions): Tensor {
  checkOptions('leakyRelu', options, ['negativeSlope', 'inplace']);
  const negativeSlope = numberOf('leakyRelu', 'negativeSlope', options?.negativeSlope, 0.01);
  return run(ops.leakyRelu, 'leakyRelu', input, { negativeSlope }, options);
}

/**
 * x within `minVal` and `maxVal` (https://pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html). Unlike `clamp`, no gradient flows at the bounds.
 *
 * @throws ArgumentError if `minVal` is above `maxVal`, DTypeError for integers.
 */
export function hardtanh(input: Tensor, options?: HardtanhOptions): Tensor {
  const where = 'hardtanh';
  checkOptions(where, options, ['minVal', 'maxVal', 'inplace']);
  const minVal = numberOf(where, 'minVal', options?.minVal, -1);
  const maxVal = numberOf(where, 'maxVal', options?.maxVal, 1);
  if (minVal > maxVal)
    throw new ArgumentError(`${where}: min_val cannot be greater than max_val, got ${minVal} and ${maxVal}`);
  return run(ops.hardtanh, where, input, { minVal, maxVal }, options);
}

/** x within 0 and 6 (https://pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html). @throws DTypeError for integers. */
export function relu6(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('relu6', options, inplaceOption);
  return run(ops.hardtanh, 'relu6', input, { minVal: 0, maxVal: 6 }, options);
}

/** relu6(x + 3) / 6 (https://pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html). @throws DTypeError for integers. */
export function hardsigmoid(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('hardsigmoid', options, inplaceOption);
  return run(ops.hardsigmoid, 'hardsigmoid', input, null, options);
}

/** x · relu6(x + 3) / 6 (https://pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html). @throws DTypeError for integers. */
export function hardswish(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('hardswish', options, inplaceOption);
  return run(ops.hardswish, 'hardswish', input, null, options);
}

function lambdOf(where: string, options: ShrinkOptions | undefined): { lambd: number } {
  checkOptions(where, options, ['lambd']);
  return { lambd: numberOf(where, 'lambd', options?.lambd, 0.5) };
}

/** 0 where |x| ≤ λ, x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html). @throws DTypeError for integers. */
export const hardshrink = (input: Tensor, options?: ShrinkOptions): Tensor =>
  run(ops.hardshrink, 'hardshrink', input, lambdOf('hardshrink', options));

/**
 * 0 where |x| ≤ λ, λ nearer to 0 elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.softshrink.html).
 *
 * @throws ArgumentError for a λ below 0, DTypeError for integers.
 */
export function softshrink(input: Tensor, options?: ShrinkOptions): Tensor {
  const attrs = lambdOf('softshrink', options);
  if (attrs.lambd < 0)
    throw new ArgumentError(`softshrink: lambda must be greater or equal to 0, but found to be ${attrs.lambd}.`);
  return run(ops.softshrink, 'softshrink', input, attrs);
}

/**
 * x where it is above `threshold`, `value` elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.threshold.html).
 *
 * @example threshold(tensor([-1, 2]), 0.1, 20).toArraySync(); // [20, 2]
 */
export function threshold(input: Tensor, threshold: number, value: number, options?: InplaceOptions): Tensor {
  const where = 'threshold';
  checkOptions(where, options, inplaceOption);
  for (const [name, number] of Object.entries({ threshold, value }))
    if (typeof number !== 'number')
      throw new ArgumentError(`${where}: ${name} must be a number, got ${describe(number)}`);
  return run(elementwise.threshold, where, input, { threshold, value }, options);
}
