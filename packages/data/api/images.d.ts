// The API of @tenfold/data, written by `npm run api` from the built types. Lint compares.
export interface DecodeOptions {
    maxPixels?: number;
    mode?: ImageMode;
}
export declare class ImageFolder implements Dataset<[
    Tensor,
    bigint
]> {
    readonly classes: readonly string[];
    get(index: number): Promise<[
        Tensor,
        bigint
    ]>;
    get length(): number;
    readonly samples: readonly (readonly [
        path: string,
        index: number
    ])[];
}
export interface ImageFolderOptions extends DecodeOptions {
    extensions?: readonly string[];
}
export type ImageMode = 'GRAY' | 'RGB' | 'RGB_ALPHA' | 'UNCHANGED';
export declare function decodeImage(bytes: Uint8Array, options?: DecodeOptions): Promise<Tensor>;
export declare function imageFolder(root: URL | string, options?: ImageFolderOptions): Promise<ImageFolder>;

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
