/**
 * `@tenfold/train/svg`: pictures as SVG text, each a document of its own for a file or a page, in light and dark.
 *
 * @packageDocumentation
 */
import { ArgumentError, checkOptions, describe } from '@tenfold/tensor-core';
import { checkHistogram, type HistogramLike, type MatrixLike, matrixOf } from './grids.ts';
import { type NamedSeries, type SeriesSet, seriesOf, smoothed } from './series.ts';
import {
  colours,
  escapeText,
  type PictureOptions,
  picture,
  pictureOptionNames,
  px,
  text,
  upText,
} from './svg-parts.ts';
import { formatTick, linearScale, logScale, type Scale } from './ticks.ts';

export type { HistogramLike, MatrixLike } from './grids.ts';
export type { Series, SeriesSet } from './series.ts';
export type { PictureOptions } from './svg-parts.ts';

/** Options of {@link lossCurve}. */
export interface LossCurveOptions extends PictureOptions {
  /** A logarithmic axis for the values; what is not above 0 leaves a gap. Default false. */
  log?: boolean | undefined;
  /** From 0 to below 1: how much of what was stays in a smoothed line over the pale one. Default 0: none. */
  smoothing?: number | undefined;
  /** Default `'step'`. */
  xLabel?: string | undefined;
  /** Default `'loss'`. */
  yLabel?: string | undefined;
}

/**
 * Curves over the steps of a training.
 *
 * @returns The text of an SVG file.
 * @throws ArgumentError for what holds no numbers, and for options that there aren't.
 * @example
 * await writeFile('loss.svg', lossCurve({ train: losses, test: testLosses }, { title: 'LeNet', log: true }));
 */
export function lossCurve(series: SeriesSet, options: LossCurveOptions = {}): string {
  checkOptions('lossCurve', options, [...pictureOptionNames, 'log', 'smoothing', 'xLabel', 'yLabel']);
  const { log = false, smoothing = 0, xLabel = 'step', yLabel = 'loss', title } = options;
  const [width, height] = sizes('lossCurve', options);
  if (!(smoothing >= 0 && smoothing < 1))
    throw new ArgumentError(`lossCurve: smoothing must be from 0 to below 1, got ${describe(smoothing)}`);
  const curves = seriesOf('lossCurve', series);
  const visible = ([x, y]: readonly [number, number]): boolean =>
    Number.isFinite(x) && Number.isFinite(y) && (!log || y > 0);
  const shown = curves.flatMap(({ points }) => points.filter(visible));
  const named = curves.filter(({ name }) => name !== '');
  const legend = legendOf(curves, 64, width - 16, title === undefined ? 22 : 46);
  const box = { left: 64, right: width - 16, top: legend.bottom, bottom: height - 46 };
  const description = `${yLabel} by ${xLabel}${named.length ? `: ${named.map(({ name }) => name).join(', ')}` : ''}`;
  if (shown.length === 0)
    return picture(options, width, height, description, [
      text(width / 2, height / 2, 'nothing to show', ' text-anchor="middle"'),
    ]);
  const xs = extent(shown.map(([x]) => x));
  const ys = extent(shown.map(([, y]) => y));
  const xScale = linearScale(...xs, Math.max(2, Math.floor(width / 90)));
  const yScale = (log ? logScale : linearScale)(...ys, Math.max(2, Math.floor(height / 60)));
  const at = ([x, y]: readonly [number, number]): readonly [number, number] => [
    box.left + xScale.place(x) * (box.right - box.left),
    box.bottom - yScale.place(y) * (box.bottom - box.top),
  ];
  const lines = curves.flatMap(({ points }, i) => {
    const line = (drawn: NamedSeries['points'], more: string): string =>
      `<path d="${pathOf(thinned(drawn, visible, xs, box.right - box.left), visible, at)}" fill="none" stroke="var(--c${i % colours})" stroke-linejoin="round" stroke-linecap="round"${dashes(i)}${more}/>`;
    // a point between two gaps has no line
    const alone = points.filter(
      (point, j) =>
        visible(point) && !(j > 0 && visible(points[j - 1])) && !(j < points.length - 1 && visible(points[j + 1])),
    );
    const dots = alone.map((point) => {
      const [x, y] = at(point).map(px);
      return `<circle cx="${x}" cy="${y}" r="2.5" fill="var(--c${i % colours})"/>`;
    });
    return smoothing === 0
      ? [line(points, ' stroke-width="1.75"'), ...dots]
      : [
          line(points, ' stroke-width="1" opacity="0.35"'),
          line(smoothed(points, smoothing), ' stroke-width="2"'),
          ...dots,
        ];
  });
  return picture(options, width, height, description, [
    ...axes(box, xScale, yScale, xLabel, yLabel),
    ...lines,
    ...legend.parts,
  ]);
}

/** Options of {@link confusionMatrix}. */
export interface ConfusionMatrixPictureOptions extends PictureOptions {
  /** The names of the classes. Default: their numbers. */
  labels?: readonly string[] | undefined;
}

