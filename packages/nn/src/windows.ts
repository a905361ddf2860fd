/** What layers over windows are given: numbers for all spatial dims, or one for each. */
import { ArgumentError, describe, formatShape, type OutputSize, perDim } from '@tenfold/tensor-core';
import { pythonFloat } from './print.ts';

/** `n` whole numbers from one or a list; `sentence` is what PyTorch says of those below `least`. */
export function perDimFrom(
  least: number,
  sentence: string,
  where: string,
  what: string,
  value: unknown,
  n: number,
): number[] {
  const list = perDim(where, what, value, n);
  if (list.every((x) => x >= least)) return list;
  throw new ArgumentError(`${sentence}, but got ${what}=${formatShape(list)} in ${where}`);
}

/** Kernel size, stride, padding and dilation of windows, checked. */
export function checkWindows(
  where: string,
  n: number,
  kernelSize: unknown,
  { stride, padding = 0, dilation = 1 }: { stride: unknown; padding?: unknown; dilation?: unknown },
): void {
  const kernel = perDimFrom(1, 'kernel size should be greater than zero', where, 'kernelSize', kernelSize, n);
  perDimFrom(1, 'stride should be greater than zero', where, 'stride', stride, n);
  perDimFrom(1, 'dilation should be greater than zero', where, 'dilation', dilation, n);
  perDimFrom(0, 'pad must be non-negative', where, 'padding', padding, n).forEach((pad, d) => {
    if (pad <= kernel[d] / 2) return;
    throw new ArgumentError(
      `pad should be at most half of kernel size, but got pad=${pad} and kernelSize=${kernel[d]} in ${where}`,
    );
  });
}

/** Sizes of a result, of which `null` keeps that of the input, checked. */
export function checkOutputSize(where: string, n: number, size: unknown): OutputSize {
  const list: readonly unknown[] = Array.isArray(size) ? size : new Array(n).fill(size);
  if (list.length !== n)
    throw new ArgumentError(`${where}: outputSize must be a number or an array of ${n}, got ${describe(size)}`);
  for (const x of list) {
    if (x === null || (typeof x === 'number' && Number.isSafeInteger(x) && x >= 0)) continue;
    throw new ArgumentError(
      `${where}: elements of outputSize must be greater than or equal to 0 or null, got ${describe(x)}`,
    );
  }
  return size as OutputSize;
}

const printed = (value: unknown): string =>
  value === null
    ? 'None'
    : typeof value === 'number' && !Number.isSafeInteger(value)
      ? pythonFloat(value)
      : String(value);

/** An argument as it was given, as Python prints it: `2`, `0.5`, `None`, `(2, 3)`, `(3,)`. */
export const shown = (value: OutputSize): string =>
  Array.isArray(value) ? `(${value.map(printed).join(', ')}${value.length === 1 ? ',' : ''})` : printed(value);
