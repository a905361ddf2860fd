/** The engines of the CPU device: buffers are typed arrays, large ones over WebAssembly memory; kernels are WebAssembly where there is any, else plain loops. */
import {
  ArgumentError,
  type Backend,
  DeviceError,
  describe,
  dtypeNames,
  dtypes,
  type Override,
  type Runtime,
} from '@tenfold/tensor-core';
import { breathe } from './breathe.ts';
import { embedding, gather as gatherLines, scatter as scatterLines } from './direct/index.ts';
import { sort as sortLines } from './direct/sort.ts';
import { allocate, type Buffer } from './elements.ts';
import { decomposition, withoutEquations } from './kernels/decomposition.ts';
import { gather, scatter } from './kernels/index.ts';
import { argReduce, scan, sort } from './kernels/lines.ts';
import { map as plainMap } from './kernels/map.ts';
import { matmul } from './kernels/matmul.ts';
import { random, randomIntegers } from './kernels/random.ts';
import { reduce } from './kernels/reduce.ts';
import { createArgReduce } from './wasm/arg-reduce.ts';
import { heapBytes, isOnHeap } from './wasm/heap.ts';
import { createMoveRows } from './wasm/indexed-rows.ts';
import { type Machine, theMachine } from './wasm/machine.ts';
import { createMap } from './wasm/map.ts';
import { matmulOn } from './wasm/matmul.ts';
import { createRandom } from './wasm/random.ts';
import { createReduce } from './wasm/reduce.ts';
import { Rows } from './wasm/rows.ts';
import { createScan } from './wasm/scan.ts';
import { softmaxOverrides } from './wasm/softmax.ts';
import { Staging } from './wasm/staging.ts';
import type { Families } from './wasm/steps.ts';

/** The plain loops, over buffers of JavaScript's own: for engines without WebAssembly, and as the reference of the kernels. */
const plain: Runtime<Buffer> = {
  capabilities: { dtypes: dtypeNames, syncRead: true, collectedBelow: Number.POSITIVE_INFINITY },
  allocate,
  free: () => {},
  upload: (buffer, data, offset) => {
    // both are arrays of one dtype, which the two unions do not tell the compiler
    (buffer as Float64Array).set(data as Float64Array, offset);
  },
  download: async (buffer, offset, length) => {
    const data = buffer.slice(offset, offset + length);
    await breathe();
    return data;
  },
  downloadSync: (buffer, offset, length) => buffer.slice(offset, offset + length),
  copy: (from, fromOffset, to, toOffset, length) => {
    (to as Float64Array).set((from as Float64Array).subarray(fromOffset, fromOffset + length), toOffset);
  },
  map: plainMap,
  reduce,
  argReduce,
  scan,
  matmul,
  gather,
  scatter,
  sort,
  random,
  randomIntegers,
  overrides: {},
};

/** Kernels by op name. */
type Overrides = { readonly [op: string]: Override<Buffer> };

/** Kernels of ops that are no methods of tensors. Without them core derives the ops from others, if it can. */
export interface KernelGroup {
  /** For either engine: kernels of ops that can't be derived. */
  readonly plain?: () => Overrides;
  /** For the wasm engine, over its families: kernels that are faster than the derived ops. */
  readonly wasm?: (families: Families, machine: Machine) => Overrides;
}

const merged = (tables: readonly (Overrides | undefined)[]): Overrides => Object.assign({}, ...tables);

/** The decompositions, with those of the groups. */
const decompositions = (groups: readonly KernelGroup[]): Overrides =>
  merged([decomposition, withoutEquations, ...groups.map((group) => group.plain?.())]);

/** The plain loops with WebAssembly where it is faster. */
function accelerated(machine: Machine, groups: readonly KernelGroup[]): Runtime<Buffer> {
  const { heap, memory } = machine;
  const staging = new Staging(memory);
  const map = createMap(machine, staging);
  const reduceLanes = createReduce(machine, staging, map);
  const rows = new Rows(machine, staging, map);
  const multiply = matmulOn(machine, plain.matmul, map);
  const move = createMoveRows(machine, staging);
  const families = { map, reduce: reduceLanes, rows, matmul: multiply };
  return {
    ...plain,
    capabilities: { ...plain.capabilities, collectedBelow: heapBytes },
    allocate: (dtype, length) =>
      length * dtypes[dtype].itemsize >= heapBytes ? heap.allocateArray(dtype, length) : allocate(dtype, length),
    free: (buffer) => {
      if (isOnHeap(buffer)) heap.free(buffer.byteOffset, buffer.byteLength);
    },
    map,
    reduce: reduceLanes,
    argReduce: createArgReduce(rows),
    scan: createScan(rows),
    matmul: multiply,
    gather: (out, source, index, axis) => gatherLines(out, source, index, axis, move),
    scatter: (mode, out, index, source, axis) => scatterLines(mode, out, index, source, axis, move),
    sort: sortLines,
    random: createRandom(machine, staging, plain.random),
    overrides: merged([
      decompositions(groups),
      softmaxOverrides(rows),
      { embedding: embedding(move) },
      ...groups.map((group) => group.wasm?.(families, machine)),
    ]),
  };
}

/** Which kernels compute: `'wasm'` (the default where WebAssembly has SIMD and shared memory) or `'plain'`, loops in JavaScript. */
export type CpuEngine = 'wasm' | 'plain';

/** Options of {@link cpu}. */
export interface CpuOptions {
  readonly engine?: CpuEngine;
}

/** The backend of device `'cpu'` whose accelerated engine has these groups of kernels beside the families. */
export function cpuWith(groups: readonly KernelGroup[], engine: CpuEngine | undefined): Backend<Buffer> {
  if (engine !== undefined && engine !== 'wasm' && engine !== 'plain')
    throw new ArgumentError(`cpu: engine must be 'wasm' or 'plain', got ${describe(engine)}`);
  const open = (): Runtime<Buffer> => {
    const machine = engine === 'plain' ? null : theMachine();
    if (machine) return accelerated(machine, groups);
    if (engine === 'wasm')
      throw new DeviceError(
        "cpu: this JavaScript engine has no WebAssembly with SIMD and shared memory; use engine: 'plain'",
      );
    return { ...plain, overrides: decompositions(groups) };
  };
  return {
    specVersion: 1,
    deviceType: 'cpu',
    probe: async () => [{ name: 'cpu', available: true, description: 'JavaScript and WebAssembly' }],
    open: (index) => {
      if (index !== 0) throw new DeviceError(`there is one cpu device: use 'cpu', not 'cpu:${index}'`);
      return open();
    },
  };
}
