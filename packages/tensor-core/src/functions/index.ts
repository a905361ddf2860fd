/** Functions that look up and order elements, and {@link Tensor}'s index methods as functions. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, DeviceError, describe, ShapeError } from '../errors.ts';
import type {
  IndexEntry,
  IndexPutOptions,
  NonzeroOptions,
  Sorted,
  SortOptions,
  TopkOptions,
} from '../methods/index.ts';
import type {
  IndexAddOptions,
  IndexReduce,
  PutOptions,
  ScatterOptions,
  ScatterReduce,
  ScatterReduceOptions,
} from '../methods/scatter.ts';
import type {
  BincountOptions,
  HistcOptions,
  IsinOptions,
  MoreThanValues,
  UniqueConsecutiveOptions,
  UniqueOptions,
  UniqueResult,
  ValuesOnly,
} from '../methods/unique.ts';
import { requireTensor } from '../ops/build.ts';
import { create } from '../ops/create.ts';
import { embedding as embeddings } from '../ops/embedding.ts';
import { index as ops } from '../ops/index.ts';
import { checkInteger, formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';

/** Options of `bucketize`. */
export interface BucketizeOptions {
  /** Whether a value goes behind equal elements. Default false: before them. */
  right?: boolean;
  /** The result is int32 in place of int64. Default false. */
  outInt32?: boolean;
}

/** Options of `searchsorted`. */
export interface SearchOptions extends BucketizeOptions {
  /** `right` in words. */
  side?: 'left' | 'right';
  /** The order that `argsort` gives, for a `sorted` that is not in order. */
  sorter?: Tensor;
}

/**
 * Where in the last dim of `sorted` (ascending) each value would have to stand: int64, in the shape of `values`. `sorted` is a vector, or has the leading
 * dims of `values` (https://pytorch.org/docs/stable/generated/torch.searchsorted.html).
 *
 * @throws ShapeError if the leading dims differ; DTypeError if the dtypes do; ArgumentError if `side` and `right` disagree.
 * @example
 * searchsorted(tensor([1, 3, 5]), tensor([3, 6])); // [1, 3]
 */
export function searchsorted(sorted: Tensor, values: Tensor | number, options: SearchOptions = {}): Tensor {
  checkOptions('searchsorted', options, ['right', 'side', 'sorter', 'outInt32']);
  requireTensor('searchsorted', sorted);
  const { side, sorter, outInt32 = false } = options;
  if (side !== undefined && side !== 'left' && side !== 'right')
    throw new ArgumentError(`torch.searchsorted(): side can only be 'left' or 'right' but got ${describe(side)}`);
  if (side === 'left' && options.right)
    throw new ArgumentError(
      "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True",
    );
  const right = side === 'right' || (options.right ?? false);
  const wanted = isTensor(values)
    ? values
    : dispatch(create.full, [], { shape: [], value: checkNumber(values), dtype: sorted.dtype, device: sorted.device });
  const found = dispatch(ops.searchsorted, [sorter === undefined ? sorted : inOrder(sorted, sorter), wanted], {
    right,
  });
  return outInt32 ? found.to('int32') : found;
}

function checkNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new ArgumentError(`searchsorted: values must be a tensor or a number, got ${describe(value)}`);
}

function inOrder(x: Tensor, sorter: Tensor): Tensor {
  requireTensor('searchsorted', sorter, 2);
  if (!sameShape(x.shape, sorter.shape))
    throw new ShapeError(
      `torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor ${formatShape(x.shape)} and got sorter tensor ${formatShape(sorter.shape)}`,
    );
  return x.gather(-1, sorter);
}

/** The bucket of each value between `boundaries` (ascending): {@link searchsorted} with the arguments the other way round. */
export function bucketize(values: Tensor | number, boundaries: Tensor, options: BucketizeOptions = {}): Tensor {
  checkOptions('bucketize', options, ['right', 'outInt32']);
  requireTensor('bucketize', boundaries, 1);
  if (boundaries.ndim !== 1)
    throw new ShapeError(`boundaries tensor must be 1 dimension, but got dim(${boundaries.ndim}) in bucketize`);
  return searchsorted(boundaries, values, options);
}

/**
 * 1 at the position that each class number names, along a new last dim of `numClasses`: int64. Without `numClasses` (or -1) the largest number decides,
 * which reads the tensor.
 *
 * @throws IndexError if a class number is negative or too large.
 */
export function oneHot(classes: Tensor, numClasses = -1): Tensor {
  checkInteger(numClasses, 'oneHot: numClasses');
  if (numClasses < -1 || numClasses === 0) throw new ArgumentError(`numClasses should be positive, got ${numClasses}`);
  return dispatch(embeddings.oneHot, [classes], { numClasses: numClasses === -1 ? classCount(classes) : numClasses });
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
  return dispatch(embeddings.embedding, [weight, input], {
    paddingIdx: padding === null ? null : padding < 0 ? padding + rows : padding,
  });
}

