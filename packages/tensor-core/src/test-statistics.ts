/**
 * Statistics for tests of random numbers. Seeds are fixed, so a test passes or fails for good; a correct generator would fail each of them for one seed in
 * a thousand.
 */

/** What {@link kolmogorovSmirnov} of the right distribution exceeds once in a thousand: `2 exp(-2 · 1.95²)` of Kolmogorov's distribution. */
export const KS_LIMIT = 1.95;

/** Largest distance between the empirical and the given distribution function, times √n. */
export function kolmogorovSmirnov(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const x = Float64Array.from(sample).sort();
  let distance = 0;
  for (let i = 0; i < x.length; i++) {
    const p = cdf(x[i]);
    distance = Math.max(distance, p - i / x.length, (i + 1) / x.length - p);
  }
  return distance * Math.sqrt(x.length);
}

/** Φ(x) from the series of erf where it converges fast, from the continued fraction of erfc in the tails. */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  let tail: number;
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let k = 1; Math.abs(term) > 1e-17; k++) {
      term *= (-z * z) / k;
      sum += term / (2 * k + 1);
    }
    tail = 0.5 - sum / Math.sqrt(Math.PI);
  } else {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (z + fraction);
    tail = Math.exp(-z * z) / (2 * Math.sqrt(Math.PI) * (z + fraction));
  }
  return x < 0 ? tail : 1 - tail;
}

/** Pearson's statistic of counts against expected counts. */
export const chiSquare = (counts: readonly number[], expected: readonly number[]): number =>
  counts.reduce((sum, count, i) => sum + (count - expected[i]) ** 2 / expected[i], 0);

/** The normal deviate that is exceeded once in a thousand. */
const Z = 3.0902;

/** What {@link chiSquare} of the right distribution exceeds once in a thousand, by Wilson and Hilferty's approximation. */
export function chiSquareLimit(categories: number): number {
  const freedom = categories - 1;
  const step = 2 / (9 * freedom);
  return freedom * (1 - step + Z * Math.sqrt(step)) ** 3;
}
