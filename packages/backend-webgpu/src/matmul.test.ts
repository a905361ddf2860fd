/** Products against the sums that define them, by every kernel, whichever the device would choose. */
import { type DType, expr, type MatmulDims, Program } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { acquire } from './acquire.ts';
import { directProduct } from './direct-product.ts';
import { elementType } from './elements.ts';
import { Gpu } from './gpu.ts';
import { createMap } from './map.ts';
import { createMatmul } from './matmul.ts';
import { longestLast, type Product, productOf, transposed } from './product.ts';
import { quadProduct } from './quad-product.ts';
import { createReduce } from './reduce.ts';
import type { View } from './shader.ts';
import { tiledProduct } from './tiled-product.ts';

const gpu = new Gpu((await acquire({})).device);

/** A small seeded generator (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b9);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const count = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** Every position of a shape, row-major. */
function* positions(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) yield [];
  else for (let i = 0; i < shape[0]; i++) for (const rest of positions(shape.slice(1))) yield [i, ...rest];
}

const address = ({ strides, offset }: View, at: readonly number[]): number =>
  at.reduce((sum, i, d) => sum + i * strides[d], offset);

interface Operand {
  readonly view: View;
  readonly data: Float64Array;
}

/** How a tensor lies: its dims in another order, with gaps, behind an offset, or repeated along some dims. */
interface Layout {
  readonly order?: readonly number[];
  readonly gap?: number;
  readonly offset?: number;
  readonly repeated?: readonly number[];
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, f16: Uint16Array } as const;

/** Small numbers, whose sums of products are exact. */
function operand(dtype: DType, shape: readonly number[], layout: Layout, random: (below: number) => number): Operand {
  const { order = shape.map((_, d) => d), gap = 1, offset = 0, repeated = [] } = layout;
  const strides = shape.map(() => 0);
  let step = gap;
  for (const d of [...order].reverse()) {
    if (repeated.includes(d)) continue;
    strides[d] = step;
    step *= shape[d];
  }
  const length = step + offset + 3;
  const type = elementType(dtype);
  const data = Float64Array.from({ length }, () => random(16) - (dtype === 'uint8' ? 0 : 8));
  const buffer = gpu.pool.allocate(length * type.bytes, type);
  gpu.write(buffer, 0, arrays[type.stored].from(data));
  return { view: { dtype, shape, strides, offset, storage: { buffer } }, data };
}

/** What a result must be, row-major: computed from the definition. */
function expected(out: View, a: Operand, b: Operand, { batch, m, k }: MatmulDims): number[] {
  const steps = [...positions(a.view.shape.slice(batch + m))];
  expect(a.view.shape.length).toBe(batch + m + k);
  return [...positions(out.shape)].map((at) => {
    const [g, i, j] = [at.slice(0, batch), at.slice(batch, batch + m), at.slice(batch + m)];
    let sum = 0;
    for (const p of steps)
      sum += a.data[address(a.view, [...g, ...i, ...p])] * b.data[address(b.view, [...g, ...p, ...j])];
    return out.dtype === 'uint8' ? sum & 255 : sum;
  });
}

/** The elements of a view, row-major, and whether what lies around them is as `operand` left it. */
async function downloaded({ view, data }: Operand): Promise<{ values: number[]; untouched: boolean }> {
  const type = elementType(view.dtype);
  const all = new arrays[type.stored](await gpu.read(view.storage.buffer, 0, data.length * type.bytes));
  const own = [...positions(view.shape)].map((at) => address(view, at));
  const inside = new Set(own);
  return {
    // -0 is 0: a compiler may leave out that a sum begins with 0
    values: own.map((i) => all[i] + 0),
    untouched: all.every((x, i) => inside.has(i) || x === data[i]),
  };
}

