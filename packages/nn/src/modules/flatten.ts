/** Modules that change shapes only. */
import type { Tensor } from '@tenfold/tensor-core';
import { Module } from '../module.ts';

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
