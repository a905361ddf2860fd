/**
 * `@tenfold/tensor-core`: what a tensor is, what an op is, the one road an op takes, and the contract of backends.
 *
 * @packageDocumentation
 */
export * from './backend.ts';
export type { ControlRecorder, ControlResult, OpenSizes } from './control.ts';
export {
  arange,
  asTensor,
  empty,
  emptyLike,
  eye,
  type FactoryOptions,
  fromTypedArray,
  full,
  fullLike,
  linspace,
  logspace,
  type NumericArray,
  ones,
  onesLike,
  type TensorData,
  type TriangleOptions,
  tensor,
  trilIndices,
  triuIndices,
  zeros,
  zerosLike,
} from './create.ts';
export {
  belowAutograd,
  belowTransforms,
  dispatch,
  runBody,
} from './dispatch.ts';
export {
  arrayTypes,
  canCast,
  type DType,
  type DTypeCategory,
  type DTypeInfo,
  dtypeNames,
  dtypes,
  getDefaultDType,
  isFloat,
  isInteger,
  promoteTypes,
  resultType,
  scalarTypeName,
  setDefaultDType,
  type TypedArray,
} from './dtype.ts';
export * from './errors.ts';
export * as expr from './expr.ts';
export {
  type BinaryFn,
  type CompareFn,
  type Expr,
  formatExpr,
  mayDivideByZero,
  operands,
  Program,
  topological,
  type UnaryFn,
} from './expr.ts';
export { getPrintOptions, type PrintOptions, setPrintOptions } from './format.ts';
export * from './functions/activation.ts';
export * from './functions/attention.ts';
export * from './functions/conv.ts';
export * from './functions/decomposition.ts';
export * from './functions/elementwise.ts';
export * from './functions/index.ts';
export * from './functions/linalg.ts';
export * as linalg from './functions/linalg-namespace.ts';
export * from './functions/loss.ts';
export * from './functions/movement.ts';
export * from './functions/norm.ts';
export * from './functions/optim.ts';
export * from './functions/pool.ts';
export * from './functions/random.ts';
export * from './functions/reduce.ts';
export * from './functions/softmax.ts';
export * from './functions/spatial.ts';
export { gradMode, inferenceState, withoutGrad } from './grad-mode.ts';
export {
  Graph,
  type GraphAssignment,
  type GraphInput,
  type GraphNode,
  type GraphWrite,
  printGraph,
  type Value,
} from './graph.ts';
export { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf, roundHalfEven } from './half.ts';
export {
  type AutogradHooks,
  asOne,
  type BackwardOptions,
  type GradNode,
  type HookHandle,
  type Interpreter,
  installAutograd,
  installedAutograd,
  interpreters,
  type Next,
  type Transform,
  transforms,
  withLayer,
} from './hooks.ts';
export type { NewOptions, ToOptions, ToTarget } from './methods/create.ts';
export type { QR, SignAndLogdet, UpperOptions } from './methods/decomposition.ts';
export type { AlphaOptions, DivOptions, RoundOptions } from './methods/elementwise.ts';
export type {
  IndexEntry,
  IndexPutOptions,
  IndexRange,
  NonzeroOptions,
  Sorted,
  SortOptions,
  TopkOptions,
} from './methods/index.ts';
export type { AddmmOptions } from './methods/linalg.ts';
export type { DiagonalOptions, RepeatInterleaveOptions } from './methods/movement.ts';
export type { MultinomialOptions, RandomMethodOptions } from './methods/random.ts';
export type {
  AminmaxOptions,
  CumulativeOptions,
  Dims,
  KeepdimOptions,
  MinAndMax,
  NormOptions,
  QuantileOptions,
  SumOptions,
  ValuesAndIndices,
  VarOptions,
} from './methods/reduce.ts';
export type {
  IndexAddOptions,
  IndexReduce,
  PutOptions,
  ScatterOptions,
  ScatterReduce,
  ScatterReduceOptions,
} from './methods/scatter.ts';
export type { SoftmaxOptions } from './methods/softmax.ts';
export type { CloseOptions, LogitOptions, NanToNumOptions } from './methods/special.ts';
export type {
  BincountOptions,
  HistcOptions,
  IsinOptions,
  MoreThanValues,
  UniqueConsecutiveOptions,
  UniqueOptions,
  UniqueResult,
  ValuesOnly,
} from './methods/unique.ts';
export {
  type ActivationBackwardAttrs,
  type ActivationOps,
  type Activations,
  activation as activationOps,
  type EluAttrs,
  type GeluAttrs,
  type SoftplusAttrs,
} from './ops/activation.ts';
export * from './ops/all.ts';
export type { AttentionAttrs, AttentionOps } from './ops/attention.ts';
export type { ColumnsAttrs, ColumnsOps } from './ops/columns.ts';
export type { ContractAttrs } from './ops/contract.ts';
export { type ConvAttrs, type ConvOps, exactFit } from './ops/conv.ts';
export type { CreateOps, FactoryAttrs, RangeAttrs, ToCopyAttrs } from './ops/create.ts';
export type {
  CheckAttrs,
  EighAttrs,
  PinvAttrs,
  QrMode,
  SvdAttrs,
  TriangularSolveAttrs,
} from './ops/decomposition.ts';
export type { EinsumAttrs } from './ops/einsum.ts';
export {
  type ElementwiseOps,
  elementwise as pointwiseOps,
  type NanToNumAttrs,
  type RoundingMode,
} from './ops/elementwise.ts';
export type { DecompositionOps } from './ops/equations.ts';
export type { GridPaddingMode, GridSampleAttrs, GridSampleMode, GridSampleOps } from './ops/grid-sample.ts';
export type { IndexOps, ScatterReduceAttrs, ScatterReduction, SortAttrs, TopkAttrs } from './ops/index.ts';
export type { InterpolateAttrs, InterpolateOps, ResizeMode } from './ops/interpolate.ts';
export type { AddmmAttrs, LinalgOps } from './ops/linalg.ts';
export type {
  CrossEntropyAttrs,
  LossAttrs,
  LossOps,
  NllLossAttrs,
  NllLossBackwardAttrs,
  Reduction,
} from './ops/loss.ts';
export type {
  AsStridedAttrs,
  DiagonalAttrs,
  DimAttrs,
  SliceAttrs,
  ViewScatterAttrs,
} from './ops/movement.ts';
export type { EpsAttrs, GroupNormAttrs, LayerNormAttrs, NormBackwardAttrs, NormOps } from './ops/norm.ts';
export {
  type AdamStepAttrs,
  type OptimOps,
  type RmspropStepAttrs,
  type SgdStepAttrs,
  type StepCount,
  type StepInit,
  type StepSpec,
  stepInitOf,
} from './ops/optim.ts';
export type { ChooseAttrs, Interpolation, OrderStatisticsOps, QuantileAttrs } from './ops/order-statistics.ts';
export type { PadAttrs, PadMode, PadOps } from './ops/pad.ts';
export {
  type AvgPoolAttrs,
  endPadding,
  type MaxPoolBackwardAttrs,
  type PoolAttrs,
  type PoolOps,
  pooledSizes,
} from './ops/pool.ts';
export type { RandomOps } from './ops/random-factories.ts';
export type {
  ArgReduceAttrs,
  CumulativeAttrs,
  MaxDimAttrs,
  NormAttrs,
  ReduceOps,
  SumAttrs,
  VarAttrs,
} from './ops/reduce.ts';
export type { ShuffleOps } from './ops/shuffle.ts';
export { type ControlAttrs, controlDType, type SkippableStep, skippableStep } from './ops/skippable-step.ts';
export type { SoftmaxAttrs } from './ops/softmax.ts';
export type { SoftmaxOps } from './ops/softmax-backward.ts';
export type { SpatialOps } from './ops/spatial.ts';
export type { MovementOps } from './ops/stack.ts';
export type { StepAttrs } from './ops/step-formulas.ts';
export * as stepFormulas from './ops/step-formulas.ts';
export * from './philox.ts';
export {
  defaultGenerator,
  drawWatchers,
  type ForkRngOptions,
  forkRng,
  Generator,
  type GeneratorState,
  getRngState,
  initialSeed,
  manualSeed,
  seed,
  setRngState,
} from './random.ts';
export {
  Device,
  devices,
  getDefaultDevice,
  openDevices,
  registerBackend,
  resolveDevice,
  setDefaultDevice,
} from './registry.ts';
export { type Origin, version } from './release.ts';
export { replay } from './replay.ts';
export {
  allDims,
  broadcastShapes,
  broadcastStrides,
  checkShape,
  contiguousStrides,
  formatShape,
  isContiguous,
  normalizeDim,
  normalizeDims,
  numel,
  type Shape,
  sameShape,
} from './shape.ts';
export {
  type AnySig,
  defineOp,
  type Operand,
  type OpInit,
  OpSpec,
  type Outputs,
  type Sig,
  type TensorMeta,
  type ViewGeometry,
} from './spec.ts';
export { erfCoefficients } from './special.ts';
export { type MemoryUsage, memory, Storage, type VersionCounter } from './storage.ts';
export { type NestedArray, Tensor, type ViewInfo } from './tensor.ts';
export { isTensor, makeTensor } from './tensor-class.ts';
export { beginTidy, endTidy, keep, tidy, track } from './tidy.ts';
export {
  callerLine,
  isTracing,
  noteAlias,
  recordControl,
  type Traced,
  type TraceOptions,
  trace,
  withScope,
} from './trace.ts';
