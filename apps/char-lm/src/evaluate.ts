/** How well the model knows text that it has not seen. */
import { F } from '@tenfold/nn';
import { tensor, tidy } from '@tenfold/tensor-core';
import { type CharGPT, inEvaluation } from './model.ts';

/**
 * Bits per character for a text. It is read in windows that overlap by half: each character but the first few is predicted from at least half a context.
 */
export function validationBits(model: CharGPT, text: Uint8Array, context: number): Promise<number> {
  const batchSize = 64;
  const half = Math.max(1, Math.floor(context / 2));
  const windows: { readonly start: number; readonly from: number }[] = [];
  // the first window counts wholly, the others where they are new
  for (let start = 0; start + context < text.length; start += half)
    windows.push({ start, from: start === 0 ? 0 : context - half });
  return inEvaluation(model, async () => {
    let [sum, count] = [0, 0];
    for (let first = 0; first < windows.length; first += batchSize) {
      const batch = windows.slice(first, first + batchSize);
      const rows = batch.map(({ start }) => Array.from(text.subarray(start, start + context + 1)));
      // what doesn't count is marked by the index that the loss ignores
      const wanted = rows.map((row, i) => row.slice(1).map((c, at) => (at < batch[i].from ? -100 : c)));
      count += wanted.flat().filter((c) => c >= 0).length;
      // what a batch computes is freed with it
      const loss = tidy(() => {
        const characters = tensor(
          rows.map((row) => row.slice(0, -1)),
          { dtype: 'int64' },
        );
        const scores = model.forward(characters).flatten(0, 1);
        return F.crossEntropy(scores, tensor(wanted.flat(), { dtype: 'int64' }), { reduction: 'sum' });
      });
      sum += await loss.item();
    }
    return sum / count / Math.LN2;
  });
}
