/** The addon in processes of its own: drivers that fail, devices that are lost, and ends in the middle of something. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ChildTools, driver, inChild } from './addon.test-support.ts';
import { noCuda } from './no-cuda.test-support.ts';

const probe = async (settings: string, env: Record<string, string> = {}) =>
  (await inChild(({ addon }) => addon.probe({}), { settings, env: { TENFOLD_CUDA_DRIVER: driver, ...env } })).result;

describe.skipIf(noCuda !== null)('a driver', () => {
  it.skipIf(existsSync('/dev/nvidiactl'))('that is not there is explained', async () => {
    expect(await probe('', { TENFOLD_CUDA_DRIVER: '' })).toMatchObject({
      driver: { path: null, version: null, reason: expect.stringMatching(/^no NVIDIA driver: .*libcuda\.so\.1/) },
      devices: [],
      reason: expect.stringMatching(/^no NVIDIA driver/),
    });
  });

  it('is what TENFOLD_CUDA_DRIVER names', async () => {
    expect(await probe('devices=2,capability=9.0')).toMatchObject({
      driver: { path: driver },
      devices: [{ computeCapability: [9, 0] }, { computeCapability: [9, 0] }],
      reason: null,
    });
  });

  it.each([
    ['driver-version=10020', 'the NVIDIA driver is for CUDA 10.2; CUDA 11.0 or newer is needed (driver 450 or newer)'],
    ['devices=0', 'the NVIDIA driver finds no device'],
    ['init=100', 'the NVIDIA driver finds no device (CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected)'],
    ['init=999', 'the NVIDIA driver does not start: CUDA_ERROR_UNKNOWN'],
    ['missing=cuInit', 'the NVIDIA driver does not start: CUDA_ERROR_NOT_SUPPORTED'],
  ])('that has %s says so', async (settings, reason) => {
    const found = await probe(settings);
    expect(found?.devices).toEqual([]);
    expect(found?.reason).toContain(reason);
  });

  it('that fails while a device is opened leaves nothing behind', async () => {
    const { result, code } = await inChild(
      ({ addon, driver, errorOf }) => {
        addon.probe({ driver });
        const error = errorOf(() => addon.open(0, {}));
        process.env.TENFOLD_EMULATOR = '';
        const device = addon.open(0, {});
        return { error, free: device.memory().free === device.memory().total };
      },
      { settings: 'missing=cuStreamCreate' },
    );
    expect({ result, code }).toMatchObject({
      code: 0,
      result: { error: { code: 'CUDA', cuda: 'CUDA_ERROR_NOT_SUPPORTED' }, free: true },
    });
  });
});

/** Launches two kernels and waits; what each call then raises. */
async function lose({ addon, driver, ptx, errorOf }: ChildTools) {
  addon.probe({ driver });
  const device = addon.open(0, { blocking: process.env.BLOCKING === '1' });
  const module = device.loadModule('test', ptx(['test_fill', 24, 256], ['test_stray_write', 16, 32]));
  const [fill, stray] = [
    device.kernel(module, 'test_fill', 24, 256),
    device.kernel(module, 'test_stray_write', 16, 32),
  ];
  const buffer = device.allocate(800);
  const launch = (kernel: number, count: bigint) => {
    new BigInt64Array(device.argumentBytes, 8, 1)[0] = count;
    device.pointers.set([0, buffer, 0]);
    device.launch(kernel, 1, 1, 1, 32, 1);
  };
  launch(fill, 100n);
  device.synchronizeSync();
  const before = device.lost;
  const read = device.download(buffer, 0, 8);
  const first = errorOf(() => {
    launch(fill, 10n);
    launch(stray, process.env.STRAY === '1' ? 1n << 40n : 1n);
    device.synchronizeSync();
  });
  const reads = await Promise.allSettled([read, device.download(buffer, 0, 8), device.synchronize()]);
  return {
    before,
    first,
    lost: device.lost,
    later: [
      () => device.allocate(8),
      () => device.downloadSync(buffer, 0, 8),
      () => launch(fill, 1n),
      () => device.memory(),
      () => device.fill(buffer, 0, 8, 0),
      () => device.createStream(),
    ].map(errorOf),
    released: device.release(buffer) ?? null,
    reads: reads.map((read) => (read.status === 'rejected' ? read.reason.code : 'read')),
    closed: device.close() ?? null,
  };
}

