/**
 * Circular functions: |x| = n π/2 + r with |r| <= π/4, and polynomials in r². Up to 2048 the reduction is Cody and Waite's, with π/2 in parts so short that
 * n times one is exact; beyond, Payne and Hanek's: integers multiply the mantissa with those bits of 2/π that count.
 */
import { halfPi, high, orNaN, type Prelude, pi, polynomial, signed } from './code.ts';

/** (asin(x) - x) / x³ in x² up to ½: error 2^-31.7. */
const arcSine = [0.1666666, 0.07500522, 0.044513375, 0.0318391, 0.014314811, 0.037696842];
/** (atan(x) - x) / x³ in x² up to tan²(π/8): error 2^-30.4. */
const arcTangent = [-0.33333316, 0.19998528, -0.14244391, 0.10599168, -0.06090047];

export const trigonometry: Prelude = {
  // n in the low bits, r, and what r lacks
  angle_of: {
    uses: ['angle_large'],
    code: `struct Angle { n: i32, r: f32, rest: f32 }
fn angle_of(x: f32) -> Angle {
  if (!(x < 2048.0)) { return angle_large(x); }
  let n = round(x * 0.63661975);
  let a = x - n * 1.57080078125;
  let second = n * -4.4545159e-6;
  let b = a - second;
  let lost = ((a - b) - second) - n * 6.0771005e-11;
  let r = b + lost;
  return Angle(i32(n), r, (b - r) + lost);
}`,
  },
  // 24 bits of x times 96 bits of 2/π, of which the first two are n mod 4 and 62 more are kept
  angle_large: {
    uses: ['high_product', 'nan_of'],
    code: `const two_over_pi = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
fn angle_large(x: f32) -> Angle {
  let b = bitcast<u32>(x);
  if (b >= 0x7f800000u) { return Angle(0, nan_of(), 0.0); }
  let m = (b & 0x7fffffu) | 0x800000u;
  // the bits of 2/π that make multiples of 4 are left out
  let first = (b >> 23u) - 120u;
  let word = first >> 5u;
  let shift = first & 31u;
  let t0 = two_over_pi[word];
  let t1 = two_over_pi[word + 1u];
  let t2 = two_over_pi[word + 2u];
  let t3 = two_over_pi[word + 3u];
  let back = (32u - shift) & 31u;
  let mask = select(0xffffffffu, 0u, shift == 0u);
  let w0 = (t0 << shift) | ((t1 >> back) & mask);
  let w1 = (t1 << shift) | ((t2 >> back) & mask);
  let w2 = (t2 << shift) | ((t3 >> back) & mask);
  let low = high_product(m, w2);
  let middle = m * w1 + low;
  let top = m * w0 + high_product(m, w1) + select(0u, 1u, middle < low);
  // the fraction as a signed number: from -½ to ½
  var upper = (top << 2u) | (middle >> 30u);
  var lower = middle << 2u;
  let negative = (upper >> 31u) == 1u;
  if (negative) {
    upper = ~upper + select(0u, 1u, lower == 0u);
    lower = 0u - lower;
  }
  let zeros = min(countLeadingZeros(upper), 31u);
  let bits = (upper << zeros) | select(lower >> ((32u - zeros) & 31u), 0u, zeros == 0u);
  let scale = bitcast<f32>((127u - zeros) << 23u) * select(1.0, -1.0, negative);
  let v = f32(bits >> 20u) * 2.44140625e-4;
  let product = v * 1.5703125;
  let more = v * 4.838268e-4 + f32(bits & 0xfffffu) * 3.6572952e-10;
  let r = product + more;
  return Angle(i32(top >> 30u) + select(0, 1, negative), r * scale, ((product - r) + more) * scale);
}`,
  },
  // the upper 32 bits of a product with a number of 24 bits
  high_product: {
    code: `fn high_product(m: u32, w: u32) -> u32 {
  let a = m >> 12u;
  let b = m & 0xfffu;
  let c = w >> 16u;
  let d = w & 0xffffu;
  let ac = a * c;
  let ad = a * d;
  let bd = b * d;
  let low = (bd & 0xffffu) + ((ad & 15u) << 12u);
  let middle = (bd >> 16u) + (ad >> 4u) + b * c + (low >> 16u);
  return (ac >> 4u) + ((((ac & 15u) << 12u) + middle) >> 16u);
}`,
  },
  // sine or cosine of the angle by the lowest bit of n, the sign by the next; errors of the polynomials 2^-28.1 and 2^-33.3
  sine_of_angle: {
    uses: ['angle_of'],
    code: `fn sine_of_angle(angle: Angle, n: i32) -> f32 {
  let r = angle.r;
  let z = r * r;
  let s = r + (r * (z * ${polynomial('z', [-0.16666655, 0.008332176, -0.00019516978])}) + angle.rest);
  let half = 0.5 * z;
  let top = 1.0 - half;
  let c = top + (((1.0 - top) - half) + (z * z * ${polynomial('z', [0.041666646, -0.0013887364, 2.4438092e-5])} - r * angle.rest));
  let y = select(s, c, (n & 1) == 1);
  return select(y, -y, (n & 2) == 2);
}`,
  },
  sin_of: {
    uses: ['sine_of_angle'],
    code: `fn sin_of(x: f32) -> f32 {
  let angle = angle_of(abs(x));
  let y = sine_of_angle(angle, angle.n);
  return bitcast<f32>(bitcast<u32>(y) ^ (bitcast<u32>(x) & 0x80000000u));
}`,
  },
  cos_of: {
    uses: ['sine_of_angle'],
    code: `fn cos_of(x: f32) -> f32 {
  let angle = angle_of(abs(x));
  return sine_of_angle(angle, angle.n + 1);
}`,
  },
  // (tan(r) - r) / r³ in r²: error 2^-29.5
  tan_of: {
    uses: ['angle_of'],
    code: `fn tan_of(x: f32) -> f32 {
  let angle = angle_of(abs(x));
  let r = angle.r;
  let z = r * r;
  let more = r * (z * ${polynomial('z', [0.3333335, 0.13332672, 0.05405943, 0.02128295, 0.010836962, 8.512512e-5, 0.004379599])}) + angle.rest;
  let t = r + more;
  let y = select(t, -1.0 / t, (angle.n & 1) == 1);
  return bitcast<f32>(bitcast<u32>(y) ^ (bitcast<u32>(x) & 0x80000000u));
}`,
  },
  // asin(a) up to ½; beyond, asin of s = √((1 - a) / 2), which is taken twice from π/2: `more` is what s + more lacks of it
  arc_sine: {
    uses: ['nan_of'],
    code: `struct ArcSine { s: f32, more: f32, wide: bool }
fn arc_sine(a: f32) -> ArcSine {
  let wide = a > 0.5;
  let z = select(a * a, (1.0 - a) * 0.5, wide);
  let root = sqrt(z);
  let first = ${high('root')};
  let rest = (z - first * first) / max(root + first, 1e-20);
  let s = select(a, first, wide);
  let cubic = select(a, root, wide) * (z * ${polynomial('z', arcSine)});
  return ArcSine(s, cubic + select(0.0, rest, wide), wide);
}`,
  },
  asin_of: {
    uses: ['arc_sine', 'nan_of'],
    code: `fn asin_of(x: f32) -> f32 {
  let a = abs(x);
  let p = arc_sine(a);
  let y = select(p.s + p.more, (${halfPi[0]} - 2.0 * p.s) - (2.0 * p.more + ${halfPi[1]}), p.wide);
  return select(nan_of(), ${signed('y', 'x')}, a <= 1.0);
}`,
  },
  acos_of: {
    uses: ['arc_sine', 'nan_of'],
    code: `fn acos_of(x: f32) -> f32 {
  let a = abs(x);
  let p = arc_sine(a);
  let left = x < 0.0;
  let s = select(p.s, -p.s, left);
  let more = select(p.more, -p.more, left);
  // twice the asin of the root from 0 or π, or the asin from π/2
  let wide = (select(0.0, ${pi[0]}, left) + 2.0 * s) + (2.0 * more - select(0.0, ${pi[1]}, left));
  let y = select((${halfPi[0]} - s) - (more + ${halfPi[1]}), wide, p.wide);
  return select(nan_of(), y, a <= 1.0);
}`,
  },
  // the angle of the quotient of `least` and `most`: from 0 or π/4 so near that it is at most π/8, with the number of quarters before it
  arc_tangent: {
    code: `struct ArcTangent { quarters: f32, small: f32 }
fn arc_tangent(least: f32, most: f32) -> ArcTangent {
  let steep = least > 0.41421356 * most;
  let t = select(least, least - most, steep) / select(most, least + most, steep);
  let z = t * t;
  return ArcTangent(select(0.0, 1.0, steep), t + t * (z * ${polynomial('z', arcTangent)}));
}`,
  },
  // π/4 in two parts, of which some times the first is exact
  add_quarters: {
    code: 'fn add_quarters(n: f32, x: f32) -> f32 { return n * 0.785400390625 + (x - n * 2.2272579e-6); }',
  },
  atan_of: {
    uses: ['arc_tangent', 'add_quarters', 'is_nan'],
    code: `fn atan_of(x: f32) -> f32 {
  // beyond the bound the angle rounds to π/2
  let a = min(abs(x), 1e9);
  let up = a > 1.0;
  let p = arc_tangent(min(a, 1.0), max(a, 1.0));
  let y = add_quarters(select(p.quarters, 2.0 - p.quarters, up), select(p.small, -p.small, up));
  return ${orNaN(signed('y', 'x'), 'x')};
}`,
  },
  atan2_of: {
    uses: ['arc_tangent', 'add_quarters', 'is_nan', 'is_infinite', 'nan_of'],
    code: `fn atan2_of(y: f32, x: f32) -> f32 {
  // quotients of very large and very small numbers need room
  let size = max(abs(x), abs(y));
  let scale = select(select(1.0, 1.2676506e30, size < 1e-30), 7.8886091e-31, size > 1e30);
  let infinite = is_infinite(x) && is_infinite(y);
  let a = select(abs(x) * scale, 1.0, infinite);
  let b = select(abs(y) * scale, 1.0, infinite);
  let most = max(a, b);
  let p = arc_tangent(min(a, b), select(1.0, most, most > 0.0));
  let up = b > a;
  let left = (bitcast<u32>(x) >> 31u) == 1u;
  let n = select(p.quarters, 2.0 - p.quarters, up);
  let value = add_quarters(select(n, 4.0 - n, left), select(p.small, -p.small, up != left));
  return select(${signed('value', 'y')}, nan_of(), is_nan(x) || is_nan(y));
}`,
  },
};
