/** Points of two classes in the plane: two half moons, or what a person draws. */
import { crossEntropy, rand, randint, randn, type Tensor, tensor } from '@tenfold/tensor-core';
import { percent, type Task } from './task.ts';

/** A point of class 0 or 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly label: number;
}

/** The square that is shown and learned. */
export const extent = { x: [-1.6, 2.6], y: [-1.3, 1.8] } as const;

/** Two interleaved half circles with some noise, as scikit-learn's `make_moons` draws them. */
export function twoMoons(count = 240, noise = 0.12): Point[] {
  const angles = rand([count]).mul(Math.PI);
  const jitter = randn([count, 2]).mul(noise).toArraySync() as number[][];
  return (angles.toArraySync() as number[]).map((angle, i) => {
    const label = i % 2;
    const [x, y] = label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    return { x: x + jitter[i][0], y: y + jitter[i][1], label };
  });
}

/** Learning which class a point has. All points are one batch up to 512, else a random part of them. */
export function pointsTask(points: readonly Point[], device: string): Task {
  const x = tensor(points.length ? points.map((p) => [p.x, p.y]) : [[0, 0]], { device });
  const y = tensor(points.length ? points.map(({ label }) => label) : [0], { dtype: 'int64', device });
  const count = x.shape[0];
  return {
    batch() {
      if (count <= 512) return { x, y };
      const ids = randint(0, count, [512], { device });
      return { x: x.indexSelect(0, ids), y: y.indexSelect(0, ids) };
    },
    loss: (output, target) => crossEntropy(output, target),
    score: {
      name: 'Accuracy',
      measure: async (forward) => (await forward(x).argmax(1).eq(y).float().mean().item()) as number,
      format: percent,
    },
    example: () => tensor([[0, 0]]),
  };
}

/** Probabilities of class 1 on a grid of `columns × rows` points over {@link extent}, row by row from the top. */
export async function surface(
  forward: (x: Tensor) => Tensor,
  device: string,
  columns: number,
  rows: number,
): Promise<Float32Array> {
  const grid = new Float32Array(columns * rows * 2);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 2 * (row * columns + column);
      grid[at] = extent.x[0] + ((column + 0.5) / columns) * (extent.x[1] - extent.x[0]);
      grid[at + 1] = extent.y[1] - ((row + 0.5) / rows) * (extent.y[1] - extent.y[0]);
    }
  }
  const x = tensor(grid, { device }).view([columns * rows, 2]);
  return (await forward(x).softmax(1).select(1, 1).toTypedArray()) as Float32Array;
}
