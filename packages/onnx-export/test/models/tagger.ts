/** A tagger of words: embedding, a bidirectional LSTM, a linear layer. */
import { Embedding, Linear, LSTM, Module } from '@tenfold/nn';
import type { Tensor } from '@tenfold/tensor-core';

/** Words, int64 `[N, T]`, to scores of tags, `[N, T, tags]`. */
export class Tagger extends Module {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly tags: Linear;

  constructor(words = 20, width = 8, tags = 5) {
    super();
    this.embedding = new Embedding(words, width);
    this.lstm = new LSTM(width, width, { batchFirst: true, bidirectional: true });
    this.tags = new Linear(2 * width, tags);
  }

  forward(words: Tensor): Tensor {
    const [states] = this.lstm.forward(this.embedding.forward(words));
    return this.tags.forward(states);
  }
}
