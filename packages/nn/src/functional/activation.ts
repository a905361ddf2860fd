/** Activations as functions. */
import * as core from '@tenfold/tensor-core';
import { ArgumentError, checkOptions, describe, isTensor, type Tensor } from '@tenfold/tensor-core';

/** Options of functions that can write into their input. */
export interface InplaceOptions {
  /** Default false. */
  inplace?: boolean;
}

/** The larger of x and 0 (https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html). */
export function relu(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('relu', options, ['inplace']);
  if (!isTensor(input)) throw new ArgumentError(`relu: expected a tensor, got ${describe(input)}`);
  return options?.inplace ? input.relu_() : input.relu();
}

/** 1 / (1 + exp(-x)) (https://pytorch.org/docs/stable/generated/torch.nn.functional.sigmoid.html). */
export const sigmoid = (input: Tensor): Tensor => core.sigmoid(input);

/** The hyperbolic tangent (https://pytorch.org/docs/stable/generated/torch.nn.functional.tanh.html). */
export const tanh = (input: Tensor): Tensor => core.tanh(input);

/** Options of `leakyRelu`. */
export interface LeakyReluOptions extends InplaceOptions {
  /** The slope below 0. Default 0.01. */
  negativeSlope?: number;
}

/** Options of `gelu`. */
export interface GeluOptions {
  /** `'tanh'` for the formula with a tanh in the place of the error function. Default `'none'`. */
  approximate?: 'none' | 'tanh';
}

/** x where it is above 0, `negativeSlope` · x elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html). */
export function leakyRelu(input: Tensor, options?: LeakyReluOptions): Tensor {
  checkOptions('leakyRelu', options, ['negativeSlope', 'inplace']);
  return inPlace('leakyRelu', input, options, (x) => x.where(x.gt(0), x.mul(options?.negativeSlope ?? 0.01)));
}

/** x · Φ(x), Φ being the normal distribution (https://pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html). */
export function gelu(input: Tensor, options?: GeluOptions): Tensor {
  checkOptions('gelu', options, ['approximate']);
  requireInput('gelu', input);
  const approximate = options?.approximate ?? 'none';
  if (approximate === 'none') return input.mul(0.5).mul(input.mul(Math.SQRT1_2).erf().add(1));
  if (approximate === 'tanh') {
    const inner = input.add(input.pow(3).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
    return input.mul(0.5).mul(inner.tanh().add(1));
  }
  throw new ArgumentError(`gelu: approximate argument must be either none or tanh, got ${describe(approximate)}`);
}

/** x · σ(x) (https://pytorch.org/docs/stable/generated/torch.nn.functional.silu.html). */
export function silu(input: Tensor, options?: InplaceOptions): Tensor {
  checkOptions('silu', options, ['inplace']);
  return inPlace('silu', input, options, (x) => x.mul(x.sigmoid()));
}

function requireInput(where: string, input: unknown): asserts input is Tensor {
  if (!isTensor(input)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(input)}`);
}

/** f(x), written into the input if that is asked for. */
function inPlace(where: string, input: Tensor, options: InplaceOptions | undefined, fn: (x: Tensor) => Tensor): Tensor {
  requireInput(where, input);
  return options?.inplace ? input.copy_(fn(input.clone())) : fn(input);
}
