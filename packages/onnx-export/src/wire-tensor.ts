/** Tensors from the form in which they go to onnxruntime's process. */
import { type DType, type Tensor, tensor } from '@tenfold/tensor-core';
import type { WireTensor } from './runtime.ts';
import { fromWire } from './verify.ts';

/** A tensor of `dtype` on the default device. */
export const fromWireTensor = (wire: WireTensor, dtype: DType): Tensor =>
  tensor(fromWire(wire) as Float32Array, { dtype }).reshape(wire.dims);
