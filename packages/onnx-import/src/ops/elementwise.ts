/** Pointwise ops. */
import { isFloat, type Tensor, where } from '@tenfold/tensor-core';
import type { NodeContext, Row, Rows } from '../context.ts';

/** A function of one tensor. */
const unary =
  (fn: (x: Tensor) => Tensor): Row =>
  (c) =>
    fn(c.x());

/**
 * Both operands. Before opset 7 the second one is broadcast only by an attribute, and lies along the dims from `axis` on; numpy's rule, which holds since,
 * says the same of the last dims.
 */
function pair(c: NodeContext): [Tensor, Tensor | number] {
  const a = c.x(0);
  if (c.opset >= 7 || !c.given('axis') || c.int('broadcast', 0) === 0) return [a, c.operand(1)];
  const b = c.x(1);
  const axis = c.int('axis');
  const behind = a.ndim - (axis < 0 ? axis + a.ndim : axis) - b.ndim;
  if (behind < 0)
    throw c.error(`the dims [${b.shape.join(', ')}] do not fit into [${a.shape.join(', ')}] from axis ${axis} on`);
  return [a, b.reshape([...b.shape, ...new Array<number>(behind).fill(1)])];
}

const binary =
  (fn: (a: Tensor, b: Tensor | number) => Tensor): Row =>
  (c) =>
    fn(...pair(c));

/** A function of two tensors, applied to any number of them. */
const variadic =
  (fn: (a: Tensor, b: Tensor) => Tensor): Row =>
  (c) =>
    c.inputs().reduce(fn);

/** Integers are divided towards zero. */
const divided = (a: Tensor, b: Tensor | number): Tensor =>
  a.div(b, { roundingMode: isFloat(a.dtype) ? null : 'trunc' });

/** The result has the base's dtype; a float exponent of an integer counts as what it is. */
function power(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number' ? isFloat(a.dtype) || Number.isInteger(b) : a.dtype === b.dtype) return a.pow(b);
  if (typeof b === 'number') return a.to('float32').pow(b).to(a.dtype);
  // exponents are exact in the base's dtype, or the base is an integer
  const wide = isFloat(a.dtype) || !isFloat(b.dtype) ? a.dtype : b.dtype;
  const result = a.to(wide).pow(b.to(wide));
  return result.dtype === a.dtype ? result : result.to(a.dtype);
}

/** A bound of Clip: an attribute before opset 11, a tensor of one element since. */
function bound(c: NodeContext, i: number, name: string): Tensor | number | null {
  if (c.opset < 11) return c.float(name, null);
  if (!c.has(i)) return null;
  const limit = c.operand(i);
  return typeof limit === 'number' ? limit : limit.reshape([]);
}

function clip(c: NodeContext): Tensor {
  const x = c.x();
  const [low, high] = [bound(c, 1, 'min'), bound(c, 2, 'max')];
  if (low === null && high === null) return x;
  if (typeof low === typeof high || low === null || high === null) return x.clamp(low, high);
  return x.clamp(low).clamp(null, high);
}

function isInf(c: NodeContext): Tensor {
  const x = c.x();
  const [negative, positive] = [c.int('detect_negative', 1) !== 0, c.int('detect_positive', 1) !== 0];
  if (negative && positive) return x.isinf();
  if (positive) return x.isposinf();
  return negative ? x.isneginf() : x.isneginf().logicalAnd(x.isposinf());
}

function bitShift(c: NodeContext): Tensor {
  const direction = c.string('direction');
  if (direction !== 'LEFT' && direction !== 'RIGHT')
    throw c.error(`direction must be LEFT or RIGHT, got '${direction}'`);
  const [a, b] = pair(c);
  return direction === 'LEFT' ? a.bitwiseLeftShift(b) : a.bitwiseRightShift(b);
}

/** Rows by op type. */
export const elementwise: Rows = {
  Abs: unary((x) => x.abs()),
  Acos: unary((x) => x.acos()),
  Acosh: unary((x) => x.acosh()),
  Asin: unary((x) => x.asin()),
  Asinh: unary((x) => x.asinh()),
  Atan: unary((x) => x.atan()),
  Atanh: unary((x) => x.atanh()),
  BitwiseNot: unary((x) => x.bitwiseNot()),
  Ceil: unary((x) => x.ceil()),
  Cos: unary((x) => x.cos()),
  Cosh: unary((x) => x.cosh()),
  Erf: unary((x) => x.erf()),
  Exp: unary((x) => x.exp()),
  Floor: unary((x) => x.floor()),
  IsNaN: unary((x) => x.isnan()),
  Log: unary((x) => x.log()),
  Neg: unary((x) => x.neg()),
  Not: unary((x) => x.logicalNot()),
  Reciprocal: unary((x) => x.reciprocal()),
  Round: unary((x) => x.round()),
  Sigmoid: unary((x) => x.sigmoid()),
  Sign: unary((x) => x.sign()),
  Sin: unary((x) => x.sin()),
  Sinh: unary((x) => x.sinh()),
  Sqrt: unary((x) => x.sqrt()),
  Tan: unary((x) => x.tan()),
  Tanh: unary((x) => x.tanh()),
  Add: binary((a, b) => a.add(b)),
  And: binary((a, b) => a.logicalAnd(b)),
  BitwiseAnd: binary((a, b) => a.bitwiseAnd(b)),
  BitwiseOr: binary((a, b) => a.bitwiseOr(b)),
  BitwiseXor: binary((a, b) => a.bitwiseXor(b)),
  Div: binary(divided),
  Equal: binary((a, b) => a.eq(b)),
  Greater: binary((a, b) => a.gt(b)),
  GreaterOrEqual: binary((a, b) => a.ge(b)),
  Less: binary((a, b) => a.lt(b)),
  LessOrEqual: binary((a, b) => a.le(b)),
  // the sign of the dividend with fmod, as in C; else that of the divisor, as in Python
  Mod: (c) => (c.int('fmod', 0) !== 0 ? c.x(0).fmod(c.x(1)) : c.x(0).remainder(c.x(1))),
  Mul: binary((a, b) => a.mul(b)),
  Or: binary((a, b) => a.logicalOr(b)),
  Pow: binary(power),
  Sub: binary((a, b) => a.sub(b)),
  Xor: binary((a, b) => a.logicalXor(b)),
  Max: variadic((a, b) => a.maximum(b)),
  Mean: (c) => {
    const inputs = c.inputs();
    return inputs.reduce((a, b) => a.add(b)).div(inputs.length);
  },
  Min: variadic((a, b) => a.minimum(b)),
  Sum: variadic((a, b) => a.add(b)),
  BitShift: bitShift,
  Clip: clip,
  IsInf: isInf,
  Where: (c) => where(c.x(0), c.x(1), c.x(2)),
};
