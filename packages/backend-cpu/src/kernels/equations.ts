/** Factors and equations that no method of tensors solves, and the gradients of determinants. */
import { ArgumentError, type Override } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { count } from '../iterate.ts';
import { isFinite, perMatrix, perPair, read, writer } from './decomposition.ts';
import * as dense from './dense.ts';
import * as spectral from './spectral.ts';

/** Where the rows of the factors come from, after the exchanges, which count from 1. */
function permutation(pivots: Float64Array, m: number): number[] {
  const rows = Array.from({ length: m }, (_, i) => i);
  pivots.forEach((pivot, i) => {
    if (!(pivot >= 1 && pivot <= m))
      throw new ArgumentError(
        `linalg.lu_solve: pivots must be between 1 and ${m}, as linalg.luFactor gives them; got ${pivot}`,
      );
    [rows[i], rows[pivot - 1]] = [rows[pivot - 1], rows[i]];
  });
  return rows;
}

/** Kernels by op name: made when they are asked for, so that bundlers see that nothing else needs them. */
export const equations = (): { readonly [op: string]: Override<Buffer> } => ({
  luFactor: perMatrix<{ check: boolean }>('torch.linalg.lu_factor', (a, m, n, { check }, fail) => {
    const { pivots, zero } = dense.lu(a, m, n);
    if (check && zero > 0) {
      fail(
        `U[${zero},${zero}] is zero and using it on lu_solve would result in a division by zero. ` +
          'If you still want to perform the factorization, consider calling linalg.lu(A)',
      );
    }
    return [a, pivots.map((i) => i + 1)];
  }),
  luRows: {
    run([out], inputs) {
      const pivots = inputs[0] as View;
      const k = pivots.shape[pivots.shape.length - 1];
      const rows = out.shape[out.shape.length - 1];
      const data = read(pivots);
      const write = writer(out as View);
      const batches = count(pivots.shape.slice(0, -1));
      for (let i = 0; i < batches; i++) write(permutation(data.subarray(i * k, (i + 1) * k), rows), i * rows);
    },
  },
  cofactor: perMatrix('cofactor', (a, _, n) => [isFinite(a) ? spectral.cofactors(a, n) : a.fill(Number.NaN)]),
  cofactorGrad: perPair('cofactor', (a, g, n) =>
    isFinite(a) && isFinite(g) ? spectral.cofactorGradient(g, a, n) : g.fill(Number.NaN),
  ),
  solve: perPair('torch.linalg.solve', (a, b, n, r, _, fail) => {
    const { pivots, zero } = dense.lu(a, n, n);
    if (zero > 0) fail('The solver failed because the input matrix is singular.');
    dense.luSolve(a, pivots, b, n, r);
    return b;
  }),
});
