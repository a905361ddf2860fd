// The API of @tenfold/serialize, written by `npm run api` from the built types. Lint compares.
export type Bytes = ArrayBuffer | Uint8Array;
export type CheckpointValue = ReadonlyMap<CheckpointValue, CheckpointValue> | ReadonlySet<CheckpointValue> | Tensor | TypedArray | bigint | boolean | null | number | readonly CheckpointValue[] | string | undefined | {
    readonly [name: string]: CheckpointValue;
};
export interface LoadOptions {
    device?: string | undefined;
}
export interface LoadedSafetensors {
    readonly metadata: Metadata;
    readonly tensors: {
        [name: string]: Tensor;
    };
}
export interface Metadata {
    readonly [name: string]: string;
}
export type PtValue = Map<PtValue, PtValue> | PtValue[] | Set<PtValue> | Tensor | Uint8Array | bigint | boolean | null | number | string | {
    [name: string]: PtValue;
};
export interface RawTensor {
    readonly data: TypedArray;
    readonly dtype: DType;
    readonly shape: Shape;
}
export interface SaveNpzOptions {
    compress?: boolean | undefined;
}
export interface SaveSafetensorsOptions {
    metadata?: Metadata | undefined;
}
export interface ZipLimits {
    checkCrc?: boolean | undefined;
    maxBytes?: number | undefined;
}
export interface ZipLoadOptions extends LoadOptions, ZipLimits {
}
export declare function loadNpy(bytes: Bytes, options?: LoadOptions): Tensor;
export declare function loadNpz(bytes: Bytes, options?: ZipLoadOptions): Promise<{
    [name: string]: Tensor;
}>;
export declare function loadPt<T = PtValue>(bytes: Bytes, options?: ZipLoadOptions): Promise<T>;
export declare function loadSafetensors(bytes: Bytes, options?: LoadOptions): LoadedSafetensors;
export declare function packCheckpoint(state: unknown): Promise<Uint8Array>;
export declare function saveNpy(x: Tensor): Promise<Uint8Array>;
export declare function saveNpz(tensors: {
    readonly [name: string]: Tensor;
}, options?: SaveNpzOptions): Promise<Uint8Array>;
export declare function saveSafetensors(tensors: {
    readonly [name: string]: Tensor;
}, options?: SaveSafetensorsOptions): Promise<Uint8Array>;
export declare function unpackCheckpoint<T = CheckpointValue>(bytes: Bytes, options?: LoadOptions): T;
export declare function viewSafetensors(bytes: Bytes): {
    readonly metadata: Metadata;
    readonly tensors: {
        [name: string]: RawTensor;
    };
};
