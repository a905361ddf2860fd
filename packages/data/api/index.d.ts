// The API of @tenfold/data, written by `npm run api` from the built types. Lint compares.
export interface AnyColumns {
    readonly [name: string]: Tensor | string[];
}
export type AnyWorker = NodeWorkerLike | Worker;
export declare class BatchSampler extends Sampler<number[]> {
    constructor(sampler: Iterable<number>, batchSize: number, dropLast: boolean);
    readonly batchSize: number;
    readonly dropLast: boolean;
    epoch(seed: number): Iterable<number[]>;
    get length(): number;
    readonly sampler: Iterable<number>;
}
export type Collated<T> = 0 extends 1 & T ? any : [
    T
] extends [
    NumericArray | Tensor | bigint | boolean | number
] ? Tensor : [
    T
] extends [
    string
] ? T[] : [
    T
] extends [
    readonly unknown[]
] ? {
    -readonly [K in keyof T]: Collated<T[K]>;
} : [
    T
] extends [
    object
] ? {
    -readonly [K in keyof T]: Collated<T[K]>;
} : never;
export type ColumnType = 'string' | DType;
export interface ColumnTypes {
    readonly [name: string]: ColumnType;
}
export declare class ConcatDataset<T> implements Dataset<T> {
    constructor(datasets: readonly (Dataset<T> | readonly T[])[]);
    readonly cumulativeSizes: readonly number[];
    readonly datasets: readonly Dataset<T>[];
    get(index: number, generator?: Generator): Promise<T> | T;
    get length(): number;
}
export declare class DataLoader<T, B = Collated<T>> implements AsyncIterable<B>, Iterable<B>, Disposable {
    constructor(dataset: Dataset<T> | IterableDataset<T> | readonly T[], options?: DataLoaderOptions<T, B>);
    constructor(dataset: Dataset<B> | IterableDataset<B> | readonly B[], options: UnbatchedOptions);
    [Symbol.asyncIterator](): AsyncIterableIterator<B>;
    [Symbol.dispose](): void;
    [Symbol.iterator](): IterableIterator<B>;
    readonly batchSize: null | number;
    readonly dataset: Dataset<T> | IterableDataset<T> | readonly T[];
    readonly device: string | undefined;
    readonly dropLast: boolean;
    get length(): number;
    loadStateDict(state: DataLoaderState): void;
    readonly numWorkers: number;
    stateDict(): DataLoaderState;
}
export interface DataLoaderOptions<T, B> extends LoaderOptions {
    batchSampler?: Iterable<readonly number[]> | undefined;
    batchSize?: number | undefined;
    collateFn?: ((samples: T[]) => B) | undefined;
    dropLast?: boolean | undefined;
}
export interface DataLoaderState {
    readonly batches: number;
    readonly length: null | number;
    readonly seed: null | number;
}
export interface Dataset<T> {
    get(index: number, generator?: Generator): Promise<T> | T;
    getBatch?(indices: readonly number[]): Collated<T> | Promise<Collated<T>>;
    readonly length: number;
}
export declare class DistributedSampler extends Sampler {
    constructor(dataset: Sized, options: DistributedSamplerOptions);
    readonly dropLast: boolean;
    epoch(): Iterable<number>;
    get length(): number;
    readonly numReplicas: number;
    readonly rank: number;
    readonly seed: number;
    setEpoch(epoch: number): void;
    readonly shuffle: boolean;
}
export interface DistributedSamplerOptions {
    dropLast?: boolean;
    numReplicas: number;
    rank: number;
    seed?: number;
    shuffle?: boolean;
}
export interface IdxOptions {
    device?: string;
}
export interface ImportDatasetOptions {
    args?: readonly unknown[];
    createWorker?: () => AnyWorker;
    export?: string;
    module: URL | string;
}
export type IterableDataset<T> = AsyncIterable<T> | Iterable<T>;
export interface LoaderOptions {
    device?: string | undefined;
    generator?: Generator | undefined;
    numWorkers?: number | undefined;
    persistentWorkers?: boolean | undefined;
    prefetchFactor?: number | undefined;
    sampler?: Iterable<number> | undefined;
    shuffle?: boolean | undefined;
    timeout?: number | undefined;
}
export declare class RandomSampler extends Sampler {
    constructor(dataSource: Sized, options?: RandomSamplerOptions);
    epoch(seed: number): Iterable<number>;
    readonly length: number;
    readonly replacement: boolean;
}
export interface RandomSamplerOptions {
    generator?: Generator | undefined;
    numSamples?: number | undefined;
    replacement?: boolean;
}
export interface RandomSplitOptions {
    generator?: Generator | undefined;
}
export type Row<C> = {
    [K in keyof C]: C[K] extends Tensor ? Tensor : C[K] extends string[] ? string : Tensor | string;
};
export declare abstract class Sampler<T = number> implements Iterable<T> {
    constructor(generator?: Generator);
    [Symbol.iterator](): Iterator<T>;
    abstract epoch(seed: number): Iterable<T>;
    readonly generator: Generator | undefined;
    abstract readonly length: number;
}
export declare class SequentialSampler extends Sampler {
    constructor(dataSource: Sized);
    epoch(): Iterable<number>;
    get length(): number;
}
export interface Sized {
    readonly length: number;
}
export declare class Subset<T> implements Dataset<T> {
    constructor(dataset: Dataset<T> | readonly T[], indices: Iterable<number>);
    at(index: number): number;
    readonly dataset: Dataset<T>;
    get(index: number, generator?: Generator): Promise<T> | T;
    getBatch?: (indices: readonly number[]) => Collated<T> | Promise<Collated<T>>;
    readonly indices: readonly number[];
    get length(): number;
}
export declare class SubsetRandomSampler extends Sampler {
    constructor(indices: Iterable<number>, options?: {
        generator?: Generator | undefined;
    });
    epoch(seed: number): Iterable<number>;
    readonly indices: readonly number[];
    get length(): number;
}
export declare class Table<C extends object = AnyColumns> implements Dataset<Row<C>> {
    readonly columns: C;
    get(index: number): Row<C>;
    getBatch(indices: readonly number[]): Collated<Row<C>>;
    readonly length: number;
}
export type TableColumns<C extends ColumnTypes> = {
    [K in keyof C]: C[K] extends 'string' ? string[] : Tensor;
};
export interface TableOptions<C extends ColumnTypes> {
    columns?: C;
    device?: string;
}
export declare class TensorDataset<const T extends readonly Tensor[]> implements Dataset<TensorsOf<T>> {
    constructor(...tensors: T);
    get(index: number): TensorsOf<T>;
    getBatch(indices: readonly number[]): Collated<TensorsOf<T>>;
    readonly length: number;
    readonly tensors: T;
}
export type TensorsOf<T extends readonly Tensor[]> = {
    -readonly [K in keyof T]: Tensor;
};
export interface UnbatchedOptions extends LoaderOptions {
    batchSize: null;
}
export declare class WeightedRandomSampler extends Sampler {
    constructor(weights: ArrayLike<number> | Tensor, numSamples: number, options?: WeightedRandomSamplerOptions);
    epoch(seed: number): Iterable<number>;
    readonly length: number;
    readonly replacement: boolean;
    readonly weights: Float64Array;
}
export interface WeightedRandomSamplerOptions {
    generator?: Generator | undefined;
    replacement?: boolean;
}
export interface WorkerInfo {
    readonly id: number;
    readonly numWorkers: number;
    readonly seed: number;
}
export declare const defaultCollate: <T>(samples: readonly T[], options?: {
    device?: string | undefined;
}) => Collated<T>;
export declare const getWorkerInfo: () => WorkerInfo | null;
export declare function importDataset<T, D extends Dataset<T> | IterableDataset<T> = Dataset<T>>(options: ImportDatasetOptions): Promise<D>;
export declare function mapDataset<T, const U>(dataset: Dataset<T> | readonly T[], fn: (sample: T, generator?: Generator) => Promise<U> | U): Dataset<U>;
export declare function randomSplit<T>(dataset: Dataset<T> | readonly T[], lengths: readonly number[], options?: RandomSplitOptions): Subset<T>[];
export declare function readIdx(bytes: Uint8Array, options?: IdxOptions): Promise<Tensor>;
export declare function readJson(source: Uint8Array | string, options?: Omit<TableOptions<never>, 'columns'>): Table<AnyColumns>;
export declare function readJson<const C extends ColumnTypes>(source: Uint8Array | string, options: TableOptions<C>): Table<TableColumns<C>>;
export declare function readJsonLines(source: Uint8Array | string, options?: Omit<TableOptions<never>, 'columns'>): Table<AnyColumns>;
export declare function readJsonLines<const C extends ColumnTypes>(source: Uint8Array | string, options: TableOptions<C>): Table<TableColumns<C>>;
export declare function readMnist(images: Uint8Array, labels: Uint8Array, options?: IdxOptions): Promise<TensorDataset<readonly [
    Tensor,
    Tensor
]>>;

// not exported, but named above
interface NodeWorkerLike {
    on(event: string, listener: (value: any) => void): unknown;
    postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
    ref(): void;
    terminate(): unknown;
    unref(): void;
}
