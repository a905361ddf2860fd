/** The first page of the memory: arguments of kernels, and copies of small buffers while a kernel works on them. */
import { arrayTypes, type DType, dtypeNames, type TypedArray } from '@tenfold/tensor-core';
import { type Buffer, codecOf, type View } from '../elements.ts';
import { itemBytes } from './elements.ts';
import { isOnHeap, reservedBytes } from './heap.ts';

/** Where descriptors begin and end. */
export const descriptorStart = 64;
export const descriptorEnd = 16384;
/** The call that the descriptor at the start describes, as one job. */
export const whole: readonly number[] = [descriptorStart];

/** A typed array of each dtype over the first page. */
type Page = { readonly [D in DType]: TypedArray };

/** Gives operands of a call addresses: large buffers have one, small ones are copied to the first page and back. */
export class Staging {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly longs: BigInt64Array;
  readonly #page: Page;
  readonly #buffers: Buffer[] = [];
  readonly #dtypes: DType[] = [];
  readonly #addresses: number[] = [];
  readonly #written: boolean[] = [];
  #end = descriptorEnd;

  constructor(memory: WebAssembly.Memory) {
    const page = (dtype: DType): TypedArray =>
      new arrayTypes[dtype](memory.buffer as ArrayBuffer, 0, reservedBytes / itemBytes(dtype));
    this.#page = Object.fromEntries(dtypeNames.map((dtype) => [dtype, page(dtype)])) as { [D in DType]: TypedArray };
    this.words = this.#page.int32 as Int32Array;
    this.doubles = this.#page.float64 as Float64Array;
    this.longs = this.#page.int64 as BigInt64Array;
  }

  /** The address of a view's first element until {@link finish}; `null` if there is no more room for small buffers. */
  address(view: View, written: boolean): number | null {
    const { buffer } = view.storage;
    const size = itemBytes(view.dtype);
    if (isOnHeap(buffer)) return buffer.byteOffset + view.offset * size;
    const known = this.#buffers.indexOf(buffer);
    if (known >= 0) {
      this.#written[known] ||= written;
      return this.#addresses[known] + view.offset * size;
    }
    const address = this.#end;
    const end = address + ((buffer.byteLength + 15) & ~15);
    if (end > reservedBytes) return null;
    this.#end = end;
    this.#buffers.push(buffer);
    this.#dtypes.push(view.dtype);
    this.#addresses.push(address);
    this.#written.push(written);
    copy(this.#page[view.dtype], address / size, buffer, 0, buffer.length);
    return address + view.offset * size;
  }

  /** Writes one element, as its dtype is held in memory. */
  write(dtype: DType, address: number, value: number): void {
    codecOf(dtype).write(this.#page[dtype], address / itemBytes(dtype), value);
  }

  /** Copies back what was written, or forgets it. */
  finish(done: boolean): void {
    for (let i = 0; i < this.#buffers.length; i++) {
      if (!done || !this.#written[i]) continue;
      const buffer = this.#buffers[i];
      const dtype = this.#dtypes[i];
      copy(buffer, 0, this.#page[dtype], this.#addresses[i] / itemBytes(dtype), buffer.length);
    }
    this.#buffers.length = 0;
    this.#dtypes.length = 0;
    this.#addresses.length = 0;
    this.#written.length = 0;
    this.#end = descriptorEnd;
  }
}

/** A few elements are copied faster one by one than by a call. */
function copy(to: TypedArray, at: number, from: TypedArray, start: number, length: number): void {
  if (length <= 32) for (let i = 0; i < length; i++) to[at + i] = from[start + i];
  else (to as Float64Array).set(from.subarray(start, start + length) as Float64Array, at);
}
