/**
 * Functions that ONNX lacks, and those that its runtimes have in float32 only, as arithmetic: for float64, and with it for dtypes that are computed in
 * float64 and rounded.
 */
import { erfCoefficients } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { abs, add, div, eq, exp, expm1, log, log1p, lt, mul, neg, number, sqrt, sub } from './elementwise-nodes.ts';

type Write = (g: OpContext, x: Ref) => Ref;

/** `c[0]·xⁿ + c[1]·xⁿ⁻¹ + …`. */
const polynomial = (g: OpContext, c: readonly number[], x: Ref): Ref =>
  c.slice(1).reduce((sum, k) => add(g, mul(g, sum, x), number(g, k, x)), number(g, c[0], x));

const square: Write = (g, x) => mul(g, x, x);
const half: Write = (g, x) => mul(g, x, number(g, 0.5, x));
const plus = (g: OpContext, x: Ref, k: number): Ref => add(g, x, number(g, k, x));
const minus = (g: OpContext, k: number, x: Ref): Ref => sub(g, number(g, k, x), x);
const above = (g: OpContext, x: Ref, k: number): Ref => lt(g, number(g, k, x), x);
const signed = (g: OpContext, size: Ref, x: Ref): Ref => mul(g, g.op('Sign', [x]), size);

/** ONNX's function of that name, or `made` for float64. */
export const orDouble =
  (type: string, made: Write): Write =>
  (g, x) =>
    x.dtype === 'float64' ? made(g, x) : g.op(type, [x]);

/** Runs `write` in float64 whatever the dtype: its formulas lose digits. */
export const inDouble =
  (write: Write): Write =>
  (g, x) =>
    g.cast(write(g, g.cast(x, 'float64')), x.dtype ?? 'float64');

// --- angles ---

export const tan = orDouble('Tan', (g, x) => div(g, g.op('Sin', [x]), g.op('Cos', [x])));

/** The angle halved twice, atan t = 2·atan(t / (1 + √(1 + t²))), until Taylor's series needs twelve terms. */
export const atan = orDouble('Atan', (g, x) => {
  const size = abs(g, x);
  const far = above(g, size, 1);
  const halved = (t: Ref): Ref => div(g, t, plus(g, sqrt(g, plus(g, square(g, t), 1)), 1));
  const t = halved(halved(g.where(far, g.op('Reciprocal', [size]), size)));
  const terms = Array.from({ length: 12 }, (_, k) => (k % 2 === 0 ? 4 : -4) / (2 * k + 1)).reverse();
  const angle = mul(g, t, polynomial(g, terms, square(g, t)));
  return signed(g, g.where(far, minus(g, Math.PI / 2, angle), angle), x);
});

export const asin = orDouble('Asin', (g, x) => {
  const cosine = sqrt(g, mul(g, minus(g, 1, x), plus(g, x, 1)));
  return atan(g, div(g, x, cosine));
});

export const acos = orDouble('Acos', (g, x) => {
  const angle = atan(g, sqrt(g, div(g, minus(g, 1, x), plus(g, x, 1))));
  return add(g, angle, angle);
});

// --- hyperbolas: eˣ/2 is e^(x - log 2), which overflows where the result does ---

const halfExp: Write = (g, x) => exp(g, plus(g, x, -Math.LN2));
const quarterOf: Write = (g, x) => div(g, number(g, 0.25, x), x);

export const cosh = orDouble('Cosh', (g, x) => {
  const e = halfExp(g, abs(g, x));
  return add(g, e, quarterOf(g, e));
});

export const sinh = orDouble('Sinh', (g, x) => {
  const size = abs(g, x);
  const e = halfExp(g, size);
  const small = expm1(g, size);
  const near = half(g, add(g, small, div(g, small, plus(g, small, 1))));
  return signed(g, g.where(above(g, size, 1), sub(g, e, quarterOf(g, e)), near), x);
});

export const asinh = orDouble('Asinh', (g, x) => {
  const size = abs(g, x);
  const far = above(g, size, 1e8);
  const z = square(g, size);
  const near = log1p(g, add(g, size, div(g, z, plus(g, sqrt(g, plus(g, z, 1)), 1))));
  return signed(g, g.where(far, plus(g, log(g, size), Math.LN2), near), x);
});

export const acosh = orDouble('Acosh', (g, x) => {
  const t = plus(g, x, -1);
  const near = log1p(g, add(g, t, sqrt(g, mul(g, t, plus(g, t, 2)))));
  const result = g.where(above(g, x, 1e8), plus(g, log(g, x), Math.LN2), near);
  return g.where(lt(g, x, number(g, 1, x)), number(g, Number.NaN, x), result);
});

export const atanh = orDouble('Atanh', (g, x) => {
  const size = abs(g, x);
  const twice = add(g, size, size);
  return signed(g, half(g, log1p(g, div(g, twice, minus(g, 1, size)))), x);
});

// --- the error function: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969) ---

const rational = (g: OpContext, p: readonly number[], q: readonly number[], x: Ref): Ref =>
  div(g, polynomial(g, p, x), polynomial(g, q, x));

/** erf(x) for |x| up to 0.46875. */
const erfNear: Write = (g, x) => mul(g, x, rational(g, erfCoefficients.nearP, erfCoefficients.nearQ, square(g, x)));

