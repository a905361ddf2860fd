/** Elements in memory and in vectors: four at a time, each dtype in its own form. */
import { type DType, dtypes } from '@tenfold/tensor-core';
import {
  type FunctionBuilder,
  f32x4,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type ModuleBuilder,
  type Statement,
  shuffle32,
  type Value,
  v128,
} from './assembler.ts';

export type V = Value<'v128'>;
type Address = Value<'i32'>;

/** Elements that vector code computes at a time. */
export const groupSize = 4;

/**
 * Four elements: one vector of 32-bit lanes, or two of 64-bit lanes. float16 and bfloat16 are held as float32, narrow integers as int32 with the value
 * they stand for, and bool as a mask of 32-bit lanes.
 */
export type Group = readonly V[];

/** How elements of a dtype are computed with. */
export type LaneClass = 'f32' | 'f64' | 'i32' | 'i64' | 'mask';

export const laneClass: { readonly [D in DType]: LaneClass } = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f32',
  bfloat16: 'f32',
  int64: 'i64',
  int32: 'i32',
  int16: 'i32',
  int8: 'i32',
  uint8: 'i32',
  bool: 'mask',
};

export const isWide = (dtype: DType): boolean => laneClass[dtype] === 'f64' || laneClass[dtype] === 'i64';

/** Lanes 2 and 3 in the place of 0 and 1. */
export const high = (x: V): V => shuffle32(x, x, [2, 3, 2, 3]);

const bits = (n: number): Value<'i32'> => i32.const(n);

/** float32 lanes as the bits of float16, rounded to nearest even: by way of integers, and for subnormals by a sum that leaves no other bits. */
const packHalf = (module: ModuleBuilder, x: V): V =>
  module.once('packHalf', () =>
    module.define({ parameters: ['v128'], result: 'v128' }, (fn) => {
      const value = fn.parameter(0, 'v128').get;
      const sign = fn.let(v128.and(value, i32x4.const(0x80000000)));
      const magnitude = fn.let(v128.xor(value, sign));
      const odd = v128.and(i32x4.shrU(magnitude, bits(13)), i32x4.const(1));
      // exponents lose 112
      const normal = i32x4.shrU(i32x4.add(i32x4.add(magnitude, odd), i32x4.const(0xc8000fff)), bits(13));
      const small = i32x4.sub(f32x4.add(magnitude, f32x4.const(0.5)), i32x4.const(0x3f000000));
      const finite = v128.select(small, normal, i32x4.ltU(magnitude, i32x4.const(0x38800000)));
      const isNaN = i32x4.gtU(magnitude, i32x4.const(0x7f800000));
      const special = v128.select(i32x4.const(0x7e00), i32x4.const(0x7c00), isNaN);
      const result = v128.select(special, finite, i32x4.geU(magnitude, i32x4.const(0x47800000)));
      return v128.or(result, i32x4.shrU(sign, bits(16)));
    }),
  )(x) as V;

const unpackHalf = (module: ModuleBuilder, x: V): V =>
  module.once('unpackHalf', () =>
    module.define({ parameters: ['v128'], result: 'v128' }, (fn) => {
      const half = fn.parameter(0, 'v128').get;
      const sign = i32x4.shl(v128.and(half, i32x4.const(0x8000)), bits(16));
      const magnitude = fn.let(i32x4.shl(v128.and(half, i32x4.const(0x7fff)), bits(13)));
      const scaled = f32x4.mul(magnitude, f32x4.const(2 ** 112));
      const special = v128.and(i32x4.geU(magnitude, i32x4.const(0x0f800000)), i32x4.const(0x7f800000));
      return v128.or(v128.or(scaled, special), sign);
    }),
  )(x) as V;

const packBfloat = (module: ModuleBuilder, x: V): V =>
  module.once('packBfloat', () =>
    module.define({ parameters: ['v128'], result: 'v128' }, (fn) => {
      const value = fn.parameter(0, 'v128').get;
      const odd = v128.and(i32x4.shrU(value, bits(16)), i32x4.const(1));
      const rounded = i32x4.shrU(i32x4.add(i32x4.add(value, odd), i32x4.const(0x7fff)), bits(16));
      return v128.select(rounded, i32x4.const(0x7fc0), f32x4.eq(value, value));
    }),
  )(x) as V;

const unpackBfloat = (x: V): V => i32x4.shl(x, bits(16));

/** float32 lanes rounded to `dtype`, if it is a 16-bit float. */
export function rounded(module: ModuleBuilder, dtype: DType, x: V): V {
  if (dtype === 'float16') return unpackHalf(module, packHalf(module, x));
  if (dtype === 'bfloat16') return unpackBfloat(packBfloat(module, x));
  return x;
}

/** int32 lanes wrapped to the integers of `dtype`. */
export function wrapped(dtype: DType, x: V): V {
  switch (dtype) {
    case 'int16':
      return i32x4.shrS(i32x4.shl(x, bits(16)), bits(16));
    case 'int8':
      return i32x4.shrS(i32x4.shl(x, bits(24)), bits(24));
    case 'uint8':
      return v128.and(x, i32x4.const(0xff));
    default:
      return x;
  }
}

