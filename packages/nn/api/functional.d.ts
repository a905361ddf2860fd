// The API of @tenfold/nn, written by `npm run api` from the built types. Lint compares.
export { EluOptions } from '?';
export { GeluOptions } from '?';
export { HardtanhOptions } from '?';
export { InplaceOptions } from '?';
export { LeakyReluOptions } from '?';
export { ShrinkOptions } from '?';
export { SoftplusOptions } from '?';
export { adaptiveAvgPool1d } from '?';
export { adaptiveAvgPool2d } from '?';
export { adaptiveAvgPool3d } from '?';
export { adaptiveMaxPool1d } from '?';
export { adaptiveMaxPool2d } from '?';
export { adaptiveMaxPool3d } from '?';
export { affineGrid } from '?';
export { avgPool1d } from '?';
export { avgPool2d } from '?';
export { avgPool3d } from '?';
export { batchNorm } from '?';
export { binaryCrossEntropy } from '?';
export { binaryCrossEntropyWithLogits } from '?';
export { celu } from '?';
export { channelShuffle } from '?';
export { conv1d } from '?';
export { conv2d } from '?';
export { conv3d } from '?';
export { convTranspose1d } from '?';
export { convTranspose2d } from '?';
export { convTranspose3d } from '?';
export { crossEntropy } from '?';
export { elu } from '?';
export { fold } from '?';
export { gelu } from '?';
export { gridSample } from '?';
export { groupNorm } from '?';
export { hardshrink } from '?';
export { hardsigmoid } from '?';
export { hardswish } from '?';
export { hardtanh } from '?';
export { huberLoss } from '?';
export { instanceNorm } from '?';
export { interpolate } from '?';
export { l1Loss } from '?';
export { layerNorm } from '?';
export { leakyRelu } from '?';
export { logSoftmax } from '?';
export { logsigmoid } from '?';
export { lpPool1d } from '?';
export { lpPool2d } from '?';
export { lpPool3d } from '?';
export { maxPool1d } from '?';
export { maxPool2d } from '?';
export { maxPool3d } from '?';
export { maxUnpool1d } from '?';
export { maxUnpool2d } from '?';
export { maxUnpool3d } from '?';
export { mish } from '?';
export { mseLoss } from '?';
export { nllLoss } from '?';
export { oneHot } from '?';
export { pad } from '?';
export { pdist } from '?';
export { pixelShuffle } from '?';
export { pixelUnshuffle } from '?';
export { relu6 } from '?';
export { rmsNorm } from '?';
export { scaledDotProductAttention } from '?';
export { selu } from '?';
export { silu } from '?';
export { smoothL1Loss } from '?';
export { softmax } from '?';
export { softplus } from '?';
export { softshrink } from '?';
export { threshold } from '?';
export { unfold } from '?';
export interface CosineSimilarityOptions {
    dim?: number;
    eps?: number;
}
export interface CtcLossOptions extends LossOptions {
    blank?: number;
    zeroInfinity?: boolean;
}
export interface DropoutOptions {
    generator?: Generator | undefined;
    inplace?: boolean;
    training?: boolean;
}
export interface EmbeddingBagOptions extends EmbeddingOptions {
    includeLastOffset?: boolean;
    mode?: 'max' | 'mean' | 'sum';
    perSampleWeights?: Tensor | null;
}
export interface EmbeddingOptions {
    maxNorm?: null | number;
    normType?: number;
    paddingIdx?: null | number;
    scaleGradByFreq?: boolean;
}
export interface FractionalMaxPoolOptions {
    generator?: Generator | undefined;
    outputRatio?: PerDim | null;
    outputSize?: PerDim | null;
    randomSamples?: Tensor | null;
    returnIndices?: boolean;
}
export interface GaussianNllLossOptions extends LossOptions {
    eps?: number;
    full?: boolean;
}
export interface GumbelSoftmaxOptions {
    dim?: number;
    generator?: Generator;
    hard?: boolean;
    tau?: number;
}
export interface KlDivOptions {
    logTarget?: boolean;
    reduction?: 'batchmean' | Reduction;
}
export type Lengths = Tensor | number | readonly number[];
export interface LocalResponseNormOptions {
    alpha?: number;
    beta?: number;
    k?: number;
}
export interface MarginLossOptions extends LossOptions {
    margin?: number;
}
export interface MultiLabelSoftMarginLossOptions extends LossOptions {
    weight?: Tensor | null;
}
export interface MultiMarginLossOptions extends LossOptions {
    margin?: number;
    p?: 1 | 2;
    weight?: Tensor | null;
}
export interface NormalizeOptions {
    dim?: number;
    eps?: number;
    p?: number;
}
export interface PairwiseDistanceOptions {
    eps?: number;
    keepdim?: boolean;
    p?: number;
}
export interface PoissonNllLossOptions extends LossOptions {
    eps?: number;
    full?: boolean;
    logInput?: boolean;
}
export interface RreluOptions extends InplaceOptions {
    generator?: Generator;
    lower?: number;
    training?: boolean;
    upper?: number;
}
export interface TripletMarginLossOptions extends LossOptions {
    eps?: number;
    margin?: number;
    p?: number;
    swap?: boolean;
}
export interface TripletMarginWithDistanceLossOptions extends LossOptions {
    distanceFunction?: ((x1: Tensor, x2: Tensor) => Tensor) | null;
    margin?: number;
    swap?: boolean;
}
export declare const alphaDropout: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
export declare function bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
export declare function cosineEmbeddingLoss(x1: Tensor, x2: Tensor, target: Tensor, options?: MarginLossOptions): Tensor;
export declare function cosineSimilarity(x1: Tensor, x2: Tensor, options?: CosineSimilarityOptions): Tensor;
export declare function ctcLoss(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths, options?: CtcLossOptions): Tensor;
export declare const dropout: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
export declare function dropout1d(input: Tensor, p?: number, options?: DropoutOptions): Tensor;
export declare const dropout2d: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
export declare function dropout3d(input: Tensor, p?: number, options?: DropoutOptions): Tensor;
export declare function embedding(input: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor;
export declare function embeddingBag(input: Tensor, weight: Tensor, offsets?: Tensor | null, options?: EmbeddingBagOptions): Tensor;
export declare const featureAlphaDropout: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
export declare const fractionalMaxPool2d: FractionalMaxPool;
export declare const fractionalMaxPool3d: FractionalMaxPool;
export declare function gaussianNllLoss(input: Tensor, target: Tensor, variance: Tensor | number, options?: GaussianNllLossOptions): Tensor;
export declare function glu(input: Tensor, dim?: number): Tensor;
export declare function gumbelSoftmax(logits: Tensor, options?: GumbelSoftmaxOptions): Tensor;
export declare function hingeEmbeddingLoss(input: Tensor, target: Tensor, options?: MarginLossOptions): Tensor;
export declare function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor;
export declare function linear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
export declare function localResponseNorm(input: Tensor, size: number, options?: LocalResponseNormOptions): Tensor;
export declare function marginRankingLoss(x1: Tensor, x2: Tensor, target: Tensor, options?: MarginLossOptions): Tensor;
export declare function multiMarginLoss(input: Tensor, target: Tensor, options?: MultiMarginLossOptions): Tensor;
export declare function multilabelMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor;
export declare function multilabelSoftMarginLoss(input: Tensor, target: Tensor, options?: MultiLabelSoftMarginLossOptions): Tensor;
export declare function normalize(input: Tensor, options?: NormalizeOptions): Tensor;
export declare function pairwiseDistance(x1: Tensor, x2: Tensor, options?: PairwiseDistanceOptions): Tensor;
export declare function poissonNllLoss(input: Tensor, target: Tensor, options?: PoissonNllLossOptions): Tensor;
export declare function prelu(input: Tensor, weight: Tensor): Tensor;
export declare function relu(input: Tensor, options?: InplaceOptions): Tensor;
export declare function rrelu(input: Tensor, options?: RreluOptions): Tensor;
export declare const sigmoid: (input: Tensor) => Tensor;
export declare function softMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor;
export declare function softmin(input: Tensor, dim: number): Tensor;
export declare function softsign(input: Tensor): Tensor;
export declare const tanh: (input: Tensor) => Tensor;
export declare function tanhshrink(input: Tensor): Tensor;
export declare function tripletMarginLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginLossOptions): Tensor;
export declare function tripletMarginWithDistanceLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginWithDistanceLossOptions): Tensor;

// not exported, but named above
type FractionalMaxPool = {
    (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions & {
        returnIndices: true;
    }): MaxPooled;
    (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions & {
        returnIndices?: false;
    }): Tensor;
};
