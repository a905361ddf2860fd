/**
 * `@tenfold/optim`: optimisers with the semantics of `torch.optim`.
 *
 * @packageDocumentation
 */
export { Adadelta, type AdadeltaGroup, type AdadeltaOptions } from './adadelta.ts';
export { Adafactor, type AdafactorGroup, type AdafactorOptions } from './adafactor.ts';
export { Adagrad, type AdagradGroup, type AdagradOptions } from './adagrad.ts';
export { Adam, type AdamGroup, type AdamOptions, AdamW } from './adam.ts';
export { Adamax, type AdamaxGroup, type AdamaxOptions } from './adamax.ts';
export { ASGD, type ASGDGroup, type ASGDOptions } from './asgd.ts';
export {
  AveragedModel,
  type AveragedModelOptions,
  type AveragedState,
  type AvgFn,
  getEmaAvgFn,
  getEmaMultiAvgFn,
  getSwaAvgFn,
  getSwaMultiAvgFn,
  type MultiAvgFn,
  type WeightSource,
} from './averages.ts';
export { GradScaler, type GradScalerOptions, type GradScalerState, type Scalable } from './grad-scaler.ts';
export { LBFGS, type LBFGSGroup, type LBFGSOptions } from './lbfgs.ts';
export { Lion, type LionGroup, type LionOptions } from './lion.ts';
export { Muon, type MuonGroup, type MuonOptions } from './muon.ts';
export { NAdam, type NAdamGroup, type NAdamOptions } from './nadam.ts';
export {
  type GroupSchedule,
  Optimizer,
  type OptimizerState,
  type OptionCheck,
  type ParamGroup,
  type ParamGroupInit,
  type ParamState,
  type Params,
  type StateValue,
  type ZeroGradOptions,
} from './optimizer.ts';
export { RAdam, type RAdamGroup, type RAdamOptions } from './radam.ts';
export { RMSprop, type RMSpropGroup, type RMSpropOptions } from './rmsprop.ts';
export { Rprop, type RpropGroup, type RpropOptions } from './rprop.ts';
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
export { type NormalisedModel, type UpdateBNOptions, updateBN } from './update-bn.ts';
