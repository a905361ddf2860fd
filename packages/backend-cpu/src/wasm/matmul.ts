/** The `matmul` family over the kernels of `product.ts`: finds out how the operands lie, and gives each product its arguments. */
import {
  contiguousStrides,
  type DType,
  dtypes,
  type Epilogue,
  type MatmulDims,
  type Runtime,
} from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { count } from '../iterate.ts';
import { isOnHeap } from './heap.ts';
import type { Machine } from './machine.ts';
import {
  biasNone,
  biasOfColumns,
  biasOfRows,
  compileProduct,
  type Product,
  type ProductField,
  type ProductType,
  panelRows,
  productFields,
  productLanes,
  tileRoom,
} from './product.ts';
import { castProgram } from './program-call.ts';
import { compileThin, mostVectors, type ThinField, type ThinProducts, thinFields, thinRoom } from './thin.ts';

type Matmul = Runtime<Buffer>['matmul'];
type Map = Runtime<Buffer>['map'];

/**
 * A block of A stays in the second-level cache, a panel of B in the first. If A is one block, few columns of B are packed at a time, and used at once. How
 * steps are cut depends on nothing but k: so does the result.
 */
const blockRows = 128;
const blockColumns = 512;
const fewColumns = 8;
const blockDepthBytes = 2048;
/** So many rows or columns at a time have lists of offsets, where a list can be used again. */
const listLength = 4096;
/** Products of fewer multiplications are left to plain loops. */
const leastWork = 1024;
const wordBytes = 4;
const alignment = 64;

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;

const isProductType = (dtype: DType): dtype is ProductType => dtype in productLanes;

/** Dims of one role in two operands, as in m of A and C: rows or columns of matrices. */
interface Axis {
  readonly size: number;
  readonly first: Line;
  readonly second: Line;
}

/** Where the positions of an axis lie in one operand. */
interface Line {
  readonly sizes: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  /** The distance of neighbours if all are equally far from each other, else NaN. */
  readonly step: number;
}

function lineOf(x: View, from: number, to: number): Line {
  const sizes = x.shape.slice(from, to);
  const strides = x.strides.slice(from, to);
  return { sizes, strides, step: stepOf(sizes, strides) };
}

function stepOf(sizes: readonly number[], strides: readonly number[]): number {
  let step = -1;
  let expected = 0;
  for (let d = sizes.length - 1; d >= 0; d--) {
    if (sizes[d] === 1) continue;
    if (step < 0) step = strides[d];
    else if (strides[d] !== expected) return Number.NaN;
    expected = strides[d] * sizes[d];
  }
  return Math.max(step, 0);
}

/** The distance of the positions that come first. */
function innerStep({ sizes, strides }: Line): number {
  for (let d = sizes.length - 1; d >= 0; d--) if (sizes[d] > 1) return strides[d];
  return 0;
}

/** Writes `length` offsets in bytes. */
function writeOffsets(words: Int32Array, at: number, { sizes, strides, step }: Line, length: number, itemsize: number) {
  if (!Number.isNaN(step)) {
    const bytes = step * itemsize;
    for (let i = 0, offset = 0; i < length; i++, offset += bytes) words[at + i] = offset;
    return;
  }
  words[at] = 0;
  let done = 1;
  for (let d = sizes.length - 1; d >= 0; d--) {
    const bytes = strides[d] * itemsize;
    for (let i = done, from = at; i < done * sizes[d]; i++, from++) words[at + i] = words[from] + bytes;
    done *= sizes[d];
  }
}

/** What is added to every row or column of a product. */
interface Bias {
  readonly kind: typeof biasOfRows | typeof biasOfColumns;
  readonly view: View;
}

/** The epilogue as a bias, if it is one: the sum plus a vector. */
function biasOf({ program, inputs }: Epilogue<Buffer>, { batch, m }: MatmulDims, dtype: DType): Bias | null {
  const [root] = program.outputs;
  if (inputs.length !== 1 || root.kind !== 'binary' || root.fn !== 'add' || root.dtype !== dtype) return null;
  const indices = root.args.map((node) => (node.kind === 'input' && node.dtype === dtype ? node.index : -1));
  if (Math.min(...indices) !== 0 || Math.max(...indices) !== 1) return null;
  const [view] = inputs;
  const rows = lineOf(view, batch, batch + m);
  const columns = lineOf(view, batch + m, view.shape.length);
  if (columns.step === 0 && (rows.step === 1 || count(rows.sizes) === 1)) return { kind: biasOfRows, view };
  if (rows.step === 0 && columns.step === 1) return { kind: biasOfColumns, view };
  return null;
}

