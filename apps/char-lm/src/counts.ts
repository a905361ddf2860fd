/** The baseline: how often each character followed the few before it. */

/** What is known of one context: how often each character followed it, and how often any did. */
interface Followers {
  total: number;
  readonly counts: Map<number, number>;
}

/**
 * Bits per character that a model of counts needs for the validation text, for contexts of 0 to `longest` characters. Orders are interpolated as by Witten and Bell
 * (IEEE Transactions on Information Theory 37, 1991): a context that was followed by T kinds of characters in n places has
 * p(c) = (count(c) + T · p'(c)) / (n + T), where p' is that of the context one character shorter; below all is the uniform distribution.
 */
export function bitsByCounting(
  training: Uint8Array,
  validation: Uint8Array,
  vocabulary: number,
  longest: number,
): number[] {
  const keys = powers(vocabulary, longest);
  const tables = keys.map(() => new Map<number, Followers>());
  for (let at = 0; at < training.length; at++) {
    let context = 0;
    for (let order = 0; order <= Math.min(longest, at); order++) {
      if (order > 0) context += training[at - order] * keys[order - 1];
      let followers = tables[order].get(context);
      if (!followers) tables[order].set(context, (followers = { total: 0, counts: new Map() }));
      followers.total++;
      followers.counts.set(training[at], (followers.counts.get(training[at]) ?? 0) + 1);
    }
  }
  const bits = keys.map(() => 0);
  for (let at = 0; at < validation.length; at++) {
    let [chance, context] = [1 / vocabulary, 0];
    for (let order = 0; order <= longest; order++) {
      if (order > 0 && order <= at) context += validation[at - order] * keys[order - 1];
      const followers = order <= at ? tables[order].get(context) : undefined;
      if (followers) {
        const { total, counts } = followers;
        chance = ((counts.get(validation[at]) ?? 0) + counts.size * chance) / (total + counts.size);
      }
      bits[order] -= Math.log2(chance);
    }
  }
  return bits.map((sum) => sum / validation.length);
}

/** `base` to the powers from 0 to `longest`: contexts are numbers in this base, exact as long as these are. */
function powers(base: number, longest: number): number[] {
  const found = Array.from({ length: longest + 1 }, (_, k) => base ** k);
  if (!Number.isSafeInteger(found[longest]))
    throw new RangeError(`contexts of ${longest} of ${base} characters don't fit a number`);
  return found;
}
