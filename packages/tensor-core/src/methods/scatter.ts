/** Methods that read and write elements along a dim at positions that a tensor holds. */
import { dispatch } from '../dispatch.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, checkOptions, DTypeError, describe, ShapeError } from '../errors.ts';
import { requireTensor } from '../ops/build.ts';
import { create } from '../ops/create.ts';
import { index as ops } from '../ops/index.ts';
import { broadcastShapes, formatShape, normalizeDim, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { MovementMethods } from './movement.ts';

/** Options of `indexAdd`. */
export interface IndexAddOptions {
  /** A factor for the source. Default 1. */
  alpha?: number;
}

/** Options of `scatter`. */
export interface ScatterOptions {
  /** How a value is combined with what is there. Default: it takes its place. */
  reduce?: 'add' | 'multiply';
}

/** How `scatterReduce` combines values of one place. */
export type ScatterReduce = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

/** How `indexReduce` combines slices of one place. */
export type IndexReduce = 'prod' | 'mean' | 'amax' | 'amin';

/** Options of `scatterReduce` and `indexReduce`. */
export interface ScatterReduceOptions {
  /** Whether the tensor's own value takes part where an index points. Default true. */
  includeSelf?: boolean;
}

/** Options of `put`. */
export interface PutOptions {
  /** Adds to what is there; values of one place are summed. Default false: the last one wins. */
  accumulate?: boolean;
}

const scatterReductions: readonly unknown[] = ['sum', 'prod', 'mean', 'amax', 'amin'];
const indexReductions: readonly unknown[] = ['prod', 'mean', 'amax', 'amin'];

function scaled(source: Tensor, options: IndexAddOptions | undefined): Tensor {
  checkOptions('indexAdd', options, ['alpha']);
  requireTensor('indexAdd', source, 2);
  return options?.alpha === undefined || options.alpha === 1 ? source : source.mul(options.alpha);
}

/** Zeros of the shape, dtype and device of `x`. */
const zerosOf = (x: Tensor): Tensor =>
  dispatch(create.fullLike, [x.detach()], { value: 0, dtype: x.dtype, device: x.device });

function scatter(
  self: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor | number,
  options: ScatterOptions | undefined,
  inPlace: boolean,
): Tensor {
  checkOptions('scatter', options, ['reduce']);
  const reduce = options?.reduce;
  const at = normalizeDim(dim, self.ndim, 'scatter');
  if (reduce === undefined) {
    const spec = inPlace ? ops.scatter.inplaceTwin : ops.scatter;
    return dispatch(spec, [self, index, cropped(src, index)], { dim: at });
  }
  if (reduce !== 'add' && reduce !== 'multiply')
    throw new ArgumentError(
      `scatter: reduce argument must be either 'add' or 'multiply', got ${describe(reduce)}; scatterReduce has more`,
    );
  requireTensor('scatter', index, 1);
  const source = isTensor(src) ? cropped(src, index) : self.newFull([], src).expand(index.shape);
  if (reduce === 'add')
    return dispatch(inPlace ? ops.scatterAdd.inplaceTwin : ops.scatterAdd, [self, index, source], { dim: at });
  return dispatch(inPlace ? ops.scatterReduce.inplaceTwin : ops.scatterReduce, [self, index, source], {
    dim: at,
    reduce: 'prod',
    includeSelf: true,
  });
}

function scatterReduce(
  self: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  reduce: ScatterReduce,
  options: ScatterReduceOptions | undefined,
  inPlace: boolean,
): Tensor {
  checkOptions('scatterReduce', options, ['includeSelf']);
  if (!scatterReductions.includes(reduce))
    throw new ArgumentError(
      `reduce argument must be either sum, prod, mean, amax or amin, got ${describe(reduce)} in scatterReduce`,
    );
  requireTensor('scatterReduce', index, 1);
  requireTensor('scatterReduce', src, 2);
  const at = normalizeDim(dim, self.ndim, 'scatterReduce');
  const includeSelf = options?.includeSelf ?? true;
  const source = cropped(src, index);
  if (reduce !== 'mean') {
    const spec = inPlace ? ops.scatterReduce.inplaceTwin : ops.scatterReduce;
    return dispatch(spec, [self, index, source], { dim: at, reduce, includeSelf });
  }
  const sum = dispatch(ops.scatterReduce, [self, index, source], { dim: at, reduce: 'sum', includeSelf });
  const ones = source.detach().newOnes([]).expand(index.shape);
  const counts = dispatch(ops.scatterAdd, [zerosOf(self).add(includeSelf ? 1 : 0), index, ones], { dim: at });
  const divisor = includeSelf ? counts : counts.clamp(1);
  const mean = sum.div(divisor, isFloat(self.dtype) ? {} : { roundingMode: 'floor' });
  return inPlace ? self.copy_(mean) : mean;
}

/** Only the part of a source that indices stand for takes part. */
function cropped<T extends Tensor | number>(src: T, index: Tensor): T | Tensor {
  if (!isTensor(src) || !isTensor(index) || src.ndim !== index.ndim || sameShape(src.shape, index.shape)) return src;
  if (index.shape.some((size, d) => size > src.shape[d])) return src;
  return index.shape.reduce<Tensor>((part, size, d) => (part.shape[d] === size ? part : part.slice(d, 0, size)), src);
}

/** The index of whole slices for each of their elements. */
function slices(self: Tensor, dim: number, index: Tensor, source: Tensor, reduce: IndexReduce): Tensor {
  requireTensor('indexReduce', index, 1);
  requireTensor('indexReduce', source, 2);
  if (!indexReductions.includes(reduce))
    throw new ArgumentError(
      `indexReduce: reduce argument must be either prod, mean, amax or amin, got ${describe(reduce)}`,
    );
  const at = normalizeDim(dim, self.ndim, 'indexReduce');
  if (index.ndim > 1)
    throw new ShapeError(`indexReduce(): Index is supposed to be a vector, got shape ${formatShape(index.shape)}`);
  const expected = self.shape.map((size, d) => (d === at ? index.numel() : size));
  if (!sameShape(source.shape, expected))
    throw new ShapeError(
      `indexReduce(): expected a source of shape ${formatShape(expected)} for ${index.numel()} indices along dim ${at}, got ${formatShape(source.shape)}`,
    );
  if (self.ndim === 0) return index.reshape([]);
  return index.reshape(self.shape.map((_, d) => (d === at ? -1 : 1))).expand(source.shape);
}

export abstract class ScatterMethods extends MovementMethods {
  /**
   * `out[i][j] = x[index[i][j]][j]` for `dim` 0 (https://pytorch.org/docs/stable/generated/torch.gather.html). `index` is int64 and has as many dims as the tensor.
   *
   * @throws IndexError if an index is out of range.
   */
  gather(dim: number, index: Tensor): Tensor {
    return dispatch(ops.gather, [this.self, index], { dim: normalizeDim(dim, this.ndim, 'gather') });
  }

  /**
   * A copy with `src` (a tensor or a number) written at `index` along `dim`; of duplicates the last wins. With `reduce` it is added to or multiplied
   * with what is there instead (https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html).
   *
   * @throws IndexError if an index is out of range; ShapeError if `index` is larger than `src`, or than the tensor outside of `dim`.
   * @example
   * zeros([3]).scatter(0, tensor([2, 0], { dtype: 'int64' }), tensor([5, 6])); // [6, 0, 5]
   */
  scatter(dim: number, index: Tensor, src: Tensor | number, options?: ScatterOptions): Tensor {
    return scatter(this.self, dim, index, src, options, false);
  }

  /** In-place {@link scatter}. */
  scatter_(dim: number, index: Tensor, src: Tensor | number, options?: ScatterOptions): Tensor {
    return scatter(this.self, dim, index, src, options, true);
  }

  /** A copy with `src` added at `index` along `dim`; duplicates accumulate in order. @throws IndexError if an index is out of range. */
  scatterAdd(dim: number, index: Tensor, src: Tensor): Tensor {
    return dispatch(ops.scatterAdd, [this.self, index, cropped(src, index)], {
      dim: normalizeDim(dim, this.ndim, 'scatterAdd'),
    });
  }

  /** In-place {@link scatterAdd}. */
  scatterAdd_(dim: number, index: Tensor, src: Tensor): Tensor {
    return dispatch(ops.scatterAdd.inplaceTwin, [this.self, index, cropped(src, index)], {
      dim: normalizeDim(dim, this.ndim, 'scatterAdd'),
    });
  }

  /**
   * A copy in which the values of `src` that share a place are combined: summed, multiplied, averaged, or the largest or smallest of them
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html). Places that no index names keep their value. The gradient of an
   * extreme is shared evenly among all that attain it.
   *
   * @param options `includeSelf: false` leaves the tensor's own value out where an index points. Default true.
   * @throws IndexError if an index is out of range.
   * @example
   * tensor([1, 2]).scatterReduce(0, tensor([0, 0, 1], { dtype: 'int64' }), tensor([3, 4, 5]), 'prod'); // [12, 10]
   */
  scatterReduce(
    dim: number,
    index: Tensor,
    src: Tensor,
    reduce: ScatterReduce,
    options?: ScatterReduceOptions,
  ): Tensor {
    return scatterReduce(this.self, dim, index, src, reduce, options, false);
  }

  /** In-place {@link scatterReduce}. */
  scatterReduce_(
    dim: number,
    index: Tensor,
    src: Tensor,
    reduce: ScatterReduce,
    options?: ScatterReduceOptions,
  ): Tensor {
    return scatterReduce(this.self, dim, index, src, reduce, options, true);
  }

  /** A copy of the positions `index` (1-D, int64) of `dim`. @throws IndexError if an index is out of range. */
  indexSelect(dim: number, index: Tensor): Tensor {
    return dispatch(ops.indexSelect, [this.self, index], { dim: normalizeDim(dim, this.ndim, 'indexSelect') });
  }

  /** A copy with `source` added at the positions `index` (1-D) of `dim`; duplicates accumulate in order. */
  indexAdd(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor {
    return dispatch(ops.indexAdd, [this.self, index, scaled(source, options)], {
      dim: normalizeDim(dim, this.ndim, 'indexAdd'),
    });
  }

  /** In-place {@link indexAdd}. */
  indexAdd_(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor {
    return dispatch(ops.indexAdd.inplaceTwin, [this.self, index, scaled(source, options)], {
      dim: normalizeDim(dim, this.ndim, 'indexAdd'),
    });
  }

  /** A copy with `source` written at the positions `index` (1-D) of `dim`; of duplicates the last wins. */
  indexCopy(dim: number, index: Tensor, source: Tensor): Tensor {
    return dispatch(ops.indexCopy, [this.self, index, source], { dim: normalizeDim(dim, this.ndim, 'indexCopy') });
  }

  /** In-place {@link indexCopy}. */
  indexCopy_(dim: number, index: Tensor, source: Tensor): Tensor {
    return dispatch(ops.indexCopy.inplaceTwin, [this.self, index, source], {
      dim: normalizeDim(dim, this.ndim, 'indexCopy'),
    });
  }

  /** A copy with `value` (a number or 0-d tensor) at the positions `index` (1-D) of `dim`. */
  indexFill(dim: number, index: Tensor, value: Tensor | number): Tensor {
    return dispatch(ops.indexFill, [this.self, index, value], { dim: normalizeDim(dim, this.ndim, 'indexFill') });
  }

  /** In-place {@link indexFill}. */
  indexFill_(dim: number, index: Tensor, value: Tensor | number): Tensor {
    return dispatch(ops.indexFill.inplaceTwin, [this.self, index, value], {
      dim: normalizeDim(dim, this.ndim, 'indexFill'),
    });
  }

  /**
   * {@link scatterReduce} of whole slices: `source` is combined with the slices at the positions `index` (1-D) of `dim`
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.index_reduce_.html).
   */
  indexReduce(dim: number, index: Tensor, source: Tensor, reduce: IndexReduce, options?: ScatterReduceOptions): Tensor {
    const wide = slices(this.self, dim, index, source, reduce);
    return this.scatterReduce(dim, wide, source, reduce, options);
  }

  /** In-place {@link indexReduce}. */
  indexReduce_(
    dim: number,
    index: Tensor,
    source: Tensor,
    reduce: IndexReduce,
    options?: ScatterReduceOptions,
  ): Tensor {
    const wide = slices(this.self, dim, index, source, reduce);
    return this.scatterReduce_(dim, wide, source, reduce, options);
  }

  /** The elements at the positions `index` of the flattened tensor, in the shape of `index`. Negative positions count from the end. */
  take(index: Tensor): Tensor {
    return dispatch(ops.take, [this.self, index], null);
  }

  /** {@link gather} with `indices` broadcast against the tensor outside of `dim`; without `dim` along the flattened tensor. For what `argsort` and `argmax` give. */
  takeAlongDim(indices: Tensor, dim?: number): Tensor {
    requireTensor('takeAlongDim', indices, 1);
    if (dim === undefined) return this.flatten().gather(0, indices.flatten());
    const at = normalizeDim(dim, this.ndim, 'takeAlongDim');
    if (indices.ndim !== this.ndim) {
      throw new ShapeError(
        `torch.take_along_dim(): input and indices should have the same number of dimensions, but got ${this.ndim} dimensions for input, and ${indices.ndim} dimensions for indices`,
      );
    }
    const without = (shape: readonly number[]): number[] => shape.map((size, d) => (d === at ? 1 : size));
    const common = broadcastShapes([without(this.shape), without(indices.shape)], 'takeAlongDim');
    const wide = (shape: readonly number[]): number[] => common.map((size, d) => (d === at ? shape[d] : size));
    return this.expand(wide(this.shape)).gather(at, indices.expand(wide(indices.shape)));
  }

  /**
   * A copy with the elements of `source` (as many as `index` has) written at the positions `index` of the flattened tensor; negative positions count from the end
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.put_.html). With `accumulate` they are added.
   */
  put(index: Tensor, source: Tensor, options?: PutOptions): Tensor {
    checkOptions('put', options, ['accumulate']);
    requireTensor('put', index, 1);
    requireTensor('put', source, 2);
    if (index.numel() !== source.numel())
      throw new ShapeError(
        `put_(): Expected source and index to have the same number of elements, but got source.numel() = ${source.numel()}, index.numel() = ${index.numel()}`,
      );
    if (index.dtype !== 'int64' && index.dtype !== 'int32')
      throw new DTypeError(`put_(): Expected a long tensor for index, but got ${index.dtype}`);
    const flat = this.flatten();
    const at = dispatch(ops.linearIndex, [index.flatten()], { sizes: [flat.numel()] });
    const values = source.flatten();
    return (options?.accumulate ? flat.indexAdd(0, at, values) : flat.indexCopy(0, at, values)).view(this.shape);
  }

  /** In-place {@link put}. */
  put_(index: Tensor, source: Tensor, options?: PutOptions): Tensor {
    return this.self.copy_(this.put(index, source, options));
  }
}
