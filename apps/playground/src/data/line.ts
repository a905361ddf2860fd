/** Points near the line y = 0.8 x + 0.4, and how far a model is from them. */
import { mseLoss, rand, randn, tensor } from '@tenfold/tensor-core';
import type { Task } from './task.ts';

/** What the points are drawn from. */
export const truth = { slope: 0.8, intercept: 0.4, noise: 0.15, from: -2, to: 2 } as const;

/** Points `[x, y]`. */
export function linePoints(count = 120): [number, number][] {
  const x = rand([count])
    .mul(truth.to - truth.from)
    .add(truth.from);
  const y = x
    .mul(truth.slope)
    .add(truth.intercept)
    .add(randn([count]).mul(truth.noise));
  const ys = y.toArraySync() as number[];
  return (x.toArraySync() as number[]).map((value, i) => [value, ys[i]]);
}

export function lineTask(points: readonly (readonly [number, number])[], device: string): Task {
  const x = tensor(
    points.map(([value]) => [value]),
    { device },
  );
  const y = tensor(
    points.map(([, value]) => [value]),
    { device },
  );
  return {
    batch: () => ({ x, y }),
    loss: (output, target) => mseLoss(output, target),
    score: {
      name: 'Mean error',
      measure: async (forward) => (await forward(x).sub(y).abs().mean().item()) as number,
      format: (value) => value.toFixed(3),
    },
    example: () => tensor([[0]]),
  };
}
