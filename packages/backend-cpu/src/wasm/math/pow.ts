/** pow of single floats as 2^(y log2 |x|) in double precision, whose 53 bits leave room for a power of 2^7. */
import { f32x4, f64x2, i32, i32x4, shuffle32, v128 } from '../assembler.ts';
import { double, Lanes, single, type Vector, type VectorFn2 } from './lanes.ts';
import { type LogTable, split } from './log.ts';

/** A shorter series than log of doubles needs: error 2^-43.9. */
const series: LogTable['series'] = [
  0.6666666667580454, 0.3999999562075754, 0.2857210926090132, 0.22176184806773053, 0.19584202815479515,
];

/** (exp(r) - 1 - r) / r²: error 2^-32.0. */
const expTail = [
  0.500000004641376, 0.16666666817076237, 0.04166635466337964, 0.008333273049541968, 0.001394100832691741,
  0.00019914170476785197,
];

/** log2 of positive numbers, none infinite. `x` is read often. */
function log2(d: Lanes, x: Vector): Vector {
  const { n, f } = split(d, double, x, null);
  const s = d.let(d.div(f, d.add(f, d.number(2))));
  const z = d.let(d.mul(s, s));
  const log = d.mul(s, d.madd(d.polynomial(z, series), z, d.number(2)));
  return d.madd(log, d.number(Math.LOG2E), n);
}

/** 2^t, 0 or infinite as a single float where t is beyond the bounds. */
function exp2(d: Lanes, t: Vector): Vector {
  const bounded = d.let(d.clamp(t, -160, 130));
  const shift = d.number(1.5 * 2 ** 52 + double.bias);
  const n = d.let(d.add(bounded, shift));
  const r = d.let(d.mul(d.sub(bounded, d.sub(n, shift)), d.number(Math.LN2)));
  const p = d.add(d.madd(d.polynomial(r, expTail), d.mul(r, r), r), d.number(1));
  return d.mul(p, d.shiftLeft(n, double.digits));
}

export const powF32: VectorFn2 = (fn, base, exponent, context) => {
  const l = new Lanes(fn, single, context);
  const d = new Lanes(fn, double, context);
  const x = fn.let(base);
  const y = fn.let(exponent);
  const size = fn.let(v128.andNot(x, l.signBit));
  const pair = (of: Vector, power: Vector): Vector =>
    fn.let(f32x4.demote(exp2(d, d.mul(f64x2.promote(power), log2(d, fn.let(f64x2.promote(of)))))));
  const high = [2, 3, 2, 3] as const;
  const low = pair(size, y);
  const positive = shuffle32(low, pair(shuffle32(size, size, high), shuffle32(y, y, high)), [0, 1, 4, 5]);
  // of a negative base: the sign of an odd power, and NaN unless the power is whole
  const half = fn.let(l.mul(y, l.number(0.5)));
  const odd = v128.and(f32x4.ne(f32x4.nearest(half), half), l.signBit);
  const broken = f32x4.ne(f32x4.nearest(y), y);
  const negative = fn.let(i32x4.shrS(x, i32.const(31)));
  const signed = v128.xor(positive, v128.and(odd, negative));
  const usual = v128.or(signed, v128.and(broken, negative));
  // zeros, infinities and NaN: x is not in (0, Inf), or y is not finite
  const infinite = l.number(Number.POSITIVE_INFINITY);
  const plain = v128.and(
    v128.and(f32x4.gt(size, v128.zero), f32x4.lt(size, infinite)),
    f32x4.lt(v128.andNot(y, l.signBit), infinite),
  );
  return l.exceptWhere(v128.not(plain), usual, () => l.perLane('binary.pow', x, y));
};
