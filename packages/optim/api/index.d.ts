// The API of @tenfold/optim, written by `npm run api` from the built types. Lint compares.
export declare class ASGD extends Optimizer<ASGDGroup, ASGDState> {
    constructor(params: Params<ASGDGroup>, options?: ASGDOptions);
    protected stateShape(name: string, { shape }: Tensor): readonly number[];
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: ASGDGroup): void;
}
export interface ASGDGroup {
    alpha: number;
    lambd: number;
    lr: number;
    maximize: boolean;
    t0: number;
    weightDecay: number;
}
export type ASGDOptions = Partial<ASGDGroup>;
export declare class Adadelta extends Optimizer<AdadeltaGroup, AdadeltaState> {
    constructor(params: Params<AdadeltaGroup>, options?: AdadeltaOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: AdadeltaGroup): void;
}
export interface AdadeltaGroup {
    eps: number;
    lr: number;
    maximize: boolean;
    rho: number;
    weightDecay: number;
}
export type AdadeltaOptions = Partial<AdadeltaGroup>;
export declare class Adafactor extends Optimizer<AdafactorGroup, AdafactorState> {
    constructor(params: Params<AdafactorGroup>, options?: AdafactorOptions);
    protected stateShape(name: string, { shape }: Tensor): readonly number[];
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: AdafactorGroup): void;
}
export interface AdafactorGroup {
    beta2Decay: number;
    d: number;
    eps: readonly [
        null | number,
        number
    ];
    lr: number;
    maximize: boolean;
    weightDecay: number;
}
export type AdafactorOptions = Partial<AdafactorGroup>;
export declare class Adagrad extends Optimizer<AdagradGroup, AdagradState> {
    constructor(params: Params<AdagradGroup>, options?: AdagradOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: AdagradGroup): void;
}
export interface AdagradGroup {
    eps: number;
    initialAccumulatorValue: number;
    lr: number;
    lrDecay: number;
    maximize: boolean;
    weightDecay: number;
}
export type AdagradOptions = Partial<AdagradGroup>;
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
export declare class Adamax extends Optimizer<AdamaxGroup, AdamaxState> {
    constructor(params: Params<AdamaxGroup>, options?: AdamaxOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: AdamaxGroup): void;
}
export interface AdamaxGroup {
    betas: readonly [
        number,
        number
    ];
    eps: number;
    lr: number;
    maximize: boolean;
    weightDecay: number;
}
export type AdamaxOptions = Partial<AdamaxGroup>;
export declare class AveragedModel {
    constructor(model: WeightSource, options?: AveragedModelOptions);
    copyTo(model?: WeightSource): void;
    loadStateDict(saved: AveragedState): void;
    nAveraged: number;
    namedBuffers(): [
        string,
        Tensor
    ][];
    namedParameters(): [
        string,
        Tensor
    ][];
    parameters(): Tensor[];
    stateDict(): AveragedState;
    updateParameters(model?: WeightSource): void;
    withAverages<T>(fn: () => T, model?: WeightSource): T;
}
export interface AveragedModelOptions {
    avgFn?: AvgFn;
    device?: string;
    multiAvgFn?: MultiAvgFn;
    useBuffers?: boolean;
}
export interface AveragedState {
    [name: string]: Tensor | number;
}
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: number) => Tensor;
export declare class ChainedScheduler extends LRScheduler {
    constructor(schedulers: readonly LRScheduler[], options?: ChainedSchedulerOptions);
    begin(): void;
    protected getLr(): number[];
    loadStateDict(saved: SchedulerState): void;
    restart(): void;
    stateDict(): SchedulerState;
    step(): void;
}
export interface ChainedSchedulerOptions {
    optimizer?: ScheduledOptimizer;
}
export declare class ConstantLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, options?: ConstantLROptions);
    protected factor: number;
    protected getLr(): number[];
    protected totalIters: number;
}
export interface ConstantLROptions extends SchedulerOptions {
    factor?: number;
    totalIters?: number;
}
export declare class CosineAnnealingLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, tMax: number, options?: CosineAnnealingLROptions);
    protected etaMin: number;
    protected getLr(): number[];
    protected tMax: number;
}
export interface CosineAnnealingLROptions extends SchedulerOptions {
    etaMin?: number;
}
export declare class CosineAnnealingWarmRestarts extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, t0: number, options?: CosineAnnealingWarmRestartsOptions);
    protected etaMin: number;
    protected getLr(): number[];
    restart(): void;
    step(epoch?: number): void;
    protected t0: number;
    protected tCur: number;
    protected tI: number;
    protected tMult: number;
}
export interface CosineAnnealingWarmRestartsOptions extends SchedulerOptions {
    etaMin?: number;
    tMult?: number;
}
export declare class CyclicLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, baseLr: PerGroup, maxLr: PerGroup, options?: CyclicLROptions);
    protected baseMomentums: number[];
    protected cycleMomentum: boolean;
    protected gamma: number;
    protected getLr(): number[];
    protected maxLrs: number[];
    protected maxMomentums: number[];
    protected mode: string;
    protected scaleMode: string;
    protected stepRatio: number;
    protected totalSize: number;
}
export interface CyclicLROptions extends SchedulerOptions {
    baseMomentum?: PerGroup;
    cycleMomentum?: boolean;
    gamma?: number;
    maxMomentum?: PerGroup;
    mode?: 'exp_range' | 'triangular' | 'triangular2';
    scaleFn?: ((x: number) => number) | null;
    scaleMode?: 'cycle' | 'iterations';
    stepSizeDown?: null | number;
    stepSizeUp?: number;
}
export interface DecayOptions extends SchedulerOptions {
    gamma?: number;
}
export declare class ExponentialLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, gamma: number, options?: SchedulerOptions);
    protected gamma: number;
    protected getLr(): number[];
}
export declare class GradScaler {
    constructor(options?: GradScalerOptions);
    getBackoffFactor(): number;
    getGrowthFactor(): number;
    getGrowthInterval(): number;
    getScale(): Promise<number>;
    isEnabled(): boolean;
    loadStateDict(saved: GradScalerState | Record<string, never>): void;
    scale(outputs: Tensor): Tensor;
    scale<T extends Scalable>(outputs: T): T;
    setBackoffFactor(value: number): void;
    setGrowthFactor(value: number): void;
    setGrowthInterval(value: number): void;
    stateDict(): GradScalerState | Record<string, never>;
    step(optimizer: AnyOptimizer, closure?: undefined): void;
    unscale_(optimizer: AnyOptimizer): void;
    update(newScale?: Tensor | number): void;
}
export interface GradScalerOptions {
    backoffFactor?: number;
    enabled?: boolean;
    growthFactor?: number;
    growthInterval?: number;
    initScale?: number;
}
export interface GradScalerState {
    backoffFactor: number;
    growthFactor: number;
    growthInterval: number;
    growthTracker: Tensor | number;
    scale: Tensor | number;
}
export interface GroupSchedule {
    baseMomentum?: number;
    initialLr?: number;
    maxLr?: number;
    maxMomentum?: number;
    minLr?: number;
    swaLr?: number;
}
export declare class LBFGS extends Optimizer<LBFGSGroup, LBFGSState> {
    constructor(params: Params<LBFGSGroup>, options?: LBFGSOptions);
    addParamGroup(group: ParamGroupInit<LBFGSGroup>): void;
    readonly needsClosure = true;
    protected stateShape(): null;
    step(): never;
    step<T>(closure: () => T): T;
    stepAsync<T>(closure: () => T): Promise<T>;
    protected update(): never;
}
export interface LBFGSGroup {
    historySize: number;
    lineSearchFn: 'strong_wolfe' | null;
    lr: number;
    maxEval: number;
    maxIter: number;
    toleranceChange: number;
    toleranceGrad: number;
}
export type LBFGSOptions = Partial<LBFGSGroup>;
export declare abstract class LRScheduler {
    protected constructor(optimizer: ScheduledOptimizer, lastEpoch?: number);
    protected apply(): void;
    protected baseLrs: number[];
    begin(): void;
    getLastLr(): number[];
    protected abstract getLr(): number[];
    lastEpoch: number;
    protected lastLr: number[];
    loadStateDict(saved: SchedulerState): void;
    get optimizer(): ScheduledOptimizer;
    restart(): void;
    stateDict(): SchedulerState;
    step(): void;
    protected stepCount: number;
}
export declare class LambdaLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda | readonly LrLambda[], options?: SchedulerOptions);
    protected getLr(): number[];
}
export declare class LinearLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, options?: LinearLROptions);
    protected endFactor: number;
    protected getLr(): number[];
    protected startFactor: number;
    protected totalIters: number;
}
export interface LinearLROptions extends SchedulerOptions {
    endFactor?: number;
    startFactor?: number;
    totalIters?: number;
}
export declare class Lion extends Optimizer<LionGroup, LionState> {
    constructor(params: Params<LionGroup>, options?: LionOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: LionGroup): void;
}
export interface LionGroup {
    betas: readonly [
        number,
        number
    ];
    lr: number;
    maximize: boolean;
    weightDecay: number;
}
export type LionOptions = Partial<LionGroup>;
export type LrLambda = (epoch: number) => number;
export type MultiAvgFn = (averaged: readonly Tensor[], current: readonly Tensor[], numAveraged: number) => void;
export declare class MultiStepLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, milestones: readonly number[], options?: DecayOptions);
    protected gamma: number;
    protected getLr(): number[];
    protected milestones: number[];
}
export declare class MultiplicativeLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda | readonly LrLambda[], options?: SchedulerOptions);
    protected getLr(): number[];
    restart(): void;
}
export declare class Muon extends Optimizer<MuonGroup, MuonState> {
    constructor(params: Params<MuonGroup>, options?: MuonOptions);
    addParamGroup(group: ParamGroupInit<MuonGroup>): void;
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: MuonGroup): void;
}
export interface MuonGroup {
    adjustLrFn: 'match_rms_adamw' | 'original' | null;
    eps: number;
    lr: number;
    momentum: number;
    nesterov: boolean;
    nsCoefficients: readonly [
        number,
        number,
        number
    ];
    nsSteps: number;
    weightDecay: number;
}
export type MuonOptions = Partial<MuonGroup>;
export declare class NAdam extends Optimizer<NAdamGroup, NAdamState> {
    constructor(params: Params<NAdamGroup>, options?: NAdamOptions);
    protected stateShape(name: string, { shape }: Tensor): readonly number[];
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: NAdamGroup): void;
}
export interface NAdamGroup {
    betas: readonly [
        number,
        number
    ];
    decoupledWeightDecay: boolean;
    eps: number;
    lr: number;
    maximize: boolean;
    momentumDecay: number;
    weightDecay: number;
}
export type NAdamOptions = Partial<NAdamGroup>;
export interface NormalisedModel {
    forward(input: Tensor): unknown;
    modules(): Iterable<object>;
    train(mode?: boolean): unknown;
    readonly training: boolean;
}
export declare class OneCycleLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, maxLr: PerGroup, options?: OneCycleLROptions);
    protected annealStrategy: string;
    protected cycleMomentum: boolean;
    protected getLr(): number[];
    protected pctStart: number;
    protected threePhase: boolean;
    protected totalSteps: number;
}
export interface OneCycleLROptions extends SchedulerOptions {
    annealStrategy?: 'cos' | 'linear';
    baseMomentum?: PerGroup;
    cycleMomentum?: boolean;
    divFactor?: number;
    epochs?: null | number;
    finalDivFactor?: number;
    maxMomentum?: PerGroup;
    pctStart?: number;
    stepsPerEpoch?: null | number;
    threePhase?: boolean;
    totalSteps?: null | number;
}
export declare abstract class Optimizer<O extends object, S extends ParamState> {
    protected constructor(params: Params<O>, defaults: O, options: object | undefined, checks: {
        readonly [K in keyof O]: OptionCheck;
    });
    addParamGroup(group: ParamGroupInit<O>): void;
    protected check(options: O & GroupSchedule): void;
    readonly defaults: Readonly<O>;
    loadStateDict(saved: OptimizerState<O>): void;
    readonly paramGroups: ParamGroup<O>[];
    readonly state: Map<Tensor, S>;
    stateDict(): OptimizerState<O>;
    protected stateOf(param: Tensor, make: () => S): S;
    protected stateShape(_name: string, param: Tensor): null | readonly number[];
    step(): void;
    step<T>(closure: () => T): T;
    protected stepsTaken(param: Tensor, step: number): Tensor | number;
    toString(): string;
    protected abstract update(params: readonly Tensor[], grads: readonly Tensor[], options: O): void;
    zeroGrad(options?: ZeroGradOptions): void;
}
export interface OptimizerState<O> {
    paramGroups: (O & GroupSchedule & {
        params: number[];
    })[];
    state: {
        [index: number]: ParamState;
    };
}
export type OptionCheck = (value: unknown) => null | string;
export type ParamGroup<O> = O & GroupSchedule & {
    params: Tensor[];
};
export type ParamGroupInit<O> = Partial<O> & GroupSchedule & {
    params: Iterable<Tensor> | Tensor;
};
export interface ParamState {
    [name: string]: StateValue;
}
export type Params<O> = Iterable<ParamGroupInit<O>> | Iterable<Tensor>;
export type PerGroup = number | readonly number[];
export declare class PolynomialLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, options?: PolynomialLROptions);
    protected getLr(): number[];
    protected power: number;
    protected totalIters: number;
}
export interface PolynomialLROptions extends SchedulerOptions {
    power?: number;
    totalIters?: number;
}
export declare class RAdam extends Optimizer<RAdamGroup, RAdamState> {
    constructor(params: Params<RAdamGroup>, options?: RAdamOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: RAdamGroup): void;
}
export interface RAdamGroup {
    betas: readonly [
        number,
        number
    ];
    decoupledWeightDecay: boolean;
    eps: number;
    lr: number;
    maximize: boolean;
    weightDecay: number;
}
export type RAdamOptions = Partial<RAdamGroup>;
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
export declare class ReduceLROnPlateau {
    constructor(optimizer: ScheduledOptimizer, options?: ReduceLROnPlateauOptions);
    protected best: number;
    protected cooldown: number;
    protected cooldownCounter: number;
    protected eps: number;
    protected factor: number;
    getLastLr(): number[];
    lastEpoch: number;
    protected lastLr: number[];
    loadStateDict(saved: SchedulerState): void;
    protected minLrs: number[];
    protected mode: string;
    protected numBadEpochs: number;
    get optimizer(): ScheduledOptimizer;
    protected patience: number;
    stateDict(): SchedulerState;
    step(metric: number): void;
    protected threshold: number;
    protected thresholdMode: string;
}
export interface ReduceLROnPlateauOptions {
    cooldown?: number;
    eps?: number;
    factor?: number;
    minLr?: PerGroup;
    mode?: 'max' | 'min';
    patience?: number;
    threshold?: number;
    thresholdMode?: 'abs' | 'rel';
}
export declare class Rprop extends Optimizer<RpropGroup, RpropState> {
    constructor(params: Params<RpropGroup>, options?: RpropOptions);
    protected update(params: readonly Tensor[], grads: readonly Tensor[], options: RpropGroup): void;
}
export interface RpropGroup {
    etas: readonly [
        number,
        number
    ];
    lr: number;
    maximize: boolean;
    stepSizes: readonly [
        number,
        number
    ];
}
export type RpropOptions = Partial<RpropGroup>;
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
export declare class SWALR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, swaLr: PerGroup, options?: SWALROptions);
    protected annealEpochs: number;
    protected annealStrategy: string;
    protected getLr(): number[];
    restart(): void;
}
export interface SWALROptions extends SchedulerOptions {
    annealEpochs?: number;
    annealStrategy?: 'cos' | 'linear';
}
export type Scalable = Tensor | readonly Scalable[];
export interface ScheduledGroup extends GroupSchedule {
    betas?: readonly number[];
    lr: number;
    momentum?: number;
}
export interface ScheduledOptimizer {
    readonly defaults: object;
    readonly paramGroups: ScheduledGroup[];
}
export interface SchedulerOptions {
    lastEpoch?: number;
}
export interface SchedulerState {
    [name: string]: SchedulerValue;
}
export type SchedulerValue = boolean | number | readonly SchedulerState[] | readonly number[] | string;
export declare class SequentialLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, schedulers: readonly LRScheduler[], milestones: readonly number[], options?: SchedulerOptions);
    begin(): void;
    protected getLr(): number[];
    loadStateDict(saved: SchedulerState): void;
    protected milestones: number[];
    restart(): void;
    stateDict(): SchedulerState;
    step(): void;
}
export type StateValue = Tensor | null | number | readonly Tensor[];
export declare class StepLR extends LRScheduler {
    constructor(optimizer: ScheduledOptimizer, stepSize: number, options?: DecayOptions);
    protected gamma: number;
    protected getLr(): number[];
    protected stepSize: number;
}
export interface UpdateBNOptions {
    device?: string;
}
export interface WeightSource {
    namedBuffers(): Iterable<readonly [
        string,
        Tensor
    ]>;
    namedParameters(): Iterable<readonly [
        string,
        Tensor
    ]>;
}
export interface ZeroGradOptions {
    setToNone?: boolean;
}
export declare function getEmaAvgFn(decay?: number): AvgFn;
export declare function getEmaMultiAvgFn(decay?: number): MultiAvgFn;
export declare const getSwaAvgFn: () => AvgFn;
export declare const getSwaMultiAvgFn: () => MultiAvgFn;
export declare function updateBN(loader: AsyncIterable<Batch> | Iterable<Batch>, model: NormalisedModel, options?: UpdateBNOptions): Promise<void>;

