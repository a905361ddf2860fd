/** Powers and roots: pow as 2^(y log2 |x|), with the logarithm and its product with y as sums of two floats. */
import { high, type Prelude, polynomial } from './code.ts';

export const power: Prelude = {
  rsqrt_of: { code: 'fn rsqrt_of(x: f32) -> f32 { return 1.0 / sqrt(x); }' },
  // scaled so that no square overflows or is lost
  hypot_of: {
    uses: ['is_nan', 'is_infinite', 'nan_of', 'inf_of'],
    code: `fn hypot_of(x: f32, y: f32) -> f32 {
  let most = max(abs(x), abs(y));
  let down = most > 1e18;
  let up = most < 1e-15;
  let scale = select(select(1.0, 1.2089258e24, up), 8.271806e-25, down);
  let back = select(select(1.0, 8.271806e-25, up), 1.2089258e24, down);
  let a = x * scale;
  let b = y * scale;
  let size = sqrt(a * a + b * b) * back;
  return select(select(size, nan_of(), is_nan(x) || is_nan(y)), inf_of(), is_infinite(x) || is_infinite(y));
}`,
  },
  // log2 of a positive number, the first part of 12 bits: x = 2^n m, and log(m / c) = 2 (s + s w) with s = (m - c) / (m + c), where c of three is near m
  log2_parts: {
    uses: ['log_parts'],
    code: `struct Two { high: f32, low: f32 }
fn log2_parts(x: f32) -> Two {
  let p = log_parts(x, 0);
  let m = 1.0 + p.f;
  let less = p.f < -0.134;
  let more = p.f > 0.118;
  let c = select(select(1.0, 0.75, less), 1.25, more);
  let c_high = select(select(0.0, -0.4149169921875, less), 0.3218994140625, more);
  let c_low = select(select(0.0, -1.20507095e-4, less), 2.8680824e-5, more);
  let sum = m + c;
  let d = ${high('sum')};
  let top = m - c;
  let s = top / sum;
  let s_high = ${high('s')};
  // what s_high leaves of the quotient: these differences are exact
  let s_low = ((top - s_high * d) - s_high * (m - (d - c))) / sum;
  let z = s * s;
  let w = z * ${polynomial('z', [0.33333334, 0.2, 0.14285715])};
  let t = s_high * 2.8847656;
  let rest = (s_low * 2.88539 + s * w * 2.88539) + (s_high * 6.244568e-4 + c_low);
  let whole = (p.n + c_high) + (t + rest);
  let first = ${high('whole')};
  return Two(first, (((p.n - first) + c_high) + t) + rest);
}`,
  },
  pow_of: {
    uses: ['log2_parts', 'exp_parts', 'is_nan', 'nan_of', 'inf_of'],
    code: `fn pow_of(x: f32, y: f32) -> f32 {
  // exact in its rounding
  if (y == 2.0) { return x * x; }
  let size = abs(x);
  let l = log2_parts(size);
  let y_high = ${high('y')};
  let e_high = y_high * l.high;
  let e_low = (y - y_high) * l.high + y * l.low;
  let e = e_high + e_low;
  let n = round(clamp(e, -160.0, 130.0));
  let usual = exp_parts(i32(n), ((e_high - n) + e_low) * 0.6931472, 254);
  // 0 and infinity: powers of themselves, infinite powers, and what is beyond the range
  let above = (size > 1.0) == (y > 0.0);
  let ends = size == 0.0 || bitcast<u32>(size) == 0x7f800000u || abs(y) > 1e30 || e <= -151.0 || e >= 129.0;
  let beyond = select(0.0, inf_of(), above);
  let half = 0.5 * y;
  let whole = floor(y) == y;
  let odd = whole && floor(half) != half && abs(y) < 16777216.0;
  let positive = select(select(usual, beyond, ends), 1.0, size == 1.0);
  let negative = (bitcast<u32>(x) >> 31u) == 1u;
  let value = select(positive, -positive, negative && odd);
  // a negative number has powers with whole exponents; an infinite one is whole enough
  let broken = x < 0.0 && !whole && bitcast<u32>(size) < 0x7f800000u && abs(y) < 16777216.0;
  let invalid = broken || is_nan(x) || is_nan(y);
  return select(select(value, nan_of(), invalid), 1.0, y == 0.0 || x == 1.0);
}`,
  },
};
