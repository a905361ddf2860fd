/** Function forms of matrix products, and the products that have no method form. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { asOne } from '../hooks.ts';
import type { AddmmOptions } from '../methods/linalg.ts';
import { requireTensor } from '../ops/build.ts';
import { contractPair } from '../ops/contract.ts';
import { einsum as einsumOp } from '../ops/einsum.ts';
import { formatShape, normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** The matrix product; see {@link Tensor.matmul}. */
export const matmul = (input: Tensor, other: Tensor): Tensor => input.matmul(other);

/** The product of two matrices; see {@link Tensor.mm}. */
export const mm = (input: Tensor, mat2: Tensor): Tensor => input.mm(mat2);

/** The products of a batch of matrices; see {@link Tensor.bmm}. */
export const bmm = (input: Tensor, mat2: Tensor): Tensor => input.bmm(mat2);

/** The product of a matrix and a vector; see {@link Tensor.mv}. */
export const mv = (input: Tensor, vec: Tensor): Tensor => input.mv(vec);

/** The dot product of two vectors; see {@link Tensor.dot}. */
export const dot = (input: Tensor, other: Tensor): Tensor => input.dot(other);

/** The outer product of two vectors; see {@link Tensor.outer}. */
export const outer = (input: Tensor, vec2: Tensor): Tensor => input.outer(vec2);

/** `beta · input + alpha · (mat1 @ mat2)`; see {@link Tensor.addmm}. */
export const addmm = (input: Tensor, mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor =>
  input.addmm(mat1, mat2, options);

/** `beta · input + alpha · bmm(batch1, batch2)`; see {@link Tensor.baddbmm}. */
export const baddbmm = (input: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor =>
  input.baddbmm(batch1, batch2, options);

/** `beta · input + alpha · (mat @ vec)`; see {@link Tensor.addmv}. */
export const addmv = (input: Tensor, mat: Tensor, vec: Tensor, options?: AddmmOptions): Tensor =>
  input.addmv(mat, vec, options);

/** `beta · input + alpha · outer(vec1, vec2)`; see {@link Tensor.addr}. */
export const addr = (input: Tensor, vec1: Tensor, vec2: Tensor, options?: AddmmOptions): Tensor =>
  input.addr(vec1, vec2, options);

/** `beta · input + alpha · Σ batch1[b] @ batch2[b]`; see {@link Tensor.addbmm}. */
export const addbmm = (input: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor =>
  input.addbmm(batch1, batch2, options);

/** Dot products along the last dims; see {@link Tensor.inner}. */
export const inner = (input: Tensor, other: Tensor): Tensor => input.inner(other);

/** The dot product of two vectors; see {@link Tensor.vdot}. */
export const vdot = (input: Tensor, other: Tensor): Tensor => input.vdot(other);

/** The Kronecker product; see {@link Tensor.kron}. */
export const kron = (input: Tensor, other: Tensor): Tensor => input.kron(other);

/**
 * Summation of products by labelled dims (https://pytorch.org/docs/stable/generated/torch.einsum.html). Labels are letters; a repeated label takes
 * the diagonal, `...` stands for any dims, which broadcast; without `->` the result has the labels that appear once, in alphabetical order.
 *
 * @example `einsum('bij,bkj->bik', [a, b])`
 * @throws ArgumentError for an equation that can't be read, ShapeError for sizes that don't fit, DTypeError for unlike dtypes.
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  if (!Array.isArray(operands))
    throw new ArgumentError(`einsum(): operands must be an array of tensors, got ${describe(operands)}`);
  return dispatch(einsumOp, operands, { equation });
}

/** Options of {@link tensordot}. */
export interface TensordotOptions {
  /** How many dims to contract (the last of `a`, the first of `b`), or which of each. Default 2. */
  dims?: number | readonly [readonly number[], readonly number[]];
}

function contractedDims(a: Tensor, b: Tensor, dims: unknown): [number[], number[]] {
  if (typeof dims === 'number') {
    if (!Number.isInteger(dims) || dims < 0 || dims > Math.min(a.ndim, b.ndim)) {
      throw new ArgumentError(
        `tensordot expects dims between 0 and the number of dims of both tensors, got dims=${dims} for shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
      );
    }
    const count = Array.from({ length: dims }, (_, i) => i);
    return [count.map((i) => a.ndim - dims + i), count];
  }
  if (!Array.isArray(dims) || dims.length !== 2 || !dims.every(Array.isArray)) {
    throw new ArgumentError(`tensordot: dims must be an integer or two arrays of dims, got ${describe(dims)}`);
  }
  const [first, second] = dims as [number[], number[]];
  if (first.length !== second.length) {
    throw new ArgumentError(
      `both dimension lists should have same length, got ${first.length} and ${second.length} in tensordot`,
    );
  }
  const read = (list: number[], x: Tensor): number[] => {
    const normalized = list.map((dim) => normalizeDim(dim, x.ndim, 'tensordot'));
    const repeated = normalized.find((dim, i) => normalized.indexOf(dim) !== i);
    if (repeated !== undefined)
      throw new ArgumentError(`dim ${repeated} appears multiple times in the list of dims in tensordot`);
    return normalized;
  };
  return [read(first, a), read(second, b)];
}

/**
 * The sum of products over some dims of two tensors (https://pytorch.org/docs/stable/generated/torch.tensordot.html): the result has the remaining
 * dims of `a`, then those of `b`.
 *
 * @example `tensordot(a, b, { dims: [[1, 0], [0, 1]] })`
 * @throws ShapeError unless the contracted sizes agree or are 1, DTypeError for unlike dtypes.
 */
export function tensordot(a: Tensor, b: Tensor, options?: TensordotOptions): Tensor {
  requireTensor('tensordot', a, 0);
  requireTensor('tensordot', b, 1);
  checkOptions('tensordot', options, ['dims']);
  const [left, right] = contractedDims(a, b, options?.dims ?? 2);
  left.forEach((dim, i) => {
    const [m, n] = [a.shape[dim], b.shape[right[i]]];
    if (m === n || m === 1 || n === 1) return;
    throw new ShapeError(
      `contracted dimensions need to match, but first has size ${m} in dim ${dim} and second has size ${n} in dim ${right[i]}`,
    );
  });
  const first = a.shape.map((_, d) => (left.includes(d) ? `k${left.indexOf(d)}` : `a${d}`));
  const second = b.shape.map((_, d) => (right.includes(d) ? `k${right.indexOf(d)}` : `b${d}`));
  const wanted = new Set([...first, ...second].filter((label) => !label.startsWith('k')));
  return asOne('tensordot', [a, b], (x, y) => contractPair({ x, labels: first }, { x: y, labels: second }, wanted).x);
}
