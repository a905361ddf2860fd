/** `linalg`: linear equations, least squares, pseudo-inverses and ranks. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { flag, tolerance } from '../methods/decomposition.ts';
import { requireTensor } from '../ops/build.ts';
import { checkMatrix, checkPrecision, checkSquare, cutoff, decomposition as ops } from '../ops/decomposition.ts';
import { equations } from '../ops/equations.ts';
import { broadcastShapes, formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { eigvalsh, svdvals } from './linalg-factor.ts';

/** Whether B is a (batch of) vectors: of one dim, or with exactly the leading dims of the matrices A. */
const isVector = (A: Tensor, B: Tensor): boolean =>
  B.ndim === 1 || (A.ndim - 1 === B.ndim && sameShape(B.shape, A.shape.slice(0, -1)));

const T = (x: Tensor): Tensor => x.transpose(-1, -2);

/** X A = B is Aᵀ Xᵀ = Bᵀ. */
function fromRight(where: string, A: Tensor, B: Tensor, solveLeft: (a: Tensor, b: Tensor) => Tensor): Tensor {
  checkMatrix(where, B, 'B');
  checkSquare(where, A);
  if (B.shape[B.ndim - 1] !== A.shape[A.ndim - 1]) {
    throw new ShapeError(
      `${where}: Incompatible shapes of A and B for the equation XA = B (${A.shape.slice(-2).join('x')} and ${B.shape.slice(-2).join('x')})`,
    );
  }
  return T(solveLeft(T(A), T(B)));
}

/** Options of {@link solve}. */
export interface SolveOptions {
  /** Whether A stands to the left of X. Default true: A X = B; else X A = B. */
  left?: boolean;
}

/**
 * X of A X = B for square A (https://pytorch.org/docs/stable/generated/torch.linalg.solve.html): B is a vector `[n]`, vectors `[…, n]` if it has exactly
 * the leading dims of A, or matrices `[…, n, r]`. Batches broadcast.
 *
 * @example `linalg.solve(tensor([[2, 0], [0, 4]]), tensor([1, 1])) // [0.5, 0.25]`
 * @throws ArgumentError if a matrix is singular, ShapeError unless the sizes fit, DTypeError unless both are float32 or both float64.
 */
export function solve(A: Tensor, B: Tensor, options?: SolveOptions): Tensor {
  requireTensor('linalg.solve', A, 0);
  requireTensor('linalg.solve', B, 1);
  checkOptions('linalg.solve', options, ['left']);
  checkSquare('linalg.solve', A);
  const vector = isVector(A, B);
  const rhs = vector ? B.unsqueeze(-1) : B;
  const run = (a: Tensor, b: Tensor): Tensor => dispatch(equations.solve, [a, b], null);
  const X = flag('linalg.solve', 'left', options?.left, true) ? run(A, rhs) : fromRight('linalg.solve', A, rhs, run);
  return vector ? X.squeeze(-1) : X;
}

/** Options of {@link solveTriangular}. */
export interface SolveTriangularOptions extends SolveOptions {
  /** Whether the upper triangle of A is read; else the lower one. */
  upper: boolean;
  /** Whether the diagonal is taken for ones and not read. Default false. */
  unitriangular?: boolean;
}

/**
 * X of A X = B for triangular A, `[…, n, n], […, n, r]` (https://pytorch.org/docs/stable/generated/torch.linalg.solve_triangular.html). Zeros on the
 * diagonal divide: they give infinities and NaN, as in PyTorch.
 *
 * @example `linalg.solveTriangular(L, B, { upper: false })`
 * @throws ArgumentError unless `upper` is given, ShapeError, DTypeError as {@link solve}.
 */
export function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor {
  const where = 'linalg.solve_triangular';
  requireTensor(where, A, 0);
  requireTensor(where, B, 1);
  checkOptions(where, options, ['upper', 'left', 'unitriangular']);
  if (typeof options?.upper !== 'boolean')
    throw new ArgumentError(`${where}: say { upper: true } or { upper: false }, got ${describe(options?.upper)}`);
  const unitriangular = flag(where, 'unitriangular', options.unitriangular, false);
  const run = (upper: boolean) => (a: Tensor, b: Tensor) =>
    dispatch(ops.triangularSolve, [a, b], { upper, unitriangular });
  if (flag(where, 'left', options.left, true)) return run(options.upper)(A, B);
  return fromRight(where, A, B, run(!options.upper));
}

