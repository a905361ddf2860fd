/** Programs compiled by NVRTC (here its stand-in) against the same programs interpreted: the same bits, for every function, dtype and cast. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  contiguousStrides,
  type DType,
  dtypeNames,
  type Expr,
  isFloat,
  Program,
  type TypedArray,
} from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import { afterAll, describe, expect, it } from 'vitest';
import { argumentBytes, Compiler } from './compiler.ts';
import { Cuda } from './cuda.ts';
import type { View } from './elements.ts';
import { KernelLibrary } from './kernel-library.ts';
import { loadAddon } from './load-addon.ts';
import { createMap } from './map.ts';
import { noCuda } from './no-cuda.test-support.ts';
import { operations } from './program.ts';
import { Programs } from './programs.ts';
import { createReduce } from './reduce.ts';
import { renderMap, renderReduce } from './render.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenfold-cache-'));
process.env.TENFOLD_CACHE_DIR = folder;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kernels = new URL('../native/kernels/', import.meta.url);

/** The emulated device, once with NVRTC for all programs and once without it. */
function open() {
  const loaded = loadAddon();
  if ('reason' in loaded) throw new Error(loaded.reason);
  const { devices, libraries } = loaded.addon.probe({ libraries: [dirname(process.env.TENFOLD_CUDA_DRIVER ?? '')] });
  expect(libraries.nvrtc.path).not.toBeNull();
  const native = loaded.addon.open(0, {});
  const cuda = new Cuda(native, new KernelLibrary(native, devices[0].computeCapability), devices[0]);
  const compiler = new Compiler(native, libraries.nvrtc.version ?? '');
  const families = (programs: Programs) => {
    const map = createMap(cuda, programs);
    return { map, reduce: createReduce(cuda, programs, map) };
  };
  return {
    cuda,
    compiler,
    compiled: families(new Programs(cuda, compiler, 0)),
    interpreted: families(new Programs(cuda, null)),
  };
}

/** Bit patterns of any size: every kind of number of every dtype, NaNs, infinities and subnormals among them. */
function noise(cuda: Cuda, dtype: DType, shape: readonly number[], seed: number): View {
  const length = shape.reduce((n, size) => n * size, 1);
  const buffer = cuda.allocate(dtype, length);
  const bytes = new Uint8Array(length * 8);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  const view: View = { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage: { buffer } };
  if (dtype === 'bool')
    cuda.upload(
      buffer,
      bytes.subarray(0, length).map((x) => x & 1),
      0,
    );
  else if (isFloat(dtype) && seed % 2 === 0) {
    // numbers of ordinary size, of which functions make other ordinary numbers
    const doubles = cuda.allocate('float64', length);
    cuda.upload(
      doubles,
      Float64Array.from(bytes.subarray(0, length), (x, i) => (x - 128 + i / length) / 32),
      0,
    );
    const from: View = { ...view, dtype: 'float64', storage: { buffer: doubles } };
    createMap(cuda, new Programs(cuda, null))(
      [view],
      [from],
      new Program([e.cast(e.input(0, 'float64'), dtype)], ['float64']),
      [],
    );
  } else cuda.native.upload(buffer.handle, 0, bytes.subarray(0, buffer.bytes));
  return view;
}

/** Elements as bits; all NaNs of a dtype alike, whose payloads are left to processors. */
function bitsOf(cuda: Cuda, { dtype, storage }: View, length: number): readonly (number | bigint)[] {
  const data: TypedArray = cuda.downloadSync(storage.buffer, 0, length);
  if (dtype === 'float16') return Array.from(data as Uint16Array, (x) => ((x & 0x7fff) > 0x7c00 ? 0x7e00 : x));
  if (dtype === 'bfloat16') return Array.from(data as Uint16Array, (x) => ((x & 0x7fff) > 0x7f80 ? 0x7fc0 : x));
  if (dtype === 'float64')
    return Array.from(
      new BigInt64Array(Float64Array.from(data as Float64Array, (x) => (Number.isNaN(x) ? Number.NaN : x)).buffer),
    );
  if (dtype === 'float32')
    return Array.from(
      new Int32Array(Float32Array.from(data as Float32Array, (x) => (Number.isNaN(x) ? Number.NaN : x)).buffer),
    );
  return Array.from(data as Int32Array);
}

const unaryFns = operations.slice(operations.indexOf('neg'), operations.indexOf('add')) as readonly Parameters<
  typeof e.unary
>[0][];
const binaryFns = operations.slice(operations.indexOf('add'), operations.indexOf('eq')) as readonly Parameters<
  typeof e.binary
