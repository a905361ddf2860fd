/** What the addon does with cuBLASLt and NVRTC, and where it looks for them. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addonPath, driver, errorOf, inChild, integers, openDevice } from './addon.test-support.ts';
import type { Addon, Handle, LtMatrix, LtProduct, NativeDevice } from './native.ts';
import { noCuda } from './no-cuda.test-support.ts';

type Type = LtProduct['type'];

/** Small whole numbers, which every type holds exactly, as do their products and sums. */
const value = (i: number): number => ((i * 7) % 11) - 5;

/** Whole numbers up to 2048 as bits of float16, and up to 256 as bits of bfloat16. */
const toHalf = (x: number): number => {
  if (x === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(x) / 2 ** exponent - 1) * 1024);
};
const fromHalf = (bits: number): number => {
  if ((bits & 0x7fff) === 0) return 0;
  return (bits & 0x8000 ? -1 : 1) * 2 ** (((bits >> 10) & 31) - 15) * (1 + (bits & 1023) / 1024);
};
const toBfloat = (x: number): number => new Uint32Array(new Float32Array([x]).buffer)[0] >>> 16;
const fromBfloat = (bits: number): number => new Float32Array(new Uint32Array([bits << 16]).buffer)[0];

const pack: { [type in Type]: (values: number[]) => ArrayBufferView } = {
  f32: (values) => new Float32Array(values),
  f64: (values) => new Float64Array(values),
  f16: (values) => new Uint16Array(values.map(toHalf)),
  bf16: (values) => new Uint16Array(values.map(toBfloat)),
};
const unpack: { [type in Type]: (bytes: ArrayBuffer) => number[] } = {
  f32: (bytes) => [...new Float32Array(bytes)],
  f64: (bytes) => [...new Float64Array(bytes)],
  f16: (bytes) => [...new Uint16Array(bytes)].map(fromHalf),
  bf16: (bytes) => [...new Uint16Array(bytes)].map(fromBfloat),
};
const itemsize: { [type in Type]: number } = { f32: 4, f64: 8, f16: 2, bf16: 2 };

/** A buffer with `count` values behind a gap of `gap` elements. */
function upload(device: NativeDevice, type: Type, count: number, gap: number, first: number): [Handle, number[]] {
  const values = Array.from({ length: count }, (_, i) => value(first + i));
  const buffer = device.allocate((gap + count) * itemsize[type]);
  device.upload(buffer, gap * itemsize[type], pack[type](values));
  return [buffer, values];
}

const matrix = (handle: Handle, rows: number, columns: number, more: Partial<LtMatrix> = {}): LtMatrix => ({
  handle,
  offset: 0,
  rows,
  columns,
  leading: rows,
  batchStride: rows * columns,
  transposed: false,
  ...more,
});

/** Element `i, j` of what the matrix of a batch stands for. */
const at = (values: number[], m: LtMatrix, e: number, i: number, j: number): number =>
  values[e * m.batchStride + (m.transposed ? i * m.leading + j : j * m.leading + i)];

