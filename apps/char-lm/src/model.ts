/** The model: a small GPT, with normalisation before each part, rotary positions, and one matrix that reads characters and writes them. */
import { noGrad } from '@tenfold/autograd';
import { Embedding, F, GELU, LayerNorm, Linear, Module, ModuleList } from '@tenfold/nn';
import { cat, type Tensor } from '@tenfold/tensor-core';
import { Rotary } from './rotary.ts';

/** The sizes of a model. */
export interface Sizes {
  readonly vocabulary: number;
  /** The most characters that it sees at once. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  /** The features of each position. */
  readonly width: number;
}

/** The keys and values of one layer for all positions so far, each `[B, heads, S, width / heads]`. */
export type Past = readonly [keys: Tensor, values: Tensor];

/** Each position gathers from those up to itself. */
export class Attention extends Module {
  readonly heads: number;
  readonly inputs: Linear;
  readonly output: Linear;
  readonly #rotary: Rotary;

  constructor({ width, heads, context }: Sizes) {
    super();
    this.heads = heads;
    this.inputs = new Linear(width, 3 * width, { bias: false });
    this.output = new Linear(width, width, { bias: false });
    this.#rotary = new Rotary(width / heads, context);
  }

  /** `x`, `[B, T, width]`, stands behind what is `past`; with a past it is one position. */
  forward(x: Tensor, past?: Past): [Tensor, Past] {
    const [batch, length, width] = x.shape;
    const [query, key, value] = this.inputs
      .forward(x)
      .view([batch, length, 3, this.heads, -1])
      .permute([2, 0, 3, 1, 4])
      .unbind();
    const start = past?.[0].shape[2] ?? 0;
    const turned = this.#rotary.forward(key, start);
    const [keys, values] = past ? [cat([past[0], turned], 2), cat([past[1], value], 2)] : [turned, value];
    const gathered = F.scaledDotProductAttention(this.#rotary.forward(query, start), keys, values, {
      isCausal: past === undefined,
    });
    return [this.output.forward(gathered.transpose(1, 2).reshape([batch, length, width])), [keys, values]];
  }
}

/** Attention and a network of two layers, each added to what goes by. */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attention: Attention;
  readonly norm2: LayerNorm;
  readonly widen: Linear;
  readonly gelu = new GELU({ approximate: 'tanh' });
  readonly narrow: Linear;

  constructor(sizes: Sizes) {
    super();
    const { width } = sizes;
    this.norm1 = new LayerNorm(width, { bias: false });
    this.attention = new Attention(sizes);
    this.norm2 = new LayerNorm(width, { bias: false });
    this.widen = new Linear(width, 4 * width, { bias: false });
    this.narrow = new Linear(4 * width, width, { bias: false });
  }

  forward(x: Tensor, past?: Past): [Tensor, Past] {
    const [gathered, present] = this.attention.forward(this.norm1.forward(x), past);
    const y = x.add(gathered);
    return [y.add(this.narrow.forward(this.gelu.forward(this.widen.forward(this.norm2.forward(y))))), present];
  }
}

/** From characters to the scores of what may follow each. */
export class CharGPT extends Module {
  readonly sizes: Sizes;
  readonly embedding: Embedding;
  readonly blocks: ModuleList<Block>;
  readonly norm: LayerNorm;

  constructor(sizes: Sizes) {
    super();
    const { vocabulary, layers, width } = sizes;
    this.sizes = sizes;
    this.embedding = new Embedding(vocabulary, width);
    this.blocks = new ModuleList(Array.from({ length: layers }, () => new Block(sizes)));
    this.norm = new LayerNorm(width, { bias: false });
    noGrad(() => {
      for (const [name, parameter] of this.namedParameters()) {
        if (parameter.ndim < 2) continue;
        // what is added to the sum of all layers starts smaller, the more layers there are (Radford et al. 2019)
        const added = /\.(output|narrow)\./.test(name);
        parameter.normal_(0, added ? 0.02 / Math.sqrt(2 * layers) : 0.02);
      }
    });
  }

  /** Characters `[B, T]` to scores `[B, T, vocabulary]`. */
  forward(characters: Tensor): Tensor {
    return this.next(characters)[0];
  }

  /**
   * The same with a memory: `[B, 1]` characters behind a `past` that holds the keys and values of all before. What it returns beside the scores is the past of the next call.
   */
  next(characters: Tensor, past?: readonly Past[]): [scores: Tensor, past: Past[]] {
    let x = this.embedding.forward(characters);
    const present: Past[] = [];
    for (const [i, block] of [...this.blocks].entries()) {
      const [y, kept] = block.forward(x, past?.[i]);
      present.push(kept);
      x = y;
    }
    return [F.linear(this.norm.forward(x), this.embedding.weight), present];
  }
}
