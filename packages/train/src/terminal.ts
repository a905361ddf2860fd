/**
 * `@tenfold/train/terminal`: pictures as lines of text.
 *
 * @packageDocumentation
 */
import { ArgumentError, checkOptions, describe } from '@tenfold/tensor-core';
import asciichart from 'asciichart';
import { checkHistogram, type HistogramLike, type MatrixLike, matrixOf } from './grids.ts';
import { type NamedSeries, type SeriesSet, seriesOf } from './series.ts';
import { formatTick } from './ticks.ts';

export type { HistogramLike, MatrixLike } from './grids.ts';
export type { Series, SeriesSet } from './series.ts';

/** Options of {@link lossCurve}. */
export interface LossCurveTextOptions {
  title?: string | undefined;
  /** Columns of the curve. Default 64. */
  width?: number | undefined;
  /** Lines of the curve. Default 12. */
  height?: number | undefined;
  /** A logarithmic axis; what is not above 0 is left out. Default false. */
  log?: boolean | undefined;
  /** Whether several curves have colours. Default: if the output is a terminal, and `NO_COLOR` isn't set. */
  color?: boolean | undefined;
}

/** Of the terminal's own palette, so that they fit its ground: name and code. */
const palette = [34, 33, 32, 35, 36, 31].map((code) => `\u{1b}[${code}m`);
const plain = '\u{1b}[0m';

/**
 * Curves over the steps of a training, drawn by `asciichart`. What isn't finite takes the value before it.
 *
 * @throws ArgumentError for what holds no numbers, and for options that there aren't.
 * @example
 * console.log(lossCurve(losses, { title: 'loss', log: true }));
 */
export function lossCurve(series: SeriesSet, options: LossCurveTextOptions = {}): string {
  checkOptions('lossCurve', options, ['title', 'width', 'height', 'log', 'color']);
  const { title, log = false, color = wantsColor() } = options;
  const width = checkLength('width', options.width ?? 64, 8);
  const height = checkLength('height', options.height ?? 12, 2);
  const curves = seriesOf('lossCurve', series).map(({ name, points }) => ({
    name,
    points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y) && (!log || y > 0)),
  }));
  const all = curves.flatMap(({ points }) => points);
  const heading = title === undefined ? [] : [title];
  if (all.length === 0) return [...heading, 'nothing to show'].join('\n');
  const xs = all.map(([x]) => x);
  const [first, last] = [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  const shown = curves.flatMap((curve, i) =>
    curve.points.length > 0 ? [{ ...curve, code: palette[i % palette.length] }] : [],
  );
  const columns = shown.map(({ points }) => sampled(points, first, last, width).map((y) => (log ? Math.log10(y) : y)));
  const ys = columns.flat();
  const [low, high] = [ys.reduce((a, b) => Math.min(a, b)), ys.reduce((a, b) => Math.max(a, b))];
  // one value gets a range around it, as asciichart labels none well
  const spare = low === high ? Math.max(Math.abs(low) / 2, 0.5) : 0;
  const label = (y: number): string => formatTick(Number((log ? 10 ** y : y).toPrecision(3)));
  const wide = Math.max(...[low - spare, high + spare].map((y) => label(y).length), 7);
  const coloured = color && shown.length > 1;
  const chart = asciichart.plot(columns, {
    height: height - 1,
    min: low - spare,
    max: high + spare,
    format: (y) => label(y).padStart(wide),
    colors: coloured ? shown.map(({ code }) => code) : [],
  });
  const names = shown
    .filter(({ name }) => name !== '')
    .map(({ name, code }) => (coloured ? `${code}── ${name}${plain}` : name));
  const ends = [formatTick(first), formatTick(last)];
  const axis = `${' '.repeat(wide + 2)}${ends[0]}${ends[1].padStart(Math.max(columns[0].length - ends[0].length, ends[1].length + 1))}`;
  return [
    ...heading,
    ...(names.length > 0 ? [`${' '.repeat(wide + 2)}${names.join('  ')}`] : []),
    chart.replaceAll(/ +$/gm, ''),
    axis,
  ].join('\n');
}

/** A value for each column: the mean of its points, or the one before it. */
function sampled(points: NamedSeries['points'], first: number, last: number, width: number): number[] {
  const columns = Math.min(width, Math.max(last - first + 1, 2));
  const sums = Array.from({ length: Math.floor(columns) }, () => ({ sum: 0, n: 0 }));
  for (const [x, y] of points) {
    const column = sums[Math.round(((x - first) / (last - first || 1)) * (sums.length - 1))];
    column.sum += y;
    column.n++;
  }
  let before = points[0][1];
  return sums.map(({ sum, n }) => (before = n > 0 ? sum / n : before));
}

