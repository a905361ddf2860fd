/** The values of a TensorProto. Sizes are checked against the bytes that are there before anything is made. */
import { dtypeOf, type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from '@tenfold/onnx-model';
import { arrayTypes, type DType, dtypes, type TypedArray } from '@tenfold/tensor-core';
import { HostTensor, invalid } from './values.ts';

/** The dtype of an element type, or an error that names it. */
export function requireDtype(type: number | undefined, where: string): DType {
  const dtype = dtypeOf(type ?? 0);
  if (dtype !== null) return dtype;
  const name = Object.entries(TensorProto_DataType).find(([, value]) => value === type)?.[0];
  throw invalid(`${where} is of element type ${name ?? type ?? 0}, which is none of Tenfold's dtypes`);
}

/** Reads a tensor of the file. */
export function readTensor(proto: TensorProto, where: string): HostTensor {
  const dtype = requireDtype(proto.dataType, where);
  const shape = [...(proto.dims ?? [])];
  let size = 1;
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) throw invalid(`${where} has a dim of size ${dim}`);
    size *= dim;
  }
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL)
    throw invalid(`${where} has its values in another file; give loadOnnx the path of the model, or { model, data }`);
  if (proto.rawData?.length) return new HostTensor(dtype, shape, raw(proto.rawData, dtype, size, where), true);
  const list = fieldOf(proto, dtype);
  if (list.length !== size)
    throw invalid(`${where} has ${list.length} values, its shape [${shape.join(', ')}] needs ${size}`);
  const data = new arrayTypes[dtype](size);
  // each array takes its own kind of number
  for (let i = 0; i < size; i++) data[i] = (dtype === 'int64' ? BigInt(list[i]) : list[i]) as never;
  return new HostTensor(dtype, shape, data, true);
}

function fieldOf({ floatData, doubleData, int64Data, int32Data }: TensorProto, dtype: DType): readonly number[] {
  if (dtype === 'float32') return floatData ?? [];
  if (dtype === 'float64') return doubleData ?? [];
  return (dtype === 'int64' ? int64Data : int32Data) ?? [];
}

function raw(bytes: Uint8Array, dtype: DType, size: number, where: string): TypedArray {
  const { itemsize } = dtypes[dtype];
  if (bytes.length !== size * itemsize)
    throw invalid(`${where} has ${bytes.length} bytes, its shape needs ${size * itemsize}`);
  const copy = bytes.slice();
  return new arrayTypes[dtype](copy.buffer, 0, size);
}
