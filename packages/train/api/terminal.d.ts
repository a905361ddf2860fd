// The API of @tenfold/train, written by `npm run api` from the built types. Lint compares.
export interface ConfusionMatrixTextOptions {
    labels?: readonly string[] | undefined;
    title?: string | undefined;
}
export interface HistogramLike {
    readonly counts: ArrayLike<number>;
    readonly edges: ArrayLike<number>;
}
export interface HistogramTextOptions {
    height?: number | undefined;
    title?: string | undefined;
    width?: number | undefined;
}
export interface LossCurveTextOptions {
    color?: boolean | undefined;
    height?: number | undefined;
    log?: boolean | undefined;
    title?: string | undefined;
    width?: number | undefined;
}
export type MatrixLike = readonly (readonly number[])[];
export type Series = Float32Array | Float64Array | readonly (readonly [
    x: number,
    y: number
])[] | readonly number[];
export type SeriesSet = Series | {
    readonly [name: string]: Series;
};
export declare function confusionMatrix(matrix: MatrixLike, options?: ConfusionMatrixTextOptions): string;
export declare function histogram(values: HistogramLike, options?: HistogramTextOptions): string;
export declare function lossCurve(series: SeriesSet, options?: LossCurveTextOptions): string;
