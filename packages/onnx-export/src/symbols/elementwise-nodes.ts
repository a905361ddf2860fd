/** The nodes that pointwise symbols are made of. */
import { type DType, isFloat } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';

export const number = (g: OpContext, value: number, x: Ref): Ref => g.scalar(value, x.dtype as DType);
export const add = (g: OpContext, x: Ref, y: Ref): Ref => g.op('Add', [x, y]);
export const sub = (g: OpContext, x: Ref, y: Ref): Ref => g.op('Sub', [x, y]);
export const mul = (g: OpContext, x: Ref, y: Ref): Ref => g.op('Mul', [x, y]);
export const div = (g: OpContext, x: Ref, y: Ref): Ref => g.op('Div', [x, y]);
export const log = (g: OpContext, x: Ref): Ref => g.op('Log', [x]);
export const exp = (g: OpContext, x: Ref): Ref => g.op('Exp', [x]);
export const abs = (g: OpContext, x: Ref): Ref => g.op('Abs', [x]);
export const neg = (g: OpContext, x: Ref): Ref => g.op('Neg', [x]);
export const sqrt = (g: OpContext, x: Ref): Ref => g.op('Sqrt', [x]);
export const lt = (g: OpContext, x: Ref, y: Ref): Ref => g.op('Less', [x, y]);
export const eq = (g: OpContext, x: Ref, y: Ref): Ref => g.op('Equal', [x, y]);

/** The larger or smaller, also of integers before opset 12; NaN where either is. */
export function extreme(g: OpContext, type: 'Max' | 'Min', x: Ref, y: Ref): Ref {
  if (g.opset >= 12 || isFloat(x.dtype as DType)) return g.op(type, [x, y]);
  return g.where(type === 'Max' ? lt(g, y, x) : lt(g, x, y), x, y);
}

/** log(1 + x), exact for small x too: log(u) · x / (u - 1) with u = 1 + x (Kahan). */
export function log1p(g: OpContext, x: Ref): Ref {
  const one = number(g, 1, x);
  const u = add(g, x, one);
  const d = sub(g, u, one);
  const corrected = div(g, mul(g, log(g, u), x), d);
  const infinite = eq(g, u, x);
  return g.where(eq(g, d, number(g, 0, x)), x, g.where(infinite, log(g, u), corrected));
}

/** exp(x) - 1, exact for small x too: (u - 1) · x / log(u) with u = exp(x) (Kahan). */
export function expm1(g: OpContext, x: Ref): Ref {
  const one = number(g, 1, x);
  const u = exp(g, x);
  const minusOne = sub(g, u, one);
  const corrected = div(g, mul(g, minusOne, x), log(g, u));
  const far = g.op('Or', [lt(g, number(g, 1, x), abs(g, x)), eq(g, u, number(g, 0, x))]);
  return g.where(eq(g, u, one), x, g.where(far, minusOne, corrected));
}
