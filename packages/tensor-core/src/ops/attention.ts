/** Attention: softmax(q kᵀ · scale + mask) v (https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html). */
import { isFloat } from '../dtype.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape, type Shape, sameShape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';
import { statisticsDType } from './norm.ts';

/** Attributes of attention. */
export interface AttentionAttrs {
  /** Whether row i attends to no column after i. */
  readonly isCausal: boolean;
  readonly scale: number;
}

/** Attention by op name. */
export interface AttentionOps {
  /**
   * Queries `[…, L, E]`, keys `[…, S, E]`, values `[…, S, V]`, a mask that broadcasts to `[…, L, S]` (bool: true takes part; float: is added).
   * To the result `[…, L, V]` and the logarithm of the sum of exponentials of each row of scores, `[…, L]`.
   */
  scaledDotProductAttention: Sig<[Tensor, Tensor, Tensor, Tensor | null], AttentionAttrs, readonly [Tensor, Tensor]>;
  /**
   * Gradients of both outputs (that of the second may be absent), the four inputs, the two outputs; to those gradients of queries, keys, values and mask
   * that are `wanted`. The outputs are for kernels that keep no scores.
   */
  scaledDotProductAttentionBackward: Sig<
    [Tensor, Tensor | null, Tensor, Tensor, Tensor, Tensor | null, Tensor, Tensor],
    AttentionAttrs & { readonly wanted: readonly [boolean, boolean, boolean, boolean] },
    readonly Tensor[]
  >;
}

const widened = (x: Tensor): Tensor => {
  const dtype = statisticsDType(x.dtype);
  return x.dtype === dtype ? x : x.to(dtype);
};

const batchOf = (x: Tensor): Shape => x.shape.slice(0, -2);

/** Checks the operands and gives the shapes of scores and result. */
function shapesOf(
  name: string,
  [query, key, value, mask]: readonly [Tensor, Tensor, Tensor, Tensor | null],
  first = 0,
): { scores: Shape; result: Shape } {
  const named = { query, key, value };
  Object.entries(named).forEach(([what, x], i) => {
    requireTensor(name, x, first + i);
    if (!isFloat(x.dtype)) throw notImplementedFor(name, x.dtype);
    if (x.dtype !== query.dtype)
      throw new DTypeError(
        `${name}: Expected query, key, and value to have the same dtype, but got query ${query.dtype} and ${what} ${x.dtype}`,
      );
    if (x.ndim < 2)
      throw new ShapeError(
        `${name}: ${what} must have at least 2 dims, […, length, features], got ${formatShape(x.shape)}`,
      );
  });
  const [length, features] = query.shape.slice(-2);
  const [columns, keyFeatures] = key.shape.slice(-2);
  if (features !== keyFeatures)
    throw new ShapeError(
      `${name}: query and key must have the same number of features, got ${formatShape(query.shape)} and ${formatShape(key.shape)}`,
    );
  if (value.shape[value.ndim - 2] !== columns)
    throw new ShapeError(
      `${name}: key and value must have the same length, got ${formatShape(key.shape)} and ${formatShape(value.shape)}`,
    );
  const batch = broadcastShapes([batchOf(query), batchOf(key)], name);
  const scores = [...batch, length, columns];
  if (mask !== null) checkMask(name, mask, query, scores, first + 3);
  const result = [...broadcastShapes([batch, batchOf(value)], name), length, value.shape[value.ndim - 1]];
  return { scores, result };
}

function checkMask(name: string, mask: Tensor, query: Tensor, scores: Shape, argument: number): void {
  requireTensor(name, mask, argument);
  if (mask.dtype !== 'bool' && mask.dtype !== query.dtype && mask.dtype !== statisticsDType(query.dtype))
    throw new DTypeError(
      `${name}: Expected attnMask dtype to be bool or to match query dtype, but got attnMask.dtype: ${mask.dtype} and query.dtype: ${query.dtype}`,
    );
  if (!sameShape(broadcastShapes([mask.shape, scores], name), scores))
    throw new ShapeError(
      `${name}: an attnMask of shape ${formatShape(mask.shape)} can't be expanded to the scores, which are ${formatShape(scores)}`,
    );
}

