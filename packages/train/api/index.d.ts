// The API of @tenfold/train, written by `npm run api` from the built types. Lint compares.
export declare class AUROC extends Metric<[
    preds: Tensor,
    target: Tensor
]> {
    constructor(options: AUROCOptions);
    compute(): Tensor;
    static readonly name: string;
    update(preds: Tensor, target: Tensor): void;
}
export type AUROCOptions = Thresholded & ((MulticlassTask & Averaged<'macro' | 'none' | 'weighted'>) | (Omit<MultilabelTask, 'threshold'> & Averaged<'macro' | 'micro' | 'none' | 'weighted'>) | Omit<BinaryTask, 'threshold'>);
export declare class Accuracy extends CountMetric {
    static readonly name: string;
    protected score({ tp, fp, tn, fn }: Counts, pairs: boolean): Tensor;
}
export declare class ActivationHistograms implements Disposable {
    constructor(model: WithModules, options?: ActivationHistogramsOptions);
    [Symbol.dispose](): void;
    remove(): void;
    take(): {
        [name: string]: HistogramTensors;
    };
}
export interface ActivationHistogramsOptions extends HistogramOptions {
    filter?: ((name: string) => boolean) | undefined;
}
export type Average = 'macro' | 'micro' | 'none' | 'weighted';
export interface BinaryTask {
    ignoreIndex?: number | undefined;
    task: 'binary';
    threshold?: number | undefined;
}
export type ClassificationOptions = (MulticlassTask & Averaged & Ranked) | (MultilabelTask & Averaged) | BinaryTask;
export declare class ConfusionMatrix extends Metric<[
    preds: Tensor,
    target: Tensor
]> {
    constructor(options: ConfusionMatrixOptions);
    compute(): Tensor;
    static readonly name: string;
    update(preds: Tensor, target: Tensor): void;
}
export type ConfusionMatrixOptions = (BinaryTask | MulticlassTask | MultilabelTask) & {
    normalize?: 'all' | 'pred' | 'true' | undefined;
};
export declare class EarlyStopping {
    constructor(options?: EarlyStoppingOptions);
    get best(): null | number;
    get improved(): boolean;
    loadStateDict(state: EarlyStoppingState): void;
    stateDict(): EarlyStoppingState;
    step(value: number): boolean;
    get stopped(): boolean;
}
export interface EarlyStoppingOptions {
    checkFinite?: boolean | undefined;
    divergenceThreshold?: number | undefined;
    minDelta?: number | undefined;
    mode?: 'max' | 'min' | undefined;
    patience?: number | undefined;
    stoppingThreshold?: number | undefined;
}
export interface EarlyStoppingState {
    readonly best: null | number;
    readonly steps: number;
    readonly stoppedStep: null | number;
    readonly waitCount: number;
}
export declare class F1Score extends CountMetric {
    static readonly name: string;
    protected score(counts: Counts): Tensor;
}
export declare class FBetaScore extends CountMetric {
    constructor(options: ClassificationOptions & {
        beta: number;
    });
    static readonly name: string;
    protected score(counts: Counts): Tensor;
}
export interface Histogram extends HistogramLike {
    readonly counts: number[];
    readonly edges: number[];
    readonly max: number;
    readonly min: number;
    readonly num: number;
    readonly sum: number;
    readonly sumSquares: number;
}
export interface HistogramOptions {
    bins?: number | undefined;
}
export interface HistogramTensors {
    readonly counts: Tensor;
    readonly edges: Tensor;
    readonly stats: Tensor;
}
export declare class MeanAbsoluteError extends ErrorMetric {
    constructor(options?: RegressionOptions);
    protected error(difference: Tensor): Tensor;
    static readonly name: string;
}
export declare class MeanSquaredError extends ErrorMetric {
    constructor(options?: RegressionOptions & {
        squared?: boolean | undefined;
    });
    protected error(difference: Tensor): Tensor;
    protected finish(mean: Tensor): Tensor;
    static readonly name: string;
}
export declare abstract class Metric<Args extends readonly unknown[] = readonly never[]> {
    constructor(shapes: StateShapes);
    protected add(device: string, increments: () => {
        [name: string]: Tensor;
    }): void;
    protected append(more: () => {
        [name: string]: Tensor;
    }): void;
    abstract compute(): Tensor;
    loadStateDict(state: {
        readonly [name: string]: Tensor;
    }): void;
    protected replace(next: () => {
        [name: string]: Tensor;
    }): void;
    reset(): void;
    protected state(device?: string): {
        readonly [name: string]: Tensor;
    };
    stateDict(): {
        [name: string]: Tensor;
    };
    abstract update(...batch: Args): void;
}
export interface MulticlassTask {
    ignoreIndex?: number | undefined;
    numClasses: number;
    task: 'multiclass';
}
export interface MultilabelTask {
    ignoreIndex?: number | undefined;
    numLabels: number;
    task: 'multilabel';
    threshold?: number | undefined;
}
export declare class Precision extends CountMetric {
    static readonly name: string;
    protected score({ tp, fp }: Counts): Tensor;
}
export declare class Recall extends CountMetric {
    static readonly name: string;
    protected score({ tp, fn }: Counts): Tensor;
}
export interface RegressionOptions {
    numOutputs?: number | undefined;
}
export declare class RunningMean extends Metric<[
    value: Tensor | number,
    weight?: Tensor | number
]> {
    constructor(options?: RunningMeanOptions);
    compute(): Tensor;
    static readonly name: string;
    update(value: Tensor | number, weight?: Tensor | number): void;
}
export interface RunningMeanOptions {
    nanStrategy?: 'disable' | 'ignore' | undefined;
    window?: number | undefined;
}
export declare class Specificity extends CountMetric {
    static readonly name: string;
    protected score({ tn, fp }: Counts): Tensor;
}
export interface StateShapes {
    readonly [name: string]: {
        readonly dtype: DType;
        readonly shape: Shape;
    };
}
export interface WithForwardHook {
    registerForwardHook(hook: (module: unknown, args: readonly unknown[], output: unknown) => unknown): {
        remove(): void;
    };
}
export interface WithModules {
    namedModules(): Iterable<readonly [
        name: string,
        module: WithForwardHook
    ]>;
}
export interface WithParameters {
    namedParameters(): Iterable<readonly [
        name: string,
        parameter: Tensor
    ]>;
}
export declare function gradientHistograms(model: WithParameters, options?: HistogramOptions): {
    [name: string]: HistogramTensors;
};
export declare function histogramOf(values: Tensor, options?: HistogramOptions): HistogramTensors;
export declare function parameterHistograms(model: WithParameters, options?: HistogramOptions): {
    [name: string]: HistogramTensors;
};
export declare function readHistograms(histograms: {
    readonly [name: string]: HistogramTensors;
}): Promise<{
    [name: string]: Histogram;
}>;

// not exported, but named above
interface Averaged {
    average?: Average | undefined;
}
interface Averaged<A extends string> {
    average?: A | undefined;
}
declare abstract class CountMetric extends Metric<[
    preds: Tensor,
    target: Tensor
]> {
    constructor(options: ClassificationOptions, more?: readonly string[]);
    compute(): Tensor;
    update(preds: Tensor, target: Tensor): void;
}
interface Counts {
    readonly fn: Tensor;
    readonly fp: Tensor;
    readonly tn: Tensor;
    readonly tp: Tensor;
}
declare abstract class ErrorMetric extends Metric<[
    preds: Tensor,
    target: Tensor
]> {
    compute(): Tensor;
    update(preds: Tensor, target: Tensor): void;
}
interface HistogramLike {
    readonly counts: ArrayLike<number>;
    readonly edges: ArrayLike<number>;
}
interface Ranked {
    topK?: number | undefined;
}
interface Thresholded {
    thresholds?: number | readonly number[] | undefined;
}
