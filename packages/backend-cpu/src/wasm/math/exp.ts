/**
 * exp, and what is made of it: x = n ln 2 + r with |r| <= ln 2 / 2, so that exp(x) = 2^n exp(r), where ln 2 is a sum of two floats (Cody and Waite, 1980)
 * and exp(r) a polynomial.
 */
import { v128 } from '../assembler.ts';
import { double, Lanes, type Precision, single, type Vector, type VectorFn, type VectorFn2 } from './lanes.ts';

export interface ExpTable {
  readonly precision: Precision;
  /** ln 2, the first part with so few bits that n times it is exact. */
  readonly ln2: readonly [number, number];
  /** (exp(r) - 1 - r) / r², minimax for the error of exp(r) - 1 relative to r. */
  readonly tail: readonly number[];
  /** Whether this is 2^x: n is what x rounds to, and r = (x - n) ln 2. */
  readonly ofTwo?: boolean;
  /** exp(x) is a normal number, and 2^n too, if |x| is not greater. */
  readonly safe: number;
  /** exp is 0 below, and infinite above. */
  readonly domain: readonly [number, number];
  /** tanh(x) rounds to 1 where 2x is greater. */
  readonly flat: number;
}

export const expF32: ExpTable = {
  precision: single,
  ln2: [0.693359375, -2.1219444005469057e-4],
  // error 2^-26.2
  tail: [0.5, 0.16666543, 0.04166628, 0.008366584, 0.001394645],
  safe: 87,
  domain: [-104, 89],
  flat: 20,
};

export const expF64: ExpTable = {
  precision: double,
  ln2: [0.6931471803691238, 1.9082149292705877e-10],
  // error 2^-55.6
  tail: [
    0.5000000000000006, 0.16666666666666685, 0.04166666666657362, 0.008333333333314595, 0.0013888888932379539,
    0.00019841269903018595, 2.4801504445056322e-5, 2.7557227969191208e-6, 2.7626326878891834e-7, 2.5114467035541836e-8,
  ],
  safe: 708,
  domain: [-745.2, 710],
  flat: 42,
};

export const exp2F32: ExpTable = { ...expF32, ofTwo: true, safe: 126, domain: [-151, 129] };
export const exp2F64: ExpTable = { ...expF64, ofTwo: true, safe: 1022, domain: [-1076, 1025] };

/** A number whose sum with n has n + `bias` in its low bits. */
const shifter = ({ digits }: Precision, bias: number): number => 1.5 * 2 ** digits + bias;

/** n + bias in the low bits, and r. `x` is read often. */
function reduce(l: Lanes, { precision, ln2, ofTwo }: ExpTable, x: Vector, bias: number) {
  const shift = l.number(shifter(precision, bias));
  const n = l.let(ofTwo ? l.add(x, shift) : l.madd(x, l.number(Math.LOG2E), shift));
  const whole = l.let(l.sub(n, shift));
  const r = l.let(
    ofTwo
      ? l.mul(l.sub(x, whole), l.number(Math.LN2))
      : l.nmadd(whole, l.number(ln2[1]), l.nmadd(whole, l.number(ln2[0]), x)),
  );
  return { n, r };
}

/** exp(r) as 1 + (r + r² tail). */
const expSmall = (l: Lanes, { tail }: ExpTable, r: Vector): Vector =>
  l.add(l.madd(l.pairedPolynomial(r, tail), l.mul(r, r), r), l.number(1));

/** exp where the result and 2^n are normal numbers; NaN for NaN. `x` is read often. */
export function expNormal(l: Lanes, table: ExpTable, x: Vector): Vector {
  const { n, r } = reduce(l, table, x, table.precision.bias);
  return l.mul(expSmall(l, table, r), l.shiftLeft(n, table.precision.digits));
}

/** exp of anything: 2^n in two factors, so that it may overflow and underflow. `x` is read often. */
function expFull(l: Lanes, table: ExpTable, x: Vector): Vector {
  const { bias, digits } = table.precision;
  const { n, r } = reduce(l, table, l.let(l.clamp(x, ...table.domain)), 2 * bias);
  const p = expSmall(l, table, r);
  const half = l.let(l.shiftRight(n, 1));
  const rest = table.precision.int.sub(n, half);
  return l.mul(l.mul(p, l.shiftLeft(half, digits)), l.shiftLeft(rest, digits));
}

