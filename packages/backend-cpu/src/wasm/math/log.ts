/**
 * log: x = 2^n m with m in [√½, √2), log(x) = n ln 2 + log(m), and log(m) from a polynomial in s² where s = (m - 1) / (m + 1), in the arrangement of
 * fdlibm's e_log.c that keeps the error below one unit.
 */
import { double, Lanes, type Precision, single, type Vector, type VectorFn } from './lanes.ts';

interface LogTable {
  readonly precision: Precision;
  readonly ln2: readonly [number, number];
  /** (log((1 + s) / (1 - s)) / s - 2) / s² in s², minimax for the relative error. */
  readonly series: readonly number[];
}

export const logF32: LogTable = {
  precision: single,
  ln2: [0.693359375, -2.1219444005469057e-4],
  // error 2^-36.6
  series: [0.6666666, 0.40000334, 0.285373, 0.23582293],
};

export const logF64: LogTable = {
  precision: double,
  ln2: [0.6931471803691238, 1.9082149292705877e-10],
  // error 2^-58.5
  series: [
    0.6666666666666734, 0.39999999999414326, 0.28571428742474264, 0.22222198563544948, 0.1818356486382707,
    0.15314035902264028, 0.14796104819520328,
  ],
};

/** n and m - 1 of a normal number; n is less by `scaled`. `x` is read often. */
function split(l: Lanes, { bitsOf, int, digits, bias }: Precision, x: Vector, scaled: Vector | null) {
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

/** log of normal numbers. */
function logNormal(l: Lanes, { precision, ln2, series }: LogTable, x: Vector, scaled: Vector | null): Vector {
  const { n, f } = split(l, precision, x, scaled);
  const s = l.let(l.div(f, l.add(f, l.number(2))));
  const z = l.let(l.mul(s, s));
  const halfSquare = l.let(l.mul(l.mul(f, f), l.number(0.5)));
  const r = l.madd(l.polynomial(z, series), z, halfSquare);
  const correction = l.madd(s, r, l.mul(n, l.number(ln2[1])));
  return l.madd(n, l.number(ln2[0]), l.sub(f, l.sub(halfSquare, correction)));
}

export const logOf =
  (table: LogTable): VectorFn =>
  (fn, value, context) => {
    const { precision } = table;
    const { float, digits, int, bitsOf } = precision;
    const l = new Lanes(fn, precision, context);
    const x = fn.let(value);
    const smallest = 2 ** (1 - precision.bias);
    // everything but positive normal numbers, in one signed comparison
    const lowest = -(1n << BigInt(8 * float.size - 1));
    const offset = int.add(x, l.integer(lowest - bitsOf(smallest)));
    const last = l.integer(lowest + bitsOf(Number.POSITIVE_INFINITY) - bitsOf(smallest) - 1n);
    return l.exceptWhere(int.gt(offset, last), logNormal(l, table, x, null), () => {
      const tiny = fn.let(float.lt(x, l.number(smallest)));
      const scaled = fn.let(l.select(l.mul(x, l.number(2 ** digits)), x, tiny));
      const finite = logNormal(l, table, scaled, l.and(tiny, l.number(digits)));
      const positive = l.select(finite, x, float.lt(x, l.number(Number.POSITIVE_INFINITY)));
      const known = l.select(l.number(Number.NEGATIVE_INFINITY), positive, float.eq(x, l.number(0)));
      return l.select(l.number(Number.NaN), known, float.lt(x, l.number(0)));
    });
  };
