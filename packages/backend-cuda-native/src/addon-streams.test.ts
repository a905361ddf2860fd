/** The addon's streams, events and graphs. */
import { describe, expect, it } from 'vitest';
import { errorOf, fill, fillKernel, integers, openDevice } from './addon.test-support.ts';
import { noCuda } from './no-cuda.test-support.ts';

const MiB = 2 ** 20;

describe.skipIf(noCuda !== null)('streams and events', () => {
  it('order work between streams', () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const [stream, event] = [device.createStream(), device.createEvent()];
    const [a, b] = [device.allocate(80), device.allocate(80)];
    device.setStream(stream);
    fill(device, kernel, a, 10, 3);
    device.recordEvent(event);
    device.setStream(0);
    device.waitEvent(event);
    device.copy(a, 0, b, 0, 80);
    expect(integers(device.downloadSync(b, 0, 32))).toEqual([0, 3, 6, 9]);
    device.destroyEvent(event);
    device.destroyStream(stream);
    expect(errorOf(() => device.setStream(stream))).toMatchObject({ code: 'ARGUMENT' });
    expect(errorOf(() => device.recordEvent(event)).message).toBe(`the event ${event} was released`);
  });

  it('tell whether an event has happened, and the time between two', () => {
    const device = openDevice();
    const [from, to] = [device.createEvent(), device.createEvent()];
    const buffer = device.allocate(MiB);
    expect(errorOf(() => device.elapsed(from, to))).toMatchObject({ code: 'CUDA', cuda: 'CUDA_ERROR_INVALID_HANDLE' });
    device.recordEvent(from);
    device.fill(buffer, 0, MiB, 1);
    device.recordEvent(to);
    expect(device.queryEvent(to)).toBe(false);
    device.synchronizeEvent(to);
    expect(device.queryEvent(to)).toBe(true);
    expect(device.elapsed(from, to)).toBeGreaterThanOrEqual(0);
    expect(device.elapsed(from, to)).toBeLessThan(60_000);
  });

  it('are all waited for by synchronize', async () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const streams = [device.createStream(), device.createStream()];
    const events = streams.map((stream, i) => {
      device.setStream(stream);
      fill(device, kernel, device.allocate(800), 100, i);
      const event = device.createEvent();
      device.recordEvent(event);
      return event;
    });
    device.setStream(0);
    await device.synchronize();
    expect(events.map((event) => device.queryEvent(event))).toEqual([true, true]);
  });

  it('may end while a read of them is under way', async () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const stream = device.createStream();
    const buffer = device.allocate(80);
    device.setStream(stream);
    fill(device, kernel, buffer, 10, 2);
    const read = device.download(buffer, 8, 8);
    device.setStream(0);
    device.destroyStream(stream);
    expect(integers(await read)).toEqual([2]);
  });
});

