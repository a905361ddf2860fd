/** The pool of worker threads, on a bundle of the sources that is made here: what threads compute, how they fail, and how they begin and end. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Tensor } from '@tenfold/tensor-core';
import { build } from 'tsdown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import config from '../tsdown.config.ts';
import type * as support from './threads.test-support.ts';

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(source('..'), 'node_modules', '.threads-'));

let lib: typeof support;
let kernels: support.TestKernels;

const machine = (): NonNullable<ReturnType<typeof support.theMachine>> => {
  const opened = lib.theMachine();
  if (!opened) throw new Error('these tests need WebAssembly');
  return opened;
};

beforeAll(async () => {
  const entry = { tested: source('./threads.test-support.ts'), worker: source('./worker.ts') };
  await build({ ...config[1], config: false, tsconfig: false, entry, outDir: folder, sourcemap: false });
  lib = await import(pathToFileURL(join(folder, 'tested.js')).href);
  kernels = lib.compileTestKernels(machine());
  lib.registerBackend(lib.cpu());
});
afterEach(() => lib.setNumThreads(1));
afterAll(() => rmSync(folder, { recursive: true }));

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** How many of `n` chunks saw each other at work. */
function meet(n: number, patience: number): number {
  const { heap } = machine();
  const flags = (heap.allocateArray('int32', n) as Int32Array).fill(0);
  const chunks = Array.from({ length: n }, (_, i) => [flags.byteOffset, i, n, patience]);
  machine().run(kernels.meet, lib.describeChunks(machine(), chunks));
  return flags.filter((flag) => flag === 2).length;
}

/** Waits until `n` threads work at the same time. */
async function allAtWork(n: number): Promise<void> {
  lib.setNumThreads(n);
  while (meet(n, 100_000) < n) await sleep(5);
}

/** Doubles between 0 and 1 after some steps of the logistic map, by a kernel over `parts` chunks. */
function chaos(count: number, parts: number, steps: number): Float64Array {
  const { heap } = machine();
  const values = heap.allocateArray('float64', count) as Float64Array;
  const address = values.byteOffset;
  values.forEach((_, i) => {
    values[i] = (i + 1) / (count + 2);
  });
  const at = (i: number): number => Math.floor((i * count) / parts);
  const chunks = Array.from({ length: parts }, (_, i) => [address + 8 * at(i), at(i + 1) - at(i), steps]);
  machine().run(kernels.chaos, lib.describeChunks(machine(), chunks));
  const result = values.slice();
  heap.free(address, 8 * count);
  return result;
}

function chaosHere(count: number, steps: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (i + 1) / (count + 2);
    for (let step = 0; step < steps; step++) x = 3.9 * x * (1 - x);
    return x;
  });
}

describe('jobs', () => {
  for (const threads of [2, 4]) {
    it(`run on ${threads} threads at the same time`, async () => {
      await allAtWork(threads);
      expect(meet(threads, 10_000_000)).toBe(threads);
    });
  }

  it('of one thread run their chunks one after the other', () => {
    // the last one sees the flags of those before
    expect(meet(3, 1000)).toBe(1);
  });

  it('are done completely whoever is there, from the moment when threads are asked for', async () => {
    for (let round = 0; round < 5; round++) {
      lib.setNumThreads(3);
      for (let job = 0; job < 40; job++) {
        expect(chaos(999, 7 + job, 50)).toEqual(chaosHere(999, 50));
        if (job % 8 === 0) await sleep(1);
      }
      lib.setNumThreads(1);
    }
  });

  it('give the same bits thousands of times, with pauses in which workers fall asleep and without', async () => {
    await allAtWork(4);
    const wanted = chaosHere(500, 3);
    for (let job = 0; job < 5000; job++) {
      const parts = 1 + (job % 9);
      if (Buffer.compare(Buffer.from(chaos(500, parts, 3).buffer), Buffer.from(wanted.buffer)) !== 0)
        throw new Error(`job ${job} of ${parts} chunks is wrong`);
      if (job % 1000 === 0) await sleep(20);
    }
  });

  it('reach modules that are compiled, and memory that is had, while workers run', async () => {
    await allAtWork(3);
    for (let round = 0; round < 30; round++) {
      kernels = lib.compileTestKernels(machine());
      const values = (machine().heap.allocateArray('float64', 3_000_000) as Float64Array).fill(0.5);
      const chunks = [0, 1, 2].map((i) => [values.byteOffset + i * 8_000_000, 1_000_000, 1]);
      machine().run(kernels.chaos, lib.describeChunks(machine(), chunks));
      expect(values.every((x) => x === 0.975)).toBe(true);
    }
  });
});

