/** Functions that WebAssembly has no instructions for, on all lanes of a vector at once. */
import type { BinaryFn, UnaryFn } from '@tenfold/tensor-core';
import { erfF32, erfF64 } from './erf.ts';
import { expF32, expF64, expOf, sigmoidOf, tanhOf } from './exp.ts';
import type { VectorFn, VectorFn2 } from './lanes.ts';
import { logF32, logF64, logOf } from './log.ts';
import { powF32 } from './pow.ts';
import { cosF32, cosF64, sinF32, sinF64 } from './trigonometry.ts';

export type { MathContext, VectorFn, VectorFn2 } from './lanes.ts';

interface VectorMath {
  readonly unary: { readonly [F in UnaryFn]?: VectorFn };
  readonly binary: { readonly [F in BinaryFn]?: VectorFn2 };
}

/** Functions of four single floats. */
export const mathF32 = {
  unary: {
    sin: sinF32,
    erf: erfF32,
    cos: cosF32,
    exp: expOf(expF32),
    log: logOf(logF32),
    sigmoid: sigmoidOf(expF32),
    tanh: tanhOf(expF32),
  },
  binary: { pow: powF32 },
} as const satisfies VectorMath;

/** Functions of two double floats. */
export const mathF64 = {
  unary: {
    sin: sinF64,
    erf: erfF64,
    cos: cosF64,
    exp: expOf(expF64),
    log: logOf(logF64),
    sigmoid: sigmoidOf(expF64),
    tanh: tanhOf(expF64),
  },
  binary: {},
} as const satisfies VectorMath;
