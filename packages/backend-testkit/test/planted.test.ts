/** A dozen bugs, one at a time, in a backend that conforms without them: each must be found where it is. */
import { cpu } from '@tenfold/backend-cpu';
import type { Backend, Runtime, TensorView, TypedArray } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { conform } from '../src/conform.ts';
import { textReport } from '../src/conform-report.ts';

type Engine = Runtime<TypedArray>;
type View = TensorView<TypedArray>;

interface Planted {
  readonly bug: string;
  /** The tier and the checks that show it, and the families in which they must. */
  readonly tier: 1 | 2 | 3;
  readonly filter: string;
  readonly family: string;
  plant(engine: Engine): Partial<Engine>;
}

const elementsOf = ({ storage }: View) => storage.buffer as Float64Array;

/** The engine's sort, whose equal elements change places. */
function unstable(engine: Engine): Engine['sort'] {
  return (values, indices, input, axis, descending) => {
    engine.sort(values, indices, input, axis, descending);
    const n = input.shape[axis];
    if (input.shape.length !== 1 || n < 2) return;
    const [x, at] = [elementsOf(values), indices.storage.buffer as BigInt64Array];
    for (let i = 0; i + 1 < n; i++) {
      const here = values.offset + i * values.strides[0];
      const [a, b] = [i, i + 1].map((k) => indices.offset + k * indices.strides[0]);
      if (x[here] === x[here + values.strides[0]]) [at[a], at[b]] = [at[b], at[a]];
    }
  };
}

const planted: readonly Planted[] = [
  {
    bug: 'strides are taken for those of a dense tensor',
    tier: 2,
    filter: 'elementwise / abs /',
    family: 'elementwise',
    plant: (engine) => ({
      map: (outs, ins, program, params) =>
        engine.map(
          outs,
          ins.map((x) => {
            const reversed = x.strides.length > 1 && x.strides[0] === 1 && x.strides[1] > 1;
            return reversed ? { ...plainOf(x), strides: [x.shape[1], 1] } : x;
          }),
          program,
          params,
        ),
    }),
  },
  {
    bug: 'a packed copy of a view outlives what it was packed from',
    tier: 2,
    filter: 'views /',
    family: 'views',
    plant: (engine) => {
      const packed = new WeakMap<object, TypedArray>();
      return {
        map: (outs, ins, program, params) =>
          engine.map(
            outs,
            ins.map((x) => {
              const isView = x.strides.length === 2 && x.strides[0] === 1 && x.strides[1] > 1;
              if (!isView) return x;
              const { buffer } = x.storage;
              if (!packed.has(buffer)) packed.set(buffer, buffer.slice());
              return { ...plainOf(x), storage: { buffer: packed.get(buffer) as TypedArray } };
            }),
            program,
            params,
          ),
      };
    },
  },
  {
    bug: 'the maximum passes over NaN',
    tier: 1,
    filter: 'reduce / amax /',
    family: 'reduce',
    plant: (engine) => ({
      reduce: (kind, out, ins, program, params) => {
        if (kind !== 'max') return engine.reduce(kind, out, ins, program, params);
        const clean = ins.map((x) => {
          const { buffer } = x.storage;
          return {
            ...plainOf(x),
            storage: { buffer: (buffer as Float64Array).map((v) => (Number.isNaN(v) ? -Infinity : v)) },
          };
        });
        engine.reduce(kind, out, typeof elementsOf(ins[0])[0] === 'number' ? clean : ins, program, params);
      },
    }),
  },
  {
    bug: 'gather reads the element after the one asked for',
    tier: 1,
    filter: 'index / gather /',
    family: 'index',
    plant: (engine) => ({
      gather: (out, source, index, axis) => {
        const n = BigInt(source.shape[axis]);
        const { buffer } = index.storage;
        const next =
          buffer instanceof BigInt64Array ? buffer.map((i) => (i + 1n < n ? i + 1n : i)) : (buffer as Int32Array);
        engine.gather(out, source, { ...plainOf(index), storage: { buffer: next } }, axis);
      },
    }),
  },
  {
    bug: 'sort is not stable',
    tier: 1,
    filter: 'index / sort /',
    family: 'index',
    plant: (engine) => ({ sort: unstable(engine) }),
  },
  {
    bug: 'freed buffers stay in a table',
    tier: 2,
    filter: 'memory /',
    family: 'memory',
    plant: (engine) => {
      const table = new Set<TypedArray>();
      return {
        capabilities: { ...engine.capabilities, collectedBelow: 0 },
        allocate: (dtype, length) => {
          const buffer = engine.allocate(dtype, length);
          table.add(buffer);
          return buffer;
        },
      };
    },
  },
  {
    bug: 'a pool hands out memory that is still in use',
    tier: 2,
    filter: 'memory /',
    family: 'memory',
    plant: (engine) => {
      let last: TypedArray | undefined;
      return {
        allocate: (dtype, length) => {
          if (dtype !== 'float32' || length > 64) return engine.allocate(dtype, length);
          last = (last ?? engine.allocate(dtype, 64)) as TypedArray;
          return last.subarray(0, length);
        },
      };
    },
  },
  {
    bug: 'scatter writes before it has checked all indices',
    tier: 2,
    filter: 'faults /',
    family: 'faults',
    plant: (engine) => ({
      scatter: (mode, out, index, source, axis) => {
        if (out.shape.length === 1) elementsOf(out)[out.offset] = elementsOf(source)[source.offset];
        engine.scatter(mode, out, index, source, axis);
      },
    }),
  },
  {
    bug: 'a stream of random numbers begins one block late',
    tier: 2,
    filter: 'random /',
    family: 'random',
    plant: (engine) => ({ random: (kind, out, key, offset) => engine.random(kind, out, key, offset + 1) }),
  },
  {
    bug: 'a product of matrices leaves out its last term',
    tier: 1,
    filter: 'linalg / matmul /',
    family: 'linalg',
    plant: (engine) => ({
      matmul: (out, a, b, dims, epilogue) => {
        const outer = dims.batch + dims.m;
        const k = a.shape[outer];
        if (dims.k !== 1 || k < 2) return engine.matmul(out, a, b, dims, epilogue);
        const shorter = (x: View, d: number) => ({
          ...plainOf(x),
          shape: x.shape.map((size, i) => (i === d ? k - 1 : size)),
        });
        engine.matmul(out, shorter(a, outer), shorter(b, dims.batch), dims, epilogue);
      },
    }),
  },
  {
    bug: 'a kernel writes whole blocks, over what follows its output',
    tier: 2,
    filter: 'views / sort /',
    family: 'views',
    plant: (engine) => ({
      sort: (values, indices, input, axis, descending) => {
        engine.sort(values, indices, input, axis, descending);
        const last = values.shape.reduce((at, n, d) => at + (n - 1) * values.strides[d], values.offset);
        if (last + 1 < elementsOf(values).length) elementsOf(values)[last + 1] = 0;
      },
    }),
  },
  {
    bug: 'an override leaves out what lies beyond 512 columns',
    tier: 3,
    filter: 'overrides / softmax /',
    family: 'overrides',
    plant: () => ({
      overrides: {
        softmax: {
          supports: (inputs, attrs) => (isRows(inputs[0]) && (attrs as { dim: number }).dim === 1 ? true : 'no rows'),
          run: ([out], [x]) => {
            if (!isRows(x)) return;
            const [rows, columns] = x.shape;
            for (let row = 0; row < rows; row++) {
              const exps = Array.from({ length: columns }, (_, i) =>
                i < 512 ? Math.exp(elementsOf(x)[x.offset + row * columns + i]) : 0,
              );
              const sum = exps.reduce((a, b) => a + b);
              exps.forEach((value, i) => {
                elementsOf(out)[row * columns + i] = value / sum;
              });
            }
          },
        },
      },
    }),
  },
];

