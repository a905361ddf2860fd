/** Scalar functions that kernels call for what they have no instructions for: JavaScript's, in double precision. */
import { ArgumentError } from '@tenfold/tensor-core';
import { binaryFloat, unaryNumber } from '@tenfold/tensor-core/scalar';

const prefixed = <F>(prefix: string, functions: { readonly [name: string]: F }): { [name: string]: F } =>
  Object.fromEntries(Object.entries(functions).map(([name, fn]) => [`${prefix}.${name}`, fn]));

/** What modules may import: `unary.lgamma`, `binary.atan2`, what raises errors, and the number of the thread: 0 is the one that calls. */
export const scalarImports = {
  thread: (): number => 0,
  ...prefixed('unary', unaryNumber),
  ...prefixed('binary', binaryFloat),
  /** A float as the low 32 bits of its integer part, as JavaScript's integer arrays take it. */
  toInt32: (x: number): number => x | 0,
  /** Raises the error of a division of integers by zero. */
  divideByZero: (): number => {
    throw new ArgumentError('ZeroDivisionError: integer division or modulo by zero');
  },
};
