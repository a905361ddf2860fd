// The API of @tenfold/nn, written by `npm run api` from the built types. Lint compares.
export interface DiracOptions {
    groups?: number;
}
export interface DrawOptions {
    generator?: Generator;
}
export interface GainOptions extends DrawOptions {
    gain?: number;
}
export interface KaimingOptions extends DrawOptions {
    a?: number;
    mode?: 'fan_in' | 'fan_out';
    nonlinearity?: Nonlinearity;
}
export type Nonlinearity = 'conv1d' | 'conv2d' | 'conv3d' | 'conv_transpose1d' | 'conv_transpose2d' | 'conv_transpose3d' | 'leaky_relu' | 'linear' | 'relu' | 'selu' | 'sigmoid' | 'tanh';
export interface SparseOptions extends DrawOptions {
    std?: number;
}
export interface TruncNormalOptions extends DrawOptions {
    a?: number;
    b?: number;
    mean?: number;
    std?: number;
}
export declare function calculateFanInAndFanOut(x: Tensor): [
    fanIn: number,
    fanOut: number
];
export declare function calculateGain(nonlinearity: Nonlinearity, param?: null | number): number;
export declare function constant_(x: Tensor, value: number): Tensor;
export declare function dirac_(x: Tensor, options?: DiracOptions): Tensor;
export declare function eye_(x: Tensor): Tensor;
export declare function kaimingNormal_(x: Tensor, options?: KaimingOptions): Tensor;
export declare function kaimingUniform_(x: Tensor, options?: KaimingOptions): Tensor;
export declare function normal_(x: Tensor, mean?: number, std?: number, options?: DrawOptions): Tensor;
export declare function ones_(x: Tensor): Tensor;
export declare function orthogonal_(x: Tensor, options?: GainOptions): Tensor;
export declare function sparse_(x: Tensor, sparsity: number, options?: SparseOptions): Tensor;
export declare namespace t {
    export { DiracOptions, DrawOptions, GainOptions, KaimingOptions, Nonlinearity, SparseOptions, TruncNormalOptions, calculateFanInAndFanOut, calculateGain, constant_, dirac_, eye_, kaimingNormal_, kaimingUniform_, normal_, ones_, orthogonal_, sparse_, truncNormal_, uniform_, xavierNormal_, xavierUniform_, zeros_ };
}
export declare function truncNormal_(x: Tensor, options?: TruncNormalOptions): Tensor;
export declare function uniform_(x: Tensor, a?: number, b?: number, options?: DrawOptions): Tensor;
export declare function xavierNormal_(x: Tensor, options?: GainOptions): Tensor;
export declare function xavierUniform_(x: Tensor, options?: GainOptions): Tensor;
export declare function zeros_(x: Tensor): Tensor;
