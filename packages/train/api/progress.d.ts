// The API of @tenfold/train, written by `npm run api` from the built types. Lint compares.
export interface Computable {
    compute(): Tensor;
}
export declare class ProgressBar<T> implements AsyncIterable<T>, Iterable<T> {
    [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
    [Symbol.iterator](): Generator<T, void, undefined>;
    log(text: string): void;
    set(values: {
        readonly [name: string]: ShownValue;
    }): void;
}
export interface ProgressOptions {
    disable?: boolean | undefined;
    label?: string | undefined;
    leave?: boolean | undefined;
    minInterval?: number | undefined;
    total?: number | undefined;
    unit?: string | undefined;
    write?: ((line: string) => void) | undefined;
}
export interface ProgressStream {
    readonly columns?: number;
    readonly isTTY?: boolean;
    write(text: string): unknown;
}
export type ShownValue = Computable | Tensor | number | string;
export interface TerminalProgressOptions extends ProgressOptions {
    stream?: ProgressStream | undefined;
}
export declare function progress(source: number, options?: TerminalProgressOptions): ProgressBar<number>;
export declare function progress<T>(source: AsyncIterable<T> | Iterable<T>, options?: TerminalProgressOptions): ProgressBar<T>;
