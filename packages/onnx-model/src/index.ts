/**
 * `@tenfold/onnx-model`: ONNX models as data, for what writes, reads and checks them.
 *
 * @packageDocumentation
 */
export { checkModel } from './check.ts';
export { checkOperators, type Unused, unusedValues } from './check-operators.ts';
export { type OnnxArray, tensorData } from './data.ts';
export { decodeModel } from './decode.ts';
export { toDot } from './dot.ts';
export { allTensors, checkExternalData, type ExternalFiles, externalFiles, loadExternalData } from './external-data.ts';
export {
  AttributeProto,
  AttributeProto_AttributeType,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  StringStringEntryProto,
  TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorShapeProto,
  TensorShapeProto_Dimension,
  TypeProto,
  ValueInfoProto,
} from './generated/onnx.ts';
export {
  defaultPasses,
  type OptimizeOptions,
  optimizeModel,
  type PassName,
  type PassReport,
  passNames,
} from './passes/optimize.ts';
export { type PrintOptions, printModel } from './print.ts';
export { everyNode, graphsOf } from './subgraphs.ts';
export { attributeText, dtypeOf, encode, onnxType, tensorProto } from './tensor.ts';