describe('failures', () => {
  /** Runs chunks that fail as told; which of them ran. */
  function failing(how: readonly number[]): { error: unknown; ran: readonly number[] } {
    const { heap } = machine();
    const counters = (heap.allocateArray('int32', how.length) as Int32Array).fill(0);
    const chunks = how.map((what, i) => [what, counters.byteOffset + 4 * i]);
    let error: unknown;
    try {
      machine().run(kernels.fail, lib.describeChunks(machine(), chunks));
    } catch (thrown) {
      error = thrown;
    }
    return { error, ran: [...counters] };
  }

  for (const threads of [1, 2, 4]) {
    it(`are those of the first chunk that fails, on ${threads} threads, and leave the pool usable`, async () => {
      if (threads > 1) await allAtWork(threads);
      for (let round = 0; round < 300; round++) {
        const first = (round * 7) % 40;
        const how = Array.from({ length: 60 }, (_, i) =>
          i < first ? 0 : i === first ? 1 + (round % 2) : (i * 31) % 3,
        );
        const { error, ran } = failing(how);
        expect(ran.slice(0, first + 1).every((n) => n === 1)).toBe(true);
        if (round % 2 === 0) {
          expect(error).toBeInstanceOf(lib.ArgumentError);
          expect((error as Error).message).toBe('ZeroDivisionError: integer division or modulo by zero');
        } else {
          expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
          expect((error as Error).message).toMatch('out of bounds');
        }
      }
      expect(failing(new Array(60).fill(0))).toEqual({ error: undefined, ran: new Array(60).fill(1) });
      expect(chaos(999, 12, 50)).toEqual(chaosHere(999, 50));
    });
  }

  it('of other kernels than those of Machine.compile are told', () => {
    lib.setNumThreads(2);
    expect(() => machine().run(() => {}, [0, 0])).toThrow(TypeError);
  });
});

/** Runs `body` and counts the jobs that it has shared out. */
function countShared<T>(body: () => T): { value: T; shared: number } {
  const { run } = machine();
  let shared = 0;
  machine().run = (kernel, descriptors) => {
    if (descriptors.length > 1) shared++;
    run.call(machine(), kernel, descriptors);
  };
  try {
    return { value: body(), shared };
  } finally {
    machine().run = run;
  }
}

/** Values of all magnitudes, with some that are special. */
function numbers(count: number, seed: number): Float64Array {
  const random = lib.generator(seed);
  const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1];
  return Float64Array.from({ length: count }, () =>
    random() < 0.02 ? random.pick(special) : (random() - 0.5) * 10 ** random.below(4),
  );
}

type Op = (x: Tensor, y: Tensor) => Tensor;

