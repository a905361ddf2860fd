/** ONNX's element types, and how values of Tenfold's dtypes stand in a TensorProto. */
import {
  arrayTypes,
  type DType,
  dtypes,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  OnnxModelError,
  type TypedArray,
} from '@tenfold/tensor-core';
import { TensorProto_DataType as DataType, type TensorProto } from './generated/onnx.ts';

/** The number of a dtype in ONNX. */
export const onnxType: { readonly [D in DType]: number } = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int16: DataType.INT16,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
};

const names = new Map<number, DType>(Object.entries(onnxType).map(([dtype, type]) => [type, dtype as DType]));

/** The dtype of a number of ONNX, or `null` for one that Tenfold does not have. */
export const dtypeOf = (type: number): DType | null => names.get(type) ?? null;

/**
 * Numbers as the bits of a dtype, little endian as ONNX wants them. Integers are rounded towards zero. The bytes may be those of `values`, where these are
 * an array of the dtype already.
 */
export function encode(values: ArrayLike<number | bigint>, dtype: DType): Uint8Array {
  // the arrays of bool and of the halves may hold other numbers than their bits
  const asTheyAre = !['bool', 'float16', 'bfloat16'].includes(dtype) && values instanceof arrayTypes[dtype];
  if (asTheyAre) return littleEndian(values);
  const data = new arrayTypes[dtype](values.length);
  for (let i = 0; i < values.length; i++) data[i] = bitsOf(values[i], dtype);
  return littleEndian(data);
}

function bitsOf(value: number | bigint, dtype: DType): never {
  // each array takes its own kind of number
  return convert(value, dtype) as never;
}

function convert(value: number | bigint, dtype: DType): number | bigint {
  if (dtype === 'int64') return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  const number = Number(value);
  if (dtype === 'float16') return numberToHalf(number);
  if (dtype === 'bfloat16') return numberToBfloat16(number);
  if (dtype === 'bool') return number === 0 ? 0 : 1;
  return isFloat(dtype) ? number : Math.trunc(number);
}

/** The bytes of an array in ONNX's order, the lowest first. */
export function littleEndian(data: TypedArray): Uint8Array {
  return swapBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), data.BYTES_PER_ELEMENT);
}

/** Bytes of elements of `size` bytes from little endian to this machine's order, or back: mostly the same bytes. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  if (size === 1 || new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return bytes;
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) swapped[i] = bytes[i - (i % size) + (size - 1 - (i % size))];
  return swapped;
}

/** A TensorProto of raw bytes. */
export function tensorProto(name: string, dtype: DType, dims: readonly number[], rawData: Uint8Array): TensorProto {
  const expected = dims.reduce((n, size) => n * size, 1) * dtypes[dtype].itemsize;
  if (rawData.length !== expected)
    throw new OnnxModelError(`constant '${name}' has ${rawData.length} bytes, its shape needs ${expected}`);
  return { name, dataType: onnxType[dtype], dims: [...dims], rawData };
}

const text = new TextDecoder();

/** The bytes of a string attribute as text. */
export const attributeText = (value: Uint8Array): string => text.decode(value);
