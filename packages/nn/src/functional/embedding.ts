/** Look-ups in tables of vectors. */
import * as core from '@tenfold/tensor-core';
import {
  ArgumentError,
  checkOptions,
  describe,
  formatShape,
  isTensor,
  ShapeError,
  sameShape,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { checkBagMode, checkFlag, checkNumber, paddingRow } from '../checks.ts';

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** The row that gets no gradient; a negative one counts from the end. Default: none. */
  paddingIdx?: number | null;
  /** Rows that are looked up and whose norm is larger are scaled to it, in place, before they are read. Default: none. */
  maxNorm?: number | null;
  /** The order of that norm. Default 2. */
  normType?: number;
  /** Whether the gradient of each row is divided by how often the row is looked up. Default false. */
  scaleGradByFreq?: boolean;
}

/** What keeps a norm that is divided by from being 0: PyTorch's number. */
const TINY = 1e-7;

/** Scales the rows of `weight` that are looked up and too long. The same row twice is written twice, with the same numbers. */
function renorm_(weight: Tensor, input: Tensor, maxNorm: number, normType: number): void {
  withoutGrad(() => {
    const at = input.flatten();
    const rows = weight.detach().indexSelect(0, at);
    const norms = rows.norm({ p: normType, dim: 1, keepdim: true });
    const scale = norms.add(TINY).reciprocal().mul(maxNorm).maskedFill(norms.le(maxNorm), 1);
    weight.indexCopy_(0, at, rows.mul(scale));
  });
}

/** How often each row that is looked up is. */
function frequencies(input: Tensor, weight: Tensor): Tensor {
  const at = input.flatten();
  const counts = weight.newZeros([weight.shape[0]]).indexAdd(0, at, weight.newOnes([at.shape[0]]));
  return counts.indexSelect(0, at).view([...input.shape]);
}

/**
 * The rows of a table that `input` names (https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html).
 *
 * @param input int64 or int32, of any shape.
 * @param weight `[rows, columns]`.
 * @returns `[...input.shape, columns]`.
 * @throws IndexError if a row doesn't exist, ArgumentError for a `paddingIdx` that is none.
 */
export function embedding(input: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor {
  checkOptions('embedding', options, ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq']);
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false } = options ?? {};
  checkNumber('embedding: normType', normType);
  if (maxNorm !== null && isTensor(input) && isTensor(weight) && input.numel() > 0)
    renorm_(weight, input, checkNumber('embedding: maxNorm', maxNorm), normType);
  const found = core.embedding(input, weight, { paddingIdx });
  if (scaleGradByFreq && found.requiresGrad) {
    const shares = withoutGrad(() => frequencies(input, weight).reciprocal().unsqueeze(-1));
    found.registerHook((grad) => grad.mul(shares));
  }
  return found;
}

/** Options of {@link embeddingBag}. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** How the rows of a bag become one. Default `'mean'`. */
  mode?: 'sum' | 'mean' | 'max';
  /** A factor for each row that is looked up, of the input's shape; with `'sum'` only. Default: none. */
  perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag, as in CSR matrices. Default false. */
  includeLastOffset?: boolean;
}

/** Where the rows of the bags lie: a bag for each row of a `[bags, size]` input, or at offsets of a flat one. */
interface Bags {
  readonly count: number;
  /** The sum of rows `[…input, columns]` over each bag. */
  sum(rows: Tensor): Tensor;
  /** The largest of them; anything for an empty bag. */
  max(rows: Tensor): Tensor;
}

/** Bags of one size. */
const even = (count: number, size: number): Bags => ({
  count,
  sum: (rows) => rows.sum(1),
  max: (rows) => (size === 0 ? rows.sum(1) : rows.max(1).values),
});

/** Bags that begin at `offsets`. */
function uneven(length: number, offsets: Tensor, count: number): Bags {
  const starts = offsets.slice(0, 0, count);
  // the last bag that begins at or before a place
  const bag = core.arange(length, { dtype: offsets.dtype, device: offsets.device });
  const ids = core.searchsorted(starts.contiguous(), bag, { right: true }).sub(1);
  const empty = (rows: Tensor): Tensor => rows.newZeros([count, ...rows.shape.slice(1)]);
  return {
    count,
    sum: (rows) => empty(rows).indexAdd(0, ids, rows),
    max: (rows) => empty(rows).indexReduce(0, ids, rows, 'amax', { includeSelf: false }),
  };
}

