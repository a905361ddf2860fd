// The API of @tenfold/data, written by `npm run api` from the built types. Lint compares.
export interface AffineOptions {
    fill?: number;
    interpolation?: 'bilinear' | 'nearest';
    scale?: number;
    shear?: readonly [
        x: number,
        y: number
    ];
    translate?: readonly [
        x: number,
        y: number
    ];
}
export interface ColorJitterOptions extends RandomTransformOptions {
    brightness?: number | readonly [
        number,
        number
    ];
    contrast?: number | readonly [
        number,
        number
    ];
    saturation?: number | readonly [
        number,
        number
    ];
}
export interface ImageLike {
    readonly data: Uint8Array | Uint8ClampedArray;
    readonly height: number;
    readonly width: number;
}
export type Padding = number | readonly [
    number,
    number
] | readonly [
    number,
    number,
    number,
    number
];
export interface PaddingOptions {
    fill?: number;
    paddingMode?: 'constant' | 'edge' | 'reflect';
}
export interface RandomAffineOptions extends RandomRotationOptions {
    scale?: readonly [
        number,
        number
    ];
    shear?: number | readonly [
        number,
        number
    ];
    translate?: readonly [
        x: number,
        y: number
    ];
}
export interface RandomCropOptions extends PaddingOptions, RandomTransformOptions {
    padIfNeeded?: boolean;
    padding?: Padding;
}
export interface RandomErasingOptions extends RandomTransformOptions {
    p?: number;
    ratio?: readonly [
        number,
        number
    ];
    scale?: readonly [
        number,
        number
    ];
    value?: 'random' | number | readonly number[];
}
export interface RandomRotationOptions extends RandomTransformOptions, Pick<AffineOptions, 'fill' | 'interpolation'> {
}
export interface RandomTransformOptions {
    generator?: Generator | undefined;
}
export interface ResizeOptions {
    antialias?: boolean;
    interpolation?: 'bicubic' | 'bilinear' | 'nearest';
}
export type Transform<A = Tensor, B = A> = (input: A, generator?: Generator) => B;
export declare const adjustBrightness: (factor: number) => Transform;
export declare const adjustContrast: (factor: number) => Transform;
export declare const adjustSaturation: (factor: number) => Transform;
export declare function affine(angle: number, options?: AffineOptions): Transform;
export declare function centerCrop(size: number | readonly [
    number,
    number
]): Transform;
export declare function colorJitter(options: ColorJitterOptions): Transform;
export declare function compose<A, B>(transforms: readonly [
    Transform<A, B>,
    ...Transform<B>[]
]): Transform<A, B>;
export declare function compose<A = Tensor>(transforms: readonly Transform<A>[]): Transform<A>;
export declare function convertImageDtype(dtype: DType): Transform;
export declare function lambda<A, B>(fn: Transform<A, B>): Transform<A, B>;
export declare function normalize(mean: readonly number[], std: readonly number[]): Transform;
export declare function padImage(padding: Padding, options?: PaddingOptions): Transform;
export declare function randomAffine(degrees: number | readonly [
    number,
    number
], options?: RandomAffineOptions): Transform;
export declare function randomApply(transform: Transform, options?: RandomTransformOptions & {
    p?: number;
}): Transform;
export declare function randomCrop(size: number | readonly [
    number,
    number
], options?: RandomCropOptions): Transform;
export declare function randomErasing(options?: RandomErasingOptions): Transform;
export declare const randomHorizontalFlip: (p?: number, options?: RandomTransformOptions) => Transform;
export declare function randomRotation(degrees: number | readonly [
    number,
    number
], options?: RandomRotationOptions): Transform;
export declare const randomVerticalFlip: (p?: number, options?: RandomTransformOptions) => Transform;
export declare function resize(size: number | readonly [
    number,
    number
], options?: ResizeOptions): Transform;
export declare const rotate: (angle: number, options?: Pick<AffineOptions, "fill" | "interpolation">) => Transform;
export declare function toTensor(): Transform<ImageLike, Tensor>;
