/** Derivatives of ops that make tensors: only copies and fills have an input that a gradient flows to. */
import type { CreateOps } from '@tenfold/tensor-core';
import { formula, linear, noGradient, type Rules } from '../rule.ts';

export const create: Rules<CreateOps> = {
  full: noGradient,
  empty: noGradient,
  fullLike: noGradient,
  emptyLike: noGradient,
  fromData: noGradient,
  eye: noGradient,
  arange: noGradient,
  linspace: noGradient,
  logspace: noGradient,
  // back to where it came from
  toCopy: formula(linear((c) => c.grad.to({ dtype: c.dtype(0), device: c.attrs.from ?? c.grad.device }))),
  // what was there is gone; the value is summed over all its places by the engine
  fill: formula(
    linear((c) => c.grad.newZeros(c.shape(0))),
    linear((c) => c.grad),
  ),
};
