/** Columns of JSON: an array of objects, or an object a line. */
import { checkOptions, describe, SerializationError } from '@tenfold/tensor-core';
import { isPlain } from './collate.ts';
import {
  type AnyColumns,
  type ColumnTypes,
  decodeText,
  makeTable,
  type Table,
  type TableColumns,
  type TableOptions,
  typedCells,
} from './table.ts';

/**
 * Reads an array of objects: a table of tensors and strings by key, which is a dataset of its rows. Arrays of numbers are further dims, and `null` is NaN in
 * columns of floats.
 *
 * @param source The text, or its bytes in UTF-8.
 * @throws SerializationError for what is no JSON, or not an array of objects with these keys and values.
 * @example
 * const { columns } = readJson('[{ "x": [1, 2], "label": 0 }, { "x": [3, 4], "label": 1 }]', { columns: { x: 'float32', label: 'int64' } });
 * columns.x.shape; // [2, 2]
 */
export function readJson(
  source: string | Uint8Array,
  options?: Omit<TableOptions<never>, 'columns'>,
): Table<AnyColumns>;
export function readJson<const C extends ColumnTypes>(
  source: string | Uint8Array,
  options: TableOptions<C>,
): Table<TableColumns<C>>;
export function readJson(source: string | Uint8Array, options: TableOptions<ColumnTypes> = {}): unknown {
  checkOptions('readJson', options, ['columns', 'device']);
  const rows = parsed('readJson', decodeText('readJson', source));
  if (!Array.isArray(rows))
    throw new SerializationError(`readJson: expected an array of objects, got ${describe(rows)}`);
  return tableOf('readJson', rows, options);
}

/** Reads an object from each line (https://jsonlines.org), as {@link readJson} does from an array. Empty lines are passed over. */
export function readJsonLines(
  source: string | Uint8Array,
  options?: Omit<TableOptions<never>, 'columns'>,
): Table<AnyColumns>;
export function readJsonLines<const C extends ColumnTypes>(
  source: string | Uint8Array,
  options: TableOptions<C>,
): Table<TableColumns<C>>;
export function readJsonLines(source: string | Uint8Array, options: TableOptions<ColumnTypes> = {}): unknown {
  checkOptions('readJsonLines', options, ['columns', 'device']);
  const lines = decodeText('readJsonLines', source).split('\n');
  const rows = lines.flatMap((line, i) => (line.trim() === '' ? [] : [parsed(`readJsonLines: line ${i + 1}`, line)]));
  return tableOf('readJsonLines', rows, options);
}

function parsed(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SerializationError(`${where}: ${(cause as Error).message}`, { cause });
  }
}

function tableOf(where: string, rows: readonly unknown[], options: TableOptions<ColumnTypes>): unknown {
  const odd = rows.findIndex((row) => !isPlain(row));
  if (odd >= 0) throw new SerializationError(`${where}: row ${odd + 1} is not an object but ${describe(rows[odd])}`);
  const names = options.columns ? Object.keys(options.columns) : Object.keys((rows[0] as object | undefined) ?? {});
  const objects = rows as readonly { readonly [key: string]: unknown }[];
  const known = new Set(objects.flatMap((row) => Object.keys(row)));
  const columns = names
    .filter((name) => known.has(name))
    .map((name) => [name, objects.map((row) => (Object.hasOwn(row, name) ? row[name] : null))] as const);
  return makeTable(where, new Map(columns), rows.length, typedCells, options);
}
