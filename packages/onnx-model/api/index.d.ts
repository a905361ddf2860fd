// The API of @tenfold/onnx-model, written by `npm run api` from the built types. Lint compares.
export interface AttributeProto {
    docString?: string | undefined;
    f?: number | undefined;
    floats?: number[] | undefined;
    g?: GraphProto | undefined;
    graphs?: GraphProto[] | undefined;
    i?: number | undefined;
    ints?: number[] | undefined;
    name?: string | undefined;
    refAttrName?: string | undefined;
    s?: Uint8Array | undefined;
    sparseTensor?: SparseTensorProto | undefined;
    sparseTensors?: SparseTensorProto[] | undefined;
    strings?: Uint8Array[] | undefined;
    t?: TensorProto | undefined;
    tensors?: TensorProto[] | undefined;
    tp?: TypeProto | undefined;
    type?: AttributeProto_AttributeType | undefined;
    typeProtos?: TypeProto[] | undefined;
}
export declare const AttributeProto: MessageFns<AttributeProto>;
export declare const AttributeProto_AttributeType: {
    readonly FLOAT: 1;
    readonly FLOATS: 6;
    readonly GRAPH: 5;
    readonly GRAPHS: 10;
    readonly INT: 2;
    readonly INTS: 7;
    readonly SPARSE_TENSOR: 11;
    readonly SPARSE_TENSORS: 12;
    readonly STRING: 3;
    readonly STRINGS: 8;
    readonly TENSOR: 4;
    readonly TENSORS: 9;
    readonly TYPE_PROTO: 13;
    readonly TYPE_PROTOS: 14;
    readonly UNDEFINED: 0;
};
export type AttributeProto_AttributeType = typeof AttributeProto_AttributeType[keyof typeof AttributeProto_AttributeType];
export declare namespace AttributeProto_AttributeType {
    type UNDEFINED = typeof AttributeProto_AttributeType.UNDEFINED;
    type FLOAT = typeof AttributeProto_AttributeType.FLOAT;
    type INT = typeof AttributeProto_AttributeType.INT;
    type STRING = typeof AttributeProto_AttributeType.STRING;
    type TENSOR = typeof AttributeProto_AttributeType.TENSOR;
    type GRAPH = typeof AttributeProto_AttributeType.GRAPH;
    type SPARSE_TENSOR = typeof AttributeProto_AttributeType.SPARSE_TENSOR;
    type TYPE_PROTO = typeof AttributeProto_AttributeType.TYPE_PROTO;
    type FLOATS = typeof AttributeProto_AttributeType.FLOATS;
    type INTS = typeof AttributeProto_AttributeType.INTS;
    type STRINGS = typeof AttributeProto_AttributeType.STRINGS;
    type TENSORS = typeof AttributeProto_AttributeType.TENSORS;
    type GRAPHS = typeof AttributeProto_AttributeType.GRAPHS;
    type SPARSE_TENSORS = typeof AttributeProto_AttributeType.SPARSE_TENSORS;
    type TYPE_PROTOS = typeof AttributeProto_AttributeType.TYPE_PROTOS;
}
export type ExternalFiles = Readonly<Record<string, Blob | Uint8Array>> | string;
export interface FunctionProto {
    attribute?: string[] | undefined;
    attributeProto?: AttributeProto[] | undefined;
    docString?: string | undefined;
    domain?: string | undefined;
    input?: string[] | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    node?: NodeProto[] | undefined;
    opsetImport?: OperatorSetIdProto[] | undefined;
    output?: string[] | undefined;
    overload?: string | undefined;
    valueInfo?: ValueInfoProto[] | undefined;
}
export declare const FunctionProto: MessageFns<FunctionProto>;
export interface GraphProto {
    docString?: string | undefined;
    initializer?: TensorProto[] | undefined;
    input?: ValueInfoProto[] | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    node?: NodeProto[] | undefined;
    output?: ValueInfoProto[] | undefined;
    quantizationAnnotation?: TensorAnnotation[] | undefined;
    sparseInitializer?: SparseTensorProto[] | undefined;
    valueInfo?: ValueInfoProto[] | undefined;
}
export declare const GraphProto: MessageFns<GraphProto>;
export interface ModelProto {
    configuration?: DeviceConfigurationProto[] | undefined;
    docString?: string | undefined;
    domain?: string | undefined;
    functions?: FunctionProto[] | undefined;
    graph?: GraphProto | undefined;
    irVersion?: number | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    modelVersion?: number | undefined;
    opsetImport?: OperatorSetIdProto[] | undefined;
    producerName?: string | undefined;
    producerVersion?: string | undefined;
    trainingInfo?: TrainingInfoProto[] | undefined;
}
export declare const ModelProto: MessageFns<ModelProto>;
export interface NodeProto {
    attribute?: AttributeProto[] | undefined;
    deviceConfigurations?: NodeDeviceConfigurationProto[] | undefined;
    docString?: string | undefined;
    domain?: string | undefined;
    input?: string[] | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    opType?: string | undefined;
    output?: string[] | undefined;
    overload?: string | undefined;
}
export declare const NodeProto: MessageFns<NodeProto>;
export type OnnxArray = BigUint64Array | TypedArray | Uint32Array | string[];
export interface OperatorSetIdProto {
    domain?: string | undefined;
    version?: number | undefined;
}
export declare const OperatorSetIdProto: MessageFns<OperatorSetIdProto>;
export interface OptimizeOptions {
    keepInitializers?: boolean;
    log?: (report: PassReport) => void;
    passes?: readonly PassName[];
}
export type PassName = (typeof passNames)[number];
export interface PassReport {
    readonly after: string;
    readonly before: string;
    readonly changes: string;
    readonly pass: PassName;
}
export interface PrintOptions {
    metadata?: boolean;
}
export interface StringStringEntryProto {
    key?: string | undefined;
    value?: string | undefined;
}
export declare const StringStringEntryProto: MessageFns<StringStringEntryProto>;
export interface TensorProto {
    dataLocation?: TensorProto_DataLocation | undefined;
    dataType?: number | undefined;
    dims?: number[] | undefined;
    docString?: string | undefined;
    doubleData?: number[] | undefined;
    externalData?: StringStringEntryProto[] | undefined;
    floatData?: number[] | undefined;
    int32Data?: number[] | undefined;
    int64Data?: bigint[] | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    rawData?: Uint8Array | undefined;
    segment?: TensorProto_Segment | undefined;
    stringData?: Uint8Array[] | undefined;
    uint64Data?: bigint[] | undefined;
}
export declare const TensorProto: MessageFns<TensorProto>;
export declare const TensorProto_DataLocation: {
    readonly DEFAULT: 0;
    readonly EXTERNAL: 1;
};
export type TensorProto_DataLocation = typeof TensorProto_DataLocation[keyof typeof TensorProto_DataLocation];
export declare namespace TensorProto_DataLocation {
    type DEFAULT = typeof TensorProto_DataLocation.DEFAULT;
    type EXTERNAL = typeof TensorProto_DataLocation.EXTERNAL;
}
export declare const TensorProto_DataType: {
    readonly BFLOAT16: 16;
    readonly BOOL: 9;
    readonly COMPLEX128: 15;
    readonly COMPLEX64: 14;
    readonly DOUBLE: 11;
    readonly FLOAT: 1;
    readonly FLOAT16: 10;
    readonly FLOAT4E2M1: 23;
    readonly FLOAT6E2M3: 27;
    readonly FLOAT6E3M2: 28;
    readonly FLOAT8E4M3FN: 17;
    readonly FLOAT8E4M3FNUZ: 18;
    readonly FLOAT8E5M2: 19;
    readonly FLOAT8E5M2FNUZ: 20;
    readonly FLOAT8E8M0: 24;
    readonly INT16: 5;
    readonly INT2: 26;
    readonly INT32: 6;
    readonly INT4: 22;
    readonly INT64: 7;
    readonly INT8: 3;
    readonly STRING: 8;
    readonly UINT16: 4;
    readonly UINT2: 25;
    readonly UINT32: 12;
    readonly UINT4: 21;
    readonly UINT64: 13;
    readonly UINT8: 2;
    readonly UNDEFINED: 0;
};
export type TensorProto_DataType = typeof TensorProto_DataType[keyof typeof TensorProto_DataType];
export declare namespace TensorProto_DataType {
    type UNDEFINED = typeof TensorProto_DataType.UNDEFINED;
    type FLOAT = typeof TensorProto_DataType.FLOAT;
    type UINT8 = typeof TensorProto_DataType.UINT8;
    type INT8 = typeof TensorProto_DataType.INT8;
    type UINT16 = typeof TensorProto_DataType.UINT16;
    type INT16 = typeof TensorProto_DataType.INT16;
    type INT32 = typeof TensorProto_DataType.INT32;
    type INT64 = typeof TensorProto_DataType.INT64;
    type STRING = typeof TensorProto_DataType.STRING;
    type BOOL = typeof TensorProto_DataType.BOOL;
    type FLOAT16 = typeof TensorProto_DataType.FLOAT16;
    type DOUBLE = typeof TensorProto_DataType.DOUBLE;
    type UINT32 = typeof TensorProto_DataType.UINT32;
    type UINT64 = typeof TensorProto_DataType.UINT64;
    type COMPLEX64 = typeof TensorProto_DataType.COMPLEX64;
    type COMPLEX128 = typeof TensorProto_DataType.COMPLEX128;
    type BFLOAT16 = typeof TensorProto_DataType.BFLOAT16;
    type FLOAT8E4M3FN = typeof TensorProto_DataType.FLOAT8E4M3FN;
    type FLOAT8E4M3FNUZ = typeof TensorProto_DataType.FLOAT8E4M3FNUZ;
    type FLOAT8E5M2 = typeof TensorProto_DataType.FLOAT8E5M2;
    type FLOAT8E5M2FNUZ = typeof TensorProto_DataType.FLOAT8E5M2FNUZ;
    type UINT4 = typeof TensorProto_DataType.UINT4;
    type INT4 = typeof TensorProto_DataType.INT4;
    type FLOAT4E2M1 = typeof TensorProto_DataType.FLOAT4E2M1;
    type FLOAT8E8M0 = typeof TensorProto_DataType.FLOAT8E8M0;
    type UINT2 = typeof TensorProto_DataType.UINT2;
    type INT2 = typeof TensorProto_DataType.INT2;
    type FLOAT6E2M3 = typeof TensorProto_DataType.FLOAT6E2M3;
    type FLOAT6E3M2 = typeof TensorProto_DataType.FLOAT6E3M2;
}
export interface TensorShapeProto {
    dim?: TensorShapeProto_Dimension[] | undefined;
}
export declare const TensorShapeProto: MessageFns<TensorShapeProto>;
export interface TensorShapeProto_Dimension {
    denotation?: string | undefined;
    dimParam?: string | undefined;
    dimValue?: number | undefined;
}
export declare const TensorShapeProto_Dimension: MessageFns<TensorShapeProto_Dimension>;
export interface TypeProto {
    denotation?: string | undefined;
    mapType?: TypeProto_Map | undefined;
    opaqueType?: TypeProto_Opaque | undefined;
    optionalType?: TypeProto_Optional | undefined;
    sequenceType?: TypeProto_Sequence | undefined;
    sparseTensorType?: TypeProto_SparseTensor | undefined;
    tensorType?: TypeProto_Tensor | undefined;
}
export declare const TypeProto: MessageFns<TypeProto>;
export interface Unused {
    readonly initializers: readonly string[];
    readonly inputs: readonly string[];
    readonly nodes: readonly string[];
}
export interface ValueInfoProto {
    docString?: string | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    type?: TypeProto | undefined;
}
export declare const ValueInfoProto: MessageFns<ValueInfoProto>;
export declare function allTensors(model: ModelProto): Generator<TensorProto>;
export declare const attributeText: (value: Uint8Array) => string;
export declare function checkExternalData(model: ModelProto, files: ExternalFiles): Promise<void>;
export declare function checkModel(model: ModelProto): void;
export declare function checkOperators(model: ModelProto): string[];
export declare function decodeModel(bytes: ArrayBuffer | Uint8Array): ModelProto;
export declare const defaultPasses: readonly PassName[];
export declare const dtypeOf: (type: number) => DType | null;
export declare function encode(values: ArrayLike<bigint | number>, dtype: DType): Uint8Array;
export declare function everyNode(nodes: readonly NodeProto[] | undefined): Generator<NodeProto>;
export declare function externalFiles(model: ModelProto): string[];
export declare function graphsOf(node: NodeProto): GraphProto[];
export declare function loadExternalData(model: ModelProto, files: ExternalFiles): Promise<void>;
export declare const onnxType: {
    readonly [D in DType]: number;
};
export declare function optimizeModel(model: ModelProto, options?: OptimizeOptions): ModelProto;
export declare const passNames: readonly [
    "batchNorm",
    "constants",
    "identities",
    "transposes",
    "subexpressions",
    "sharedConstants",
    "sharedInitializers",
    "deadCode"
];
export declare function printModel(model: ModelProto, options?: PrintOptions): string;
export declare function tensorData(tensor: TensorProto): OnnxArray;
export declare function tensorProto(name: string, dtype: DType, dims: readonly number[], rawData: Uint8Array): TensorProto;
export declare function toDot(model: ModelProto): string;
export declare function unusedValues({ graph }: ModelProto): Unused;