/** {@link Tensor.gather} as a function. */
export const gather = (x: Tensor, dim: number, index: Tensor): Tensor => x.gather(dim, index);
/** {@link Tensor.scatter} as a function. */
export const scatter = (
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor | number,
  options?: ScatterOptions,
): Tensor => x.scatter(dim, index, src, options);
/** {@link Tensor.scatterReduce} as a function. */
export const scatterReduce = (
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  reduce: ScatterReduce,
  options?: ScatterReduceOptions,
): Tensor => x.scatterReduce(dim, index, src, reduce, options);
/** {@link Tensor.indexReduce} as a function. */
export const indexReduce = (
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: IndexReduce,
  options?: ScatterReduceOptions,
): Tensor => x.indexReduce(dim, index, source, reduce, options);
/** {@link Tensor.scatterAdd} as a function. */
export const scatterAdd = (x: Tensor, dim: number, index: Tensor, src: Tensor): Tensor => x.scatterAdd(dim, index, src);
/** {@link Tensor.indexSelect} as a function. */
export const indexSelect = (x: Tensor, dim: number, index: Tensor): Tensor => x.indexSelect(dim, index);
/** {@link Tensor.indexAdd} as a function. */
export const indexAdd = (x: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor =>
  x.indexAdd(dim, index, source, options);
/** {@link Tensor.indexCopy} as a function. */
export const indexCopy = (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor =>
  x.indexCopy(dim, index, source);
/** {@link Tensor.indexFill} as a function. */
export const indexFill = (x: Tensor, dim: number, index: Tensor, value: Tensor | number): Tensor =>
  x.indexFill(dim, index, value);
/** {@link Tensor.indexPut} as a function. */
export const indexPut = (
  x: Tensor,
  indices: readonly IndexEntry[],
  value: Tensor | number,
  options?: IndexPutOptions,
): Tensor => x.indexPut(indices, value, options);
/** {@link Tensor.maskedScatter} as a function. */
export const maskedScatter = (x: Tensor, mask: Tensor, source: Tensor): Tensor => x.maskedScatter(mask, source);
/** {@link Tensor.put} as a function. */
export const put = (x: Tensor, index: Tensor, source: Tensor, options?: PutOptions): Tensor =>
  x.put(index, source, options);
/** {@link Tensor.take} as a function. */
export const take = (x: Tensor, index: Tensor): Tensor => x.take(index);
/** {@link Tensor.takeAlongDim} as a function. */
export const takeAlongDim = (x: Tensor, indices: Tensor, dim?: number): Tensor => x.takeAlongDim(indices, dim);
/** {@link Tensor.maskedSelect} as a function. */
export const maskedSelect = (x: Tensor, mask: Tensor): Tensor => x.maskedSelect(mask);
/** {@link Tensor.nonzero} as a function. */
export function nonzero(x: Tensor, options?: { asTuple?: false }): Tensor;
export function nonzero(x: Tensor, options: { asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: NonzeroOptions): Tensor | Tensor[] {
  return x.nonzero(options);
}
/** {@link Tensor.argwhere} as a function. */
export const argwhere = (x: Tensor): Tensor => x.argwhere();
/** {@link Tensor.unique} as a function. */
export function unique(x: Tensor, options?: UniqueOptions & ValuesOnly): Tensor;
export function unique(x: Tensor, options: UniqueOptions & MoreThanValues): UniqueResult;
export function unique(x: Tensor, options?: UniqueOptions): Tensor | UniqueResult {
  return x.unique(options);
}
/** {@link Tensor.uniqueConsecutive} as a function. */
export function uniqueConsecutive(x: Tensor, options?: UniqueConsecutiveOptions & ValuesOnly): Tensor;
export function uniqueConsecutive(x: Tensor, options: UniqueConsecutiveOptions & MoreThanValues): UniqueResult;
export function uniqueConsecutive(x: Tensor, options?: UniqueConsecutiveOptions): Tensor | UniqueResult {
  return x.uniqueConsecutive(options);
}
/** {@link Tensor.bincount} as a function. */
export const bincount = (x: Tensor, options?: BincountOptions): Tensor => x.bincount(options);
/** {@link Tensor.histc} as a function. */
export const histc = (x: Tensor, options?: HistcOptions): Tensor => x.histc(options);

/** {@link Tensor.isin} as a function; either side may be a number. @throws ArgumentError if both are. */
export function isin(elements: Tensor | number, testElements: Tensor | number, options?: IsinOptions): Tensor {
  if (isTensor(elements)) return elements.isin(testElements, options);
  requireTensor('isin', testElements, 1);
  return testElements.newFull([], elements).isin(testElements, options);
}

/** {@link Tensor.msort} as a function. */
export const msort = (x: Tensor): Tensor => x.msort();
/** {@link Tensor.sort} as a function. */
export const sort = (x: Tensor, dim?: number, options?: SortOptions): Sorted => x.sort(dim, options);
/** {@link Tensor.argsort} as a function. */
export const argsort = (x: Tensor, dim?: number, options?: SortOptions): Tensor => x.argsort(dim, options);
/** {@link Tensor.topk} as a function. */
export const topk = (x: Tensor, k: number, options?: TopkOptions): Sorted => x.topk(k, options);
