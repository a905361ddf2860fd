// The API of @tenfold/backend-cuda-native, written by `npm run api` from the built types. Lint compares.
export interface CudaBackend extends Backend<Buffer> {
    readonly found: Probe | null;
}
export interface CudaDeviceOptions {
    readonly device?: string;
}
export declare class CudaEvent {
    constructor(options?: CudaDeviceOptions);
    [Symbol.dispose](): void;
    destroy(): void;
    readonly device: string;
    elapsedTime(end: CudaEvent): number;
    query(): boolean;
    record(stream?: CudaStream): void;
    synchronize(): void;
    wait(stream?: CudaStream): void;
}
export declare class CudaGraph {
    constructor(options?: CudaDeviceOptions);
    [Symbol.dispose](): void;
    capture<T>(fn: () => T): T;
    readonly device: string;
    replay(): void;
    reset(): void;
}
export interface CudaMemory {
    readonly buffers: number;
    readonly free: number;
    readonly peakReserved: number;
    readonly peakUsed: number;
    readonly reserved: number;
    readonly total: number;
    readonly used: number;
}
export interface CudaOptions {
    readonly blocking?: boolean;
    readonly libraries?: readonly string[];
    readonly tf32?: boolean;
}
export declare class CudaStream {
    constructor(options?: CudaDeviceOptions);
    [Symbol.dispose](): void;
    destroy(): void;
    readonly device: string;
    recordEvent(event?: CudaEvent): CudaEvent;
    synchronize(): void;
    waitEvent(event: CudaEvent): void;
    waitStream(stream: CudaStream): void;
}
export declare function cuda(options?: CudaOptions): CudaBackend;
export declare function cudaMemory(options?: CudaDeviceOptions): CudaMemory;
export declare const currentStream: (options?: CudaDeviceOptions) => CudaStream;
export declare function emptyCache(options?: CudaDeviceOptions): void;
export declare function withStream<T>(stream: CudaStream, fn: () => T): T;

// not exported, but named above
interface Buffer {
    readonly bytes: number;
    readonly dtype: DType;
    readonly handle: Handle;
}
interface FoundLibrary {
    readonly path: null | string;
    readonly reason: null | string;
    readonly version: null | string;
}
type Handle = number;
interface Probe {
    readonly devices: readonly ProbedDevice[];
    readonly driver: FoundLibrary;
    readonly libraries: {
        readonly cublasLt: FoundLibrary;
        readonly cudnn: FoundLibrary;
        readonly nvrtc: FoundLibrary;
    };
    readonly reason: null | string;
}
interface ProbedDevice {
    readonly bandwidth: number;
    readonly cacheBytes: number;
    readonly computeCapability: readonly [
        major: number,
        minor: number
    ];
    readonly memory: number;
    readonly multiprocessors: number;
    readonly name: string;
    readonly sharedBytes: number;
}
