/** Functions that look up and order elements, and {@link Tensor}'s index methods as functions. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, DeviceError } from '../errors.ts';
import type { Sorted, SortOptions, TopkOptions } from '../methods/index.ts';
import { create } from '../ops/create.ts';
import { index as ops } from '../ops/index.ts';
import { checkInteger } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';

/** Options of `searchsorted` and `bucketize`. */
export interface SearchOptions {
  /** Whether a value goes behind equal elements. Default false: before them. */
  right?: boolean;
}

/**
 * Where in the last dim of `sorted` (ascending) each value would have to stand: int64, in the shape of `values`. `sorted` is a vector, or has the leading
 * dims of `values` (https://pytorch.org/docs/stable/generated/torch.searchsorted.html).
 */
export function searchsorted(sorted: Tensor, values: Tensor | number, options: SearchOptions = {}): Tensor {
  checkOptions('searchsorted', options, ['right']);
  const wanted = isTensor(values)
    ? values
    : dispatch(create.full, [], { shape: [], value: values, dtype: sorted.dtype, device: sorted.device });
  return dispatch(ops.searchsorted, [sorted, wanted], { right: options.right ?? false });
}

/** The bucket of each value between `boundaries` (ascending): {@link searchsorted} with the arguments the other way round. */
export const bucketize = (values: Tensor | number, boundaries: Tensor, options: SearchOptions = {}): Tensor =>
  searchsorted(boundaries, values, options);

/**
 * 1 at the position that each class number names, along a new last dim of `numClasses`: int64. Without `numClasses` (or -1) the largest number decides,
 * which reads the tensor.
 *
 * @throws IndexError if a class number is negative or too large.
 */
export function oneHot(classes: Tensor, numClasses = -1): Tensor {
  checkInteger(numClasses, 'oneHot: numClasses');
  if (numClasses < -1 || numClasses === 0) throw new ArgumentError(`numClasses should be positive, got ${numClasses}`);
  return dispatch(ops.oneHot, [classes], { numClasses: numClasses === -1 ? classCount(classes) : numClasses });
}

function classCount(classes: Tensor): number {
  if (classes.numel() === 0)
    throw new ArgumentError('oneHot: Can not infer total number of classes from empty tensor.');
  if (!classes.storage.device.runtime.downloadSync) {
    throw new DeviceError(`oneHot: device '${classes.device}' can't be read synchronously; pass numClasses`);
  }
  return Array.from(classes.toTypedArraySync(), Number).reduce((a, b) => Math.max(a, b)) + 1;
}

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** A row that gets no gradient; negative counts from the end. */
  paddingIdx?: number | null;
}

/** The rows of `weight` that `input` (int64) names: shape `[...input.shape, columns]`. @throws IndexError if a row doesn't exist. */
export function embedding(input: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkOptions('embedding', options, ['paddingIdx']);
  const padding = options.paddingIdx ?? null;
  const rows = isTensor(weight) ? (weight.shape[0] ?? 0) : 0;
  if (padding !== null && (checkInteger(padding, 'embedding: paddingIdx') >= rows || padding < -rows)) {
    throw new ArgumentError(`paddingIdx must be within num_embeddings: got ${padding} for ${rows} rows`);
  }
  return dispatch(ops.embedding, [weight, input], {
    paddingIdx: padding === null ? null : padding < 0 ? padding + rows : padding,
  });
}

/** {@link Tensor.gather} as a function. */
export const gather = (x: Tensor, dim: number, index: Tensor): Tensor => x.gather(dim, index);
/** {@link Tensor.scatter} as a function. */
export const scatter = (x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor =>
  x.scatter(dim, index, src);
/** {@link Tensor.scatterAdd} as a function. */
export const scatterAdd = (x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor => x.scatterAdd(dim, index, src);
/** {@link Tensor.indexSelect} as a function. */
export const indexSelect = (x: Tensor, dim: number, index: Tensor): Tensor => x.indexSelect(dim, index);
/** {@link Tensor.take} as a function. */
export const take = (x: Tensor, index: Tensor): Tensor => x.take(index);
/** {@link Tensor.takeAlongDim} as a function. */
export const takeAlongDim = (x: Tensor, indices: Tensor, dim?: number): Tensor => x.takeAlongDim(indices, dim);
/** {@link Tensor.maskedSelect} as a function. */
export const maskedSelect = (x: Tensor, mask: Tensor): Tensor => x.maskedSelect(mask);
/** {@link Tensor.nonzero} as a function. */
export const nonzero = (x: Tensor): Tensor => x.nonzero();
/** {@link Tensor.sort} as a function. */
export const sort = (x: Tensor, dim?: number, options?: SortOptions): Sorted => x.sort(dim, options);
/** {@link Tensor.argsort} as a function. */
export const argsort = (x: Tensor, dim?: number, options?: SortOptions): Tensor => x.argsort(dim, options);
/** {@link Tensor.topk} as a function. */
export const topk = (x: Tensor, k: number, options?: TopkOptions): Sorted => x.topk(k, options);
