/**
 * The WebAssembly memory in which large buffers lie, so that kernels reach them without a copy. It is shared memory: growth leaves the typed arrays over it
 * valid, and worker threads see it. Buffers below {@link heapBytes} are typed arrays of JavaScript's own.
 */
import { arrayTypes, BackendError, type DType, dtypes, type TypedArray } from '@tenfold/tensor-core';
import type { MemoryType } from './assembler.ts';

/** Buffers of so many bytes and more lie in WebAssembly memory. */
export const heapBytes = 4096;

const pageBytes = 65536;
/** Bytes at the start of the memory that are never given out: arguments of kernels, and an address 0 that is nobody's. */
export const reservedBytes = pageBytes;
/** Blocks begin on cache lines. */
const alignment = 64;

/** A memory and the type under which modules import it. */
export interface OpenMemory {
  readonly memory: WebAssembly.Memory;
  readonly type: MemoryType;
}

/** The largest memory that can be reserved, up to 4 GiB; `null` where WebAssembly has no shared memory. */
export function openMemory(): OpenMemory | null {
  for (const maximum of [65536, 32768, 16384, 4096]) {
    try {
      return {
        memory: new WebAssembly.Memory({ initial: 2, maximum, shared: true }),
        type: { shared: true, maximum },
      };
    } catch {
      // less may be had
    }
  }
  return null;
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #maximum: number;
  readonly #free = new Map<number, number[]>();
  #end = reservedBytes;
  #held = 0;

  constructor({ memory, type }: OpenMemory) {
    this.memory = memory;
    this.#maximum = type.maximum * pageBytes;
  }

  /** The address of `bytes` bytes, contents undefined. @throws BackendError if there is no room. */
  allocate(bytes: number): number {
    const size = sizeClass(bytes);
    const address = this.#free.get(size)?.pop() ?? this.#fresh(size);
    this.#held += size;
    return address;
  }

  /** Takes back what {@link allocate} gave for `bytes`. */
  free(address: number, bytes: number): void {
    const size = sizeClass(bytes);
    this.#held -= size;
    const list = this.#free.get(size);
    if (list) list.push(address);
    else this.#free.set(size, [address]);
  }

  /** A typed array over a new block. */
  allocateArray(dtype: DType, length: number): TypedArray {
    const address = this.allocate(length * dtypes[dtype].itemsize);
    return new arrayTypes[dtype](this.memory.buffer as ArrayBuffer, address, length);
  }

  #fresh(size: number): number {
    const address = this.#end;
    const missing = address + size - this.memory.buffer.byteLength;
    if (address + size > this.#maximum) throw this.#outOfMemory(size);
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / pageBytes));
      } catch {
        throw this.#outOfMemory(size);
      }
    }
    this.#end += size;
    return address;
  }

  #outOfMemory(size: number): BackendError {
    return new BackendError(
      `cpu: out of memory: ${size} bytes can't be allocated; ${this.#held} bytes are held, of at most ${this.#maximum}`,
    );
  }
}

/** Sizes are rounded up to a quarter of their power of two, so that blocks can be used again. */
function sizeClass(bytes: number): number {
  const step = Math.max(alignment, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 2));
  return Math.ceil(bytes / step) * step;
}

/** Whether a buffer lies in WebAssembly memory; then its `byteOffset` is its address. */
export const isOnHeap = (buffer: TypedArray): boolean => buffer.byteLength >= heapBytes;
