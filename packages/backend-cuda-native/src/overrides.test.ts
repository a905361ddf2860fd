/** Ops that are one kernel or a few here against the cpu backend. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { builtinOps, type DType, dispatch, IndexError, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';
import {
  both,
  dense,
  expectClose,
  generator,
  type Operand,
  type OpName,
  type Pair,
  pairOf,
  type Random,
  runBoth,
} from './pairs.test-support.ts';

function shapeOf(random: Random, ranks: readonly number[]): number[] {
  const rank = random.pick(ranks);
  const most = rank === 1 ? 5000 : rank === 2 ? 60 : rank === 3 ? 15 : 8;
  return Array.from({ length: rank }, () => (random() < 0.01 ? 0 : 1 + random.below(most)));
}

const floats = ['float32', 'float64', 'float16', 'bfloat16'] as const;

/** Rows of every kind of kernel: short and long, by packs and with gaps, one beside the other. */
const rowShapes: readonly (readonly [shape: readonly number[], dim: number])[] = [
  [[5, 8], 1],
  [[70, 64], 1],
  [[3, 1000], 1],
  [[3, 1023], 1],
  [[2, 8192], 1],
  [[1, 33_000], 1],
  [[2, 9001], 1],
  [[3000, 3], 0],
  [[40, 70, 33], 0],
  [[3, 50, 40], 1],
  [[2, 1100, 5], 1],
];

describe.skipIf(noCuda !== null)('softmax', () => {
  it.each(['softmax', 'logSoftmax'] as const)('%s and its gradient in 120 random cases', async (name) => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const shape = seed % 30 === 0 ? [] : shapeOf(random, [1, 2, 3, 4]);
      const dim = shape.length === 0 ? 0 : random.below(shape.length);
      const what = `seed ${seed}: ${name} of ${dtype} [${shape}] over ${dim}`;
      const x = both(random, shape, dtype, random() < 0.3 ? 0.03 : 0);
      await expectClose(runBoth(name, [x], { dim }), what);
      const g = both(random, shape, dtype);
      const [y] = runBoth(name, [both(random, shape, dtype)], { dim });
      await expectClose(runBoth(`${name}Backward`, [g, [y[1].to('cuda'), y[1]]], { dim }), `${what}, gradient`, 4);
    }
  });

  it.each(rowShapes)('of [%s] over %i', async (shape, dim) => {
    const random = generator(7);
    for (const dtype of floats) {
      const x = dense(random, shape, dtype);
      const g = dense(random, shape, dtype);
      for (const name of ['softmax', 'logSoftmax'] as const) {
        const [y] = runBoth(name, [x], { dim });
        await expectClose([y], `${name} of ${dtype}`);
        await expectClose(
          runBoth(`${name}Backward`, [g, [y[1].to('cuda'), y[1]]], { dim }),
          `${name} of ${dtype}, gradient`,
          8,
        );
      }
    }
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
  });

  it.each([3, 64, 20_000, 40_000])(
    'gives NaN for a row of %i with NaN, +Infinity or nothing but -Infinity, as PyTorch does',
    (n) => {
      const { NaN: nan, POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;
      const rowOf = (first: number, rest: number): number[] => [first, ...new Array<number>(n - 1).fill(rest)];
      const x = tensor([rowOf(nan, 1), rowOf(most, 1), rowOf(least, least), rowOf(0, least)], { device: 'cuda' });
      const all = new Array<number>(n).fill(nan);
      expect(x.softmax(1).toArraySync()).toEqual([all, all, all, rowOf(1, 0)]);
      expect(x.logSoftmax(1).toArraySync()).toEqual([all, all, all, rowOf(0, least)]);
    },
  );
});