/** erfc(|x|) for |x| from there on. */
const erfcFar: Write = (g, x) => {
  const size = abs(g, x);
  // beyond 30 it is 0, and the square would only overflow
  const bounded = g.op('Min', [size, number(g, 30, x)]);
  const high = mul(g, g.op('Floor', [mul(g, bounded, number(g, 16, x))]), number(g, 1 / 16, x));
  const low = mul(g, sub(g, bounded, high), add(g, bounded, high));
  const gaussian = mul(g, exp(g, neg(g, square(g, high))), exp(g, neg(g, low)));
  const z = g.op('Reciprocal', [square(g, bounded)]);
  const series = minus(
    g,
    1 / Math.sqrt(Math.PI),
    mul(g, z, rational(g, erfCoefficients.farP, erfCoefficients.farQ, z)),
  );
  const tail = g.where(
    above(g, bounded, 4),
    div(g, series, bounded),
    rational(g, erfCoefficients.middleP, erfCoefficients.middleQ, g.op('Min', [bounded, number(g, 4, x)])),
  );
  return g.where(g.op('IsNaN', [x]), x, mul(g, gaussian, tail));
};

const isFar: Write = (g, x) => above(g, abs(g, x), 0.46875);

export const erf = orDouble('Erf', (g, x) =>
  g.where(isFar(g, x), signed(g, minus(g, 1, erfcFar(g, x)), x), erfNear(g, x)),
);

/** In double precision for every dtype, since 1 - erf(x) has no digits left in the right tail. */
export const erfc = inDouble((g, x) => {
  const right = erfcFar(g, x);
  const far = g.where(lt(g, x, number(g, 0, x)), minus(g, 2, right), right);
  return g.where(isFar(g, x), far, minus(g, 1, erfNear(g, x)));
});

/** From Winitzki's approximation, by Halley's steps. */
export const erfinv = inDouble((g, y) => {
  const size = abs(g, y);
  const logarithm = log1p(g, neg(g, square(g, size)));
  const a = plus(g, half(g, logarithm), 2 / (Math.PI * 0.147));
  const inner = sub(g, square(g, a), mul(g, logarithm, number(g, 1 / 0.147, y)));
  let x = sqrt(g, sub(g, sqrt(g, inner), a));
  for (let step = 0; step < 3; step++) {
    // near 1 the complement keeps the digits that 1 - erf(x) would lose
    const error = g.where(
      lt(g, size, number(g, 0.5, y)),
      sub(g, erf(g, x), size),
      sub(g, minus(g, 1, size), erfc(g, x)),
    );
    const slope = mul(g, exp(g, neg(g, square(g, x))), number(g, 2 / Math.sqrt(Math.PI), y));
    const newton = div(g, error, slope);
    x = sub(g, x, div(g, newton, plus(g, mul(g, x, newton), 1)));
  }
  const one = eq(g, size, number(g, 1, y));
  return signed(g, g.where(one, number(g, Number.POSITIVE_INFINITY, y), x), y);
});

// --- the gamma function: Stirling's series above 8 (Abramowitz & Stegun 6.1.40 and 6.3.18), recurrence and reflection below ---

const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];
const digammaSeries = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];

/** x + 0, x + 1, … */
const steps = (g: OpContext, x: Ref, count: number): Ref[] =>
  Array.from({ length: count }, (_, k) => (k === 0 ? x : plus(g, x, k)));

export const lgamma = inDouble((g, x) => {
  const left = lt(g, x, number(g, 0.5, x));
  const right = g.where(left, minus(g, 1, x), x);
  const near = lt(g, right, number(g, 8, x));
  const z = g.where(near, plus(g, right, 8), right);
  const series = div(g, polynomial(g, [...stirling].reverse(), g.op('Reciprocal', [square(g, z)])), z);
  const main = sub(g, mul(g, plus(g, z, -0.5), log(g, z)), z);
  const far = add(g, plus(g, main, Math.log(2 * Math.PI) / 2), series);
  const product = steps(g, right, 8).reduce((a, b) => mul(g, a, b));
  const positive = g.where(near, sub(g, far, log(g, product)), far);
  // only the fraction of x counts for the sine, and it is exact
  const sine = g.op('Sin', [mul(g, sub(g, x, g.op('Round', [x])), number(g, Math.PI, x))]);
  const reflected = sub(g, log(g, div(g, number(g, Math.PI, x), abs(g, sine))), positive);
  const infinite = eq(g, abs(g, x), number(g, Number.POSITIVE_INFINITY, x));
  return g.where(infinite, number(g, Number.POSITIVE_INFINITY, x), g.where(left, reflected, positive));
});

export const digamma = inDouble((g, x) => {
  const zero = number(g, 0, x);
  const left = lt(g, x, zero);
  const right = g.where(left, minus(g, 1, x), x);
  const near = lt(g, right, number(g, 10, x));
  const z = g.where(near, plus(g, right, 10), right);
  const y = g.op('Reciprocal', [square(g, z)]);
  const series = mul(g, y, polynomial(g, [...digammaSeries].reverse(), y));
  const far = sub(g, sub(g, log(g, z), div(g, number(g, 0.5, x), z)), series);
  const shift = steps(g, right, 10)
    .map((s) => g.op('Reciprocal', [s]))
    .reduce((a, b) => add(g, a, b));
  const positive = g.where(near, sub(g, far, shift), far);
  const fraction = mul(g, sub(g, x, g.op('Round', [x])), number(g, Math.PI, x));
  const reflected = sub(g, positive, div(g, number(g, Math.PI, x), tan(g, fraction)));
  // at 0 by the sign of it; at a negative integer there is no value
  const pole = g.where(eq(g, x, zero), neg(g, g.op('Reciprocal', [x])), number(g, Number.NaN, x));
  const whole = g.op('And', [g.op('Or', [left, eq(g, x, zero)]), eq(g, fraction, zero)]);
  return g.where(whole, pole, g.where(left, reflected, positive));
});
