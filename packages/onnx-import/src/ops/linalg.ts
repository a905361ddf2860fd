/** Products of matrices. */
import { matmul } from '@tenfold/tensor-core';
import type { Row, Rows } from '../context.ts';

const gemm: Row = (c) => {
  const a = c.int('transA', 0) ? c.x(0).t() : c.x(0);
  const b = c.int('transB', 0) ? c.x(1).t() : c.x(1);
  const [alpha, beta] = [c.float('alpha', 1), c.float('beta', 1)];
  const bias = c.optional(2);
  if (bias) return bias.addmm(a, b, { alpha, beta });
  const product = a.mm(b);
  return alpha === 1 ? product : product.mul(alpha);
};

export const linalg: Rows = {
  MatMul: (c) => matmul(c.x(0), c.x(1)),
  Gemm: gemm,
};
