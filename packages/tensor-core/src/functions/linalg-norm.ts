/** `linalg`: norms of vectors and matrices, and condition numbers. */
import { dispatch } from '../dispatch.ts';
import { canCast, type DType, isFloat, scalarTypeName } from '../dtype.ts';
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { flag } from '../methods/decomposition.ts';
import type { Dims } from '../methods/reduce.ts';
import { requireTensor } from '../ops/build.ts';
import { checkMatrix, checkSquare, decomposition as ops } from '../ops/decomposition.ts';
import { normalizeDim, normalizeDims } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { svdvals } from './linalg-factor.ts';

/** A norm of matrices: Frobenius, nuclear, or that of the greatest (negative: least) column sum (1), row sum (Infinity) or singular value (2). */
export type MatrixOrder = number | 'fro' | 'nuc';

/** Options of norms. */
export interface LinalgNormOptions<D = Dims> {
  /** Default: all dims of a vector norm, the last two of a matrix norm. */
  dim?: D;
  /** Whether the dims stay, with size 1. Default false. */
  keepdim?: boolean;
  /** What the elements are cast to first; no narrower than they are. */
  dtype?: DType;
}

/** Checks options and dtypes; gives the tensor to take the norm of. */
function prepared(where: string, x: Tensor, options: LinalgNormOptions<unknown> | undefined): Tensor {
  requireTensor(where, x);
  checkOptions(where, options, ['dim', 'keepdim', 'dtype']);
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `${where}: Expected a floating point or complex tensor as input. Got ${scalarTypeName[x.dtype]}; cast it with x.to('float32')`,
    );
  }
  const asked = options?.dtype;
  if (asked === undefined) return x;
  if (!(asked in scalarTypeName))
    throw new ArgumentError(`${where}: dtype must be a dtype such as 'float64', got ${describe(asked)}`);
  if (!isFloat(asked))
    throw new DTypeError(`${where}: dtype should be floating point or complex, but got ${scalarTypeName[asked]}`);
  if (!canCast(x.dtype, asked) || rank[x.dtype] > rank[asked]) {
    throw new DTypeError(
      `${where}: the dtype of the input (${scalarTypeName[x.dtype]}) should be convertible without narrowing to the specified dtype (${scalarTypeName[asked]})`,
    );
  }
  return x.to(asked);
}

/** Bytes of float dtypes. */
const rank: { readonly [dtype: string]: number } = { float16: 2, bfloat16: 2, float32: 4, float64: 8 };

/**
 * (Σ |x|^ord)^(1/ord) over `dim` or all elements; the largest magnitude for Infinity, the smallest for -Infinity, the number of nonzero elements for 0
 * (https://pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html).
 *
 * @example `linalg.vectorNorm(x, 1, { dim: 0 })`
 * @throws DTypeError unless x is a float, ShapeError for negative and infinite orders of no elements.
 */
export function vectorNorm(x: Tensor, ord = 2, options?: LinalgNormOptions): Tensor {
  const where = 'linalg.vector_norm';
  const input = prepared(where, x, options);
  if (typeof ord !== 'number' || Number.isNaN(ord))
    throw new ArgumentError(`${where}: ord must be a number, got ${describe(ord)}`);
  const keepdim = flag(where, 'keepdim', options?.keepdim, false);
  const dims = normalizeDims(options?.dim, x.ndim, where);
  if ((ord < 0 || ord === Number.POSITIVE_INFINITY) && dims.some((d) => x.shape[d] === 0)) {
    throw new ShapeError(
      `${where} cannot compute the ${ord === Number.POSITIVE_INFINITY ? 'inf' : ord} norm on an empty tensor because the operation does not have an identity`,
    );
  }
  return input.norm({ p: ord, dim: dims, keepdim });
}

const { POSITIVE_INFINITY: infinity } = Number;

/**
 * A norm of matrices over two dims (https://pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html); see {@link MatrixOrder}.
 *
 * @example `linalg.matrixNorm(A, 'nuc')`
 * @throws ArgumentError for another order or dims, ShapeError for fewer than two dims, DTypeError unless A is a float.
 */
