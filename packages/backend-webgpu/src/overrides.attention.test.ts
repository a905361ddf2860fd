/** Attention by blocks against the cpu backend. */
import '@tenfold/backend-cpu/register';
import './register.ts';
import { tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { both, expectClose, generator, type Pair, pairOf, type Random, runBoth } from './overrides.test-support.ts';

interface Case {
  readonly inputs: readonly [Pair, Pair, Pair, Pair | null];
  readonly attrs: { readonly isCausal: boolean; readonly scale: number };
  readonly sums: readonly number[];
  readonly result: readonly number[];
  readonly lying: (pair: Pair) => Pair;
  readonly what: string;
}

function maskOf(random: Random, scores: readonly number[]): Pair | null {
  const kind = random.pick(['none', 'bool', 'float'] as const);
  if (kind === 'none') return null;
  const shape = scores.slice(random.below(scores.length - 1)).map((n) => (random() < 0.3 ? 1 : n));
  const n = shape.reduce((a, b) => a * b, 1);
  if (kind === 'bool') {
    const list = Array.from({ length: n }, () => random() < 0.7);
    return pairOf((device) => tensor(list, { device }).reshape(shape));
  }
  const list = Array.from({ length: n }, () => (random() < 0.2 ? Number.NEGATIVE_INFINITY : random() * 4 - 2));
  return pairOf((device) => tensor(list, { device }).reshape(shape));
}

/** How rows lie on the GPU: in any way, or such that quads take them, with heads outside or inside of rows. */
const layouts = {
  any: (pair: Pair): Pair => pair,
  plain: ([x, twin]: Pair): Pair => [x.contiguous(), twin],
  inside: ([x, twin]: Pair): Pair => [x.transpose(0, -2).contiguous().transpose(0, -2), twin],
} as const;

function caseOf(seed: number, isLarge: boolean, special = 0): Case {
  const random = generator(seed);
  const heads = Array.from({ length: random.below(3) }, () => 1 + random.below(3));
  const some = (most: number): number => 1 + random.below(most);
  const [length, columns] = isLarge ? [50 + some(100), 50 + some(200)] : [some(20), some(20)];
  // a few sizes, so that a few kernels do
  const layout = (['any', 'plain', 'inside'] as const)[seed % 3];
  const [features, width] = isLarge ? [64, 36] : layout === 'any' ? [3, 8] : [12, 20];
  const lying = layouts[layout];
  const scores = [...heads, length, columns];
  const mask = maskOf(random, scores);
  const attrs = { isCausal: mask === null && random() < 0.5, scale: random.pick([0.125, 0.7, -1]) };
  // what a causal mask forbids is not looked at
  const odd = attrs.isCausal ? 0 : special;
  const inputs = [
    lying(both(random, [...heads, length, features], 'float32', odd)),
    lying(both(random, [...heads, columns, features], 'float32', odd)),
    lying(both(random, [...heads, columns, width], 'float32', odd)),
    mask,
  ] as const;
  const what = `seed ${seed}: [${scores}] of ${features}, ${width}, ${layout}; mask ${mask?.[1].dtype} [${mask?.[1].shape}] ${JSON.stringify(attrs)}`;
  const result = [...heads, length, width];
  return { inputs, attrs, sums: scores.slice(0, -1), result, lying, what };
}

describe('attention', () => {
  it('and its gradient in 12 random cases', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { inputs, attrs, sums, result, lying, what } = caseOf(seed, seed % 5 === 0);
      const random = generator(seed + 5000);
      const outs = runBoth('scaledDotProductAttention', inputs, attrs);
      await expectClose(outs, what, 8);
      const sumGrad = random() < 0.4 ? both(random, sums) : null;
      const wanted = random.pick([
        [true, true, true],
        [true, true, true],
        [false, false, true],
      ]);
      const operands = [lying(both(random, result)), sumGrad, ...inputs, ...outs];
      const all = { ...attrs, wanted: [...wanted, false] };
      await expectClose(runBoth('scaledDotProductAttentionBackward', operands, all), `gradient ${wanted}, ${what}`, 16);
    }
  }, 180_000);

  it('treats NaN and infinite scores as the derived op does in 12 random cases', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { inputs, attrs, what } = caseOf(seed + 900, false, 0.01);
      await expectClose(runBoth('scaledDotProductAttention', inputs, attrs), what, 8);
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
    await expectClose([out, sum], 'result', 8);
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
    await expectClose([out, sum], 'result', 8);
    expect(await out[0].select(0, 3).toArray()).toEqual(new Array(8).fill(Number.NaN));
    expect(await sum[0].select(0, 3).item()).toBe(Number.NEGATIVE_INFINITY);
    const operands = [both(random, [70, 8]), null, ...inputs, out, sum];
    const wanted = [true, true, true, false];
    await expectClose(runBoth('scaledDotProductAttentionBackward', operands, { ...attrs, wanted }), 'gradient', 16);
  });
});
