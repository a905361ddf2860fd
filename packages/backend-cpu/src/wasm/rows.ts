/** Calls of kernels that work through rows: brings operands into rows, writes the descriptor, and cleans up. */
import { BackendError, contiguousStrides, type DType, isFloat } from '@tenfold/tensor-core';
import { allocate, type Buffer, type View } from '../elements.ts';
import type { Value } from './assembler.ts';
import { itemBytes } from './elements.ts';
import { heapBytes, isOnHeap } from './heap.ts';
import type { Kernel } from './job.ts';
import type { Machine } from './machine.ts';
import type { MapFamily } from './map.ts';
import { castProgram } from './program-call.ts';
import { defineRows, type Precision, type RowWriter, rowWords } from './rows-kernel.ts';
import { descriptorStart, type Staging, whole } from './staging.ts';

/** Which dims of the operands make up a row, and which count the rows. */
export interface RowDims {
  readonly outer: readonly number[];
  readonly row: readonly number[];
}

/** What narrow floats are computed in; `null` for what is no float. */
export const precisionOf = (dtype: DType): Precision | null =>
  dtype === 'float64' ? 'float64' : isFloat(dtype) ? 'float32' : null;

/** An operand as a kernel walks over it: the elements from a row to the next one. */
interface RowOperand {
  readonly view: View;
  readonly step: number;
  readonly written: boolean;
}

/** The elements between rows, if each is dense and all are one step apart; else `null`. */
function rowStep({ shape, strides }: View, { outer, row }: RowDims): number | null {
  let expected = 1;
  for (let i = row.length - 1; i >= 0; i--) {
    const d = row[i];
    if (shape[d] === 1) continue;
    if (strides[d] !== expected) return null;
    expected *= shape[d];
  }
  let step: number | null = null;
  for (let i = outer.length - 1; i >= 0; i--) {
    const d = outer[i];
    if (shape[d] === 1) continue;
    if (step === null) step = strides[d];
    else if (strides[d] !== expected) return null;
    expected = strides[d] * shape[d];
  }
  return step ?? 0;
}

/** What the overrides of a device share. */
export class Rows {
  readonly #machine: Machine;
  readonly #staging: Staging;
  readonly #map: MapFamily;
  readonly #kernels = new Map<string, Kernel>();

  constructor(machine: Machine, staging: Staging, map: MapFamily) {
    this.#machine = machine;
    this.#staging = staging;
    this.#map = map;
  }

  /** Runs `body` with a source of buffers that live until it ends. */
  withTemporaries<T>(body: (temporary: (dtype: DType, shape: readonly number[]) => View) => T): T {
    const { heap } = this.#machine;
    const buffers: Buffer[] = [];
    try {
      return body((dtype, shape) => {
        const length = shape.reduce((n, size) => n * size, 1);
        const large = length * itemBytes(dtype) >= heapBytes;
        const buffer = large ? heap.allocateArray(dtype, length) : allocate(dtype, length);
        buffers.push(buffer);
        return { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage: { buffer } };
      });
    } finally {
      for (const buffer of buffers) if (isOnHeap(buffer)) heap.free(buffer.byteOffset, buffer.byteLength);
    }
  }

  /** Prepares a call and runs it. */
  call(name: string, precision: Precision, body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void): RowCall {
    return new RowCall(this, name, precision, body);
  }

  copy(from: View, to: View): void {
    this.#map([to], [from], castProgram(from.dtype, from.dtype), []);
  }

  kernel(
    name: string,
    precision: Precision,
    dtypes: readonly DType[],
    numbers: number,
    body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void,
  ): Kernel {
    const key = `${name} ${dtypes.join()}`;
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      const module = this.#machine.module();
      defineRows(module, precision, dtypes, numbers, body);
      kernel = this.#machine.compile<{ rows: Kernel }>(module).rows;
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  run(
    kernel: Kernel,
    count: number,
    length: number,
    operands: readonly RowOperand[],
    numbers: readonly number[],
  ): void {
    const staging = this.#staging;
    const words = rowWords(operands.length);
    const at = descriptorStart / 4;
    let done = false;
    try {
      staging.words[at + words.rows] = count;
      staging.words[at + words.length] = length;
      operands.forEach(({ view, step, written }, o) => {
        const address = staging.address(view, written);
        if (address === null) throw new BackendError('cpu: the operands of a kernel do not fit its first page');
        staging.words[at + words.operands + 2 * o] = address;
        staging.words[at + words.operands + 2 * o + 1] = step * itemBytes(view.dtype);
      });
      numbers.forEach((x, n) => {
        staging.doubles[(at + words.numbers) / 2 + n] = x;
      });
      // a row that all of them write can't be shared
      const shared = !operands.some(({ step, written }) => written && step === 0);
      const { sharing, threads } = this.#machine;
      const end = words.numbers + 2 * numbers.length;
      const parts = shared && sharing ? sharing.splitRows(threads, staging, words, operands.length, end) : whole;
      this.#machine.run(kernel, parts);
      done = true;
    } finally {
      staging.finish(done);
    }
  }
}

/** One call of a kernel; operands in the order in which it counts them. */
class RowCall {
  readonly #rows: Rows;
  readonly #name: string;
  readonly #precision: Precision;
  readonly #body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void;

  constructor(
    rows: Rows,
    name: string,
    precision: Precision,
    body: (row: RowWriter, numbers: readonly Value<'f64'>[]) => void,
  ) {
    this.#rows = rows;
    this.#name = name;
    this.#precision = precision;
    this.#body = body;
  }

  /** `work`: rows of float32 or float64 for the kernel's own use, one of which is given where narrow results can't hold them. */
  run(
    operands: readonly { readonly view: View; readonly dims: RowDims; readonly written?: boolean }[],
    count: number,
    length: number,
    { numbers = [], work = false }: { readonly numbers?: readonly number[]; readonly work?: boolean } = {},
  ): void {
    const rows = this.#rows;
    rows.withTemporaries((temporary) => {
      const back: { readonly from: View; readonly to: View }[] = [];
      const inRows = operands.map(({ view, dims, written = false }): RowOperand => {
        const known = rowStep(view, dims);
        if (known !== null) return { view, step: known, written };
        const order = [...dims.outer, ...dims.row];
        const dense = temporary(
          view.dtype,
          order.map((d) => view.shape[d]),
        );
        // the same elements, seen with the dims of the operand
        const seen: View = {
          ...dense,
          shape: view.shape,
          strides: view.shape.map((_, d) => dense.strides[order.indexOf(d)]),
        };
        if (written) back.push({ from: seen, to: view });
        else rows.copy(view, seen);
        // what has no outer dims is the same for every row
        const step = dims.outer.length === 0 ? 0 : dims.row.reduce((n, d) => n * view.shape[d], 1);
        return { view: dense, step, written };
      });
      if (work) inRows.push({ view: temporary(this.#precision, [length]), step: 0, written: true });
      const dtypes = inRows.map(({ view }) => view.dtype);
      const kernel = rows.kernel(this.#name, this.#precision, dtypes, numbers.length, this.#body);
      rows.run(kernel, count, length, inRows, numbers);
      for (const { from, to } of back) rows.copy(from, to);
    });
  }
}
