/** Scalar expressions, in which pointwise ops and optimiser steps are written once, as ONNX nodes over whole tensors. */
import type { expr } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { abs, add, div, exp, expm1, extreme, log1p, lt, mul, neg, sub } from './elementwise-nodes.ts';

type Expr = expr.Expr;
type Unary = (g: OpContext, x: Ref) => Ref;
type Binary = (g: OpContext, x: Ref, y: Ref) => Ref;

const node =
  (type: string): Unary =>
  (g, x) =>
    g.op(type, [x]);
const nodes =
  (type: string): Binary =>
  (g, x, y) =>
    g.op(type, [x, y]);

const unary: { readonly [F in expr.UnaryFn]?: Unary } = {
  neg,
  abs,
  sign: node('Sign'),
  floor: node('Floor'),
  ceil: node('Ceil'),
  round: node('Round'),
  exp,
  expm1,
  log: node('Log'),
  log1p,
  sqrt: node('Sqrt'),
  rsqrt: (g, x) => g.op('Reciprocal', [g.op('Sqrt', [x])]),
  sin: node('Sin'),
  cos: node('Cos'),
  tanh: node('Tanh'),
  sigmoid: node('Sigmoid'),
  erf: node('Erf'),
  bitNot: (g, x) => g.op(x.dtype === 'bool' ? 'Not' : 'BitwiseNot', [x]),
};

const binary: { readonly [F in expr.BinaryFn]?: Binary } = {
  add,
  sub,
  mul,
  div,
  rem: (g, x, y) => g.op('Mod', [x, y], { fmod_i: 1 }),
  min: (g, x, y) => extreme(g, 'Min', x, y),
  max: (g, x, y) => extreme(g, 'Max', x, y),
  pow: nodes('Pow'),
  bitAnd: (g, x, y) => g.op(x.dtype === 'bool' ? 'And' : 'BitwiseAnd', [x, y]),
  bitOr: (g, x, y) => g.op(x.dtype === 'bool' ? 'Or' : 'BitwiseOr', [x, y]),
  bitXor: (g, x, y) => g.op(x.dtype === 'bool' ? 'Xor' : 'BitwiseXor', [x, y]),
};

const compare: { readonly [F in expr.CompareFn]: Binary } = {
  eq: nodes('Equal'),
  ne: (g, x, y) => g.op('Not', [g.op('Equal', [x, y])]),
  lt,
  le: (g, x, y) => g.op('Not', [g.op('Greater', [x, y])]),
  gt: nodes('Greater'),
  ge: (g, x, y) => g.op('Not', [lt(g, x, y)]),
};

/**
 * Writes expressions that read `inputs[i]` and `params[i]`, all of one iteration space. Nodes that several of them share are written once.
 *
 * @throws OnnxExportError for a function that ONNX does not have.
 */
export function writeExprs(
  g: OpContext,
  roots: readonly Expr[],
  inputs: readonly Ref[],
  params: readonly Ref[],
): Ref[] {
  const written = new Map<Expr, Ref>();
  const write = (x: Expr): Ref => {
    const known = written.get(x);
    if (known) return known;
    const ref = writeNode(x);
    written.set(x, ref);
    return ref;
  };
  const has = <F>(fn: string, row: F | undefined): F => {
    if (row === undefined) throw g.error(`ONNX has no '${fn}'`);
    return row;
  };
  const writeNode = (x: Expr): Ref => {
    switch (x.kind) {
      case 'input':
        return inputs[x.index];
      case 'param':
        return params[x.index];
      case 'const':
        return g.scalar(x.value, x.dtype);
      case 'cast':
        return g.cast(write(x.args[0]), x.dtype);
      case 'unary':
        return has(x.fn, unary[x.fn])(g, write(x.args[0]));
      case 'binary':
        return has(x.fn, binary[x.fn])(g, write(x.args[0]), write(x.args[1]));
      case 'compare':
        return compare[x.fn](g, write(x.args[0]), write(x.args[1]));
      case 'select':
        return g.where(write(x.args[0]), write(x.args[1]), write(x.args[2]));
      default:
        throw g.error(`its formula reads by position ('${x.kind}'), which has no form in ONNX`);
    }
  };
  return roots.map(write);
}
