/** Matrix decompositions as methods (https://pytorch.org/docs/stable/linalg.html). The rest of the family is in the namespace `linalg`. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { requireTensor } from '../ops/build.ts';
import { checkSquare, decomposition as ops } from '../ops/decomposition.ts';
import { broadcastShapes, formatShape, normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { LinalgMethods } from './linalg.ts';

/** The sign of a determinant (-1, 0 or 1) and the logarithm of its magnitude. */
export interface SignAndLogdet {
  readonly sign: Tensor;
  readonly logabsdet: Tensor;
}

/** An orthogonal matrix (or its first columns) and an upper triangular one, whose product is the matrix. */
export interface QR {
  readonly Q: Tensor;
  readonly R: Tensor;
}

/** Which triangular factor is given or wanted. */
export interface UpperOptions {
  /** The upper factor, A = Uᵀ U. Default false: the lower one, A = L Lᵀ. */
  upper?: boolean;
}

/** A yes-or-no option. */
export function flag(where: string, name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean')
    throw new ArgumentError(`${where}: ${name} must be true or false, got ${describe(value)}`);
  return value;
}

function upperOf(where: string, options: UpperOptions | undefined): boolean {
  checkOptions(where, options, ['upper']);
  return flag(where, 'upper', options?.upper, false);
}

/** A number. */
export function tolerance(where: string, name: string, value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new ArgumentError(`${where}: ${name} must be a number, got ${describe(value)}`);
  return value;
}

export abstract class DecompositionMethods extends LinalgMethods {
  /**
   * The inverse of each matrix (https://pytorch.org/docs/stable/generated/torch.linalg.inv.html): `[…, n, n] → […, n, n]`, float32 or float64.
   *
   * @example `tensor([[2, 0], [0, 4]]).inverse() // [[0.5, 0], [0, 0.25]]`
   * @throws ArgumentError if a matrix is singular, ShapeError unless the matrices are square, DTypeError for other dtypes.
   */
  inverse(): Tensor {
    return dispatch(ops.inverse, [this.self], { check: true });
  }

  /**
   * The determinant of each matrix, `[…, n, n] → […]` (https://pytorch.org/docs/stable/generated/torch.linalg.det.html). Its gradient is that of the
   * cofactors, which singular matrices have too. @throws ShapeError, DTypeError as {@link inverse}.
   */
  det(): Tensor {
    return dispatch(ops.det, [this.self], null);
  }

  /**
   * Sign and log-magnitude of the determinants, which neither over- nor underflow (https://pytorch.org/docs/stable/generated/torch.linalg.slogdet.html).
   * Of a singular matrix they are 0 and -Infinity, without a gradient. @throws ShapeError, DTypeError as {@link inverse}.
   */
  slogdet(): SignAndLogdet {
    const [sign, logabsdet] = dispatch(ops.slogdet, [this.self], null);
    return { sign, logabsdet };
  }

  /** log det: -Infinity for a determinant of 0, NaN for a negative one (https://pytorch.org/docs/stable/generated/torch.logdet.html). */
  logdet(): Tensor {
    const { sign, logabsdet } = this.slogdet();
    return logabsdet.where(sign.ne(-1), Number.NaN);
  }

  /**
   * The triangular factor of symmetric positive-definite matrices (https://pytorch.org/docs/stable/generated/torch.linalg.cholesky.html). Only the
   * triangle of its name is read; the gradient is symmetric.
   *
   * @throws ArgumentError if a matrix is not positive-definite, ShapeError, DTypeError as {@link inverse}.
   */
  cholesky(options?: UpperOptions): Tensor {
    const upper = upperOf('cholesky', options);
    if (!upper) return dispatch(ops.cholesky, [this.self], null);
    checkSquare('linalg.cholesky', this.self);
    return dispatch(ops.cholesky, [this.self.transpose(-1, -2)], null).transpose(-1, -2);
  }

  /**
   * X of A X = B for this B `[…, n, r]`, given the Cholesky factor of A (https://pytorch.org/docs/stable/generated/torch.cholesky_solve.html).
   *
   * @throws ShapeError unless the sizes fit, DTypeError for unlike dtypes.
   */
  choleskySolve(factor: Tensor, options?: UpperOptions): Tensor {
    const upper = upperOf('choleskySolve', options);
    requireTensor('choleskySolve', factor, 1);
    const x = this.self;
    if (x.ndim < 2)
      throw new ShapeError(`choleskySolve: b should have at least 2 dimensions, but has ${x.ndim} dimensions instead`);
    checkSquare('choleskySolve', factor);
    const lower = upper ? factor.transpose(-1, -2) : factor;
    const y = dispatch(ops.triangularSolve, [lower, x], { upper: false, unitriangular: false });
    return dispatch(ops.triangularSolve, [lower.transpose(-1, -2), y], { upper: true, unitriangular: false });
  }

