/** Large matrix products: blocks of the operands are packed into WebAssembly memory and multiplied there. */
import { type Buffer, codecOf, type View } from '../elements.ts';
import { type Machine, theMachine } from './machine.ts';
import { compileProducts, type Products, panelColumns, panelRows } from './product.ts';

export type FloatArray = Float32Array | Float64Array;

/** A view as a matrix: element [i, j] lies `rows[i] + columns[j]` behind the first. Lists of strided dims need no copy to be one. */
export interface Matrix {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** A factor, whose first element is `data[offset]`. */
export interface Factor extends Matrix {
  readonly data: FloatArray;
  readonly offset: number;
}

/** Where the product goes. */
export interface Target extends Matrix {
  readonly dtype: View['dtype'];
  readonly buffer: Buffer;
  readonly offset: number;
}

/** Rows of A, columns of B, and steps of k in a block: a block of A stays in the second-level cache, a panel of B in the first. */
const blockRows = 128;
const blockColumns = 512;
const blockDepth = 512;
/** Rows of the result that stand in WebAssembly memory at a time: so it needs less than 8 MB, whatever the size of a product. */
const resultRows = 1024;

let products: Products | undefined;

/** Whether the blocked product is worth its packing, and can be had. */
export function isBlocked(m: number, n: number, k: number): boolean {
  return m >= panelRows && n >= panelRows && k >= panelRows && m * n * k >= 2 ** 15 && theMachine() !== null;
}

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;

/** out = a · b, for floats. 16-bit results are summed in float32. */
export function blockedProduct(out: Target, a: Factor, b: Factor): void {
  for (let row = 0; row < out.rows.length; row += resultRows) {
    const rows = (x: Int32Array): Int32Array => x.subarray(row, row + resultRows);
    productOfRows({ ...out, rows: rows(out.rows) }, { ...a, rows: rows(a.rows) }, b);
  }
}

function productOfRows(out: Target, a: Factor, b: Factor): void {
  const machine = theMachine() as Machine;
  products ??= compileProducts(machine);
  const { heap } = machine;
  const type = out.dtype === 'float64' ? 'float64' : 'float32';
  const itemsize = type === 'float64' ? 8 : 4;
  const [m, k, n] = [out.rows.length, a.columns.length, out.columns.length];
  const width = panelColumns(itemsize);
  const depth = Math.min(k, blockDepth);
  const paddedRows = roundUp(m, panelRows);
  const paddedColumns = roundUp(Math.min(n, blockColumns), width);
  // in elements: a block of A, a block of B, all rows of a block of columns of C
  const atB = roundUp(Math.min(paddedRows, blockRows) * depth, 4);
  const atC = atB + paddedColumns * depth;
  const size = (atC + paddedRows * paddedColumns) * itemsize;
  const address = heap.allocate(size);
  const scratch =
    type === 'float64'
      ? new Float64Array(heap.memory.buffer, address, size / 8)
      : new Float32Array(heap.memory.buffer, address, size / 4);
  const write = writerOf(out);
  for (let column = 0; column < n; column += blockColumns) {
    const columns = Math.min(blockColumns, n - column);
    const tileColumns = roundUp(columns, width);
    scratch.fill(0, atC, atC + paddedRows * tileColumns);
    for (let step = 0; step < k; step += blockDepth) {
      const steps = Math.min(blockDepth, k - step);
      for (let j = 0; j < columns; j += width)
        packPanel(scratch, atB + j * steps, width, b, b.columns, column + j, b.rows, step, steps);
      for (let row = 0; row < m; row += blockRows) {
        const rows = Math.min(blockRows, m - row);
        for (let i = 0; i < rows; i += panelRows)
          packPanel(scratch, i * steps, panelRows, a, a.rows, row + i, a.columns, step, steps);
        products[type](
          address,
          address + atB * itemsize,
          address + (atC + row * tileColumns) * itemsize,
          roundUp(rows, panelRows),
          tileColumns,
          steps,
          tileColumns * itemsize,
        );
      }
    }
    for (let i = 0; i < m; i++) write(i, column, columns, scratch, atC + i * tileColumns);
  }
  heap.free(address, size);
}

/** Whether these offsets follow each other. */
function areNeighbours(offsets: Int32Array, first: number, count: number): boolean {
  for (let i = first + 1; i < first + count; i++) if (offsets[i] !== offsets[i - 1] + 1) return false;
  return true;
}

/** Packs `width` lines of an operand k-major: line l of step p goes to `at + p·width + l`. Missing lines are 0. */
function packPanel(
  scratch: FloatArray,
  at: number,
  width: number,
  { data, offset }: Factor,
  lines: Int32Array,
  first: number,
  steps: Int32Array,
  start: number,
  count: number,
): void {
  const present = Math.min(width, lines.length - first);
  if (present < width) scratch.fill(0, at, at + count * width);
  const end = at + count * width;
  if (present % 4 === 0 && areNeighbours(lines, first, present)) {
    // lines are neighbours, as the columns of a row-major B
    for (let p = start, to = at; to < end; p++, to += width) {
      let from = offset + steps[p] + lines[first];
      for (let l = to; l < to + present; l += 4, from += 4) {
        scratch[l] = data[from];
        scratch[l + 1] = data[from + 1];
        scratch[l + 2] = data[from + 2];
        scratch[l + 3] = data[from + 3];
      }
    }
  } else if (lines[first + present - 1] - lines[first] < steps[start + count - 1] - steps[start]) {
    // memory is read in the order in which it lies
    for (let p = start, to = at; to < end; p++, to += width) {
      const step = offset + steps[p];
      for (let l = 0; l < present; l++) scratch[to + l] = data[step + lines[first + l]];
    }
  } else if (present === panelRows) {
    // four lines side by side, as the rows of A
    const l0 = offset + lines[first];
    const l1 = offset + lines[first + 1];
    const l2 = offset + lines[first + 2];
    const l3 = offset + lines[first + 3];
    for (let p = start, to = at; to < end; p++, to += width) {
      const step = steps[p];
      scratch[to] = data[l0 + step];
      scratch[to + 1] = data[l1 + step];
      scratch[to + 2] = data[l2 + step];
      scratch[to + 3] = data[l3 + step];
    }
  } else {
    for (let l = 0; l < present; l++) {
      const line = offset + lines[first + l];
      for (let p = start, to = at + l; to < end; p++, to += width) scratch[to] = data[line + steps[p]];
    }
  }
}

type RowWriter = (row: number, column: number, count: number, from: FloatArray, at: number) => void;

function writerOf({ dtype, buffer, offset, rows, columns }: Target): RowWriter {
  const { write } = codecOf(dtype);
  const plain = buffer instanceof Float32Array || buffer instanceof Float64Array ? buffer : null;
  const whole = plain !== null && areNeighbours(columns, 0, columns.length);
  return (row, column, count, from, at) => {
    const line = offset + rows[row];
    if (whole) plain.set(from.subarray(at, at + count), line + columns[column]);
    else if (plain) for (let j = 0; j < count; j++) plain[line + columns[column + j]] = from[at + j];
    else for (let j = 0; j < count; j++) write(buffer, line + columns[column + j], from[at + j]);
  };
}
