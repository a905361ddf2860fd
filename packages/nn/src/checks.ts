/** Checks of what layers are given. */
import { ArgumentError, describe } from '@tenfold/tensor-core';

/** Returns `value` if it is a whole number from `least`, else throws. */
export function checkSize(where: string, value: unknown, least = 0): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new ArgumentError(`${where} must be an integer of at least ${least}, got ${describe(value)}`);
}

/** Returns `value` if it is a number, else throws. */
export function checkNumber(where: string, value: unknown): number {
  if (typeof value === 'number') return value;
  throw new ArgumentError(`${where} must be a number, got ${describe(value)}`);
}

/** Returns `value` if it is a boolean, else throws. */
export function checkFlag(where: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ArgumentError(`${where} must be a boolean, got ${describe(value)}`);
}
