/** The `matmul` family over the kernels of `product.ts`: finds out how the operands lie, and gives each product its arguments. */
import {
  contiguousStrides,
  type DType,
  dtypes,
  type Epilogue,
  expr,
  type MatmulDims,
  Program,
  type Runtime,
} from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { count } from '../iterate.ts';
import { isOnHeap } from './heap.ts';
import type { Machine } from './machine.ts';
import { Pieces, pieceCount } from './pieces.ts';
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

type Matmul = Runtime<Buffer>['matmul'];
type Map = Runtime<Buffer>['map'];

/** Bytes of a column of a block of A and of a row of a block of B, steps of k in bytes: the one stays in the second-level cache, a panel of the other in the first. */
const blockRows = 128;
const blockColumns = 512;
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
  const multiply = (out: View, a: View, b: View, dims: MatmulDims, bias: Bias | null): void => {
    const type = out.dtype as ProductType;
    kernels[type] ??= compileProduct(machine, type);
    productsOf(machine, kernels[type], out, a, b, dims, bias);
  };
  return (out, a, b, dims, epilogue) => {
    const work = count(out.shape) * count(a.shape.slice(dims.batch + dims.m));
    const isNarrow = out.dtype === 'float16' || out.dtype === 'bfloat16';
    if (work < leastWork || !(isNarrow || isProductType(out.dtype))) {
      plain(out, a, b, dims, epilogue);
      return;
    }
    if (isNarrow) {
      multiplyNarrow(machine, map, multiply, out, a, b, dims);
      if (epilogue) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
      return;
    }
    const bias = epilogue ? biasOf(epilogue, dims, out.dtype) : null;
    multiply(out, a, b, dims, bias);
    if (epilogue && !bias) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
  };
}

const castPrograms = new Map<string, Program>();

function castProgram(from: DType, to: DType): Program {
  const key = `${from} ${to}`;
  let program = castPrograms.get(key);
  if (!program) {
    program = new Program([expr.cast(expr.input(0, from), to)], [from]);
    castPrograms.set(key, program);
  }
  return program;
}

/** 16-bit factors are widened once, their products summed in float32, and rounded once. */
function multiplyNarrow(
  { heap }: Machine,
  map: Map,
  multiply: (out: View, a: View, b: View, dims: MatmulDims, bias: null) => void,
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
    multiply(sum, widened(a), widened(b), dims, null);
    map([out], [sum], castProgram('float32', out.dtype), []);
  } finally {
    for (const buffer of held) heap.free(buffer.byteOffset, buffer.byteLength);
  }
}

/** Bytes that a buffer of JavaScript's own takes in scratch memory. */
const roomOf = (buffer: Buffer): number => (isOnHeap(buffer) ? 0 : roundUp(buffer.byteLength, alignment));

