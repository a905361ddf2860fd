/** Resizing images. */
import { ArgumentError, checkOptions, type InterpolateOptions, type Tensor } from '@tenfold/tensor-core';
import { interpolate } from '../functional.ts';
import { Module } from '../module.ts';
import { pythonFloat } from '../print.ts';
import { shown } from '../windows.ts';

/** Options of {@link Upsample}: either `size` or `scaleFactor`. */
export type UpsampleOptions = Omit<InterpolateOptions, 'antialias'>;

/** Options of {@link UpsamplingNearest2d} and {@link UpsamplingBilinear2d}: either `size` or `scaleFactor`. */
export type UpsamplingOptions = Pick<InterpolateOptions, 'size' | 'scaleFactor'>;

const floats = (factor: number | readonly number[]): string =>
  typeof factor === 'number'
    ? pythonFloat(factor)
    : `(${factor.map(pythonFloat).join(', ')}${factor.length === 1 ? ',' : ''})`;

/**
 * Resizes to `size` or by `scaleFactor` (https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html): `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]`.
 *
 * @throws ArgumentError for both or neither of `size` and `scaleFactor`; `forward` checks the rest.
 * @example
 * new Upsample({ scaleFactor: 2, mode: 'bilinear' }).forward(randn([1, 3, 8, 8])).shape; // [1, 3, 16, 16]
 */
export class Upsample extends Module {
  readonly size: number | readonly number[] | null;
  readonly scaleFactor: number | readonly number[] | null;
  readonly mode: NonNullable<InterpolateOptions['mode']>;
  readonly alignCorners: boolean | null;
  readonly recomputeScaleFactor: boolean | null;

  constructor(options: UpsampleOptions) {
    super();
    checkOptions('Upsample', options, ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor']);
    const { size = null, scaleFactor = null, mode = 'nearest' } = options ?? {};
    if (size === null && scaleFactor === null)
      throw new ArgumentError('either size or scaleFactor should be defined in Upsample');
    if (size !== null && scaleFactor !== null)
      throw new ArgumentError('only one of size or scaleFactor should be defined in Upsample');
    this.size = size;
    this.scaleFactor = scaleFactor;
    this.mode = mode;
    this.alignCorners = options.alignCorners ?? null;
    this.recomputeScaleFactor = options.recomputeScaleFactor ?? null;
  }

  forward(input: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return interpolate(input, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }

  override extraRepr(): string {
    const what = this.scaleFactor === null ? `size=${shown(this.size)}` : `scale_factor=${floats(this.scaleFactor)}`;
    return `${what}, mode='${this.mode}'`;
  }
}

/**
 * {@link Upsample} of `[N, C, H, W]` by the nearest pixels (https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html).
 *
 * @throws ArgumentError for both or neither of `size` and `scaleFactor`.
 */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: UpsamplingOptions) {
    checkOptions('UpsamplingNearest2d', options, ['size', 'scaleFactor']);
    super({ ...options, mode: 'nearest' });
  }
}

/**
 * {@link Upsample} of `[N, C, H, W]` by bilinear interpolation with aligned corners (https://pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html).
 *
 * @throws ArgumentError for both or neither of `size` and `scaleFactor`.
 */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: UpsamplingOptions) {
    checkOptions('UpsamplingBilinear2d', options, ['size', 'scaleFactor']);
    super({ ...options, mode: 'bilinear', alignCorners: true });
  }
}
