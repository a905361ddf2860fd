/** Comparing what a backend computed with what PyTorch computed. */
import { type DType, resolveDevice, type Tensor } from '@tenfold/tensor-core';
import type { Encoded, Sample, TensorData } from './fixture.ts';

/**
 * How near a result must be: `|actual - expected| <= atol + rtol · |expected|`, as `torch.allclose`; or at most `ulps` units in the last place of the
 * dtype, counted at the expected element, at the largest magnitude of the expected tensor, or at that magnitude but at least 1.
 */
export type Tolerance =
  | { readonly rtol: number; readonly atol: number }
  | { readonly ulps: number; readonly of: 'element' | 'largest' | 'largestOr1' };

const exact: Tolerance = { rtol: 0, atol: 0 };

/**
 * How near an element must be. float64: 1e-9 relative; where terms cancelled, 1e-12 absolute, as much as double rounding leaves. float32: 4 units in the
 * last place, since PyTorch's own functions err by one or two. Half formats round to the same number or the next. Integers and bools are exact.
 */
export const tolerances: { readonly [D in DType]: Tolerance } = {
  float64: { rtol: 1e-9, atol: 1e-12 },
  float32: { ulps: 4, of: 'element' },
  float16: { ulps: 1, of: 'element' },
  bfloat16: { ulps: 1, of: 'element' },
  int64: exact,
  int32: exact,
  int16: exact,
  int8: exact,
  uint8: exact,
  bool: exact,
};

/** float32 where many terms are added in an order of one's own: sums, products of matrices, losses, and every gradient. */
export const accumulated: Tolerance = { ulps: 8, of: 'largest' };

/** float32 at the end of a program of up to 20 ops, each of which rounds. */
export const composed: Tolerance = { ulps: 64, of: 'largestOr1' };

/** float32 where PyTorch computed in float64 from inputs that had more digits: their rounding alone is a unit of each, which sums and products multiply. */
export const narrowed: Tolerance = { ulps: 256, of: 'largestOr1' };

/** Explicit bits of the mantissa, and the exponent of the smallest normal number. */
const formats: { readonly [dtype: string]: readonly [bits: number, minExponent: number] } = {
  float64: [52, -1022],
  float32: [23, -126],
  float16: [10, -14],
  bfloat16: [7, -126],
};

/** The distance between neighbouring numbers of a dtype at this magnitude. */
export function unitInLastPlace(magnitude: number, dtype: DType): number {
  const [bits, minExponent] = formats[dtype] ?? [0, 0];
  const exponent = magnitude === 0 ? minExponent : Math.max(Math.floor(Math.log2(magnitude)), minExponent);
  return 2 ** (exponent - bits);
}

/** Whether a number that isn't 0 is smaller than all normal numbers of a float dtype. */
function isSubnormal(x: number, dtype: DType): boolean {
  const format = formats[dtype];
  return format !== undefined && x !== 0 && Math.abs(x) < 2 ** format[1];
}

/** What was measured on the way: the largest relative difference of float64 results, and of float32 results in units in the last place. */
export interface Measured {
  relative: number;
  ulps: number;
}

/** A conformance check that did not hold. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
  /** What was computed, where a check goes over many samples. */
  readonly sample?: Sample;

  constructor(message: string, options: ErrorOptions & { readonly sample?: Sample | undefined } = {}) {
    super(message, options);
    this.sample = options.sample;
  }
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

/** What a result is compared with. */
export interface Expected {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | bigint>;
  /** Who says so, in messages. */
  readonly by: string;
}

/** Throws a {@link ConformanceError} naming shape, dtype or the worst element if `actual` is not what PyTorch gives. */
export function expectTensor(
  what: string,
  actual: Tensor,
  { dtype, shape, data }: TensorData,
  tolerance: Tolerance = tolerances[dtype],
  measured?: Measured,
): Promise<void> {
  return expectNear(what, actual, { dtype, shape, values: data.map(decode), by: 'PyTorch' }, tolerance, measured);
}

