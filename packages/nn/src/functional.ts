/**
 * The functions behind the modules, with the names of `torch.nn.functional` (https://pytorch.org/docs/stable/nn.functional.html).
 *
 * @packageDocumentation
 */

export type {
  EluOptions,
  GeluOptions,
  HardtanhOptions,
  InplaceOptions,
  LeakyReluOptions,
  ShrinkOptions,
  SoftplusOptions,
} from '@tenfold/tensor-core';
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
  celu,
  channelShuffle,
  col2im as fold,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  crossEntropy,
  elu,
  gelu,
  gridSample,
  groupNorm,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  huberLoss,
  im2col as unfold,
  instanceNorm,
  interpolate,
  l1Loss,
  layerNorm,
  leakyRelu,
  logSoftmax,
  logsigmoid,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  mish,
  mseLoss,
  nllLoss,
  oneHot,
  pad,
  pdist,
  pixelShuffle,
  pixelUnshuffle,
  relu6,
  rmsNorm,
  scaledDotProductAttention,
  selu,
  silu,
  smoothL1Loss,
  softmax,
  softplus,
  softshrink,
  threshold,
} from '@tenfold/tensor-core';
export * from './functional/activation.ts';
export * from './functional/ctc.ts';
export * from './functional/distance.ts';
export {
  alphaDropout,
  type DropoutOptions,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from './functional/dropout.ts';
export * from './functional/embedding.ts';
export * from './functional/linear.ts';
export * from './functional/loss.ts';
export * from './functional/norm.ts';
export {
  type FractionalMaxPoolOptions,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
} from './functional/pooling.ts';
