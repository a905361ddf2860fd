/** What all functions build on: NaN and infinity, and operations whose result is exact. */
import type { Prelude } from './code.ts';

export const basic: Prelude = {
  is_nan: { code: 'fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }' },
  is_infinite: { code: 'fn is_infinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }' },
  // values that are not finite must not be constant expressions
  nan_of: { code: 'var<private> nan_bits: u32 = 0x7fc00000u;\nfn nan_of() -> f32 { return bitcast<f32>(nan_bits); }' },
  inf_of: { code: 'var<private> inf_bits: u32 = 0x7f800000u;\nfn inf_of() -> f32 { return bitcast<f32>(inf_bits); }' },
  sign_of: { code: 'fn sign_of(x: f32) -> f32 { return select(select(0.0, 1.0, x > 0.0), -1.0, x < 0.0); }' },
  min_of: {
    uses: ['is_nan'],
    code: 'fn min_of(a: f32, b: f32) -> f32 { return select(select(b, a, (a < b) | is_nan(a)), b, is_nan(b)); }',
  },
  max_of: {
    uses: ['is_nan'],
    code: 'fn max_of(a: f32, b: f32) -> f32 { return select(select(b, a, (a > b) | is_nan(a)), b, is_nan(b)); }',
  },
  copysign_of: {
    code: `fn copysign_of(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}`,
  },
  // the remainder of the whole mantissas, eight bits of the quotient at a time: exact for any quotient, and subnormal numbers are right too
  rem_of: {
    uses: ['nan_of'],
    code: `fn rem_of(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return nan_of(); }
  if (a < b) { return x; }
  let top = max(b >> 23u, 1u);
  let divisor = (b & 0x7fffffu) | select(0x800000u, 0u, b < 0x800000u);
  var rest = (a & 0x7fffffu) | select(0x800000u, 0u, a < 0x800000u);
  rest %= divisor;
  var left = max(a >> 23u, 1u) - top;
  while (left > 0u && rest != 0u) {
    let step = min(left, 8u);
    rest = (rest << step) % divisor;
    left -= step;
  }
  // the leading one comes to bit 23, unless the exponent ends before
  let shift = min(countLeadingZeros(rest) - 8u, top - 1u);
  let fraction = rest << shift;
  let exponent = select(top - shift, 0u, (fraction & 0x800000u) == 0u);
  return bitcast<f32>(sign | (exponent << 23u) | (fraction & 0x7fffffu));
}`,
  },
  powi_of: {
    code: `fn powi_of(x: i32, y: i32) -> i32 {
  if (y < 0) { return select(select(0, 1 - 2 * (y & 1), x == -1), 1, x == 1); }
  return bitcast<i32>(powu_of(bitcast<u32>(x), u32(y)));
}`,
    uses: ['powu_of'],
  },
  powu_of: {
    code: `fn powu_of(x: u32, y: u32) -> u32 {
  var result = 1u;
  var square = x;
  for (var rest = y; rest > 0u; rest >>= 1u) {
    if ((rest & 1u) == 1u) { result *= square; }
    square *= square;
  }
  return result;
}`,
  },
};
