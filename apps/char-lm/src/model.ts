/** The model: a small GPT, with normalisation before each part, rotary positions, and one matrix that reads characters and writes them. */
import { noGrad } from '@tenfold/autograd';
import {
  Embedding,
  F,
  GELU,
  init,
  LayerNorm,
  Linear,
  Module,
  ModuleList,
  RotaryPositionalEmbeddings,
} from '@tenfold/nn';
import { cat, type Tensor } from '@tenfold/tensor-core';

/** The sizes of a model. */
export interface Sizes {
  /** How many characters there are. */
  readonly vocabulary: number;
  /** The most characters that it sees at once. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  /** The features of each position. */
  readonly width: number;
}

/** The keys and values of one layer for the positions so far, each `[B, heads, S, width / heads]`. */
export type Past = readonly [keys: Tensor, values: Tensor];

/** Each position gathers from those up to itself. */
class Attention extends Module {
  readonly heads: number;
  readonly inputs: Linear;
  readonly rope: RotaryPositionalEmbeddings;
  readonly output: Linear;

  constructor({ width, heads, context }: Sizes) {
    super();
    this.heads = heads;
    this.inputs = new Linear(width, 3 * width, { bias: false });
    // an exported file takes texts of any length up to this, though the model has learned from `context` characters at once
    this.rope = new RotaryPositionalEmbeddings(width / heads, { maxSeqLen: Math.max(4 * context, 1024) });
    this.output = new Linear(width, width, { bias: false });
  }

  /** `x`, `[B, T, width]`, stands behind what is `past`; with a past it is one position. */
  forward(x: Tensor, past?: Past): [Tensor, Past] {
    const inputPos = past?.[0].shape[2] ?? 0;
    const [query, key, value] = this.inputs.forward(x).unflatten(-1, [3, this.heads, -1]).unbind(2);
    const turned = this.rope.forward(query, { inputPos }).transpose(1, 2);
    const newest: Past = [this.rope.forward(key, { inputPos }).transpose(1, 2), value.transpose(1, 2)];
    const [keys, values] = past ? [cat([past[0], newest[0]], 2), cat([past[1], newest[1]], 2)] : newest;
    const gathered = F.scaledDotProductAttention(turned, keys, values, { isCausal: past === undefined });
    return [this.output.forward(gathered.transpose(1, 2).flatten(2)), [keys, values]];
  }
}

/** Attention, then a network of two layers, each added to what goes by. */
class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attention: Attention;
  readonly norm2: LayerNorm;
  readonly widen: Linear;
  readonly gelu = new GELU();
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
  readonly embedding: Embedding;
  readonly blocks: ModuleList<Block>;
  readonly norm: LayerNorm;

  constructor(sizes: Sizes) {
    super();
    const { vocabulary, layers, width } = sizes;
    this.embedding = new Embedding(vocabulary, width);
    this.blocks = new ModuleList(Array.from({ length: layers }, () => new Block(sizes)));
    this.norm = new LayerNorm(width, { bias: false });
    for (const [name, parameter] of this.namedParameters()) {
      if (parameter.ndim < 2) continue;
      // what is added to the sum of all layers starts the smaller, the more layers there are (Radford et al., "Language Models are Unsupervised Multitask Learners")
      const added = /\.(output|narrow)\./.test(name);
      init.normal_(parameter, 0, added ? 0.02 / Math.sqrt(2 * layers) : 0.02);
    }
  }

  /** Characters `[B, T]` to scores `[B, T, vocabulary]`. */
  forward(characters: Tensor): Tensor {
    return this.step(characters)[0];
  }

  /** The same with a memory: with the `past` of the characters before, `[B, 1]` characters are enough. What is returned beside the scores is the past of the next call. */
  step(characters: Tensor, past?: readonly Past[]): [scores: Tensor, present: Past[]] {
    let x = this.embedding.forward(characters);
    const present: Past[] = [];
    for (const block of this.blocks) {
      const [y, kept] = block.forward(x, past?.[present.length]);
      present.push(kept);
      x = y;
    }
    return [F.linear(this.norm.forward(x), this.embedding.weight), present];
  }
}

/** Runs `fn` in evaluation mode, without gradients. */
export async function inEvaluation<T>(model: Module, fn: () => Promise<T>): Promise<T> {
  model.eval();
  try {
    return await noGrad(fn);
  } finally {
    model.train();
  }
}
