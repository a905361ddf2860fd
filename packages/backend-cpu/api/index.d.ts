// The API of @tenfold/backend-cpu, written by `npm run api` from the built types. Lint compares.
export declare function cpu(options?: CpuOptions): Backend<Buffer>;
export declare function getNumThreads(): number;
export declare function setNumThreads(n: number): void;

// not exported, but named above
type Buffer = TypedArray;
type CpuEngine = 'plain' | 'wasm';
interface CpuOptions {
    readonly engine?: CpuEngine;
}
