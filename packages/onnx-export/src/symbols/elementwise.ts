/** Pointwise ops in ONNX. Operands are cast to the dtype in which Tenfold computes, since ONNX promotes nothing. */
import { type DType, type ElementwiseOps, isFloat } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import {
  abs,
  add,
  div,
  eq,
  exp,
  expm1,
  extreme,
  log,
  log1p,
  lt,
  mul,
  neg,
  number,
  sqrt,
  sub,
} from './elementwise-nodes.ts';
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cosh,
  digamma,
  erf,
  erfc,
  erfinv,
  lgamma,
  sinh,
  tan,
} from './special.ts';
import { type Symbols, unsupported } from './symbol.ts';

// the rows see their op only through the context, whose attributes are typed where a row reads them
type Row = (g: OpContext) => Ref;

/** One ONNX function of floats; integers are converted first. */
const float =
  (type: string): Row =>
  (g) =>
    g.op(type, [g.operand(0, g.outDType())]);

/** One ONNX function that leaves integers alone. */
const rounding =
  (type: string): Row =>
  (g) =>
    isFloat(g.outDType()) ? g.op(type, [g.x()]) : g.x();

/** Two operands of the result's dtype. */
const arithmetic =
  (write: (g: OpContext, x: Ref, y: Ref, dtype: DType) => Ref): Row =>
  (g) =>
    g.widened(g.outDType(), (dtype) => write(g, g.operand(0, dtype), g.operand(1, dtype), dtype));

/** Two operands of a float dtype. */
const compared =
  (write: (g: OpContext, x: Ref, y: Ref) => Ref): Row =>
  (g) => {
    const promoted = g.promoted();
    // runtimes compare bools and small integers as int32
    const dtype = promoted === 'bool' || g.isNarrow(promoted) ? 'int32' : promoted;
    return write(g, g.operand(0, dtype), g.operand(1, dtype));
  };

const logical =
  (type: string): Row =>
  (g) =>
    g.op(type, [g.operand(0, 'bool'), g.operand(1, 'bool')]);

/** `k · y`, where `y` itself does for 1. */
const scaled = (g: OpContext, k: number, y: Ref): Ref => (k === 1 ? y : mul(g, number(g, k, y), y));

/** Towards zero. */
const trunc = (g: OpContext, x: Ref): Ref => mul(g, g.op('Sign', [x]), g.op('Floor', [abs(g, x)]));

/** The remainder with the sign of the divisor, as Python's `%`. */
function remainder(g: OpContext, x: Ref, y: Ref): Ref {
  const float = isFloat(x.dtype as DType);
  const mod = g.op('Mod', [x, y], { fmod_i: float ? 1 : 0 });
  if (!float) return mod;
  const zero = number(g, 0, x);
  const adjust = g.op('And', [g.op('Not', [eq(g, mod, zero)]), g.op('Xor', [lt(g, mod, zero), lt(g, y, zero)])]);
  return g.where(adjust, add(g, mod, y), mod);
}

/** The quotient rounded down. */
function floorDivided(g: OpContext, x: Ref, y: Ref): Ref {
  if (!isFloat(x.dtype as DType)) return div(g, sub(g, x, remainder(g, x, y)), y);
  // from the exact remainder, so that 1 // 0.1 is 9 as in Python; x/0 keeps its infinity
  const exact = g.op('Round', [div(g, sub(g, x, remainder(g, x, y)), y)]);
  return g.where(eq(g, y, number(g, 0, y)), div(g, x, y), exact);
}

const isInfinite = (g: OpContext, x: Ref): Ref => eq(g, abs(g, x), number(g, Number.POSITIVE_INFINITY, x));

/** y/x with the quadrant, built on atan. */
function atan2(g: OpContext, y: Ref, x: Ref): Ref {
  const zero = number(g, 0, x);
  const pi = number(g, Math.PI, x);
  const negative = lt(g, x, zero);
  const below = lt(g, y, zero);
  const base = atan(g, div(g, y, x));
  const turned = g.where(negative, g.where(below, sub(g, base, pi), add(g, base, pi)), base);
  const upright = g.where(below, number(g, -Math.PI / 2, x), number(g, Math.PI / 2, x));
  const both = g.op('And', [eq(g, x, zero), eq(g, y, zero)]);
  return g.where(both, zero, g.where(eq(g, x, zero), upright, turned));
}

