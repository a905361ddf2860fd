/** How the elements of each dtype lie in device memory: as in core's arrays, and under which name kernels know them. */
import { type DType, dtypes, type TensorView } from '@tenfold/tensor-core';
import type { Handle } from './native.ts';

/** A buffer of the device, as core holds it. */
export interface Buffer {
  readonly handle: Handle;
  readonly dtype: DType;
  readonly bytes: number;
}

export type View = TensorView<Buffer>;

/** What kernels of a dtype are called by: `softmax_f32`. */
export const kernelTypes: { readonly [D in DType]: string } = {
  float32: 'f32',
  float64: 'f64',
  float16: 'f16',
  bfloat16: 'bf16',
  int64: 'i64',
  int32: 'i32',
  int16: 'i16',
  int8: 'i8',
  uint8: 'u8',
  bool: 'b8',
};

export const itemsize = (dtype: DType): number => dtypes[dtype].itemsize;
