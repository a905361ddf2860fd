/** A table of calls that must be refused, and what they are given. */
import { arange, full, ones, type TenfoldError, type Tensor, tensor } from '../../src/index.ts';

/** Anything: the point of these calls is that their types are wrong. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Any = any;

/** The tensors of one case, made anew for each. */
export interface Given {
  /** float32 [2, 3] */
  readonly m: Any;
  /** float64 [3] */
  readonly v: Any;
  /** float32, 0-d */
  readonly s: Any;
  /** float32 [0, 3] */
  readonly empty: Any;
  /** int64 [2], values 0 and 1 */
  readonly i: Any;
  /** int64 [2], the second out of range everywhere */
  readonly far: Any;
  /** bool [2, 3] */
  readonly mask: Any;
  /** float32 [2, 3], disposed */
  readonly gone: Any;
}

export function given(): Given {
  const gone: Tensor = ones([2, 3]);
  gone.dispose();
  return {
    m: arange(6, { dtype: 'float32' }).view([2, 3]),
    v: tensor([1, 2, 3], { dtype: 'float64' }),
    s: tensor(1.5),
    empty: ones([0, 3]),
    i: tensor([0, 1], { dtype: 'int64' }),
    far: tensor([0, 99], { dtype: 'int64' }),
    mask: full([2, 3], true),
    gone,
  };
}

/** A subclass of TenfoldError by its code. */
export type Code = TenfoldError['code'];

/** `[the call in words, the call, the error's code, what its message must hold]`. */
export type BadCase = readonly [
  what: string,
  run: (g: Given) => unknown,
  code: Code,
  holds: readonly (string | RegExp)[],
];

/** One case for each value, named after it. */
export function each<T>(
  what: string,
  values: readonly T[],
  run: (g: Given, value: T) => unknown,
  code: Code | ((value: T) => Code),
  holds: readonly (string | RegExp)[],
): BadCase[] {
  return values.map((value) => [
    `${what} ${show(value)}`,
    (g) => run(g, value),
    typeof code === 'function' ? code(value) : code,
    holds,
  ]);
}

export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'symbol' || typeof value === 'function') return typeof value;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return value !== null && typeof value === 'object' ? (value.constructor?.name ?? 'object') : String(value);
}

/** What is no tensor, however much it looks like one. */
export class Lookalike {
  readonly shape = [2, 3];
  readonly dtype = 'float32';
  readonly device = 'cpu';
  readonly storage = null;
}

export const noTensors: readonly unknown[] = [
  undefined,
  'text',
  {},
  [1, 2],
  new Float32Array(3),
  new Lookalike(),
  new Proxy({}, {}),
  () => 1,
  Symbol('x'),
  true,
  1n,
];

export const noSizes: readonly unknown[] = [Number.NaN, 1.5, -2, Number.POSITIVE_INFINITY, '3', null, {}, 2n, true];
export const noIntegers: readonly unknown[] = [Number.NaN, 0.5, Number.NEGATIVE_INFINITY, '0', {}, 1n];