describe('results of ops are the bits of one thread on', () => {
  /** Some rows and columns of a matrix. */
  const part = (x: Tensor, rows: number, columns: number): Tensor => x.narrow(0, 2, rows).narrow(1, 3, columns);
  const images = (x: Tensor): Tensor => part(x, 640, 512).reshape([5, 64, 32, 32]);
  const filters = (x: Tensor): Tensor => part(x, 96, 576).reshape([96, 64, 3, 3]);
  /** A convolution or a gradient of one, by a kernel of its own if it has no stride. */
  const convolved = (
    name: 'convolution' | 'convolutionTranspose' | 'convolutionWeight',
    inputs: (Tensor | null)[],
    stride = 1,
  ): Tensor => {
    const attrs = { stride: [stride, stride], padding: [1, 1], paddingEnd: [1, 1], dilation: [1, 1], groups: 1 };
    const { overrides } = lib.cpu().open(0);
    expect(overrides[name]?.supports?.(inputs as never, attrs) === true, name).toBe(stride === 1);
    const spec = lib.builtinOps[name] as typeof lib.builtinOps.convolution;
    return lib.dispatch(spec, inputs as [Tensor, Tensor, null], attrs);
  };
  const pointwise: { readonly [name: string]: Op } = {
    'x · y + 1': (x, y) => x.mul(y).add(1),
    'exp(-x²)': (x) => x.square().neg().exp(),
    'x > y ? x : sin(y)': (x, y) => lib.where(x.gt(y), x, y.sin()),
    'x plus a row': (x, y) => x.add(y.select(0, 1)),
    'x plus a column': (x, y) => x.add(y.narrow(1, 3, 1)),
    'x plus a transpose': (x, y) =>
      x
        .narrow(0, 0, 600)
        .narrow(1, 0, 600)
        .add(y.narrow(0, 1, 600).narrow(1, 5, 600).t()),
    'every other column': (x, y) => x.slice(1, 0, 612, 2).mul(y.slice(1, 1, 613, 2)),
    'a lower triangle': (x) => x.tril(),
    'as bfloat16': (x, y) => x.to('bfloat16').mul(y.to('bfloat16')),
    'as float16 and back': (x) => x.to('float16').to('float32'),
    'as integers': (x, y) => finite(x).to('int32').mul(7).bitwiseXor(y.gt(0)),
    'as int64': (x) => finite(x).to('int64').mul(3),
    'a pad': (x) => lib.cat([x, x.neg()], 1),
    'in place': (x, y) => x.clone().mul_(y).relu_(),
  };
  /** Of these each result is made of many elements. */
  const products: { readonly [name: string]: Op } = {
    'sums of rows': (x) => x.sum(1),
    'sums of columns': (x) => x.sum(0),
    'sums of columns of squares': (x) => x.square().sum(0),
    'maxima of rows of doubles': (x) => x.to('float64').amax(1),
    'sums of every other dim': (x) => part(x, 690, 600).reshape([6, 115, 60, 10]).sum([1, 3]),
    'sums of the dims between': (x) => part(x, 690, 600).reshape([6, 115, 60, 10]).sum([0, 2]),
    'sums of integers': (x) => x.to('int32').sum(0),
    'a product': (x, y) => x.matmul(y.t()),
    'a product of transposes': (x, y) => x.t().matmul(y),
    'a product of few rows': (x, y) => part(x, 9, 601).matmul(part(y, 601, 599)),
    'a product of few columns': (x, y) => part(x, 697, 601).matmul(part(y, 601, 7)),
    'a product with a column added': (x, y) => lib.addmm(y.narrow(1, 0, 1), x, y.t().narrow(1, 0, 333)),
    'a product with a row added': (x, y) => lib.addmm(y.select(0, 0), x.t(), y),
    'a product of doubles': (x, y) => x.to('float64').matmul(y.to('float64').t()),
    'a product of 16-bit floats': (x, y) => x.to('bfloat16').matmul(y.to('bfloat16').t()),
    'a product of integers': (x, y) => x.to('int32').matmul(y.to('int32').t()),
    'many products': (x, y) =>
      part(x, 690, 600)
        .reshape([300, 23, 60])
        .matmul(part(y, 690, 600).reshape([300, 60, 23])),
    'a convolution with a stride': (x, y) => convolved('convolution', [images(x), filters(y), null], 2),
    'a convolution': (x, y) => convolved('convolution', [images(x), filters(y), null]),
    'the gradient of an image': (x, y) =>
      convolved('convolutionTranspose', [images(x), filters(y).transpose(0, 1), null]),
    'the gradient of weights': (x, y) => convolved('convolutionWeight', [images(x), images(y)]),
  };

  const shape = [701, 613];
  const matrix = (seed: number): Tensor =>
    lib.tensor(numbers(shape[0] * shape[1], seed), { dtype: 'float32' }).reshape(shape);
  /** The bits that an op gives, and how many jobs were shared. */
  const bits = (op: Op, x: Tensor, y: Tensor): { value: Uint8Array; shared: number } =>
    countShared(() => {
      const { buffer, byteOffset, byteLength } = op(x, y).contiguous().toTypedArraySync();
      return new Uint8Array(buffer, byteOffset, byteLength);
    });
  const finite = (x: Tensor): Tensor => x.clamp(-100, 100).nanToNum();

  it.each([2, 4])('%i', async (threads) => {
    const [x, y] = [matrix(1), matrix(2)];
    const cases: [string, Op, Tensor, Tensor][] = [
      ...Object.entries(pointwise).map(([name, op]): [string, Op, Tensor, Tensor] => [name, op, x, y]),
      // a product of values some of which are NaN is NaN everywhere
      ...Object.entries(products).map(([name, op]): [string, Op, Tensor, Tensor] => [name, op, finite(x), finite(y)]),
    ];
    const wanted = cases.map(([, op, x, y]) => bits(op, x, y));
    expect(wanted.filter(({ shared }) => shared > 0)).toEqual([]);
    await allAtWork(threads);
    for (const [i, [name, op, x, y]] of cases.entries()) {
      for (let round = 0; round < 3; round++) {
        const { value, shared } = bits(op, x, y);
        expect(shared, name).toBeGreaterThan(0);
        expect(Buffer.compare(value, wanted[i].value), name).toBe(0);
      }
    }
  });

  it('a division of integers by zero is told', () => {
    for (const threads of [1, 2, 4]) {
      lib.setNumThreads(threads);
      const divisor = lib.ones([500_000], { dtype: 'int32' });
      divisor.narrow(0, 400_000, 1).fill_(0);
      const divide = (): unknown => lib.ones([500_000], { dtype: 'int32' }).floorDivide(divisor).toTypedArraySync();
      expect(divide).toThrow(lib.ArgumentError);
      expect(divide).toThrow('ZeroDivisionError');
    }
  });
});

