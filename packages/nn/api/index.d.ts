// The API of @tenfold/nn, written by `npm run api` from the built types. Lint compares.
export declare class BCELoss extends WeightedLoss {
    constructor(options?: BinaryCrossEntropyOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class BCEWithLogitsLoss extends WeightedLoss {
    constructor(options?: BinaryCrossEntropyWithLogitsOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    get posWeight(): Tensor | null;
}
export interface BufferOptions {
    persistent?: boolean;
}
export declare class CrossEntropyLoss extends WeightedLoss {
    constructor(options?: CrossEntropyOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    readonly ignoreIndex: number;
    readonly labelSmoothing: number;
}
export declare namespace F {
    export { InplaceOptions, adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d, affineGrid, avgPool1d, avgPool2d, avgPool3d, batchNorm, binaryCrossEntropy, binaryCrossEntropyWithLogits, channelShuffle, conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, crossEntropy, fold, gridSample, groupNorm, huberLoss, instanceNorm, interpolate, l1Loss, layerNorm, linear, logSoftmax, lpPool1d, lpPool2d, lpPool3d, maxPool1d, maxPool2d, maxPool3d, maxUnpool1d, maxUnpool2d, maxUnpool3d, mseLoss, nllLoss, pad, pixelShuffle, pixelUnshuffle, relu, rmsNorm, scaledDotProductAttention, sigmoid, smoothL1Loss, softmax, tanh, unfold };
}
export declare class Flatten extends Module {
    constructor(startDim?: number, endDim?: number);
    readonly endDim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly startDim: number;
}
export type ForwardHook<M extends Module = Module> = (module: M, args: readonly unknown[], output: unknown) => unknown;
export type ForwardPreHook<M extends Module = Module> = (module: M, args: readonly unknown[]) => unknown;
export type ForwardWrapper<M extends Module = Module> = (module: M, args: readonly unknown[], next: (...args: readonly unknown[]) => unknown) => unknown;
export declare class HuberLoss extends Loss {
    constructor(options?: HuberLossOptions);
    readonly delta: number;
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class Identity extends Module {
    constructor(..._ignored: readonly unknown[]);
    forward<T>(input: T): T;
}
export interface InplaceOptions {
    inplace?: boolean;
}
export declare class L1Loss extends Loss {
    constructor(options?: LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export interface Layer extends Module {
    forward(input: Tensor): Tensor;
}
export declare class Linear extends Module {
    constructor(inFeatures: number, outFeatures: number, options?: LinearOptions);
    readonly bias: Parameter | null;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly inFeatures: number;
    readonly outFeatures: number;
    resetParameters(): void;
    readonly weight: Parameter;
}
export interface LinearOptions {
    bias?: boolean;
    device?: string;
    dtype?: DType;
}
export interface LoadOptions {
    strict?: boolean;
}
export interface LoadResult {
    readonly missingKeys: string[];
    readonly unexpectedKeys: string[];
}
export declare class LogSoftmax extends Module {
    constructor(dim: number);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class MSELoss extends Loss {
    constructor(options?: LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare abstract class Module {
    addModule(name: string, module: Module | null): void;
    apply(fn: (module: Module) => void): this;
    bfloat16(): this;
    buffers(): Tensor[];
    protected childLines(): string[];
    children(): Module[];
    cpu(): this;
    double(): this;
    eval(): this;
    extraRepr(): string;
    float(): this;
    abstract forward(...args: never[]): unknown;
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
    registerForwardHook(hook: ForwardHook<this>): HookHandle;
    registerForwardPreHook(hook: ForwardPreHook<this>): HookHandle;
    registerForwardWrapper(wrapper: ForwardWrapper<this>): HookHandle;
    registerModule(name: string, module: Module | null): void;
    registerParameter(name: string, parameter: Parameter | null): void;
    requiresGrad_(requiresGrad?: boolean): this;
    stateDict(prefix?: string): StateDict;
    to(target: MoveTarget): this;
    toAsync(target: MoveTarget): Promise<this>;
    toString(): string;
    train(mode?: boolean): this;
    training: boolean;
    zeroGrad(options?: ZeroGradOptions): void;
}
export declare class ModuleList<M extends Module = Module> extends Numbered<M> {
    constructor(modules?: Iterable<M>);
    protected childLines(): string[];
    extend(modules: Iterable<M>): this;
    forward(..._args: never[]): unknown;
}
export type MoveTarget = (string & {}) | DType | Tensor | {
    device?: string;
    dtype?: DType;
};
export declare class NLLLoss extends WeightedLoss {
    constructor(options?: NllLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    readonly ignoreIndex: number;
}
export declare class Parameter extends Tensor {
    constructor(data: Tensor, options?: ParameterOptions);
    toString(): string;
}
export interface ParameterOptions {
    requiresGrad?: boolean;
}
export declare class ReLU extends Module {
    constructor(options?: InplaceOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly inplace: boolean;
}
export declare class Sequential extends Numbered<Layer> {
    constructor(named: {
        readonly [name: string]: Layer;
    });
    constructor(...layers: readonly Layer[]);
    forward(input: Tensor): Tensor;
}
export declare class Sigmoid extends Module {
    forward(input: Tensor): Tensor;
}
export declare class SmoothL1Loss extends Loss {
    constructor(options?: SmoothL1LossOptions);
    readonly beta: number;
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class Softmax extends Module {
    constructor(dim: number);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export interface StateDict {
    [name: string]: Tensor;
}
export declare class Tanh extends Module {
    forward(input: Tensor): Tensor;
}
export interface ZeroGradOptions {
    setToNone?: boolean;
}

// not exported, but named above
declare abstract class Loss extends Module {
    constructor(options: LossOptions | undefined, more?: readonly string[]);
    readonly reduction: Reduction;
}
declare abstract class Numbered<M extends Module> extends Module {
    readonly [index: number]: M;
    [Symbol.iterator](): Iterator<M>;
    append(module: M): this;
    at(index: number): M;
    get length(): number;
}
declare abstract class WeightedLoss extends Loss {
    constructor(options: BinaryCrossEntropyOptions | undefined, more?: readonly string[]);
    readonly weight: Tensor | null;
}
declare function linear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
declare function relu(input: Tensor, options?: InplaceOptions): Tensor;
declare const sigmoid: (input: Tensor) => Tensor;
declare const tanh: (input: Tensor) => Tensor;