// not exported, but named above
interface ASGDState extends ParamState {
    ax: Tensor;
    eta: Tensor | number;
    mu: Tensor | number;
    step: number;
}
interface AdadeltaState extends ParamState {
    accDelta: Tensor;
    squareAvg: Tensor;
    step: number;
}
interface AdafactorState extends ParamState {
    colVar: Tensor | null;
    rowVar: Tensor | null;
    step: number;
    variance: Tensor | null;
}
interface AdagradState extends ParamState {
    step: number;
    sum: Tensor;
}
interface AdamState extends ParamState {
    expAvg: Tensor;
    expAvgSq: Tensor;
    maxExpAvgSq: Tensor | null;
    step: number;
}
interface AdamaxState extends ParamState {
    expAvg: Tensor;
    expInf: Tensor;
    step: number;
}
interface AnyOptimizer {
    readonly needsClosure?: boolean;
    readonly paramGroups: readonly {
        readonly params: readonly Tensor[];
    }[];
    readonly state: ReadonlyMap<Tensor, ParamState>;
    step(): void;
}
type Batch = Tensor | readonly [
    Tensor,
    ...unknown[]
];
interface LBFGSState extends ParamState {
    d: Tensor | null;
    funcEvals: number;
    hDiag: Tensor | number;
    nIter: number;
    oldDirs: readonly Tensor[];
    oldStps: readonly Tensor[];
    prevFlatGrad: Tensor | null;
    prevLoss: number;
    ro: readonly Tensor[];
    t: number;
}
interface LionState extends ParamState {
    expAvg: Tensor;
}
interface MuonState extends ParamState {
    momentumBuffer: Tensor;
}
interface NAdamState extends ParamState {
    expAvg: Tensor;
    expAvgSq: Tensor;
    muProduct: Tensor | number;
    step: number;
}
interface RAdamState extends ParamState {
    expAvg: Tensor;
    expAvgSq: Tensor;
    step: number;
}
interface RMSpropState extends ParamState {
    gradAvg: Tensor | null;
    momentumBuffer: Tensor | null;
    squareAvg: Tensor;
    step: number;
}
interface RpropState extends ParamState {
    prev: Tensor;
    step: number;
    stepSize: Tensor;
}
interface SGDState extends ParamState {
    momentumBuffer: Tensor | null;
}