>[0][];
const compareFns = operations.slice(operations.indexOf('eq')) as readonly Parameters<typeof e.compare>[0][];

const floatsOnly = new Set<string>(['atan2', 'hypot', 'copysign', 'zeta', ...unaryFns.slice(unaryFns.indexOf('exp'))]);
const bits = new Set<string>(['bitNot', 'bitAnd', 'bitOr', 'bitXor', 'shiftLeft', 'shiftRight']);
const shifts = new Set<string>(['shiftLeft', 'shiftRight']);
const takes = (fn: string, dtype: DType): boolean =>
  isFloat(dtype) ? !bits.has(fn) : !floatsOnly.has(fn) && !(dtype === 'bool' && shifts.has(fn));

/** Every function of a dtype, two operands at hand, a dozen to a program. */
function programsOf(dtype: DType): Program[] {
  const [x, y] = [e.input(0, dtype), e.input(1, dtype)];
  // a divisor of 0 is an error of its own
  const nonZero = isFloat(dtype) ? y : e.select(e.eq(y, 0), e.constant(1, dtype), y);
  const outputs: Expr[] = [
    ...unaryFns.filter((fn) => takes(fn, dtype)).map((fn) => e.unary(fn, x)),
    ...binaryFns
      .filter((fn) => takes(fn, dtype))
      .map((fn) => e.binary(fn, x, fn === 'div' || fn === 'rem' ? nonZero : y)),
    ...compareFns.map((fn) => e.compare(fn, x, y)),
    ...dtypeNames.map((to) => e.cast(x, to)),
    e.select(e.lt(x, y), e.param(0, dtype), e.constant(dtype === 'uint8' ? 200 : -1.5, dtype)),
  ];
  return Array.from(
    { length: Math.ceil(outputs.length / 12) },
    (_, k) => new Program(outputs.slice(k * 12, k * 12 + 12), [dtype, dtype], [dtype]),
  );
}

it('numbers operations as the interpreter does', () => {
  const source = readFileSync(new URL('program.cuh', kernels), 'utf8');
  const [, names] = /enum Operation : u16 \{([^}]+)\}/.exec(source) ?? [];
  expect(names.match(/\w+/g)?.map((name) => name.replace('op_', ''))).toEqual(operations);
});

