/** sin and cos: x = n π/2 + r with |r| <= π/4, and polynomials in r². */
import { f32x4, f64x2, shuffle32, v128 } from '../assembler.ts';
import { double, Lanes, type Precision, single, type Vector, type VectorFn } from './lanes.ts';

interface TrigTable {
  readonly precision: Precision;
  /** (sin(r) - r) / r³ in r², minimax for the error relative to r. */
  readonly sin: readonly number[];
  /** (cos(r) - 1 + r² / 2) / r⁴ in r², minimax for the absolute error. */
  readonly cos: readonly number[];
  /** Where the reduction is good enough. */
  readonly limit: number;
  /** n in the low bits, r, and what r lacks. */
  readonly reduce: (l: Lanes, x: Vector) => { readonly n: Vector; readonly r: Vector; readonly rest: Vector | null };
}

/** 1.5 · 2⁵²: the sum with n has n in its low bits. */
const shift64 = 1.5 * 2 ** 52;

/** π/2 in four parts: three of 33 bits, so that n times one is exact for n < 2²⁰, and what remains. */
const halfPi = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32] as const;

/** In double precision, two lanes at a time: n times the first part is exact, and the rest small. */
function reduceSingle(l: Lanes, x: Vector) {
  const d = new Lanes(l.fn, double, l.context);
  const half = (pair: Vector) => {
    const wide = d.let(f64x2.promote(pair));
    const n = d.let(d.madd(wide, d.number(2 / Math.PI), d.number(shift64)));
    const whole = d.let(d.sub(n, d.number(shift64)));
    const r = d.nmadd(whole, d.number(halfPi[1]), d.nmadd(whole, d.number(halfPi[0]), wide));
    return { n, r: f32x4.demote(r) };
  };
  const low = half(x);
  const high = half(shuffle32(x, x, [2, 3, 2, 3]));
  return {
    n: l.let(shuffle32(low.n, high.n, [0, 2, 4, 6])),
    r: l.let(shuffle32(low.r, high.r, [0, 1, 4, 5])),
    rest: null,
  };
}

/** The four parts one after the other; what each subtraction rounds off is kept. */
function reduceDouble(l: Lanes, x: Vector) {
  const n = l.let(l.madd(x, l.number(2 / Math.PI), l.number(shift64)));
  const whole = l.let(l.sub(n, l.number(shift64)));
  const a = l.let(l.sub(x, l.mul(whole, l.number(halfPi[0]))));
  const second = l.let(l.mul(whole, l.number(halfPi[1])));
  const b = l.let(l.sub(a, second));
  const lostB = l.let(twoSubError(l, a, second, b));
  const third = l.let(l.mul(whole, l.number(halfPi[2])));
  const c = l.let(l.sub(b, third));
  const lostC = twoSubError(l, b, third, c);
  const rest = l.let(l.sub(l.add(lostB, lostC), l.mul(whole, l.number(halfPi[3]))));
  const r = l.let(l.add(c, rest));
  return { n, r, rest: l.let(l.add(l.sub(c, r), rest)) };
}

/** (x - y) - difference without an error (Knuth's two-sum). */
function twoSubError(l: Lanes, x: Vector, y: Vector, difference: Vector): Vector {
  const back = l.let(l.sub(x, difference));
  return l.add(l.sub(x, l.add(difference, back)), l.sub(back, y));
}

const trigF32: TrigTable = {
  precision: single,
  // errors 2^-28.1 and 2^-33.3
  sin: [-0.16666655, 0.008332176, -0.00019516978],
  cos: [0.041666646, -0.0013887364, 2.4438092e-5],
  limit: 2 ** 20,
  reduce: reduceSingle,
};

const trigF64: TrigTable = {
  precision: double,
  // errors 2^-58.0 and 2^-64.2
  sin: [
    -0.16666666666666632, 0.00833333333332237, -0.00019841269829771124, 2.7557313678649897e-6, -2.5050755958806745e-8,
    1.5896666353432175e-10,
  ],
  cos: [
    0.0416666666666666, -0.0013888888888874064, 2.4801587289443485e-5, -2.755731434066003e-7, 2.0875721623772486e-9,
    -1.1359559331832974e-11,
  ],
  limit: 2 ** 20,
  reduce: reduceDouble,
};

/** sin(x + quarter · π/2): one of the two polynomials by the lowest bit of n, the sign by the next. */
const sineOf =
  (table: TrigTable, name: 'sin' | 'cos', quarter: 0n | 1n): VectorFn =>
  (fn, value, context) => {
    const { precision } = table;
    const { int, float } = precision;
    const l = new Lanes(fn, precision, context);
    const x = fn.let(value);
    // sin by its oddness, so that -0 gives -0
    const reduced = table.reduce(l, quarter === 0n ? fn.let(v128.andNot(x, l.signBit)) : x);
    const { r, rest } = reduced;
    const n = quarter === 0n ? reduced.n : fn.let(int.add(reduced.n, l.integer(quarter)));
    const z = fn.let(l.mul(r, r));
    const cubic = fn.let(l.mul(l.polynomial(z, table.sin), z));
    const s = rest ? l.add(r, l.add(l.mul(r, cubic), rest)) : l.madd(r, cubic, r);
    const half = fn.let(l.mul(z, l.number(0.5)));
    const one = l.number(1);
    const top = fn.let(l.sub(one, half));
    const lost = l.sub(l.sub(one, top), half);
    const quartic = l.madd(l.mul(z, z), l.polynomial(z, table.cos), lost);
    const c = l.add(top, rest ? l.nmadd(r, rest, quartic) : quartic);
    const odd = int.eq(l.and(n, l.integer(1n)), l.integer(1n));
    const sign = l.shiftLeft(l.shiftRight(n, 1), 8 * float.size - 1);
    const signs = quarter === 0n ? v128.xor(sign, l.and(x, l.signBit)) : sign;
    const usual = v128.xor(l.select(c, s, odd), signs);
    return l.exceptWhere(float.gt(float.abs(x), l.number(table.limit)), usual, () => l.perLane(`unary.${name}`, x));
  };

export const sinF32 = sineOf(trigF32, 'sin', 0n);
export const cosF32 = sineOf(trigF32, 'cos', 1n);
export const sinF64 = sineOf(trigF64, 'sin', 0n);
export const cosF64 = sineOf(trigF64, 'cos', 1n);
