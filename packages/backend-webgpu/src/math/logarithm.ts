/**
 * log: x = 2^n (1 + f) with 1 + f in [√½, √2), log(x) = n ln 2 + log(1 + f), and log(1 + f) from a polynomial in s² where s = f / (2 + f), in the
 * arrangement of fdlibm's e_log.c that keeps the error below one unit.
 */
import { orNaN, type Prelude, polynomial, signed } from './code.ts';

const ln2 = ['0.693359375', '-2.1219444e-4'] as const;

export const logarithm: Prelude = {
  // a subnormal number is a whole multiple of 2^-149, which is an integer's conversion away, whatever the device does to such numbers
  log_parts: {
    code: `struct LogParts { n: f32, f: f32 }
fn log_parts(x: f32, more: i32) -> LogParts {
  let b = bitcast<i32>(x);
  let tiny = b < 0x00800000;
  let shifted = select(b, bitcast<i32>(f32(b)), tiny) + (0x3f800000 - 0x3f3504f3);
  let n = (shifted >> 23u) - 127 + more - select(0, 149, tiny);
  return LogParts(f32(n), bitcast<f32>((shifted & 0x7fffff) + 0x3f3504f3) - 1.0);
}`,
  },
  // log(1 + f) + more; (log((1 + s) / (1 - s)) / s - 2) / s² in s², minimax for the relative error: 2^-36.6
  log_fraction: {
    code: `fn log_fraction(f: f32, more: f32) -> f32 {
  let s = f / (2.0 + f);
  let z = s * s;
  let h = 0.5 * f * f;
  return f - (h - (s * (h + z * ${polynomial('z', [0.6666666, 0.40000334, 0.285373, 0.23582293])}) + more));
}`,
  },
  // y, a logarithm of x, unless x is infinite, zero, negative or NaN
  log_special: {
    code: `fn log_special(y: f32, x: f32) -> f32 {
  let b = bitcast<u32>(x);
  let other = select(select(0x7fc00000u, 0x7f800000u, b == 0x7f800000u), 0xff800000u, (b << 1u) == 0u);
  return select(y, bitcast<f32>(other), b - 1u >= 0x7f7fffffu);
}`,
  },
  // log(2^more x)
  log_scaled: {
    uses: ['log_parts', 'log_fraction', 'log_special'],
    code: `fn log_scaled(x: f32, more: i32) -> f32 {
  let p = log_parts(x, more);
  return log_special(p.n * ${ln2[0]} + log_fraction(p.f, p.n * ${ln2[1]}), x);
}`,
  },
  log_of: { uses: ['log_scaled'], code: 'fn log_of(x: f32) -> f32 { return log_scaled(x, 0); }' },
  // log(x) - 1 of a positive normal number: one rounding for both
  log_less_one: {
    uses: ['log_parts', 'log_fraction'],
    code: `fn log_less_one(x: f32) -> f32 {
  let p = log_parts(x, 0);
  return (p.n * ${ln2[0]} - 1.0) + log_fraction(p.f, p.n * ${ln2[1]});
}`,
  },
  log2_of: {
    uses: ['log_parts', 'log_fraction', 'log_special'],
    code: `fn log2_of(x: f32) -> f32 {
  let p = log_parts(x, 0);
  let l = log_fraction(p.f, 0.0);
  return log_special(p.n + (l + l * 0.44269504), x);
}`,
  },
  log10_of: {
    uses: ['log_parts', 'log_fraction', 'log_special'],
    code: `fn log10_of(x: f32) -> f32 {
  let p = log_parts(x, 0);
  let l = log_fraction(p.f, 0.0);
  return log_special(p.n * 0.301025390625 + (p.n * 4.605039e-6 + l * 0.4342945), x);
}`,
  },
  // 1 + x = 2^n (1 + f), where f is x itself while n is 0, and what the sum lost is added to the logarithm
  log1p_of: {
    uses: ['log_parts', 'log_fraction', 'log_special'],
    code: `fn log1p_of(x: f32) -> f32 {
  let sum = 1.0 + x;
  let p = log_parts(sum, 0);
  let back = sum - x;
  let lost = ((1.0 - back) + (x - (sum - back))) / sum;
  let direct = p.n == 0.0;
  let more = p.n * ${ln2[1]} + select(lost, 0.0, direct);
  let y = p.n * ${ln2[0]} + log_fraction(select(p.f, x, direct), more);
  return log_special(${signed('y', 'x')}, sum);
}`,
  },
  asinh_of: {
    uses: ['log_scaled', 'is_nan'],
    code: `fn asinh_of(x: f32) -> f32 {
  let a = abs(x);
  let z = a * a;
  // (asinh(a) - a) / a³ in a²: error 2^-33.8
  let small = a + a * (z * ${polynomial('z', [-0.16666666, 0.074999355, -0.044628978, 0.030237865, -0.021531628, 0.014383499, -0.0073557794, 0.0019694364])});
  let huge = a > 8192.0;
  let large = log_scaled(select(a + sqrt(z + 1.0), a, huge), select(0, 1, huge));
  return ${orNaN(signed('select(large, small, a < 0.75)', 'x'), 'x')};
}`,
  },
  acosh_of: {
    uses: ['log1p_of', 'log_scaled', 'nan_of'],
    code: `fn acosh_of(x: f32) -> f32 {
  let t = x - 1.0;
  let y = select(log1p_of(t + sqrt(t * (t + 2.0))), log_scaled(x, 1), x > 8192.0);
  return select(nan_of(), y, x >= 1.0);
}`,
  },
  atanh_of: {
    uses: ['log1p_of', 'is_nan'],
    code: `fn atanh_of(x: f32) -> f32 {
  let a = abs(x);
  let z = a * a;
  // (atanh(a) - a) / a³ in a²: error 2^-32.8
  let small = a + a * (z * ${polynomial('z', [0.33333337, 0.19999622, 0.14297815, 0.109294005, 0.10524478, 0.016959516, 0.18514007])});
  let large = 0.5 * log1p_of(2.0 * a / (1.0 - a));
  return ${orNaN(signed('select(large, small, a < 0.5)', 'x'), 'x')};
}`,
  },
};
