/**
 * `@tenfold/nn`: modules, layers and losses with the names of `torch.nn`.
 *
 * @packageDocumentation
 */

export { Copier, deepcopy } from './deepcopy.ts';
export type { InplaceOptions } from './functional.ts';
export * as F from './functional.ts';
export type { ForwardHook, ForwardPreHook, ForwardWrapper } from './hooks.ts';
export * as init from './init.ts';
export { type BufferOptions, Module, type ZeroGradOptions } from './module.ts';
export { LogSoftmax, ReLU, Sigmoid, Softmax, Tanh } from './modules/activation.ts';
export {
  type Layer,
  ModuleDict,
  ModuleList,
  type Named,
  ParameterDict,
  ParameterList,
  Sequential,
} from './modules/container.ts';
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
export type { MoveTarget } from './move.ts';
export { Parameter, type ParameterOptions } from './parameter.ts';
export type { LoadOptions, LoadResult, StateDict } from './state.ts';
export * as utils from './utils.ts';
