import { BackendError, fromTypedArray, memory, registerBackend, resolveDevice } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { backend } from './index.ts';
import { bufferStore } from './memory.ts';

registerBackend(backend);
const device = '__DEVICE__';

it('gives data back bit by bit', async () => {
  const floats = Float32Array.of(1.5, -0, Number.NaN, 3.4028234663852886e38);
  expect(await fromTypedArray(floats, [4], { device }).toTypedArray()).toEqual(floats);
  const integers = BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n));
  expect(await fromTypedArray(integers, [2], { device }).toTypedArray()).toEqual(integers);
});

it('writes and copies at an offset', async () => {
  const { runtime } = resolveDevice(device);
  const [from, to] = [runtime.allocate('int32', 4), runtime.allocate('int32', 4)];
  runtime.upload(from, Int32Array.of(1, 2, 3, 4), 0);
  runtime.upload(to, Int32Array.of(0, 0, 0, 0), 0);
  runtime.copy(from, 1, to, 2, 2);
  runtime.upload(to, Int32Array.of(9), 1);
  expect(await runtime.download(to, 0, 4)).toEqual(Int32Array.of(0, 9, 2, 3));
  expect(await runtime.download(to, 2, 2)).toEqual(Int32Array.of(2, 3));
  runtime.free(from);
  runtime.free(to);
});

it('gives an array of its own', async () => {
  const data = Float32Array.of(1, 2);
  const x = fromTypedArray(data, [2], { device });
  data[0] = 7;
  (await x.toTypedArray())[1] = 7;
  expect(await x.toTypedArray()).toEqual(Float32Array.of(1, 2));
});

it('is freed when its tensor is disposed', () => {
  const held = () => memory()[device]?.bytes ?? 0;
  const before = held();
  const x = fromTypedArray(new Float32Array(1000), [1000], { device });
  expect(held()).toBe(before + 4000);
  x.dispose();
  expect(held()).toBe(before);
});

it('says what is missing when there is no room, and goes on', () => {
  const store = bufferStore(100);
  const first = store.allocate('float32', 20);
  expect(() => store.allocate('float64', 3)).toThrow(BackendError);
  expect(() => store.allocate('float64', 3)).toThrow('24 bytes asked, 80 held, 20 free');
  store.free(first);
  expect(store.allocate('float64', 3).byteLength).toBe(24);
});