describe.skipIf(noCuda !== null)('cuBLASLt', () => {
  const types: Type[] = ['f32', 'f64', 'f16', 'bf16'];
  const layouts = [0, 1, 2, 3].map((bits) => [(bits & 1) === 1, bits >> 1 === 1] as const);

  it.each(types)('multiplies %s, transposed or not, in batches, from within buffers', (type) => {
    const device = openDevice();
    const size = itemsize[type];
    const [m, n, k, batch] = [3, 5, 4, 2];
    for (const [ta, tb] of layouts) {
      const [bufferA, valuesA] = upload(device, type, 60, 1, 3);
      const [bufferB, valuesB] = upload(device, type, 60, 2, 17);
      const shared = { offset: size, transposed: ta, batchStride: 28 };
      const a = ta
        ? matrix(bufferA, k, m, { ...shared, leading: k + 1 })
        : matrix(bufferA, m, k, { ...shared, leading: m + 2 });
      // one b for the whole batch
      const all = { offset: 2 * size, transposed: tb, batchStride: 0 };
      const b = tb ? matrix(bufferB, n, k, all) : matrix(bufferB, k, n, all);
      const bufferD = device.allocate(60 * size);
      device.fill(bufferD, 0, 60 * size, 0);
      const d = matrix(bufferD, m, n, { leading: m + 1, batchStride: 25 });
      expect(device.multiply({ type, tf32: false, batch, a, b, d, epilogue: 'none' })).toBe(true);
      const got = unpack[type](device.downloadSync(bufferD, 0, 60 * size));
      const expected = new Array<number>(60).fill(0);
      for (let e = 0; e < batch; e++)
        for (let j = 0; j < n; j++)
          for (let i = 0; i < m; i++)
            expected[e * 25 + j * (m + 1) + i] = Array.from(
              { length: k },
              (_, l) => at(valuesA, a, e, i, l) * at(valuesB, b, e, l, j),
            ).reduce((x, y) => x + y);
      expect(got).toEqual(expected);
    }
  });

  it('adds a bias for each row, and takes relu or gelu of it', () => {
    const device = openDevice();
    const [a] = upload(device, 'f32', 6, 0, 0);
    const [b] = upload(device, 'f32', 6, 0, 1);
    const bias = device.allocate(16);
    device.upload(bias, 8, new Float32Array([10, -3]));
    const d = device.allocate(16);
    const product = {
      type: 'f32',
      tf32: true,
      batch: 1,
      a: matrix(a, 2, 3),
      b: matrix(b, 3, 2),
      d: matrix(d, 2, 2),
    } as const;
    const run = (epilogue: LtProduct['epilogue']): number[] => {
      const more = epilogue.includes('bias') ? { bias: { handle: bias, offset: 8 } } : {};
      expect(device.multiply({ ...product, epilogue, ...more })).toBe(true);
      return unpack.f32(device.downloadSync(d, 0, 16));
    };
    const plain = run('none');
    const biased = plain.map((x, i) => x + [10, -3][i % 2]);
    const relu = (values: number[]) => values.map((x) => Math.max(0, x));
    expect(plain.some((x) => x < 0) && plain.some((x) => x > 0)).toBe(true);
    expect(run('bias')).toEqual(biased);
    expect(run('relu')).toEqual(relu(plain));
    expect(run('relu-bias')).toEqual(relu(biased));
    const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    run('gelu').forEach((x, i) => expect(x).toBeCloseTo(gelu(plain[i]), 5));
    run('gelu-bias').forEach((x, i) => expect(x).toBeCloseTo(gelu(biased[i]), 5));
  });

  it('says in words what it has no algorithm for', () => {
    const device = openDevice();
    const [a] = upload(device, 'f64', 4, 0, 0);
    const d = device.allocate(32);
    const product = {
      type: 'f64',
      tf32: false,
      batch: 1,
      a: matrix(a, 2, 2),
      b: matrix(a, 2, 2),
      d: matrix(d, 2, 2),
    } as const;
    for (let again = 0; again < 2; again++)
      expect(device.multiply({ ...product, epilogue: 'relu' })).toBe(
        'cuBLASLt has no algorithm for this product (CUBLAS_STATUS_NOT_SUPPORTED)',
      );
  });

  it.each([
    ['cublasLtCreate', 'cuBLASLt does not start (CUBLAS_STATUS_NOT_INITIALIZED)'],
    ['cublasLtMatmul', 'cuBLASLt has no algorithm for this product (CUBLAS_STATUS_ARCH_MISMATCH)'],
  ])('leaves the product to others where %s fails', (name, reason) => {
    const device = openDevice(`missing=${name}`);
    const [a, [value]] = upload(device, 'f32', 1, 0, 0);
    const d = device.allocate(4);
    device.fill(d, 0, 4, 0);
    const { used } = device.memory();
    const product = {
      type: 'f32',
      tf32: false,
      batch: 1,
      a: matrix(a, 1, 1),
      b: matrix(a, 1, 1),
      d: matrix(d, 1, 1),
      epilogue: 'none',
    } as const;
    for (let again = 0; again < 2; again++) expect(device.multiply(product)).toBe(reason);
    expect(device.memory().used).toBe(used);
    expect(unpack.f32(device.downloadSync(d, 0, 4))).toEqual([0]);
    expect(unpack.f32(device.downloadSync(a, 0, 4))).toEqual([value]);
  });

  it('can be captured, with its memory', () => {
    const device = openDevice();
    const [a, valuesA] = upload(device, 'f32', 1, 0, 0);
    const d = device.allocate(4);
    const { used } = device.memory();
    device.beginCapture();
    const product = {
      type: 'f32',
      tf32: false,
      batch: 1,
      a: matrix(a, 1, 1),
      b: matrix(a, 1, 1),
      d: matrix(d, 1, 1),
    } as const;
    expect(device.multiply({ ...product, epilogue: 'none' })).toBe(true);
    const graph = device.endCapture();
    device.upload(a, 0, new Float32Array([valuesA[0] + 3]));
    device.replay(graph);
    expect(unpack.f32(device.downloadSync(d, 0, 4))).toEqual([(valuesA[0] + 3) ** 2]);
    device.destroyGraph(graph);
    expect(device.memory().used).toBe(used);
  });

  it('refuses what is no product, or lies outside of its buffer', () => {
    const device = openDevice();
    const [a] = upload(device, 'f32', 12, 0, 0);
    const d = device.allocate(4 * 12);
    const good: LtProduct = {
      type: 'f32',
      tf32: false,
      batch: 1,
      a: matrix(a, 2, 3),
      b: matrix(a, 3, 2),
      d: matrix(d, 2, 2),
      epilogue: 'none',
    };
    const far = 2 ** 53 - 1;
    const wrong: Partial<LtProduct>[] = [
      { b: matrix(a, 2, 3) },
      { d: matrix(d, 2, 3) },
      { d: matrix(d, 2, 2, { transposed: true }) },
      { d: matrix(a, 2, 2) },
      { d: matrix(a, 2, 2, { offset: 20 }) },
      { a: matrix(a, 0, 3), d: matrix(d, 0, 2) },
      { a: matrix(a, 2, 3, { leading: 1 }) },
      { a: matrix(a, 2, 3, { leading: 6 }) },
      { a: matrix(a, 2, 3, { leading: far }) },
      { a: matrix(a, 2, 3, { offset: 28 }) },
      { a: matrix(a, 2, 3, { offset: 2 }) },
      { a: matrix(a, 2, 3, { offset: far }) },
      { a: matrix(a, far, far), b: matrix(a, far, far), d: matrix(d, far, far) },
      { batch: 3 },
      { batch: far },
      { batch: 0 },
      { batch: 2, d: matrix(d, 2, 2, { batchStride: 3 }) },
      { epilogue: 'bias' },
      { bias: { handle: a, offset: 0 } },
      { epilogue: 'bias', bias: { handle: a, offset: 44 } },
      { epilogue: 'bias', bias: { handle: a, offset: 1 } },
      { epilogue: 'softmax' as 'none' },
      { type: 'i8' as 'f32' },
      { tf32: 1 as unknown as boolean },
      { a: undefined },
    ];
    for (const part of wrong)
      expect({ part, code: errorOf(() => device.multiply({ ...good, ...part })).code }).toEqual({
        part,
        code: 'ARGUMENT',
      });
    expect(device.multiply(good)).toBe(true);
    device.synchronizeSync();
  });
});

