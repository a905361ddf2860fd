/** Attention of several heads. */
import {
  ArgumentError,
  cat,
  checkOptions,
  type DType,
  DTypeError,
  describe,
  empty,
  formatShape,
  isFloat,
  isTensor,
  ShapeError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { checkFlag, checkSize } from '../checks.ts';
import { checkProbability } from '../functional/dropout.ts';
import { dropout, linear, scaledDotProductAttention, softmax } from '../functional.ts';
import { xavierNormal_, xavierUniform_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonTuple } from '../print.ts';
import { Linear } from './linear.ts';

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** The chance of each weight to be dropped in training. Default 0. */
  dropout?: number;
  /** Whether projections have biases. Default true. */
  bias?: boolean;
  /** Whether a learned key and value are added to those of each sequence. Default false. */
  addBiasKv?: boolean;
  /** Whether a key and a value of zeros are added to those of each sequence. Default false. */
  addZeroAttn?: boolean;
  /** Features of keys. Default `embedDim`. */
  kdim?: number | null;
  /** Features of values. Default `embedDim`. */
  vdim?: number | null;
  /** `[N, L, E]` for inputs and output in place of `[L, N, E]`. Default false. */
  batchFirst?: boolean;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/** Options of a call of {@link MultiheadAttention}. */
export interface MultiheadAttentionForwardOptions {
  /** `[N, S]`, or `[S]` without N: of bool, true leaves a key out; of floats, it is added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** Whether to give the weights too, which rules out the faster kernels. Default true. */
  needWeights?: boolean;
  /** `[L, S]` or `[N·numHeads, L, S]`: of bool, true forbids; of floats, it is added to the scores. */
  attnMask?: Tensor | null;
  /** Whether weights are averaged over the heads. Default true. */
  averageAttnWeights?: boolean;
  /** Says that `attnMask`, which must be given, is the causal one: then it need not be read. Default false. */
  isCausal?: boolean;
}

/** The output projection, under the name that PyTorch prints. */
class NonDynamicallyQuantizableLinear extends Linear {}

/**
 * Attention of several heads (Vaswani et al., "Attention is all you need", 2017; https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html):
 * softmax(q kᵀ / √headDim) v for each, with learned projections before and after.
 *
 * The projections of queries, keys and values are one parameter, `in_proj_weight` `[3·embedDim, embedDim]`, or three with `kdim` or `vdim`:
 * `q_proj_weight`, `k_proj_weight`, `v_proj_weight`. They start as `xavierUniform_`, biases at 0.
 *
 * @throws ArgumentError for options out of range; `forward` a ShapeError or DTypeError for inputs or masks that don't fit.
 * @example
 * const attention = new MultiheadAttention(16, 4, { batchFirst: true });
 * const [output, weights] = attention.forward(x, x, x); // x: [N, L, 16]; weights: [N, L, L]
 */
export class MultiheadAttention extends Module {
  readonly embedDim: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  /** `[3·embedDim, embedDim]`, or `null` if keys or values have other features. */
  readonly in_proj_weight: Parameter | null = null;
  /** `[embedDim, embedDim]`, or `null`. */
  readonly q_proj_weight: Parameter | null = null;
  /** `[embedDim, kdim]`, or `null`. */
  readonly k_proj_weight: Parameter | null = null;
  /** `[embedDim, vdim]`, or `null`. */
  readonly v_proj_weight: Parameter | null = null;
  /** `[3·embedDim]`, or `null`. */
  readonly in_proj_bias: Parameter | null = null;
  readonly out_proj: Linear;
  /** `[1, 1, embedDim]`, or `null`. */
  readonly bias_k: Parameter | null = null;
  /** `[1, 1, embedDim]`, or `null`. */
  readonly bias_v: Parameter | null = null;

  constructor(embedDim: number, numHeads: number, options?: MultiheadAttentionOptions) {
    super();
    const where = 'MultiheadAttention';
    const known = ['dropout', 'bias', 'addBiasKv', 'addZeroAttn', 'kdim', 'vdim', 'batchFirst', 'dtype', 'device'];
    checkOptions(where, options, known);
    const { bias = true, addBiasKv = false, dtype, device } = options ?? {};
    this.embedDim = checkSize(`${where}: embedDim`, embedDim, 1);
    this.kdim = checkSize(`${where}: kdim`, options?.kdim ?? embedDim, 1);
    this.vdim = checkSize(`${where}: vdim`, options?.vdim ?? embedDim, 1);
    this.numHeads = checkSize(`${where}: numHeads`, numHeads, 1);
    if (embedDim % numHeads !== 0)
      throw new ArgumentError(`embed_dim must be divisible by num_heads, got ${embedDim} and ${numHeads}`);
    this.headDim = embedDim / numHeads;
    this.dropout = checkProbability(where, options?.dropout ?? 0);
    this.batchFirst = checkFlag(`${where}: batchFirst`, options?.batchFirst ?? false);
    this.addZeroAttn = checkFlag(`${where}: addZeroAttn`, options?.addZeroAttn ?? false);
    const parameter = (...shape: number[]): Parameter => new Parameter(empty(shape, { dtype, device }));
    if (this.kdim === embedDim && this.vdim === embedDim) this.in_proj_weight = parameter(3 * embedDim, embedDim);
    else {
      this.q_proj_weight = parameter(embedDim, embedDim);
      this.k_proj_weight = parameter(embedDim, this.kdim);
      this.v_proj_weight = parameter(embedDim, this.vdim);
    }
    if (checkFlag(`${where}: bias`, bias)) this.in_proj_bias = parameter(3 * embedDim);
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype, device });
    if (checkFlag(`${where}: addBiasKv`, addBiasKv)) {
      this.bias_k = parameter(1, 1, embedDim);
      this.bias_v = parameter(1, 1, embedDim);
    }
    this.resetParameters();
  }

  /** Draws new starting values for all but the output's weight. */
  resetParameters(): void {
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight])
      if (weight) xavierUniform_(weight);
    for (const bias of [this.in_proj_bias, this.out_proj.bias]) if (bias) withoutGrad(() => bias.zero_());
    for (const bias of [this.bias_k, this.bias_v]) if (bias) xavierNormal_(bias);
  }

  /**
   * @param query `[L, N, embedDim]`, `[N, L, embedDim]` with `batchFirst`, or `[L, embedDim]`.
   * @param key the same with S and `kdim`.
   * @param value the same with S and `vdim`.
   * @returns the output in the shape of the queries, and the weights `[N, L, S]` (`[N, numHeads, L, S]` unless averaged; without N if the queries are) or
   * `null` if they are not wanted.
   */
  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options?: MultiheadAttentionForwardOptions,
  ): [output: Tensor, weights: Tensor | null] {
    const where = 'MultiheadAttention.forward';
    checkOptions(where, options, ['keyPaddingMask', 'needWeights', 'attnMask', 'averageAttnWeights', 'isCausal']);
    const needWeights = checkFlag(`${where}: needWeights`, options?.needWeights ?? true);
    const averaged = checkFlag(`${where}: averageAttnWeights`, options?.averageAttnWeights ?? true);
    const isCausal = checkFlag(`${where}: isCausal`, options?.isCausal ?? false);
    const [attnMask, keyPaddingMask] = [options?.attnMask ?? null, options?.keyPaddingMask ?? null];
    if (isCausal && attnMask === null) throw new ArgumentError('Need attn_mask if specifying the is_causal hint.');
    const batched = checkDims(query, key, value, keyPaddingMask, attnMask);
    const batchDim = this.batchFirst ? 0 : 1;
    const inputs = batched ? [query, key, value] : mapped([query, key, value], (x) => x.unsqueeze(batchDim));
    this.checkSizes(inputs);
    const [q, k, v] = this.projected(inputs);
    const hasMore = k.shape[2] !== inputs[1].shape[1 - batchDim];
    const padding = batched ? keyPaddingMask : (keyPaddingMask?.unsqueeze(0) ?? null);
    const dropoutP = this.training ? this.dropout : 0;

    let output: Tensor;
    let weights: Tensor | null = null;
    if (isCausal && !needWeights && !padding && !hasMore) {
      checkMask('attn_mask', attnMask as Tensor);
      output = scaledDotProductAttention(q, k, v, { isCausal, dropoutP });
    } else {
      const mask = this.merged(q, k, attnMask, padding);
      if (needWeights) {
        const products = q.mul(1 / Math.sqrt(this.headDim)).matmul(k.transpose(-2, -1));
        const scores =
          mask?.dtype === 'bool'
            ? products.maskedFill(mask, Number.NEGATIVE_INFINITY)
            : mask
              ? products.add(mask)
              : products;
        weights = dropout(softmax(scores, -1), this.dropout, { training: this.training });
        output = weights.matmul(v);
      } else {
        // there, true takes part
        const attended = mask?.dtype === 'bool' ? mask.logicalNot() : mask;
        output = scaledDotProductAttention(q, k, v, { attnMask: attended, dropoutP });
      }
    }
    const joined = (this.batchFirst ? output.transpose(1, 2) : output.permute([2, 0, 1, 3])).flatten(2);
    const result = this.out_proj.forward(joined);
    if (weights && averaged) weights = weights.mean(1);
    return batched ? [result, weights] : [result.squeeze(batchDim), weights && weights.squeeze(0)];
  }

  private checkSizes([query, key, value]: readonly Tensor[]): void {
    const { embedDim, batchFirst } = this;
    if (query.shape[2] !== embedDim)
      throw new ShapeError(`was expecting embedding dimension of ${embedDim}, but got ${query.shape[2]}`);
    const batchDim = batchFirst ? 0 : 1;
    if (query.shape[batchDim] !== key.shape[batchDim])
      throw new ShapeError(
        `MultiheadAttention: query and key must have the same batch size, got ${formatShape(query.shape)} and ${formatShape(key.shape)}`,
      );
    if (this.in_proj_weight && formatShape(key.shape) !== formatShape(value.shape))
      throw new ShapeError(
        `key shape ${pythonTuple(key.shape)} does not match value shape ${pythonTuple(value.shape)}`,
      );
    const [ofKey, ofValue] = [key, value].map((x) => pythonTuple(x.shape.slice(0, 2)));
    if (ofKey !== ofValue)
      throw new ShapeError(`key's sequence and batch dims ${ofKey} do not match value's ${ofValue}`);
    for (const [name, { shape }, features] of [
      ['key', key, this.kdim],
      ['value', value, this.vdim],
    ] as const)
      if (shape[2] !== features)
        throw new ShapeError(
          `expecting ${name} weights shape of ${pythonTuple([embedDim, shape[2]])}, but got ${pythonTuple([embedDim, features])}`,
        );
  }

  /** Queries, keys and values by heads, `[N, numHeads, L or S, headDim]`, with what is added to keys and values. */
  private projected(inputs: readonly Tensor[]): [Tensor, Tensor, Tensor] {
    const [query, key, value] = this.projections(inputs);
    const { batchFirst, bias_k: biasK, bias_v: biasV } = this;
    const time = batchFirst ? 1 : 0;
    const withBias = (x: Tensor, bias: Tensor | null): Tensor =>
      bias ? cat([x, bias.expand(batchFirst ? [x.shape[0], 1, -1] : [1, x.shape[1], -1])], time) : x;
    const byHeads = (x: Tensor): Tensor => {
      const parts = x.unflatten(2, [this.numHeads, this.headDim]);
      return batchFirst ? parts.transpose(1, 2) : parts.permute([1, 2, 0, 3]);
    };
    const withZeros = (x: Tensor): Tensor =>
      this.addZeroAttn ? cat([x, x.newZeros([...x.shape.slice(0, 2), 1, x.shape[3]])], 2) : x;
    return [byHeads(query), withZeros(byHeads(withBias(key, biasK))), withZeros(byHeads(withBias(value, biasV)))];
  }

  /** Queries, keys and values times their weights: in one product where they are one tensor. */
  private projections([query, key, value]: readonly Tensor[]): readonly Tensor[] {
    const { in_proj_weight: weight, in_proj_bias: bias, embedDim } = this;
    if (weight === null) {
      const biases = bias?.chunk(3) ?? [null, null, null];
      return [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight].map((own, i) =>
        linear([query, key, value][i], own as Parameter, biases[i]),
      );
    }
    if (query === key && key === value) return linear(query, weight, bias).chunk(3, 2);
    if (key === value) {
      const sizes = [embedDim, 2 * embedDim];
      const [ofQuery, ofBoth] = weight.split(sizes);
      const [queryBias, bothBias] = bias?.split(sizes) ?? [null, null];
      return [linear(query, ofQuery, queryBias), ...linear(key, ofBoth, bothBias).chunk(2, 2)];
    }
    const biases = bias?.chunk(3) ?? [null, null, null];
    return weight.chunk(3).map((own, i) => linear([query, key, value][i], own, biases[i]));
  }

  /** Both masks as one that broadcasts to `[N, numHeads, L, S]`: of bool (true forbids) if both are, else of floats to be added. */
  private merged(query: Tensor, key: Tensor, attnMask: Tensor | null, padding: Tensor | null): Tensor | null {
    const [batch, heads, length] = query.shape;
    const columns = key.shape[2];
    const more = (this.bias_k ? 1 : 0) + (this.addZeroAttn ? 1 : 0);
    const given: Tensor[] = [];
    if (attnMask) {
      checkMask('attn_mask', attnMask);
      const { ndim, shape } = attnMask;
      const wanted = [...(ndim === 3 ? [batch * heads] : []), length, columns - more];
      if (formatShape(shape) !== formatShape(wanted))
        throw new ShapeError(
          `The shape of the ${ndim}D attn_mask is ${pythonTuple(shape)}, but should be ${pythonTuple(wanted)}.`,
        );
      given.push(ndim === 3 ? attnMask.unflatten(0, [batch, heads]) : attnMask);
    }
    if (padding) {
      checkMask('key_padding_mask', padding);
      const wanted = [batch, columns - more];
      if (formatShape(padding.shape) !== formatShape(wanted))
        throw new ShapeError(
          `expecting key_padding_mask shape of ${pythonTuple(wanted)}, but got ${pythonTuple(padding.shape)}`,
        );
      given.push(padding.unsqueeze(1).unsqueeze(1));
    }
    const wide = given.map((mask) =>
      more > 0 ? cat([mask, mask.newZeros([...mask.shape.slice(0, -1), more])], -1) : mask,
    );
    if (wide.every(({ dtype }) => dtype === 'bool'))
      return wide.length === 2 ? wide[0].logicalOr(wide[1]) : (wide[0] ?? null);
    const [first, second] = wide.map((mask) =>
      mask.dtype === 'bool'
        ? query.newZeros(mask.shape).maskedFill(mask, Number.NEGATIVE_INFINITY)
        : mask.to(query.dtype),
    );
    return second ? first.add(second) : first;
  }
}