/** The magnitude of x with the sign of y. A negative zero counts as positive: ONNX can't tell them apart. */
function copysign(g: OpContext, x: Ref, y: Ref): Ref {
  const size = abs(g, x);
  // 1/y tells -0 from 0
  const negative = lt(g, g.where(eq(g, y, number(g, 0, y)), g.op('Reciprocal', [y]), y), number(g, 0, y));
  return g.where(negative, neg(g, size), size);
}

/** Largest first, so that nothing overflows. */
function hypot(g: OpContext, x: Ref, y: Ref): Ref {
  const [a, b] = [abs(g, x), abs(g, y)];
  const big = g.op('Max', [a, b]);
  const ratio = div(g, g.op('Min', [a, b]), g.where(eq(g, big, number(g, 0, x)), number(g, 1, x), big));
  const length = mul(g, big, sqrt(g, add(g, number(g, 1, x), mul(g, ratio, ratio))));
  return g.where(isInfinite(g, big), big, length);
}

const whole =
  (write: (g: OpContext, x: Ref) => Ref): Row =>
  (g) =>
    write(g, g.operand(0, g.outDType()));
const both =
  (write: (g: OpContext, x: Ref, y: Ref) => Ref): Row =>
  (g) =>
    write(g, g.operand(0, g.outDType()), g.operand(1, g.outDType()));

const widths: { readonly [dtype: string]: number } = { int64: 64, int32: 32, int16: 16, int8: 8, uint8: 8 };

/** The bits of integers as 0 and 1 along a further, last dim: floor(x / 2ᵏ) mod 2, and whether x is negative. */
function bitsOf(g: OpContext, x: Ref, rank: number, width: number): Ref {
  const powers = Array.from({ length: width - 1 }, (_, k) => 2n ** BigInt(k));
  const column = g.unsqueeze(x, [rank]);
  const two = g.scalar(2, 'int64');
  const low = g.op('Mod', [floorDivided(g, column, g.constant(powers, 'int64')), two]);
  return g.op('Concat', [low, g.cast(lt(g, column, g.scalar(0, 'int64')), 'int64')], { axis_i: -1 });
}

/** Bits of integers, by opset 18's ops, before that one by one; of bools, by the logical ones. */
const bits =
  (boolType: 'And' | 'Or' | 'Xor', type: string): Row =>
  (g) => {
    const dtype = g.outDType();
    if (dtype === 'bool') return g.op(boolType, [g.operand(0, 'bool'), g.operand(1, 'bool')]);
    if (g.opset >= 18) return g.op(type, [g.operand(0, dtype), g.operand(1, dtype)]);
    // an unsigned byte has no sign among its bits; as nine bits it has
    const width = dtype === 'uint8' ? 9 : widths[dtype];
    const [x, y] = [0, 1].map((i) => bitsOf(g, g.operand(i, 'int64'), g.isTensor(i) ? g.rank(i) : 0, width));
    const [a, b] = [x, y].map((z) => g.cast(z, 'bool'));
    const both = g.cast(g.op(boolType, [a, b]), 'int64');
    const weights = Array.from({ length: width }, (_, k) => (k === width - 1 ? -(2n ** BigInt(k)) : 2n ** BigInt(k)));
    // a product with a vector: runtimes sum int64 through floats
    return g.cast(g.op('MatMul', [both, g.constant(weights, 'int64')]), dtype);
  };

/** x + value · y ∘ z. */
const accumulate =
  (combine: (g: OpContext, y: Ref, z: Ref) => Ref): Row =>
  (g) => {
    const factor = g.size('value');
    return g.widened(g.outDType(), (dtype) => {
      const y = g.operand(1, dtype);
      const product = factor === 1 ? y : mul(g, g.scalar(factor, dtype), y);
      return add(g, g.operand(0, dtype), combine(g, product, g.operand(2, dtype)));
    });
  };

/** The largest finite number of each float dtype. */
const largest: { readonly [dtype: string]: number } = {
  float64: Number.MAX_VALUE,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
};

