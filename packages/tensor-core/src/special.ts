/** Special functions in double precision that JavaScript's Math lacks. */

/** Evaluates `c[0]·xⁿ + c[1]·xⁿ⁻¹ + …`. */
function polynomial(c: readonly number[], x: number): number {
  let sum = 0;
  for (const coefficient of c) sum = sum * x + coefficient;
  return sum;
}

// W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969): three intervals, about 1 ulp each
const nearP = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3,
];
const nearQ = [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];
const middleP = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
  8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
];
const middleQ = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3,
  4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
];
const farP = [
  1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
  1.60837851487422766e-2, 6.58749161529837803e-4,
];
const farQ = [
  1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3,
];
/** The coefficients of Cody's rational approximations of the error function, of the highest power first: for what writes it in another language. */
export const erfCoefficients = { nearP, nearQ, middleP, middleQ, farP, farQ };
const inverseSqrtPi = 5.6418958354775628695e-1;

/** erfc(x) for x > 0.46875. */
function erfcPositive(x: number): number {
  if (x > 26.6) return x > 27.3 ? 0 : gaussian(x) * tail(x);
  if (x <= 4) return (gaussian(x) * polynomial(middleP, x)) / polynomial(middleQ, x);
  return gaussian(x) * tail(x);
}

function tail(x: number): number {
  const z = 1 / (x * x);
  return (inverseSqrtPi - (z * polynomial(farP, z)) / polynomial(farQ, z)) / x;
}

/** exp(-x²), splitting x so that the square's rounding error does not blow up. */
function gaussian(x: number): number {
  const high = Math.trunc(x * 16) / 16;
  return Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
}

/** The error function. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 0.46875) {
    const z = magnitude > 1e-17 ? x * x : 0;
    return (x * polynomial(nearP, z)) / polynomial(nearQ, z);
  }
  const value = 1 - erfcPositive(magnitude);
  return Number.isNaN(x) ? x : x < 0 ? -value : value;
}

/** 1 - erf(x), with full relative precision in the right tail. */
export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erf(x);
  if (Number.isNaN(x)) return x;
  const value = erfcPositive(Math.abs(x));
  return x < 0 ? 2 - value : value;
}

/** The inverse of {@link erf}: a start from Winitzki's approximation, then Halley steps. */
export function erfinv(y: number): number {
  if (!(Math.abs(y) < 1)) return y === 1 ? Number.POSITIVE_INFINITY : y === -1 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (y === 0) return y;
  const magnitude = Math.abs(y);
  const log = Math.log1p(-magnitude * magnitude);
  const a = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sqrt(Math.sqrt(a * a - log / 0.147) - a);
  for (let step = 0; step < 3; step++) {
    // near 1 the complement keeps the digits that 1 - erf(x) would lose
    const error = magnitude < 0.5 ? erf(x) - magnitude : 1 - magnitude - erfc(x);
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    const newton = error / slope;
    x -= newton / (1 + x * newton);
  }
  return y < 0 ? -x : x;
}

/** (ζ(k) - 1)/k for k = 2, 3, …, of the series about 2 (Abramowitz & Stegun 6.1.33), where ζ(k) - 1 is Hurwitz's ζ(k, 2). */
let zetaTerms: readonly number[] = [];
const oneMinusGamma = 0.42278433509846713;

/** log Γ(2 + z) for |z| <= 0.5, exact to the last bits where it crosses zero: z·(1 - γ) + Σ (ζ(k) - 1)·(-z)ᵏ/k. */
function lgammaNearTwo(z: number): number {
  if (zetaTerms.length === 0) zetaTerms = Array.from({ length: 28 }, (_, k) => zeta(k + 2, 2) / (k + 2));
  let sum = 0;
  for (let k = zetaTerms.length - 1; k >= 0; k--) sum = zetaTerms[k] - z * sum;
  return z * (oneMinusGamma + z * sum);
}

// B(2k)/(2k·(2k - 1)) of Stirling's series (Abramowitz & Stegun 6.1.40)
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

