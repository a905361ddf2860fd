/** The memory of the device. Here typed arrays stand for it: where a device has memory of its own, each function becomes a call of its driver. */
import { arrayTypes, BackendError, type DType, dtypes, type Runtime, type TypedArray } from '@tenfold/tensor-core';

/** One buffer: elements of one dtype, those of int64 as bigints. Core passes buffers around and never looks inside. */
export interface Memory {
  [at: number]: number | bigint;
  readonly length: number;
  readonly byteLength: number;
  set(elements: ArrayLike<number | bigint>, at: number): void;
  slice(start: number, end: number): TypedArray;
  subarray(start: number, end: number): Memory;
}

/** The part of a {@link Runtime} that deals with buffers, with room for `capacity` bytes. */
export function bufferStore(capacity: number) {
  let held = 0;
  return {
    allocate(dtype: DType, length: number): Memory {
      const bytes = length * dtypes[dtype].itemsize;
      if (bytes > capacity - held)
        throw new BackendError(
          `__DEVICE__: out of memory: ${bytes} bytes asked, ${held} held, ${capacity - held} free; dispose of tensors, or use smaller ones`,
        );
      const buffer = new arrayTypes[dtype](length);
      held += bytes;
      return buffer;
    },
    free(buffer: Memory): void {
      held -= buffer.byteLength;
    },
    upload(buffer: Memory, data: TypedArray, offset: number): void {
      buffer.set(data, offset);
    },
    async download(buffer: Memory, offset: number, length: number): Promise<TypedArray> {
      return buffer.slice(offset, offset + length);
    },
    downloadSync(buffer: Memory, offset: number, length: number): TypedArray {
      return buffer.slice(offset, offset + length);
    },
    copy(from: Memory, fromOffset: number, to: Memory, toOffset: number, length: number): void {
      to.set(from.subarray(fromOffset, fromOffset + length), toOffset);
    },
  } satisfies Partial<Runtime<Memory>>;
}
