/** Products of matrices and vectors as methods (https://pytorch.org/docs/stable/torch.html#blas-and-lapack-operations). */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { asOne } from '../hooks.ts';
import { requireTensor } from '../ops/build.ts';
import { contractPair } from '../ops/contract.ts';
import { type AddmmAttrs, linalg as ops } from '../ops/linalg.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { ReduceMethods } from './reduce.ts';

/** Options of `addmm` and `baddbmm`: `beta · input + alpha · product`. */
export interface AddmmOptions {
  /** Factor of the input; with 0 it is not read, so that its NaN does not spread. Default 1. */
  beta?: number;
  /** Factor of the product. Default 1. */
  alpha?: number;
}

function addmmAttrs(where: string, options: AddmmOptions | undefined): AddmmAttrs {
  checkOptions(where, options, ['beta', 'alpha']);
  const { beta = 1, alpha = 1 } = options ?? {};
  for (const factor of [beta, alpha]) {
    if (typeof factor !== 'number')
      throw new ArgumentError(`${where}: beta and alpha must be numbers, got ${describe(factor)}`);
  }
  return { beta, alpha };
}

function requireVectors(where: string, a: Tensor, b: Tensor): void {
  requireTensor(where, a, 1);
  requireTensor(where, b, 2);
  if (a.ndim === 1 && b.ndim === 1) return;
  throw new ShapeError(
    `${where}: Expected 1-D vec1 and vec2, but got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
  );
}

/** The sum of the products of a batch is one product: of the first matrices side by side with the second ones below each other. */
function sideBySide(where: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  requireTensor(where, a, 1);
  requireTensor(where, b, 2);
  if (a.ndim !== 3 || b.ndim !== 3 || a.shape[0] !== b.shape[0] || a.shape[2] !== b.shape[1]) {
    throw new ShapeError(
      `${where}: batch1 and batch2 must be 3D tensors [b, n, m] and [b, m, p] of the same number of batches, ` +
        `got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
  return [a.transpose(0, 1).flatten(1), b.flatten(0, 1)];
}

/** This vector as a column, once the operands are a matrix and a vector. */
function column(self: Tensor, where: string, mat: Tensor, vec: Tensor): Tensor {
  requireTensor(where, mat, 1);
  requireTensor(where, vec, 2);
  if (self.ndim > 1 || mat.ndim !== 2 || vec.ndim !== 1) {
    throw new ShapeError(
      `${where}: vector + matrix @ vector expected, got ${self.ndim}, ${mat.ndim}, ${vec.ndim} dims (shapes ${formatShape(self.shape)}, ` +
        `${formatShape(mat.shape)}, ${formatShape(vec.shape)})`,
    );
  }
  return self.ndim === 1 ? self.unsqueeze(-1) : self;
}

export abstract class LinalgMethods extends ReduceMethods {
  /**
   * The matrix product (https://pytorch.org/docs/stable/generated/torch.matmul.html): of two vectors their dot product, of a matrix and a vector a
   * vector, of matrices a matrix; with more dims a batch of matrices, whose leading dims broadcast.
   *
   * @throws ShapeError unless the inner sizes agree, DTypeError unless the dtypes are the same and not bool.
   */
  matmul(other: Tensor): Tensor {
    requireTensor('matmul', other, 1);
    const x = this.self;
    if (x.ndim === 2 && other.ndim === 2) return dispatch(ops.mm, [x, other], null);
    if (x.ndim === 2 && other.ndim === 1) return asOne('matmul', [x, other], (a, b) => dispatch(ops.mv, [a, b], null));
    if (x.ndim === 1 && other.ndim === 1) return asOne('matmul', [x, other], (a, b) => dispatch(ops.dot, [a, b], null));
    return dispatch(ops.matmul, [x, other], null);
  }

  /** The product of two matrices, `[n, m] @ [m, p] → [n, p]`. @throws ShapeError, DTypeError as {@link matmul}. */
  mm(mat2: Tensor): Tensor {
    return dispatch(ops.mm, [this.self, mat2], null);
  }

  /** The products of a batch of matrices, `[b, n, m] @ [b, m, p] → [b, n, p]`. Does not broadcast. @throws ShapeError, DTypeError as {@link matmul}. */
  bmm(mat2: Tensor): Tensor {
    return dispatch(ops.bmm, [this.self, mat2], null);
  }

  /** The product of a matrix and a vector, `[n, m] @ [m] → [n]`. @throws ShapeError, DTypeError as {@link matmul}. */
  mv(vec: Tensor): Tensor {
    return dispatch(ops.mv, [this.self, vec], null);
  }

  /** The dot product of two vectors of one size. @throws ShapeError, DTypeError as {@link matmul}. */
  dot(other: Tensor): Tensor {
    return dispatch(ops.dot, [this.self, other], null);
  }

  /** The outer product of two vectors, `[n], [m] → [n, m]`. @throws ShapeError unless both are vectors. */
  outer(vec2: Tensor): Tensor {
    requireTensor('outer', vec2, 1);
    if (this.ndim !== 1 || vec2.ndim !== 1) {
      throw new ShapeError(
        `outer: Expected 1-D arguments, but got shapes ${formatShape(this.shape)} and ${formatShape(vec2.shape)}`,
      );
    }
    return this.self.unsqueeze(1).mul(vec2.unsqueeze(0));
  }

  /**
   * `beta · this + alpha · (mat1 @ mat2)`; this tensor broadcasts to the product (https://pytorch.org/docs/stable/generated/torch.addmm.html).
   *
   * @throws ShapeError, DTypeError as {@link matmul}; ArgumentError for fractional factors of integers.
   */
  addmm(mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor {
    return dispatch(ops.addmm, [this.self, mat1, mat2], addmmAttrs('addmm', options));
  }

  /** In-place {@link addmm}. */
  addmm_(mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor {
    return dispatch(ops.addmm.inplaceTwin, [this.self, mat1, mat2], addmmAttrs('addmm_', options));
  }

  /** `beta · this + alpha · bmm(batch1, batch2)` (https://pytorch.org/docs/stable/generated/torch.baddbmm.html); see {@link addmm}. */
  baddbmm(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
    return dispatch(ops.baddbmm, [this.self, batch1, batch2], addmmAttrs('baddbmm', options));
  }

  /** In-place {@link baddbmm}. */
  baddbmm_(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
    return dispatch(ops.baddbmm.inplaceTwin, [this.self, batch1, batch2], addmmAttrs('baddbmm_', options));
  }

  /**
   * `beta · this + alpha · (mat @ vec)`; this vector broadcasts to the product (https://pytorch.org/docs/stable/generated/torch.addmv.html).
   *
   * @throws ShapeError, DTypeError, ArgumentError as {@link addmm}.
   */
  addmv(mat: Tensor, vec: Tensor, options?: AddmmOptions): Tensor {
    return asOne('addmv', [this.self, mat, vec], (x, m, v) =>
      column(x, 'addmv', m, v).addmm(m, v.unsqueeze(-1), addmmAttrs('addmv', options)).squeeze(-1),
    );
  }

  /** In-place {@link addmv}. */
  addmv_(mat: Tensor, vec: Tensor, options?: AddmmOptions): Tensor {
    column(this.self, 'addmv_', mat, vec).addmm_(mat, vec.unsqueeze(-1), addmmAttrs('addmv_', options));
    return this.self;
  }

  /** `beta · this + alpha · outer(vec1, vec2)` (https://pytorch.org/docs/stable/generated/torch.addr.html); see {@link addmm}. */
  addr(vec1: Tensor, vec2: Tensor, options?: AddmmOptions): Tensor {
    requireVectors('addr', vec1, vec2);
    return asOne('addr', [this.self, vec1, vec2], (x, a, b) =>
      x.addmm(a.unsqueeze(1), b.unsqueeze(0), addmmAttrs('addr', options)),
    );
  }

  /** In-place {@link addr}. */
  addr_(vec1: Tensor, vec2: Tensor, options?: AddmmOptions): Tensor {
    requireVectors('addr_', vec1, vec2);
    return this.addmm_(vec1.unsqueeze(1), vec2.unsqueeze(0), addmmAttrs('addr_', options));
  }

  /**
   * `beta · this + alpha · Σ_b batch1[b] @ batch2[b]`, `[b, n, m], [b, m, p] → [n, p]` (https://pytorch.org/docs/stable/generated/torch.addbmm.html);
   * see {@link addmm}.
   */
  addbmm(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
    return asOne('addbmm', [this.self, batch1, batch2], (x, a, b) =>
      x.addmm(...sideBySide('addbmm', a, b), addmmAttrs('addbmm', options)),
    );
  }

  /** In-place {@link addbmm}. */
  addbmm_(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
    return this.addmm_(...sideBySide('addbmm_', batch1, batch2), addmmAttrs('addbmm_', options));
  }

  /**
   * Dot products along the last dims, `[…a, n], […b, n] → […a, …b]`; a 0-d tensor multiplies (https://pytorch.org/docs/stable/generated/torch.inner.html).
   *
   * @throws ShapeError unless the last dims agree, DTypeError for unlike dtypes.
   */
  inner(other: Tensor): Tensor {
    requireTensor('inner', other, 1);
    const x = this.self;
    if (x.ndim === 0 || other.ndim === 0) return x.mul(other);
    if (x.shape[x.ndim - 1] !== other.shape[other.ndim - 1]) {
      throw new ShapeError(
        `inner() the last dimension must match on both input tensors but got shapes ${formatShape(x.shape)} and ${formatShape(other.shape)}`,
      );
    }
    const labels = (y: Tensor, letter: string): string[] =>
      y.shape.map((_, d) => (d === y.ndim - 1 ? 'k' : `${letter}${d}`));
    const [a, b] = [labels(x, 'a'), labels(other, 'b')];
    const wanted = new Set([...a.slice(0, -1), ...b.slice(0, -1)]);
    return asOne('tensordot', [x, other], (y, z) => contractPair({ x: y, labels: a }, { x: z, labels: b }, wanted).x);
  }

  /** The dot product of two vectors, which for real numbers is {@link dot}. */
  vdot(other: Tensor): Tensor {
    return this.dot(other);
  }

  /** The sum of the diagonal of a matrix; integers give int64. @throws ShapeError unless this is a matrix. */
  trace(): Tensor {
    return dispatch(ops.trace, [this.self], null);
  }

  /** The Kronecker product (https://pytorch.org/docs/stable/generated/torch.kron.html): each element of this tensor times the whole of `other`. */
  kron(other: Tensor): Tensor {
    requireTensor('kron', other, 1);
    const rank = Math.max(this.ndim, other.ndim);
    const sizes = (x: Tensor): number[] => [...new Array<number>(rank - x.ndim).fill(1), ...x.shape];
    const [a, b] = [sizes(this.self), sizes(other)];
    const blocks = this.self.reshape(a.flatMap((size) => [size, 1])).mul(other.reshape(b.flatMap((size) => [1, size])));
    return blocks.reshape(a.map((size, d) => size * b[d]));
  }
}
