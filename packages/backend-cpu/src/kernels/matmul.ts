/** The `matmul` family: operands are packed row-major and multiplied one row of the result at a time, unless they are small. */
import { type Epilogue, isFloat, type MatmulDims } from '@tenfold/tensor-core';
import type { Element } from '@tenfold/tensor-core/scalar';
import { type Buffer, codecOf, type View } from '../elements.ts';
import { count, forEachPosition, forEachRun, isDense } from '../iterate.ts';
import { map } from './map.ts';

type FloatArray = Float32Array | Float64Array;

/** Sizes of a batched product: out `[batch, m, n]` = a `[batch, m, k]` · b `[batch, k, n]`. */
interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Matrices whose product takes fewer multiplications are read as they lie: packing them would take longer. */
const fewMultiplications = 1024;

export function matmul(out: View, a: View, b: View, dims: MatmulDims, epilogue?: Epilogue<Buffer>): void {
  if (!smallProduct(out, a, b, dims)) packedProduct(out, a, b, dims);
  if (epilogue) map([out], [out, ...epilogue.inputs], epilogue.program, epilogue.params);
}

/** Multiplies matrices (or vectors) of few elements, in the order of {@link floatProduct}; `false` if they are something else. */
function smallProduct(out: View, a: View, b: View, dims: MatmulDims): boolean {
  if (dims.batch !== 0 || dims.m > 1 || dims.n > 1 || dims.k !== 1) return false;
  const to = out.storage.buffer;
  const x = a.storage.buffer;
  const y = b.storage.buffer;
  if (!isFloatArray(to) || !isFloatArray(x) || !isFloatArray(y)) return false;
  const k = a.shape[dims.m];
  const m = dims.m === 0 ? 1 : out.shape[0];
  const n = dims.n === 0 ? 1 : out.shape[dims.m];
  if (m * n * k >= fewMultiplications) return false;
  const kx = a.strides[dims.m];
  const ky = b.strides[0];
  for (let i = 0; i < m; i++) {
    const row = dims.m === 0 ? a.offset : a.offset + i * a.strides[0];
    for (let j = 0; j < n; j++) {
      let ix = row;
      let iy = dims.n === 0 ? b.offset : b.offset + j * b.strides[1];
      let sum = 0;
      let p = 0;
      for (; p + 3 < k; p += 4) {
        sum +=
          x[ix] * y[iy] + x[ix + kx] * y[iy + ky] + (x[ix + 2 * kx] * y[iy + 2 * ky] + x[ix + 3 * kx] * y[iy + 3 * ky]);
        ix += 4 * kx;
        iy += 4 * ky;
      }
      for (; p < k; p++) {
        sum += x[ix] * y[iy];
        ix += kx;
        iy += ky;
      }
      to[out.offset + (dims.m === 0 ? 0 : i * out.strides[0]) + (dims.n === 0 ? 0 : j * out.strides[dims.m])] = sum;
    }
  }
  return true;
}

const isFloatArray = (buffer: Buffer): buffer is FloatArray =>
  buffer instanceof Float32Array || buffer instanceof Float64Array;

function packedProduct(out: View, a: View, b: View, dims: MatmulDims): void {
  const sizes: Sizes = {
    batch: count(out.shape.slice(0, dims.batch)),
    m: count(out.shape.slice(dims.batch, dims.batch + dims.m)),
    n: count(out.shape.slice(dims.batch + dims.m)),
    k: count(a.shape.slice(dims.batch + dims.m)),
  };
  const store = storeRows(out, sizes.n);
  if (isFloat(out.dtype)) floatProduct(sizes, packFloats(a), packFloats(b), store);
  else integerProduct(sizes, pack(a), pack(b), out.dtype === 'int64', store);
}

type StoreRow = (values: ArrayLike<Element>) => void;

/** Takes the rows of the result in order. */
function storeRows(out: View, n: number): StoreRow {
  const { write } = codecOf(out.dtype);
  const { buffer } = out.storage;
  let start = 0;
  return (values) => {
    forEachRun(out.shape, out, start, n, (at, stride, first, length) => {
      for (let i = 0; i < length; i++) write(buffer, at + i * stride, values[first + i]);
    });
    start += n;
  };
}

/** The elements in row-major order, in place where they lie so already. */
function packFloats(x: View): FloatArray {
  const n = count(x.shape);
  const { buffer } = x.storage;
  if (isFloatArray(buffer)) {
    if (isDense(x.shape, x.strides)) return buffer.subarray(x.offset, x.offset + n);
    const packed = buffer instanceof Float32Array ? new Float32Array(n) : new Float64Array(n);
    forEachRun(x.shape, x, 0, n, (at, stride, first, length) => {
      for (let i = 0; i < length; i++) packed[first + i] = buffer[at + i * stride];
    });
    return packed;
  }
  return Float32Array.from(pack(x) as number[]);
}

function pack(x: View): Element[] {
  const { read } = codecOf(x.dtype);
  const values: Element[] = [];
  forEachPosition(x.shape, [x], ([at]) => values.push(read(x.storage.buffer, at)));
  return values;
}

/** Sums in double precision, rounded once when stored. */
function floatProduct({ batch, m, n, k }: Sizes, a: ArrayLike<number>, b: ArrayLike<number>, store: StoreRow): void {
  const row = new Float64Array(n);
  for (let g = 0; g < batch; g++) {
    for (let i = 0; i < m; i++) {
      row.fill(0);
      const ai = (g * m + i) * k;
      let p = 0;
      for (; p + 3 < k; p += 4) addFourScaled(row, a, ai + p, b, (g * k + p) * n, n);
      for (; p < k; p++) addScaled(row, a[ai + p], b, (g * k + p) * n, n);
      store(row);
    }
  }
}

/** Four rows at a time: the running row is read and written a quarter as often. */
function addFourScaled(
  row: Float64Array,
  a: ArrayLike<number>,
  ai: number,
  b: ArrayLike<number>,
  b0: number,
  n: number,
): void {
  const f0 = a[ai];
  const f1 = a[ai + 1];
  const f2 = a[ai + 2];
  const f3 = a[ai + 3];
  const b1 = b0 + n;
  const b2 = b1 + n;
  const b3 = b2 + n;
  for (let j = 0; j < n; j++) row[j] += f0 * b[b0 + j] + f1 * b[b1 + j] + (f2 * b[b2 + j] + f3 * b[b3 + j]);
}

function addScaled(row: Float64Array, factor: number, b: ArrayLike<number>, at: number, n: number): void {
  for (let j = 0; j < n; j++) row[j] += factor * b[at + j];
}

/** Wraps after each step, as the hardware does. */
function integerProduct(
  { batch, m, n, k }: Sizes,
  a: readonly Element[],
  b: readonly Element[],
  big: boolean,
  store: StoreRow,
): void {
  const multiplyAdd = (big ? bigMultiplyAdd : smallMultiplyAdd) as (sum: Element, x: Element, y: Element) => Element;
  for (let g = 0; g < batch; g++) {
    for (let i = 0; i < m; i++) {
      const row = new Array<Element>(n).fill(big ? 0n : 0);
      for (let p = 0; p < k; p++) {
        const factor = a[(g * m + i) * k + p];
        for (let j = 0; j < n; j++) row[j] = multiplyAdd(row[j], factor, b[(g * k + p) * n + j]);
      }
      store(row);
    }
  }
}

const bigMultiplyAdd = (sum: bigint, x: bigint, y: bigint): bigint => BigInt.asIntN(64, sum + x * y);
const smallMultiplyAdd = (sum: number, x: number, y: number): number => (sum + Math.imul(x, y)) | 0;
