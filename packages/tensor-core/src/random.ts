/** The generator of random numbers: a seed and a position in its Philox stream. Same seed, same numbers, on every device. */

import type { RandomKey } from './backend.ts';
import { ArgumentError, checkOptions, describe } from './errors.ts';
import { type Seed, seedToKey } from './philox.ts';

/** A generator's state as plain data. */
export interface GeneratorState {
  readonly seed: Seed;
  /** The Philox block that the next request starts with. */
  readonly offset: number;
}

/** Told of every generator that is about to give numbers: who repeats a computation must repeat its numbers. */
export const drawWatchers = new Set<(generator: Generator) => void>();

/**
 * A stream of random numbers (https://pytorch.org/docs/stable/generated/torch.Generator.html). Every request takes the next Philox blocks, so numbers
 * depend on the seed and on the requests made so far, not on devices or threads.
 *
 * @example
 * const generator = new Generator(42);
 * rand([2, 3], { generator });
 */
export class Generator {
  #seed: Seed = 0;
  #key: RandomKey = { lo: 0, hi: 0 };
  #offset = 0;

  /** @throws ArgumentError if the seed is not an integer from 0 (a bigint below 2^64). */
  constructor(seed: Seed = 0) {
    this.manualSeed(seed);
  }

  get seed(): Seed {
    return this.#seed;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Starts the stream of `seed` from its beginning, and returns the generator. */
  manualSeed(seed: Seed): this {
    if (typeof seed !== 'number' && typeof seed !== 'bigint')
      throw new ArgumentError(`manualSeed: a seed must be a number or a bigint, got ${describe(seed)}`);
    const [lo, hi] = seedToKey(seed);
    this.#seed = seed;
    this.#key = { lo, hi };
    this.#offset = 0;
    return this;
  }

  /** The seed that the stream was started from. */
  initialSeed(): Seed {
    return this.#seed;
  }

  /** Another generator in the same state; drawing from one leaves the other where it is. */
  clone(): Generator {
    return new Generator().setState(this.getState());
  }

  /** What {@link setState} takes to repeat the numbers from here on. */
  getState(): GeneratorState {
    return { seed: this.#seed, offset: this.#offset };
  }

  setState(state: GeneratorState): this {
    if (!Number.isSafeInteger(state?.offset) || state.offset < 0)
      throw new ArgumentError('setState: expected what getState() gave');
    this.manualSeed(state.seed);
    this.#offset = state.offset;
    return this;
  }

  /** Takes the next `blocks` blocks: their key, and the number of the first. For kernels. */
  take(blocks: number): { readonly key: RandomKey; readonly offset: number } {
    for (const watcher of drawWatchers) watcher(this);
    const offset = this.#offset;
    this.#offset += blocks;
    return { key: this.#key, offset };
  }
}

/** The generator of all random functions that are not given another. It starts from seed 0 until {@link manualSeed} is called. */
export const defaultGenerator = new Generator();

/** Seeds the default generator, as `torch.manual_seed`. */
export const manualSeed = (seed: Seed): Generator => defaultGenerator.manualSeed(seed);

/** Seeds the default generator with a number that can't be foreseen, and gives that number. */
export function seed(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  const value = (high % 2 ** 21) * 2 ** 32 + low;
  manualSeed(value);
  return value;
}

/** The seed of the default generator. */
export const initialSeed = (): Seed => defaultGenerator.initialSeed();

/** The state of the default generator. */
export const getRngState = (): GeneratorState => defaultGenerator.getState();

/** Puts the default generator into a state that {@link getRngState} gave. */
export function setRngState(state: GeneratorState): void {
  defaultGenerator.setState(state);
}

/** Options of {@link forkRng}. */
export interface ForkRngOptions {
  /** Whose state is kept. Default: the default generator. */
  generator?: Generator;
}

/**
 * Runs `fn` and puts the generator back to where it was before, so that what `fn` draws leaves no trace. If `fn` is asynchronous, once it has settled
 * (https://pytorch.org/docs/stable/random.html#torch.random.fork_rng).
 *
 * @example
 * const noise = forkRng(() => { manualSeed(0); return randn([3]); });
 */
export function forkRng<T>(fn: () => T, options: ForkRngOptions = {}): T {
  checkOptions('forkRng', options, ['generator']);
  const generator = generatorOf('forkRng', options.generator);
  const state = generator.getState();
  const restore = (): void => {
    generator.setState(state);
  };
  let pending = false;
  try {
    const result = fn();
    if (result instanceof Promise) {
      pending = true;
      return result.finally(restore) as T;
    }
    return result;
  } finally {
    if (!pending) restore();
  }
}

/** The generator of the options. */
export function generatorOf(where: string, generator: Generator | undefined): Generator {
  if (generator === undefined) return defaultGenerator;
  if (generator instanceof Generator) return generator;
  throw new ArgumentError(`${where}: generator must be a Generator, got ${describe(generator)}`);
}
