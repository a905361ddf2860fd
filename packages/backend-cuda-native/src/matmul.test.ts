/** Products against the cpu backend's: every kernel, whichever this card would choose, and cuBLASLt. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cpu } from '@tenfold/backend-cpu';
import {
  type DType,
  type Epilogue,
  expr,
  isFloat,
  type MatmulDims,
  Program,
  type Runtime,
  type TensorView,
  type TypedArray,
} from '@tenfold/tensor-core';
import { describe, expect, inject, it, vi } from 'vitest';
import { Cuda } from './cuda.ts';
import type { Buffer, View } from './elements.ts';
import { sizeOf } from './geometry.ts';
import { KernelLibrary } from './kernel-library.ts';
import { loadAddon } from './load-addon.ts';
import { createMap } from './map.ts';
import { createMatmul, type MatmulOptions } from './matmul.ts';
import type { Addon, LtProduct, ProbedDevice } from './native.ts';
import { noCuda } from './no-cuda.test-support.ts';
import { Programs } from './programs.ts';

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
type Random = ReturnType<typeof generator>;

/** How a tensor lies: its dims in another order, with gaps, behind an offset, or repeated along some dims. */
interface Layout {
  readonly order?: readonly number[];
  readonly gap?: number;
  readonly offset?: number;
  readonly repeated?: readonly number[];
}

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

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const cases: readonly Case[] = [
  { name: 'row-major, fours', m: [132], n: [140], k: [40] },
  { name: 'row-major, odd', m: [131], n: [67], k: [35] },
  { name: 'left transposed', m: [136], n: [68], k: [24], a: { order: [1, 0] } },
  { name: 'right transposed', m: [36], n: [68], k: [300], b: { order: [1, 0] } },
  { name: 'both transposed', m: [136], n: [140], k: [36], a: { order: [1, 0] }, b: { order: [1, 0] } },
  {
    name: 'all transposed',
    m: [140],
    n: [132],
    k: [21],
    a: { order: [1, 0] },
    b: { order: [1, 0] },
    out: { order: [1, 0] },
  },
  { name: 'offsets and gaps', m: [37], n: [19], k: [17], a: { offset: 3, gap: 2 }, b: { offset: 5 }, out: { gap: 3 } },
  { name: 'little to sum', m: [140], n: [132], k: [11], b: { offset: 1 } },
  { name: 'less to sum', m: [70], n: [300], k: [3] },
  { name: 'long sums', m: [20], n: [24], k: [2100], a: { order: [1, 0] } },
  { name: 'longer sums', m: [33], n: [36], k: [1027] },
  { name: 'a batch', batch: [3], m: [35], n: [36], k: [37] },
  { name: 'a batch of tiny matrices', batch: [50], m: [4], n: [5], k: [6] },
  { name: 'a batch of small matrices', batch: [7], m: [16], n: [12], k: [15] },
  {
    name: 'a batch that repeats',
    batch: [2, 3],
    m: [34],
    n: [20],
    k: [18],
    a: { repeated: [0] },
    b: { repeated: [0, 1] },
  },
  {
    name: 'a batch within rows',
    batch: [3],
    m: [18],
    n: [20],
    k: [32],
    a: { order: [1, 0, 2] },
    out: { order: [1, 0, 2] },
  },
  {
    name: 'lists of dims',
    batch: [2],
    m: [3, 12],
    n: [7, 5],
    k: [3, 4],
    b: { order: [3, 0, 1, 2, 4] },
    out: { order: [4, 1, 0, 2, 3] },
  },
  { name: 'rows in two dims', m: [3, 20], n: [24], k: [16], out: { order: [1, 0, 2] } },
  { name: 'vectors', m: [], n: [], k: [37] },
  { name: 'long vectors', m: [], n: [], k: [5000], a: { gap: 2 } },
  { name: 'vectors in two dims', m: [], n: [], k: [70, 40], a: { order: [1, 0] } },
  { name: 'an outer product', m: [90], n: [70], k: [] },
  { name: 'a matrix and a vector', m: [70], n: [], k: [133] },
  { name: 'a matrix of columns and a vector', m: [300], n: [], k: [133], a: { order: [1, 0] } },
  { name: 'a vector and a matrix', m: [], n: [300], k: [260] },
  { name: 'seven rows', m: [7], n: [300], k: [64] },
  { name: 'seven rows, both along k', m: [7], n: [150], k: [2048], b: { order: [1, 0] } },
  { name: 'eight columns of odd length', m: [90], n: [8], k: [1111] },
  { name: 'five by six', m: [5], n: [6], k: [3000] },
  { name: 'few columns, many of them summed', m: [3000], n: [6], k: [9], a: { order: [1, 0] } },
  { name: 'nothing to sum', m: [33], n: [35], k: [0] },
  { name: 'nothing to sum, few rows', m: [3], n: [5], k: [4, 0] },
  { name: 'no rows', m: [0], n: [5], k: [4] },
  { name: 'no batch', batch: [0], m: [3], n: [5], k: [4] },
  {
    name: 'dims that never merge',
    m: [2, 2, 2, 2, 2, 2, 2, 2, 2],
    n: [18],
    k: [20],
    a: { order: [8, 7, 6, 5, 4, 3, 2, 1, 0, 9], gap: 2 },
  },
];

