/** A loop with a bar: what is counted, shown and read, wherever it is drawn. */
import {
  ArgumentError,
  checkOptions,
  describe,
  isTensor,
  keep,
  ShapeError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';

/** Something whose value is computed when it is shown: any metric of this package. */
export interface Computable {
  compute(): Tensor;
}

/** What {@link ProgressBar.set} shows: a number or text as it is, a tensor of one element, or a metric. */
export type ShownValue = number | string | Tensor | Computable;

/** Options of `progress`. */
export interface ProgressOptions {
  /** How many turns there will be. Default: the `length` or `size` of what is iterated, if it has one. */
  total?: number | undefined;
  /** What stands before the bar. */
  label?: string | undefined;
  /** What a turn is called. Default `'it'`. */
  unit?: string | undefined;
  /** Whether the last state stays to be seen. Default true. */
  leave?: boolean | undefined;
  /** Shows nothing. Default false. */
  disable?: boolean | undefined;
  /** Seconds between two draws. Default 0.1 on a terminal; 10 where each draw is a line of its own. */
  minInterval?: number | undefined;
  /** Takes the lines in place of a terminal or the console. */
  write?: ((line: string) => void) | undefined;
}

/** The names of {@link ProgressOptions}. */
export const optionNames = ['total', 'label', 'unit', 'leave', 'disable', 'minInterval', 'write'];

/** A place where bars are drawn. */
export interface Screen {
  /** Seconds between draws if nothing is said. */
  readonly interval: number;
  /** Begins a bar, whose text for a width `line` gives. */
  open(line: (width: number) => string): Drawn;
  /** A line of text that stays, above the bars. */
  log(text: string): void;
}

/** A bar that is drawn. */
export interface Drawn {
  draw(): void;
  /** Ends it. With `leave` its last state stays. */
  close(leave: boolean): void;
}

/** One line for each draw. */
export const plainScreen = (write: (line: string) => void): Screen => ({
  interval: 10,
  open: (line) => ({
    draw: () => write(line(100)),
    close: (leave) => leave && write(line(100)),
  }),
  log: write,
});

/** Milliseconds between two reads of what is shown. */
const readEvery = 250;

/** A loop that shows how far it is. Each loop over it begins anew. */
export class ProgressBar<T> implements AsyncIterable<T>, Iterable<T> {
  readonly #source: AsyncIterable<T> | Iterable<T>;
  readonly #options: ProgressOptions;
  readonly #screen: Screen;
  #run: Run | null = null;

  /** @internal */
  constructor(source: AsyncIterable<T> | Iterable<T>, options: ProgressOptions, screen: Screen) {
    this.#source = source;
    this.#options = options;
    this.#screen = screen;
  }

  /**
   * Shows values behind the bar; names that were set before stay. Tensors and metrics are read asynchronously, at most four times a second and one read at a
   * time, so that no step waits for them.
   *
   * @throws ShapeError for a tensor of several elements; ArgumentError for what can't be shown.
   */
  set(values: { readonly [name: string]: ShownValue }): void {
    this.#run?.set(values);
  }

  /** Writes a line above the bar, where `console.log` would write into it. */
  log(text: string): void {
    this.#screen.log(text);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const run = this.#begin();
    try {
      for await (const item of this.#source as AsyncIterable<T>) {
        yield item;
        run.advance();
      }
    } finally {
      await run.settle();
      run.end();
    }
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    if (!isIterable(this.#source))
      throw new ArgumentError('progress: what it goes over is asynchronous; use for await (… of …)');
    const run = this.#begin();
    try {
      for (const item of this.#source) {
        yield item;
        run.advance();
      }
    } finally {
      run.end();
    }
  }

  #begin(): Run {
    this.#run = new Run(this.#source, this.#options, this.#screen);
    return this.#run;
  }
}

/** One loop. */
class Run {
  readonly #options: ProgressOptions;
  readonly #total: number | null;
  readonly #drawn: Drawn | null;
  readonly #interval: number;
  readonly #start = performance.now();
  #done = 0;
  #ended: number | null = null;
  #drawnAt = performance.now();
  /** Turns and time at the last look at the rate, and the rate in turns a second. */
  #seen: { done: number; at: number; rate: number | null };
  readonly #shown = new Map<string, string>();
  /** What waits to be read. */
  readonly #waiting = new Map<string, Tensor | Computable>();
  #reading: Promise<void> | null = null;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(source: object, options: ProgressOptions, screen: Screen) {
    this.#options = options;
    this.#total = options.total ?? sizeOf(source);
    this.#interval = (options.minInterval ?? screen.interval) * 1000;
    this.#seen = { done: 0, at: this.#start, rate: null };
    this.#drawn = options.disable ? null : screen.open((width) => this.line(width));
  }

  set(values: { readonly [name: string]: ShownValue }): void {
    for (const [name, value] of Object.entries(values)) checkShown(name, value);
    if (this.#drawn === null || this.#ended !== null) return;
    for (const [name, value] of Object.entries(values)) {
      this.#forget(name);
      if (!this.#shown.has(name)) this.#shown.set(name, '…');
      if (typeof value === 'number') this.#shown.set(name, formatNumber(value));
      else if (typeof value === 'string') this.#shown.set(name, value);
      // a view of its own, so that the tensor may be disposed, and without the graph behind it
      else this.#waiting.set(name, isTensor(value) ? keep(withoutGrad(() => value.detach())) : value);
    }
    if (this.#reading === null && performance.now() - this.#readAt >= readEvery) this.#read();
  }

  advance(): void {
    this.#done++;
    if (this.#drawn === null) return;
    const now = performance.now();
    if (now - this.#drawnAt < this.#interval) return;
    this.#drawnAt = now;
    this.#drawn.draw();
  }

  /** Waits for the last values. */
  async settle(): Promise<void> {
    while (this.#reading !== null || this.#waiting.size > 0) await (this.#reading ?? this.#read());
  }

  end(): void {
    if (this.#ended !== null) return;
    // of a synchronous loop: what can't be had at once stays unread
    for (const [name, value] of this.#waiting) {
      if (isTensor(value) && !canReadNow(value)) continue;
      this.#shown.set(name, readNow(value));
    }
    for (const name of this.#waiting.keys()) this.#forget(name);
    this.#ended = performance.now();
    this.#drawn?.close(this.#options.leave ?? true);
  }

  /** `train:  40%|████      | 40/100 [00:02<00:03, 20.00it/s, loss=0.1234]`: what tqdm shows. */
  line(width: number): string {
    const { label, unit = 'it' } = this.#options;
    const seconds = ((this.#ended ?? performance.now()) - this.#start) / 1000;
    const rate = this.#rate(seconds);
    const values = [...this.#shown].map(([name, value]) => `, ${name}=${value}`).join('');
    const speed = rate === null ? `?${unit}/s` : rate >= 1 ? `${fixed(rate)}${unit}/s` : `${fixed(1 / rate)}s/${unit}`;
    const head = label ? `${label}: ` : '';
    if (this.#total === null) return `${head}${this.#done}${unit} [${clock(seconds)}, ${speed}${values}]`;
    const share = this.#total === 0 ? 1 : Math.min(this.#done / this.#total, 1);
    const left = rate === null ? '?' : clock(Math.max(this.#total - this.#done, 0) / rate);
    const before = `${head}${`${Math.floor(share * 100)}%`.padStart(4)}`;
    const behind = ` ${this.#done}/${this.#total} [${clock(seconds)}<${left}, ${speed}${values}]`;
    const room = Math.min(width - before.length - behind.length - 3, 40);
    return room < 5 ? `${before}${behind}` : `${before}|${blocks(share, room)}|${behind}`;
  }

  /** Of the whole loop at its end; before, a mean that follows the last seconds. */
  #rate(seconds: number): number | null {
    if (this.#ended !== null) return this.#done > 0 && seconds > 0 ? this.#done / seconds : null;
    const { done, at, rate } = this.#seen;
    const now = performance.now();
    if (this.#done === done || now - at < 50) return rate;
    const latest = ((this.#done - done) / (now - at)) * 1000;
    this.#seen = { done: this.#done, at: now, rate: rate === null ? latest : 0.3 * latest + 0.7 * rate };
    return this.#seen.rate;
  }

  #forget(name: string): void {
    const waiting = this.#waiting.get(name);
    if (isTensor(waiting)) waiting.dispose();
    this.#waiting.delete(name);
  }

  #read(): Promise<void> {
    const taken = [...this.#waiting];
    this.#waiting.clear();
    this.#readAt = performance.now();
    const one = async (name: string, value: Tensor | Computable): Promise<void> => {
      try {
        using tensor = isTensor(value) ? value : keep(value.compute());
        this.#shown.set(name, formatNumber(await tensor.item()));
      } catch {
        // a bar never stops a training: whoever needs the value meets the error
        this.#shown.set(name, '?');
      }
    };
    this.#reading = Promise.all(taken.map(([name, value]) => one(name, value))).then(() => {
      this.#reading = null;
    });
    return this.#reading;
  }
}

function readNow(value: Tensor | Computable): string {
  try {
    using tensor = isTensor(value) ? value : keep(value.compute());
    return formatNumber(tensor.itemSync());
  } catch {
    return '?';
  }
}

const canReadNow = (x: Tensor): boolean => x.storage.device.runtime.downloadSync !== undefined;

/** Checks what `progress` was given, and gives what is gone over. */
export function checkProgress<T>(
  source: AsyncIterable<T> | Iterable<T> | number,
  options: ProgressOptions,
  names: readonly string[],
): AsyncIterable<T> | Iterable<T> {
  checkOptions('progress', options, names);
  const { total, minInterval } = options;
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 0))
    throw new ArgumentError(`progress: total must be an integer of at least 0, got ${describe(total)}`);
  if (minInterval !== undefined && !(minInterval >= 0))
    throw new ArgumentError(`progress: minInterval must be a number of seconds, got ${describe(minInterval)}`);
  if (typeof source === 'number') {
    if (!Number.isSafeInteger(source) || source < 0)
      throw new ArgumentError(`progress: expected a number of turns of at least 0, got ${source}`);
    return Array.from({ length: source }, (_, i) => i) as unknown as Iterable<T>;
  }
  if (isIterable(source) || isAsyncIterable(source)) return source;
  throw new ArgumentError(`progress: expected something to iterate over, got ${describe(source)}`);
}

const isIterable = (value: unknown): value is Iterable<never> =>
  value !== null && value !== undefined && typeof (value as Iterable<never>)[Symbol.iterator] === 'function';

const isAsyncIterable = (value: unknown): value is AsyncIterable<never> =>
  value !== null && value !== undefined && typeof (value as AsyncIterable<never>)[Symbol.asyncIterator] === 'function';

function checkShown(name: string, value: ShownValue): void {
  if (typeof value === 'number' || typeof value === 'string') return;
  if (isTensor(value)) {
    if (value.numel() !== 1)
      throw new ShapeError(
        `a Tensor with ${value.numel()} elements cannot be converted to Scalar: ${name} has shape [${value.shape}]`,
      );
    return;
  }
  if (typeof value !== 'object' || value === null || typeof value.compute !== 'function')
    throw new ArgumentError(`progress: ${name} must be a number, a text, a tensor or a metric, got ${describe(value)}`);
}

/** How many turns, if the source says so. A loader of an unknown length throws instead. */
function sizeOf(source: object): number | null {
  try {
    const { length, size } = source as { length?: unknown; size?: unknown };
    return typeof length === 'number' ? length : typeof size === 'number' ? size : null;
  } catch {
    return null;
  }
}

const fixed = (x: number): string => (x < 1000 ? x.toFixed(2) : x.toFixed(0));

/** Four digits, in a width that hardly changes. */
export const formatNumber = (x: number): string =>
  Number.isInteger(x) && Math.abs(x) < 1e6 ? String(x) : x.toPrecision(4);

/** `01:05`, `1:00:00`. */
function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0'));
  return (whole >= 3600 ? [Math.floor(whole / 3600), ...parts] : parts).join(':');
}

/** A bar of eighths. */
function blocks(share: number, width: number): string {
  const eighths = Math.floor(share * width * 8);
  const rest = eighths % 8 === 0 ? '' : '▏▎▍▌▋▊▉'[(eighths % 8) - 1];
  return ('█'.repeat(Math.floor(eighths / 8)) + rest).padEnd(width);
}
