/** Matrix products in ONNX. */
import { isFloat, type LinalgOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { type Symbols, viaBody } from './symbol.ts';

const product = (g: OpContext): Ref =>
  g.widened(g.outDType(), (dtype) => g.op('MatMul', [g.operand(0, dtype), g.operand(1, dtype)]));

/** If `x` is a transposed matrix, the matrix: Gemm transposes by itself. */
function transposed(g: OpContext, x: Ref): Ref | null {
  const { producer } = x;
  if (producer?.opType !== 'Transpose' || producer.attribute?.[0].ints?.join() !== '1,0') return null;
  const source = producer.input?.[0];
  for (const ref of g.frame.env.values()) if (ref.name === source) return ref;
  return null;
}

/** beta · input + alpha · product. */
function addedProduct(g: OpContext): Ref {
  const [beta, alpha] = [g.size('beta'), g.size('alpha')];
  const times = (k: typeof beta, x: Ref): Ref => (k === 1 ? x : g.op('Mul', [g.scalar(k, x.dtype ?? g.outDType()), x]));
  return g.widened(g.outDType(), (dtype) => {
    const result = times(alpha, g.op('MatMul', [g.operand(1, dtype), g.operand(2, dtype)]));
    return beta === 0 ? result : g.op('Add', [times(beta, g.operand(0, dtype)), result]);
  });
}

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Rows by op name. */
export const linalg: Symbols<LinalgOps> = {
  matmul: (g) => product(g),
  mm: (g) => product(g),
  bmm: (g) => product(g),
  mv: (g) => product(g),
  dot: (g) => product(g),
  addmm: (g) => {
    const [beta, alpha] = [g.size('beta'), g.size('alpha')];
    if (!isFloat(g.outDType()) || typeof beta !== 'number' || typeof alpha !== 'number') return addedProduct(g);
    const b = transposed(g, g.x(2));
    const inputs = [g.x(1), b ?? g.x(2), ...(beta === 0 ? [] : [g.x(0)])];
    return g.op('Gemm', inputs, { alpha_f: alpha, beta_f: beta, transB_i: b ? 1 : 0 });
  },
  baddbmm: (g) => addedProduct(g),
  contract: (g) => {
    const { batch, m, n, k } = g.attrs;
    g.needs(12, 'a product over several dims');
    const take = (at: number, count: number): string => letters.slice(at, at + count);
    const [b, rows, inner, columns] = [take(0, batch), take(batch, m), take(batch + m, k), take(batch + m + k, n)];
    const equation = `${b}${rows}${inner},${b}${inner}${columns}->${b}${rows}${columns}`;
    return g.widened(g.outDType(), (dtype) =>
      g.op('Einsum', [g.operand(0, dtype), g.operand(1, dtype)], { equation_s: equation }),
    );
  },
  einsum: viaBody,
  trace: (g) => {
    const [rows, columns] = g.fixedShape(g.dims(), 'the shape of the matrix');
    const at = Array.from({ length: Math.min(rows, columns) }, (_, i) => i * (columns + 1));
    const diagonal = g.op('Gather', [g.op('Reshape', [g.cast(g.x(), g.outDType()), g.ints([-1])]), g.ints(at)], {
      axis_i: 0,
    });
    return g.reduce('ReduceSum', diagonal, [0], false);
  },
};
