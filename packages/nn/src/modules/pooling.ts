/** Pooling over windows. */
import {
  type AdaptiveMaxPoolOptions,
  ArgumentError,
  type AvgPool1dOptions,
  type AvgPoolOptions,
  checkOptions,
  describe,
  type LpPoolOptions,
  type MaxPooled,
  type MaxPoolOptions,
  type MaxUnpoolOptions,
  type OutputSize,
  type PerDim,
  perDim,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkFlag } from '../checks.ts';
import { checkRatio } from '../functional/pooling.ts';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type FractionalMaxPoolOptions,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from '../functional.ts';
import { Module } from '../module.ts';
import { pythonBool, pythonTuple } from '../print.ts';
import { checkOutputSize, checkWindows, perDimFrom, shown } from '../windows.ts';

/** What a max pool gives: maxima, with their positions if the layer was made with `returnIndices: true`. */
export type Pooled<Indices extends boolean> = Indices extends true ? MaxPooled : Tensor;

/** What the max pools share. */
abstract class MaxPoolNd<Indices extends boolean> extends Module {
  readonly kernelSize: PerDim;
  readonly stride: PerDim;
  readonly padding: PerDim;
  readonly dilation: PerDim;
  readonly returnIndices: boolean;
  readonly ceilMode: boolean;

  constructor(where: string, n: number, kernelSize: PerDim, options: MaxPoolOptions = {}) {
    super();
    checkOptions(where, options, ['stride', 'padding', 'dilation', 'returnIndices', 'ceilMode']);
    const { padding = 0, dilation = 1, returnIndices = false, ceilMode = false } = options;
    const stride = options.stride ?? kernelSize;
    checkWindows(where, n, kernelSize, { stride, padding, dilation });
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.dilation = dilation;
    this.returnIndices = checkFlag(`${where}: returnIndices`, returnIndices);
    this.ceilMode = checkFlag(`${where}: ceilMode`, ceilMode);
  }

  protected pooled(input: Tensor, pool: typeof maxPool2d): Pooled<Indices> {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    const options = { stride, padding, dilation, ceilMode };
    const result = this.returnIndices
      ? pool(input, kernelSize, { ...options, returnIndices: true })
      : pool(input, kernelSize, options);
    return result as Pooled<Indices>;
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation } = this;
    return `kernel_size=${shown(kernelSize)}, stride=${shown(stride)}, padding=${shown(padding)}, dilation=${shown(dilation)}, ceil_mode=${pythonBool(this.ceilMode)}`;
  }
}

/**
 * The largest element of each window (https://pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html), of `[N, C, L]` or `[C, L]`.
 *
 * @throws ArgumentError for sizes out of range, or padding of more than half a window.
 * @example
 * new MaxPool1d(3, { stride: 2 }).forward(randn([20, 16, 50])).shape; // [20, 16, 24]
 * new MaxPool1d(2, { returnIndices: true }).forward(randn([1, 4])).indices.shape; // [1, 2]
 */
export class MaxPool1d<Indices extends boolean = false> extends MaxPoolNd<Indices> {
  constructor(kernelSize: PerDim, options?: MaxPoolOptions & { returnIndices?: Indices }) {
    super('MaxPool1d', 1, kernelSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, maxPool1d);
  }
}

/**
 * {@link MaxPool1d} over two dims (https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html), of `[N, C, H, W]` or `[C, H, W]`.
 *
 * @throws ArgumentError for sizes out of range, or padding of more than half a window.
 * @example
 * new MaxPool2d(2).forward(randn([64, 32, 28, 28])).shape; // [64, 32, 14, 14]
 */
export class MaxPool2d<Indices extends boolean = false> extends MaxPoolNd<Indices> {
  constructor(kernelSize: PerDim, options?: MaxPoolOptions & { returnIndices?: Indices }) {
    super('MaxPool2d', 2, kernelSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, maxPool2d);
  }
}

/**
 * {@link MaxPool1d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html), of `[N, C, D, H, W]` or `[C, D, H, W]`.
 *
 * @throws ArgumentError for sizes out of range, or padding of more than half a window.
 */
export class MaxPool3d<Indices extends boolean = false> extends MaxPoolNd<Indices> {
  constructor(kernelSize: PerDim, options?: MaxPoolOptions & { returnIndices?: Indices }) {
    super('MaxPool3d', 3, kernelSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, maxPool3d);
  }
}