describe.skipIf(noCuda !== null)('graphs', () => {
  it('run what was captured each time they are replayed, and not before', () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const [a, b] = [device.allocate(80), device.allocate(80)];
    device.fill(b, 0, 80, 0);
    device.beginCapture();
    fill(device, kernel, a, 10, 5);
    device.copy(a, 0, b, 0, 80);
    const graph = device.endCapture();
    const read = () => integers(device.downloadSync(b, 8, 16));
    expect(read()).toEqual([0, 0]);
    device.replay(graph);
    expect(read()).toEqual([5, 10]);
    device.fill(b, 0, 80, 0);
    device.replay(graph);
    expect(read()).toEqual([5, 10]);
    device.destroyGraph(graph);
    expect(errorOf(() => device.replay(graph)).message).toBe(`the graph ${graph} was released`);
  });

  it('keep the memory that was made for them to themselves', () => {
    const device = openDevice();
    const source = device.allocate(MiB);
    const target = device.allocate(MiB);
    device.fill(source, 0, MiB, 4);
    const { used } = device.memory();
    device.beginCapture();
    const temporary = device.allocate(MiB);
    device.copy(source, 0, temporary, 0, MiB);
    device.copy(temporary, 0, target, 0, MiB);
    device.release(temporary);
    // a graph runs in order, so that what it has freed serves it again
    const again = device.allocate(MiB);
    device.fill(again, 0, MiB, 1);
    device.release(again);
    const graph = device.endCapture();
    // also where nothing is in use of it
    device.emptyCache();
    expect(device.memory()).toMatchObject({ used, reserved: 4 * MiB });
    const others = Array.from({ length: 6 }, () => device.allocate(MiB));
    for (const other of others) device.fill(other, 0, MiB, 9);
    device.replay(graph);
    expect(new Uint8Array(device.downloadSync(target, 0, MiB)).every((byte) => byte === 4)).toBe(true);
    for (const other of others)
      expect(new Uint8Array(device.downloadSync(other, 0, MiB)).every((byte) => byte === 9)).toBe(true);
    device.destroyGraph(graph);
    const { reserved } = device.memory();
    device.allocate(MiB);
    device.allocate(MiB);
    expect(device.memory().reserved).toBe(reserved);
  });

  it('keep buffers that they use, also when those are released', () => {
    const device = openDevice();
    const source = device.allocate(MiB);
    const target = device.allocate(MiB);
    device.fill(source, 0, MiB, 4);
    device.beginCapture();
    device.copy(source, 0, target, 0, MiB);
    const graph = device.endCapture();
    const { used } = device.memory();
    device.release(source);
    expect(device.memory()).toMatchObject({ used, buffers: 1 });
    const others = Array.from({ length: 4 }, () => device.allocate(MiB));
    for (const other of others) device.fill(other, 0, MiB, 9);
    device.replay(graph);
    expect(new Uint8Array(device.downloadSync(target, 0, MiB)).every((byte) => byte === 4)).toBe(true);
    for (const other of others) device.release(other);
    device.destroyGraph(graph);
    expect(device.memory()).toMatchObject({ used: MiB, buffers: 1 });
  });

  it('leave buffers that were made in the capture and are not released as they are', () => {
    const device = openDevice();
    device.beginCapture();
    const made = device.allocate(100);
    device.fill(made, 0, 100, 8);
    const graph = device.endCapture();
    device.replay(graph);
    device.destroyGraph(graph);
    const others = Array.from({ length: 8 }, () => device.allocate(100));
    for (const other of others) device.fill(other, 0, 100, 9);
    expect([...new Uint8Array(device.downloadSync(made, 0, 3))]).toEqual([8, 8, 8]);
    device.release(made);
    for (const other of others) device.release(other);
    device.emptyCache();
    expect(device.memory()).toMatchObject({ used: 0, reserved: 0 });
  });

  it('refuse to capture what has to wait, and go on', async () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(80);
    const [event, stream] = [device.createEvent(), device.createStream()];
    device.beginCapture();
    fill(device, kernel, buffer, 10, 7);
    const refused: (() => unknown)[] = [
      () => device.upload(buffer, 0, new Uint8Array(8)),
      () => device.downloadSync(buffer, 0, 8),
      () => device.synchronizeSync(),
      () => device.emptyCache(),
      () => device.beginCapture(),
      () => device.setStream(stream),
      () => device.destroyStream(stream),
      () => device.createStream(),
      () => device.recordEvent(event),
      () => device.waitEvent(event),
      () => device.queryEvent(event),
      () => device.synchronizeEvent(event),
    ];
    for (const call of refused)
      expect(errorOf(call)).toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringContaining('while a graph is being captured'),
      });
    await expect(device.download(buffer, 0, 8)).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(device.synchronize()).rejects.toMatchObject({ code: 'ARGUMENT' });
    // a module may be loaded meanwhile
    fill(device, fillKernel(device), buffer, 5, 3);
    device.replay(device.endCapture());
    expect(integers(device.downloadSync(buffer, 0, 80))).toEqual([0, 3, 6, 9, 12, 35, 42, 49, 56, 63]);
  });

  it('leave other devices of the thread to wait as they like', async () => {
    const [device, other] = [openDevice(), openDevice()];
    const kernel = fillKernel(device);
    const buffer = device.allocate(80);
    device.beginCapture();
    fill(device, kernel, buffer, 10, 7);
    const moved = other.allocate(32 * MiB);
    other.upload(moved, 0, new BigInt64Array([4n, 5n]));
    expect(integers(other.downloadSync(moved, 0, 16))).toEqual([4, 5]);
    expect(integers(await other.download(moved, 8, 8))).toEqual([5]);
    other.release(moved);
    other.emptyCache();
    expect(device.memory().buffers).toBe(1);
    device.replay(device.endCapture());
    expect(integers(device.downloadSync(buffer, 8, 16))).toEqual([7, 14]);
  });

  it('give everything back when a capture is abandoned', () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(80);
    device.fill(buffer, 0, 80, 0);
    device.beginCapture();
    const made = device.allocate(80);
    fill(device, kernel, buffer, 10, 7);
    fill(device, kernel, made, 10, 7);
    device.release(made);
    device.abandonCapture();
    expect(integers(device.downloadSync(buffer, 0, 16))).toEqual([0, 0]);
    expect(device.memory().used).toBe(512);
    device.release(buffer);
    device.emptyCache();
    expect(device.memory().reserved).toBe(0);
    expect(errorOf(() => device.endCapture()).message).toBe('no graph is being captured');
  });

  it('end with an error where the driver captures nothing, and leave the device as it was', () => {
    const device = openDevice('no-capture');
    const kernel = fillKernel(device);
    const buffer = device.allocate(80);
    expect(errorOf(() => device.beginCapture())).toMatchObject({ code: 'CUDA' });
    fill(device, kernel, buffer, 10, 2);
    expect(integers(device.downloadSync(buffer, 8, 16))).toEqual([2, 4]);
  });

  it('may be replayed on another stream, and destroyed while they run', () => {
    const device = openDevice();
    const kernel = fillKernel(device);
    const buffer = device.allocate(80);
    device.beginCapture();
    const made = device.allocate(80);
    fill(device, kernel, made, 10, 11);
    device.copy(made, 0, buffer, 0, 80);
    const graph = device.endCapture();
    const stream = device.createStream();
    device.setStream(stream);
    device.replay(graph);
    device.release(made);
    device.destroyGraph(graph);
    expect(integers(device.downloadSync(buffer, 8, 16))).toEqual([11, 22]);
    device.setStream(0);
    device.destroyStream(stream);
    device.release(buffer);
    device.emptyCache();
    expect(device.memory()).toMatchObject({ used: 0, reserved: 0 });
  });
});
