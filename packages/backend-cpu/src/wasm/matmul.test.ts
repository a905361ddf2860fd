/** Products against the sums that define them: at sizes on both sides of every block's edge, and in every layout. */
import {
  contiguousStrides,
  type DType,
  expr,
  isFloat,
  type MatmulDims,
  Program,
  type TensorView,
  type TypedArray,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { codecOf } from '../elements.ts';
import { cpu } from '../runtime.ts';
import { generator } from '../test-views.ts';

const runtime = cpu().open(0);

function randomMatrix(
  dtype: DType,
  shape: readonly number[],
  transposed: boolean,
  seed: number,
): TensorView<TypedArray> {
  const random = generator(seed);
  const strides = contiguousStrides(transposed ? [shape[1], shape[0]] : shape);
  const buffer = runtime.allocate(dtype, shape[0] * shape[1] + 3) as TypedArray;
  const { write } = codecOf(dtype);
  for (let i = 0; i < buffer.length; i++)
    write(buffer, i, dtype === 'int64' ? 0n : Math.round(random() * 64 - 32) / 16);
  return { dtype, shape, strides: transposed ? [strides[1], strides[0]] : strides, offset: 3, storage: { buffer } };
}

const at = ({ dtype, strides, offset, storage }: TensorView<TypedArray>, i: number, j: number): number =>
  codecOf(dtype).read(storage.buffer, offset + i * strides[0] + j * strides[1]) as number;

describe.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('%s', (dtype) => {
  it.each([
    [4, 4, 2048],
    [33, 37, 41],
    [128, 16, 512],
    [129, 513, 7],
    [131, 9, 515],
    [127, 515, 513],
    [5, 1030, 1025],
    [2051, 12, 17],
  ])('%i × %i, k = %i', (m, n, k) => {
    for (const [seed, [left, right, result]] of [
      [false, false, false],
      [true, true, true],
    ].entries()) {
      const a = randomMatrix(dtype, [m, k], left, seed + 1);
      const b = randomMatrix(dtype, [k, n], right, seed + 2);
      const out = randomMatrix(dtype, [m, n], result, seed + 3);
      runtime.matmul(out, a, b, { batch: 0, m: 1, n: 1, k: 1 });
      // sums of multiples of 2^-8 are exact in float32 here; 16-bit results are rounded once
      const { read, write } = codecOf(dtype);
      const rounded = runtime.allocate(dtype, 1) as TypedArray;
      let wrong = 0;
      for (let i = 0; i < m; i += 1 + (i % 7)) {
        for (let j = 0; j < n; j += 1 + (j % 5)) {
          let sum = 0;
          for (let p = 0; p < k; p++) sum += at(a, i, p) * at(b, p, j);
          write(rounded, 0, sum);
          if (at(out, i, j) !== read(rounded, 0)) wrong++;
        }
      }
      expect(wrong).toBe(0);
    }
  });
});

it.each(['float32', 'float16'] as const)('multiplies each %s matrix of a batch, and of one that repeats', (dtype) => {
  const [batch, m, n, k] = [3, 33, 34, 35];
  const a = randomMatrix(dtype, [batch * m, k], false, 4);
  const b = randomMatrix(dtype, [k, n], true, 5);
  const out = randomMatrix(dtype, [batch * m, n], false, 6);
  runtime.matmul(
    { ...out, shape: [batch, m, n], strides: [m * n, n, 1] },
    { ...a, shape: [batch, m, k], strides: [m * k, k, 1] },
    { ...b, shape: [batch, k, n], strides: [0, ...b.strides] },
    { batch: 1, m: 1, n: 1, k: 1 },
  );
  const { read, write } = codecOf(dtype);
  const rounded = runtime.allocate(dtype, 1) as TypedArray;
  for (let i = 0; i < batch * m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += at(a, i, p) * at(b, p, j);
      write(rounded, 0, sum);
      expect(at(out, i, j)).toBe(read(rounded, 0));
    }
  }
});

it('keeps NaN and infinity in their rows and columns', () => {
  const [m, n, k] = [37, 41, 43];
  const a = randomMatrix('float32', [m, k], false, 1);
  const b = randomMatrix('float32', [k, n], false, 2);
  const out = randomMatrix('float32', [m, n], false, 3);
  a.storage.buffer[a.offset + 5 * k + 7] = Number.NaN;
  b.storage.buffer[b.offset + 11 * n + 13] = Number.POSITIVE_INFINITY;
  runtime.matmul(out, a, b, { batch: 0, m: 1, n: 1, k: 1 });
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) expect(Number.isFinite(at(out, i, j))).toBe(i !== 5 && j !== 13);
  }
});