/** The same for what anybody else gives. */
export async function expectNear(
  what: string,
  actual: Tensor,
  expected: Expected,
  tolerance: Tolerance = tolerances[expected.dtype],
  measured?: Measured,
): Promise<void> {
  const { dtype, shape, by } = expected;
  if (actual.dtype !== dtype) throw new ConformanceError(`${what}: dtype ${actual.dtype}, ${by} gives ${dtype}`);
  if (actual.shape.join() !== shape.join())
    throw new ConformanceError(`${what}: shape [${actual.shape}], ${by} gives [${shape}]`);
  const values: ArrayLike<number | bigint> = await actual.toTypedArray();
  const wanted = Array.from(expected.values);
  const largest = wanted.reduce<number>(
    (m, x) => (Number.isFinite(Number(x)) ? Math.max(m, Math.abs(Number(x))) : m),
    0,
  );
  const allowed = allowance(tolerance, dtype, largest);
  let worst = { at: -1, excess: 0 };
  let different = 0;
  const { subnormals = true } = resolveDevice(actual.device).runtime.capabilities;
  const flushed = (x: number | bigint) => !subnormals && isSubnormal(Number(x), dtype);
  wanted.forEach((x, i) => {
    const gap = flushed(x) && Number(values[i]) === 0 ? 0 : distance(values[i], x);
    const excess = gap === 0 ? 0 : gap - allowed(Math.abs(Number(x)));
    if (excess > 0 || Number.isNaN(excess)) different++;
    if (excess > worst.excess || (Number.isNaN(excess) && worst.at < 0)) worst = { at: i, excess };
    if (measured && gap > 0) measure(measured, dtype, tolerance, gap, Math.abs(Number(x)), largest);
  });
  if (worst.at < 0) return;
  const { at } = worst;
  const place = shape.length ? `element [${unravel(at, shape)}]` : 'the element';
  throw new ConformanceError(
    `${what}: ${place} is ${values[at]}, ${by} gives ${wanted[at]} (${limitText(tolerance)})
${different} of ${wanted.length} elements differ
  got       ${excerpt(values, at)}
  expected  ${excerpt(wanted, at)}`,
  );
}

function limitText(tolerance: Tolerance): string {
  if (!('ulps' in tolerance)) {
    const { rtol, atol } = tolerance;
    return rtol === 0 && atol === 0 ? 'exact' : `allowed: ${rtol} relative + ${atol}`;
  }
  const { ulps, of } = tolerance;
  return `allowed: ${ulps} unit${ulps === 1 ? '' : 's'} in the last place of the ${of === 'element' ? 'element' : 'largest magnitude'}`;
}

/** Elements that a message shows. */
const shown = 12;

/** The elements around one of them, in row-major order. */
export function excerpt(values: ArrayLike<unknown>, around = 0): string {
  const start = Math.max(0, Math.min(around - shown / 2, values.length - shown));
  const list = Array.from({ length: Math.min(shown, values.length) }, (_, i) => String(values[start + i]));
  return `[${start > 0 ? `… from element ${start}: ` : ''}${list.join(', ')}${start + shown < values.length ? ', …' : ''}]`;
}

/** How far an element of this magnitude may be away. */
export function allowance(tolerance: Tolerance, dtype: DType, largest: number): (magnitude: number) => number {
  if (!('ulps' in tolerance)) return (magnitude) => tolerance.atol + tolerance.rtol * magnitude;
  const { ulps, of } = tolerance;
  if (of === 'element') return (magnitude) => ulps * unitInLastPlace(magnitude, dtype);
  const shared = ulps * unitInLastPlace(of === 'largest' ? largest : Math.max(largest, 1), dtype);
  return () => shared;
}

/** Relative to the element, or to a thousandth of the largest one if that is more: what cancels has no digits of its own. */
function measure(
  into: Measured,
  dtype: DType,
  tolerance: Tolerance,
  gap: number,
  magnitude: number,
  largest: number,
): void {
  if (!Number.isFinite(gap)) return;
  if (dtype === 'float64') into.relative = Math.max(into.relative, gap / Math.max(magnitude, largest / 1000, 1e-3));
  if (dtype !== 'float32' || !('ulps' in tolerance)) return;
  const at = { element: magnitude, largest, largestOr1: Math.max(largest, 1) }[tolerance.of];
  into.ulps = Math.max(into.ulps, gap / unitInLastPlace(at, dtype));
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

/** How far apart two elements are; infinite for NaN and a number, and for an infinity and anything else. */
function distance(actual: number | bigint, expected: number | bigint): number {
  if (typeof actual === 'bigint' || typeof expected === 'bigint') {
    return BigInt(actual) === BigInt(expected) ? 0 : Number.POSITIVE_INFINITY;
  }
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  const gap = Math.abs(actual - expected);
  return Number.isFinite(gap) ? gap : Number.POSITIVE_INFINITY;
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
