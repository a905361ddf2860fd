// The API of @tenfold/onnx-export, written by `npm run api` from the built types. Lint compares.
export type Attributes = Readonly<Record<string, TensorProto | number | readonly number[] | readonly string[] | string | undefined>>;
export type AxisNames = Readonly<Record<number, string>> | readonly number[];
export type CustomOps = 'function' | 'inline' | 'opaque';
export type Dim = SizeExpr | number;
export interface ExportOnnxOptions extends ToOnnxOptions {
    verify?: VerifyOptions | boolean;
}
export type ExportableModel = ((...inputs: never[]) => unknown) | ForwardModel;
export interface ForwardModel {
    forward(...inputs: never[]): unknown;
}
export interface NodeOptions {
    domain?: string;
    outputs?: number;
}
export type OnnxSymbol<S extends AnySig = AnySig> = SymbolFunction<S> | {
    readonly kind: 'unsupported';
    readonly reason: string;
} | {
    readonly kind: 'viaBody';
};
export declare class OpContext<S extends AnySig = AnySig> {
    constructor(node: GraphNode, frame: Frame);
    get attrs(): S['attrs'];
    axesAttribute(axes: readonly number[], since: number): Attributes;
    cast(x: Ref, dtype: DType): Ref;
    checkRead(): void;
    computed(expr: SizeExpr, dtype: DType): Ref;
    constant(values: ArrayLike<bigint | number>, dtype: DType, shape?: Shape): Ref;
    constantBytes(values: TypedArray, dtype: DType, shape: Shape): Ref;
    dims(i?: number): readonly Dim[];
    dtype(i?: number): DType;
    error(message: string): OnnxExportError;
    expand(x: Ref, dims: readonly Dim[], from?: readonly Dim[]): Ref;
    fixed(dim: Dim, what: string): number;
    fixedShape(dims: readonly Dim[], what: string): number[];
    readonly frame: Frame;
    get inputCount(): number;
    ints(values: readonly number[]): Ref;
    isAbsent(i: number): boolean;
    isNarrow(dtype: DType): boolean;
    isTensor(i: number): boolean;
    needs(opset: number, what?: string): void;
    readonly node: GraphNode;
    op(type: string, inputs: readonly (Ref | null)[], attributes?: Attributes, options?: NodeOptions): Ref;
    operand(i: number, dtype: DType): Ref;
    ops(type: string, inputs: readonly (Ref | null)[], attributes: Attributes, outputs: number): Ref[];
    get opset(): number;
    outDType(k?: number): DType;
    outDims(k?: number): readonly Dim[];
    outRank(k?: number): number;
    promoted(): DType;
    range(count: Dim, dtype?: DType): Ref;
    rank(i?: number): number;
    reduce(type: string, x: Ref, axes: readonly number[], keepdim: boolean): Ref;
    reshape(x: Ref, dims: readonly Dim[], from?: readonly Dim[]): Ref;
    scalar(value: Dim, dtype: DType): Ref;
    shape(dims: readonly Dim[]): Ref;
    size(path: string): Dim;
    sizes(path: string): Dim[];
    slice(x: Ref, axis: number, start: Dim, end: Dim, step?: number): Ref;
    squeeze(x: Ref, axes: readonly number[]): Ref;
    transpose(x: Ref, perm: readonly number[]): Ref;
    unsqueeze(x: Ref, axes: readonly number[]): Ref;
    value(i: number): Value;
    where(condition: Ref, a: Ref, b: Ref): Ref;
    widened(dtype: DType, write: (dtype: DType) => Ref): Ref;
    withAxes(inputs: readonly Ref[], axes: readonly number[], since: number): Ref[];
    x(i?: number): Ref;
}
export declare class Ref {
    constructor(name: string, dtype: DType | null, producer?: NodeProto | null);
    dtype: DType | null;
    name: string;
    readonly producer: NodeProto | null;
}
export declare class SizeExpr {
    constructor(kind: SizeExpr['kind'], offset: number, factors: ReadonlyMap<string, number>, example: number);
    at(point: Point): number;
    readonly example: number;
    readonly factors: ReadonlyMap<string, number>;
    readonly kind: 'linear' | 'product' | 'quotient' | 'unknown';
    readonly offset: number;
    get symbol(): null | string;
    toString(): string;
}
export type SymbolFunction<S extends AnySig> = (g: OpContext<S>) => Ref | readonly Ref[];
export type SymbolicAttributes = Attributes & {
    readonly outputs?: number;
};
export interface SymbolicGraph {
    op(name: string, ...args: (SymbolicValue | null | undefined)[]): SymbolicValue;
    op(name: string, ...args: [
        ...(SymbolicValue | null | undefined)[],
        SymbolicAttributes & {
            readonly outputs?: 1 | undefined;
        }
    ]): SymbolicValue;
    op(name: string, ...args: [
        ...(SymbolicValue | null | undefined)[],
        SymbolicAttributes
    ]): SymbolicValue[];
    readonly opset: number;
}
export type SymbolicValue = Ref;
export interface ToOnnxOptions {
    customOps?: CustomOps;
    docString?: string;
    dynamicAxes?: Readonly<Record<string, AxisNames>>;
    inputNames?: readonly string[];
    opsetVersion?: number;
    outputNames?: readonly string[];
    producerName?: string;
    producerVersion?: string;
    verbose?: ((text: string) => void) | boolean;
}
export interface VerifyOptions {
    sizes?: readonly number[];
    tolerance?: number;
}
export declare function checkModel(model: ModelProto): void;
export declare function defineSymbol<S extends AnySig>(spec: OpSpec<S>, symbol: OnnxSymbol<S>): void;
export declare function exportOnnx(model: ExportableModel, inputs: Tensor | readonly Tensor[], path: string, options?: ExportOnnxOptions): Promise<void>;
export declare function toOnnx(model: ExportableModel, inputs: Tensor | readonly Tensor[], options?: ToOnnxOptions): Promise<Uint8Array>;
export declare const unsupported: (reason: string) => {
    readonly kind: "unsupported";
    readonly reason: string;
};
export declare const viaBody: {
    readonly kind: "viaBody";
};

