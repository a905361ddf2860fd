/** For tests: random scalar programs, and their value computed directly. The evaluator shares nothing with the kernels: no blocks, no registers, no tables. */
import {
  type BinaryFn,
  bfloat16ToNumber,
  type CompareFn,
  type DType,
  type Expr,
  expr as e,
  halfToNumber,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  type UnaryFn,
} from '@tenfold/tensor-core';
import { type Cell, decode, type Random, type View } from './test-views.ts';
import { hasVectorCode } from './wasm/math/index.ts';

/** A value brought to its dtype, from the definitions of the dtypes alone. */
export function round(value: Cell, dtype: DType): Cell {
  switch (dtype) {
    case 'float64':
      return Number(value);
    case 'float32':
      return Math.fround(Number(value));
    case 'float16':
      return halfToNumber(numberToHalf(Math.fround(Number(value))));
    case 'bfloat16':
      return bfloat16ToNumber(numberToBfloat16(Math.fround(Number(value))));
    case 'bool':
      return value ? 1 : Number.isNaN(value) ? 1 : 0;
  }
  const integer = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  if (dtype === 'int64') return BigInt.asIntN(64, integer);
  const bits = { int32: 32, int16: 16, int8: 8, uint8: 8 }[dtype];
  return Number(dtype === 'uint8' ? BigInt.asUintN(bits, integer) : BigInt.asIntN(bits, integer));
}

const floatUnary: { readonly [F in UnaryFn]?: (x: number) => number } = {
  neg: (x) => -x,
  abs: (x) => (x < 0 ? -x : x === 0 ? 0 : x),
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  floor: (x) => Math.floor(x),
  ceil: (x) => Math.ceil(x),
  trunc: (x) => Math.trunc(x),
  round: (x) => {
    const down = Math.floor(x);
    if (!(x - down >= 0.5)) return down;
    return x - down > 0.5 || Math.abs(down % 2) === 1 ? Math.ceil(x) : down;
  },
  asinh: (x) => Math.asinh(x),
  expm1: (x) => Math.expm1(x),
  sqrt: (x) => Math.sqrt(x),
  log1p: (x) => Math.log1p(x),
};

export const floatBinary: { readonly [F in BinaryFn]?: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : x < y ? x : y),
  max: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : x > y ? x : y),
  atan2: (x, y) => Math.atan2(x, y),
  copysign: (x, y) => (y < 0 || 1 / y < 0 ? -1 : 1) * Math.abs(x),
};

/** Integers of every width as bigints; rounding wraps them. */
const integerUnary: { readonly [F in UnaryFn]?: (x: bigint) => bigint } = {
  neg: (x) => -x,
  abs: (x) => (x < 0n ? -x : x),
  sign: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  bitNot: (x) => ~x,
};

export const integerBinary: { readonly [F in BinaryFn]?: (x: bigint, y: bigint) => bigint } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: (x, y) => (x < y ? x : y),
  max: (x, y) => (x > y ? x : y),
  bitAnd: (x, y) => x & y,
  bitOr: (x, y) => x | y,
  bitXor: (x, y) => x ^ y,
};

const compares: { readonly [F in CompareFn]: (x: Cell, y: Cell) => boolean } = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};

/** The value of an expression at one position. */
export function evaluate(
  node: Expr,
  position: readonly number[],
  ins: readonly View[],
  params: readonly number[],
): Cell {
  const at = (i: number): Cell => evaluate((node as { args: readonly Expr[] }).args[i], position, ins, params);
  switch (node.kind) {
    case 'input':
      return decode(ins[node.index], position);
    case 'const':
      return round(node.value, node.dtype);
    case 'param':
      return round(params[node.index], node.dtype);
    case 'index':
      return position[node.dim];
    case 'select':
      return at(0) ? at(1) : at(2);
    case 'compare':
      return compares[node.fn](at(0), at(1)) ? 1 : 0;
    case 'cast':
      return round(at(0), node.dtype);
    case 'load': {
      const from = ins[node.index];
      const rank = node.args.length - 1;
      const where = Array.from({ length: rank }, (_, d) => Number(at(d)));
      return where.every((i, d) => i >= 0 && i < from.shape[d]) ? decode(from, where) : at(rank);
    }
    case 'unary':
      if (isFloat(node.dtype))
        return round((floatUnary[node.fn] as (x: number) => number)(at(0) as number), node.dtype);
      if (node.dtype === 'bool') return 1 - Number(at(0));
      return round((integerUnary[node.fn] as (x: bigint) => bigint)(BigInt(at(0))), node.dtype);
    case 'binary':
      if (isFloat(node.dtype)) {
        return round(
          (floatBinary[node.fn] as (x: number, y: number) => number)(at(0) as number, at(1) as number),
          node.dtype,
        );
      }
      return round(
        (integerBinary[node.fn] as (x: bigint, y: bigint) => bigint)(BigInt(at(0)), BigInt(at(1))),
        node.dtype,
      );
  }
}

