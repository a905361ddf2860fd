/** Constants of a model as numbers. */
import {
  arrayTypes,
  bfloat16ToNumber,
  type DType,
  dtypes,
  halfToNumber,
  isFloat,
  type TypedArray,
} from '@tenfold/tensor-core';
import { TensorProto_DataLocation as Location, type NodeProto, type TensorProto } from '../generated/onnx.ts';
import { dtypeOf, encode, littleEndian, tensorProto } from '../tensor.ts';

/** A tensor of known elements. The data are bits as Tenfold keeps them: halves in a Uint16Array, booleans as 0 and 1. */
export interface Constant {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

export const countOf = (dims: readonly number[]): number => dims.reduce((n, size) => n * size, 1);

/** The bytes of a constant. */
export const bytesOf = ({ dtype, dims }: Pick<Constant, 'dtype' | 'dims'>): number =>
  countOf(dims) * dtypes[dtype].itemsize;

/** The elements of a tensor of the file; `null` where they lie in another file, are of a dtype that Tenfold does not have, or are not as many as the sizes say. */
export function readConstant(tensor: TensorProto): Constant | null {
  const dtype = dtypeOf(tensor.dataType ?? 0);
  const dims = tensor.dims ?? [];
  if (!dtype || tensor.dataLocation === Location.EXTERNAL || tensor.externalData?.length) return null;
  const data = tensor.rawData?.length ? fromRaw(tensor.rawData, dtype) : fromFields(tensor, dtype);
  return data && data.length === countOf(dims) ? { dtype, dims, data } : null;
}

function fromRaw(raw: Uint8Array, dtype: DType): TypedArray | null {
  const type = arrayTypes[dtype];
  if (raw.length % type.BYTES_PER_ELEMENT !== 0) return null;
  const data = new type(new Uint8Array(raw).buffer);
  const bytes = littleEndian(data);
  return bytes.buffer === data.buffer ? data : new type(new Uint8Array(bytes).buffer);
}

/** Elements that stand in the lists of numbers instead of as raw bytes. */
function fromFields(tensor: TensorProto, dtype: DType): TypedArray | null {
  if (dtype === 'int64') return BigInt64Array.from(tensor.int64Data ?? [], (x) => BigInt(x));
  const list =
    dtype === 'float32' ? tensor.floatData : dtype === 'float64' ? tensor.doubleData : (tensor.int32Data as number[]);
  return arrayTypes[dtype].from((list ?? []) as never) as TypedArray;
}

/** What a Constant node gives, in any of the forms that it has. */
export function constantOf(node: NodeProto): Constant | null {
  const [attribute] = node.attribute ?? [];
  if (node.attribute?.length !== 1 || attribute.refAttrName) return null;
  const { t, f = 0, i = 0, floats = [], ints = [] } = attribute;
  switch (attribute.name) {
    case 'value':
      return t ? readConstant(t) : null;
    case 'value_float':
      return { dtype: 'float32', dims: [], data: Float32Array.of(f) };
    case 'value_floats':
      return { dtype: 'float32', dims: [floats.length], data: Float32Array.from(floats) };
    case 'value_int':
      return { dtype: 'int64', dims: [], data: BigInt64Array.of(BigInt(i)) };
    case 'value_ints':
      return { dtype: 'int64', dims: [ints.length], data: BigInt64Array.from(ints, (x) => BigInt(x)) };
    default:
      return null;
  }
}

/** A constant as a tensor of the file. */
export function toTensor({ dtype, dims, data }: Constant, name = ''): TensorProto {
  return tensorProto(name, dtype, dims, littleEndian(data).slice());
}

/** The elements as numbers that JavaScript computes with. */
export function numbersOf({ dtype, data }: Constant): readonly number[] {
  if (dtype === 'float16') return Array.from(data as Uint16Array, halfToNumber);
  if (dtype === 'bfloat16') return Array.from(data as Uint16Array, bfloat16ToNumber);
  return Array.from(data as Float64Array, Number);
}

/** Numbers rounded to a dtype. Integers must be whole. */
export function fromNumbers(values: ArrayLike<number | bigint>, dtype: DType, dims: readonly number[]): Constant {
  return { dtype, dims, data: fromRaw(encode(values, dtype), dtype) ?? new arrayTypes[dtype](0) };
}

/** Elements of a dtype of floats, that is, numbers that rounding applies to. */
export const isFloatConstant = ({ dtype }: Constant): boolean => isFloat(dtype);

/** The elements of a one-dimensional or scalar integer constant, as axes, sizes and bounds are. */
export function intsIn(constant: Constant | null): readonly number[] | null {
  return constant && constant.dims.length <= 1 && (constant.dtype === 'int64' || constant.dtype === 'int32')
    ? numbersOf(constant)
    : null;
}