const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** One product for each position of the batch dims, cut into parts where lists of offsets would be long. */
function productsOf(
  machine: Machine,
  run: Product,
  out: View,
  left: View,
  right: View,
  dims: MatmulDims,
  bias: Bias | null,
): void {
  const { heap } = machine;
  const { itemsize } = dtypes[out.dtype];
  const { batch } = dims;
  const split = batch + dims.m;
  const rank = out.shape.length;
  let m = axis(left, out, batch, split, batch, split);
  let n = axis(right, out, batch + dims.k, batch + dims.k + dims.n, split, rank);
  const k = axis(left, right, split, split + dims.k, batch, batch + dims.k);
  let [a, b, kind] = [left, right, bias === null ? biasNone : bias.kind] as const;
  let steps = [k.first, k.second];
  if (innerStep(n.second) !== 1 && innerStep(m.second) === 1) {
    // the transposed product, whose rows are consecutive
    [a, b, m, n] = [b, a, n, m];
    steps = [k.second, k.first];
    kind = kind === biasNone ? kind : kind === biasOfRows ? biasOfColumns : biasOfRows;
  }
  const rowsAtOnce = partOf(m);
  const columnsAtOnce = partOf(n);
  const depth = Math.ceil(k.size / Math.ceil((k.size * itemsize) / blockDepthBytes));
  const rows = Math.min(blockRows, roundUp(rowsAtOnce, panelRows));
  const columns = Math.min(blockColumns, roundUp(columnsAtOnce, 8));
  // words: arguments, then lists; bytes: what lies on JavaScript's heap, then blocks
  const lists = [rowsAtOnce, k.size, k.size, columnsAtOnce, rowsAtOnce, columnsAtOnce];
  const listRoom = lists.reduce((sum, length) => sum + roundUp(length + 4, 16), roundUp(productFields.length, 16));
  const operands = [out, a, b, ...(bias ? [bias.view] : [])].map(({ storage }) => storage.buffer);
  const copyRoom = operands.reduce((sum, buffer) => sum + roomOf(buffer), 0);
  const blockA = tileRoom + roundUp(rows * depth * itemsize, alignment);
  const blocks = roundUp(blockA + columns * depth * itemsize, alignment);
  const parts = Math.ceil(m.size / rowsAtOnce) * Math.ceil(n.size / columnsAtOnce);
  const products = count(out.shape.slice(0, batch)) * parts;
  const wanted = pieceCount(machine, count(out.shape) * k.size);
  const size = listRoom * wordBytes + copyRoom + blocks * (wanted > 1 ? machine.places : 1);
  const start = heap.allocate(size);
  let pieces: Pieces | null = null;
  try {
    if (wanted > 1) pieces = new Pieces(machine, run, itemsize, Math.ceil(wanted / products));
    const { buffer } = heap.memory;
    const words = new Int32Array(buffer, start, listRoom);
    const addresses = placed(operands, new Uint8Array(buffer, start + listRoom * wordBytes, copyRoom));
    const scratch = start + listRoom * wordBytes + copyRoom;
    const set = (field: ProductField, value: number): void => {
      words[productFields.indexOf(field)] = value;
    };
    let at = roundUp(productFields.length, 16);
    const names = ['aRows', 'aSteps', 'bSteps', 'bColumns', 'cRows', 'cColumns'] as const;
    [m.first, steps[0], steps[1], n.first, m.second, n.second].forEach((line, i) => {
      writeOffsets(words, at, line, lists[i], itemsize);
      set(names[i], start + at * wordBytes);
      at += roundUp(lists[i] + 4, 16);
    });
    set('k', k.size);
    set('blockRows', rows);
    set('blockColumns', columns);
    set('blockDepth', depth);
    set('scratch', scratch);
    set('packedB', scratch + blockA);
    set('scratchBytes', blocks);
    set('biasKind', kind);
    const views = [out, a, b, ...(bias ? [bias.view] : [])];
    forEachBatch(out.shape, batch, views, (offsets) => {
      for (let i = 0; i < m.size; i += rowsAtOnce) {
        for (let j = 0; j < n.size; j += columnsAtOnce) {
          // beyond the first part, axes are steps
          const past = (row: Line, column: Line): number => (i && i * row.step) + (j && j * column.step);
          set('m', Math.min(rowsAtOnce, m.size - i));
          set('n', Math.min(columnsAtOnce, n.size - j));
          set('c', addresses[0] + (offsets[0] + past(m.second, n.second)) * itemsize);
          set('a', addresses[1] + (offsets[1] + (i && i * m.first.step)) * itemsize);
          set('b', addresses[2] + (offsets[2] + (j && j * n.first.step)) * itemsize);
          if (bias) set('bias', addresses[3] + (offsets[3] + (kind === biasOfRows ? i : j)) * itemsize);
          if (pieces) pieces.add(words);
          else run(start);
        }
      }
    });
    pieces?.finish();
    if (!isOnHeap(operands[0])) bytesOf(operands[0]).set(new Uint8Array(buffer, addresses[0], operands[0].byteLength));
  } finally {
    pieces?.free();
    heap.free(start, size);
  }
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
