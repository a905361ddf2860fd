/** The heap against a model that knows only which bytes are whose. */
import { BackendError } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { generator } from '../test-views.ts';
import { Heap, openMemory, reservedBytes } from './heap.ts';

const page = 65536;

/** A heap whose memory has `pages` pages at most, and may be refused beyond `given`. */
function small(pages: number, given = pages): Heap {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: given, shared: true });
  return new Heap({ memory, type: { shared: true, maximum: pages } });
}

/** The most bytes that one block may have: all but the reserved page, a header and the end's. */
const whole = (pages: number): number => pages * page - reservedBytes - 2 * 64;

/** What the process really holds; a page can't say. */
const residentBytes = (): number => (typeof process === 'object' ? process.memoryUsage().rss : 0);

const message = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof BackendError) return error.message;
    throw error;
  }
  return 'nothing was thrown';
};

describe('random requests', () => {
  const distributions: readonly (readonly [string, (random: () => number) => number])[] = [
    ['tiny', (random) => Math.floor(random() * 300)],
    ['of a few sizes', (random) => [4096, 4160, 8192, 100_000][Math.floor(random() * 4)]],
    ['of all sizes', (random) => Math.floor(random() ** 6 * 1_500_000)],
  ];
  it.each(distributions)('%s: blocks lie apart, keep their contents, and join when they are free', (_, draw) => {
    const pages = 128;
    const heap = small(pages);
    const random = generator(7);
    const live: { address: number; bytes: number; mark: number }[] = [];
    let refused = 0;
    for (let i = 0; i < 6000; i++) {
      // it swings between nearly empty and full
      if (live.length > 0 && random() < (i % 2000 < 1200 ? 0.35 : 0.65)) {
        const [{ address, bytes, mark }] = live.splice(Math.floor(random() * live.length), 1);
        // every byte still has the block's mark: nobody wrote here, neither another block nor the heap
        const same = new Uint8Array(heap.memory.buffer, address, bytes).every((byte) => byte === mark);
        if (!same) expect.fail(`the block of ${bytes} bytes at ${address} was overwritten`);
        heap.free(address, bytes);
        continue;
      }
      const bytes = draw(random);
      try {
        const address = heap.allocate(bytes);
        if (address % 64 !== 0 || address < reservedBytes || address + bytes > heap.memory.buffer.byteLength)
          expect.fail(`${bytes} bytes lie at ${address}`);
        const mark = i & 255;
        new Uint8Array(heap.memory.buffer, address, bytes).fill(mark);
        live.push({ address, bytes, mark });
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        refused++;
      }
    }
    if (draw === distributions[2][1]) expect(refused).toBeGreaterThan(0);
    const ordered = [...live].sort((a, b) => a.address - b.address);
    ordered.forEach(({ address }, i) => {
      if (i > 0) expect(address).toBeGreaterThanOrEqual(ordered[i - 1].address + ordered[i - 1].bytes);
    });
    for (const { address, bytes } of live) heap.free(address, bytes);
    const all = heap.allocate(whole(pages));
    expect(all).toBe(reservedBytes + 64);
    expect(message(() => heap.allocate(1))).toContain(' 0 are free, at most 0 of them');
    heap.free(all, whole(pages));
  });

  it('a program whose sizes change from step to step does not use up the memory', () => {
    const heap = small(256);
    const random = generator(3);
    let before: [number, number][] = [];
    for (let step = 0; step < 3000; step++) {
      const length = 10_000 + Math.floor(random() * 200_000);
      const sizes = Array.from({ length: 10 }, (_, i) => Math.ceil(length * (1 + (i % 3))));
      const now = sizes.map((bytes): [number, number] => [heap.allocate(bytes), bytes]);
      for (const block of before) heap.free(...block);
      before = now;
    }
    expect(heap.memory.buffer.byteLength).toBeLessThanOrEqual(256 * page);
  });
});

describe('use of the memory', () => {
  it('takes again what was freed last, and adds a line to a block at most', () => {
    const heap = small(1024);
    const first = heap.allocate(500_000);
    const second = heap.allocate(500_000);
    expect(second - first).toBe(Math.ceil(500_000 / 64) * 64 + 64);
    heap.free(first, 500_000);
    expect(heap.allocate(500_000)).toBe(first);
  });

  it('fills gaps before it grows', () => {
    const heap = small(1024);
    const blocks = Array.from({ length: 200 }, () => heap.allocate(10_000));
    const size = heap.memory.buffer.byteLength;
    for (const address of blocks) heap.free(address, 10_000);
    // two neighbours and the header between them hold twice as much
    for (let i = 0; i < 99; i++) heap.allocate(20_064);
    expect(heap.memory.buffer.byteLength).toBe(size);
  });

  it('does not believe that a block is held which is not', () => {
    const heap = small(16);
    const address = heap.allocate(5000);
    for (const [at, bytes] of [
      [address + 64, 5000],
      [address + 1, 5000],
      [address, 50_000],
    ]) {
      expect(message(() => heap.free(at, bytes))).toBe(
        `cpu: ${bytes} bytes at ${at} are given back, but no such block is held`,
      );
    }
    heap.free(address, 5000);
    expect(message(() => heap.free(address, 5000))).toContain('no such block is held');
  });
});

describe('when memory runs out', () => {
  const gigabyte = 2 ** 30;

  it('gives out all 4 GiB, says what is held, and goes on', () => {
    const open = openMemory();
    if (open?.type.maximum !== 65536) return; // this machine does not reserve so much
    const before = residentBytes();
    const heap = new Heap(open);
    const blocks = [1, 2, 3].map(() => heap.allocate(gigabyte));
    const rest = 4 * gigabyte - reservedBytes - 3 * (gigabyte + 64) - 2 * 64;
    expect(message(() => heap.allocate(gigabyte))).toBe(
      "cpu: out of memory: 1073741824 bytes can't be allocated; of 4294967296 bytes 3221225664 are held and 1073676032 are free, at most " +
        `${rest} of them in one piece. What was dropped comes back while the program awaits; tidy() and dispose() free memory at once`,
    );
    const last = heap.allocate(rest);
    expect(last + rest).toBe(4 * gigabyte - 64);
    expect(message(() => heap.allocate(1))).toContain(' 0 are free, at most 0 of them');
    new Uint8Array(heap.memory.buffer, last + rest - 4096, 4096).fill(1);
    expect(message(() => heap.allocate(4 * gigabyte))).toContain("4294967296 bytes can't be allocated");
    heap.free(blocks[1], gigabyte);
    expect(heap.allocate(gigabyte)).toBe(blocks[1]);
    // only headers were touched
    expect(residentBytes() - before).toBeLessThan(200e6);
  });

  it.each([2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, Number.NaN])(
    'refuses %d bytes',
    (bytes) => {
      const heap = small(16);
      expect(message(() => heap.allocate(bytes))).toContain(`${bytes} bytes can't be allocated`);
      expect(heap.allocate(whole(16))).toBe(reservedBytes + 64);
    },
  );

  it('says so when the system refuses more, and goes on', () => {
    const heap = small(1024, 40);
    const address = heap.allocate(30 * page);
    expect(message(() => heap.allocate(20 * page))).toContain(
      `${20 * page} bytes can't be allocated; of ${heap.memory.buffer.byteLength} bytes ${30 * page + 64} are held and `,
    );
    // less than a step of growth is left, and is given
    heap.allocate(8 * page);
    heap.free(address, 30 * page);
    expect(heap.allocate(29 * page)).toBe(address);
  });
});
