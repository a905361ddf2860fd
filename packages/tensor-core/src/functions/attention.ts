/** Function form of attention. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { attentionWeights, attention as ops } from '../ops/attention.ts';
import { requireTensor } from '../ops/build.ts';
import { type Generator, generatorOf } from '../random.ts';
import type { Tensor } from '../tensor.ts';

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Broadcasts to `[…, L, S]`: of bool, true takes part; of the queries' dtype, it is added to the scores. */
  attnMask?: Tensor | null;
  /** The chance of each weight to be set to 0, the others growing to make up for it. Default 0. */
  dropoutP?: number;
  /** Whether position i attends to none after i, counted from the first of both. Default false. */
  isCausal?: boolean;
  /** What scores are multiplied by. Default 1 / √E. */
  scale?: number | null;
  /** Draws for the dropout. Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/**
 * softmax(q kᵀ · scale + mask) v
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html). A row whose columns are all masked gives NaN.
 *
 * @param query `[…, L, E]`.
 * @param key `[…, S, E]`.
 * @param value `[…, S, V]`.
 * @returns `[…, L, V]`.
 * @example `scaledDotProductAttention(q, k, v, { isCausal: true })`
 * @throws ShapeError, DTypeError if they don't fit; ArgumentError for a mask together with `isCausal`, or a chance outside of 0 to 1.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options?: AttentionOptions,
): Tensor {
  const where = 'scaledDotProductAttention';
  checkOptions(where, options, ['attnMask', 'dropoutP', 'isCausal', 'scale', 'generator']);
  requireTensor(where, query, 0);
  const mask = options?.attnMask ?? null;
  const dropout: unknown = options?.dropoutP ?? 0;
  const isCausal: unknown = options?.isCausal ?? false;
  const scale: unknown = options?.scale ?? 1 / Math.sqrt(query.shape[query.ndim - 1] ?? 1);
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout <= 1))
    throw new ArgumentError(
      `${where}: dropout probability has to be between 0 and 1, but got ${typeof dropout === 'number' ? dropout : describe(dropout)}`,
    );
  if (typeof isCausal !== 'boolean')
    throw new ArgumentError(`${where}: isCausal must be a boolean, got ${describe(isCausal)}`);
  if (typeof scale !== 'number') throw new ArgumentError(`${where}: scale must be a number, got ${describe(scale)}`);
  if (isCausal && mask !== null)
    throw new ArgumentError(`${where}: Explicit attnMask should not be set when isCausal=True; pass one of them`);
  const generator = generatorOf(where, options?.generator);
  const operands: [Tensor, Tensor, Tensor, Tensor | null] = [query, key, value, mask];
  const attrs = { isCausal, scale };
  if (dropout === 0) return dispatch(ops.scaledDotProductAttention, operands, attrs)[0];
  ops.scaledDotProductAttention.infer?.(operands, attrs);
  const { weights } = attentionWeights(query, key, mask, attrs);
  const kept = weights
    .detach()
    .clone()
    .bernoulli_(1 - dropout, { generator });
  const scaled = weights.mul(kept).mul(dropout === 1 ? 0 : 1 / (1 - dropout));
  const result = scaled.matmul(value.dtype === weights.dtype ? value : value.to(weights.dtype));
  return result.dtype === query.dtype ? result : result.to(query.dtype);
}
