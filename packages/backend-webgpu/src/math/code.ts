/** Writing WGSL functions. */

/** A function of the prelude. */
export interface PreludeRow {
  /** Other functions that it calls. */
  readonly uses?: readonly string[];
  readonly code: string;
}

export interface Prelude {
  readonly [name: string]: PreludeRow | undefined;
}

/** A number as WGSL, nearest float32. */
export function number(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** `c[0] + c[1]·x + c[2]·x² + …` by Horner's rule. */
export const polynomial = (x: string, c: readonly number[]): string =>
  c.reduceRight((sum, coefficient) => (sum ? `(${number(coefficient)} + ${x} * ${sum})` : number(coefficient)), '');

/** The sign of `x` on the size `y`, which is not negative. */
export const signed = (y: string, x: string): string =>
  `bitcast<f32>(bitcast<u32>(${y}) | (bitcast<u32>(${x}) & 0x80000000u))`;

/** `x` without the last 12 bits of its 24: a product of two such numbers is exact, and compilers see no arithmetic in it. */
export const high = (x: string): string => `bitcast<f32>(bitcast<u32>(${x}) & 0xfffff000u)`;

/** `y`, or NaN where `x` is NaN, which clamping and rounding may lose. */
export const orNaN = (y: string, x: string): string => `select(${y}, ${x}, is_nan(${x}))`;

/** π/2 and π as floats, and by how much these are too large. */
export const halfPi = ['1.5707964', '4.371139e-8'] as const;
export const pi = ['3.1415927', '8.742278e-8'] as const;
