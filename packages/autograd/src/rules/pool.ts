/** Derivatives of pooling: a maximum hands its gradient to where it came from, a mean to all of its window. */
import { type AnySig, builtinOps, dispatch, type PoolAttrs, type PoolOps } from '@tenfold/tensor-core';
import { formula, linear, type Rules, viaBody, type Wrt, wrt } from '../rule.ts';

const atIndices = <S extends AnySig>(windowsOf: (attrs: S['attrs']) => { readonly windows?: PoolAttrs }): Wrt<S> =>
  wrt(['out1'], (c) => {
    const [grad] = c.grads;
    const attrs = { size: c.shape(0).slice(2), ...windowsOf(c.attrs) };
    return grad && dispatch(builtinOps.maxPoolBackward, [grad, c.output(1)], attrs);
  });

export const pool: Rules<PoolOps> = {
  maxPool: formula(atIndices((windows) => ({ windows }))),
  adaptiveMaxPool: formula(atIndices(() => ({}))),
  maxPoolBackward: viaBody,
  // linear, and each the adjoint of the other
  avgPool: formula(
    linear((c) => dispatch(builtinOps.avgPoolBackward, [c.grad], { ...c.attrs, size: c.shape(0).slice(2) })),
  ),
  avgPoolBackward: formula(
    linear((c) => {
      const { size: _, ...attrs } = c.attrs;
      return dispatch(builtinOps.avgPool, [c.grad], attrs);
    }),
  ),
};