/** What {@link MaxUnpool1d}, {@link MaxUnpool2d} and {@link MaxUnpool3d} share. */
abstract class MaxUnpoolNd extends Module {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];

  constructor(where: string, n: number, kernelSize: PerDim, options: Omit<MaxUnpoolOptions, 'outputSize'> = {}) {
    super();
    checkOptions(where, options, ['stride', 'padding']);
    const { padding = 0 } = options;
    const stride = options.stride ?? kernelSize;
    checkWindows(where, n, kernelSize, { stride, padding });
    this.kernelSize = perDim(where, 'kernelSize', kernelSize, n);
    this.stride = perDim(where, 'stride', stride, n);
    this.padding = perDim(where, 'padding', padding, n);
  }

  protected unpooled(
    input: Tensor,
    indices: Tensor,
    options: Pick<MaxUnpoolOptions, 'outputSize'> | undefined,
    unpool: typeof maxUnpool2d,
  ): Tensor {
    checkOptions('forward', options, ['outputSize']);
    const { kernelSize, stride, padding } = this;
    return unpool(input, indices, kernelSize, { stride, padding, outputSize: options?.outputSize });
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this;
    return `kernel_size=${pythonTuple(kernelSize)}, stride=${pythonTuple(stride)}, padding=${pythonTuple(padding)}`;
  }
}

/**
 * Puts the values of {@link MaxPool1d} back at the positions it gave, zeros elsewhere (https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html).
 * `outputSize` of `forward` is what the max pool was given, where the windows left elements over.
 *
 * @throws ArgumentError for sizes out of range.
 * @example
 * const { values, indices } = new MaxPool1d(2, { returnIndices: true }).forward(randn([1, 1, 5]));
 * new MaxUnpool1d(2).forward(values, indices, { outputSize: [5] }).shape; // [1, 1, 5]
 */
export class MaxUnpool1d extends MaxUnpoolNd {
  constructor(kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>) {
    super('MaxUnpool1d', 1, kernelSize, options);
  }

  forward(input: Tensor, indices: Tensor, options?: Pick<MaxUnpoolOptions, 'outputSize'>): Tensor {
    return this.unpooled(input, indices, options, maxUnpool1d);
  }
}

/** {@link MaxUnpool1d} over two dims (https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html). @throws ArgumentError for sizes out of range. */
export class MaxUnpool2d extends MaxUnpoolNd {
  constructor(kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>) {
    super('MaxUnpool2d', 2, kernelSize, options);
  }

  forward(input: Tensor, indices: Tensor, options?: Pick<MaxUnpoolOptions, 'outputSize'>): Tensor {
    return this.unpooled(input, indices, options, maxUnpool2d);
  }
}

/** {@link MaxUnpool1d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html). @throws ArgumentError for sizes out of range. */
export class MaxUnpool3d extends MaxUnpoolNd {
  constructor(kernelSize: PerDim, options?: Omit<MaxUnpoolOptions, 'outputSize'>) {
    super('MaxUnpool3d', 3, kernelSize, options);
  }

  forward(input: Tensor, indices: Tensor, options?: Pick<MaxUnpoolOptions, 'outputSize'>): Tensor {
    return this.unpooled(input, indices, options, maxUnpool3d);
  }
}

/** What the average pools share. */
abstract class AvgPoolNd extends Module {
  readonly kernelSize: PerDim;
  readonly stride: PerDim;
  readonly padding: PerDim;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;

  constructor(where: string, n: number, kernelSize: PerDim, options: AvgPool1dOptions = {}) {
    super();
    const { padding = 0, ceilMode = false, countIncludePad = true } = options;
    const stride = options.stride ?? kernelSize;
    checkWindows(where, n, kernelSize, { stride, padding });
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.ceilMode = checkFlag(`${where}: ceilMode`, ceilMode);
    this.countIncludePad = checkFlag(`${where}: countIncludePad`, countIncludePad);
  }

  override extraRepr(): string {
    return `kernel_size=${shown(this.kernelSize)}, stride=${shown(this.stride)}, padding=${shown(this.padding)}`;
  }
}

const avgOptions = ['stride', 'padding', 'ceilMode', 'countIncludePad'];

