// The API of @tenfold/serialize, written by `npm run api` from the built types. Lint compares.
export type Path = URL | string;
export declare class SafetensorsFile {
    [Symbol.asyncDispose](): Promise<void>;
    close(): Promise<void>;
    has(name: string): boolean;
    info(name: string): {
        readonly dtype: string;
        readonly shape: Shape;
    };
    readonly metadata: Metadata;
    names(): string[];
    raw(name: string): Promise<RawTensor>;
    tensor(name: string, options?: LoadOptions): Promise<Tensor>;
}
export declare function loadCheckpoint<T = CheckpointValue>(path: Path, options?: LoadOptions): Promise<T>;
export declare function loadNpyFile(path: Path, options?: LoadOptions): Promise<Tensor>;
export declare function loadNpzFile(path: Path, options?: ZipLoadOptions): Promise<{
    [name: string]: Tensor;
}>;
export declare function loadPtFile<T = PtValue>(path: Path, options?: ZipLoadOptions): Promise<T>;
export declare function loadSafetensorsFile(path: Path, options?: LoadOptions): Promise<LoadedSafetensors>;
export declare function openSafetensors(path: Path): Promise<SafetensorsFile>;
export declare function saveCheckpoint(path: Path, state: unknown): Promise<void>;
export declare function saveNpyFile(path: Path, x: Tensor): Promise<void>;
export declare function saveNpzFile(path: Path, tensors: Tensors, options?: SaveNpzOptions): Promise<void>;
export declare function saveSafetensorsFile(path: Path, tensors: Tensors, options?: SaveSafetensorsOptions): Promise<void>;

// not exported, but named above
type CheckpointValue = ReadonlyMap<CheckpointValue, CheckpointValue> | ReadonlySet<CheckpointValue> | Tensor | TypedArray | bigint | boolean | null | number | readonly CheckpointValue[] | string | undefined | {
    readonly [name: string]: CheckpointValue;
};
interface LoadOptions {
    device?: string | undefined;
}
interface LoadedSafetensors {
    readonly metadata: Metadata;
    readonly tensors: {
        [name: string]: Tensor;
    };
}
interface Metadata {
    readonly [name: string]: string;
}
type PtValue = Map<PtValue, PtValue> | PtValue[] | Set<PtValue> | Tensor | Uint8Array | bigint | boolean | null | number | string | {
    [name: string]: PtValue;
};
interface RawTensor {
    readonly data: TypedArray;
    readonly dtype: DType;
    readonly shape: Shape;
}
interface SaveNpzOptions {
    compress?: boolean | undefined;
}
interface SaveSafetensorsOptions {
    metadata?: Metadata | undefined;
}
type Tensors = {
    readonly [name: string]: Tensor;
};
interface ZipLimits {
    checkCrc?: boolean | undefined;
    maxBytes?: number | undefined;
}
interface ZipLoadOptions extends LoadOptions, ZipLimits {
}
