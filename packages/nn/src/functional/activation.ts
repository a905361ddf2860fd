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
