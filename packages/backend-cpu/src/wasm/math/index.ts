/** Functions that WebAssembly has no instructions for, on all lanes of a vector at once. */
import type { BinaryFn, UnaryFn } from '@tenfold/tensor-core';
import type { LaneClass } from '../elements.ts';
import { expF32, expF64, expOf, sigmoidOf, tanhOf } from './exp.ts';
import type { VectorFn, VectorFn2 } from './lanes.ts';
import { logF32, logF64, logOf } from './log.ts';
import { cosF32, cosF64, sinF32, sinF64 } from './trigonometry.ts';

export type { MathContext, VectorFn, VectorFn2 } from './lanes.ts';

interface VectorMath {
  readonly unary: { readonly [F in UnaryFn]?: VectorFn };
  readonly binary: { readonly [F in BinaryFn]?: VectorFn2 };
}

/** Functions of four single floats. */
export const mathF32: VectorMath = {
  unary: {
    sin: sinF32,
    cos: cosF32,
    exp: expOf(expF32),
    log: logOf(logF32),
    sigmoid: sigmoidOf(expF32),
    tanh: tanhOf(expF32),
  },
  binary: {},
};

/** Functions of two double floats. */
export const mathF64: VectorMath = {
  unary: {
    sin: sinF64,
    cos: cosF64,
    exp: expOf(expF64),
    log: logOf(logF64),
    sigmoid: sigmoidOf(expF64),
    tanh: tanhOf(expF64),
  },
  binary: {},
};

/** Whether a function has vector code, and so other last digits than JavaScript's. */
export function hasVectorCode(fn: UnaryFn | BinaryFn, lanes: LaneClass): boolean {
  if (lanes !== 'f32' && lanes !== 'f64') return false;
  const { unary, binary } = lanes === 'f32' ? mathF32 : mathF64;
  return unary[fn as UnaryFn] !== undefined || binary[fn as BinaryFn] !== undefined;
}