describe.skipIf(noCuda !== null)('normalisations', () => {
  /** A weight, a bias, or none; of half precision now and then in float32. */
  const affine = (random: Random, shape: readonly number[], dtype: DType): Pair | null => {
    if (random() < 0.3) return null;
    return both(random, shape, dtype !== 'float64' && random() < 0.3 ? 'float32' : dtype);
  };
  const wantedOf = (random: Random, n: number): boolean[] => Array.from({ length: n }, () => random() < 0.7);
  /** Both devices go on with the cpu's numbers. */
  const shared = (pairs: readonly Pair[]): Pair[] => pairs.map(([, there]) => [there.to('cuda'), there]);

  async function compare(name: OpName, operands: readonly Operand[], attrs: object, what: string): Promise<Pair[]> {
    const results = runBoth(name, operands, attrs);
    await expectClose(results, what, 8);
    return shared(results);
  }

  it.each(['layerNorm', 'rmsNorm'] as const)('%s and its gradient in 80 random cases', async (name) => {
    for (let seed = 1; seed <= 80; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const shape = shapeOf(random, [1, 2, 3, 4]);
      const dims = 1 + random.below(shape.length);
      const what = `seed ${seed}: ${name} of ${dtype} [${shape}] over ${dims} dims`;
      const x = both(random, shape, dtype, random() < 0.2 ? 0.01 : 0);
      const trailing = shape.slice(shape.length - dims);
      const beside = [
        affine(random, trailing, dtype),
        ...(name === 'layerNorm' ? [affine(random, trailing, dtype)] : []),
      ];
      const [, ...stats] = await compare(name, [x, ...beside], { dims, eps: 0.1 }, what);
      const wanted = wantedOf(random, name === 'layerNorm' ? 3 : 2);
      const g = both(random, shape, dtype);
      await compare(`${name}Backward`, [g, x, ...stats, beside[0]], { dims, wanted }, `${what}, gradient`);
    }
  });

  it('groupNorm and its gradient in 80 random cases', async () => {
    for (let seed = 1; seed <= 80; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const groups = 1 + random.below(3);
      const shape = shapeOf(random, [2, 3, 4]);
      shape[1] = groups * (1 + random.below(4));
      const what = `seed ${seed}: groupNorm of ${dtype} [${shape}] in ${groups} groups`;
      const x = both(random, shape, dtype);
      const beside = [affine(random, [shape[1]], dtype), affine(random, [shape[1]], dtype)];
      const [, mean, rstd] = await compare('groupNorm', [x, ...beside], { groups, eps: 0.1 }, what);
      const inputs = [both(random, shape, dtype), x, mean, rstd, beside[0]];
      await compare('groupNormBackward', inputs, { groups, wanted: wantedOf(random, 3) }, `${what}, gradient`);
    }
  });

  it('batchNorm, in training and not, and its gradient in 80 random cases', async () => {
    for (let seed = 1; seed <= 80; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const shape = shapeOf(random, [2, 3, 4]);
      const what = `seed ${seed}: batchNorm of ${dtype} [${shape}]`;
      const x = both(random, shape, dtype, random() < 0.2 ? 0.01 : 0);
      const beside = [affine(random, [shape[1]], dtype), affine(random, [shape[1]], dtype)];
      const [, mean, rstd, variance] = await compare('batchNorm', [x, ...beside], { eps: 0.1 }, what);
      await compare('batchNormInference', [x, mean, variance, ...beside], { eps: 0.1 }, `${what}, inference`);
      const attrs = { training: random() < 0.7, wanted: wantedOf(random, 3) };
      await compare(
        'batchNormBackward',
        [both(random, shape, dtype), x, mean, rstd, beside[0]],
        attrs,
        `${what}, gradient`,
      );
    }
  });

  it.each([
    [[2, 50_000], 1],
    [[1, 20_001], 1],
    [[3000, 70], 1],
    [[9, 768], 1],
    [[5, 4096], 1],
    [[2, 3, 20, 30], 3],
  ] as const)('layerNorm of long rows and many columns: [%s] over %i', async (shape, dims) => {
    const random = generator(3);
    for (const dtype of floats) {
      const x = dense(random, shape, dtype);
      const [weight, bias] = [dense(random, shape.slice(-dims), dtype), dense(random, shape.slice(-dims), dtype)];
      const [, mean, rstd] = await compare('layerNorm', [x, weight, bias], { dims, eps: 1e-5 }, dtype);
      const wanted = [true, true, true];
      await compare(
        'layerNormBackward',
        [dense(random, shape, dtype), x, mean, rstd, weight],
        { dims, wanted },
        `${dtype}, gradient`,
      );
      const [, root] = await compare('rmsNorm', [x, weight], { dims, eps: 1e-5 }, `${dtype}, rmsNorm`);
      const inputs = [dense(random, shape, dtype), x, root, weight];
      await compare('rmsNormBackward', inputs, { dims, wanted: [true, true] }, `${dtype}, rmsNorm, gradient`);
    }
  });

  it.each([
    [[4, 6, 40, 60], false],
    [[4, 6, 40, 60], true],
    [[3, 4, 7, 9], false],
    [[6, 40, 30, 5], true],
  ])('of images [%s], channels last: %s', async (shape, channelsLast) => {
    const random = generator(9);
    for (const dtype of floats) {
      const image = (): Pair => {
        const [n, c, h, w] = shape;
        const [here, there] = dense(random, channelsLast ? [n, h, w, c] : shape, dtype);
        return channelsLast ? [here.permute([0, 3, 1, 2]), there.permute([0, 3, 1, 2])] : [here, there];
      };
      const [x, grad] = [image(), image()];
      const [weight, bias] = [dense(random, [shape[1]], dtype), dense(random, [shape[1]], dtype)];
      const wanted = [true, true, true];
      const [, mean, rstd, variance] = await compare(
        'batchNorm',
        [x, weight, bias],
        { eps: 0.1 },
        `${dtype}, batchNorm`,
      );
      await compare('batchNormInference', [x, mean, variance, weight, bias], { eps: 0.1 }, `${dtype}, inference`);
      for (const training of [true, false])
        await compare(
          'batchNormBackward',
          [grad, x, mean, rstd, weight],
          { training, wanted },
          `${dtype}, batchNorm, gradient`,
        );
      const [, means, rstds] = await compare(
        'groupNorm',
        [x, weight, bias],
        { groups: 2, eps: 0.1 },
        `${dtype}, groupNorm`,
      );
      await compare(
        'groupNormBackward',
        [grad, x, means, rstds, weight],
        { groups: 2, wanted },
        `${dtype}, groupNorm, gradient`,
      );
    }
  });

  it('keep the digits of a variance that is small beside the mean', () => {
    const random = generator(4);
    const values = Array.from({ length: 40_000 }, () => 1000 + random());
    const x = tensor(values, { device: 'cuda' }).reshape([1, 1, 40_000]);
    // of what float32 holds of the values
    const held = values.map(Math.fround);
    const mean = held.reduce((a, b) => a + b, 0) / held.length;
    const variance = held.reduce((a, b) => a + (b - mean) ** 2, 0) / held.length;
    const [, means, , variances] = dispatch(builtinOps.batchNorm, [x, null, null], { eps: 0 }) as readonly Tensor[];
    expect(Math.abs(means.itemSync() - mean)).toBeLessThan(1e-4);
    expect(Math.abs(variances.itemSync() / variance - 1)).toBeLessThan(1e-5);
  });
});

