/** Columns of a file as tensors, and their rows as a dataset. */
import {
  ArgumentError,
  type DType,
  describe,
  dtypeNames,
  getDefaultDType,
  isFloat,
  isTensor,
  SerializationError,
  TenfoldError,
  type Tensor,
  type TensorData,
  tensor,
} from '@tenfold/tensor-core';
import type { Collated } from './collate.ts';
import { checkIndex, type Dataset, rows } from './dataset.ts';

/** What a column becomes: a tensor of a dtype, or an array of strings. */
export type ColumnType = DType | 'string';

/** The columns that are wanted, by name. */
export interface ColumnTypes {
  readonly [name: string]: ColumnType;
}

/** Columns as they are read. */
export type TableColumns<C extends ColumnTypes> = { [K in keyof C]: C[K] extends 'string' ? string[] : Tensor };

/** Columns of a file whose types were not asked for. */
export interface AnyColumns {
  readonly [name: string]: Tensor | string[];
}

/** A row: a tensor of one element less in dims, or a string, by column. */
export type Row<C> = {
  [K in keyof C]: C[K] extends Tensor ? Tensor : C[K] extends string[] ? string : Tensor | string;
};

/**
 * Columns of one length. It is a dataset of its rows, so that a `DataLoader` gives batches of the same columns.
 *
 * @example
 * const table = readCsv(text, { columns: { height: 'float32', species: 'string' } });
 * table.columns.height.mean();
 * for (const { height, species } of new DataLoader(table, { batchSize: 32 })) …
 */
export class Table<C extends object = AnyColumns> implements Dataset<Row<C>> {
  readonly columns: C;
  readonly length: number;

  /** @internal */
  constructor(columns: C, length: number) {
    this.columns = columns;
    this.length = length;
  }

  get(index: number): Row<C> {
    const at = checkIndex('Table', index, this.length);
    return this.#each((column) => (isTensor(column) ? column.select(0, at) : column[at])) as Row<C>;
  }

  getBatch(indices: readonly number[]): Collated<Row<C>> {
    const at = indices.map((index) => checkIndex('Table', index, this.length));
    const wide = at.map(BigInt);
    return this.#each((column) => (isTensor(column) ? rows(column, wide) : at.map((i) => column[i]))) as Collated<
      Row<C>
    >;
  }

  #each(fn: (column: Tensor | readonly string[]) => unknown): object {
    return Object.fromEntries(Object.entries(this.columns).map(([name, column]) => [name, fn(column)]));
  }
}

/** Options of every reader of columns. */
export interface TableOptions<C extends ColumnTypes> {
  /** Which columns are wanted, and as what. Default: all; numbers as the default float dtype, the rest as strings. */
  columns?: C;
  /** Where the tensors are. Default: the default device. */
  device?: string;
}

/** The values of a file by column. */
export type RawColumns = ReadonlyMap<string, readonly unknown[]>;

/** How the cells of a format become values of a dtype; `undefined` for a cell that is none. */
export interface Cells {
  /** The type of a column that nobody named. */
  infer(values: readonly unknown[]): ColumnType | undefined;
  value(cell: unknown, dtype: DType): TensorData | undefined;
}

/** A table of the wanted columns. */
export function makeTable<C extends ColumnTypes>(
  where: string,
  raw: RawColumns,
  length: number,
  cells: Cells,
  { columns, device }: TableOptions<C>,
): Table<TableColumns<C>> {
  const wanted = columns ?? Object.fromEntries([...raw.keys()].map((name) => [name, undefined]));
  if (typeof wanted !== 'object' || Array.isArray(wanted))
    throw new ArgumentError(
      `${where}: columns must be an object such as { height: 'float32' }, got ${describe(columns)}`,
    );
  const made = Object.entries(wanted).map(([name, type]: [string, ColumnType | undefined]) => {
    const values = raw.get(name);
    if (!values)
      throw new ArgumentError(
        `${where}: there is no column '${name}'; there are ${[...raw.keys()].join(', ') || 'none'}`,
      );
    return [name, makeColumn(`${where}: column '${name}'`, values, cells, type, device)] as const;
  });
  return new Table(Object.fromEntries(made), length) as unknown as Table<TableColumns<C>>;
}

function makeColumn(
  where: string,
  values: readonly unknown[],
  cells: Cells,
  asked: ColumnType | undefined,
  device: string | undefined,
): Tensor | string[] {
  const type = asked ?? cells.infer(values);
  if (type === undefined) {
    const odd = values.find((value) => typeof value !== 'number') ?? values[0];
    throw new SerializationError(
      `${where} holds neither numbers nor strings alone (${describe(odd)}); name the columns that are wanted`,
    );
  }
  if (type === 'string') return values.map((value, i) => stringOf(where, value, i));
  if (!dtypeNames.includes(type))
    throw new ArgumentError(
      `${where}: ${describe(type)} is no type of a column; choose 'string' or one of ${dtypeNames.join(', ')}`,
    );
  const converted = values.map((cell, i) => {
    const value = cells.value(cell, type);
    if (value !== undefined) return value;
    throw new SerializationError(`${where}, row ${i + 1}: ${describe(cell)} is not a value of ${type}`);
  });
  try {
    return tensor(converted, { dtype: type, device });
  } catch (cause) {
    if (!(cause instanceof TenfoldError) || cause.code === 'DEVICE') throw cause;
    throw new SerializationError(`${where}: ${cause.message}`, { cause });
  }
}

function stringOf(where: string, value: unknown, i: number): string {
  if (typeof value === 'string') return value;
  throw new SerializationError(`${where}, row ${i + 1}: ${describe(value)} is not a string`);
}

/** Values that have types of their own, as those of JSON: `null` is a number that is missing. */
export const typedCells: Cells = {
  infer(values) {
    const present = values.filter((value) => value !== null && value !== undefined);
    const all = (type: string): boolean => present.length > 0 && present.every((value) => typeof value === type);
    const complete = present.length === values.length;
    if (all('string')) return complete ? 'string' : undefined;
    if (all('boolean')) return complete ? 'bool' : undefined;
    if (all('bigint')) return complete ? 'int64' : 'float64';
    if (present.length > 0 && present.every((value) => typeof value === 'number' || isNumeric(value)))
      return getDefaultDType();
    return undefined;
  },
  value(cell, dtype) {
    if (cell === null || cell === undefined) return isFloat(dtype) ? Number.NaN : undefined;
    if (typeof cell === 'number') return isFloat(dtype) || Number.isInteger(cell) ? cell : undefined;
    if (typeof cell === 'bigint' || typeof cell === 'boolean') return cell;
    return isNumeric(cell) ? (cell as TensorData) : undefined;
  },
};

/** Numbers in arrays, which are further dims. */
const isNumeric = (value: unknown): boolean =>
  (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
  (Array.isArray(value) && value.every((item) => typeof item === 'number' || isNumeric(item)));

/** UTF-8 as text. */
export function decodeText(where: string, source: unknown): string {
  if (typeof source === 'string') return source;
  if (!(source instanceof Uint8Array))
    throw new ArgumentError(`${where}: expected text or its bytes, got ${describe(source)}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(source);
  } catch (cause) {
    throw new SerializationError(`${where}: the bytes are not UTF-8`, { cause });
  }
}
