/** How matrix products are called. */
import { einsum, type LinalgOps, tensordot } from '@tenfold/tensor-core';
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
  trace: method('trace'),
};

/** Methods that are made of other ops. */
export const linalgMethods: { readonly [name: string]: OpCase } = {
  outer: method('outer'),
  kron: method('kron'),
  tensordot: { call: ([a, b], args) => tensordot(a, b, args) },
  inner: method('inner'),
  vdot: method('vdot'),
  addmv: method('addmv'),
  addr: method('addr'),
  addbmm: method('addbmm'),
};
