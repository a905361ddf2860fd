/** The addon's calls: what they do, and that a wrong argument raises and leaves everything as it was. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { addonPath, driver, errorOf, fill, fillKernel, integers, openDevice, ptx } from './addon.test-support.ts';
import { loadAddon } from './load-addon.ts';
import type { Addon, LtMatrix, LtProduct, NativeDevice } from './native.ts';
import { noCuda } from './no-cuda.test-support.ts';

describe.skipIf(noCuda !== null)('addon', () => {
  it('is found where it was built', () => {
    expect(loadAddon()).toHaveProperty('addon');
  });

  it('probes the driver, its devices and the libraries', () => {
    process.env.TENFOLD_EMULATOR = '';
    const addon: Addon = createRequire(import.meta.url)(addonPath);
    const found = addon.probe({ driver });
    expect(found.driver).toEqual({ path: driver, version: '12.4', reason: null });
    expect(found.devices).toHaveLength(1);
    expect(found.devices[0]).toMatchObject({ computeCapability: [8, 0], memory: 2 ** 30 });
    expect(found.reason).toBeNull();
    for (const { path, reason } of Object.values(found.libraries)) expect(path === null).toBe(reason !== null);
  });

  it('says why there is nothing, instead of raising', () => {
    const addon: Addon = createRequire(import.meta.url)(addonPath);
    expect(addon.probe({ driver: '/nowhere/libcuda.so.1' })).toMatchObject({
      driver: { path: null, reason: expect.stringContaining('/nowhere/libcuda.so.1') },
      devices: [],
      libraries: { cublasLt: { path: null, reason: 'not looked for: there is no driver' } },
      reason: expect.stringContaining('/nowhere/libcuda.so.1'),
    });
    expect(errorOf(() => addon.open(0, {}))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('no driver'),
    });
    expect(addon.probe(JSON.parse('{ "driver": 3 }')).reason).toBe('`driver` must be a string, not 3');
    expect(addon.probe(JSON.parse('{ "libraries": [3] }')).reason).toBe('`libraries` must be a string, not 3');
    // a library that is no driver
    expect(addon.probe({ driver: 'libc.so.6' }).reason).toContain('has no cuInit');
  });

  it('moves bytes in and out, at any offset', async () => {
    const device = openDevice();
    const buffer = device.allocate(1000);
    device.fill(buffer, 0, 1000, 7);
    device.upload(buffer, 3, new Uint8Array([1, 2, 3]));
    device.upload(buffer, 8, new Float64Array([1.5]).subarray(0, 1));
    device.upload(buffer, 16, new DataView(new Uint8Array([9, 9, 4, 5]).buffer, 2));
    const bytes = new Uint8Array(device.downloadSync(buffer, 0, 20));
    expect([...bytes]).toEqual([7, 7, 7, 1, 2, 3, 7, 7, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 4, 5, 7, 7]);
    expect(new Uint8Array(await device.download(buffer, 3, 3))).toEqual(new Uint8Array([1, 2, 3]));
    const other = device.allocate(10);
    device.copy(buffer, 2, other, 1, 5);
    expect([...new Uint8Array(device.downloadSync(other, 1, 5))]).toEqual([7, 1, 2, 3, 7]);
    expect(device.downloadSync(other, 10, 0).byteLength).toBe(0);
    expect((await device.download(other, 0, 0)).byteLength).toBe(0);
  });

  it('takes the bytes of an upload before it returns, also where they are many', () => {
    const device = openDevice();
    // several chunks of staging memory, more than there are at once
    const count = (40 << 20) / 4;
    const data = new Uint32Array(count).map((_, i) => i * 2654435761);
    const buffer = device.allocate(data.byteLength);
    const expected = data.slice();
    device.upload(buffer, 0, data);
    data.fill(0);
    expect(Buffer.from(device.downloadSync(buffer, 0, data.byteLength)).equals(Buffer.from(expected.buffer))).toBe(
      true,
    );
  });

  it('queues reads: what is launched later is not in them', async () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(8 * 100);
    const reads: Promise<ArrayBuffer>[] = [];
    for (let factor = 1; factor <= 20; factor++) {
      fill(device, kernel, buffer, 100, factor);
      reads.push(device.download(buffer, 8, 16));
    }
    const waited = device.synchronize();
    device.release(buffer);
    expect((await Promise.all(reads)).map(integers)).toEqual(
      Array.from({ length: 20 }, (_, i) => [i + 1, 2 * (i + 1)]),
    );
    expect(await waited).toBeUndefined();
  });

  it('settles reads that are under way when the device is closed', async () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(24);
    fill(device, kernel, buffer, 3, 5);
    const reads = [device.download(buffer, 0, 24), device.download(buffer, 8, 8)];
    device.close();
    expect((await Promise.all(reads)).map(integers)).toEqual([[0, 5, 10], [5]]);
  });

  it('raises from every call once it is closed', async () => {
    const device = openDevice();
    const buffer = device.allocate(8);
    device.close();
    const closed = { code: 'LOST', message: 'the device was closed' };
    const calls: (() => unknown)[] = [
      () => device.allocate(8),
      () => device.release(buffer),
      () => device.downloadSync(buffer, 0, 8),
      () => device.loadModule('x', ptx()),
      () => device.memory(),
      () => device.emptyCache(),
      () => device.createStream(),
      () => device.setStream(0),
      () => device.beginCapture(),
      () => device.synchronizeSync(),
      () => device.close(),
    ];
    for (const call of calls) expect(errorOf(call)).toMatchObject(closed);
    await expect(device.download(buffer, 0, 8)).rejects.toMatchObject(closed);
    await expect(device.synchronize()).rejects.toMatchObject(closed);
    expect(device.lost).toBeNull();
  });

  it('gives numbers that no other thing of the process has', () => {
    const first = openDevice();
    const second = openDevice();
    const numbers = [first, second].flatMap((device) => {
      const buffer = device.allocate(8);
      device.release(buffer);
      return [buffer, device.allocate(8), fillKernel(device), device.createStream(), device.createEvent()];
    });
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => Number.isSafeInteger(number) && number > 0)).toBe(true);
    const [own] = [first.allocate(8)];
    expect(errorOf(() => second.fill(own, 0, 8, 1))).toMatchObject({
      code: 'ARGUMENT',
      message: `the buffer ${own} is another device's`,
    });
  });

  describe('wrong arguments', () => {
    const matrix = (handle: number): LtMatrix => ({
      handle,
      offset: 0,
      rows: 2,
      columns: 2,
      leading: 2,
      batchStride: 0,
      transposed: false,
    });
    const product = (handle: number): LtProduct => ({
      type: 'f32',
      tf32: false,
      batch: 1,
      a: matrix(handle),
      b: matrix(handle),
      d: matrix(handle),
      epilogue: 'none',
    });
    /** What each call is given wrongly; `any` value can come from JavaScript. */
    const wrong = (device: NativeDevice) => {
      const kernel = fillKernel(device);
      const buffer = device.allocate(100);
      const stream = device.createStream();
      const event = device.createEvent();
      const dead = device.allocate(8);
      device.release(dead);
      const detached = new Uint8Array(8);
      structuredClone(detached.buffer, { transfer: [detached.buffer] });
      const launch = (...pointers: number[]) => {
        device.pointers.set(pointers);
        return () => device.launch(kernel, 1, 1, 1, 256, pointers.length / 3);
      };
      const numbers = [NaN, -1, 0.5, Infinity, 2 ** 60, '1', null, undefined, {}, 1n] as number[];
      return [
        ...[...numbers, dead, kernel, event, buffer + 1, 7].flatMap((handle) => [
          () => device.fill(handle, 0, 1, 0),
          () => device.upload(handle, 0, new Uint8Array(1)),
          () => device.downloadSync(handle, 0, 1),
          () => device.copy(handle, 0, buffer, 0, 1),
          () => device.copy(buffer, 0, handle, 0, 1),
          () => device.release(handle),
          () => device.multiply({ ...product(buffer), a: matrix(handle) }),
        ]),
        ...numbers.flatMap((number) => [
          () => device.allocate(number),
          () => device.kernel(number, 'test_fill', 24, 256),
          () => device.launch(number, 1, 1, 1, 1, 0),
          () => device.launch(kernel, number, 1, 1, 1, 0),
          () => device.launch(kernel, 1, number, 1, 1, 0),
          () => device.launch(kernel, 1, 1, number, 1, 0),
          () => device.launch(kernel, 1, 1, 1, number, 0),
          () => device.launch(kernel, 1, 1, 1, 1, number),
          () => device.fill(buffer, number, 1, 0),
          () => device.fill(buffer, 0, number, 0),
          () => device.fill(buffer, 0, 1, number),
          () => device.downloadSync(buffer, number, 1),
          () => device.downloadSync(buffer, 0, number),
          () => device.setStream(number),
          () => device.destroyStream(number),
          () => device.recordEvent(number),
          () => device.waitEvent(number),
          () => device.queryEvent(number),
          () => device.synchronizeEvent(number),
          () => device.destroyEvent(number),
          () => device.elapsed(number, event),
          () => device.replay(number),
          () => device.destroyGraph(number),
        ]),
        // out of the buffer, by sums that would overflow as well
        () => device.fill(buffer, 99, 2, 0),
        () => device.fill(buffer, 2 ** 53 - 1, 2 ** 53 - 1, 0),
        () => device.downloadSync(buffer, 101, 0),
        () => device.upload(buffer, 93, new Float64Array(1)),
        () => device.copy(buffer, 0, buffer, 50, 51),
        () => device.copy(buffer, 0, buffer, 1, 2),
        // data that is none
        () => device.loadModule(7 as unknown as string, ptx()),
        () => device.upload(buffer, 0, detached),
        () => device.upload(buffer, 0, new ArrayBuffer(8) as unknown as Uint8Array),
        () => device.upload(buffer, 0, 'text' as unknown as Uint8Array),
        () => device.loadModule('x', detached),
        () => device.loadModule('x', new Uint8Array(0)),
        () => device.loadModule('x', new TextEncoder().encode('.version 7.0')),
        () => device.loadModule('x', new TextEncoder().encode('.version 7.0\0\0')),
        () => device.loadModule('x', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])),
        () => device.loadModule('a\0b', ptx()),
        // pointers: place, handle, offset
        launch(4, buffer, 0),
        launch(24, buffer, 0),
        launch(-8, buffer, 0),
        launch(NaN, buffer, 0),
        launch(0.5, buffer, 0),
        launch(0, dead, 0),
        launch(0, NaN, 0),
        launch(0, stream, 0),
        launch(0, buffer, 101),
        launch(0, buffer, -1),
        launch(0, buffer, 0.5),
        launch(0, buffer, NaN),
        // grids and blocks
        () => device.launch(kernel, 0, 1, 1, 1, 0),
        () => device.launch(kernel, 2 ** 31, 1, 1, 1, 0),
        () => device.launch(kernel, 1, 65536, 1, 1, 0),
        () => device.launch(kernel, 1, 1, 65536, 1, 0),
        () => device.launch(kernel, 1, 1, 1, 257, 0),
        () => device.launch(kernel, 1, 1, 1, 0, 0),
        // streams, graphs
        () => device.setStream(event),
        () => {
          device.setStream(stream);
          try {
            device.destroyStream(stream);
          } finally {
            device.setStream(0);
          }
        },
        () => device.endCapture(),
        () => device.abandonCapture(),
        () => new (device.constructor as new () => unknown)(),
      ];
    };

    it('raise ARGUMENT, and the device works as before', async () => {
      const device = openDevice();
      for (const call of wrong(device)) {
        const { code, message } = errorOf(call);
        expect({ code, call: `${call}` }).toEqual({
          code: expect.stringMatching(/^ARGUMENT$|^MEMORY$|^CUDA$/),
          call: `${call}`,
        });
        // 2^53 bytes are no wrong argument but more than there is; a product needs cuBLASLt first
        if (code !== 'ARGUMENT') expect(message).toMatch(/no memory|cuBLASLt/);
      }
      expect(device.lost).toBeNull();
      const kernel = fillKernel(device);
      const out = device.allocate(24);
      fill(device, kernel, out, 3, 4);
      expect(integers(await device.download(out, 0, 24))).toEqual([0, 4, 8]);
    });

    it('reject where a promise is returned', async () => {
      const device = openDevice();
      const buffer = device.allocate(8);
      for (const [handle, offset, bytes] of [
        [buffer, 1, 8],
        [buffer, 0, -1],
        [NaN, 0, 1],
        [buffer + 1, 0, 1],
      ])
        await expect(device.download(handle, offset, bytes)).rejects.toMatchObject({ code: 'ARGUMENT' });
    });

    it('say what was asked and what would work', () => {
      const device = openDevice();
      const kernel = fillKernel(device);
      const buffer = device.allocate(16);
      const cases: [() => unknown, string][] = [
        [() => device.fill(buffer, 10, 7, 0), '7 bytes from 10 are not within the buffer of 16 bytes'],
        [() => device.allocate(-1), 'the size of the buffer must be a whole number from 0 to 9007199254740991, not -1'],
        [() => device.fill(kernel, 0, 0, 0), `${kernel} is the number of a kernel, not of a buffer`],
        [() => device.launch(kernel, 1, 1, 1, 300, 0), 'blocks of 300 threads for test_fill, which has at most 256'],
      ];
      for (const [call, message] of cases) expect(errorOf(call).message).toBe(message);
      device.release(buffer);
      expect(errorOf(() => device.release(buffer)).message).toBe(`the buffer ${buffer} was released`);
    });

    it('are what a receiver that is no device is', () => {
      const device = openDevice();
      const allocate: (this: unknown, bytes: number) => unknown = device.allocate;
      expect(() => allocate.call({}, 8)).toThrow(TypeError);
      expect(() => allocate.call(Object.create(device), 8)).toThrow(TypeError);
    });
  });

  it('checks kernels when they are looked up', () => {
    const device = openDevice();
    const module = device.loadModule('test', ptx(['test_fill', 24, 256]));
    expect(errorOf(() => device.kernel(module, 'test_full', 24, 256))).toMatchObject({
      code: 'CUDA',
      cuda: 'CUDA_ERROR_NOT_FOUND',
      message: expect.stringContaining('the module test has no kernel test_full'),
    });
    expect(errorOf(() => device.kernel(module, 'test_fill', 16, 256)).message).toBe(
      'test_fill takes a struct of 24 bytes, not one of 16 bytes',
    );
    expect(errorOf(() => device.kernel(module, 'test_fill', 24, 512)).message).toBe(
      'test_fill runs in blocks of 1 to 256 threads, not of 512',
    );
    expect(errorOf(() => device.loadModule('odd', ptx(['nobody', 8, 32])))).toMatchObject({
      code: 'CUDA',
      message: expect.stringContaining("the module odd can't be loaded"),
    });
  });

  it('does not read arguments that were taken away', () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(8);
    const { argumentBytes, pointers } = device;
    structuredClone(pointers.buffer, { transfer: [pointers.buffer as ArrayBuffer] });
    expect(errorOf(() => device.launch(kernel, 1, 1, 1, 1, 1)).message).toBe('`pointers` was detached');
    structuredClone(argumentBytes, { transfer: [argumentBytes] });
    expect(errorOf(() => device.launch(kernel, 1, 1, 1, 1, 0)).message).toContain('`argumentBytes` was detached');
    device.fill(buffer, 0, 8, 1);
    expect([...new Uint8Array(device.downloadSync(buffer, 0, 2))]).toEqual([1, 1]);
  });

  it('leaves what no pointer covers as it is, and keeps no pointers of earlier launches', () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(80);
    fill(device, kernel, buffer, 2, 9, 16);
    expect(integers(device.downloadSync(buffer, 16, 16))).toEqual([0, 9]);
    // the place of the pointer is still as JavaScript left it
    expect(new BigInt64Array(device.argumentBytes, 0, 3)).toEqual(new BigInt64Array([0n, 2n, 9n]));
  });
});
