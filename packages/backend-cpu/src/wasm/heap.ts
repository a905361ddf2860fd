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

// Memory is counted in lines: blocks begin on cache lines, and line numbers are small integers where addresses are not.
const lineBytes = 64;
const lineWords = lineBytes / 4;
const pageLines = pageBytes / lineBytes;

// A block is a line of header and the lines given out. The header's words:
/** Lines of the block, the header among them; negative if it is free; 0 for the end of the memory. */
const SIZE = 0;
/** Lines of the block before it in memory; 0 for the first one. */
const BEFORE = 1;
/** The blocks after and before it in its bin, if it is free; 0 for none. */
const NEXT = 2;
const PREVIOUS = 3;

/** What is cut off a block must be one itself: a header and a line. */
const smallestBlock = 2;
/** How many blocks of its own bin, some of which are too small, a request looks at before it takes a larger one. */
const tries = 16;
/** The memory grows by an eighth, within these bounds: growth costs microseconds, pages that nobody touches cost nothing. */
const growth = { least: 16, most: 1024 };

/**
 * An allocator with boundary tags (Knuth, The Art of Computer Programming, vol. 1, section 2.5) and two-level bins of free blocks (Masmano et al., TLSF,
 * ECRTS 2004): neighbours that are free are always joined, every step takes constant time, and nothing becomes garbage of JavaScript's.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #maximumPages: number;
  /** The memory as headers; a new array after growth. */
  #words: Int32Array;
  /** The line after the last block. */
  #end: number;
  /** The first free block of each bin, and which bins have one. */
  readonly #heads = new Int32Array(224);
  readonly #filled = new Int32Array(7);
  #heldLines = 0;

  constructor({ memory, type }: OpenMemory) {
    this.memory = memory;
    this.#maximumPages = type.maximum;
    this.#words = new Int32Array(memory.buffer);
    const first = reservedBytes / lineBytes;
    this.#end = first;
    this.#extend(memory.buffer.byteLength / lineBytes - 1 - first);
  }

  /** The address of `bytes` bytes on a cache line, contents undefined. @throws BackendError if there is no room. */
  allocate(bytes: number): number {
    const lines = linesFor(bytes);
    const block = this.#find(lines) || this.#grow(lines, bytes);
    const words = this.#words;
    const header = block * lineWords;
    const size = -words[header + SIZE];
    this.#unlink(block, size);
    const rest = size - lines;
    if (rest < smallestBlock) {
      words[header + SIZE] = size;
      this.#heldLines += size;
    } else {
      words[header + SIZE] = lines;
      this.#heldLines += lines;
      words[(block + lines) * lineWords + BEFORE] = lines;
      this.#link(block + lines, rest);
    }
    return (block + 1) * lineBytes;
  }

  /** Takes back what {@link allocate} gave for `bytes`. */
  free(address: number, bytes: number): void {
    const words = this.#words;
    const lines = linesFor(bytes);
    let block = address / lineBytes - 1;
    let size = words[block * lineWords + SIZE];
    if (!(size >= lines && size < lines + smallestBlock)) {
      throw new BackendError(`cpu: ${bytes} bytes at ${address} are given back, but no such block is held`);
    }
    this.#heldLines -= size;
    const next = words[(block + size) * lineWords + SIZE];
    if (next < 0) {
      this.#unlink(block + size, -next);
      size -= next;
    }
    const before = words[block * lineWords + BEFORE];
    if (before > 0 && words[(block - before) * lineWords + SIZE] < 0) {
      block -= before;
      this.#unlink(block, before);
      size += before;
    }
    this.#link(block, size);
  }

  /** A typed array over a new block. */
  allocateArray(dtype: DType, length: number): TypedArray {
    const address = this.allocate(length * dtypes[dtype].itemsize);
    return new arrayTypes[dtype](this.#words.buffer as ArrayBuffer, address, length);
  }

  /** A free block of so many lines; 0 if there is none. */
  #find(lines: number): number {
    const bin = binOf(lines);
    return this.#fitting(bin, lines, tries) || this.#larger(bin) || this.#fitting(bin, lines, Number.POSITIVE_INFINITY);
  }

  /** The smallest of the first `count` blocks of a bin that is large enough; 0 if none is. */
  #fitting(bin: number, lines: number, count: number): number {
    const words = this.#words;
    let best = 0;
    let bestSize = Number.POSITIVE_INFINITY;
    let block = this.#heads[bin];
    for (let i = 0; i < count && block !== 0 && bestSize > lines; i++) {
      const size = -words[block * lineWords + SIZE];
      if (size >= lines && size < bestSize) {
        best = block;
        bestSize = size;
      }
      block = words[block * lineWords + NEXT];
    }
    return best;
  }

  /** A block of the first bin above `bin` that has one; 0 if none has. */
  #larger(bin: number): number {
    let word = (bin + 1) >> 5;
    let bits = this.#filled[word] & (-1 << ((bin + 1) & 31));
    while (bits === 0 && ++word < this.#filled.length) bits = this.#filled[word];
    return bits === 0 ? 0 : this.#heads[word * 32 + 31 - Math.clz32(bits & -bits)];
  }

  /** Makes a block free: writes its header, tells the block behind it, and puts it first into its bin. */
  #link(block: number, size: number): void {
    const words = this.#words;
    const bin = binOf(size);
    const header = block * lineWords;
    const head = this.#heads[bin];
    words[header + SIZE] = -size;
    words[header + NEXT] = head;
    words[header + PREVIOUS] = 0;
    words[(block + size) * lineWords + BEFORE] = size;
    if (head !== 0) words[head * lineWords + PREVIOUS] = block;
    this.#heads[bin] = block;
    this.#filled[bin >> 5] |= 1 << (bin & 31);
  }

  /** Takes a free block out of its bin. */
  #unlink(block: number, size: number): void {
    const words = this.#words;
    const next = words[block * lineWords + NEXT];
    const previous = words[block * lineWords + PREVIOUS];
    if (next !== 0) words[next * lineWords + PREVIOUS] = previous;
    if (previous !== 0) {
      words[previous * lineWords + NEXT] = next;
      return;
    }
    const bin = binOf(size);
    this.#heads[bin] = next;
    if (next === 0) this.#filled[bin >> 5] &= ~(1 << (bin & 31));
  }

  /** Grows the memory until its last block is free and has so many lines; that block. */
  #grow(lines: number, bytes: number): number {
    const pages = this.memory.buffer.byteLength / pageBytes;
    const room = this.#maximumPages - pages;
    const needed = Math.ceil((lines - this.#lastFree()) / pageLines);
    if (!(needed <= room)) throw this.#outOfMemory(bytes, this.#maximumPages);
    const step = Math.min(Math.max(pages >> 3, growth.least), growth.most);
    const added = [Math.min(Math.max(needed, step), room), needed].find((count) => grows(this.memory, count));
    if (added === undefined) throw this.#outOfMemory(bytes, pages);
    this.#words = new Int32Array(this.memory.buffer);
    this.#extend(added * pageLines);
    return this.#end - this.#lastFree();
  }

  /** Lines of the last block, if it is free. */
  #lastFree(): number {
    const before = this.#words[this.#end * lineWords + BEFORE];
    return this.#words[(this.#end - before) * lineWords + SIZE] < 0 ? before : 0;
  }

  /** Makes so many more lines a free block, joined with the last one if that is free. */
  #extend(lines: number): void {
    const last = this.#lastFree();
    const block = this.#end - last;
    if (last > 0) this.#unlink(block, last);
    this.#end += lines;
    this.#words[this.#end * lineWords + SIZE] = 0;
    this.#link(block, last + lines);
  }

  #outOfMemory(bytes: number, pages: number): BackendError {
    const grown = this.memory.buffer.byteLength / pageBytes;
    const held = this.#heldLines * lineBytes;
    const piece = Math.max(this.#largestFree(), this.#lastFree() + (pages - grown) * pageLines);
    return new BackendError(
      `cpu: out of memory: ${bytes} bytes can't be allocated; of ${pages * pageBytes} bytes ${held} are held and ` +
        `${pages * pageBytes - reservedBytes - lineBytes - held} are free, at most ${Math.max(piece - 1, 0) * lineBytes} of them in one piece. ` +
        'What was dropped comes back while the program awaits; tidy() and dispose() free memory at once',
    );
  }

  #largestFree(): number {
    let largest = 0;
    for (let block = this.#heads[this.#heads.findLastIndex((head) => head !== 0)] ?? 0; block !== 0; ) {
      largest = Math.max(largest, -this.#words[block * lineWords + SIZE]);
      block = this.#words[block * lineWords + NEXT];
    }
    return largest;
  }
}

/** Lines of a block for so many bytes, with its header; for what no memory holds, more lines than any has. */
const linesFor = (bytes: number): number =>
  bytes < 2 ** 32 ? Math.max(Math.ceil(bytes / lineBytes), 1) + 1 : 2 ** 32 / lineBytes;

/** The bin of a size: eight for each power of two, so that blocks of one bin differ by an eighth at most. */
function binOf(lines: number): number {
  if (lines < 8) return lines;
  const power = 31 - Math.clz32(lines);
  return (power - 2) * 8 + ((lines >> (power - 3)) & 7);
}

function grows(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false;
  }
}

/** Whether a buffer lies in WebAssembly memory; then its `byteOffset` is its address. */
export const isOnHeap = (buffer: TypedArray): boolean => buffer.byteLength >= heapBytes;
