/** Derivatives of softmaxes, from their results. */
import { builtinOps, dispatch, type SoftmaxOps } from '@tenfold/tensor-core';
import { formula, type Rules, viaBody, wrt } from '../rule.ts';

export const softmax: Rules<SoftmaxOps> = {
  softmax: formula(wrt(['out'], (c) => dispatch(builtinOps.softmaxBackward, [c.grad, c.output()], c.attrs))),
  logSoftmax: formula(wrt(['out'], (c) => dispatch(builtinOps.logSoftmaxBackward, [c.grad, c.output()], c.attrs))),
  softmaxBackward: viaBody,
  logSoftmaxBackward: viaBody,
};
