/**
 * An open GPU device: buffers from pools, kernels compiled once, and commands recorded until somebody reads. Commands run in the order in which
 * they were recorded, so a freed buffer can be used again at once: whoever gets it comes later in the queue.
 */
import { BackendError, IndexError, type TenfoldError } from '@tenfold/tensor-core';
import { BufferPool } from './buffer-pool.ts';
import { type ElementType, elementType } from './elements.ts';
import { bufferUsage, computeStage, mapRead } from './flags.ts';
import { type Command, type Pipeline, Submissions } from './submissions.ts';

/** Uniforms of a dispatch start at multiples of this many bytes, the default of `minUniformBufferOffsetAlignment`. */
const uniformAlign = 256;
/** Bytes of uniforms that a kernel sees: `array<vec4<u32>, 64>`. */
export const uniformBlock = 1024;
/** Bytes of uniforms per submit. */
const uniformBytes = 2 ** 18;
/** Dispatches after which work is submitted, read or not, so that the device has something to do. */
const dispatchesPerSubmit = 512;
/** How the binding of a storage buffer is used. */
export type Access = 'read' | 'write';

/** A compiled compute shader. Group 0 holds its storage buffers in order, group 1 its uniforms. */
export interface Kernel {
  readonly label: string;
  readonly pipeline: Pipeline;
  readonly layout: BindLayout;
}

interface BindLayout {
  readonly id: number;
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

/** A buffer of the device, as core holds it. */
export interface Buffer {
  readonly gpu: GPUBuffer;
  /** Identifies the GPU buffer in the keys of bind groups. */
  readonly id: number;
  /** Its size class in the pool. */
  readonly bytes: number;
  /** What its elements are, set anew whenever the pool hands it out. */
  type: ElementType;
}

/** What a kernel may report from the device: an index that is out of range, found where nothing can throw. */
export interface Fault {
  /** The error of the call that met it, made when the device is read. */
  error(value: number): TenfoldError;
}

/** Counters that a benchmark prints. */
export interface Counters {
  dispatches: number;
  submits: number;
}

export class Gpu {
  readonly device: GPUDevice;
  readonly hasF16: boolean;
  /** Whether subgroups are quads: of SwiftShader, of which the comment of `quad-product.ts` tells. */
  readonly hasQuads: boolean;
  readonly counters: Counters = { dispatches: 0, submits: 0 };
  readonly pool: BufferPool;
  readonly #layouts = new Map<string, BindLayout>();
  readonly #kernels = new Map<string, Kernel>();
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #submissions: Submissions;
  readonly #uniformLayout: GPUBindGroupLayout;
  readonly #staged = new Uint32Array(uniformBytes / 4);
  /** Where a caller of {@link dispatch} puts its uniforms: the same words as integers and as floats. */
  readonly words = new Uint32Array(uniformBlock / 4);
  readonly integers = new Int32Array(this.words.buffer);
  readonly floats = new Float32Array(this.words.buffer);
  #uniformEnd = 0;
  #commands: Command[] = [];
  #batch = 1;
  #readable: GPUBuffer[] = [];
  /** `[code, value]`: the first fault since the last read. */
  readonly faults: Buffer;
  readonly #faults = new Map<number, Fault>();
  #nextFault = 1;
  /** Reads that have not ended, each with the number of the first fault that it can't have met. */
  readonly #reads = new Set<{ readonly before: number }>();
  readonly #debug: boolean;
  /** Error scopes that have not answered yet. */
  readonly #scopes = new Set<Promise<void>>();
  /** Why the device is gone, or the first error of validation or memory that nobody has heard of yet. */
  #lost: BackendError | null = null;
  #failed: BackendError | null = null;