describe.skipIf(noCuda !== null)('a device that is lost', () => {
  it.each([
    ['by a failed launch', 'launch-fail-at=3', {}, 'CUDA_ERROR_LAUNCH_FAILED'],
    ['by an illegal address', 'illegal-at=3', {}, 'CUDA_ERROR_ILLEGAL_ADDRESS'],
    ['by a kernel that writes anywhere', '', { STRAY: '1' }, 'CUDA_ERROR_ILLEGAL_ADDRESS'],
  ])('%s names the kernels, raises LOST from then on, and can be closed', async (_, settings, env, cuda) => {
    const { result, code } = await inChild(lose, { settings, env });
    expect(code).toBe(0);
    if (!result) throw new Error('the program returned nothing');
    expect(result.before).toBeNull();
    expect(result.first).toMatchObject({ code: 'LOST', cuda });
    // the first launch was waited for: it is no suspect
    expect(result.first.message).toMatch(/kernels queued since the last wait: test_fill, test_stray_write /);
    expect(result.lost).toBe(result.first.message);
    for (const error of result.later) expect(error).toMatchObject({ code: 'LOST', message: result.lost });
    expect(result.reads.slice(1)).toEqual(['LOST', 'LOST']);
    expect(result).toMatchObject({ released: null, closed: null });
  });

  it('names the one kernel if it waits for each', async () => {
    const { result } = await inChild(lose, { settings: 'illegal-at=3', env: { BLOCKING: '1' } });
    expect(result?.first.message).toMatch(
      /^the device is lost: CUDA_ERROR_ILLEGAL_ADDRESS: .*, in the kernel test_stray_write$/,
    );
    expect(result?.reads.slice(1)).toEqual(['LOST', 'LOST']);
  });

  it.each([214, 999])('by error %d, whatever it does, rejects reads that are under way', async (number) => {
    const { result, code } = await inChild(
      async ({ addon, driver }) => {
        addon.probe({ driver });
        const device = addon.open(0, {});
        const buffer = device.allocate(8);
        const outcomes = [];
        for (let i = 0; i < 20; i++)
          outcomes.push(await device.download(buffer, 0, 8).then(String, ({ code, cuda }) => ({ code, cuda })));
        return { outcomes, lost: device.lost };
      },
      { settings: `lost-at=10,lost-error=${number}` },
    );
    expect(code).toBe(0);
    const cuda = number === 214 ? 'CUDA_ERROR_ECC_UNCORRECTABLE' : 'CUDA_ERROR_UNKNOWN';
    const first = result?.outcomes.findIndex((outcome) => typeof outcome === 'object') ?? -1;
    expect(first).toBeGreaterThan(0);
    expect(result?.outcomes[first]).toEqual({ code: 'LOST', cuda });
    for (const outcome of result?.outcomes.slice(first + 1) ?? []) expect(outcome).toEqual({ code: 'LOST' });
    expect(result?.lost).toContain(cuda);
  });
});

