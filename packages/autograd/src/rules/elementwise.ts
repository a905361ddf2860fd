/** Derivatives of pointwise ops. The seed of the table: the row format in use; see ../rule.ts for the names in scope. */
import type { ElementwiseOps } from '@tenfold/tensor-core';
import { formula, linear, type Rules, wrt } from '../rule.ts';

export const elementwise: Pick<Rules<ElementwiseOps>, 'mul' | 'exp' | 'neg'> = {
  // d(x·y) = y·dx + x·dy
  mul: formula(
    wrt([1], (c) => c.grad.mul(c.input(1) as number)),
    wrt([0], (c) => c.grad.mul(c.input(0))),
  ),
  // d exp(x) = exp(x)·dx
  exp: formula(wrt(['out'], (c) => c.grad.mul(c.output()))),
  neg: formula(linear((c) => c.grad.neg())),
};
