// The API of @tenfold/onnx-import, written by `npm run api` from the built types. Lint compares.
export type CustomOp = (typeof Function & FunctionClass) | Row;
export type Dim = null | number | string;
export declare class HostTensor {
    constructor(dtype: DType, shape: Shape, data: TypedArray | readonly number[], isConstant?: boolean, step?: null | number);
    asConstant(): HostTensor;
    readonly dtype: DType;
    readonly isConstant: boolean;
    get numbers(): null | readonly number[];
    readonly shape: Shape;
    get size(): number;
    readonly step: null | number;
    upload(dtype: DType, device: string): Tensor;
}
export interface Limits {
    readonly maxElements: number;
    readonly maxTrips: number;
}
export interface LoadOnnxOptions {
    device?: string;
    dtype?: DType;
    maxElements?: number;
    maxTrips?: number;
    ops?: Readonly<Record<string, CustomOp>>;
    outputs?: 'list' | 'record';
    strict?: boolean;
    trainable?: ((name: string) => boolean) | boolean;
}
export declare class NodeContext {
    constructor(node: NodeInfo, inputs: readonly Value[], run: RunState, graphs?: ((name: string) => SubGraph | null) | null);
    computed(dtype: DType): DType;
    get device(): string;
    dtype(i?: number): DType;
    dtypeOf(type: number): DType;
    error(message: string, cause?: unknown): OnnxModelError;
    float<D = number>(name: string, fallback?: D): D | number;
    floats<D = readonly number[]>(name: string, fallback?: D): D | readonly number[];
    given(name: string): boolean;
    graph(name: string): SubGraph;
    has(i: number): boolean;
    host(i: number): HostTensor;
    hostInts(i: number): number[];
    hostNumber(i: number): number;
    hostNumbers(i: number): readonly number[];
    get inputCount(): number;
    inputs(): Tensor[];
    int<D = number>(name: string, fallback?: D): D | number;
    ints<D = readonly number[]>(name: string, fallback?: D): D | readonly number[];
    get limits(): Limits;
    readonly node: NodeInfo;
    ofInts(numbers: readonly number[], shape?: Shape): Value;
    operand(i: number): Tensor | number;
    get opset(): number;
    optional(i: number): Tensor | null;
    optionalInts(i: number): null | number[];
    optionalNumber<T>(i: number, fallback: T): T | number;
    get outputCount(): number;
    rank(i?: number): number;
    read(tensor: Value, what: string): HostTensor;
    sequence(i?: number): Sequence['items'];
    shape(i?: number): Shape;
    sized(shape: readonly number[]): number[];
    string<D = string>(name: string, fallback?: D): D | string;
    strings<D = readonly string[]>(name: string, fallback?: D): D | readonly string[];
    tensor<D = HostTensor>(name: string, fallback?: D): D | HostTensor;
    tensorOf(value: HostTensor): Tensor;
    trains(says: boolean): boolean;
    value(i: number): Value;
    wants(k: number): boolean;
    x(i?: number): Tensor;
}
export interface NodeInfo {
    readonly attributes: ReadonlyMap<string, AttributeValue>;
    readonly domain: string;
    readonly name: string;
    readonly opType: string;
    readonly opset: number;
    readonly outputNames: readonly string[];
}
export type OnnxBytes = ArrayBuffer | Blob | Uint8Array;
export declare class OnnxModule<Output = Tensor> extends Module {
    deepcopy(copier?: Copier): this;
    extraRepr(): string;
    forward(...inputs: readonly (Readonly<Record<string, Tensor>> | Tensor)[]): Output;
    get inputNames(): string[];
    get outputNames(): string[];
    get signature(): {
        readonly inputs: readonly ValueInfo[];
        readonly outputs: readonly ValueInfo[];
    };
}
export type OnnxSource = OnnxBytes | URL | string | {
    readonly data: ExternalFiles;
    readonly model: OnnxBytes | URL | string;
};
export type Row = (c: NodeContext) => RowResult;
export type RowResult = Value | readonly Value[];
export type Rows = Readonly<Record<string, Row>>;
export declare class Sequence {
    constructor(items: readonly Value[]);
    readonly items: readonly Value[];
}
export interface SubGraph {
    drop(values: readonly Value[]): void;
    readonly inputNames: readonly string[];
    readonly outputNames: readonly string[];
    readonly outputTypes: readonly ValueType[];
    run(inputs: readonly Value[]): Value[];
}
export type Value = HostTensor | Sequence | Tensor | null;
export interface ValueInfo {
    readonly dtype: DType | null;
    readonly name: string;
    readonly shape: null | readonly Dim[];
}
export declare function importModel<Output = Tensor>(model: ModelProto, options?: LoadOnnxOptions): OnnxModule<Output>;
export declare function loadOnnx<Output = Tensor>(source: OnnxSource, options?: LoadOnnxOptions): Promise<OnnxModule<Output>>;

// not exported, but named above
interface AttributeTypes {
    readonly empty: readonly never[];
    readonly float: number;
    readonly floats: readonly number[];
    readonly graph: Plan;
    readonly int: number;
    readonly ints: readonly number[];
    readonly other: string;
    readonly string: string;
    readonly strings: readonly string[];
    readonly tensor: HostTensor;
    readonly tensors: readonly HostTensor[];
}
type AttributeValue = {
    readonly [T in keyof AttributeTypes]: {
        readonly type: T;
        readonly value: AttributeTypes[T];
    };
}[keyof AttributeTypes];
interface Plan {
    readonly captures: readonly {
        readonly inner: number;
        readonly outer: number;
    }[];
    readonly constants: readonly {
        readonly slot: number;
        readonly value: HostTensor | Weight;
    }[];
    readonly inputNames: readonly string[];
    readonly inputs: readonly number[];
    readonly outputNames: readonly string[];
    readonly outputTypes: readonly ValueType[];
    readonly outputs: readonly number[];
    readonly slots: number;
    readonly steps: readonly Step[];
}
interface RunState {
    computed(dtype: DType): DType;
    readonly device: string;
    readonly limits: Limits;
    tensorOf(value: HostTensor): Tensor;
    readonly training: boolean;
    readonly trainingFile: boolean;
}
interface Step {
    readonly hostRow: Row | null;
    readonly inputs: readonly number[];
    readonly isCustom: boolean;
    readonly node: NodeInfo;
    readonly outputs: readonly number[];
    readonly plan: Plan | null;
    release: readonly number[];
    readonly row: Row | null;
}
interface ValueType {
    readonly dtype: DType | null;
    readonly shape: null | readonly (null | number)[];
}
interface Weight {
    readonly dtype: DType;
    readonly name: string;
    readonly uses: {
        readonly input: number;
        readonly key: string;
    }[];
}
