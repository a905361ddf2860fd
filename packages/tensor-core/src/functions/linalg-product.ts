/** `linalg`: products of vectors and chains of matrices, and diagonals. */
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { asOne } from '../hooks.ts';
import type { DiagonalOptions } from '../methods/movement.ts';
import { requireTensor } from '../ops/build.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { cross as crossAlong } from './decomposition.ts';

/** The cross product of vectors of length 3 along `dim` (default -1) (https://pytorch.org/docs/stable/generated/torch.linalg.cross.html). */
export function cross(input: Tensor, other: Tensor, options?: { dim?: number }): Tensor {
  requireTensor('linalg.cross', input, 0);
  checkOptions('linalg.cross', options, ['dim']);
  return crossAlong(input, other, options?.dim ?? -1);
}

/** Dot products along `dim` (default -1) of tensors that broadcast (https://pytorch.org/docs/stable/generated/torch.linalg.vecdot.html). */
export function vecdot(x: Tensor, y: Tensor, options?: { dim?: number }): Tensor {
  requireTensor('linalg.vecdot', x, 0);
  requireTensor('linalg.vecdot', y, 1);
  checkOptions('linalg.vecdot', options, ['dim']);
  return asOne('linalg.vecdot', [x, y], (a, b) => {
    if (a.dtype !== b.dtype)
      throw new DTypeError(`linalg.vecdot: both tensors must have the same dtype, got ${a.dtype} and ${b.dtype}`);
    return a.mul(b).sum(options?.dim ?? -1);
  });
}

/** The diagonals of the last two dims (https://pytorch.org/docs/stable/generated/torch.linalg.diagonal.html); see {@link Tensor.diagonal}. */
export function diagonal(A: Tensor, options?: DiagonalOptions): Tensor {
  requireTensor('linalg.diagonal', A);
  checkOptions('linalg.diagonal', options, ['offset', 'dim1', 'dim2']);
  return A.diagonal({ dim1: -2, dim2: -1, ...options });
}

/** For each run of matrices i..j the place to split it, in the order of fewest multiplications (Cormen et al., "Introduction to Algorithms", 15.2). */
function bestSplits(sizes: readonly number[]): number[][] {
  const n = sizes.length - 1;
  const cost = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  const split = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let width = 1; width < n; width++) {
    for (let i = 0; i + width < n; i++) {
      const j = i + width;
      cost[i][j] = Number.POSITIVE_INFINITY;
      for (let k = i; k < j; k++) {
        const total = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (total < cost[i][j]) [cost[i][j], split[i][j]] = [total, k];
      }
    }
  }
  return split;
}

/**
 * The product of two or more matrices in the order of fewest multiplications (https://pytorch.org/docs/stable/generated/torch.linalg.multi_dot.html).
 * The first and the last may be vectors: a row and a column, which the result then lacks.
 *
 * @example `linalg.multiDot([A, B, v])`
 * @throws ArgumentError for fewer than two tensors, ShapeError unless neighbours fit, DTypeError for unlike dtypes.
 */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  if (!Array.isArray(tensors))
    throw new ArgumentError(`multiDot: expected an array of tensors, got ${describe(tensors)}`);
  if (tensors.length < 2) throw new ArgumentError(`multi_dot(): expected at least 2 tensors but got ${tensors.length}`);
  return asOne('linalg.multiDot', tensors, (...matrices) => chained(matrices));
}

function chained(tensors: readonly Tensor[]): Tensor {
  const last = tensors.length - 1;
  const matrices = tensors.map((x, i): Tensor => {
    requireTensor('multiDot', x, i);
    if (x.dtype !== tensors[0].dtype) {
      throw new DTypeError(
        `multi_dot(): all tensors must have be the same dtype but tensor 0 is ${tensors[0].dtype} and tensor ${i} ${x.dtype}`,
      );
    }
    if (x.ndim === 1 && i === 0) return x.unsqueeze(0);
    if (x.ndim === 1 && i === last) return x.unsqueeze(1);
    if (x.ndim === 2) return x;
    const which =
      i === 0
        ? 'the first tensor must be 1D or 2D'
        : i === last
          ? 'the last tensor must be 1D or 2D'
          : `tensor ${i} must be 2D`;
    throw new ShapeError(`multi_dot(): ${which} but got ${x.ndim}D`);
  });
  matrices.slice(1).forEach((x, i) => {
    if (matrices[i].shape[1] === x.shape[0]) return;
    throw new ShapeError(
      `multi_dot(): tensors ${i} and ${i + 1} with shapes ${formatShape(tensors[i].shape)} and ${formatShape(tensors[i + 1].shape)} cannot be multiplied`,
    );
  });
  const splits = bestSplits([matrices[0].shape[0], ...matrices.map((x) => x.shape[1])]);
  const product = (i: number, j: number): Tensor =>
    i === j ? matrices[i] : product(i, splits[i][j]).mm(product(splits[i][j] + 1, j));
  let result = product(0, last);
  if (tensors[last].ndim === 1) result = result.squeeze(-1);
  return tensors[0].ndim === 1 ? result.squeeze(0) : result;
}
