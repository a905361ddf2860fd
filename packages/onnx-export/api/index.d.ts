// The API of @tenfold/onnx-export, written by `npm run api` from the built types. Lint compares.
export type Attributes = Readonly<Record<string, GraphProto | Tensor | TensorProto | number | readonly (Tensor | TensorProto)[] | readonly number[] | readonly string[] | string | undefined>>;
export type AxisNames = Readonly<Record<number, string>> | readonly number[];
export type ConstantArgument = bigint | boolean | null | number | string | undefined;
export type CustomOps = 'function' | 'inline' | 'opaque';
export interface Difference {
    readonly difference: number;
    readonly expectedShape: readonly number[];
    readonly limit: number;
    readonly output: string;
    readonly shape: readonly number[];
    readonly sizes: Readonly<Record<string, number>>;
}
export type Dim = SizeExpr | number;
export type ExampleArgument = ConstantArgument | Tensor | readonly ExampleArgument[] | {
    readonly [key: string]: ExampleArgument;
};
export type ExampleInputs = Tensor | readonly ExampleArgument[];
export interface ExportOnnxOptions extends ToOnnxOptions {
    externalData?: ExternalDataOptions | boolean;
    verify?: VerifyOptions | boolean;
}
export interface ExportResult {
    readonly differences: null | readonly Difference[];
    readonly files: readonly string[];
}
export interface ExportTrainingStepOptions extends TrainingStepOptions {
    verify?: boolean | {
        steps?: number;
        tolerance?: number;
    };
}
export type ExportableModel = ((...inputs: never[]) => unknown) | ForwardModel;
export interface ExternalDataOptions {
    file?: string;
    threshold?: number;
}
export interface ForwardModel {
    forward(...inputs: never[]): unknown;
}
export type Names = Readonly<Record<string, string>> | readonly string[];
export interface NodeOptions {
    domain?: string;
    outputs?: number;
}
export type OnnxSymbol<S extends AnySig = AnySig> = SymbolFunction<S> | {
    readonly kind: 'unsupported';
    readonly reason: string;
} | {
    readonly kind: 'viaBody';
    readonly nanLast?: boolean;
};
export declare class OpContext<S extends AnySig = AnySig> {
    constructor(node: GraphNode, frame: Frame, writeBody?: () => Ref[]);
    get attrs(): S['attrs'];
    axesAttribute(axes: readonly number[], since: number): Attributes;
    axesBehind(): string;
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
    isRead(k: number): boolean;
    isTensor(i: number): boolean;
    needs(opset: number, what?: string): void;
    neighbours(): string[];
    readonly node: GraphNode;
    number(i: number): Dim;
    ofBody(k: number): Ref;
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
    constructor(kind: SizeExpr['kind'], offset: number, factors: ReadonlyMap<string, number>, example: number, shift?: number);
    at(point: Point): number;
    readonly example: number;
    readonly factors: ReadonlyMap<string, number>;
    readonly kind: 'fraction' | 'linear' | 'product' | 'quotient' | 'unknown';
    readonly offset: number;
    readonly shift: number;
    get symbol(): null | string;
    toString(): string;
}
export interface SteppedOptimizer {
    readonly paramGroups: readonly {
        lr?: unknown;
        readonly params: readonly Tensor[];
    }[];
    readonly state: Map<Tensor, {
        [name: string]: unknown;
    }>;
}
export type SymbolFunction<S extends AnySig> = (g: OpContext<S>) => Ref | null | readonly (Ref | null)[];
export interface SymbolHandle {
    [Symbol.dispose](): void;
    remove(): void;
}
export type SymbolRow = readonly [
    op: object,
    symbol: OnnxSymbol
];
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
    customOpsets?: Readonly<Record<string, number>>;
    docString?: string;
    dynamicAxes?: Readonly<Record<string, AxisNames>>;
    foldBatchNorm?: boolean;
    inputNames?: Names;
    log?: (report: PassReport) => void;
    metadata?: boolean;
    opsetVersion?: number;
    outputNames?: Names;
    passes?: boolean | readonly PassName[];
    producerName?: string;
    producerVersion?: string;
    randomOps?: 'refuse' | 'runtime';
    symbols?: Iterable<SymbolRow>;
    training?: TrainingMode;
    verbose?: 'passes' | ((text: string) => void) | boolean;
}
export interface TrainedModel {
    namedBuffers?(): Iterable<readonly [
        string,
        Tensor
    ]>;
    namedParameters(): Iterable<readonly [
        string,
        Tensor
    ]>;
}
export type TrainingMode = 'eval' | 'preserve' | 'training';
export type TrainingStep = (...batch: never[]) => unknown;
export interface TrainingStepFiles {
    readonly startBytes: Uint8Array;
    readonly stepBytes: Uint8Array;
}
export interface TrainingStepOptions extends Omit<ToOnnxOptions, 'training'> {
    model: Readonly<Record<string, TrainedModel>> | TrainedModel;
    optimizer?: SteppedOptimizer | readonly SteppedOptimizer[];
}
export interface VerifyOptions {
    sizes?: readonly number[];
    timeout?: number;
    tolerance?: number;
}
export declare function defineSymbol<S extends AnySig>(spec: OpSpec<S>, symbol: OnnxSymbol<S>): SymbolHandle;
export declare function exportOnnx(model: ExportableModel, inputs: ExampleInputs, path: string, options?: ExportOnnxOptions): Promise<ExportResult>;
export declare function exportTrainingStep(step: TrainingStep, batch: ExampleInputs, path: string, options: ExportTrainingStepOptions): Promise<void>;
export declare const symbolRow: <S extends AnySig>(op: OpSpec<S>, symbol: OnnxSymbol<S>) => SymbolRow;
export declare function toOnnx(model: ExportableModel, inputs: ExampleInputs, options?: ToOnnxOptions): Promise<Uint8Array>;
export declare function toOnnxFiles(model: ExportableModel, inputs: ExampleInputs, name: string, options?: ToOnnxOptions & {
    externalData?: ExternalDataOptions | boolean;
}): Promise<Record<string, Uint8Array>>;
export declare function toOnnxTrainingStep(step: TrainingStep, batch: ExampleInputs, options: TrainingStepOptions): Promise<TrainingStepFiles>;
export declare const unsupported: (reason: string) => {
    readonly kind: "unsupported";
    readonly reason: string;
};
export declare const viaBody: {
    readonly kind: "viaBody";
};

