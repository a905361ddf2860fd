/** Inputs of the symbol tests. */
import { type BuiltinOps, type DType, type Operand, randint, randn, type Tensor, tensor } from '@tenfold/tensor-core';

export type Name = keyof BuiltinOps;

/** Calls of one op. Tensors of `f` are floats of the dtype under test. */
export interface Case {
  readonly op: Name;
  readonly inputs: readonly Tensor[];
  /** Operands by the inputs, where they are not just the inputs. */
  readonly operands?: (inputs: readonly Tensor[]) => readonly Operand[];
  readonly attrs?: object | null;
  /** The first opset that has it. */
  readonly since?: number;
  /** Whether axis 0 of every input may change. */
  readonly dynamic?: boolean;
  /** An axis that may change in every input that has it, besides. */
  readonly length?: number;
  readonly note?: string;
}

export const f = (shape: readonly number[], dtype: DType = 'float64'): Tensor => randn([...shape], { dtype });
export const i = (low: number, high: number, shape: readonly number[], dtype: DType = 'int64'): Tensor =>
  randint(low, high, [...shape], { dtype });
export const positive = (shape: readonly number[]): Tensor => f(shape).abs().add(0.1);
export const unit = (shape: readonly number[]): Tensor => f(shape).tanh().mul(0.9);
export const special = (): Tensor =>
  tensor([0, -0, 1, -1, 0.5, -2.5, 1.5, 2.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-9], {
    dtype: 'float64',
  });
/** Near 0, near 1, and large. */
export const extremes = (): Tensor =>
  tensor([1e-12, -1e-5, 0.3, 0.999999, -0.999, 1.000001, 3, -4.5, 6, 15, -29, 1e6], { dtype: 'float64' });
export const mask = (shape: readonly number[]): Tensor => f(shape).gt(0);
