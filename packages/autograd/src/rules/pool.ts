/** Derivatives of pooling: a maximum hands its gradient to where it came from, a mean to all of its window. */
import { type AnySig, builtinOps, dispatch, type PoolOps, type Tensor } from '@tenfold/tensor-core';
import { formula, linear, type Rules, type Wrt, wrt } from '../rule.ts';

/** values[o] = x[indices[o]] in the flattened spatial dims:  dx[i] = Σ g[o] over the o with indices[o] = i. */
const atIndices = <S extends AnySig>(): Wrt<S> =>
  wrt(['out1'], (c) => {
    const grad: Tensor | null = c.grads[0];
    if (!grad) return null;
    const shape = c.shape(0);
    const zeros = grad.newZeros(shape).flatten(2);
    return zeros.scatterAdd(2, c.output(1).flatten(2), grad.flatten(2)).reshape([...shape]);
  });

export const pool: Rules<PoolOps> = {
  maxPool: formula(atIndices()),
  adaptiveMaxPool: formula(atIndices()),
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