/** Whether an operand is a dense matrix of float32. */
const isRows = (x: View | number | null): x is View =>
  typeof x === 'object' &&
  x?.dtype === 'float32' &&
  x.shape.length === 2 &&
  x.strides[0] === x.shape[1] &&
  x.strides[1] === 1;

/** The fields of a view: tensors have them on their prototype. */
function plainOf({ dtype, shape, strides, offset, storage }: View): View {
  return { dtype, shape, strides, offset, storage: { buffer: storage.buffer } };
}

/** The plain engine, with a bug or without. */
function backendWith(deviceType: string, plant: Planted['plant']): Backend<TypedArray> {
  return {
    specVersion: 1,
    deviceType,
    probe: async () => [{ name: deviceType, available: true }],
    open: () => {
      const engine = cpu({ engine: 'plain' }).open(0) as unknown as Engine;
      return { ...engine, ...plant(engine) };
    },
  };
}

it.each(planted)('$bug', async ({ tier, filter, family, plant }) => {
  if (family !== 'overrides') {
    const sound = await conform(
      backendWith('sound', () => ({})),
      { tier, filter },
    );
    expect(sound.failures).toEqual([]);
    expect(sound.passed).toBeGreaterThan(0);
  }
  const report = await conform(backendWith('planted', plant), { tier, filter });
  expect(report.failures.map((failure) => failure.family)).toContain(family);
  const text = textReport(report, './planted.js');
  expect(text).toContain(`--filter '${family} / `);
  expect(text).toContain(`adding-a-backend.md#${family}`);
});
