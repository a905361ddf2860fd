/** Weights of separable resizing that averages over what falls together, as PIL's and PyTorch's `antialias=True`. */

/** A filter, and how far it reaches. */
export interface Filter {
  readonly support: number;
  at(x: number): number;
}

/** A triangle. */
export const linear: Filter = { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };

/** Keys' cubic with a = -1/2. */
export const cubic: Filter = {
  support: 2,
  at(value) {
    const x = Math.abs(value);
    const a = -0.5;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  },
};

/** How much of each of `from` pixels goes into each of `to`: `[to, from]`, every row sums to 1. */
export function resizeWeights(from: number, to: number, filter: Filter): Float64Array {
  const scale = from / to;
  // shrinking stretches the filter over what falls together
  const stretch = Math.max(1, scale);
  const reach = filter.support * stretch;
  const weights = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    const row = weights.subarray(i * from, (i + 1) * from);
    let sum = 0;
    for (let j = first; j < end; j++) {
      row[j] = filter.at((j - center + 0.5) / stretch);
      sum += row[j];
    }
    for (let j = first; j < end; j++) row[j] /= sum;
  }
  return weights;
}
