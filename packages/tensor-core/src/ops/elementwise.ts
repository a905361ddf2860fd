/** Pointwise ops: each is one scalar expression. Kernels, fusion and shape inference follow from it. */
import { type DType, isFloat, isInteger } from '../dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import * as e from '../expr.ts';
import type { Operand, OpSpec, Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { notImplementedFor, pointwise } from './build.ts';

type Unary = Sig<[Tensor]>;
type Binary = Sig<[Tensor, Operand]>;
type Ternary = Sig<[Tensor, Operand, Operand]>;

/** How a division is rounded; `null` is true division. */
export type RoundingMode = 'floor' | 'trunc' | null;

/** Attributes of `nanToNum`: what stands for NaN and the infinities; `null` for the largest and smallest number of the dtype. */
export interface NanToNumAttrs {
  readonly nan: number;
  readonly posinf: number | null;
  readonly neginf: number | null;
}

export interface ElementwiseOps {
  abs: Unary;
  neg: Unary;
  sign: Unary;
  floor: Unary;
  ceil: Unary;
  round: Unary;
  trunc: Unary;
  frac: Unary;
  square: Unary;
  exp: Unary;
  exp2: Unary;
  expm1: Unary;
  log: Unary;
  log2: Unary;
  log10: Unary;
  log1p: Unary;
  sqrt: Unary;
  rsqrt: Unary;
  reciprocal: Unary;
  sin: Unary;
  cos: Unary;
  tan: Unary;
  asin: Unary;
  acos: Unary;
  atan: Unary;
  sinh: Unary;
  cosh: Unary;
  tanh: Unary;
  asinh: Unary;
  acosh: Unary;
  atanh: Unary;
  sigmoid: Unary;
  relu: Unary;
  erf: Unary;
  erfc: Unary;
  erfinv: Unary;
  lgamma: Unary;
  digamma: Unary;
  polygamma: Sig<[Tensor], { n: number }>;
  logit: Sig<[Tensor], { eps: number | null }>;
  sinc: Unary;
  deg2rad: Unary;
  rad2deg: Unary;
  roundDecimals: Sig<[Tensor], { decimals: number }>;
  nanToNum: Sig<[Tensor], NanToNumAttrs>;
  signbit: Unary;
  isposinf: Unary;
  isneginf: Unary;
  isnan: Unary;
  isinf: Unary;
  isfinite: Unary;
  clamp: Sig<[Tensor, Operand, Operand]>;
  threshold: Sig<[Tensor], { threshold: number; value: number }>;
  add: Sig<[Tensor, Operand], { alpha: number }>;
  sub: Sig<[Tensor, Operand], { alpha: number }>;
  rsub: Sig<[Tensor, Operand], { alpha: number }>;
  mul: Binary;
  div: Sig<[Tensor, Operand], { roundingMode: RoundingMode }>;
  remainder: Binary;
  fmod: Binary;
  pow: Sig<[Operand, Operand]>;
  atan2: Binary;
  hypot: Binary;
  maximum: Binary;
  minimum: Binary;
  fmax: Binary;
  fmin: Binary;
  logaddexp: Binary;
  logaddexp2: Binary;
  heaviside: Binary;
  xlogy: Binary;
  copysign: Binary;
  lerp: Ternary;
  addcmul: Sig<[Tensor, Tensor, Tensor], { value: number }>;
  addcdiv: Sig<[Tensor, Tensor, Tensor], { value: number }>;
  eq: Binary;
  ne: Binary;
  lt: Binary;
  le: Binary;
  gt: Binary;
  ge: Binary;
  logicalAnd: Binary;
  logicalOr: Binary;
  logicalXor: Binary;
  logicalNot: Unary;
  bitwiseAnd: Binary;
  bitwiseOr: Binary;
  bitwiseXor: Binary;
  bitwiseNot: Unary;
  bitwiseLeftShift: Binary;
  bitwiseRightShift: Binary;
  where: Sig<[Tensor, Operand, Operand]>;
  maskedFill: Sig<[Tensor, Tensor, Operand]>;
}

/** A function of floats; integers are converted first, as in PyTorch. */
const floatFn = (name: string, fn: e.UnaryFn): OpSpec<Unary> =>
  pointwise<Unary>(name, { promote: 'float', formula: ([x]) => e.unary(fn, x) });

/** A function that leaves integers as they are. */
const roundingFn = (name: string, fn: e.UnaryFn): OpSpec<Unary> =>
  pointwise<Unary>(name, {
    promote: 'common',
    formula: ([x]) => (isFloat(x.dtype) ? e.unary(fn, x) : x),
    check: (dtype) => refuseBool(name, dtype),
  });

const compareFn = (name: string, fn: e.CompareFn): OpSpec<Binary> =>
  pointwise<Binary>(name, { promote: 'compare', formula: ([x, y]) => e.compare(fn, x, y) });

const bitFn = (name: string, fn: e.BinaryFn): OpSpec<Binary> =>
  pointwise<Binary>(name, { promote: 'integer', formula: ([x, y]) => e.binary(fn, x, y) });

function refuseBool(name: string, dtype: DType): void {
  if (dtype === 'bool') throw notImplementedFor(name, dtype);
}

/** PyTorch refuses `-` on bools and says what to use. */
function refuseBoolSub(name: string, dtype: DType): void {
  if (dtype !== 'bool') return;
  throw new DTypeError(
    `${name}: Subtraction, the \`-\` operator, with bool tensors is not supported. Use bitwiseXor or logicalXor instead, or logicalNot to invert a mask.`,
  );
}

const alpha = ({ alpha }: { alpha: number }): number[] => [alpha];

/** Integer tensors take integer factors only; a fraction would be cut off silently. */
function integralFactor(name: string, dtype: DType, factor: number): void {
  if (!isFloat(dtype) && !Number.isInteger(factor)) {
    throw new ArgumentError(
      `${name}: For integral input tensors, argument alpha must not be a floating point number, got ${factor}`,
    );
  }
}

/** bool + bool is a logical or. */
const sum = (x: e.Expr, y: e.Expr): e.Expr => (x.dtype === 'bool' ? e.bitOr(x, y) : e.add(x, y));
const product = (x: e.Expr, y: e.Expr): e.Expr => (x.dtype === 'bool' ? e.bitAnd(x, y) : e.mul(x, y));
/** NaN-free choice: the other operand where one is NaN. */
const ignoringNaN =
  (fn: 'min' | 'max') =>
  ([x, y]: readonly e.Expr[]) =>
    e.select(e.isNaNExpr(x), y, e.select(e.isNaNExpr(y), x, e.binary(fn, x, y)));
const boolAsBits =
  (fn: 'min' | 'max') =>
  ([x, y]: readonly e.Expr[]) =>
    x.dtype === 'bool' ? e.binary(fn === 'max' ? 'bitOr' : 'bitAnd', x, y) : e.binary(fn, x, y);

/** The quotient rounded down; for integers from the truncated one. */
function floorDivided(x: e.Expr, y: e.Expr): e.Expr {
  // floats: fmod first, so that e.g. 1 // 0.1 is 9 as in Python (CPython's float_floor_div)
  if (isFloat(x.dtype)) {
    const mod = e.rem(x, y);
    const exact = e.div(e.sub(x, mod), y);
    const signsDiffer = e.ne(e.lt(y, 0), e.lt(mod, 0));
    const down = e.select(e.bitAnd(e.ne(mod, 0), signsDiffer), e.sub(exact, 1), exact);
    const floored = e.floor(down);
    const nearest = e.select(e.gt(e.sub(down, floored), 0.5), e.add(floored, 1), floored);
    const zero = e.binary('copysign', e.constant(0, x.dtype), e.div(x, y));
    return e.select(e.eq(y, 0), e.div(x, y), e.select(e.ne(down, 0), nearest, zero));
  }
  const quotient = e.div(x, y);
  const inexact = e.ne(e.mul(quotient, y), x);
  const negative = e.ne(e.lt(x, 0), e.lt(y, 0));
  return e.select(e.bitAnd(inexact, negative), e.sub(quotient, 1), quotient);
}

/** Exponents for which a power is a product: every engine's `pow` gives the same bits there, with much more work. */
const products: readonly unknown[] = [1, 2];

/** PyTorch takes the numbers 0.5 and -0.5 for roots, which differ from powers at -Inf and -0. */
function raised(x: e.Expr, y: e.Expr): e.Expr {
  if (y.kind !== 'param' || !isFloat(x.dtype)) return e.pow(x, y);
  return e.select(e.eq(y, 0.5), e.sqrt(x), e.select(e.eq(y, -0.5), e.unary('rsqrt', x), e.pow(x, y)));
}

function divided(x: e.Expr, y: e.Expr, mode: RoundingMode): e.Expr {
  if (mode === 'floor') return floorDivided(x, y);
  const quotient = e.div(x, y);
  return mode === 'trunc' && isFloat(x.dtype) ? e.trunc(quotient) : quotient;
}

/** The remainder with the sign of the divisor, as Python's `%`. */
function pythonRemainder(x: e.Expr, y: e.Expr): e.Expr {
  const mod = e.rem(x, y);
  const adjust = e.bitAnd(e.ne(mod, 0), e.ne(e.lt(mod, 0), e.lt(y, 0)));
  return e.select(adjust, e.add(mod, y), mod);
}

/** log(exp(x) + exp(y)) without overflow: max + log1p(exp(-|x - y|)); equal infinities are themselves. */
function logAddExp(x: e.Expr, y: e.Expr): e.Expr {
  const stable = e.add(e.max(x, y), e.unary('log1p', e.exp(e.neg(e.abs(e.sub(x, y))))));
  const equalInfinities = e.bitAnd(e.eq(x, y), e.eq(e.abs(x), Number.POSITIVE_INFINITY));
  return e.select(equalInfinities, x, stable);
}

/** start + weight · (end - start), from the nearer end (PyTorch's formula, exact at both ends). */
function interpolate(start: e.Expr, end: e.Expr, weight: e.Expr): e.Expr {
  const diff = e.sub(end, start);
  const near = e.add(start, e.mul(weight, diff));
  const far = e.sub(end, e.mul(diff, e.sub(1, weight)));
  return e.select(e.lt(e.abs(weight), 0.5), near, far);
}

/** `high` may be absent. */
const atMost = (x: e.Expr, high: e.Expr | undefined): e.Expr => (high ? e.min(x, high) : x);

function floatOnly(name: string): (dtype: DType) => void {
  return (dtype) => {
    if (!isFloat(dtype)) throw notImplementedFor(name, dtype);
  };
}

const shiftFn = (name: string, fn: 'shiftLeft' | 'shiftRight'): OpSpec<Binary> =>
  pointwise<Binary>(name, {
    promote: 'integer',
    formula: ([x, y]) => e.binary(fn, x, y),
    check: (dtype) => refuseBool(name, dtype),
  });

/** log2(2^x + 2^y), as {@link logAddExp}. */
function logAddExp2(x: e.Expr, y: e.Expr): e.Expr {
  const ratio = e.unary('exp2', e.neg(e.abs(e.sub(x, y))));
  const stable = e.add(e.max(x, y), e.mul(e.unary('log1p', ratio), Math.LOG2E));
  const equalInfinities = e.bitAnd(e.eq(x, y), e.eq(e.abs(x), Number.POSITIVE_INFINITY));
  return e.select(equalInfinities, x, stable);
}

/** log(x / (1 - x)) of an element within [eps, 1 - eps]. */
function logOdds(x: e.Expr, eps: e.Expr | undefined): e.Expr {
  const high = eps && e.sub(1, eps);
  const z = eps && high ? e.select(e.lt(x, eps), eps, e.select(e.gt(x, high), high, x)) : x;
  return e.log(e.div(z, e.sub(1, z)));
}

/** ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x). */
function polyGamma(x: e.Expr, n: number): e.Expr {
  if (n === 0) return e.unary('digamma', x);
  let factorial = 1;
  // beyond 170 it is infinite
  for (let k = 2; k <= Math.min(n, 171); k++) factorial *= k;
  const signed = n % 2 === 1 ? factorial : -factorial;
  const value = e.mul(e.binary('zeta', e.constant(n + 1, x.dtype), x), signed);
  // the first one comes by reflection in PyTorch, and has no value at -infinity
  return n === 1 ? e.select(e.eq(x, Number.NEGATIVE_INFINITY), Number.NaN, value) : value;
}

/** The largest finite number of each float dtype. */
const largest: { readonly [dtype: string]: number } = {
  float64: Number.MAX_VALUE,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
};

/** `p` holds what stands for NaN, then the infinities' numbers that are given. */
function withoutNaN(x: e.Expr, p: e.Expr[], { posinf, neginf }: NanToNumAttrs): e.Expr {
  if (!isFloat(x.dtype)) return x;
  const high = posinf === null ? largest[x.dtype] : p[1];
  const low = neginf === null ? -largest[x.dtype] : p[p.length - 1];
  const finite = e.select(e.eq(x, Number.POSITIVE_INFINITY), high, x);
  return e.select(e.isNaNExpr(x), p[0], e.select(e.eq(x, Number.NEGATIVE_INFINITY), low, finite));
}

/** Whether an element is one of the infinities. */
const isInfinity = (name: string, value: number): OpSpec<Unary> =>
  pointwise<Unary>(name, {
    promote: 'compare',
    formula: ([x]) => (isFloat(x.dtype) ? e.eq(x, value) : e.constant(0, 'bool')),
    inplace: false,
  });

/** x · factor. */
const scaleFn = (name: string, factor: number): OpSpec<Unary> =>
  pointwise<Unary>(name, { promote: 'float', formula: ([x]) => e.mul(x, factor) });

/** Rows by op name. */
export const elementwise: { readonly [K in keyof ElementwiseOps]: OpSpec<ElementwiseOps[K]> } = {
  abs: pointwise('abs', { promote: 'number', formula: ([x]) => e.abs(x) }),
  neg: pointwise('neg', {
    promote: 'common',
    formula: ([x]) => e.neg(x),
    check: (dtype) => {
      if (dtype === 'bool') {
        throw new DTypeError(
          'neg: Negation, the `-` operator, on a bool tensor is not supported. Use bitwiseNot or logicalNot instead.',
        );
      }
    },
  }),
  sign: pointwise('sign', { promote: 'common', formula: ([x]) => (x.dtype === 'bool' ? x : e.sign(x)) }),
  floor: roundingFn('floor', 'floor'),
  ceil: roundingFn('ceil', 'ceil'),
  round: roundingFn('round', 'round'),
  trunc: roundingFn('trunc', 'trunc'),
  frac: pointwise('frac', { promote: 'common', formula: ([x]) => e.sub(x, e.trunc(x)), check: floatOnly('frac') }),
  square: pointwise('square', { promote: 'number', formula: ([x]) => e.mul(x, x) }),

  exp: floatFn('exp', 'exp'),
  exp2: floatFn('exp2', 'exp2'),
  expm1: floatFn('expm1', 'expm1'),
  log: floatFn('log', 'log'),
  log2: floatFn('log2', 'log2'),
  log10: floatFn('log10', 'log10'),
  log1p: floatFn('log1p', 'log1p'),
  sqrt: floatFn('sqrt', 'sqrt'),
  rsqrt: floatFn('rsqrt', 'rsqrt'),
  reciprocal: pointwise('reciprocal', { promote: 'float', formula: ([x]) => e.div(1, x) }),
  sin: floatFn('sin', 'sin'),
  cos: floatFn('cos', 'cos'),
  tan: floatFn('tan', 'tan'),
  asin: floatFn('asin', 'asin'),
  acos: floatFn('acos', 'acos'),
  atan: floatFn('atan', 'atan'),
  sinh: floatFn('sinh', 'sinh'),
  cosh: floatFn('cosh', 'cosh'),
  tanh: floatFn('tanh', 'tanh'),
  asinh: floatFn('asinh', 'asinh'),
  acosh: floatFn('acosh', 'acosh'),
  atanh: floatFn('atanh', 'atanh'),
  sigmoid: floatFn('sigmoid', 'sigmoid'),
  erf: floatFn('erf', 'erf'),
  erfc: floatFn('erfc', 'erfc'),
  erfinv: floatFn('erfinv', 'erfinv'),
  lgamma: floatFn('lgamma', 'lgamma'),
  digamma: floatFn('digamma', 'digamma'),
  polygamma: pointwise('polygamma', {
    promote: 'float',
    formula: ([x], _, { n }) => polyGamma(x, n),
    variant: ({ n }) => String(n),
  }),
  logit: pointwise('logit', {
    promote: 'float',
    formula: ([x], [eps]) => logOdds(x, eps),
    params: ({ eps }) => (eps === null ? [] : [eps]),
    variant: ({ eps }) => (eps === null ? '' : 'eps'),
  }),
  // sin(πx) / (πx), 1 at 0
  sinc: pointwise('sinc', {
    promote: 'float',
    formula: ([x]) => {
      const angle = e.mul(x, Math.PI);
      return e.select(e.eq(x, 0), 1, e.div(e.unary('sin', angle), angle));
    },
  }),
  deg2rad: scaleFn('deg2rad', Math.PI / 180),
  rad2deg: scaleFn('rad2deg', 180 / Math.PI),
  // `round` to places after (or before) the point, in the arithmetic of the dtype as PyTorch does
  roundDecimals: pointwise('roundDecimals', {
    promote: 'common',
    formula: ([x], [scale], { decimals }) =>
      decimals < 0 ? e.mul(e.unary('round', e.div(x, scale)), scale) : e.div(e.unary('round', e.mul(x, scale)), scale),
    params: ({ decimals }) => [10 ** Math.abs(decimals)],
    variant: ({ decimals }) => (decimals < 0 ? 'before' : ''),
    check: floatOnly('round'),
  }),
  nanToNum: pointwise('nanToNum', {
    promote: 'common',
    formula: ([x], p, attrs) => withoutNaN(x, p, attrs),
    params: (attrs) => [attrs.nan, attrs.posinf, attrs.neginf].filter((x): x is number => x !== null),
    variant: ({ posinf, neginf }) => `${posinf === null ? '' : 'posinf'} ${neginf === null ? '' : 'neginf'}`,
  }),
  // of -0 it is true
  signbit: pointwise('signbit', {
    promote: 'compare',
    formula: ([x]) => {
      if (x.dtype === 'bool') return e.constant(0, 'bool');
      return e.lt(isFloat(x.dtype) ? e.binary('copysign', e.constant(1, x.dtype), x) : x, 0);
    },
    inplace: false,
  }),
  isposinf: isInfinity('isposinf', Number.POSITIVE_INFINITY),
  isneginf: isInfinity('isneginf', Number.NEGATIVE_INFINITY),

  relu: pointwise('relu', { promote: 'number', formula: ([x]) => e.select(e.bitOr(e.gt(x, 0), e.isNaNExpr(x)), x, 0) }),
  // x where x > threshold (or NaN), else value
  threshold: pointwise('threshold', {
    promote: 'number',
    formula: ([x], [threshold, value]) => e.select(e.le(x, threshold), value, x),
    params: ({ threshold, value }) => [threshold, value],
  }),
  isnan: pointwise('isnan', { promote: 'compare', formula: ([x]) => e.isNaNExpr(x), inplace: false }),
  isinf: pointwise('isinf', {
    promote: 'compare',
    formula: ([x]) => (isFloat(x.dtype) ? e.eq(e.abs(x), Number.POSITIVE_INFINITY) : e.constant(0, 'bool')),
    inplace: false,
  }),
  isfinite: pointwise('isfinite', {
    promote: 'compare',
    formula: ([x]) => (isFloat(x.dtype) ? e.lt(e.abs(x), Number.POSITIVE_INFINITY) : e.constant(1, 'bool')),
    inplace: false,
  }),
  // min(max(x, low), high): a NaN bound or element gives NaN; high wins where low > high
  clamp: pointwise('clamp', {
    promote: 'number',
    optional: true,
    formula: ([x, low, high]) => atMost(low ? e.max(x, low) : x, high),
    check: (_dtype, _attrs, [, low, high]) => {
      if (low === null && high === null)
        throw new ArgumentError("clamp: At least one of 'min' or 'max' must not be null");
    },
  }),

  add: pointwise('add', {
    promote: 'common',
    formula: ([x, y], [a], { alpha }) => (alpha === 1 ? sum(x, y) : sum(x, product(a, y))),
    params: ({ alpha }) => (alpha === 1 ? [] : [alpha]),
    variant: ({ alpha }) => (alpha === 1 ? '' : 'alpha'),
    check: (dtype, { alpha }) => integralFactor('add', dtype, alpha),
  }),
  sub: pointwise('sub', {
    promote: 'common',
    formula: ([x, y], [a], { alpha }) => e.sub(x, alpha === 1 ? y : e.mul(a, y)),
    params: ({ alpha }) => (alpha === 1 ? [] : [alpha]),
    variant: ({ alpha }) => (alpha === 1 ? '' : 'alpha'),
    check: (dtype, { alpha }, inputs) => {
      integralFactor('sub', dtype, alpha);
      for (const x of inputs) if (typeof x === 'object' && x) refuseBoolSub('sub', x.dtype);
    },
  }),
  rsub: pointwise('rsub', {
    promote: 'common',
    formula: ([x, y], [a]) => e.sub(y, e.mul(a, x)),
    params: alpha,
    check: (dtype, { alpha }, inputs) => {
      integralFactor('rsub', dtype, alpha);
      for (const x of inputs) if (typeof x === 'object' && x) refuseBoolSub('rsub', x.dtype);
    },
  }),
  mul: pointwise('mul', { promote: 'common', formula: ([x, y]) => product(x, y) }),
  div: pointwise('div', {
    promote: ({ roundingMode }) => (roundingMode === null ? 'float' : 'number'),
    formula: ([x, y], _, { roundingMode }) => divided(x, y, roundingMode),
    variant: ({ roundingMode }) => roundingMode ?? '',
  }),
  remainder: pointwise('remainder', { promote: 'number', formula: ([x, y]) => pythonRemainder(x, y) }),
  fmod: pointwise('fmod', { promote: 'number', formula: ([x, y]) => e.rem(x, y) }),
  pow: pointwise('pow', {
    promote: 'number',
    variant: (_, [, exponent]) => (products.includes(exponent) ? String(exponent) : ''),
    formula([x, y], _, __, [, exponent]) {
      if (exponent === 1) return x;
      return exponent === 2 ? e.mul(x, x) : raised(x, y);
    },
    check: (dtype, _, [, exponent]) => {
      if (isInteger(dtype) && typeof exponent === 'number' && exponent < 0) {
        throw new ArgumentError(
          'pow: Integers to negative integer powers are not allowed; cast the tensor to a float dtype first',
        );
      }
    },
  }),
  atan2: pointwise('atan2', { promote: 'float', formula: ([y, x]) => e.binary('atan2', y, x) }),
  hypot: pointwise('hypot', {
    promote: 'common',
    formula: ([x, y]) => e.binary('hypot', x, y),
    check: floatOnly('hypot'),
  }),
  maximum: pointwise('maximum', { promote: 'common', formula: boolAsBits('max'), inplace: false }),
  minimum: pointwise('minimum', { promote: 'common', formula: boolAsBits('min'), inplace: false }),
  fmax: pointwise('fmax', {
    promote: 'common',
    formula: (x) => (x[0].dtype === 'bool' ? boolAsBits('max')(x) : ignoringNaN('max')(x)),
    inplace: false,
  }),
  fmin: pointwise('fmin', {
    promote: 'common',
    formula: (x) => (x[0].dtype === 'bool' ? boolAsBits('min')(x) : ignoringNaN('min')(x)),
    inplace: false,
  }),
  logaddexp: pointwise('logaddexp', {
    promote: 'common',
    formula: ([x, y]) => logAddExp(x, y),
    check: floatOnly('logaddexp'),
    inplace: false,
  }),
  logaddexp2: pointwise('logaddexp2', {
    promote: 'common',
    formula: ([x, y]) => logAddExp2(x, y),
    check: floatOnly('logaddexp2'),
    inplace: false,
  }),
  // 0 below zero, `values` at it, 1 above; NaN gives 0 as in PyTorch
  heaviside: pointwise('heaviside', {
    promote: 'common',
    formula: ([x, values]) => e.select(e.eq(x, 0), values, x.dtype === 'bool' ? x : e.cast(e.gt(x, 0), x.dtype)),
    check: (_dtype, _attrs, [x, values]) => {
      if (typeof values === 'object' && values && values.dtype !== x.dtype) {
        throw new DTypeError(
          `heaviside is not yet implemented for tensors with different dtypes, got ${x.dtype} and ${values.dtype}`,
        );
      }
    },
  }),
  // 0 where x is 0, unless y is NaN
  xlogy: pointwise('xlogy', {
    promote: 'float',
    formula: ([x, y]) => e.select(e.isNaNExpr(y), y, e.select(e.eq(x, 0), 0, e.mul(x, e.log(y)))),
  }),
  copysign: pointwise('copysign', { promote: 'float', formula: ([x, y]) => e.binary('copysign', x, y) }),
  lerp: pointwise('lerp', {
    promote: 'common',
    formula: ([x, y, w]) => interpolate(x, y, w),
    check(dtype, _, [x, end, weight]) {
      floatOnly('lerp')(dtype);
      for (const [name, other] of [
        ['end', end],
        ['weight', weight],
      ] as const) {
        if (isTensor(x) && isTensor(other) && other.dtype !== x.dtype)
          throw new DTypeError(`lerp: expected dtype ${x.dtype} for \`${name}\` but got dtype ${other.dtype}`);
      }
    },
  }),
  addcmul: pointwise('addcmul', {
    promote: 'common',
    formula: ([x, y, z], [v]) => e.add(x, e.mul(e.mul(v, y), z)),
    params: ({ value }) => [value],
  }),
  addcdiv: pointwise('addcdiv', {
    promote: 'common',
    formula: ([x, y, z], [v]) => e.add(x, e.div(e.mul(v, y), z)),
    params: ({ value }) => [value],
    check: floatOnly('addcdiv'),
  }),

  eq: compareFn('eq', 'eq'),
  ne: compareFn('ne', 'ne'),
  lt: compareFn('lt', 'lt'),
  le: compareFn('le', 'le'),
  gt: compareFn('gt', 'gt'),
  ge: compareFn('ge', 'ge'),
  logicalAnd: pointwise('logicalAnd', { promote: 'logical', formula: ([x, y]) => e.bitAnd(x, y) }),
  logicalOr: pointwise('logicalOr', { promote: 'logical', formula: ([x, y]) => e.bitOr(x, y) }),
  logicalXor: pointwise('logicalXor', { promote: 'logical', formula: ([x, y]) => e.bitXor(x, y) }),
  logicalNot: pointwise('logicalNot', { promote: 'logical', formula: ([x]) => e.not(x) }),
  bitwiseAnd: bitFn('bitwiseAnd', 'bitAnd'),
  bitwiseOr: bitFn('bitwiseOr', 'bitOr'),
  bitwiseXor: bitFn('bitwiseXor', 'bitXor'),
  bitwiseNot: pointwise('bitwiseNot', { promote: 'integer', formula: ([x]) => e.bitNot(x) }),
  bitwiseLeftShift: shiftFn('bitwiseLeftShift', 'shiftLeft'),
  bitwiseRightShift: shiftFn('bitwiseRightShift', 'shiftRight'),
  where: pointwise('where', {
    promote: 'select',
    formula: ([condition, x, y]) => e.select(condition, x, y),
    inplace: false,
  }),
  maskedFill: pointwise('maskedFill', { promote: 'mask', formula: ([x, mask, value]) => e.select(mask, value, x) }),
};