describe.skipIf(noCuda !== null)('the likelihood of classes', () => {
  const reductions = ['mean', 'sum', 'none'] as const;

  it('and its gradient in 120 random cases', async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const classes = 1 + random.below(12);
      const places = Array.from({ length: random.below(3) }, () => 1 + random.below(5));
      const samples = random() < 0.1 ? 0 : 1 + random.below(seed % 4 === 0 ? 3000 : 20);
      const target = random() < 0.1 ? [] : [samples, ...places];
      const shape = target.length === 0 ? [classes] : [samples, classes, ...places];
      const reduction = random.pick(reductions);
      const type = random.pick(['int64', 'uint8'] as const);
      const ignoreIndex = random.pick(type === 'int64' ? [-100, 0, 2] : [-100, 0, 255]);
      const n = target.reduce((a, b) => a * b, 1);
      const list = Array.from({ length: n }, () =>
        random() < 0.2 && (type === 'int64' || ignoreIndex > 0) ? ignoreIndex : random.below(classes),
      );
      if (ignoreIndex === 2 && classes < 3) continue;
      const at = pairOf((device) => tensor(list, { dtype: type, device }).reshape(target));
      const weight = random() < 0.5 ? null : both(random, [classes], dtype);
      const what = `seed ${seed}: ${dtype} [${shape}], ${reduction}, ignoring ${ignoreIndex}, ${weight ? 'weighted' : ''}`;
      // means over weights of both signs may be over almost nothing
      const apart = weight && ([weight[0].abs(), weight[1].abs()] as const);
      await expectClose(
        runBoth('nllLoss', [both(random, shape, dtype), at, apart], { reduction, ignoreIndex }),
        what,
        4,
      );
      const grad = both(random, reduction === 'none' ? target : [], dtype);
      const attrs = { reduction, ignoreIndex, classes };
      await expectClose(runBoth('nllLossBackward', [grad, at, apart], attrs), `${what}, gradient`, 4);
    }
  });

  it.each(reductions)('reports a target that is no class, reduced by %s', (reduction) => {
    const device = 'cuda';
    const x = tensor([0, 1, 2, 3], { device }).reshape([2, 2]);
    const wrong = tensor([1, 2], { dtype: 'int64', device });
    const attrs = { reduction, ignoreIndex: -100 };
    const error = new IndexError('index 2 is out of bounds for dimension 1 with size 2');
    expect(() => dispatch(builtinOps.nllLoss, [x, wrong, null], attrs).toArraySync()).toThrow(error);
    const grad = reduction === 'none' ? tensor([1, 1], { device }) : tensor(1, { device });
    const backward = { ...attrs, classes: 2 };
    expect(() => dispatch(builtinOps.nllLossBackward, [grad, wrong, null], backward).toArraySync()).toThrow(error);
    const right = tensor([1, -100], { dtype: 'int64', device });
    expect(dispatch(builtinOps.nllLoss, [x, right, null], { ...attrs, reduction: 'mean' }).itemSync()).toBe(-1);
  });
});

