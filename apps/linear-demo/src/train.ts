/** The training loop: plain, as a person would write it. */
import { MSELoss } from '@tenfold/nn';
import { SGD } from '@tenfold/optim';
import { type DType, rand, randperm, type Tensor, tensor } from '@tenfold/tensor-core';
import type { MyLinear } from './model.ts';

/** One batch: inputs `[rows, features]` and labels `[rows, 1]`. */
export interface Batch {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Gives the batches of one epoch. */
export type Batches = () => Iterable<Batch>;

export interface TrainOptions {
  readonly epochs: number;
  readonly lr: number;
  readonly weightDecay: number;
  /** Called after each epoch with the mean loss of its batches. */
  onEpoch(epoch: number, loss: number): void;
}

/** Trains in place and returns the loss after each epoch. */
export async function train(model: MyLinear, batches: Batches, options: TrainOptions): Promise<number[]> {
  const criterion = new MSELoss();
  const optimizer = new SGD(model.parameters(), { lr: options.lr, momentum: 0.9, weightDecay: options.weightDecay });
  const history: number[] = [];
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    let sum = 0;
    let count = 0;
    for (const { x, y } of batches()) {
      optimizer.zeroGrad();
      const loss = criterion.forward(model.forward(x), y);
      loss.backward();
      optimizer.step();
      sum += await loss.item();
      count++;
    }
    history.push(sum / count);
    options.onEpoch(epoch, sum / count);
  }
  return history;
}

/** A fresh batch from `2·x₀ + 3·x₁ + 4` each epoch, `x` uniform in [0, 1)². */
export function lineBatches(rows: number, options: { dtype: DType; device: string }): Batches {
  const slope = tensor([[2], [3]], options);
  return () => {
    const x = rand([rows, 2], options);
    return [{ x, y: x.mm(slope).add(4) }];
  };
}

/** All rows in a new random order each epoch, `rows` at a time; all at once if they fit. */
export function tableBatches(x: Tensor, y: Tensor, rows: number): Batches {
  const count = x.shape[0];
  if (rows >= count) return () => [{ x, y }];
  return function* shuffled() {
    const order = randperm(count, { device: x.device });
    for (let start = 0; start < count; start += rows) {
      const ids = order.slice(0, start, Math.min(start + rows, count));
      yield { x: x.indexSelect(0, ids), y: y.indexSelect(0, ids) };
    }
  };
}