/** The weights of the values: softmax(q kᵀ · scale + mask), and the scores under it. */
export function attentionWeights(
  query: Tensor,
  key: Tensor,
  mask: Tensor | null,
  { isCausal, scale }: AttentionAttrs,
): { scores: Tensor; weights: Tensor } {
  let scores = widened(query).mul(scale).matmul(widened(key).transpose(-2, -1));
  if (isCausal) {
    const after = scores.newOnes(scores.shape.slice(-2)).triu(1).ne(0);
    scores = scores.maskedFill(after, Number.NEGATIVE_INFINITY);
  }
  if (mask?.dtype === 'bool') scores = scores.maskedFill(mask.logicalNot(), Number.NEGATIVE_INFINITY);
  else if (mask) scores = scores.add(mask);
  return { scores, weights: scores.softmax(-1) };
}

/** `x` summed over the dims in which `shape` was broadcast to it, in another dtype. */
function gradientFor({ shape, dtype }: Tensor, x: Tensor): Tensor {
  const more = x.ndim - shape.length;
  const dims = x.shape.flatMap((size, d) => (d < more || (shape[d - more] === 1 && size !== 1) ? [d] : []));
  const summed = dims.length === 0 ? x : x.sum(dims, { keepdim: true });
  const fitted = more === 0 ? summed : summed.reshape(shape);
  return fitted.dtype === dtype ? fitted : fitted.to(dtype);
}

/** Rows by op name. */
export const attention: { readonly [K in keyof AttentionOps]: OpSpec<AttentionOps[K]> } = {
  scaledDotProductAttention: new OpSpec<AttentionOps['scaledDotProductAttention']>({
    name: 'scaledDotProductAttention',
    infer(inputs) {
      const { scores, result } = shapesOf('scaledDotProductAttention', inputs);
      const { dtype } = inputs[0];
      return [
        { shape: result, dtype },
        { shape: scores.slice(0, -1), dtype: statisticsDType(dtype) },
      ];
    },
    body([query, key, value, mask], attrs) {
      const { scores, weights } = attentionWeights(query, key, mask, attrs);
      const result = weights.matmul(widened(value));
      return [result.dtype === query.dtype ? result : result.to(query.dtype), scores.logsumexp(-1)];
    },
  }),
  scaledDotProductAttentionBackward: new OpSpec<AttentionOps['scaledDotProductAttentionBackward']>({
    name: 'scaledDotProductAttentionBackward',
    infer([grad, gradSum, query, key, value, mask, out, sum], { wanted }) {
      const name = 'scaledDotProductAttentionBackward';
      const { scores, result } = shapesOf(name, [query, key, value, mask], 2);
      for (const [x, shape] of [
        [grad, result],
        [gradSum, scores.slice(0, -1)],
        [out, result],
        [sum, scores.slice(0, -1)],
      ] as const) {
        if (x !== null && !sameShape(x.shape, shape))
          throw new ShapeError(
            `${name}: expected a tensor of shape ${formatShape(shape)}, got ${formatShape(x.shape)}`,
          );
      }
      return [query, key, value, mask].flatMap((x, i): TensorMeta[] =>
        wanted[i] && x ? [{ shape: x.shape, dtype: x.dtype }] : [],
      );
    },
    // with weights p and scores s:  dv = pᵀ g,  dp = g vᵀ,  ds = p (dp - Σ p dp + dsum),  dq = ds k · scale,  dk = dsᵀ q · scale
    body([grad, gradSum, query, key, value, mask], attrs) {
      const { weights } = attentionWeights(query, key, mask, attrs);
      const g = widened(grad);
      const scoreGrad = (): Tensor => {
        const toWeights = gradientFor(weights, g.matmul(widened(value).transpose(-2, -1)));
        const mean = toWeights.mul(weights).sum(-1, { keepdim: true });
        return weights.mul(toWeights.sub(gradSum ? mean.sub(gradSum.unsqueeze(-1)) : mean));
      };
      const [toQuery, toKey, toValue, toMask] = attrs.wanted;
      const scores = toQuery || toKey || toMask ? scoreGrad() : null;
      const gradients: Tensor[] = [];
      if (scores && toQuery) gradients.push(gradientFor(query, scores.matmul(widened(key)).mul(attrs.scale)));
      if (scores && toKey)
        gradients.push(gradientFor(key, scores.transpose(-2, -1).matmul(widened(query)).mul(attrs.scale)));
      if (toValue) gradients.push(gradientFor(value, weights.transpose(-2, -1).matmul(g)));
      if (scores && toMask && mask) gradients.push(gradientFor(mask, scores));
      return gradients;
    },
  }),
};