// not exported, but named above
interface DeviceConfigurationProto {
    device?: string[] | undefined;
    name?: string | undefined;
    numDevices?: number | undefined;
}
declare const DeviceConfigurationProto: MessageFns<DeviceConfigurationProto>;
interface IntIntListEntryProto {
    key?: number | undefined;
    value?: number[] | undefined;
}
declare const IntIntListEntryProto: MessageFns<IntIntListEntryProto>;
interface MessageFns<T> {
    decode(input: BinaryReader | Uint8Array, length?: number): T;
    encode(message: T, writer?: BinaryWriter): BinaryWriter;
}
interface NodeDeviceConfigurationProto {
    configurationId?: string | undefined;
    pipelineStage?: number | undefined;
    shardingSpec?: ShardingSpecProto[] | undefined;
}
declare const NodeDeviceConfigurationProto: MessageFns<NodeDeviceConfigurationProto>;
interface ShardedDimProto {
    axis?: number | undefined;
    simpleSharding?: SimpleShardedDimProto[] | undefined;
}
declare const ShardedDimProto: MessageFns<ShardedDimProto>;
interface ShardingSpecProto {
    device?: number[] | undefined;
    indexToDeviceGroupMap?: IntIntListEntryProto[] | undefined;
    shardedDim?: ShardedDimProto[] | undefined;
    tensorName?: string | undefined;
}
declare const ShardingSpecProto: MessageFns<ShardingSpecProto>;
interface SimpleShardedDimProto {
    dimParam?: string | undefined;
    dimValue?: number | undefined;
    numShards?: number | undefined;
}
declare const SimpleShardedDimProto: MessageFns<SimpleShardedDimProto>;
interface SparseTensorProto {
    dims?: number[] | undefined;
    indices?: TensorProto | undefined;
    values?: TensorProto | undefined;
}
declare const SparseTensorProto: MessageFns<SparseTensorProto>;
interface TensorAnnotation {
    quantParameterTensorNames?: StringStringEntryProto[] | undefined;
    tensorName?: string | undefined;
}
declare const TensorAnnotation: MessageFns<TensorAnnotation>;
interface TensorProto_Segment {
    begin?: number | undefined;
    end?: number | undefined;
}
declare const TensorProto_Segment: MessageFns<TensorProto_Segment>;
interface TrainingInfoProto {
    algorithm?: GraphProto | undefined;
    initialization?: GraphProto | undefined;
    initializationBinding?: StringStringEntryProto[] | undefined;
    updateBinding?: StringStringEntryProto[] | undefined;
}
declare const TrainingInfoProto: MessageFns<TrainingInfoProto>;
interface TypeProto_Map {
    keyType?: number | undefined;
    valueType?: TypeProto | undefined;
}
declare const TypeProto_Map: MessageFns<TypeProto_Map>;
interface TypeProto_Opaque {
    domain?: string | undefined;
    name?: string | undefined;
}
declare const TypeProto_Opaque: MessageFns<TypeProto_Opaque>;
interface TypeProto_Optional {
    elemType?: TypeProto | undefined;
}
declare const TypeProto_Optional: MessageFns<TypeProto_Optional>;
interface TypeProto_Sequence {
    elemType?: TypeProto | undefined;
}
declare const TypeProto_Sequence: MessageFns<TypeProto_Sequence>;
interface TypeProto_SparseTensor {
    elemType?: number | undefined;
    shape?: TensorShapeProto | undefined;
}
declare const TypeProto_SparseTensor: MessageFns<TypeProto_SparseTensor>;
interface TypeProto_Tensor {
    elemType?: number | undefined;
    shape?: TensorShapeProto | undefined;
}
declare const TypeProto_Tensor: MessageFns<TypeProto_Tensor>;
