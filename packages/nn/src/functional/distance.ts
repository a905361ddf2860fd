/** Distances and similarities of vectors (https://pytorch.org/docs/stable/nn.functional.html#distance-functions). */
import { ArgumentError, checkOptions, describe, isTensor, type Tensor, withoutGrad } from '@tenfold/tensor-core';
import { checkFlag, checkNumber } from '../checks.ts';

/** Options of `pairwiseDistance`. */
export interface PairwiseDistanceOptions {
  /** The order of the norm. Default 2. */
  p?: number;
  /** What is added to the differences, so that no distance is 0. Default 1e-6. */
  eps?: number;
  /** Whether the last dim stays, as size 1. Default false. */
  keepdim?: boolean;
}

/** Options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** The dim of the vectors. Default 1. */
  dim?: number;
  /** The least length that is divided by. Default 1e-8. */
  eps?: number;
}

/** Options of `normalize`. */
export interface NormalizeOptions {
  /** The order of the norm. Default 2. */
  p?: number;
  /** The dim of the vectors. Default 1. */
  dim?: number;
  /** The least norm that is divided by. Default 1e-12. */
  eps?: number;
}

function requireTensors(where: string, ...inputs: unknown[]): void {
  for (const [i, x] of inputs.entries())
    if (!isTensor(x)) throw new ArgumentError(`${where}: argument ${i} must be a tensor, got ${describe(x)}`);
}

/**
 * The p-norm of x1 - x2 + ε over the last dim (https://pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html), of shapes that
 * broadcast.
 *
 * @throws ShapeError if the shapes don't broadcast.
 */
export function pairwiseDistance(x1: Tensor, x2: Tensor, options?: PairwiseDistanceOptions): Tensor {
  const where = 'pairwiseDistance';
  checkOptions(where, options, ['p', 'eps', 'keepdim']);
  requireTensors(where, x1, x2);
  const { p = 2, eps = 1e-6, keepdim = false } = options ?? {};
  checkNumber(`${where}: p`, p);
  checkNumber(`${where}: eps`, eps);
  return x1
    .sub(x2)
    .add(eps)
    .norm({ p, dim: -1, keepdim: checkFlag(`${where}: keepdim`, keepdim) });
}

/**
 * The cosine of the angle between vectors (https://pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html), of shapes that broadcast.
 *
 * @throws ShapeError if the shapes don't broadcast.
 */
export function cosineSimilarity(x1: Tensor, x2: Tensor, options?: CosineSimilarityOptions): Tensor {
  const where = 'cosineSimilarity';
  checkOptions(where, options, ['dim', 'eps']);
  requireTensors(where, x1, x2);
  const { dim = 1, eps = 1e-8 } = options ?? {};
  checkNumber(`${where}: eps`, eps);
  // dims count in the common shape
  const ndim = Math.max(x1.ndim, x2.ndim);
  const [a, b] = [x1, x2].map((x) => x.reshape([...new Array<number>(ndim - x.ndim).fill(1), ...x.shape]));
  const length = (x: Tensor): Tensor => {
    const norm = x.norm({ p: 2, dim, keepdim: true }).clone();
    // the gradient is that of the length itself
    withoutGrad(() => norm.clamp_(eps));
    return norm;
  };
  return a
    .div(length(a))
    .mul(b.div(length(b)))
    .sum(dim);
}

/** x / max(‖x‖ₚ, ε) along `dim` (https://pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html). */
export function normalize(input: Tensor, options?: NormalizeOptions): Tensor {
  const where = 'normalize';
  checkOptions(where, options, ['p', 'dim', 'eps']);
  requireTensors(where, input);
  const { p = 2, dim = 1, eps = 1e-12 } = options ?? {};
  checkNumber(`${where}: p`, p);
  return input.div(input.norm({ p, dim, keepdim: true }).clamp(checkNumber(`${where}: eps`, eps)));
}
