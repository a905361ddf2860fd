/** Convolutions and transposed convolutions. */
import {
  ArgumentError,
  type ConvOptions,
  type ConvTransposeOptions,
  checkOptions,
  type DType,
  describe,
  empty,
  formatShape,
  numel,
  type PerDim,
  perDim,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkFlag, checkSize } from '../checks.ts';
import { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, pad } from '../functional.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonTuple } from '../print.ts';
import { uniformByFanIn_ } from '../start.ts';
import { perDimFrom } from '../windows.ts';

/** What a convolution finds beyond the border: zeros, the mirror image, the border itself, or the other end. */
export type ConvPaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

const paddingModes: readonly ConvPaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

interface ParameterOptions {
  /** Whether a bias is learned. Default true. */
  bias?: boolean;
  /** Default: the default float dtype. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
}

/** Options of {@link Conv1d}, {@link Conv2d} and {@link Conv3d}. */
export interface ConvLayerOptions extends ConvOptions, ParameterOptions {
  /** What stands in the padding. Default `'zeros'`. */
  paddingMode?: ConvPaddingMode;
}

/** Options of {@link ConvTranspose1d}, {@link ConvTranspose2d} and {@link ConvTranspose3d}. */
export interface ConvTransposeLayerOptions extends ConvTransposeOptions, ParameterOptions {
  /** Only zeros are there. */
  paddingMode?: 'zeros';
}

/** Options of the transposed convolutions' `forward`. */
export interface ConvTransposeForwardOptions {
  /** The spatial sizes of the result, or its whole shape, in the place of `outputPadding`. */
  outputSize?: readonly number[] | null;
}

/** The parts of {@link ConvLayerOptions} and {@link ConvTransposeLayerOptions}, as they come. */
interface AnyOptions extends ParameterOptions {
  stride?: PerDim;
  dilation?: PerDim;
  groups?: number;
  paddingMode?: string;
}

/** What convolutions share. */
abstract class Convolution extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly paddingMode: ConvPaddingMode;
  readonly weight: Parameter;
  /** `[outChannels]`, or `null`. */
  readonly bias: Parameter | null = null;

  constructor(
    where: string,
    n: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    transposed: boolean,
    options: AnyOptions = {},
  ) {
    super();
    const { stride = 1, dilation = 1, groups = 1, bias = true, paddingMode = 'zeros', dtype, device } = options;
    this.inChannels = checkSize(`${where}: inChannels`, inChannels);
    this.outChannels = checkSize(`${where}: outChannels`, outChannels);
    if (!Number.isSafeInteger(groups) || groups < 1)
      throw new ArgumentError(`groups must be a positive integer, got ${describe(groups)} in ${where}`);
    for (const [what, channels] of Object.entries({ inChannels, outChannels })) {
      if (channels % groups !== 0)
        throw new ArgumentError(
          `${what} must be divisible by groups, got ${what}=${channels} and groups=${groups} in ${where}`,
        );
    }
    this.groups = groups;
    this.kernelSize = perDimFrom(1, 'kernel size should be greater than zero', where, 'kernelSize', kernelSize, n);
    this.stride = perDimFrom(1, 'non-positive stride is not supported', where, 'stride', stride, n);
    this.dilation = perDimFrom(1, 'dilation should be greater than zero', where, 'dilation', dilation, n);
    this.paddingMode = paddingMode as ConvPaddingMode;
    const [first, second] = transposed ? [inChannels, outChannels] : [outChannels, inChannels];
    this.weight = new Parameter(empty([first, second / groups, ...this.kernelSize], { dtype, device }));
    if (checkFlag(`${where}: bias`, bias)) this.bias = new Parameter(empty([outChannels], { dtype, device }));
    this.resetParameters();
  }

  /** Draws new starting values. */
  resetParameters(): void {
    const fanIn = numel(this.weight.shape.slice(1));
    uniformByFanIn_(this.weight, fanIn);
    if (this.bias) uniformByFanIn_(this.bias, fanIn);
  }

  /** PyTorch's text, between padding and output padding of the two kinds. */
  protected shown(padding: readonly number[] | string, outputPadding: readonly number[]): string {
    const { stride, dilation, groups, paddingMode } = this;
    const zeros = (list: readonly number[]): boolean => list.every((x) => x === 0);
    return [
      `${this.inChannels}, ${this.outChannels}, kernel_size=${pythonTuple(this.kernelSize)}, stride=${pythonTuple(stride)}`,
      ...(typeof padding === 'string'
        ? [`padding=${padding}`]
        : zeros(padding)
          ? []
          : [`padding=${pythonTuple(padding)}`]),
      ...(dilation.every((x) => x === 1) ? [] : [`dilation=${pythonTuple(dilation)}`]),
      ...(zeros(outputPadding) ? [] : [`output_padding=${pythonTuple(outputPadding)}`]),
      ...(groups === 1 ? [] : [`groups=${groups}`]),
      ...(this.bias === null ? ['bias=False'] : []),
      ...(paddingMode === 'zeros' ? [] : [`padding_mode=${paddingMode}`]),
    ].join(', ');
  }
}

