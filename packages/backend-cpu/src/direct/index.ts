/** The `gather` and `scatter` families as typed loops: whole rows where one index stands for each, else element by element. */
import { IndexError, isInteger, type Override, type ScatterMode } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { count, isDense } from '../iterate.ts';
import { gather as plainGather, scatter as plainScatter } from '../kernels/index.ts';
import type { MoveRows, RowSet } from '../wasm/indexed-rows.ts';

type Numbers = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** The low words of int64 indices, which are all that a valid index needs, or int32 indices. */
interface Indices {
  readonly words: Int32Array;
  /** Words from one index to the next. */
  readonly step: 1 | 2;
}

function indicesOf(buffer: Buffer): Indices {
  if (buffer instanceof BigInt64Array)
    return { words: new Int32Array(buffer.buffer, buffer.byteOffset, 2 * buffer.length), step: 2 };
  return { words: buffer as Int32Array, step: 1 };
}

/** A walk over the dims of a shape but its last: calls `visit` with the offset of each operand. */
function forEachLine(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  offsets: readonly number[],
  visit: (a: number, b: number, c: number) => void,
): void {
  const rank = shape.length - 1;
  const position = new Array<number>(Math.max(rank, 0)).fill(0);
  let [a, b, c] = offsets;
  const [ofA, ofB, ofC] = strides;
  while (true) {
    visit(a, b, c);
    let d = rank - 1;
    for (; d >= 0; d--) {
      a += ofA[d];
      b += ofB[d];
      c += ofC[d];
      if (++position[d] < shape[d]) break;
      a -= ofA[d] * shape[d];
      b -= ofB[d] * shape[d];
      c -= ofC[d] * shape[d];
      position[d] = 0;
    }
    if (d < 0) return;
  }
}

/** Every index that a view holds is looked at once, however often it repeats. */
function checkIndices(index: View, axis: number, size: number): void {
  const shape = index.shape.map((n, d) => (index.strides[d] === 0 ? 1 : n));
  const { words, step } = indicesOf(index.storage.buffer);
  const last = shape.length - 1;
  const [length, stride] = last < 0 ? [1, 0] : [shape[last], index.strides[last]];
  forEachLine(shape, [index.strides, index.strides, index.strides], [index.offset, 0, 0], (at) => {
    for (let i = 0; i < length; i++, at += stride) {
      const low = words[at * step];
      // the upper half of what fits 31 bits is 0
      if (low >= 0 && low < size && (step === 1 || words[2 * at + 1] === 0)) continue;
      const value = index.storage.buffer[at];
      throw new IndexError(`index ${value} is out of bounds for dimension ${axis} with size ${size}`);
    }
  });
}

/** Moves `axis` behind the dims before it that don't matter: the last dim is what a line runs along. */
const across = ({ strides, shape }: View, axis: number): number[] => shape.map((_, d) => (d === axis ? 0 : strides[d]));

/** Calls `move` for all dims but the last two; `false` if it does not take the first of these rows. */
function moveLines(
  mode: 'set' | 'add',
  shape: readonly number[],
  to: Omit<RowSet, 'step'> & { readonly strides: readonly number[] },
  from: Omit<RowSet, 'step'> & { readonly strides: readonly number[] },
  index: View,
  move: MoveRows,
): boolean {
  const rows = shape.slice(0, -1);
  const [count, length] = shape.slice(-2);
  const step = (strides: readonly number[]): number => strides[shape.length - 2];
  let taken = true;
  forEachLine(rows, [to.strides, from.strides, index.strides], [to.at, from.at, index.offset], (a, b, c) => {
    taken &&= move(
      mode,
      { ...to, at: a, step: step(to.strides) },
      { ...from, at: b, step: step(from.strides) },
      { view: index, at: c, step: step(index.strides), along: 0 },
      count,
      length,
    );
  });
  return taken;
}

