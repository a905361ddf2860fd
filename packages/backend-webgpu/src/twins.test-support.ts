/** For tests: views of the same layout and elements on the GPU and in the plain engine of the CPU, with sentinels around them. */
import { cpu } from '@tenfold/backend-cpu';
import { type DType, isFloat, type Runtime, type TensorView, type TypedArray } from '@tenfold/tensor-core';
import { expect } from 'vitest';
import type { Buffer } from './gpu.ts';
import { generator, type Random } from './random.test-support.ts';
import { webgpu } from './runtime.ts';

const backend = await webgpu();
export const { counters } = backend;
export const gpu: Runtime<Buffer> = backend.open(0);
export const plain = cpu({ engine: 'plain' }).open(0) as Runtime<TypedArray>;

export { generator, type Random };

/** One view twice. */
export interface Twin {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly onGpu: TensorView<Buffer>;
  readonly onCpu: TensorView<TypedArray>;
}

const special = [0, -0, 1, -1, 0.5, 1e-8, 1e30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const sentinel = 77;

/** Values that 32 bits hold in any sum of a test. */
function randomValue(random: Random, dtype: DType, specials: boolean): number {
  if (dtype === 'bool') return random.below(2);
  if (isFloat(dtype))
    return specials && random() < 0.15 ? random.pick(special) : (random() - 0.5) * 10 ** random.below(3);
  if (dtype === 'uint8') return random.below(256);
  if (dtype === 'int32' && specials && random() < 0.1) return random.pick([2 ** 31 - 1, -(2 ** 31), 65536]);
  return random.below(21) - 10;
}

export interface Layout {
  /** Whether some dims may have stride 0. */
  readonly broadcast?: boolean;
  readonly dense?: boolean;
  /** Whether NaN, infinities and extreme integers occur. */
  readonly specials?: boolean;
  readonly values?: (i: number) => number;
}

/** A view with a random order of dims, gaps and an offset, filled with random values. */
export function twin(random: Random, dtype: DType, shape: readonly number[], layout: Layout = {}): Twin {
  const { broadcast = false, specials = true, values = () => randomValue(random, dtype, specials) } = layout;
  const dense = layout.dense ?? random() < 0.4;
  const order = shape.map((_, d) => d).reverse();
  if (!dense && random() < 0.6) order.sort(() => random() - 0.5);
  const strides = shape.map(() => 0);
  let step = 1;
  for (const d of order) {
    if (broadcast && random() < 0.2) continue;
    if (!dense) step *= 1 + random.below(2);
    strides[d] = step;
    step *= Math.max(1, shape[d]);
  }
  const offset = random.below(4);
  const length = shape.reduce((at, size, d) => at + Math.max(0, size - 1) * strides[d], offset) + 1 + random.below(4);
  const data = plain.allocate(dtype, length);
  const convert = (value: number): number | bigint => (dtype === 'int64' ? BigInt(value) : value);
  for (let i = 0; i < length; i++) data[i] = convert(values(i)) as never;
  const buffer = gpu.allocate(dtype, length);
  gpu.upload(buffer, data, 0);
  const view = { dtype, shape, strides, offset };
  return { dtype, shape, onCpu: { ...view, storage: { buffer: data } }, onGpu: { ...view, storage: { buffer } } };
}

/** A view to write into. */
export const target = (random: Random, dtype: DType, shape: readonly number[]): Twin =>
  twin(random, dtype, shape, { values: () => (dtype === 'bool' ? 1 : sentinel) });

/** Everything in the buffers, behind all that was asked of the GPU. */
export async function contents({ onCpu, onGpu }: Twin): Promise<{ actual: TypedArray; expected: TypedArray }> {
  const expected = onCpu.storage.buffer;
  return { actual: await gpu.download(onGpu.storage.buffer, 0, expected.length), expected };
}

/** Equal elements, and nothing written beside them. `bound`, where given, is how far a float may be off. */
export async function expectTwins(
  result: Twin,
  what: string,
  bound: (expected: number, i: number) => number = () => 0,
): Promise<void> {
  const { actual, expected } = await contents(result);
  for (let i = 0; i < expected.length; i++) {
    const [got, want] = [actual[i], expected[i]];
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
    if (!(Math.abs(Number(got) - Number(want)) <= bound(Number(want), i)))
      expect.fail(`${what}, element ${i} of the buffer: ${got}, plain ${want}`);
  }
}

/** Gives the buffers back. */
export function free(...twins: readonly Twin[]): void {
  for (const { onGpu } of twins) gpu.free(onGpu.storage.buffer);
}