/** Elements as they come from memory, in 32- or 64-bit lanes, as a group to compute with. */
function decoded(module: ModuleBuilder, dtype: DType, raw: Group): Group {
  switch (dtype) {
    case 'float16':
      return [unpackHalf(module, raw[0])];
    case 'bfloat16':
      return [unpackBfloat(raw[0])];
    case 'bool':
      return [i32x4.ne(raw[0], v128.zero)];
    default:
      return raw;
  }
}

/** What is stored for a group, in 32- or 64-bit lanes. */
export function encoded(module: ModuleBuilder, dtype: DType, group: Group): Group {
  switch (dtype) {
    case 'float16':
      return [packHalf(module, group[0])];
    case 'bfloat16':
      return [packBfloat(module, group[0])];
    case 'bool':
      return [v128.and(group[0], i32x4.const(1))];
    default:
      return group;
  }
}

/** Four consecutive elements. */
export function loadDense(module: ModuleBuilder, dtype: DType, at: Address, offset: number): Group {
  switch (dtype) {
    case 'float64':
    case 'int64':
      return [v128.load(at, offset), v128.load(at, offset + 16)];
    case 'float32':
    case 'int32':
      return [v128.load(at, offset)];
    case 'int16':
      return [v128.load16x4S(at, offset)];
    case 'float16':
    case 'bfloat16':
      return decoded(module, dtype, [v128.load16x4U(at, offset)]);
    case 'int8':
      return [i32x4.extendLow16S(i16x8.extendLow8S(v128.load32Zero(at, offset)))];
    case 'uint8':
    case 'bool':
      return decoded(module, dtype, [i32x4.extendLow16U(i16x8.extendLow8U(v128.load32Zero(at, offset)))]);
  }
}

/** Four elements from anywhere. */
export function loadGathered(module: ModuleBuilder, dtype: DType, at: readonly Address[]): Group {
  const narrow = { int16: i32.load16S, float16: i32.load16U, bfloat16: i32.load16U, int8: i32.load8S };
  const bytes = { uint8: i32.load8U, bool: i32.load8U };
  switch (dtype) {
    case 'float64':
    case 'int64':
      return [0, 2].map((k) => v128.loadLane(8, at[k + 1], v128.load64Zero(at[k]), 1));
    case 'float32':
    case 'int32':
      return [[1, 2, 3].reduce((x, k) => v128.loadLane(4, at[k], x, k), v128.load32Zero(at[0]))];
    default: {
      const load = { ...narrow, ...bytes }[dtype];
      const raw = [1, 2, 3].reduce((x, k) => i32x4.replace(x, k, load(at[k])), i32x4.splat(load(at[0])));
      return decoded(module, dtype, [raw]);
    }
  }
}

/** One element in all four places. */
export function loadSplat(module: ModuleBuilder, dtype: DType, at: Address): Group {
  if (isWide(dtype)) return [v128.load64Splat(at), v128.load64Splat(at)];
  if (dtype === 'float32' || dtype === 'int32') return [v128.load32Splat(at)];
  return loadGathered(module, dtype, [at, at, at, at]);
}

/** Stores four consecutive elements, given by {@link encoded}. */
export function storeDense(dtype: DType, at: Address, raw: Group, offset: number): Statement[] {
  const [x] = raw;
  switch (dtype) {
    case 'float64':
    case 'int64':
      return raw.map((half, k) => v128.store(at, half, offset + 16 * k));
    case 'float32':
    case 'int32':
      return [v128.store(at, x, offset)];
    case 'int16':
      return [v128.storeLane(8, at, i16x8.narrow32S(x, x), 0, offset)];
    case 'float16':
    case 'bfloat16':
      return [v128.storeLane(8, at, i16x8.narrow32U(x, x), 0, offset)];
    case 'int8': {
      const shorts = i16x8.narrow32S(x, x);
      return [v128.storeLane(4, at, i8x16.narrow16S(shorts, shorts), 0, offset)];
    }
    case 'uint8':
    case 'bool': {
      const shorts = i16x8.narrow32S(x, x);
      return [v128.storeLane(4, at, i8x16.narrow16U(shorts, shorts), 0, offset)];
    }
  }
}

/** Bytes of an element. */
export const itemBytes = (dtype: DType): 1 | 2 | 4 | 8 => dtypes[dtype].itemsize;

/** Stores element `k` of four, given by {@link encoded}. */
export function storeLane(dtype: DType, at: Address, raw: Group, k: number): Statement {
  const size = itemBytes(dtype);
  if (size === 8) return v128.storeLane(8, at, raw[k >> 1], k & 1);
  // the low bytes of a 32-bit lane come first
  return v128.storeLane(size, at, raw[0], (k * 4) / size);
}

/** `make` for each vector of some groups. */
export const each = (groups: readonly Group[], make: (...vectors: V[]) => V): Group =>
  groups[0].map((_, k) => make(...groups.map((group) => group[k])));

/** Keeps a group in variables. */
export const keepGroup = (fn: FunctionBuilder, group: Group): Group => group.map((x) => fn.let(x));