/** The family for a machine. What it does not take goes to `plain`; `map` widens 16-bit factors, and applies an epilogue that is no bias. */
export function matmulOn(machine: Machine, plain: Matmul, map: Map): Matmul {
  const kernels: { [T in ProductType]?: Product } = {};
  const thinKernels: { [T in ProductType]?: ThinProducts } = {};
  /** Whether the epilogue has been applied too. */
  const multiply = (out: View, a: View, b: View, dims: MatmulDims, epilogue?: Epilogue<Buffer>): boolean => {
    const type = out.dtype as ProductType;
    const problem = problemOf(out, a, b, dims);
    const thin = thinOf(problem);
    if (thin) {
      thinKernels[type] ??= compileThin(machine, type);
      runThin(machine, thinKernels[type], thin, problem);
      return false;
    }
    const bias = epilogue ? biasOf(epilogue, dims, out.dtype) : null;
    kernels[type] ??= compileProduct(machine, type);
    runProducts(machine, kernels[type], problem, bias);
    return bias !== null;
  };
  return (out, a, b, dims, epilogue) => {
    const work = count(out.shape) * count(a.shape.slice(dims.batch + dims.m));
    const isNarrow = out.dtype === 'float16' || out.dtype === 'bfloat16';
    if (work < leastWork || !(isNarrow || isProductType(out.dtype))) {
      plain(out, a, b, dims, epilogue);
      return;
    }
    if (isNarrow) multiplyNarrow(machine, map, multiply, out, a, b, dims);
    const isDone = !isNarrow && multiply(out, a, b, dims, epilogue);
    if (epilogue && !isDone) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
  };
}

/** 16-bit factors are widened once, their products summed in float32, and rounded once. */
function multiplyNarrow(
  { heap }: Machine,
  map: Map,
  multiply: (out: View, a: View, b: View, dims: MatmulDims) => boolean,
  out: View,
  a: View,
  b: View,
  dims: MatmulDims,
): void {
  const held: Buffer[] = [];
  const wide = (length: number): Buffer => {
    const buffer = heap.allocateArray('float32', length);
    held.push(buffer);
    return buffer;
  };
  const dense = (shape: readonly number[], buffer: Buffer): View => ({
    dtype: 'float32',
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
    storage: { buffer },
  });
  const widened = (x: View): View => {
    // windows overlap: then all that they look at is less than what they show
    const span = x.shape.reduce((sum, size, d) => sum + (size - 1) * x.strides[d], 1);
    const all = span < count(x.shape) ? { ...x, shape: [span], strides: [1] } : x;
    const to = dense(all.shape, wide(count(all.shape)));
    map([to], [all], castProgram(x.dtype, 'float32'), []);
    return all === x ? to : { ...to, shape: x.shape, strides: x.strides };
  };
  try {
    const sum = dense(out.shape, wide(count(out.shape)));
    multiply(sum, widened(a), widened(b), dims);
    map([out], [sum], castProgram('float32', out.dtype), []);
  } finally {
    for (const buffer of held) heap.free(buffer.byteOffset, buffer.byteLength);
  }
}

/** Bytes that a buffer of JavaScript's own takes in scratch memory. */
const roomOf = (buffer: Buffer): number => (isOnHeap(buffer) ? 0 : roundUp(buffer.byteLength, alignment));

const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** Operands and how their dims belong together. */
interface Problem {
  readonly out: View;
  readonly a: View;
  readonly b: View;
  readonly batch: number;
  readonly itemsize: number;
  /** In a and out, in b and out, in a and b. */
  readonly m: Axis;
  readonly n: Axis;
  readonly k: Axis;
  /** Whether the product is the transposed one of what was asked for. */
  readonly isTransposed: boolean;
}

function problemOf(out: View, a: View, b: View, { batch, m, n, k }: MatmulDims): Problem {
  return {
    out,
    a,
    b,
    batch,
    itemsize: dtypes[out.dtype].itemsize,
    m: axis(a, out, batch, batch + m, batch, batch + m),
    n: axis(b, out, batch + k, batch + k + n, batch + m, batch + m + n),
    k: axis(a, b, batch + m, batch + m + k, batch, batch + k),
    isTransposed: false,
  };
}

