/** Checks of what layers are given. */
import { ArgumentError, describe, formatShape, isTensor, ShapeError } from '@tenfold/tensor-core';

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

/** Checks the bounds of `rrelu`. */
export function checkBounds(name: string, lower: unknown, upper: unknown): void {
  if (checkNumber(`${name}: lower`, lower) > checkNumber(`${name}: upper`, upper))
    throw new ArgumentError(
      `${name}: Lower bound should be less than or equal to the upper bound, got ${lower} and ${upper}`,
    );
}

/** Returns the margin of triplets, which must be above 0. */
export function checkMargin(name: string, margin: unknown): number {
  if (checkNumber(`${name}: margin`, margin) > 0) return margin as number;
  throw new ArgumentError(`${name}: expected margin to be greater than 0, got ${margin} instead`);
}

/** Refuses exponents and weights that `multiMarginLoss` has not. */
export function checkMultiMargin(name: string, p: unknown, weight: unknown): void {
  if (p !== 1 && p !== 2) throw new ArgumentError(`${name}: only p == 1 and p == 2 supported, got ${describe(p)}`);
  if (weight === null) return;
  if (!isTensor(weight)) throw new ArgumentError(`${name}: weight must be a tensor, got ${describe(weight)}`);
  if (weight.ndim !== 1)
    throw new ShapeError(`${name}: weight must have the shape [C], got ${formatShape(weight.shape)}`);
}

/** The row that `paddingIdx` means among `rows`, or `null`. */
export function paddingRow(paddingIdx: unknown, rows: number): number | null {
  if (paddingIdx === null) return null;
  if (typeof paddingIdx !== 'number' || !Number.isInteger(paddingIdx) || paddingIdx >= rows || paddingIdx < -rows)
    throw new ArgumentError(`Padding_idx must be within num_embeddings: got ${paddingIdx} for ${rows} rows`);
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** Refuses what `embeddingBag` has not. */
export function checkBagMode(where: string, mode: unknown, scaleGradByFreq: unknown): 'sum' | 'mean' | 'max' {
  if (mode !== 'sum' && mode !== 'mean' && mode !== 'max')
    throw new ArgumentError(`${where}: mode has to be one of sum, mean or max, got ${describe(mode)}`);
  if (mode === 'max' && scaleGradByFreq)
    throw new ArgumentError(`${where}: max mode does not support scaling the gradient by the frequency`);
  return mode;
}
