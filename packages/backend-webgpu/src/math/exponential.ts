/**
 * exp, and what is made of it: x = n ln 2 + r with |r| <= ln 2 / 2, so that exp(x) = 2^n exp(r), where ln 2 is a sum of two floats (Cody and Waite, 1980)
 * and exp(r) a polynomial. No branches: an infinity or zero comes out of the last product.
 */
import { orNaN, type Prelude, polynomial, signed } from './code.ts';

const log2e = '1.442695';
/** ln 2, the first part with so few bits that n times it is exact. */
const ln2 = ['0.693359375', '2.1219444e-4'] as const;

/** r of x and n. */
export const fraction = `(x - n * ${ln2[0]}) + n * ${ln2[1]}`;

export const exponential: Prelude = {
  // (exp(r) - 1 - r) / r², minimax for the error of exp(r) - 1 relative to r: 2^-26.2
  exp_small: {
    code: `fn exp_small(r: f32) -> f32 {
  let s = r * r;
  return r + s * ((0.5 + r * 0.16666543) + s * ((0.04166628 + r * 0.008366584) + s * 0.001394645));
}`,
  },
  // 2^n exp(r), with 2^n in two factors so that the product may overflow and underflow; the bias is 254, or less for a part of the result
  exp_parts: {
    uses: ['exp_small'],
    code: `fn exp_parts(n: i32, r: f32, bias: i32) -> f32 {
  let m = n + bias;
  let half = m >> 1u;
  return (1.0 + exp_small(r)) * bitcast<f32>(half << 23u) * bitcast<f32>((m - half) << 23u);
}`,
  },
  // the nearest whole number, as what it leaves in the low bits of a sum: half the price of round()
  nearest: { code: 'fn nearest(x: f32) -> i32 { return bitcast<i32>(x + 12582912.0) - 0x4b400000; }' },
  exp_by: {
    uses: ['exp_parts', 'nearest'],
    code: `fn exp_by(x: f32, bias: i32) -> f32 {
  let k = nearest(x * ${log2e});
  let n = f32(k);
  return exp_parts(k, ${fraction}, bias);
}`,
  },
  // y, a power with exponent x; 0 if the bits of x are between those of a negative bound and -infinity, infinite beyond those of a positive one, NaN for NaN
  exp_ends: {
    code: `fn exp_ends(y: f32, x: f32, low: u32, high: i32) -> f32 {
  let b = bitcast<i32>(x);
  let positive = bitcast<f32>(max(b, 0x7f800000));
  return select(select(y, 0.0, bitcast<u32>(x) - low <= 0xff800000u - low), positive, b > high);
}`,
  },
  exp_of: {
    uses: ['exp_by', 'exp_ends'],
    // beyond -105 and 89
    code: 'fn exp_of(x: f32) -> f32 { return exp_ends(exp_by(x, 254), x, 0xc2d20000u, 0x42b20000); }',
  },
  exp2_of: {
    uses: ['exp_parts', 'exp_ends', 'nearest'],
    // beyond -151 and 129
    code: `fn exp2_of(x: f32) -> f32 {
  let n = nearest(x);
  return exp_ends(exp_parts(n, (x - f32(n)) * 0.6931472, 254), x, 0xc3170000u, 0x43010000);
}`,
  },
  // 2^n (exp(r) - 1) + (2^n - 1)
  expm1_of: {
    uses: ['exp_small', 'nearest', 'is_nan'],
    code: `fn expm1_of(v: f32) -> f32 {
  let x = select(select(v, -25.0, v < -25.0), 89.0, v > 89.0);
  let k = nearest(x * ${log2e});
  let n = f32(k);
  // 2^128 is twice 2^127
  let s = bitcast<f32>((min(k, 127) + 127) << 23u);
  let y = (s * exp_small(${fraction}) + (s - 1.0)) * select(1.0, 2.0, k > 127);
  return ${orNaN(signed('y', 'v'), 'v')};
}`,
  },
  // e = exp(-|x|) never overflows
  sigmoid_of: {
    uses: ['exp_by', 'is_nan'],
    code: `fn sigmoid_of(x: f32) -> f32 {
  let a = abs(x);
  let e = exp_by(-select(a, 105.0, a > 105.0), 254);
  let y = select(1.0, e, x < 0.0) / (1.0 + e);
  return ${orNaN('y', 'x')};
}`,
  },
  // (1 - e) / (1 + e) with e = exp(-2|x|) for small x, else 1 - 2e / (1 + e); with 2^n and exp(r) - 1 apart, 1 - e loses little
  tanh_of: {
    uses: ['exp_small', 'nearest', 'is_nan'],
    code: `fn tanh_of(v: f32) -> f32 {
  let a = abs(v);
  let x = -2.0 * select(a, 10.0, a > 10.0);
  let k = nearest(x * ${log2e});
  let n = f32(k);
  let s = bitcast<f32>((k + 127) << 23u);
  let p = s * exp_small(${fraction});
  let small = x > -1.2;
  let top = p + (s - select(0.0, 1.0, small));
  let y = select(1.0, 0.0, small) - select(2.0, 1.0, small) * top / (p + (s + 1.0));
  return ${orNaN(signed('y', 'v'), 'v')};
}`,
  },
  // h is half of exp(|x|)
  sinh_of: {
    uses: ['exp_by', 'is_nan'],
    code: `fn sinh_of(x: f32) -> f32 {
  let a = abs(x);
  let z = a * a;
  let h = exp_by(min(a, 90.0), 253);
  let y = select(h - 0.25 / h, a + a * (z * ${polynomial('z', [0.16666667, 0.0083333105, 0.00019842896, 2.7822132e-6])}), a < 1.0);
  return ${orNaN(signed('y', 'x'), 'x')};
}`,
  },
  cosh_of: {
    uses: ['exp_by', 'is_nan'],
    code: `fn cosh_of(x: f32) -> f32 {
  let h = exp_by(min(abs(x), 90.0), 253);
  let y = h + 0.25 / h;
  return ${orNaN('y', 'x')};
}`,
  },
};