/** Lanes of which exp is not to be taken by {@link expNormal}. */
const isExtreme = (l: Lanes, { precision, safe }: ExpTable, x: Vector): Vector =>
  precision.float.gt(v128.andNot(x, l.signBit), l.number(safe));

export const expOf =
  (table: ExpTable): VectorFn =>
  (fn, value, context) => {
    const l = new Lanes(fn, table.precision, context);
    const x = fn.let(value);
    return l.exceptWhere(isExtreme(l, table, x), expNormal(l, table, x), () => expFull(l, table, x));
  };

/** exp(x - m) where x <= m, with the bits of {@link expOf} and no branch: 2^(n + digits + 1) is normal, and a last digit is rounded off only by the last product. */
export const expBelowOf =
  (table: ExpTable): VectorFn2 =>
  (fn, value, m, context) => {
    const l = new Lanes(fn, table.precision, context);
    const { bias, digits } = table.precision;
    const x = fn.let(l.atLeast(fn.let(l.sub(value, m)), table.domain[0]));
    const { n, r } = reduce(l, table, x, bias + digits + 1);
    return l.mul(l.mul(expSmall(l, table, r), l.number(2 ** (-digits - 1))), l.shiftLeft(n, digits));
  };

/** 2^n and exp(r) - 1. `x` is read often and has 2^n normal. */
function expParts(l: Lanes, table: ExpTable, x: Vector): { scale: Vector; p: Vector } {
  const { n, r } = reduce(l, table, x, table.precision.bias);
  const tail = l.polynomial(r, table.tail);
  return { scale: l.let(l.shiftLeft(n, table.precision.digits)), p: l.let(l.madd(tail, l.mul(r, r), r)) };
}

/** 1 / (1 + exp(-x)), which is exp(x) or 1 for large |x|. */
export const sigmoidOf =
  (table: ExpTable): VectorFn =>
  (fn, value, context) => {
    const l = new Lanes(fn, table.precision, context);
    const one = l.number(1);
    const x = fn.let(value);
    const { scale, p } = expParts(l, table, fn.let(v128.xor(x, l.signBit)));
    const sum = fn.let(l.add(one, scale));
    // what the sum loses where 2^n is large
    const lost = l.sub(one, l.sub(sum, scale));
    const usual = l.div(one, l.add(l.madd(scale, p, lost), sum));
    return l.exceptWhere(isExtreme(l, table, x), usual, () =>
      l.select(expFull(l, table, x), one, table.precision.float.lt(x, v128.zero)),
    );
  };

/**
 * (1 - e) / (1 + e) with e = exp(-2|x|) for small x, else 1 - 2e / (1 + e), and the sign of x. With 2^n and exp(r) - 1 apart, 1 - e loses little.
 */
export const tanhOf =
  (table: ExpTable): VectorFn =>
  (fn, value, context) => {
    const l = new Lanes(fn, table.precision, context);
    const one = l.number(1);
    const x = fn.let(value);
    const twice = fn.let(l.atLeast(v128.or(l.add(x, x), l.signBit), -table.flat));
    const { scale, p } = expParts(l, table, twice);
    const small = fn.let(table.precision.float.gt(twice, l.number(-1.2)));
    // e - 1 or 2e
    const top = fn.let(l.madd(scale, p, l.sub(scale, l.and(one, small))));
    const whole = v128.andNot(one, small);
    const part = l.div(l.add(top, v128.andNot(top, small)), l.madd(scale, p, l.add(scale, one)));
    return v128.or(l.sub(whole, part), l.and(x, l.signBit));
  };

/** 2^n (exp(r) - 1) + (2^n - 1), with the sign of x; exp(x) or -1 for large |x|. */
export const expm1Of =
  (table: ExpTable): VectorFn =>
  (fn, value, context) => {
    const l = new Lanes(fn, table.precision, context);
    const x = fn.let(value);
    const { scale, p } = expParts(l, table, x);
    const usual = v128.or(l.madd(scale, p, l.sub(scale, l.number(1))), l.and(x, l.signBit));
    return l.exceptWhere(isExtreme(l, table, x), usual, () =>
      l.select(l.number(-1), expFull(l, table, x), table.precision.float.lt(x, v128.zero)),
    );
  };
