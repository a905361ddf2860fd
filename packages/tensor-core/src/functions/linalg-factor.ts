/** `linalg`: decompositions. */
import { dispatch } from '../dispatch.ts';
import { checkOptions } from '../errors.ts';
import { flag, type QR, type UpperOptions } from '../methods/decomposition.ts';
import { requireTensor } from '../ops/build.ts';
import { decomposition as ops, type QrMode } from '../ops/decomposition.ts';
import { equations } from '../ops/equations.ts';
import type { Tensor } from '../tensor.ts';
import { oneHot } from './index.ts';
import { cat } from './movement.ts';

/** The triangular factor of symmetric positive-definite matrices; see {@link Tensor.cholesky}. */
export const cholesky = (A: Tensor, options?: UpperOptions): Tensor => A.cholesky(options);

/**
 * A = Q R with orthonormal columns of Q and an upper triangular R, in LAPACK's signs (https://pytorch.org/docs/stable/generated/torch.linalg.qr.html).
 * `'reduced'`: `[…, m, k]`, `[…, k, n]` with k = min(m, n); `'complete'`: `[…, m, m]`, `[…, m, n]`; `'r'`: an empty Q and the reduced R. The derivative
 * needs Q and linearly independent first columns, and of `'complete'` no more rows than columns.
 *
 * @example `const { Q, R } = linalg.qr(A)`
 * @throws ShapeError for fewer than two dims, DTypeError for other dtypes than float32 and float64, ArgumentError for another mode.
 */
export function qr(A: Tensor, options?: { mode?: QrMode }): QR {
  checkOptions('linalg.qr', options, ['mode']);
  const [Q, R] = dispatch(ops.qr, [A], { mode: options?.mode ?? 'reduced' });
  return { Q, R };
}

/** A = U diag(S) Vh. */
export interface SVD {
  readonly U: Tensor;
  readonly S: Tensor;
  readonly Vh: Tensor;
}

/**
 * Singular values in descending order, and singular vectors (https://pytorch.org/docs/stable/generated/torch.linalg.svd.html): U `[…, m, m]`, S
 * `[…, k]`, Vh `[…, n, n]`; with `{ fullMatrices: false }` U `[…, m, k]` and Vh `[…, k, n]`. The vectors are unique up to signs (and rotations, for equal
 * singular values): derivatives are right for functions that do not depend on that choice, and not finite where singular values repeat or, for vectors
 * of matrices that are not square, are zero. Use {@link svdvals} where the values are enough.
 *
 * @example `const { U, S, Vh } = linalg.svd(A, { fullMatrices: false })`
 * @throws ArgumentError if an element is not finite, ShapeError for fewer than two dims, DTypeError for other dtypes than float32 and float64.
 */
export function svd(A: Tensor, options?: { fullMatrices?: boolean }): SVD {
  checkOptions('linalg.svd', options, ['fullMatrices']);
  const fullMatrices = flag('linalg.svd', 'fullMatrices', options?.fullMatrices, true);
  const [U, S, Vh] = dispatch(ops.svd, [A], { fullMatrices });
  return { U, S, Vh };
}

/** The singular values in descending order, `[…, m, n] → […, k]` (https://pytorch.org/docs/stable/generated/torch.linalg.svdvals.html). @throws as {@link svd}. */
export const svdvals = (A: Tensor): Tensor => dispatch(ops.svd, [A], { fullMatrices: false })[1];

/** Options of {@link eigh} and {@link eigvalsh}. */
export interface EighOptions {
  /** Which triangle is read. Default `'L'`. */
  UPLO?: 'L' | 'U';
}

/** Eigenvalues in ascending order, and eigenvectors as columns. */
export interface Eigh {
  readonly eigenvalues: Tensor;
  readonly eigenvectors: Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices (https://pytorch.org/docs/stable/generated/torch.linalg.eigh.html): `[…, n]` and `[…, n, n]`.
 * Derivatives through the vectors have the same limits as those of {@link svd}.
 *
 * @example `const { eigenvalues, eigenvectors } = linalg.eigh(A)`
 * @throws ArgumentError if an element is not finite, ShapeError unless square, DTypeError for other dtypes than float32 and float64.
 */
export function eigh(A: Tensor, options?: EighOptions): Eigh {
  checkOptions('linalg.eigh', options, ['UPLO']);
  const [eigenvalues, eigenvectors] = dispatch(ops.eigh, [A], { uplo: options?.UPLO ?? 'L' });
  return { eigenvalues, eigenvectors };
}

/** The eigenvalues of symmetric matrices in ascending order; see {@link eigh}. */
export const eigvalsh = (A: Tensor, options?: EighOptions): Tensor => eigh(A, options).eigenvalues;

/**
 * Both triangular factors in one matrix (the ones on L's diagonal left out), and the row exchanged with each row, counted from 1, in int32
 * (https://pytorch.org/docs/stable/generated/torch.linalg.lu_factor.html).
 *
 * @throws ArgumentError if U has a zero on its diagonal; {@link lu} takes such matrices.
 */
export function luFactor(A: Tensor): { readonly LU: Tensor; readonly pivots: Tensor } {
  const [LU, pivots] = dispatch(equations.luFactor, [A], { check: true });
  return { LU, pivots };
}

/** A = P L U. */
export interface LU {
  readonly P: Tensor;
  readonly L: Tensor;
  readonly U: Tensor;
}

/**
 * A permutation P `[…, m, m]`, a lower triangular L `[…, m, k]` with ones on the diagonal and an upper triangular U `[…, k, n]`, with k = min(m, n)
 * (https://pytorch.org/docs/stable/generated/torch.linalg.lu.html).
 *
 * @throws ShapeError for fewer than two dims, DTypeError for other dtypes than float32 and float64.
 */
export function lu(A: Tensor): LU {
  requireTensor('linalg.lu', A);
  const [both, pivots] = dispatch(equations.luFactor, [A], { check: false });
  const m = both.shape[both.ndim - 2];
  const n = both.shape[both.ndim - 1];
  const rows = dispatch(equations.luRows, [pivots], { rows: m });
  const k = Math.min(m, n);
  const ones = both.newOnes([k]).diag();
  const unit = m > k ? cat([ones, both.newZeros([m - k, k])], 0) : ones;
  const P = m === 0 ? both.newZeros([...both.shape.slice(0, -2), 0, 0]) : oneHot(rows, m).to(A.dtype).transpose(-1, -2);
  return { P, L: both.narrow(-1, 0, k).tril(-1).add(unit), U: both.narrow(-2, 0, k).triu() };
}
