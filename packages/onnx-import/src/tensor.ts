/** The values of a TensorProto. */
import { dtypeOf, type TensorProto, TensorProto_DataType, tensorData } from '@tenfold/onnx-model';
import type { DType, TypedArray } from '@tenfold/tensor-core';
import { HOST_LIMIT, HostTensor, invalid } from './values.ts';

/** The dtype of an element type, or an error that names it. */
export function requireDtype(type: number | undefined, where: string): DType {
  const dtype = dtypeOf(type ?? 0);
  if (dtype !== null) return dtype;
  const name = Object.entries(TensorProto_DataType).find(([, value]) => value === type)?.[0];
  throw invalid(`${where} is of element type ${name ?? type ?? 0}, which is none of Tenfold's dtypes`);
}

/** Reads a tensor of the file. With `shared` its memory may be the file's, until it is uploaded; else it is its own, unless it is large. */
export function readTensor(proto: TensorProto, where: string, shared = false): HostTensor {
  const dtype = requireDtype(proto.dataType, where);
  // of Tenfold's dtypes only, so no strings and none of ONNX's own arrays
  const data = tensorData(proto) as TypedArray;
  return new HostTensor(dtype, [...(proto.dims ?? [])], shared && data.length > HOST_LIMIT ? data : data.slice(), true);
}