describe.skipIf(noCuda !== null)('NVRTC', () => {
  it('compiles a kernel, which then runs', () => {
    const device = openDevice();
    const source = `#include "device.cuh"
      struct MineArgs { i64* out; i64 factor; };
      KERNEL(mine, MineArgs, 64) { args.out[threadIdx.x] = args.factor * threadIdx.x + blockDim.x; }`;
    const headers = fileURLToPath(new URL('../native/kernels', import.meta.url));
    const image = device.compile(source, [
      '--gpu-architecture=compute_75',
      '--fmad=false',
      `--include-path=${headers}`,
    ]);
    expect(image.at(-1)).toBe(0);
    const kernel = device.kernel(device.loadModule('mine', image), 'mine', 16, 64);
    const out = device.allocate(64 * 8);
    new BigInt64Array(device.argumentBytes, 8, 1)[0] = 3n;
    device.pointers.set([0, out, 0]);
    device.launch(kernel, 1, 1, 1, 64, 1);
    expect(integers(device.downloadSync(out, 0, 64 * 8))).toEqual(Array.from({ length: 64 }, (_, i) => 3 * i + 64));
  });

  it('says what does not compile, and where', () => {
    const device = openDevice();
    expect(errorOf(() => device.compile('int f() {\n  return nothing;\n}', []))).toMatchObject({
      code: 'CUDA',
      message: expect.stringMatching(/^the kernel does not compile: .*\n.*2.*nothing/s),
    });
    expect(errorOf(() => device.compile('a\0b', [])).code).toBe('ARGUMENT');
    expect(errorOf(() => device.compile('', ['a', 3 as unknown as string])).code).toBe('ARGUMENT');
  });
});

