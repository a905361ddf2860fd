/**
 * The one place where the layers below `tensor.ts` get hold of the `Tensor` class: the class's methods call ops, and ops make tensors,
 * so one of the two must be bound late.
 */
import type { DType } from './dtype.ts';
import type { Shape } from './shape.ts';
import type { Storage, VersionCounter } from './storage.ts';
import type { Tensor, ViewInfo } from './tensor.ts';

type TensorClass = new (
  storage: Storage,
  dtype: DType,
  shape: Shape,
  strides: readonly number[],
  offset: number,
  version: VersionCounter,
  viewInfo: ViewInfo | null,
) => Tensor;

let tensorClass: TensorClass;

/** Called once by `tensor.ts`. */
export function setTensorClass(value: TensorClass): void {
  tensorClass = value;
}

export function makeTensor(
  storage: Storage,
  dtype: DType,
  shape: Shape,
  strides: readonly number[],
  offset = 0,
  version = storage.version,
  viewInfo: ViewInfo | null = null,
): Tensor {
  return new tensorClass(storage, dtype, shape, strides, offset, version, viewInfo);
}

/** Whether a value is a tensor of this copy of tensor-core. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof tensorClass;
}