/** Options of {@link luSolve}. */
export interface LuSolveOptions extends SolveOptions {
  /** Whether Aᵀ stands in the place of A. Default false. */
  adjoint?: boolean;
}

/**
 * X of A X = B, given what `luFactor(A)` gave: `[…, n, n]`, `[…, n]`, `[…, n, r] → […, n, r]` (https://pytorch.org/docs/stable/generated/torch.linalg.lu_solve.html).
 * Zeros on the diagonal of U divide.
 *
 * @example `const { LU, pivots } = linalg.luFactor(A); linalg.luSolve(LU, pivots, B)`
 * @throws ShapeError unless the sizes fit, DTypeError unless both are float32 or both float64 and the pivots int32, ArgumentError for other pivots.
 */
export function luSolve(LU: Tensor, pivots: Tensor, B: Tensor, options?: LuSolveOptions): Tensor {
  const where = 'linalg.lu_solve';
  requireTensor(where, LU, 0);
  requireTensor(where, pivots, 1);
  requireTensor(where, B, 2);
  checkOptions(where, options, ['left', 'adjoint']);
  checkSquare(where, LU);
  checkMatrix(where, B, 'B');
  if (!sameShape(pivots.shape, LU.shape.slice(0, -1))) {
    throw new ShapeError(
      `${where}: Number of pivots per batch should be same as the dimension of the matrix: got pivots ${formatShape(pivots.shape)} for LU ${formatShape(LU.shape)}`,
    );
  }
  const transposed = flag(where, 'adjoint', options?.adjoint, false);
  const rows = dispatch(equations.luRows, [pivots], { rows: LU.shape[LU.ndim - 1] });
  const triangular = (a: Tensor, b: Tensor, upper: boolean, unitriangular: boolean): Tensor =>
    dispatch(ops.triangularSolve, [a, b], { upper, unitriangular });
  const run = (b: Tensor, adjoint: boolean): Tensor => {
    // Pᵀ A = L U, where row i of Pᵀ A is row rows[i] of A
    if (adjoint) {
      const z = triangular(T(LU), triangular(T(LU), b, false, false), true, true);
      return z.newZeros(z.shape).scatter(-2, rows.unsqueeze(-1).expand(z.shape), z);
    }
    const batch = broadcastShapes([LU.shape.slice(0, -2), b.shape.slice(0, -2)], where);
    const shape = [...batch, ...b.shape.slice(-2)];
    const exchanged = b.expand(shape).gather(-2, rows.unsqueeze(-1).expand(shape));
    return triangular(LU, triangular(LU, exchanged, false, true), true, false);
  };
  const left = flag(where, 'left', options?.left, true);
  const [n, given] = [LU.shape[LU.ndim - 1], B.shape[B.ndim - (left ? 2 : 1)]];
  if (n !== given) {
    throw new ShapeError(
      `${where}: Incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'} (${n}x${n} and ${B.shape.slice(-2).join('x')})`,
    );
  }
  return left ? run(B, transposed) : T(run(T(B), !transposed));
}

/** Options of {@link pinv} and {@link matrixRank}: singular values up to the larger of `atol` and `rtol` times the largest count as zero. */
export interface RankOptions {
  /** Default 0. */
  atol?: number;
  /** Default: the larger size times the epsilon of the dtype, or 0 if `atol` is given. */
  rtol?: number;
  /** Whether the matrices are symmetric, so that eigenvalues serve. Default false. */
  hermitian?: boolean;
}

function rankAttrs(where: string, options: RankOptions | undefined) {
  checkOptions(where, options, ['atol', 'rtol', 'hermitian']);
  const { atol = 0, rtol } = options ?? {};
  return {
    atol: tolerance(where, 'atol', atol),
    rtol: rtol === undefined ? null : tolerance(where, 'rtol', rtol),
    hermitian: flag(where, 'hermitian', options?.hermitian, false),
  };
}

/**
 * The Moore-Penrose pseudo-inverse, `[…, m, n] → […, n, m]` (https://pytorch.org/docs/stable/generated/torch.linalg.pinv.html). Its derivative is that
 * among matrices of the same rank. @throws ArgumentError if an element is not finite, ShapeError, DTypeError.
 */
