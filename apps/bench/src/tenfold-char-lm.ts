/** The row `char-lm step` in Tenfold: the model of apps/char-lm and a step of its training. */
import {
  Embedding,
  F,
  GELU,
  init,
  LayerNorm,
  Linear,
  Module,
  RotaryPositionalEmbeddings,
  Sequential,
  utils,
} from '@tenfold/nn';
import { AdamW } from '@tenfold/optim';
import { randint, type Tensor } from '@tenfold/tensor-core';
import { charLm, type Work } from './contender.ts';

const { vocabulary, context, batch, layers, heads, width, lr, betas, decay } = charLm;

class Block extends Module {
  readonly norm1 = new LayerNorm(width, { bias: false });
  readonly inputs = new Linear(width, 3 * width, { bias: false });
  readonly rope = new RotaryPositionalEmbeddings(width / heads, { maxSeqLen: context });
  readonly output = new Linear(width, width, { bias: false });
  readonly network = new Sequential(
    new LayerNorm(width, { bias: false }),
    new Linear(width, 4 * width, { bias: false }),
    new GELU(),
    new Linear(4 * width, width, { bias: false }),
  );

  override forward(x: Tensor): Tensor {
    const [query, key, value] = this.inputs.forward(this.norm1.forward(x)).unflatten(-1, [3, heads, -1]).unbind(2);
    const [turned, keys] = [query, key].map((each) => this.rope.forward(each).transpose(1, 2));
    const gathered = F.scaledDotProductAttention(turned, keys, value.transpose(1, 2), { isCausal: true });
    const y = x.add(this.output.forward(gathered.transpose(1, 2).flatten(2)));
    return y.add(this.network.forward(y));
  }
}

export class CharLM extends Module {
  readonly embedding = new Embedding(vocabulary, width);
  readonly blocks = new Sequential(...Array.from({ length: layers }, () => new Block()));
  readonly norm = new LayerNorm(width, { bias: false });

  constructor() {
    super();
    for (const parameter of this.parameters()) if (parameter.ndim === 2) init.normal_(parameter, 0, 0.02);
  }

  /** Characters `[B, T]` to scores `[B, T, vocabulary]`. */
  override forward(characters: Tensor): Tensor {
    const x = this.blocks.forward(this.embedding.forward(characters));
    return F.linear(this.norm.forward(x), this.embedding.weight);
  }
}

/** A step on pieces of text, `[batch, context + 1]`. */
export function charLmStep(model = new CharLM(), pieces = randint(0, vocabulary, [batch, context + 1])): Work {
  const [characters, following] = [0, 1].map((start) => pieces.narrow(1, start, context).contiguous());
  const [matrices, scales] = [2, 1].map((n) => model.parameters().filter(({ ndim }) => ndim === n));
  const groups = [
    { params: matrices, weightDecay: decay },
    { params: scales, weightDecay: 0 },
  ];
  const optimizer = new AdamW(groups, { lr, betas });
  return () => {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(model.forward(characters).flatten(0, 1), following.flatten());
    loss.backward();
    utils.clipGradNorm_(model.parameters(), 1);
    optimizer.step();
    return loss;
  };
}
