/** Ops that are one kernel or a few here against the cpu backend. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import {
  both,
  expectClose,
  generator,
  type Operand,
  type OpName,
  type Pair,
  type Random,
  runBoth,
} from './overrides.test-support.ts';

function shapeOf(random: Random, ranks: readonly number[]): number[] {
  const rank = random.pick(ranks);
  const most = rank === 1 ? 5000 : rank === 2 ? 60 : rank === 3 ? 15 : 8;
  return Array.from({ length: rank }, () => (random() < 0.01 ? 0 : 1 + random.below(most)));
}

describe('softmax', () => {
  it.each(['softmax', 'logSoftmax'] as const)('%s and its gradient in 60 random cases', async (name) => {
    for (let seed = 1; seed <= 60; seed++) {
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

describe('normalisations', () => {
  /** A weight, a bias, or none. */
  const affine = (random: Random, shape: readonly number[]): Pair | null =>
    random() < 0.3 ? null : both(random, shape);
  const wantedOf = (random: Random, n: number): boolean[] => Array.from({ length: n }, () => random() < 0.7);

  async function compare(name: OpName, operands: readonly Operand[], attrs: object, what: string): Promise<Pair[]> {
    const results = runBoth(name, operands, attrs);
    await expectClose(results, what, 8);
    return results;
  }

  it.each(['layerNorm', 'rmsNorm'] as const)('%s and its gradient in 40 random cases', async (name) => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random, [1, 2, 3, 4]);
      const dims = 1 + random.below(shape.length);
      const what = `seed ${seed}: ${name} of [${shape}] over ${dims} dims`;
      const x = both(random, shape);
      const trailing = shape.slice(shape.length - dims);
      const beside = [affine(random, trailing), ...(name === 'layerNorm' ? [affine(random, trailing)] : [])];
      const [, ...stats] = await compare(name, [x, ...beside], { dims, eps: 0.1 }, what);
      const wanted = wantedOf(random, name === 'layerNorm' ? 3 : 2);
      const g = both(random, shape);
      await compare(`${name}Backward`, [g, x, ...stats, beside[0]], { dims, wanted }, `${what}, gradient`);
    }
  });

  it('groupNorm and its gradient in 40 random cases', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = generator(seed);
      const groups = 1 + random.below(3);
      const shape = shapeOf(random, [2, 3, 4]);
      shape[1] = groups * (1 + random.below(4));
      const what = `seed ${seed}: groupNorm of [${shape}] in ${groups} groups`;
      const x = both(random, shape);
      const beside = [affine(random, [shape[1]]), affine(random, [shape[1]])];
      const [, mean, rstd] = await compare('groupNorm', [x, ...beside], { groups, eps: 0.1 }, what);
      const inputs = [both(random, shape), x, mean, rstd, beside[0]];
      await compare('groupNormBackward', inputs, { groups, wanted: wantedOf(random, 3) }, `${what}, gradient`);
    }
  });

  it('batchNorm, in training and not, and its gradient in 40 random cases', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random, [2, 3, 4]);
      const what = `seed ${seed}: batchNorm of [${shape}]`;
      const x = both(random, shape);
      const beside = [affine(random, [shape[1]]), affine(random, [shape[1]])];
      const [, mean, rstd, variance] = await compare('batchNorm', [x, ...beside], { eps: 0.1 }, what);
      await compare('batchNormInference', [x, mean, variance, ...beside], { eps: 0.1 }, `${what}, inference`);
      const attrs = { training: random() < 0.7, wanted: wantedOf(random, 3) };
      await compare('batchNormBackward', [both(random, shape), x, mean, rstd, beside[0]], attrs, `${what}, gradient`);
    }
  });

  it('of long rows and many columns', async () => {
    const random = generator(3);
    for (const [shape, dims] of [
      [[2, 50_000], 1],
      [[3000, 70], 1],
      [[2, 3, 20, 30], 3],
    ] as const) {
      const x = both(random, shape);
      const [weight, bias] = [both(random, shape.slice(-dims)), both(random, shape.slice(-dims))];
      const [, mean, rstd] = await compare('layerNorm', [x, weight, bias], { dims, eps: 1e-5 }, `[${shape}]`);
      const inputs = [both(random, shape), x, mean, rstd, weight];
      await compare('layerNormBackward', inputs, { dims, wanted: [true, true, true] }, `[${shape}], gradient`);
    }
  });
});
