/** For tests: views of the same layout and elements on the CUDA device and in the plain engine of the CPU, with sentinels around them. */
import { cpu } from '@tenfold/backend-cpu';
import {
  bfloat16ToNumber,
  type DType,
  dtypes,
  halfToNumber,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  type Runtime,
  type TensorView,
  type TypedArray,
} from '@tenfold/tensor-core';
import { describe, expect } from 'vitest';
import type { Buffer } from './elements.ts';
import { noCuda } from './no-cuda.test-support.ts';
import { generator, type Random } from './random.test-support.ts';
import { cuda } from './runtime.ts';

/** Where there is no device its tests are skipped. */
export const onCuda = describe.skipIf(noCuda !== null);
export const gpu = (noCuda === null ? cuda().open(0) : null) as Runtime<Buffer>;
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

/** The largest whole number of a dtype, and the smallest. */
const extremes: { readonly [D in DType]?: readonly number[] } = {
  int64: [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 32],
  int32: [2 ** 31 - 1, -(2 ** 31), 65536],
  int16: [2 ** 15 - 1, -(2 ** 15)],
  int8: [127, -128],
  uint8: [255, 0],
};

function randomValue(random: Random, dtype: DType, specials: boolean): number {
  if (dtype === 'bool') return random.below(2);
  if (isFloat(dtype))
    return specials && random() < 0.15 ? random.pick(special) : (random() - 0.5) * 10 ** random.below(3);
  if (specials && random() < 0.1) return random.pick(extremes[dtype] as readonly number[]);
  return dtype === 'uint8' ? random.below(256) : random.below(21) - 10;
}

/** A number as it is kept in an array of a dtype. */
function stored(dtype: DType, value: number): number | bigint {
  if (dtype === 'int64') return BigInt(value);
  return dtype === 'float16' ? numberToHalf(value) : dtype === 'bfloat16' ? numberToBfloat16(value) : value;
}

/** An element of such an array as a number. */
export const decoded = (dtype: DType, element: number | bigint): number => {
  const x = Number(element);
  return dtype === 'float16' ? halfToNumber(x) : dtype === 'bfloat16' ? bfloat16ToNumber(x) : x;
};

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
  for (let i = 0; i < length; i++) data[i] = stored(dtype, values(i)) as never;
  return twinOf({ dtype, shape, strides, offset, storage: { buffer: data } });
}

/** What the CPU has, on the device too. */
export function twinOf(onCpu: TensorView<TypedArray>): Twin {
  const { dtype, shape, strides, offset } = onCpu;
  const data = onCpu.storage.buffer;
  const buffer = gpu.allocate(dtype, data.length);
  gpu.upload(buffer, data, 0);
  return { dtype, shape, onCpu, onGpu: { dtype, shape, strides, offset, storage: { buffer } } };
}

/** A view to write into. */
export const target = (random: Random, dtype: DType, shape: readonly number[], layout: Layout = {}): Twin =>
  twin(random, dtype, shape, { values: () => (dtype === 'bool' ? 1 : sentinel), ...layout });

/** Everything in the buffers, behind all that was asked of the device. */
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
    if (actual[i] === expected[i]) continue;
    const [got, want] = [actual, expected].map((all) => decoded(result.dtype, all[i]));
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
    if (!(Math.abs(got - want) <= bound(want, i)))
      expect.fail(`${what}, element ${i} of the buffer: ${got}, plain ${want}`);
  }
}

/** Relative distance of neighbours of a float dtype. */
export const epsilon: { readonly [D in DType]?: number } = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

export const everyDType = Object.keys(dtypes) as DType[];

/** Gives the buffers back. */
export function free(...twins: readonly Twin[]): void {
  for (const { onGpu } of twins) gpu.free(onGpu.storage.buffer);
}
