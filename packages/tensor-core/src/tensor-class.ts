/**
 * The one place where the layers below `tensor.ts` get hold of the `Tensor` class: the class's methods call ops, and ops make tensors,
 * so one of the two must be bound late.
 */
import type { DType } from './dtype.ts';
import { TenfoldError } from './errors.ts';
import { formatOrigin, thisCore } from './release.ts';
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
  claimProcess();
  tensorClass = value;
}

const claim = Symbol.for('@tenfold/tensor-core');

/**
 * Two copies of core would each have backends and tensors that the other does not know, and fail in strange ways; so the second one says so at once.
 * The same file loaded again is the same copy.
 */
function claimProcess(): void {
  const holder: { [key: symbol]: string | undefined } = globalThis;
  const place = formatOrigin(thisCore);
  const first = holder[claim];
  if (first !== undefined && first !== place) {
    throw new TenfoldError(
      `two copies of @tenfold/tensor-core are loaded: ${first} and ${place}. Tensors of one are unknown to the other. ` +
        'Install one version: `npx @tenfold/tensor-core doctor` and `npm ls @tenfold/tensor-core` show who brings the second; or deduplicate it in your bundler',
      'DUPLICATE_CORE',
    );
  }
  holder[claim] = place;
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
