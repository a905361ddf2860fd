/** Functions that join tensors, and {@link Tensor}'s movement methods as functions. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { movement as ops } from '../ops/movement.ts';
import { broadcastShapes, normalizeDim, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';

function checkTensors(where: string, tensors: unknown): readonly Tensor[] {
  if (!Array.isArray(tensors))
    throw new ArgumentError(`${where}: expected an array of tensors, got ${describe(tensors)}`);
  if (tensors.length === 0) throw new ArgumentError(`torch.${where}(): expected a non-empty list of Tensors`);
  tensors.forEach((x, i) => {
    if (!isTensor(x))
      throw new ArgumentError(`${where}: expected Tensor as element ${i} of the list, got ${describe(x)}`);
  });
  return tensors;
}

/**
 * The tensors one after the other along `dim`; their other sizes are equal (https://pytorch.org/docs/stable/generated/torch.cat.html).
 *
 * @throws ShapeError if sizes differ elsewhere.
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  const list = checkTensors('cat', tensors);
  const rank = Math.max(...list.map((x) => x.ndim));
  return dispatch(ops.cat, list, { dim: normalizeDim(dim, rank, 'cat') });
}

/** {@link cat} under another name. */
export const concat = cat;

/** The tensors, all of one shape, side by side along a new dim. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const list = checkTensors('stack', tensors);
  return dispatch(ops.stack, list, { dim: normalizeDim(dim, list[0].ndim + 1, 'stack') });
}

/** The tensors side by side: along dim 1, vectors along dim 0. */
export function hstack(tensors: readonly Tensor[]): Tensor {
  const list = checkTensors('hstack', tensors).map((x) => (x.ndim === 0 ? x.view([1]) : x));
  return cat(list, list[0].ndim === 1 ? 0 : 1);
}

/** The tensors below each other, along dim 0; vectors are rows. */
export function vstack(tensors: readonly Tensor[]): Tensor {
  return cat(
    checkTensors('vstack', tensors).map((x) => (x.ndim < 2 ? x.reshape([1, -1]) : x)),
    0,
  );
}

/** Views of the tensors, broadcast to their common shape. */
export function broadcastTensors(tensors: readonly Tensor[]): Tensor[] {
  const list = checkTensors('broadcastTensors', tensors);
  const shape = broadcastShapes(
    list.map((x) => x.shape),
    'broadcastTensors',
  );
  return list.map((x) => x.expand(shape));
}

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** `'ij'`: the first tensor runs along dim 0 (default). `'xy'`: along dim 1, as in plots. */
  indexing?: 'ij' | 'xy';
}

/** The coordinates of the grid that vectors span: one view for each (https://pytorch.org/docs/stable/generated/torch.meshgrid.html). */
export function meshgrid(tensors: readonly Tensor[], options: MeshgridOptions = {}): Tensor[] {
  const list = checkTensors('meshgrid', tensors);
  checkOptions('meshgrid', options, ['indexing']);
  const { indexing = 'ij' } = options;
  if (indexing !== 'ij' && indexing !== 'xy')
    throw new ArgumentError(`meshgrid: indexing must be one of "xy" or "ij", but received: ${describe(indexing)}`);
  for (const x of list)
    if (x.ndim > 1)
      throw new ShapeError(
        `meshgrid: Expected 0D or 1D tensor in the tensor list but got a tensor with ${x.ndim} dims`,
      );
  const swap = indexing === 'xy' && list.length >= 2;
  const order = swap ? [list[1], list[0], ...list.slice(2)] : list;
  const shape = order.map((x) => x.numel());
  const grids = order.map((x, d) => x.reshape(shape.map((_, i) => (i === d ? -1 : 1))).expand(shape));
  if (!swap) return grids;
  return [grids[1], grids[0], ...grids.slice(2)];
}

/** {@link Tensor.flatten} as a function. */
export const flatten = (x: Tensor, startDim?: number, endDim?: number): Tensor => x.flatten(startDim, endDim);
/** {@link Tensor.reshape} as a function. */
export const reshape = (x: Tensor, shape: Shape): Tensor => x.reshape(shape);
/** {@link Tensor.permute} as a function. */
export const permute = (x: Tensor, dims: readonly number[]): Tensor => x.permute(dims);
/** {@link Tensor.transpose} as a function. */
export const transpose = (x: Tensor, dim0: number, dim1: number): Tensor => x.transpose(dim0, dim1);
/** {@link Tensor.movedim} as a function. */
export const movedim = (
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor => x.movedim(source, destination);
/** {@link Tensor.squeeze} as a function. */
export const squeeze = (x: Tensor, dim?: number | readonly number[]): Tensor => x.squeeze(dim);
/** {@link Tensor.unsqueeze} as a function. */
export const unsqueeze = (x: Tensor, dim: number): Tensor => x.unsqueeze(dim);
/** {@link Tensor.broadcastTo} as a function. */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => x.broadcastTo(shape);
/** {@link Tensor.split} as a function. */
export const split = (x: Tensor, size: number | readonly number[], dim?: number): Tensor[] => x.split(size, dim);
/** {@link Tensor.chunk} as a function. */
export const chunk = (x: Tensor, chunks: number, dim?: number): Tensor[] => x.chunk(chunks, dim);
/** {@link Tensor.unbind} as a function. */
export const unbind = (x: Tensor, dim?: number): Tensor[] => x.unbind(dim);
/** {@link Tensor.flip} as a function. */
export const flip = (x: Tensor, dims: number | readonly number[]): Tensor => x.flip(dims);
/** {@link Tensor.roll} as a function. */
export const roll = (x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor =>
  x.roll(shifts, dims);
/** {@link Tensor.tril} as a function. */
export const tril = (x: Tensor, diagonal?: number): Tensor => x.tril(diagonal);
/** {@link Tensor.triu} as a function. */
export const triu = (x: Tensor, diagonal?: number): Tensor => x.triu(diagonal);
/** {@link Tensor.diag} as a function. */
export const diag = (x: Tensor, diagonal?: number): Tensor => x.diag(diagonal);
/** {@link Tensor.tile} as a function. */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor => x.tile(repeats);
/** {@link Tensor.repeatInterleave} as a function. */
export const repeatInterleave = (x: Tensor, repeats: number, options?: { dim?: number }): Tensor =>
  x.repeatInterleave(repeats, options);
/** {@link Tensor.clone} as a function. */
export const clone = (x: Tensor): Tensor => x.clone();
