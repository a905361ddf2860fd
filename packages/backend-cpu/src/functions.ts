/** Scalar functions by name: one table for numbers, one for the bigints of int64. A missing row does not compile. */
import { ArgumentError, type BinaryFn, type CompareFn, roundHalfEven, type UnaryFn } from '@tenfold/tensor-core';
import { digamma, erf, erfc, erfinv, lgamma, zeta } from './special.ts';

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

type Comparable = number | bigint;

export const comparisons: { readonly [F in CompareFn]: (x: Comparable, y: Comparable) => boolean } = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};
