/** Decompositions and equations that only functions and autograd call, apart from the others: a page without them doesn't ship them. */
import { dispatch } from '../dispatch.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { requireTensor } from './build.ts';
import {
  type CheckAttrs,
  type DecompositionMethodOps,
  decomposition,
  equation,
  matrixOp,
  sameMatrix,
} from './decomposition.ts';

interface EquationOps {
  /** `[LU, pivots]`: both factors in one matrix, and the row that each row was exchanged with (int32, from 1). */
  luFactor: Sig<[Tensor], CheckAttrs, readonly [Tensor, Tensor]>;
  /** Where each of `rows` rows came from after the exchanges of `luFactor`, as int64. */
  luRows: Sig<[Tensor], { readonly rows: number }>;
  /** The gradient of `det`: the matrix of cofactors. */
  cofactor: Sig<[Tensor]>;
  /** The gradient of Σ G ∘ cofactor(A), from A and G. */
  cofactorGrad: Sig<[Tensor, Tensor]>;
  /** X of A X = B, for matrices B. */
  solve: Sig<[Tensor, Tensor]>;
}

/** Matrix decompositions and what is solved by them, by op name. */
export interface DecompositionOps extends DecompositionMethodOps, EquationOps {}

/** (⟨G, C⟩ I - C Gᵀ) A⁻ᵀ with C = cof(A) = det(A) A⁻ᵀ, for an A that is not singular. */
function cofactorGradient(a: Tensor, grad: Tensor): Tensor {
  const inverse = dispatch(decomposition.inverse, [a], { check: true }).transpose(-1, -2);
  const c = dispatch(decomposition.det, [a], null).unsqueeze(-1).unsqueeze(-1).mul(inverse);
  const total = grad.mul(c).sum([-2, -1], { keepdim: true });
  return total.mul(inverse).sub(c.matmul(grad.transpose(-1, -2)).matmul(inverse));
}

/** Rows by op name. */
export const equations: { readonly [K in keyof EquationOps]: OpSpec<EquationOps[K]> } = {
  luFactor: matrixOp<EquationOps['luFactor']>('luFactor', 'linalg.lu_factor', 'any', (x) => [
    sameMatrix(x),
    { shape: [...x.batch, x.k], dtype: 'int32' },
  ]),
  luRows: new OpSpec<EquationOps['luRows']>({
    name: 'luRows',
    infer([pivots], { rows }) {
      requireTensor('luRows', pivots);
      if (pivots.dtype !== 'int32')
        throw new DTypeError(`linalg.lu_solve: pivots must be an int32 tensor, got ${pivots.dtype}`);
      if (pivots.ndim === 0 || pivots.shape[pivots.ndim - 1] > rows) {
        throw new ShapeError(
          `linalg.lu_solve: pivots of shape ${formatShape(pivots.shape)} do not fit matrices of ${rows} rows`,
        );
      }
      return { shape: [...pivots.shape.slice(0, -1), rows], dtype: 'int64' };
    },
  }),
  cofactor: matrixOp<EquationOps['cofactor']>('cofactor', 'cofactor', 'square', sameMatrix),
  cofactorGrad: new OpSpec<EquationOps['cofactorGrad']>({
    name: 'cofactorGrad',
    infer: ([a, grad]) => equation('cofactorGrad', a, grad),
    body: ([a, grad]) => cofactorGradient(a, grad),
  }),
  solve: new OpSpec<EquationOps['solve']>({
    name: 'solve',
    infer: ([a, b]) => equation('linalg.solve', a, b),
  }),
};
