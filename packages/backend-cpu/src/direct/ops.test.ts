/** Losses over classes, embeddings and pooling as typed loops, against what they are derived from on the plain engine. */
import {
  builtinOps,
  type DType,
  dispatch,
  IndexError,
  registerBackend,
  type Tensor,
  tensor,
} from '@tenfold/tensor-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cpu } from '../runtime.ts';
import { generator, type Random } from '../test-views.ts';

beforeAll(() => {
  registerBackend(cpu({ engine: 'wasm' }));
  const device = cpu({ engine: 'plain' });
  registerBackend({ ...device, deviceType: 'plain', open: (index) => ({ ...device.open(index), overrides: {} }) });
});

type Operand = Tensor | null;
type Name = keyof typeof builtinOps;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Values in float32 or float64 as a view of a larger tensor, now and then with its dims in another order. */
function values(random: Random, shape: readonly number[], dtype: DType, special = 0): Tensor {
  const list = Array.from({ length: sizeOf(shape) + 1 }, () =>
    random() < special
      ? random.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0])
      : // some are equal
        Math.round((random() - 0.5) * 40) / 8,
  );
  const x = tensor(list, { dtype, device: 'cpu' }).narrow(0, random.below(2), sizeOf(shape));
  if (shape.length < 2 || random() < 0.8) return x.reshape(shape);
  const [first, second, ...rest] = shape;
  return x.reshape([second, first, ...rest]).transpose(0, 1);
}

const classes = (random: Random, shape: readonly number[], count: number, ignored: number, share: number): Tensor => {
  const dtype = random() < 0.2 && ignored >= 0 ? 'uint8' : 'int64';
  const list = Array.from({ length: sizeOf(shape) }, () => (random() < share ? ignored : random.below(count)));
  return tensor(list, { dtype, device: 'cpu' }).reshape(shape);
};

function run(name: Name, operands: readonly Operand[], attrs: object, device: 'cpu' | 'plain'): readonly Tensor[] {
  // the same view on both devices
  const there = operands.map((x) => x && (device === 'cpu' ? x : x.to('plain')));
  const result = dispatch(builtinOps[name] as never, there as never, attrs as never) as Tensor | readonly Tensor[];
  return Array.isArray(result) ? result : [result as Tensor];
}

const tolerance = { float32: 2e-6, float64: 1e-14 } as { readonly [D in DType]?: number };

/** Runs an op on both devices; `exact` where the order of operations is one. */
function compare(
  name: Name,
  operands: readonly Operand[],
  attrs: object,
  what: string,
  exact = false,
): readonly Tensor[] {
  const [actual, expected] = [run(name, operands, attrs, 'cpu'), run(name, operands, attrs, 'plain')];
  actual.forEach((x, k) => {
    expect([x.dtype, x.shape], what).toEqual([expected[k].dtype, expected[k].shape]);
    const [a, b] = [x, expected[k]].map((t) => Array.from(t.toTypedArraySync(), Number));
    const scale = b.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 1);
    const bound = exact ? 0 : (tolerance[x.dtype] ?? 0) * scale;
    const wrong = a.findIndex((y, i) => !(Object.is(y, b[i]) || y === b[i] || Math.abs(y - b[i]) <= bound));
    if (wrong >= 0) expect.fail(`${what}, result ${k}, element ${wrong}: ${a[wrong]}, derived ${b[wrong]} ± ${bound}`);
  });
  return actual;
}

const isTaken = (name: Name, operands: readonly Operand[], attrs: object): boolean =>
  cpu({ engine: 'wasm' })
    .open(0)
    .overrides[name]?.supports?.(operands as never, attrs) === true;

