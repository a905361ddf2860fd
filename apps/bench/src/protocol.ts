/** How the table asks a contender: one JSON object a line, both ways. A contender is a process of its own, and one runs at a time. */

/** To the contender: measure a row for about this long. */
export interface Request {
  readonly row: string;
  readonly milliseconds: number;
}

/** From the contender: the time of one iteration, or why there is none. */
export type Reply =
  | { readonly row: string; readonly milliseconds: number }
  | { readonly row: string; readonly error: string };

/** What a contender says first. */
export interface Hello {
  /** Name and version: `'tfjs wasm 4.22.0'`. */
  readonly version: string;
  /** What it computes on, if it isn't the machine's own processor. */
  readonly adapter?: string;
  /** The threads that it uses, which may be fewer than it was asked to. */
  readonly threads: number;
  readonly rows: readonly string[];
}
