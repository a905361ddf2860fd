/** The blocked product against the sum that defines it, at sizes on both sides of every block's edge. */
import { contiguousStrides, type DType, type TensorView, type TypedArray } from '@tenfold/tensor-core';
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
  for (let i = 0; i < buffer.length; i++) write(buffer, i, Math.round(random() * 64 - 32) / 16);
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
