/** Rotary positional embeddings, and the cache of keys and values with which transformers sample. */
import {
  ArgumentError,
  AutogradError,
  checkOptions,
  type DType,
  DTypeError,
  describe,
  formatShape,
  fromTypedArray,
  gradMode,
  interpreters,
  isFloat,
  isTensor,
  keep,
  ShapeError,
  stack,
  type Tensor,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import { checkSize } from '../checks.ts';
import { Module } from '../module.ts';

/** Options of {@link RotaryPositionalEmbeddings}. */
export interface RotaryPositionalEmbeddingsOptions {
  /** For how many positions angles are prepared; more are prepared when they come. Default 4096. */
  maxSeqLen?: number;
  /** The slowest pair turns by about 1 / base from one position to the next. Default 10000. */
  base?: number;
}

/** Options of a call of {@link RotaryPositionalEmbeddings}. */
export interface RotaryPositionalEmbeddingsForwardOptions {
  /** The position of each token, int64 `[b, s]` or `[s]`, or that of the first one as a number, as when sampling with a cache. Default 0, 1, 2, …. */
  inputPos?: Tensor | number | null;
}

/**
 * Rotary positional embeddings (Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021): each pair of neighbouring features of
 * queries and keys is turned by an angle in proportion to the position, so that their products depend on distances alone. torch.nn has no such class; names and
 * shapes are those of torchtune (https://docs.pytorch.org/torchtune/stable/generated/torchtune.modules.RotaryPositionalEmbeddings.html).
 *
 * Nothing is learned or saved. Half precision is turned in float32.
 *
 * @throws ArgumentError for options out of range; `forward` a ShapeError unless the input is `[b, s, n_h, h_d]` with as many features as `dim`.
 * @example
 * const rope = new RotaryPositionalEmbeddings(64, { maxSeqLen: 256 });
 * const q = rope.forward(randn([2, 10, 4, 64])); // [batch, step, head, feature]
 * const next = rope.forward(randn([2, 1, 4, 64]), { inputPos: 10 });
 */
export class RotaryPositionalEmbeddings extends Module {
  readonly dim: number;
  readonly maxSeqLen: number;
  readonly base: number;
  /** Cosines and sines of the dtype and device that were last asked for, `[positions, dim / 2, 2]`. */
  private table: Tensor | null = null;

  constructor(dim: number, options?: RotaryPositionalEmbeddingsOptions) {
    super();
    const where = 'RotaryPositionalEmbeddings';
    checkOptions(where, options, ['maxSeqLen', 'base']);
    const { maxSeqLen = 4096, base = 10_000 } = options ?? {};
    this.dim = checkSize(`${where}: dim`, dim, 2);
    if (dim % 2 !== 0) throw new ArgumentError(`${where}: dim must be even, features turn in pairs; got ${dim}`);
    this.maxSeqLen = checkSize(`${where}: maxSeqLen`, maxSeqLen, 1);
    if (typeof base !== 'number' || !(base > 0))
      throw new ArgumentError(`${where}: base must be a number above 0, got ${describe(base)}`);
    this.base = base;
  }

  /** @param x `[b, s, n_h, h_d]`. @returns the same shape and dtype. */
  forward(x: Tensor, options?: RotaryPositionalEmbeddingsForwardOptions): Tensor {
    const where = 'RotaryPositionalEmbeddings.forward';
    checkOptions(where, options, ['inputPos']);
    if (!isTensor(x)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(x)}`);
    if (x.ndim !== 4 || x.shape[3] !== this.dim)
      throw new ShapeError(`${where}: expected [b, s, n_h, ${this.dim}], got ${formatShape(x.shape)}`);
    if (!isFloat(x.dtype)) throw new DTypeError(`${where}: expected a float dtype, got ${x.dtype}`);
    const dtype: DType = x.dtype === 'float64' ? 'float64' : 'float32';
    const [cosine, sine] = this.angles(where, x, dtype, options?.inputPos ?? 0).unbind(-1);
    const [first, second] = (x.dtype === dtype ? x : x.to(dtype)).unflatten(3, [-1, 2]).unbind(-1);
    const turned = [first.mul(cosine).sub(second.mul(sine)), second.mul(cosine).add(first.mul(sine))];
    const result = stack(turned, -1).flatten(3);
    return x.dtype === dtype ? result : result.to(x.dtype);
  }

  /** Cosines and sines for each token of `x`, `[b or 1, s, 1, dim / 2, 2]`. */
  private angles(where: string, x: Tensor, dtype: DType, at: Tensor | number): Tensor {
    const [batch, length] = x.shape;
    if (typeof at === 'number') {
      checkSize(`${where}: inputPos`, at);
      return this.tableFor(at + length, dtype, x.device)
        .narrow(0, at, length)
        .unsqueeze(0)
        .unsqueeze(2);
    }
    if (!isTensor(at)) throw new ArgumentError(`${where}: inputPos must be a tensor or a number, got ${describe(at)}`);
    if (at.dtype !== 'int64') throw new DTypeError(`${where}: inputPos must be int64, got ${at.dtype}`);
    const single = at.ndim === 1;
    if ((!single && at.ndim !== 2) || at.shape[at.ndim - 1] !== length || (!single && at.shape[0] !== batch))
      throw new ShapeError(
        `${where}: inputPos must be of shape [${batch}, ${length}] or [${length}], got ${formatShape(at.shape)}`,
      );
    const rows = this.tableFor(this.maxSeqLen, dtype, x.device).indexSelect(0, at.flatten());
    return rows.view([single ? 1 : batch, length, 1, this.dim / 2, 2]);
  }

  private tableFor(positions: number, dtype: DType, device: string): Tensor {
    const { table, dim, base } = this;
    if (table && table.dtype === dtype && table.device === device && table.shape[0] >= positions) return table;
    const rows = Math.max(positions, this.maxSeqLen);
    const values = new Float64Array(rows * dim);
    for (let pair = 0; pair < dim; pair += 2) {
      const speed = base ** (-pair / dim);
      for (let row = 0; row < rows; row++) {
        values[row * dim + pair] = Math.cos(row * speed);
        values[row * dim + pair + 1] = Math.sin(row * speed);
      }
    }
    const data = dtype === 'float64' ? values : Float32Array.from(values);
    const made = fromTypedArray(data, [rows, dim / 2, 2], { device });
    // what is made while ops are traced is part of the graph, and the next trace is to find the same
    if (interpreters.length > 0) return made;
    // it outlives the call, also one inside of tidy()
    this.table = keep(made);
    return made;
  }
}

/** Options of {@link KVCache}. */
export interface KVCacheOptions {
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/**
 * The keys and values of what a transformer has read so far, so that each further token is computed alone. torch.nn has no such class; names and shapes are
 * those of torchtune (https://docs.pytorch.org/torchtune/stable/generated/torchtune.modules.KVCache.html), but `update` gives the positions that are filled
 * and not those to come, so that no mask need hide them. The number of filled positions is a number of the program: nothing is read from the device.
 *
 * It is for sampling: gradients don't flow through it. It moves with the model, and is not saved.
 *
 * @throws ArgumentError for sizes that are no whole numbers from 1.
 * @example
 * const cache = new KVCache(1, 256, 4, 16);
 * noGrad(() => {
 *   const [keys, values] = cache.update(k, v); // k, v: [1, 4, s, 16], the new positions
 *   return F.scaledDotProductAttention(q, keys, values, { isCausal: cache.size === s });
 * });
 */
export class KVCache extends Module {
  readonly batchSize: number;
  readonly maxSeqLen: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** How many positions are filled. */
  size = 0;
  declare readonly k_cache: Tensor;
  declare readonly v_cache: Tensor;

  constructor(batchSize: number, maxSeqLen: number, numKvHeads: number, headDim: number, options?: KVCacheOptions) {
    super();
    checkOptions('KVCache', options, ['dtype', 'device']);
    this.batchSize = checkSize('KVCache: batchSize', batchSize, 1);
    this.maxSeqLen = checkSize('KVCache: maxSeqLen', maxSeqLen, 1);
    this.numKvHeads = checkSize('KVCache: numKvHeads', numKvHeads, 1);
    this.headDim = checkSize('KVCache: headDim', headDim, 1);
    const shape = [batchSize, numKvHeads, maxSeqLen, headDim];
    this.registerBuffer('k_cache', zeros(shape, options), { persistent: false });
    this.registerBuffer('v_cache', zeros(shape, options), { persistent: false });
  }

  /** Forgets everything. */
  reset(): void {
    this.size = 0;
  }

  /**
   * Adds keys and values of the next s positions, `[batchSize, numKvHeads, s, headDim]`.
   *
   * @returns those of all positions so far, `[batchSize, numKvHeads, size, headDim]`: views of the cache, which the next call leaves as they are.
   * @throws ShapeError if they don't fit, or are more than `maxSeqLen` with those before; AutogradError if gradients would have to flow.
   */
  update(keys: Tensor, values: Tensor): [keys: Tensor, values: Tensor] {
    const { batchSize, numKvHeads, headDim, maxSeqLen, size } = this;
    for (const [name, x] of Object.entries({ keys, values })) {
      if (!isTensor(x)) throw new ArgumentError(`KVCache: ${name} must be a tensor, got ${describe(x)}`);
      const wanted = [batchSize, numKvHeads, keys.shape[2], headDim];
      if (formatShape(x.shape) !== formatShape(wanted))
        throw new ShapeError(
          `KVCache: expected ${name} of shape [${batchSize}, ${numKvHeads}, s, ${headDim}], got ${formatShape(x.shape)}`,
        );
      if (gradMode.enabled && x.requiresGrad)
        throw new AutogradError(`KVCache: gradients don't flow through a cache; sample inside of noGrad(() => …)`);
    }
    const end = size + keys.shape[2];
    if (end > maxSeqLen)
      throw new ShapeError(
        `The current cache has been setup with a sequence length of ${maxSeqLen}, but ${end} positions would be filled`,
      );
    withoutGrad(() => {
      this.k_cache.narrow(2, size, end - size).copy_(keys);
      this.v_cache.narrow(2, size, end - size).copy_(values);
    });
    this.size = end;
    return [this.k_cache.narrow(2, 0, end), this.v_cache.narrow(2, 0, end)];
  }

  /** {@link update}. */
  forward(keys: Tensor, values: Tensor): [keys: Tensor, values: Tensor] {
    return this.update(keys, values);
  }
}
