/** Sorting on the GPU against the plain engine: stable in both directions, NaN largest. */
import type { DType } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import {
  contents,
  counters,
  expectTwins,
  free,
  generator,
  gpu,
  plain,
  type Random,
  type Twin,
  target,
  twin,
} from './twins.test-support.ts';

const dtypes: readonly DType[] = ['float32', 'int64', 'int32', 'uint8', 'bool'];

async function compare(random: Random, what: string, x: Twin, axis: number, descending: boolean): Promise<void> {
  const { dtype, shape } = x;
  const [values, indices] = [target(random, dtype, shape), target(random, 'int64', shape)];
  gpu.sort(values.onGpu, indices.onGpu, x.onGpu, axis, descending);
  if (!shape.includes(0)) plain.sort(values.onCpu, indices.onCpu, x.onCpu, axis, descending);
  const name = `${what}: ${dtype} [${shape}] along ${axis}${descending ? ', descending' : ''}`;
  await expectTwins(values, name);
  await expectTwins(indices, `${name}, indices`);
  free(values, indices);
}

describe('sort on the GPU', () => {
  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = generator(seed);
      const dtype = random.pick(dtypes);
      const shape = Array.from({ length: 1 + random.below(3) }, () => (random() < 0.02 ? 0 : 1 + random.below(9)));
      const axis = random.below(shape.length);
      if (random() < 0.5 && shape[axis]) shape[axis] = 1 + random.below(seed % 10 === 0 ? 3000 : 200);
      // few different values, so that there are ties
      const values = random() < 0.4 ? { values: () => random.below(dtype === 'bool' ? 2 : 5) } : {};
      const x = twin(random, dtype, shape, { broadcast: true, ...values });
      await compare(random, `seed ${seed}`, x, axis, random() < 0.5);
      free(x);
    }
  });

  // merged in workgroup memory, one line to a workgroup and several; by digits, one block and several; so long that their counts are scanned in blocks
  it.each([
    ['float32', [1024], 0, false],
    ['float32', [3, 1000], 1, true],
    ['int32', [100, 130], 0, false],
    ['uint8', [5000, 5], 1, true],
    ['float32', [1025], 0, true],
    ['float32', [70_000], 0, false],
    ['int32', [5, 3000], 1, true],
    ['int64', [3000, 3], 0, false],
    ['uint8', [100_000], 0, true],
    ['bool', [10_000], 0, false],
  ] as const)('equals it for %s in shape %j along %i, descending: %s', async (dtype, shape, axis, descending) => {
    const random = generator(shape[0]);
    const x = twin(random, dtype, shape, {});
    await compare(random, 'large', x, axis, descending);
    free(x);
  });

  it('sorts a million numbers', async () => {
    const random = generator(5);
    const n = 1_000_000;
    const x = twin(random, 'float32', [n], { dense: true, specials: false });
    const [values, indices] = [target(random, 'float32', [n]), target(random, 'int64', [n])];
    gpu.sort(values.onGpu, indices.onGpu, x.onGpu, 0, false);
    const data = x.onCpu.storage.buffer as Float32Array;
    const expected = data.slice(x.onCpu.offset, x.onCpu.offset + n).sort();
    const { actual } = await contents(values);
    const at = (await contents(indices)).actual;
    const seen = new Uint8Array(n);
    let wrong = 0;
    for (let i = 0; i < n; i++) {
      if (actual[values.onGpu.offset + i * values.onGpu.strides[0]] !== expected[i]) wrong++;
      const from = Number(at[indices.onGpu.offset + i * indices.onGpu.strides[0]]);
      if (data[x.onCpu.offset + from] !== expected[i]) wrong++;
      seen[from] = 1;
    }
    expect(wrong).toBe(0);
    expect(seen.includes(0)).toBe(false);
    free(x, values, indices);
  });

  it('needs few dispatches: one for short lines', () => {
    const random = generator(1);
    const x = twin(random, 'float32', [200, 64], {});
    const [values, indices] = [target(random, 'float32', [200, 64]), target(random, 'int64', [200, 64])];
    const before = counters?.dispatches ?? 0;
    gpu.sort(values.onGpu, indices.onGpu, x.onGpu, 1, false);
    expect((counters?.dispatches ?? 0) - before).toBe(1);
    free(x, values, indices);
  });
});
