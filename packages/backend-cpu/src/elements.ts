/** Elements of a buffer, whatever its dtype: how they are held, read and written one by one. */
import {
  arrayTypes,
  BackendError,
  bfloat16ToNumber,
  type DType,
  dtypes,
  halfToNumber,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  type TensorView,
  type TypedArray,
} from '@tenfold/tensor-core';
import type { Element } from '@tenfold/tensor-core/scalar';

/** A buffer is the typed array of its dtype; float16 and bfloat16 are their bits. */
export type Buffer = TypedArray;
export type View = TensorView<Buffer>;

/** V8 keeps typed arrays of so many bytes on its own heap, where they cost least. */
const ownBytes = 64;
/** Larger ones below {@link unsharedBytes} are views of a slab: an `ArrayBuffer` for each would cost several times as much. */
const unsharedBytes = 4096;
/** A slab lives as long as any view of it: this is the most that a tensor which outlives its neighbours can hold. */
const slabBytes = 16384;
let slab = new ArrayBuffer(0);
let slabUsed = 0;

/** A new buffer. @throws BackendError if there is no room. */
export function allocate(dtype: DType, length: number): Buffer {
  const Elements = arrayTypes[dtype];
  const bytes = length * dtypes[dtype].itemsize;
  try {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`invalid length: ${length}`);
    if (bytes <= ownBytes || bytes >= unsharedBytes) return new Elements(length);
    if (slabUsed + bytes > slab.byteLength) {
      slab = new ArrayBuffer(slabBytes);
      slabUsed = 0;
    }
    const buffer = new Elements(slab, slabUsed, length);
    // views begin at multiples of the largest element
    slabUsed += (bytes + 7) & -8;
    return buffer;
  } catch (cause) {
    throw new BackendError(`cpu: out of memory: a buffer of ${bytes} bytes (${length} × ${dtype}) can't be allocated`, {
      cause,
    });
  }
}

/** How elements of a dtype are read from and written to a buffer as numbers (bigints for int64). */
export interface Codec {
  read(buffer: Buffer, at: number): Element;
  write(buffer: Buffer, at: number, value: Element): void;
}

const plain: Codec = {
  read: (buffer, at) => buffer[at],
  // the buffer's own conversion wraps integers and rounds floats
  write: (buffer, at, value) => {
    buffer[at] = value;
  },
};

const packed = (decode: (bits: number) => number, encode: (x: number) => number): Codec => ({
  read: (buffer, at) => decode(buffer[at] as number),
  write: (buffer, at, value) => {
    buffer[at] = encode(value as number);
  },
});

const float16 = packed(halfToNumber, numberToHalf);
const bfloat16 = packed(bfloat16ToNumber, numberToBfloat16);

export const codecOf = (dtype: DType): Codec =>
  dtype === 'float16' ? float16 : dtype === 'bfloat16' ? bfloat16 : plain;

/** The largest or smallest possible element, with which a maximum or minimum begins. */
export function extreme(dtype: DType, sign: 1 | -1): Element {
  if (isFloat(dtype)) return sign * Number.POSITIVE_INFINITY;
  if (dtype === 'bool') return sign > 0 ? 1 : 0;
  const { itemsize, signed } = dtypes[dtype];
  if (dtype === 'int64') return sign > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
  if (!signed) return sign > 0 ? 2 ** (8 * itemsize) - 1 : 0;
  return sign > 0 ? 2 ** (8 * itemsize - 1) - 1 : -(2 ** (8 * itemsize - 1));
}
