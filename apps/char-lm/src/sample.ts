/** Text from the model, one character after the other. */
import { multinomial, type Tensor, tensor } from '@tenfold/tensor-core';
import { type CharGPT, inEvaluation, type Past } from './model.ts';

/** How to sample. */
export interface Sampling {
  readonly length: number;
  /** Divides the scores: below 1 likely characters become likelier; 0 takes the likeliest. */
  readonly temperature: number;
  /** The most characters that the model sees. */
  readonly context: number;
}

/**
 * Tokens that follow those of a prompt. Each is computed from itself and the kept keys and values of those before; when the context is full, the later half of the text is read anew.
 */
export function sample(
  model: CharGPT,
  prompt: readonly number[],
  { length, temperature, context }: Sampling,
  each: (token: number) => void = () => {},
): Promise<number[]> {
  return inEvaluation(model, async () => {
    const tokens = [...prompt];
    let past: Past[] | undefined;
    while (tokens.length < prompt.length + length) {
      if (past && past[0][0].shape[2] >= context) past = undefined;
      const seen = past
        ? tokens.slice(-1)
        : tokens.slice(-Math.max(1, tokens.length < context ? context : context >> 1));
      const [scores, present]: [Tensor, Past[]] = model.step(tensor([seen], { dtype: 'int64' }), past);
      past = present;
      const last = scores.select(1, -1).squeeze(0);
      const chosen = temperature === 0 ? last.argmax() : multinomial(last.div(temperature).softmax(-1), 1).squeeze(0);
      const token = Number(await chosen.item());
      tokens.push(token);
      each(token);
    }
    return tokens.slice(prompt.length);
  });
}
