/**
 * How operands lie over rows, and how rows are shared out among threads: what is normalised or summed together is a row, whichever dims it has. The kernels
 * are those of `native/kernels/rows.cuh`.
 */
import type { DType } from '@tenfold/tensor-core';
import type { Call, Cuda } from '../cuda.ts';
import { itemsize, type View } from '../elements.ts';
import { type Axis, axesOf, merged, sizeOf } from '../geometry.ts';

/** What an override is given. */
export type Operands = readonly (View | number | null)[];

export type Dim = readonly [size: number, stride: number];

/** Size and stride of a dim. */
export const dimOf = (view: View, d: number): Dim => [view.shape[d], view.strides[d]];

export const dimsOf = (view: View): Dim[] => view.shape.map((_, d) => dimOf(view, d));

/** Dims in which there is only one element. */
export const repeated = (sizes: readonly number[]): Dim[] => sizes.map((size) => [size, 0]);

/** A view of the same buffer with dims of its own. */
export const viewed = ({ dtype, storage, offset }: View, dims: readonly Dim[]): View => ({
  dtype,
  storage,
  offset,
  shape: dims.map(([size]) => size),
  strides: dims.map(([, stride]) => stride),
});

/** The view with `dims` before its others. */
export function ordered(view: View, dims: readonly number[]): View {
  const others = view.shape.flatMap((_, d) => (dims.includes(d) ? [] : [d]));
  return viewed(
    view,
    [...dims, ...others].map((d) => dimOf(view, d)),
  );
}

/** The dtype that elements are computed in. */
export const valueType = (dtype: DType): 'float32' | 'float64' => (dtype === 'float64' ? 'float64' : 'float32');

/** Dims that the kernels' walks have room for, whatever their strides are; one is split in two for groups. */
export const fewDims = (inputs: Operands): true | string =>
  inputs.every((x) => x === null || typeof x === 'number' || x.shape.length <= 7) || 'more than 7 dims';

/** Threads of a block, as in rows.cuh. */
const threads = 256;
const longThreads = 1024;
/** Bytes that a thread reads at once. */
const packBytes = 16;
/** Packs that a thread keeps in registers. */
const keptPacks = { 2: 4, 4: 8, 8: 8 } as { readonly [itemsize: number]: number };

/** Operands of one shape as rows. Absent ones stay where they are. */
export interface Rows {
  readonly count: number;
  /** Elements of a row. */
  readonly length: number;
  readonly outer: readonly Axis[];
  /** Counts packs. */
  readonly inner: readonly Axis[];
  readonly packs: number;
  /** Elements of a pack: 1 where rows have gaps or begin anywhere. */
  readonly width: number;
  /** Of each operand, whether the elements of a pack have one each. */
  readonly steps: readonly (0 | 1)[];
  /** Whether neighbouring threads had better take neighbouring rows. */
  readonly across: boolean;
}

/** An operand that is absent stays at 0. */
const placed = (operands: readonly (View | null)[], shape: readonly number[], from: number, to: number) =>
  operands.map((view) => ({
    shape: shape.slice(from, to),
    strides: view ? view.strides.slice(from, to) : new Array<number>(to - from).fill(0),
  }));

/** The inner dims in packs of `width` elements, if every operand lies so that it can be read or written by them: the `full` ones must not repeat. */
function packed(
  outer: readonly Axis[],
  inner: readonly Axis[],
  operands: readonly (View | null)[],
  full: number,
  width: number,
): Axis[] | null {
  const last = inner[inner.length - 1];
  if (!last || last.size % width !== 0) return null;
  const others = [...outer, ...inner.slice(0, -1)];
  const fit = operands.every((view, o) => {
    if (last.strides[o] === 0) return o >= full;
    const aligned = view !== null && view.offset % width === 0;
    return last.strides[o] === 1 && aligned && others.every(({ strides }) => strides[o] % width === 0);
  });
  if (!fit) return null;
  const strides = last.strides.map((stride) => stride * width);
  return [...inner.slice(0, -1), { size: last.size / width, strides }];
}

