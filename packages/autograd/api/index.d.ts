// The API of @tenfold/autograd, written by `npm run api` from the built types. Lint compares.
export interface AnomalyOptions {
    checkNan?: boolean;
}
export type Argnums = number | readonly number[];
export type AutocastDType = Extract<DType, 'bfloat16' | 'float16'>;
export interface AutocastOptions {
    cacheEnabled?: boolean;
    deviceType: string;
    dtype?: AutocastDType;
    enabled?: boolean;
}
export type CheckedFunction = (...inputs: never[]) => Tensor | readonly Tensor[];
export interface CheckpointOptions {
    preserveRngState?: boolean;
    useReentrant?: false;
}
export type Chosen<A extends readonly unknown[], N extends Argnums> = [
    N
] extends [
    infer M
] ? M extends number ? At<A, M> : M extends readonly number[] ? Each<A, M> : never : never;
export interface CustomFwdOptions {
    castInputs?: DType;
}
export interface FormulaContext<S extends AnySig> {
    readonly attrs: S['attrs'];
    dtype(i: number): DType;
    readonly grad: Tensor;
    readonly grads: readonly (Tensor | null)[];
    input<I extends number>(i: I): S['inputs'][I] extends Operand ? S['inputs'][I] : Operand;
    needs(i: number): boolean;
    output(k?: number): Tensor;
    shape(i: number): Shape;
    strides(i: number): readonly number[];
    tensor(i: number): Tensor;
}
export declare abstract class Function {
    static apply<F extends FunctionClass>(this: F, ...args: FunctionArgs<F>): FunctionResult<F>;
}
export type FunctionArgs<F extends Forward> = F extends {
    setupContext(...args: never[]): void;
} ? Parameters<F['forward']> : Parameters<F['forward']> extends readonly [
    unknown,
    ...infer A
] ? A : [
];
export declare class FunctionCall {
    constructor(functionClass: FunctionClass, args: readonly unknown[]);
    readonly args: readonly unknown[];
    begin(needsInputGrad: readonly boolean[]): Context;
    readonly functionClass: FunctionClass;
    take(): Context;
}
export interface FunctionClass {
    backward(ctx: never, ...grads: never[]): FunctionGradients;
    forward(...args: never[]): FunctionOutputs;
    readonly name: string;
    setupContext?(ctx: never, inputs: never, output: never): void;
    symbolic?(...args: never[]): unknown;
}
export interface FunctionContext {
    markDirty(...tensors: Tensor[]): void;
    markNonDifferentiable(...tensors: Tensor[]): void;
    readonly needsInputGrad: readonly boolean[];
    saveForBackward(...tensors: (Tensor | null | undefined)[]): void;
    readonly savedTensors: readonly Tensor[];
    setMaterializeGrads(value: boolean): void;
}
export interface FunctionDefinition {
    backward(ctx: FunctionContext, ...grads: never[]): FunctionGradients;
    forward(ctx: FunctionContext, ...args: never[]): FunctionOutputs;
    readonly name?: string;
    symbolic?(...args: never[]): unknown;
}
export type FunctionGradients = Tensor | null | readonly (Tensor | null | undefined)[];
export type FunctionOutputs = Tensor | readonly Tensor[];
export type FunctionResult<F extends Forward> = ReturnType<F['forward']>;
export interface FunctionalOptions {
    createGraph?: boolean;
}
export interface GradOfOptions<N extends Argnums = Argnums> {
    argnums?: N;
}
export interface GradOptions {
    allowUnused?: boolean;
    createGraph?: boolean;
    gradOutputs?: Tensor | readonly (Tensor | null)[];
    materializeGrads?: boolean;
    retainGraph?: boolean;
}
export type GradScope = Scope;
export interface GradcheckOptions {
    atol?: number;
    eps?: number;
    raiseException?: boolean;
    rtol?: number;
}
export interface GraphToDotOptions {
    params?: {
        readonly [name: string]: Tensor;
    };
    showAttrs?: boolean;
    showSaved?: boolean;
}
export interface JacfwdOptions<N extends Argnums = Argnums> extends GradOfOptions<N> {
    randomness?: Randomness;
}
export interface JacrevOptions<N extends Argnums = Argnums> extends GradOfOptions<N> {
    chunkSize?: null | number;
}
export interface Jvp<R> {
    readonly output: R;
    readonly tangent: R;
}
export interface JvpOptions {
    hasAux?: boolean;
}
export type MappedDims = null | number | readonly MappedDims[] | {
    readonly [key: string]: MappedDims;
};
export declare abstract class Node implements GradNode {
    constructor(name: string, edges: readonly Edge[], sequenceNr?: number);
    abstract apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];
    readonly edges: readonly Edge[];
    endRun(_results: readonly (Tensor | null)[]): void;
    get isObserved(): boolean;
    name: string;
    get nextFunctions(): readonly Edge[];
    readonly origin: Origin | null;
    readonly outputs: (GradMeta | undefined)[];
    registerHook(hook: NodeHook): HookHandle;
    registerPrehook(hook: NodePreHook): HookHandle;
    release(): void;
    retained: Map<number, Tensor> | null;
    run(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];
    get savedMetas(): readonly (readonly [
        string,
        GradMeta
    ])[];
    readonly sequenceNr: number;
    tensorHooks: Map<number, Set<TensorHook>> | null;
    visit: Visit | null;
}
export type NodeHook = (gradInputs: readonly (Tensor | null)[], gradOutputs: readonly (Tensor | null)[]) => readonly (Tensor | null)[] | undefined | void;
export type NodePreHook = (gradOutputs: readonly (Tensor | null)[]) => readonly (Tensor | null)[] | undefined | void;
export type Randomness = 'different' | 'error' | 'same';
export type Rule<S extends AnySig> = {
    grads(c: FormulaContext<S>): readonly (Tensor | null)[];
    readonly kind: 'joint';
    readonly saves: readonly Saved[];
} | {
    readonly kind: 'formula';
    readonly wrt: readonly (Wrt<S> | null)[];
} | {
    readonly kind: 'noGradient';
} | {
    readonly kind: 'notImplemented';
    readonly reason: string;
} | {
    readonly kind: 'viaBody';
};
export type Rules<Ops> = {
    readonly [K in keyof Ops]: Ops[K] extends AnySig ? Rule<Ops[K]> : never;
};
export type Saved = 'out' | 'out1' | 'out2' | number;
export interface Scope {
    [Symbol.dispose](): void;
}
export declare class TensorArgument {
    constructor(input: number);
    readonly input: number;
    toString(): string;
}
export type TensorFunction = (...inputs: Tensor[]) => Tensor;
export type TensorHook = (grad: Tensor) => HookResult;
export type Tensors = Tensor | readonly Tensor[];
export type Tree<T> = T extends Tensor ? T : T extends readonly unknown[] | {
    readonly [key in keyof T]: unknown;
} ? T extends ((...args: never[]) => unknown) | bigint | boolean | number | string | symbol ? never : {
    readonly [K in keyof T]: Tree<T[K]>;
} : never;
export interface VmapOptions {
    chunkSize?: null | number;
    inDims?: MappedDims;
    outDims?: MappedDims;
    randomness?: Randomness;
}
export interface Wrt<S extends AnySig> {
    grad(c: FormulaContext<S>): Tensor | null;
    readonly saves: readonly Saved[];
    readonly window?: true;
}
export declare function applyFunction<F extends FunctionClass>(functionClass: F, args: FunctionArgs<F>): FunctionResult<F>;
export declare function asFunction<F extends FunctionClass>(functionClass: F): (...args: FunctionArgs<F>) => FunctionResult<F>;
export declare function autocast<T>(deviceType: AutocastOptions | string, fn: () => T): T;
export declare function autocast(deviceType: AutocastOptions | string): Scope;
export declare function backward(tensors: Tensors, gradTensors?: Tensor | readonly (Tensor | null)[], options?: BackwardOptions): void;
export declare function checkpoint<const I extends readonly unknown[], R>(fn: (...inputs: I) => R, inputs: I, options?: CheckpointOptions): R;
export declare function checkpointSequential(functions: readonly ((x: Tensor) => Tensor)[], segments: number, input: Tensor, options?: CheckpointOptions): Tensor;
export declare const clearAutocastCache: () => void;
export declare function customBwd<C extends FunctionContext, A extends readonly unknown[]>(backward: (ctx: C, ...grads: A) => FunctionGradients): (ctx: C, ...grads: A) => FunctionGradients;
export declare function customFwd<C extends FunctionContext, A extends readonly unknown[], R extends FunctionOutputs>(forward: (ctx: C, ...args: A) => R, options?: CustomFwdOptions): (ctx: C, ...args: A) => R;
export declare function defineFunction<D extends FunctionDefinition>(definition: D): (...args: FunctionArgs<D>) => FunctionResult<D>;
export declare function defineRule<S extends AnySig>(spec: OpSpec<S>, rule: Rule<S>): void;
export declare function detectAnomaly<T>(fn: () => T, options?: AnomalyOptions): T;
export declare function detectAnomaly(options?: AnomalyOptions): Scope;
export declare function disableSavedTensorsHooks<T>(message: string, fn: () => T): T;
export declare function disableSavedTensorsHooks(message: string): Scope;
export declare function enableGrad<T>(fn: () => T): T;
export declare function enableGrad(): GradScope;
export declare const formula: <S extends AnySig>(...wrt: (Wrt<S> | null)[]) => Rule<S>;
export declare const functionOf: (spec: OpSpec) => FunctionClass | null;
export declare function getAutocastDtype(deviceType: string): AutocastDType;
export declare function grad(outputs: Tensors, inputs: Tensors, options: GradOptions & {
    allowUnused: true;
    materializeGrads?: false;
}): (Tensor | null)[];
export declare function grad(outputs: Tensors, inputs: Tensors, options?: GradOptions): Tensor[];
export declare function gradAndValue<A extends readonly unknown[], const N extends Argnums = 0>(fn: (...args: A) => Tensor, options?: GradOfOptions<N> & Plain): (...args: A) => [
    Chosen<A, N>,
    Tensor
];
export declare function gradAndValue<A extends readonly unknown[], X, const N extends Argnums = 0>(fn: (...args: A) => readonly [
    Tensor,
    X
], options: GradOfOptions<N> & WithAux): (...args: A) => [
    Chosen<A, N>,
    [
        Tensor,
        X
    ]
];
export declare function gradOf<A extends readonly unknown[], const N extends Argnums = 0>(fn: (...args: A) => Tensor, options?: GradOfOptions<N> & Plain): (...args: A) => Chosen<A, N>;
export declare function gradOf<A extends readonly unknown[], X, const N extends Argnums = 0>(fn: (...args: A) => readonly [
    Tensor,
    X
], options: GradOfOptions<N> & WithAux): (...args: A) => [
    Chosen<A, N>,
    X
];
export declare function gradcheck(fn: CheckedFunction, inputs: readonly unknown[], options?: GradcheckOptions): boolean;
export declare function gradgradcheck(fn: CheckedFunction, inputs: readonly unknown[], options?: GradcheckOptions & {
    gradOutputs?: readonly Tensor[];
}): boolean;
export declare function graphToDot(results: Tensors, options?: GraphToDotOptions): string;
export declare function hessian(fn: (x: Tensor) => Tensor, input: Tensor, options?: FunctionalOptions): Tensor;
export declare function hvp(fn: TensorFunction, inputs: readonly Tensor[], v: readonly Tensor[], options?: FunctionalOptions): {
    hvp: Tensor[];
    output: Tensor;
};
export declare function inferenceMode<T>(fn: () => T): T;
export declare function inferenceMode<T>(mode: boolean, fn: () => T): T;
export declare function inferenceMode(mode?: boolean): GradScope;
export declare const isAnomalyEnabled: () => boolean;
export declare function isAutocastEnabled(deviceType?: string): boolean;
export declare const isGradEnabled: () => boolean;
export declare const isInferenceModeEnabled: () => boolean;
export declare function jacfwd<A extends readonly unknown[], const N extends Argnums = 0>(fn: (...args: A) => Tensor, options?: JacfwdOptions<N> & Plain): (...args: A) => Chosen<A, N>;
export declare function jacfwd<A extends readonly unknown[], X, const N extends Argnums = 0>(fn: (...args: A) => readonly [
    Tensor,
    X
], options: JacfwdOptions<N> & WithAux): (...args: A) => [
    Chosen<A, N>,
    X
];
export declare function jacobian(fn: TensorFunction, inputs: readonly Tensor[], options?: FunctionalOptions): Tensor[];
export declare function jacrev<A extends readonly unknown[], const N extends Argnums = 0>(fn: (...args: A) => Tensor, options?: JacrevOptions<N> & Plain): (...args: A) => Chosen<A, N>;
export declare function jacrev<A extends readonly unknown[], X, const N extends Argnums = 0>(fn: (...args: A) => readonly [
    Tensor,
    X
], options: JacrevOptions<N> & WithAux): (...args: A) => [
    Chosen<A, N>,
    X
];
export declare const joint: <S extends AnySig>(saves: readonly Saved[], grads: (c: FormulaContext<S>) => readonly (Tensor | null)[]) => Rule<S>;
export declare function jvp<A extends readonly unknown[], R>(fn: (...primals: A) => R & Tree<R>, primals: A, tangents: A, options?: {
    hasAux?: false;
}): Jvp<R>;
export declare function jvp<A extends readonly unknown[], R, X>(fn: (...primals: A) => readonly [
    R & Tree<R>,
    X
], primals: A, tangents: A, options: {
    hasAux: true;
}): Jvp<R> & {
    readonly aux: X;
};
export declare const linear: <S extends AnySig>(grad: (c: FormulaContext<S>) => Tensor | null) => Wrt<S>;
export declare function noGrad<T>(fn: () => T): T;
export declare function noGrad(): GradScope;
export declare const noGradient: {
    readonly kind: "noGradient";
};
export declare const notImplemented: (reason: string) => {
    readonly kind: "notImplemented";
    readonly reason: string;
};
export declare const rules: Rules<BuiltinOps>;
export declare function saveOnCpu<T>(fn: () => T): T;
export declare function saveOnCpu(): Scope;
export declare function savedTensorsHooks<P, T>(pack: (tensor: Tensor) => P, unpack: (packed: P) => Tensor, fn: () => T): T;
export declare function savedTensorsHooks<P>(pack: (tensor: Tensor) => P, unpack: (packed: P) => Tensor): Scope;
export declare function setDetectAnomaly(enabled: boolean, options?: AnomalyOptions): Scope;
export declare function setGradEnabled<T>(enabled: boolean, fn: () => T): T;
export declare function setGradEnabled(enabled: boolean): GradScope;
export declare function vhp(fn: TensorFunction, inputs: readonly Tensor[], v: readonly Tensor[], options?: FunctionalOptions): {
    output: Tensor;
    vhp: Tensor[];
};
export declare const viaBody: {
    readonly kind: "viaBody";
};
export declare function vjp(fn: TensorFunction, inputs: readonly Tensor[], v?: Tensor, options?: FunctionalOptions): {
    output: Tensor;
    vjp: Tensor[];
};
export declare function vmap<A extends readonly unknown[], R>(fn: (...args: A) => R & Tree<R>, options?: VmapOptions): (...args: A) => R;
export declare const wrt: <S extends AnySig>(saves: readonly Saved[], grad: (c: FormulaContext<S>) => Tensor | null) => Wrt<S>;

