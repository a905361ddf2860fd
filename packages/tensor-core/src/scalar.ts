/**
 * `@tenfold/tensor-core/scalar`: the functions of scalar expressions in plain JavaScript, for backends that compute in it and for constants that others fold. An
 * {@link Element} is a number, for int64 a bigint; of float16 and bfloat16 it is the number that the bits stand for.
 *
 * @packageDocumentation
 */
import { type DType, isFloat } from './dtype.ts';
import { ArgumentError } from './errors.ts';
import type { BinaryFn, CompareFn, Expr, UnaryFn } from './expr.ts';
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf, roundHalfEven } from './half.ts';
import { digamma, erf, erfc, erfinv, lgamma, zeta } from './special.ts';

/** One element of a tensor. */
export type Element = number | bigint;

type NumberFn = (x: number) => number;
type NumberFn2 = (x: number, y: number) => number;

function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** C's `pow`, which JavaScript's differs from at ±1: 1 to any power is 1, and -1 to ±Inf is 1. */
function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Number.POSITIVE_INFINITY || y === Number.NEGATIVE_INFINITY))) return 1;
  // as vector code does, and exact in its rounding
  return y === 2 ? x * x : x ** y;
}

function copysign(x: number, y: number): number {
  const negative = y < 0 || Object.is(y, -0);
  return negative ? -Math.abs(x) : Math.abs(x);
}

/** Of floats, and of integers that numbers hold where the function is defined for them. */
export const unaryNumber: { readonly [F in UnaryFn]: NumberFn } = {
  neg: (x) => -x,
  abs: Math.abs,
  // PyTorch gives 0 for NaN and for -0
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x) => (Number.isFinite(x) ? roundHalfEven(x) : x),
  trunc: Math.trunc,
  bitNot: (x) => ~x,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
};

/** Of floats. */
export const binaryFloat: { readonly [F in BinaryFn]: NumberFn2 } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: Math.min,
  max: Math.max,
  pow: power,
  atan2: Math.atan2,
  hypot: Math.hypot,
  copysign,
  zeta,
  bitAnd: (x, y) => x & y,
  bitOr: (x, y) => x | y,
  bitXor: (x, y) => x ^ y,
  shiftLeft: (x, y) => (y < 0 || y > 31 ? 0 : x << y),
  shiftRight: (x, y) => x >> (y < 0 || y > 31 ? 31 : y),
};

function nonZero<N extends number | bigint>(divisor: N): N {
  if (divisor === 0 || divisor === 0n) throw new ArgumentError('ZeroDivisionError: integer division or modulo by zero');
  return divisor;
}