  constructor(device: GPUDevice, options: { readonly debug?: boolean } = {}) {
    this.device = device;
    this.#debug = options.debug ?? false;
    this.hasF16 = device.features.has('shader-f16');
    this.hasQuads = device.features.has('subgroups') && device.adapterInfo?.subgroupMaxSize === 4;
    this.pool = new BufferPool(device, {
      destroyed: (buffer) => this.#forgetGroups(buffer),
      scoped: (create, failed) => this.#scoped('out-of-memory', create, failed),
    });
    const uniforms = device.createBuffer({
      size: uniformBytes,
      usage: bufferUsage.uniform | bufferUsage.copyTarget,
    });
    this.#uniformLayout = device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: computeStage, buffer: { type: 'uniform', hasDynamicOffset: true } }],
    });
    const uniformGroup = device.createBindGroup({
      layout: this.#uniformLayout,
      entries: [{ binding: 0, resource: { buffer: uniforms, size: uniformBlock } }],
    });
    this.#submissions = new Submissions(device, uniforms, uniformGroup);
    this.faults = this.pool.allocate(16, elementType('int32'));
    device.queue.writeBuffer(this.faults.gpu, 0, new Uint32Array(4));
    device.lost.then(({ reason, message }) => {
      this.#lost ??= new BackendError(
        `webgpu: the device was lost (${message || reason}); registerBackend(await webgpu()) opens a new one, and tensors of the old one are gone`,
      );
    });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault?.();
      this.#failed ??= this.#asError((event as GPUUncapturedErrorEvent).error);
    });
  }

  /** Gives the device back. Reads under way are rejected. */
  destroy(): void {
    this.#lost ??= new BackendError(
      'webgpu: the device was destroyed; registerBackend(await webgpu()) opens a new one, and tensors of the old one are gone',
    );
    this.device.destroy();
  }

  /** Why the device is gone, or `null`. */
  get lost(): string | null {
    return this.#lost?.message ?? null;
  }

  /** Runs `make` in an error scope; what it catches goes to `failed`, and that error to the next `await`. */
  #scoped<T>(filter: GPUErrorFilter, make: () => T, failed: (error: GPUError) => BackendError): T {
    this.device.pushErrorScope(filter);
    try {
      return make();
    } finally {
      const answer = this.device.popErrorScope().then(
        (error) => {
          this.#scopes.delete(answer);
          if (error) this.fail(failed(error));
        },
        // the device is gone, which others say
        () => {
          this.#scopes.delete(answer);
        },
      );
      this.#scopes.add(answer);
    }
  }

  /** Throws if the device is gone. */
  check(): void {
    if (this.#lost) throw this.#lost;
  }

  /** The next error waits for an `await`; this hands it out. */
  fail(error: BackendError): void {
    this.#failed ??= error;
  }

  #asError(error: GPUError): BackendError {
    const memory = error.constructor.name === 'GPUOutOfMemoryError';
    const held = `${this.pool.usedBytes} bytes are held in buffers`;
    return new BackendError(`webgpu: ${memory ? `out of memory (${held}): ` : ''}${error.message}`);
  }

  /**
   * The kernel of `key`, compiled from `code` (which declares its own bindings) when it is met first: in the background, unless in debug mode. `access` has one
   * entry per storage buffer.
   */
  kernel(key: string, access: readonly Access[], code: () => string): Kernel {
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      const layout = this.#layout(access);
      kernel = { label: key, layout, pipeline: this.#pipeline(key, layout.pipeline, code()) };
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  #pipeline(label: string, layout: GPUPipelineLayout, code: string): Pipeline {
    const { device } = this;
    const descriptor = (): GPUComputePipelineDescriptor => ({
      label,
      layout,
      compute: { module: device.createShaderModule({ label, code }), entryPoint: 'main' },
    });
    const compile = () => device.createComputePipeline(descriptor());
    const failed = (error: GPUError): BackendError => inKernel(label, error);
    if (this.#debug) {
      const compiled = this.#scoped('validation', compile, failed);
      return { compiled, ready: Promise.resolve(), compileNow: () => {} };
    }
    const pipeline = {
      compiled: null as GPUComputePipeline | null,
      ready: device.createComputePipelineAsync(descriptor()).then(
        (compiled) => {
          pipeline.compiled ??= compiled;
        },
        (error) => this.fail(failed(error)),
      ),
      compileNow: () => {
        pipeline.compiled = compile();
      },
    };
    return pipeline;
  }

  #layout(access: readonly Access[]): BindLayout {
    const key = access.map(([letter]) => letter).join('');
    const known = this.#layouts.get(key);
    if (known) return known;
    const group = this.device.createBindGroupLayout({
      entries: access.map((kind, binding) => ({
        binding,
        visibility: computeStage,
        buffer: { type: kind === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
      })),
    });
    const pipeline = this.device.createPipelineLayout({ bindGroupLayouts: [group, this.#uniformLayout] });
    const layout = { id: this.#layouts.size, group, pipeline };
    this.#layouts.set(key, layout);
    return layout;
  }

  /** Records a run of `kernel` over `buffers`. Its uniforms are the first `count` of {@link words}. */
  dispatch(kernel: Kernel, buffers: readonly Buffer[], count: number, x: number, y = 1, z = 1): void {
    if (this.#lost) throw this.#lost;
    if (!this.#debug) {
      this.#record(kernel, buffers, count, x, y, z);
      return;
    }
    // errors come when commands are submitted: each dispatch by itself tells which one it was
    this.flush();
    const run = () => {
      this.#record(kernel, buffers, count, x, y, z);
      this.flush();
    };
    this.#scoped('validation', run, (error) => inKernel(kernel.label, error));
  }

  #record(kernel: Kernel, buffers: readonly Buffer[], count: number, x: number, y: number, z: number): void {
    if (count > this.words.length)
      throw new BackendError(`webgpu: ${count} words of uniforms, at most ${this.words.length}`);
    // a whole block must lie behind every offset
    if (this.#uniformEnd + uniformBlock > uniformBytes) this.flush();
    for (let i = 0, at = this.#uniformEnd / 4; i < count; i++) this.#staged[at + i] = this.words[i];
    const group = this.#bindGroup(kernel.layout, buffers);
    this.#commands.push({ pipeline: kernel.pipeline, group, uniforms: this.#uniformEnd, x, y, z });
    for (const buffer of buffers) this.pool.used(buffer, this.#batch);
    this.#uniformEnd += Math.ceil((count * 4) / uniformAlign) * uniformAlign;
    this.counters.dispatches++;
    if (this.#commands.length >= dispatchesPerSubmit) this.flush();
  }

  #bindGroup(layout: BindLayout, buffers: readonly Buffer[]): GPUBindGroup {
    let key = `${layout.id}`;
    for (const { id } of buffers) key += `,${id}`;
    const known = this.#groups.get(key);
    if (known) return known;
    const group = this.device.createBindGroup({
      layout: layout.group,
      entries: buffers.map(({ gpu }, binding) => ({ binding, resource: { buffer: gpu } })),
    });
    // the oldest half goes; loops use the same groups again and again
    if (this.#groups.size >= 4096) for (const old of [...this.#groups.keys()].slice(0, 2048)) this.#groups.delete(old);
    this.#groups.set(key, group);
    return group;
  }

  /** Groups of a destroyed buffer keep it from being collected, and its number is not given again. */
  #forgetGroups({ id }: Buffer): void {
    for (const key of this.#groups.keys()) if (key.split(',').indexOf(String(id), 1) > 0) this.#groups.delete(key);
  }

  /** Records a copy of bytes; both offsets and the size are multiples of 4. */
  copy(from: Buffer, fromByte: number, to: Buffer, toByte: number, bytes: number): void {
    if (this.#lost) throw this.#lost;
    this.#commands.push((encoder) => encoder.copyBufferToBuffer(from.gpu, fromByte, to.gpu, toByte, bytes));
    this.pool.used(from, this.#batch);
    this.pool.used(to, this.#batch);
  }

  /** Writes from the host, behind everything recorded. `data` may be used again at once. */
  write(buffer: Buffer, byte: number, data: ArrayBufferView<ArrayBuffer>): void {
    if (this.#lost) throw this.#lost;
    if (this.pool.lastUse(buffer) === this.#batch) this.flush();
    this.#submissions.write(buffer.gpu, byte, data);
  }

  /** Hands in what is recorded. */
  flush(): void {
    if (this.#commands.length === 0) return;
    this.#submissions.submit(this.#commands, this.#staged.subarray(0, this.#uniformEnd / 4));
    this.#commands = [];
    this.#uniformEnd = 0;
    this.#batch++;
    this.counters.submits++;
    this.pool.trim(this.#batch);
  }

  /** A number under which a kernel reports `fault` (word 0 of the faults, by compare and exchange with 0; the offending value is word 1). */
  faultCode(fault: Fault): number {
    const code = this.#nextFault++;
    this.#faults.set(code, fault);
    return code;
  }

  /**
   * Bytes of `buffer` once everything recorded has run. Rejects with what went wrong on the device since the last read.
   * `byte` and `bytes` are multiples of 4.
   */
  async read(buffer: Buffer, byte: number, bytes: number): Promise<ArrayBuffer> {
    if (this.#lost) throw this.#lost;
    const read = { before: this.#nextFault };
    this.#reads.add(read);
    try {
      return await this.#read(buffer, byte, bytes);
    } finally {
      this.#reads.delete(read);
      // a fault that another read may still meet stays known
      const settled = Math.min(read.before, ...[...this.#reads].map(({ before }) => before));
      for (const known of this.#faults.keys()) if (known < settled) this.#faults.delete(known);
    }
  }

  async #read(buffer: Buffer, byte: number, bytes: number): Promise<ArrayBuffer> {
    const withFaults = this.#faults.size > 0;
    const size = bytes + 16;
    const target = this.#readBuffer(size);
    this.#commands.push((encoder) => {
      encoder.copyBufferToBuffer(buffer.gpu, byte, target, 0, bytes);
      if (!withFaults) return;
      encoder.copyBufferToBuffer(this.faults.gpu, 0, target, bytes, 16);
      encoder.clearBuffer(this.faults.gpu, 0, 16);
    });
    this.flush();
    // kernels that are met for the first time may still be compiling
    await this.#submissions.pending;
    try {
      await target.mapAsync(mapRead, 0, size);
    } catch (error) {
      target.destroy();
      // the loss of a device is announced in a task of its own
      await new Promise((resolve) => setTimeout(resolve, 0));
      throw this.#lost ?? this.#failed ?? new BackendError(`webgpu: reading failed: ${String(error)}`);
    }
    if (this.#scopes.size > 0) await Promise.all(this.#scopes);
    const mapped = target.getMappedRange(0, size);
    const data = mapped.slice(0, bytes);
    const [code, value] = withFaults ? new Int32Array(mapped, bytes, 2) : [0, 0];
    target.unmap();
    this.#readable.push(target);
    const fault = code === 0 ? undefined : this.#faults.get(code);
    if (fault) throw fault.error(value);
    const failed = this.#failed;
    this.#failed = null;
    if (failed) throw failed;
    return data;
  }

  /** A buffer that can be mapped, of at least `size` bytes. */
  #readBuffer(size: number): GPUBuffer {
    const i = this.#readable.findIndex((buffer) => buffer.size >= size && buffer.size <= 4 * size + 65536);
    if (i >= 0) return this.#readable.splice(i, 1)[0];
    while (this.#readable.length > 8) this.#readable.shift()?.destroy();
    return this.device.createBuffer({
      size: Math.max(256, size),
      usage: bufferUsage.mapRead | bufferUsage.copyTarget,
    });
  }

  /** Waits until everything recorded has run. */
  async finish(): Promise<void> {
    await this.read(this.faults, 0, 4);
  }
}

const inKernel = (label: string, { message }: GPUError): BackendError =>
  new BackendError(`webgpu: in the kernel '${label}': ${message}`);

/** The error of an index that is out of range, in PyTorch's words. */
export const indexFault = (size: number, dim: number): Fault => ({
  error: (value) => new IndexError(`index ${value} is out of bounds for dimension ${dim} with size ${size}`),
});
