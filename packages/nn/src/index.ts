/**
 * `@tenfold/nn`: modules, layers and losses with the names of `torch.nn`.
 *
 * @packageDocumentation
 */

export { Copier, deepcopy } from './deepcopy.ts';
export type {
  DropoutOptions,
  GeluOptions,
  InplaceOptions,
  LeakyReluOptions,
  LocalResponseNormOptions,
} from './functional.ts';
export * as F from './functional.ts';
export type { ForwardHook, ForwardPreHook, ForwardWrapper } from './hooks.ts';
export { type BufferOptions, Module, type ZeroGradOptions } from './module.ts';
export { GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh } from './modules/activation.ts';
export {
  MultiheadAttention,
  type MultiheadAttentionForwardOptions,
  type MultiheadAttentionOptions,
} from './modules/attention.ts';
export { type Layer, ModuleList, Sequential } from './modules/container.ts';
export {
  Conv1d,
  Conv2d,
  Conv3d,
  type ConvLayerOptions,
  type ConvPaddingMode,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvTransposeForwardOptions,
  type ConvTransposeLayerOptions,
} from './modules/conv.ts';
export {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  FeatureAlphaDropout,
} from './modules/dropout.ts';
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
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  LPPool1d,
  LPPool2d,
  LPPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
  type Pooled,
} from './modules/pooling.ts';
export {
  GRU,
  GRUCell,
  LSTM,
  LSTMCell,
  type LSTMOptions,
  type Nonlinearity,
  type RecurrentCell,
  type RecurrentCellOptions,
  type RecurrentLayer,
  type RecurrentOptions,
  RNN,
  RNNCell,
  type RNNCellOptions,
  type RNNOptions,
} from './modules/rnn.ts';
export {
  KVCache,
  type KVCacheOptions,
  RotaryPositionalEmbeddings,
  type RotaryPositionalEmbeddingsForwardOptions,
  type RotaryPositionalEmbeddingsOptions,
} from './modules/rope.ts';
export {
  type CustomEncoder,
  type DecoderLayer,
  type EncoderLayer,
  Transformer,
  type TransformerActivation,
  TransformerDecoder,
  type TransformerDecoderForwardOptions,
  TransformerDecoderLayer,
  TransformerEncoder,
  type TransformerEncoderForwardOptions,
  TransformerEncoderLayer,
  type TransformerEncoderLayerForwardOptions,
  type TransformerForwardOptions,
  type TransformerLayerOptions,
  type TransformerOptions,
  type TransformerStackOptions,
} from './modules/transformer.ts';
export {
  Upsample,
  type UpsampleOptions,
  UpsamplingBilinear2d,
  UpsamplingNearest2d,
  type UpsamplingOptions,
} from './modules/upsample.ts';
export type { MoveTarget } from './move.ts';
export { Parameter, type ParameterOptions } from './parameter.ts';
export type { LoadOptions, LoadResult, StateDict } from './state.ts';
export * as utils from './utils.ts';
