/** Special functions. Every interval has its polynomial or series; where two cancel (lgamma and digamma of negative numbers) digits are lost near zeros. */
import { high, orNaN, type Prelude, polynomial, signed } from './code.ts';
import { fraction } from './exponential.ts';

/** sin(πx) / π = x (1 + x² c(x²)) up to ½: error 2^-33.6. */
const sinePi = [-1.644934, 0.811742, -0.19074538, 0.026104743, -0.00221548];

/** log Γ(1 + x) / x and log Γ(2 + x) / x for |x| <= ½: errors 2^-26.4 and 2^-25.9. */
const gammaOfOne = [
  -0.5772157, 0.822467, -0.40068525, 0.2705871, -0.20739393, 0.16927382, -0.14385448, 0.12993827, -0.11446154, 0.069631,
  -0.06712209, 0.17377132, -0.15433675,
];
const gammaOfTwo = [
  0.42278433, 0.32246703, -0.06735148, 0.020581314, -0.0074016703, 0.0028811253, -0.0010888715, 0.00056545675,
  -0.00044452527,
];

/** digamma(x) / (x - root) in x - 1.5 for x from 1 to 2: error 2^-26.8. */
const digammaNearRoot = [
  0.9510559, -0.42362744, 0.24054156, -0.14840126, 0.09500993, -0.06202546, 0.040604446, -0.025937103, 0.018122287,
  -0.01612299, 0.009426802,
];

/** B(2k)/(2k)! of the Euler-Maclaurin sum. */
const eulerMaclaurin = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600];