/** The smallest step from an element to another one. */
const leastStride = (axes: readonly Axis[], o: number): number =>
  Math.min(...axes.map(({ strides }) => strides[o] || Number.POSITIVE_INFINITY));

/**
 * The first `outer` dims number the rows. The first `full` operands, the last of which is one that is read, are of one dtype and have an element for each;
 * the others are beside them and may be repeated.
 */
export function rowsOf(operands: readonly (View | null)[], full: number, outer: number): Rows {
  const main = full - 1;
  const view = operands[main] as View;
  const { shape } = view;
  const rows = merged(axesOf(placed(operands, shape, 0, outer)));
  const inner = merged(axesOf(placed(operands, shape, outer, shape.length)));
  const across = leastStride(rows, main) < leastStride(inner, main);
  const width = packBytes / itemsize(view.dtype);
  const last = inner[inner.length - 1];
  const byPacks = across ? null : packed(rows, inner, operands, full, width);
  const chosen = byPacks ?? inner;
  return {
    count: sizeOf(shape.slice(0, outer)),
    length: sizeOf(shape.slice(outer)),
    outer: rows,
    inner: chosen,
    packs: sizeOf(chosen.map(({ size }) => size)),
    width: byPacks ? width : 1,
    steps: operands.map((_, o) => (last && last.strides[o] !== 0 ? 1 : 0)),
    across,
  };
}

/** Threads to a row, and what the kernel is called by: it keeps its packs, reads packs, or elements. */
export interface Sharing {
  readonly lanes: number;
  readonly variant: '' | '_packs' | '_kept';
  readonly threads: number;
}

/** The least power of two that is not smaller. */
export const powerFrom = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** Lanes for kernels that go over a row more than once. With `long`, there is a kernel for packs that are not kept, whose blocks are larger. */
export function shareRows({ count, packs, width, across }: Rows, dtype: DType, long: boolean): Sharing {
  if (across) {
    // neighbouring rows stay together, eight at least, but few rows need more threads than one each
    const many = count >= 2 ** 12 || packs <= 1024;
    return { lanes: packs <= 32 || count >= 2 ** 15 ? 1 : many ? 8 : 32, variant: '', threads };
  }
  const kept = keptPacks[itemsize(dtype)];
  if (width > 1 && packs <= kept * threads) {
    const lanes = packs <= 32 * kept ? Math.min(32, powerFrom(packs)) : powerFrom(packs / kept);
    return { lanes, variant: '_kept', threads };
  }
  if (width > 1 && long) return { lanes: longThreads, variant: '_packs', threads: longThreads };
  return { lanes: packs <= 1024 ? Math.min(32, powerFrom(packs)) : threads, variant: '', threads };
}

/** Writes a `Rows<operands>` of rows.cuh. */
export function writeRows(call: Call, { count, outer, inner }: Rows, lanes: number, across: boolean, operands: number) {
  return call
    .long(count)
    .int(lanes)
    .int(across ? 1 : 0)
    .walk(outer, operands)
    .walk(inner, operands);
}

/** Writes a `Beside` of rows.cuh: an operand of `step`, beside elements of `dtype`. */
export function writeBeside(call: Call, view: View | null, step: 0 | 1, dtype: DType): Call {
  if (!view) return call.none().int(0).int(0);
  return call
    .view(view)
    .int(view.dtype === dtype ? 0 : 1)
    .int(step);
}

/** Blocks of so many threads for the rows. */
export const blocksFor = (count: number, lanes: number, of: number): number => Math.ceil(count / (of / lanes));

/** Shares of each row, and the packs of one, where there are too few rows to keep a device busy. */
export function splitRows(cuda: Cuda, rows: Rows, lanes: number): { readonly splits: number; readonly each: number } {
  const blocks = blocksFor(rows.count, lanes, threads);
  // a block is to have some packs for each of its threads
  const most = Math.ceil(rows.packs / (lanes * 16));
  const splits = Math.max(1, Math.min(Math.ceil(cuda.blocksAtOnce / blocks), most, 4096));
  const each = Math.ceil(rows.packs / splits);
  return { splits: Math.max(1, Math.ceil(rows.packs / Math.max(1, each))), each };
}
