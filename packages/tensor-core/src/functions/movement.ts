/** Functions that join tensors, and {@link Tensor}'s movement methods as functions. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import type { DiagonalOptions, RepeatInterleaveOptions } from '../methods/movement.ts';
import { create } from '../ops/create.ts';
import { movement as ops } from '../ops/movement.ts';
import { stack as stackOp } from '../ops/stack.ts';
import { broadcastShapes, checkInteger, normalizeDim, type Shape } from '../shape.ts';
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
/** {@link cat} under another name. */
export const concatenate = cat;

/** The tensors, all of one shape, side by side along a new dim. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const list = checkTensors('stack', tensors);
  return dispatch(stackOp, list, { dim: normalizeDim(dim, list[0].ndim + 1, 'stack') });
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

/** {@link vstack} under another name. */
export const rowStack = vstack;

/** The tensors one behind the other, along dim 2: vectors and matrices get a dim there first (https://pytorch.org/docs/stable/generated/torch.dstack.html). */
export function dstack(tensors: readonly Tensor[]): Tensor {
  return cat(checkTensors('dstack', tensors).map(atLeast3d), 2);
}

/** The tensors side by side, along dim 1: vectors are columns (https://pytorch.org/docs/stable/generated/torch.column_stack.html). */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  return hstack(checkTensors('columnStack', tensors).map((x) => (x.ndim < 2 ? x.reshape([x.numel(), 1]) : x)));
}

const atLeast1d = (x: Tensor): Tensor => (x.ndim === 0 ? x.reshape([1]) : x);
const atLeast2d = (x: Tensor): Tensor => (x.ndim < 2 ? x.reshape([1, x.numel()]) : x);
const atLeast3d = (x: Tensor): Tensor => {
  if (x.ndim < 2) return x.reshape([1, x.numel(), 1]);
  return x.ndim === 2 ? x.unsqueeze(-1) : x;
};

/** The function for one tensor or for each of a list. */
function each(where: string, fn: (x: Tensor) => Tensor) {
  function result(x: Tensor): Tensor;
  function result(x: readonly Tensor[]): Tensor[];
  function result(x: Tensor | readonly Tensor[]): Tensor | Tensor[] {
    return isTensor(x) ? fn(x) : checkTensors(where, x).map(fn);
  }
  return result;
}

/** A 0-d tensor as one of shape `[1]`, others as they are; of a list each. */
export const atleast1d = each('atleast1d', atLeast1d);
/** A tensor of fewer than 2 dims as a row, others as they are; of a list each. */
export const atleast2d = each('atleast2d', atLeast2d);
/** A vector of n elements as one of shape `[1, n, 1]`, a matrix with a dim of size 1 at the end, others as they are; of a list each. */
export const atleast3d = each('atleast3d', atLeast3d);

/**
 * A matrix of zeros with the given matrices (vectors are rows) on its diagonal, one after the other
 * (https://pytorch.org/docs/stable/generated/torch.block_diag.html).
 */
export function blockDiag(tensors: readonly Tensor[]): Tensor {
  const blocks = checkTensors('blockDiag', tensors).map((x, i) => {
    if (x.ndim > 2)
      throw new ShapeError(
        `torch.block_diag: Input tensors must have 2 or fewer dimensions. Input ${i} has ${x.ndim} dimensions`,
      );
    return atLeast2d(x);
  });
  const columns = blocks.reduce((sum, x) => sum + x.shape[1], 0);
  let start = 0;
  const rows = blocks.map((x) => {
    const [height, width] = x.shape;
    const row = cat([x.newZeros([height, start]), x, x.newZeros([height, columns - start - width])], 1);
    start += width;
    return row;
  });
  return cat(rows, 0);
}

/** All ways to take one element of each vector, one row each, the last one changing fastest. One vector alone comes back as it is. */
export function cartesianProd(tensors: readonly Tensor[]): Tensor {
  const list = checkTensors('cartesianProd', tensors);
  for (const x of list)
    if (x.ndim !== 1) throw new ShapeError(`cartesian_prod: Expect a 1D vector, but got shape [${x.shape.join(', ')}]`);
  if (list.length === 1) return list[0];
  return stack(
    meshgrid(list).map((grid) => grid.flatten()),
    1,
  );
}

/** Options of `combinations`. */
export interface CombinationsOptions {
  /** How many elements to take. Default 2. */
  r?: number;
  /** Whether an element may be taken more than once. Default false. */
  withReplacement?: boolean;
}

