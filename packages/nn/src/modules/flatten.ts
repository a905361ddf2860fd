/** Modules that change shapes only. */
import { ArgumentError, describe, type Tensor } from '@tenfold/tensor-core';
import { Module } from '../module.ts';
import { pythonTuple } from '../print.ts';

/** Makes one dim of those from `startDim` to `endDim`, both included (https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html). */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(startDim = 1, endDim = -1) {
    super();
    this.startDim = startDim;
    this.endDim = endDim;
  }

  forward(input: Tensor): Tensor {
    return input.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/**
 * Makes several dims of one (https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html). One of the sizes may be -1: what is left.
 *
 * @throws ArgumentError unless the dim and the sizes are whole numbers.
 * @example
 * new Unflatten(1, [2, 5, 5]).forward(randn([2, 50])).shape; // [2, 2, 5, 5]
 */
export class Unflatten extends Module {
  readonly dim: number;
  readonly unflattenedSize: readonly number[];

  constructor(dim: number, unflattenedSize: readonly number[]) {
    super();
    if (!Number.isSafeInteger(dim)) throw new ArgumentError(`Unflatten: dim must be an integer, got ${describe(dim)}`);
    if (!Array.isArray(unflattenedSize))
      throw new ArgumentError(
        `unflattenedSize must be an array of integers, but found ${describe(unflattenedSize)} in Unflatten`,
      );
    unflattenedSize.forEach((size: unknown, i) => {
      if (!Number.isSafeInteger(size))
        throw new ArgumentError(
          `unflattenedSize must be an array of integers, but found ${describe(size)} at pos ${i} in Unflatten`,
        );
    });
    this.dim = dim;
    this.unflattenedSize = unflattenedSize;
  }

  forward(input: Tensor): Tensor {
    return input.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${pythonTuple(this.unflattenedSize)}`;
  }
}
