/**
 * `@tenfold/optim`: optimisers with the semantics of `torch.optim`.
 *
 * @packageDocumentation
 */
export { Adam, type AdamGroup, type AdamOptions, AdamW } from './adam.ts';
export {
  type GroupSchedule,
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
export { ChainedScheduler, type ChainedSchedulerOptions, SequentialLR } from './schedulers/compose.ts';
export {
  CosineAnnealingLR,
  type CosineAnnealingLROptions,
  CosineAnnealingWarmRestarts,
  type CosineAnnealingWarmRestartsOptions,
} from './schedulers/cosine.ts';
export { CyclicLR, type CyclicLROptions, OneCycleLR, type OneCycleLROptions } from './schedulers/cyclic.ts';
export { type DecayOptions, ExponentialLR, MultiStepLR, StepLR } from './schedulers/decay.ts';
export { LambdaLR, type LrLambda, MultiplicativeLR } from './schedulers/lambda.ts';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './schedulers/plateau.ts';
export {
  ConstantLR,
  type ConstantLROptions,
  LinearLR,
  type LinearLROptions,
  PolynomialLR,
  type PolynomialLROptions,
} from './schedulers/ramp.ts';
export {
  LRScheduler,
  type PerGroup,
  type ScheduledGroup,
  type ScheduledOptimizer,
  type SchedulerOptions,
  type SchedulerState,
  type SchedulerValue,
} from './schedulers/scheduler.ts';
export { SWALR, type SWALROptions } from './schedulers/swa-lr.ts';
export { SGD, type SGDGroup, type SGDOptions } from './sgd.ts';
