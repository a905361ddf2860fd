/**
 * `@tenfold/onnx-export`: models as ONNX files.
 *
 * @packageDocumentation
 */
export { type Attributes, type NodeOptions, Ref } from './builder.ts';
export { OpContext } from './context.ts';
export type { SymbolicAttributes, SymbolicGraph, SymbolicValue } from './custom.ts';
export type { Difference } from './differences.ts';
export { type Dim, SizeExpr } from './dims.ts';
export { toOnnx } from './export.ts';
export { type ExportResult, exportOnnx, toOnnxFiles } from './export-file.ts';
export type { ExternalDataOptions } from './external.ts';
export type { CustomOps } from './lower.ts';
export type { ExportableModel, ForwardModel } from './model.ts';
export type { AxisNames, ExportOnnxOptions, ToOnnxOptions, TrainingMode, VerifyOptions } from './options.ts';
export type { ConstantArgument, ExampleArgument, ExampleInputs, Names } from './structure.ts';
export { defineSymbol, type SymbolHandle } from './symbols/all.ts';
export { type SymbolRow, symbolRow } from './symbols/rows.ts';
export { type OnnxSymbol, type SymbolFunction, unsupported, viaBody } from './symbols/symbol.ts';
export {
  type ExportTrainingStepOptions,
  exportTrainingStep,
  type SteppedOptimizer,
  type TrainedModel,
  type TrainingStep,
  type TrainingStepFiles,
  type TrainingStepOptions,
  toOnnxTrainingStep,
} from './training-step.ts';