export const dtypeList: readonly DType[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
];
/** Float functions that every engine computes with the same bits: vector code of the others is compared in units in the last place elsewhere. */
const isExact = (fn: UnaryFn | BinaryFn): boolean => !hasVectorCode(fn, 'f32') && !hasVectorCode(fn, 'f64');
const exactUnary = (Object.keys(floatUnary) as UnaryFn[]).filter(isExact);
const exactBinary = (Object.keys(floatBinary) as BinaryFn[]).filter(isExact);

const constants = [0, 1, -1, 0.1, 2.5, -7, 100, 3];

/** A random expression of a dtype over the inputs and parameters given. */
export function randomExpr(random: Random, dtype: DType, depth: number, inputs: readonly DType[], rank: number): Expr {
  const sub = (d: DType) => randomExpr(random, d, depth - 1, inputs, rank);
  if (depth === 0) {
    const matching = inputs.flatMap((d, i) => (d === dtype ? [i] : []));
    if (matching.length > 0 && random() < 0.7) return e.input(random.pick(matching), dtype);
    if (dtype === 'int32' && rank > 0 && random() < 0.3) return e.indexOf(random.below(rank));
    if (random() < 0.3) return e.param(dtypeList.indexOf(dtype), dtype);
    const value = random.pick(constants);
    return e.constant(isFloat(dtype) ? value : dtype === 'bool' ? Number(value > 0) : Math.trunc(value), dtype);
  }
  const kind = random();
  if (kind < 0.15) return e.select(sub('bool'), sub(dtype), sub(dtype));
  if (kind < 0.4) return castTo(random, dtype, sub);
  if (dtype === 'bool') {
    if (random() < 0.5)
      return e.compare(random.pick(Object.keys(compares)) as CompareFn, ...pairOf(sub, random.pick(dtypeList)));
    return random() < 0.3
      ? e.not(sub('bool'))
      : e.binary(random.pick(['bitAnd', 'bitOr', 'bitXor'] as const), sub('bool'), sub('bool'));
  }
  const unary = isFloat(dtype) ? exactUnary : (Object.keys(integerUnary) as UnaryFn[]);
  if (kind < 0.6) return e.unary(random.pick(unary), sub(dtype));
  const fn = random.pick(isFloat(dtype) ? exactBinary : (Object.keys(integerBinary) as BinaryFn[]));
  const divides = !isFloat(dtype) && (fn === 'div' || fn === 'rem');
  const divisor = divides ? e.bitOr(sub(dtype), 1) : sub(dtype);
  return e.binary(fn, sub(dtype), divisor);
}

function pairOf(sub: (d: DType) => Expr, dtype: DType): [Expr, Expr] {
  return [sub(dtype), sub(dtype)];
}

/** A cast from any dtype. Floats out of the range of an integer are unspecified, so they are clamped first. */
function castTo(random: Random, dtype: DType, sub: (d: DType) => Expr): Expr {
  const from = random.pick(dtypeList);
  const x = sub(from);
  if (!isFloat(from) || isFloat(dtype) || dtype === 'bool') return e.cast(x, dtype);
  const clamped = e.min(e.max(e.select(e.ne(x, x), 0, x), dtype === 'uint8' ? 0 : -100), 100);
  return e.cast(clamped, dtype);
}

export const paramsOf = (random: Random): number[] =>
  dtypeList.map((d) => (isFloat(d) ? random() * 8 - 4 : d === 'bool' ? random.below(2) : random.below(9)));