/** IsInf, of one sign or both. */
const infinite =
  (negative: 0 | 1, positive: 0 | 1): Row =>
  (g) => {
    if (!isFloat(g.dtype())) return never(g);
    const one = negative === positive ? {} : { detect_negative_i: negative, detect_positive_i: positive };
    return g.op('IsInf', [g.x()], one);
  };

/** BitShift is for unsigned integers: a shift is a product with, or a quotient by, a power of two. */
const shift =
  (write: (g: OpContext, x: Ref, power: Ref) => Ref): Row =>
  (g) => {
    // in int64, where the powers of every smaller dtype have room; from a table, since Pow of integers comes with opset 12 and goes through floats
    const [x, by] = [g.operand(0, 'int64'), g.operand(1, 'int64')];
    const powers = g.constant(
      Array.from({ length: 63 }, (_, k) => 2n ** BigInt(k)),
      'int64',
    );
    return g.cast(write(g, x, g.op('Gather', [powers, by], { axis_i: 0 })), g.outDType());
  };

/** Rows by op name. */
export const elementwise: Symbols<ElementwiseOps> = {
  abs: (g) => g.op('Abs', [g.x()]),
  neg: (g) => g.widened(g.outDType(), (dtype) => neg(g, g.operand(0, dtype))),
  // the sign of NaN is 0 here and NaN in runtimes
  sign: (g) => {
    const dtype = g.outDType();
    if (dtype === 'bool') return g.x();
    const sign = g.op('Sign', [g.x()]);
    return isFloat(dtype) ? g.where(g.op('IsNaN', [g.x()]), g.scalar(0, dtype), sign) : sign;
  },
  floor: rounding('Floor'),
  ceil: rounding('Ceil'),
  round: rounding('Round'),
  trunc: (g) => (isFloat(g.outDType()) ? trunc(g, g.x()) : g.x()),
  frac: (g) => sub(g, g.x(), trunc(g, g.x())),
  square: (g) => g.widened(g.outDType(), (dtype) => mul(g, g.operand(0, dtype), g.operand(0, dtype))),

  exp: float('Exp'),
  exp2: whole((g, x) => g.op('Pow', [number(g, 2, x), x])),
  expm1: whole(expm1),
  log: float('Log'),
  log2: whole((g, x) => div(g, log(g, x), number(g, Math.LN2, x))),
  log10: whole((g, x) => div(g, log(g, x), number(g, Math.LN10, x))),
  log1p: whole(log1p),
  sqrt: float('Sqrt'),
  rsqrt: whole((g, x) => g.op('Reciprocal', [sqrt(g, x)])),
  reciprocal: float('Reciprocal'),
  sin: float('Sin'),
  cos: float('Cos'),
  tan: whole(tan),
  asin: whole(asin),
  acos: whole(acos),
  atan: whole(atan),
  sinh: whole(sinh),
  cosh: whole(cosh),
  tanh: float('Tanh'),
  asinh: whole(asinh),
  acosh: whole(acosh),
  atanh: whole(atanh),
  sigmoid: float('Sigmoid'),
  erf: whole(erf),
  erfc: whole(erfc),

  erfinv: whole(erfinv),
  lgamma: whole(lgamma),
  digamma: whole(digamma),
  polygamma: unsupported('ONNX has no zeta function'),
  logit: (g) => {
    const { eps } = g.attrs;
    return whole((c, x) => {
      const one = number(c, 1, x);
      const [low, high] = [number(c, eps ?? 0, x), number(c, 1 - (eps ?? 0), x)];
      const z = eps === null ? x : c.where(lt(c, x, low), low, c.where(lt(c, high, x), high, x));
      return log(c, div(c, z, sub(c, one, z)));
    })(g);
  },
  sinc: whole((g, x) => {
    const zero = eq(g, x, number(g, 0, x));
    const angle = mul(g, g.where(zero, number(g, 1, x), x), number(g, Math.PI, x));
    return g.where(zero, number(g, 1, x), div(g, g.op('Sin', [angle]), angle));
  }),
  deg2rad: whole((g, x) => mul(g, x, number(g, Math.PI / 180, x))),
  rad2deg: whole((g, x) => mul(g, x, number(g, 180 / Math.PI, x))),
  roundDecimals: (g) => {
    const { decimals } = g.attrs;
    const c: OpContext = g;
    const x = g.operand(0, g.outDType());
    const scale = number(c, 10 ** Math.abs(decimals), x);
    const round = (y: Ref): Ref => g.op('Round', [y]);
    return decimals < 0 ? mul(c, round(div(c, x, scale)), scale) : div(c, round(mul(c, x, scale)), scale);
  },
  nanToNum: (g) => {
    const dtype = g.outDType();
    if (!isFloat(dtype)) return g.x();
    const { nan, posinf, neginf } = g.attrs;
    const [c, x, limit]: [OpContext, Ref, number] = [g, g.x(), largest[dtype]];
    const high = g.where(eq(c, x, number(c, Number.POSITIVE_INFINITY, x)), number(c, posinf ?? limit, x), x);
    const both = g.where(eq(c, x, number(c, Number.NEGATIVE_INFINITY, x)), number(c, neginf ?? -limit, x), high);
    return g.where(g.op('IsNaN', [x]), number(c, nan, x), both);
  },
  // 1/x tells -0 from 0
  signbit: (g) => {
    const c: OpContext = g;
    if (g.dtype() === 'bool') return never(g);
    if (!isFloat(g.dtype())) {
      const wide = g.isNarrow(g.dtype()) ? 'int32' : g.dtype();
      return lt(c, g.operand(0, wide), g.scalar(0, wide));
    }
    const x = g.x();
    const zero = number(c, 0, x);
    return lt(c, g.where(eq(c, x, zero), g.op('Reciprocal', [x]), x), zero);
  },
  isposinf: infinite(0, 1),
  isneginf: infinite(1, 0),

  // Relu takes integers from opset 14 only
  relu: (g) => {
    const dtype = g.outDType();
    if (isFloat(dtype)) return g.op('Relu', [g.x()]);
    return g.widened(dtype, (wide) => extreme(g, 'Max', g.operand(0, wide), g.scalar(0, wide)));
  },
  threshold: (g) =>
    g.widened(g.outDType(), (dtype) => {
      const x = g.operand(0, dtype);
      const above = lt(g, g.scalar(g.size('threshold'), dtype), x);
      const kept = isFloat(dtype) ? g.op('Or', [above, g.op('IsNaN', [x])]) : above;
      return g.where(kept, x, g.scalar(g.size('value'), dtype));
    }),
  isnan: (g) => (isFloat(g.dtype()) ? g.op('IsNaN', [g.x()]) : never(g)),
  isinf: infinite(1, 1),
  isfinite: (g) =>
    isFloat(g.dtype()) ? lt(g, abs(g, g.x()), g.scalar(Number.POSITIVE_INFINITY, g.dtype())) : g.op('Not', [never(g)]),
  clamp: (g) =>
    g.widened(g.outDType(), (dtype) => {
      const x = g.operand(0, dtype);
      const isNumber = (i: number): boolean => g.isAbsent(i) || !g.isTensor(i);
      // Clip takes scalars only, and before opset 12 runtimes have it for float32 alone
      if (isNumber(1) && isNumber(2) && (dtype === 'float32' || g.opset >= 12)) {
        // an absent bound is the largest finite number, to which runtimes clip an infinite one
        const bound = (i: number, end: number): Ref | null =>
          g.isAbsent(i) ? (isFloat(dtype) ? g.scalar(end, dtype) : null) : g.operand(i, dtype);
        const [low, high] = [bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY)];
        return g.op('Clip', [x, low, high]);
      }
      const low = g.isAbsent(1) ? x : extreme(g, 'Max', x, g.operand(1, dtype));
      return g.isAbsent(2) ? low : extreme(g, 'Min', low, g.operand(2, dtype));
    }),

  // the sum of bools is their or
  add: (g) => {
    if (g.outDType() === 'bool') return g.op('Or', [g.operand(0, 'bool'), g.operand(1, 'bool')]);
    return g.widened(g.outDType(), (dtype) => add(g, g.operand(0, dtype), scaledOperand(g, 1, dtype)));
  },
  sub: (g) => g.widened(g.outDType(), (dtype) => sub(g, g.operand(0, dtype), scaledOperand(g, 1, dtype))),
  rsub: (g) => g.widened(g.outDType(), (dtype) => sub(g, g.operand(1, dtype), scaledOperand(g, 0, dtype))),
  mul: (g) =>
    g.outDType() === 'bool'
      ? g.op('And', [g.operand(0, 'bool'), g.operand(1, 'bool')])
      : g.widened(g.outDType(), (dtype) => mul(g, g.operand(0, dtype), factor(g, dtype))),
  div: (g) => {
    const { roundingMode } = g.attrs;
    return g.widened(g.outDType(), (dtype) => {
      const c: OpContext = g;
      const [x, y] = [g.operand(0, dtype), factor(c, dtype)];
      if (roundingMode === 'floor') return floorDivided(c, x, y);
      return roundingMode === 'trunc' && isFloat(dtype) ? trunc(c, div(c, x, y)) : div(c, x, y);
    });
  },
  remainder: (g) => arithmetic(remainder)(g),
  fmod: (g) => arithmetic((c, x, y) => c.op('Mod', [x, y], { fmod_i: 1 }))(g),
  pow: (g) => {
    const dtype = g.outDType();
    const { 1: power } = g.node.inputs;
    return g.widened(dtype, (wide) => {
      const x = g.operand(0, wide);
      const exponent = g.operand(1, wide);
      // as products, which are exact and wrap; Pow of integers comes with opset 12 and goes through floats in runtimes
      const small = typeof power === 'number' && Number.isInteger(power) && power >= 1 && power <= 4;
      if (small && !isFloat(wide)) return Array.from({ length: power }, () => x).reduce((y) => mul(g, y, x));
      if (!isFloat(wide)) g.needs(12, 'a power of integers');
      return g.op('Pow', [x, exponent]);
    });
  },
  atan2: (g) => both(atan2)(g),
  hypot: (g) => both(hypot)(g),
  maximum: (g) => larger('Max', 'Or')(g),
  minimum: (g) => larger('Min', 'And')(g),
  fmax: (g) => ignoringNaN('Max', 'Or')(g),
  fmin: (g) => ignoringNaN('Min', 'And')(g),
  logaddexp: (g) =>
    both((c, x, y) => {
      const stable = add(c, extreme(c, 'Max', x, y), log1p(c, exp(c, neg(c, abs(c, sub(c, x, y))))));
      return c.where(c.op('And', [eq(c, x, y), isInfinite(c, x)]), x, stable);
    })(g),
  logaddexp2: (g) =>
    both((c, x, y) => {
      const ratio = exp(c, mul(c, neg(c, abs(c, sub(c, x, y))), number(c, Math.LN2, x)));
      const stable = add(c, extreme(c, 'Max', x, y), div(c, log1p(c, ratio), number(c, Math.LN2, x)));
      return c.where(c.op('And', [eq(c, x, y), isInfinite(c, x)]), x, stable);
    })(g),
  heaviside: (g) => {
    if (g.outDType() === 'bool') return g.op('Or', [g.operand(0, 'bool'), g.operand(1, 'bool')]);
    return arithmetic((c, x, values) => {
      const zero = number(c, 0, x);
      const step = c.cast(c.op('Greater', [x, zero]), x.dtype as DType);
      return c.where(eq(c, x, zero), values, step);
    })(g);
  },
  xlogy: (g) =>
    both((c, x, y) =>
      c.where(
        c.op('And', [eq(c, x, number(c, 0, x)), c.op('Not', [c.op('IsNaN', [y])])]),
        number(c, 0, x),
        mul(c, x, log(c, y)),
      ),
    )(g),
  copysign: (g) => both(copysign)(g),
  lerp: (g) => {
    const c: OpContext = g;
    const dtype = g.outDType();
    const [start, end, weight] = [0, 1, 2].map((i) => g.operand(i, dtype));
    const diff = sub(c, end, start);
    const near = add(c, start, mul(c, weight, diff));
    const far = sub(c, end, mul(c, diff, sub(c, number(c, 1, weight), weight)));
    return g.where(lt(c, abs(c, weight), number(c, 0.5, weight)), near, far);
  },
  addcmul: accumulate(mul),
  addcdiv: accumulate(div),

  eq: (g) => compared(eq)(g),
  ne: (g) => compared((c, x, y) => c.op('Not', [eq(c, x, y)]))(g),
  lt: (g) => compared(lt)(g),
  le: (g) => compared((c, x, y) => orEqual(c, 'Less', x, y))(g),
  gt: (g) => compared((c, x, y) => c.op('Greater', [x, y]))(g),
  ge: (g) => compared((c, x, y) => orEqual(c, 'Greater', x, y))(g),
  logicalAnd: (g) => logical('And')(g),
  logicalOr: (g) => logical('Or')(g),
  logicalXor: (g) => logical('Xor')(g),
  logicalNot: (g) => g.op('Not', [g.operand(0, 'bool')]),
  bitwiseAnd: (g) => bits('And', 'BitwiseAnd')(g),
  bitwiseOr: (g) => bits('Or', 'BitwiseOr')(g),
  bitwiseXor: (g) => bits('Xor', 'BitwiseXor')(g),
  // before opset 18, of a two's complement number: -1 - x
  bitwiseNot: (g) => {
    const dtype = g.outDType();
    if (dtype === 'bool') return g.op('Not', [g.x()]);
    if (g.opset >= 18) return g.op('BitwiseNot', [g.x()]);
    return g.widened(dtype, (wide) => sub(g, g.scalar(-1, wide), g.operand(0, wide)));
  },
  bitwiseLeftShift: shift((c, x, power) => mul(c, x, power)),
  bitwiseRightShift: shift(floorDivided),
  where: (g) => g.where(g.operand(0, 'bool'), g.operand(1, g.outDType()), g.operand(2, g.outDType())),
  maskedFill: (g) => g.where(g.operand(1, 'bool'), g.operand(2, g.outDType()), g.x()),
};

