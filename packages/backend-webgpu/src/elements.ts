/** How the elements of each dtype lie in a GPU buffer, and what they are in a shader. */
import { type DType, DTypeError, type TypedArray } from '@tenfold/tensor-core';

/** WGSL has no 64-bit types: int64 is kept in 32 bits, and what doesn't fit is refused on the way in. A bool or uint8 takes a whole word, so that no two invocations write one word. */
export interface ElementType {
  /** The type of an element in a storage buffer. */
  readonly stored: 'f32' | 'f16' | 'i32' | 'u32';
  /** The type of its value in an expression. */
  readonly value: 'f32' | 'f16' | 'i32' | 'u32' | 'bool';
  /** Bytes in the buffer. */
  readonly bytes: 2 | 4;
  /** Elements as the device keeps them; `data` is core's array of that dtype. */
  encode(data: TypedArray): Uint32Array | Int32Array | Float32Array | Uint16Array;
  /** Core's array of that dtype from bytes of the buffer, which are the caller's to keep. */
  decode(bytes: ArrayBuffer): TypedArray;
}

const word = (value: 'u32' | 'bool'): ElementType => ({
  stored: 'u32',
  value,
  bytes: 4,
  encode: (data) => Uint32Array.from(data as Uint8Array),
  decode: (bytes) => Uint8Array.from(new Uint32Array(bytes)),
});

/** Element types by the dtypes that devices have; float16 only with `shader-f16`. */
export const elementTypes: { readonly [D in DType]?: ElementType } = {
  float32: {
    stored: 'f32',
    value: 'f32',
    bytes: 4,
    encode: (data) => data as Float32Array,
    decode: (bytes) => new Float32Array(bytes),
  },
  float16: {
    stored: 'f16',
    value: 'f16',
    bytes: 2,
    encode: (data) => data as Uint16Array,
    decode: (bytes) => new Uint16Array(bytes),
  },
  int64: {
    stored: 'i32',
    value: 'i32',
    bytes: 4,
    encode: (data) => narrowed(data as BigInt64Array),
    decode: (bytes) => BigInt64Array.from(new Int32Array(bytes), BigInt),
  },
  int32: {
    stored: 'i32',
    value: 'i32',
    bytes: 4,
    encode: (data) => data as Int32Array,
    decode: (bytes) => new Int32Array(bytes),
  },
  uint8: word('u32'),
  bool: word('bool'),
};

/** The element type of a dtype that core has checked the device to have. */
export function elementType(dtype: DType): ElementType {
  const type = elementTypes[dtype];
  if (!type) throw new DTypeError(`webgpu: no ${dtype}`);
  return type;
}

function narrowed(data: BigInt64Array): Int32Array {
  const narrow = new Int32Array(data.length);
  // the low words, where a little-endian machine has them
  const words = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  for (let i = 0; i < narrow.length; i++) {
    const low = words[2 * i];
    if (words[2 * i + 1] !== low >> 31) {
      throw new DTypeError(
        `webgpu keeps int64 in 32 bits: ${data[i]} (at ${i}) doesn't fit into -2147483648 … 2147483647; compute with it on cpu`,
      );
    }
    narrow[i] = low;
  }
  return narrow;
}
