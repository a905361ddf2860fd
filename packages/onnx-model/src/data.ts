/** The elements of a TensorProto, in whichever of its fields they lie. */
import { OnnxModelError, type TypedArray } from '@tenfold/tensor-core';
import { TensorProto_DataType as DataType, type TensorProto, TensorProto_DataLocation } from './generated/onnx.ts';
import { swapBytes } from './tensor.ts';

/** Elements of a tensor of ONNX: those of Tenfold's dtypes, and the arrays of the types that only ONNX has. */
export type OnnxArray = TypedArray | Uint32Array | BigUint64Array | string[];

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Exclude<OnnxArray, string[]>;
  new (buffer: ArrayBufferLike, offset: number, length: number): Exclude<OnnxArray, string[]>;
}

type Field = 'floatData' | 'doubleData' | 'int32Data' | 'int64Data' | 'uint64Data';

/** How elements of a type are stored. */
interface Form {
  readonly name: string;
  readonly array: ArrayType;
  /** The field that holds them as numbers, where `raw_data` doesn't hold them. */
  readonly field: Field;
  /** Bits of one element in `raw_data`. */
  readonly bits: number;
  /** The numbers that may stand in `field`. */
  readonly range?: readonly [number, number];
}

const forms: Readonly<Record<number, Form>> = {
  [DataType.FLOAT]: { name: 'float', array: Float32Array, field: 'floatData', bits: 32 },
  [DataType.DOUBLE]: { name: 'double', array: Float64Array, field: 'doubleData', bits: 64 },
  [DataType.FLOAT16]: { name: 'float16', array: Uint16Array, field: 'int32Data', bits: 16, range: [0, 0xffff] },
  [DataType.BFLOAT16]: { name: 'bfloat16', array: Uint16Array, field: 'int32Data', bits: 16, range: [0, 0xffff] },
  [DataType.INT64]: { name: 'int64', array: BigInt64Array, field: 'int64Data', bits: 64 },
  [DataType.INT32]: { name: 'int32', array: Int32Array, field: 'int32Data', bits: 32 },
  [DataType.INT16]: { name: 'int16', array: Int16Array, field: 'int32Data', bits: 16, range: [-0x8000, 0x7fff] },
  [DataType.INT8]: { name: 'int8', array: Int8Array, field: 'int32Data', bits: 8, range: [-128, 127] },
  [DataType.UINT64]: { name: 'uint64', array: BigUint64Array, field: 'uint64Data', bits: 64 },
  [DataType.UINT32]: { name: 'uint32', array: Uint32Array, field: 'uint64Data', bits: 32, range: [0, 0xffffffff] },
  [DataType.UINT16]: { name: 'uint16', array: Uint16Array, field: 'int32Data', bits: 16, range: [0, 0xffff] },
  [DataType.UINT8]: { name: 'uint8', array: Uint8Array, field: 'int32Data', bits: 8, range: [0, 255] },
  [DataType.BOOL]: { name: 'bool', array: Uint8Array, field: 'int32Data', bits: 8, range: [0, 1] },
  // several in a byte, from the lowest bits on
  [DataType.INT4]: { name: 'int4', array: Int8Array, field: 'int32Data', bits: 4 },
  [DataType.UINT4]: { name: 'uint4', array: Uint8Array, field: 'int32Data', bits: 4 },
  [DataType.INT2]: { name: 'int2', array: Int8Array, field: 'int32Data', bits: 2 },
  [DataType.UINT2]: { name: 'uint2', array: Uint8Array, field: 'int32Data', bits: 2 },
};

/** The name of an element type of ONNX, as `float8e4m3fn`. */
export const typeName = (type: number | undefined): string =>
  Object.entries(DataType)
    .find(([, value]) => value === (type ?? 0))?.[0]
    .toLowerCase() ?? `type ${type ?? 0}`;

const nameOf = ({ name }: TensorProto): string => (name ? `tensor '${name}'` : 'a tensor');

/** How many elements a tensor has by its dims. @throws OnnxModelError if a dim is negative, or they are more than any array holds. */
export function elementCount(tensor: TensorProto): number {
  let count = 1;
  for (const dim of tensor.dims ?? []) {
    if (!Number.isSafeInteger(dim) || dim < 0) throw new OnnxModelError(`${nameOf(tensor)} has a dim of ${dim}`);
    count *= dim;
  }
  // a dim of 0 makes the others harmless
  if ((tensor.dims ?? []).includes(0)) return 0;
  if (!Number.isSafeInteger(count)) throw new OnnxModelError(`${nameOf(tensor)} has ${count} elements`);
  return count;
}

/** Bytes that a tensor's elements take in `raw_data` or in a file. @throws OnnxModelError for types that have no such form. */
export function byteCount(tensor: TensorProto): number {
  return Math.ceil((elementCount(tensor) * formOf(tensor).bits) / 8);
}

function formOf(tensor: TensorProto): Form {
  const found = forms[tensor.dataType ?? 0];
  if (!found)
    throw new OnnxModelError(`${nameOf(tensor)} is of ${typeName(tensor.dataType)}, which can't be read here`);
  return found;
}

/**
 * The elements of a tensor (https://onnx.ai/onnx/repo-docs/IR.html#tensors), from `raw_data` or the field of its type: float16 and bfloat16 as their bits,
 * bool as 0 and 1, 4 and 2 bit integers one to an element, strings as texts. May share memory with the model.
 *
 * @throws OnnxModelError if there are more or fewer elements than the dims say, if one is out of the type's range, if the elements lie in another file
 *   (see {@link loadExternalData}), and for complex numbers and floats of 8 bits or less.
 */