// not exported, but named above
declare class Body {
    constructor(opset: number, around?: Body | null);
    add(op: string, inputs: readonly (Ref | null)[], attributes?: Attributes, { outputs, domain: given }?: NodeOptions): Ref[];
    cached(key: string, make: () => Ref): Ref;
    constant(values: ArrayLike<bigint | number>, dtype: DType, shape: readonly number[]): Ref;
    constantBytes(data: Uint8Array, dtype: DType, shape: readonly number[]): Ref;
    declare(name: string, dtype: DType): Ref;
    readonly domains: Set<string>;
    inner(): Body;
    readonly nodes: NodeProto[];
    readonly opset: number;
    origin: Origin | null;
    outside: number;
    prune(outputs: readonly string[]): Set<string>;
    rename(from: string, to: string): void;
    scope: readonly string[];
    unique(name: string): string;
}
interface Follower {
    readonly arg: number;
    readonly attribute: string;
    readonly type: AttributeProto_AttributeType.FLOAT | AttributeProto_AttributeType.INT;
}
interface Frame {
    readonly body: Body;
    readonly env: Map<Value, Ref>;
    readonly folded: ReadonlyMap<GraphNode, TypedArray>;
    readonly followers?: readonly Follower[];
    readonly inexact?: ReadonlySet<string>;
    readonly nanLast?: boolean;
    readonly scalars?: ReadonlyMap<string, Ref>;
    readonly sources: SizeSource[];
    readonly unified: UnifiedGraph;
    readonly weights?: Weights;
}
interface Origin {
    readonly line: string | undefined;
    readonly modules: ReadonlyMap<string, string> | null;
    readonly ops: readonly string[];
    readonly scope: readonly string[];
}
type Point = ReadonlyMap<string, number>;
interface SizeSource {
    readonly axis: number;
    readonly dim: Dim;
    readonly ref: Ref;
}
interface UnifiedGraph {
    bodyProblem(node: GraphNode): OnnxExportError | undefined;
    dims(value: Value): readonly Dim[];
    readonly graph: Graph;
    varying(node: GraphNode): ReadonlyMap<string, Dim>;
}
interface Weights {
    add(name: string, data: TypedArray, dtype: DType, shape: Shape): Ref;
    data(value: Value): TypedArray | undefined;
}