/**
 * The mean of each window (https://pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html), of `[N, C, L]` or `[C, L]`.
 *
 * @throws ArgumentError for sizes out of range, or padding of more than half a window.
 * @example
 * new AvgPool1d(3, { stride: 2 }).forward(randn([20, 16, 50])).shape; // [20, 16, 24]
 */
export class AvgPool1d extends AvgPoolNd {
  constructor(kernelSize: PerDim, options?: AvgPool1dOptions) {
    checkOptions('AvgPool1d', options, avgOptions);
    super('AvgPool1d', 1, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad } = this;
    return avgPool1d(input, kernelSize, { stride, padding, ceilMode, countIncludePad });
  }

  override extraRepr(): string {
    const [kernel, stride, padding] = [this.kernelSize, this.stride, this.padding].map((x) => shown([x].flat()));
    return `kernel_size=${kernel}, stride=${stride}, padding=${padding}`;
  }
}

/** What {@link AvgPool2d} and {@link AvgPool3d} share. */
abstract class DividedAvgPool extends AvgPoolNd {
  readonly divisorOverride: number | null;

  constructor(where: string, n: number, kernelSize: PerDim, options: AvgPoolOptions = {}) {
    checkOptions(where, options, [...avgOptions, 'divisorOverride']);
    super(where, n, kernelSize, options);
    const { divisorOverride = null } = options;
    if (divisorOverride === 0) throw new ArgumentError(`divisor must be not zero in ${where}`);
    if (divisorOverride !== null && !Number.isSafeInteger(divisorOverride))
      throw new ArgumentError(`${where}: divisorOverride must be an integer, got ${describe(divisorOverride)}`);
    this.divisorOverride = divisorOverride;
  }

  protected pooled(input: Tensor, pool: typeof avgPool2d): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return pool(input, kernelSize, { stride, padding, ceilMode, countIncludePad, divisorOverride });
  }
}

/**
 * {@link AvgPool1d} over two dims (https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html), of `[N, C, H, W]` or `[C, H, W]`.
 *
 * @throws ArgumentError for sizes out of range, or padding of more than half a window.
 */
export class AvgPool2d extends DividedAvgPool {
  constructor(kernelSize: PerDim, options?: AvgPoolOptions) {
    super('AvgPool2d', 2, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.pooled(input, avgPool2d);
  }
}

/**
 * {@link AvgPool1d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html), of `[N, C, D, H, W]` or `[C, D, H, W]`.
 *
 * @throws ArgumentError for sizes out of range, or padding of more than half a window.
 */
export class AvgPool3d extends DividedAvgPool {
  constructor(kernelSize: PerDim, options?: AvgPoolOptions) {
    super('AvgPool3d', 3, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.pooled(input, avgPool3d);
  }
}

/** What the adaptive pools share. */
abstract class AdaptivePool extends Module {
  readonly outputSize: OutputSize;

  constructor(where: string, n: number, outputSize: OutputSize) {
    super();
    this.outputSize = checkOutputSize(where, n, outputSize);
  }

  override extraRepr(): string {
    return `output_size=${shown(this.outputSize)}`;
  }
}

/**
 * Means over as many windows of about the same size as asked for (https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html), from
 * `[N, C, L]` or `[C, L]` to `[N, C, outputSize]`.
 *
 * @throws ArgumentError for a size that is not a whole number from 0.
 */
export class AdaptiveAvgPool1d extends AdaptivePool {
  constructor(outputSize: OutputSize) {
    super('AdaptiveAvgPool1d', 1, outputSize);
  }

  forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize);
  }
}

/**
 * {@link AdaptiveAvgPool1d} over two dims (https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html), from `[N, C, H, W]` or `[C, H, W]` to
 * the sizes asked for, of which `null` keeps the input's.
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, or null.
 * @example
 * new AdaptiveAvgPool2d([5, null]).forward(randn([1, 64, 8, 9])).shape; // [1, 64, 5, 9]
 */
export class AdaptiveAvgPool2d extends AdaptivePool {
  constructor(outputSize: OutputSize) {
    super('AdaptiveAvgPool2d', 2, outputSize);
  }

  forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

/**
 * {@link AdaptiveAvgPool2d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html).
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, or null.
 */
export class AdaptiveAvgPool3d extends AdaptivePool {
  constructor(outputSize: OutputSize) {
    super('AdaptiveAvgPool3d', 3, outputSize);
  }