/**
 * A confusion matrix: a row for each class that was wanted, a column for each that was said. Shades are shares of the row.
 *
 * @param matrix What `await metric.compute().toArray()` gives: counts, or shares.
 * @returns The text of an SVG file.
 * @throws ArgumentError unless `matrix` is square, and has as many rows as there are labels.
 * @example
 * await writeFile('confusion.svg', confusionMatrix(await confusion.compute().toArray(), { labels: ['cat', 'dog'] }));
 */
export function confusionMatrix(matrix: MatrixLike, options: ConfusionMatrixPictureOptions = {}): string {
  checkOptions('confusionMatrix', options, [...pictureOptionNames, 'labels']);
  const { rows, labels, cells, shades } = matrixOf('confusionMatrix', matrix, options.labels);
  const [width, height] = sizes('confusionMatrix', options, options.height ?? Number.POSITIVE_INFINITY);
  const top = options.title === undefined ? 16 : 40;
  const longest = Math.max(...labels.map(({ length }) => length), 1);
  const margin = 34 + Math.min(longest * 7, width / 3);
  const side = Math.min(width - 16 - margin, height - top - 56) / rows.length;
  const end = margin + side * rows.length;
  const bottom = top + side * rows.length;
  const widest = Math.max(...cells.flat().map(({ length }) => length));
  const size = Math.min(14, (side * 1.5) / Math.max(widest, 2));
  // rows of labels that would run into each other stand upright
  const upright = longest * 7 > side;
  const squares = cells.flatMap((row, i) =>
    row.map((cell, j) => {
      const [x, y] = [margin + j * side, top + i * side];
      const about = `${labels[i]} → ${labels[j]}: ${cell}`;
      const fill = `<rect x="${px(x)}" y="${px(y)}" width="${px(side)}" height="${px(side)}" fill="var(--c0)" fill-opacity="${px(shades[i][j])}" stroke="var(--faint)"/>`;
      // on the full colour the ground's is the one that can be read
      const ink = shades[i][j] > 0.6 ? ' fill="var(--ground)"' : '';
      const number =
        size < 5
          ? ''
          : text(x + side / 2, y + side / 2, cell, `${ink} dy="0.35em" text-anchor="middle" font-size="${px(size)}"`);
      return `<g><title>${escapeText(about)}</title>${fill}${number}</g>`;
    }),
  );
  const every = Math.ceil(12 / side);
  const names = labels.flatMap((label, i) => {
    if (i % every !== 0) return [];
    const [x, y] = [margin + (i + 0.5) * side, top + (i + 0.5) * side];
    return [
      text(margin - 8, y, label, ' dy="0.35em" text-anchor="end"'),
      upright
        ? text(
            0,
            0,
            label,
            ` text-anchor="end" dy="0.35em" transform="translate(${px(x)} ${px(bottom + 8)}) rotate(-90)"`,
          )
        : text(x, bottom + 18, label, ' text-anchor="middle"'),
    ];
  });
  const below = upright ? Math.min(longest * 7, width / 3) : 18;
  // no more than it needs
  return picture(
    options,
    Math.ceil(end + 16),
    Math.ceil(bottom + below + 30),
    `Confusion matrix of ${rows.length} classes`,
    [
      ...squares,
      ...names,
      text((margin + end) / 2, bottom + below + 20, 'predicted', ' text-anchor="middle"'),
      upText(16, (top + bottom) / 2, 'true'),
    ],
  );
}

/** Options of {@link histogram}. */
export interface HistogramPictureOptions extends PictureOptions {
  /** Default `'value'`. */
  xLabel?: string | undefined;
  /** A logarithmic axis for the counts. Default false. */
  log?: boolean | undefined;
}

/**
 * How often values fall between edges.
 *
 * @param values `counts` and the `edges` around them, one more: what `readHistograms` gives.
 * @returns The text of an SVG file.
 * @throws ArgumentError unless there is one edge more than there are counts.
 */
