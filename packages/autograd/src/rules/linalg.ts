/** Derivatives of matrix products: with C = A B, dA = G Bᵀ and dB = Aᵀ G. */
import { type AnySig, builtinOps, dispatch, type LinalgOps, numel, type Tensor } from '@tenfold/tensor-core';
import { type FormulaContext, formula, linear, type Rules, viaBody, wrt } from '../rule.ts';

const scaled = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : x.mul(factor));

/** The last two dims swapped. */
const transposed = (x: Tensor): Tensor => (x.ndim === 2 ? x.t() : x.transpose(-1, -2));

type Product = (a: Tensor, b: Tensor) => Tensor;

const mm: Product = (a, b) => a.mm(b);
const bmm: Product = (a, b) => a.bmm(b);
const matmul: Product = (a, b) => a.matmul(b);

/** α A B. Scaled before it is transposed, which keeps the result in columns. */
const times =
  (factor: number, product: Product): Product =>
  (a, b) =>
    scaled(product(a, b), factor);

/** Whether the matrices of input `i` lie column by column, as those of a transposed tensor do. */
function inColumns(c: Pick<FormulaContext<AnySig>, 'shape' | 'strides'>, i: number): boolean {
  const [down, right] = c.strides(i).slice(-2);
  return down === 1 && right === c.shape(i).at(-2);
}

/** G Bᵀ. As (B Gᵀ)ᵀ for an A in columns, as that lies in columns too: what A is the transpose of gets a gradient in rows. */
const gradLeft = (grad: Tensor, b: Tensor, columns: boolean, product: Product): Tensor =>
  columns ? transposed(product(b, transposed(grad))) : product(grad, transposed(b));

/** Aᵀ G, or (Gᵀ A)ᵀ for a B in columns. */
const gradRight = (grad: Tensor, a: Tensor, columns: boolean, product: Product): Tensor =>
  columns ? transposed(product(transposed(grad), a)) : product(transposed(a), grad);

/** All dims but the last `keep` as one. */
function asRows(x: Tensor, keep: 0 | 1): Tensor {
  const kept = x.shape.slice(x.ndim - keep);
  return x.reshape([numel(x.shape.slice(0, x.ndim - keep)), ...kept]);
}

/** `x` with `first` dims, then `second`, then the rest, as the first, the rest, the second. */
function swapBlocks(x: Tensor, first: number, second: number): Tensor {
  const dims = x.shape.map((_, d) => d);
  return x.permute([...dims.slice(0, first), ...dims.slice(first + second), ...dims.slice(first, first + second)]);
}

/** dA of A @ B where one of them has more than two dims; the engine sums over the batch dims that were broadcast. */
function matmulLeft(c: FormulaContext<LinalgOps['matmul']>): Tensor {
  const { grad } = c;
  const [a, b] = [c.shape(0).length, c.tensor(1)];
  if (b.ndim === 1) return grad.unsqueeze(-1).mul(b);
  if (a === 1) return b.matmul(grad.unsqueeze(-1)).squeeze(-1);
  // one matrix takes all leading dims as rows only if it stands on the right
  return gradLeft(grad, b, b.ndim > 2 && inColumns(c, 0), matmul);
}

/** dB of A @ B where one of them has more than two dims. */
function matmulRight(c: FormulaContext<LinalgOps['matmul']>): Tensor {
  const { grad } = c;
  const [a, b] = [c.tensor(0), c.shape(1).length];
  if (b === 1) return asRows(a, 1).t().mv(asRows(grad, 0));
  if (a.ndim === 1) return a.unsqueeze(-1).mul(grad.unsqueeze(-2));
  // a matrix met all leading dims of A as rows: one product gives the sum over them
  if (b === 2) return gradRight(asRows(grad, 1), asRows(a, 1), inColumns(c, 1), mm);
  return gradRight(grad, a, inColumns(c, 1), matmul);
}

export const linalg: Rules<LinalgOps> = {
  matmul: formula(wrt([1], matmulLeft), wrt([0], matmulRight)),
  mm: formula(
    wrt([1], (c) => gradLeft(c.grad, c.tensor(1), inColumns(c, 0), mm)),
    wrt([0], (c) => gradRight(c.grad, c.tensor(0), inColumns(c, 1), mm)),
  ),
  bmm: formula(
    wrt([1], (c) => gradLeft(c.grad, c.tensor(1), inColumns(c, 0), bmm)),
    wrt([0], (c) => gradRight(c.grad, c.tensor(0), inColumns(c, 1), bmm)),
  ),
  // y = A v:  dA = g vᵀ,  dv = Aᵀ g
  mv: formula(
    wrt([1], (c) => c.grad.outer(c.tensor(1))),
    wrt([0], (c) => c.tensor(0).t().mv(c.grad)),
  ),
  dot: formula(
    wrt([1], (c) => c.grad.mul(c.tensor(1))),
    wrt([0], (c) => c.grad.mul(c.tensor(0))),
  ),
  // β x + α A B
  addmm: formula(
    linear((c) => scaled(c.grad, c.attrs.beta)),
    wrt([2], (c) => gradLeft(c.grad, c.tensor(2), inColumns(c, 1), times(c.attrs.alpha, mm))),
    wrt([1], (c) => gradRight(c.grad, c.tensor(1), inColumns(c, 2), times(c.attrs.alpha, mm))),
  ),
  baddbmm: formula(
    linear((c) => scaled(c.grad, c.attrs.beta)),
    wrt([2], (c) => gradLeft(c.grad, c.tensor(2), inColumns(c, 1), times(c.attrs.alpha, bmm))),
    wrt([1], (c) => gradRight(c.grad, c.tensor(1), inColumns(c, 2), times(c.attrs.alpha, bmm))),
  ),
  // C[b m n] = Σ_k A[b m k] B[b k n]:  dA[b m k] = Σ_n G[b m n] B[b n k],  dB[b k n] = Σ_m A[b k m] G[b m n]
  contract: formula(
    wrt([1], (c) => {
      const { batch, m, n, k } = c.attrs;
      return dispatch(builtinOps.contract, [c.grad, swapBlocks(c.tensor(1), batch, k)], { batch, m, n: k, k: n });
    }),
    wrt([0], (c) => {
      const { batch, m, n, k } = c.attrs;
      return dispatch(builtinOps.contract, [swapBlocks(c.tensor(0), batch, m), c.grad], { batch, m: k, n, k: m });
    }),
  ),
  einsum: viaBody,
  // the gradient on the diagonal
  trace: formula(linear((c) => c.grad.newOnes(c.shape(0)).tril().triu().mul(c.grad))),
};
