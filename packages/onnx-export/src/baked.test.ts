/** Sizes of dynamic axes that a program takes as JavaScript numbers: right at other sizes, or refused by the axis's name and the op. */
import '@tenfold/backend-cpu/register';
import { Linear, Module, MultiheadAttention, Sequential } from '@tenfold/nn';
import {
  arange,
  cat,
  eye,
  full,
  linspace,
  manualSeed,
  ones,
  randn,
  type Tensor,
  tensor,
  where,
  zeros,
} from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { toOnnx } from './index.ts';
import { type Comparison, compareAll } from './testing.ts';

manualSeed(0);
const f = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });
const float64 = { dtype: 'float64' } as const;
const axes = { dynamicAxes: { x: { 0: 'batch', 1: 'time' } } };
const sizes: readonly (readonly [number, number])[] = [
  [2, 3],
  [1, 1],
  [3, 17],
  [5, 2],
];
const position = f(64, 4);
// one head of 4: onnxruntime fuses the factor into float32, which holds 1 / 2
const attention = new MultiheadAttention(4, 1, float64).eval();

/** `x` is `[batch, time, 4]`. */
const right: { readonly [name: string]: (x: Tensor) => unknown } = {
  'view with sizes': (x) => x.view([x.shape[0], x.shape[1] * 2, 2]),
  'view of the product': (x) => x.view([x.shape[0] * x.shape[1], 4]),
  'reshape to heads': (x) =>
    x
      .view([x.shape[0], x.shape[1], 2, 2])
      .transpose(1, 2)
      .reshape([x.shape[0] * 2, -1]),
  'reshape by numel': (x) => x.reshape([x.numel()]),
  arange: (x) => x.add(arange(x.shape[1]).to('float64').unsqueeze(1)),
  'arange backwards': (x) =>
    x.add(
      arange(x.shape[1] - 1, -1, -1)
        .to('float64')
        .unsqueeze(1),
    ),
  'positions from a table': (x) => x.add(position.slice(0, 0, x.shape[1])),
  'rows of a table by arange': (x) => x.add(position.indexSelect(0, arange(x.shape[1]))),
  'a new tensor of the size': (x) => cat([zeros([x.shape[0], 1, 4], float64), x], 1),
  'a full tensor with the size in it': (x) => x.add(full([x.shape[1], 1], x.shape[0], float64)),
  'newOnes of the size': (x) => x.add(x.newOnes([x.shape[0], 1, 1])),
  'a causal mask': (x) => {
    const mask = ones([x.shape[1], x.shape[1]], { dtype: 'bool' }).triu(1);
    return x.matmul(x.transpose(1, 2)).maskedFill(mask, Number.NEGATIVE_INFINITY).softmax(-1).matmul(x);
  },
  'a mask by comparison': (x) => {
    const at = arange(x.shape[1]);
    return where(at.unsqueeze(0).le(at.unsqueeze(1)).unsqueeze(-1), x.unsqueeze(1), 0).sum(2);
  },
  'dividing by the size': (x) => x.sum(1).div(x.shape[1]),
  'mean by hand over both': (x) => x.sum([0, 1]).mul(1 / (x.shape[0] * x.shape[1])),
  'unbiased by hand': (x) => x.mul(x.shape[1] / (x.shape[1] + 1)),
  'all but the last': (x) => x.slice(1, 0, x.shape[1] - 1),
  'the last': (x) => x.select(1, x.shape[1] - 1),
  'the last by a negative index': (x) => x.select(1, -1),
  'slices that end far out': (x) => x.slice(1, 1, 1000),
  'expand to the size': (x) => position.select(0, 0).expand([x.shape[0], x.shape[1], 4]).add(x),
  'repeat by the size': (x) => position.select(0, 0).unsqueeze(0).repeat([x.shape[1], 1]).add(x),
  'cat of twice': (x) => cat([x, x], 1).view([x.shape[0], 2 * x.shape[1], 4]),
  'split in fixed halves of features': (x) => x.split(2, 2)[1],
  'flatten and back': (x) => x.flatten(0, 1).mul(2).unflatten(0, [x.shape[0], x.shape[1]]),
  'top of all': (x) => x.sort(1).values.select(1, 0),
  'cumulative sums': (x) =>
    x.cumsum(1).div(
      arange(1, x.shape[1] + 1)
        .to('float64')
        .unsqueeze(1),
    ),
  attention: (x) => attention.forward(x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1))[0],
  'a number of each': (x) => x.mul(x.shape[0]).add(x.shape[1]),
};

test('are followed', async () => {
  const comparisons = Object.entries(right).map(
    ([name, fn]): Comparison => ({
      name,
      fn: fn as Comparison['fn'],
      example: [f(2, 3, 4)],
      runs: sizes.map(([batch, time]) => [f(batch, time, 4)]),
      options: axes,
    }),
  );
  const results = await compareAll(comparisons);
  const wrong = results.flatMap((result, i) =>
    'difference' in result && result.difference <= 1e-12
      ? []
      : [`${comparisons[i].name}: ${'error' in result ? result.error : result.difference}`],
  );
  expect(wrong).toEqual([]);
});

class CachedMask extends Module {
  mask: Tensor | null = null;

  forward(x: Tensor): Tensor {
    const n = x.shape[1];
    this.mask ??= ones([n, n], float64).tril();
    return this.mask.matmul(x);
  }
}

class ResizedMask extends Module {
  mask: Tensor | null = null;

  forward(x: Tensor): Tensor {
    const n = x.shape[1];
    if (this.mask?.shape[0] !== n) this.mask = ones([n, n], float64).tril();
    return this.mask.matmul(x);
  }
}

class CachedScale extends Module {
  scale: Tensor | null = null;

