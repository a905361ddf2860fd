/** For tests: random numbers that are the same in every run. */
export interface Random {
  /** Uniform in [0, 1). */
  (): number;
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
}

/** A small seeded generator (mulberry32). */
export function generator(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b9);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return Object.assign(next, { below, pick: <T>(list: readonly T[]): T => list[below(list.length)] });
}
