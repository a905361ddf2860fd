/** What the network makes of digits that it hasn't learned from. */
import { noGrad } from '@tenfold/autograd';
import { DataLoader } from '@tenfold/data';
import { F } from '@tenfold/nn';
import { getDefaultDevice } from '@tenfold/tensor-core';
import { Accuracy, ConfusionMatrix, RunningMean } from '@tenfold/train';
import type { Digits } from './data.ts';
import type { DigitNet } from './model.ts';

/** One digit that was read. */
export interface Reading {
  readonly label: number;
  readonly prediction: number;
  /** The probability that the network gives to its prediction. */
  readonly confidence: number;
}

export interface Evaluation {
  readonly loss: number;
  /** The share that was read right. */
  readonly accuracy: number;
  /** How often each digit (row) was read as each digit (column). */
  readonly confusion: readonly (readonly number[])[];
  /** In the order of the digits. */
  readonly readings: readonly Reading[];
}

/** Reads all digits, 500 at a time. */
export async function evaluate(model: DigitNet, digits: Digits): Promise<Evaluation> {
  const task = { task: 'multiclass', numClasses: 10 } as const;
  const [loss, accuracy, confusion] = [new RunningMean(), new Accuracy(task), new ConfusionMatrix(task)];
  const readings: Reading[] = [];
  model.eval();
  await noGrad(async () => {
    for await (const [images, bytes] of new DataLoader(digits, { batchSize: 500, device: getDefaultDevice() })) {
      const labels = bytes.to('int64');
      const logits = model.forward(images);
      loss.update(F.crossEntropy(logits, labels), labels.numel());
      accuracy.update(logits, labels);
      confusion.update(logits, labels);
      const [wanted, read, sure] = await Promise.all(
        [labels, logits.argmax(1), logits.softmax(1).amax(1)].map((x) => x.toArray() as Promise<number[]>),
      );
      readings.push(...wanted.map((label, i) => ({ label, prediction: read[i], confidence: sure[i] })));
    }
  });
  return {
    loss: await loss.compute().item(),
    accuracy: await accuracy.compute().item(),
    confusion: (await confusion.compute().toArray()) as number[][],
    readings,
  };
}