export function tensorData(tensor: TensorProto): OnnxArray {
  if (isExternal(tensor)) {
    throw new OnnxModelError(
      `the elements of ${nameOf(tensor)} lie in the file ${JSON.stringify(externalLocation(tensor))}; read it with loadExternalData`,
    );
  }
  const count = elementCount(tensor);
  if (tensor.dataType === DataType.STRING) return strings(tensor, count);
  const { array, field, bits, range, name } = checkStored(tensor, formOf(tensor), count);
  const numbers = tensor[field] ?? [];
  const raw = tensor.rawData ?? new Uint8Array();
  const packed = bits < 8;
  if (packed) return unpack(raw.length > 0 ? raw : bytesOf(numbers, tensor), new array(count), bits, tensor);
  if (raw.length > 0) {
    const data = rawArray(raw, array, count);
    if (tensor.dataType === DataType.BOOL && data.some((x: number | bigint) => x !== 0 && x !== 1))
      return Uint8Array.from(data as Uint8Array, (x) => Number(x !== 0));
    return data;
  }
  const data = new array(count);
  numbers.forEach((x, i) => {
    if (range && (x < range[0] || x > range[1]))
      throw new OnnxModelError(`${nameOf(tensor)}: element ${i} is ${x}, which is no ${name}`);
    data[i] = (typeof data[0] === 'bigint' ? BigInt(x) : Number(x)) as never;
  });
  return data;
}

/** Whether there are as many elements as the dims say. */
function checkStored(tensor: TensorProto, found: Form, count: number): Form {
  if (tensor.segment)
    throw new OnnxModelError(`${nameOf(tensor)} is one segment of a tensor, which can't be read here`);
  const numbers = tensor[found.field] ?? [];
  const raw = tensor.rawData ?? new Uint8Array();
  if (raw.length > 0 && numbers.length > 0) throw new OnnxModelError(`${nameOf(tensor)} has its elements twice`);
  // 4 bit integers are bytes in either field
  const packed = found.bits < 8;
  const expected = packed ? Math.ceil((count * found.bits) / 8) : count;
  const given = raw.length > 0 ? raw.length / (packed ? 1 : found.bits / 8) : numbers.length;
  if (given === expected) return found;
  const unit = packed ? 'bytes' : 'elements';
  throw new OnnxModelError(
    `${nameOf(tensor)} has ${given} ${unit}, its shape [${tensor.dims ?? []}] of ${found.name} needs ${expected}`,
  );
}

/** Whether ONNX has an element type of this number. */
export const isKnownType = (type: number): boolean => type > 0 && Object.values<number>(DataType).includes(type);

/** Checks type, shape and number of elements, without making anything of them. */
export function checkTensor(tensor: TensorProto): void {
  if (!isKnownType(tensor.dataType ?? 0))
    throw new OnnxModelError(`${nameOf(tensor)} is of element type ${tensor.dataType ?? 0}, which ONNX has not`);
  const count = elementCount(tensor);
  if (isExternal(tensor)) return;
  const found = forms[tensor.dataType ?? 0];
  if (found) checkStored(tensor, found, count);
}

/** Elements from little-endian bytes; the bytes themselves where this machine can read them in place. */
function rawArray(raw: Uint8Array, array: ArrayType, count: number): Exclude<OnnxArray, string[]> {
  const swapped = swapBytes(raw, array.BYTES_PER_ELEMENT);
  const bytes = swapped.byteOffset % array.BYTES_PER_ELEMENT === 0 ? swapped : new Uint8Array(swapped);
  return new array(bytes.buffer, bytes.byteOffset, count);
}

function bytesOf(numbers: readonly (number | bigint)[], tensor: TensorProto): Uint8Array {
  return Uint8Array.from(numbers, (x) => {
    if (x < -128 || x > 255) throw new OnnxModelError(`${nameOf(tensor)}: ${x} is no byte`);
    return Number(x);
  });
}

function unpack<A extends Exclude<OnnxArray, string[]>>(
  bytes: Uint8Array,
  data: A,
  bits: number,
  { dataType }: TensorProto,
): A {
  const shift = dataType === DataType.INT4 || dataType === DataType.INT2 ? 32 - bits : 0;
  for (let i = 0; i < data.length; i++) {
    const at = i * bits;
    const value = (bytes[at >> 3] >> (at & 7)) & (2 ** bits - 1);
    // up to the sign bit and back, where there is a sign
    data[i] = ((value << shift) >> shift) as never;
  }
  return data;
}

function strings(tensor: TensorProto, count: number): string[] {
  const list = tensor.stringData ?? [];
  if (list.length !== count || (tensor.rawData?.length ?? 0) > 0)
    throw new OnnxModelError(
      `${nameOf(tensor)} has ${list.length} strings, its shape [${tensor.dims ?? []}] needs ${count}`,
    );
  const text = new TextDecoder();
  return list.map((bytes) => text.decode(bytes));
}

/** Whether a tensor's elements lie in another file. */
export const isExternal = (tensor: TensorProto): boolean => tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;

/** What a tensor says of the file that holds its elements. */
export const externalEntry = (tensor: TensorProto, key: string): string | undefined =>
  tensor.externalData?.find((entry) => entry.key === key)?.value;

export const externalLocation = (tensor: TensorProto): string => externalEntry(tensor, 'location') ?? '';