/** The function of each tensor, those that are one staying one. */
function mapped(tensors: readonly Tensor[], fn: (x: Tensor) => Tensor): Tensor[] {
  const known = new Map<Tensor, Tensor>();
  for (const x of tensors) if (!known.has(x)) known.set(x, fn(x));
  return tensors.map((x) => known.get(x) as Tensor);
}

/** PyTorch's checks of the number of dims. Returns whether there is a batch. */
function checkDims(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  keyPaddingMask: Tensor | null,
  attnMask: Tensor | null,
): boolean {
  for (const [name, x] of Object.entries({ query, key, value }))
    if (!isTensor(x)) throw new ArgumentError(`MultiheadAttention: ${name} must be a tensor, got ${describe(x)}`);
  for (const [name, x] of Object.entries({ attnMask, keyPaddingMask }))
    if (x !== null && !isTensor(x))
      throw new ArgumentError(`MultiheadAttention: ${name} must be a tensor or null, got ${describe(x)}`);
  const { ndim } = query;
  if (ndim !== 2 && ndim !== 3)
    throw new ShapeError(`query should be unbatched 2D or batched 3D tensor but received ${ndim}-D query tensor`);
  const what = ndim === 3 ? 'For batched (3-D) `query`' : 'For unbatched (2-D) `query`';
  if (key.ndim !== ndim || value.ndim !== ndim)
    throw new ShapeError(
      `${what}, expected \`key\` and \`value\` to be ${ndim}-D but found ${key.ndim}-D and ${value.ndim}-D tensors respectively`,
    );
  if (keyPaddingMask && keyPaddingMask.ndim !== ndim - 1)
    throw new ShapeError(
      `${what}, expected \`key_padding_mask\` to be \`None\` or ${ndim - 1}-D but found ${keyPaddingMask.ndim}-D tensor instead`,
    );
  if (attnMask && attnMask.ndim !== 2 && attnMask.ndim !== 3)
    throw new ShapeError(
      `${what}, expected \`attn_mask\` to be \`None\`, 2-D or 3-D but found ${attnMask.ndim}-D tensor instead`,
    );
  return ndim === 3;
}

function checkMask(name: string, { dtype }: Tensor): void {
  if (dtype !== 'bool' && !isFloat(dtype))
    throw new DTypeError(`only bool and floating types of ${name} are supported, got ${dtype}`);
}