/** All ways to take `r` elements of a vector, one row each, in the order they stand (https://pytorch.org/docs/stable/generated/torch.combinations.html). */
export function combinations(x: Tensor, options: CombinationsOptions = {}): Tensor {
  checkOptions('combinations', options, ['r', 'withReplacement']);
  const { r = 2, withReplacement = false } = options;
  if (!isTensor(x) || x.ndim !== 1)
    throw new ShapeError(
      `combinations: Expect a 1D vector, but got ${isTensor(x) ? `shape [${x.shape.join(', ')}]` : describe(x)}`,
    );
  if (checkInteger(r, 'combinations: r') < 0)
    throw new ArgumentError(`combinations: Expect a non-negative number, but got ${r}`);
  if (r === 0) return x.newZeros([0]);
  const picks = chosen(x.shape[0], r, withReplacement);
  const data = BigInt64Array.from(picks, BigInt);
  const index = dispatch(create.fromData, [], { shape: [data.length], dtype: 'int64', device: x.device, data });
  return x.indexSelect(0, index).view([data.length / r, r]);
}

/** Ascending positions below `n`, `r` at a time, one list after the other. */
function chosen(n: number, r: number, repeated: boolean): number[] {
  const all: number[] = [];
  const row: number[] = [];
  const next = (from: number): void => {
    if (row.length === r) {
      all.push(...row);
      return;
    }
    for (let i = from; i < n; i++) {
      row.push(i);
      next(repeated ? i : i + 1);
      row.pop();
    }
  };
  next(0);
  return all;
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
export const repeatInterleave = (
  x: Tensor,
  repeats: number | readonly number[] | Tensor,
  options?: RepeatInterleaveOptions,
): Tensor => x.repeatInterleave(repeats, options);
/** {@link Tensor.clone} as a function. */
export const clone = (x: Tensor): Tensor => x.clone();
/** {@link Tensor.t} as a function. */
export const t = (x: Tensor): Tensor => x.t();
/** {@link Tensor.swapaxes} as a function. */
export const swapaxes = (x: Tensor, axis0: number, axis1: number): Tensor => x.swapaxes(axis0, axis1);
/** {@link Tensor.swapdims} as a function. */
export const swapdims = (x: Tensor, dim0: number, dim1: number): Tensor => x.swapdims(dim0, dim1);
/** {@link Tensor.moveaxis} as a function. */
export const moveaxis = (
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor => x.moveaxis(source, destination);
/** {@link Tensor.ravel} as a function. */
export const ravel = (x: Tensor): Tensor => x.ravel();
/** {@link Tensor.unflatten} as a function. */
export const unflatten = (x: Tensor, dim: number, sizes: Shape): Tensor => x.unflatten(dim, sizes);
/** {@link Tensor.narrow} as a function. */
export const narrow = (x: Tensor, dim: number, start: number, length: number): Tensor => x.narrow(dim, start, length);
/** {@link Tensor.select} as a function. */
export const select = (x: Tensor, dim: number, index: number): Tensor => x.select(dim, index);
/** {@link Tensor.asStrided} as a function. */
export const asStrided = (x: Tensor, shape: Shape, strides: readonly number[], storageOffset?: number): Tensor =>
  x.asStrided(shape, strides, storageOffset);
/** {@link Tensor.diagonal} as a function. */
export const diagonal = (x: Tensor, options?: DiagonalOptions): Tensor => x.diagonal(options);
/** {@link Tensor.diagEmbed} as a function. */
export const diagEmbed = (x: Tensor, options?: DiagonalOptions): Tensor => x.diagEmbed(options);
/** {@link Tensor.diagonalScatter} as a function. */
export const diagonalScatter = (x: Tensor, src: Tensor, options?: DiagonalOptions): Tensor =>
  x.diagonalScatter(src, options);
/** {@link Tensor.selectScatter} as a function. */
export const selectScatter = (x: Tensor, src: Tensor, dim: number, index: number): Tensor =>
  x.selectScatter(src, dim, index);
/** {@link Tensor.sliceScatter} as a function. */
export const sliceScatter = (
  x: Tensor,
  src: Tensor,
  dim?: number,
  start?: number | null,
  end?: number | null,
  step?: number,
): Tensor => x.sliceScatter(src, dim, start, end, step);
/** {@link Tensor.fliplr} as a function. */
export const fliplr = (x: Tensor): Tensor => x.fliplr();
/** {@link Tensor.flipud} as a function. */
export const flipud = (x: Tensor): Tensor => x.flipud();
/** {@link Tensor.rot90} as a function. */
export const rot90 = (x: Tensor, k?: number, dims?: readonly number[]): Tensor => x.rot90(k, dims);
/** {@link Tensor.tensorSplit} as a function. */
export const tensorSplit = (
  x: Tensor,
  indicesOrSections: number | readonly number[] | Tensor,
  dim?: number,
): Tensor[] => x.tensorSplit(indicesOrSections, dim);
/** {@link Tensor.hsplit} as a function. */
export const hsplit = (x: Tensor, indicesOrSections: number | readonly number[]): Tensor[] =>
  x.hsplit(indicesOrSections);
/** {@link Tensor.vsplit} as a function. */
export const vsplit = (x: Tensor, indicesOrSections: number | readonly number[]): Tensor[] =>
  x.vsplit(indicesOrSections);
/** {@link Tensor.dsplit} as a function. */
export const dsplit = (x: Tensor, indicesOrSections: number | readonly number[]): Tensor[] =>
  x.dsplit(indicesOrSections);
