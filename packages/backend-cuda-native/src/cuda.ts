/**
 * An open device: buffers, kernels loaded when they are met first, and launches queued in order. Nothing waits but reads, so a freed buffer can be used
 * again at once: whoever gets it comes later in the queue.
 */
import { arrayTypes, BackendError, type DType, type TypedArray } from '@tenfold/tensor-core';
import { type Buffer, itemsize, type View } from './elements.ts';
import type { Fault } from './faults.ts';
import { type Axis, maxRank } from './geometry.ts';
import type { Kernel, KernelLibrary } from './kernel-library.ts';
import type { GraphId, NativeDevice, NativeError, ProbedDevice, StreamId } from './native.ts';
import { registerBits } from './program.ts';

/** Bytes of `struct Faults` in device.cuh. */
const faultBytes = 16;

/** Most blocks of a grid along y and z. */
export const maxGridY = 65535;

/** Counters that tests and benchmarks read. */
export interface Counters {
  launches: number;
}

export class Cuda {
  readonly native: NativeDevice;
  readonly counters: Counters = { launches: 0 };
  /** Blocks that keep every multiprocessor busy: kernels that stride over their elements start no more. */
  readonly blocksAtOnce: number;
  readonly multiprocessors: number;
  readonly capability: ProbedDevice['computeCapability'];
  readonly #library: KernelLibrary;
  readonly #call: Call;
  /** The first fault since the last read. */
  readonly #faults: Buffer;
  readonly #known = new Map<number, Fault>();
  #nextFault = 1;
  #hasStreams = false;
  /** Faults that a graph reports whenever it is replayed. */
  readonly #ofGraphs = new Map<GraphId, ReadonlyMap<number, Fault>>();
  /** Reads under way, each with the number of the first fault that it can't have met. */
  readonly #reads = new Set<{ readonly before: number }>();

