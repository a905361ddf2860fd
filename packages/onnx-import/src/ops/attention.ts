/** Attention and what goes with it: positions by rotation, gated units, linear attention. */
import {
  arange,
  cat,
  full,
  pad,
  scaledDotProductAttention,
  silu,
  stack,
  type Tensor,
  where,
  zeros,
} from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';

/** `[N, L, H · E]` as `[N, H, L, E]`. */
const inHeads = (x: Tensor, heads: number): Tensor =>
  x.reshape([x.size(0), x.size(1), heads, x.size(2) / heads]).transpose(1, 2);

/** `[N, H, L, E]` as `[N, L, H · E]`. */
const outOfHeads = (x: Tensor): Tensor => x.transpose(1, 2).flatten(2);

const positions = (n: number, x: Tensor): Tensor => arange(n, { dtype: 'int64', device: x.device });

/** What is added to scores so that a position does not count. */
const excluded = (allowed: Tensor, x: Tensor): Tensor =>
  where(allowed, 0, full([], Number.NEGATIVE_INFINITY, { dtype: x.dtype, device: x.device }));

/** The sum of what the mask, the causal order, the window and the lengths add to the scores; `null` if there is none of them. */
function biasOf(c: NodeContext, q: Tensor, length: number, past: Tensor | null): Tensor | null {
  const lengths = c.optional(6);
  const parts: Tensor[] = [];
  const mask = c.optional(3);
  if (mask) {
    const additive = mask.dtype === 'bool' ? excluded(mask, q) : mask;
    const missing = length - mask.size(-1);
    parts.push(missing > 0 ? pad(additive, [0, missing], { value: Number.NEGATIVE_INFINITY }) : additive);
  }
  const causal = c.int('is_causal', 0) !== 0;
  const [left, right] = [c.int('left_window_size', -1), c.int('right_window_size', -1)];
  if (causal || left >= 0 || right >= 0) {
    // queries are the last positions of what came before them
    const offset = past ? past.size(2) : (lengths?.sub(q.size(2)).reshape([-1, 1, 1, 1]) ?? 0);
    const distance = positions(q.size(2), q).unsqueeze(1).sub(positions(length, q)).add(offset);
    if (causal) parts.push(excluded(distance.ge(0), q));
    if (left >= 0) parts.push(excluded(distance.le(left), q));
    if (right >= 0) parts.push(excluded(distance.ge(-right), q));
  }
  if (lengths) parts.push(excluded(positions(length, q).lt(lengths.reshape([-1, 1, 1, 1])), q));
  return parts.length > 0 ? parts.reduce((a, b) => a.add(b)) : null;
}

/** softmax(q kᵀ · scale + bias) v, with the scores that output 3 asks for; rows in which nothing counts are zeros. */
function attend(
  c: NodeContext,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  scale: number,
  bias: Tensor | null,
): [y: Tensor, scores: Tensor] {
  const root = Math.sqrt(scale);
  const raw = q.mul(root).matmul(k.mul(root).mT);
  const softcap = c.float('softcap', 0);
  const capped = softcap > 0 ? raw.div(softcap).tanh().mul(softcap) : raw;
  const biased = bias ? capped.add(bias) : capped;
  const nothing = bias?.amax(-1, { keepdim: true }).eq(Number.NEGATIVE_INFINITY) ?? null;
  const safe = nothing ? biased.maskedFill(nothing, 0) : biased;
  const precise = c.given('softmax_precision') ? safe.to(c.dtypeOf(c.int('softmax_precision'))) : safe;
  const probabilities = precise.softmax(-1).to(q.dtype);
  const weights = nothing ? probabilities.maskedFill(nothing, 0) : probabilities;
  return [weights.matmul(v), [raw, capped, biased, weights][c.int('qk_matmul_output_mode', 0)]];
}

function scaledDotProduct(c: NodeContext): RowResult {
  const flat = c.rank() === 3;
  const [q, k, v] = [0, 1, 2].map((i) =>
    flat ? inHeads(c.x(i), c.int(i === 0 ? 'q_num_heads' : 'kv_num_heads')) : c.x(i),
  );
  const [pastKey, pastValue] = [c.optional(4), c.optional(5)];
  const key = pastKey ? cat([pastKey, k], 2) : k;
  const value = pastValue ? cat([pastValue, v], 2) : v;
  // a scale of 0 stands for none
  const scale = c.float('scale', 0) || 1 / Math.sqrt(q.size(-1));
  const groups = q.size(1) / key.size(1);
  const settings = ['softcap', 'softmax_precision', 'left_window_size', 'right_window_size'];
  const plain = [3, 6].every((i) => !c.has(i)) && !pastKey && settings.every((name) => !c.given(name)) && !c.wants(3);
  let [y, scores]: (Tensor | null)[] = [null, null];
  if (plain) {
    y = scaledDotProductAttention(q, key, value, {
      isCausal: c.int('is_causal', 0) !== 0,
      scale,
      enableGqa: groups > 1,
    });
  } else {
    const repeated = (x: Tensor): Tensor => (groups > 1 ? x.repeatInterleave(groups, { dim: 1 }) : x);
    [y, scores] = attend(c, q, repeated(key), repeated(value), scale, biasOf(c, q, key.size(2), pastKey));
  }
  return [flat ? outOfHeads(y) : y, key, value, scores];
}