// not exported, but named above
type At<A extends readonly unknown[], N extends number> = `${N}` extends keyof A ? A[`${N}` & keyof A] : A[number];
declare class Context implements FunctionContext {
    constructor(needsInputGrad: readonly boolean[]);
    get dirty(): readonly Tensor[];
    finish(node: FunctionNode): {
        materialize: boolean;
        saved: readonly (Tensor | null)[];
    };
    isDirty(x: Tensor): boolean;
    markDirty(...tensors: Tensor[]): void;
    markNonDifferentiable(...tensors: Tensor[]): void;
    readonly needsInputGrad: readonly boolean[];
    get nonDifferentiable(): readonly Tensor[];
    saveForBackward(...tensors: (Tensor | null | undefined)[]): void;
    get savedTensors(): readonly Tensor[];
    setMaterializeGrads(value: boolean): void;
}
type Each<A extends readonly unknown[], N extends readonly number[]> = {
    -readonly [K in keyof N]: At<A, N[K]>;
};
type Edge = readonly [
    node: Node | null,
    outputNr: number
];
interface Forward {
    forward(...args: never[]): FunctionOutputs;
}
declare class FunctionNode extends Node {
    constructor(call: FunctionCall, context: Context, inputs: readonly Tensor[], edges: readonly Edge[]);
    apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];
    finish(outputs: readonly Tensor[]): void;
    release(): void;
    get savedMetas(): readonly (readonly [
        string,
        GradMeta
    ])[];
    savedTensors(): (Tensor | null)[];
}
interface GradMeta {
    readonly device: Device;
    readonly dtype: DType;
    readonly shape: Shape;
}
type HookResult = Tensor | null | undefined | void;
interface Origin {
    readonly parent: Node | null;
    readonly place: string;
}
interface Plain {
    hasAux?: false;
}
interface Visit {
    enqueued: boolean;
    grads: (Tensor | null)[] | null;
    readonly outer: Visit | null;
    readonly run: object;
    waiting: number;
}
interface WithAux {
    hasAux: true;
}
