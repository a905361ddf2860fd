/** `@tenfold/train/progress` in pages: a line in the console now and then. */
import { checkProgress, optionNames, ProgressBar, type ProgressOptions, plainScreen } from './progress-bar.ts';

export type { Computable, ProgressBar, ProgressOptions, ShownValue } from './progress-bar.ts';

/** A {@link ProgressBar} over something synchronous, for `for … of` and `for await … of`; over a number, it counts from 0. */
export function progress(source: number, options?: ProgressOptions): ProgressBar<number>;
export function progress<T>(source: AsyncIterable<T> | Iterable<T>, options?: ProgressOptions): ProgressBar<T>;
export function progress<T>(
  source: AsyncIterable<T> | Iterable<T> | number,
  options: ProgressOptions = {},
): ProgressBar<T> {
  const items = checkProgress(source, options, optionNames);
  return new ProgressBar(items, options, plainScreen(options.write ?? ((line) => console.info(line))));
}
