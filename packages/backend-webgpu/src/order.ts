/** The order of elements as unsigned integers: what is larger has the larger key, equal ones (0 and -0) have one key, and NaN has the largest. */
import type { DType } from '@tenfold/tensor-core';
import { valueType } from './render.ts';

/** Functions that {@link orderOf} calls. */
export const orderFunctions = `
fn order_of_float(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let key = select(bits | 0x80000000u, 0x80000000u - size, bits >= 0x80000000u);
  return select(key, 0xffffffffu, size > 0x7f800000u);
}
fn order_from_largest(x: f32) -> u32 {
  let key = order_of_float(x);
  return select(~key, key, key == 0xffffffffu);
}`;

/** Code of the key of value `x`. */
export function orderOf(dtype: DType, x: string): string {
  const type = valueType(dtype);
  if (type === 'f32' || type === 'f16') return `order_of_float(f32(${x}))`;
  return type === 'i32' ? `(bitcast<u32>(${x}) ^ 0x80000000u)` : `u32(${x})`;
}

/** Code of a key that is larger for what is smaller; NaN has the largest here too. */
export function reverseOrderOf(dtype: DType, x: string): string {
  const type = valueType(dtype);
  return type === 'f32' || type === 'f16' ? `order_from_largest(f32(${x}))` : `(~${orderOf(dtype, x)})`;
}

/** Bits in which keys differ. */
export const orderBits = (dtype: DType): number => (dtype === 'bool' ? 1 : dtype === 'uint8' ? 8 : 32);