const plain = cpu({ engine: 'plain' }).open(0) as Runtime<TypedArray>;

/** A view of the same elements in both places. */
interface Twin {
  readonly onCpu: TensorView<TypedArray>;
  readonly onCard: View;
}

/** Whole numbers whose sums of products are exact in any order; for integers any at all, since they wrap. */
function smallNumbers(dtype: DType, random: Random): () => number {
  if (dtype === 'int64' || dtype === 'int32') return () => random(2 ** 32) - 2 ** 31;
  if (dtype === 'int16') return () => random(2 ** 16) - 2 ** 15;
  if (dtype === 'uint8') return () => random(256);
  return () => random(16) - 8;
}

if (noCuda === null) {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error(loaded.reason);
  const { addon }: { addon: Addon } = loaded;
  // the emulator's cuBLASLt lies beside its driver
  const [{ computeCapability }] = addon.probe({ libraries: [dirname(inject('cudaDriver'))] }).devices;
  const native = addon.open(0, {});
  const byLt = vi.spyOn(native, 'multiply');
  const library = new KernelLibrary(native, computeCapability);
  const called = new Set<string>();

  /** Products as on a card with so many multiprocessors: of few it has large tiles, and of many it splits long sums. */
  const products = (device: Pick<ProbedDevice, 'multiprocessors' | 'computeCapability'>, options: MatmulOptions) => {
    const cuda = new Cuda(native, library, device);
    const call = cuda.call.bind(cuda);
    vi.spyOn(cuda, 'call').mockImplementation((kernel) => {
      called.add(typeof kernel === 'string' ? kernel : kernel.name);
      return call(kernel);
    });
    return createMatmul(cuda, createMap(cuda, new Programs(cuda, null)), options);
  };

  const kinds: { readonly [name: string]: Runtime<Buffer>['matmul'] } = {
    'one multiprocessor': products({ multiprocessors: 1, computeCapability: [8, 0] }, { cublasLt: false }),
    'many multiprocessors': products({ multiprocessors: 108, computeCapability: [8, 0] }, { cublasLt: false }),
    Turing: products({ multiprocessors: 4, computeCapability: [7, 5] }, { cublasLt: false, tf32: true }),
    'TF32, one multiprocessor': products(
      { multiprocessors: 1, computeCapability: [9, 0] },
      { cublasLt: false, tf32: true },
    ),
    'TF32, many multiprocessors': products(
      { multiprocessors: 132, computeCapability: [9, 0] },
      { cublasLt: false, tf32: true },
    ),
    cuBLASLt: products({ multiprocessors: 108, computeCapability: [8, 0] }, {}),
  };

  const storage = new Cuda(native, library, { multiprocessors: 1, computeCapability });

  /** All elements of an array as elements of another type. */
  function cast(from: DType, source: TypedArray, to: DType, target: TypedArray): void {
    const whole = { shape: [source.length], strides: [1], offset: 0 };
    const program = new Program([expr.cast(expr.input(0, from), to)], [from]);
    const out = { ...whole, dtype: to, storage: { buffer: target } };
    plain.map([out], [{ ...whole, dtype: from, storage: { buffer: source } }], program, []);
  }

  /** Elements as JavaScript has them: halves are kept as their bits. */
  function valuesOf(dtype: DType, data: TypedArray): TypedArray {
    if (dtype !== 'float16' && dtype !== 'bfloat16') return data;
    const values = new Float64Array(data.length);
    cast(dtype, data, 'float64', values);
    return values;
  }

  function twin(dtype: DType, shape: readonly number[], layout: Layout, next: () => number): Twin {
    const { order = range(shape.length), gap = 1, offset = 0, repeated = [] } = layout;
    const strides = shape.map(() => 0);
    let step = gap;
    for (const d of [...order].reverse()) {
      if (repeated.includes(d)) continue;
      strides[d] = step;
      step *= Math.max(1, shape[d]);
    }
    const length = step + offset + 3;
    const data = plain.allocate(dtype, length);
    const float = plain.allocate('float64', length);
    for (let i = 0; i < length; i++) float[i] = next();
    cast('float64', float, dtype, data);
    const buffer = storage.allocate(dtype, length);
    storage.upload(buffer, data, 0);
    const view = { dtype, shape, strides, offset };
    return { onCpu: { ...view, storage: { buffer: data } }, onCard: { ...view, storage: { buffer } } };
  }

  /** Everything in the buffers: nothing may be written beside the results. */
  function compare({ onCpu, onCard }: Twin, bound: (want: number) => number = () => 0): void {
    const { dtype } = onCpu;
    const want = valuesOf(dtype, onCpu.storage.buffer);
    const got = valuesOf(dtype, storage.downloadSync(onCard.storage.buffer, 0, want.length));
    let wrong = 0;
    for (let i = 0; i < want.length; i++) {
      if (got[i] === want[i] || (Number.isNaN(got[i]) && Number.isNaN(want[i]))) continue;
      if (!(Math.abs(Number(got[i]) - Number(want[i])) <= bound(Number(want[i])))) wrong++;
      if (wrong === 1) expect.soft(`element ${i}: ${got[i]}`).toBe(`element ${i}: ${want[i]}`);
    }
    expect(wrong, `of ${want.length} elements`).toBe(0);
  }

  const operands = (dtype: DType, { batch = [], m, n, k, ...layouts }: Case, next: () => number) => ({
    a: twin(dtype, [...batch, ...m, ...k], layouts.a ?? {}, next),
    b: twin(dtype, [...batch, ...k, ...n], layouts.b ?? {}, next),
    out: twin(dtype, [...batch, ...m, ...n], layouts.out ?? {}, next),
    dims: { batch: batch.length, m: m.length, n: n.length, k: k.length },
  });

  const free = (...twins: readonly Twin[]) => {
    for (const { onCard } of twins) storage.free(onCard.storage.buffer);
  };

  type Side = 'onCpu' | 'onCard';
  type EpilogueOf = <S extends Side>(side: S) => Epilogue<Twin[S]['storage']['buffer']> | undefined;

  function check(
    matmul: Runtime<Buffer>['matmul'],
    { a, b, out }: { readonly a: Twin; readonly b: Twin; readonly out: Twin },
    dims: MatmulDims,
    epilogue: EpilogueOf = () => undefined,
    bound?: (want: number) => number,
  ): void {
    plain.matmul(out.onCpu, a.onCpu, b.onCpu, dims, epilogue('onCpu') as Epilogue<TypedArray> | undefined);
    matmul(out.onCard, a.onCard, b.onCard, dims, epilogue('onCard') as Epilogue<Buffer> | undefined);
    compare(out, bound);
    free(a, b, out);
  }

  describe.each(Object.keys(kinds))('%s', (kind) => {
    const matmul = kinds[kind];
    const dtypes: readonly DType[] = kind.startsWith('TF32')
      ? ['float32']
      : ['float32', 'float64', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8'];

    describe.each(dtypes)('%s', (dtype) => {
      it.each(cases)('$name', (each) => {
        const random = generator(sizeOf(each.m) * 7 + sizeOf(each.n));
        const { dims, ...twins } = operands(dtype, each, smallNumbers(dtype, random));
        check(matmul, twins, dims);
      });

      it('windows of an image that overlap', () => {
        const next = smallNumbers(dtype, generator(4));
        const image = twin(dtype, [2, 3, 9, 12], {}, next);
        const weights = twin(dtype, [20, 3, 3, 3], {}, next);
        const out = twin(dtype, [20, 2, 4, 10], { order: [1, 0, 2, 3] }, next);
        const [batch, channel, row] = image.onCpu.strides;
        const windowsOf = <V extends { readonly shape: readonly number[]; readonly strides: readonly number[] }>(
          view: V,
        ): V => ({
          ...view,
          shape: [3, 3, 3, 2, 4, 10],
          strides: [channel, row, 1, batch, 2 * row, 1],
        });
        const windows = { onCpu: windowsOf(image.onCpu), onCard: windowsOf(image.onCard) };
        check(matmul, { a: weights, b: windows, out }, { batch: 0, m: 1, n: 3, k: 3 });
      });

      it.each([
        ['a row', [1], [40, 36, 70]],
        ['a column', [0], [40, 36, 70]],
        ['a matrix, the other way round', [], [20, 24, 1500]],
        ['a row, after few rows', [0], [5, 300, 70]],
      ] as const)('adds %s', (name, repeated, [m, n, k]) => {
        const next = smallNumbers(dtype, generator(5));
        const { dims, ...twins } = operands(dtype, { name: '', m: [m], n: [n], k: [k] }, next);
        const bias = twin(dtype, [m, n], { repeated: [...repeated] }, next);
        const inputs = [expr.input(0, dtype), expr.input(1, dtype)] as const;
        const sum = name.includes('other') ? expr.add(inputs[1], inputs[0]) : expr.add(...inputs);
        const program = new Program([sum], [dtype, dtype]);
        check(matmul, twins, dims, (side) => ({ program, inputs: [bias[side]], params: [] }) as never);
        free(bias);
      });

      it.each([
        [20, 24, 70],
        [3, 40, 3000],
      ])('applies an epilogue to %i × %i sums of %i', (m, n, k) => {
        const next = smallNumbers(dtype, generator(6));
        const { dims, ...twins } = operands(dtype, { name: '', m: [m], n: [n], k: [k] }, next);
        const bias = twin(dtype, [m, n], { repeated: [0] }, next);
        const scaled = expr.mul(expr.param(0, dtype), expr.input(0, dtype));
        const program = new Program([expr.max(expr.add(expr.input(1, dtype), scaled), 0)], [dtype, dtype], [dtype]);
        check(matmul, twins, dims, (side) => ({ program, inputs: [bias[side]], params: [3] }) as never);
        free(bias);
      });

      it('random shapes and layouts', () => {
        const random = generator(dtype.length * 31 + kind.length);
        const next = smallNumbers(dtype, random);
        const size = () => 1 + random(random(4) === 0 ? 150 : 40);
        for (let i = 0; i < 12; i++) {
          const [m, n, k] = [size(), size(), size()];
          const batch = random(3) === 0 ? [1 + random(3)] : [];
          const layout = (): Layout => {
            const dims = range(2 + batch.length);
            const order = random(2) === 0 ? dims : [...dims].sort(() => random(2) - 0.5);
            return { order, offset: random(6), gap: random(4) === 0 ? 2 : 1 };
          };
          const each: Case = { name: '', batch, m: [m], n: [n], k: [k], a: layout(), b: layout(), out: layout() };
          const { dims, ...twins } = operands(dtype, each, next);
          check(matmul, twins, dims);
        }
      });

      if (isFloat(dtype)) {
        it('numbers that are rounded, twice to the same bits', () => {
          const random = generator(9);
          const next = () => random(2 ** 24) / 2 ** 23 - 1;
          // sums of at most 600 products below 1; TF32 and the halves round factors or results
          const digits = { float64: 53, float32: kind.startsWith('TF32') ? 11 : 24, float16: 11, bfloat16: 8 }[
            dtype as 'float64'
          ];
          for (const [m, n, k] of [
            [50, 40, 600],
            [6, 90, 600],
            [140, 136, 100],
          ]) {
            const { dims, ...twins } = operands(dtype, { name: '', m: [m], n: [n], k: [k] }, next);
            const again = { ...twins.out.onCard, storage: { buffer: storage.allocate(dtype, m * n) } };
            matmul(again, twins.a.onCard, twins.b.onCard, dims);
            matmul(twins.out.onCard, twins.a.onCard, twins.b.onCard, dims);
            const [first, second] = [again, twins.out.onCard].map(({ storage: { buffer } }) =>
              storage.downloadSync(buffer, 0, m * n),
            );
            expect(second).toEqual(first);
            storage.free(again.storage.buffer);
            const error = dtype === 'float32' && digits === 11 ? k * 2 ** -10 : k * 2 ** -24 + 30 * 2 ** -digits;
            check(matmul, twins, dims, undefined, () => (dtype === 'float64' ? k * 2 ** -50 : error));
          }
        });

        it('NaN and infinity go through, and only where they belong', () => {
          const { dims, ...twins } = operands(dtype, { name: '', m: [20], n: [21], k: [22] }, () => 1);
          const [nan, infinity] =
            dtype === 'float16' ? [0x7e00, 0x7c00] : dtype === 'bfloat16' ? [0x7fc0, 0x7f80] : [Number.NaN, Infinity];
          for (const [twinOf, at, value] of [
            [twins.a, 5 * 22 + 21, nan],
            [twins.b, 3 * 21 + 20, infinity],
          ] as const) {
            (twinOf.onCpu.storage.buffer as Float32Array)[at] = value;
            storage.upload(twinOf.onCard.storage.buffer, twinOf.onCpu.storage.buffer, 0);
          }
          check(matmul, twins, dims);
        });
      }
    });
  });

  describe('cuBLASLt is asked', () => {
    const asked = (dtype: DType, each: Case, epilogue?: EpilogueOf): readonly LtProduct[] => {
      const { dims, ...twins } = operands(dtype, each, smallNumbers(dtype, generator(8)));
      byLt.mockClear();
      check(kinds.cuBLASLt, twins, dims, epilogue);
      return byLt.mock.calls.map(([product]) => product);
    };
    const named = (name: string): Case => cases.find((each) => each.name === name) as Case;

    it.each([
      ['row-major, odd', [false, false, 1]],
      ['left transposed', [false, true, 1]],
      ['right transposed', [true, false, 1]],
      ['a batch', [false, false, 3]],
      // one that lies outside in the result: its 20 rows by 3 are a batch of 20
      ['rows in two dims', [false, false, 20]],
    ] as const)('for %s', (name, [a, b, batch]) => {
      for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
        const [product, ...others] = asked(dtype, named(name));
        expect(others).toEqual([]);
        expect([product.a.transposed, product.b.transposed, product.batch, product.tf32]).toEqual([a, b, batch, false]);
      }
    });

    it('for each part of a batch of two dims', () => {
      expect(asked('float32', named('a batch that repeats'))).toHaveLength(2);
    });

    it.each(['a vector and a matrix', 'nothing to sum', 'offsets and gaps', 'a batch within rows'])(
      'not for %s',
      (name) => {
        expect(asked('float32', named(name))).toEqual([]);
      },
    );

    it('not for integers', () => {
      expect(asked('int32', named('row-major, odd'))).toEqual([]);
    });

    it.each([
      ['float32', 0, 'bias'],
      ['float32', 1, 'none'],
      ['float16', 0, 'none'],
    ] as const)('for a bias of %s that repeats along dim %i: %s', (dtype, repeated, epilogue) => {
      const next = smallNumbers(dtype, generator(5));
      const bias = twin(dtype, [40, 36], { repeated: [repeated], offset: 2 }, next);
      const program = new Program([expr.add(expr.input(0, dtype), expr.input(1, dtype))], [dtype, dtype]);
      const [product] = asked(
        dtype,
        { name: '', m: [40], n: [36], k: [20] },
        (side) => ({ program, inputs: [bias[side]], params: [] }) as never,
      );
      expect(product.epilogue).toBe(epilogue);
      free(bias);
    });

    it('and TF32 only if it may be', () => {
      const allowed = products({ multiprocessors: 108, computeCapability: [8, 0] }, { tf32: true });
      const { dims, ...twins } = operands('float32', named('row-major, odd'), smallNumbers('float32', generator(8)));
      byLt.mockClear();
      check(allowed, twins, dims);
      expect(byLt.mock.calls.map(([{ tf32 }]) => tf32)).toEqual([true]);
    });
  });

  it('has called every kernel', () => {
    const text = readFileSync(new URL('../kernels/kernels.json', import.meta.url), 'utf8');
    const names = Object.keys((JSON.parse(text) as { kernels: object }).kernels).filter((name) =>
      name.startsWith('matmul_'),
    );
    expect(names.filter((name) => !called.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(80);
  });
} else it.skip(`products: ${noCuda}`, () => {});
