/** Derivatives of index ops: reading at an index adds the gradient there, writing at an index takes it from there. */
import type { AnySig, IndexOps, Tensor } from '@tenfold/tensor-core';
import { type FormulaContext, formula, linear, noGradient, type Rules, viaBody, type Wrt, wrt } from '../rule.ts';

const zeros = <S extends AnySig>(c: FormulaContext<S>): Tensor => c.grad.newZeros(c.shape(0));

/** values[i] = x[indices[i]], each index at most once. */
const ordered = <S extends { attrs: { dim: number } } & AnySig>(): Wrt<S> =>
  wrt(['out1'], (c) => c.grads[0] && zeros(c).scatter(c.attrs.dim, c.output(1), c.grads[0]));

export const index: Rules<IndexOps> = {
  gather: formula(
    wrt([1], (c) => zeros(c).scatterAdd(c.attrs.dim, c.input(1), c.grad)),
    null,
  ),
  scatter: formula(
    wrt([1], (c) => c.grad.scatter(c.attrs.dim, c.input(1), 0)),
    null,
    wrt([1], (c) => c.grad.gather(c.attrs.dim, c.input(1))),
  ),
  scatterAdd: formula(
    linear((c) => c.grad),
    null,
    wrt([1], (c) => c.grad.gather(c.attrs.dim, c.input(1))),
  ),
  indexSelect: formula(
    wrt([1], (c) => zeros(c).indexAdd(c.attrs.dim, c.input(1), c.grad)),
    null,
  ),
  indexAdd: formula(
    linear((c) => c.grad),
    null,
    wrt([1], (c) => c.grad.indexSelect(c.attrs.dim, c.input(1))),
  ),
  indexCopy: formula(
    wrt([1], (c) => c.grad.indexFill(c.attrs.dim, c.input(1), 0)),
    null,
    wrt([1], (c) => c.grad.indexSelect(c.attrs.dim, c.input(1))),
  ),
  // a 0-d value is summed over all its places by the engine, each once even where an index stands twice
  indexFill: formula(
    wrt([1], (c) => c.grad.indexFill(c.attrs.dim, c.input(1), 0)),
    null,
    wrt([1], (c) => c.grad.maskedFill(c.grad.newOnes(c.shape(0)).indexFill(c.attrs.dim, c.input(1), 0).ne(0), 0)),
  ),
  linearIndex: noGradient,
  index: viaBody,
  indexPut: viaBody,
  take: viaBody,
  maskedScatter: viaBody,
  sort: formula(ordered()),
  topk: formula(ordered()),
  searchsorted: noGradient,
  oneHot: noGradient,
  // the rows that were read get the gradient, but for the padding row
  embedding: formula(
    wrt([1], (c) => {
      const rows = c.input(1).flatten();
      const { paddingIdx } = c.attrs;
      const grad = c.grad.reshape([rows.numel(), c.shape(0)[1]]);
      const kept = paddingIdx === null ? grad : grad.maskedFill(rows.eq(paddingIdx).unsqueeze(1), 0);
      return zeros(c).indexAdd(0, rows, kept);
    }),
    null,
  ),
};
