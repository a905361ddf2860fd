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
import { codecOf, type Element, type View } from '../elements.ts';
import { count, forEachPosition } from '../iterate.ts';

/** Bits of the fraction of a uniform number: as many as the dtype holds, so that none rounds up to 1. */
const uniformBits: { readonly [D in DType]?: number } = { float16: 11, bfloat16: 8 };

export function random(kind: RandomKind, out: View, key: RandomKey, offset: number): void {
  const seed = (BigInt(key.hi) << 32n) | BigInt(key.lo);
  const values = draw(kind, out.dtype, count(out.shape), seed, offset);
  const { write } = codecOf(out.dtype);
  let next = 0;
  forEachPosition(out.shape, [out], ([at]) => write(out.storage.buffer, at, values[next++]));
}

function draw(kind: RandomKind, dtype: DType, n: number, seed: bigint, offset: number): ArrayLike<Element> {
  const wide = dtype === 'float64';
  switch (kind) {
    case 'bits': {
      const bits = new Uint32Array(n);
      fillBits(bits, seed, offset);
      return dtype === 'int64' ? BigInt64Array.from(bits, BigInt) : bits;
    }
    case 'uniform': {
      const values = wide ? new Float64Array(n) : new Float32Array(n);
      if (values instanceof Float64Array) fillUniform64(values, seed, offset);
      else fillUniform32(values, seed, offset);
      const bits = uniformBits[dtype];
      return bits === undefined ? values : values.map((u) => Math.floor(u * 2 ** bits) / 2 ** bits);
    }
    case 'normal': {
      const values = wide ? new Float64Array(n) : new Float32Array(n);
      if (values instanceof Float64Array) fillNormal64(values, seed, offset);
      else fillNormal32(values, seed, offset);
      return values;
    }
  }
}