  constructor(
    native: NativeDevice,
    library: KernelLibrary,
    { multiprocessors, computeCapability }: Pick<ProbedDevice, 'multiprocessors' | 'computeCapability'>,
  ) {
    this.native = native;
    this.#library = library;
    this.multiprocessors = Math.max(1, multiprocessors);
    this.blocksAtOnce = this.multiprocessors * 16;
    this.capability = computeCapability;
    this.#call = new Call(this);
    this.#faults = this.allocate('int64', faultBytes / 8);
    native.fill(this.#faults.handle, 0, faultBytes, 0);
  }

  /** A buffer of `length` elements. @throws BackendError if there is no room. */
  allocate(dtype: DType, length: number): Buffer {
    // a pointer to nothing is none: empty tensors have a byte
    const bytes = Math.max(1, length * itemsize(dtype));
    return { handle: attempt(() => this.native.allocate(bytes)), dtype, bytes };
  }

  free({ handle }: Buffer): void {
    // the buffers of a lost or closed device are gone already
    if (this.native.lost === null) this.native.release(handle);
  }

  /** A buffer for the time of `use`; kernels that `use` has queued still see it. */
  temporary<T>(dtype: DType, length: number, use: (buffer: Buffer) => T): T {
    const buffer = this.allocate(dtype, length);
    try {
      return use(buffer);
    } finally {
      this.free(buffer);
    }
  }

  upload({ handle, dtype }: Buffer, data: TypedArray, offset: number): void {
    attempt(() => this.native.upload(handle, start(offset, data.length) * itemsize(dtype), data));
  }

  /** A buffer of `data` that all streams may read, whichever is the current one. */
  constant(dtype: DType, data: TypedArray): Buffer {
    const buffer = this.allocate(dtype, data.length);
    this.upload(buffer, data, 0);
    if (this.#hasStreams) attempt(() => this.native.synchronizeSync());
    return buffer;
  }

  copy(from: Buffer, fromOffset: number, to: Buffer, toOffset: number, length: number): void {
    if (length === 0) return;
    const size = itemsize(from.dtype);
    attempt(() => this.native.copy(from.handle, fromOffset * size, to.handle, toOffset * size, length * size));
  }

  fill({ handle }: Buffer, offset: number, bytes: number, byte: number): void {
    attempt(() => this.native.fill(handle, offset, bytes, byte));
  }

  /** The kernel called `name`. */
  kernel(name: string): Kernel {
    return attempt(() => this.#library.kernel(name));
  }

  /** A launch in the making: only one at a time. Fields of the kernel's struct are given in their order. */
  call(kernel: Kernel | string): Call {
    return this.#call.begin(typeof kernel === 'string' ? this.kernel(kernel) : kernel);
  }

  /** The number under which a kernel reports `fault`. */
  faultCode(fault: Fault): number {
    const code = this.#nextFault++;
    this.#known.set(code, fault);
    return code;
  }

  get faults(): Buffer {
    return this.#faults;
  }

  downloadSync({ handle, dtype }: Buffer, offset: number, length: number): TypedArray {
    const size = itemsize(dtype);
    const faults = this.#known.size + this.#ofGraphs.size > 0;
    const data = attempt(() => this.native.downloadSync(handle, start(offset, length) * size, length * size));
    if (faults) this.#raise(attempt(() => this.native.downloadSync(this.#faults.handle, 0, faultBytes)));
    // nothing is under way that could still report one, but what waits elsewhere
    if (this.#reads.size === 0) this.#known.clear();
    return new arrayTypes[dtype](data);
  }

  async download({ handle, dtype }: Buffer, offset: number, length: number): Promise<TypedArray> {
    const size = itemsize(dtype);
    const read = { before: this.#nextFault };
    const faults = this.#known.size + this.#ofGraphs.size > 0;
    this.#reads.add(read);
    try {
      const reading = this.native.download(handle, start(offset, length) * size, length * size);
      // both are queued before anything else
      const reported = faults ? this.native.download(this.#faults.handle, 0, faultBytes) : null;
      const [data, fault] = await Promise.all([reading, reported]);
      if (fault) this.#raise(fault);
      return new arrayTypes[dtype](data);
    } catch (error) {
      throw asError(error);
    } finally {
      this.#reads.delete(read);
      // a fault that another read may still meet stays known
      const settled = Math.min(read.before, ...[...this.#reads].map(({ before }) => before));
      for (const code of this.#known.keys()) if (code < settled) this.#known.delete(code);
    }
  }

  #raise(words: ArrayBuffer): void {
    const [code] = new Int32Array(words, 0, 1);
    if (code === 0) return;
    attempt(() => this.native.fill(this.#faults.handle, 0, faultBytes, 0));
    const fault = this.#known.get(code) ?? [...this.#ofGraphs.values()].find((faults) => faults.has(code))?.get(code);
    // it was raised already, by a read that was queued with this one
    if (!fault) return;
    throw fault.error(Number(new BigInt64Array(words, 8, 1)[0]));
  }

  /** A new stream. It sees what was queued before on others. */
  createStream(): StreamId {
    this.native.synchronizeSync();
    this.#hasStreams = true;
    return this.native.createStream();
  }

  /** Keeps what `queue` queues instead of running it. */
  capture<T>(queue: () => T): { readonly result: T; readonly graph: GraphId } {
    attempt(() => this.native.beginCapture());
    const first = this.#nextFault;
    let result: T;
    try {
      result = queue();
    } catch (error) {
      if (this.native.lost === null) this.native.abandonCapture();
      throw error;
    }
    const graph = attempt(() => this.native.endCapture());
    const faults = new Map([...this.#known].filter(([code]) => code >= first));
    if (faults.size > 0) this.#ofGraphs.set(graph, faults);
    return { result, graph };
  }

  destroyGraph(graph: GraphId): void {
    this.#ofGraphs.delete(graph);
    this.native.destroyGraph(graph);
  }

  async synchronize(): Promise<void> {
    try {
      await this.native.synchronize();
    } catch (error) {
      throw asError(error);
    }
  }
}

/** Where `length` elements begin: nothing may begin anywhere, also beyond a buffer's end. */
const start = (offset: number, length: number): number => (length === 0 ? 0 : offset);

/** The arguments of a kernel, written field by field as C lays them out. */
export class Call {
  readonly #cuda: Cuda;
  readonly #data: DataView;
  readonly #pointers: Float64Array;
  #kernel: Kernel | null = null;
  #at = 0;
  #pointerCount = 0;

  constructor(cuda: Cuda) {
    this.#cuda = cuda;
    this.#data = new DataView(cuda.native.argumentBytes);
    this.#pointers = cuda.native.pointers;
  }

  begin(kernel: Kernel): this {
    this.#kernel = kernel;
    this.#at = 0;
    this.#pointerCount = 0;
    return this;
  }

  #align(bytes: number): number {
    const at = (this.#at + bytes - 1) & -bytes;
    this.#at = at + bytes;
    return at;
  }

  /** A pointer to byte `offset` of a buffer. */
  pointer({ handle }: Buffer, offset = 0): this {
    const at = this.#align(8);
    const next = this.#pointerCount++ * 3;
    this.#pointers[next] = at;
    this.#pointers[next + 1] = handle;
    this.#pointers[next + 2] = offset;
    return this;
  }

  /** A pointer to the first element that a view shows, or to element `offset` of its buffer. One that shows nothing may begin behind its buffer's end. */
  view(view: View, offset = view.shape.includes(0) ? 0 : view.offset): this {
    return this.pointer(view.storage.buffer, offset * itemsize(view.dtype));
  }

  /** A pointer that is null. */
  none(): this {
    return this.long(0);
  }

  /** A pointer to where faults are reported; the code of this call's fault follows as an {@link int}. */
  faults(): this {
    return this.pointer(this.#cuda.faults);
  }

  int(value: number): this {
    this.#data.setInt32(this.#align(4), value, true);
    return this;
  }

  /** A whole number of 64 bits; a safe integer. */
  long(value: number): this {
    const at = this.#align(8);
    this.#data.setUint32(at, value >>> 0, true);
    this.#data.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
    return this;
  }

  float(value: number): this {
    this.#data.setFloat32(this.#align(4), value, true);
    return this;
  }

  double(value: number): this {
    this.#data.setFloat64(this.#align(8), value, true);
    return this;
  }

  /** A number in a program's register: a float, a double or a 64-bit whole number, by its dtype. */
  register(value: number, dtype: DType): this {
    if (dtype === 'float64') return this.double(value);
    const at = this.#align(8);
    if (dtype === 'float32') this.#data.setFloat32(at, value, true);
    else this.#data.setBigInt64(at, registerBits(value, dtype), true);
    return this;
  }

  /** Leaves a number of bytes as they are: what the kernel does not read. */
  skip(bytes: number): this {
    this.#at += bytes;
    return this;
  }

  /** A `Walk<operands>` over dims that operands share, at most {@link maxRank}; there may be fewer operands than the kernel has places for. */
  walk(axes: readonly Axis[], operands: number): this {
    let count = 1;
    for (const { size } of axes) count *= size;
    this.long(count).int(axes.length).int(0);
    const rest = 8 * (maxRank - axes.length);
    for (const { size } of axes) this.long(size);
    this.skip(rest);
    const given = axes.length === 0 ? 0 : axes[0].strides.length;
    for (let o = 0; o < given; o++) {
      for (const { strides } of axes) this.long(strides[o]);
      this.skip(rest);
    }
    return this.skip(8 * maxRank * (operands - given));
  }

  /** Queues the kernel. */
  launch(blocks: number, threads?: number, y = 1, z = 1): void {
    const kernel = this.#kernel as Kernel;
    const size = (this.#at + 7) & -8;
    // a struct of nothing wider than 4 bytes ends without padding
    if (size !== kernel.bytes && this.#at !== kernel.bytes) {
      throw new BackendError(`cuda: ${kernel.name} takes ${kernel.bytes} bytes of arguments, not ${this.#at}`);
    }
    attempt(() => this.#cuda.native.launch(kernel.id, blocks, y, z, threads ?? kernel.threads, this.#pointerCount));
    this.#cuda.counters.launches++;
  }

  /** Queues the kernel with threads for `count` elements, of which each strides over as many as it takes. */
  launchOver(count: number): void {
    const { threads } = this.#kernel as Kernel;
    this.launch(Math.max(1, Math.min(Math.ceil(count / threads), this.#cuda.blocksAtOnce)));
  }
}

/** Runs what may raise an error of the addon, and raises Tenfold's. */
export function attempt<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asError(error);
  }
}

const isNative = (error: unknown): error is NativeError => error instanceof Error && 'code' in error;

/** An error of the addon as one of Tenfold's; others as they are. */
export function asError(error: unknown): unknown {
  if (!isNative(error) || error instanceof BackendError) return error;
  switch (error.code) {
    case 'MEMORY':
      return new BackendError(
        `cuda: out of memory: ${error.asked} bytes asked, ${error.held} held in buffers, ${error.cached} cached, ${error.free} free on the card`,
        { cause: error },
      );
    case 'LOST':
    case 'CUDA':
    case 'ARGUMENT':
      return new BackendError(`cuda: ${error.message}`, { cause: error });
    default:
      return error;
  }
}
