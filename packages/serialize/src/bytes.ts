/** Bytes: where they come from, how they are checked, and how they become arrays of elements. */
import {
  ArgumentError,
  arrayTypes,
  type DType,
  describe,
  dtypes,
  SerializationError,
  type TypedArray,
} from '@tenfold/tensor-core';

/** What the functions of this package read: the bytes of a whole file. */
export type Bytes = Uint8Array | ArrayBuffer;

/** A file in memory or on a disk. Sizes and positions are numbers, exact up to 2^53. */
export interface ByteSource {
  readonly size: number;
  /** `length` bytes from `position`; the caller has checked that they lie within the file. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** The error of every file that is not as it should be. `where` names the function, and the file if it has a name. */
export const bad = (where: string, problem: string, cause?: unknown): SerializationError =>
  new SerializationError(`${where}: ${problem}`, cause === undefined ? undefined : { cause });

/** The bytes that a caller gave. @throws ArgumentError if it gave anything else. */
export function asBytes(where: string, value: unknown): Uint8Array {
  // a plain Uint8Array in any case: slice() of Node's Buffer does not copy
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new ArgumentError(
    `${where}: expected the bytes of a file (a Uint8Array or ArrayBuffer), got ${describe(value)}`,
  );
}

/** Bytes in memory as a source; what is read shares their memory. */
export const memorySource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (position, length) => bytes.subarray(position, position + length),
});

/** The pieces of a file in one array. */
export async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return concat(all);
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const out = room(
    'concat',
    pieces.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** An array of `length` bytes. @throws SerializationError if there is no room for it. */
export function room(where: string, length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw bad(where, `out of memory: ${length} bytes in one array`, cause);
  }
}

/** The text of UTF-8 bytes. @throws SerializationError if they are not UTF-8. */
export function utf8(where: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw bad(where, 'text that is not UTF-8', cause);
  }
}

/** The elements that little-endian bytes hold: a view of them where they are aligned, else a copy. */
export function elements(where: string, bytes: Uint8Array, dtype: DType): TypedArray {
  const { itemsize } = dtypes[dtype];
  if (dtype === 'bool') checkBools(where, bytes);
  const { buffer, byteOffset, length } = bytes.byteOffset % itemsize === 0 ? bytes : bytes.slice();
  return new arrayTypes[dtype](buffer as ArrayBuffer, byteOffset, length / itemsize);
}

function checkBools(where: string, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++)
    if (bytes[i] > 1) throw bad(where, `the byte ${bytes[i]} where a bool is 0 or 1`);
}

/** A copy of `bytes` with the order of the bytes of each element reversed. */
export function swapped(bytes: Uint8Array, itemsize: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += itemsize)
    for (let k = 0; k < itemsize; k++) out[i + k] = bytes[i + itemsize - 1 - k];
  return out;
}

/** The most dims that PyTorch's tensors have. */
const maxRank = 64;

/**
 * The number of elements of a shape that a file states.
 * @throws SerializationError unless its sizes are integers from 0 whose product is exact.
 */
export function countElements(where: string, shape: readonly unknown[]): number {
  if (shape.length > maxRank) throw bad(where, `a shape of ${shape.length} dims; ${maxRank} are allowed`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || (size as number) < 0) throw bad(where, `the size ${describe(size)} in a shape`);
    count *= size as number;
  }
  // a product of sizes may be beyond 2^53 before a 0 comes
  if (!Number.isSafeInteger(count)) throw bad(where, `a shape of too many elements: [${shape.join(', ')}]`);
  return count;
}

/** Four tables of the CRC-32 of zip files: the remainder of a byte, and of that byte with one, two and three more behind it. */
let crcTables: readonly Int32Array[] | undefined;

function makeCrcTables(): readonly Int32Array[] {
  const tables = Array.from({ length: 4 }, () => new Int32Array(256));
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[0][i] = crc;
  }
  for (let t = 1; t < 4; t++)
    for (let i = 0; i < 256; i++) tables[t][i] = (tables[t - 1][i] >>> 8) ^ tables[0][tables[t - 1][i] & 0xff];
  return tables;
}

/** The CRC-32 of zip files (ISO 3309), four bytes at a time; `crc` is that of what came before. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  crcTables ??= makeCrcTables();
  const [t0, t1, t2, t3] = crcTables;
  let c = ~crc;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c = t3[c & 0xff] ^ t2[(c >>> 8) & 0xff] ^ t1[(c >>> 16) & 0xff] ^ t0[c >>> 24];
  }
  for (; i < bytes.length; i++) c = t0[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return ~c >>> 0;
}
