/** Channels to pixels and back, and channels among each other. */
import { ArgumentError, describe, type Tensor } from '@tenfold/tensor-core';
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../functional.ts';
import { Module } from '../module.ts';

/** Returns `value` if it is a whole number from 1; `sentence` is what PyTorch says of others. */
function checkPositive(sentence: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${sentence}, but got ${describe(value)}`);
}

/**
 * Channels to pixels (https://pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html): `[…, C · r², H, W]` becomes `[…, C, H · r, W · r]`.
 *
 * @throws ArgumentError unless the factor is a whole number from 1.
 * @example
 * new PixelShuffle(3).forward(randn([1, 9, 4, 4])).shape; // [1, 1, 12, 12]
 */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = checkPositive('PixelShuffle expects a positive upscaleFactor', upscaleFactor);
  }

  forward(input: Tensor): Tensor {
    return pixelShuffle(input, this.upscaleFactor);
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/**
 * Undoes {@link PixelShuffle} (https://pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html): `[…, C, H · r, W · r]` becomes `[…, C · r², H, W]`.
 *
 * @throws ArgumentError unless the factor is a whole number from 1.
 */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number;

  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = checkPositive('PixelUnshuffle expects a positive downscaleFactor', downscaleFactor);
  }

  forward(input: Tensor): Tensor {
    return pixelUnshuffle(input, this.downscaleFactor);
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/**
 * Deals the channels of several groups out in turn (https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html), of `[N, C, …]`.
 *
 * @throws ArgumentError unless there is a group.
 */
export class ChannelShuffle extends Module {
  readonly groups: number;

  constructor(groups: number) {
    super();
    this.groups = checkPositive('ChannelShuffle: Number of groups to divide channels in must be positive', groups);
  }

  forward(input: Tensor): Tensor {
    return channelShuffle(input, this.groups);
  }

  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}
