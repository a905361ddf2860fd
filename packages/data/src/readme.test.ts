/** The README's example. */
import '@tenfold/backend-cpu/register';
import { manualSeed, rand, randint } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { DataLoader, mapDataset, randomSplit, TensorDataset } from './index.ts';
import { compose, normalize, randomCrop, randomHorizontalFlip } from './transforms.ts';

it('the README’s example gives what it says', async () => {
  manualSeed(0);
  const images = new TensorDataset(rand([100, 3, 32, 32]), randint(10, [100]));
  const [train, test] = randomSplit(images, [0.8, 0.2]);
  const augment = compose([randomCrop(32, { padding: 4 }), randomHorizontalFlip(), normalize([0.5], [0.25])]);
  const augmented = mapDataset(train, ([image, label], generator) => [augment(image, generator), label]);
  const shapes = [];
  for await (const [x, y] of new DataLoader(augmented, { batchSize: 32, shuffle: true }))
    shapes.push([x.shape, y.shape]);
  expect(shapes).toEqual([
    [[32, 3, 32, 32], [32]],
    [[32, 3, 32, 32], [32]],
    [[16, 3, 32, 32], [16]],
  ]);
  expect([test.length, new DataLoader(test, { batchSize: 32 }).length]).toEqual([20, 1]);
});
