/** Windows of images as columns, and back. */
import { type ColumnsOptions, checkOptions, type PerDim, type Tensor } from '@tenfold/tensor-core';
import { fold, unfold } from '../functional.ts';
import { Module } from '../module.ts';
import { perDimFrom, shown } from '../windows.ts';

/** What {@link Fold} and {@link Unfold} share. */
abstract class Columns extends Module {
  readonly kernelSize: PerDim;
  readonly dilation: PerDim;
  readonly padding: PerDim;
  readonly stride: PerDim;

  constructor(where: string, kernelSize: PerDim, options?: ColumnsOptions) {
    super();
    checkOptions(where, options, ['dilation', 'padding', 'stride']);
    const { dilation = 1, padding = 0, stride = 1 } = options ?? {};
    perDimFrom(1, 'kernel size should be greater than zero', where, 'kernelSize', kernelSize, 2);
    perDimFrom(1, 'dilation should be greater than zero', where, 'dilation', dilation, 2);
    perDimFrom(0, 'padding should be non-negative', where, 'padding', padding, 2);
    perDimFrom(1, 'stride should be greater than zero', where, 'stride', stride, 2);
    this.kernelSize = kernelSize;
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return `kernel_size=${shown(kernelSize)}, dilation=${shown(dilation)}, padding=${shown(padding)}, stride=${shown(stride)}`;
  }
}

/**
 * The windows of images as columns (https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html): from `[N, C, H, W]` or `[C, H, W]` to
 * `[N, C · kernelHeight · kernelWidth, windows]`.
 *
 * @throws ArgumentError for sizes out of range.
 * @example
 * new Unfold([2, 3]).forward(randn([2, 5, 3, 4])).shape; // [2, 30, 4]
 */
export class Unfold extends Columns {
  constructor(kernelSize: PerDim, options?: ColumnsOptions) {
    super('Unfold', kernelSize, options);
  }

  forward(input: Tensor): Tensor {
    const { kernelSize, dilation, padding, stride } = this;
    return unfold(input, kernelSize, { dilation, padding, stride });
  }
}

/**
 * Columns added up to images (https://pytorch.org/docs/stable/generated/torch.nn.Fold.html): from `[N, C · kernelHeight · kernelWidth, windows]`, or
 * without N, to `[N, C, height, width]`. Where windows overlap, their elements are summed.
 *
 * @throws ArgumentError for sizes out of range.
 * @example
 * new Fold([4, 5], [2, 2]).forward(randn([1, 12, 12])).shape; // [1, 3, 4, 5]
 */
export class Fold extends Columns {
  readonly outputSize: PerDim;

  constructor(outputSize: PerDim, kernelSize: PerDim, options?: ColumnsOptions) {
    super('Fold', kernelSize, options);
    perDimFrom(1, 'output size should be greater than zero', 'Fold', 'outputSize', outputSize, 2);
    this.outputSize = outputSize;
  }

  forward(input: Tensor): Tensor {
    const { outputSize, kernelSize, dilation, padding, stride } = this;
    return fold(input, outputSize, kernelSize, { dilation, padding, stride });
  }

  override extraRepr(): string {
    return `output_size=${shown(this.outputSize)}, ${super.extraRepr()}`;
  }
}
