/** Ops that are one kernel or a few here against the cpu backend. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { builtinOps, dispatch, IndexError, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import {
  both,
  expectClose,
  generator,
  type Operand,
  type OpName,
  type Pair,
  pairOf,
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

  it.each([
    [0, 64, 64],
    [4, 64, 72],
    [8, 1000, 1012],
    [1, 64, 72],
    [2, 1024, 1027],
    [0, 1022, 1024],
  ])('of rows from element %i on, %i of %i', async (from, length, width) => {
    const random = generator(8);
    const values = Array.from({ length: 5 * width }, () =>
      random() < 0.1 ? Number.NEGATIVE_INFINITY : (random() - 0.5) * 200,
    );
    const part = pairOf((device) => tensor(values, { device }).reshape([5, width]).narrow(1, from, length));
    await expectClose(runBoth('softmax', [part], { dim: 1 }), 'softmax');
    await expectClose(runBoth('logSoftmax', [part], { dim: 1 }), 'logSoftmax', 4);
    const y = both(random, [5, length]);
    const g = pairOf((device) =>
      tensor(
        values.map((x) => Math.max(x, -9) / 9),
        { device },
      )
        .reshape([5, width])
        .narrow(1, from, length),
    );
    await expectClose(runBoth('softmaxBackward', [g, y], { dim: 1 }), 'softmax, gradient', 8);
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

  it.each([
    [0, 16, 16],
    [4, 16, 24],
    [2, 16, 24],
    [0, 18, 20],
  ])('of images from column %i on, %i of %i', async (from, columns, width) => {
    const random = generator(9);
    const image = (): Pair => {
      const values = Array.from({ length: 3 * 6 * 5 * width }, () => (random() - 0.3) * 6);
      return pairOf((device) => tensor(values, { device }).reshape([3, 6, 5, width]).narrow(3, from, columns));
    };
    const [x, grad, weight, bias] = [image(), image(), both(random, [6]), both(random, [6])];
    const wanted = [true, true, true];
    const [, mean, rstd] = await compare('batchNorm', [x, weight, bias], { eps: 0.1 }, 'batchNorm');
    const inputs = [grad, x, mean, rstd, weight];
    await compare('batchNormBackward', inputs, { training: true, wanted }, 'batchNorm, gradient');
    const [, means, rstds] = await compare('groupNorm', [x, weight, bias], { groups: 2, eps: 0.1 }, 'groupNorm');
    await compare('groupNormBackward', [grad, x, means, rstds, weight], { groups: 2, wanted }, 'groupNorm, gradient');
    const square = both(random, [5, columns]);
    const [, ofEach, roots] = await compare('layerNorm', [x, square, null], { dims: 2, eps: 0.1 }, 'layerNorm');
    await compare(
      'layerNormBackward',
      [grad, x, ofEach, roots, square],
      { dims: 2, wanted: [true, true, false] },
      'layerNorm, gradient',
    );
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

describe('the likelihood of classes', () => {
  const reductions = ['mean', 'sum', 'none'] as const;

  it('and its gradient in 60 random cases', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = generator(seed);
      const classes = 1 + random.below(12);
      const places = Array.from({ length: random.below(3) }, () => 1 + random.below(5));
      const samples = random() < 0.1 ? 0 : 1 + random.below(seed % 4 === 0 ? 700 : 20);
      const target = random() < 0.1 ? [] : [samples, ...places];
      const shape = target.length === 0 ? [classes] : [samples, classes, ...places];
      const reduction = random.pick(reductions);
      const ignoreIndex = random.pick([-100, 0, 2]);
      const n = target.reduce((a, b) => a * b, 1);
      const list = Array.from({ length: n }, () => (random() < 0.2 && ignoreIndex < 0 ? -100 : random.below(classes)));
      const at = pairOf((device) => tensor(list, { dtype: 'int64', device }).reshape(target));
      const weight = random() < 0.5 ? null : both(random, [classes]);
      const what = `seed ${seed}: [${shape}], ${reduction}, ignoring ${ignoreIndex}, ${weight ? 'weighted' : ''}`;
      const operands = [both(random, shape), at, weight];
      await expectClose(runBoth('nllLoss', operands, { reduction, ignoreIndex }), what, 4);
      const grad = both(random, reduction === 'none' ? target : []);
      const attrs = { reduction, ignoreIndex, classes };
      await expectClose(runBoth('nllLossBackward', [grad, at, weight], attrs), `${what}, gradient`, 4);
    }
  });

  it.each(reductions)('reports a target that is no class, reduced by %s', async (reduction) => {
    const x = tensor(
      [
        [0, 1],
        [2, 3],
      ],
      { device: 'webgpu' },
    );
    const wrong = tensor([1, 2], { dtype: 'int64', device: 'webgpu' });
    const attrs = { reduction, ignoreIndex: -100 };
    await expect(dispatch(builtinOps.nllLoss, [x, wrong, null], attrs).toArray()).rejects.toThrow(
      new IndexError('index 2 is out of bounds for dimension 1 with size 2'),
    );
    const right = tensor([1, -100], { dtype: 'int64', device: 'webgpu' });
    expect(await dispatch(builtinOps.nllLoss, [x, right, null], { ...attrs, reduction: 'mean' }).item()).toBe(-1);
  });
});

describe('pooling', () => {
  const sizesOf = (random: Random, n: number, least: number, more: number): number[] =>
    Array.from({ length: n }, () => least + random.below(more));

  it('of maxima and means, and their gradients, in 60 random cases', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = generator(seed);
      const n = 1 + random.below(3);
      const size = sizesOf(random, n, 4, n === 3 ? 4 : 9);
      const kernel = sizesOf(random, n, 1, 3);
      const dilation = size.map(() => 1);
      const attrs = {
        kernel,
        stride: sizesOf(random, n, 1, 3),
        padding: kernel.map((k) => random.below(Math.floor(k / 2) + 1)),
        dilation,
        ceilMode: random() < 0.4,
      };
      const shape = [random.below(4), 1 + random.below(4), ...size];
      const what = `seed ${seed}: [${shape}] ${JSON.stringify(attrs)}`;
      const x = both(random, shape, 'float32', random() < 0.3 ? 0.05 : 0);
      const spread = { ...attrs, dilation: kernel.map((k) => (k === 2 ? 2 : 1)) };
      const [values, indices] = runBoth('maxPool', [x], spread);
      await expectClose([values, indices], `maxima, ${what}`);
      const g = both(random, values[0].shape);
      await expectClose(
        runBoth('maxPoolBackward', [g, indices], { size, windows: spread }),
        `maxima, gradient, ${what}`,
      );
      const means = { ...attrs, countIncludePad: random() < 0.5, divisorOverride: random() < 0.3 ? 3 : null };
      const [mean] = runBoth('avgPool', [both(random, shape)], means);
      await expectClose([mean], `means, ${what}`, 4);
      const toMean = both(random, mean[0].shape);
      await expectClose(runBoth('avgPoolBackward', [toMean], { ...means, size }), `means, gradient, ${what}`, 4);
    }
  });

  it('of maxima in windows of unlike sizes, and the gradient, in 30 random cases', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = generator(seed);
      const n = 1 + random.below(3);
      const size = sizesOf(random, n, 1, 9);
      const to = sizesOf(random, n, 1, 6);
      const x = both(random, [2, 3, ...size]);
      const [values, indices] = runBoth('adaptiveMaxPool', [x], { size: to });
      await expectClose([values, indices], `seed ${seed}: [${size}] to [${to}]`);
      const g = both(random, values[0].shape);
      await expectClose(runBoth('maxPoolBackward', [g, indices], { size }), `seed ${seed}, gradient`, 4);
    }
  });
});
