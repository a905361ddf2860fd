/** Derivatives of index ops: reading at an index adds the gradient there, writing at an index takes it from there. */
import { type AnySig, builtinOps, dispatch, type IndexOps, type Tensor } from '@tenfold/tensor-core';
import {
  type FormulaContext,
  formula,
  joint,
  linear,
  noGradient,
  notImplemented,
  type Rules,
  viaBody,
  type Wrt,
  wrt,
} from '../rule.ts';

const zeros = <S extends AnySig>(c: FormulaContext<S>): Tensor => c.grad.newZeros(c.shape(0));

/** values[i] = x[indices[i]], each index at most once. */
const ordered = <S extends { attrs: { dim: number } } & AnySig>(): Wrt<S> =>
  wrt(['out1'], (c) => c.grads[0] && zeros(c).scatter(c.attrs.dim, c.output(1), c.grads[0]));

type Reduced = FormulaContext<IndexOps['scatterReduce']>;

/** A tensor of `value` in the shape of the input, combined by the op itself with `src`: what falls on each place. */
const gathered = (c: Reduced, value: number, src: Tensor, reduce: 'sum' | 'prod', includeSelf = true): Tensor =>
  c.grad.newFull(c.shape(0), value).scatterReduce(c.attrs.dim, c.input(1), src, reduce, { includeSelf });

/** Zero where an index points, if the tensor's own values were left out there. */
const ownPart = (c: Reduced, own: Tensor): Tensor =>
  c.attrs.includeSelf ? own : own.scatter(c.attrs.dim, c.input(1), 0);

/**
 * The derivative of a product by one factor is the product of the others: the result divided by it, or where it is 0 the product of the factors
 * that are not, times that of the other zeros. Of one zero that is 1; of two it is the other one, written as their sum less this one, so that it
 * has the right derivative again; of more it is 0 in both.
 */
function productBySource(c: Reduced): Tensor {
  const { dim, includeSelf } = c.attrs;
  const [x, at, src] = [c.tensor(0), c.tensor(1), c.tensor(2)];
  const here = (values: Tensor): Tensor => values.gather(dim, at);
  const isZero = src.eq(0);
  const own = includeSelf ? x.eq(0) : x.eq(0).logicalAnd(0);
  const zeros = here(own.to(src.dtype).scatterAdd(dim, at, isZero.to(src.dtype)));
  const ownZeros = x.where(own, 0);
  const sumOfZeros = here(ownZeros.scatterAdd(dim, at, src.where(isZero, 0)));
  const rest = here(x.maskedFill(own, 1).scatterReduce(dim, at, src.maskedFill(isZero, 1), 'prod', { includeSelf }));
  const otherZeros = sumOfZeros.sub(src).where(zeros.eq(2), 0).where(zeros.ne(1), 1);
  const others = rest.mul(otherZeros).where(isZero, here(c.output()).div(src.maskedFill(isZero, 1)));
  return here(c.grad).mul(others);
}

/** The gradient of an extreme, shared evenly among all that attain it. */
function shared(c: Reduced): { own: Tensor; source: Tensor; share: Tensor } {
  const { dim } = c.attrs;
  const [x, at, src] = [c.tensor(0), c.tensor(1), c.tensor(2)];
  const result = c.output();
  const own = ownPart(c, x.eq(result).to(c.grad.dtype));
  const source = src.eq(result.gather(dim, at)).to(c.grad.dtype);
  return { own, source, share: c.grad.div(own.scatterAdd(dim, at, source)) };
}

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
  scatterReduce: joint([0, 1, 2, 'out'], (c) => {
    const { dim, reduce } = c.attrs;
    if (reduce === 'amax' || reduce === 'amin') {
      const { own, source, share } = shared(c);
      return [share.mul(own), null, share.gather(dim, c.input(1)).mul(source)];
    }
    // a place's own value is multiplied by all that falls there
    const own = reduce === 'sum' ? c.grad : c.grad.mul(gathered(c, 1, c.input(2), 'prod'));
    return [
      c.needs(0) ? ownPart(c, own) : null,
      null,
      c.needs(2) ? (reduce === 'sum' ? c.grad.gather(dim, c.input(1)) : productBySource(c)) : null,
    ];
  }),
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
  uniqueRows: notImplemented('which elements are equal changes by jumps; PyTorch gives unique() no derivative either'),
  sort: formula(ordered()),
  topk: formula(ordered()),
  searchsorted: noGradient,
  oneHot: noGradient,
  embedding: formula(
    wrt([1], (c) => {
      const { paddingIdx } = c.attrs;
      return dispatch(builtinOps.embeddingBackward, [c.grad, c.input(1)], { rows: c.shape(0)[0], paddingIdx });
    }),
    null,
  ),
  embeddingBackward: viaBody,
};