describe.skipIf(noCuda !== null)('libraries', () => {
  it('are looked for in the folders of the options, then in those of TENFOLD_CUDA_LIBRARIES', async () => {
    const folder = dirname(driver);
    const addon: Addon = createRequire(import.meta.url)(addonPath);
    const found = addon.probe({ driver, libraries: ['/nowhere', folder] }).libraries;
    expect(found.cublasLt).toEqual({ path: `${folder}/libcublasLt.so.12`, version: '12.4.0', reason: null });
    expect(found.nvrtc).toMatchObject({ path: `${folder}/libnvrtc.so.12`, reason: null });
    const run = await inChild(({ addon, driver }) => addon.probe({ driver }).libraries, {
      env: { TENFOLD_CUDA_LIBRARIES: `/nowhere:${folder}` },
    });
    expect(run.result).toEqual(found);
  });

  it.each([
    ['CONDA_PREFIX', 'lib'],
    ['VIRTUAL_ENV', 'lib/python3.12/site-packages/nvidia/cu13/lib'],
  ])('are found where %s has them, NVRTC with what it opens by itself', async (name, place) => {
    const root = mkdtempSync(join(tmpdir(), 'tenfold-libraries-'));
    try {
      mkdirSync(join(root, place), { recursive: true });
      for (const [from, to] of [
        ['libcublasLt.so.12', 'libcublasLt.so.12'],
        ['libnvrtc.so.12', 'libnvrtc.so.12'],
        // any library will do
        ['libcublasLt.so.12', 'libnvrtc-builtins.so.12.4'],
      ])
        copyFileSync(join(dirname(driver), from), join(root, place, to));
      const look = async (env: { [name: string]: string }) => {
        const { result } = await inChild(
          ({ addon, driver }) => {
            const { cublasLt, nvrtc } = addon.probe({ driver }).libraries;
            const maps = process.getBuiltinModule('node:fs').readFileSync('/proc/self/maps', 'utf8');
            return { paths: [cublasLt.path, nvrtc.path], builtins: maps.includes('/libnvrtc-builtins.so.12.4') };
          },
          { env: { VIRTUAL_ENV: '', CONDA_PREFIX: '', TENFOLD_CUDA_LIBRARIES: '', ...env } },
        );
        return result;
      };
      // a machine that has a toolkit has them after all
      const without = await look({});
      const found = await look({ [name]: root });
      expect(found?.paths).toEqual(
        ['libcublasLt.so.12', 'libnvrtc.so.12'].map((file, i) => without?.paths[i] ?? join(root, place, file)),
      );
      if (without?.paths[1] === null) expect([without.builtins, found?.builtins]).toEqual([false, true]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('that need a newer driver are passed over, with the reason', async () => {
    const { result } = await inChild(({ addon, driver }) => addon.probe({ driver }).libraries, {
      settings: 'driver-version=11080',
      env: { TENFOLD_CUDA_LIBRARIES: dirname(driver) },
    });
    expect(result?.cublasLt).toEqual({
      path: null,
      version: null,
      reason: `${dirname(driver)}/libcublasLt.so.12 needs a driver for CUDA 12.0 or newer`,
    });
  });

  it('are explained where there are none', async () => {
    const { result } = await inChild(
      ({ addon, driver, errorOf }) => {
        const { cublasLt } = addon.probe({ driver, libraries: ['/nowhere'] }).libraries;
        const device = addon.open(0, {});
        return {
          reason: cublasLt.reason,
          has: [device.hasCublasLt, device.hasNvrtc],
          error: errorOf(() => device.compile('', [])),
        };
      },
      {
        env: {
          TENFOLD_CUDA_LIBRARIES: '',
          CUDA_PATH: '/nowhere',
          CUDA_HOME: '',
          HOME: '/nowhere',
          VIRTUAL_ENV: '/nowhere',
        },
      },
    );
    // a machine that has a toolkit has them after all
    if (result?.reason !== null) expect(result?.reason).toMatch(/^cuBLASLt was not found|needs a driver/);
    if (!result?.has[1])
      expect(result?.error).toMatchObject({ code: 'CUDA', message: expect.stringContaining('there is no NVRTC: ') });
  });
});
