/** Inputs of derivative samples: float64, no two elements closer than a difference step. */
import { type BuiltinOps, fromTypedArray, type Tensor, tensor } from '@tenfold/tensor-core';

/** Values between `low` and `high`, spread evenly and shuffled, so that no two are equal or closer than a difference step. */
export function spread(shape: readonly number[], low: number, high: number, seed = 1): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const stride = [7, 5, 3, 11, 13].find((k) => n % k !== 0) ?? 1;
  const data = Float64Array.from(
    { length: n },
    (_, i) => low + (high - low) * ((((i * stride + seed) % n) + 0.37 + 0.11 * seed) / (n + 1)),
  );
  return fromTypedArray(data, shape, { dtype: 'float64' }).requiresGrad_();
}

export type Fn = (...x: Tensor[]) => Tensor | readonly Tensor[];
/** A function of tensors and the point at which its derivatives are checked. */
export type Sample = readonly [fn: Fn, ...inputs: Tensor[]];

export const any = (...shape: number[]): Tensor => spread(shape, -2, 2);
export const other = (...shape: number[]): Tensor => spread(shape, -1.9, 2.3, 2);
export const positive = (...shape: number[]): Tensor => spread(shape, 0.4, 2.5, 2);
export const unit = (...shape: number[]): Tensor => spread(shape, -0.8, 0.8);
export const probability = (...shape: number[]): Tensor => spread(shape, 0.1, 0.9);
export const ints = (data: number | number[] | number[][]): Tensor => tensor(data, { dtype: 'int64' });
export const bools = (data: boolean[] | boolean[][]): Tensor => tensor(data);

/** Samples of each op by name; every op with a derivative has at least one. */
export type Samples<Ops = BuiltinOps> = { readonly [K in keyof Ops]?: readonly Sample[] };
