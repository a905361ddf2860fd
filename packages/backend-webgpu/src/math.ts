/**
 * Functions of scalar expressions in WGSL: a row per function, and the prelude of helpers that rows call. WGSL's own functions are too imprecise, and a
 * driver may contract and reassociate, so exactness comes from bits and integers where it matters. The largest errors found, in units of the last place,
 * over 2^18 numbers of all sizes a function, on a device that rounds as IEEE 754 asks and flushes subnormal numbers:
 *
 * | exp | exp2 | expm1 | log | log2 | log10 | log1p | sigmoid | tanh | sinh | cosh | rsqrt |
 * |---|---|---|---|---|---|---|---|---|---|---|---|
 * | 0.99 | 1.01 | 1.65 | 0.80 | 1.79 | 1.86 | 0.76 | 2.12 | 1.86 | 1.57 | 1.37 | 1.50 |
 *
 * | sin | cos | tan | asin | acos | atan | atan2 | asinh | acosh | atanh | pow | hypot |
 * |---|---|---|---|---|---|---|---|---|---|---|---|
 * | 1.26 | 1.23 | 1.61 | 0.61 | 1.01 | 2.02 | 2.08 | 2.21 | 2.22 | 1.01 | 1.05 | 1.14 |
 *
 * | erf | erfc | erfinv | lgamma (x > 0) | digamma (x > 0) | zeta (q > 0) | sqrt, + - * / | rem, min, max, copysign, rounding |
 * |---|---|---|---|---|---|---|---|
 * | 1.19 | 3.67 | 2.52 | 2.56 | 3.08 | 4 | 0.5 | 0 |
 *
 * lgamma and digamma of negative numbers are sums of two terms, and right to 5 units of the larger one.
 */
import type { BinaryFn, UnaryFn } from '@tenfold/tensor-core';
import { basic } from './math/basic.ts';
import type { Prelude } from './math/code.ts';
import { exponential } from './math/exponential.ts';
import { logarithm } from './math/logarithm.ts';
import { power } from './math/power.ts';
import { special } from './math/special.ts';
import { trigonometry } from './math/trigonometry.ts';

/** Names a function of the prelude in an expression, so that the shader gets its code. */
export type Call = (name: string, ...args: string[]) => string;

type Code = (args: readonly string[], call: Call, type: string) => string;

/** How a function is computed for floats (as f32), for integers (i32, or u32 of which 8 bits count) and for bools. What is absent never occurs. */
interface MathRow {
  readonly float?: Code;
  readonly integer?: Code;
  readonly bool?: Code;
}

const both = (code: Code): MathRow => ({ float: code, integer: code });
/** A function of the prelude. */
const own = (name: string): MathRow => ({ float: (args, call) => call(name, ...args) });

const infix =
  (operator: string): Code =>
  ([a, b]) =>
    `(${a} ${operator} ${b})`;
const bits = (operator: string): MathRow => ({
  integer: infix(operator),
  bool: infix(operator === '^' ? '!=' : operator),
});

/** By function. */
export const mathFunctions: { readonly [F in UnaryFn | BinaryFn]: MathRow } = {
  neg: { float: ([x]) => `-${x}`, integer: ([x], _, type) => (type === 'u32' ? `(0u - ${x})` : `-${x}`) },
  abs: { float: ([x]) => `abs(${x})`, integer: ([x]) => `abs(${x})`, bool: ([x]) => x },
  sign: {
    float: ([x], call) => call('sign_of', x),
    integer: ([x], _, type) => (type === 'u32' ? `min(${x}, 1u)` : `sign(${x})`),
    bool: ([x]) => x,
  },
  floor: { float: ([x]) => `floor(${x})`, integer: ([x]) => x },
  ceil: { float: ([x]) => `ceil(${x})`, integer: ([x]) => x },
  round: { float: ([x]) => `round(${x})`, integer: ([x]) => x },
  trunc: { float: ([x]) => `trunc(${x})`, integer: ([x]) => x },
  bitNot: { integer: ([x]) => `(~${x})`, bool: ([x]) => `(!${x})` },
  exp: own('exp_of'),
  exp2: own('exp2_of'),
  expm1: own('expm1_of'),
  log: own('log_of'),
  log2: own('log2_of'),
  log10: own('log10_of'),
  log1p: own('log1p_of'),
  sqrt: { float: ([x]) => `sqrt(${x})` },
  rsqrt: own('rsqrt_of'),
  sin: own('sin_of'),
  cos: own('cos_of'),
  tan: own('tan_of'),
  asin: own('asin_of'),
  acos: own('acos_of'),
  atan: own('atan_of'),
  sinh: own('sinh_of'),
  cosh: own('cosh_of'),
  tanh: own('tanh_of'),
  asinh: own('asinh_of'),
  acosh: own('acosh_of'),
  atanh: own('atanh_of'),
  sigmoid: own('sigmoid_of'),
  erf: own('erf_of'),
  erfc: own('erfc_of'),
  erfinv: own('erfinv_of'),
  lgamma: own('lgamma_of'),
  digamma: own('digamma_of'),

  add: { ...both(infix('+')), bool: infix('||') },
  sub: both(infix('-')),
  mul: { ...both(infix('*')), bool: infix('&&') },
  div: both(infix('/')),
  rem: { float: ([a, b], call) => call('rem_of', a, b), integer: infix('%') },
  min: { float: ([a, b], call) => call('min_of', a, b), integer: ([a, b]) => `min(${a}, ${b})`, bool: infix('&&') },
  max: { float: ([a, b], call) => call('max_of', a, b), integer: ([a, b]) => `max(${a}, ${b})`, bool: infix('||') },
  pow: {
    float: ([a, b], call) => call('pow_of', a, b),
    integer: ([a, b], call, type) => call(type === 'u32' ? 'powu_of' : 'powi_of', a, b),
  },
  atan2: own('atan2_of'),
  hypot: own('hypot_of'),
  copysign: own('copysign_of'),
  zeta: own('zeta_of'),
  bitAnd: bits('&'),
  bitOr: bits('|'),
  bitXor: bits('^'),
  shiftLeft: {
    integer: ([a, b], _, type) => `select(${a} << (u32(${b}) & 31u), ${zero(type)}, u32(${b}) >= ${width(type)})`,
  },
  shiftRight: {
    integer: ([a, b], _, type) =>
      type === 'u32' ? `select(${a} >> (${b} & 31u), 0u, ${b} >= 8u)` : `(${a} >> min(u32(${b}), 31u))`,
  },
};

const zero = (type: string): string => (type === 'u32' ? '0u' : '0i');
const width = (type: string): string => (type === 'u32' ? '8u' : '32u');

/** WGSL functions that rows call; a shader gets those that it needs. */
export const prelude: Prelude = { ...basic, ...exponential, ...logarithm, ...trigonometry, ...power, ...special };

/** The code of `names` and of all that they use, each once, in an order in which WGSL takes them (any). */
export function preludeOf(names: Iterable<string>): string {
  const needed = new Set<string>();
  const add = (name: string): void => {
    if (needed.has(name)) return;
    const row = prelude[name];
    if (!row) throw new Error(`webgpu: the prelude has no ${name}`);
    needed.add(name);
    for (const other of row.uses ?? []) add(other);
  };
  for (const name of names) add(name);
  return [...needed].map((name) => prelude[name]?.code).join('\n');
}
