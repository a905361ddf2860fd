/** The loop of a contender written in JavaScript: makes each row's work once, warms it up, and times it when asked. */

/** One iteration; gives its results. */
export type Work = () => unknown;
/** How the work of each row is made; rows that a contender can't do are left out. */
export type Works = { readonly [row: string]: () => Work | Promise<Work> };

/** Sizes of the rows that show how times grow. */
export const sizes = [64, 128, 256, 512, 1024, 2048];
export const million = 2 ** 20;

/** The default sizes of apps/char-lm, and how it trains. */
export const charLm = {
  vocabulary: 81,
  context: 96,
  batch: 16,
  layers: 4,
  heads: 4,
  width: 128,
  lr: 0.002,
  betas: [0.9, 0.99],
  decay: 0.1,
} as const;

/** The same work of several sizes: rows `'name 64'`, `'name 128'`, … */
export const sized = (name: string, list: readonly number[], make: (n: number) => Work | Promise<Work>): Works =>
  Object.fromEntries(list.map((n) => [`${name} ${n}`, () => make(n)]));

/** What a contender does between and after iterations. */
export interface Manners {
  /** Takes the results of an iteration. Where it gives a promise, the iteration has ended when that is settled. */
  end(results: unknown): unknown;
  /**
   * On a device that computes while the program goes on: waits for the results of the last iteration by reading a number. It is called once a turn, as
   * a training loop looks at its loss now and then.
   */
  settle?(): Promise<unknown>;
}

/** Turns before the first that counts: with turns of 100 ms, long enough for the compilers of JavaScript to come to rest. */
const warmupTurns = 10;

const repeats: { readonly [row: string]: number } = { 'add 4': 100, 'add 4 recorded': 100, 'linear step': 10 };

/** A row's work, ready to be timed. */
export class Stopwatch {
  readonly #work: Work;
  readonly #manners: Manners;
  /** Small work is repeated between two looks at the clock, so that they cost nothing beside it. */
  readonly #repeats: number;
  /** Iterations of a turn that ends with `settle`: nothing tells when they have ended but that. */
  #perTurn = 1;

  private constructor(row: string, work: Work, manners: Manners) {
    this.#work = work;
    this.#manners = manners;
    this.#repeats = repeats[row] ?? 1;
  }

  /** Makes the work of a row, and runs it for a while. */
  static async warm(row: string, make: Works[string], manners: Manners, milliseconds: number): Promise<Stopwatch> {
    const watch = new Stopwatch(row, await make(), manners);
    const total = warmupTurns * milliseconds;
    if (!manners.settle) await watch.time(total);
    else for (let start = performance.now(); performance.now() - start < total; ) await watch.time(milliseconds);
    return watch;
  }

  /** The time of one iteration, in a turn of about so many milliseconds. */
  async time(milliseconds: number): Promise<number> {
    if (!this.#manners.settle) return this.#untilPassed(milliseconds);
    const count = this.#perTurn;
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const ended = this.#manners.end(this.#work());
      if (ended instanceof Promise) await ended;
    }
    await this.#manners.settle();
    const each = (performance.now() - start) / count;
    // at most ten times as many: the first iterations compile, and what they take is no measure
    this.#perTurn = Math.max(1, Math.min(10 * count, Math.round(milliseconds / each)));
    return each;
  }

  async #untilPassed(milliseconds: number): Promise<number> {
    const start = performance.now();
    let now = start;
    let done = 0;
    do {
      for (let i = 0; i < this.#repeats; i++) {
        const ended = this.#manners.end(this.#work());
        // an await costs a microtask: only where there is something to wait for
        if (ended instanceof Promise) await ended;
      }
      done += this.#repeats;
      now = performance.now();
    } while (now - start < milliseconds);
    return (now - start) / done;
  }

  async #once(): Promise<void> {
    const ended = this.#manners.end(this.#work());
    if (ended instanceof Promise) await ended;
  }

  /** Runs one iteration, from one reading to the next. */
  async alone(): Promise<void> {
    await this.#once();
    await this.#manners.settle?.();
  }
}
