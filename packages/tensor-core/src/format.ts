/**
 * Prints tensors exactly as PyTorch does. Pure functions over plain data: nothing here knows the Tensor class.
 *
 * PyTorch's page: https://pytorch.org/docs/stable/generated/torch.set_printoptions.html. What its page leaves open (which
 * elements decide the width, when scientific notation starts, how suffixes wrap) is checked against its printed output.
 */
import type { DType } from './dtype.ts';
import { ArgumentError, checkOptions, describe } from './errors.ts';

/** How tensors are printed. */
export interface PrintOptions {
  /** Digits after the decimal point. Default 4. */
  precision: number;
  /** Tensors of more elements than this are summarised. Default 1000. */
  threshold: number;
  /** Items shown at each end of a summarised dim, at least 1. Default 3. */
  edgeitems: number;
  /** Characters in a line. Default 80. */
  linewidth: number;
  /** Scientific notation: always, never, or (`null`, the default) when the values span too wide a range. */
  sciMode: boolean | null;
}

/** What {@link setPrintOptions} takes. */
export interface SetPrintOptions extends Partial<PrintOptions> {
  /** A set of defaults that the other options then change. */
  profile?: 'default' | 'short' | 'full';
}

type Profile = Omit<PrintOptions, 'sciMode'>;

const profiles: { readonly [name: string]: Profile } = {
  default: { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 },
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Number.POSITIVE_INFINITY, edgeitems: 3, linewidth: 80 },
};

const OPTION_NAMES = ['precision', 'threshold', 'edgeitems', 'linewidth', 'sciMode', 'profile'] as const;

let current: PrintOptions = { ...profiles.default, sciMode: null };

/**
 * Changes how tensors are printed, everywhere in the process. As in PyTorch, options that are not given stay as they
 * are, except `sciMode`, which every call sets: to automatic when it is not given.
 *
 * @throws ArgumentError on an unknown option or profile, or a value out of range; then nothing is changed.
 * @example
 * setPrintOptions({ precision: 2 });
 * String(tensor([1.12345])); // tensor([1.12])
 * setPrintOptions({ profile: 'default' });
 */
export function setPrintOptions(options: SetPrintOptions): void {
  checkOptions('setPrintOptions', options, OPTION_NAMES);
  const { profile, sciMode = null, ...rest } = options;
  if (profile !== undefined && !Object.hasOwn(profiles, profile)) {
    throw new ArgumentError(`setPrintOptions: profile must be 'default', 'short' or 'full', got ${describe(profile)}`);
  }
  if (sciMode !== null && typeof sciMode !== 'boolean') {
    throw new ArgumentError(`setPrintOptions: sciMode must be true, false or null, got ${describe(sciMode)}`);
  }
  const next: PrintOptions = { ...current, ...(profile === undefined ? {} : profiles[profile]), sciMode };
  for (const key of ['precision', 'threshold', 'edgeitems', 'linewidth'] as const) {
    if (rest[key] !== undefined) next[key] = rest[key];
  }
  const checks: [keyof Profile, number, number][] = [
    ['precision', 0, 100],
    ['threshold', 0, Number.POSITIVE_INFINITY],
    ['edgeitems', 1, Number.MAX_SAFE_INTEGER],
    ['linewidth', 1, Number.MAX_SAFE_INTEGER],
  ];
  for (const [key, low, high] of checks) {
    const value = next[key];
    const whole = Number.isInteger(value) || (key === 'threshold' && value === Number.POSITIVE_INFINITY);
    if (!whole || value < low || value > high) {
      throw new ArgumentError(
        `setPrintOptions: ${key} must be an integer from ${low} to ${high}, got ${describe(value)}`,
      );
    }
  }
  current = next;
}

/** A copy of the options in force. */
export function getPrintOptions(): PrintOptions {
  return { ...current };
}

/** One element; a bool may come as 0 or 1. */
export type PrintedElement = number | bigint | boolean;

/** The plain data of a tensor to print. */
export interface PrintedTensor {
  /**
   * The elements in row-major order, or a function that gives the one at a row-major index (a summary then reads only
   * what it shows), or nothing if they cannot be read now: `...` is printed and the size is a suffix.
   */
  data?: ArrayLike<PrintedElement> | ((index: number) => PrintedElement) | null;
  shape: readonly number[];
  dtype: DType;
}

/** What stands after the elements. */
export interface PrintSuffixes {
  /** Printed unless it is `'cpu'`, the default. */
  device?: string;
  /** Printed unless there is a `gradFn`. */
  requiresGrad?: boolean;
  /** Name of the node that made the tensor, for instance `'AddBackward0'`. */
  gradFn?: string | null;
  /** The dtype that goes without saying, beside int64 and bool. Default `'float32'`. */
  defaultDType?: DType;
}