function integerPower(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  let square = x;
  for (let rest = y; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** For int8 to int32, uint8 and bool; the array that takes the result wraps it. */
export const binaryInteger: { readonly [F in BinaryFn]: NumberFn2 } = {
  ...binaryFloat,
  mul: Math.imul,
  div: (x, y) => Math.trunc(x / nonZero(y)),
  rem: (x, y) => x % nonZero(y),
  pow: integerPower,
};

type BigFn = (x: bigint) => bigint;
type BigFn2 = (x: bigint, y: bigint) => bigint;

const floatsOnly = (): never => {
  throw new ArgumentError('this function is not defined for int64; cast to a float dtype first');
};
const identity = (x: bigint): bigint => x;

/** For int64. */
export const unaryBig: { readonly [F in UnaryFn]: BigFn } = {
  neg: (x) => -x,
  abs: (x) => (x < 0n ? -x : x),
  sign: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  floor: identity,
  ceil: identity,
  round: identity,
  trunc: identity,
  bitNot: (x) => ~x,
  exp: floatsOnly,
  exp2: floatsOnly,
  expm1: floatsOnly,
  log: floatsOnly,
  log2: floatsOnly,
  log10: floatsOnly,
  log1p: floatsOnly,
  sqrt: floatsOnly,
  rsqrt: floatsOnly,
  sin: floatsOnly,
  cos: floatsOnly,
  tan: floatsOnly,
  asin: floatsOnly,
  acos: floatsOnly,
  atan: floatsOnly,
  sinh: floatsOnly,
  cosh: floatsOnly,
  tanh: floatsOnly,
  asinh: floatsOnly,
  acosh: floatsOnly,
  atanh: floatsOnly,
  sigmoid: floatsOnly,
  erf: floatsOnly,
  erfc: floatsOnly,
  erfinv: floatsOnly,
  lgamma: floatsOnly,
  digamma: floatsOnly,
};

function bigPower(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let square = x;
  for (let rest = y; rest > 0n; rest /= 2n) {
    if (rest % 2n === 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

/** For int64; the array that takes the result wraps it. */
export const binaryBig: { readonly [F in BinaryFn]: BigFn2 } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / nonZero(y),
  rem: (x, y) => x % nonZero(y),
  min: (x, y) => (x < y ? x : y),
  max: (x, y) => (x > y ? x : y),
  pow: bigPower,
  atan2: floatsOnly,
  hypot: floatsOnly,
  copysign: floatsOnly,
  zeta: floatsOnly,
  bitAnd: (x, y) => x & y,
  bitOr: (x, y) => x | y,
  bitXor: (x, y) => x ^ y,
  shiftLeft: (x, y) => (y < 0n || y > 63n ? 0n : x << y),
  shiftRight: (x, y) => x >> (y < 0n || y > 63n ? 63n : y),
};

export const comparisons: { readonly [F in CompareFn]: (x: Element, y: Element) => boolean } = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};

/** A number as an element of a dtype: a bigint for int64, 0 or 1 for bool. Other dtypes neither round nor wrap: {@link rounding} does. */
export function toElement(value: number, dtype: DType): Element {
  if (dtype === 'int64') return toBigInt(value);
  return dtype === 'bool' ? (value !== 0 ? 1 : 0) : value;
}

/** The integer part of a number as 64 bits; what no int64 holds becomes the smallest one, as x86 does. */
export function toBigInt(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** A number that rounds to the same float32 as `x` does: beyond 53 bits, what is cut off leaves a sticky bit. */
export function int64ToFloat32(x: bigint): number {
  const near = Number(x);
  if (Math.abs(near) < 2 ** 53) return near;
  return Number((x >> 16n) | (x & 0xffffn ? 1n : 0n)) * 65536;
}

/** What a result becomes when it is kept in its dtype: rounded, or wrapped. */
const numberRounding: { readonly [D in Exclude<DType, 'int64'>]: NumberFn } = {
  float64: (x) => x,
  float32: Math.fround,
  float16: (x) => halfToNumber(numberToHalf(x)),
  bfloat16: (x) => bfloat16ToNumber(numberToBfloat16(x)),
  int32: (x) => x | 0,
  int16: (x) => (x << 16) >> 16,
  int8: (x) => (x << 24) >> 24,
  uint8: (x) => x & 255,
  bool: (x) => (x ? 1 : 0),
};

type ElementFn = (x: Element) => Element;
type ElementFn2 = (x: Element, y: Element) => Element;

/** Rounds to a float dtype, wraps to an integer one: what every node of an expression does with its result. */
export const rounding = (dtype: DType): ElementFn =>
  (dtype === 'int64' ? (x: bigint) => BigInt.asIntN(64, x) : numberRounding[dtype]) as ElementFn;

/**
 * How an element changes its dtype, or `null` where rounding to the new one, as an array that takes the result does, is all there is to do.
 */
export function conversion(from: DType, to: DType): ElementFn | null {
  if (from === to) return null;
  if (to === 'bool') return (x) => (x ? 1 : Number.isNaN(x) ? 1 : 0);
  if (from === 'int64') {
    if (to === 'float64') return Number;
    return isFloat(to) ? (x) => int64ToFloat32(x as bigint) : (x) => Number(BigInt.asIntN(32, x as bigint));
  }
  if (to === 'int64') return (x) => toBigInt(x as number);
  return null;
}

/** A function of one operand on elements of a dtype; the result is not rounded. */
export function unaryFunction(fn: UnaryFn, dtype: DType): ElementFn {
  if (dtype === 'int64') return unaryBig[fn] as ElementFn;
  return (dtype === 'bool' && fn === 'bitNot' ? (x: number) => 1 - x : unaryNumber[fn]) as ElementFn;
}

/** A function of two operands on elements of a dtype; the result is not rounded. */
export function binaryFunction(fn: BinaryFn, dtype: DType): ElementFn2 {
  const table = dtype === 'int64' ? binaryBig : isFloat(dtype) ? binaryFloat : binaryInteger;
  return table[fn] as ElementFn2;
}

/** A node of an expression that computes something from its operands: no leaf, and no `load`. */
export type Computation = Extract<Expr, { readonly kind: 'unary' | 'binary' | 'compare' | 'select' | 'cast' }>;

/**
 * What a node computes: a function of the elements that its operands give, whose result has been rounded to the node's dtype.
 *
 * @example
 * import { add, input } from '@tenfold/tensor-core/expr';
 * import { computation } from '@tenfold/tensor-core/scalar';
 * computation(add(input(0, 'int8'), 100))(100); // -56
 */
export function computation(node: Computation): (...operands: Element[]) => Element {
  const { kind, dtype } = node;
  const round = rounding(dtype);
  switch (kind) {
    case 'unary': {
      const apply = unaryFunction(node.fn, dtype);
      return (x) => round(apply(x));
    }
    case 'binary': {
      const apply = binaryFunction(node.fn, dtype);
      return (x, y) => round(apply(x, y));
    }
    case 'compare': {
      const holds = comparisons[node.fn];
      return (x, y) => (holds(x, y) ? 1 : 0);
    }
    case 'select':
      return (condition, x, y) => (condition ? x : y);
    case 'cast': {
      const convert = conversion(node.args[0].dtype, dtype);
      return convert ? (x) => round(convert(x)) : round;
    }
  }
}
