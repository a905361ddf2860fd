/** The `random` family: Philox streams, written through any view. */
import {
  type DType,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  type RandomKey,
  type RandomKind,
} from '@tenfold/tensor-core';
import { toElement } from '@tenfold/tensor-core/scalar';
import { type Buffer, codecOf, type View } from '../elements.ts';
import { count, forEachPosition, isDense } from '../iterate.ts';

/** Bits of the fraction of a uniform number: as many as the dtype holds, so that none rounds up to 1. */
const uniformBits: { readonly [D in DType]?: number } = { float16: 11, bfloat16: 8 };

export function random(kind: RandomKind, out: View, key: RandomKey, offset: number): void {
  const seed = seedOf(key);
  const n = count(out.shape);
  const { buffer } = out.storage;
  if (isFloats(buffer) && isDense(out.shape, out.strides)) {
    fill(kind, buffer.subarray(out.offset, out.offset + n), seed, offset);
    return;
  }
  const values = draw(kind, out.dtype, n, seed, offset);
  const { write } = codecOf(out.dtype);
  let next = 0;
  forEachPosition(out.shape, [out], ([at]) => write(out.storage.buffer, at, values[next++]));
}

export function randomIntegers(out: View, key: RandomKey, offset: number, low: number, range: number): void {
  const words = new Uint32Array(count(out.shape));
  fillBits(words, seedOf(key), offset);
  const { write } = codecOf(out.dtype);
  let next = 0;
  forEachPosition(out.shape, [out], ([at]) =>
    write(out.storage.buffer, at, toElement(low + (words[next++] % range), out.dtype)),
  );
}

const seedOf = ({ lo, hi }: RandomKey): bigint => (BigInt(hi) << 32n) | BigInt(lo);

type Floats = Float32Array | Float64Array;

const isFloats = (buffer: Buffer): buffer is Floats => buffer instanceof Float32Array || buffer instanceof Float64Array;

function fill(kind: 'uniform' | 'normal', to: Floats, seed: bigint, offset: number): void {
  if (to instanceof Float64Array) (kind === 'uniform' ? fillUniform64 : fillNormal64)(to, seed, offset);
  else (kind === 'uniform' ? fillUniform32 : fillNormal32)(to, seed, offset);
}

function draw(kind: RandomKind, dtype: DType, n: number, seed: bigint, offset: number): ArrayLike<number> {
  const values = dtype === 'float64' ? new Float64Array(n) : new Float32Array(n);
  fill(kind, values, seed, offset);
  const bits = kind === 'uniform' ? uniformBits[dtype] : undefined;
  return bits === undefined ? values : values.map((u) => Math.floor(u * 2 ** bits) / 2 ** bits);
}
