/** Attention in tiles against the cpu backend. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { type DType, type TensorView, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { both, expectClose, generator, type Pair, pairOf, type Random, runBoth } from './pairs.test-support.ts';
import { cuda } from './runtime.ts';

interface Case {
  readonly inputs: readonly [Pair, Pair, Pair, Pair | null];
  readonly attrs: { readonly isCausal: boolean; readonly scale: number };
  readonly dtype: DType;
  readonly sums: readonly number[];
  readonly result: readonly number[];
  readonly what: string;
}

const dtypes = ['float32', 'float64', 'float16', 'bfloat16'] as const;
/** What logarithms of sums are in, and masks may be. */
const wide = (dtype: DType): DType => (dtype === 'float64' ? 'float64' : 'float32');

function maskOf(random: Random, scores: readonly number[], dtype: DType): Pair | null {
  const kind = random.pick(['none', 'bool', 'float', 'wide'] as const);
  if (kind === 'none') return null;
  const shape = scores.slice(random.below(scores.length - 1)).map((n) => (random() < 0.3 ? 1 : n));
  const n = shape.reduce((a, b) => a * b, 1);
  if (kind === 'bool') {
    const list = Array.from({ length: n }, () => random() < 0.7);
    return pairOf((device) => tensor(list, { device }).reshape(shape));
  }
  const list = Array.from({ length: n }, () => (random() < 0.2 ? Number.NEGATIVE_INFINITY : random() * 4 - 2));
  return pairOf((device) => tensor(list, { device, dtype: kind === 'wide' ? wide(dtype) : dtype }).reshape(shape));
}

function caseOf(seed: number, isLarge: boolean, special = 0): Case {
  const random = generator(seed);
  const dtype = dtypes[seed % dtypes.length];
  const heads = Array.from({ length: random.below(3) }, () => 1 + random.below(3));
  const some = (most: number): number => 1 + random.below(most);
  const [length, columns] = isLarge ? [50 + some(100), 50 + some(200)] : [some(20), some(20)];
  const [features, width] = isLarge ? [some(256), some(256)] : [some(70), some(70)];
  const scores = [...heads, length, columns];
  const mask = maskOf(random, scores, dtype);
  const attrs = { isCausal: random() < 0.4, scale: random.pick([0.125, 0.07, -0.1]) };
  // what a causal mask forbids is not looked at
  const odd = attrs.isCausal ? 0 : special;
  const inputs = [
    both(random, [...heads, length, features], dtype, odd),
    both(random, [...heads, columns, features], dtype, odd),
    both(random, [...heads, columns, width], dtype, odd),
    mask,
  ] as const;
  const what = `seed ${seed}: ${dtype} [${scores}] of ${features}, ${width}; mask ${mask?.[1].dtype} [${mask?.[1].shape}] ${JSON.stringify(attrs)}`;
  return { inputs, attrs, dtype, sums: scores.slice(0, -1), result: [...heads, length, width], what };
}

