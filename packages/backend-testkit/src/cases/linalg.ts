/** How matrix products are called. */
import { einsum, type LinalgOps } from '@tenfold/tensor-core';
import { type Cases, method, type OpCase } from '../case.ts';

export const linalg: Cases<LinalgOps> = {
  matmul: method('matmul'),
  mm: method('mm'),
  bmm: method('bmm'),
  mv: method('mv'),
  dot: method('dot'),
  addmm: method('addmm'),
  baddbmm: method('baddbmm'),
  contract: { none: 'what einsum is made of; sampled there' },
  einsum: { call: (tensors, { equation }) => einsum(equation, tensors) },
  trace: { none: 'the sum of a diagonal; tested in tensor-core' },
};

/** Methods that are made of other ops. */
export const linalgMethods: { readonly [name: string]: OpCase } = {
  outer: method('outer'),
};
