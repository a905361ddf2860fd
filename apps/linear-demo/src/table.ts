/** Reading a table of numbers from a CSV file or from the penguins data set. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from 'app-common/command-line';
import { CsvError, parse } from 'csv-parse/sync';

/** A regression problem: one row per example. */
export interface Table {
  readonly features: readonly string[];
  readonly target: string;
  /** `[rows][features]` */
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  /** Rows left out because a value was missing. */
  readonly dropped: number;
}

type Row = { readonly [column: string]: string | number | null };

const missing = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?']);

const isGap = (value: string | number | null | undefined): boolean =>
  value === null || value === undefined || (typeof value === 'string' && missing.has(value.trim().toLowerCase()));

/** Body mass of 344 penguins (Palmer Station LTER, from vega-datasets) from bill and flipper length. */
export function penguins(): Table {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  const rows = JSON.parse(readFileSync(join(dirname(entry), '../data/penguins.json'), 'utf8')) as Row[];
  return toTable('penguins', rows, 'Body Mass (g)', ['Beak Length (mm)', 'Flipper Length (mm)']);
}

/**
 * Reads a CSV file with a header line. Without `features`, every other column that holds numbers only is one.
 *
 * @throws UsageError for a missing file, an unknown column, text in a column, or too few rows.
 */
export function readCsv(path: string, target: string, features?: readonly string[]): Table {
  return toTable(path, parseCsv(path, readText(path)), target, features);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : `it can't be read (${code})`;
    throw new UsageError(`--csv ${path}: ${reason}`);
  }
}

function parseCsv(path: string, text: string): Row[] {
  try {
    return parse(text, { columns: checkHeader(path), skip_empty_lines: true, trim: true, bom: true });
  } catch (error) {
    if (error instanceof CsvError) throw new UsageError(`--csv ${path}: not a CSV file: ${error.message}`);
    throw error;
  }
}

const checkHeader = (path: string) => (header: string[]) => {
  const twice = header.find((name, i) => header.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--csv ${path}: the column '${twice}' stands twice in the header`);
  return header;
};

function toTable(source: string, rows: readonly Row[], target: string, asked?: readonly string[]): Table {
  if (rows.length === 0) throw new UsageError(`${source}: no rows below the header`);
  const columns = Object.keys(rows[0]);
  const features = asked ?? columns.filter((name) => name !== target && isNumeric(rows, name));
  for (const [flag, name] of [['--target', target], ...features.map((name) => ['--features', name])]) {
    if (!columns.includes(name))
      throw new UsageError(`${flag} ${name}: ${source} has no such column; it has ${columns.join(', ')}`);
  }
  if (features.includes(target))
    throw new UsageError(`--features: '${target}' is the target and can't be a feature as well`);
  if (features.length === 0) throw new UsageError(`${source}: no column of numbers besides the target '${target}'`);
  const used = [...features, target];
  const kept = rows.map((row, i) => ({ row, line: i + 2 })).filter(({ row }) => !used.some((name) => isGap(row[name])));
  const values = kept.map(({ row, line }) => used.map((name) => toNumber(source, row[name], name, line)));
  const dropped = rows.length - kept.length;
  if (values.length < used.length) {
    throw new UsageError(
      `${source}: ${values.length} of ${rows.length} rows are left after dropping those with gaps; ` +
        `a model of ${features.length} features needs at least ${used.length}`,
    );
  }
  used.forEach((name, column) => {
    if (values.every((row) => row[column] === values[0][column])) {
      throw new UsageError(
        `${source}: the column '${name}' has the same value in every row, so nothing can be learned from it`,
      );
    }
  });
  return {
    features,
    target,
    x: values.map((row) => row.slice(0, -1)),
    y: values.map((row) => row[row.length - 1]),
    dropped,
  };
}

const isNumeric = (rows: readonly Row[], name: string): boolean =>
  rows.every((row) => isGap(row[name]) || Number.isFinite(Number(row[name]))) && rows.some((row) => !isGap(row[name]));

function toNumber(source: string, value: string | number | null, name: string, line: number): number {
  const number = Number(value);
  if (Number.isFinite(number)) return number;
  throw new UsageError(
    `${source}: the column '${name}' holds text ('${value}' in line ${line}); choose columns of numbers`,
  );
}
