/**
 * `@tenfold/data/csv`: columns of comma-separated values. Needs the package `csv-parse`.
 *
 * @packageDocumentation
 */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  getDefaultDType,
  isFloat,
  SerializationError,
} from '@tenfold/tensor-core';
import { parse } from 'csv-parse/browser/esm/sync';
import {
  type AnyColumns,
  type Cells,
  type ColumnTypes,
  decodeText,
  makeTable,
  type Table,
  type TableColumns,
  type TableOptions,
} from './table.ts';

export type { AnyColumns, ColumnType, ColumnTypes, Row, Table, TableColumns, TableOptions } from './table.ts';

/** Options of {@link readCsv}. */
export interface CsvOptions<C extends ColumnTypes> extends TableOptions<C> {
  /** Default `','`. */
  delimiter?: string;
  /** Names of the columns, if the first line doesn't say them. */
  header?: readonly string[];
  /** What begins a comment that runs to the end of its line. Default: there are none. */
  comment?: string;
}

const special: { readonly [text: string]: number | undefined } = {
  nan: Number.NaN,
  na: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
};

/** A cell as a number; a missing one is NaN. */
function float(text: string): number | undefined {
  if (text === '') return Number.NaN;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  return special[text.toLowerCase()];
}

const truth: { readonly [text: string]: boolean | undefined } = { true: true, false: false, 1: true, 0: false };

const textCells: Cells = {
  infer(values) {
    const numbers = values.length > 0 && values.every((cell) => float((cell as string).trim()) !== undefined);
    return numbers && values.some((cell) => cell !== '') ? getDefaultDType() : 'string';
  },
  value(cell, dtype: DType) {
    const text = (cell as string).trim();
    if (isFloat(dtype)) return float(text);
    if (dtype === 'bool') return truth[text.toLowerCase()];
    return /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
  },
};

/**
 * Reads comma-separated values: a table of tensors and strings by column, which is a dataset of its rows. In columns of floats an empty cell, `nan` and `NA`
 * are NaN.
 *
 * @param source The text, or its bytes in UTF-8.
 * @throws SerializationError for rows of unequal lengths, open quotes, and cells that are no value of the column's type; ArgumentError for a column that
 * there isn't.
 * @example
 * const penguins = readCsv(await readFile('penguins.csv'), { columns: { mass: 'float32', species: 'string' } });
 * penguins.columns.mass; // a Tensor
 */
export function readCsv(source: string | Uint8Array, options?: Omit<CsvOptions<never>, 'columns'>): Table<AnyColumns>;
export function readCsv<const C extends ColumnTypes>(
  source: string | Uint8Array,
  options: CsvOptions<C>,
): Table<TableColumns<C>>;
export function readCsv(source: string | Uint8Array, options: CsvOptions<ColumnTypes> = {}): unknown {
  checkOptions('readCsv', options, ['columns', 'device', 'delimiter', 'header', 'comment']);
  const { delimiter = ',', header, comment } = options;
  if (typeof delimiter !== 'string' || delimiter === '')
    throw new ArgumentError(`readCsv: delimiter must be a string, got ${describe(delimiter)}`);
  const records = parsed(decodeText('readCsv', source), delimiter, comment);
  const names = header ?? records.shift();
  if (!names) throw new SerializationError('readCsv: there is no line, and so no names of columns');
  const double = names.find((name, i) => names.indexOf(name) !== i);
  if (double !== undefined)
    throw new SerializationError(`readCsv: two columns are named '${double}'; give names by header`);
  if (records.length > 0 && records[0].length !== names.length)
    throw new SerializationError(`readCsv: ${names.length} names for rows of ${records[0].length} cells`);
  const columns = new Map(names.map((name, i) => [name, records.map((record) => record[i])]));
  return makeTable('readCsv', columns, records.length, textCells, options);
}

function parsed(text: string, delimiter: string, comment: string | undefined): string[][] {
  try {
    return parse(text, { delimiter, comment: comment ?? null, bom: true, skip_empty_lines: true }) as string[][];
  } catch (cause) {
    throw new SerializationError(`readCsv: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
