// The API of @tenfold/train, written by `npm run api` from the built types. Lint compares.
export interface ConfusionMatrixPictureOptions extends PictureOptions {
    labels?: readonly string[] | undefined;
}
export interface HistogramLike {
    readonly counts: ArrayLike<number>;
    readonly edges: ArrayLike<number>;
}
export interface HistogramPictureOptions extends PictureOptions {
    log?: boolean | undefined;
    xLabel?: string | undefined;
}
export interface LossCurveOptions extends PictureOptions {
    log?: boolean | undefined;
    smoothing?: number | undefined;
    xLabel?: string | undefined;
    yLabel?: string | undefined;
}
export type MatrixLike = readonly (readonly number[])[];
export interface PictureOptions {
    height?: number | undefined;
    theme?: 'auto' | 'dark' | 'light' | undefined;
    title?: string | undefined;
    width?: number | undefined;
}
export type Series = Float32Array | Float64Array | readonly (readonly [
    x: number,
    y: number
])[] | readonly number[];
export type SeriesSet = Series | {
    readonly [name: string]: Series;
};
export declare function confusionMatrix(matrix: MatrixLike, options?: ConfusionMatrixPictureOptions): string;
export declare function histogram(values: HistogramLike, options?: HistogramPictureOptions): string;
export declare function lossCurve(series: SeriesSet, options?: LossCurveOptions): string;
