// The API of @tenfold/nn, written by `npm run api` from the built types. Lint compares.
export interface BatchFirstOptions {
    batchFirst?: boolean;
}
export type OrthogonalMap = 'cayley' | 'householder' | 'matrix_exp';
export interface OrthogonalOptions {
    orthogonalMap?: OrthogonalMap;
    useTrivialization?: boolean;
}
export interface PackPaddedOptions extends BatchFirstOptions, PackSequenceOptions {
}
export interface PackSequenceOptions {
    enforceSorted?: boolean;
}
export declare class PackedSequence {
    constructor(data: Tensor, batchSizes: readonly number[], sortedIndices?: null | readonly number[]);
    readonly batchSizes: readonly number[];
    readonly data: Tensor;
    readonly sortedIndices: null | readonly number[];
    to(target: ToTarget): PackedSequence;
    readonly unsortedIndices: null | readonly number[];
}
export interface PadPackedOptions extends BatchFirstOptions {
    paddingValue?: number;
    totalLength?: null | number;
}
export interface PadSequenceOptions extends BatchFirstOptions {
    paddingSide?: 'left' | 'right';
    paddingValue?: number;
}
export type ParametersOrOne = Iterable<Tensor> | Tensor;
export interface Parametrization extends Module {
    forward(...originals: Tensor[]): Tensor;
    rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}
export declare class ParametrizationList extends ModuleList<Parametrization> {
    constructor(parametrizations: readonly Parametrization[], original: Tensor, options?: ParametrizationOptions);
    forward(): Tensor;
    readonly originals: readonly string[];
    rightInverse(value: Tensor): void;
    unsafe: boolean;
}
export interface ParametrizationOptions {
    unsafe?: boolean;
}
export interface Parametrized {
    readonly parametrizations: ModuleDict<ParametrizationList>;
}
export interface RemoveOptions {
    leaveParametrized?: boolean;
}
export interface SpectralNormOptions {
    dim?: number;
    eps?: number;
    nPowerIterations?: number;
}
export interface TotalNormOptions {
    errorIfNonfinite?: boolean;
    normType?: number;
}
export interface WeightNormOptions {
    dim?: null | number;
}
export declare function cached<T>(fn: () => T): T;
export declare function clipGradNormAsync_(parameters: ParametersOrOne, maxNorm: number, options?: TotalNormOptions): Promise<Tensor>;
export declare function clipGradNorm_(parameters: ParametersOrOne, maxNorm: number, options?: TotalNormOptions): Tensor;
export declare function clipGradValue_(parameters: ParametersOrOne, clipValue: number): void;
export declare function clipGradsWithNorm_(parameters: ParametersOrOne, maxNorm: number, totalNorm: Tensor): void;
export declare function getTotalNorm(tensors: ParametersOrOne, options?: TotalNormOptions): Tensor;
export declare function invertPermutation(permutation: null | readonly number[]): null | number[];
export declare function isParametrized(module: Module, name?: string): module is Module & Parametrized;
export declare const notInvertible: (message: string) => TenfoldError;
export declare function orthogonal<M extends Module>(module: M, name?: string, options?: OrthogonalOptions): M & Parametrized;
export declare function packPaddedSequence(input: Tensor, lengths: Tensor | readonly number[], options?: PackPaddedOptions): PackedSequence;
export declare function packSequence(sequences: Iterable<Tensor>, options?: PackSequenceOptions): PackedSequence;
export declare function padPackedSequence(sequence: PackedSequence, options?: PadPackedOptions): [
    Tensor,
    number[]
];
export declare function padSequence(sequences: Iterable<Tensor>, options?: PadSequenceOptions): Tensor;
export declare function parametersToVector(parameters: Iterable<Tensor>): Tensor;
export declare function registerParametrization<M extends Module>(module: M, name: string, parametrization: Parametrization, options?: ParametrizationOptions): M & Parametrized;
export declare function removeParametrizations<M extends Module>(module: M, name: string, options?: RemoveOptions): M;
export declare function reordered(x: Tensor, indices: null | readonly number[], dim: number): Tensor;
export declare function spectralNorm<M extends Module>(module: M, name?: string, options?: SpectralNormOptions): M & Parametrized;
export declare function typeBeforeParametrizations(module: Module): new (...args: never[]) => Module;
export declare function unpackSequence(packedSequences: PackedSequence): Tensor[];
export declare function unpadSequence(paddedSequences: Tensor, lengths: Tensor | readonly number[], options?: BatchFirstOptions): Tensor[];
export declare function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void;
export declare function weightNorm<M extends Module>(module: M, name?: string, options?: WeightNormOptions): M & Parametrized;

