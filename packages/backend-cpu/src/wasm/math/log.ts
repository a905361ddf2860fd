/**
 * log: x = 2^n m with m in [√½, √2), log(x) = n ln 2 + log(m), and log(m) from a polynomial in s² where s = (m - 1) / (m + 1), in the arrangement of
 * fdlibm's e_log.c that keeps the error below one unit.
 */
import { v128 } from '../assembler.ts';
import { double, Lanes, type Precision, single, type Vector, type VectorFn } from './lanes.ts';

type Two = readonly [number, number];

export interface LogTable {
  readonly precision: Precision;
  /** ln 2, log2 e, log10 2 and log10 e as two floats; n times the first one of ln 2 and log10 2 is exact. */
  readonly ln2: Two;
  readonly log2e: Two;
  readonly log10of2: Two;
  readonly log10e: Two;
  /** (log((1 + s) / (1 - s)) / s - 2) / s² in s², minimax for the relative error. */
  readonly series: readonly number[];
}

export const logF32: LogTable = {
  precision: single,
  ln2: [0.693359375, -2.1219444005469057e-4],
  log2e: [1.4426950216293335, 1.9259629911266175e-8],
  log10of2: [0.301025390625, 4.605038981195214e-6],
  log10e: [0.4342944622039795, 1.9699272335463627e-8],
  // error 2^-36.6
  series: [0.6666666, 0.40000334, 0.285373, 0.23582293],
};

export const logF64: LogTable = {
  precision: double,
  ln2: [0.6931471803691238, 1.9082149292705877e-10],
  log2e: [Math.LOG2E, 2.0355273740931033e-17],
  log10of2: [0.30102999566395283, 2.8363394551044964e-14],
  log10e: [Math.LOG10E, 1.098319650216765e-17],
  // error 2^-58.5
  series: [
    0.6666666666666734, 0.39999999999414326, 0.28571428742474264, 0.22222198563544948, 0.1818356486382707,
    0.15314035902264028, 0.14796104819520328,
  ],
};

/** n and m - 1 of a normal number; n is less by `scaled`. `x` is read often. */
export function split(l: Lanes, { bitsOf, int, digits, bias }: Precision, x: Vector, scaled: Vector | null) {
  const low = bitsOf(Math.SQRT1_2);
  const shifted = l.let(int.add(x, l.integer(bitsOf(1) - low)));
  // n + bias as the low bits of a float
  const magic = 2 ** digits;
  const biased = int.add(l.shiftRight(shifted, digits), l.integer(bitsOf(magic)));
  const n = l.sub(biased, l.number(magic + bias));
  const fraction = l.and(shifted, l.integer((1n << BigInt(digits)) - 1n));
  const m = int.add(fraction, l.integer(low));
  return { n: l.let(scaled ? l.sub(n, scaled) : n), f: l.let(l.sub(m, l.number(1))) };
}

/** log(1 + f) + `more`. `f` is read often. */
function logOfFraction(l: Lanes, { series }: LogTable, f: Vector, more: Vector | null): Vector {
  const s = l.let(l.div(f, l.add(f, l.number(2))));
  const z = l.let(l.mul(s, s));
  const halfSquare = l.let(l.mul(l.mul(f, f), l.number(0.5)));
  const r = l.madd(l.polynomial(z, series), z, halfSquare);
  return l.sub(f, l.sub(halfSquare, more ? l.madd(s, r, more) : l.mul(s, r)));
}

/** A logarithm of 2^n (1 + f). Both are read often. */
type Combine = (l: Lanes, table: LogTable, n: Vector, f: Vector) => Vector;

/** x · c, c being the sum of two floats. `x` is read often. */
const times = (l: Lanes, x: Vector, c: Two): Vector => l.madd(x, l.number(c[0]), l.mul(x, l.number(c[1])));

const natural: Combine = (l, table, n, f) =>
  l.madd(n, l.number(table.ln2[0]), logOfFraction(l, table, f, l.mul(n, l.number(table.ln2[1]))));

const binary: Combine = (l, table, n, f) => l.add(times(l, l.let(logOfFraction(l, table, f, null)), table.log2e), n);

const decimal: Combine = (l, table, n, f) => {
  const low = l.mul(n, l.number(table.log10of2[1]));
  const fraction = times(l, l.let(logOfFraction(l, table, f, null)), table.log10e);
  return l.madd(n, l.number(table.log10of2[0]), l.add(low, fraction));
};

const logarithm =
  (combine: Combine) =>
  (table: LogTable): VectorFn =>
  (fn, value, context) => {
    const { precision } = table;
    const { float, digits, int, bitsOf } = precision;
    const l = new Lanes(fn, precision, context);
    const logNormal = (of: Vector, scaled: Vector | null): Vector => {
      const { n, f } = split(l, precision, of, scaled);
      return combine(l, table, n, f);
    };
    const x = fn.let(value);
    const smallest = 2 ** (1 - precision.bias);
    // everything but positive normal numbers, in one signed comparison
    const lowest = -(1n << BigInt(8 * float.size - 1));
    const offset = int.add(x, l.integer(lowest - bitsOf(smallest)));
    const last = l.integer(lowest + bitsOf(Number.POSITIVE_INFINITY) - bitsOf(smallest) - 1n);
    return l.exceptWhere(int.gt(offset, last), logNormal(x, null), () => {
      const tiny = fn.let(float.lt(x, l.number(smallest)));
      const scaled = fn.let(l.select(l.mul(x, l.number(2 ** digits)), x, tiny));
      const finite = logNormal(scaled, l.and(tiny, l.number(digits)));
      const positive = l.select(finite, x, float.lt(x, l.number(Number.POSITIVE_INFINITY)));
      const known = l.select(l.number(Number.NEGATIVE_INFINITY), positive, float.eq(x, l.number(0)));
      return l.select(l.number(Number.NaN), known, float.lt(x, l.number(0)));
    });
  };

export const logOf = logarithm(natural);
export const log2Of = logarithm(binary);
export const log10Of = logarithm(decimal);

/** log(1 + x): 1 + x = 2^n (1 + f), where f is x itself while n is 0, and what the sum lost is added to the logarithm. */
export const log1pOf =
  (table: LogTable): VectorFn =>
  (fn, value, context) => {
    const { precision } = table;
    const { float } = precision;
    const l = new Lanes(fn, precision, context);
    const x = fn.let(value);
    const one = l.number(1);
    const sum = fn.let(l.add(x, one));
    const { n, f } = split(l, precision, sum, null);
    const back = fn.let(l.sub(sum, x));
    const lost = l.div(l.add(l.sub(one, back), l.sub(x, l.sub(sum, back))), sum);
    const direct = fn.let(float.eq(n, v128.zero));
    const fraction = fn.let(l.select(x, f, direct));
    const more = l.madd(n, l.number(table.ln2[1]), v128.andNot(lost, direct));
    const log = l.madd(n, l.number(table.ln2[0]), logOfFraction(l, table, fraction, more));
    // the sign is that of x, -0 too
    const usual = v128.or(log, l.and(x, l.signBit));
    const infinite = l.number(Number.POSITIVE_INFINITY);
    const plain = l.and(float.gt(x, l.number(-1)), float.lt(x, infinite));
    return l.exceptWhere(v128.not(plain), usual, () => {
      const pole = l.select(l.number(Number.NEGATIVE_INFINITY), x, float.eq(x, l.number(-1)));
      return l.select(l.number(Number.NaN), pole, float.lt(x, l.number(-1)));
    });
  };
