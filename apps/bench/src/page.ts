/** A contender as a page: what the program that opened it calls there. */
import { type Manners, Stopwatch, type Works } from './contender.ts';

/** Work that a device was given. */
export interface Counts {
  readonly dispatches: number;
  readonly submits: number;
}

/** A measurement. */
export interface Sample {
  /** Of one iteration. */
  readonly milliseconds: number;
  /** Of one iteration between two readings. */
  readonly counts?: Counts;
}

/** `globalThis.contender` of a page. */
export interface Page {
  readonly rows: readonly string[];
  measure(row: string, milliseconds: number): Promise<Sample>;
}

export function present(contender: Manners & { readonly works: Works; readonly counters?: Counts | null }): void {
  const { works, counters } = contender;
  const ready = new Map<string, { watch: Stopwatch; counts?: Counts }>();
  const prepare = async (row: string, milliseconds: number): Promise<{ watch: Stopwatch; counts?: Counts }> => {
    const watch = await Stopwatch.warm(row, works[row], contender, milliseconds);
    if (!counters) return { watch };
    const { dispatches, submits } = counters;
    await watch.alone();
    return { watch, counts: { dispatches: counters.dispatches - dispatches, submits: counters.submits - submits } };
  };
  const page: Page = {
    rows: Object.keys(works),
    async measure(row, milliseconds) {
      const known = ready.get(row) ?? (await prepare(row, milliseconds));
      ready.set(row, known);
      return { milliseconds: await known.watch.time(milliseconds), counts: known.counts };
    },
  };
  (globalThis as { contender?: Page }).contender = page;
}
