/** Function form of attention. */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe, ShapeError } from '../errors.ts';
import { type AttentionAttrs, attentionWeights, attention as ops } from '../ops/attention.ts';
import { requireTensor } from '../ops/build.ts';
import { type Generator, generatorOf } from '../random.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { dropout } from './random.ts';

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
  /**
   * Whether keys and values may have fewer heads, each for a group of neighbouring heads of the queries (grouped-query attention). Default false.
   */
  enableGqa?: boolean;
  /** Draws for the dropout. Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/**
 * softmax(q kᵀ · scale + mask) v
 * (https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html). A row whose columns are all masked gives NaN.
 *
 * @param query `[…, L, E]`; with `enableGqa` `[…, H, L, E]`, where keys and values have H / n heads.
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
  checkOptions(where, options, ['attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa', 'generator']);
  requireTensor(where, query, 0);
  const mask = options?.attnMask ?? null;
  const chance: unknown = options?.dropoutP ?? 0;
  const isCausal: unknown = options?.isCausal ?? false;
  const scale: unknown = options?.scale ?? 1 / Math.sqrt(query.shape[query.ndim - 1] ?? 1);
  if (typeof chance !== 'number' || !(chance >= 0 && chance <= 1))
    throw new ArgumentError(
      `${where}: dropout probability has to be between 0 and 1, but got ${typeof chance === 'number' ? chance : describe(chance)}`,
    );
  if (typeof isCausal !== 'boolean')
    throw new ArgumentError(`${where}: isCausal must be a boolean, got ${describe(isCausal)}`);
  if (typeof scale !== 'number') throw new ArgumentError(`${where}: scale must be a number, got ${describe(scale)}`);
  if (isCausal && mask !== null)
    throw new ArgumentError(`${where}: Explicit attnMask should not be set when isCausal=True; pass one of them`);
  const generator = generatorOf(where, options?.generator);
  const enableGqa: unknown = options?.enableGqa ?? false;
  if (typeof enableGqa !== 'boolean')
    throw new ArgumentError(`${where}: enableGqa must be a boolean, got ${describe(enableGqa)}`);
  const attrs = { isCausal, scale };
  if (!enableGqa) return attend([query, key, value, mask], attrs, chance, generator);
  const grouped = inGroups(where, query, key, value, mask);
  return attend(grouped, attrs, chance, generator).flatten(-4, -3);
}

type Operands = [query: Tensor, key: Tensor, value: Tensor, mask: Tensor | null];

function attend(operands: Operands, attrs: AttentionAttrs, chance: number, generator: Generator): Tensor {
  const [query, key, value, mask] = operands;
  if (chance === 0) return dispatch(ops.scaledDotProductAttention, operands, attrs)[0];
  ops.scaledDotProductAttention.infer?.(operands, attrs);
  const { weights } = attentionWeights(query, key, mask, attrs);
  const dropped = dropout(weights, chance, { generator });
  const result = dropped.matmul(value.dtype === weights.dtype ? value : value.to(weights.dtype));
  return result.dtype === query.dtype ? result : result.to(query.dtype);
}

/** Heads of the queries in groups, each of which broadcasts with one head of keys and values: no copy is made of those. */
function inGroups(where: string, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | null): Operands {
  [query, key, value].forEach((x, i) => {
    requireTensor(where, x, i);
    if (x.ndim < 3)
      throw new ShapeError(
        `${where}: with enableGqa query, key and value must be […, heads, length, features], got ${formatShape(x.shape)}`,
      );
  });
  const [heads, keyHeads, valueHeads] = [query, key, value].map((x) => x.shape[x.ndim - 3]);
  if (keyHeads !== valueHeads || keyHeads === 0 || heads % keyHeads !== 0)
    throw new ShapeError(
      `${where}: Number of heads in key and value must be equal and divide the number of heads in query, got ${keyHeads}, ${valueHeads} and ${heads}`,
    );
  const groups = [keyHeads, heads / keyHeads];
  const maskInGroups = (m: Tensor): Tensor => {
    requireTensor(where, m, 3);
    if (m.ndim < 3) return m;
    return m.shape[m.ndim - 3] === heads ? m.unflatten(-3, groups) : m.unsqueeze(-3);
  };
  return [query.unflatten(-3, groups), key.unsqueeze(-3), value.unsqueeze(-3), mask && maskInGroups(mask)];
}
