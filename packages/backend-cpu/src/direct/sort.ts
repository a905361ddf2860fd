/**
 * Sorting of elements of up to 32 bits: each is packed with its position into 64 bits that order as the elements do, and these are sorted by the engine's own
 * sort of 64-bit integers. Positions differ, so the order is stable.
 */
import type { DType, TypedArray } from '@tenfold/tensor-core';
import type { View } from '../elements.ts';
import { forEachPosition, without } from '../iterate.ts';
import { sort as plainSort } from '../kernels/lines.ts';

/** How the bits of a dtype are ordered: as they are, as a signed number, or as a sign and a magnitude, with NaN above `infinity`. */
interface Order {
  readonly kind: 'unsigned' | 'signed' | 'float';
  readonly bits: 8 | 16 | 32;
  /** The bits of +Infinity. */
  readonly infinity: number;
}

const orders: { readonly [D in DType]?: Order } = {
  bool: { kind: 'unsigned', bits: 8, infinity: 0 },
  uint8: { kind: 'unsigned', bits: 8, infinity: 0 },
  int8: { kind: 'signed', bits: 8, infinity: 0 },
  int16: { kind: 'signed', bits: 16, infinity: 0 },
  int32: { kind: 'signed', bits: 32, infinity: 0 },
  float16: { kind: 'float', bits: 16, infinity: 0x7c00 },
  bfloat16: { kind: 'float', bits: 16, infinity: 0x7f80 },
  float32: { kind: 'float', bits: 32, infinity: 0x7f80_0000 },
};

type Words = Uint32Array | Uint16Array | Uint8Array;

const unsignedArrays = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array } as const;

const bitsOf = ({ buffer, byteOffset, length }: TypedArray, bits: Order['bits']): Words =>
  new unsignedArrays[bits](buffer as ArrayBuffer, byteOffset, length);

/** Unsigned 32-bit words in the order of the elements. All NaN are one, above everything; so are both zeros. */
function writeKeys(keys: Uint32Array, from: Words, at: number, step: number, { kind, bits, infinity }: Order): void {
  const length = keys.length / 2;
  const signBit = 2 ** (bits - 1);
  const magnitude = signBit - 1;
  for (let i = 0, place = at; i < length; i++, place += step) {
    const x = from[place];
    let key = x;
    if (kind === 'signed') key = x < signBit ? x + signBit : x - signBit;
    else if (kind === 'float') {
      const size = x & magnitude;
      if (size > infinity) key = 0xffff_ffff;
      else key = x < signBit ? signBit + size : signBit - size;
    }
    keys[2 * i] = i;
    keys[2 * i + 1] = key;
  }
}

/** Turns the order of keys around. */
function invert(keys: Uint32Array): void {
  for (let i = 1; i < keys.length; i += 2) keys[i] = ~keys[i];
}

/** Whether the second of two words is the upper one. */
const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

export function sort(values: View, indices: View, input: View, axis: number, descending: boolean): void {
  const order = orders[input.dtype];
  const length = input.shape[axis];
  if (!order || !isLittleEndian || length === 0) {
    plainSort(values, indices, input, axis, descending);
    return;
  }
  const from = bitsOf(input.storage.buffer, order.bits);
  const to = bitsOf(values.storage.buffer, order.bits);
  const positions = new Int32Array(
    indices.storage.buffer.buffer as ArrayBuffer,
    indices.storage.buffer.byteOffset,
    2 * indices.storage.buffer.length,
  );
  const packed = new BigUint64Array(length);
  const keys = new Uint32Array(packed.buffer);
  const [step, toStep, indexStep] = [input, values, indices].map(({ strides }) => strides[axis]);
  const windows = [input, values, indices].map(({ strides, offset }) => ({ strides: without(strides, axis), offset }));
  forEachPosition(without(input.shape, axis), windows, ([start, toStart, indexStart]) => {
    writeKeys(keys, from, start, step, order);
    if (descending) invert(keys);
    packed.sort();
    for (let i = 0; i < length; i++) {
      const position = keys[2 * i];
      to[toStart + i * toStep] = from[start + position * step];
      const word = 2 * (indexStart + i * indexStep);
      positions[word] = position;
      positions[word + 1] = 0;
    }
  });
}