/** A view of a new buffer: dims in any order in memory, with gaps, at an offset; some dims of an operand may repeat. */
function randomView(
  dtype: DType,
  shape: readonly number[],
  random: () => number,
  mayRepeat: boolean,
): TensorView<TypedArray> {
  const strides = new Array<number>(shape.length).fill(0);
  let step = random() < 0.3 ? 2 : 1;
  const order = shape.map((_, d) => [random() < 0.5 ? d : random() * shape.length, d]).sort(([x], [y]) => y - x);
  for (const [, d] of order) {
    if (mayRepeat && random() < 0.1) continue;
    strides[d] = step;
    step = step * Math.max(shape[d], 1) + (random() < 0.2 ? 1 : 0);
  }
  const offset = Math.floor(random() * 5);
  const buffer = runtime.allocate(dtype, offset + step + 3) as TypedArray;
  const { write } = codecOf(dtype);
  const scale = isFloat(dtype) ? 16 : 1;
  for (let i = 0; i < buffer.length; i++) {
    const value = Math.round(random() * 32 - 16);
    write(buffer, i, dtype === 'int64' ? BigInt(value) : value / scale);
  }
  return { dtype, shape, strides, offset, storage: { buffer } };
}

/** Offsets of all positions of dims `from` up to `to`, row-major. */
function positions({ shape, strides }: TensorView, from: number, to: number): number[] {
  let offsets = [0];
  for (let d = from; d < to; d++)
    offsets = offsets.flatMap((at) => Array.from({ length: shape[d] }, (_, i) => at + i * strides[d]));
  return offsets;
}

/** What the product must leave in the buffer of `out`; sums are exact. */
function expected(
  out: TensorView<TypedArray>,
  a: TensorView<TypedArray>,
  b: TensorView<TypedArray>,
  { batch, m, n, k }: MatmulDims,
  bias?: TensorView<TypedArray>,
): TypedArray {
  const result = out.storage.buffer.slice();
  const { read, write } = codecOf(out.dtype);
  const numbers = ({ offset, storage }: TensorView<TypedArray>): number[] =>
    Array.from({ length: storage.buffer.length - offset }, (_, i) => Number(read(storage.buffer, offset + i)));
  const [left, right, added] = [numbers(a), numbers(b), bias ? numbers(bias) : []];
  const list = (x: TensorView, first: number, second: number) =>
    [
      positions(x, 0, batch),
      positions(x, batch, batch + first),
      positions(x, batch + first, batch + first + second),
    ] as const;
  const [c0, cm, cn] = list(out, m, n);
  const [a0, am, ak] = list(a, m, k);
  const [b0, bk, bn] = list(b, k, n);
  const [v0, vm, vn] = bias ? list(bias, m, n) : list(out, m, n);
  const one = runtime.allocate(out.dtype, 1) as TypedArray;
  const round = (x: number): number => {
    write(one, 0, out.dtype === 'int64' ? BigInt(x) : x);
    return Number(read(one, 0));
  };
  c0.forEach((_, g) => {
    cm.forEach((_, i) => {
      cn.forEach((_, j) => {
        let sum = 0;
        for (let p = 0; p < ak.length; p++) sum += left[a0[g] + am[i] + ak[p]] * right[b0[g] + bk[p] + bn[j]];
        const value = bias ? round(round(sum) + added[v0[g] + vm[i] + vn[j]]) : round(sum);
        write(result, out.offset + c0[g] + cm[i] + cn[j], out.dtype === 'int64' ? BigInt(value) : value);
      });
    });
  });
  return result;
}

const sizes = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 33];
const dtypesOfProducts = ['float32', 'float64', 'int32', 'int64', 'float16', 'bfloat16', 'int8', 'uint8'] as const;

describe.each(dtypesOfProducts)('%s in any layout', (dtype) => {
  it.each(Array.from({ length: 40 }, (_, i) => i))('case %i', (seed) => {
    const random = generator(1000 + seed);
    const pick = (list: readonly number[]): number => list[Math.floor(random() * list.length)];
    const role = (list: readonly number[]): number[] => {
      const kind = random();
      if (kind < 0.6) return [pick(list)];
      return kind < 0.9 ? [pick([2, 3, 5]), pick([1, 4, 7, 8])] : [];
    };
    const batch = random() < 0.5 ? [] : [pick([1, 2, 3])];
    const [m, n] = [role(sizes), role(sizes)];
    const k = role([...sizes, 40, 64, 131]);
    if (seed % 16 === 0) k[0] = 0;
    const dims: MatmulDims = { batch: batch.length, m: m.length, n: n.length, k: k.length };
    const a = randomView(dtype, [...batch, ...m, ...k], random, true);
    const b = randomView(dtype, [...batch, ...k, ...n], random, true);
    const out = randomView(dtype, [...batch, ...m, ...n], random, false);
    const result = expected(out, a, b, dims);
    runtime.matmul(out, a, b, dims);
    expect(out.storage.buffer.slice()).toEqual(result);
  });
});

