/** Where the derivatives of this family are checked. Of singular vectors and eigenvectors: functions that do not depend on the choice of their signs. */
import { builtinOps, type DecompositionOps, dispatch, linalg, type Tensor, tensor } from '@tenfold/tensor-core';
import { any, other, type Samples, spread } from './inputs.ts';

const T = (x: Tensor): Tensor => x.transpose(-1, -2);

/** Matrices with a strong diagonal: well-conditioned, with distinct singular values. */
const good = (...shape: number[]): Tensor => {
  const n = shape[shape.length - 1];
  const diagonal = tensor(
    Array.from({ length: n }, (_, i) => 3 + i),
    { dtype: 'float64' },
  ).diag();
  return spread(shape, -0.9, 0.9).detach().add(diagonal).requiresGrad_();
};
const matrix = (rows: number[][]): Tensor => tensor(rows, { dtype: 'float64', requiresGrad: true });
const symmetric = (x: Tensor): Tensor => x.add(T(x));
const definite = (x: Tensor): Tensor => x.matmul(T(x)).add(x.newOnes([x.shape[x.ndim - 1]]).diag());

export const decomposition: Samples<DecompositionOps> = {
  luFactor: [
    [(x) => linalg.luFactor(x).LU, good(3, 3)],
    [(x) => linalg.luFactor(x).LU, good(2, 2, 2)],
    [
      (x) => linalg.luFactor(x).LU,
      matrix([
        [0.2, 1.3, 2],
        [2.1, -0.4, 0.7],
      ]),
    ],
    [
      (x) => linalg.luFactor(x).LU,
      matrix([
        [0.2, 1.3],
        [2.1, -0.4],
        [-1, 0.7],
      ]),
    ],
    [
      (x, b) => {
        const { LU, pivots } = linalg.luFactor(x);
        return [linalg.luSolve(LU, pivots, b), linalg.luSolve(LU, pivots, b, { adjoint: true })];
      },
      matrix([
        [0.2, 1.3],
        [2.1, -0.4],
      ]),
      other(2, 2, 1),
    ],
    [
      (x) => {
        const { L, U } = linalg.lu(x);
        return [L, U];
      },
      matrix([
        [0.2, 1.3, 2],
        [2.1, -0.4, 0.7],
        [1, 1.5, -0.6],
      ]),
    ],
  ],
  det: [
    [(x) => x.det(), any(3, 3)],
    [(x) => x.det(), good(2, 2, 2)],
    // rank 1 and rank 2: the first and the second derivative at singular matrices
    [
      (x) => x.det(),
      matrix([
        [1, 2],
        [2, 4],
      ]),
    ],
    [
      (x) => x.det(),
      matrix([
        [1, 2, 3],
        [4, 5, 6],
        [5, 7, 9],
      ]),
    ],
    [
      (x) => x.det(),
      matrix([
        [1, 2, -1],
        [2, 4, -2],
        [3, 6, -3],
      ]),
    ],
    [(x) => x.det(), matrix([[1.5]])],
  ],
  slogdet: [
    [(x) => x.slogdet().logabsdet, any(3, 3)],
    [(x) => x.slogdet().logabsdet, good(2, 2, 2)],
    [(x) => x.matmul(T(x)).logdet(), any(2, 3)],
  ],
  cofactor: [
    [(x) => dispatch(builtinOps.cofactor, [x], null), good(3, 3)],
    [(x) => dispatch(builtinOps.cofactor, [x], null), good(2, 2, 2)],
  ],
  cofactorGrad: [[(x, g) => dispatch(builtinOps.cofactorGrad, [x, g], null), good(3, 3), other(3, 3)]],
  inverse: [
    [(x) => x.inverse(), good(3, 3)],
    [(x) => x.inverse(), good(2, 2, 2)],
  ],
  solve: [
    [(a, b) => linalg.solve(a, b), good(3, 3), other(3, 2)],
    [(a, b) => linalg.solve(a, b), good(2, 2, 2), other(2)],
    [(a, b) => linalg.solve(a, b, { left: false }), good(2, 2), other(2, 1, 2)],
  ],
  triangularSolve: [true, false].flatMap((upper) =>
    [true, false].flatMap((unitriangular) =>
      [true, false].map(
        (left) =>
          [
            (a: Tensor, b: Tensor) => linalg.solveTriangular(a, b, { upper, left, unitriangular }),
            good(2, 2, 2),
            other(2, 2),
          ] as const,
      ),
    ),
  ),
  cholesky: [
    [(x) => definite(x).cholesky(), any(3, 3)],
    [(x) => definite(x).cholesky({ upper: true }), any(2, 2, 2)],
    [(b, x) => b.choleskySolve(definite(x).cholesky()), any(2, 1), other(2, 2)],
  ],
  qr: [
    [(x) => Object.values(linalg.qr(x)), good(3, 3)],
    [(x) => Object.values(linalg.qr(x)), any(2, 3, 2)],
    [(x) => Object.values(linalg.qr(x)), any(2, 4)],
    [(x) => linalg.qr(x).Q, any(2, 3)],
    [(x) => linalg.qr(x, { mode: 'complete' }).R, any(2, 3)],
  ],
  svd: [
    [(x) => linalg.svdvals(x), any(3, 2)],
    [
      (x) => {
        const { U, S, Vh } = linalg.svd(x, { fullMatrices: false });
        return [U.abs(), S, Vh.abs(), U.mul(S.exp().unsqueeze(-2)).matmul(Vh)];
      },
      any(3, 2),
    ],
    [
      (x) => {
        const { U, Vh } = linalg.svd(x, { fullMatrices: false });
        return [U.square(), Vh.square(), U.matmul(Vh)];
      },
      any(2, 2, 3),
    ],
    [
      (x) => {
        const { U, S, Vh } = linalg.svd(x);
        return U.mul(S.square().unsqueeze(-2)).matmul(Vh.narrow(-2, 0, 2));
      },
      any(2, 4),
    ],
    [(x) => linalg.matrixNorm(x, 'nuc'), any(2, 3)],
    [(x) => linalg.cond(x), any(3, 2)],
  ],
  eigh: [
    [(x) => linalg.eigvalsh(symmetric(x)), any(3, 3)],
    [
      (x) => {
        const { eigenvalues, eigenvectors: v } = linalg.eigh(symmetric(x), { UPLO: 'U' });
        return [eigenvalues, v.abs(), v.mul(eigenvalues.sin().unsqueeze(-2)).matmul(T(v))];
      },
      any(3, 3),
    ],
    [(x) => linalg.eigh(symmetric(x)).eigenvectors.square(), good(2, 2, 2)],
  ],
  pinv: [
    [(x) => linalg.pinv(x), any(3, 2)],
    [(x) => linalg.pinv(x), any(2, 2, 3)],
    [(x) => linalg.pinv(symmetric(x), { hermitian: true }), good(2, 2)],
    // the rank stays 1
    [(x, y) => linalg.pinv(x.outer(y), { rtol: 1e-9 }), any(3), other(2)],
  ],
  matrixExp: [
    [(x) => x.matrixExp(), any(2, 2)],
    [(x) => x.matrixExp(), any(2, 2, 2)],
  ],
};
