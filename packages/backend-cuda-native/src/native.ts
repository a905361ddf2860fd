/** The interface of the addon, as `native/src` implements it. Every argument is checked there; nothing here throws for want of a card. */

/** A buffer of a device. The addon looks the number up wherever it is given; it names no other buffer as long as the process lives. */
export type Handle = number;
/** A kernel that was loaded. */
export type KernelId = number;
export type StreamId = number;
export type EventId = number;
export type GraphId = number;

/** A library that was looked for at run time. */
export interface FoundLibrary {
  /** Where it was found; `null` if it was not, or can't be used. */
  readonly path: string | null;
  readonly version: string | null;
  /** Why it does not serve, in words. */
  readonly reason: string | null;
}

export interface ProbedDevice {
  readonly name: string;
  /** Bytes of memory. */
  readonly memory: number;
  readonly computeCapability: readonly [major: number, minor: number];
  readonly multiprocessors: number;
  /** Bytes of the second-level cache, and of shared memory that a block can have. */
  readonly cacheBytes: number;
  readonly sharedBytes: number;
  /** Bytes that the memory moves per second at best, by its clock and width; 0 if the driver does not say. */
  readonly bandwidth: number;
}

export interface Probe {
  readonly driver: FoundLibrary;
  readonly libraries: { readonly cublasLt: FoundLibrary; readonly cudnn: FoundLibrary; readonly nvrtc: FoundLibrary };
  /** Empty if there is no driver or no card: `reason` then says why. */
  readonly devices: readonly ProbedDevice[];
  readonly reason: string | null;
}

export interface ProbeOptions {
  /** The driver library to open instead of the system's. */
  readonly driver?: string;
  /** Folders in which cuBLASLt, cuDNN and NVRTC are looked for first. */
  readonly libraries?: readonly string[];
}

/** What errors of the addon carry besides their message. */
export interface NativeError extends Error {
  /** `ARGUMENT`: a wrong argument from JavaScript · `MEMORY`: no room · `LOST`: the device is gone · `CUDA`: any other failure. */
  readonly code: 'ARGUMENT' | 'MEMORY' | 'LOST' | 'CUDA';
  /** The driver's name of the error: `'CUDA_ERROR_ILLEGAL_ADDRESS'`. */
  readonly cuda?: string;
  /** With `MEMORY`: bytes asked for, held by this process (in buffers, and cached), and free on the card. */
  readonly asked?: number;
  readonly held?: number;
  readonly cached?: number;
  readonly free?: number;
}

export interface NativeMemory {
  /** Bytes of buffers that are in use, of blocks taken from the driver, and the most of both so far. */
  readonly used: number;
  readonly reserved: number;
  readonly peakUsed: number;
  readonly peakReserved: number;
  /** Buffers that are in use. */
  readonly buffers: number;
  /** Bytes of the card, free and in all. */
  readonly free: number;
  readonly total: number;
}

/** Factor of a cuBLASLt product: a column-major `rows × columns` matrix, or `batch` of them `batchStride` elements apart. */
export interface LtMatrix {
  readonly handle: Handle;
  /** Bytes from the start of the buffer. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly leading: number;
  readonly batchStride: number;
  readonly transposed: boolean;
}

export interface LtProduct {
  readonly type: 'f32' | 'f64' | 'f16' | 'bf16';
  /** Whether float32 may be computed in TF32. */
  readonly tf32: boolean;
  readonly batch: number;
  /** `d = epilogue(a · b)`; d is never transposed. */
  readonly a: LtMatrix;
  readonly b: LtMatrix;
  readonly d: LtMatrix;
  readonly epilogue: 'none' | 'bias' | 'relu' | 'relu-bias' | 'gelu' | 'gelu-bias';
  /** One element per row of d. */
  readonly bias?: { readonly handle: Handle; readonly offset: number };
}

/** One device. Work is queued on the current stream, in order; only reads and `synchronize` wait. */
export interface NativeDevice {
  /**
   * Where {@link launch} finds the arguments of a kernel: the bytes of its struct. A pointer in it is left empty and named in `pointers` by three numbers:
   * the place in the struct, the handle, and bytes from the buffer's start.
   */
  readonly argumentBytes: ArrayBuffer;
  readonly pointers: Float64Array;

  /** Loads a PTX text (ending in a zero byte) or a cubin; `name` is for messages. The number of a module that {@link kernel} takes. */
  loadModule(name: string, image: Uint8Array): number;
  /** A kernel of a module; `bytes` is the size of its struct of arguments, `threads` the most threads of a block. */
  kernel(module: number, name: string, bytes: number, threads: number): KernelId;
  launch(kernel: KernelId, gridX: number, gridY: number, gridZ: number, threads: number, pointerCount: number): void;

  allocate(bytes: number): Handle;
  /** Work that was queued before still sees the buffer. */
  release(handle: Handle): void;
  /** The bytes are taken before it returns. */
  upload(handle: Handle, offset: number, data: ArrayBufferView): void;
  /** Waits for the stream, without keeping JavaScript waiting. */
  download(handle: Handle, offset: number, bytes: number): Promise<ArrayBuffer>;
  downloadSync(handle: Handle, offset: number, bytes: number): ArrayBuffer;
  copy(from: Handle, fromOffset: number, to: Handle, toOffset: number, bytes: number): void;
  fill(handle: Handle, offset: number, bytes: number, byte: number): void;

  synchronize(): Promise<void>;
  synchronizeSync(): void;
  memory(): NativeMemory;
  /** Gives cached blocks back to the driver. */
  emptyCache(): void;

  createStream(): StreamId;
  destroyStream(stream: StreamId): void;
  /** 0 is the device's own stream. */
  setStream(stream: StreamId): void;
  createEvent(): EventId;
  destroyEvent(event: EventId): void;
  recordEvent(event: EventId): void;
  /** The current stream waits for the event; JavaScript does not. */
  waitEvent(event: EventId): void;
  queryEvent(event: EventId): boolean;
  synchronizeEvent(event: EventId): void;
  /** Milliseconds from one event to another, both of which have happened. */
  elapsed(from: EventId, to: EventId): number;

  /** What is queued from here on is not run but kept. Buffers made meanwhile belong to the graph. */
  beginCapture(): void;
  endCapture(): GraphId;
  /** Leaves a capture that failed. */
  abandonCapture(): void;
  replay(graph: GraphId): void;
  destroyGraph(graph: GraphId): void;

  /** Whether cuBLASLt serves; then {@link multiply} works. */
  readonly hasCublasLt: boolean;
  /** `true`, or in words why cuBLASLt has no algorithm for this. */
  multiply(product: LtProduct): true | string;
  /** Whether NVRTC serves; then {@link compile} works. */
  readonly hasNvrtc: boolean;
  /** CUDA C++ to PTX, ending in a zero byte. Throws with the compiler's log. */
  compile(source: string, options: readonly string[]): Uint8Array;

  /** Why the device is gone, or `null`. */
  readonly lost: string | null;
  /** Waits, and gives everything back: all further calls raise. */
  close(): void;
}

/** What the addon exports. */
export interface Addon {
  /** Looks for the driver, its devices and the libraries. Never throws. */
  probe(options: ProbeOptions): Probe;
  /** Opens a device of the driver that {@link probe} found last. `blocking` waits after every launch, so that an error names its kernel. */
  open(index: number, options: { readonly blocking?: boolean }): NativeDevice;
}
