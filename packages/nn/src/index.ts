/**
 * `@tenfold/nn`: modules, layers and losses with the names of `torch.nn`.
 *
 * @packageDocumentation
 */

export { Copier, deepcopy } from './deepcopy.ts';
export type { GumbelSoftmaxOptions, RreluOptions } from './functional/activation.ts';
export type { CtcLossOptions, Lengths } from './functional/ctc.ts';
export type { CosineSimilarityOptions, PairwiseDistanceOptions } from './functional/distance.ts';
export type { DropoutOptions } from './functional/dropout.ts';
export type { EmbeddingOptions } from './functional/embedding.ts';
export type {
  GaussianNllLossOptions,
  KlDivOptions,
  MarginLossOptions,
  MultiLabelSoftMarginLossOptions,
  MultiMarginLossOptions,
  PoissonNllLossOptions,
  TripletMarginLossOptions,
  TripletMarginWithDistanceLossOptions,
} from './functional/loss.ts';
export type { LocalResponseNormOptions } from './functional/norm.ts';
export type { FractionalMaxPoolOptions } from './functional/pooling.ts';
export * as F from './functional.ts';
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  ForwardWrapper,
  Gradients,
  HookOptions,
} from './hooks.ts';
export type { Nonlinearity } from './init.ts';
export * as init from './init.ts';
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
export {
  MultiheadAttention,
  type MultiheadAttentionForwardOptions,
  type MultiheadAttentionOptions,
} from './modules/attention.ts';
export {
  type Layer,
  ModuleDict,
  ModuleList,
  type Named,
  ParameterDict,
  ParameterList,
  Sequential,
} from './modules/container.ts';
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
export { CTCLoss } from './modules/ctc.ts';
export { CosineSimilarity, PairwiseDistance } from './modules/distance.ts';
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from './modules/dropout.ts';
export {
  Embedding,
  EmbeddingBag,
  type EmbeddingBagLayerOptions,
  type EmbeddingLayerOptions,
  type PretrainedEmbeddingBagOptions,
  type PretrainedEmbeddingOptions,
} from './modules/embedding.ts';
export { Flatten, Unflatten } from './modules/flatten.ts';
export { Fold, Unfold } from './modules/fold.ts';
export { Bilinear, Identity, Linear, type LinearOptions } from './modules/linear.ts';
export {
  BCELoss,
  BCEWithLogitsLoss,
  CosineEmbeddingLoss,
  CrossEntropyLoss,
  GaussianNLLLoss,
  HingeEmbeddingLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MarginRankingLoss,
  MSELoss,
  MultiLabelMarginLoss,
  MultiLabelSoftMarginLoss,
  MultiMarginLoss,
  NLLLoss,
  PoissonNLLLoss,
  SmoothL1Loss,
  SoftMarginLoss,
  TripletMarginLoss,
  TripletMarginWithDistanceLoss,
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
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  type Padding,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from './modules/padding.ts';
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
  FractionalMaxPool2d,
  FractionalMaxPool3d,
  type FractionalMaxPoolLayerOptions,
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
  type RecurrentCell,
  type RecurrentCellOptions,
  type RecurrentLayer,
  type RecurrentNonlinearity,
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
export { ChannelShuffle, PixelShuffle, PixelUnshuffle } from './modules/shuffle.ts';
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
export type {
  LoadOptions,
  LoadResult,
  LoadStateDictPostHook,
  LoadStateDictPreHook,
  StateDict,
  StateDictPostHook,
  StateDictPreHook,
} from './state.ts';
export { ModelSummary, type SummaryInput, type SummaryOptions, type SummaryRow, summary } from './summary.ts';
export * as utils from './utils.ts';