describe.skipIf(noCuda !== null)(`compiled programs${noCuda ? `: ${noCuda}` : ''}`, () => {
  const device = noCuda === null ? open() : null;
  const { cuda, compiled, interpreted, compiler } = device as ReturnType<typeof open>;
  /** An output like `view`, but of a dtype. */
  const like = ({ shape }: View, dtype: DType): View => ({
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
    storage: {
      buffer: cuda.allocate(
        dtype,
        shape.reduce((n, size) => n * size, 1),
      ),
    },
  });
  const same = (program: Program, ins: readonly View[], params: readonly number[], shape = ins[0].shape): void => {
    const results = [compiled, interpreted].map(({ map }) => {
      const outs = program.outputs.map(({ dtype }) => like({ ...ins[0], shape }, dtype));
      map(outs, ins, program, params);
      return outs.map((out) =>
        bitsOf(
          cuda,
          out,
          shape.reduce((n, size) => n * size, 1),
        ),
      );
    });
    expect(results[0]).toEqual(results[1]);
  };

  it.each(dtypeNames)(
    'give the bits of interpreted ones: %s',
    (dtype) => {
      for (const program of programsOf(dtype)) {
        for (const seed of [1, 2]) {
          const x = noise(cuda, dtype, [7, 41], seed);
          same(program, [x, noise(cuda, dtype, [7, 41], seed + 2)], [3]);
          // one operand transposed, one repeated
          const t: View = { ...x, shape: [41, 7], strides: [1, 41] };
          same(program, [t, { ...t, strides: [0, 1] }], [3]);
        }
      }
    },
    240_000,
  );

  it('load at computed places, and outside of the input', () => {
    const source = noise(cuda, 'float32', [5, 6], 2);
    const at = [e.add(e.indexOf(0), e.constant(-1, 'int32')), e.mul(e.indexOf(1), e.constant(2, 'int32'))];
    same(new Program([e.load(0, 'float32', at, -7)], ['float32']), [source], [], [7, 4]);
  });

  it.each([1, 1023, 1024, 1025, 5000])('go over %i elements by one step', (count) => {
    const [x, y] = [noise(cuda, 'float32', [3 * count], 2), noise(cuda, 'float32', [1], 4)];
    const ins = [
      { ...x, shape: [count], strides: [3] },
      { ...y, shape: [count], strides: [0] },
    ];
    same(new Program([e.sub(e.input(0, 'float32'), e.input(1, 'float32'))], ['float32', 'float32']), ins, []);
  });

  it.each(['sum', 'prod', 'max', 'min'] as const)(
    'fold: %s',
    (kind) => {
      for (const dtype of ['float32', 'float64', 'int32'] as const) {
        const ins = [noise(cuda, dtype, [3, 5000, 2], 2), noise(cuda, dtype, [3, 5000, 2], 4)];
        const program = new Program([e.mul(e.input(0, dtype), e.input(1, dtype))], [dtype, dtype]);
        for (const shape of [
          [3, 1, 2],
          [1, 5000, 1],
          [1, 1, 1],
        ]) {
          const results = [compiled, interpreted].map(({ reduce }) => {
            const out = like({ ...ins[0], shape }, dtype);
            reduce(kind, out, ins, program, []);
            return bitsOf(
              cuda,
              out,
              shape.reduce((n, size) => n * size, 1),
            );
          });
          expect(results[0]).toEqual(results[1]);
        }
      }
    },
    240_000,
  );

  it('are CUDA that nvcc takes, too', async () => {
    const x = e.input(0, 'float32');
    const at = [e.indexOf(0), e.cast(e.input(2, 'float64'), 'int32')];
    const outputs = [
      e.cast(e.unary('erfinv', e.binary('zeta', x, e.param(0, 'float32'))), 'bfloat16'),
      e.binary('shiftLeft', e.input(1, 'int8'), e.binary('rem', e.input(1, 'int8'), 3)),
      e.select(e.compare('lt', x, e.load(3, 'float32', at, 0)), x, -1),
    ];
    const placed = new Program(outputs, ['float32', 'int8', 'float64', 'float32'], ['float32']);
    const folded = new Program([e.mul(x, x)], ['float32']);
    // calls functions of the library that are not inlined
    const waves = (['sin', 'cos', 'tan', 'lgamma', 'digamma'] as const).map((fn) => e.unary(fn, e.input(0, 'float64')));
    const called = new Program([...waves, e.binary('pow', waves[0], e.input(1, 'float64'))], ['float64', 'float64']);
    // bytes of Walk<operands> and Operands<operands>
    const walk = (operands: number): number => 8 + 8 + 8 * 8 * (1 + operands);
    const operands = (operands: number): number => 8 * operands + 8 + 8 + 4 + 4 + 16 * 8;
    const nvcc = existsSync('/usr/local/cuda/bin/nvcc') ? '/usr/local/cuda/bin/nvcc' : 'nvcc';
    for (const [name, source, bytes] of [
      ['placed', renderMap(placed, 'placed'), walk(7) + operands(7) + 192 * 8],
      ['folded', renderReduce(folded, 'folded'), 2 * walk(2) + operands(2) + 8 + 8 + 4 * 4],
      ['called', renderMap(called, 'called'), walk(8) + operands(8)],
    ] as const) {
      const path = join(folder, `${name}.cu`);
      writeFileSync(path, source);
      const flags = [
        '-ptx',
        '-arch=compute_75',
        '-std=c++17',
        '-fmad=false',
        '-I',
        fileURLToPath(kernels),
        '-o',
        `${path}.ptx`,
      ];
      await promisify(execFile)(nvcc, [...flags, path]);
      const ptx = readFileSync(`${path}.ptx`, 'utf8');
      expect(ptx).toContain(`.entry ${name}(`);
      expect(argumentBytes(ptx)).toBe(bytes);
    }
  }, 240_000);

  it('are kept on disk, and compiled anew where a file is not whole', () => {
    const { compiled: before } = compiler.counters;
    expect(before).toBeGreaterThan(20);
    const files = readdirSync(join(folder, 'cuda'));
    expect(files.length).toBe(before);
    const next = open();
    const program = new Program([e.unary('exp', e.unary('neg', e.input(0, 'float32')))], ['float32']);
    const run = (which: ReturnType<typeof open>): void => {
      const x = noise(which.cuda, 'float32', [10], 1);
      which.compiled.map([x], [x], program, []);
    };
    run(next);
    const again = open();
    run(again);
    expect([next.compiler.counters, again.compiler.counters]).toEqual([
      { compiled: 1, kept: 0 },
      { compiled: 0, kept: 1 },
    ]);
    const [file] = readdirSync(join(folder, 'cuda')).filter((name) => !files.includes(name));
    const path = join(folder, 'cuda', file);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -100));
    const third = open();
    run(third);
    expect(third.compiler.counters).toEqual({ compiled: 1, kept: 0 });
  });
});
