// The API of @tenfold/nn, written by `npm run api` from the built types. Lint compares.
export declare class AdaptiveAvgPool1d extends AdaptivePool {
    constructor(outputSize: OutputSize);
    forward(input: Tensor): Tensor;
}
export declare class AdaptiveAvgPool2d extends AdaptivePool {
    constructor(outputSize: OutputSize);
    forward(input: Tensor): Tensor;
}
export declare class AdaptiveAvgPool3d extends AdaptivePool {
    constructor(outputSize: OutputSize);
    forward(input: Tensor): Tensor;
}
export declare class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
    constructor(outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & {
        returnIndices?: Indices;
    });
    forward(input: Tensor): Pooled<Indices>;
}
export declare class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
    constructor(outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & {
        returnIndices?: Indices;
    });
    forward(input: Tensor): Pooled<Indices>;
}
export declare class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
    constructor(outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & {
        returnIndices?: Indices;
    });
    forward(input: Tensor): Pooled<Indices>;
}
export declare class AlphaDropout extends DropoutBase {
    constructor(p?: number, options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class AvgPool1d extends AvgPoolNd {
    constructor(kernelSize: PerDim, options?: AvgPool1dOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class AvgPool2d extends DividedAvgPool {
    constructor(kernelSize: PerDim, options?: AvgPoolOptions);
    forward(input: Tensor): Tensor;
}
export declare class AvgPool3d extends DividedAvgPool {
    constructor(kernelSize: PerDim, options?: AvgPoolOptions);
    forward(input: Tensor): Tensor;
}
export declare class BCELoss extends WeightedLoss {
    constructor(options?: BinaryCrossEntropyOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class BCEWithLogitsLoss extends WeightedLoss {
    constructor(options?: BinaryCrossEntropyWithLogitsOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    get posWeight(): Tensor | null;
}
export type BackwardHook<M extends Module = Module> = (module: M, gradInput: Gradients, gradOutput: Gradients) => Gradients | null | undefined | void;
export type BackwardPreHook<M extends Module = Module> = (module: M, gradOutput: Gradients) => Gradients | null | undefined | void;
export declare class BatchNorm1d extends BatchNorm {
    protected readonly dims: number[];
}
export declare class BatchNorm2d extends BatchNorm {
    protected readonly dims: number[];
}
export declare class BatchNorm3d extends BatchNorm {
    protected readonly dims: number[];
}
export interface BatchNormLayerOptions extends PlaceOptions {
    affine?: boolean;
    eps?: number;
    momentum?: null | number;
    trackRunningStats?: boolean;
}
export declare class Bilinear extends Module {
    constructor(in1Features: number, in2Features: number, outFeatures: number, options?: LinearOptions);
    readonly bias: Parameter | null;
    extraRepr(): string;
    forward(input1: Tensor, input2: Tensor): Tensor;
    readonly in1Features: number;
    readonly in2Features: number;
    readonly outFeatures: number;
    resetParameters(): void;
    readonly weight: Parameter;
}
export interface BufferOptions {
    persistent?: boolean;
}
export declare class CELU extends Exponential {
    forward(input: Tensor): Tensor;
}
export declare class CTCLoss extends Loss {
    constructor(options?: CtcLossOptions);
    readonly blank: number;
    forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor;
    readonly zeroInfinity: boolean;
}
export declare class ChannelShuffle extends Module {
    constructor(groups: number);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly groups: number;
}
export declare class CircularPad1d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class CircularPad2d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class CircularPad3d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ConstantPad1d extends ConstantPadNd {
    constructor(padding: Padding, value: number);
}
export declare class ConstantPad2d extends ConstantPadNd {
    constructor(padding: Padding, value: number);
}
export declare class ConstantPad3d extends ConstantPadNd {
    constructor(padding: Padding, value: number);
}
export declare class Conv1d extends ConvNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions);
    forward(input: Tensor): Tensor;
}
export declare class Conv2d extends ConvNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions);
    forward(input: Tensor): Tensor;
}
export declare class Conv3d extends ConvNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions);
    forward(input: Tensor): Tensor;
}
export interface ConvLayerOptions extends ConvOptions, ParameterOptions {
    paddingMode?: ConvPaddingMode;
}
export type ConvPaddingMode = 'circular' | 'reflect' | 'replicate' | 'zeros';
export declare class ConvTranspose1d extends ConvTransposeNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions);
    forward(input: Tensor, options?: ConvTransposeForwardOptions): Tensor;
}
export declare class ConvTranspose2d extends ConvTransposeNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions);
    forward(input: Tensor, options?: ConvTransposeForwardOptions): Tensor;
}
export declare class ConvTranspose3d extends ConvTransposeNd {
    constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions);
    forward(input: Tensor, options?: ConvTransposeForwardOptions): Tensor;
}
export interface ConvTransposeForwardOptions {
    outputSize?: null | readonly number[];
}
export interface ConvTransposeLayerOptions extends ConvTransposeOptions, ParameterOptions {
    paddingMode?: 'zeros';
}
export declare class Copier {
    copy<T>(value: T): T;
    copyProperties(from: object, to: object, except?: readonly string[]): void;
    remember(original: object, copy: object): void;
}
export declare class CosineEmbeddingLoss extends MarginLoss {
    constructor(options?: MarginLossOptions);
    forward(x1: Tensor, x2: Tensor, target: Tensor): Tensor;
}
export declare class CosineSimilarity extends Module {
    constructor(options?: CosineSimilarityOptions);
    readonly dim: number;
    readonly eps: number;
    forward(x1: Tensor, x2: Tensor): Tensor;
}
export interface CosineSimilarityOptions {
    dim?: number;
    eps?: number;
}
export declare class CrossEntropyLoss extends WeightedLoss {
    constructor(options?: CrossEntropyOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    readonly ignoreIndex: number;
    readonly labelSmoothing: number;
}
export interface CtcLossOptions extends LossOptions {
    blank?: number;
    zeroInfinity?: boolean;
}
export interface CustomEncoder extends Module {
    forward(src: Tensor, options?: TransformerEncoderForwardOptions): Tensor;
}
export interface DecoderLayer extends Module {
    forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderForwardOptions): Tensor;
}
export declare class Dropout extends DropoutBase {
    constructor(p?: number, options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class Dropout1d extends DropoutBase {
    constructor(p?: number, options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class Dropout2d extends DropoutBase {
    constructor(p?: number, options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class Dropout3d extends DropoutBase {
    constructor(p?: number, options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export interface DropoutOptions {
    generator?: Generator | undefined;
    inplace?: boolean;
    training?: boolean;
}
export declare class ELU extends Exponential {
    forward(input: Tensor): Tensor;
}
export declare class Embedding extends Table {
    constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingLayerOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    static fromPretrained(embeddings: Tensor, options?: PretrainedEmbeddingOptions): Embedding;
}
export declare class EmbeddingBag extends Table {
    constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingBagLayerOptions);
    extraRepr(): string;
    forward(input: Tensor, offsets?: Tensor | null, perSampleWeights?: Tensor | null): Tensor;
    static fromPretrained(embeddings: Tensor, options?: PretrainedEmbeddingBagOptions): EmbeddingBag;
    readonly includeLastOffset: boolean;
    readonly mode: 'max' | 'mean' | 'sum';
}
export interface EmbeddingBagLayerOptions extends EmbeddingLayerOptions, BagOptions {
}
export interface EmbeddingLayerOptions extends Omit<PretrainedEmbeddingOptions, 'freeze'> {
    _weight?: Tensor | null;
    device?: string;
    dtype?: DType;
}
export interface EmbeddingOptions {
    maxNorm?: null | number;
    normType?: number;
    paddingIdx?: null | number;
    scaleGradByFreq?: boolean;
}
export interface EncoderLayer extends Module {
    forward(src: Tensor, options?: TransformerEncoderLayerForwardOptions): Tensor;
}
export declare namespace F {
    export { CosineSimilarityOptions, CtcLossOptions, DropoutOptions, EluOptions, EmbeddingBagOptions, EmbeddingOptions, FractionalMaxPoolOptions, GaussianNllLossOptions, GeluOptions, GumbelSoftmaxOptions, HardtanhOptions, InplaceOptions$1 as InplaceOptions, KlDivOptions, LeakyReluOptions, Lengths, LocalResponseNormOptions, MarginLossOptions, MultiLabelSoftMarginLossOptions, MultiMarginLossOptions, NormalizeOptions, PairwiseDistanceOptions, PoissonNllLossOptions, RreluOptions, ShrinkOptions, SoftplusOptions, TripletMarginLossOptions, TripletMarginWithDistanceLossOptions, adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d, affineGrid, alphaDropout, avgPool1d, avgPool2d$1 as avgPool2d, avgPool3d, batchNorm, bilinear, binaryCrossEntropy, binaryCrossEntropyWithLogits, celu, channelShuffle, conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, cosineEmbeddingLoss, cosineSimilarity, crossEntropy, ctcLoss, dropout as dropout, dropout1d, dropout2d, dropout3d, elu, embedding, embeddingBag, featureAlphaDropout, fold, fractionalMaxPool2d, fractionalMaxPool3d, gaussianNllLoss, gelu, glu, gridSample, groupNorm, gumbelSoftmax, hardshrink, hardsigmoid, hardswish, hardtanh, hingeEmbeddingLoss, huberLoss, instanceNorm, interpolate, klDiv, l1Loss, layerNorm, leakyRelu, linear, localResponseNorm, logSoftmax, logsigmoid$1 as logsigmoid, lpPool1d, lpPool2d, lpPool3d, marginRankingLoss, maxPool1d, maxPool2d, maxPool3d, maxUnpool1d, maxUnpool2d, maxUnpool3d, mish, mseLoss, multiMarginLoss, multilabelMarginLoss, multilabelSoftMarginLoss, nllLoss, normalize, oneHot, pad$1 as pad, pairwiseDistance, pdist, pixelShuffle, pixelUnshuffle, poissonNllLoss, prelu, relu, relu6, rmsNorm, rrelu, scaledDotProductAttention, selu, sigmoid, silu, smoothL1Loss, softMarginLoss, softmax, softmin, softplus$1 as softplus, softshrink, softsign, tanh, tanhshrink, threshold, tripletMarginLoss, tripletMarginWithDistanceLoss, unfold };
}
export declare class FeatureAlphaDropout extends DropoutBase {
    constructor(p?: number, options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class Flatten extends Module {
    constructor(startDim?: number, endDim?: number);
    readonly endDim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly startDim: number;
}
export declare class Fold extends Columns {
    constructor(outputSize: PerDim, kernelSize: PerDim, options?: ColumnsOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly outputSize: PerDim;
}
export type ForwardHook<M extends Module = Module> = (module: M, args: readonly unknown[], output: unknown) => unknown;
export interface ForwardHookOptions extends HookOptions {
    alwaysCall?: boolean;
}
export type ForwardPreHook<M extends Module = Module> = (module: M, args: readonly unknown[]) => unknown;
export type ForwardWrapper<M extends Module = Module> = (module: M, args: readonly unknown[], next: (...args: readonly unknown[]) => unknown) => unknown;
export declare class FractionalMaxPool2d<Indices extends boolean = false> extends FractionalMaxPoolNd<Indices> {
    constructor(kernelSize: PerDim, options: FractionalMaxPoolLayerOptions<Indices>);
    forward(input: Tensor): Pooled<Indices>;
}
export declare class FractionalMaxPool3d<Indices extends boolean = false> extends FractionalMaxPoolNd<Indices> {
    constructor(kernelSize: PerDim, options: FractionalMaxPoolLayerOptions<Indices>);
    forward(input: Tensor): Pooled<Indices>;
}
export type FractionalMaxPoolLayerOptions<Indices extends boolean> = Omit<FractionalMaxPoolOptions, 'generator'> & {
    returnIndices?: Indices;
};
export interface FractionalMaxPoolOptions {
    generator?: Generator | undefined;
    outputRatio?: PerDim | null;
    outputSize?: PerDim | null;
    randomSamples?: Tensor | null;
    returnIndices?: boolean;
}
export declare class GELU extends Module {
    constructor(options?: GeluOptions);
    readonly approximate: 'none' | 'tanh';
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class GLU extends Module {
    constructor(dim?: number);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class GRU extends RecurrentLayer {
    constructor(inputSize: number, hiddenSize: number, options?: RecurrentOptions);
    forward(input: Tensor, hx?: Tensor | null): [
        output: Tensor,
        h: Tensor
    ];
    forward(input: PackedSequence, hx?: Tensor | null): [
        output: PackedSequence,
        h: Tensor
    ];
    protected get kind(): CellKind;
}
export declare class GRUCell extends RecurrentCell {
    constructor(inputSize: number, hiddenSize: number, options?: RecurrentCellOptions);
    forward(input: Tensor, hx?: Tensor | null): Tensor;
    protected get kind(): CellKind;
}
export declare class GaussianNLLLoss extends Loss {
    constructor(options?: GaussianNllLossOptions);
    readonly eps: number;
    forward(input: Tensor, target: Tensor, variance: Tensor | number): Tensor;
    readonly full: boolean;
}
export interface GaussianNllLossOptions extends LossOptions {
    eps?: number;
    full?: boolean;
}
export type Gradients = readonly (Tensor | null)[];
export declare class GroupNorm extends Module {
    constructor(numGroups: number, numChannels: number, options?: GroupNormLayerOptions);
    readonly affine: boolean;
    readonly bias: Parameter | null;
    readonly eps: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly numChannels: number;
    readonly numGroups: number;
    resetParameters(): void;
    readonly weight: Parameter | null;
}
export interface GroupNormLayerOptions extends PlaceOptions {
    affine?: boolean;
    eps?: number;
}
export interface GumbelSoftmaxOptions {
    dim?: number;
    generator?: Generator;
    hard?: boolean;
    tau?: number;
}
export declare class Hardshrink extends Shrink {
    forward(input: Tensor): Tensor;
}
export declare class Hardsigmoid extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class Hardswish extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class Hardtanh extends InplaceActivation {
    constructor(options?: HardtanhOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly maxVal: number;
    readonly minVal: number;
}
export declare class HingeEmbeddingLoss extends MarginLoss {
    constructor(options?: MarginLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export interface HookOptions {
    prepend?: boolean;
}
export declare class HuberLoss extends Loss {
    constructor(options?: HuberLossOptions);
    readonly delta: number;
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class Identity extends Module {
    constructor(..._ignored: readonly unknown[]);
    forward<T>(input: T): T;
}
export declare class InstanceNorm1d extends InstanceNorm {
    protected readonly positions = 1;
}
export declare class InstanceNorm2d extends InstanceNorm {
    protected readonly positions = 2;
}
export declare class InstanceNorm3d extends InstanceNorm {
    protected readonly positions = 3;
}
export interface InstanceNormLayerOptions extends PlaceOptions {
    affine?: boolean;
    eps?: number;
    momentum?: null | number;
    trackRunningStats?: boolean;
}
export declare class KLDivLoss extends Module {
    constructor(options?: KlDivOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    readonly logTarget: boolean;
    readonly reduction: 'batchmean' | Reduction;
}
export declare class KVCache extends Module {
    constructor(batchSize: number, maxSeqLen: number, numKvHeads: number, headDim: number, options?: KVCacheOptions);
    readonly batchSize: number;
    forward(keys: Tensor, values: Tensor): [
        keys: Tensor,
        values: Tensor
    ];
    readonly headDim: number;
    readonly k_cache: Tensor;
    readonly maxSeqLen: number;
    readonly numKvHeads: number;
    reset(): void;
    size: number;
    update(keys: Tensor, values: Tensor): [
        keys: Tensor,
        values: Tensor
    ];
    readonly v_cache: Tensor;
}
export interface KVCacheOptions {
    device?: string;
    dtype?: DType;
}
export interface KlDivOptions {
    logTarget?: boolean;
    reduction?: 'batchmean' | Reduction;
}
export declare class L1Loss extends Loss {
    constructor(options?: LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class LPPool1d extends LPPoolNd {
    constructor(normType: number, kernelSize: PerDim, options?: LpPoolOptions);
    forward(input: Tensor): Tensor;
}
export declare class LPPool2d extends LPPoolNd {
    constructor(normType: number, kernelSize: PerDim, options?: LpPoolOptions);
    forward(input: Tensor): Tensor;
}
export declare class LPPool3d extends LPPoolNd {
    constructor(normType: number, kernelSize: PerDim, options?: LpPoolOptions);
    forward(input: Tensor): Tensor;
}
export declare class LSTM extends RecurrentLayer {
    constructor(inputSize: number, hiddenSize: number, options?: LSTMOptions);
    forward(input: Tensor, hx?: null | readonly [
        Tensor,
        Tensor
    ]): [
        output: Tensor,
        state: [
            h: Tensor,
            c: Tensor
        ]
    ];
    forward(input: PackedSequence, hx?: null | readonly [
        Tensor,
        Tensor
    ]): [
        output: PackedSequence,
        state: [
            h: Tensor,
            c: Tensor
        ]
    ];
    protected get kind(): CellKind;
}
export declare class LSTMCell extends RecurrentCell {
    constructor(inputSize: number, hiddenSize: number, options?: RecurrentCellOptions);
    forward(input: Tensor, hx?: null | readonly [
        Tensor,
        Tensor
    ]): [
        h: Tensor,
        c: Tensor
    ];
    protected get kind(): CellKind;
}
export interface LSTMOptions extends RecurrentOptions {
    projSize?: number;
}
export interface Layer extends Module {
    forward(input: Tensor): Tensor;
}
export declare class LayerNorm extends Module {
    constructor(normalizedShape: Shape | number, options?: LayerNormLayerOptions);
    readonly bias: Parameter | null;
    readonly elementwiseAffine: boolean;
    readonly eps: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly normalizedShape: Shape;
    resetParameters(): void;
    readonly weight: Parameter | null;
}
export interface LayerNormLayerOptions extends PlaceOptions {
    bias?: boolean;
    elementwiseAffine?: boolean;
    eps?: number;
}
export declare class LeakyReLU extends InplaceActivation {
    constructor(options?: LeakyReluOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly negativeSlope: number;
}
export type Lengths = Tensor | number | readonly number[];
export declare class Linear extends Module {
    constructor(inFeatures: number, outFeatures: number, options?: LinearOptions);
    readonly bias: Parameter | null;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly inFeatures: number;
    readonly outFeatures: number;
    resetParameters(): void;
    readonly weight: Parameter;
}
export interface LinearOptions {
    bias?: boolean;
    device?: string;
    dtype?: DType;
}
export interface LoadOptions {
    assign?: boolean;
    strict?: boolean;
}
export interface LoadResult {
    readonly missingKeys: string[];
    readonly unexpectedKeys: string[];
}
export type LoadStateDictPostHook<M extends Module = Module> = (module: M, keys: LoadResult) => void;
export type LoadStateDictPreHook<M extends Module = Module> = (module: M, state: StateDict, prefix: string, strict: boolean, missingKeys: string[], unexpectedKeys: string[], errors: string[]) => void;
export declare class LocalResponseNorm extends Module {
    constructor(size: number, options?: LocalResponseNormOptions);
    readonly alpha: number;
    readonly beta: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly k: number;
    readonly size: number;
}
export interface LocalResponseNormOptions {
    alpha?: number;
    beta?: number;
    k?: number;
}
export declare class LogSigmoid extends Module {
    forward(input: Tensor): Tensor;
}
export declare class LogSoftmax extends Module {
    constructor(dim: number);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class MSELoss extends Loss {
    constructor(options?: LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export interface MarginLossOptions extends LossOptions {
    margin?: number;
}
export declare class MarginRankingLoss extends MarginLoss {
    constructor(options?: MarginLossOptions);
    forward(x1: Tensor, x2: Tensor, target: Tensor): Tensor;
}
export declare class MaxPool1d<Indices extends boolean = false> extends MaxPoolNd<Indices> {
    constructor(kernelSize: PerDim, options?: MaxPoolOptions & {
        returnIndices?: Indices;
    });
    forward(input: Tensor): Pooled<Indices>;
}
export declare class MaxPool2d<Indices extends boolean = false> extends MaxPoolNd<Indices> {
    constructor(kernelSize: PerDim, options?: MaxPoolOptions & {
        returnIndices?: Indices;
    });
    forward(input: Tensor): Pooled<Indices>;
}
export declare class MaxPool3d<Indices extends boolean = false> extends MaxPoolNd<Indices> {
    constructor(kernelSize: PerDim, options?: MaxPoolOptions & {
        returnIndices?: Indices;
    });
    forward(input: Tensor): Pooled<Indices>;
}
export declare class MaxUnpool1d extends MaxUnpoolNd {
    constructor(kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>);
    forward(input: Tensor, indices: Tensor, options?: Pick<MaxUnpoolOptions, 'outputSize'>): Tensor;
}
export declare class MaxUnpool2d extends MaxUnpoolNd {
    constructor(kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>);
    forward(input: Tensor, indices: Tensor, options?: Pick<MaxUnpoolOptions, 'outputSize'>): Tensor;
}
export declare class MaxUnpool3d extends MaxUnpoolNd {
    constructor(kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>);
    forward(input: Tensor, indices: Tensor, options?: Pick<MaxUnpoolOptions, 'outputSize'>): Tensor;
}
export declare class Mish extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class ModelSummary {
    readonly forwardBackwardBytes: number;
    readonly forwardBytes: number;
    readonly inputBytes: number;
    readonly multiplyAdds: number;
    get nonTrainableParameters(): number;
    readonly parameterBytes: number;
    readonly rows: readonly SummaryRow[];
    toString(): string;
    get totalBytes(): number;
    readonly totalParameters: number;
    readonly trainableParameters: number;
}
export declare abstract class Module {
    addModule(name: string, module: Module | null): void;
    apply(fn: (module: Module) => void): this;
    bfloat16(): this;
    buffers(): Tensor[];
    protected childLines(): string[];
    children(): Module[];
    cpu(): this;
    deepcopy(copier?: Copier): this;
    double(): this;
    eval(): this;
    extraRepr(): string;
    float(): this;
    abstract forward(...args: never[]): unknown;
    getBuffer(target: string): Tensor;
    getExtraState?(): unknown;
    getParameter(target: string): Parameter;
    getSubmodule(target: string): Module;
    half(): this;
    loadStateDict(state: StateDict, options?: LoadOptions): LoadResult;
    modules(): Module[];
    namedBuffers(prefix?: string): [
        string,
        Tensor
    ][];
    namedChildren(): [
        string,
        Module
    ][];
    namedModules(prefix?: string): [
        string,
        Module
    ][];
    namedParameters(prefix?: string): [
        string,
        Parameter
    ][];
    parameters(): Parameter[];
    registerBuffer(name: string, tensor: Tensor | null, options?: BufferOptions): void;
    registerForwardHook(hook: ForwardHook<this>, options?: ForwardHookOptions): HookHandle;
    registerForwardPreHook(hook: ForwardPreHook<this>, options?: HookOptions): HookHandle;
    registerForwardWrapper(wrapper: ForwardWrapper<this>): HookHandle;
    registerFullBackwardHook(hook: BackwardHook<this>, options?: HookOptions): HookHandle;
    registerFullBackwardPreHook(hook: BackwardPreHook<this>, options?: HookOptions): HookHandle;
    registerLoadStateDictPostHook(hook: LoadStateDictPostHook<this>): HookHandle;
    registerLoadStateDictPreHook(hook: LoadStateDictPreHook<this>): HookHandle;
    registerModule(name: string, module: Module | null): void;
    registerParameter(name: string, parameter: Parameter | null): void;
    registerStateDictPostHook(hook: StateDictPostHook<this>): HookHandle;
    registerStateDictPreHook(hook: StateDictPreHook<this>): HookHandle;
    requiresGrad_(requiresGrad?: boolean): this;
    setExtraState?(state: unknown): void;
    setSubmodule(target: string, module: Module): void;
    stateDict(prefix?: string): StateDict;
    to(target: MoveTarget): this;
    toAsync(target: MoveTarget): Promise<this>;
    toEmpty(options: {
        device: string;
    }): this;
    toString(): string;
    train(mode?: boolean): this;
    training: boolean;
    zeroGrad(options?: ZeroGradOptions): void;
}
export declare class ModuleDict<M extends Module = Module> extends Keyed<M> {
    constructor(modules?: Named<M>);
    entries(): [
        string,
        M
    ][];
    forward(..._args: never[]): unknown;
    set(key: string, module: M): this;
}
export declare class ModuleList<M extends Module = Module> extends Numbered<M> {
    constructor(modules?: Iterable<M>);
    protected childLines(): string[];
    concat(...others: readonly Iterable<M>[]): ModuleList<M>;
    forward(..._args: never[]): unknown;
    slice(start?: number, end?: number): ModuleList<M>;
}
export type MoveTarget = (string & {}) | DType | Tensor | {
    device?: string;
    dtype?: DType;
};
export declare class MultiLabelMarginLoss extends Loss {
    constructor(options?: LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class MultiLabelSoftMarginLoss extends WeightedLoss {
    constructor(options?: MultiLabelSoftMarginLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export interface MultiLabelSoftMarginLossOptions extends LossOptions {
    weight?: Tensor | null;
}
export declare class MultiMarginLoss extends WeightedLoss {
    constructor(options?: MultiMarginLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    readonly margin: number;
    readonly p: 1 | 2;
}
export interface MultiMarginLossOptions extends LossOptions {
    margin?: number;
    p?: 1 | 2;
    weight?: Tensor | null;
}
export declare class MultiheadAttention extends Module {
    constructor(embedDim: number, numHeads: number, options?: MultiheadAttentionOptions);
    readonly addZeroAttn: boolean;
    readonly batchFirst: boolean;
    readonly bias_k: Parameter | null;
    readonly bias_v: Parameter | null;
    readonly dropout: number;
    readonly embedDim: number;
    forward(query: Tensor, key: Tensor, value: Tensor, options?: MultiheadAttentionForwardOptions): [
        output: Tensor,
        weights: Tensor | null
    ];
    readonly headDim: number;
    readonly in_proj_bias: Parameter | null;
    readonly in_proj_weight: Parameter | null;
    readonly k_proj_weight: Parameter | null;
    readonly kdim: number;
    readonly numHeads: number;
    readonly out_proj: Linear;
    readonly q_proj_weight: Parameter | null;
    resetParameters(): void;
    readonly v_proj_weight: Parameter | null;
    readonly vdim: number;
}
export interface MultiheadAttentionForwardOptions {
    attnMask?: Tensor | null;
    averageAttnWeights?: boolean;
    isCausal?: boolean;
    keyPaddingMask?: Tensor | null;
    needWeights?: boolean;
}
export interface MultiheadAttentionOptions {
    addBiasKv?: boolean;
    addZeroAttn?: boolean;
    batchFirst?: boolean;
    bias?: boolean;
    device?: string;
    dropout?: number;
    dtype?: DType;
    kdim?: null | number;
    vdim?: null | number;
}
export declare class NLLLoss extends WeightedLoss {
    constructor(options?: NllLossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
    readonly ignoreIndex: number;
}
export type Named<T> = Iterable<readonly [
    name: string,
    value: T
]> | {
    readonly [name: string]: T;
};
export type Nonlinearity = 'conv1d' | 'conv2d' | 'conv3d' | 'conv_transpose1d' | 'conv_transpose2d' | 'conv_transpose3d' | 'leaky_relu' | 'linear' | 'relu' | 'selu' | 'sigmoid' | 'tanh';
export declare class PReLU extends Module {
    constructor(numParameters?: number, options?: PreluOptions);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly init: number;
    readonly numParameters: number;
    resetParameters(): void;
    readonly weight: Parameter;
}
export type Padding = number | readonly number[];
export declare class PairwiseDistance extends Module {
    constructor(options?: PairwiseDistanceOptions);
    readonly eps: number;
    forward(x1: Tensor, x2: Tensor): Tensor;
    readonly keepdim: boolean;
    readonly norm: number;
}
export interface PairwiseDistanceOptions {
    eps?: number;
    keepdim?: boolean;
    p?: number;
}
export declare class Parameter extends Tensor {
    constructor(data: Tensor, options?: ParameterOptions);
    toString(): string;
}
export declare class ParameterDict extends Keyed<Parameter, Tensor> {
    constructor(parameters?: Named<Tensor>);
    entries(): [
        string,
        Parameter
    ][];
    extraRepr(): string;
    forward(..._args: never[]): unknown;
    set(key: string, value: Tensor): this;
    setDefault(key: string, value: Tensor): Parameter;
}
export declare class ParameterList extends Module {
    readonly [index: number]: Parameter;
    constructor(values?: Iterable<Tensor>);
    [Symbol.iterator](): Iterator<Parameter>;
    append(value: Tensor): this;
    at(index: number): Parameter;
    extend(values: Iterable<Tensor>): this;
    extraRepr(): string;
    forward(..._args: never[]): unknown;
    get length(): number;
    set(index: number, value: Tensor): this;
    slice(start?: number, end?: number): ParameterList;
}
export interface ParameterOptions {
    requiresGrad?: boolean;
}
export declare class PixelShuffle extends Module {
    constructor(upscaleFactor: number);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly upscaleFactor: number;
}
export declare class PixelUnshuffle extends Module {
    constructor(downscaleFactor: number);
    readonly downscaleFactor: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class PoissonNLLLoss extends Loss {
    constructor(options?: PoissonNllLossOptions);
    readonly eps: number;
    forward(input: Tensor, target: Tensor): Tensor;
    readonly full: boolean;
    readonly logInput: boolean;
}
export interface PoissonNllLossOptions extends LossOptions {
    eps?: number;
    full?: boolean;
    logInput?: boolean;
}
export type Pooled<Indices extends boolean> = Indices extends true ? MaxPooled : Tensor;
export interface PreluOptions {
    device?: string;
    dtype?: DType;
    init?: number;
}
export interface PretrainedEmbeddingBagOptions extends PretrainedEmbeddingOptions, BagOptions {
}
export interface PretrainedEmbeddingOptions {
    freeze?: boolean;
    maxNorm?: null | number;
    normType?: number;
    paddingIdx?: null | number;
    scaleGradByFreq?: boolean;
    sparse?: false;
}
export declare class RMSNorm extends Module {
    constructor(normalizedShape: Shape | number, options?: RmsNormLayerOptions);
    readonly elementwiseAffine: boolean;
    readonly eps: null | number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly normalizedShape: Shape;
    resetParameters(): void;
    readonly weight: Parameter | null;
}
export declare class RNN extends RecurrentLayer {
    constructor(inputSize: number, hiddenSize: number, options?: RNNOptions);
    forward(input: Tensor, hx?: Tensor | null): [
        output: Tensor,
        h: Tensor
    ];
    forward(input: PackedSequence, hx?: Tensor | null): [
        output: PackedSequence,
        h: Tensor
    ];
    protected get kind(): CellKind;
    readonly nonlinearity: RecurrentNonlinearity;
}
export declare class RNNCell extends RecurrentCell {
    constructor(inputSize: number, hiddenSize: number, options?: RNNCellOptions);
    extraRepr(): string;
    forward(input: Tensor, hx?: Tensor | null): Tensor;
    protected get kind(): CellKind;
    readonly nonlinearity: RecurrentNonlinearity;
}
export interface RNNCellOptions extends RecurrentCellOptions {
    nonlinearity?: RecurrentNonlinearity;
}
export interface RNNOptions extends RecurrentOptions {
    nonlinearity?: RecurrentNonlinearity;
}
export declare class RReLU extends InplaceActivation {
    constructor(options?: Omit<RreluOptions, 'generator' | 'training'>);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly lower: number;
    readonly upper: number;
}
export declare class ReLU extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class ReLU6 extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare abstract class RecurrentCell extends Module {
    readonly bias: boolean;
    readonly bias_hh: Parameter | null;
    readonly bias_ih: Parameter | null;
    extraRepr(): string;
    readonly hiddenSize: number;
    readonly inputSize: number;
    protected abstract get kind(): CellKind;
    resetParameters(): void;
    protected run(input: Tensor, given: State | null, states: number): State;
    readonly weight_hh: Parameter;
    readonly weight_ih: Parameter;
}
export interface RecurrentCellOptions {
    bias?: boolean;
    device?: string;
    dtype?: DType;
}
export declare abstract class RecurrentLayer extends Module {
    [weight: `weight_${string}`]: Parameter;
    [bias: `bias_${string}`]: Parameter;
    get allWeights(): Parameter[][];
    readonly batchFirst: boolean;
    readonly bias: boolean;
    readonly bidirectional: boolean;
    readonly dropout: number;
    extraRepr(): string;
    readonly hiddenSize: number;
    readonly inputSize: number;
    protected abstract get kind(): CellKind;
    readonly numLayers: number;
    readonly projSize: number;
    resetParameters(): void;
    protected run(input: PackedSequence | Tensor, given: State | null): {
        output: PackedSequence | Tensor;
        states: State;
    };
}
export type RecurrentNonlinearity = 'relu' | 'tanh';
export interface RecurrentOptions extends RecurrentCellOptions {
    batchFirst?: boolean;
    bidirectional?: boolean;
    dropout?: number;
    numLayers?: number;
}
export declare class ReflectionPad1d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ReflectionPad2d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ReflectionPad3d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ReplicationPad1d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ReplicationPad2d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ReplicationPad3d extends PlainPadNd {
    constructor(padding: Padding);
}
export interface RmsNormLayerOptions extends PlaceOptions {
    elementwiseAffine?: boolean;
    eps?: null | number;
}
export declare class RotaryPositionalEmbeddings extends Module {
    constructor(dim: number, options?: RotaryPositionalEmbeddingsOptions);
    readonly base: number;
    readonly dim: number;
    forward(x: Tensor, options?: RotaryPositionalEmbeddingsForwardOptions): Tensor;
    readonly maxSeqLen: number;
}
export interface RotaryPositionalEmbeddingsForwardOptions {
    inputPos?: Tensor | null | number;
}
export interface RotaryPositionalEmbeddingsOptions {
    base?: number;
    maxSeqLen?: number;
}
export interface RreluOptions extends InplaceOptions {
    generator?: Generator;
    lower?: number;
    training?: boolean;
    upper?: number;
}
export declare class SELU extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class Sequential extends Numbered<Layer> {
    constructor(named: {
        readonly [name: string]: Layer;
    });
    constructor(...layers: readonly Layer[]);
    concat(...others: readonly Sequential[]): Sequential;
    forward(input: Tensor): Tensor;
    slice(start?: number, end?: number): Sequential;
}
export declare class SiLU extends InplaceActivation {
    constructor(options?: InplaceOptions$1);
    forward(input: Tensor): Tensor;
}
export declare class Sigmoid extends Module {
    forward(input: Tensor): Tensor;
}
export declare class SmoothL1Loss extends Loss {
    constructor(options?: SmoothL1LossOptions);
    readonly beta: number;
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class SoftMarginLoss extends Loss {
    constructor(options?: LossOptions);
    forward(input: Tensor, target: Tensor): Tensor;
}
export declare class Softmax extends Module {
    constructor(dim: number);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class Softmax2d extends Module {
    forward(input: Tensor): Tensor;
}
export declare class Softmin extends Module {
    constructor(dim: number);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
}
export declare class Softplus extends Module {
    constructor(options?: SoftplusOptions);
    readonly beta: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly threshold: number;
}
export declare class Softshrink extends Shrink {
    forward(input: Tensor): Tensor;
}
export declare class Softsign extends Module {
    forward(input: Tensor): Tensor;
}
export interface StateDict {
    [name: string]: Tensor;
}
export type StateDictPostHook<M extends Module = Module> = (module: M, state: StateDict, prefix: string) => void;
export type StateDictPreHook<M extends Module = Module> = (module: M, prefix: string) => void;
export type SummaryInput = Tensor | readonly (readonly number[])[] | readonly Tensor[] | readonly number[];
export interface SummaryOptions {
    depth?: number;
    device?: string;
    dtype?: DType | readonly DType[];
    mode?: 'eval' | 'train';
}
export interface SummaryRow {
    readonly depth: number;
    readonly isLeaf: boolean;
    readonly isRepeated: boolean;
    readonly multiplyAdds: number;
    readonly name: string;
    readonly outputBytes: number;
    readonly outputShapes: readonly Shape[];
    readonly parameters: number;
    readonly trainable: number;
    readonly type: string;
}
export declare class Tanh extends Module {
    forward(input: Tensor): Tensor;
}
export declare class Tanhshrink extends Module {
    forward(input: Tensor): Tensor;
}
export declare class Threshold extends InplaceActivation {
    constructor(threshold: number, value: number, options?: InplaceOptions$1);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly threshold: number;
    readonly value: number;
}
export declare class Transformer extends Module {
    constructor(options?: TransformerOptions);
    readonly batchFirst: boolean;
    readonly dModel: number;
    readonly decoder: DecoderLayer;
    readonly encoder: CustomEncoder;
    forward(src: Tensor, tgt: Tensor, options?: TransformerForwardOptions): Tensor;
    static generateSquareSubsequentMask(size: number, options?: {
        device?: string;
        dtype?: DType;
    }): Tensor;
    readonly nhead: number;
    resetParameters(): void;
}
export type TransformerActivation = 'gelu' | 'relu' | ((x: Tensor) => Tensor) | Layer;
export declare class TransformerDecoder extends Module {
    constructor(decoderLayer: (() => DecoderLayer) | DecoderLayer, numLayers: number, options?: TransformerStackOptions);
    forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderForwardOptions): Tensor;
    readonly layers: ModuleList<DecoderLayer>;
    readonly norm: Layer | null;
    readonly numLayers: number;
}
export interface TransformerDecoderForwardOptions {
    memoryIsCausal?: boolean;
    memoryKeyPaddingMask?: Tensor | null;
    memoryMask?: Tensor | null;
    tgtIsCausal?: boolean;
    tgtKeyPaddingMask?: Tensor | null;
    tgtMask?: Tensor | null;
}
export declare class TransformerDecoderLayer extends Module {
    constructor(dModel: number, nhead: number, options?: TransformerLayerOptions);
    readonly activation: ((x: Tensor) => Tensor) | Layer;
    readonly dropout: Dropout;
    readonly dropout1: Dropout;
    readonly dropout2: Dropout;
    readonly dropout3: Dropout;
    forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderForwardOptions): Tensor;
    readonly linear1: Linear;
    readonly linear2: Linear;
    readonly multihead_attn: MultiheadAttention;
    readonly norm1: LayerNorm;
    readonly norm2: LayerNorm;
    readonly norm3: LayerNorm;
    readonly normFirst: boolean;
    readonly self_attn: MultiheadAttention;
}
export declare class TransformerEncoder extends Module {
    constructor(encoderLayer: (() => EncoderLayer) | EncoderLayer, numLayers: number, options?: TransformerStackOptions);
    forward(src: Tensor, options?: TransformerEncoderForwardOptions): Tensor;
    readonly layers: ModuleList<EncoderLayer>;
    readonly norm: Layer | null;
    readonly numLayers: number;
}
export interface TransformerEncoderForwardOptions {
    isCausal?: boolean;
    mask?: Tensor | null;
    srcKeyPaddingMask?: Tensor | null;
}
export declare class TransformerEncoderLayer extends Module {
    constructor(dModel: number, nhead: number, options?: TransformerLayerOptions);
    readonly activation: ((x: Tensor) => Tensor) | Layer;
    readonly dropout: Dropout;
    readonly dropout1: Dropout;
    readonly dropout2: Dropout;
    forward(src: Tensor, options?: TransformerEncoderLayerForwardOptions): Tensor;
    readonly linear1: Linear;
    readonly linear2: Linear;
    readonly norm1: LayerNorm;
    readonly norm2: LayerNorm;
    readonly normFirst: boolean;
    readonly self_attn: MultiheadAttention;
}
export interface TransformerEncoderLayerForwardOptions {
    isCausal?: boolean;
    srcKeyPaddingMask?: Tensor | null;
    srcMask?: Tensor | null;
}
export interface TransformerForwardOptions {
    memoryIsCausal?: boolean;
    memoryKeyPaddingMask?: Tensor | null;
    memoryMask?: Tensor | null;
    srcIsCausal?: boolean;
    srcKeyPaddingMask?: Tensor | null;
    srcMask?: Tensor | null;
    tgtIsCausal?: boolean;
    tgtKeyPaddingMask?: Tensor | null;
    tgtMask?: Tensor | null;
}
export interface TransformerLayerOptions {
    activation?: TransformerActivation;
    batchFirst?: boolean;
    bias?: boolean;
    device?: string;
    dimFeedforward?: number;
    dropout?: number;
    dtype?: DType;
    layerNormEps?: number;
    normFirst?: boolean;
}
export interface TransformerOptions extends TransformerLayerOptions {
    customDecoder?: DecoderLayer | null;
    customEncoder?: CustomEncoder | null;
    dModel?: number;
    nhead?: number;
    numDecoderLayers?: number;
    numEncoderLayers?: number;
}
export interface TransformerStackOptions {
    norm?: Layer | null;
}
export declare class TripletMarginLoss extends Loss {
    constructor(options?: TripletMarginLossOptions);
    readonly eps: number;
    forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor;
    readonly margin: number;
    readonly p: number;
    readonly swap: boolean;
}
export interface TripletMarginLossOptions extends LossOptions {
    eps?: number;
    margin?: number;
    p?: number;
    swap?: boolean;
}
export declare class TripletMarginWithDistanceLoss extends Loss {
    constructor(options?: TripletMarginWithDistanceLossOptions);
    readonly distanceFunction: ((x1: Tensor, x2: Tensor) => Tensor) | null;
    forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor;
    readonly margin: number;
    readonly swap: boolean;
}
export interface TripletMarginWithDistanceLossOptions extends LossOptions {
    distanceFunction?: ((x1: Tensor, x2: Tensor) => Tensor) | null;
    margin?: number;
    swap?: boolean;
}
export declare class Unflatten extends Module {
    constructor(dim: number, unflattenedSize: readonly number[]);
    readonly dim: number;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly unflattenedSize: readonly number[];
}
export declare class Unfold extends Columns {
    constructor(kernelSize: PerDim, options?: ColumnsOptions);
    forward(input: Tensor): Tensor;
}
export declare class Upsample extends Module {
    constructor(options: UpsampleOptions);
    readonly alignCorners: boolean | null;
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly mode: NonNullable<InterpolateOptions['mode']>;
    readonly recomputeScaleFactor: boolean | null;
    readonly scaleFactor: null | number | readonly number[];
    readonly size: null | number | readonly number[];
}
export type UpsampleOptions = Omit<InterpolateOptions, 'antialias'>;
export declare class UpsamplingBilinear2d extends Upsample {
    constructor(options: UpsamplingOptions);
}
export declare class UpsamplingNearest2d extends Upsample {
    constructor(options: UpsamplingOptions);
}
export type UpsamplingOptions = Pick<InterpolateOptions, 'scaleFactor' | 'size'>;
export interface ZeroGradOptions {
    setToNone?: boolean;
}
export declare class ZeroPad1d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ZeroPad2d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare class ZeroPad3d extends PlainPadNd {
    constructor(padding: Padding);
}
export declare function deepcopy<T>(value: T): T;
export declare namespace init {
    export { DiracOptions, DrawOptions, GainOptions, KaimingOptions, Nonlinearity, SparseOptions, TruncNormalOptions, calculateFanInAndFanOut, calculateGain, constant_, dirac_, eye_, kaimingNormal_, kaimingUniform_, normal_, ones_, orthogonal_, sparse_, truncNormal_, uniform_, xavierNormal_, xavierUniform_, zeros_ };
}
export declare function summary(model: Module, input: SummaryInput, options?: SummaryOptions): ModelSummary;
export declare namespace utils {
    export { BatchFirstOptions, OrthogonalMap, OrthogonalOptions, PackPaddedOptions, PackSequenceOptions, PackedSequence, PadPackedOptions, PadSequenceOptions, ParametersOrOne, Parametrization, ParametrizationList, ParametrizationOptions, Parametrized, RemoveOptions, SpectralNormOptions, TotalNormOptions, WeightNormOptions, cached, clipGradNormAsync_, clipGradNorm_, clipGradValue_, clipGradsWithNorm_, getTotalNorm, invertPermutation, isParametrized, notInvertible, orthogonal, packPaddedSequence, packSequence, padPackedSequence, padSequence, parametersToVector, registerParametrization, removeParametrizations, reordered, spectralNorm, typeBeforeParametrizations, unpackSequence, unpadSequence, vectorToParameters, weightNorm };
}

// not exported, but named above
declare abstract class AdaptiveMaxPool<Indices extends boolean> extends AdaptivePool {
    constructor(where: string, n: number, outputSize: OutputSize, options?: AdaptiveMaxPoolOptions);
    protected pooled(input: Tensor, pool: typeof adaptiveMaxPool2d): Pooled<Indices>;
    readonly returnIndices: boolean;
}
declare abstract class AdaptivePool extends Module {
    constructor(where: string, n: number, outputSize: OutputSize);
    extraRepr(): string;
    readonly outputSize: OutputSize;
}
interface AnyOptions extends ParameterOptions {
    dilation?: PerDim;
    groups?: number;
    paddingMode?: string;
    stride?: PerDim;
}
declare abstract class AvgPoolNd extends Module {
    constructor(where: string, n: number, kernelSize: PerDim, options?: AvgPool1dOptions);
    readonly ceilMode: boolean;
    readonly countIncludePad: boolean;
    extraRepr(): string;
    readonly kernelSize: PerDim;
    readonly padding: PerDim;
    readonly stride: PerDim;
}
interface BagOptions {
    includeLastOffset?: boolean;
    mode?: 'max' | 'mean' | 'sum';
}
interface BatchFirstOptions {
    batchFirst?: boolean;
}
declare abstract class BatchNorm extends ChannelNorm {
    constructor(numFeatures: number, options?: BatchNormLayerOptions);
    protected abstract readonly dims: readonly number[];
    forward(input: Tensor): Tensor;
}
interface CellKind {
    readonly apart?: true;
    readonly gates: number;
    readonly layer: OpSpec<RecurrentSig>;
    readonly mode: RecurrentMode;
    readonly states: number;
    step(fromInput: Tensor, state: State, weights: StepWeights): State;
}
declare abstract class ChannelNorm extends Module {
    constructor(numFeatures: number, options: BatchNormLayerOptions | undefined, unset: boolean);
    readonly affine: boolean;
    readonly bias: Parameter | null;
    readonly eps: number;
    extraRepr(): string;
    readonly momentum: null | number;
    readonly numFeatures: number;
    readonly num_batches_tracked: Tensor | null;
    resetParameters(): void;
    resetRunningStats(): void;
    readonly running_mean: Tensor | null;
    readonly running_var: Tensor | null;
    readonly trackRunningStats: boolean;
    readonly weight: Parameter | null;
}
declare abstract class Columns extends Module {
    constructor(where: string, kernelSize: PerDim, options?: ColumnsOptions);
    readonly dilation: PerDim;
    extraRepr(): string;
    readonly kernelSize: PerDim;
    readonly padding: PerDim;
    readonly stride: PerDim;
}
declare abstract class ConstantPadNd extends PadNd {
    constructor(where: string, n: number, padding: Padding, value: number);
    extraRepr(): string;
    forward(input: Tensor): Tensor;
    readonly value: number;
}
declare abstract class ConvNd extends Convolution {
    constructor(where: string, n: number, inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions);
    protected convolved(input: Tensor, conv: typeof conv2d): Tensor;
    extraRepr(): string;
    readonly padding: 'same' | 'valid' | readonly number[];
}
declare abstract class ConvTransposeNd extends Convolution {
    constructor(where: string, n: number, inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions);
    protected convolved(input: Tensor, options: ConvTransposeForwardOptions | undefined, conv: typeof convTranspose2d): Tensor;
    extraRepr(): string;
    readonly outputPadding: readonly number[];
    readonly padding: readonly number[];
}
declare abstract class Convolution extends Module {
    constructor(where: string, n: number, inChannels: number, outChannels: number, kernelSize: PerDim, transposed: boolean, options?: AnyOptions);
    readonly bias: Parameter | null;
    readonly dilation: readonly number[];
    readonly groups: number;
    readonly inChannels: number;
    readonly kernelSize: readonly number[];
    readonly outChannels: number;
    readonly paddingMode: ConvPaddingMode;
    resetParameters(): void;
    protected shown(padding: readonly number[] | string, outputPadding: readonly number[]): string;
    readonly stride: readonly number[];
    readonly weight: Parameter;
}
interface DiracOptions {
    groups?: number;
}
declare abstract class DividedAvgPool extends AvgPoolNd {
    constructor(where: string, n: number, kernelSize: PerDim, options?: AvgPoolOptions);
    readonly divisorOverride: null | number;
    protected pooled(input: Tensor, pool: typeof avgPool2d$1): Tensor;
}
interface DrawOptions {
    generator?: Generator;
}
declare abstract class DropoutBase extends Module {
    constructor(where: string, p: number, options?: InplaceOptions$1);
    protected dropped(input: Tensor, drop: typeof dropout): Tensor;
    extraRepr(): string;
    readonly inplace: boolean;
    readonly p: number;
}
interface EmbeddingBagOptions extends EmbeddingOptions {
    includeLastOffset?: boolean;
    mode?: 'max' | 'mean' | 'sum';
    perSampleWeights?: Tensor | null;
}
declare abstract class Exponential extends InplaceActivation {
    constructor(options?: EluOptions);
    readonly alpha: number;
    extraRepr(): string;
}
type FractionalMaxPool = {
    (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions & {
        returnIndices: true;
    }): MaxPooled;
    (input: Tensor, kernelSize: PerDim, options: FractionalMaxPoolOptions & {
        returnIndices?: false;
    }): Tensor;
};
declare abstract class FractionalMaxPoolNd<Indices extends boolean> extends Module {
    constructor(where: string, n: number, kernelSize: PerDim, options: Omit<FractionalMaxPoolOptions, 'generator'>);
    readonly kernelSize: PerDim;
    readonly outputRatio: PerDim | null;
    readonly outputSize: PerDim | null;
    protected pooled(input: Tensor, pool: typeof fractionalMaxPool2d): Pooled<Indices>;
    readonly returnIndices: boolean;
}
interface GainOptions extends DrawOptions {
    gain?: number;
}
declare abstract class InplaceActivation extends Module {
    constructor(options: InplaceOptions$1 | undefined, more?: readonly string[]);
    extraRepr(): string;
    readonly inplace: boolean;
    protected withInplace(text: string): string;
}
declare abstract class InstanceNorm extends ChannelNorm {
    constructor(numFeatures: number, options?: InstanceNormLayerOptions);
    forward(input: Tensor): Tensor;
    protected abstract readonly positions: number;
}
interface KaimingOptions extends DrawOptions {
    a?: number;
    mode?: 'fan_in' | 'fan_out';
    nonlinearity?: Nonlinearity;
}
declare abstract class Keyed<V, Given = V> extends Module {
    [Symbol.iterator](): Iterator<[
        string,
        V
    ]>;
    clear(): void;
    delete(key: string): boolean;
    abstract entries(): [
        string,
        V
    ][];
    get(key: string): V;
    has(key: string): boolean;
    keys(): string[];
    pop(key: string): V;
    abstract set(key: string, value: Given): this;
    get size(): number;
    update(values: Named<Given>): this;
    values(): V[];
}
declare abstract class LPPoolNd extends Module {
    constructor(where: string, n: number, normType: number, kernelSize: PerDim, options?: LpPoolOptions);
    readonly ceilMode: boolean;
    extraRepr(): string;
    readonly kernelSize: PerDim;
    readonly normType: number;
    protected pooled(input: Tensor, pool: typeof lpPool2d): Tensor;
    readonly stride: PerDim | null;
}
declare abstract class Loss extends Module {
    constructor(options: LossOptions | undefined, more?: readonly string[]);
    readonly reduction: Reduction;
}
declare abstract class MarginLoss extends Loss {
    constructor(options: MarginLossOptions | undefined, fallback: number);
    readonly margin: number;
}
declare abstract class MaxPoolNd<Indices extends boolean> extends Module {
    constructor(where: string, n: number, kernelSize: PerDim, options?: MaxPoolOptions);
    readonly ceilMode: boolean;
    readonly dilation: PerDim;
    extraRepr(): string;
    readonly kernelSize: PerDim;
    readonly padding: PerDim;
    protected pooled(input: Tensor, pool: typeof maxPool2d): Pooled<Indices>;
    readonly returnIndices: boolean;
    readonly stride: PerDim;
}
declare abstract class MaxUnpoolNd extends Module {
    constructor(where: string, n: number, kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>);
    extraRepr(): string;
    readonly kernelSize: readonly number[];
    readonly padding: readonly number[];
    readonly stride: readonly number[];
    protected unpooled(input: Tensor, indices: Tensor, options: Pick<MaxUnpoolOptions, 'outputSize'> | undefined, unpool: typeof maxUnpool2d): Tensor;
}
interface NormalizeOptions {
    dim?: number;
    eps?: number;
    p?: number;
}
declare abstract class Numbered<M extends Module> extends Module {
    readonly [index: number]: M;
    [Symbol.iterator](): Iterator<M>;
    append(module: M): this;
    at(index: number): M;
    protected entries(): [
        string,
        M
    ][];
    extend(modules: Iterable<M>): this;
    insert(index: number, module: M): this;
    get length(): number;
    pop(index?: number): M;
    set(index: number, module: M): this;
}
type OrthogonalMap = 'cayley' | 'householder' | 'matrix_exp';
interface OrthogonalOptions {
    orthogonalMap?: OrthogonalMap;
    useTrivialization?: boolean;
}
interface PackPaddedOptions extends BatchFirstOptions, PackSequenceOptions {
}
interface PackSequenceOptions {
    enforceSorted?: boolean;
}
declare class PackedSequence {
    constructor(data: Tensor, batchSizes: readonly number[], sortedIndices?: null | readonly number[]);
    readonly batchSizes: readonly number[];
    readonly data: Tensor;
    readonly sortedIndices: null | readonly number[];
    to(target: ToTarget): PackedSequence;
    readonly unsortedIndices: null | readonly number[];
}
declare abstract class PadNd extends Module {
    constructor(where: string, n: number, mode: PadMode, padding: Padding);
    extraRepr(): string;
    protected padded(input: Tensor, value?: number): Tensor;
    readonly padding: readonly number[];
}
interface PadPackedOptions extends BatchFirstOptions {
    paddingValue?: number;
    totalLength?: null | number;
}
interface PadSequenceOptions extends BatchFirstOptions {
    paddingSide?: 'left' | 'right';
    paddingValue?: number;
}
interface ParameterOptions {
    bias?: boolean;
    device?: string;
    dtype?: DType;
}
type ParametersOrOne = Iterable<Tensor> | Tensor;
interface Parametrization extends Module {
    forward(...originals: Tensor[]): Tensor;
    rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}
declare class ParametrizationList extends ModuleList<Parametrization> {
    constructor(parametrizations: readonly Parametrization[], original: Tensor, options?: ParametrizationOptions);
    forward(): Tensor;
    readonly originals: readonly string[];
    rightInverse(value: Tensor): void;
    unsafe: boolean;
}
interface ParametrizationOptions {
    unsafe?: boolean;
}
interface Parametrized {
    readonly parametrizations: ModuleDict<ParametrizationList>;
}
interface PlaceOptions {
    device?: string;
    dtype?: DType;
}
declare abstract class PlainPadNd extends PadNd {
    forward(input: Tensor): Tensor;
}
interface RecurrentAttrs {
    readonly bidirectional: boolean;
    readonly mode: RecurrentMode;
}
type RecurrentMode = 'GRU' | 'LSTM' | 'RNN_RELU' | 'RNN_TANH';
type RecurrentSig = Sig<readonly (Tensor | null)[], RecurrentAttrs, readonly Tensor[]>;
interface RemoveOptions {
    leaveParametrized?: boolean;
}
declare abstract class Shrink extends Module {
    constructor(options?: ShrinkOptions);
    extraRepr(): string;
    readonly lambd: number;
}
interface SparseOptions extends DrawOptions {
    std?: number;
}
interface SpectralNormOptions {
    dim?: number;
    eps?: number;
    nPowerIterations?: number;
}
type State = readonly Tensor[];
interface StepWeights {
    readonly bhh: Tensor | null;
    readonly hh: Tensor;
    readonly hr: Tensor | null;
}
declare abstract class Table extends Module {
    constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions | undefined, more?: readonly string[]);
    readonly embeddingDim: number;
    readonly maxNorm: null | number;
    protected normText(): string[];
    readonly normType: number;
    readonly numEmbeddings: number;
    readonly paddingIdx: null | number;
    protected paddingText(): string[];
    resetParameters(): void;
    readonly scaleGradByFreq: boolean;
    protected sizesText(): string;
    readonly weight: Parameter;
}
interface TotalNormOptions {
    errorIfNonfinite?: boolean;
    normType?: number;
}
interface TruncNormalOptions extends DrawOptions {
    a?: number;
    b?: number;
    mean?: number;
    std?: number;
}
interface WeightNormOptions {
    dim?: null | number;
}
declare abstract class WeightedLoss extends Loss {
    constructor(options: BinaryCrossEntropyOptions | undefined, more?: readonly string[]);
    readonly weight: Tensor | null;
}
declare const alphaDropout: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
declare function bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
declare function cached<T>(fn: () => T): T;
declare function calculateFanInAndFanOut(x: Tensor): [
    fanIn: number,
    fanOut: number
];
declare function calculateGain(nonlinearity: Nonlinearity, param?: null | number): number;
declare function clipGradNormAsync_(parameters: ParametersOrOne, maxNorm: number, options?: TotalNormOptions): Promise<Tensor>;
declare function clipGradNorm_(parameters: ParametersOrOne, maxNorm: number, options?: TotalNormOptions): Tensor;
declare function clipGradValue_(parameters: ParametersOrOne, clipValue: number): void;
declare function clipGradsWithNorm_(parameters: ParametersOrOne, maxNorm: number, totalNorm: Tensor): void;
declare function constant_(x: Tensor, value: number): Tensor;
declare function cosineEmbeddingLoss(x1: Tensor, x2: Tensor, target: Tensor, options?: MarginLossOptions): Tensor;
declare function cosineSimilarity(x1: Tensor, x2: Tensor, options?: CosineSimilarityOptions): Tensor;
declare function ctcLoss(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths, options?: CtcLossOptions): Tensor;
declare function dirac_(x: Tensor, options?: DiracOptions): Tensor;
declare const dropout: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
declare function dropout1d(input: Tensor, p?: number, options?: DropoutOptions): Tensor;
declare const dropout2d: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
declare function dropout3d(input: Tensor, p?: number, options?: DropoutOptions): Tensor;
declare function embedding(input: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor;
declare function embeddingBag(input: Tensor, weight: Tensor, offsets?: Tensor | null, options?: EmbeddingBagOptions): Tensor;
declare function eye_(x: Tensor): Tensor;
declare const featureAlphaDropout: (input: Tensor, p?: number, options?: DropoutOptions) => Tensor;
declare const fractionalMaxPool2d: FractionalMaxPool;
declare const fractionalMaxPool3d: FractionalMaxPool;
declare function gaussianNllLoss(input: Tensor, target: Tensor, variance: Tensor | number, options?: GaussianNllLossOptions): Tensor;
declare function getTotalNorm(tensors: ParametersOrOne, options?: TotalNormOptions): Tensor;
declare function glu(input: Tensor, dim?: number): Tensor;
declare function gumbelSoftmax(logits: Tensor, options?: GumbelSoftmaxOptions): Tensor;
declare function hingeEmbeddingLoss(input: Tensor, target: Tensor, options?: MarginLossOptions): Tensor;
declare function invertPermutation(permutation: null | readonly number[]): null | number[];
declare function isParametrized(module: Module, name?: string): module is Module & Parametrized;
declare function kaimingNormal_(x: Tensor, options?: KaimingOptions): Tensor;
declare function kaimingUniform_(x: Tensor, options?: KaimingOptions): Tensor;
declare function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor;
declare function linear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor;
declare function localResponseNorm(input: Tensor, size: number, options?: LocalResponseNormOptions): Tensor;
declare function marginRankingLoss(x1: Tensor, x2: Tensor, target: Tensor, options?: MarginLossOptions): Tensor;
declare function multiMarginLoss(input: Tensor, target: Tensor, options?: MultiMarginLossOptions): Tensor;
declare function multilabelMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor;
declare function multilabelSoftMarginLoss(input: Tensor, target: Tensor, options?: MultiLabelSoftMarginLossOptions): Tensor;
declare function normal_(x: Tensor, mean?: number, std?: number, options?: DrawOptions): Tensor;
declare function normalize(input: Tensor, options?: NormalizeOptions): Tensor;
declare const notInvertible: (message: string) => TenfoldError;
declare function ones_(x: Tensor): Tensor;
declare function orthogonal<M extends Module>(module: M, name?: string, options?: OrthogonalOptions): M & Parametrized;
declare function orthogonal_(x: Tensor, options?: GainOptions): Tensor;
declare function packPaddedSequence(input: Tensor, lengths: Tensor | readonly number[], options?: PackPaddedOptions): PackedSequence;
declare function packSequence(sequences: Iterable<Tensor>, options?: PackSequenceOptions): PackedSequence;
declare function padPackedSequence(sequence: PackedSequence, options?: PadPackedOptions): [
    Tensor,
    number[]
];
declare function padSequence(sequences: Iterable<Tensor>, options?: PadSequenceOptions): Tensor;
declare function pairwiseDistance(x1: Tensor, x2: Tensor, options?: PairwiseDistanceOptions): Tensor;
declare function parametersToVector(parameters: Iterable<Tensor>): Tensor;
declare function poissonNllLoss(input: Tensor, target: Tensor, options?: PoissonNllLossOptions): Tensor;
declare function prelu(input: Tensor, weight: Tensor): Tensor;
declare function registerParametrization<M extends Module>(module: M, name: string, parametrization: Parametrization, options?: ParametrizationOptions): M & Parametrized;
declare function relu(input: Tensor, options?: InplaceOptions): Tensor;
declare function removeParametrizations<M extends Module>(module: M, name: string, options?: RemoveOptions): M;
declare function reordered(x: Tensor, indices: null | readonly number[], dim: number): Tensor;
declare function rrelu(input: Tensor, options?: RreluOptions): Tensor;
declare const sigmoid: (input: Tensor) => Tensor;
declare function softMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor;
declare function softmin(input: Tensor, dim: number): Tensor;
declare function softsign(input: Tensor): Tensor;
declare function sparse_(x: Tensor, sparsity: number, options?: SparseOptions): Tensor;
declare function spectralNorm<M extends Module>(module: M, name?: string, options?: SpectralNormOptions): M & Parametrized;
declare const tanh: (input: Tensor) => Tensor;
declare function tanhshrink(input: Tensor): Tensor;
declare function tripletMarginLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginLossOptions): Tensor;
declare function tripletMarginWithDistanceLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginWithDistanceLossOptions): Tensor;
declare function truncNormal_(x: Tensor, options?: TruncNormalOptions): Tensor;
declare function typeBeforeParametrizations(module: Module): new (...args: never[]) => Module;
declare function uniform_(x: Tensor, a?: number, b?: number, options?: DrawOptions): Tensor;
declare function unpackSequence(packedSequences: PackedSequence): Tensor[];
declare function unpadSequence(paddedSequences: Tensor, lengths: Tensor | readonly number[], options?: BatchFirstOptions): Tensor[];
declare function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void;
declare function weightNorm<M extends Module>(module: M, name?: string, options?: WeightNormOptions): M & Parametrized;
declare function xavierNormal_(x: Tensor, options?: GainOptions): Tensor;
declare function xavierUniform_(x: Tensor, options?: GainOptions): Tensor;
declare function zeros_(x: Tensor): Tensor;
