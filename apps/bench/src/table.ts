/** The results as a table, for the terminal and for `docs/benchmarks`. */
import type { Row } from './rows.ts';

/** One row measured: the median time of an iteration in milliseconds by contender, or why there is none. */
export interface Measured {
  readonly row: Row;
  readonly times: { readonly [contender: string]: number };
  readonly errors: { readonly [contender: string]: string };
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

/** How many times faster we are: the other's time over ours. */
export const formatRatio = (theirs: number, ours: number): string => `${(theirs / ours).toPrecision(3)} ×`;

/** A Markdown table: our time, then for each other its time and how many times faster we are. */
export function markdownTable(measured: readonly Measured[], contenders: readonly string[]): string {
  const [us, ...others] = contenders;
  const cell = ({ times, row }: Measured, name: string): string => {
    const time = times[name];
    if (time === undefined) return '–';
    const rate = row.flops ? `, ${(row.flops / time / 1e6).toPrecision(3)} GFLOP/s` : '';
    return formatTime(time) + rate;
  };
  const ratio = ({ times }: Measured, name: string): string =>
    times[name] === undefined || times[us] === undefined ? '' : ` (${formatRatio(times[name], times[us])})`;
  const lines = measured.map((each) =>
    [each.row.name, each.row.work, cell(each, us), ...others.map((name) => cell(each, name) + ratio(each, name))].join(
      ' | ',
    ),
  );
  return [
    `| row | work | ${us} | ${others.join(' | ')} |`,
    `|${'---|'.repeat(contenders.length + 2)}`,
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

/** The same for the terminal: aligned columns, without the descriptions. */
export function textTable(measured: readonly Measured[], contenders: readonly string[]): string {
  const [us, ...others] = contenders;
  const cells = measured.map(({ row, times }) => [
    row.name,
    times[us] === undefined ? '–' : formatTime(times[us]),
    ...others.map((name) =>
      times[name] === undefined
        ? '–'
        : `${formatTime(times[name])}${times[us] === undefined ? '' : ` ${formatRatio(times[name], times[us]).padStart(7)}`}`,
    ),
  ]);
  const table = [['', ...contenders], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table
    .map((line) =>
      line.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join('   '),
    )
    .join('\n');
}