/** Options of {@link confusionMatrix}. */
export interface ConfusionMatrixTextOptions {
  title?: string | undefined;
  /** The names of the classes. Default: their numbers. */
  labels?: readonly string[] | undefined;
}

/**
 * A confusion matrix: a row for each class that was wanted, a column for each that was said. Shades are shares of the row.
 *
 * @param matrix What `await metric.compute().toArray()` gives: counts, or shares.
 * @throws ArgumentError unless `matrix` is square, and has as many rows as there are labels.
 */
export function confusionMatrix(matrix: MatrixLike, options: ConfusionMatrixTextOptions = {}): string {
  checkOptions('confusionMatrix', options, ['title', 'labels']);
  const { labels, cells, shades } = matrixOf('confusionMatrix', matrix, options.labels);
  const beside = Math.max(...labels.map((label) => label.length), 'true'.length);
  const wide = Math.max(...[...labels, ...cells.flat()].map((cell) => cell.length)) + 1;
  const row = (name: string, entries: readonly string[]): string =>
    `${name.padStart(beside)} ${entries.join(' ')}`.trimEnd();
  return [
    ...(options.title === undefined ? [] : [options.title]),
    `${'true'.padStart(beside)}  predicted`,
    row(
      '',
      labels.map((label) => label.padStart(wide)),
    ),
    ...cells.map((entries, i) =>
      row(
        labels[i],
        entries.map((cell, j) => shade(shades[i][j]) + cell.padStart(wide - 1)),
      ),
    ),
  ].join('\n');
}

/** Nothing at all has no shade, and the least has one. */
const shade = (share: number): string => (share <= 0 ? ' ' : '░▒▓█'[Math.min(Math.floor(share * 4), 3)]);

/** Options of {@link histogram}. */
export interface HistogramTextOptions {
  title?: string | undefined;
  /** Columns of the longest bar. Default 40. */
  width?: number | undefined;
  /** The most lines; neighbours are put together to get there. Default 20. */
  height?: number | undefined;
}

/**
 * How often values fall between edges: a line for each.
 *
 * @param values `counts` and the `edges` around them, one more: what `readHistograms` gives.
 * @throws ArgumentError unless there is one edge more than there are counts.
 */
export function histogram(values: HistogramLike, options: HistogramTextOptions = {}): string {
  checkOptions('histogram', options, ['title', 'width', 'height']);
  const { counts, edges } = checkHistogram('histogram', values);
  const width = checkLength('width', options.width ?? 40, 1);
  const together = Math.ceil(counts.length / checkLength('height', options.height ?? 20, 1));
  const lines = Array.from({ length: Math.ceil(counts.length / together) }, (_, i) => {
    const [from, to] = [i * together, Math.min((i + 1) * together, counts.length)];
    const count = counts.slice(from, to).reduce((sum, n) => sum + n, 0);
    return { from: short(edges[from]), to: short(edges[to]), count };
  });
  const most = lines.reduce((a, { count }) => Math.max(a, count), 0);
  const wide = (of: (line: (typeof lines)[number]) => string): number =>
    Math.max(...lines.map((line) => of(line).length));
  const [left, right] = [wide(({ from }) => from), wide(({ to }) => to)];
  return [
    ...(options.title === undefined ? [] : [options.title]),
    ...lines.map(({ from, to, count }) => {
      const eighths = most > 0 ? Math.ceil((count / most) * width * 8) : 0;
      const bar = '█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? '' : '▏▎▍▌▋▊▉'[(eighths % 8) - 1]);
      return `${from.padStart(left)} … ${to.padStart(right)} │${bar}${bar ? ' ' : ''}${count}`;
    }),
  ].join('\n');
}

const short = (x: number): string => formatTick(Number(x.toPrecision(3)));

function checkLength(name: string, value: unknown, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new ArgumentError(`${name} must be an integer of at least ${least}, got ${describe(value)}`);
}

/** In pages there is no process. */
function wantsColor(): boolean {
  const { process } = globalThis as { process?: { stdout?: { isTTY?: boolean }; env?: { NO_COLOR?: string } } };
  return process?.stdout?.isTTY === true && !process.env?.NO_COLOR;
}
