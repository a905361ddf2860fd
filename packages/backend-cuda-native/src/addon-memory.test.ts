/** The addon's allocator: what is reused when, and what happens when there is no more. */
import { describe, expect, it } from 'vitest';
import { errorOf, inChild, openDevice } from './addon.test-support.ts';
import type { Handle, NativeDevice } from './native.ts';
import { noCuda } from './no-cuda.test-support.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Every byte of a buffer, if they are all the same. */
function byteOf(device: NativeDevice, buffer: Handle, bytes: number): number {
  const data = new Uint8Array(device.downloadSync(buffer, 0, bytes));
  expect(data.every((byte) => byte === data[0])).toBe(true);
  return data[0];
}

describe.skipIf(noCuda !== null)('memory', () => {
  it('rounds to 512 bytes, and takes small buffers from segments of 2 MiB', () => {
    const device = openDevice();
    expect(device.memory()).toMatchObject({ used: 0, reserved: 0, buffers: 0 });
    const buffers = [device.allocate(1), device.allocate(512), device.allocate(513), device.allocate(0)];
    expect(device.memory()).toMatchObject({ used: 512 + 512 + 1024 + 512, reserved: 2 * MiB, buffers: 4 });
    for (const buffer of buffers) device.release(buffer);
    const { total, free, ...rest } = device.memory();
    expect(rest).toEqual({ used: 0, reserved: 2 * MiB, peakUsed: 2560, peakReserved: 2 * MiB, buffers: 0 });
    expect(total - free).toBe(2 * MiB);
    device.emptyCache();
    expect(device.memory()).toMatchObject({ reserved: 0, free: total });
  });

  it('splits blocks, and joins them again', () => {
    const device = openDevice();
    const small = Array.from({ length: 4 }, () => device.allocate(512 * KiB));
    expect(device.memory().reserved).toBe(2 * MiB);
    // the middle ones last: they must be joined with neighbours on both sides
    for (const i of [0, 3, 1, 2]) device.release(small[i]);
    device.allocate(1 * MiB);
    device.allocate(1 * MiB);
    expect(device.memory().reserved).toBe(2 * MiB);

    const large = device.allocate(31 * MiB);
    expect(device.memory().reserved).toBe(2 * MiB + 32 * MiB);
    device.release(large);
    const parts = [device.allocate(10 * MiB), device.allocate(10 * MiB), device.allocate(10 * MiB)];
    expect(device.memory().reserved).toBe(34 * MiB);
    for (const part of parts) device.release(part);
    device.allocate(32 * MiB);
    expect(device.memory().reserved).toBe(34 * MiB);
    // from a segment that several share
    device.allocate(3 * MiB);
    device.allocate(3 * MiB);
    expect(device.memory().reserved).toBe(54 * MiB);
  });

  it('never gives the same bytes to two buffers', () => {
    const device = openDevice();
    const held: { buffer: Handle; bytes: number; byte: number }[] = [];
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const release = () => {
      const [{ buffer, bytes, byte }] = held.splice(random(held.length), 1);
      expect(byteOf(device, buffer, bytes)).toBe(byte);
      device.release(buffer);
    };
    for (let step = 0; step < 300; step++) {
      if (held.length > 0 && random(5) < 2) release();
      const bytes = 1 + random([700, 100 * KiB, 2 * MiB, 12 * MiB][random(4)]);
      const byte = step % 256;
      const buffer = device.allocate(bytes);
      device.fill(buffer, 0, bytes, byte);
      held.push({ buffer, bytes, byte });
      if (held.length > 25) release();
    }
    while (held.length > 0) release();
    expect(device.memory()).toMatchObject({ used: 0, buffers: 0 });
    device.emptyCache();
    // segments whose parts were not joined again could not be given back
    expect(device.memory().reserved).toBe(0);
  });

  it('gives memory that another stream still uses to nobody', () => {
    const device = openDevice();
    const stream = device.createStream();
    const first = device.allocate(1 * MiB);
    device.setStream(stream);
    const result = device.allocate(1 * MiB);
    device.fill(first, 0, 1 * MiB, 1);
    device.copy(first, 0, result, 0, 1 * MiB);
    device.release(first);
    device.setStream(0);
    const second = device.allocate(1 * MiB);
    device.fill(second, 0, 1 * MiB, 2);
    expect(byteOf(device, second, 1 * MiB)).toBe(2);
    device.setStream(stream);
    expect(byteOf(device, result, 1 * MiB)).toBe(1);
    device.setStream(0);
    expect(byteOf(device, second, 1 * MiB)).toBe(2);
    // by now nothing runs: the memory of the first is there again
    const { reserved } = device.memory();
    device.allocate(1 * MiB);
    expect(device.memory().reserved).toBe(reserved);
  });

  it('keeps what a stream has freed for that stream, until the stream ends', () => {
    const device = openDevice();
    const stream = device.createStream();
    device.setStream(stream);
    device.release(device.allocate(12 * MiB));
    device.setStream(0);
    const other = device.allocate(12 * MiB);
    expect(device.memory().reserved).toBe(24 * MiB);
    device.destroyStream(stream);
    device.release(other);
    device.allocate(12 * MiB);
    device.allocate(12 * MiB);
    expect(device.memory().reserved).toBe(24 * MiB);
  });

  describe('when the card is full', () => {
    it('says what was asked, held, cached and free', () => {
      const device = openDevice('memory=64M');
      const held = device.allocate(38 * MiB);
      const small = device.allocate(100);
      const error = errorOf(() => device.allocate(30 * MiB));
      expect(error).toMatchObject({
        code: 'MEMORY',
        cuda: 'CUDA_ERROR_OUT_OF_MEMORY',
        asked: 30 * MiB,
        held: 38 * MiB + 512,
        cached: 2 * MiB - 512,
        free: 24 * MiB,
      });
      expect(error.message).toContain('no memory for 30 MiB');
      expect(errorOf(() => device.allocate(2 ** 53 - 1))).toMatchObject({ code: 'MEMORY', asked: 2 ** 53 - 1 });
      device.fill(held, 0, 38 * MiB, 3);
      device.fill(small, 0, 100, 4);
      expect([byteOf(device, held, 38 * MiB), byteOf(device, small, 100)]).toEqual([3, 4]);
    });

    it('gives cached segments back first', () => {
      const device = openDevice('memory=64M');
      device.release(device.allocate(40 * MiB));
      expect(device.memory().reserved).toBe(40 * MiB);
      device.allocate(50 * MiB);
      expect(device.memory()).toMatchObject({ used: 50 * MiB, reserved: 50 * MiB });
    });

    it('waits for buffers that other streams still use', () => {
      const device = openDevice('memory=64M');
      const stream = device.createStream();
      const used = device.allocate(40 * MiB);
      device.setStream(stream);
      device.fill(used, 0, 40 * MiB, 1);
      device.release(used);
      device.setStream(0);
      const next = device.allocate(40 * MiB);
      device.fill(next, 0, 40 * MiB, 2);
      expect(byteOf(device, next, 40 * MiB)).toBe(2);
    });

    it('asks the driver once more', () => {
      // the second thing that the driver is asked for, it refuses
      const device = openDevice('oom-at=2');
      device.release(device.allocate(12 * MiB));
      device.allocate(20 * MiB);
      expect(device.memory()).toMatchObject({ used: 20 * MiB, reserved: 20 * MiB });
    });

    it('does the same while a graph is captured, without disturbing it', () => {
      const device = openDevice('memory=64M');
      const source = device.allocate(1000);
      device.fill(source, 0, 1000, 6);
      device.beginCapture();
      const target = device.allocate(1000);
      expect(errorOf(() => device.allocate(80 * MiB))).toMatchObject({ code: 'MEMORY', asked: 80 * MiB });
      device.copy(source, 0, target, 0, 1000);
      device.replay(device.endCapture());
      expect(byteOf(device, target, 1000)).toBe(6);
    });
  });

  it('passes everything through to the driver if TENFOLD_CUDA_NO_CACHE is 1', async () => {
    const run = await inChild(
      ({ addon, driver }) => {
        addon.probe({ driver });
        const device = addon.open(0, {});
        const buffers = [device.allocate(100), device.allocate(3 << 20)];
        const { used, reserved } = device.memory();
        device.beginCapture();
        const inGraph = device.allocate(100);
        device.fill(inGraph, 0, 100, 7);
        device.copy(inGraph, 0, buffers[0], 0, 100);
        device.release(inGraph);
        const graph = device.endCapture();
        device.replay(graph);
        const [byte] = new Uint8Array(device.downloadSync(buffers[0], 99, 1));
        device.destroyGraph(graph);
        for (const buffer of buffers) device.release(buffer);
        return { used, reserved, byte, after: device.memory().reserved };
      },
      { env: { TENFOLD_CUDA_NO_CACHE: '1' } },
    );
    expect(run).toMatchObject({
      code: 0,
      stderr: '',
      result: { used: 100 + 3 * MiB, reserved: 100 + 3 * MiB, byte: 7, after: 0 },
    });
  });
});
