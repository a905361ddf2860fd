/**
 * `@tenfold/nn`: modules, layers and losses with the names of `torch.nn`.
 *
 * @packageDocumentation
 */

export type { InplaceOptions, LocalResponseNormOptions } from './functional.ts';
export * as F from './functional.ts';
export type { ForwardHook, ForwardPreHook, ForwardWrapper } from './hooks.ts';
export { type BufferOptions, Module, type ZeroGradOptions } from './module.ts';
export {
  CELU,
  ELU,
  GELU,
  GLU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  type PreluOptions,
  ReLU,
  ReLU6,
  RReLU,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softmax2d,
  Softmin,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
  Threshold,
} from './modules/activation.ts';
export { type Layer, ModuleList, Sequential } from './modules/container.ts';
export { Embedding, type EmbeddingLayerOptions, type PretrainedEmbeddingOptions } from './modules/embedding.ts';
export { Flatten } from './modules/flatten.ts';
export { Identity, Linear, type LinearOptions } from './modules/linear.ts';
export {
  BCELoss,
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  HuberLoss,
  L1Loss,
  MSELoss,
  NLLLoss,
  SmoothL1Loss,
} from './modules/loss.ts';
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  type BatchNormLayerOptions,
  GroupNorm,
  type GroupNormLayerOptions,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  type InstanceNormLayerOptions,
  LayerNorm,
  type LayerNormLayerOptions,
  LocalResponseNorm,
  RMSNorm,
  type RmsNormLayerOptions,
} from './modules/norm.ts';
export type { MoveTarget } from './move.ts';
export { Parameter, type ParameterOptions } from './parameter.ts';
export type { LoadOptions, LoadResult, StateDict } from './state.ts';
