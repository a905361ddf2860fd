/** Random numbers are those of the streams that core defines, however the result lies. */
import {
  type DType,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  halfToNumber,
} from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import {
  contents,
  everyDType,
  expectTwins,
  free,
  generator,
  gpu,
  onCuda,
  plain,
  target,
} from './twins.test-support.ts';

const key = { lo: 0x7654_3210, hi: 0xfedc_ba98 };
const seed = 0xfedc_ba98_7654_3210n;

/** Steps between two floats of one sign. */
function ulps(a: number, b: number, dtype: 'float32' | 'float64'): number {
  const bits = (x: number): bigint =>
    dtype === 'float32'
      ? BigInt(new Int32Array(new Float32Array([Math.abs(x)]).buffer)[0])
      : new BigInt64Array(new Float64Array([Math.abs(x)]).buffer)[0];
  const [x, y] = [bits(a), bits(b)];
  return Number(Math.sign(a) === Math.sign(b) ? (x > y ? x - y : y - x) : x + y);
}

onCuda('random on CUDA', () => {
  // the low word of the counter overflows in the last ones
  it.each([0, 2 ** 32 - 3, 2 ** 45 - 1])('writes the streams row-major from block %d', async (offset) => {
    const random = generator(1);
    for (const shape of [[1], [7], [33, 67], [2, 3, 4, 5], [0, 3]]) {
      for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
        const out = target(random, dtype, shape);
        gpu.random('uniform', out.onGpu, key, offset);
        plain.random('uniform', out.onCpu, key, offset);
        await expectTwins(out, `uniform ${dtype} [${shape}]`);
        free(out);
      }
      for (const dtype of everyDType) {
        const out = target(random, dtype, shape);
        const [low, range] = dtype === 'bool' ? [0, 2] : dtype === 'uint8' ? [3, 250] : [-100, 201];
        gpu.randomIntegers(out.onGpu, key, offset, low, range);
        plain.randomIntegers(out.onCpu, key, offset, low, range);
        await expectTwins(out, `integers ${dtype} [${shape}]`);
        free(out);
      }
    }
  });

  it('is the stream that core fills arrays from', async () => {
    const n = 4001;
    const expected = { float32: new Float32Array(n), float64: new Float64Array(n) };
    fillUniform32(expected.float32, seed, 9);
    fillUniform64(expected.float64, seed, 9);
    for (const dtype of ['float32', 'float64'] as const) {
      const buffer = gpu.allocate(dtype, n);
      gpu.random('uniform', { dtype, shape: [n], strides: [1], offset: 0, storage: { buffer } }, key, 9);
      expect(await gpu.download(buffer, 0, n)).toEqual(expected[dtype]);
      gpu.free(buffer);
    }
  });

  // of float64, both sides' logarithm, sine and cosine are off by a unit, which adds up
  it.each([
    ['float32', fillNormal32, 2],
    ['float64', fillNormal64, 6],
  ] as const)('draws normals of %s within a few units in the last place', async (dtype, fillNormal, bound) => {
    const n = 2 ** 18;
    const expected = new Float64Array(n);
    fillNormal(expected, seed, 3);
    const buffer = gpu.allocate(dtype, n);
    gpu.random('normal', { dtype, shape: [n], strides: [1], offset: 0, storage: { buffer } }, key, 3);
    const actual = Array.from(await gpu.download(buffer, 0, n), Number);
    let most = 0;
    for (let i = 0; i < n; i++) most = Math.max(most, ulps(actual[i], expected[i], dtype));
    expect(most).toBeLessThanOrEqual(bound);
    gpu.free(buffer);
  });

  it('rounds normals of 16 bits', async () => {
    const n = 4096;
    const expected = new Float32Array(n);
    fillNormal32(expected, seed, 3);
    const buffer = gpu.allocate('float16', n);
    gpu.random('normal', { dtype: 'float16', shape: [n], strides: [1], offset: 0, storage: { buffer } }, key, 3);
    const actual = await gpu.download(buffer, 0, n);
    for (let i = 0; i < n; i++) {
      // half a unit in the last place, and what the normal itself may be off by
      const bound = Math.max(2 ** -25, Math.abs(expected[i]) * 2 ** -11 * 1.001);
      expect(Math.abs(halfToNumber(Number(actual[i])) - expected[i])).toBeLessThanOrEqual(bound);
    }
    gpu.free(buffer);
  });

  it('draws integers of any range, in every dtype as the CPU does', async () => {
    const n = 2001;
    const words = new Uint32Array(n);
    fillBits(words, seed, 5);
    const random = generator(2);
    const dtypes: readonly DType[] = ['int64', 'float64', 'float32', 'float16', 'bfloat16', 'int32'];
    for (const [low, range] of [
      [0, 2 ** 32],
      [-(2 ** 40), 2 ** 32 - 1],
      [-1000, 3],
      [2 ** 52, 1],
      [-128, 2 ** 24 + 1],
    ]) {
      for (const dtype of dtypes) {
        if (dtype === 'int32' && range > 2 ** 24) continue;
        const out = target(random, dtype, [n], { dense: true });
        gpu.randomIntegers(out.onGpu, key, 5, low, range);
        plain.randomIntegers(out.onCpu, key, 5, low, range);
        await expectTwins(out, `${dtype} from ${low}, ${range}`);
        if (dtype === 'int64') {
          const { actual } = await contents(out);
          const at = out.onGpu.offset;
          expect(Array.from(actual.slice(at, at + n), Number)).toEqual(Array.from(words, (w) => low + (w % range)));
        }
        free(out);
      }
    }
  });

  it('fills more dims than kernels have', async () => {
    const random = generator(6);
    const shape = [3, ...Array.from({ length: 9 }, () => 2)];
    for (const dtype of ['float32', 'float64'] as const) {
      const wide = target(random, dtype, shape, { dense: true });
      const order = shape.map((_, d) => (d === 0 ? 0 : 1 + ((d * 2) % 9)));
      const permuted = <V extends { strides: readonly number[] }>(view: V): V => ({
        ...view,
        strides: order.map((d) => view.strides[d]),
      });
      gpu.random('uniform', permuted(wide.onGpu), key, 1);
      plain.random('uniform', permuted(wide.onCpu), key, 1);
      await expectTwins(wide, 'many dims');
      free(wide);
    }
  });
});