/** Operand i times the attribute alpha. */
function scaledOperand(g: OpContext, i: number, dtype: DType): Ref {
  const alpha = g.size('alpha');
  const x = g.operand(i, dtype);
  return typeof alpha === 'number' ? scaled(g, alpha, x) : mul(g, g.scalar(alpha, dtype), x);
}

const products: ReadonlySet<string> = new Set(['matmul', 'mm', 'bmm']);

/** Operand 1. Runtimes fold a single number beside a product of float64 matrices into it as a float32; several equal ones they leave alone. */
function factor(g: OpContext, dtype: DType): Ref {
  const { 1: value } = g.node.inputs;
  const last = g.outDims().at(-1);
  const folded = dtype === 'float64' && typeof value === 'number' && Math.fround(value) !== value;
  const varies = g.frame.unified.varying(g.node).has('input.1');
  if (!folded || varies || typeof last !== 'number' || last < 2 || !g.neighbours().some((name) => products.has(name)))
    return g.operand(1, dtype);
  return g.constant(new Array<number>(last).fill(value), dtype);
}

/** False everywhere. */
const never = (g: OpContext): Ref => g.expand(g.scalar(0, 'bool'), g.dims());

/** LessOrEqual and GreaterOrEqual come with opset 12. */
function orEqual(g: OpContext, type: 'Less' | 'Greater', x: Ref, y: Ref): Ref {
  return g.opset >= 12 ? g.op(`${type}OrEqual`, [x, y]) : g.op('Or', [g.op(type, [x, y]), eq(g, x, y)]);
}

const larger =
  (type: 'Max' | 'Min', boolType: string): Row =>
  (g) =>
    g.outDType() === 'bool' ? logical(boolType)(g) : arithmetic((c, x, y) => extreme(c, type, x, y))(g);

/** The other operand where one is NaN. */
const ignoringNaN =
  (type: 'Max' | 'Min', boolType: string): Row =>
  (g) => {
    if (!isFloat(g.outDType())) return larger(type, boolType)(g);
    return both((c, x, y) => c.where(c.op('IsNaN', [x]), y, c.where(c.op('IsNaN', [y]), x, c.op(type, [x, y]))))(g);
  };