describe.each(['float32', 'float64', 'int32'] as const)('%s with a bias', (dtype) => {
  it.each([
    [70, 30, 600, 'rows'],
    [70, 30, 20, 'columns'],
    [9, 5000, 20, 'columns'],
    [5000, 9, 20, 'rows'],
    [2, 300, 40, 'columns'],
    [300, 1, 40, 'rows'],
    [30, 30, 20, 'both'],
  ] as const)('%i × %i, k = %i, of %s', (m, n, k, kind) => {
    const random = generator(m + n);
    for (const transposed of [false, true]) {
      const a = randomView(dtype, [2, m, k], random, false);
      const b = randomView(dtype, [2, k, n], random, false);
      const plain = randomView(dtype, transposed ? [2, n, m] : [2, m, n], random, false);
      const [g, x, y] = contiguousStrides(plain.shape);
      const buffer = runtime.allocate(dtype, 2 * m * n) as TypedArray;
      const out = {
        ...plain,
        shape: [2, m, n],
        strides: transposed ? [g, y, x] : [g, x, y],
        offset: 0,
        storage: { buffer },
      };
      const vector = randomView(dtype, [2, m, n], random, false);
      const strides = { rows: [m, 1, 0], columns: [n, 0, 1], both: vector.strides }[kind];
      const bias = { ...vector, strides: [...strides] };
      const program = new Program([expr.add(expr.input(0, dtype), expr.input(1, dtype))], [dtype, dtype]);
      const dims = { batch: 1, m: 1, n: 1, k: 1 };
      const result = expected(out, a, b, dims, bias);
      runtime.matmul(out, a, b, dims, { program, inputs: [bias], params: [] });
      expect(buffer.slice()).toEqual(result);
    }
  });
});

it('wraps integers', () => {
  const [n, k] = [8, 64];
  for (const dtype of ['int32', 'int64'] as const) {
    const bits = dtype === 'int32' ? 32 : 64;
    const big = 2n ** BigInt(bits - 2) + 12345n;
    const a = randomMatrix(dtype, [n, k], false, 1);
    const element = (x: bigint): number | bigint => (dtype === 'int32' ? Number(x) : x);
    const { write } = codecOf(dtype);
    for (let i = 0; i < a.storage.buffer.length; i++) write(a.storage.buffer, i, element(big + BigInt(i)));
    const out = randomMatrix(dtype, [n, n], false, 2);
    runtime.matmul(out, a, { ...a, shape: [k, n], strides: [1, k] }, { batch: 0, m: 1, n: 1, k: 1 });
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0n;
        for (let p = 0; p < k; p++) sum += (big + BigInt(3 + i * k + p)) * (big + BigInt(3 + j * k + p));
        expect(BigInt(out.storage.buffer[out.offset + i * n + j])).toBe(BigInt.asIntN(bits, sum));
      }
    }
  }
});

// roundings of a random sign grow with the square root of the terms that are added one after the other; here that is a block of k
it.each([
  [1, 5, false],
  [1, 5, true],
  [3, 9, false],
  [6, 10, false],
])('adds 100000 products of %i × %i floats in blocks (transposed: %s)', (m, n, transposed) => {
  const k = 100000;
  const random = generator(7);
  const fill = (x: TensorView<TypedArray>): TensorView<TypedArray> => {
    for (let i = 0; i < x.storage.buffer.length; i++) x.storage.buffer[i] = random();
    return x;
  };
  const a = fill(randomMatrix('float32', [m, k], false, 1));
  const b = fill(randomMatrix('float32', [k, n], transposed, 2));
  const out = randomMatrix('float32', [m, n], false, 3);
  runtime.matmul(out, a, b, { batch: 0, m: 1, n: 1, k: 1 });
  const [left, right] = [a.storage.buffer as Float32Array, b.storage.buffer as Float32Array];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++)
        sum += left[a.offset + i * k + p] * right[b.offset + p * b.strides[0] + j * b.strides[1]];
      expect(Math.abs(at(out, i, j) - sum) / sum).toBeLessThan(32 * 2 ** -24);
    }
  }
});
