/** For tests: seeded random numbers, and strided views with sentinels around their elements. */
import {
  bfloat16ToNumber,
  type DType,
  halfToNumber,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  type TensorView,
  type TypedArray,
} from '@tenfold/tensor-core';

import { cpu } from './runtime.ts';

const runtime = cpu().open(0);
const made: TypedArray[] = [];

function allocate(dtype: DType, length: number): TypedArray {
  const buffer = runtime.allocate(dtype, length);
  if (buffer.byteLength >= runtime.capabilities.collectedBelow) made.push(buffer);
  return buffer;
}

/** Gives back the large buffers of all views made so far. */
export function freeViews(): void {
  for (const buffer of made) runtime.free(buffer);
  made.length = 0;
}

export type View = TensorView<TypedArray>;
/** One element: a bigint for int64, else a number. */
export type Cell = number | bigint;

export interface Random {
  /** Uniform in [0, 1). */
  (): number;
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
}

/** A small seeded generator (mulberry32). */
export function generator(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b9);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return Object.assign(next, { below, pick: <T>(list: readonly T[]): T => list[below(list.length)] });
}

/** A shape of up to four dims and about `most` elements; one in twelve has none. */
export function randomShape(random: Random, most: number): number[] {
  const rank = random.below(5);
  const side = Math.max(2, Math.round(most ** (1 / Math.max(1, rank))) + 1);
  return Array.from({ length: rank }, () => (random() < 0.02 ? 0 : 1 + random.below(side)));
}

/** Every position of a shape, row-major. */
export function positions(shape: readonly number[]): number[][] {
  let list: number[][] = [[]];
  for (const size of shape) list = list.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i]));
  return list;
}

const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  1e-8,
  1e30,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** What a buffer holds where no element of the view lies. */
const sentinel = 77;

/** Bits or value as the array of the dtype stores it. */
export function encode(value: number, dtype: DType): Cell {
  if (dtype === 'int64') return BigInt(Math.trunc(value));
  if (dtype === 'float16') return numberToHalf(value);
  return dtype === 'bfloat16' ? numberToBfloat16(value) : value;
}

function randomValue(random: Random, dtype: DType): number {
  if (dtype === 'bool') return random.below(2);
  if (isFloat(dtype)) return random() < 0.15 ? random.pick(special) : (random() - 0.5) * 10 ** random.below(3);
  if (random() < 0.1) return random.pick([127, -128, 255, 32767, -32768, 2 ** 31 - 1, -(2 ** 31)]);
  return random.below(21) - 10;
}

interface Layout {
  /** Whether some dims may have stride 0. */
  readonly broadcast?: boolean;
  readonly dense?: boolean;
}

/** A view with random order of dims, gaps and offset, filled with random values. */
export function randomView(
  random: Random,
  dtype: DType,
  shape: readonly number[],
  { broadcast = false, dense = false }: Layout,
): View {
  const plain = dense || random() < 0.4;
  const order = shape.map((_, d) => d).reverse();
  if (!plain && random() < 0.6) order.sort(() => random() - 0.5);
  const strides = shape.map(() => 0);
  let step = 1;
  for (const d of order) {
    if (broadcast && !dense && random() < 0.2) continue;
    if (!plain) step *= 1 + random.below(2);
    strides[d] = step;
    step *= Math.max(1, shape[d]);
  }
  const offset = random.below(4);
  const last = shape.reduce((at, size, d) => at + Math.max(0, size - 1) * strides[d], offset);
  const buffer = allocate(dtype, last + 1 + random.below(4));
  buffer.fill(encode(sentinel, dtype) as never);
  const view: View = { dtype, shape, strides, offset, storage: { buffer } };
  for (const at of addresses(view)) buffer[at] = encode(randomValue(random, dtype), dtype) as never;
  return view;
}

/** The place of each element in the buffer, row-major. */
export function addresses({ shape, strides, offset }: View): number[] {
  return positions(shape).map((position) => position.reduce((at, i, d) => at + i * strides[d], offset));
}

const value = (stored: Cell, dtype: DType): Cell => {
  if (dtype === 'float16') return halfToNumber(stored as number);
  return dtype === 'bfloat16' ? bfloat16ToNumber(stored as number) : stored;
};

/** The element at a position. */
export function decode({ dtype, strides, offset, storage }: View, position: readonly number[]): Cell {
  return value(storage.buffer[position.reduce((at, i, d) => at + i * strides[d], offset)], dtype);
}

/** All elements, row-major. */
export function elements(view: View): Cell[] {
  return addresses(view).map((at) => value(view.storage.buffer[at], view.dtype));
}

/** Whether what lies around the view's elements still is what `randomView` put there. */
export function untouched(view: View): boolean {
  const own = new Set(addresses(view));
  const mark = encode(sentinel, view.dtype);
  return (view.storage.buffer as Float64Array).every((x, i) => own.has(i) || (x as Cell) === mark);
}

/** The same view of memory of its own, with the same content. */
export function copyView(view: View): View {
  const { buffer } = view.storage;
  const copy = allocate(view.dtype, buffer.length);
  (copy as Float64Array).set(buffer as Float64Array);
  return { ...view, storage: { buffer: copy } };
}

/** A dense view of given values. */
export function viewOf(values: readonly Cell[], dtype: DType, shape: readonly number[] = [values.length]): View {
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const buffer = allocate(dtype, values.length);
  values.forEach((x, i) => {
    buffer[i] = (typeof x === 'bigint' ? x : encode(x, dtype)) as never;
  });
  return { dtype, shape, strides, offset: 0, storage: { buffer } };
}