  /**
   * The inverse of the matrices that have these Cholesky factors (https://pytorch.org/docs/stable/generated/torch.cholesky_inverse.html).
   *
   * @throws ShapeError unless the factors are square, DTypeError unless float32 or float64.
   */
  choleskyInverse(options?: UpperOptions): Tensor {
    checkSquare('choleskyInverse', this.self);
    const n = this.shape[this.ndim - 1];
    return this.self.newOnes([n]).diag().choleskySolve(this.self, options);
  }

  /**
   * The QR decomposition, reduced or with `{ some: false }` complete (https://pytorch.org/docs/stable/generated/torch.qr.html); see `linalg.qr`.
   */
  qr(options?: { some?: boolean }): QR {
    checkOptions('qr', options, ['some']);
    const mode = flag('qr', 'some', options?.some, true) ? 'reduced' : 'complete';
    const [Q, R] = dispatch(ops.qr, [this.self], { mode });
    return { Q, R };
  }

  /**
   * The Moore-Penrose pseudo-inverse, `[…, m, n] → […, n, m]`; singular values up to `rcond` times the largest one count as zero
   * (https://pytorch.org/docs/stable/generated/torch.pinverse.html).
   */
  pinverse(rcond = 1e-15): Tensor {
    return dispatch(ops.pinv, [this.self], {
      atol: 0,
      rtol: tolerance('pinverse', 'rcond', rcond),
      hermitian: false,
    });
  }

  /**
   * The n-th power of square matrices; a negative one is that of the inverse (https://pytorch.org/docs/stable/generated/torch.linalg.matrix_power.html).
   *
   * @throws ArgumentError unless `n` is an integer, or if a matrix to be inverted is singular.
   */
  matrixPower(n: number): Tensor {
    checkSquare('linalg.matrix_power', this.self);
    if (!Number.isSafeInteger(n)) throw new ArgumentError(`matrixPower: n must be an integer, got ${describe(n)}`);
    const x = n < 0 ? this.inverse() : this.self;
    if (n === 0) {
      const size = x.shape[x.ndim - 1];
      return x.newOnes([size]).diag().expand(x.shape).clone();
    }
    let [result, square]: [Tensor | null, Tensor] = [null, x];
    for (let rest = Math.abs(n); ; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) result = result ? result.matmul(square) : square;
      if (rest <= 1) break;
      square = square.matmul(square);
    }
    return Math.abs(n) === 1 ? (result as Tensor).clone() : (result as Tensor);
  }

  /** exp(A) = Σ Aᵏ / k! of square matrices (https://pytorch.org/docs/stable/generated/torch.linalg.matrix_exp.html). @throws as {@link det}. */
  matrixExp(): Tensor {
    return dispatch(ops.matrixExp, [this.self], null);
  }

  /**
   * The cross product of vectors of length 3 along `dim`; without it along the first dim of size 3 (https://pytorch.org/docs/stable/generated/torch.cross.html).
   *
   * @throws ShapeError unless both have 3 elements there, DTypeError for unlike dtypes.
   */
  cross(other: Tensor, dim?: number): Tensor {
    requireTensor('cross', other, 1);
    const x = this.self;
    if (x.ndim !== other.ndim) {
      throw new ShapeError(
        `linalg.cross: inputs must have the same number of dimensions, got shapes ${formatShape(x.shape)} and ${formatShape(other.shape)}`,
      );
    }
    if (x.dtype !== other.dtype)
      throw new DTypeError(`cross: both tensors must have the same dtype, got ${x.dtype} and ${other.dtype}`);
    const shape = broadcastShapes([x.shape, other.shape], 'cross');
    const at = dim === undefined ? shape.indexOf(3) : normalizeDim(dim, x.ndim, 'cross');
    if (at < 0) throw new ShapeError(`cross: no dimension of size 3 in input of shape ${formatShape(x.shape)}`);
    if (x.shape[at] !== 3 || other.shape[at] !== 3) {
      throw new ShapeError(
        `linalg.cross: inputs dimension ${dim ?? at} must have length 3. Got ${x.shape[at]} and ${other.shape[at]}`,
      );
    }
    // (a × b)_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}
    return x
      .roll(-1, at)
      .mul(other.roll(-2, at))
      .sub(x.roll(-2, at).mul(other.roll(-1, at)));
  }
}
