/** Handwritten digits (MNIST): 28 × 28 pixels, ten classes. */
import { crossEntropy, randint, tensor, zeros } from '@tenfold/tensor-core';
import { layout } from './digits-layout.ts';
import { percent, type Task } from './task.ts';

/** Pixels between 0 and 255, and labels. */
export interface Digits {
  readonly trainPixels: Uint8Array;
  readonly testPixels: Uint8Array;
  readonly trainLabels: Uint8Array;
  readonly testLabels: Uint8Array;
}

/** Fetches the digits. @throws Error if they can't be had, in words for people. */
export async function loadDigits(): Promise<Digits> {
  const response = await fetch(layout.file);
  if (!response.ok) throw new Error(`the digits could not be fetched (${response.status} ${response.statusText})`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const sizes = [layout.train * layout.pixels, layout.test * layout.pixels, layout.train, layout.test];
  if (bytes.length !== sizes.reduce((sum, size) => sum + size)) throw new Error('the file of digits is not complete');
  let at = 0;
  const [trainPixels, testPixels, trainLabels, testLabels] = sizes.map((size) => bytes.subarray(at, (at += size)));
  return { trainPixels, testPixels, trainLabels, testLabels };
}

/** Pixels as a network takes them: about 0 on average, about 1 in spread. */
export const normalize = (pixel: number): number => (pixel / 255 - 0.1307) / 0.3081;

const images = (pixels: Uint8Array, device: string) =>
  tensor(Float32Array.from(pixels, normalize), { device }).view([
    pixels.length / layout.pixels,
    1,
    layout.side,
    layout.side,
  ]);

export function digitsTask(data: Digits, device: string): Task {
  const x = images(data.trainPixels, device);
  const y = tensor(Array.from(data.trainLabels), { dtype: 'int64', device });
  const [testX, testY] = [
    images(data.testPixels, device),
    tensor(Array.from(data.testLabels), { dtype: 'int64', device }),
  ];
  return {
    batch() {
      const ids = randint(0, layout.train, [64], { device });
      return { x: x.indexSelect(0, ids), y: y.indexSelect(0, ids) };
    },
    loss: (output, target) => crossEntropy(output, target),
    score: {
      name: 'Test accuracy',
      measure: async (forward) => (await forward(testX).argmax(1).eq(testY).float().mean().item()) as number,
      format: percent,
    },
    example: () => zeros([1, 1, layout.side, layout.side]),
  };
}
