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
import { isExternal, tensorData } from '../data.ts';
import type { NodeProto, TensorProto } from '../generated/onnx.ts';
import { dtypeOf, encode, littleEndian, swapBytes, tensorProto } from '../tensor.ts';

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

/**
 * The elements of a tensor of the file; `null` where they lie in another file, or are of a dtype that Tenfold does not have.
 *
 * @throws OnnxModelError if they are not as many as the sizes say.
 */
export function readConstant(tensor: TensorProto): Constant | null {
  const dtype = dtypeOf(tensor.dataType ?? 0);
  if (!dtype || isExternal(tensor) || tensor.segment) return null;
  // a dtype of Tenfold has the array that Tenfold keeps it in
  return { dtype, dims: tensor.dims ?? [], data: tensorData(tensor) as TypedArray };
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
export function numbersOf({ dtype, data }: Constant): Float64Array {
  if (dtype === 'float16') return Float64Array.from(data as Uint16Array, halfToNumber);
  if (dtype === 'bfloat16') return Float64Array.from(data as Uint16Array, bfloat16ToNumber);
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : new Float64Array(data);
}

/** Numbers rounded to a dtype. Integers must be whole. */
export function fromNumbers(values: ArrayLike<number | bigint>, dtype: DType, dims: readonly number[]): Constant {
  const type = arrayTypes[dtype];
  const bytes = swapBytes(encode(values, dtype), type.BYTES_PER_ELEMENT);
  return { dtype, dims, data: new type(bytes.buffer as ArrayBuffer, bytes.byteOffset, values.length) };
}

/** Elements of a dtype of floats, that is, numbers that rounding applies to. */
export const isFloatConstant = ({ dtype }: Constant): boolean => isFloat(dtype);

/** The elements of a one-dimensional or scalar integer constant, as axes, sizes and bounds are. */
export function intsIn(constant: Constant | null): readonly number[] | null {
  return constant && constant.dims.length <= 1 && (constant.dtype === 'int64' || constant.dtype === 'int32')
    ? [...numbersOf(constant)]
    : null;
}
