/** GPU buffers by size class: creating one costs a driver call, a training step asks for the same sizes again and again. */
import { BackendError } from '@tenfold/tensor-core';
import type { ElementType } from './elements.ts';
import { bufferUsage } from './flags.ts';
import type { Buffer } from './gpu.ts';

/** Sizes go in quarters of powers of two, so at most a fifth of a buffer is unused; the least is one offset alignment. */
function classOf(bytes: number): number {
  if (bytes <= 256) return 256;
  const quarter = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  const step = Math.max(quarter, 256);
  return Math.ceil(bytes / step) * step;
}

interface Entry extends Buffer {
  /** The batch of commands that used it last. */
  lastUse: number;
  /** Set where the device had no memory for it: it is not used again. */
  failed: boolean;
}

/** What a pool asks of the device that it belongs to. */
export interface PoolHost {
  /** Hears of a buffer that is gone. */
  destroyed(buffer: Buffer): void;
  /** Runs `create` in an error scope; what it catches becomes the error of the next `await`. */
  scoped<T>(create: () => T, failed: (error: GPUError) => BackendError): T;
}

/** Batches for which an unused buffer is kept. */
const patience = 64;
/** What a buffer costs besides its bytes: records of the driver and of Dawn (6 KiB were measured), and one of the limited number of mappings of a process. */
export const bufferOverhead = 2 ** 14;
/** The cost of unused buffers up to which nothing is given back. */
const keepBytes = 2 ** 27;

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #host: PoolHost;
  readonly #free = new Map<number, Entry[]>();
  #nextId = 1;
  /** Bytes in buffers that somebody holds, and in those that wait to be used again. */
  usedBytes = 0;
  freeBytes = 0;

  constructor(device: GPUDevice, host: PoolHost) {
    this.#device = device;
    this.#host = host;
  }

  /** A storage buffer of at least `bytes`, contents undefined. */
  allocate(bytes: number, type: ElementType): Buffer {
    const size = classOf(bytes);
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (bytes > limit) {
      throw new BackendError(
        `webgpu: a buffer of ${bytes} bytes is more than this device allows (${limit}; ${this.usedBytes} bytes are held); split the tensor, or compute on cpu`,
      );
    }
    const known = this.#free.get(size)?.pop();
    const actual = Math.min(size, limit - (limit % 4));
    this.usedBytes += actual;
    if (known) {
      this.freeBytes -= actual;
      known.type = type;
      return known;
    }
    const held = this.usedBytes - actual;
    const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
    let entry: Entry | null = null;
    const gpu = this.#host.scoped(
      () => this.#device.createBuffer({ size: actual, usage }),
      ({ message }) => {
        if (entry) this.#drop(entry);
        return new BackendError(
          `webgpu: out of memory: ${bytes} bytes were asked, ${held} are held in tensors and ${this.freeBytes} wait to be used again; dispose what isn't needed, or use smaller batches (${message})`,
        );
      },
    );
    entry = { gpu, id: this.#nextId++, bytes: size, type, lastUse: 0, failed: false };
    return entry;
  }

  /** A buffer that the device had no memory for is not handed out again. */
  #drop(entry: Entry): void {
    entry.failed = true;
    const list = this.#free.get(entry.bytes) ?? [];
    const at = list.indexOf(entry);
    if (at < 0) return;
    list.splice(at, 1);
    this.freeBytes -= entry.gpu.size;
    this.#host.destroyed(entry);
  }

  /** Takes a buffer back; commands recorded so far may still use it. */
  release(buffer: Buffer): void {
    const entry = buffer as Entry;
    this.usedBytes -= entry.gpu.size;
    if (entry.failed) {
      this.#host.destroyed(entry);
      return;
    }
    this.freeBytes += entry.gpu.size;
    const list = this.#free.get(entry.bytes);
    if (list) list.push(entry);
    else this.#free.set(entry.bytes, [entry]);
  }

  used(buffer: Buffer, batch: number): void {
    (buffer as Entry).lastUse = batch;
  }

  lastUse(buffer: Buffer): number {
    return (buffer as Entry).lastUse;
  }

  /** Destroys buffers that nobody has asked for in a while. */
  trim(batch: number): void {
    const unused = [...this.#free.values()].reduce((n, list) => n + list.length, 0);
    if (this.freeBytes + unused * bufferOverhead <= keepBytes) return;
    for (const [size, list] of this.#free) {
      const kept = list.filter((entry) => {
        if (batch - entry.lastUse <= patience) return true;
        this.freeBytes -= entry.gpu.size;
        this.#host.destroyed(entry);
        entry.gpu.destroy();
        return false;
      });
      if (kept.length) this.#free.set(size, kept);
      else this.#free.delete(size);
    }
  }
}
