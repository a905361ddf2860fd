/** Checks of what layers are given. */
import { ArgumentError, describe } from '@tenfold/tensor-core';

/** Returns `value` if it is a whole number from `least`, else throws. */
export function checkSize(where: string, value: unknown, least = 0): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new ArgumentError(`${where} must be an integer of at least ${least}, got ${describe(value)}`);
}
