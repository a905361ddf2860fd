/**
 * Functions that WebAssembly has no instructions for, on all lanes of a vector at once; special values are C's. The largest errors found, in units of the
 * last place, over 8 million single floats and 16 thousand doubles a function, with fused multiply-adds and without:
 *
 * | | exp | exp2 | expm1 | log | log2 | log10 | log1p | sigmoid | tanh | erf | sin | cos | pow |
 * |---|---|---|---|---|---|---|---|---|---|---|---|---|---|
 * | float32 | 1.04 | 1.05 | 1.73 | 0.82 | 1.74 | 1.82 | 0.82 | 1.75 | 1.96 | 1.32 | 1.51 | 1.53 | 0.51 |
 * | float64 | 0.94 | 1.01 | 1.87 | 0.77 | 1.36 | 1.63 | 0.74 | 1.57 | 1.82 | 1.18 | 0.77 | 0.86 | - |
 */
import type { BinaryFn, UnaryFn } from '@tenfold/tensor-core';
import type { LaneClass } from '../elements.ts';
import { erfF32, erfF64 } from './erf.ts';
import {
  type ExpTable,
  exp2F32,
  exp2F64,
  expBelowOf,
  expF32,
  expF64,
  expm1Of,
  expOf,
  sigmoidOf,
  tanhOf,
} from './exp.ts';
import type { VectorFn, VectorFn2 } from './lanes.ts';
import { type LogTable, log1pOf, log2Of, log10Of, logF32, logF64, logOf } from './log.ts';
import { powF32 } from './pow.ts';
import { cosF32, cosF64, sinF32, sinF64 } from './trigonometry.ts';

export type { MathContext, VectorFn, VectorFn2 } from './lanes.ts';

interface VectorMath {
  readonly unary: { readonly [F in UnaryFn]?: VectorFn };
  readonly binary: { readonly [F in BinaryFn]?: VectorFn2 };
}

/** What both precisions have, from their tables. */
const elementary = (exp: ExpTable, exp2: ExpTable, log: LogTable) => ({
  exp: expOf(exp),
  exp2: expOf(exp2),
  expm1: expm1Of(exp),
  log: logOf(log),
  log2: log2Of(log),
  log10: log10Of(log),
  log1p: log1pOf(log),
  sigmoid: sigmoidOf(exp),
  tanh: tanhOf(exp),
});

/** Functions of four single floats. */
export const mathF32: VectorMath = {
  unary: { ...elementary(expF32, exp2F32, logF32), sin: sinF32, cos: cosF32, erf: erfF32 },
  binary: { pow: powF32 },
};

/** Functions of two double floats. */
export const mathF64: VectorMath = {
  unary: { ...elementary(expF64, exp2F64, logF64), sin: sinF64, cos: cosF64, erf: erfF64 },
  binary: {},
};

/** exp(x - m) where x is not greater than m. */
export const expBelow = { float32: expBelowOf(expF32), float64: expBelowOf(expF64) } as const;

/** Whether a function has vector code, and so other last digits than JavaScript's. */
export function hasVectorCode(fn: UnaryFn | BinaryFn, lanes: LaneClass): boolean {
  if (lanes !== 'f32' && lanes !== 'f64') return false;
  const { unary, binary } = lanes === 'f32' ? mathF32 : mathF64;
  return unary[fn as UnaryFn] !== undefined || binary[fn as BinaryFn] !== undefined;
}