type Run = (p: Product) => void;
const kernels: { readonly [name: string]: Run } = {
  'direct 1 × 1': (p) => directProduct(gpu, p, { rows: 1, columns: 1, down: 4, across: 16 }),
  'direct 4 × 4': (p) => directProduct(gpu, p, { rows: 4, columns: 4, down: 4, across: 16 }),
  'quads 16 × 8': (p) => quadProduct(gpu, p, { rows: 16, columns: 8 }),
  'quads 4 × 2': (p) => quadProduct(gpu, p, { rows: 4, columns: 2 }),
  'tiles of 64': (p) => tiledProduct(gpu, p, { rows: 4, columns: 4, depth: 16 }),
  'tiles of 128': (p) => tiledProduct(gpu, p, { rows: 8, columns: 8, depth: 8 }),
};

/** Sizes of a product, and how its operands lie. */
interface Case {
  readonly name: string;
  readonly batch?: readonly number[];
  readonly m: readonly number[];
  readonly n: readonly number[];
  readonly k: readonly number[];
  readonly a?: Layout;
  readonly b?: Layout;
  readonly out?: Layout;
}

const cases: readonly Case[] = [
  { name: 'row-major, fours', m: [36], n: [68], k: [20] },
  { name: 'row-major, odd', m: [35], n: [67], k: [19] },
  { name: 'left transposed', m: [36], n: [68], k: [20], a: { order: [1, 0] } },
  { name: 'right transposed', m: [36], n: [68], k: [20], b: { order: [1, 0] } },
  {
    name: 'both and the result transposed',
    m: [12],
    n: [8],
    k: [21],
    a: { order: [1, 0] },
    b: { order: [1, 0] },
    out: { order: [1, 0] },
  },
  {
    name: 'offsets and gaps',
    m: [7],
    n: [9],
    k: [17],
    a: { offset: 3, gap: 2 },
    b: { offset: 5 },
    out: { offset: 2, gap: 3 },
  },
  { name: 'a batch', batch: [3], m: [5], n: [6], k: [7] },
  {
    name: 'a batch that repeats',
    batch: [2, 3],
    m: [4],
    n: [8],
    k: [8],
    a: { repeated: [0] },
    b: { repeated: [0, 1] },
  },
  {
    name: 'lists of dims',
    batch: [2],
    m: [3, 2],
    n: [2, 5],
    k: [3, 4],
    b: { order: [3, 0, 1, 2, 4] },
    out: { order: [4, 1, 0, 2, 3] },
  },
  { name: 'vectors', m: [], n: [], k: [37] },
  { name: 'an outer product', m: [9], n: [70], k: [] },
  { name: 'a matrix and a vector', m: [70], n: [], k: [33] },
  { name: 'nothing to sum', m: [3], n: [5], k: [0] },
];

/** Those that the device can run. */
const names = Object.keys(kernels).filter((name) => !name.startsWith('quads') || gpu.device.features.has('subgroups'));

