// The API of @tenfold/tensor-core, written by `npm run api` from the built types. Lint compares.
export type ActivationBackwardAttrs = {
    [K in keyof Activations]: {
        readonly attrs: Activations[K]['attrs'];
        readonly of: K;
    };
}[keyof Activations];
export interface ActivationOps extends Activations {
    activationBackward: Sig<[
        Tensor,
        Tensor
    ], ActivationBackwardAttrs>;
}
export interface Activations {
    celu: Sig<[
        Tensor
    ], {
        readonly alpha: number;
    }>;
    elu: Sig<[
        Tensor
    ], EluAttrs>;
    gelu: Sig<[
        Tensor
    ], GeluAttrs>;
    hardshrink: Shrink;
    hardsigmoid: Plain;
    hardswish: Plain;
    hardtanh: Sig<[
        Tensor
    ], {
        readonly maxVal: number;
        readonly minVal: number;
    }>;
    leakyRelu: Sig<[
        Tensor
    ], {
        readonly negativeSlope: number;
    }>;
    logSigmoid: Plain;
    mish: Plain;
    silu: Plain;
    softplus: Sig<[
        Tensor
    ], SoftplusAttrs>;
    softshrink: Shrink;
}
export interface AdamStepAttrs extends StepAttrs {
    readonly beta1: number;
    readonly beta2: number;
    readonly decoupled: boolean;
    readonly eps: number;
}
export interface AdamStepOptions extends StepOptions {
    beta1?: number;
    beta2?: number;
    decoupled?: boolean;
    eps?: number;
    step: number;
}
export interface AdaptiveMaxPoolOptions {
    returnIndices?: boolean;
}
export interface AddmmAttrs {
    readonly alpha: number;
    readonly beta: number;
}
export interface AddmmOptions {
    alpha?: number;
    beta?: number;
}
export interface AffineGridOptions {
    alignCorners?: boolean | null;
}
export interface AlphaOptions {
    alpha?: number;
}
export interface AminmaxOptions extends KeepdimOptions {
    dim?: number;
}
export type AnySig = Sig<readonly Operand[], null | object, Outputs>;
export interface ArgReduceAttrs {
    readonly dim: null | number;
    readonly keepdim: boolean;
}
export type ArgReduceKind = 'argmax' | 'argmin';
export declare class ArgumentError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface AsStridedAttrs {
    readonly from: {
        readonly offset: number;
        readonly strides: readonly number[];
    };
    readonly offset: null | number;
    readonly shape: Shape;
    readonly strides: readonly number[];
}
export interface AttentionAttrs {
    readonly isCausal: boolean;
    readonly scale: number;
}
export interface AttentionOps {
    scaledDotProductAttention: Sig<[
        Tensor,
        Tensor,
        Tensor,
        Tensor | null
    ], AttentionAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    scaledDotProductAttentionBackward: Sig<[
        Tensor,
        Tensor | null,
        Tensor,
        Tensor,
        Tensor,
        Tensor | null,
        Tensor,
        Tensor
    ], AttentionAttrs & {
        readonly wanted: readonly [
            boolean,
            boolean,
            boolean,
            boolean
        ];
    }, readonly Tensor[]>;
}
export interface AttentionOptions {
    attnMask?: Tensor | null;
    dropoutP?: number;
    enableGqa?: boolean;
    generator?: Generator | undefined;
    isCausal?: boolean;
    scale?: null | number;
}
export declare class AutogradError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface AutogradHooks {
    backward(tensor: Tensor, gradient: Tensor | undefined, options: BackwardOptions): void;
    detachInPlace(tensor: Tensor): void;
    grad(tensor: Tensor): Tensor | null;
    gradFn(tensor: Tensor): GradNode | null;
    isLeaf(tensor: Tensor): boolean;
    nameNode(tensor: Tensor, name: string): void;
    readonly origin: Origin;
    record<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
    registerHook(tensor: Tensor, hook: (grad: Tensor) => Tensor | null | undefined | void): HookHandle;
    registerPostAccumulateGradHook(tensor: Tensor, hook: (tensor: Tensor) => void): HookHandle;
    requiresGrad(tensor: Tensor): boolean;
    retainGrad(tensor: Tensor): void;
    setGrad(tensor: Tensor, value: Tensor | null): void;
    setRequiresGrad(tensor: Tensor, value: boolean): void;
}
export interface AvgPool1dOptions {
    ceilMode?: boolean;
    countIncludePad?: boolean;
    padding?: PerDim;
    stride?: PerDim | null;
}
export interface AvgPoolAttrs extends PoolAttrs {
    readonly countIncludePad: boolean;
    readonly divisorOverride: null | number;
}
export interface AvgPoolOptions extends AvgPool1dOptions {
    divisorOverride?: null | number;
}
export declare const BITS_PER_BLOCK = 4;
export interface Backend<B = unknown> {
    readonly deviceType: string;
    readonly indexed?: boolean;
    open(index: number): Runtime<B>;
    readonly priority?: number;
    probe(): Promise<readonly DeviceInfo[]>;
    readonly specVersion: 1;
}
export declare class BackendError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface BackwardOptions {
    createGraph?: boolean;
    inputs?: readonly Tensor[];
    retainGraph?: boolean;
}
export interface BatchNormOptions extends NormOptions {
    momentum?: number;
    training?: boolean;
}
export interface BinaryCrossEntropyOptions extends LossOptions {
    weight?: Tensor | null;
}
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
    posWeight?: Tensor | null;
}
export type BinaryFn = 'add' | 'atan2' | 'bitAnd' | 'bitOr' | 'bitXor' | 'copysign' | 'div' | 'hypot' | 'max' | 'min' | 'mul' | 'pow' | 'rem' | 'shiftLeft' | 'shiftRight' | 'sub' | 'zeta';
export interface BincountOptions {
    minlength?: number;
    weights?: Tensor;
}
export interface BucketizeOptions {
    outInt32?: boolean;
    right?: boolean;
}
/** @sealed */
export interface BuiltinOps extends ActivationOps, AttentionOps, ConvOps, CreateOps, DecompositionOps, ElementwiseOps, IndexOps, LinalgOps, LossOps, MovementOps, NormOps, OptimOps, PoolOps, RandomOps, ReduceOps, SoftmaxOps, SpatialOps {
}
export interface Capabilities {
    readonly bufferOverhead?: number;
    readonly collectedBelow: number;
    readonly dtypes: readonly DType[];
    readonly int64Bits?: 32 | 64;
    readonly subnormals?: boolean;
    readonly syncRead: boolean;
}
export interface CheckAttrs {
    readonly check: boolean;
}
export interface ChooseAttrs {
    readonly dim: number;
    readonly keepdim: boolean;
}
export interface CloseOptions {
    atol?: number;
    equalNan?: boolean;
    rtol?: number;
}
export interface ColumnsAttrs {
    readonly dilation: readonly number[];
    readonly kernelSize: readonly number[];
    readonly padding: readonly number[];
    readonly stride: readonly number[];
}
export interface ColumnsOps {
    col2im: Sig<[
        Tensor
    ], ColumnsAttrs & {
        readonly outputSize: readonly number[];
    }>;
    im2col: Sig<[
        Tensor
    ], ColumnsAttrs>;
}
export interface ColumnsOptions {
    dilation?: number | readonly number[];
    padding?: number | readonly number[];
    stride?: number | readonly number[];
}
export interface CombinationsOptions {
    r?: number;
    withReplacement?: boolean;
}
export type CompareFn = 'eq' | 'ge' | 'gt' | 'le' | 'lt' | 'ne';
export type ContractAttrs = MatmulDims;
export interface ControlAttrs {
    readonly attrs: object;
    readonly control: DType;
}
export interface ControlRecorder {
    body(name: string, parameters: readonly Tensor[], fn: () => readonly Tensor[]): readonly Tensor[];
    example(make: () => Tensor, shape?: Shape): Tensor;
    size(place: string, kind: string, differs: boolean): null | number;
}
export interface ControlResult {
    readonly from: readonly Tensor[];
    readonly tensor: Tensor;
}
export interface ConvAttrs {
    readonly dilation: readonly number[];
    readonly groups: number;
    readonly padding: readonly number[];
    readonly paddingEnd: readonly number[];
    readonly stride: readonly number[];
}
export interface ConvOps {
    convolution: Sig<[
        Tensor,
        Tensor,
        Tensor | null
    ], ConvAttrs>;
    convolutionTranspose: Sig<[
        Tensor,
        Tensor,
        Tensor | null
    ], ConvAttrs>;
    convolutionWeight: Sig<[
        Tensor,
        Tensor
    ], ConvAttrs>;
}
export interface ConvOptions {
    dilation?: PerDim;
    groups?: number;
    padding?: 'same' | 'valid' | PerDim;
    stride?: PerDim;
}
export interface ConvTransposeOptions {
    dilation?: PerDim;
    groups?: number;
    outputPadding?: PerDim;
    padding?: PerDim;
    stride?: PerDim;
}
export interface CreateOps {
    arange: Sig<[
    ], {
        readonly device: string;
        readonly dtype: DType;
        readonly end: number;
        readonly start: number;
        readonly step: number;
    }>;
    empty: Sig<[
    ], FactoryAttrs>;
    emptyLike: Sig<[
        Tensor
    ], {
        readonly device: string;
        readonly dtype: DType;
    }>;
    eye: Sig<[
    ], FactoryAttrs>;
    fill: Sig<[
        Tensor,
        Operand
    ]>;
    fromData: Sig<[
    ], FactoryAttrs & {
        readonly data: TypedArray;
    }>;
    full: Sig<[
    ], FactoryAttrs & {
        readonly value: number;
    }>;
    fullLike: Sig<[
        Tensor
    ], {
        readonly device: string;
        readonly dtype: DType;
        readonly value: number;
    }>;
    linspace: Sig<[
    ], RangeAttrs>;
    logspace: Sig<[
    ], RangeAttrs & {
        readonly base: number;
    }>;
    toCopy: Sig<[
        Tensor
    ], ToCopyAttrs>;
}
export interface CrossEntropyAttrs extends NllLossAttrs {
    readonly labelSmoothing: number;
}
export interface CrossEntropyOptions extends NllLossOptions {
    labelSmoothing?: number;
}
export interface CumulativeAttrs {
    readonly dim: number;
    readonly reverse: boolean;
}
export interface CumulativeOptions {
    dtype?: DType;
}
export type DType = 'bfloat16' | 'bool' | 'float16' | 'float32' | 'float64' | 'int16' | 'int32' | 'int64' | 'int8' | 'uint8';
export type DTypeCategory = 'bool' | 'float' | 'int';
export declare class DTypeError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface DTypeInfo {
    readonly category: DTypeCategory;
    readonly code: number;
    readonly itemsize: 1 | 2 | 4 | 8;
    readonly name: DType;
    readonly signed: boolean;
}
export interface DecompositionOps extends DecompositionMethodOps, EquationOps {
}
export declare class Device {
    constructor(name: string, type: string, index: number, runtime: Runtime);
    announcedBytes: number;
    readonly index: number;
    readonly name: string;
    readonly overrides: ReadonlyMap<string, Override | undefined>;
    readonly runtime: Runtime;
    toString(): string;
    readonly type: string;
    readonly usage: {
        buffers: number;
        bytes: number;
        peakBytes: number;
    };
}
export declare class DeviceError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface DeviceInfo {
    readonly available: boolean;
    readonly description?: string;
    readonly name: string;
    readonly reason?: string;
}
export interface DiagonalAttrs {
    readonly dim1: number;
    readonly dim2: number;
    readonly offset: number;
}
export interface DiagonalOptions {
    dim1?: number;
    dim2?: number;
    offset?: number;
}
export interface DimAttrs {
    readonly dim: number;
}
export type Dims = null | number | readonly number[];
export interface DistanceOptions {
    p?: number;
}
export interface DivOptions {
    roundingMode?: RoundingMode;
}
export interface DrawOptions {
    generator?: Generator | undefined;
}
export interface EighAttrs {
    readonly uplo: 'L' | 'U';
}
export interface EinsumAttrs {
    readonly equation: string;
}
export interface ElementwiseOps {
    abs: Unary;
    acos: Unary;
    acosh: Unary;
    add: Sig<[
        Tensor,
        Operand
    ], {
        alpha: number;
    }>;
    addcdiv: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], {
        value: number;
    }>;
    addcmul: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], {
        value: number;
    }>;
    asin: Unary;
    asinh: Unary;
    atan: Unary;
    atan2: Binary;
    atanh: Unary;
    bitwiseAnd: Binary;
    bitwiseLeftShift: Binary;
    bitwiseNot: Unary;
    bitwiseOr: Binary;
    bitwiseRightShift: Binary;
    bitwiseXor: Binary;
    ceil: Unary;
    clamp: Sig<[
        Tensor,
        Operand,
        Operand
    ]>;
    copysign: Binary;
    cos: Unary;
    cosh: Unary;
    deg2rad: Unary;
    digamma: Unary;
    div: Sig<[
        Tensor,
        Operand
    ], {
        roundingMode: RoundingMode;
    }>;
    eq: Binary;
    erf: Unary;
    erfc: Unary;
    erfinv: Unary;
    exp: Unary;
    exp2: Unary;
    expm1: Unary;
    floor: Unary;
    fmax: Binary;
    fmin: Binary;
    fmod: Binary;
    frac: Unary;
    ge: Binary;
    gt: Binary;
    heaviside: Binary;
    hypot: Binary;
    isfinite: Unary;
    isinf: Unary;
    isnan: Unary;
    isneginf: Unary;
    isposinf: Unary;
    le: Binary;
    lerp: Ternary;
    lgamma: Unary;
    log: Unary;
    log10: Unary;
    log1p: Unary;
    log2: Unary;
    logaddexp: Binary;
    logaddexp2: Binary;
    logicalAnd: Binary;
    logicalNot: Unary;
    logicalOr: Binary;
    logicalXor: Binary;
    logit: Sig<[
        Tensor
    ], {
        eps: null | number;
    }>;
    lt: Binary;
    maskedFill: Sig<[
        Tensor,
        Tensor,
        Operand
    ]>;
    maximum: Binary;
    minimum: Binary;
    mul: Binary;
    nanToNum: Sig<[
        Tensor
    ], NanToNumAttrs>;
    ne: Binary;
    neg: Unary;
    polygamma: Sig<[
        Tensor
    ], {
        n: number;
    }>;
    pow: Sig<[
        Operand,
        Operand
    ]>;
    rad2deg: Unary;
    reciprocal: Unary;
    relu: Unary;
    remainder: Binary;
    round: Unary;
    roundDecimals: Sig<[
        Tensor
    ], {
        decimals: number;
    }>;
    rsqrt: Unary;
    rsub: Sig<[
        Tensor,
        Operand
    ], {
        alpha: number;
    }>;
    sigmoid: Unary;
    sign: Unary;
    signbit: Unary;
    sin: Unary;
    sinc: Unary;
    sinh: Unary;
    sqrt: Unary;
    square: Unary;
    sub: Sig<[
        Tensor,
        Operand
    ], {
        alpha: number;
    }>;
    tan: Unary;
    tanh: Unary;
    threshold: Sig<[
        Tensor
    ], {
        threshold: number;
        value: number;
    }>;
    trunc: Unary;
    where: Sig<[
        Tensor,
        Operand,
        Operand
    ]>;
    xlogy: Binary;
}
export interface EluAttrs {
    readonly alpha: number;
    readonly scale: number;
}
export interface EluOptions extends InplaceOptions {
    alpha?: number;
}
export interface EmbeddingOptions {
    paddingIdx?: null | number;
}
export interface Epilogue<B = unknown> {
    readonly inputs: readonly TensorView<B>[];
    readonly params: readonly number[];
    readonly program: Program;
}
export interface EpsAttrs {
    readonly eps: number;
}
export type Expr = {
    readonly args: readonly Expr[];
    readonly dtype: DType;
    readonly index: number;
    readonly kind: 'load';
} | {
    readonly args: readonly [
        Expr
    ];
    readonly dtype: DType;
    readonly fn: UnaryFn;
    readonly kind: 'unary';
} | {
    readonly args: readonly [
        Expr
    ];
    readonly dtype: DType;
    readonly kind: 'cast';
} | {
    readonly args: readonly [
        Expr,
        Expr
    ];
    readonly dtype: 'bool';
    readonly fn: CompareFn;
    readonly kind: 'compare';
} | {
    readonly args: readonly [
        Expr,
        Expr
    ];
    readonly dtype: DType;
    readonly fn: BinaryFn;
    readonly kind: 'binary';
} | {
    readonly args: readonly [
        Expr,
        Expr,
        Expr
    ];
    readonly dtype: DType;
    readonly kind: 'select';
} | {
    readonly dim: number;
    readonly dtype: 'int32';
    readonly kind: 'index';
} | {
    readonly dtype: DType;
    readonly index: number;
    readonly kind: 'input';
} | {
    readonly dtype: DType;
    readonly index: number;
    readonly kind: 'param';
} | {
    readonly dtype: DType;
    readonly kind: 'const';
    readonly value: number;
};
export interface FactoryAttrs {
    readonly device: string;
    readonly dtype: DType;
    readonly shape: Shape;
}
export interface FactoryOptions {
    device?: string | undefined;
    dtype?: DType | undefined;
    requiresGrad?: boolean | undefined;
}
export interface ForkRngOptions {
    generator?: Generator;
}
export interface GeluAttrs {
    readonly approximate: 'none' | 'tanh';
}
export interface GeluOptions {
    approximate?: 'none' | 'tanh';
}
export declare class Generator {
    constructor(seed?: Seed);
    clone(): Generator;
    getState(): GeneratorState;
    initialSeed(): Seed;
    manualSeed(seed: Seed): this;
    get offset(): number;
    get seed(): Seed;
    setState(state: GeneratorState): this;
    take(blocks: number): {
        readonly key: RandomKey;
        readonly offset: number;
    };
}
export interface GeneratorState {
    readonly offset: number;
    readonly seed: Seed;
}
export interface GradNode {
    readonly name: string;
    readonly nextFunctions: readonly (readonly [
        GradNode | null,
        number
    ])[];
}
export declare class Graph {
    readonly assignments: GraphAssignment[];
    readonly captured: Value[];
    readonly inputs: GraphInput[];
    readonly nodes: GraphNode[];
    readonly outputs: Value[];
    toString(): string;
    readonly writes: GraphWrite[];
}
export interface GraphAssignment {
    readonly slot: 'grad';
    readonly tensor: Tensor;
    readonly value: Value | null;
}
export interface GraphInput {
    readonly kind: 'argument' | 'captured';
    readonly tensor: Tensor;
    readonly value: Value;
}
export interface GraphNode {
    readonly attrs: null | object;
    readonly bodies?: Readonly<Record<string, Graph>>;
    readonly body: Graph | null;
    readonly gradMode: boolean;
    readonly inputs: readonly (Value | null | number)[];
    readonly line?: string;
    readonly outputs: readonly Value[];
    readonly scope: readonly string[];
    readonly spec: OpSpec;
}
export interface GraphWrite {
    readonly tensor: Tensor;
    readonly value: Value;
}
export type GridPaddingMode = 'border' | 'reflection' | 'zeros';
export interface GridSampleAttrs {
    readonly alignCorners: boolean;
    readonly mode: GridSampleMode;
    readonly paddingMode: GridPaddingMode;
}
export type GridSampleMode = 'bicubic' | 'bilinear' | 'nearest';
export interface GridSampleOps {
    affineGrid: Sig<[
        Tensor
    ], {
        readonly alignCorners: boolean;
        readonly size: readonly number[];
    }>;
    gridSample: Sig<[
        Tensor,
        Tensor
    ], GridSampleAttrs>;
}
export interface GridSampleOptions {
    alignCorners?: boolean | null;
    mode?: GridSampleMode;
    paddingMode?: GridPaddingMode;
}
export interface GroupNormAttrs extends EpsAttrs {
    readonly groups: number;
}
export interface HardtanhOptions extends InplaceOptions {
    maxVal?: number;
    minVal?: number;
}
export interface HistcOptions {
    bins?: number;
    max?: number;
    min?: number;
}
export interface HookHandle {
    [Symbol.dispose](): void;
    remove(): void;
}
export interface HuberLossOptions extends LossOptions {
    delta?: number;
}
export interface IndexAddOptions {
    alpha?: number;
}
export type IndexEntry = '...' | 'newAxis' | IndexRange | Tensor | null | number;
export declare class IndexError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface IndexOps {
    embedding: Sig<[
        Tensor,
        Tensor
    ], {
        readonly paddingIdx: null | number;
    }>;
    embeddingBackward: Sig<[
        Tensor,
        Tensor
    ], {
        readonly paddingIdx: null | number;
        readonly rows: number;
    }>;
    gather: Sig<[
        Tensor,
        Tensor
    ], DimAttrs>;
    index: Sig<readonly [
        Tensor,
        ...(Tensor | null)[]
    ]>;
    indexAdd: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], DimAttrs>;
    indexCopy: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], DimAttrs>;
    indexFill: Sig<[
        Tensor,
        Tensor,
        Operand
    ], DimAttrs>;
    indexPut: Sig<readonly [
        Tensor,
        Tensor | number,
        ...(Tensor | null)[]
    ], {
        readonly accumulate: boolean;
    }>;
    indexSelect: Sig<[
        Tensor,
        Tensor
    ], DimAttrs>;
    linearIndex: Sig<readonly Tensor[], {
        readonly sizes: readonly number[];
    }>;
    maskedScatter: Sig<[
        Tensor,
        Tensor,
        Tensor
    ]>;
    oneHot: Sig<[
        Tensor
    ], {
        readonly numClasses: number;
    }>;
    scatter: Sig<[
        Tensor,
        Tensor,
        Operand
    ], DimAttrs>;
    scatterAdd: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], DimAttrs>;
    scatterReduce: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], ScatterReduceAttrs>;
    searchsorted: Sig<[
        Tensor,
        Tensor
    ], {
        readonly right: boolean;
    }>;
    sort: Sig<[
        Tensor
    ], SortAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    take: Sig<[
        Tensor,
        Tensor
    ]>;
    topk: Sig<[
        Tensor
    ], TopkAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    uniqueRows: Sig<[
        Tensor,
        Tensor
    ]>;
}
export interface IndexPutOptions {
    accumulate?: boolean;
}
export interface IndexRange {
    end?: null | number;
    start?: null | number;
    step?: number;
}
export type IndexReduce = 'amax' | 'amin' | 'mean' | 'prod';
export interface InplaceOptions {
    inplace?: boolean;
}
export interface InstanceNormOptions extends NormOptions {
    momentum?: number;
    runningMean?: Tensor | null;
    runningVar?: Tensor | null;
    useInputStats?: boolean;
}
export interface InterpolateAttrs {
    readonly alignCorners: boolean;
    readonly mode: ResizeMode;
    readonly scales: null | readonly number[];
    readonly size: readonly number[];
}
export type InterpolateMode = 'area' | 'bicubic' | 'bilinear' | 'linear' | 'nearest' | 'nearest-exact' | 'trilinear';
export interface InterpolateOps {
    interpolate: Sig<[
        Tensor
    ], InterpolateAttrs>;
    interpolateBackward: Sig<[
        Tensor
    ], InterpolateAttrs>;
}
export interface InterpolateOptions {
    alignCorners?: boolean | null;
    antialias?: boolean;
    mode?: InterpolateMode;
    recomputeScaleFactor?: boolean | null;
    scaleFactor?: null | number | readonly number[];
    size?: null | number | readonly number[];
}
export type Interpolation = 'higher' | 'linear' | 'lower' | 'midpoint' | 'nearest';
export interface Interpreter {
    assign?(tensor: Tensor, slot: 'grad', value: Tensor | null): void;
    enter?(spec: OpSpec, inputs: readonly Operand[], attrs: null | object): void;
    exit?(spec: OpSpec, outputs: Outputs | null): void;
    process(spec: OpSpec, inputs: readonly Operand[], attrs: null | object, next: Next): Outputs;
    read?(tensor: Tensor): void;
}
export interface IsinOptions {
    assumeUnique?: boolean;
    invert?: boolean;
}
export interface KeepdimOptions {
    keepdim?: boolean;
}
export interface LayerNormAttrs extends EpsAttrs {
    readonly dims: number;
}
export interface LeakyReluOptions extends InplaceOptions {
    negativeSlope?: number;
}
export interface LinalgOps {
    addmm: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], AddmmAttrs>;
    baddbmm: Sig<[
        Tensor,
        Tensor,
        Tensor
    ], AddmmAttrs>;
    bmm: Sig<[
        Tensor,
        Tensor
    ]>;
    contract: Sig<[
        Tensor,
        Tensor
    ], ContractAttrs>;
    dot: Sig<[
        Tensor,
        Tensor
    ]>;
    einsum: Sig<readonly Tensor[], EinsumAttrs>;
    matmul: Sig<[
        Tensor,
        Tensor
    ]>;
    mm: Sig<[
        Tensor,
        Tensor
    ]>;
    mv: Sig<[
        Tensor,
        Tensor
    ]>;
    trace: Sig<[
        Tensor
    ]>;
}
export interface LogitOptions {
    eps?: null | number;
}
export interface LossAttrs {
    readonly reduction: Reduction;
}
export interface LossOps {
    binaryCrossEntropy: Sig<[
        Tensor,
        Tensor,
        Tensor | null
    ], LossAttrs>;
    binaryCrossEntropyWithLogits: Sig<[
        Tensor,
        Tensor,
        Tensor | null,
        Tensor | null
    ], LossAttrs>;
    crossEntropy: Sig<[
        Tensor,
        Tensor,
        Tensor | null
    ], CrossEntropyAttrs>;
    huberLoss: Sig<[
        Tensor,
        Tensor
    ], LossAttrs & {
        readonly delta: number;
    }>;
    l1Loss: Sig<[
        Tensor,
        Tensor
    ], LossAttrs>;
    mseLoss: Sig<[
        Tensor,
        Tensor
    ], LossAttrs>;
    nllLoss: Sig<[
        Tensor,
        Tensor,
        Tensor | null
    ], NllLossAttrs>;
    nllLossBackward: Sig<[
        Tensor,
        Tensor,
        Tensor | null
    ], NllLossBackwardAttrs>;
    smoothL1Loss: Sig<[
        Tensor,
        Tensor
    ], LossAttrs & {
        readonly beta: number;
    }>;
}
export interface LossOptions {
    reduction?: Reduction;
}
export interface LpPoolOptions {
    ceilMode?: boolean;
    stride?: PerDim | null;
}
export interface MatmulDims {
    readonly batch: number;
    readonly k: number;
    readonly m: number;
    readonly n: number;
}
export interface MaxDimAttrs {
    readonly dim: number;
    readonly keepdim: boolean;
}
export interface MaxPoolBackwardAttrs {
    readonly size: readonly number[];
    readonly windows?: PoolAttrs;
}
export interface MaxPoolOptions {
    ceilMode?: boolean;
    dilation?: PerDim;
    padding?: PerDim;
    returnIndices?: boolean;
    stride?: PerDim | null;
}
export interface MaxPooled {
    readonly indices: Tensor;
    readonly values: Tensor;
}
export interface MaxUnpoolOptions {
    outputSize?: null | readonly number[];
    padding?: PerDim;
    stride?: PerDim | null;
}
export interface MemoryUsage {
    readonly buffers: number;
    readonly bytes: number;
    readonly peakBytes: number;
}
export interface MeshgridOptions {
    indexing?: 'ij' | 'xy';
}
export interface MinAndMax {
    readonly max: Tensor;
    readonly min: Tensor;
}
export type MoreThanValues = {
    returnCounts: true;
} | {
    returnInverse: true;
};
export interface MovementOps extends MovementMethodOps, StackOps {
}
export interface MultinomialOptions extends RandomMethodOptions {
    replacement?: boolean;
}
export declare const NORMAL32_PER_BLOCK = 4;
export declare const NORMAL64_PER_BLOCK = 2;
export interface NanToNumAttrs {
    readonly nan: number;
    readonly neginf: null | number;
    readonly posinf: null | number;
}
export interface NanToNumOptions {
    nan?: number;
    neginf?: null | number;
    posinf?: null | number;
}
export type NestedArray = boolean | number | readonly NestedArray[];
export interface NewOptions {
    device?: string;
    dtype?: DType;
}
export type Next = () => Outputs;
export interface NllLossAttrs extends LossAttrs {
    readonly ignoreIndex: number;
}
export interface NllLossBackwardAttrs extends NllLossAttrs {
    readonly classes: number;
}
export interface NllLossOptions extends LossOptions {
    ignoreIndex?: number;
    weight?: Tensor | null;
}
export interface NonzeroOptions {
    asTuple?: boolean;
}
export interface NormAttrs extends ReduceAttrs {
    readonly p: number;
}
export interface NormBackwardAttrs {
    readonly wanted: readonly [
        input: boolean,
        weight: boolean,
        bias: boolean
    ];
}
export interface NormOps {
    batchNorm: Sig<Affine, EpsAttrs, readonly [
        Tensor,
        Tensor,
        Tensor,
        Tensor
    ]>;
    batchNormBackward: Sig<Backward, NormBackwardAttrs & {
        readonly training: boolean;
    }, readonly Tensor[]>;
    batchNormInference: Sig<[
        Tensor,
        Tensor,
        Tensor,
        Tensor | null,
        Tensor | null
    ], EpsAttrs>;
    groupNorm: Sig<Affine, GroupNormAttrs, readonly [
        Tensor,
        Tensor,
        Tensor
    ]>;
    groupNormBackward: Sig<Backward, NormBackwardAttrs & {
        readonly groups: number;
    }, readonly Tensor[]>;
    layerNorm: Sig<Affine, LayerNormAttrs, readonly [
        Tensor,
        Tensor,
        Tensor
    ]>;
    layerNormBackward: Sig<Backward, NormBackwardAttrs & {
        readonly dims: number;
    }, readonly Tensor[]>;
    rmsNorm: Sig<[
        Tensor,
        Tensor | null
    ], LayerNormAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    rmsNormBackward: Sig<[
        Tensor,
        Tensor,
        Tensor,
        Tensor | null
    ], {
        readonly dims: number;
        readonly wanted: readonly [
            input: boolean,
            weight: boolean
        ];
    }, readonly Tensor[]>;
}
export interface NormOptions extends SumOptions {
    dim?: Dims;
    p?: 'fro' | number;
}
export type NumericArray = BigUint64Array | TypedArray | Uint32Array | Uint8ClampedArray;
export type OneOrMore = Tensor | readonly Tensor[];
export declare class OnnxExportError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export declare class OnnxModelError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface OpInit<S extends AnySig = AnySig> {
    body?(inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
    readonly detaches?: 'fresh' | 'shared';
    device?(attrs: S['attrs']): string | undefined;
    infer?(inputs: S['inputs'], attrs: S['attrs']): TensorMeta | readonly TensorMeta[];
    readonly inplace?: InPlace<S>;
    kernel?(runtime: Runtime, outs: readonly TensorView[], inputs: S['inputs'], attrs: S['attrs'], meta?: TensorMeta | null | readonly TensorMeta[]): void;
    readonly name: string;
    view?(input: Tensor, attrs: S['attrs']): ViewGeometry;
}
export declare class OpSpec<S extends AnySig = AnySig> {
    constructor(init: OpInit<S>, inplaceOf?: OpSpec<S> | null);
    readonly body: NonNullable<OpInit<S>['body']> | null;
    readonly detaches: 'fresh' | 'shared' | null;
    readonly device: NonNullable<OpInit<S>['device']> | null;
    readonly infer: NonNullable<OpInit<S>['infer']> | null;
    readonly inplace: InPlace<S> | null;
    readonly inplaceOf: OpSpec<S> | null;
    get inplaceTwin(): OpSpec<S>;
    readonly kernel: NonNullable<OpInit<S>['kernel']> | null;
    readonly name: string;
    rule: null | object;
    readonly view: NonNullable<OpInit<S>['view']> | null;
    writes(inputs: readonly Operand[]): readonly number[];
}
export interface OpenSizes {
    at(place: string, kind: string, differs: boolean): null | number;
}
export type Operand = Tensor | null | number;
export interface Ops extends BuiltinOps {
}
export interface OptimOps {
    adamStep: Sig<readonly Operand[], AdamStepAttrs, readonly Tensor[]>;
    rmspropStep: Sig<readonly Operand[], RmspropStepAttrs, readonly Tensor[]>;
    sgdStep: Sig<readonly Operand[], SgdStepAttrs, readonly Tensor[]>;
}
export interface OrderStatisticsOps {
    kthvalue: Sig<[
        Tensor
    ], ChooseAttrs & {
        k: number;
    }, Chosen>;
    median: Sig<[
        Tensor
    ]>;
    medianDim: Sig<[
        Tensor
    ], ChooseAttrs, Chosen>;
    mode: Sig<[
        Tensor
    ], ChooseAttrs, Chosen>;
    nanmedian: Sig<[
        Tensor
    ]>;
    nanmedianDim: Sig<[
        Tensor
    ], ChooseAttrs, Chosen>;
    nanquantile: Sig<[
        Tensor,
        Operand
    ], QuantileAttrs>;
    quantile: Sig<[
        Tensor,
        Operand
    ], QuantileAttrs>;
}
export interface Origin {
    readonly url: string;
    readonly version: string;
}
export type OutputSize = null | number | readonly (null | number)[];
export type Outputs = Tensor | readonly Tensor[];
export interface Override<B = unknown> {
    readonly inplace?: boolean;
    run(outs: readonly TensorView<B>[], inputs: readonly (TensorView<B> | null | number)[], attrs: unknown): void;
    supports?(inputs: readonly (TensorView<B> | null | number)[], attrs: unknown): string | true;
}
export interface PadAttrs {
    readonly mode: PadMode;
    readonly padding: readonly number[];
    readonly value: number;
}
export type PadMode = 'circular' | 'constant' | 'reflect' | 'replicate';
export interface PadOps {
    pad: Sig<[
        Tensor
    ], PadAttrs>;
    padBackward: Sig<[
        Tensor
    ], Omit<PadAttrs, 'value'>>;
}
export interface PadOptions {
    mode?: PadMode;
    value?: number;
}
export type PerDim = number | readonly number[];
export interface PinvAttrs {
    readonly atol: number;
    readonly hermitian: boolean;
    readonly rtol: null | number;
}
export interface PoolAttrs {
    readonly ceilMode: boolean;
    readonly dilation: readonly number[];
    readonly kernel: readonly number[];
    readonly padding: readonly number[];
    readonly stride: readonly number[];
}
export interface PoolOps {
    adaptiveMaxPool: Sig<[
        Tensor
    ], {
        readonly size: readonly number[];
    }, readonly [
        Tensor,
        Tensor
    ]>;
    avgPool: Sig<[
        Tensor
    ], AvgPoolAttrs>;
    avgPoolBackward: Sig<[
        Tensor
    ], AvgPoolAttrs & {
        readonly size: readonly number[];
    }>;
    maxPool: Sig<[
        Tensor
    ], PoolAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    maxPoolBackward: Sig<[
        Tensor,
        Tensor
    ], MaxPoolBackwardAttrs>;
}
export interface PrintOptions {
    edgeitems: number;
    linewidth: number;
    precision: number;
    sciMode: boolean | null;
    threshold: number;
}
export declare class Program {
    constructor(outputs: readonly Expr[], inputs: readonly DType[], params?: readonly DType[]);
    readonly inputs: readonly DType[];
    get key(): string;
    readonly outputs: readonly Expr[];
    readonly params: readonly DType[];
}
export interface PutOptions {
    accumulate?: boolean;
}
export interface QR {
    readonly Q: Tensor;
    readonly R: Tensor;
}
export type QrMode = 'complete' | 'r' | 'reduced';
export interface QuantileAttrs {
    readonly dim: null | number;
    readonly interpolation: Interpolation;
    readonly keepdim: boolean;
}
export interface QuantileOptions extends KeepdimOptions {
    interpolation?: Interpolation;
}
export interface RandomKey {
    readonly hi: number;
    readonly lo: number;
}
export type RandomKind = 'normal' | 'uniform';
export interface RandomMethodOptions {
    generator?: Generator | undefined;
}
export interface RandomOps extends RandomMethodOps, RandomFunctionOps, DropoutOps {
}
export interface RandomOptions extends FactoryOptions {
    generator?: Generator | undefined;
}
export type RandomSink = Float32Array | Float64Array | number[];
export interface RangeAttrs {
    readonly device: string;
    readonly dtype: DType;
    readonly end: number;
    readonly start: number;
    readonly steps: number;
}
export type ReduceKind = 'all' | 'any' | 'max' | 'min' | 'prod' | 'sum';
export interface ReduceOps extends OrderStatisticsOps {
    all: Sig<[
        Tensor
    ], ReduceAttrs>;
    amax: Sig<[
        Tensor
    ], ReduceAttrs>;
    amin: Sig<[
        Tensor
    ], ReduceAttrs>;
    any: Sig<[
        Tensor
    ], ReduceAttrs>;
    argmax: Sig<[
        Tensor
    ], ArgReduceAttrs>;
    argmin: Sig<[
        Tensor
    ], ArgReduceAttrs>;
    countNonzero: Sig<[
        Tensor
    ], ReduceAttrs>;
    cummax: Sig<[
        Tensor
    ], {
        dim: number;
    }, readonly [
        Tensor,
        Tensor
    ]>;
    cummin: Sig<[
        Tensor
    ], {
        dim: number;
    }, readonly [
        Tensor,
        Tensor
    ]>;
    cumprod: Sig<[
        Tensor
    ], CumulativeAttrs>;
    cumsum: Sig<[
        Tensor
    ], CumulativeAttrs>;
    logcumsumexp: Sig<[
        Tensor
    ], CumulativeAttrs>;
    logsumexp: Sig<[
        Tensor
    ], ReduceAttrs>;
    max: Sig<[
        Tensor
    ]>;
    maxDim: Sig<[
        Tensor
    ], MaxDimAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    mean: Sig<[
        Tensor
    ], SumAttrs>;
    min: Sig<[
        Tensor
    ]>;
    minDim: Sig<[
        Tensor
    ], MaxDimAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    nansum: Sig<[
        Tensor
    ], SumAttrs>;
    norm: Sig<[
        Tensor
    ], NormAttrs>;
    prod: Sig<[
        Tensor
    ], SumAttrs>;
    std: Sig<[
        Tensor
    ], VarAttrs>;
    sum: Sig<[
        Tensor
    ], SumAttrs>;
    var: Sig<[
        Tensor
    ], VarAttrs>;
}
export type Reduction = 'mean' | 'none' | 'sum';
export interface RepeatInterleaveOptions {
    dim?: number;
    outputSize?: number;
}
export type ResizeMode = 'area' | 'cubic' | 'linear' | 'nearest' | 'nearest-exact';
export interface RmsNormOptions {
    eps?: null | number;
    weight?: Tensor | null;
}
export interface RmspropStepAttrs extends StepAttrs {
    readonly alpha: number;
    readonly eps: number;
    readonly momentum: number;
}
export interface RmspropStepOptions extends StepOptions {
    alpha?: number;
    eps?: number;
    momentum?: number;
}
export interface RoundOptions {
    decimals?: number;
}
export type RoundingMode = 'floor' | 'trunc' | null;
export interface Runtime<B = unknown> {
    allocate(dtype: DType, length: number): B;
    argReduce(kind: ArgReduceKind, out: TensorView<B>, input: TensorView<B>, axes: readonly number[]): void;
    readonly capabilities: Capabilities;
    collect?(): void;
    copy(from: B, fromOffset: number, to: B, toOffset: number, length: number): void;
    download(buffer: B, offset: number, length: number): Promise<TypedArray>;
    downloadSync?(buffer: B, offset: number, length: number): TypedArray;
    free(buffer: B): void;
    gather(out: TensorView<B>, source: TensorView<B>, index: TensorView<B>, axis: number): void;
    map(outs: readonly TensorView<B>[], ins: readonly TensorView<B>[], program: Program, params: readonly number[]): void;
    matmul(out: TensorView<B>, a: TensorView<B>, b: TensorView<B>, dims: MatmulDims, epilogue?: Epilogue<B>): void;
    readonly overrides: {
        readonly [op: string]: Override<B> | undefined;
    };
    random(kind: RandomKind, out: TensorView<B>, key: RandomKey, offset: number): void;
    randomIntegers(out: TensorView<B>, key: RandomKey, offset: number, low: number, range: number): void;
    reduce(kind: ReduceKind, out: TensorView<B>, ins: readonly TensorView<B>[], program: Program, params: readonly number[]): void;
    scan(kind: ScanKind, outs: readonly TensorView<B>[], input: TensorView<B>, axis: number, reverse: boolean): void;
    scatter(mode: ScatterMode, out: TensorView<B>, index: TensorView<B>, source: TensorView<B>, axis: number): void;
    sort(values: TensorView<B>, indices: TensorView<B>, input: TensorView<B>, axis: number, descending: boolean): void;
    synchronize?(): Promise<void>;
    upload(buffer: B, data: TypedArray, offset: number): void;
}
export type ScanKind = 'cummax' | 'cummin' | 'cumprod' | 'cumsum';
export type ScatterMode = 'add' | 'max' | 'min' | 'multiply' | 'set';
export interface ScatterOptions {
    reduce?: 'add' | 'multiply';
}
export type ScatterReduce = 'amax' | 'amin' | 'mean' | 'prod' | 'sum';
export interface ScatterReduceAttrs extends DimAttrs {
    readonly includeSelf: boolean;
    readonly reduce: ScatterReduction;
}
export interface ScatterReduceOptions {
    includeSelf?: boolean;
}
export type ScatterReduction = 'amax' | 'amin' | 'prod' | 'sum';
export interface SearchOptions extends BucketizeOptions {
    side?: 'left' | 'right';
    sorter?: Tensor;
}
export type Seed = bigint | number;
export declare class SerializationError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface SgdStepAttrs extends StepAttrs {
    readonly momentum: number;
    readonly nesterov: boolean;
}
export interface SgdStepOptions extends StepOptions {
    dampening?: number;
    momentum?: number;
    nesterov?: boolean;
    step?: number;
}
export type Shape = readonly number[];
export declare class ShapeError extends TenfoldError {
    constructor(message: string, options?: ErrorOptions);
    static readonly name: string;
}
export interface ShrinkOptions {
    lambd?: number;
}
export interface ShuffleOps {
    channelShuffle: Sig<[
        Tensor
    ], {
        readonly groups: number;
    }>;
    pixelShuffle: Sig<[
        Tensor
    ], {
        readonly upscaleFactor: number;
    }>;
    pixelUnshuffle: Sig<[
        Tensor
    ], {
        readonly downscaleFactor: number;
    }>;
}
export interface Sig<I extends readonly Operand[], A extends null | object = null, O extends Outputs = Tensor> {
    readonly attrs: A;
    readonly inputs: I;
    readonly outputs: O;
}
export interface SignAndLogdet {
    readonly logabsdet: Tensor;
    readonly sign: Tensor;
}
export interface SkippableStep {
    readonly control: OpSpec<Sig<readonly Operand[], ControlAttrs>>;
    readonly init: StepInit;
    readonly step: StepSpec;
}
export interface SliceAttrs {
    readonly dim: number;
    readonly end: null | number;
    readonly start: number;
    readonly step: number;
}
export interface SmoothL1LossOptions extends LossOptions {
    beta?: number;
}
export interface SoftmaxAttrs {
    readonly dim: number;
}
export interface SoftmaxOps extends SoftmaxForwardOps, SoftmaxBackwardOps {
}
export interface SoftmaxOptions {
    dtype?: DType;
}
export interface SoftplusAttrs {
    readonly beta: number;
    readonly threshold: number;
}
export interface SoftplusOptions {
    beta?: number;
    threshold?: number;
}
export interface SortAttrs {
    readonly descending: boolean;
    readonly dim: number;
}
export interface SortOptions {
    descending?: boolean;
    stable?: boolean;
}
export interface Sorted {
    readonly indices: Tensor;
    readonly values: Tensor;
}
export interface SpatialOps extends PadOps, ColumnsOps, InterpolateOps, ShuffleOps, GridSampleOps {
}
export type Step<A extends object> = (tensors: readonly (OneOrMore | null)[], numbers: readonly number[], attrs: A) => void;
export interface StepAttrs {
    readonly maximize: boolean;
    readonly weightDecay: number;
}
export interface StepCount<A extends object = object> {
    readonly at: number;
    corrections(step: Expr, p: Expr[]): (Expr | null)[];
    numbers(numbers: readonly number[], attrs: A): number[];
}
export interface StepInit<A extends object = object> {
    readonly counted?: StepCount<A> | false;
    formula(x: Expr[], p: Expr[], attrs: A): Expr[];
    readonly numbers: number;
    readonly optional: number;
    params(numbers: readonly number[], attrs: A): number[];
    readonly tensors: number;
    variant(attrs: A): number;
}
export interface StepOptions {
    lr: number;
    maximize?: boolean;
    weightDecay?: number;
}
export type StepSpec<A extends object = object> = OpSpec<Sig<readonly Operand[], A, readonly Tensor[]>>;
export declare class Storage {
    constructor(device: Device, dtype: DType, length: number);
    get buffer(): unknown;
    readonly device: Device;
    readonly dtype: DType;
    get holders(): number;
    readonly inference: boolean;
    readonly length: number;
    release(): void;
    retain(): void;
    upload(data: TypedArray, offset?: number): void;
    readonly version: VersionCounter;
}
export interface SumAttrs extends ReduceAttrs {
    readonly dtype?: DType;
}
export interface SumOptions extends KeepdimOptions {
    dtype?: DType;
}
export interface SvdAttrs {
    readonly fullMatrices: boolean;
}
export declare class TenfoldError extends Error {
    constructor(message: string, code?: string, options?: ErrorOptions);
    readonly code: string;
    static readonly name: string;
}
export declare class Tensor extends RandomMethods {
    static readonly name: string;
}
export type TensorData = NumericArray | bigint | boolean | number | readonly TensorData[];
export interface TensorMeta {
    readonly dtype: DType;
    readonly shape: Shape;
}
export interface TensorView<B = unknown> {
    readonly dtype: DType;
    readonly offset: number;
    readonly shape: readonly number[];
    readonly storage: {
        readonly buffer: B;
    };
    readonly strides: readonly number[];
}
export interface TensordotOptions {
    dims?: number | readonly [
        readonly number[],
        readonly number[]
    ];
}
export interface ToCopyAttrs {
    readonly data?: TypedArray;
    readonly device: string;
    readonly dtype: DType;
    readonly from?: string;
}
export interface ToOptions {
    copy?: boolean;
    device?: string;
    dtype?: DType;
}
export type ToTarget = (string & {}) | DType | Tensor | ToOptions;
export interface TopkAttrs {
    readonly dim: number;
    readonly k: number;
    readonly largest: boolean;
}
export interface TopkOptions {
    dim?: number;
    largest?: boolean;
    sorted?: boolean;
}
export interface TraceOptions {
    controlFlow?: OpenSizes;
    identity?: (tensor: Tensor) => unknown;
    lines?: boolean;
    onRead?: (tensor: Tensor) => void;
}
export interface Traced<T> {
    readonly graph: Graph;
    readonly result: T;
}
export interface Transform {
    enter?<T>(name: string, inputs: readonly Operand[], next: (inputs: readonly Operand[]) => T): T;
    process(spec: OpSpec, inputs: readonly Operand[], attrs: null | object, next: Next): Outputs;
}
export interface TriangleOptions extends FactoryOptions {
    offset?: number;
}
export interface TriangularSolveAttrs {
    readonly unitriangular: boolean;
    readonly upper: boolean;
}
export type TypedArray = BigInt64Array | Float32Array | Float64Array | Int16Array | Int32Array | Int8Array | Uint16Array | Uint8Array;
export declare const UNIFORM32_PER_BLOCK = 4;
export declare const UNIFORM64_PER_BLOCK = 2;
export type UnaryFn = 'abs' | 'acos' | 'acosh' | 'asin' | 'asinh' | 'atan' | 'atanh' | 'bitNot' | 'ceil' | 'cos' | 'cosh' | 'digamma' | 'erf' | 'erfc' | 'erfinv' | 'exp' | 'exp2' | 'expm1' | 'floor' | 'lgamma' | 'log' | 'log10' | 'log1p' | 'log2' | 'neg' | 'round' | 'rsqrt' | 'sigmoid' | 'sign' | 'sin' | 'sinh' | 'sqrt' | 'tan' | 'tanh' | 'trunc';
export interface UniqueConsecutiveOptions {
    dim?: number;
    returnCounts?: boolean;
    returnInverse?: boolean;
}
export interface UniqueOptions extends UniqueConsecutiveOptions {
    sorted?: boolean;
}
export interface UniqueResult {
    readonly counts: Tensor | null;
    readonly inverseIndices: Tensor | null;
    readonly values: Tensor;
}
export interface UpperOptions {
    upper?: boolean;
}
export interface Value {
    readonly dtype: DType;
    readonly id: number;
    readonly shape: Shape;
}
export interface ValuesAndIndices {
    readonly indices: Tensor;
    readonly values: Tensor;
}
export interface ValuesOnly {
    returnCounts?: false;
    returnInverse?: false;
}
export interface VarAttrs extends ReduceAttrs {
    readonly correction: number;
}
export interface VarOptions extends KeepdimOptions {
    correction?: number;
}
export interface VersionCounter {
    value: number;
}
export interface ViewGeometry {
    readonly offset: number;
    readonly shape: Shape;
    readonly strides: readonly number[];
}
export interface ViewInfo {
    readonly attrs: null | object;
    readonly made: 'grad' | 'inference' | 'noGrad';
    multi: null | {
        readonly node: string;
        readonly outputNr: number;
    };
    readonly source: Tensor;
    readonly spec: OpSpec;
    readonly version: number;
}
export interface ViewScatterAttrs {
    readonly attrs: null | object;
    readonly view: OpSpec;
}
export declare const abs: AsFunction<"abs">;
export declare const acos: AsFunction<"acos">;
export declare const acosh: AsFunction<"acosh">;
export declare const activationOps: {
    readonly [K in keyof ActivationOps]: OpSpec<ActivationOps[K]>;
};
export declare function adamStep_(param: OneOrMore, grad: OneOrMore, expAvg: OneOrMore, expAvgSq: OneOrMore, maxExpAvgSq: OneOrMore | null, options: AdamStepOptions): void;
export declare const adaptiveAvgPool1d: (input: Tensor, outputSize: OutputSize) => Tensor;
export declare const adaptiveAvgPool2d: (input: Tensor, outputSize: OutputSize) => Tensor;
export declare const adaptiveAvgPool3d: (input: Tensor, outputSize: OutputSize) => Tensor;
export declare const adaptiveMaxPool1d: AdaptiveMaxPool;
export declare const adaptiveMaxPool2d: AdaptiveMaxPool;
export declare const adaptiveMaxPool3d: AdaptiveMaxPool;
export declare const add: AsFunction<"add">;
export declare const addbmm: (input: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions) => Tensor;
export declare const addcdiv: AsFunction<"addcdiv">;
export declare const addcmul: AsFunction<"addcmul">;
export declare const addmm: (input: Tensor, mat1: Tensor, mat2: Tensor, options?: AddmmOptions) => Tensor;
export declare const addmv: (input: Tensor, mat: Tensor, vec: Tensor, options?: AddmmOptions) => Tensor;
export declare const addr: (input: Tensor, vec1: Tensor, vec2: Tensor, options?: AddmmOptions) => Tensor;
export declare function affineGrid(theta: Tensor, size: readonly number[], options?: AffineGridOptions): Tensor;
export declare const all: (input: Tensor, dim?: Dims, options?: KeepdimOptions) => Tensor;
export declare function allDims(rank: number): readonly number[];
export declare const allclose: (input: Tensor, other: Tensor, options?: CloseOptions) => boolean;
export declare const allcloseAsync: (input: Tensor, other: Tensor, options?: CloseOptions) => Promise<boolean>;
export declare const amax: (input: Tensor, dim?: Dims, options?: KeepdimOptions) => Tensor;
export declare const amin: (input: Tensor, dim?: Dims, options?: KeepdimOptions) => Tensor;
export declare const aminmax: (input: Tensor, options?: AminmaxOptions) => MinAndMax;
export declare const any: (input: Tensor, dim?: Dims, options?: KeepdimOptions) => Tensor;
export declare function arange(end: number, options?: FactoryOptions): Tensor;
export declare function arange(start: number, end: number, options?: FactoryOptions): Tensor;
export declare function arange(start: number, end: number, step: number, options?: FactoryOptions): Tensor;
export declare const argmax: (input: Tensor, dim?: null | number, options?: KeepdimOptions) => Tensor;
export declare const argmin: (input: Tensor, dim?: null | number, options?: KeepdimOptions) => Tensor;
export declare const argsort: (x: Tensor, dim?: number, options?: SortOptions) => Tensor;
export declare const argwhere: (x: Tensor) => Tensor;
export declare const arrayTypes: {
    readonly bfloat16: Uint16ArrayConstructor;
    readonly bool: Uint8ArrayConstructor;
    readonly float16: Uint16ArrayConstructor;
    readonly float32: Float32ArrayConstructor;
    readonly float64: Float64ArrayConstructor;
    readonly int16: Int16ArrayConstructor;
    readonly int32: Int32ArrayConstructor;
    readonly int64: BigInt64ArrayConstructor;
    readonly int8: Int8ArrayConstructor;
    readonly uint8: Uint8ArrayConstructor;
};
export declare function asOne<const I extends readonly Operand[], T>(name: string, inputs: I, fn: (...inputs: I) => T): T;
export declare const asStrided: (x: Tensor, shape: Shape, strides: readonly number[], storageOffset?: number) => Tensor;
export declare function asTensor(data: Tensor | TensorData, options?: Omit<FactoryOptions, 'requiresGrad'>): Tensor;
export declare const asin: AsFunction<"asin">;
export declare const asinh: AsFunction<"asinh">;
export declare const atan: AsFunction<"atan">;
export declare const atan2: AsFunction<"atan2">;
export declare const atanh: AsFunction<"atanh">;
export declare const atleast1d: {
    (x: Tensor): Tensor;
    (x: readonly Tensor[]): Tensor[];
};
export declare const atleast2d: {
    (x: Tensor): Tensor;
    (x: readonly Tensor[]): Tensor[];
};
export declare const atleast3d: {
    (x: Tensor): Tensor;
    (x: readonly Tensor[]): Tensor[];
};
export declare const avgPool1d: (input: Tensor, kernelSize: PerDim, options?: AvgPool1dOptions) => Tensor;
export declare const avgPool2d: (input: Tensor, kernelSize: PerDim, options?: AvgPoolOptions) => Tensor;
export declare const avgPool3d: (input: Tensor, kernelSize: PerDim, options?: AvgPoolOptions) => Tensor;
export declare const backendSpecVersion = 1;
export declare const baddbmm: (input: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions) => Tensor;
export declare function batchNorm(input: Tensor, runningMean: Tensor | null, runningVar: Tensor | null, options?: BatchNormOptions): Tensor;
export declare function beginTidy(): TidyScope;
export declare function belowAutograd<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
export declare function belowTransforms<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
export declare const bernoulli: (p: Tensor, options?: DrawOptions) => Tensor;
export declare function bfloat16ToNumber(bits: number): number;
export declare function binaryCrossEntropy(input: Tensor, target: Tensor, options?: BinaryCrossEntropyOptions): Tensor;
export declare function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options?: BinaryCrossEntropyWithLogitsOptions): Tensor;
export declare const bincount: (x: Tensor, options?: BincountOptions) => Tensor;
export declare const bitwiseAnd: AsFunction<"bitwiseAnd">;
export declare const bitwiseLeftShift: AsFunction<"bitwiseLeftShift">;
export declare const bitwiseNot: AsFunction<"bitwiseNot">;
export declare const bitwiseOr: AsFunction<"bitwiseOr">;
export declare const bitwiseRightShift: AsFunction<"bitwiseRightShift">;
export declare const bitwiseXor: AsFunction<"bitwiseXor">;
export declare function blockDiag(tensors: readonly Tensor[]): Tensor;
export declare function blocksFor(n: number, perBlock: number): number;
export declare const bmm: (input: Tensor, mat2: Tensor) => Tensor;
export declare function broadcastShapes(shapes: readonly Shape[], where: string): Shape;
export declare function broadcastStrides(shape: Shape, strides: readonly number[], target: Shape): number[];
export declare function broadcastTensors(tensors: readonly Tensor[]): Tensor[];
export declare const broadcastTo: (x: Tensor, shape: Shape) => Tensor;
export declare function bucketize(values: Tensor | number, boundaries: Tensor, options?: BucketizeOptions): Tensor;
export declare const builtinOps: {
    readonly [K in keyof BuiltinOps]: OpSpec<BuiltinOps[K]>;
};
export declare function callerLine(): string;
export declare function canCast(from: DType, to: DType): boolean;
export declare function cartesianProd(tensors: readonly Tensor[]): Tensor;
export declare function cat(tensors: readonly Tensor[], dim?: number): Tensor;
export declare function cdist(x1: Tensor, x2: Tensor, options?: DistanceOptions): Tensor;
export declare const ceil: AsFunction<"ceil">;
export declare function celu(input: Tensor, options?: EluOptions): Tensor;
export declare const channelShuffle: (input: Tensor, groups: number) => Tensor;
export declare function checkOptions(where: string, options: object | undefined, known: readonly string[]): void;
export declare function checkShape(value: unknown, where: string): Shape;
export declare const cholesky: (input: Tensor, options?: UpperOptions) => Tensor;
export declare const choleskyInverse: (input: Tensor, options?: UpperOptions) => Tensor;
export declare const choleskySolve: (input: Tensor, factor: Tensor, options?: UpperOptions) => Tensor;
export declare const chunk: (x: Tensor, chunks: number, dim?: number) => Tensor[];
export declare const clamp: AsFunction<"clamp">;
export declare const clampMax: AsFunction<"clampMax">;
export declare const clampMin: AsFunction<"clampMin">;
export declare const clone: (x: Tensor) => Tensor;
export declare function col2im(input: Tensor, outputSize: number | readonly number[], kernelSize: number | readonly number[], options?: ColumnsOptions): Tensor;
export declare function columnStack(tensors: readonly Tensor[]): Tensor;
export declare function combinations(x: Tensor, options?: CombinationsOptions): Tensor;
export declare const concat: typeof cat;
export declare const concatenate: typeof cat;
export declare function contiguousStrides(shape: Shape): number[];
export declare const controlDType: (dtype: DType) => DType;
export declare const conv1d: (input: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvOptions) => Tensor;
export declare const conv2d: (input: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvOptions) => Tensor;
export declare const conv3d: (input: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvOptions) => Tensor;
export declare const convTranspose1d: (input: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeOptions) => Tensor;
export declare const convTranspose2d: (input: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeOptions) => Tensor;
export declare const convTranspose3d: (input: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeOptions) => Tensor;
export declare const copysign: AsFunction<"copysign">;
export declare const cos: AsFunction<"cos">;
export declare const cosh: AsFunction<"cosh">;
export declare const countNonzero: (input: Tensor, dim?: Dims) => Tensor;
export declare const cross: (input: Tensor, other: Tensor, dim?: number) => Tensor;
export declare function crossEntropy(input: Tensor, target: Tensor, options?: CrossEntropyOptions): Tensor;
export declare const cummax: (input: Tensor, dim: number) => ValuesAndIndices;
export declare const cummin: (input: Tensor, dim: number) => ValuesAndIndices;
export declare const cumprod: (input: Tensor, dim: number, options?: CumulativeOptions) => Tensor;
export declare const cumsum: (input: Tensor, dim: number, options?: CumulativeOptions) => Tensor;
export declare const defaultGenerator: Generator;
export declare function defineOp<S extends AnySig>(init: OpInit<S>): OpSpec<S>;
export declare function defineStep<A extends object>(name: string, init: StepInit<A>): Step<A>;
export declare const deg2rad: AsFunction<"deg2rad">;
export declare function describe(value: unknown): string;
export declare const det: (input: Tensor) => Tensor;
export declare function devices(): Promise<DeviceInfo[]>;
export declare const diag: (x: Tensor, diagonal?: number) => Tensor;
export declare const diagEmbed: (x: Tensor, options?: DiagonalOptions) => Tensor;
export declare const diagonal: (x: Tensor, options?: DiagonalOptions) => Tensor;
export declare const diagonalScatter: (x: Tensor, src: Tensor, options?: DiagonalOptions) => Tensor;
export declare const digamma: AsFunction<"digamma">;
export declare function dispatch<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
export declare const div: AsFunction<"div">;
export declare const dot: (input: Tensor, other: Tensor) => Tensor;
export declare const drawWatchers: Set<(generator: Generator) => void>;
export declare function dropout(input: Tensor, p: number, options?: DrawOptions): Tensor;
export declare const dsplit: (x: Tensor, indicesOrSections: number | readonly number[]) => Tensor[];
export declare function dstack(tensors: readonly Tensor[]): Tensor;
export declare const dtypeNames: readonly DType[];
export declare const dtypes: {
    readonly [D in DType]: DTypeInfo;
};
export declare function einsum(equation: string, operands: readonly Tensor[]): Tensor;
export declare function elu(input: Tensor, options?: EluOptions): Tensor;
export declare function embedding(input: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor;
export declare function empty(shape: Shape, options?: FactoryOptions): Tensor;
export declare function emptyLike(x: Tensor, options?: FactoryOptions): Tensor;
export declare const endPadding: (sizes: Shape, counts: Shape, { kernel, stride, padding, dilation }: PoolAttrs) => number[];
export declare function endTidy(scope: TidyScope, kept: readonly (Tensor | null)[]): void;
export declare const eq: AsFunction<"eq">;
export declare const equal: (input: Tensor, other: Tensor) => boolean;
export declare const equalAsync: (input: Tensor, other: Tensor) => Promise<boolean>;
export declare const erf: AsFunction<"erf">;
export declare const erfCoefficients: {
    farP: number[];
    farQ: number[];
    middleP: number[];
    middleQ: number[];
    nearP: number[];
    nearQ: number[];
};
export declare const erfc: AsFunction<"erfc">;
export declare const erfinv: AsFunction<"erfinv">;
export declare function exactFit(x: Shape, w: Shape, y: Shape, attrs: ConvAttrs): ConvAttrs;
export declare const exp: AsFunction<"exp">;
export declare const exp2: AsFunction<"exp2">;
export declare const expm1: AsFunction<"expm1">;
export declare namespace expr {
    export { BinaryFn, CompareFn, Expr, Program, UnaryFn, abs, add, binary, bitAnd, bitNot, bitOr, bitXor, cast, compare, constant, div, eq, exp, floor, formatExpr, ge, gt, indexOf, input, isNaNExpr, le, load, log, lt, max, mayDivideByZero, min, mul, ne, neg, not, operands, param, pow, rem, rewrite, select, sign, sqrt, sub, topological, trunc, unary };
}
export declare function eye(n: number, m?: FactoryOptions | number, options?: FactoryOptions): Tensor;
export declare function fillBits(out: Uint32Array | number[], seed: Seed, offset: number): void;
export declare function fillNormal32(out: RandomSink, seed: Seed, offset: number): void;
export declare function fillNormal64(out: Float64Array | number[], seed: Seed, offset: number): void;
export declare function fillUniform32(out: RandomSink, seed: Seed, offset: number): void;
export declare function fillUniform64(out: Float64Array | number[], seed: Seed, offset: number): void;
export declare const flatten: (x: Tensor, startDim?: number, endDim?: number) => Tensor;
export declare const flip: (x: Tensor, dims: number | readonly number[]) => Tensor;
export declare const fliplr: (x: Tensor) => Tensor;
export declare const flipud: (x: Tensor) => Tensor;
export declare const floatPower: AsFunction<"floatPower">;
export declare const floor: AsFunction<"floor">;
export declare const floorDivide: AsFunction<"floorDivide">;
export declare const fmax: AsFunction<"fmax">;
export declare const fmin: AsFunction<"fmin">;
export declare const fmod: AsFunction<"fmod">;
export declare function forkRng<T>(fn: () => T, options?: ForkRngOptions): T;
export declare function formatExpr(node: Expr): string;
export declare const formatShape: (shape: Shape) => string;
export declare const frac: AsFunction<"frac">;
export declare function fromTypedArray(data: TypedArray, shape?: Shape, options?: FactoryOptions): Tensor;
export declare function full(shape: Shape, value: boolean | number, options?: FactoryOptions): Tensor;
export declare const fullLike: (x: Tensor, value: boolean | number, options?: FactoryOptions) => Tensor;
export declare const gather: (x: Tensor, dim: number, index: Tensor) => Tensor;
export declare const ge: AsFunction<"ge">;
export declare function gelu(input: Tensor, options?: GeluOptions): Tensor;
export declare const getDefaultDType: () => DType;
export declare const getDefaultDevice: () => string;
export declare function getPrintOptions(): PrintOptions;
export declare const getRngState: () => GeneratorState;
export declare const gradMode: {
    enabled: boolean;
};
export declare function gridSample(input: Tensor, grid: Tensor, options?: GridSampleOptions): Tensor;
export declare function groupNorm(input: Tensor, numGroups: number, options?: NormOptions): Tensor;
export declare const gt: AsFunction<"gt">;
export declare function halfToNumber(bits: number): number;
export declare const hardshrink: (input: Tensor, options?: ShrinkOptions) => Tensor;
export declare function hardsigmoid(input: Tensor, options?: InplaceOptions): Tensor;
export declare function hardswish(input: Tensor, options?: InplaceOptions): Tensor;
export declare function hardtanh(input: Tensor, options?: HardtanhOptions): Tensor;
export declare const heaviside: AsFunction<"heaviside">;
export declare const histc: (x: Tensor, options?: HistcOptions) => Tensor;
export declare const hsplit: (x: Tensor, indicesOrSections: number | readonly number[]) => Tensor[];
export declare function hstack(tensors: readonly Tensor[]): Tensor;
export declare function huberLoss(input: Tensor, target: Tensor, options?: HuberLossOptions): Tensor;
export declare const hypot: AsFunction<"hypot">;
export declare function im2col(input: Tensor, kernelSize: number | readonly number[], options?: ColumnsOptions): Tensor;
export declare const indexAdd: (x: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions) => Tensor;
export declare const indexCopy: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor;
export declare const indexFill: (x: Tensor, dim: number, index: Tensor, value: Tensor | number) => Tensor;
export declare const indexPut: (x: Tensor, indices: readonly IndexEntry[], value: Tensor | number, options?: IndexPutOptions) => Tensor;
export declare const indexReduce: (x: Tensor, dim: number, index: Tensor, source: Tensor, reduce: IndexReduce, options?: ScatterReduceOptions) => Tensor;
export declare const indexSelect: (x: Tensor, dim: number, index: Tensor) => Tensor;
export declare const inferenceState: {
    enabled: boolean;
};
export declare const initialSeed: () => Seed;
export declare const inner: (input: Tensor, other: Tensor) => Tensor;
export declare function installAutograd(hooks: AutogradHooks): void;
export declare const installedAutograd: () => AutogradHooks | null;
export declare function instanceNorm(input: Tensor, options?: InstanceNormOptions): Tensor;
export declare function interpolate(input: Tensor, options?: InterpolateOptions): Tensor;
export declare const interpreters: Interpreter[];
export declare const inverse: (input: Tensor) => Tensor;
export declare function isContiguous(shape: Shape, strides: readonly number[]): boolean;
export declare const isFloat: (dtype: DType) => boolean;
export declare const isInteger: (dtype: DType) => boolean;
export declare function isTensor(value: unknown): value is Tensor;
export declare const isTracing: () => boolean;
export declare const isclose: AsFunction<"isclose">;
export declare const isfinite: AsFunction<"isfinite">;
export declare function isin(elements: Tensor | number, testElements: Tensor | number, options?: IsinOptions): Tensor;
export declare const isinf: AsFunction<"isinf">;
export declare const isnan: AsFunction<"isnan">;
export declare const isneginf: AsFunction<"isneginf">;
export declare const isposinf: AsFunction<"isposinf">;
export declare function keep<T extends Tensor>(tensor: T): T;
export declare const kron: (input: Tensor, other: Tensor) => Tensor;
export declare const kthvalue: (input: Tensor, k: number, dim?: number, options?: KeepdimOptions) => ValuesAndIndices;
export declare function l1Loss(input: Tensor, target: Tensor, options?: LossOptions): Tensor;
export declare function layerNorm(input: Tensor, normalizedShape: Shape | number, options?: NormOptions): Tensor;
export declare const ldexp: AsFunction<"ldexp">;
export declare const le: AsFunction<"le">;
export declare function leakyRelu(input: Tensor, options?: LeakyReluOptions): Tensor;
export declare const lerp: AsFunction<"lerp">;
export declare const lgamma: AsFunction<"lgamma">;
export declare namespace linalg {
    export { Eigh, EighOptions, LU, LinalgNormOptions, Lstsq, LstsqDriver, LstsqOptions, LuSolveOptions, MatrixOrder, RankOptions, SVD, SolveOptions, SolveTriangularOptions, cholesky as cholesky, cond, cross as cross, det, diagonal as diagonal, eigh, eigvalsh, inverse as inverse, lstsq, lu, luFactor, luSolve, matmul, matrixExp, matrixNorm, matrixPower, matrixRank, multiDot, norm as norm, pinv, qr as qr, slogdet, solve, solveTriangular, svd, svdvals, vecdot, vectorNorm };
}
export declare function linspace(start: number, end: number, steps: number, options?: FactoryOptions): Tensor;
export declare const log: AsFunction<"log">;
export declare const log10: AsFunction<"log10">;
export declare const log1p: AsFunction<"log1p">;
export declare const log2: AsFunction<"log2">;
export declare const logSoftmax: (input: Tensor, dim: number, options?: SoftmaxOptions) => Tensor;
export declare const logaddexp: AsFunction<"logaddexp">;
export declare const logaddexp2: AsFunction<"logaddexp2">;
export declare const logcumsumexp: (input: Tensor, dim: number) => Tensor;
export declare const logdet: (input: Tensor) => Tensor;
export declare const logicalAnd: AsFunction<"logicalAnd">;
export declare const logicalNot: AsFunction<"logicalNot">;
export declare const logicalOr: AsFunction<"logicalOr">;
export declare const logicalXor: AsFunction<"logicalXor">;
export declare const logit: AsFunction<"logit">;
export declare const logsigmoid: (input: Tensor) => Tensor;
export declare function logspace(start: number, end: number, steps: number, options?: FactoryOptions & {
    base?: number;
}): Tensor;
export declare const logsumexp: (input: Tensor, dim: Dims, options?: KeepdimOptions) => Tensor;
export declare const lpPool1d: (input: Tensor, normType: number, kernelSize: PerDim, options?: LpPoolOptions) => Tensor;
export declare const lpPool2d: (input: Tensor, normType: number, kernelSize: PerDim, options?: LpPoolOptions) => Tensor;
export declare const lpPool3d: (input: Tensor, normType: number, kernelSize: PerDim, options?: LpPoolOptions) => Tensor;
export declare const lt: AsFunction<"lt">;
export declare function makeTensor(storage: Storage, dtype: DType, shape: Shape, strides: readonly number[], offset?: number, version?: VersionCounter, viewInfo?: ViewInfo | null): Tensor;
export declare const manualSeed: (seed: Seed) => Generator;
export declare const maskedFill: AsFunction<"maskedFill">;
export declare const maskedScatter: (x: Tensor, mask: Tensor, source: Tensor) => Tensor;
export declare const maskedSelect: (x: Tensor, mask: Tensor) => Tensor;
export declare const matmul: (input: Tensor, other: Tensor) => Tensor;
export declare const matrixExp: (input: Tensor) => Tensor;
export declare const matrixPower: (input: Tensor, n: number) => Tensor;
export declare function max(input: Tensor): Tensor;
export declare function max(input: Tensor, other: Tensor): Tensor;
export declare function max(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export declare const maxPool1d: MaxPool;
export declare const maxPool2d: MaxPool;
export declare const maxPool3d: MaxPool;
export declare const maxUnpool1d: (input: Tensor, indices: Tensor, kernelSize: PerDim, options?: MaxUnpoolOptions) => Tensor;
export declare const maxUnpool2d: (input: Tensor, indices: Tensor, kernelSize: PerDim, options?: MaxUnpoolOptions) => Tensor;
export declare const maxUnpool3d: (input: Tensor, indices: Tensor, kernelSize: PerDim, options?: MaxUnpoolOptions) => Tensor;
export declare const maximum: AsFunction<"maximum">;
export declare const mayDivideByZero: (node: Expr) => boolean;
export declare const mean: (input: Tensor, dim?: Dims, options?: SumOptions) => Tensor;
export declare function median(input: Tensor): Tensor;
export declare function median(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export declare function memory(): {
    [device: string]: MemoryUsage;
};
export declare function meshgrid(tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[];
export declare function min(input: Tensor): Tensor;
export declare function min(input: Tensor, other: Tensor): Tensor;
export declare function min(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export declare const minimum: AsFunction<"minimum">;
export declare function mish(input: Tensor, options?: InplaceOptions): Tensor;
export declare const mm: (input: Tensor, mat2: Tensor) => Tensor;
export declare const mode: (input: Tensor, dim?: number, options?: KeepdimOptions) => ValuesAndIndices;
export declare const moveaxis: (x: Tensor, source: number | readonly number[], destination: number | readonly number[]) => Tensor;
export declare const movedim: (x: Tensor, source: number | readonly number[], destination: number | readonly number[]) => Tensor;
export declare function mseLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor;
export declare const msort: (x: Tensor) => Tensor;
export declare const mul: AsFunction<"mul">;
export declare const multinomial: (p: Tensor, numSamples: number, options?: DrawOptions & {
    replacement?: boolean;
}) => Tensor;
export declare const mv: (input: Tensor, vec: Tensor) => Tensor;
export declare const nanToNum: AsFunction<"nanToNum">;
export declare const nanmean: (input: Tensor, dim?: Dims, options?: SumOptions) => Tensor;
export declare function nanmedian(input: Tensor): Tensor;
export declare function nanmedian(input: Tensor, dim: number, options?: KeepdimOptions): ValuesAndIndices;
export declare const nanquantile: (input: Tensor, q: Tensor | number, dim?: null | number, options?: QuantileOptions) => Tensor;
export declare const nansum: (input: Tensor, dim?: Dims, options?: SumOptions) => Tensor;
export declare const narrow: (x: Tensor, dim: number, start: number, length: number) => Tensor;
export declare const ne: AsFunction<"ne">;
export declare const neg: AsFunction<"neg">;
export declare function nllLoss(input: Tensor, target: Tensor, options?: NllLossOptions): Tensor;
export declare function nonzero(x: Tensor, options?: {
    asTuple?: false;
}): Tensor;
export declare function nonzero(x: Tensor, options: {
    asTuple: true;
}): Tensor[];
export declare const norm: (input: Tensor, options?: NormOptions) => Tensor;
export declare function normal(mean: Tensor | number, std: Tensor | number, options?: RandomOptions & {
    shape?: Shape;
}): Tensor;
export declare function normalizeDim(dim: number, rank: number, where: string): number;
export declare function normalizeDims(dims: null | number | readonly number[] | undefined, rank: number, where: string): readonly number[];
export declare function noteAlias(alias: Tensor, tensor: Tensor): void;
export declare function numberToBfloat16(x: number): number;
export declare function numberToHalf(x: number): number;
export declare function numel(shape: Shape): number;
export declare function oneHot(classes: Tensor, numClasses?: number): Tensor;
export declare const ones: (shape: Shape, options?: FactoryOptions) => Tensor;
export declare const onesLike: (x: Tensor, options?: FactoryOptions) => Tensor;
export declare const openDevices: () => Device[];
export declare function operands(node: Expr): readonly Expr[];
export declare const outer: (input: Tensor, vec2: Tensor) => Tensor;
export declare function pad(input: Tensor, padding: readonly number[], options?: PadOptions): Tensor;
export declare function pdist(input: Tensor, options?: DistanceOptions): Tensor;
export declare function perDim(where: string, what: string, value: unknown, n: number): number[];
export declare const permute: (x: Tensor, dims: readonly number[]) => Tensor;
export declare function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array, outOffset?: number): void;
export declare const pinverse: (input: Tensor, rcond?: number) => Tensor;
export declare const pixelShuffle: (input: Tensor, upscaleFactor: number) => Tensor;
export declare const pixelUnshuffle: (input: Tensor, downscaleFactor: number) => Tensor;
export declare const pointwiseOps: {
    readonly [K in keyof ElementwiseOps]: OpSpec<ElementwiseOps[K]>;
};
export declare const polygamma: (n: number, input: Tensor) => Tensor;
export declare function pooledSizes(sizes: Shape, { kernel, stride, padding, dilation, ceilMode }: PoolAttrs): number[];
export declare function pow(input: Tensor | number, exponent: Tensor | number): Tensor;
export declare function printGraph(graph: Graph, names?: ReadonlyMap<Value, string>): string;
export declare const prod: (input: Tensor, dim?: Dims, options?: SumOptions) => Tensor;
export declare function promoteTypes(a: DType, b: DType): DType;
export declare const put: (x: Tensor, index: Tensor, source: Tensor, options?: PutOptions) => Tensor;
export declare const qr: (input: Tensor, options?: {
    some?: boolean;
}) => QR;
export declare const quantile: (input: Tensor, q: Tensor | number, dim?: null | number, options?: QuantileOptions) => Tensor;
export declare const rad2deg: AsFunction<"rad2deg">;
export declare const rand: (shape: Shape, options?: RandomOptions) => Tensor;
export declare const randLike: (x: Tensor, options?: RandomOptions) => Tensor;
export declare function randint(high: number, shape: Shape, options?: RandomOptions): Tensor;
export declare function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor;
export declare function randintLike(x: Tensor, high: number, options?: RandomOptions): Tensor;
export declare function randintLike(x: Tensor, low: number, high: number, options?: RandomOptions): Tensor;
export declare const randn: (shape: Shape, options?: RandomOptions) => Tensor;
export declare const randnLike: (x: Tensor, options?: RandomOptions) => Tensor;
export declare function randperm(n: number, options?: RandomOptions): Tensor;
export declare const ravel: (x: Tensor) => Tensor;
export declare const reciprocal: AsFunction<"reciprocal">;
export declare function recordControl(spec: OpSpec, inputs: readonly Operand[], attrs: null | object, record: (recorder: ControlRecorder) => readonly ControlResult[]): Tensor[] | null;
export declare function registerBackend<B>(backend: Backend<B>): void;
export declare const relu: AsFunction<"relu">;
export declare function relu6(input: Tensor, options?: InplaceOptions): Tensor;
export declare const remainder: AsFunction<"remainder">;
export declare const repeatInterleave: (x: Tensor, repeats: Tensor | number | readonly number[], options?: RepeatInterleaveOptions) => Tensor;
export declare function replay(graph: Graph, args: readonly Tensor[]): Tensor[];
export declare const reshape: (x: Tensor, shape: Shape) => Tensor;
export declare function resolveDevice(name?: string): Device;
export declare function resultType(operands: readonly PromotionOperand[]): DType;
export declare function rmsNorm(input: Tensor, normalizedShape: Shape | number, options?: RmsNormOptions): Tensor;
export declare function rmspropStep_(param: OneOrMore, grad: OneOrMore, squareAvg: OneOrMore, gradAvg: OneOrMore | null, momentumBuffer: OneOrMore | null, options: RmspropStepOptions): void;
export declare const roll: (x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]) => Tensor;
export declare const rot90: (x: Tensor, k?: number, dims?: readonly number[]) => Tensor;
export declare const round: AsFunction<"round">;
export declare function roundHalfEven(x: number): number;
export declare const rowStack: typeof vstack;
export declare const rsqrt: AsFunction<"rsqrt">;
export declare const rsub: AsFunction<"rsub">;
export declare function runBody<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
export declare function sameShape(a: Shape, b: Shape): boolean;
export declare const scalarTypeName: {
    readonly [D in DType]: string;
};
export declare function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, options?: AttentionOptions): Tensor;
export declare const scatter: (x: Tensor, dim: number, index: Tensor, src: Tensor | number, options?: ScatterOptions) => Tensor;
export declare const scatterAdd: (x: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor;
export declare const scatterReduce: (x: Tensor, dim: number, index: Tensor, src: Tensor, reduce: ScatterReduce, options?: ScatterReduceOptions) => Tensor;
export declare function searchsorted(sorted: Tensor, values: Tensor | number, options?: SearchOptions): Tensor;
export declare function seed(): number;
export declare function seedToKey(seed: Seed): [
    number,
    number
];
export declare const select: (x: Tensor, dim: number, index: number) => Tensor;
export declare const selectScatter: (x: Tensor, src: Tensor, dim: number, index: number) => Tensor;
export declare function selu(input: Tensor, options?: InplaceOptions): Tensor;
export declare function setDefaultDType(dtype: DType): void;
export declare function setDefaultDevice(device: string): void;
export declare function setPrintOptions(options: SetPrintOptions): void;
export declare function setRngState(state: GeneratorState): void;
export declare function sgdStep_(param: OneOrMore, grad: OneOrMore, momentumBuffer: OneOrMore | null, options: SgdStepOptions): void;
export declare const sigmoid: AsFunction<"sigmoid">;
export declare const sign: AsFunction<"sign">;
export declare const signbit: AsFunction<"signbit">;
export declare function silu(input: Tensor, options?: InplaceOptions): Tensor;
export declare const sin: AsFunction<"sin">;
export declare const sinc: AsFunction<"sinc">;
export declare const sinh: AsFunction<"sinh">;
export declare function skippableStep(spec: OpSpec): SkippableStep | null;
export declare const sliceScatter: (x: Tensor, src: Tensor, dim?: number, start?: null | number, end?: null | number, step?: number) => Tensor;
export declare const slogdet: (input: Tensor) => SignAndLogdet;
export declare function smoothL1Loss(input: Tensor, target: Tensor, options?: SmoothL1LossOptions): Tensor;
export declare const softmax: (input: Tensor, dim: number, options?: SoftmaxOptions) => Tensor;
export declare function softplus(input: Tensor, options?: SoftplusOptions): Tensor;
export declare function softshrink(input: Tensor, options?: ShrinkOptions): Tensor;
export declare const sort: (x: Tensor, dim?: number, options?: SortOptions) => Sorted;
export declare const split: (x: Tensor, size: number | readonly number[], dim?: number) => Tensor[];
export declare const sqrt: AsFunction<"sqrt">;
export declare const square: AsFunction<"square">;
export declare const squeeze: (x: Tensor, dim?: number | readonly number[]) => Tensor;
export declare function stack(tensors: readonly Tensor[], dim?: number): Tensor;
export declare const std: (input: Tensor, dim?: Dims, options?: VarOptions) => Tensor;
export declare const stdMean: (input: Tensor, dim?: Dims, options?: VarOptions) => readonly [
    Tensor,
    Tensor
];
export declare namespace stepFormulas {
    export { StepAttrs, addQuotient, blend, blendSquare, decayed };
}
export declare const stepInitOf: (spec: OpSpec) => StepInit | undefined;
export declare const sub: AsFunction<"sub">;
export declare const sum: (input: Tensor, dim?: Dims, options?: SumOptions) => Tensor;
export declare const swapaxes: (x: Tensor, axis0: number, axis1: number) => Tensor;
export declare const swapdims: (x: Tensor, dim0: number, dim1: number) => Tensor;
export declare const t: (x: Tensor) => Tensor;
export declare const take: (x: Tensor, index: Tensor) => Tensor;
export declare const takeAlongDim: (x: Tensor, indices: Tensor, dim?: number) => Tensor;
export declare const tan: AsFunction<"tan">;
export declare const tanh: AsFunction<"tanh">;
export declare function tensor(data: TensorData, options?: FactoryOptions): Tensor;
export declare const tensorSplit: (x: Tensor, indicesOrSections: Tensor | number | readonly number[], dim?: number) => Tensor[];
export declare function tensordot(a: Tensor, b: Tensor, options?: TensordotOptions): Tensor;
export declare function threshold(input: Tensor, threshold: number, value: number, options?: InplaceOptions): Tensor;
export declare function tidy<T>(fn: () => T): T;
export declare const tile: (x: Tensor, repeats: readonly number[]) => Tensor;
export declare const topk: (x: Tensor, k: number, options?: TopkOptions) => Sorted;
export declare function topological(roots: readonly Expr[]): Expr[];
export declare function trace<T extends Outputs>(fn: (...args: Tensor[]) => T, args: readonly Tensor[], options?: TraceOptions): Traced<T>;
export declare function track(tensor: Tensor): void;
export declare const transforms: Transform[];
export declare const transpose: (x: Tensor, dim0: number, dim1: number) => Tensor;
export declare const tril: (x: Tensor, diagonal?: number) => Tensor;
export declare const trilIndices: (rows: number, columns: number, options?: TriangleOptions) => Tensor;
export declare const triu: (x: Tensor, diagonal?: number) => Tensor;
export declare const triuIndices: (rows: number, columns: number, options?: TriangleOptions) => Tensor;
export declare const trunc: AsFunction<"trunc">;
export declare const unbind: (x: Tensor, dim?: number) => Tensor[];
export declare const unflatten: (x: Tensor, dim: number, sizes: Shape) => Tensor;
export declare function unique(x: Tensor, options?: UniqueOptions & ValuesOnly): Tensor;
export declare function unique(x: Tensor, options: UniqueOptions & MoreThanValues): UniqueResult;
export declare function uniqueConsecutive(x: Tensor, options?: UniqueConsecutiveOptions & ValuesOnly): Tensor;
export declare function uniqueConsecutive(x: Tensor, options: UniqueConsecutiveOptions & MoreThanValues): UniqueResult;
export declare const unsqueeze: (x: Tensor, dim: number) => Tensor;
export declare const varMean: (input: Tensor, dim?: Dims, options?: VarOptions) => readonly [
    Tensor,
    Tensor
];
export declare const var_: (input: Tensor, dim?: Dims, options?: VarOptions) => Tensor;
export declare const vdot: (input: Tensor, other: Tensor) => Tensor;
export declare const version: string;
export declare const vsplit: (x: Tensor, indicesOrSections: number | readonly number[]) => Tensor[];
export declare function vstack(tensors: readonly Tensor[]): Tensor;
export declare const where: (condition: Tensor, a: Tensor | number, b: Tensor | number) => Tensor;
export declare function withLayer<L, T>(stack: L[], layer: L, fn: () => T): T;
export declare function withScope<T>(name: string, fn: () => T): T;
export declare function withoutGrad<T>(fn: () => T): T;
export declare const xlogy: AsFunction<"xlogy">;
export declare const zeros: (shape: Shape, options?: FactoryOptions) => Tensor;
export declare const zerosLike: (x: Tensor, options?: FactoryOptions) => Tensor;

// not exported, but named above
type AdaptiveMaxPool = {
    (input: Tensor, outputSize: OutputSize, options: AdaptiveMaxPoolOptions & {
        returnIndices: true;
    }): MaxPooled;
    (input: Tensor, outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & {
        returnIndices?: false;
    }): Tensor;
};
type Affine = [
    Tensor,
    Tensor | null,
    Tensor | null
];
type Arg = Expr | number;
type AsFunction<K extends MethodName> = (x: Tensor, ...args: Parameters<Tensor[K]>) => Tensor;
type Backward = [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor | null
];
type Binary = Sig<[
    Tensor,
    Operand
]>;
type Chosen = readonly [
    Tensor,
    Tensor
];
declare abstract class CreateMethods extends UniqueMethods {
    bfloat16(): Tensor;
    bool(): Tensor;
    cpu(): Tensor;
    double(): Tensor;
    fill_(value: Tensor | number): Tensor;
    float(): Tensor;
    half(): Tensor;
    int(): Tensor;
    long(): Tensor;
    newEmpty(shape: Shape, options?: NewOptions): Tensor;
    newFull(shape: Shape, value: boolean | number, options?: NewOptions): Tensor;
    newOnes(shape: Shape, options?: NewOptions): Tensor;
    newTensor(data: TensorData, options?: NewOptions): Tensor;
    newZeros(shape: Shape, options?: NewOptions): Tensor;
    to(target: ToTarget): Tensor;
    toAsync(target: ToTarget): Promise<Tensor>;
    typeAs(other: Tensor): Tensor;
    zero_(): Tensor;
}
interface DecompositionMethodOps {
    cholesky: Sig<[
        Tensor
    ]>;
    det: Sig<[
        Tensor
    ]>;
    eigh: Sig<[
        Tensor
    ], EighAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    inverse: Sig<[
        Tensor
    ], CheckAttrs>;
    matrixExp: Sig<[
        Tensor
    ]>;
    pinv: Sig<[
        Tensor
    ], PinvAttrs>;
    qr: Sig<[
        Tensor
    ], {
        readonly mode: QrMode;
    }, readonly [
        Tensor,
        Tensor
    ]>;
    slogdet: Sig<[
        Tensor
    ], null, readonly [
        Tensor,
        Tensor
    ]>;
    svd: Sig<[
        Tensor
    ], SvdAttrs, readonly [
        Tensor,
        Tensor,
        Tensor
    ]>;
    triangularSolve: Sig<[
        Tensor,
        Tensor
    ], TriangularSolveAttrs>;
}
declare abstract class DecompositionMethods extends LinalgMethods {
    cholesky(options?: UpperOptions): Tensor;
    choleskyInverse(options?: UpperOptions): Tensor;
    choleskySolve(factor: Tensor, options?: UpperOptions): Tensor;
    cross(other: Tensor, dim?: number): Tensor;
    det(): Tensor;
    inverse(): Tensor;
    logdet(): Tensor;
    matrixExp(): Tensor;
    matrixPower(n: number): Tensor;
    pinverse(rcond?: number): Tensor;
    qr(options?: {
        some?: boolean;
    }): QR;
    slogdet(): SignAndLogdet;
}
interface Drawn {
    readonly generator: Generator;
}
interface DropoutOps {
    dropout: Sig<[
        Tensor
    ], Drawn & {
        readonly p: number;
    }, readonly [
        Tensor,
        Tensor
    ]>;
}
interface Eigh {
    readonly eigenvalues: Tensor;
    readonly eigenvectors: Tensor;
}
interface EighOptions {
    UPLO?: 'L' | 'U';
}
declare abstract class ElementwiseMethods extends TensorBase {
    abs(): Tensor;
    abs_(): Tensor;
    acos(): Tensor;
    acos_(): Tensor;
    acosh(): Tensor;
    acosh_(): Tensor;
    add(other: Tensor | number, options?: AlphaOptions): Tensor;
    add_(other: Tensor | number, options?: AlphaOptions): Tensor;
    addcdiv(tensor1: Tensor, tensor2: Tensor, options?: {
        value?: number;
    }): Tensor;
    addcdiv_(tensor1: Tensor, tensor2: Tensor, options?: {
        value?: number;
    }): Tensor;
    addcmul(tensor1: Tensor, tensor2: Tensor, options?: {
        value?: number;
    }): Tensor;
    addcmul_(tensor1: Tensor, tensor2: Tensor, options?: {
        value?: number;
    }): Tensor;
    asin(): Tensor;
    asin_(): Tensor;
    asinh(): Tensor;
    asinh_(): Tensor;
    atan(): Tensor;
    atan2(other: Tensor | number): Tensor;
    atan2_(other: Tensor | number): Tensor;
    atan_(): Tensor;
    atanh(): Tensor;
    atanh_(): Tensor;
    bitwiseAnd(other: Tensor | number): Tensor;
    bitwiseAnd_(other: Tensor | number): Tensor;
    bitwiseNot(): Tensor;
    bitwiseNot_(): Tensor;
    bitwiseOr(other: Tensor | number): Tensor;
    bitwiseOr_(other: Tensor | number): Tensor;
    bitwiseXor(other: Tensor | number): Tensor;
    bitwiseXor_(other: Tensor | number): Tensor;
    ceil(): Tensor;
    ceil_(): Tensor;
    clamp(min?: Tensor | null | number, max?: Tensor | null | number): Tensor;
    clamp_(min?: Tensor | null | number, max?: Tensor | null | number): Tensor;
    copysign(other: Tensor | number): Tensor;
    copysign_(other: Tensor | number): Tensor;
    cos(): Tensor;
    cos_(): Tensor;
    cosh(): Tensor;
    cosh_(): Tensor;
    div(other: Tensor | number, options?: DivOptions): Tensor;
    div_(other: Tensor | number, options?: DivOptions): Tensor;
    eq(other: Tensor | number): Tensor;
    eq_(other: Tensor | number): Tensor;
    erf(): Tensor;
    erf_(): Tensor;
    erfc(): Tensor;
    erfc_(): Tensor;
    exp(): Tensor;
    exp2(): Tensor;
    exp2_(): Tensor;
    exp_(): Tensor;
    expm1(): Tensor;
    expm1_(): Tensor;
    floor(): Tensor;
    floorDivide(other: Tensor | number): Tensor;
    floorDivide_(other: Tensor | number): Tensor;
    floor_(): Tensor;
    fmax(other: Tensor | number): Tensor;
    fmin(other: Tensor | number): Tensor;
    fmod(other: Tensor | number): Tensor;
    fmod_(other: Tensor | number): Tensor;
    frac(): Tensor;
    frac_(): Tensor;
    ge(other: Tensor | number): Tensor;
    ge_(other: Tensor | number): Tensor;
    gt(other: Tensor | number): Tensor;
    gt_(other: Tensor | number): Tensor;
    hypot(other: Tensor | number): Tensor;
    hypot_(other: Tensor | number): Tensor;
    isfinite(): Tensor;
    isinf(): Tensor;
    isnan(): Tensor;
    le(other: Tensor | number): Tensor;
    le_(other: Tensor | number): Tensor;
    lerp(end: Tensor, weight: Tensor | number): Tensor;
    lerp_(end: Tensor, weight: Tensor | number): Tensor;
    log(): Tensor;
    log10(): Tensor;
    log10_(): Tensor;
    log1p(): Tensor;
    log1p_(): Tensor;
    log2(): Tensor;
    log2_(): Tensor;
    log_(): Tensor;
    logaddexp(other: Tensor | number): Tensor;
    logicalAnd(other: Tensor | number): Tensor;
    logicalAnd_(other: Tensor | number): Tensor;
    logicalNot(): Tensor;
    logicalNot_(): Tensor;
    logicalOr(other: Tensor | number): Tensor;
    logicalOr_(other: Tensor | number): Tensor;
    logicalXor(other: Tensor | number): Tensor;
    logicalXor_(other: Tensor | number): Tensor;
    lt(other: Tensor | number): Tensor;
    lt_(other: Tensor | number): Tensor;
    maskedFill(mask: Tensor, value: Tensor | number): Tensor;
    maskedFill_(mask: Tensor, value: Tensor | number): Tensor;
    maximum(other: Tensor | number): Tensor;
    minimum(other: Tensor | number): Tensor;
    mul(other: Tensor | number): Tensor;
    mul_(other: Tensor | number): Tensor;
    ne(other: Tensor | number): Tensor;
    ne_(other: Tensor | number): Tensor;
    neg(): Tensor;
    neg_(): Tensor;
    pow(exponent: Tensor | number): Tensor;
    pow_(exponent: Tensor | number): Tensor;
    reciprocal(): Tensor;
    reciprocal_(): Tensor;
    relu(): Tensor;
    relu_(): Tensor;
    remainder(other: Tensor | number): Tensor;
    remainder_(other: Tensor | number): Tensor;
    round(options?: RoundOptions): Tensor;
    round_(options?: RoundOptions): Tensor;
    rsqrt(): Tensor;
    rsqrt_(): Tensor;
    rsub(other: Tensor | number, options?: AlphaOptions): Tensor;
    sigmoid(): Tensor;
    sigmoid_(): Tensor;
    sign(): Tensor;
    sign_(): Tensor;
    sin(): Tensor;
    sin_(): Tensor;
    sinh(): Tensor;
    sinh_(): Tensor;
    sqrt(): Tensor;
    sqrt_(): Tensor;
    square(): Tensor;
    square_(): Tensor;
    sub(other: Tensor | number, options?: AlphaOptions): Tensor;
    sub_(other: Tensor | number, options?: AlphaOptions): Tensor;
    tan(): Tensor;
    tan_(): Tensor;
    tanh(): Tensor;
    tanh_(): Tensor;
    trunc(): Tensor;
    trunc_(): Tensor;
    where(condition: Tensor, other: Tensor | number): Tensor;
    xlogy(other: Tensor | number): Tensor;
    xlogy_(other: Tensor | number): Tensor;
}
interface EquationOps {
    cofactor: Sig<[
        Tensor
    ]>;
    cofactorGrad: Sig<[
        Tensor,
        Tensor
    ]>;
    luFactor: Sig<[
        Tensor
    ], CheckAttrs, readonly [
        Tensor,
        Tensor
    ]>;
    luRows: Sig<[
        Tensor
    ], {
        readonly rows: number;
    }>;
    solve: Sig<[
        Tensor,
        Tensor
    ]>;
}
type InPlace<S extends AnySig = AnySig> = {
    readonly how: 'copy' | 'direct';
    readonly scattered?: true;
    readonly uniform?: true;
    readonly writes: ((inputs: readonly Operand[]) => readonly number[]) | readonly number[];
} | {
    readonly how: 'view';
    undo(shape: Shape, attrs: S['attrs']): {
        readonly attrs: null | object;
        readonly spec: OpSpec;
    };
    readonly writes: readonly [
        0
    ];
};
declare abstract class IndexMethods extends ScatterMethods {
    argsort(dim?: number, options?: SortOptions): Tensor;
    argwhere(): Tensor;
    argwhereAsync(): Promise<Tensor>;
    index(entries: readonly IndexEntry[]): Tensor;
    indexAsync(entries: readonly IndexEntry[]): Promise<Tensor>;
    indexPut(indices: readonly IndexEntry[], value: Tensor | number, options?: IndexPutOptions): Tensor;
    indexPut_(indices: readonly IndexEntry[], value: Tensor | number, options?: IndexPutOptions): Tensor;
    maskedScatter(mask: Tensor, source: Tensor): Tensor;
    maskedScatter_(mask: Tensor, source: Tensor): Tensor;
    maskedSelect(mask: Tensor): Tensor;
    maskedSelectAsync(mask: Tensor): Promise<Tensor>;
    msort(): Tensor;
    nonzero(options?: {
        asTuple?: false;
    }): Tensor;
    nonzero(options: {
        asTuple: true;
    }): Tensor[];
    nonzero(options?: NonzeroOptions): Tensor | Tensor[];
    nonzeroAsync(options?: {
        asTuple?: false;
    }): Promise<Tensor>;
    nonzeroAsync(options: {
        asTuple: true;
    }): Promise<Tensor[]>;
    sort(dim?: number, options?: SortOptions): Sorted;
    topk(k: number, options?: TopkOptions): Sorted;
}
interface LU {
    readonly L: Tensor;
    readonly P: Tensor;
    readonly U: Tensor;
}
declare abstract class LinalgMethods extends ReduceMethods {
    addbmm(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor;
    addbmm_(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor;
    addmm(mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor;
    addmm_(mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor;
    addmv(mat: Tensor, vec: Tensor, options?: AddmmOptions): Tensor;
    addmv_(mat: Tensor, vec: Tensor, options?: AddmmOptions): Tensor;
    addr(vec1: Tensor, vec2: Tensor, options?: AddmmOptions): Tensor;
    addr_(vec1: Tensor, vec2: Tensor, options?: AddmmOptions): Tensor;
    baddbmm(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor;
    baddbmm_(batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor;
    bmm(mat2: Tensor): Tensor;
    dot(other: Tensor): Tensor;
    inner(other: Tensor): Tensor;
    kron(other: Tensor): Tensor;
    matmul(other: Tensor): Tensor;
    mm(mat2: Tensor): Tensor;
    mv(vec: Tensor): Tensor;
    outer(vec2: Tensor): Tensor;
    trace(): Tensor;
    vdot(other: Tensor): Tensor;
}
interface LinalgNormOptions<D = Dims> {
    dim?: D;
    dtype?: DType;
    keepdim?: boolean;
}
interface Lstsq {
    readonly rank: Tensor;
    readonly residuals: Tensor;
    readonly singularValues: Tensor;
    readonly solution: Tensor;
}
type LstsqDriver = 'gels' | 'gelsd' | 'gelss' | 'gelsy';
interface LstsqOptions {
    driver?: LstsqDriver;
    rcond?: number;
}
interface LuSolveOptions extends SolveOptions {
    adjoint?: boolean;
}
type MatrixOrder = 'fro' | 'nuc' | number;
type MaxPool = {
    (input: Tensor, kernelSize: PerDim, options: MaxPoolOptions & {
        returnIndices: true;
    }): MaxPooled;
    (input: Tensor, kernelSize: PerDim, options?: MaxPoolOptions & {
        returnIndices?: false;
    }): Tensor;
};
type MethodName = {
    [K in keyof Tensor]: Tensor[K] extends ((...args: never[]) => Tensor) ? K : never;
}[keyof Tensor];
interface MovementMethodOps {
    asStrided: Sig<[
        Tensor
    ], AsStridedAttrs>;
    cat: Sig<readonly Tensor[], DimAttrs>;
    clone: Sig<[
        Tensor
    ]>;
    copy: Sig<[
        Tensor,
        Tensor
    ]>;
    data: Sig<[
        Tensor
    ]>;
    detach: Sig<[
        Tensor
    ]>;
    diag: Sig<[
        Tensor
    ], {
        readonly diagonal: number;
    }>;
    diagEmbed: Sig<[
        Tensor
    ], DiagonalAttrs>;
    diagonal: Sig<[
        Tensor
    ], DiagonalAttrs>;
    expand: Sig<[
        Tensor
    ], SizesAttrs>;
    expandAs: Sig<[
        Tensor,
        Tensor
    ]>;
    flatten: Sig<[
        Tensor
    ], {
        readonly endDim: number;
        readonly startDim: number;
    }>;
    flip: Sig<[
        Tensor
    ], {
        readonly dims: readonly number[];
    }>;
    permute: Sig<[
        Tensor
    ], {
        readonly dims: readonly number[];
    }>;
    repeat: Sig<[
        Tensor
    ], {
        readonly repeats: readonly number[];
    }>;
    repeatInterleave: Sig<[
        Tensor
    ], {
        readonly dim: number;
        readonly repeats: number;
    }>;
    reshape: Sig<[
        Tensor
    ], SizesAttrs>;
    reshapeAs: Sig<[
        Tensor,
        Tensor
    ]>;
    roll: Sig<[
        Tensor
    ], {
        readonly dim: number;
        readonly shift: number;
    }>;
    select: Sig<[
        Tensor
    ], {
        readonly dim: number;
        readonly index: number;
    }>;
    slice: Sig<[
        Tensor
    ], SliceAttrs>;
    squeeze: Sig<[
        Tensor
    ], {
        readonly dims: null | readonly number[];
    }>;
    t: Sig<[
        Tensor
    ]>;
    transpose: Sig<[
        Tensor
    ], {
        readonly dim0: number;
        readonly dim1: number;
    }>;
    tril: Sig<[
        Tensor
    ], {
        readonly diagonal: number;
    }>;
    triu: Sig<[
        Tensor
    ], {
        readonly diagonal: number;
    }>;
    unflatten: Sig<[
        Tensor
    ], {
        readonly dim: number;
        readonly shape: Shape;
    }>;
    unfold: Sig<[
        Tensor
    ], {
        readonly dim: number;
        readonly size: number;
        readonly step: number;
    }>;
    unsqueeze: Sig<[
        Tensor
    ], DimAttrs>;
    view: Sig<[
        Tensor
    ], SizesAttrs>;
    viewAs: Sig<[
        Tensor,
        Tensor
    ]>;
    viewScatter: Sig<[
        Tensor,
        Tensor
    ], ViewScatterAttrs>;
}
declare abstract class MovementMethods extends SoftmaxMethods {
    get T(): Tensor;
    asStrided(shape: Shape, strides: readonly number[], storageOffset?: number): Tensor;
    broadcastTo(shape: Shape): Tensor;
    chunk(chunks: number, dim?: number): Tensor[];
    clone(): Tensor;
    contiguous(): Tensor;
    copy_(source: Tensor): Tensor;
    get data(): Tensor;
    set data(value: Tensor);
    detach(): Tensor;
    diag(diagonal?: number): Tensor;
    diagEmbed(options?: DiagonalOptions): Tensor;
    diagonal(options?: DiagonalOptions): Tensor;
    diagonalScatter(src: Tensor, options?: DiagonalOptions): Tensor;
    dsplit(indicesOrSections: number | readonly number[]): Tensor[];
    expand(shape: Shape): Tensor;
    expandAs(other: Tensor): Tensor;
    flatten(startDim?: number, endDim?: number): Tensor;
    flip(dims: number | readonly number[]): Tensor;
    fliplr(): Tensor;
    flipud(): Tensor;
    hsplit(indicesOrSections: number | readonly number[]): Tensor[];
    get mT(): Tensor;
    moveaxis(source: number | readonly number[], destination: number | readonly number[]): Tensor;
    movedim(source: number | readonly number[], destination: number | readonly number[]): Tensor;
    narrow(dim: number, start: number, length: number): Tensor;
    permute(dims: readonly number[]): Tensor;
    ravel(): Tensor;
    repeat(repeats: readonly number[]): Tensor;
    repeatInterleave(repeats: Tensor | number | readonly number[], options?: RepeatInterleaveOptions): Tensor;
    repeatInterleaveAsync(repeats: Tensor | number | readonly number[], options?: RepeatInterleaveOptions): Promise<Tensor>;
    reshape(shape: Shape): Tensor;
    reshapeAs(other: Tensor): Tensor;
    roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor;
    rot90(k?: number, dims?: readonly number[]): Tensor;
    select(dim: number, index: number): Tensor;
    selectScatter(src: Tensor, dim: number, index: number): Tensor;
    slice(dim: number, start?: null | number, end?: null | number, step?: number): Tensor;
    sliceScatter(src: Tensor, dim?: number, start?: null | number, end?: null | number, step?: number): Tensor;
    split(size: number | readonly number[], dim?: number): Tensor[];
    squeeze(dim?: number | readonly number[]): Tensor;
    squeeze_(dim?: number | readonly number[]): Tensor;
    swapaxes(axis0: number, axis1: number): Tensor;
    swapaxes_(axis0: number, axis1: number): Tensor;
    swapdims(dim0: number, dim1: number): Tensor;
    swapdims_(dim0: number, dim1: number): Tensor;
    t(): Tensor;
    t_(): Tensor;
    tensorSplit(indicesOrSections: Tensor | number | readonly number[], dim?: number): Tensor[];
    tile(repeats: readonly number[]): Tensor;
    transpose(dim0: number, dim1: number): Tensor;
    transpose_(dim0: number, dim1: number): Tensor;
    tril(diagonal?: number): Tensor;
    tril_(diagonal?: number): Tensor;
    triu(diagonal?: number): Tensor;
    triu_(diagonal?: number): Tensor;
    unbind(dim?: number): Tensor[];
    unflatten(dim: number, sizes: Shape): Tensor;
    unfold(dim: number, size: number, step: number): Tensor;
    unsqueeze(dim: number): Tensor;
    unsqueeze_(dim: number): Tensor;
    view(shape: Shape): Tensor;
    viewAs(other: Tensor): Tensor;
    vsplit(indicesOrSections: number | readonly number[]): Tensor[];
}
interface NormOptions {
    bias?: Tensor | null;
    eps?: number;
    weight?: Tensor | null;
}
type Plain = Sig<[
    Tensor
]>;
type PromotionOperand = null | number | {
    readonly dtype: DType;
    readonly shape: readonly number[];
};
interface RandomFunctionOps {
    normalOf: Sig<[
        Operand,
        Operand
    ], Drawn>;
    randLike: Sig<[
        Tensor
    ], Drawn & {
        readonly device: string;
        readonly dtype: DType;
    }>;
    randint: Sig<[
    ], FactoryAttrs & Drawn & {
        readonly high: number;
        readonly low: number;
    }>;
    randn: Sig<[
    ], FactoryAttrs & Drawn>;
    randnLike: Sig<[
        Tensor
    ], Drawn & {
        readonly device: string;
        readonly dtype: DType;
    }>;
    randperm: Sig<[
    ], Drawn & {
        readonly device: string;
        readonly dtype: DType;
        readonly n: number;
    }>;
}
interface RandomMethodOps {
    bernoulli: Sig<[
        Tensor
    ], Drawn>;
    bernoulliFill: Sig<[
        Tensor,
        Operand
    ], Drawn>;
    cauchy: Sig<[
        Tensor
    ], Drawn & {
        readonly median: number;
        readonly sigma: number;
    }>;
    exponential: Sig<[
        Tensor
    ], Drawn & {
        readonly lambd: number;
    }>;
    geometric: Sig<[
        Tensor
    ], Drawn & {
        readonly p: number;
    }>;
    logNormal: Sig<[
        Tensor
    ], Drawn & {
        readonly mean: number;
        readonly std: number;
    }>;
    multinomial: Sig<[
        Tensor
    ], Drawn & {
        readonly numSamples: number;
        readonly replacement: boolean;
    }>;
    normal: Sig<[
        Tensor
    ], Drawn & {
        readonly mean: number;
        readonly std: number;
    }>;
    rand: Sig<[
    ], FactoryAttrs & Drawn>;
    randomFill: Sig<[
        Tensor
    ], Drawn & {
        readonly high: number;
        readonly low: number;
    }>;
    uniform: Sig<[
        Tensor
    ], Drawn & {
        readonly from: number;
        readonly to: number;
    }>;
}
declare abstract class RandomMethods extends CreateMethods {
    bernoulli(options?: RandomMethodOptions): Tensor;
    bernoulli_(p?: Tensor | number, options?: RandomMethodOptions): Tensor;
    cauchy_(median?: number, sigma?: number, options?: RandomMethodOptions): Tensor;
    exponential_(lambd?: number, options?: RandomMethodOptions): Tensor;
    geometric_(p: number, options?: RandomMethodOptions): Tensor;
    logNormal_(mean?: number, std?: number, options?: RandomMethodOptions): Tensor;
    multinomial(numSamples: number, options?: MultinomialOptions): Tensor;
    normal_(mean?: number, std?: number, options?: RandomMethodOptions): Tensor;
    random_(from?: number, to?: number, options?: RandomMethodOptions): Tensor;
    uniform_(from?: number, to?: number, options?: RandomMethodOptions): Tensor;
}
interface RankOptions {
    atol?: number;
    hermitian?: boolean;
    rtol?: number;
}
interface ReduceAttrs {
    readonly dims: readonly number[];
    readonly keepdim: boolean;
}
declare abstract class ReduceMethods extends SpecialMethods {
    all(dim?: Dims, options?: KeepdimOptions): Tensor;
    amax(dim?: Dims, options?: KeepdimOptions): Tensor;
    amin(dim?: Dims, options?: KeepdimOptions): Tensor;
    aminmax(options?: AminmaxOptions): MinAndMax;
    any(dim?: Dims, options?: KeepdimOptions): Tensor;
    argmax(dim?: null | number, options?: KeepdimOptions): Tensor;
    argmin(dim?: null | number, options?: KeepdimOptions): Tensor;
    countNonzero(dim?: Dims): Tensor;
    cummax(dim: number): ValuesAndIndices;
    cummin(dim: number): ValuesAndIndices;
    cumprod(dim: number, options?: CumulativeOptions): Tensor;
    cumprod_(dim: number): Tensor;
    cumsum(dim: number, options?: CumulativeOptions): Tensor;
    cumsum_(dim: number): Tensor;
    kthvalue(k: number, dim?: number, options?: KeepdimOptions): ValuesAndIndices;
    logcumsumexp(dim: number): Tensor;
    logsumexp(dim: Dims, options?: KeepdimOptions): Tensor;
    max(): Tensor;
    max(other: Tensor): Tensor;
    max(dim: number, options?: KeepdimOptions): ValuesAndIndices;
    mean(dim?: Dims, options?: SumOptions): Tensor;
    median(): Tensor;
    median(dim: number, options?: KeepdimOptions): ValuesAndIndices;
    min(): Tensor;
    min(other: Tensor): Tensor;
    min(dim: number, options?: KeepdimOptions): ValuesAndIndices;
    mode(dim?: number, options?: KeepdimOptions): ValuesAndIndices;
    nanmean(dim?: Dims, options?: SumOptions): Tensor;
    nanmedian(): Tensor;
    nanmedian(dim: number, options?: KeepdimOptions): ValuesAndIndices;
    nanquantile(q: Tensor | number, dim?: null | number, options?: QuantileOptions): Tensor;
    nansum(dim?: Dims, options?: SumOptions): Tensor;
    norm(options?: NormOptions): Tensor;
    prod(dim?: Dims, options?: SumOptions): Tensor;
    quantile(q: Tensor | number, dim?: null | number, options?: QuantileOptions): Tensor;
    std(dim?: Dims, options?: VarOptions): Tensor;
    sum(dim?: Dims, options?: SumOptions): Tensor;
    var(dim?: Dims, options?: VarOptions): Tensor;
}
interface SVD {
    readonly S: Tensor;
    readonly U: Tensor;
    readonly Vh: Tensor;
}
declare abstract class ScatterMethods extends MovementMethods {
    gather(dim: number, index: Tensor): Tensor;
    indexAdd(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor;
    indexAdd_(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor;
    indexCopy(dim: number, index: Tensor, source: Tensor): Tensor;
    indexCopy_(dim: number, index: Tensor, source: Tensor): Tensor;
    indexFill(dim: number, index: Tensor, value: Tensor | number): Tensor;
    indexFill_(dim: number, index: Tensor, value: Tensor | number): Tensor;
    indexReduce(dim: number, index: Tensor, source: Tensor, reduce: IndexReduce, options?: ScatterReduceOptions): Tensor;
    indexReduce_(dim: number, index: Tensor, source: Tensor, reduce: IndexReduce, options?: ScatterReduceOptions): Tensor;
    indexSelect(dim: number, index: Tensor): Tensor;
    put(index: Tensor, source: Tensor, options?: PutOptions): Tensor;
    put_(index: Tensor, source: Tensor, options?: PutOptions): Tensor;
    scatter(dim: number, index: Tensor, src: Tensor | number, options?: ScatterOptions): Tensor;
    scatterAdd(dim: number, index: Tensor, src: Tensor): Tensor;
    scatterAdd_(dim: number, index: Tensor, src: Tensor): Tensor;
    scatterReduce(dim: number, index: Tensor, src: Tensor, reduce: ScatterReduce, options?: ScatterReduceOptions): Tensor;
    scatterReduce_(dim: number, index: Tensor, src: Tensor, reduce: ScatterReduce, options?: ScatterReduceOptions): Tensor;
    scatter_(dim: number, index: Tensor, src: Tensor | number, options?: ScatterOptions): Tensor;
    take(index: Tensor): Tensor;
    takeAlongDim(indices: Tensor, dim?: number): Tensor;
}
interface SetPrintOptions extends Partial<PrintOptions> {
    profile?: 'default' | 'full' | 'short';
}
type Shrink = Sig<[
    Tensor
], {
    readonly lambd: number;
}>;
interface SizesAttrs {
    readonly shape: Shape;
}
interface SoftmaxBackwardOps {
    logSoftmaxBackward: Sig<[
        Tensor,
        Tensor
    ], SoftmaxAttrs>;
    softmaxBackward: Sig<[
        Tensor,
        Tensor
    ], SoftmaxAttrs>;
}
interface SoftmaxForwardOps {
    logSoftmax: Sig<[
        Tensor
    ], SoftmaxAttrs>;
    softmax: Sig<[
        Tensor
    ], SoftmaxAttrs>;
}
declare abstract class SoftmaxMethods extends DecompositionMethods {
    logSoftmax(dim: number, options?: SoftmaxOptions): Tensor;
    softmax(dim: number, options?: SoftmaxOptions): Tensor;
}
interface SolveOptions {
    left?: boolean;
}
interface SolveTriangularOptions extends SolveOptions {
    unitriangular?: boolean;
    upper: boolean;
}
declare abstract class SpecialMethods extends ElementwiseMethods {
    allclose(other: Tensor, options?: CloseOptions): boolean;
    allcloseAsync(other: Tensor, options?: CloseOptions): Promise<boolean>;
    bitwiseLeftShift(other: Tensor | number): Tensor;
    bitwiseLeftShift_(other: Tensor | number): Tensor;
    bitwiseRightShift(other: Tensor | number): Tensor;
    bitwiseRightShift_(other: Tensor | number): Tensor;
    clampMax(max: Tensor | number): Tensor;
    clampMax_(max: Tensor | number): Tensor;
    clampMin(min: Tensor | number): Tensor;
    clampMin_(min: Tensor | number): Tensor;
    deg2rad(): Tensor;
    deg2rad_(): Tensor;
    digamma(): Tensor;
    digamma_(): Tensor;
    equal(other: Tensor): boolean;
    equalAsync(other: Tensor): Promise<boolean>;
    erfinv(): Tensor;
    erfinv_(): Tensor;
    floatPower(exponent: Tensor | number): Tensor;
    floatPower_(exponent: Tensor | number): Tensor;
    heaviside(values: Tensor | number): Tensor;
    heaviside_(values: Tensor | number): Tensor;
    isclose(other: Tensor, options?: CloseOptions): Tensor;
    isneginf(): Tensor;
    isposinf(): Tensor;
    ldexp(other: Tensor | number): Tensor;
    ldexp_(other: Tensor | number): Tensor;
    lgamma(): Tensor;
    lgamma_(): Tensor;
    logaddexp2(other: Tensor | number): Tensor;
    logit(options?: LogitOptions): Tensor;
    logit_(options?: LogitOptions): Tensor;
    nanToNum(options?: NanToNumOptions): Tensor;
    nanToNum_(options?: NanToNumOptions): Tensor;
    polygamma(n: number): Tensor;
    polygamma_(n: number): Tensor;
    rad2deg(): Tensor;
    rad2deg_(): Tensor;
    signbit(): Tensor;
    sinc(): Tensor;
    sinc_(): Tensor;
}
interface StackOps {
    stack: Sig<readonly Tensor[], DimAttrs>;
}
declare abstract class TensorBase implements TensorView {
    constructor(storage: Storage, dtype: DType, shape: Shape, strides: readonly number[], offset: number, versionCounter: VersionCounter, viewInfo: ViewInfo | null);
    [Symbol.dispose](): void;
    asOf(epoch: number): Tensor;
    autogradMeta: null | object;
    backward(gradient?: Tensor, options?: BackwardOptions): void;
    changeGeometry({ shape, strides, offset }: ViewGeometry, viewInfo: ViewInfo | null, former: Tensor): void;
    detach_(): this;
    get device(): string;
    dim(): number;
    dispose(): void;
    readonly dtype: DType;
    elementSize(): number;
    get geometryEpoch(): number;
    get grad(): Tensor | null;
    set grad(value: Tensor | null);
    get gradFn(): GradNode | null;
    isContiguous(): boolean;
    get isDisposed(): boolean;
    isFloatingPoint(): boolean;
    isInference(): boolean;
    get isLeaf(): boolean;
    item(): Promise<number>;
    itemSync(): number;
    get ndim(): number;
    numel(): number;
    readonly offset: number;
    registerHook(hook: (grad: Tensor) => Tensor | null | undefined | void): HookHandle;
    registerPostAccumulateGradHook(hook: (tensor: Tensor) => void): HookHandle;
    protected replaceMemory({ storage, dtype, shape, strides, offset }: Tensor): void;
    get requiresGrad(): boolean;
    set requiresGrad(value: boolean);
    requiresGrad_(value?: boolean): this;
    retainGrad(): void;
    protected get self(): Tensor;
    readonly shape: Shape;
    size(): Shape;
    size(dim: number): number;
    readonly storage: Storage;
    storageOffset(): number;
    stride(): readonly number[];
    stride(dim: number): number;
    readonly strides: readonly number[];
    toArray(): Promise<NestedArray>;
    toArraySync(): NestedArray;
    toString(): string;
    toTypedArray(): Promise<TypedArray>;
    toTypedArraySync(): TypedArray;
    get version(): number;
    readonly versionCounter: VersionCounter;
    readonly viewInfo: ViewInfo | null;
}
type Ternary = Sig<[
    Tensor,
    Operand,
    Operand
]>;
interface TidyScope {
    readonly outer: TidyScope | null;
    readonly tensors: Tensor[];
}
type Unary = Sig<[
    Tensor
]>;
declare abstract class UniqueMethods extends IndexMethods {
    bincount(options?: BincountOptions): Tensor;
    bincountAsync(options?: BincountOptions): Promise<Tensor>;
    histc(options?: HistcOptions): Tensor;
    isin(testElements: Tensor | number, options?: IsinOptions): Tensor;
    unique(options?: UniqueOptions & ValuesOnly): Tensor;
    unique(options: UniqueOptions & MoreThanValues): UniqueResult;
    unique(options?: UniqueOptions): Tensor | UniqueResult;
    uniqueAsync(options?: UniqueOptions & ValuesOnly): Promise<Tensor>;
    uniqueAsync(options: UniqueOptions & MoreThanValues): Promise<UniqueResult>;
    uniqueAsync(options?: UniqueOptions): Promise<Tensor | UniqueResult>;
    uniqueConsecutive(options?: UniqueConsecutiveOptions & ValuesOnly): Tensor;
    uniqueConsecutive(options: UniqueConsecutiveOptions & MoreThanValues): UniqueResult;
    uniqueConsecutive(options?: UniqueConsecutiveOptions): Tensor | UniqueResult;
    uniqueConsecutiveAsync(options?: UniqueConsecutiveOptions & ValuesOnly): Promise<Tensor>;
    uniqueConsecutiveAsync(options: UniqueConsecutiveOptions & MoreThanValues): Promise<UniqueResult>;
    uniqueConsecutiveAsync(options?: UniqueConsecutiveOptions): Promise<Tensor | UniqueResult>;
}
declare const abs: (x: Expr) => Expr;
declare const add: (a: Arg, b: Arg) => Expr;
declare const addQuotient: (x: Expr, value: Expr, y: Expr, z: Expr) => Expr;
declare function binary(fn: BinaryFn, a: Arg, b: Arg): Expr;
declare const bitAnd: (a: Arg, b: Arg) => Expr;
declare const bitNot: (x: Expr) => Expr;
declare const bitOr: (a: Arg, b: Arg) => Expr;
declare const bitXor: (a: Arg, b: Arg) => Expr;
declare const blend: (x: Expr, decay: Expr, value: Expr, y: Expr) => Expr;
declare const blendSquare: (x: Expr, decay: Expr, value: Expr, y: Expr) => Expr;
declare function cast(x: Expr, dtype: DType): Expr;
declare const cholesky: (A: Tensor, options?: UpperOptions) => Tensor;
declare function compare(fn: CompareFn, a: Arg, b: Arg): Expr;
declare function cond(A: Tensor, p?: MatrixOrder | null): Tensor;
declare const constant: (value: number, dtype: DType) => Expr;
declare function cross(input: Tensor, other: Tensor, options?: {
    dim?: number;
}): Tensor;
declare function decayed(param: Expr, grad: Expr, weightDecay: Expr, { maximize, weightDecay: rate }: StepAttrs, decoupled?: boolean): Expr;
declare function diagonal(A: Tensor, options?: DiagonalOptions): Tensor;
declare const div: (a: Arg, b: Arg) => Expr;
declare function eigh(A: Tensor, options?: EighOptions): Eigh;
declare const eigvalsh: (A: Tensor, options?: EighOptions) => Tensor;
declare const eq: (a: Arg, b: Arg) => Expr;
declare const exp: (x: Expr) => Expr;
declare const floor: (x: Expr) => Expr;
declare const ge: (a: Arg, b: Arg) => Expr;
declare const gt: (a: Arg, b: Arg) => Expr;
declare const indexOf: (dim: number) => Expr;
declare const input: (index: number, dtype: DType) => Expr;
declare const isNaNExpr: (x: Expr) => Expr;
declare const le: (a: Arg, b: Arg) => Expr;
declare function load(index: number, dtype: DType, at: readonly Expr[], outside: Arg): Expr;
declare const log: (x: Expr) => Expr;
declare function lstsq(A: Tensor, B: Tensor, options?: LstsqOptions): Lstsq;
declare const lt: (a: Arg, b: Arg) => Expr;
declare function lu(A: Tensor): LU;
declare function luFactor(A: Tensor): {
    readonly LU: Tensor;
    readonly pivots: Tensor;
};
declare function luSolve(LU: Tensor, pivots: Tensor, B: Tensor, options?: LuSolveOptions): Tensor;
declare function matrixNorm(A: Tensor, ord?: MatrixOrder, options?: LinalgNormOptions<readonly [
    number,
    number
] | readonly number[]>): Tensor;
declare function matrixRank(A: Tensor, options?: RankOptions): Tensor;
declare const max: (a: Arg, b: Arg) => Expr;
declare const min: (a: Arg, b: Arg) => Expr;
declare const mul: (a: Arg, b: Arg) => Expr;
declare function multiDot(tensors: readonly Tensor[]): Tensor;
declare const ne: (a: Arg, b: Arg) => Expr;
declare const neg: (x: Expr) => Expr;
declare function norm(A: Tensor, ord?: MatrixOrder | null, options?: LinalgNormOptions): Tensor;
declare const not: (x: Expr) => Expr;
declare const param: (index: number, dtype: DType) => Expr;
declare const pinv: (A: Tensor, options?: RankOptions) => Tensor;
declare const pow: (a: Arg, b: Arg) => Expr;
declare function qr(A: Tensor, options?: {
    mode?: QrMode;
}): QR;
declare const rem: (a: Arg, b: Arg) => Expr;
declare function rewrite(root: Expr, replace: (node: Expr) => Expr | undefined, done?: Map<Expr, Expr>): Expr;
declare function select(condition: Expr, ifTrue: Arg, ifFalse: Arg): Expr;
declare const sign: (x: Expr) => Expr;
declare function solve(A: Tensor, B: Tensor, options?: SolveOptions): Tensor;
declare function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor;
declare const sqrt: (x: Expr) => Expr;
declare const sub: (a: Arg, b: Arg) => Expr;
declare function svd(A: Tensor, options?: {
    fullMatrices?: boolean;
}): SVD;
declare const svdvals: (A: Tensor) => Tensor;
declare const trunc: (x: Expr) => Expr;
declare function unary(fn: UnaryFn, x: Expr): Expr;
declare function vecdot(x: Tensor, y: Tensor, options?: {
    dim?: number;
}): Tensor;
declare function vectorNorm(x: Tensor, ord?: number, options?: LinalgNormOptions): Tensor;
