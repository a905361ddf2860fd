// The API of @tenfold/data, written by `npm run api` from the built types. Lint compares.
export interface AnyColumns {
    readonly [name: string]: Tensor | string[];
}
export type ColumnType = 'string' | DType;
export interface ColumnTypes {
    readonly [name: string]: ColumnType;
}
export type ParquetFile = AsyncBuffer;
export interface ParquetOptions<C extends ColumnTypes> extends TableOptions<C> {
    rowEnd?: number;
    rowStart?: number;
}
export type Row<C> = {
    [K in keyof C]: C[K] extends Tensor ? Tensor : C[K] extends string[] ? string : Tensor | string;
};
export declare class Table<C extends object = AnyColumns> implements Dataset<Row<C>> {
    readonly columns: C;
    get(index: number): Row<C>;
    getBatch(indices: readonly number[]): Collated<Row<C>>;
    readonly length: number;
}
export type TableColumns<C extends ColumnTypes> = {
    [K in keyof C]: C[K] extends 'string' ? string[] : Tensor;
};
export interface TableOptions<C extends ColumnTypes> {
    columns?: C;
    device?: string;
}
export declare function readParquet(source: ArrayBuffer | ParquetFile | Uint8Array, options?: Omit<ParquetOptions<never>, 'columns'>): Promise<Table<AnyColumns>>;
export declare function readParquet<const C extends ColumnTypes>(source: ArrayBuffer | ParquetFile | Uint8Array, options: ParquetOptions<C>): Promise<Table<TableColumns<C>>>;

// not exported, but named above
type Collated<T> = 0 extends 1 & T ? any : [
    T
] extends [
    NumericArray | Tensor | bigint | boolean | number
] ? Tensor : [
    T
] extends [
    string
] ? T[] : [
    T
] extends [
    readonly unknown[]
] ? {
    -readonly [K in keyof T]: Collated<T[K]>;
} : [
    T
] extends [
    object
] ? {
    -readonly [K in keyof T]: Collated<T[K]>;
} : never;
interface Dataset<T> {
    get(index: number, generator?: Generator): Promise<T> | T;
    getBatch?(indices: readonly number[]): Collated<T> | Promise<Collated<T>>;
    readonly length: number;
}