describe.skipIf(noCuda !== null)('pooling', () => {
  const sizesOf = (random: Random, n: number, least: number, more: number): number[] =>
    Array.from({ length: n }, () => least + random.below(more));

  it('of maxima and means, and their gradients, in 80 random cases', async () => {
    for (let seed = 1; seed <= 80; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const n = 1 + random.below(3);
      const size = sizesOf(random, n, 4, n === 3 ? 4 : 9);
      const kernel = sizesOf(random, n, 1, 3);
      const attrs = {
        kernel,
        stride: sizesOf(random, n, 1, 3),
        padding: kernel.map((k) => random.below(Math.floor(k / 2) + 1)),
        dilation: size.map(() => 1),
        ceilMode: random() < 0.4,
      };
      const shape = [random.below(4), 1 + random.below(4), ...size];
      const what = `seed ${seed}: ${dtype} [${shape}] ${JSON.stringify(attrs)}`;
      const x = both(random, shape, dtype, random() < 0.3 ? 0.05 : 0);
      const spread = { ...attrs, dilation: kernel.map((k) => (k === 2 ? 2 : 1)) };
      const [values, indices] = runBoth('maxPool', [x], spread);
      await expectClose([values, indices], `maxima, ${what}`);
      const g = both(random, values[0].shape, dtype);
      await expectClose(
        runBoth('maxPoolBackward', [g, indices], { size, windows: spread }),
        `maxima, gradient, ${what}`,
        4,
      );
      const means = { ...attrs, countIncludePad: random() < 0.5, divisorOverride: random() < 0.3 ? 3 : null };
      const [mean] = runBoth('avgPool', [both(random, shape, dtype)], means);
      await expectClose([mean], `means, ${what}`, 4);
      const toMean = both(random, mean[0].shape, dtype);
      await expectClose(runBoth('avgPoolBackward', [toMean], { ...means, size }), `means, gradient, ${what}`, 4);
    }
  });

  it('of maxima in windows of unlike sizes, and the gradient, in 40 random cases', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = generator(seed);
      const dtype = floats[seed % 4];
      const n = 1 + random.below(3);
      const size = sizesOf(random, n, 1, 9);
      const to = sizesOf(random, n, 1, 6);
      const x = both(random, [2, 3, ...size], dtype);
      const [values, indices] = runBoth('adaptiveMaxPool', [x], { size: to });
      await expectClose([values, indices], `seed ${seed}: ${dtype} [${size}] to [${to}]`);
      const g = both(random, values[0].shape, dtype);
      await expectClose(runBoth('maxPoolBackward', [g, indices], { size }), `seed ${seed}, gradient`, 4);
    }
  });
});

describe.skipIf(noCuda !== null)('kernels over rows', () => {
  it('give the same bits run after run, in memory that held other numbers', () => {
    const bitsOf = (x: Tensor): string => Buffer.from(x.toTypedArraySync().buffer).toString('hex');
    const once = (): string[] => {
      const random = generator(1);
      const [x] = dense(random, [7, 30_000]);
      const [g] = dense(random, [7, 30_000]);
      const norms = dispatch(builtinOps.layerNorm, [x, null, null], { dims: 1, eps: 1e-5 }) as readonly Tensor[];
      const attrs = { dims: 1, wanted: [true, true, true] } as const;
      const gradients = dispatch(
        builtinOps.layerNormBackward,
        [g, x, norms[1], norms[2], null],
        attrs,
      ) as readonly Tensor[];
      return [x.softmax(1), x.softmax(0), ...norms, ...gradients].map(bitsOf);
    };
    const first = once();
    const [other] = dense(generator(2), [40, 30_000]);
    expect(other.exp().sum().itemSync()).toBeGreaterThan(0);
    expect(once()).toEqual(first);
  });
});
