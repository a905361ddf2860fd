// The API of @tenfold/serialize, written by `npm run api` from the built types. Lint compares.
export interface AddHistogramOptions extends EventOptions {
    bins?: HistogramBins | undefined;
    maxBins?: number | undefined;
}
export interface AddHparamsOptions {
    runName?: string | undefined;
}
export interface AddImageOptions extends EventOptions {
    dataformats?: string | undefined;
}
export interface CountedHistogram {
    readonly counts: ArrayLike<number>;
    readonly edges: ArrayLike<number>;
    readonly max: number;
    readonly min: number;
    readonly num: number;
    readonly sum: number;
    readonly sumSquares: number;
}
export interface EventOptions {
    walltime?: number | undefined;
}
export type HParam = boolean | null | number | string;
export type HistogramBins = 'tensorflow' | number | readonly number[];
export interface ScalarOptions {
    doublePrecision?: boolean | undefined;
    newStyle?: boolean | undefined;
}
export declare class SummaryWriter implements Disposable, AsyncDisposable {
    constructor(logDir?: Path, options?: SummaryWriterOptions);
    [Symbol.asyncDispose](): Promise<void>;
    [Symbol.dispose](): void;
    addGraph(model: TracedModel, inputs: Tensor | readonly Tensor[], options?: EventOptions): void;
    addHistogram(tag: string, values: ArrayLike<number> | CountedHistogram | Tensor, step?: number, options?: AddHistogramOptions): void;
    addHparams(hparams: {
        readonly [name: string]: HParam;
    }, metrics: {
        readonly [tag: string]: Tensor | number;
    }, options?: AddHparamsOptions): void;
    addImage(tag: string, image: Tensor, step?: number, options?: AddImageOptions): void;
    addImages(tag: string, images: Tensor, step?: number, options?: AddImageOptions): void;
    addScalar(tag: string, value: Tensor | number, step?: number, options?: EventOptions & ScalarOptions): void;
    addScalars(mainTag: string, values: {
        readonly [name: string]: Tensor | number;
    }, step?: number, options?: EventOptions): void;
    addText(tag: string, text: string, step?: number, options?: EventOptions): void;
    close(): Promise<void>;
    flush(): Promise<void>;
    getLogdir(): string;
    readonly logDir: string;
}
export interface SummaryWriterOptions {
    comment?: string | undefined;
    filenameSuffix?: string | undefined;
    purgeStep?: number | undefined;
}
export type TracedModel = Forward | ModuleLike;

// not exported, but named above
interface ChildLike {
    registerForwardWrapper?(wrapper: (module: unknown, args: readonly unknown[], next: (...args: readonly unknown[]) => unknown) => unknown): {
        remove(): void;
    };
    training?: boolean;
}
type Forward = (...inputs: Tensor[]) => Tensor | readonly Tensor[];
interface ModuleLike {
    forward(...inputs: never[]): Tensor | readonly Tensor[];
    namedBuffers?(): Iterable<readonly [
        name: string,
        tensor: Tensor
    ]>;
    namedModules?(): Iterable<readonly [
        name: string,
        module: ChildLike
    ]>;
    namedParameters?(): Iterable<readonly [
        name: string,
        tensor: Tensor
    ]>;
}
type Path = URL | string;