const parameterOptions = ['bias', 'paddingMode', 'dtype', 'device'];

/** What {@link Conv1d}, {@link Conv2d} and {@link Conv3d} share. */
abstract class ConvNd extends Convolution {
  /** Elements at both sides, or what `'same'` and `'valid'` make of the kernel. */
  readonly padding: readonly number[] | 'same' | 'valid';

  constructor(
    where: string,
    n: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options?: ConvLayerOptions,
  ) {
    checkOptions(where, options, ['stride', 'padding', 'dilation', 'groups', ...parameterOptions]);
    const { padding = 0, paddingMode = 'zeros' } = options ?? {};
    if (!paddingModes.includes(paddingMode))
      throw new ArgumentError(
        `paddingMode must be one of ${paddingModes.map((mode) => `'${mode}'`).join(', ')}, but got ${describe(paddingMode)} in ${where}`,
      );
    if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid')
      throw new ArgumentError(
        `Invalid padding string '${String(padding)}', should be one of 'same', 'valid' in ${where}`,
      );
    super(where, n, inChannels, outChannels, kernelSize, false, options);
    if (padding === 'same' && this.stride.some((x) => x !== 1))
      throw new ArgumentError(
        `padding='same' is not supported for strided convolutions, got stride=${formatShape(this.stride)} in ${where}`,
      );
    this.padding =
      typeof padding === 'string'
        ? padding
        : perDimFrom(0, 'negative padding is not supported', where, 'padding', padding, n);
  }

  protected convolved(input: Tensor, conv: typeof conv2d): Tensor {
    const { weight, bias, stride, padding, dilation, groups, paddingMode } = this;
    if (paddingMode === 'zeros') return conv(input, weight, bias, { stride, padding, dilation, groups });
    const padded = pad(input, this.around(), { mode: paddingMode });
    return conv(padded, weight, bias, { stride, dilation, groups });
  }

  /** What `pad` is given: before and after of the last dim first. */
  private around(): number[] {
    const { padding, kernelSize, dilation } = this;
    const pairs = kernelSize.map((size, d) => {
      if (padding === 'valid') return [0, 0];
      if (padding !== 'same') return [padding[d], padding[d]];
      const total = dilation[d] * (size - 1);
      const before = Math.floor(total / 2);
      return [before, total - before];
    });
    return pairs.reverse().flat();
  }

  override extraRepr(): string {
    return this.shown(this.padding, []);
  }
}

/**
 * Convolution over one dim (https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html), from `[N, inChannels, L]` or `[inChannels, L]` to
 * `[N, outChannels, (L + 2·padding - dilation·(kernelSize - 1) - 1) / stride + 1]`, rounded down. The weight is `[outChannels, inChannels / groups, kernelSize]`;
 * weight and bias start uniform in ±1/√(inChannels / groups · kernelSize).
 *
 * @throws ArgumentError for sizes out of range, groups that don't divide the channels, or `'same'` with a stride.
 * @example
 * new Conv1d(16, 33, 3, { stride: 2 }).forward(randn([20, 16, 50])).shape; // [20, 33, 24]
 */
export class Conv1d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions) {
    super('Conv1d', 1, inChannels, outChannels, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.convolved(input, conv1d);
  }
}

/**
 * Convolution over two dims (https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html): {@link Conv1d} for `[N, inChannels, H, W]` or
 * `[inChannels, H, W]`.
 *
 * @throws ArgumentError for sizes out of range, groups that don't divide the channels, or `'same'` with a stride.
 * @example
 * new Conv2d(1, 32, 3, { padding: 1 }).forward(randn([64, 1, 28, 28])).shape; // [64, 32, 28, 28]
 */
export class Conv2d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions) {
    super('Conv2d', 2, inChannels, outChannels, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.convolved(input, conv2d);
  }
}

/**
 * Convolution over three dims (https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html): {@link Conv1d} for `[N, inChannels, D, H, W]` or
 * `[inChannels, D, H, W]`.
 *
 * @throws ArgumentError for sizes out of range, groups that don't divide the channels, or `'same'` with a stride.
 */
export class Conv3d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvLayerOptions) {
    super('Conv3d', 3, inChannels, outChannels, kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    return this.convolved(input, conv3d);
  }
}

/** What {@link ConvTranspose1d}, {@link ConvTranspose2d} and {@link ConvTranspose3d} share. */
abstract class ConvTransposeNd extends Convolution {
  readonly padding: readonly number[];
  readonly outputPadding: readonly number[];
  private readonly where: string;

