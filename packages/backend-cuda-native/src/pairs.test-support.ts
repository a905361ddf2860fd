/** For tests of overrides: the same random numbers on CUDA and on the cpu, and how near results must be. */
import { builtinOps, type DType, dispatch, isFloat, type Tensor, tensor } from '@tenfold/tensor-core';
import { expect } from 'vitest';
import { generator, type Random } from './random.test-support.ts';

export { generator, type Random };

/** A tensor on CUDA and its twin on the cpu. */
export type Pair = readonly [cuda: Tensor, cpu: Tensor];
export type Operand = Pair | number | null;
export type OpName = keyof typeof builtinOps;

const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 80, -0];

/** The same numbers on both devices, now and then with dims in another order or as every second element of a larger tensor. */
export function both(random: Random, shape: readonly number[], dtype: DType = 'float32', special = 0): Pair {
  const order = shape.map((_, d) => d);
  if (random() < 0.4) order.sort(() => random() - 0.5);
  const step = shape.length > 0 && random() < 0.2 ? 2 : 1;
  const stored = order.map((d) => shape[d]);
  if (step > 1) stored[stored.length - 1] *= step;
  const n = stored.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, () => {
    if (random() < special) return random.pick(odd);
    return isFloat(dtype) ? (random() - 0.5) * 6 : random.below(9) - 4;
  });
  return pairOf((device) => {
    let x = tensor(values, { dtype, device }).reshape(stored);
    if (step > 1) x = x.slice(-1, 1, undefined, step);
    return shape.length > 1 ? x.permute(shape.map((_, d) => order.indexOf(d))) : x;
  });
}

/** As {@link both}, without gaps and in order. */
export function dense(random: Random, shape: readonly number[], dtype: DType = 'float32'): Pair {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, () => (random() - 0.5) * 6);
  return pairOf((device) => tensor(values, { dtype, device }).reshape(shape));
}

export const pairOf = (make: (device: string) => Tensor): Pair => [make('cuda'), make('cpu')];

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(x) ? x : [x as Tensor]);

/** Runs an op on both devices. */
export function runBoth(name: OpName, operands: readonly Operand[], attrs: object): Pair[] {
  const [here, there] = [0, 1].map((device) => {
    const inputs = operands.map((x) => (x === null || typeof x === 'number' ? x : x[device]));
    return listOf(dispatch(builtinOps[name] as never, inputs as never, attrs as never));
  });
  expect(here.length).toBe(there.length);
  return here.map((x, k) => [x, there[k]] as const);
}

/** A few units in the last place of the largest number. */
const tolerance: { readonly [D in DType]?: number } = {
  float64: 4e-15,
  float32: 2e-6,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

/** Equal but for rounding. */
export async function expectClose(pairs: readonly Pair[], what: string, factor = 1): Promise<void> {
  for (const [k, [x, y]] of pairs.entries()) {
    expect([x.dtype, x.shape], what).toEqual([y.dtype, y.shape]);
    const [a, b] = await Promise.all([x, y].map(async (t) => Array.from(await t.toTypedArray(), Number)));
    const scale = b.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
    const bound = (tolerance[x.dtype] ?? 0) * factor * scale;
    a.forEach((value, i) => {
      if (Object.is(value, b[i]) || value === b[i]) return;
      if (!(Math.abs(value - b[i]) <= bound))
        expect.fail(`${what}, result ${k}, element ${i}: ${value}, on cpu ${b[i]} ± ${bound}`);
    });
  }
}