// not exported, but named above
interface AttributeProto {
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
declare const AttributeProto: MessageFns<AttributeProto>;
declare const AttributeProto_AttributeType: {
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
type AttributeProto_AttributeType = typeof AttributeProto_AttributeType[keyof typeof AttributeProto_AttributeType];
declare namespace AttributeProto_AttributeType {
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
declare class Body {
    constructor(opset: number);
    add(type: string, inputs: readonly (Ref | null)[], attributes?: Attributes, { outputs, domain }?: NodeOptions): Ref[];
    cached(key: string, make: () => Ref): Ref;
    constant(values: ArrayLike<bigint | number>, dtype: DType, shape: readonly number[]): Ref;
    constantBytes(data: Uint8Array, dtype: DType, shape: readonly number[]): Ref;
    readonly domains: Set<string>;
    readonly nodes: NodeProto[];
    readonly opset: number;
    prune(outputs: readonly string[]): Set<string>;
    rename(from: string, to: string): void;
    scope: readonly string[];
    unique(name: string): string;
}
interface DeviceConfigurationProto {
    device?: string[] | undefined;
    name?: string | undefined;
    numDevices?: number | undefined;
}
declare const DeviceConfigurationProto: MessageFns<DeviceConfigurationProto>;
interface Frame {
    readonly body: Body;
    readonly env: Map<Value, Ref>;
    readonly folded: ReadonlyMap<GraphNode, TypedArray>;
    readonly sources: readonly SizeSource[];
    readonly unified: UnifiedGraph;
}
interface FunctionProto {
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
declare const FunctionProto: MessageFns<FunctionProto>;
interface GraphProto {
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
declare const GraphProto: MessageFns<GraphProto>;
interface IntIntListEntryProto {
    key?: number | undefined;
    value?: number[] | undefined;
}
declare const IntIntListEntryProto: MessageFns<IntIntListEntryProto>;
interface MessageFns<T> {
    decode(input: BinaryReader | Uint8Array, length?: number): T;
    encode(message: T, writer?: BinaryWriter): BinaryWriter;
}
interface ModelProto {
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
declare const ModelProto: MessageFns<ModelProto>;
interface NodeDeviceConfigurationProto {
    configurationId?: string | undefined;
    pipelineStage?: number | undefined;
    shardingSpec?: ShardingSpecProto[] | undefined;
}
declare const NodeDeviceConfigurationProto: MessageFns<NodeDeviceConfigurationProto>;
interface NodeProto {
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
declare const NodeProto: MessageFns<NodeProto>;
interface OperatorSetIdProto {
    domain?: string | undefined;
    version?: number | undefined;
}
declare const OperatorSetIdProto: MessageFns<OperatorSetIdProto>;
type Point = ReadonlyMap<string, number>;
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
interface SizeSource {
    readonly axis: number;
    readonly dim: Dim;
    readonly ref: Ref;
}
interface SparseTensorProto {
    dims?: number[] | undefined;
    indices?: TensorProto | undefined;
    values?: TensorProto | undefined;
}
declare const SparseTensorProto: MessageFns<SparseTensorProto>;
interface StringStringEntryProto {
    key?: string | undefined;
    value?: string | undefined;
}
declare const StringStringEntryProto: MessageFns<StringStringEntryProto>;
interface TensorAnnotation {
    quantParameterTensorNames?: StringStringEntryProto[] | undefined;
    tensorName?: string | undefined;
}
declare const TensorAnnotation: MessageFns<TensorAnnotation>;
interface TensorProto {
    dataLocation?: TensorProto_DataLocation | undefined;
    dataType?: number | undefined;
    dims?: number[] | undefined;
    docString?: string | undefined;
    doubleData?: number[] | undefined;
    externalData?: StringStringEntryProto[] | undefined;
    floatData?: number[] | undefined;
    int32Data?: number[] | undefined;
    int64Data?: number[] | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    rawData?: Uint8Array | undefined;
    segment?: TensorProto_Segment | undefined;
    stringData?: Uint8Array[] | undefined;
    uint64Data?: number[] | undefined;
}
declare const TensorProto: MessageFns<TensorProto>;
declare const TensorProto_DataLocation: {
    readonly DEFAULT: 0;
    readonly EXTERNAL: 1;
};
type TensorProto_DataLocation = typeof TensorProto_DataLocation[keyof typeof TensorProto_DataLocation];
declare namespace TensorProto_DataLocation {
    type DEFAULT = typeof TensorProto_DataLocation.DEFAULT;
    type EXTERNAL = typeof TensorProto_DataLocation.EXTERNAL;
}
interface TensorProto_Segment {
    begin?: number | undefined;
    end?: number | undefined;
}
declare const TensorProto_Segment: MessageFns<TensorProto_Segment>;
interface TensorShapeProto {
    dim?: TensorShapeProto_Dimension[] | undefined;
}
declare const TensorShapeProto: MessageFns<TensorShapeProto>;
interface TensorShapeProto_Dimension {
    denotation?: string | undefined;
    dimParam?: string | undefined;
    dimValue?: number | undefined;
}
declare const TensorShapeProto_Dimension: MessageFns<TensorShapeProto_Dimension>;
interface TrainingInfoProto {
    algorithm?: GraphProto | undefined;
    initialization?: GraphProto | undefined;
    initializationBinding?: StringStringEntryProto[] | undefined;
    updateBinding?: StringStringEntryProto[] | undefined;
}
declare const TrainingInfoProto: MessageFns<TrainingInfoProto>;
interface TypeProto {
    denotation?: string | undefined;
    mapType?: TypeProto_Map | undefined;
    opaqueType?: TypeProto_Opaque | undefined;
    optionalType?: TypeProto_Optional | undefined;
    sequenceType?: TypeProto_Sequence | undefined;
    sparseTensorType?: TypeProto_SparseTensor | undefined;
    tensorType?: TypeProto_Tensor | undefined;
}
declare const TypeProto: MessageFns<TypeProto>;
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
interface UnifiedGraph {
    dims(value: Value): readonly Dim[];
    readonly graph: Graph;
    varying(node: GraphNode): ReadonlyMap<string, Dim>;
}
interface ValueInfoProto {
    docString?: string | undefined;
    metadataProps?: StringStringEntryProto[] | undefined;
    name?: string | undefined;
    type?: TypeProto | undefined;
}
declare const ValueInfoProto: MessageFns<ValueInfoProto>;
