/** What can be learned on the page: data, how wrong a model is about it, and how good it is. */
import type { Tensor } from '@tenfold/tensor-core';

/** Inputs and targets, one row each. */
export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** A task on a device. */
export interface Task {
  /** A batch for the next step. */
  batch(): Batch;
  /** A scalar to be made small. */
  loss(output: Tensor, target: Tensor): Tensor;
  /** How good the model is, for people: `'accuracy 98.2 %'`. */
  readonly score: Score;
  /** An input of one row, by which a model is exported. */
  example(): Tensor;
}

/** A number between 0 and 1 or an error, and how it is shown. */
export interface Score {
  readonly name: string;
  measure(forward: (x: Tensor) => Tensor): Promise<number>;
  format(value: number): string;
}

export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