describe('losses over classes', () => {
  it('and their gradients equal the derived ops in 1,500 random cases', () => {
    let taken = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const random = generator(seed);
      const dtype = random.pick(['float32', 'float64'] as const);
      const count = 1 + random.below(6);
      const n = random() < 0.03 ? 0 : 1 + random.below(6);
      const shape = random.pick([
        [count],
        [n, count],
        [n, count, 1 + random.below(4)],
        [n, count, 2, 1 + random.below(3)],
      ]);
      const places = shape.filter((_, d) => d !== (shape.length === 1 ? 0 : 1));
      const reduction = random.pick(['mean', 'sum', 'none'] as const);
      const ignoreIndex = random.pick([-100, -1, 0, random.below(count), 200]);
      const target = classes(random, places, count, ignoreIndex, random.pick([0, 0.3, 1]));
      const weight = random() < 0.5 ? values(random, [count], dtype) : null;
      const x = values(random, shape, dtype, random.pick([0, 0, 0.1]));
      const attrs = { reduction, ignoreIndex };
      const what = `seed ${seed}: ${dtype} [${shape}] ${JSON.stringify(attrs)}${weight ? ' weighted' : ''}`;
      if (isTaken('nllLoss', [x, target, weight], attrs)) taken++;
      compare('nllLoss', [x, target, weight], attrs, what);
      compare('crossEntropy', [x, target, weight], { ...attrs, labelSmoothing: 0 }, `cross entropy, ${what}`);
      const grad = values(random, reduction === 'none' ? places : [], dtype);
      compare('nllLossBackward', [grad, target, weight], { ...attrs, classes: count }, `gradient, ${what}`);
    }
    expect(taken).toBeGreaterThan(1000);
  });

  it('refuse targets that are no class', () => {
    const x = tensor([[1, 2, 3]], { device: 'cpu' });
    for (const wrong of [3n, -1n, 2n ** 32n, -(2n ** 63n)]) {
      const target = tensor([wrong], { dtype: 'int64', device: 'cpu' });
      const attrs = { reduction: 'mean', ignoreIndex: -100 };
      expect(() => run('nllLoss', [x, target, null], attrs, 'cpu')).toThrow(IndexError);
      const grad = tensor(1, { device: 'cpu' });
      expect(() => run('nllLossBackward', [grad, target, null], { ...attrs, classes: 3 }, 'cpu')).toThrow(IndexError);
    }
  });
});

describe('embeddings', () => {
  it('and their gradients equal the derived ops in 300 random cases', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const dtype = random.pick(['float32', 'float64'] as const);
      const [rows, width] = [1 + random.below(9), random.pick([1, 3, 8, 33, 70])];
      const shape = Array.from({ length: random.below(3) }, () => 1 + random.below(5));
      const indices = classes(random, shape, rows, -1, 0);
      const what = `seed ${seed}: ${dtype} [${rows}, ${width}] at [${shape}]`;
      compare('embedding', [values(random, [rows, width], dtype), indices], {}, what, true);
      const paddingIdx = random.pick([null, random.below(rows)]);
      const grad = values(random, [...shape, width], dtype);
      compare('embeddingBackward', [grad, indices], { rows, paddingIdx }, `gradient, ${what}`, true);
    }
  });
});

describe('pooling', () => {
  interface Case {
    readonly x: Tensor;
    readonly dtype: DType;
    readonly size: readonly number[];
    readonly attrs: {
      readonly kernel: number[];
      readonly stride: number[];
      readonly padding: number[];
      readonly dilation: number[];
    };
    readonly ceilMode: boolean;
    readonly what: string;
  }

  function pooling(random: Random, seed: number, dilated: boolean, special: number): Case {
    const dims = 1 + random.below(3);
    const some = (most: number): number[] => Array.from({ length: dims }, () => 1 + random.below(most));
    const dtype = random.pick(['float32', 'float64'] as const);
    const kernel = some(4);
    const dilation = dilated ? some(3) : kernel.map(() => 1);
    const padding = kernel.map((k) => random.below(Math.floor(k / 2) + 1));
    // a window at least
    const size = kernel.map((k, d) => (k - 1) * dilation[d] + 1 + random.below(dims === 1 ? 30 : 6));
    const attrs = { kernel, stride: some(4), padding, dilation };
    const ceilMode = random() < 0.5;
    const shape = [1 + random.below(3), 1 + random.below(3), ...size];
    const what = `seed ${seed}: ${dtype} [${shape}] ${JSON.stringify(attrs)} ${ceilMode ? 'ceil' : 'floor'}`;
    return { x: values(random, shape, dtype, special), dtype, size, attrs, ceilMode, what };
  }

  it('means and their gradients equal the derived ops in 1,500 random cases', () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const random = generator(seed + 7000);
      const { x, size, dtype, attrs, ceilMode, what } = pooling(random, seed, false, random.pick([0, 0.02]));
      const all = {
        ...attrs,
        ceilMode,
        countIncludePad: random() < 0.5,
        divisorOverride: random.pick([null, null, 3, -2]),
      };
      const [mean] = compare('avgPool', [x], all, what);
      compare('avgPoolBackward', [values(random, mean.shape, dtype)], { ...all, size }, `gradient, ${what}`);
    }
  });
});