describe.skipIf(noCuda !== null)('a process', () => {
  it('stays until its reads have settled', async () => {
    const { result, code, stderr } = await inChild(async ({ addon, driver }) => {
      addon.probe({ driver });
      const device = addon.open(0, {});
      const buffer = device.allocate(1 << 20);
      device.fill(buffer, 0, 1 << 20, 5);
      const reads = await Promise.all(Array.from({ length: 20 }, (_, i) => device.download(buffer, i, 1000)));
      return reads.every((read) => new Uint8Array(read).every((byte) => byte === 5));
    });
    expect({ result, code, stderr }).toEqual({ result: true, code: 0, stderr: '' });
  });

  it('is not kept by a device that is idle', async () => {
    const { code, stderr } = await inChild(({ addon, driver }) => {
      addon.probe({ driver });
      const device = addon.open(0, {});
      // reads that settle between
      return device.synchronize();
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each(['exit', 'throw'])('ends cleanly by %s while reads are under way', async (how) => {
    const { code, stderr } = await inChild(
      ({ addon, driver }) => {
        addon.probe({ driver });
        for (let i = 0; i < 3; i++) {
          const device = addon.open(0, {});
          const buffer = device.allocate(8 << 20);
          for (let read = 0; read < 10; read++) void device.download(buffer, 0, 8 << 20);
          if (i === 2) device.beginCapture();
        }
        if (process.env.HOW === 'exit') process.exit(3);
        setImmediate(() => {
          throw new Error('in the middle');
        });
        return new Promise(() => {});
      },
      { env: { HOW: how } },
    );
    expect(code).toBe(how === 'exit' ? 3 : 1);
    expect(stderr).toMatch(how === 'exit' ? /^$/ : /^.*Error: in the middle/s);
    expect(stderr).not.toMatch(/FATAL|SIG|terminate called|libc\+\+abi/);
  });

  it('gives back what devices held that nobody refers to any more', async () => {
    const { result, code, stderr } = await inChild(async ({ addon, driver, require }) => {
      const v8: typeof import('node:v8') = require('node:v8');
      const vm: typeof import('node:vm') = require('node:vm');
      v8.setFlagsFromString('--expose-gc');
      const collect: () => void = vm.runInNewContext('gc');
      addon.probe({ driver });
      // keeps the context: what the others hold would stay in it
      const watch = addon.open(0, {});
      const { free } = watch.memory();
      const use = () => {
        for (let i = 0; i < 10; i++) {
          const device = addon.open(0, {});
          device.upload(device.allocate(20 << 20), 0, new Uint8Array(100));
          void device.download(device.allocate(8), 0, 8);
        }
      };
      use();
      const used = free - watch.memory().free;
      for (let turn = 0; turn < 10 && watch.memory().free < free; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        collect();
      }
      return { used, left: free - watch.memory().free };
    });
    expect({ result, code, stderr }).toEqual({ result: { used: 10 * (22 << 20), left: 0 }, code: 0, stderr: '' });
  });

  it('gives memory of reads back once, also of those that are done when the device is closed', async () => {
    const { result, code, stderr } = await inChild(async ({ addon, driver }) => {
      addon.probe({ driver });
      const device = addon.open(0, {});
      const buffer = device.allocate(8);
      device.fill(buffer, 0, 8, 5);
      const reads = Array.from({ length: 3 }, (_, i) => device.download(buffer, i, 1));
      device.close();
      return (await Promise.all(reads)).map((bytes) => new Uint8Array(bytes)[0]);
    });
    expect({ result, code, stderr }).toEqual({ result: [5, 5, 5], code: 0, stderr: '' });
  });

  it('may use devices on several threads, each its own', async () => {
    const { result, code, stderr } = await inChild(async ({ addon, driver, require, errorOf }) => {
      const { Worker, isMainThread }: typeof import('node:worker_threads') = require('node:worker_threads');
      addon.probe({ driver });
      const device = addon.open(0, {});
      const buffer = device.allocate(8);
      device.fill(buffer, 0, 8, 1);
      const path = Object.keys(require.cache).find((name) => name.endsWith('cuda.node'));
      const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const addon = require(workerData.path);
        addon.probe({ driver: workerData.driver });
        const device = addon.open(0, {});
        let error;
        try { device.fill(workerData.buffer, 0, 8, 2); } catch ({ code, message }) { error = { code, message }; }
        const own = device.allocate(1 << 20);
        device.fill(own, 0, 1 << 20, 3);
        device.download(own, 0, 8).then((bytes) => {
          for (let i = 0; i < 10; i++) device.download(own, 0, 1 << 20);
          parentPort.postMessage({ error, bytes: [...new Uint8Array(bytes)] });
        });`;
      const told = await Promise.all(
        [1, 2, 3].map(async () => {
          const worker = new Worker(source, { eval: true, workerData: { path, driver, buffer } });
          const message = await new Promise<{ error: { code: string }; bytes: number[] }>((resolve, reject) => {
            worker.once('message', resolve);
            worker.once('error', reject);
          });
          await worker.terminate();
          return { code: message.error.code, bytes: message.bytes };
        }),
      );
      // no device of the workers is left
      const { free, total } = device.memory();
      return {
        told,
        left: total - free,
        main: [...new Uint8Array(device.downloadSync(buffer, 0, 2))],
        isMainThread,
        wrong: errorOf(() => device.release(1)).code,
      };
    });
    expect({ result, code, stderr }).toEqual({
      result: {
        told: Array.from({ length: 3 }, () => ({ code: 'ARGUMENT', bytes: Array.from({ length: 8 }, () => 3) })),
        left: 2 << 20,
        main: [1, 1],
        isMainThread: true,
        wrong: 'ARGUMENT',
      },
      code: 0,
      stderr: '',
    });
  });
});

/** Calls of every kind, right and wrong ones, in an order that a generator draws. */
async function everything({ addon, driver, ptx }: ChildTools) {
  addon.probe({ driver, libraries: ['/nowhere'] });
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const counts = { calls: 0, raised: 0 };
  for (let round = 0; round < 6; round++) {
    const device = addon.open(0, { blocking: round % 2 === 1 });
    const kernel = device.kernel(device.loadModule('test', ptx(['test_fill', 24, 256])), 'test_fill', 24, 256);
    const buffers = [device.allocate(4096)];
    const numbers: number[] = [0, -1, NaN, 2 ** 53 - 1, 1.5, kernel];
    const any = () => (random(10) === 0 ? numbers[random(numbers.length)] : buffers[random(buffers.length)]);
    const size = () => (random(12) === 0 ? numbers[random(numbers.length)] : random(3000));
    const reads: Promise<unknown>[] = [];
    const calls: (() => unknown)[] = [
      () => buffers.push(device.allocate(4096 + random(1 << random(24)))),
      () => buffers.length > 1 && device.release(buffers.splice(1 + random(buffers.length - 1), 1)[0]),
      () => device.upload(any(), size(), new Uint8Array(random(1 << random(12)))),
      () => device.fill(any(), size(), size(), random(256)),
      () => device.copy(any(), size(), any(), size(), size()),
      () => device.downloadSync(any(), size(), size()),
      () => reads.push(device.download(any(), size(), size()).catch(() => {})),
      () => reads.push(device.synchronize().catch(() => {})),
      () => {
        new BigInt64Array(device.argumentBytes, 8, 2).set([BigInt(random(400)), 3n]);
        device.pointers.set([random(20) === 0 ? 3 : 0, any(), random(3) * 8]);
        device.launch(kernel, 1 + random(3), 1, 1, 1 + random(257), 1);
      },
      () => numbers.push(device.createStream()),
      () => device.setStream(numbers[random(numbers.length)]),
      () => device.destroyStream(numbers[random(numbers.length)]),
      () => numbers.push(device.createEvent()),
      () => device.recordEvent(numbers[random(numbers.length)]),
      () => device.waitEvent(numbers[random(numbers.length)]),
      () => device.queryEvent(numbers[random(numbers.length)]),
      () => device.elapsed(numbers[random(numbers.length)], numbers[random(numbers.length)]),
      () => device.destroyEvent(numbers[random(numbers.length)]),
      () => random(3) === 0 && device.beginCapture(),
      () => numbers.push(device.endCapture()),
      () => device.abandonCapture(),
      () => device.replay(numbers[random(numbers.length)]),
      () => device.destroyGraph(numbers[random(numbers.length)]),
      () => random(10) === 0 && device.emptyCache(),
      () => device.memory(),
    ];
    for (let i = 0; i < 1500; i++) {
      counts.calls++;
      try {
        calls[random(calls.length)]();
      } catch (error) {
        counts.raised++;
        const { code } = error as { code?: string };
        if (code !== 'ARGUMENT' && code !== 'MEMORY' && code !== 'CUDA') throw error;
      }
      if (i % 200 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    if (device.lost !== null) throw new Error(device.lost);
    if (round % 3 !== 2) device.close();
    if (round % 3 === 0) await Promise.all(reads);
  }
  return counts;
}

describe.skipIf(noCuda !== null)('calls in any order', () => {
  it('raise what they should, and leave the device working', async () => {
    const { result, code, stderr } = await inChild(everything);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(result?.calls).toBe(9000);
    expect(result?.raised).toBeGreaterThan(500);
    expect(result?.raised).toBeLessThan(8000);
  });

  const runtime =
    noCuda === null ? execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim() : '';
  it.skipIf(!runtime.startsWith('/'))('touch no memory that is not theirs', { timeout: 300_000 }, async () => {
    const script = fileURLToPath(new URL('../scripts/build-native.mjs', import.meta.url));
    const addon = execFileSync(process.execPath, [script, '--sanitize'], { encoding: 'utf8' }).trim();
    const env = {
      LD_PRELOAD: runtime,
      // Node leaves much to the end of the process; the emulator looks for faults by itself
      ASAN_OPTIONS: 'detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    };
    for (const program of [everything, lose]) {
      const { code, stderr } = await inChild<unknown>(program, {
        addon,
        env,
        settings: program === lose ? 'illegal-at=3' : '',
      });
      expect(stderr).not.toMatch(/AddressSanitizer|runtime error|LeakSanitizer/);
      expect(code).toBe(0);
    }
  });
});