// not exported, but named above
type BackwardHook<M extends Module = Module> = (module: M, gradInput: Gradients, gradOutput: Gradients) => Gradients | null | undefined | void;
type BackwardPreHook<M extends Module = Module> = (module: M, gradOutput: Gradients) => Gradients | null | undefined | void;
interface BufferOptions {
    persistent?: boolean;
}
declare class Copier {
    copy<T>(value: T): T;
    copyProperties(from: object, to: object, except?: readonly string[]): void;
    remember(original: object, copy: object): void;
}
type ForwardHook<M extends Module = Module> = (module: M, args: readonly unknown[], output: unknown) => unknown;
interface ForwardHookOptions extends HookOptions {
    alwaysCall?: boolean;
}
type ForwardPreHook<M extends Module = Module> = (module: M, args: readonly unknown[]) => unknown;
type ForwardWrapper<M extends Module = Module> = (module: M, args: readonly unknown[], next: (...args: readonly unknown[]) => unknown) => unknown;
type Gradients = readonly (Tensor | null)[];
interface HookOptions {
    prepend?: boolean;
}
declare abstract class Keyed<V, Given = V> extends Module {
    [Symbol.iterator](): Iterator<[
        string,
        V
    ]>;
    clear(): void;
    delete(key: string): boolean;
    abstract entries(): [
        string,
        V
    ][];
    get(key: string): V;
    has(key: string): boolean;
    keys(): string[];
    pop(key: string): V;
    abstract set(key: string, value: Given): this;
    get size(): number;
    update(values: Named<Given>): this;
    values(): V[];
}
interface LoadOptions {
    assign?: boolean;
    strict?: boolean;
}
interface LoadResult {
    readonly missingKeys: string[];
    readonly unexpectedKeys: string[];
}
type LoadStateDictPostHook<M extends Module = Module> = (module: M, keys: LoadResult) => void;
type LoadStateDictPreHook<M extends Module = Module> = (module: M, state: StateDict, prefix: string, strict: boolean, missingKeys: string[], unexpectedKeys: string[], errors: string[]) => void;
declare abstract class Module {
    addModule(name: string, module: Module | null): void;
    apply(fn: (module: Module) => void): this;
    bfloat16(): this;
    buffers(): Tensor[];
    protected childLines(): string[];
    children(): Module[];
    cpu(): this;
    deepcopy(copier?: Copier): this;
    double(): this;
    eval(): this;
    extraRepr(): string;
    float(): this;
    abstract forward(...args: never[]): unknown;
    getBuffer(target: string): Tensor;
    getExtraState?(): unknown;
    getParameter(target: string): Parameter;
    getSubmodule(target: string): Module;
    half(): this;
    loadStateDict(state: StateDict, options?: LoadOptions): LoadResult;
    modules(): Module[];
    namedBuffers(prefix?: string): [
        string,
        Tensor
    ][];
    namedChildren(): [
        string,
        Module
    ][];
    namedModules(prefix?: string): [
        string,
        Module
    ][];
    namedParameters(prefix?: string): [
        string,
        Parameter
    ][];
    parameters(): Parameter[];
    registerBuffer(name: string, tensor: Tensor | null, options?: BufferOptions): void;
    registerForwardHook(hook: ForwardHook<this>, options?: ForwardHookOptions): HookHandle;
    registerForwardPreHook(hook: ForwardPreHook<this>, options?: HookOptions): HookHandle;
    registerForwardWrapper(wrapper: ForwardWrapper<this>): HookHandle;
    registerFullBackwardHook(hook: BackwardHook<this>, options?: HookOptions): HookHandle;
    registerFullBackwardPreHook(hook: BackwardPreHook<this>, options?: HookOptions): HookHandle;
    registerLoadStateDictPostHook(hook: LoadStateDictPostHook<this>): HookHandle;
    registerLoadStateDictPreHook(hook: LoadStateDictPreHook<this>): HookHandle;
    registerModule(name: string, module: Module | null): void;
    registerParameter(name: string, parameter: Parameter | null): void;
    registerStateDictPostHook(hook: StateDictPostHook<this>): HookHandle;
    registerStateDictPreHook(hook: StateDictPreHook<this>): HookHandle;
    requiresGrad_(requiresGrad?: boolean): this;
    setExtraState?(state: unknown): void;
    setSubmodule(target: string, module: Module): void;
    stateDict(prefix?: string): StateDict;
    to(target: MoveTarget): this;
    toAsync(target: MoveTarget): Promise<this>;
    toEmpty(options: {
        device: string;
    }): this;
    toString(): string;
    train(mode?: boolean): this;
    training: boolean;
    zeroGrad(options?: ZeroGradOptions): void;
}
declare class ModuleDict<M extends Module = Module> extends Keyed<M> {
    constructor(modules?: Named<M>);
    entries(): [
        string,
        M
    ][];
    forward(..._args: never[]): unknown;
    set(key: string, module: M): this;
}
declare class ModuleList<M extends Module = Module> extends Numbered<M> {
    constructor(modules?: Iterable<M>);
    protected childLines(): string[];
    concat(...others: readonly Iterable<M>[]): ModuleList<M>;
    forward(..._args: never[]): unknown;
    slice(start?: number, end?: number): ModuleList<M>;
}
type MoveTarget = (string & {}) | DType | Tensor | {
    device?: string;
    dtype?: DType;
};
type Named<T> = Iterable<readonly [
    name: string,
    value: T
]> | {
    readonly [name: string]: T;
};
declare abstract class Numbered<M extends Module> extends Module {
    readonly [index: number]: M;
    [Symbol.iterator](): Iterator<M>;
    append(module: M): this;
    at(index: number): M;
    protected entries(): [
        string,
        M
    ][];
    extend(modules: Iterable<M>): this;
    insert(index: number, module: M): this;
    get length(): number;
    pop(index?: number): M;
    set(index: number, module: M): this;
}
declare class Parameter extends Tensor {
    constructor(data: Tensor, options?: ParameterOptions);
    toString(): string;
}
interface ParameterOptions {
    requiresGrad?: boolean;
}
interface StateDict {
    [name: string]: Tensor;
}
type StateDictPostHook<M extends Module = Module> = (module: M, state: StateDict, prefix: string) => void;
type StateDictPreHook<M extends Module = Module> = (module: M, prefix: string) => void;
interface ZeroGradOptions {
    setToNone?: boolean;
}
