/** Counts of sequences of integers, such as words by their numbers. */
import { cat, type Tensor, tensor } from '@tenfold/tensor-core';
import type { NodeContext, Rows } from '../context.ts';

/** The n-grams of the pool, those of one length together: `[G, n]`, and the column of each. */
function poolOf(c: NodeContext): { grams: number[][]; columns: number[]; first: number }[] {
  if (c.given('pool_strings')) throw c.error('strings can not be counted here, only integers');
  const [pool, starts, columns] = ['pool_int64s', 'ngram_counts', 'ngram_indexes'].map((name) => c.ints(name));
  let first = 0;
  return starts.map((start, i) => {
    const n = i + 1;
    const count = Math.floor(((starts[n] ?? pool.length) - start) / n);
    const grams = Array.from({ length: count }, (_, k) => pool.slice(start + k * n, start + (k + 1) * n));
    const part = { grams, columns: columns.slice(first, first + count), first };
    first += count;
    return part;
  });
}

/** How often each n-gram is there, in order but with up to so many elements left out between two. */
function tfIdf(c: NodeContext): Tensor {
  const x = c.x().to('int64');
  const rows = x.ndim === 1 ? x.unsqueeze(0) : x;
  const [shortest, longest, skips] = ['min_gram_length', 'max_gram_length', 'max_skip_count'].map((name) =>
    c.int(name),
  );
  const mode = c.string('mode');
  if (!['TF', 'IDF', 'TFIDF'].includes(mode)) throw c.error(`mode must be TF, IDF or TFIDF, got '${mode}'`);
  const weights = mode === 'TF' ? null : c.floats('weights', null);
  const width = Math.max(...c.ints('ngram_indexes')) + 1;
  let result = x.newZeros(c.sized([rows.size(0), width]), { dtype: c.dtypeOf(1) });
  poolOf(c).forEach(({ grams, columns, first }, i) => {
    const n = i + 1;
    if (n < shortest || n > longest || grams.length === 0) return;
    const wanted = tensor(grams, { dtype: 'int64', device: x.device });
    // nothing lies between the elements of one
    const found = Array.from(
      { length: n === 1 ? 1 : Math.min(skips, rows.size(1)) + 1 },
      (_, skip) => (n - 1) * (skip + 1) + 1,
    )
      .filter((span) => span <= rows.size(1))
      .map((span) => {
        const windows = rows.unfold(1, span, 1).slice(2, 0, null, n === 1 ? 1 : (span - 1) / (n - 1));
        return windows.unsqueeze(2).eq(wanted).all(-1);
      });
    if (found.length === 0) return;
    const counts = cat(found, 1).sum(1).to(result.dtype);
    const counted = mode === 'IDF' ? counts.clamp(null, 1) : counts;
    const weighted = weights
      ? counted.mul(tensor(weights.slice(first, first + grams.length), { dtype: result.dtype, device: x.device }))
      : counted;
    result = result.indexAdd(1, tensor(columns, { dtype: 'int64', device: x.device }), weighted);
  });
  return x.ndim === 1 ? result.squeeze(0) : result;
}

/** Rows by op type. */
export const ngrams: Rows = { TfIdfVectorizer: tfIdf };
