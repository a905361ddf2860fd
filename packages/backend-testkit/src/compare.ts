/** Comparing what a backend computed with what PyTorch computed. */
import type { DType, Tensor } from '@tenfold/tensor-core';
import type { Encoded, TensorData } from './fixture.ts';

/** `|actual - expected| <= atol + rtol · |expected|`, as `torch.allclose`. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

const exact: Tolerance = { rtol: 0, atol: 0 };

/**
 * How near a result must be. float64 differs by summation order and by the last bits of transcendental functions; float32 by about 16 units in the
 * last place, since PyTorch's own float32 functions err by a few; integers and bools are exact.
 */
export const tolerances: { readonly [D in DType]: Tolerance } = {
  float64: { rtol: 1e-9, atol: 1e-11 },
  float32: { rtol: 2e-6, atol: 1e-6 },
  float16: { rtol: 2e-3, atol: 1e-5 },
  bfloat16: { rtol: 1.6e-2, atol: 1e-5 },
  int64: exact,
  int32: exact,
  int16: exact,
  int8: exact,
  uint8: exact,
  bool: exact,
};

/** A conformance check that did not hold. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

const special: { readonly [text: string]: number } = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/** An element of a fixture as a number, or a bigint beyond 2^53. */
export function decode(value: Encoded): number | bigint {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return special[value] ?? BigInt(value);
}

/** Throws a {@link ConformanceError} naming shape, dtype or the worst element if `actual` is not `expected`. */
export async function expectTensor(
  what: string,
  actual: Tensor,
  expected: TensorData,
  tolerance: Tolerance = tolerances[expected.dtype],
): Promise<void> {
  if (actual.dtype !== expected.dtype) {
    throw new ConformanceError(`${what}: dtype ${actual.dtype}, PyTorch gives ${expected.dtype}`);
  }
  if (actual.shape.join() !== expected.shape.join()) {
    throw new ConformanceError(`${what}: shape [${actual.shape}], PyTorch gives [${expected.shape}]`);
  }
  const values = await actual.toTypedArray();
  let worst = { at: -1, excess: 0 };
  expected.data.forEach((encoded, i) => {
    const excess = difference(values[i], decode(encoded), tolerance);
    if (excess > worst.excess) worst = { at: i, excess };
  });
  if (worst.at >= 0) {
    const position = unravel(worst.at, expected.shape);
    throw new ConformanceError(
      `${what}: element [${position}] is ${values[worst.at]}, PyTorch gives ${decode(expected.data[worst.at])} ` +
        `(allowed: ${tolerance.rtol} relative + ${tolerance.atol})`,
    );
  }
}

/** Throws unless both tensors hold the same bits. */
export async function expectSame(what: string, actual: Tensor, expected: Tensor): Promise<void> {
  if (actual.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join()) {
    throw new ConformanceError(`${what} is ${actual.dtype}[${actual.shape}], not ${expected.dtype}[${expected.shape}]`);
  }
  const [a, b] = await Promise.all([actual.toTypedArray(), expected.toTypedArray()]);
  const differs = a.findIndex((x: number | bigint, i: number) => !Object.is(x, b[i]));
  if (differs >= 0) throw new ConformanceError(`${what}: element ${differs} is ${a[differs]}, not ${b[differs]}`);
}

/** How far beyond the tolerance two elements are; 0 if they agree. */
function difference(actual: number | bigint, expected: number | bigint, { rtol, atol }: Tolerance): number {
  if (typeof actual === 'bigint' || typeof expected === 'bigint') {
    return BigInt(actual) === BigInt(expected) ? 0 : Number.POSITIVE_INFINITY;
  }
  if (Number.isNaN(expected)) return Number.isNaN(actual) ? 0 : Number.POSITIVE_INFINITY;
  if (actual === expected) return 0;
  const gap = Math.abs(actual - expected) - (atol + rtol * Math.abs(expected));
  return Number.isNaN(gap) || !Number.isFinite(expected) ? Number.POSITIVE_INFINITY : Math.max(gap, 0);
}

function unravel(index: number, shape: readonly number[]): string {
  const position: number[] = [];
  let rest = index;
  for (let d = shape.length - 1; d >= 0; d--) {
    position.unshift(rest % shape[d]);
    rest = Math.floor(rest / shape[d]);
  }
  return position.join(', ');
}
