/** Sorting on the device against the plain engine: stable in both directions, NaN largest. */
import type { DType } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { Cuda } from './cuda.ts';
import { KernelLibrary } from './kernel-library.ts';
import { loadAddon } from './load-addon.ts';
import { sortKeys } from './sort.ts';
import {
  contents,
  everyDType,
  expectTwins,
  free,
  generator,
  gpu,
  onCuda,
  plain,
  type Random,
  type Twin,
  target,
  twin,
} from './twins.test-support.ts';

onCuda('sort on CUDA', () => {
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

  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = generator(seed);
      const dtype = random.pick(everyDType);
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

  // in shared memory, a line to a block and several; by digits: one block of one tile and of several, many lines, several blocks
  it.each([
    ['float32', [2048], 0, false],
    ['float64', [3, 1025], 1, true],
    ['int32', [100, 130], 0, false],
    ['float16', [300, 20], 1, true],
    ['float32', [2049], 0, true],
    ['float32', [50_000], 0, false],
    ['int32', [5, 3000], 1, true],
    ['int64', [3000, 3], 0, false],
    ['float64', [2500, 2], 0, true],
    ['bfloat16', [20_000], 0, true],
    ['uint8', [30_000], 0, true],
    ['bool', [10_000], 0, false],
    ['int8', [300, 2100], 1, false],
  ] as const satisfies readonly (readonly [DType, readonly number[], number, boolean])[])(
    'equals it for %s in shape %j along %i, descending: %s',
    async (dtype, shape, axis, descending) => {
      const random = generator(shape[0]);
      const x = twin(random, dtype, shape);
      await compare(random, 'large', x, axis, descending);
      free(x);
    },
  );

  it('sorts a line of many blocks', async () => {
    const random = generator(5);
    const n = 300_000;
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

  it('keeps the bits of what it sorts, and the order of -0 and 0', async () => {
    const random = generator(1);
    const list = [0, -0, Number.NaN, -0, Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY, -1];
    for (const length of [8, 4096]) {
      const x = twin(random, 'float32', [length], { dense: true, values: (i) => list[i % list.length] });
      const indices = target(random, 'int64', [length], { dense: true });
      const values = target(random, 'float32', [length], { dense: true });
      gpu.sort(values.onGpu, indices.onGpu, x.onGpu, 0, false);
      const from = (await contents(indices)).actual;
      const { actual } = await contents(values);
      const data = x.onCpu.storage.buffer;
      for (let i = 0; i < length; i++) {
        const source = Number(from[indices.onGpu.offset + i]);
        expect(Object.is(actual[values.onGpu.offset + i], data[x.onCpu.offset + source])).toBe(true);
      }
      const zeros = Array.from(from.slice(indices.onGpu.offset, indices.onGpu.offset + length), Number).filter(
        (i) => data[x.onCpu.offset + i] === 0,
      );
      expect(zeros).toEqual(zeros.toSorted((a, b) => a - b));
      free(x, values, indices);
    }
  });

  // lines of more than 2^32 elements fit no test: their kernels are launched on shorter ones
  it.each([
    ['int32', 'int64', 17],
    ['int64', 'int64', 40],
    ['int64', 'int32', 64],
  ] as const)('sorts %s keys with %s places by %i bits', async (keyType, placeType, bits) => {
    const random = generator(bits);
    const [count, length] = [2, 9000];
    const keys = Array.from({ length: count * length }, () => random.below(2 ** Math.min(bits, 52)));
    const loaded = loadAddon();
    if ('reason' in loaded) throw new Error(loaded.reason);
    const native = loaded.addon.open(0, {});
    const cuda = new Cuda(native, new KernelLibrary(native, [8, 0]), { computeCapability: [8, 0], multiprocessors: 8 });
    const buffer = cuda.allocate(keyType, keys.length);
    cuda.upload(buffer, keyType === 'int64' ? BigInt64Array.from(keys, BigInt) : Int32Array.from(keys), 0);
    sortKeys(cuda, { keys: buffer, count, length, bits, placeType }, true, (sorted, places) => {
      const [values, at] = [sorted, places].map((x) => Array.from(cuda.downloadSync(x, 0, keys.length), Number));
      for (let line = 0; line < count; line++) {
        const own = keys.slice(line * length, (line + 1) * length);
        const order = own.map((_, i) => i).sort((i, j) => own[i] - own[j] || i - j);
        expect(at.slice(line * length, (line + 1) * length)).toEqual(order);
        expect(values.slice(line * length, (line + 1) * length)).toEqual(order.map((i) => own[i]));
      }
    });
    native.close();
  });
});
