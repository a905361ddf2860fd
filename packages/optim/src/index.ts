/**
 * `@tenfold/optim`: optimisers with the semantics of `torch.optim`.
 *
 * @packageDocumentation
 */
export { Adam, type AdamGroup, type AdamOptions, AdamW } from './adam.ts';
export { GradScaler, type GradScalerOptions, type GradScalerState, type Scalable } from './grad-scaler.ts';
export {
  Optimizer,
  type OptimizerState,
  type OptionCheck,
  type ParamGroup,
  type ParamGroupInit,
  type ParamState,
  type Params,
  type ZeroGradOptions,
} from './optimizer.ts';
export { RMSprop, type RMSpropGroup, type RMSpropOptions } from './rmsprop.ts';
export { SGD, type SGDGroup, type SGDOptions } from './sgd.ts';
