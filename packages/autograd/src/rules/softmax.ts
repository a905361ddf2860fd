/** Derivatives of softmaxes, from their results. */
import type { SoftmaxOps } from '@tenfold/tensor-core';
import { formula, type Rules, wrt } from '../rule.ts';

export const softmax: Rules<SoftmaxOps> = {
  // y = softmax(x):  dx = y · (g - Σ g·y)
  softmax: formula(
    wrt(['out'], (c) => {
      const weighted = c.grad.mul(c.output()).sum(c.attrs.dim, { keepdim: true });
      return c.output().mul(c.grad.sub(weighted));
    }),
  ),
  // y = log softmax(x):  dx = g - exp(y) · Σ g
  logSoftmax: formula(
    wrt(['out'], (c) =>
      c.grad.sub(
        c
          .output()
          .exp()
          .mul(c.grad.sum(c.attrs.dim, { keepdim: true })),
      ),
    ),
  ),
};