export const special: Prelude = {
  // erf(x) / x - 1 in x² up to 1: error 2^-29.6; beyond, 1 - erfc(x), with -log(erfc(x)) from 1 to 4: error of erfc 2^-29.8
  erf_of: {
    uses: ['exp_by', 'is_nan'],
    code: `fn erf_of(x: f32) -> f32 {
  let a = min(abs(x), 4.0);
  let z = a * a;
  // scaled so that the second term is not lost
  let b = a * 16777216.0;
  let small = (b + b * ${polynomial('z', [0.12837917, -0.37612626, 0.112835854, -0.026853813, 0.0051883277, -8.010194e-4, 7.853863e-5])}) * 5.9604645e-8;
  let l = ${polynomial('a', [3.5372318e-4, 1.12704, 0.6382257, 0.10303735, -0.021805307, 0.0029396045, -1.8557372e-4])};
  let y = select(1.0 - exp_by(-l, 254), small, a < 1.0);
  return ${orNaN(signed('y', 'x'), 'x')};
}`,
  },
  // from 1.25 on exp(x²) erfc(x) in 2 / (2 + x): error 2^-28.9; x² as an exact square and a rest. erfc(1.25 - s) from ½ on: error 2^-24.7
  erfc_of: {
    uses: ['exp_parts', 'is_nan'],
    code: `fn erfc_of(v: f32) -> f32 {
  let a = min(abs(v), 10.1);
  let z = a * a;
  let small = 1.0 - (v + v * ${polynomial('z', [0.12837917, -0.37612626, 0.112835854, -0.026853813, 0.0051883277, -8.010194e-4, 7.853863e-5])});
  let first = ${high('a')};
  let x = -first * first;
  let sum = 2.0 + a;
  let t = 2.0 / sum;
  let t_high = ${high('t')};
  let sum_high = ${high('sum')};
  // what t lacks, as what the tail lacks, as a part of the exponent
  let left = ((2.0 - t_high * sum_high) - t_high * (a - (sum_high - 2.0))) - (t - t_high) * sum;
  let rest = (first - a) * (a + first) + left * (0.55 + 0.6 * t);
  let n = round((x + rest) * 1.442695);
  let gauss = exp_parts(i32(n), (${fraction}) + rest, 254);
  let tail = gauss * ${polynomial('t', [-1.535133e-6, 0.2821325, 0.28173018, 0.2484396, 0.17484736, 0.06659747, 0.07929776, -0.22724523, 0.094888784])};
  let s = 1.25 - a;
  let middle = 0.077099875 + s * ${polynomial('s', [0.23652057, 0.29566756, 0.16736606, 0.0069620223, -0.048934776, -0.020033363, 0.0046549654, 0.00442548])};
  let positive = select(tail, middle, a < 1.25);
  let y = select(select(positive, 2.0 - positive, v < 0.0), small, a < 0.5);
  return ${orNaN('y', 'v')};
}`,
  },
  // erfinv(x) / x in w = -log(1 - x²), after M. Giles, "Approximating the erfinv function" (2011)
  erfinv_of: {
    uses: ['log_of', 'inf_of', 'nan_of'],
    code: `fn erfinv_of(x: f32) -> f32 {
  let a = abs(x);
  let w = -log_of((1.0 - a) * (1.0 + a));
  let s = w - 2.5;
  let near = ${polynomial('s', [1.5014094, 0.2466403, -0.0041778195, -0.0012528428, 2.18906e-4, -4.7979934e-6, -3.6862552e-6, 3.8891946e-7, 4.6983967e-8])};
  let t = sqrt(w) - 3.0;
  let far = ${polynomial('t', [2.8329768, 1.0016749, 0.009445467, -0.00763602, 0.0056830235, -0.003600953, 0.0014989201, -5.7785048e-5, -3.227964e-4, 1.2222362e-4])};
  let y = select(x * select(far, near, w < 4.0), ${signed('inf_of()', 'x')}, a == 1.0);
  return select(nan_of(), y, a <= 1.0);
}`,
  },
  sine_pi: { code: `fn sine_pi(x: f32) -> f32 { let z = x * x; return x + x * (z * ${polynomial('z', sinePi)}); }` },
  lgamma_positive: {
    uses: ['log_of', 'log_less_one'],
    code: `fn lgamma_positive(x: f32) -> f32 {
  if (x >= 8.0) {
    let v = 1.0 / x;
    let z = v * v;
    return (x - 0.5) * log_less_one(x) + (0.41893853 + v * ${polynomial('z', [1 / 12, -1 / 360, 1 / 1260])});
  }
  if (x < 0.5) { return x * ${polynomial('x', gammaOfOne)} - log_of(x); }
  if (x < 1.5) { let y = x - 1.0; return y * ${polynomial('y', gammaOfOne)}; }
  var product = 1.0;
  var y = x - 2.0;
  while (y >= 0.5) {
    product *= y + 1.0;
    y -= 1.0;
  }
  return log_of(product) + y * ${polynomial('y', gammaOfTwo)};
}`,
  },
  // far below zero by Γ(x) Γ(1 - x) = π / sin(πx)
  lgamma_of: {
    uses: ['lgamma_positive', 'sine_pi', 'log_of', 'is_nan', 'is_infinite', 'inf_of'],
    code: `fn lgamma_of(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (is_infinite(x)) { return inf_of(); }
  if (x > 0.0) { return lgamma_positive(x); }
  let f = x - round(x);
  if (f == 0.0) { return inf_of(); }
  if (x < -16.0) { return -log_of(abs(sine_pi(f))) - lgamma_positive(1.0 - x); }
  // Γ(x + 1) = x Γ(x) leads to where log Γ is small, so that little cancels
  var product = 1.0;
  var y = x;
  while (y < 1.5) {
    product *= y;
    y += 1.0;
  }
  y -= 2.0;
  return y * ${polynomial('y', gammaOfTwo)} - log_of(abs(product));
}`,
  },
  digamma_positive: {
    uses: ['log_of'],
    code: `fn digamma_positive(x: f32) -> f32 {
  if (x >= 8.0) {
    let v = 1.0 / x;
    let z = v * v;
    return log_of(x) - (0.5 * v + z * ${polynomial('z', [1 / 12, -1 / 120, 1 / 252])});
  }
  var y = x;
  var sum = 0.0;
  if (x < 1.0) {
    sum = -1.0 / x;
    y += 1.0;
  }
  while (y > 2.0) {
    y -= 1.0;
    sum += 1.0 / y;
  }
  let s = y - 1.5;
  // the root lies a little above the float
  return sum + ((y - 1.4616321) * ${polynomial('s', digammaNearRoot)} - 1.20360487e-8);
}`,
  },
  // digamma(1 - x) - digamma(x) = π cot(πx)
  digamma_of: {
    uses: ['digamma_positive', 'sine_pi', 'is_nan', 'is_infinite', 'nan_of', 'inf_of'],
    code: `fn digamma_of(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x == 0.0) { return ${signed('inf_of()', '-x')}; }
  if (is_infinite(x)) { return select(nan_of(), x, x > 0.0); }
  if (x > 0.0) { return digamma_positive(x); }
  let f = x - round(x);
  if (f == 0.0) { return nan_of(); }
  return digamma_positive(1.0 - x) - 3.1415927 * sine_pi(0.5 - abs(f)) / sine_pi(f);
}`,
  },
  // for q > -1: the first terms one by one, the rest by the Euler-Maclaurin formula
  zeta_sum: {
    uses: ['pow_of', 'is_infinite'],
    code: `fn zeta_sum(s: f32, q: f32) -> f32 {
  let end = 8.0 + 0.6 * min(s, 100.0);
  var a = q;
  var k = 0.0;
  // what q + k lacks as a part of it, which a power makes s times as much
  var lack = 0.0;
  var sum = 0.0;
  // what the sum lost
  var lost = 0.0;
  while (a < end) {
    let power = pow_of(a, -s);
    let term = power * (1.0 - lack);
    let corrected = term - lost;
    let next = sum + corrected;
    lost = (next - sum) - corrected;
    sum = next;
    if (is_infinite(sum)) { return sum; }
    if (a > 1.0 && abs(term) <= abs(sum) * 1e-9) { return sum; }
    k += 1.0;
    a = q + k;
    lack = s * ((q - (a - k)) / a);
  }
  // a power that is lost may have a neighbour that is not
  let reach = pow_of(a, 1.0 - s) * (1.0 - lack);
  if (reach == 0.0) { return sum; }
  let power = reach / a;
  var tail = 0.5;
  // in units of the power, of which parts could be too small
  var factor = s / a;
  let square = a * a;
${eulerMaclaurin
  .map(
    (c, k) => `  tail += ${c} * factor;
  factor *= (s + ${2 * k + 1}.0) * (s + ${2 * k + 2}.0) / square;`,
  )
  .join('\n')}
  return sum + ((power * tail - lost) + reach / (s - 1.0));
}`,
  },
  // far below zero, the terms are those of a sum above it: with q = f - m they are (-1)^s (ζ(s, 1 - f) - ζ(s, 1 - q))
  zeta_of: {
    uses: ['zeta_sum', 'is_nan', 'is_infinite', 'nan_of', 'inf_of'],
    code: `fn zeta_of(s: f32, q: f32) -> f32 {
  if (is_nan(s) || is_nan(q) || s < 1.0) { return nan_of(); }
  if (s == 1.0) { return inf_of(); }
  let infinite = is_infinite(s) || is_infinite(q);
  if (q <= 0.0) {
    if (floor(q) == q || is_infinite(q)) { return inf_of(); }
    if (floor(s) != s) { return nan_of(); }
  }
  if (infinite) { return select(select(0.0, 1.0, q == 1.0), inf_of(), q < 1.0); }
  if (q >= -20.0) { return zeta_sum(s, q); }
  let f = q - floor(q);
  let half = 0.5 * s;
  let below = zeta_sum(s, 1.0 - f) - zeta_sum(s, 1.0 - q);
  return zeta_sum(s, f) + select(-below, below, floor(half) == half);
}`,
  },
};