export function gather(out: View, source: View, index: View, axis: number, move?: MoveRows): void {
  if (count(out.shape) === 0) return;
  const [from, to] = [source.storage.buffer, out.storage.buffer];
  if (from.constructor !== to.constructor) {
    plainGather(out, source, index, axis);
    return;
  }
  checkIndices(index, axis, source.shape[axis]);
  const { words, step } = indicesOf(index.storage.buffer);
  const last = out.shape.length - 1;
  const n = out.shape[last];
  const along = source.strides[axis];
  const base = across(source, axis);
  const [toStep, indexStep, fromStep] = [out.strides[last], index.strides[last], base[last]];
  const isRow = indexStep === 0 && toStep === 1 && fromStep === 1 && axis !== last;
  if (isRow && move) {
    const to = { view: out, at: out.offset, along: 0, strides: out.strides };
    const chosen = { view: source, at: source.offset, along, strides: base };
    if (moveLines('set', out.shape, to, chosen, index, move)) return;
  }
  const copyLine = from instanceof BigInt64Array ? copyBig : copyNumbers;
  forEachLine(
    out.shape,
    [out.strides, index.strides, base],
    [out.offset, index.offset, source.offset],
    (at, i, start) => {
      if (isRow) {
        const first = start + words[i * step] * along;
        if (n > 32) (to as Numbers).set((from as Numbers).subarray(first, first + n), at);
        else copyLine(to, at, from, first, n);
      } else {
        for (let k = 0; k < n; k++) {
          to[at + k * toStep] = from[start + k * fromStep + words[(i + k * indexStep) * step] * along];
        }
      }
    },
  );
}

function copyNumbers(to: Buffer, at: number, from: Buffer, first: number, n: number): void {
  for (let k = 0; k < n; k++) (to as Numbers)[at + k] = (from as Numbers)[first + k];
}

function copyBig(to: Buffer, at: number, from: Buffer, first: number, n: number): void {
  for (let k = 0; k < n; k++) (to as BigInt64Array)[at + k] = (from as BigInt64Array)[first + k];
}

/** Where a line of a scatter goes: elements of the source, of the index and of the target. */
interface Line {
  readonly n: number;
  readonly sourceStep: number;
  readonly indexStep: number;
  readonly targetStep: number;
  readonly along: number;
}

/** One line of a mode. Narrow arrays round and wrap what they take, as the plain loops do. */
type LineLoop = (
  line: Line,
  to: Numbers,
  target: number,
  { words, step }: Indices,
  index: number,
  from: Numbers,
  source: number,
) => void;

const lineLoops: { readonly [M in 'set' | 'add']: LineLoop } = {
  set({ n, sourceStep, indexStep, targetStep, along }, to, target, { words, step }, index, from, source) {
    for (let k = 0; k < n; k++)
      to[target + k * targetStep + words[(index + k * indexStep) * step] * along] = from[source + k * sourceStep];
  },
  add({ n, sourceStep, indexStep, targetStep, along }, to, target, { words, step }, index, from, source) {
    for (let k = 0; k < n; k++)
      to[target + k * targetStep + words[(index + k * indexStep) * step] * along] += from[source + k * sourceStep];
  },
};

export function scatter(mode: ScatterMode, out: View, index: View, source: View, axis: number, move?: MoveRows): void {
  if (count(source.shape) === 0) return;
  const { dtype } = out;
  const isPlain = dtype === 'float32' || dtype === 'float64' || (isInteger(dtype) && dtype !== 'int64');
  if ((mode !== 'set' && mode !== 'add') || !isPlain || source.dtype !== dtype) {
    plainScatter(mode, out, index, source, axis);
    return;
  }
  checkIndices(index, axis, out.shape[axis]);
  const indices = indicesOf(index.storage.buffer);
  const last = source.shape.length - 1;
  const base = across(out, axis);
  const line: Line = {
    n: source.shape[last],
    sourceStep: source.strides[last],
    indexStep: index.strides[last],
    targetStep: base[last],
    along: out.strides[axis],
  };
  if (move && axis !== last && line.sourceStep === 1 && line.indexStep === 0 && line.targetStep === 1) {
    const chosen = { view: out, at: out.offset, along: line.along, strides: base };
    const given = { view: source, at: source.offset, along: 0, strides: source.strides };
    if (moveLines(mode, source.shape, chosen, given, index, move)) return;
  }
  const loop = lineLoops[mode];
  const [from, to] = [source.storage.buffer as Numbers, out.storage.buffer as Numbers];
  forEachLine(
    source.shape,
    [source.strides, index.strides, base],
    [source.offset, index.offset, out.offset],
    (x, i, at) => loop(line, to, at, indices, i, from, x),
  );
}

/** Rows of a table, without the intermediate tensors of the derived op. */
export const embedding = (move: MoveRows): Override<Buffer> => ({
  supports: ([, indices]) => isDense((indices as View).shape, (indices as View).strides) || 'dense indices only',
  run([out], [weight, indices]) {
    const table = weight as View;
    const index = indices as View;
    const shape = [count(index.shape), table.shape[1]];
    const rows = { ...out, shape, strides: [shape[1], 1] };
    gather(rows, table, { ...index, shape, strides: [1, 0] }, 0, move);
  },
});