export function histogram(values: HistogramLike, options: HistogramPictureOptions = {}): string {
  checkOptions('histogram', options, [...pictureOptionNames, 'xLabel', 'log']);
  const { counts, edges } = checkHistogram('histogram', values);
  const { xLabel = 'value', log = false, title } = options;
  const [width, height] = sizes('histogram', options);
  const most = extent(counts)[1];
  const description = `How often each ${xLabel} occurs`;
  if (!(most > 0))
    return picture(options, width, height, description, [
      text(width / 2, height / 2, 'nothing to show', ' text-anchor="middle"'),
    ]);
  const box = { left: 64, right: width - 16, top: title === undefined ? 16 : 40, bottom: height - 46 };
  const x = linearScale(edges[0], edges[edges.length - 1], Math.max(2, Math.floor(width / 90)));
  // a count of 1 is to be seen
  const y = log ? logScale(0.5, most) : linearScale(0, most, Math.max(2, Math.floor(height / 60)));
  const bars = counts.map((count, i) => {
    if (!(count > 0)) return '';
    const [from, to] = [edges[i], edges[i + 1]].map((edge) => box.left + x.place(edge) * (box.right - box.left));
    const tall = Math.max(y.place(count), 0) * (box.bottom - box.top);
    return `<rect x="${px(from)}" y="${px(box.bottom - tall)}" width="${px(Math.max(to - from - 0.5, 0.5))}" height="${px(tall)}"><title>${formatTick(edges[i])} … ${formatTick(edges[i + 1])}: ${count}</title></rect>`;
  });
  return picture(options, width, height, description, [
    ...axes(box, x, y, xLabel, 'count'),
    `<g fill="var(--c0)">${bars.join('')}</g>`,
  ]);
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function sizes(where: string, { width = 640, height = 360 }: PictureOptions, otherwise = height): [number, number] {
  for (const length of [width, height])
    if (!(Number.isFinite(length) && length >= 120))
      throw new ArgumentError(`${where}: width and height must be at least 120 pixels, got ${describe(length)}`);
  return [width, otherwise];
}

/** The smallest and the largest. A spread of arguments would overflow the stack. */
function extent(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** After the colours have been used once, lines are dashed. */
const dashes = (i: number): string => (i < colours ? '' : ` stroke-dasharray="${i < 2 * colours ? '6 3' : '2 3'}"`);

/** The names of curves, in rows above them. */
function legendOf(
  curves: readonly NamedSeries[],
  left: number,
  right: number,
  top: number,
): { parts: string[]; bottom: number } {
  const parts: string[] = [];
  let x = left;
  let y = top;
  curves.forEach(({ name }, i) => {
    if (name === '') return;
    // characters are about this wide
    const wide = 30 + name.length * 7;
    if (x > left && x + wide > right) {
      x = left;
      y += 18;
    }
    parts.push(
      `<path d="M${x} ${y - 4}h18" fill="none" stroke="var(--c${i % colours})" stroke-width="2.5"${dashes(i)}/>`,
      text(x + 23, y, name),
    );
    x += wide;
  });
  return { parts, bottom: parts.length > 0 ? y + 14 : top - 6 };
}

/** Grid lines, their values, and what the axes are. */
function axes(box: Box, x: Scale, y: Scale, xLabel: string, yLabel: string): string[] {
  const grid = y.ticks.map((tick) => {
    const at = px(box.bottom - y.place(tick) * (box.bottom - box.top));
    return `<path d="M${box.left} ${at}H${box.right}" stroke="var(--faint)"/><text x="${box.left - 8}" y="${at}" dy="0.35em" text-anchor="end">${formatTick(tick)}</text>`;
  });
  const marks = x.ticks.map((tick) => {
    const at = px(box.left + x.place(tick) * (box.right - box.left));
    return `<path d="M${at} ${box.bottom}v5" stroke="var(--text)"/><text x="${at}" y="${box.bottom + 18}" text-anchor="middle">${formatTick(tick)}</text>`;
  });
  return [
    ...grid,
    ...marks,
    `<path d="M${box.left} ${box.bottom}H${box.right}" stroke="var(--text)"/>`,
    text((box.left + box.right) / 2, box.bottom + 38, xLabel, ' text-anchor="middle"'),
    upText(16, (box.top + box.bottom) / 2, yLabel),
  ];
}

/** Of more points than there are pixels, the lowest and the highest of each pixel: no peak is lost. */
function thinned(
  points: NamedSeries['points'],
  visible: (point: readonly [number, number]) => boolean,
  [low, high]: readonly [number, number],
  pixels: number,
): NamedSeries['points'] {
  if (points.length <= 4 * pixels) return points;
  const kept: (readonly [number, number])[] = [];
  let column = -1;
  let least: readonly [number, number] | null = null;
  let most: readonly [number, number] | null = null;
  const flush = (): void => {
    if (least && most) kept.push(...(least === most ? [least] : least[0] < most[0] ? [least, most] : [most, least]));
    least = most = null;
  };
  for (const point of points) {
    const next = Math.floor(((point[0] - low) / (high - low)) * pixels);
    if (next !== column || !visible(point)) flush();
    column = next;
    if (!visible(point)) {
      kept.push(point);
      continue;
    }
    if (!least || point[1] < least[1]) least = point;
    if (!most || point[1] > most[1]) most = point;
  }
  flush();
  return kept;
}

function pathOf(
  points: NamedSeries['points'],
  visible: (point: readonly [number, number]) => boolean,
  at: (point: readonly [number, number]) => readonly [number, number],
): string {
  let path = '';
  points.forEach((point, i) => {
    if (!visible(point)) return;
    const [x, y] = at(point).map(px);
    const begins = i === 0 || !visible(points[i - 1]);
    path += `${begins ? 'M' : 'L'}${x} ${y}`;
  });
  return path;
}
