// The API of @tenfold/optim, written by `npm run api` from the built types. Lint compares.
export declare class Adam extends Optimizer<AdamGroup, AdamState> {
    constructor(params: Params<AdamGroup>, options?: AdamOptions);
    protected readonly decoupled: boolean;
    protected update(params: readonly Tensor[], grads: readonly Tensor[], { lr, betas, eps, weightDecay, amsgrad, maximize }: AdamGroup): void;
}
export interface AdamGroup {
    amsgrad: boolean;
    betas: readonly [
        number,
        number
    ];
    eps: number;
    lr: number;
    maximize: boolean;
    weightDecay: number;
}
export type AdamOptions = Partial<AdamGroup>;
export declare class AdamW extends Adam {
    constructor(params: Params<AdamGroup>, options?: AdamOptions);
    protected readonly decoupled = true;
}
export declare abstract class Optimizer<O extends object, S extends ParamState> {
    protected constructor(params: Params<O>, defaults: O, options: object | undefined, checks: {
        readonly [K in keyof O]: OptionCheck;
    });
    addParamGroup(group: ParamGroupInit<O>): void;
    readonly defaults: Readonly<O>;
    loadStateDict(saved: OptimizerState<O>): void;
    readonly paramGroups: ParamGroup<O>[];
    readonly state: Map<Tensor, S>;
    stateDict(): OptimizerState<O>;
    protected stateOf(param: Tensor, make: () => S): S;
    step(): void;
    step<T>(closure: () => T): T;
    toString(): string;
    protected abstract update(params: readonly Tensor[], grads: readonly Tensor[], options: O): void;
    zeroGrad(options?: ZeroGradOptions): void;
}
export interface OptimizerState<O> {
    paramGroups: (O & {
        params: number[];
    })[];
    state: {
        [index: number]: ParamState;
    };
}
export type OptionCheck = (value: unknown) => null | string;
export type ParamGroup<O> = O & {
    params: Tensor[];
};
export type ParamGroupInit<O> = Partial<O> & {
    params: Iterable<Tensor> | Tensor;
};
export interface ParamState {
    [name: string]: Tensor | null | number;
}
export type Params<O> = Iterable<ParamGroupInit<O>> | Iterable<Tensor>;
export declare class RMSprop extends Optimizer<RMSpropGroup, RMSpropState> {
    constructor(params: Params<RMSpropGroup>, options?: RMSpropOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: RMSpropGroup): void;
}
export interface RMSpropGroup {
    alpha: number;
    centered: boolean;
    eps: number;
    lr: number;
    maximize: boolean;
    momentum: number;
    weightDecay: number;
}
export type RMSpropOptions = Partial<RMSpropGroup>;
export declare class SGD extends Optimizer<SGDGroup, SGDState> {
    constructor(params: Params<SGDGroup>, options?: SGDOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: SGDGroup): void;
}
export interface SGDGroup {
    dampening: number;
    lr: number;
    maximize: boolean;
    momentum: number;
    nesterov: boolean;
    weightDecay: number;
}
export type SGDOptions = Partial<SGDGroup>;
export interface ZeroGradOptions {
    setToNone?: boolean;
}

// not exported, but named above
interface AdamState extends ParamState {
    expAvg: Tensor;
    expAvgSq: Tensor;
    maxExpAvgSq: Tensor | null;
    step: number;
}
interface RMSpropState extends ParamState {
    gradAvg: Tensor | null;
    momentumBuffer: Tensor | null;
    squareAvg: Tensor;
    step: number;
}
interface SGDState extends ParamState {
    momentumBuffer: Tensor | null;
}
