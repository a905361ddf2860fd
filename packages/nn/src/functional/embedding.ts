/** Look-ups in tables of vectors. */
import * as core from '@tenfold/tensor-core';
import { ArgumentError, checkOptions, isTensor, type Tensor, withoutGrad } from '@tenfold/tensor-core';
import { checkNumber } from '../checks.ts';

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

/** The row that `paddingIdx` means among `rows`, or `null`. */
export function paddingRow(paddingIdx: unknown, rows: number): number | null {
  if (paddingIdx === null) return null;
  if (typeof paddingIdx !== 'number' || !Number.isInteger(paddingIdx) || paddingIdx >= rows || paddingIdx < -rows)
    throw new ArgumentError(`Padding_idx must be within num_embeddings: got ${paddingIdx} for ${rows} rows`);
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}