/**
 * What PyTorch prints for a tensor, with the {@link setPrintOptions | options in force}.
 *
 * @example
 * formatTensor({ data: [1, 1, 1, 1], shape: [2, 2], dtype: 'float32' }, { requiresGrad: true });
 * // tensor([[1., 1.],
 * //         [1., 1.]], requires_grad=True)
 */
export function formatTensor(t: PrintedTensor, suffixes: PrintSuffixes = {}): string {
  const { shape, dtype } = t;
  const { device = 'cpu', defaultDType = 'float32' } = suffixes;
  const prefix = 'tensor(';
  const numel = shape.reduce((product, size) => product * size, 1);
  const isDefault = dtype === defaultDType;
  const after: string[] = [];
  let text: string;

  if (device !== 'cpu') after.push(`device='${device}'`);
  if (t.data === null || t.data === undefined) {
    text = '...';
    after.push(`size=${formatSize(shape)}`);
    if (!isDefault) after.push(`dtype=torch.${dtype}`);
  } else if (numel === 0) {
    // No element shows what the dtype is, so even int64 and bool are named.
    text = '[]';
    if (shape.length !== 1) after.push(`size=${formatSize(shape)}`);
    if (!isDefault) after.push(`dtype=torch.${dtype}`);
  } else {
    text = new Printer(t.data, shape, dtype, numel).print(prefix.length);
    if (!isDefault && dtype !== 'int64' && dtype !== 'bool') after.push(`dtype=torch.${dtype}`);
  }
  if (suffixes.gradFn) after.push(`grad_fn=<${suffixes.gradFn}>`);
  else if (suffixes.requiresGrad) after.push('requires_grad=True');

  return `${appendSuffixes(prefix + text, after, prefix.length)})`;
}

/** A shape as Python prints a tuple: `(2, 3)`, `(3,)`, `()`. */
export function formatSize(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

/** Each suffix stays on the last line if it fits there with its comma, else it opens a line of its own. */
function appendSuffixes(text: string, suffixes: readonly string[], indent: number): string {
  let result = text;
  // PyTorch counts two characters more than the line has, for the comma and the blank to come.
  let lineLength = text.length - text.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (lineLength + suffix.length + 2 > current.linewidth) {
      result += `,\n${' '.repeat(indent)}${suffix}`;
      lineLength = indent + suffix.length;
    } else {
      result += `, ${suffix}`;
      lineLength += suffix.length + 2;
    }
  }
  return result;
}

/** Prints the elements of one non-empty tensor. */
class Printer {
  readonly #at: (index: number) => PrintedElement;
  readonly #shape: readonly number[];
  readonly #strides: number[];
  readonly #summarize: boolean;
  readonly #format: ElementFormat;

  constructor(data: NonNullable<PrintedTensor['data']>, shape: readonly number[], dtype: DType, numel: number) {
    this.#at = typeof data === 'function' ? data : (index) => data[index];
    this.#shape = shape;
    this.#strides = new Array<number>(shape.length).fill(1);
    for (let d = shape.length - 2; d >= 0; d--) this.#strides[d] = this.#strides[d + 1] * shape[d + 1];
    this.#summarize = numel > current.threshold;
    const shown: PrintedElement[] = [];
    this.#collect(0, 0, shown);
    this.#format = elementFormat(shown, dtype);
  }

  print(indent: number): string {
    return this.#block(0, 0, indent);
  }

  /** Indices shown along dim `d`; -1 stands for the ellipsis. */
  #indices(d: number): number[] {
    const size = this.#shape[d];
    const { edgeitems } = current;
    if (!this.#summarize || size <= 2 * edgeitems) return Array.from({ length: size }, (_, i) => i);
    const edge = Array.from({ length: edgeitems }, (_, i) => i);
    return [...edge, -1, ...edge.map((i) => size - edgeitems + i)];
  }

  #collect(d: number, offset: number, shown: PrintedElement[]): void {
    if (d === this.#shape.length) {
      shown.push(this.#at(offset));
      return;
    }
    for (const i of this.#indices(d)) if (i >= 0) this.#collect(d + 1, offset + i * this.#strides[d], shown);
  }

  #block(d: number, offset: number, indent: number): string {
    const rank = this.#shape.length - d;
    if (rank === 0) return this.#format.format(this.#at(offset));
    if (rank === 1) return this.#row(d, offset, indent);
    const parts = this.#indices(d).map((i) =>
      i < 0 ? '...' : this.#block(d + 1, offset + i * this.#strides[d], indent + 1),
    );
    return `[${parts.join(`,${'\n'.repeat(rank - 1)}${' '.repeat(indent + 1)}`)}]`;
  }

  #row(d: number, offset: number, indent: number): string {
    const parts = this.#indices(d).map((i) => (i < 0 ? ' ...' : this.#format.format(this.#at(offset + i))));
    const perLine = Math.max(1, Math.floor((current.linewidth - indent) / (this.#format.width + 2)));
    const lines: string[] = [];
    for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(', '));
    return `[${lines.join(`,\n${' '.repeat(indent + 1)}`)}]`;
  }
}

