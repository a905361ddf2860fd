/** Where the symbols of this family are run in onnxruntime. Made in a function: the inputs are random, and the backend is there by then. */
import { arange, type Tensor } from '@tenfold/tensor-core';
import type { Case } from './inputs.ts';

/** Matrices without a pattern that would make them singular. */
const matrices = (...shape: number[]): Tensor =>
  arange(
    shape.reduce((a, b) => a * b),
    { dtype: 'float64' },
  )
    .square()
    .sin()
    .reshape(shape);

export const decomposition = (): Case[] => [
  { op: 'det', inputs: [matrices(3, 3)] },
  { op: 'det', inputs: [matrices(2, 2, 3, 3)], dynamic: true },
];