describe.each(names)('%s', (kernel) => {
  it.each(cases)('$name', async ({ name, batch = [], m, n, k, ...layouts }) => {
    const random = generator(count(m) * 7 + count(n));
    const dims = { batch: batch.length, m: m.length, n: n.length, k: k.length };
    const a = operand('float32', [...batch, ...m, ...k], layouts.a ?? {}, random);
    const b = operand('float32', [...batch, ...k, ...n], layouts.b ?? {}, random);
    const out = operand('float32', [...batch, ...m, ...n], layouts.out ?? {}, random);
    const want = expected(out.view, a, b, dims);
    const plain = longestLast(productOf(out.view, a.view, b.view, dims));
    // the transposed product is one of other views, of which the cases have all kinds; each is a shader to compile
    const asked = name === 'row-major, odd' || name === 'lists of dims' ? [plain, transposed(plain)] : [plain];
    for (const p of asked) {
      // quads and tiles want steps
      if (p.k.axes.length === 0 && !kernel.startsWith('direct')) continue;
      gpu.write(out.view.storage.buffer, 0, Float32Array.from(out.data));
      kernels[kernel](p);
      expect(await downloaded(out)).toEqual({ values: want, untouched: true });
    }
  });

  it.each(['int32', 'int64', 'uint8'] as const)('%s', async (dtype) => {
    const random = generator(3);
    const [a, b, out] = [
      [6, 20],
      [20, 12],
      [6, 12],
    ].map((shape) => operand(dtype, shape, {}, random));
    const dims = { batch: 0, m: 1, n: 1, k: 1 };
    kernels[kernel](productOf(out.view, a.view, b.view, dims));
    expect((await downloaded(out)).values).toEqual(expected(out.view, a, b, dims));
  });

  it('windows of an image that overlap', async () => {
    const random = generator(4);
    const image = operand('float32', [3, 8, 10], {}, random);
    const weights = operand('float32', [5, 3, 3, 3], {}, random);
    const out = operand('float32', [5, 6, 8], {}, random);
    const { strides, shape: _, ...rest } = image.view;
    const windows: View = { ...rest, shape: [3, 3, 3, 6, 8], strides: [strides[0], 10, 1, 10, 1] };
    const dims = { batch: 0, m: 1, n: 2, k: 3 };
    kernels[kernel](longestLast(productOf(out.view, weights.view, windows, dims)));
    const want = expected(out.view, weights, { view: windows, data: image.data }, dims);
    expect((await downloaded(out)).values).toEqual(want);
  });

  it('applies an epilogue to each sum', async () => {
    const random = generator(5);
    const [a, b, out] = [
      [9, 8],
      [8, 40],
      [9, 40],
    ].map((shape) => operand('float32', shape, {}, random));
    const bias = operand('float32', [9, 40], { repeated: [0] }, random);
    const e = expr;
    const x = (i: number) => e.input(i, 'float32');
    const program = new Program([e.add(e.mul(x(0), e.param(0, 'float32')), x(1))], ['float32', 'float32'], ['float32']);
    const dims = { batch: 0, m: 1, n: 1, k: 1 };
    const plain = productOf(out.view, a.view, b.view, dims, { program, inputs: [bias.view], params: [0.5] });
    const want = expected(out.view, a, b, dims).map((sum, i) => sum * 0.5 + bias.data[address(bias.view, [0, i % 40])]);
    for (const p of [plain, transposed(plain)]) {
      kernels[kernel](p);
      expect((await downloaded(out)).values).toEqual(want);
    }
  });
});

describe('the family', () => {
  it.each([
    [1, 1, 5000],
    [3, 5, 4096],
    [1, 70, 2051],
    [130, 140, 33],
  ])('%i × %i, k = %i, with an epilogue', async (m, n, k) => {
    const reduce = createReduce(gpu);
    const map = createMap(gpu);
    const random = generator(m + n + k);
    const [a, b, out] = [
      [m, k],
      [k, n],
      [m, n],
    ].map((shape) => operand('float32', shape, {}, random));
    const dims = { batch: 0, m: 1, n: 1, k: 1 };
    const program = new Program([expr.add(expr.input(0, 'float32'), 1)], ['float32']);
    createMatmul(gpu, { map, reduce })(out.view, a.view, b.view, dims, { program, inputs: [], params: [] });
    const want = expected(out.view, a, b, dims).map((sum) => sum + 1);
    expect((await downloaded(out)).values).toEqual(want);
  });

  it('writes nothing where there is nothing', () => {
    const random = generator(1);
    const [a, b, out] = [
      [0, 4],
      [4, 5],
      [0, 5],
    ].map((shape) => operand('float32', shape, {}, random));
    const { dispatches } = gpu.counters;
    createMatmul(gpu, { map: createMap(gpu), reduce: createReduce(gpu) })(out.view, a.view, b.view, {
      batch: 0,
      m: 1,
      n: 1,
      k: 1,
    });
    expect(gpu.counters.dispatches).toBe(dispatches);
  });
});