/** log |Γ(x)|. */
export function lgamma(x: number): number {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? x : Number.POSITIVE_INFINITY;
  if (x <= 0) {
    if (Number.isInteger(x)) return Number.POSITIVE_INFINITY;
    // reflection: Γ(x)·Γ(1-x) = π / sin(πx), where only the fraction of x counts, and it is exact
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - Math.round(x))))) - lgamma(1 - x);
  }
  // Γ(x + 1) = x·Γ(x) leads to the interval about 2
  if (x < 0.5) return lgammaNearTwo(x) - Math.log1p(x) - Math.log(x);
  if (x < 1.5) return lgammaNearTwo(x - 1) - Math.log1p(x - 1);
  if (x < 8) {
    let product = 1;
    let y = x;
    while (y >= 2.5) product *= --y;
    return Math.log(product) + lgammaNearTwo(y - 2);
  }
  if (x > 1e17) return x * (Math.log(x) - 1);
  const square = 1 / (x * x);
  let series = 0;
  for (let k = stirling.length - 1; k >= 0; k--) series = stirling[k] + square * series;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x;
}

// B(2k)/(2k) of the asymptotic series (Abramowitz & Stegun 6.3.18)
const digammaSeries = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];

/** The derivative of log Γ. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (x < 0) {
    if (Number.isInteger(x)) return Number.NaN;
    // only the fraction counts for the tangent, and it is exact
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.trunc(x)));
  }
  let shift = 0;
  let z = x;
  while (z < 10) shift -= 1 / z++;
  const square = 1 / (z * z);
  let power = square;
  let series = 0;
  for (const coefficient of digammaSeries) {
    series += coefficient * power;
    power *= square;
  }
  return shift + Math.log(z) - 0.5 / z - series;
}

// B(2k)/(2k)! of the Euler-Maclaurin sum (Abramowitz & Stegun 23.2.26 and table 23.2)
const eulerMaclaurin = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
  43867 / 5109094217170944000,
];

/** Hurwitz's ζ(s, q) = Σ (q + k)^-s over k >= 0: the first terms one by one, the rest by the Euler-Maclaurin formula. */
export function zeta(s: number, q: number): number {
  if (Number.isNaN(s) || Number.isNaN(q) || s < 1) return Number.NaN;
  if (s === 1) return Number.POSITIVE_INFINITY;
  if (q <= 0) {
    if (Number.isInteger(q) || q === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
    // a power of a negative number is real for whole exponents only
    if (!Number.isInteger(s)) return Number.NaN;
  }
  if (q === Number.POSITIVE_INFINITY || s === Number.POSITIVE_INFINITY)
    return q < 1 ? Number.POSITIVE_INFINITY : q === 1 ? 1 : 0;
  if (q < -20) {
    // the terms below zero are those of a sum above it: with q = f - m they are (-1)^s·(ζ(s, 1 - f) - ζ(s, 1 - q))
    const f = q - Math.floor(q);
    return zeta(s, f) + (s % 2 === 0 ? 1 : -1) * (zeta(s, 1 - f) - zeta(s, 1 - q));
  }
  const terms: number[] = [];
  let a = q;
  // the formula is exact to double precision from about s + 10 on
  const from = 10 + Math.min(s, 100);
  let largest = 0;
  for (; a < from; a++) {
    const term = a ** -s;
    largest = Math.max(largest, Math.abs(term));
    // past the pole the terms only fall
    if (a > 1 && Math.abs(term) < largest * 1e-18) return sumUp(terms);
    terms.push(term);
  }
  const power = a ** -s;
  let tail = power / 2;
  let factor = (s * power) / a;
  for (let k = 0; k < eulerMaclaurin.length; k++) {
    const term = eulerMaclaurin[k] * factor;
    tail += term;
    if (Math.abs(term) < Math.abs(tail) * 1e-17) break;
    factor *= ((s + 2 * k + 1) * (s + 2 * k + 2)) / (a * a);
  }
  terms.push(tail, (power * a) / (s - 1));
  return sumUp(terms);
}

/** Smallest last terms first, so that little is lost. */
function sumUp(terms: readonly number[]): number {
  let sum = 0;
  for (let i = terms.length - 1; i >= 0; i--) sum += terms[i];
  return sum;
}
