/** Attention in ONNX: an op of its own from opset 23 on, before that the ops it is made of. */
import type { AttentionOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { sameDim } from '../dims.ts';
import { type Symbols, viaBody } from './symbol.ts';

/** `[…, L, E]` of two to four dims as `[batch, heads, L, E]`. */
function fourDims(g: OpContext, x: Ref, rank: number): Ref {
  if (rank === 4) return x;
  return g.unsqueeze(x, rank === 3 ? [1] : [0, 1]);
}

/** The mask beside scores of `rank` dims: all of `[L, S]`, since runtimes want these two as they are; `null` where it has others. */
function mask(g: OpContext, rank: number): Ref | null {
  const dims = g.dims(3);
  const [length, columns] = [g.dims(0)[rank - 2], g.dims(1)[rank - 2]];
  if (dims.length < 2 || !sameDim(dims[dims.length - 2], length) || !sameDim(dims[dims.length - 1], columns))
    return null;
  if (dims.length === 2) return g.x(3);
  const lead = Array.from({ length: rank - dims.length }, (_, d) => d);
  return fourDims(g, g.unsqueeze(g.x(3), lead), rank);
}

/** Attention over the same batch of queries, keys and values. A row that may look at nothing is NaN, in ONNX's definition too, but not in all runtimes. */
function attend(g: OpContext<AttentionOps['scaledDotProductAttention']>): (Ref | null)[] | null {
  const c: OpContext = g;
  const rank = g.rank();
  const batch = g.dims().slice(0, -2);
  const alike = [1, 2].every((i) => g.rank(i) === rank && batch.every((dim, d) => sameDim(dim, g.dims(i)[d])));
  // runtimes have it in float64 not
  if (g.opset < 23 || rank > 4 || !alike || g.outDType() === 'float64') return null;
  const beside = g.isAbsent(3) ? [] : [mask(c, rank)];
  if (beside.includes(null)) return null;
  const { isCausal, scale } = g.attrs;
  const y = g.op('Attention', [...[0, 1, 2].map((i) => fourDims(c, g.x(i), rank)), ...beside], {
    is_causal_i: isCausal ? 1 : 0,
    scale_f: scale,
  });
  const result = rank === 4 ? y : g.squeeze(y, rank === 3 ? [1] : [0, 1]);
  return [result, g.isRead(1) ? g.ofBody(1) : null];
}

/** Rows by op name. */
export const attention: Symbols<AttentionOps> = {
  scaledDotProductAttention: attend,
  scaledDotProductAttentionBackward: viaBody,
};