  forward(input: Tensor): Tensor {
    return adaptiveAvgPool3d(input, this.outputSize);
  }
}

/** What {@link AdaptiveMaxPool1d}, {@link AdaptiveMaxPool2d} and {@link AdaptiveMaxPool3d} share. */
abstract class AdaptiveMaxPool<Indices extends boolean> extends AdaptivePool {
  readonly returnIndices: boolean;

  constructor(where: string, n: number, outputSize: OutputSize, options: AdaptiveMaxPoolOptions = {}) {
    super(where, n, outputSize);
    checkOptions(where, options, ['returnIndices']);
    this.returnIndices = checkFlag(`${where}: returnIndices`, options.returnIndices ?? false);
  }

  protected pooled(input: Tensor, pool: typeof adaptiveMaxPool2d): Pooled<Indices> {
    const { outputSize } = this;
    return (
      this.returnIndices ? pool(input, outputSize, { returnIndices: true }) : pool(input, outputSize)
    ) as Pooled<Indices>;
  }
}

/**
 * Maxima of the windows of {@link AdaptiveAvgPool1d} (https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html).
 *
 * @throws ArgumentError for a size that is not a whole number from 0.
 */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  constructor(outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & { returnIndices?: Indices }) {
    super('AdaptiveMaxPool1d', 1, outputSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, adaptiveMaxPool1d);
  }
}

/**
 * Maxima of the windows of {@link AdaptiveAvgPool2d} (https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html).
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, or null.
 */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  constructor(outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & { returnIndices?: Indices }) {
    super('AdaptiveMaxPool2d', 2, outputSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, adaptiveMaxPool2d);
  }
}

/**
 * Maxima of the windows of {@link AdaptiveAvgPool3d} (https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html).
 *
 * @throws ArgumentError for sizes that are not whole numbers from 0, or null.
 */
export class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  constructor(outputSize: OutputSize, options?: AdaptiveMaxPoolOptions & { returnIndices?: Indices }) {
    super('AdaptiveMaxPool3d', 3, outputSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, adaptiveMaxPool3d);
  }
}

/** What {@link LPPool1d}, {@link LPPool2d} and {@link LPPool3d} share. */
abstract class LPPoolNd extends Module {
  readonly normType: number;
  readonly kernelSize: PerDim;
  /** `null` is the kernel size. */
  readonly stride: PerDim | null;
  readonly ceilMode: boolean;

  constructor(where: string, n: number, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}) {
    super();
    checkOptions(where, options, ['stride', 'ceilMode']);
    if (typeof normType !== 'number' || Number.isNaN(normType) || normType === 0)
      throw new ArgumentError(`${where}: normType must be a number other than 0, got ${describe(normType)}`);
    const { stride = null, ceilMode = false } = options;
    checkWindows(where, n, kernelSize, { stride: stride ?? kernelSize });
    this.normType = normType;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.ceilMode = checkFlag(`${where}: ceilMode`, ceilMode);
  }

  protected pooled(input: Tensor, pool: typeof lpPool2d): Tensor {
    const { normType, kernelSize, stride, ceilMode } = this;
    return pool(input, normType, kernelSize, { stride, ceilMode });
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this;
    return `norm_type=${shown(normType)}, kernel_size=${shown(kernelSize)}, stride=${shown(stride)}, ceil_mode=${pythonBool(ceilMode)}`;
  }
}

/**
 * (Σ xᵖ)^(1/p) of each window, with p = `normType` (https://pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html), of `[N, C, L]` or `[C, L]`. Powers are
 * taken of x itself: for an uneven p, and one that is not whole, x should not be negative.
 *
 * @throws ArgumentError for sizes out of range, or a power of 0.
 */