  forward(x: Tensor): Tensor {
    this.scale ??= tensor(0.5, float64);
    return x.mul(this.scale);
  }
}

const half = new Sequential(new Linear(4, 4, float64));
const made = zeros([2, 3, 4], float64);
const table = f(3, 4);
const other = f(4, 4);

test.each<[string, (x: Tensor) => unknown, RegExp]>([
  ['half of the size', (x) => x.slice(1, 0, Math.floor(x.shape[1] / 2)), /op 'slice'.*axis 'time'/],
  ['half of the size in a module', (x) => half.forward(x).slice(1, 0, x.shape[1] >> 1), /op 'slice'.*axis 'time'/],
  ['a root of the size', (x) => x.div(Math.sqrt(x.shape[1])), /op 'div'.*axis 'time'/],
  ['a logarithm of the size', (x) => x.mul(Math.log(x.shape[0])), /op 'mul'.*axis 'batch'/],
  ['both sizes in one number', (x) => x.mul(x.shape[0] ** x.shape[1]), /op 'mul'.*axes 'batch' and 'time'/],
  ['parity of the size', (x) => x.add(x.shape[0] % 2), /op 'add'.*axis 'batch'/],
  ['a size as data', (x) => x.mul(tensor(x.shape[1], float64)), /time = 4.*'data' of op 'fromData'/],
  [
    'sizes as data',
    (x) => x.sum([0, 1]).add(tensor([x.shape[0], 1, 1, 1], float64)),
    /'fromData'.*batch = 3|batch = 3.*'fromData'/,
  ],
  [
    'data of that size',
    (x) =>
      x.mul(
        tensor(
          Array.from({ length: x.shape[0] }, (_, i) => i),
          float64,
        ).view([-1, 1, 1]),
      ),
    /batch = 3.*'fromData'|'fromData'.*batch/,
  ],
  ['eye of the size', (x) => eye(x.shape[1], float64).matmul(x), /op 'eye'.*axis 'time'/],
  [
    'linspace of the size',
    (x) => x.mul(linspace(0, 1, x.shape[1], float64).unsqueeze(1)),
    /op 'linspace'.*axis 'time'/,
  ],
  [
    'a loop over the length',
    (x) => {
      let y = x.select(1, 0);
      for (let t = 1; t < x.shape[1]; t++) y = y.mul(0.5).add(x.select(1, t));
      return y;
    },
    /computes something else at time = 4.*op '/,
  ],
  ['a list of steps', (x) => x.unbind(1).map((step) => step.neg()), /computes something else at time = 4/],
  [
    'a branch on the size',
    (x) => (x.shape[1] > 20 ? x.neg() : x.exp()),
    /computes something else at time = 37.*op 'neg'.*op|op 'neg' runs instead of 'exp'/,
  ],
  [
    'a branch that reads another parameter',
    (x) => x.matmul((x.shape[0] > 20 ? position : other).slice(0, 0, 4)),
    /batch = 36/,
  ],
  ['a constant of the example’s size', (x) => x.add(made), /not at batch = 3.*add/],
  ['a view with the example’s size', (x) => x.view([2, 3, 2, 2]), /not at batch = 3.*view|shape '\[2, 3, 2, 2\]'/],
  ['a table that is too short', (x) => x.add(table.slice(0, 0, x.shape[1])), /not at time = 4.*add/],
  ['a mask cached from the first call', (x) => cached.forward(x), /not at time = 4|computes something else at/],
  [
    'other outputs',
    (x) => (x.shape[0] > 2 ? [x, x.neg()] : [x]),
    /batch = 3, time = 3: 2 outputs \(at 0, 1\) are returned instead of 1 \(at 0\)/,
  ],
  [
    'outputs under other keys',
    (x) => (x.shape[0] > 2 ? { a: x.neg() } : { b: x.neg() }),
    /batch = 3, time = 3: 1 outputs \(at a\).* instead of 1 \(at b\)/,
  ],
  ['squeeze of what may be 1', (x) => x.sum(2, { keepdim: true }).squeeze(), /'squeeze'.*would drop dim 0/],
  ['a size that is read', (x) => x.mul(x.sum().itemSync()), /read while the model is traced at .*baked\.test\.ts:\d+/],
])('are refused: %s', async (_, fn, message) => {
  await expect(toOnnx(fn as (x: Tensor) => Tensor, f(2, 3, 4), axes)).rejects.toThrow(message);
});

const cached = new CachedMask();
const warm = new ResizedMask();
warm.forward(f(2, 3, 4));
const filled = new CachedScale();
filled.forward(f(1, 1, 4));

test('caches that follow the size, and constants made at the first call, are fine', async () => {
  const models = [new ResizedMask(), warm, new CachedScale(), filled];
  const runs = sizes.map(([batch, time]) => [f(batch, time, 4)]);
  const results = await compareAll(
    models.map((model) => ({
      name: model.constructor.name,
      fn: (x: Tensor) => model.forward(x),
      example: [f(2, 3, 4)],
      runs,
      options: axes,
    })),
  );
  for (const result of results) expect(result).toEqual({ difference: expect.closeTo(0, 12) });
});

test('messages name the axis, the sizes and the modules around the op', async () => {
  class Halves extends Module {
    readonly layer = new (class Inner extends Module {
      forward(x: Tensor): Tensor {
        return x.slice(1, 0, Math.floor(x.shape[1] / 2));
      }
    })();

    forward(x: Tensor): Tensor {
      return this.layer.forward(x);
    }
  }
  await expect(toOnnx(new Halves(), f(2, 3, 4), axes)).rejects.toThrow(/^op 'slice' in layer.*dynamic axis 'time'/);
});
