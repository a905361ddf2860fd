/**
 * The functions behind the modules, with the names of `torch.nn.functional` (https://pytorch.org/docs/stable/nn.functional.html).
 *
 * @packageDocumentation
 */
import * as core from '@tenfold/tensor-core';
import { ArgumentError, checkOptions, describe, isTensor, ShapeError, type Tensor } from '@tenfold/tensor-core';

export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  affineGrid,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  batchNorm,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  channelShuffle,
  col2im as fold,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  crossEntropy,
  gridSample,
  groupNorm,
  huberLoss,
  im2col as unfold,
  instanceNorm,
  interpolate,
  l1Loss,
  layerNorm,
  logSoftmax,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  mseLoss,
  nllLoss,
  pad,
  pixelShuffle,
  pixelUnshuffle,
  rmsNorm,
  scaledDotProductAttention,
  smoothL1Loss,
  softmax,
} from '@tenfold/tensor-core';

/**
 * x Wᵀ + b over the last dim (https://pytorch.org/docs/stable/generated/torch.nn.functional.linear.html).
 *
 * @param input `[…, inFeatures]`, with any number of leading dims, also none.
 * @param weight `[outFeatures, inFeatures]`, or `[inFeatures]` for one feature whose dim is left out.
 * @param bias `[outFeatures]`.
 * @returns `[…, outFeatures]`.
 * @throws ShapeError unless the sizes fit, DTypeError unless all have one dtype.
 */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  for (const [name, x] of [
    ['input', input],
    ['weight', weight],
  ] as const) {
    if (!isTensor(x)) throw new ArgumentError(`linear: ${name} must be a tensor, got ${describe(x)}`);
  }
  if (weight.ndim > 2)
    throw new ShapeError(
      `linear: weight must have the shape [outFeatures, inFeatures] or [inFeatures], got ${weight.ndim} dims`,
    );
  if (bias !== null && input.ndim === 2 && weight.ndim === 2) return bias.addmm(input, weight.t());
  const product = input.matmul(weight.t());
  return bias === null ? product : product.add(bias);
}

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