describe('attention', () => {
  it('and its gradient in 24 random cases', async () => {
    for (let seed = 1; seed <= 24; seed++) {
      const { inputs, attrs, dtype, sums, result, what } = caseOf(seed, seed % 5 === 0);
      const random = generator(seed + 5000);
      const outs = runBoth('scaledDotProductAttention', inputs, attrs);
      await expectClose(outs, what);
      const sumGrad = random() < 0.4 ? both(random, sums, wide(dtype)) : null;
      const wanted = random.pick([
        [true, true, true],
        [true, false, true],
        [false, true, false],
        [false, false, true],
      ]);
      const operands = [both(random, result, dtype), sumGrad, ...inputs, ...outs];
      const all = { ...attrs, wanted: [...wanted, false] };
      await expectClose(runBoth('scaledDotProductAttentionBackward', operands, all), `gradient ${wanted}, ${what}`);
    }
  }, 180_000);

  it('treats NaN and infinite scores as the derived op does in 12 random cases', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { inputs, attrs, what } = caseOf(seed + 900, false, 0.01);
      await expectClose(runBoth('scaledDotProductAttention', inputs, attrs), what);
    }
  });

  it.each([3, 4])('sums infinite scores where an invocation has no part, with %i features', async (features) => {
    const allowed = pairOf((device) =>
      tensor(
        Array.from({ length: 80 }, (_, key) => key % 32 >= 4 && key % 4 > 0),
        { device },
      ),
    );
    const ones = (rows: number, large: number) =>
      pairOf((device) =>
        tensor(
          Array.from({ length: rows * features }, (_, i) => (Math.floor(i / features) === large ? 1e38 : 1)),
          { device },
        ).reshape([rows, features]),
      );
    const inputs = [ones(6, 2), ones(80, 50), ones(80, -1), allowed] as const;
    const [out, sum] = runBoth('scaledDotProductAttention', inputs, { isCausal: false, scale: 4 });
    await expectClose([out, sum], 'result');
    expect(await sum[0].select(0, 2).item()).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives NaN where a mask leaves nothing, as the derived op does', async () => {
    const random = generator(5);
    const mask = pairOf((device) =>
      tensor(
        Array.from({ length: 70 }, (_, i) => i !== 3),
        { device },
      ).reshape([70, 1]),
    );
    const inputs = [both(random, [70, 8]), both(random, [9, 8]), both(random, [9, 8]), mask] as const;
    const attrs = { isCausal: false, scale: 0.3 };
    const [out, sum] = runBoth('scaledDotProductAttention', inputs, attrs);
    await expectClose([out, sum], 'result');
    expect(await out[0].select(0, 3).toArray()).toEqual(new Array(8).fill(Number.NaN));
    expect(await sum[0].select(0, 3).item()).toBe(Number.NEGATIVE_INFINITY);
    const operands = [both(random, [70, 8]), null, ...inputs, out, sum];
    const wanted = [true, true, true, false];
    await expectClose(runBoth('scaledDotProductAttentionBackward', operands, { ...attrs, wanted }), 'gradient');
  });

  it('has zeros for the gradients of keys that no query meets', async () => {
    const random = generator(6);
    const none = (shape: number[]): Pair => pairOf((device) => tensor([], { device }).reshape(shape));
    const [key, value] = [both(random, [2, 5, 8]), both(random, [2, 5, 4])];
    const attrs = { isCausal: false, scale: 0.3 };
    const inputs = [none([2, 0, 8]), key, value, null] as const;
    const outs = runBoth('scaledDotProductAttention', inputs, attrs);
    expect(outs.map(([x]) => x.shape)).toEqual([
      [2, 0, 4],
      [2, 0],
    ]);
    const operands = [none([2, 0, 4]), null, ...inputs, ...outs];
    const wanted = [true, true, true, false];
    const gradients = runBoth('scaledDotProductAttentionBackward', operands, { ...attrs, wanted });
    await expectClose(gradients, 'gradient');
    expect(await gradients[1][0].toArray()).toEqual(Array(2).fill(Array(5).fill(Array(8).fill(0))));
  });

  it('gives the same bits again', async () => {
    const { inputs, attrs, result, dtype } = caseOf(40, true);
    const grad = both(generator(41), result, dtype);
    const run = async (): Promise<unknown> => {
      const outs = runBoth('scaledDotProductAttention', inputs, attrs);
      const all = { ...attrs, wanted: [true, true, true, false] };
      const gradients = runBoth('scaledDotProductAttentionBackward', [grad, null, ...inputs, ...outs], all);
      return Promise.all([...outs, ...gradients].map(([x]) => x.toTypedArray()));
    };
    expect(await run()).toEqual(await run());
  });

  it('says what it leaves to matrix products', () => {
    const { overrides } = cuda().open(0);
    const view = (...shape: number[]): TensorView => ({
      dtype: 'float32',
      shape,
      strides: shape.map(() => 0),
      offset: 0,
      storage: { buffer: null },
    });
    const attrs = { isCausal: false, scale: 1 };
    const supported = (query: TensorView, key: TensorView, value: TensorView): unknown =>
      overrides.scaledDotProductAttention?.supports?.([query, key, value, null] as never, attrs);
    expect(supported(view(20, 256), view(9, 256), view(9, 256))).toBe(true);
    expect(supported(view(20, 257), view(9, 257), view(9, 4))).toBe('more than 256 features');
    expect(supported(view(20, 8), view(0, 8), view(0, 8))).toBe('no keys or features');
    expect(supported(view(15, 8), view(513, 8), view(513, 8))).toContain('few queries');
    expect(supported(view(2, 20, 8), view(1, 9, 8), view(1, 9, 8))).toBe('heads that are shared');
    const inputs = [view(20, 8), null, view(20, 8), view(9, 8), view(9, 8), view(20, 9), view(20, 8), view(20)];
    const backward = (wanted: readonly boolean[], given: readonly (TensorView | null)[] = inputs): unknown =>
      overrides.scaledDotProductAttentionBackward?.supports?.(given as never, { ...attrs, wanted });
    expect(backward([true, true, true, false])).toBe(true);
    expect(backward([true, false, false, true])).toContain('mask');
    expect(backward([true, true, true, false], [{ ...view(20, 8), dtype: 'float64' }, ...inputs.slice(1)])).toContain(
      'another dtype',
    );
  });
});