export class LPPool1d extends LPPoolNd {
  constructor(normType: number, kernelSize: PerDim, options?: LpPoolOptions) {
    super('LPPool1d', 1, normType, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.pooled(input, lpPool1d);
  }
}

/** {@link LPPool1d} over two dims (https://pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html). @throws ArgumentError for sizes out of range, or a power of 0. */
export class LPPool2d extends LPPoolNd {
  constructor(normType: number, kernelSize: PerDim, options?: LpPoolOptions) {
    super('LPPool2d', 2, normType, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.pooled(input, lpPool2d);
  }
}

/** {@link LPPool1d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html). @throws ArgumentError for sizes out of range, or a power of 0. */
export class LPPool3d extends LPPoolNd {
  constructor(normType: number, kernelSize: PerDim, options?: LpPoolOptions) {
    super('LPPool3d', 3, normType, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.pooled(input, lpPool3d);
  }
}

/** What {@link FractionalMaxPool2d} and {@link FractionalMaxPool3d} share. */
abstract class FractionalMaxPoolNd<Indices extends boolean> extends Module {
  readonly kernelSize: PerDim;
  readonly outputSize: PerDim | null;
  readonly outputRatio: PerDim | null;
  readonly returnIndices: boolean;

  constructor(where: string, n: number, kernelSize: PerDim, options: Omit<FractionalMaxPoolOptions, 'generator'>) {
    super();
    checkOptions(where, options, ['outputSize', 'outputRatio', 'returnIndices', 'randomSamples']);
    const { outputSize = null, outputRatio = null, returnIndices = false, randomSamples = null } = options ?? {};
    perDimFrom(1, 'kernel size should be greater than zero', where, 'kernelSize', kernelSize, n);
    if (outputSize === null && outputRatio === null)
      throw new ArgumentError(`${where} requires specifying either an output size, or a pooling ratio`);
    if (outputSize !== null && outputRatio !== null)
      throw new ArgumentError(`only one of outputSize and outputRatio may be specified in ${where}`);
    if (outputSize !== null)
      perDimFrom(1, 'output size should be greater than zero', where, 'outputSize', outputSize, n);
    else checkRatio(where, n, outputRatio);
    this.kernelSize = kernelSize;
    this.outputSize = outputSize;
    this.outputRatio = outputRatio;
    this.returnIndices = checkFlag(`${where}: returnIndices`, returnIndices);
    this.registerBuffer('_random_samples', randomSamples);
  }

  protected pooled(input: Tensor, pool: typeof fractionalMaxPool2d): Pooled<Indices> {
    const { kernelSize, outputSize, outputRatio } = this;
    const randomSamples = (this as { _random_samples?: Tensor | null })._random_samples ?? null;
    const options = { outputSize, outputRatio, randomSamples };
    const result = this.returnIndices
      ? pool(input, kernelSize, { ...options, returnIndices: true })
      : pool(input, kernelSize, options);
    return result as Pooled<Indices>;
  }
}

/** Options of {@link FractionalMaxPool2d} and {@link FractionalMaxPool3d}. */
export type FractionalMaxPoolLayerOptions<Indices extends boolean> = Omit<FractionalMaxPoolOptions, 'generator'> & {
  returnIndices?: Indices;
};

/**
 * Maxima of windows that begin at random (https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html; Graham, "Fractional Max-Pooling",
 * 2014), of `[N, C, H, W]` or `[C, H, W]`. They are drawn in evaluation mode too; `randomSamples` decides them, and is saved as `_random_samples`.
 *
 * @throws ArgumentError for both or neither of `outputSize` and `outputRatio`, or sizes out of range.
 * @example
 * new FractionalMaxPool2d(3, { outputRatio: 0.5 }).forward(randn([20, 16, 50, 32])).shape; // [20, 16, 25, 16]
 */
export class FractionalMaxPool2d<Indices extends boolean = false> extends FractionalMaxPoolNd<Indices> {
  constructor(kernelSize: PerDim, options: FractionalMaxPoolLayerOptions<Indices>) {
    super('FractionalMaxPool2d', 2, kernelSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, fractionalMaxPool2d);
  }
}

/**
 * {@link FractionalMaxPool2d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html).
 *
 * @throws ArgumentError for both or neither of `outputSize` and `outputRatio`, or sizes out of range.
 */
export class FractionalMaxPool3d<Indices extends boolean = false> extends FractionalMaxPoolNd<Indices> {
  constructor(kernelSize: PerDim, options: FractionalMaxPoolLayerOptions<Indices>) {
    super('FractionalMaxPool3d', 3, kernelSize, options);
  }

  forward(input: Tensor): Pooled<Indices> {
    return this.pooled(input, fractionalMaxPool3d);
  }
}
