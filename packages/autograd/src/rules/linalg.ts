/** Derivatives of matrix products: with C = A B, dA = G Bᵀ and dB = Aᵀ G. */
import { builtinOps, dispatch, type LinalgOps, numel, type Tensor } from '@tenfold/tensor-core';
import { formula, linear, type Rules, viaBody, wrt } from '../rule.ts';

const scaled = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : x.mul(factor));

/** The last two dims swapped. */
const transposed = (x: Tensor): Tensor => x.transpose(-1, -2);

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
function matmulLeft(grad: Tensor, a: number, b: Tensor): Tensor {
  if (b.ndim === 1) return grad.unsqueeze(-1).mul(b);
  if (a === 1) return b.matmul(grad.unsqueeze(-1)).squeeze(-1);
  return grad.matmul(transposed(b));
}

/** dB of A @ B where one of them has more than two dims. */
function matmulRight(grad: Tensor, a: Tensor, b: number): Tensor {
  if (b === 1) return asRows(a, 1).t().mv(asRows(grad, 0));
  if (a.ndim === 1) return a.unsqueeze(-1).mul(grad.unsqueeze(-2));
  // a matrix met all leading dims of A as rows: one product gives the sum over them
  if (b === 2) return asRows(a, 1).t().mm(asRows(grad, 1));
  return transposed(a).matmul(grad);
}

export const linalg: Rules<LinalgOps> = {
  matmul: formula(
    wrt([1], (c) => matmulLeft(c.grad, c.shape(0).length, c.tensor(1))),
    wrt([0], (c) => matmulRight(c.grad, c.tensor(0), c.shape(1).length)),
  ),
  mm: formula(
    wrt([1], (c) => c.grad.mm(c.tensor(1).t())),
    wrt([0], (c) => c.tensor(0).t().mm(c.grad)),
  ),
  bmm: formula(
    wrt([1], (c) => c.grad.bmm(transposed(c.tensor(1)))),
    wrt([0], (c) => transposed(c.tensor(0)).bmm(c.grad)),
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
    wrt([2], (c) => scaled(c.grad.mm(c.tensor(2).t()), c.attrs.alpha)),
    wrt([1], (c) => scaled(c.tensor(1).t().mm(c.grad), c.attrs.alpha)),
  ),
  baddbmm: formula(
    linear((c) => scaled(c.grad, c.attrs.beta)),
    wrt([2], (c) => scaled(c.grad.bmm(transposed(c.tensor(2))), c.attrs.alpha)),
    wrt([1], (c) => scaled(transposed(c.tensor(1)).bmm(c.grad), c.attrs.alpha)),
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
