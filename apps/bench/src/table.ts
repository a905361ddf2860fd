/** The results as a table, for the terminal and for `docs/benchmarks`. */
import type { Counts } from './page.ts';
import type { Row } from './rows.ts';

/** The contender that the others are compared with. */
export const us = 'tenfold';

/** How a contender on so many threads is called in a table and in the report. */
export const labelOf = (name: string, threads: number): string =>
  threads === 1 ? name : `${name}, ${threads} threads`;

/** One row measured: the median time of an iteration in milliseconds by the label of a contender, or why there is none. */
export interface Measured {
  readonly row: Row;
  readonly times: { readonly [contender: string]: number };
  readonly errors: { readonly [contender: string]: string };
  /** What our device was given per iteration, where there is one that counts. */
  readonly counts?: Counts;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** `1.23 ms`, `45.6 µs`. */
export function formatTime(milliseconds: number): string {
  const [value, unit] =
    milliseconds >= 1000
      ? [milliseconds / 1000, 's']
      : milliseconds >= 1
        ? [milliseconds, 'ms']
        : milliseconds >= 1e-3
          ? [milliseconds * 1e3, 'µs']
          : [milliseconds * 1e6, 'ns'];
  return `${value.toPrecision(3)} ${unit}`;
}

/** A column: the times of a contender, each with a ratio of two contenders' times if that says something. */
export interface Column {
  readonly label: string;
  readonly ratio?: readonly [time: string, over: string];
}

/** A contender as the tables need it. */
export interface Entrant {
  readonly label: string;
  readonly name: string;
  readonly threads: number;
}

/** Ours, then the others, each with how many times faster we are. Of a contender with several counts of threads: the first. */
export function comparison(entrants: readonly Entrant[]): Column[] {
  const first = entrants.filter(({ name }, i) => entrants.findIndex((other) => other.name === name) === i);
  const ours = first.find(({ name }) => name === us)?.label;
  return first.map(({ label }) => (ours === undefined || label === ours ? { label } : { label, ratio: [label, ours] }));
}

/** Contenders with several counts of threads, each with how many times faster than with its first count. */
export function scaling(entrants: readonly Entrant[]): Column[] {
  return [...new Set(entrants.map(({ name }) => name))].flatMap((wanted): Column[] => {
    const [first, ...more] = entrants.filter(({ name }) => name === wanted);
    return more.length === 0
      ? []
      : [{ label: first.label }, ...more.map(({ label }): Column => ({ label, ratio: [first.label, label] }))];
  });
}

function ratioOf({ times }: Measured, { ratio }: Column): string | null {
  if (!ratio) return null;
  const [time, over] = ratio.map((label) => times[label]);
  return time === undefined || over === undefined ? null : `${(time / over).toPrecision(3)} ×`;
}

/** The row whose bandwidth others have a share of: a copy from memory to memory of the device. */
export const copyRow = 'copy';

/** `1.23 TFLOP/s`, of so many in a millisecond. */
function formatRate(perMillisecond: number, unit: string): string {
  const [value, prefix] = perMillisecond < 1e9 ? [perMillisecond / 1e6, 'G'] : [perMillisecond / 1e9, 'T'];
  return `${value.toPrecision(3)} ${prefix}${unit}/s`;
}

/** The bandwidth of a row's work as a share of the fastest copy; `null` where one of both was not measured. */
export function shareOfCopy(measured: readonly Measured[], { bytes }: Row, time: number | undefined): number | null {
  const copy = measured.find(({ row }) => row.name === copyRow && row.bytes !== undefined);
  if (!copy?.row.bytes || !bytes || time === undefined) return null;
  const best = copy.row.bytes / Math.min(...Object.values(copy.times));
  return bytes / time / best;
}

function rateOf(measured: readonly Measured[], { row }: Measured, time: number): string {
  if (row.flops) return `, ${formatRate(row.flops / time, 'FLOP')}`;
  if (!row.bytes) return '';
  const share = shareOfCopy(measured, row, time);
  return `, ${formatRate(row.bytes / time, 'B')}${share === null ? '' : `, ${Math.round(share * 100)} % of copy`}`;
}

/** A Markdown table: the work of each row, then times and rates. */
export function markdownTable(measured: readonly Measured[], columns: readonly Column[]): string {
  const cell = (each: Measured, column: Column): string => {
    const time = each.times[column.label];
    if (time === undefined) return '–';
    const ratio = ratioOf(each, column);
    return `${formatTime(time)}${rateOf(measured, each, time)}${ratio ? ` (${ratio})` : ''}`;
  };
  const lines = [
    ['row', 'work', ...columns.map(({ label }) => label)],
    ['', '', ...columns.map(() => '')].map(() => '---'),
    ...measured.map((each) => [each.row.name, each.row.work, ...columns.map((column) => cell(each, column))]),
  ];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** The same for the terminal: aligned columns, without the descriptions. */
export function textTable(measured: readonly Measured[], columns: readonly Column[]): string {
  const cell = (each: Measured, column: Column): string => {
    const time = each.times[column.label];
    if (time === undefined) return '–';
    const ratio = ratioOf(each, column);
    return ratio ? `${formatTime(time)} ${ratio.padStart(7)}` : formatTime(time);
  };
  const table = [
    ['', ...columns.map(({ label }) => label)],
    ...measured.map((each) => [each.row.name, ...columns.map((column) => cell(each, column))]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table
    .map((line) =>
      line.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join('   '),
    )
    .join('\n');
}

/** A line per row: what our device was given per iteration. */
export const countLines = (measured: readonly Measured[]): string[] =>
  measured.flatMap(({ row, counts }) =>
    counts
      ? [`${row.name}: ${plural(counts.dispatches, 'dispatch', 'es')}, ${plural(counts.submits, 'submit', 's')}`]
      : [],
  );

const plural = (count: number, one: string, ending: string): string => `${count} ${one}${count === 1 ? '' : ending}`;
