// The API of @tenfold/backend-webgpu, written by `npm run api` from the built types. Lint compares.
export interface AdapterOptions {
    readonly adapter?: string;
    readonly forceFallbackAdapter?: boolean;
    readonly powerPreference?: GPUPowerPreference;
}
export interface WebGpuBackend extends Backend<Buffer> {
    bufferBytes(): {
        readonly free: number;
        readonly used: number;
    };
    readonly counters: Readonly<Counters> | null;
    destroy(): void;
}
export interface WebGpuOptions extends AdapterOptions {
    readonly debug?: boolean;
}
export declare function webgpu(options?: WebGpuOptions): Promise<WebGpuBackend>;

// not exported, but named above
interface Buffer {
    readonly bytes: number;
    readonly gpu: GPUBuffer;
    readonly id: number;
    type: ElementType;
}
interface Counters {
    dispatches: number;
    submits: number;
}
interface ElementType {
    readonly bytes: 2 | 4;
    decode(bytes: ArrayBuffer): TypedArray;
    encode(data: TypedArray): Float32Array | Int32Array | Uint16Array | Uint32Array;
    readonly stored: 'f16' | 'f32' | 'i32' | 'u32';
    readonly value: 'bool' | 'f16' | 'f32' | 'i32' | 'u32';
}
