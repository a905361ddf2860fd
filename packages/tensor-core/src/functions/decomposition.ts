/** Function forms: matrix decompositions that PyTorch has under `torch` itself. The namespace `linalg` has the others. */
import { fromTypedArray } from '../create.ts';
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { asOne } from '../hooks.ts';
import type { QR, SignAndLogdet, UpperOptions } from '../methods/decomposition.ts';
import { requireTensor } from '../ops/build.ts';
import { checkMatrix, checkPrecision } from '../ops/decomposition.ts';
import { broadcastShapes, formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** The inverse of each matrix; see {@link Tensor.inverse}. */
export const inverse = (input: Tensor): Tensor => input.inverse();

/** The determinant of each matrix; see {@link Tensor.det}. */
export const det = (input: Tensor): Tensor => input.det();

/** Sign and log-magnitude of the determinants; see {@link Tensor.slogdet}. */
export const slogdet = (input: Tensor): SignAndLogdet => input.slogdet();

/** log det; see {@link Tensor.logdet}. */
export const logdet = (input: Tensor): Tensor => input.logdet();

/** The triangular factor of positive-definite matrices; see {@link Tensor.cholesky}. */
export const cholesky = (input: Tensor, options?: UpperOptions): Tensor => input.cholesky(options);

/** X of A X = `input`, given the Cholesky factor of A; see {@link Tensor.choleskySolve}. */
export const choleskySolve = (input: Tensor, factor: Tensor, options?: UpperOptions): Tensor =>
  input.choleskySolve(factor, options);

/** The inverse of matrices with these Cholesky factors; see {@link Tensor.choleskyInverse}. */
export const choleskyInverse = (input: Tensor, options?: UpperOptions): Tensor => input.choleskyInverse(options);

/** The QR decomposition; see {@link Tensor.qr}. */
export const qr = (input: Tensor, options?: { some?: boolean }): QR => input.qr(options);

/** The pseudo-inverse; see {@link Tensor.pinverse}. */
export const pinverse = (input: Tensor, rcond?: number): Tensor => input.pinverse(rcond);

/** The n-th power of square matrices; see {@link Tensor.matrixPower}. */
export const matrixPower = (input: Tensor, n: number): Tensor => input.matrixPower(n);

/** exp(A); see {@link Tensor.matrixExp}. */
export const matrixExp = (input: Tensor): Tensor => input.matrixExp();

/** The cross product of vectors of length 3; see {@link Tensor.cross}. */
export const cross = (input: Tensor, other: Tensor, dim?: number): Tensor => input.cross(other, dim);

/** Options of {@link cdist} and {@link pdist}. */
export interface DistanceOptions {
  /** The order of the norm, from 0 to Infinity. Default 2. */
  p?: number;
}

function orderOf(where: string, options: DistanceOptions | undefined): number {
  checkOptions(where, options, ['p']);
  const p = options?.p ?? 2;
  if (typeof p !== 'number' || !(p >= 0))
    throw new ArgumentError(`${where} only supports non-negative p values, got ${describe(p)}`);
  return p;
}

/** The norms of the last dim; of no elements they are 0. */
const distances = (difference: Tensor, p: number): Tensor =>
  difference.shape[difference.ndim - 1] === 0 ? difference.sum(-1) : difference.norm({ p, dim: -1 });

/**
 * The p-norm distances between the rows of two (batches of) matrices, `[…, n, d], […, m, d] → […, n, m]`
 * (https://pytorch.org/docs/stable/generated/torch.cdist.html).
 *
 * @example `cdist(points, centres, { p: 1 })`
 * @throws ShapeError unless the rows have one length, DTypeError unless both are float32 or both float64, ArgumentError for a negative p.
 */
export function cdist(x1: Tensor, x2: Tensor, options?: DistanceOptions): Tensor {
  requireTensor('cdist', x1, 0);
  requireTensor('cdist', x2, 1);
  const p = orderOf('cdist', options);
  return asOne('cdist', [x1, x2], (a, b) => distancesBetween(a, b, p));
}

function distancesBetween(x1: Tensor, x2: Tensor, p: number): Tensor {
  checkMatrix('cdist', x1, 'X1');
  checkMatrix('cdist', x2, 'X2');
  checkPrecision('cdist', x1.dtype);
  if (x1.dtype !== x2.dtype)
    throw new DTypeError(`cdist: both tensors must have the same dtype, got ${x1.dtype} and ${x2.dtype}`);
  const [d1, d2] = [x1.shape[x1.ndim - 1], x2.shape[x2.ndim - 1]];
  if (d1 !== d2) throw new ShapeError(`cdist: X1 and X2 must have the same number of columns. X1: ${d1} X2: ${d2}`);
  broadcastShapes([x1.shape.slice(0, -2), x2.shape.slice(0, -2)], 'cdist');
  return distances(x1.unsqueeze(-2).sub(x2.unsqueeze(-3)), p);
}

/**
 * The p-norm distances between all pairs of rows of a matrix, `[n, d] → [n (n - 1) / 2]`, in the order of the upper triangle
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.pdist.html). @throws ShapeError unless it is a matrix; otherwise as {@link cdist}.
 */
export function pdist(input: Tensor, options?: DistanceOptions): Tensor {
  requireTensor('pdist', input, 0);
  const p = orderOf('pdist', options);
  if (input.ndim !== 2)
    throw new ShapeError(`pdist only supports 2D tensors, got: ${input.ndim}D of shape ${formatShape(input.shape)}`);
  return asOne('pdist', [input], (x) => distancesWithin(x, p));
}

function distancesWithin(input: Tensor, p: number): Tensor {
  checkPrecision('pdist', input.dtype);
  const n = input.shape[0];
  const [first, second]: [bigint[], bigint[]] = [[], []];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      first.push(BigInt(i));
      second.push(BigInt(j));
    }
  }
  const rows = (at: bigint[]): Tensor =>
    input.indexSelect(0, fromTypedArray(BigInt64Array.from(at), [at.length], { device: input.device }));
  return distances(rows(first).sub(rows(second)), p);
}