/** Cᵀ = Bᵀ Aᵀ. */
const transposedProblem = ({ a, b, m, n, k, ...rest }: Problem): Problem => ({
  ...rest,
  a: b,
  b: a,
  m: n,
  n: m,
  k: { size: k.size, first: k.second, second: k.first },
  isTransposed: !rest.isTransposed,
});

/**
 * Calls `run` with the addresses of the operands, of which the first is written, and of `room` bytes of scratch memory. Operands on JavaScript's heap are
 * copied.
 */
export function withAddresses(
  { heap }: Machine,
  operands: readonly Buffer[],
  room: number,
  run: (addresses: readonly number[], scratch: number) => void,
): void {
  const copyRoom = operands.reduce((sum, buffer) => sum + roomOf(buffer), 0);
  const start = heap.allocate(copyRoom + room);
  try {
    const { buffer } = heap.memory;
    const addresses = placed(operands, new Uint8Array(buffer, start, copyRoom));
    run(addresses, start + copyRoom);
    if (!isOnHeap(operands[0])) bytesOf(operands[0]).set(new Uint8Array(buffer, addresses[0], operands[0].byteLength));
  } finally {
    heap.free(start, copyRoom + room);
  }
}

/** A product of a matrix, `b`, and few vectors, the rows of `a`, if both lie so that it can be had without packing. */
interface Thin extends Problem {
  /** Whether results are dot products of neighbours. */
  readonly areDots: boolean;
}

function thinOf(given: Problem): Thin | null {
  if (given.m.size > mostVectors && given.n.size > mostVectors) return null;
  const problem = given.m.size <= given.n.size ? given : transposedProblem(given);
  const { m, n, k } = problem;
  const steps = [m.first, m.second, n.first, k.first, k.second].map(({ step }) => step);
  if (steps.some(Number.isNaN) || (n.second.step !== 1 && n.size > 1)) return null;
  const areDots = k.second.step === 1 && k.first.step === 1;
  if (!areDots && n.first.step !== 1) return null;
  return { ...problem, areDots };
}

function runThin(machine: Machine, kernels: ThinProducts, thin: Thin, { batch }: Problem): void {
  const { out, a, b, m, n, k, itemsize, areDots } = thin;
  const run = kernels[areDots ? 'dots' : 'combine'][m.size - 1];
  const argumentBytes = roundUp(thinFields.length * wordBytes, alignment);
  const operands = [out, a, b].map(({ storage }) => storage.buffer);
  withAddresses(machine, operands, argumentBytes + thinRoom, ([toOut, toA, toB], start) => {
    const words = new Int32Array(machine.heap.memory.buffer, start, thinFields.length);
    forEachBatch(out.shape, batch, [out, a, b], ([outOffset, aOffset, bOffset]) => {
      const values: { readonly [F in ThinField]: number } = {
        matrix: toB + bOffset * itemsize,
        x: toA + aOffset * itemsize,
        y: toOut + outOffset * itemsize,
        wide: n.size,
        k: k.size,
        matrixWide: n.first.step * itemsize,
        matrixStep: k.second.step * itemsize,
        xStep: k.first.step * itemsize,
        xVector: m.first.step * itemsize,
        yVector: m.second.step * itemsize,
        scratch: start + argumentBytes,
      };
      words.set(thinFields.map((field) => values[field]));
      run(start);
    });
  });
}

