/** The fixtures: samples of every op with the values and gradients that PyTorch gives, as tools/torch-oracle writes them. */
import { type DType, Tensor, tensor } from '@tenfold/tensor-core';

/** One element: a number, a bool, or text for what JSON has no number for: `'nan'`, `'inf'`, `'-inf'`, integers beyond 2^53. */
export type Encoded = number | boolean | string;

/** A tensor as data, row-major. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly Encoded[];
}

/** How an input lies in memory: the values are the same, the strides are not. */
export type Layout = 'transpose' | 'expand' | 'slice';

/** A tensor input. */
export interface InputData extends TensorData {
  readonly requiresGrad?: boolean;
  readonly view?: Layout;
}

/** One call of an op. */
export interface Sample {
  readonly name: string;
  readonly inputs: readonly (InputData | number | null)[];
  /** Further arguments by their names in our API. */
  readonly args?: { readonly [name: string]: unknown };
  readonly outputs: readonly TensorData[];
  /** The gradients given to `backward`, one per floating-point output. */
  readonly gradOut?: readonly (TensorData | null)[];
  /** The gradients of the inputs, `null` where there is none. */
  readonly grads?: readonly (TensorData | null)[];
}

/** One op with its samples. */
export interface OpFixture {
  readonly op: string;
  readonly samples: readonly Sample[];
}