export function matrixNorm(
  A: Tensor,
  ord: MatrixOrder = 'fro',
  options?: LinalgNormOptions<readonly [number, number] | readonly number[]>,
): Tensor {
  const where = 'linalg.matrix_norm';
  const x = prepared(where, A, options);
  checkMatrix(where, x);
  const dim = options?.dim ?? [-2, -1];
  if (!Array.isArray(dim) || dim.length !== 2)
    throw new ArgumentError(
      `${where}: dim must be a 2-tuple. Got ${Array.isArray(dim) ? dim.join(', ') : describe(dim)}`,
    );
  const [rows, columns] = dim.map((d) => normalizeDim(d, x.ndim, where));
  if (rows === columns) throw new ArgumentError(`${where}: dims must be different. Got (${dim.join(', ')})`);
  const keepdim = flag(where, 'keepdim', options?.keepdim, false);
  if (ord === 'fro') return x.norm({ p: 2, dim: [rows, columns], keepdim });
  const size = typeof ord === 'number' ? Math.abs(ord) : ord;
  if (size === 2 || size === 'nuc') {
    const s = svdvals(x.movedim([rows, columns], [-2, -1]));
    const result = size === 'nuc' ? s.sum(-1) : ord === 2 ? s.amax(-1) : s.amin(-1);
    return keepdim ? result.unsqueeze(Math.min(rows, columns)).unsqueeze(Math.max(rows, columns)) : result;
  }
  if (size !== 1 && size !== infinity) throw new ArgumentError(`${where}: Order ${String(ord)} not supported.`);
  const [summed, compared] = size === 1 ? [rows, columns] : [columns, rows];
  const sums = x.abs().sum(summed, { keepdim });
  const along = !keepdim && compared > summed ? compared - 1 : compared;
  return (ord as number) > 0 ? sums.amax(along, { keepdim }) : sums.amin(along, { keepdim });
}

/**
 * A vector norm or a matrix norm (https://pytorch.org/docs/stable/generated/torch.linalg.norm.html): without `ord` the 2-norm of all elements (or of `dim`);
 * with it, a {@link vectorNorm} of a vector or over one dim, a {@link matrixNorm} of a matrix or over two.
 *
 * @throws ArgumentError if `ord` is given for more than two dims.
 */
export function norm(A: Tensor, ord: MatrixOrder | null = null, options?: LinalgNormOptions): Tensor {
  requireTensor('linalg.norm', A);
  const dim = options?.dim;
  const count = dim === undefined || dim === null ? A.ndim : Array.isArray(dim) ? dim.length : 1;
  if (dim !== undefined && dim !== null && count !== 1 && count !== 2) {
    throw new ArgumentError(
      `linalg.norm: If dim is specified, it must be of length 1 or 2. Got [${Array.isArray(dim) ? dim.join(', ') : String(dim)}]`,
    );
  }
  if (ord === null) return vectorNorm(A, 2, options);
  if (count !== 1 && count !== 2)
    throw new ArgumentError(
      `linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${A.ndim}D.`,
    );
  if (count === 1 && typeof ord === 'number') return vectorNorm(A, ord, options);
  return matrixNorm(A, ord, options as LinalgNormOptions<readonly number[]>);
}

/**
 * The condition number ‖A‖ ‖A⁻¹‖ in a matrix norm (https://pytorch.org/docs/stable/generated/torch.linalg.cond.html): without `p` (or with ±2) the ratio
 * of the extreme singular values, which matrices need not be square for. It is infinite for singular matrices.
 *
 * @throws ArgumentError for another norm, ShapeError unless square (other norms than 2), DTypeError.
 */
export function cond(A: Tensor, p: MatrixOrder | null = null): Tensor {
  const where = 'linalg.cond';
  requireTensor(where, A);
  checkMatrix(where, A);
  if (p !== null && p !== 'fro' && p !== 'nuc' && !(typeof p === 'number' && [1, 2, infinity].includes(Math.abs(p))))
    throw new ArgumentError(`linalg.cond got an invalid norm type: ${String(p)}`);
  if (p === null || p === 2 || p === -2) {
    if (A.numel() === 0) return A.newZeros(A.shape.slice(0, -2));
    const s = svdvals(A);
    const [first, last] = [s.select(-1, 0), s.select(-1, -1)];
    return p === -2 ? last.div(first) : first.div(last);
  }
  checkSquare(where, A);
  if (A.numel() === 0) return A.newZeros(A.shape.slice(0, -2));
  if (p === 'nuc') {
    const s = svdvals(A);
    return s.sum(-1).mul(s.reciprocal().sum(-1));
  }
  return matrixNorm(A, p).mul(matrixNorm(dispatch(ops.inverse, [A], { check: false }), p));
}
