/**
 * `@tenfold/data/parquet`: columns of Apache Parquet files. Needs the package `hyparquet`, and `hyparquet-compressors` for files that are not compressed by Snappy.
 *
 * @packageDocumentation
 */
import { ArgumentError, checkOptions, describe, SerializationError } from '@tenfold/tensor-core';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import {
  type AnyColumns,
  type ColumnType,
  type ColumnTypes,
  makeTable,
  type Table,
  type TableColumns,
  type TableOptions,
  typedCells,
} from './table.ts';

export type { AnyColumns, ColumnType, ColumnTypes, Row, Table, TableColumns, TableOptions } from './table.ts';

/** Options of {@link readParquet}. */
export interface ParquetOptions<C extends ColumnTypes> extends TableOptions<C> {
  /** The first row that is read. Default 0. */
  rowStart?: number;
  /** The row before which reading ends. Default: the last. */
  rowEnd?: number;
}

/** A file that is read in parts: `asyncBufferFromFile` and `asyncBufferFromUrl` of hyparquet make one. */
export type ParquetFile = AsyncBuffer;

/** The dtypes of the physical types that have one. */
const physical: { readonly [name: string]: ColumnType | undefined } = {
  BOOLEAN: 'bool',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
};

/** Those of the notes on a physical type that say its width. */
const widths: { readonly [name: string]: ColumnType | undefined } = {
  INT_8: 'int8',
  INT_16: 'int16',
  INT_32: 'int32',
  INT_64: 'int64',
  UINT_8: 'uint8',
};

/**
 * Reads columns of a Parquet file: a table of tensors and strings, which is a dataset of its rows. Without `columns` each has the dtype that the file says;
 * missing values are NaN in columns of floats.
 *
 * @param source The file's bytes, or a file that is read in parts.
 * @throws SerializationError for what is no Parquet file, is cut short, or holds values that don't fit; ArgumentError for a column that there isn't.
 * @example
 * const { columns } = await readParquet(await readFile('taxi.parquet'), { columns: { distance: 'float32', fare: 'float32' } });
 */
export function readParquet(
  source: Uint8Array | ArrayBuffer | ParquetFile,
  options?: Omit<ParquetOptions<never>, 'columns'>,
): Promise<Table<AnyColumns>>;
export function readParquet<const C extends ColumnTypes>(
  source: Uint8Array | ArrayBuffer | ParquetFile,
  options: ParquetOptions<C>,
): Promise<Table<TableColumns<C>>>;
export async function readParquet(
  source: Uint8Array | ArrayBuffer | ParquetFile,
  options: ParquetOptions<ColumnTypes> = {},
): Promise<unknown> {
  checkOptions('readParquet', options, ['columns', 'device', 'rowStart', 'rowEnd']);
  const { rowStart = 0, rowEnd } = options;
  for (const n of [rowStart, rowEnd ?? 0])
    if (!Number.isSafeInteger(n) || n < 0)
      throw new ArgumentError(`readParquet: rows are counted from 0, got ${describe(n)}`);
  const file = fileOf(source);
  const { metadata, types, numRows } = await reading(() => describeFile(file));
  const names = options.columns ? Object.keys(options.columns) : [...types.keys()];
  const missing = names.find((name) => !types.has(name));
  if (missing !== undefined)
    throw new ArgumentError(`readParquet: there is no column '${missing}'; there are ${[...types.keys()].join(', ')}`);
  const compressors = await loadCompressors();
  const end = Math.min(rowEnd ?? numRows, numRows);
  const rows = await reading(() =>
    parquetReadObjects({ file, metadata, columns: names, rowStart, rowEnd: end, compressors }),
  );
  if (rows.length !== Math.max(0, end - rowStart))
    throw new SerializationError(
      `readParquet: the file says ${numRows} rows, and ${rows.length} of ${end - rowStart} were found`,
    );
  const columns = new Map(names.map((name) => [name, rows.map((row) => row[name])]));
  // what the file says of a column goes before a guess from its values
  const asked = options.columns ?? Object.fromEntries([...types].filter(([, type]) => type !== undefined));
  const table = { ...options, columns: options.columns ?? completed(names, asked as ColumnTypes, columns) };
  return makeTable('readParquet', columns, rows.length, typedCells, table);
}

/** The types of all columns: of those that the file doesn't tell from their values. */
function completed(
  names: readonly string[],
  told: ColumnTypes,
  columns: ReadonlyMap<string, readonly unknown[]>,
): ColumnTypes {
  const typeOf = (name: string): ColumnType => {
    const values = columns.get(name) ?? [];
    const type = told[name];
    // integers have no NaN
    if (type !== undefined && type !== 'bool' && values.includes(undefined as never)) return 'float64';
    const inferred = type ?? typedCells.infer(values);
    if (inferred !== undefined) return inferred;
    throw new SerializationError(
      `readParquet: column '${name}' holds neither numbers nor strings alone; name the columns that are wanted`,
    );
  };
  return Object.fromEntries(names.map((name) => [name, typeOf(name)]));
}

interface Description {
  readonly metadata: FileMetaData;
  readonly types: Map<string, ColumnType | undefined>;
  readonly numRows: number;
}

async function describeFile(file: ParquetFile): Promise<Description> {
  const metadata = await parquetMetadataAsync(file);
  const types = new Map<string, ColumnType | undefined>();
  const paths: string[] = [];
  /** The columns of the tree, which stands in depth-first order; gives the place after this one. */
  const walk = (at: number, above: readonly string[]): number => {
    if (at >= metadata.schema.length) throw new Error('the schema names more columns than it has');
    const { name, type, converted_type, logical_type, num_children } = metadata.schema[at];
    const path = [...above, name];
    if (above.length === 0) {
      const plain = !num_children && converted_type === undefined && logical_type === undefined;
      types.set(name, plain && type ? physical[type] : widths[converted_type ?? '']);
    }
    if (!num_children) paths.push(path.join('.'));
    let next = at + 1;
    for (let child = 0; child < (num_children ?? 0); child++) next = walk(next, path);
    return next;
  };
  for (let at = 1; at < metadata.schema.length; ) at = walk(at, []);
  // hyparquet would read columns that its schema doesn't know, and let their errors end the process
  for (const { columns } of metadata.row_groups) {
    const found = columns.map(({ meta_data }) => meta_data?.path_in_schema.join('.'));
    if (found.length !== paths.length || found.some((path, i) => path !== paths[i]))
      throw new Error(`columns ${found.join(', ')} are not those of the schema: ${paths.join(', ')}`);
  }
  if (new Set(paths).size !== paths.length) throw new Error(`two of the columns ${paths.join(', ')} have one name`);
  return { metadata, types, numRows: Number(metadata.num_rows) };
}

function fileOf(source: Uint8Array | ArrayBuffer | ParquetFile): ParquetFile {
  if (source instanceof ArrayBuffer) return source;
  if (source instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = source;
    return {
      byteLength,
      slice: (start, end) => new Uint8Array(buffer, byteOffset, byteLength).slice(start, end).buffer as ArrayBuffer,
    };
  }
  if (typeof source?.byteLength === 'number' && typeof source.slice === 'function') return source;
  throw new ArgumentError(`readParquet: expected the bytes of a file, got ${describe(source)}`);
}

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new SerializationError(`readParquet: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Those of the package for them, if it is installed; hyparquet itself knows Snappy. */
async function loadCompressors(): Promise<Compressors | undefined> {
  try {
    return (await import('hyparquet-compressors')).compressors;
  } catch {
    return undefined;
  }
}
