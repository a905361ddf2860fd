// The API of @tenfold/backend-cpu, written by `npm run api` from the built types. Lint compares.
export interface KernelGroup {
    readonly plain?: () => Overrides;
    readonly wasm?: (families: Families, machine: Machine) => Overrides;
}
export interface LeanOptions {
    readonly engine?: CpuEngine;
    readonly kernels?: readonly KernelGroup[];
}
export declare const attention: KernelGroup;
export declare const convolutions: KernelGroup;
export declare function cpu(options?: LeanOptions): Backend<Buffer>;
export declare const equations: KernelGroup;
export declare function getNumThreads(): number;
export declare const losses: KernelGroup;
export declare const norms: KernelGroup;
export declare const pooling: KernelGroup;
export declare function setNumThreads(n: number): void;

// not exported, but named above
type Buffer = TypedArray;
type Callable<P extends Types, R extends Result> = (...args: Values<P>) => Code<R>;
interface Code<T extends Result = Result> {
    readonly parts: readonly Part[];
    readonly type: T;
}
type CpuEngine = 'plain' | 'wasm';
interface Families {
    readonly map: MapFamily;
    readonly matmul: Runtime<Buffer>['matmul'];
    readonly reduce: ReduceFamily;
    readonly rows: Rows;
}
declare class FunctionBuilder {
    constructor(parameters: readonly ValueType[]);
    block(write: () => void): Statement;
    constant<T extends ValueType>(value: Value<T>): Value<T>;
    doWhile(body: () => Value<'i32'>): void;
    emit(...statements: readonly Statement[]): void;
    finish(result: Code | null): number[];
    if(condition: Value<'i32'>, then: () => void, otherwise?: () => void): void;
    let<T extends ValueType>(value: Value<T>): Value<T>;
    local<T extends ValueType>(type: T): Local<T>;
    parameter<T extends ValueType>(i: number, type: T): Local<T>;
    variable<T extends ValueType>(value: Value<T>): Local<T>;
    while(condition: Value<'i32'>, body: () => void): void;
}
type Group = readonly V[];
declare class Heap {
    constructor({ memory, type }: OpenMemory);
    allocate(bytes: number): number;
    allocateArray(dtype: DType, length: number): TypedArray;
    free(address: number, bytes: number): void;
    readonly memory: WebAssembly.Memory;
}
type Imports = Readonly<Record<string, (...args: number[]) => number>>;
type Kernel = (descriptor: number) => void;
interface KernelPlace {
    readonly index: number;
    readonly module: ModuleBytes;
}
type Layout = 'dense' | 'splat' | 'strided';
interface Local<T extends ValueType> {
    readonly get: Value<T>;
    set(value: Value<T>): Statement;
}
declare class Machine {
    constructor(open: OpenMemory, relaxed: boolean, imports: Imports);
    compile<K>(builder: ModuleBuilder): K;
    readonly heap: Heap;
    get memory(): WebAssembly.Memory;
    module(): ModuleBuilder;
    get places(): number;
    readonly relaxed: boolean;
    run(kernel: Kernel, descriptors: readonly number[]): void;
    sharing: Sharing | null;
    get threads(): number;
}
type MapFamily = (outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]) => void;
interface MemoryType {
    readonly maximum: number;
    readonly shared: boolean;
}
declare class ModuleBuilder {
    constructor(memory: MemoryType, relaxed?: boolean);
    define<const P extends Types, R extends Result>({ parameters, result, name }: {
        readonly name?: string;
        readonly parameters: P;
        readonly result: R;
    }, body: (fn: FunctionBuilder) => R extends ValueType ? Value<R> : void): Callable<P, R>;
    finish(): Uint8Array<ArrayBuffer>;
    import<const P extends Types, R extends Result>(name: string, parameters: P, result: R): Callable<P, R>;
    once<P extends Types, R extends Result>(key: string, make: () => Callable<P, R>): Callable<P, R>;
    readonly relaxed: boolean;
}
interface ModuleBytes {
    address: number;
    readonly bytes: Uint8Array;
    readonly id: number;
}
interface OpenMemory {
    readonly memory: WebAssembly.Memory;
    readonly type: MemoryType;
}
type Overrides = {
    readonly [op: string]: Override<Buffer>;
};
type Part = (() => number) | Code | number;
declare class Pieces {
    constructor(machine: Machine, kernel: Product, itemsize: number, perProduct: number);
    add(product: Int32Array): void;
    finish(): void;
    free(): void;
}
interface Place {
    load(o: number): Group;
    position(): V;
    store(o: number, group: Group): void;
}
declare class Pool {
    constructor(heap: Heap);
    get places(): number;
    resize(n: number): void;
    run(kernel: Kernel, { module, index }: KernelPlace, descriptors: readonly number[]): void;
    get threads(): number;
}
type Precision = 'float32' | 'float64';
type Product = (at: number) => void;
interface ProgramFacts {
    readonly copies: boolean;
    readonly exact: boolean;
    readonly loaded: readonly {
        readonly input: number;
        readonly rank: number;
    }[];
    readonly program: Program;
    readonly stepped: readonly number[];
    readonly usesIndex: boolean;
    readonly weight: number;
}
interface ProgramWords {
    readonly addresses: number;
    readonly dims: number;
    readonly loaded: readonly number[];
    readonly params: number;
    readonly strides: number;
    readonly wordsPerDim: number;
}
type ReduceFamily = (kind: ReduceKind, out: View, ins: readonly View[], program: Program, params: readonly number[]) => void;
interface ReduceVariant {
    readonly facts: ProgramFacts;
    readonly kind: ReduceKind;
    readonly layouts: readonly Layout[];
    readonly long: boolean;
    readonly shape: 'across' | 'along';
}
interface ReduceWords extends ProgramWords {
    readonly keptEnd: 6;
    readonly length: 3;
    readonly overflowed: 0;
    readonly reducedEnd: 7;
    readonly results: 1;
    readonly rowStrides: number;
    readonly rows: 4;
    readonly runs: 2;
    readonly scratch: 5;
}
type Result = 'none' | ValueType;
declare class RowCall {
    constructor(rows: Rows, name: string, precision: Precision, body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void);
    run(operands: readonly {
        readonly dims: RowDims;
        readonly view: View;
        readonly written?: boolean;
    }[], count: number, length: number, { numbers, work }?: {
        readonly numbers?: readonly number[];
        readonly work?: boolean;
    }): void;
}
interface RowDims {
    readonly outer: readonly number[];
    readonly row: readonly number[];
}
interface RowOperand {
    readonly step: number;
    readonly view: View;
    readonly written: boolean;
}
declare class RowWriter {
    constructor(module: ModuleBuilder, fn: FunctionBuilder, precision: Precision, dtypes: readonly DType[], rows: readonly Local<'i32'>[], length: Value<'i32'>);
    compute(expression: Expr, groups: readonly Group[]): Group;
    each(body: (at: Place) => void): void;
    expBelow(x: Group, m: Group): Group;
    extreme(kind: 'max' | 'min', dtype: DType, term: (at: Place) => Group): V;
    first([x]: Group): Value<'f64'>;
    readonly fn: FunctionBuilder;
    keep(group: Group): Group;
    largest(term: (at: Place) => Group): Group;
    readonly length: Value<'i32'>;
    loadOne(o: number): Group;
    one(reverse: boolean, body: (at: Single) => void): void;
    readonly precision: Precision;
    splat(value: Value<'f64'>): Group;
    storeOne(o: number, group: Group): void;
    sum(term: (at: Place) => Group): Value<'f64'>;
}
declare class Rows {
    constructor(machine: Machine, staging: Staging, map: MapFamily);
    call(name: string, precision: Precision, body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void): RowCall;
    copy(from: View, to: View): void;
    kernel(name: string, precision: Precision, dtypes: readonly DType[], numbers: number, body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void): Kernel;
    run(kernel: Kernel, count: number, length: number, operands: readonly RowOperand[], numbers: readonly number[]): void;
    withTemporaries<T>(body: (temporary: (dtype: DType, shape: readonly number[]) => View) => T): T;
}
interface Sharing {
    readonly Pieces: typeof Pieces;
    readonly pieceCount: typeof pieceCount;
    readonly pool: Pool;
    readonly splitMap: typeof splitMap;
    readonly splitReduce: typeof splitReduce;
    readonly splitRows: typeof splitRows;
}
interface Single extends Pick<Place, 'load' | 'store'> {
    position(): Value<'i32'>;
}
declare class Staging {
    constructor(memory: WebAssembly.Memory);
    address(view: View, written: boolean): null | number;
    readonly doubles: Float64Array;
    finish(done: boolean): void;
    readonly longs: BigInt64Array;
    readonly words: Int32Array;
    write(dtype: DType, address: number, value: number): void;
}
type Statement = Code<'none'>;
type Types = readonly ValueType[];
type V = Value<'v128'>;
type Value<T extends ValueType> = Code<T>;
type ValueType = 'f32' | 'f64' | 'i32' | 'i64' | 'v128';
type Values<P extends Types> = {
    readonly [K in keyof P]: Value<P[K]>;
};
type View = TensorView<Buffer>;
interface Words extends ProgramWords {
    readonly length: number;
    readonly rows: number;
    readonly start: number;
}
declare const pieceCount: (machine: Machine, multiplications: number) => number;
declare const rowWords: (operands: number) => {
    length: number;
    numbers: number;
    operands: number;
    rows: number;
};
declare function splitMap(threads: number, staging: Staging, { weight }: ProgramFacts, at: Words, length: number): readonly number[];
declare function splitReduce(threads: number, staging: Staging, { weight }: ProgramFacts, at: ReduceWords, shape: ReduceVariant['shape']): readonly number[];
declare function splitRows(threads: number, staging: Staging, at: ReturnType<typeof rowWords>, operands: number, length: number): readonly number[];
