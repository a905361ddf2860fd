/**
 * `@tenfold/onnx-import`: ONNX files as modules.
 *
 * @packageDocumentation
 */
export type { Limits, NodeContext, NodeInfo, Row, RowResult, Rows, SubGraph } from './context.ts';
export { importModel, loadOnnx, type OnnxBytes, type OnnxSource } from './load.ts';
export { OnnxModule } from './module.ts';
export type { CustomOp, LoadOnnxOptions } from './options.ts';
export type { Dim, ValueInfo } from './signature.ts';
export { HostTensor, Sequence, type Value } from './values.ts';
