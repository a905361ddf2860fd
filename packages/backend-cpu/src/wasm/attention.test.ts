/** Attention by blocks of heads and queries against the derived op on the plain engine. */
import { builtinOps, type DType, dispatch, registerBackend, type Tensor, tensor } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cpu } from '../runtime.ts';
import { generator, type Random } from '../test-views.ts';

beforeAll(() => {
  registerBackend(cpu({ engine: 'wasm' }));
  const device = cpu({ engine: 'plain' });
  registerBackend({ ...device, deviceType: 'plain', open: (index) => ({ ...device.open(index), overrides: {} }) });
});

type Operand = Tensor | null;
interface Attrs {
  readonly isCausal: boolean;
  readonly scale: number;
}
interface Case {
  readonly inputs: readonly [Tensor, Tensor, Tensor, Operand];
  readonly attrs: Attrs;
  readonly dtype: DType;
  readonly sums: readonly number[];
  readonly result: readonly number[];
  readonly what: string;
}

/** Values on the cpu; dims of the batch in another order now and then, as heads are after they were split off. */
function values(random: Random, shape: readonly number[], dtype: DType, special = 0): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const list = Array.from({ length: n }, () =>
    random() < special
      ? random.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      : (random() - 0.5) * 4,
  );
  const x = tensor(list, { dtype, device: 'cpu' });
  if (shape.length < 3 || random() < 0.5) return x.reshape(shape);
  const d = shape.length - 3;
  const stored = [...shape];
  [stored[d], stored[d + 1]] = [stored[d + 1], stored[d]];
  return x.reshape(stored).transpose(d, d + 1);
}

function maskOf(random: Random, scores: readonly number[], dtype: DType): Operand {
  const kind = random.pick(['none', 'bool', 'float'] as const);
  if (kind === 'none') return null;
  const from = random.below(scores.length - 1);
  const shape = scores.slice(from).map((n) => (random() < 0.3 ? 1 : n));
  if (kind === 'bool') return values(random, shape, 'float32').gt(-1);
  const mask = values(random, shape, dtype);
  return random() < 0.5 ? mask.maskedFill(mask.gt(1.5), Number.NEGATIVE_INFINITY) : mask;
}

function caseOf(seed: number, { isLarge = false, special = 0 }): Case {
  const random = generator(seed);
  const dtype = random.pick(['float32', 'float64'] as const);
  const batch = Array.from({ length: random.below(4) }, () => 1 + random.below(3));
  const some = (most: number): number => 1 + random.below(most);
  const [length, columns] = isLarge ? [70 + some(100), 3000 + some(1500)] : [some(20), some(20)];
  const [features, width] = [some(isLarge ? 4 : 20), some(isLarge ? 4 : 20)];
  const heads = isLarge ? batch.slice(0, 1) : batch;
  const scores = [...heads, length, columns];
  const mask = maskOf(random, scores, dtype);
  const attrs = { isCausal: mask?.dtype !== dtype && random() < 0.4, scale: random.pick([0.125, 0.7, 1, -1]) };
  const inputs = [
    values(random, [...heads, length, features], dtype, special),
    values(random, [...heads, columns, features], dtype, special),
    values(random, [...heads, columns, width], dtype, special),
    mask,
  ] as const;
  const what = `seed ${seed}: ${dtype} [${scores}] of ${features}, ${width}; mask ${mask?.dtype} [${mask?.shape}] ${JSON.stringify(attrs)}`;
  return { inputs, attrs, dtype, sums: scores.slice(0, -1), result: [...heads, length, width], what };
}

function run(name: keyof typeof builtinOps, operands: readonly Operand[], attrs: object, device: 'cpu' | 'plain') {
  const inputs = operands.map((x) => x && (device === 'cpu' ? x : x.to('plain')));
  return dispatch(builtinOps[name] as never, inputs as never, attrs as never) as unknown as readonly Tensor[];
}

function expectClose(actual: readonly Tensor[], expected: readonly Tensor[], what: string): void {
  expect(
    actual.map(({ dtype, shape }) => [dtype, shape]),
    what,
  ).toEqual(expected.map(({ dtype, shape }) => [dtype, shape]));
  actual.forEach((x, k) => {
    const [a, b] = [x, expected[k]].map((t) => Array.from(t.toTypedArraySync(), Number));
    const scale = b.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 1);
    const bound = (x.dtype === 'float32' ? 1e-5 : 2e-14) * scale;
    const wrong = a.findIndex((y, i) => !(Object.is(y, b[i]) || y === b[i] || Math.abs(y - b[i]) <= bound));
    if (wrong >= 0) expect.fail(`${what}, result ${k}, element ${wrong}: ${a[wrong]}, derived ${b[wrong]} ± ${bound}`);
  });
}

describe('attention', () => {
  const attention = cpu({ engine: 'wasm' }).open(0).overrides.scaledDotProductAttention;

  it('and its gradient equal the derived ops in 400 random cases', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const { inputs, attrs, dtype, sums, result, what } = caseOf(seed, { isLarge: seed % 40 === 0 });
      expect(attention?.supports?.(inputs as never, attrs), what).toBe(true);
      const random = generator(seed + 5000);
      const outs = run('scaledDotProductAttention', inputs, attrs, 'cpu');
      expectClose(outs, run('scaledDotProductAttention', inputs, attrs, 'plain'), what);
      const sumGrad = random() < 0.4 ? values(random, sums, dtype) : null;
      const wanted = [0, 1, 2].map(() => random() < 0.7);
      const operands = [values(random, result, dtype), sumGrad, ...inputs, ...outs];
      const all = { ...attrs, wanted: [...wanted, false] };
      expectClose(
        run('scaledDotProductAttentionBackward', operands, all, 'cpu'),
        run('scaledDotProductAttentionBackward', operands, all, 'plain'),
        `gradient ${wanted} ${sumGrad !== null}, ${what}`,
      );
    }
  });

  it('treats NaN and infinite scores as the derived op does in 300 random cases', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { inputs, attrs, what } = caseOf(seed + 900, { special: 0.01 });
      const [a, b] = (['cpu', 'plain'] as const).map((device) =>
        run('scaledDotProductAttention', inputs, attrs, device),
      );
      expectClose(a, b, what);
    }
  });
});