export const pinv = (A: Tensor, options?: RankOptions): Tensor =>
  dispatch(ops.pinv, [A], rankAttrs('linalg.pinv', options));

/** How many singular values count as nonzero, as int64 (https://pytorch.org/docs/stable/generated/torch.linalg.matrix_rank.html); see {@link RankOptions}. */
export function matrixRank(A: Tensor, options?: RankOptions): Tensor {
  const where = 'linalg.matrix_rank';
  requireTensor(where, A);
  checkMatrix(where, A, 'input');
  checkPrecision(where, A.dtype);
  const { atol, rtol, hermitian } = rankAttrs(where, options);
  if (hermitian) checkSquare(where, A);
  if (A.numel() === 0) return A.newZeros(A.shape.slice(0, -2), { dtype: 'int64' });
  const s = hermitian ? eigvalsh(A).abs() : svdvals(A);
  return s.gt(cutoff(s, A, atol, rtol)).sum(-1);
}

/** The drivers of LAPACK whose results {@link lstsq} gives. */
export type LstsqDriver = 'gelsy' | 'gels' | 'gelsd' | 'gelss';

/** Options of {@link lstsq}. */
export interface LstsqOptions {
  /** Singular values up to `rcond` times the largest count as zero. Default: the larger size times the epsilon of the dtype. Not read by `'gels'`. */
  rcond?: number;
  /** Which of the results are given. Default `'gelsy'`. */
  driver?: LstsqDriver;
}

/** What {@link lstsq} gives; what a driver does not compute is empty. */
export interface Lstsq {
  readonly solution: Tensor;
  /** The squared distances, for more rows than columns of full rank; not by `'gelsy'`. */
  readonly residuals: Tensor;
  /** By all but `'gels'`. */
  readonly rank: Tensor;
  /** By `'gelsd'` and `'gelss'`. */
  readonly singularValues: Tensor;
}

/**
 * X of least ‖A X - B‖, and of those the smallest (https://pytorch.org/docs/stable/generated/torch.linalg.lstsq.html): `[…, m, n], […, m, r] → […, n, r]`,
 * or a vector B as in {@link solve}. Whether there are residuals depends on the rank, so that it reads values.
 *
 * @throws ShapeError unless the sizes fit, ArgumentError for another driver.
 */
export function lstsq(A: Tensor, B: Tensor, options?: LstsqOptions): Lstsq {
  const where = 'torch.linalg.lstsq';
  requireTensor(where, A, 0);
  requireTensor(where, B, 1);
  checkOptions(where, options, ['rcond', 'driver']);
  checkMatrix(where, A, 'input');
  checkPrecision(where, A.dtype);
  const driver = options?.driver ?? 'gelsy';
  if (!['gelsy', 'gels', 'gelsd', 'gelss'].includes(driver))
    throw new ArgumentError(
      `${where}: parameter \`driver\` should be one of (gels, gelsy, gelsd, gelss), got ${describe(driver)}`,
    );
  const vector = B.ndim === 1 || (A.ndim - 1 === B.ndim && sameShape(B.shape, A.shape.slice(0, -1)));
  const rhs = vector ? B.unsqueeze(-1) : B;
  const [m, n] = A.shape.slice(-2);
  if (rhs.ndim < 2 || rhs.shape[rhs.ndim - 2] !== m) {
    throw new ShapeError(
      `${where}: input.size(-2) should match other.size(-2), got shapes ${formatShape(A.shape)} and ${formatShape(B.shape)}`,
    );
  }
  const rtol = options?.rcond === undefined || driver === 'gels' ? undefined : options.rcond;
  const X = pinv(A, { rtol }).matmul(rhs);
  const rank = matrixRank(A, { rtol });
  const fits =
    driver !== 'gelsy' &&
    m > n &&
    rank.numel() > 0 &&
    rank.toTypedArraySync().every((r: number | bigint) => Number(r) === n);
  return {
    solution: vector ? X.squeeze(-1) : X,
    residuals: fits ? A.matmul(X).sub(rhs).square().sum(-2) : A.newZeros([0]),
    rank: driver === 'gels' ? A.newZeros([0], { dtype: 'int64' }) : rank,
    singularValues: driver === 'gelsd' || driver === 'gelss' ? svdvals(A) : A.newZeros([0]),
  };
}