/**
 * Sums, means or maxima of bags of rows (https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html). Rows of padding count for
 * nothing; an empty bag gives zeros.
 *
 * @param input int64 or int32: `[bags, size]`, or `[n]` with offsets.
 * @param weight `[rows, columns]`.
 * @param offsets where each bag begins, from 0 on, `[bags]`, or `[bags + 1]` with `includeLastOffset`. They are not read back to be checked.
 * @returns `[bags, columns]`.
 * @throws ShapeError, ArgumentError if they don't fit; IndexError if a row doesn't exist.
 */
export function embeddingBag(
  input: Tensor,
  weight: Tensor,
  offsets: Tensor | null = null,
  options?: EmbeddingBagOptions,
): Tensor {
  const name = 'embeddingBag';
  checkOptions(name, options, [
    ...['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq'],
    ...['mode', 'perSampleWeights', 'includeLastOffset'],
  ]);
  const { mode = 'mean', perSampleWeights = null, includeLastOffset = false, ...rest } = options ?? {};
  checkBagMode(name, mode, rest.scaleGradByFreq);
  if (!isTensor(input) || !isTensor(weight))
    throw new ArgumentError(
      `${name}: input and weight must be tensors, got ${describe(input)} and ${describe(weight)}`,
    );
  checkFlag(`${name}: includeLastOffset`, includeLastOffset);
  if (perSampleWeights !== null) checkWeights(name, input, perSampleWeights, mode);
  const bags = bagsOf(name, input, offsets, includeLastOffset);
  const rows = embedding(input, weight, rest);
  const weighted = perSampleWeights === null ? rows : rows.mul(perSampleWeights.unsqueeze(-1));
  const padding = paddingRow(rest.paddingIdx ?? null, weight.shape[0]);
  const skipped = padding === null ? null : input.eq(padding).unsqueeze(-1);
  if (mode === 'sum') return bags.sum(skipped ? weighted.maskedFill(skipped, 0) : weighted);
  const ones = rows.newOnes([...input.shape, 1]);
  const counts = bags.sum(skipped ? ones.maskedFill(skipped, 0) : ones);
  if (mode === 'mean') return bags.sum(skipped ? rows.maskedFill(skipped, 0) : rows).div(counts.clamp(1));
  return bags.max(skipped ? rows.maskedFill(skipped, Number.NEGATIVE_INFINITY) : rows).maskedFill(counts.eq(0), 0);
}

function checkWeights(name: string, input: Tensor, weights: unknown, mode: string): void {
  if (!isTensor(weights))
    throw new ArgumentError(`${name}: perSampleWeights must be a tensor, got ${describe(weights)}`);
  if (mode !== 'sum')
    throw new ArgumentError(
      `${name}: per_sample_weights was not null. per_sample_weights is only supported for mode='sum' (got mode='${mode}').`,
    );
  if (!sameShape(weights.shape, input.shape))
    throw new ShapeError(
      `${name}: If per_sample_weights (${formatShape(weights.shape)}) is not null, then it must have the same shape as the input (${formatShape(input.shape)})`,
    );
}

function bagsOf(name: string, input: Tensor, offsets: Tensor | null, includeLastOffset: boolean): Bags {
  if (input.ndim === 2) {
    if (offsets !== null)
      throw new ArgumentError(
        `${name}: if input is 2D, then offsets has to be null, as input is treated as a mini-batch of fixed length sequences. However, found offsets: ${describe(offsets)}`,
      );
    return even(input.shape[0], input.shape[1]);
  }
  if (input.ndim !== 1)
    throw new ShapeError(`${name}: input has to be 1D or 2D Tensor, but got Tensor of dimension ${input.ndim}`);
  if (!isTensor(offsets))
    throw new ArgumentError(`${name}: offsets has to be a 1D Tensor but got ${describe(offsets)}`);
  if (offsets.ndim !== 1)
    throw new ShapeError(`${name}: offsets has to be a 1D Tensor, got shape ${formatShape(offsets.shape)}`);
  if (includeLastOffset && offsets.shape[0] < 1)
    throw new ShapeError(`${name}: include_last_offset: number of offset should be at least 1`);
  return uneven(input.shape[0], offsets, offsets.shape[0] - (includeLastOffset ? 1 : 0));
}