  constructor(
    where: string,
    n: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options?: ConvTransposeLayerOptions,
  ) {
    checkOptions(where, options, ['stride', 'padding', 'outputPadding', 'groups', 'dilation', ...parameterOptions]);
    const { padding = 0, outputPadding = 0, paddingMode = 'zeros' } = options ?? {};
    if (paddingMode !== 'zeros')
      throw new ArgumentError(`Only "zeros" padding mode is supported for ${where}, got ${describe(paddingMode)}`);
    super(where, n, inChannels, outChannels, kernelSize, true, options);
    this.where = where;
    this.padding = perDimFrom(0, 'negative padding is not supported', where, 'padding', padding, n);
    this.outputPadding = perDimFrom(
      0,
      'negative output padding is not supported',
      where,
      'outputPadding',
      outputPadding,
      n,
    );
    const { stride, dilation } = this;
    if (this.outputPadding.some((x, d) => x >= stride[d] && x >= dilation[d]))
      throw new ArgumentError(
        `output padding must be smaller than either stride or dilation, but got outputPadding=${formatShape(this.outputPadding)}, ` +
          `stride=${formatShape(stride)}, dilation=${formatShape(dilation)} in ${where}`,
      );
  }

  protected convolved(
    input: Tensor,
    options: ConvTransposeForwardOptions | undefined,
    conv: typeof convTranspose2d,
  ): Tensor {
    checkOptions(this.where, options, ['outputSize']);
    const { weight, bias, stride, padding, dilation, groups } = this;
    const asked = options?.outputSize ?? null;
    const outputPadding = asked === null ? this.outputPadding : this.paddingFor(input, asked);
    return conv(input, weight, bias, { stride, padding, outputPadding, groups, dilation });
  }

  /** How much longer than the smallest the result is to be. */
  private paddingFor(input: Tensor, asked: readonly number[]): readonly number[] {
    const { kernelSize, stride, padding, dilation } = this;
    const n = kernelSize.length;
    const lead = input.ndim - n;
    // of another number of dims the convolution itself says what it takes
    if (lead !== 1 && lead !== 2) return this.outputPadding;
    if (!Array.isArray(asked) || (asked.length !== n && asked.length !== n + lead))
      throw new ArgumentError(
        `ConvTranspose${n}D: for ${input.ndim}D input, outputSize must have ${n} or ${n + lead} elements, got ${describe(asked)}`,
      );
    const size = perDim(this.where, 'outputSize', asked.slice(-n), n);
    const spatial = input.shape.slice(lead);
    const least = spatial.map(
      (length, d) => (length - 1) * stride[d] - 2 * padding[d] + dilation[d] * (kernelSize[d] - 1) + 1,
    );
    const most = least.map((length, d) => length + stride[d] - 1);
    if (size.some((length, d) => length < least[d] || length > most[d]))
      throw new ArgumentError(
        `requested an output size of ${formatShape(size)}, but valid sizes range from ${formatShape(least)} to ${formatShape(most)} ` +
          `(for an input of ${formatShape(spatial)}) in ${this.where}`,
      );
    return size.map((length, d) => length - least[d]);
  }

  override extraRepr(): string {
    return this.shown(this.padding, this.outputPadding);
  }
}

/**
 * The gradient of {@link Conv1d} with respect to its input (https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html), from
 * `[N, inChannels, L]` or `[inChannels, L]` to `[N, outChannels, (L - 1)·stride - 2·padding + dilation·(kernelSize - 1) + outputPadding + 1]`.
 * The weight is `[inChannels, outChannels / groups, kernelSize]`. As several lengths are shortened to one by a stride, `outputPadding`, or `outputSize`
 * of `forward`, chooses among them.
 *
 * @throws ArgumentError for sizes out of range or groups that don't divide the channels.
 * @example
 * const up = new ConvTranspose1d(16, 8, 3, { stride: 2, padding: 1 });
 * up.forward(randn([1, 16, 10]), { outputSize: [20] }).shape; // [1, 8, 20]
 */
export class ConvTranspose1d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions) {
    super('ConvTranspose1d', 1, inChannels, outChannels, kernelSize, options);
  }

  forward(input: Tensor, options?: ConvTransposeForwardOptions): Tensor {
    return this.convolved(input, options, convTranspose1d);
  }
}

/**
 * {@link ConvTranspose1d} over two dims (https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html), for `[N, inChannels, H, W]` or
 * `[inChannels, H, W]`.
 *
 * @throws ArgumentError for sizes out of range or groups that don't divide the channels.
 */
export class ConvTranspose2d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions) {
    super('ConvTranspose2d', 2, inChannels, outChannels, kernelSize, options);
  }

  forward(input: Tensor, options?: ConvTransposeForwardOptions): Tensor {
    return this.convolved(input, options, convTranspose2d);
  }
}

/**
 * {@link ConvTranspose1d} over three dims (https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html), for `[N, inChannels, D, H, W]` or
 * `[inChannels, D, H, W]`.
 *
 * @throws ArgumentError for sizes out of range or groups that don't divide the channels.
 */
export class ConvTranspose3d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDim, options?: ConvTransposeLayerOptions) {
    super('ConvTranspose3d', 3, inChannels, outChannels, kernelSize, options);
  }

  forward(input: Tensor, options?: ConvTransposeForwardOptions): Tensor {
    return this.convolved(input, options, convTranspose3d);
  }
}
