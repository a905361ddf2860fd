/** Ops that are one kernel or a few here against the cpu backend. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { both, expectClose, generator, type Random, runBoth } from './overrides.test-support.ts';

function shapeOf(random: Random, ranks: readonly number[]): number[] {
  const rank = random.pick(ranks);
  const most = rank === 1 ? 5000 : rank === 2 ? 60 : rank === 3 ? 15 : 8;
  return Array.from({ length: rank }, () => (random() < 0.01 ? 0 : 1 + random.below(most)));
}

describe('softmax', () => {
  it.each(['softmax', 'logSoftmax'] as const)('%s and its gradient in 120 random cases', async (name) => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = generator(seed);
      const shape = seed % 30 === 0 ? [] : shapeOf(random, [1, 2, 3, 4]);
      const dim = shape.length === 0 ? 0 : random.below(shape.length);
      const what = `seed ${seed}: ${name} of [${shape}] over ${dim}`;
      const x = both(random, shape, 'float32', random() < 0.3 ? 0.03 : 0);
      await expectClose(runBoth(name, [x], { dim }), what);
      const g = both(random, shape);
      const [y] = runBoth(name, [both(random, shape)], { dim });
      await expectClose(runBoth(`${name}Backward`, [g, y], { dim }), `${what}, gradient`, 4);
    }
  });

  it.each([
    [[1, 70_000], 1],
    [[3, 5000], 1],
    [[5000, 3], 0],
    [[300, 7, 33], 0],
    [[70_000, 5], 1],
    [[40_000, 20], 1],
    [[40, 40_000], 0],
  ])('of [%s] over %i', async (shape, dim) => {
    const random = generator(7);
    const x = both(random, shape);
    await expectClose(runBoth('softmax', [x], { dim }), 'softmax');
    await expectClose(runBoth('logSoftmax', [x], { dim }), 'logSoftmax');
  });

  it('gives NaN for a row with NaN, +Infinity or nothing but -Infinity, as PyTorch does', async () => {
    const rows = [
      [1, Number.NaN, 2],
      [1, Number.POSITIVE_INFINITY, 2],
      [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
      [0, Number.NEGATIVE_INFINITY, 0],
    ];
    const nan = [Number.NaN, Number.NaN, Number.NaN];
    expect(await tensor(rows, { device: 'webgpu' }).softmax(1).toArray()).toEqual([nan, nan, nan, [0.5, 0, 0.5]]);
  });
});