/** One product for each position of the batch dims, cut into parts where lists of offsets would be long. */
function runProducts(machine: Machine, run: Product, given: Problem, bias: Bias | null): void {
  // rows of consecutive elements are stored as they are
  const isTransposed = innerStep(given.n.second) !== 1 && innerStep(given.m.second) === 1;
  const { out, a, b, batch, itemsize, m, n, k } = isTransposed ? transposedProblem(given) : given;
  const kind = bias === null ? biasNone : (bias.kind === biasOfRows) !== isTransposed ? biasOfRows : biasOfColumns;
  const rowsAtOnce = partOf(m);
  const columnsAtOnce = partOf(n);
  const depth = Math.ceil(k.size / Math.ceil((k.size * itemsize) / blockDepthBytes));
  const rows = Math.min(blockRows, roundUp(rowsAtOnce, panelRows));
  const columns = Math.min(rowsAtOnce <= blockRows ? fewColumns : blockColumns, roundUp(columnsAtOnce, 8));
  // arguments, lists, blocks
  const lists = [rowsAtOnce, k.size, k.size, columnsAtOnce, rowsAtOnce, columnsAtOnce];
  const argumentRoom = roundUp(productFields.length, 16);
  const listRoom = lists.reduce((sum, length) => sum + roundUp(length + 4, 16), argumentRoom);
  const blockA = tileRoom + roundUp(rows * depth * itemsize, alignment);
  const blocks = roundUp(blockA + columns * depth * itemsize, alignment);
  const products =
    count(out.shape.slice(0, batch)) * Math.ceil(m.size / rowsAtOnce) * Math.ceil(n.size / columnsAtOnce);
  const { sharing } = machine;
  const wanted = sharing?.pieceCount(machine, count(out.shape) * k.size) ?? 1;
  const room = listRoom * wordBytes + blocks * (wanted > 1 ? machine.places : 1);
  const views = [out, a, b, ...(bias ? [bias.view] : [])];
  const operands = views.map(({ storage }) => storage.buffer);
  withAddresses(machine, operands, room, (addresses, start) => {
    const words = new Int32Array(machine.heap.memory.buffer, start, listRoom);
    const set = (field: ProductField, value: number): void => {
      words[productFields.indexOf(field)] = value;
    };
    let at = argumentRoom;
    const names = ['aRows', 'aSteps', 'bSteps', 'bColumns', 'cRows', 'cColumns'] as const;
    [m.first, k.first, k.second, n.first, m.second, n.second].forEach((line, i) => {
      writeOffsets(words, at, line, lists[i], itemsize);
      set(names[i], start + at * wordBytes);
      at += roundUp(lists[i] + 4, 16);
    });
    const scratch = start + listRoom * wordBytes;
    set('k', k.size);
    set('blockRows', rows);
    set('blockColumns', columns);
    set('blockDepth', depth);
    set('scratch', scratch);
    set('packedB', scratch + blockA);
    set('scratchBytes', blocks);
    set('biasKind', kind);
    const pieces =
      sharing && wanted > 1 ? new sharing.Pieces(machine, run, itemsize, Math.ceil(wanted / products)) : null;
    try {
      forEachBatch(out.shape, batch, views, (offsets) => {
        for (let i = 0; i < m.size; i += rowsAtOnce) {
          for (let j = 0; j < n.size; j += columnsAtOnce) {
            // beyond the first part, axes are steps
            const past = ({ step }: Line, by: number): number => (by === 0 ? 0 : by * step);
            set('m', Math.min(rowsAtOnce, m.size - i));
            set('n', Math.min(columnsAtOnce, n.size - j));
            set('c', addresses[0] + (offsets[0] + past(m.second, i) + past(n.second, j)) * itemsize);
            set('a', addresses[1] + (offsets[1] + past(m.first, i)) * itemsize);
            set('b', addresses[2] + (offsets[2] + past(n.first, j)) * itemsize);
            if (bias) set('bias', addresses[3] + (offsets[3] + (kind === biasOfRows ? i : j)) * itemsize);
            if (pieces) pieces.add(words);
            else run(start);
          }
        }
      });
      pieces?.finish();
    } finally {
      pieces?.free();
    }
  });
}

function axis(x: View, out: View, from: number, to: number, outFrom: number, outTo: number): Axis {
  const first = lineOf(x, from, to);
  return { size: count(first.sizes), first, second: lineOf(out, outFrom, outTo) };
}

/** How many positions of an axis have entries in lists of offsets: of equal steps only some. */
const partOf = ({ size, first, second }: Axis): number =>
  Number.isNaN(first.step + second.step) ? size : Math.min(size, listLength);

/** Addresses of buffers; what lies on JavaScript's heap is copied to `room`. */
function placed(buffers: readonly Buffer[], room: Uint8Array): number[] {
  let used = 0;
  return buffers.map((buffer) => {
    if (isOnHeap(buffer)) return buffer.byteOffset;
    const address = room.byteOffset + used;
    room.set(bytesOf(buffer), used);
    used += roomOf(buffer);
    return address;
  });
}

/** Calls `visit` with the offset of each view for each position of the first dims. */
function forEachBatch(
  shape: readonly number[],
  dims: number,
  views: readonly View[],
  visit: (offsets: readonly number[]) => void,
): void {
  const offsets = views.map(({ offset }) => offset);
  const walk = (d: number): void => {
    if (d === dims) {
      visit(offsets);
      return;
    }
    for (let i = 0; i < shape[d]; i++) {
      walk(d + 1);
      for (let v = 0; v < views.length; v++) offsets[v] += views[v].strides[d];
    }
    for (let v = 0; v < views.length; v++) offsets[v] -= shape[d] * views[v].strides[d];
  };
  walk(0);
}