interface ElementFormat {
  width: number;
  format(value: PrintedElement): string;
}

/** Chooses one notation and one width for all elements of a tensor from those that will be shown. */
function elementFormat(shown: readonly PrintedElement[], dtype: DType): ElementFormat {
  if (dtype === 'bool') return padded(shown, (value) => (value ? 'True' : 'False'));
  if (!dtype.includes('float')) return padded(shown, String);

  // Zeros, infinities and NaN take no part: neither in the choice nor in the width.
  const counted = (shown as readonly number[]).filter((value) => Number.isFinite(value) && value !== 0);
  const { precision, sciMode } = current;
  const largest = counted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const smallest = counted.reduce((least, value) => Math.min(least, Math.abs(value)), Number.POSITIVE_INFINITY);
  const integral = counted.every(Number.isInteger);
  const wide = counted.length > 0 && (largest / smallest > 1000 || largest > 1e8 || (!integral && smallest < 1e-4));

  const scientific = (value: PrintedElement) => formatExponential(value as number, precision);
  const whole = (value: PrintedElement) => formatFixed(value as number, 0) + (Number.isFinite(value) ? '.' : '');
  const fixed = (value: PrintedElement) => formatFixed(value as number, precision);
  // Without any counted element PyTorch decides nothing, so that a forced notation has no effect either. A forced one keeps
  // the width of the notation that would have been chosen.
  const notation = integral ? whole : fixed;
  const { width } = padded(counted, wide ? scientific : notation);
  return withWidth(width, counted.length > 0 && (sciMode ?? wide) ? scientific : notation);
}

function padded(values: readonly PrintedElement[], text: (value: PrintedElement) => string): ElementFormat {
  return withWidth(
    values.reduce<number>((width, value) => Math.max(width, text(value).length), 1),
    text,
  );
}

function withWidth(width: number, text: (value: PrintedElement) => string): ElementFormat {
  return { width, format: (value) => text(value).padStart(width) };
}

/** Python's text of a number that has no digits, or `null`. */
function formatNonFinite(value: number): string | null {
  if (Number.isFinite(value)) return null;
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}

/**
 * A number with `precision` digits after the point, as Python's `'{:.4f}'` gives it: the exact decimal expansion rounded
 * half to even, with the sign of negative zero. (`toFixed` rounds half away from zero and stops at 10^21.)
 */
export function formatFixed(value: number, precision: number): string {
  const special = formatNonFinite(value);
  if (special !== null) return special;
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (magnitude >= 1e21) return `${sign}${BigInt(magnitude)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  // The expansion ends in a 5 right after the last digit exactly if the lowest set bit is 2^-(precision + 1).
  const scaled = magnitude * 2 ** (precision + 1);
  return sign + halfToEven(magnitude.toFixed(precision), scaled % 2 === 1);
}

/** A number as Python's `'{:.4e}'` gives it: `precision` digits, half to even, and an exponent of at least two digits. */
export function formatExponential(value: number, precision: number): string {
  const special = formatNonFinite(value);
  if (special !== null) return special;
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [digits, exponent] = magnitude.toExponential(precision).split('e');
  const power = Number(exponent);
  const mantissa = halfToEven(digits, isTie(magnitude, precision - power));
  return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Whether `magnitude` is exactly between two neighbouring multiples of 10^-places (`places` may be negative). */
function isTie(magnitude: number, places: number): boolean {
  if (places >= 0) return (magnitude * 2 ** (places + 1)) % 2 === 1;
  if (!Number.isInteger(magnitude)) return false;
  const unit = 10n ** BigInt(-places);
  const twice = 2n * BigInt(magnitude);
  return twice % unit === 0n && (twice / unit) % 2n === 1n;
}

/** Undoes an upward rounding of a tie to an odd last digit; that digit is at least 1, so nothing is borrowed. */
function halfToEven(digits: string, tie: boolean): string {
  const last = Number(digits.at(-1));
  return tie && last % 2 === 1 ? digits.slice(0, -1) + (last - 1) : digits;
}
