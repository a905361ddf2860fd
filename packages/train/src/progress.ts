/** `@tenfold/train/progress` in Node: a bar on a terminal, drawn by `cli-progress`, and plain lines elsewhere. */
import { MultiBar } from 'cli-progress';
import {
  checkProgress,
  type Drawn,
  optionNames,
  ProgressBar,
  type ProgressOptions,
  plainScreen,
  type Screen,
} from './progress-bar.ts';

export type { Computable, ProgressBar, ProgressOptions, ShownValue } from './progress-bar.ts';

/** Where a bar goes: `process.stderr`, `process.stdout`, or what is like them. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Options of {@link progress} in Node. */
export interface TerminalProgressOptions extends ProgressOptions {
  /** Default `process.stderr`, so that the output of a program stays clean. */
  stream?: ProgressStream | undefined;
}

/**
 * Shows how far a loop is, with its rate, the time that is left, and what `bar.set` says; in the manner of tqdm (https://tqdm.github.io). On a terminal it is a
 * bar; several at once, one in the other, stand below each other. Where there is no terminal (a file, `CI`, `TERM=dumb`) and in pages it is a plain line now
 * and then. It changes no mode of the terminal and prints no colours, so whatever ends the loop leaves the terminal as it was.
 *
 * @param source What to go over: something iterable, synchronously or not (a `DataLoader`), or a number of turns.
 * @throws ArgumentError for what can't be gone over, and for options that there aren't.
 * @example
 * const bar = progress(loader, { label: `epoch ${epoch}` });
 * for await (const [x, y] of bar) {
 *   const loss = step(x, y);
 *   bar.set({ loss, accuracy });
 * }
 */
export function progress(source: number, options?: TerminalProgressOptions): ProgressBar<number>;
export function progress<T>(source: AsyncIterable<T> | Iterable<T>, options?: TerminalProgressOptions): ProgressBar<T>;
export function progress<T>(
  source: AsyncIterable<T> | Iterable<T> | number,
  options: TerminalProgressOptions = {},
): ProgressBar<T> {
  const items = checkProgress(source, options, [...optionNames, 'stream']);
  return new ProgressBar(items, options, screenOf(options));
}

function screenOf({ write, stream = process.stderr }: TerminalProgressOptions): Screen {
  if (write) return plainScreen(write);
  if (!stream.isTTY || process.env.CI || process.env.TERM === 'dumb')
    return plainScreen((line) => stream.write(`${line}\n`));
  let screen = screens.get(stream);
  if (screen === undefined) screens.set(stream, (screen = terminalScreen(stream)));
  return screen;
}

/** Bars on the same terminal know of each other. */
const screens = new WeakMap<ProgressStream, Screen>();

function terminalScreen(stream: ProgressStream): Screen {
  let bars: MultiBar | null = null;
  let count = 0;
  // the cursor stays where a line ended, also if the process ends in a loop
  const breakLine = (): void => void stream.write('\n');
  const begin = (): MultiBar => {
    process.once('exit', breakLine);
    const begun = new MultiBar({
      // it asks for `write`, `isTTY` and `columns` alone
      stream: stream as NodeJS.WritableStream,
      format: (_options, { maxWidth }, { line }: { line(width: number): string }) => line(maxWidth - 1),
      clearOnComplete: true,
      // a line above the bars takes the place of the first
      forceRedraw: true,
      // cuts lines to the width that is, in place of switching the terminal's wrapping off
      linewrap: true,
    });
    // its timer keeps no process alive
    begun.on('update-post', () => (begun as unknown as { timer?: NodeJS.Timeout }).timer?.unref());
    return begun;
  };
  return {
    interval: 0.1,
    open(line): Drawn {
      const on = (bars ??= begin());
      count++;
      const bar = on.create(1, 0, { line });
      on.update();
      return {
        // a loop that never waits gives its timer no turn
        draw: () => on.update(),
        close(leave) {
          if (leave) on.log(`${line((stream.columns ?? 80) - 1)}\n`);
          on.remove(bar);
          if (--count > 0) return;
          on.stop();
          bars = null;
          process.off('exit', breakLine);
        },
      };
    },
    log(text) {
      if (bars === null) return void stream.write(`${text}\n`);
      bars.log(`${text}\n`);
      bars.update();
    },
  };
}
