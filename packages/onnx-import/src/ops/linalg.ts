/** Products of matrices. */
import { linalg as decompositions, einsum, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, Rows } from '../context.ts';

/** α · A B + β · C, each of A and B transposed if asked for. */
function gemm(c: NodeContext): Tensor {
  const a = c.int('transA', 0) !== 0 ? c.x(0).t() : c.x(0);
  const b = c.int('transB', 0) !== 0 ? c.x(1).t() : c.x(1);
  const [alpha, beta] = [c.float('alpha', 1), c.float('beta', 1)];
  const added = c.optional(2);
  if (added) return added.addmm(a, b, { alpha, beta });
  const product = a.mm(b);
  return alpha === 1 ? product : product.mul(alpha);
}

/** Rows by op type. */
export const linalg: Rows = {
  Det: (c) => decompositions.det(c.x()),
  Einsum: (c) => einsum(c.string('equation').replaceAll(' ', ''), c.inputs()),
  Gemm: gemm,
  MatMul: (c) => c.x(0).matmul(c.x(1)),
};