describe('threads', () => {
  /** Threads of this process. */
  const count = (): number => readdirSync('/proc/self/task').length;

  it('are as many as asked for', () => {
    for (const n of [1, 2, 5, 3, 1]) {
      lib.setNumThreads(n);
      expect(lib.getNumThreads()).toBe(n);
    }
  });

  it.runIf(process.platform === 'linux')('end when fewer are asked for', async () => {
    await allAtWork(2);
    lib.setNumThreads(1);
    await sleep(200);
    const before = count();
    for (let round = 0; round < 20; round++) {
      lib.setNumThreads(1 + (round % 4));
      chaos(200, 6, 10);
      // some are ended before they have begun
      if (round % 3 === 0) await sleep(30);
    }
    lib.setNumThreads(1);
    for (let patience = 0; count() > before && patience < 500; patience++) await sleep(20);
    expect(count()).toBeLessThanOrEqual(before);
  });

  it('sleep between jobs', async () => {
    await allAtWork(4);
    await sleep(50);
    const { user, system } = process.cpuUsage();
    await sleep(1000);
    const used = process.cpuUsage({ user, system });
    // microseconds; three workers that look on would use as many seconds, or what the machine has
    expect(used.user + used.system).toBeLessThan(200_000);
  });

  const bad = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 257, '2', null, undefined, [2], 2n];
  for (const n of bad) {
    it(`are never ${typeof n === 'bigint' ? '2n' : (JSON.stringify(n) ?? n)} of type ${typeof n}`, () => {
      expect(() => lib.setNumThreads(n as number)).toThrow(lib.ArgumentError);
      expect(lib.getNumThreads()).toBe(1);
    });
  }
});

describe('a process', () => {
  function run(program: string): { status: number | null; stdout: string; stderr: string } {
    const file = join(folder, 'program.mjs');
    writeFileSync(file, `import * as lib from './tested.js';\n${program}`);
    return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
  }

  it('ends by itself while workers start', () => {
    const { status, stdout, stderr } = run('lib.setNumThreads(3); console.log(lib.getNumThreads());');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '3\n', stderr: '' });
  });

  it('ends by itself while workers sleep', () => {
    const { status, stderr } = run('lib.setNumThreads(3); await new Promise((done) => setTimeout(done, 500));');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('computes alone, and says so, where workers cannot start', () => {
    const { status, stdout, stderr } = run(`
      import { rmSync, renameSync } from 'node:fs';
      const worker = new URL('./worker.js', import.meta.url);
      renameSync(worker, new URL('./elsewhere.js', import.meta.url));
      lib.setNumThreads(4);
      await new Promise((done) => setTimeout(done, 1000));
      renameSync(new URL('./elsewhere.js', import.meta.url), worker);
      console.log(lib.getNumThreads());
    `);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1\n' });
    expect(stderr).toMatch('worker thread could not be had');
  });
});
