/** Tensors from the data of fixtures, in the memory layouts the samples ask for. */
import {
  arrayTypes,
  type DType,
  fromTypedArray,
  numberToBfloat16,
  numberToHalf,
  type Tensor,
  type TypedArray,
} from '@tenfold/tensor-core';
import { decode } from './compare.ts';
import type { Encoded, InputData, TensorData } from './fixture.ts';

/** Elements in the array type that holds them in memory. */
function toTypedArray(data: readonly Encoded[], dtype: DType): TypedArray {
  const values = data.map(decode);
  if (dtype === 'int64') return BigInt64Array.from(values, BigInt);
  if (dtype === 'float16') return Uint16Array.from(values, (x) => numberToHalf(Number(x)));
  if (dtype === 'bfloat16') return Uint16Array.from(values, (x) => numberToBfloat16(Number(x)));
  const array = new arrayTypes[dtype](values.length) as Float64Array;
  array.set(values.map(Number));
  return array;
}

/** A contiguous tensor. */
export function makeTensorOf({ shape, dtype, data }: TensorData, device: string): Tensor {
  return fromTypedArray(toTypedArray(data, dtype), shape, { dtype, device });
}

/** An input of a sample: a tensor with its layout, a number, or `null`. */
export function makeInput(
  input: InputData | Encoded | null,
  device: string,
  withGrad: boolean,
): Tensor | number | null {
  if (input === null) return input;
  if (typeof input !== 'object') return Number(decode(input));
  const tensor = laidOut(input, device);
  return withGrad && input.requiresGrad ? tensor.detach().requiresGrad_() : tensor;
}

function laidOut(input: InputData, device: string): Tensor {
  const plain = makeTensorOf(input, device);
  switch (input.view) {
    case undefined:
      return plain;
    case 'transpose':
      return makeTensorOf(transposed(input), device).transpose(-1, -2);
    case 'expand':
      return plain.slice(0, 0, 1).expand(input.shape);
    case 'slice':
      return everySecond(input, device);
  }
}

/** The last two dims exchanged, here and not by the device: a kernel that misreads strides would undo its own mistake. */
function transposed({ shape, dtype, data }: InputData): TensorData {
  const [rows, columns] = shape.slice(-2);
  const size = rows * columns;
  const exchanged = data.map((_, i) => {
    const within = i % size;
    return data[i - within + (within % rows) * columns + Math.floor(within / rows)];
  });
  return { shape: [...shape.slice(0, -2), columns, rows], dtype, data: exchanged };
}

/** The last dim as every second element, from 1, of a dim of 2n + 1 others. */
function everySecond(input: InputData, device: string): Tensor {
  const n = input.shape[input.shape.length - 1];
  const wide = 2 * n + 1;
  const rows = n === 0 ? 0 : input.data.length / n;
  const data = Array.from({ length: rows * wide }, (_, i): Encoded => {
    const column = i % wide;
    return column % 2 === 1 ? input.data[Math.floor(i / wide) * n + (column - 1) / 2] : 0;
  });
  const shape = [...input.shape.slice(0, -1), wide];
  return makeTensorOf({ shape, dtype: input.dtype, data }, device).slice(-1, 1, null, 2);
}
