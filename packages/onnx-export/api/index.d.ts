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
interface Frame {
    readonly body: Body;
    readonly env: Map<Value, Ref>;
    readonly folded: ReadonlyMap<GraphNode, TypedArray>;
    readonly sources: readonly SizeSource[];
    readonly unified: UnifiedGraph;
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