/** Turns pairs of features by angles that grow with the position. */
function rotaryEmbedding(c: NodeContext): Tensor {
  const flat = c.rank() === 3;
  const x = flat ? inHeads(c.x(), c.int('num_heads')) : c.x();
  const size = c.int('rotary_embedding_dim', 0) || x.size(-1);
  const at = c.optional(3);
  // [N, 1, L, size / 2]
  const [cos, sin] = [c.x(1), c.x(2)].map((cache) => (at ? cache.index([at]) : cache).unsqueeze(1));
  const turned = x.narrow(-1, 0, size);
  const interleaved = c.int('interleaved', 0) !== 0;
  const [a, b] = interleaved
    ? [turned.slice(-1, 0, null, 2), turned.slice(-1, 1, null, 2)]
    : [turned.narrow(-1, 0, size / 2), turned.narrow(-1, size / 2, size / 2)];
  const [real, imaginary] = [cos.mul(a).sub(sin.mul(b)), sin.mul(a).add(cos.mul(b))];
  const pairs = interleaved ? stack([real, imaginary], -1).flatten(-2) : cat([real, imaginary], -1);
  const y = size < x.size(-1) ? cat([pairs, x.narrow(-1, size, x.size(-1) - size)], -1) : pairs;
  return flat ? outOfHeads(y) : y;
}

const rules = ['linear', 'gated', 'delta', 'gated_delta'];

/** A state `[N, H, K, V]` that each position decays, writes to and is read by. */
function linearAttention(c: NodeContext): RowResult {
  const rule = c.string('update_rule', 'gated_delta');
  if (!rules.includes(rule)) throw c.error(`update_rule must be one of ${rules.join(', ')}, got '${rule}'`);
  const [heads, keyHeads] = [c.int('q_num_heads'), c.int('kv_num_heads')];
  const dtype = c.dtype();
  const wide = (x: Tensor): Tensor => (dtype === 'float64' ? x : x.to('float32'));
  const q = wide(inHeads(c.x(0), heads));
  const [k, v] = [1, 2].map((i) => wide(inHeads(c.x(i), keyHeads)));
  const [decay, beta] = [4, 5].map((i) => {
    const x = c.optional(i);
    return x && wide(inHeads(x, Math.min(keyHeads, x.size(2))));
  });
  const scale = c.float('scale', 0) || 1 / Math.sqrt(k.size(-1));
  const past = c.optional(3);
  let state = past
    ? wide(past)
    : zeros([k.size(0), keyHeads, k.size(3), v.size(3)], { dtype: k.dtype, device: k.device });
  const outputs = Array.from({ length: q.size(2) }, (_, t) => {
    const [key, value] = [k, v].map((x) => x.select(2, t));
    if (decay) state = state.mul(decay.select(2, t).exp().unsqueeze(-1));
    const retrieved = (): Tensor => state.mul(key.unsqueeze(-1)).sum(-2);
    const written = beta ? beta.select(2, t).mul(value.sub(retrieved())) : value;
    state = state.add(key.unsqueeze(-1).mul(written.unsqueeze(-2)));
    const read = heads > keyHeads ? state.repeatInterleave(heads / keyHeads, { dim: 1 }) : state;
    return q.select(2, t).unsqueeze(-1).mul(read).sum(-2).mul(scale);
  });
  return [outOfHeads(stack(outputs, 2)).to(dtype), state.to(past?.dtype ?? dtype)];
}

/** A convolution of each channel over what came before, and the positions that the next call goes on from. */
function causalConv(c: NodeContext): RowResult {
  const [x, weight] = [c.x(0), c.x(1)];
  const before = weight.size(2) - 1;
  const past = c.optional(3) ?? x.newZeros([x.size(0), x.size(1), before]);
  const whole = cat([past, x], 2);
  // the windows of all positions: [N, C, L, k]
  const product = whole
    .unfold(2, before + 1, 1)
    .mul(weight)
    .sum(-1);
  const bias = c.optional(2);
  const y = bias ? product.add(bias.unsqueeze(1)) : product;
  const activation = c.string('activation', 'none');
  if (!['none', 'silu', 'swish'].includes(activation))
    throw c.error(`activation must be none, silu or swish, got '${activation}'`);
  return [activation === 'none' ? y : silu(y), whole.narrow(2, whole.size(2) - before, before)];
}

/** a · σ(αa) · b. */
function swiGlu(c: NodeContext): Tensor {
  const [a, b] = c.inputs();
  return a.mul(a.mul(c.float('alpha', 1)).sigmoid()).mul(b);
}

/** Rows by op type. */
export const attention: Rows = {
  Attention: scaledDotProduct,
  CausalConvWithState: causalConv,
  LinearAttention: linearAttention,
  RotaryEmbedding: rotaryEmbedding,
  SwiGLU: swiGlu,
};
