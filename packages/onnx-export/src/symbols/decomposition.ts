/** In ONNX: of matrix decompositions there is the determinant alone. */
import type { DecompositionOps } from '@tenfold/tensor-core';
import { type Symbols, unsupported } from './symbol.ts';

const none = (what: string) => unsupported(`ONNX has no ${what}`);

/** Rows by op name. */
export const decomposition: Symbols<DecompositionOps> = {
  luFactor: none('LU decomposition'),
  luRows: none('LU decomposition'),
  det: (g) => g.op('Det', [g.x()]),
  slogdet: none('determinant that can be had by its logarithm; use det() where it does not overflow'),
  cofactor: none('cofactors'),
  cofactorGrad: none('cofactors'),
  inverse: none('inverse of matrices'),
  solve: none('solver of linear equations'),
  triangularSolve: none('solver of triangular equations'),
  cholesky: none('Cholesky decomposition'),
  qr: none('QR decomposition'),
  svd: none('singular value decomposition'),
  eigh: none('eigenvalues'),
  pinv: none('pseudo-inverse'),
  matrixExp: none('exponential of matrices'),
};
