/** Values of JavaScript (numbers, nested arrays, typed arrays) as the buffers that a device takes. */
import { arrayTypes, type DType, dtypes, getDefaultDType, isFloat, type TypedArray } from './dtype.ts';
import { ArgumentError, DTypeError, describe, ShapeError } from './errors.ts';
import { numberToBfloat16, numberToHalf } from './half.ts';
import { interpreters } from './hooks.ts';
import { formatShape, numel, type Shape } from './shape.ts';

/** What `tensor` takes: a number, a boolean, a bigint, a typed array, or arrays of these, all of one shape. */
export type TensorData = number | boolean | bigint | NumericArray | readonly TensorData[];

/** Typed arrays of JavaScript. Those without a dtype of their own (`Uint16Array`, `Uint32Array`, `BigUint64Array`) need the `dtype` option. */
export type NumericArray = TypedArray | Uint8ClampedArray | Uint32Array | BigUint64Array;

type Scalar = number | boolean | bigint;

/** The dtype that a typed array stands for; the rest has none. */
const dtypeOfArray: { readonly [name: string]: DType | undefined } = {
  Float64Array: 'float64',
  Float32Array: 'float32',
  Float16Array: 'float16',
  BigInt64Array: 'int64',
  Int32Array: 'int32',
  Int16Array: 'int16',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
};

/** By name rather than by class: Node's `Buffer` is a `Uint8Array`, and a `Float16Array` is not known to every engine. */
const arrayName = (value: object): string =>
  value instanceof Uint8Array ? 'Uint8Array' : (value.constructor?.name ?? '');

export const isNumericArray = (value: unknown): value is NumericArray =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

/** The dtype of a typed array. @throws DTypeError if its class has none. */
export function arrayDType(array: NumericArray, where: string): DType {
  const dtype = dtypeOfArray[arrayName(array)];
  if (dtype) return dtype;
  throw new DTypeError(
    `${where}: a ${arrayName(array)} has no dtype of its own; pass one, for example { dtype: 'int64' }`,
  );
}

interface Collected {
  readonly shape: Shape;
  readonly values: readonly Scalar[] | NumericArray;
  readonly dtype: DType;
}

/** Shape, elements in row-major order and natural dtype of `data`. */
function collect(data: unknown, asked: DType | undefined): Collected {
  if (isNumericArray(data)) return { shape: [data.length], values: data, dtype: asked ?? arrayDType(data, 'tensor') };
  const shape = shapeOf(data);
  const values: Scalar[] = [];
  const arrays = new Set<DType>();
  const walk = (value: unknown, depth: number): void => {
    if (depth === shape.length) {
      values.push(scalarOf(value));
      return;
    }
    const items = value as readonly unknown[];
    const list = Array.isArray(value) || isNumericArray(value);
    if (!list || items.length !== shape[depth]) {
      const got = describe(value);
      throw new ShapeError(
        `expected sequence of length ${shape[depth]} at dim ${depth} (got ${list ? items.length : got}): the arrays given to tensor() are ragged`,
      );
    }
    if (isNumericArray(value) && !asked) arrays.add(arrayDType(value, 'tensor'));
    // by index: holes are met, not skipped
    for (let i = 0; i < items.length; i++) walk(items[i], depth + 1);
  };
  walk(data, 0);
  const [only, more] = arrays;
  return { shape, values, dtype: asked ?? (only && !more ? only : naturalDType(values)) };
}

/** Sizes along the first element of each level; refuses arrays that contain themselves. */
function shapeOf(data: unknown): number[] {
  const shape: number[] = [];
  const path = new Set<unknown>();
  let level = data;
  while (Array.isArray(level) || isNumericArray(level)) {
    if (path.has(level)) throw new ArgumentError('tensor: an array contains itself');
    path.add(level);
    shape.push(level.length);
    if (level.length === 0) break;
    level = level[0];
  }
  return shape;
}

function scalarOf(value: unknown): Scalar {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (Array.isArray(value) || isNumericArray(value))
    throw new ShapeError(`tensor: the arrays are ragged: expected a number, got an array of ${value.length}`);
  const hint =
    value === undefined
      ? ' (a hole in an array?)'
      : typeof value === 'object' && value !== null && 'storage' in value
        ? '; use stack([…]) to put tensors together, or x.clone().detach() to copy one'
        : '';
  throw new ArgumentError(`tensor: expected numbers, booleans or bigints in arrays, got ${describe(value)}${hint}`);
}

/** All booleans are bool, all bigints int64, anything else is of the default float dtype: JavaScript has one kind of number. */
function naturalDType(values: readonly Scalar[]): DType {
  if (values.length === 0) return getDefaultDType();
  if (values.every((x) => typeof x === 'boolean')) return 'bool';
  if (values.every((x) => typeof x === 'bigint')) return 'int64';
  return getDefaultDType();
}

const integerRange = (dtype: DType): readonly [bigint, bigint] => {
  const { itemsize, signed } = dtypes[dtype];
  const bits = BigInt(itemsize * 8);
  return signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
};

/** `value` as an integer of `dtype`: fractions are cut off as Python does, what doesn't fit is refused. */
function toInteger(value: Scalar, dtype: DType, low: number, high: number): number | bigint {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new DTypeError(
      `tensor: cannot convert float ${Number.isNaN(value) ? 'NaN' : String(value)} to integer (dtype ${dtype})`,
    );
  }
  const cut = typeof value === 'bigint' ? value : Math.trunc(Number(value));
  if (cut < low || cut > high)
    throw new DTypeError(`tensor: value ${value} cannot be converted to ${dtype} without overflow`);
  return cut;
}

/** The array itself, which devices read at once; a copy for interpreters, which may keep it. */
export const uploaded = (data: TypedArray, dtype: DType): TypedArray =>
  interpreters.length > 0 ? new arrayTypes[dtype](data as Float32Array & BigInt64Array) : data;

/** The elements as the buffer of `dtype` that devices take: `values` itself if it is one, see {@link uploaded}. */
export function encode(values: readonly Scalar[] | NumericArray, dtype: DType): TypedArray {
  const target = arrayTypes[dtype];
  if (
    isNumericArray(values) &&
    values instanceof target &&
    dtypes[dtype].itemsize === values.BYTES_PER_ELEMENT &&
    dtypeOfArray[arrayName(values)] === dtype
  ) {
    return uploaded(values as TypedArray, dtype);
  }
  const out = new target(values.length);
  if (dtype === 'bool') {
    for (let i = 0; i < values.length; i++) out[i] = Number(values[i]) === 0 ? 0 : 1;
  } else if (dtype === 'float16') {
    for (let i = 0; i < values.length; i++) out[i] = numberToHalf(Number(values[i]));
  } else if (dtype === 'bfloat16') {
    for (let i = 0; i < values.length; i++) out[i] = numberToBfloat16(Number(values[i]));
  } else if (isFloat(dtype)) {
    for (let i = 0; i < values.length; i++) out[i] = Number(values[i]);
  } else {
    const [low, high] = integerRange(dtype);
    // the bounds of int64 as numbers are 2^63, which itself doesn't fit: compare bigints exactly below
    const [from, to] = [Number(low), dtype === 'int64' ? 2 ** 63 - 1024 : Number(high)];
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (out instanceof BigInt64Array) out[i] = toInt64(value, low, high, from, to);
      else out[i] = Number(toInteger(value, dtype, from, to));
    }
  }
  return out;
}

function toInt64(value: Scalar, low: bigint, high: bigint, from: number, to: number): bigint {
  if (typeof value !== 'bigint') return BigInt(toInteger(value, 'int64', from, to));
  if (value < low || value > high)
    throw new DTypeError(`tensor: value ${value} cannot be converted to int64 without overflow`);
  return value;
}

/** What `tensor(data, { dtype })` uploads. */
export function fromNested(data: unknown, asked: DType | undefined): { shape: Shape; dtype: DType; data: TypedArray } {
  const { shape, values, dtype } = collect(data, asked);
  if (numel(shape) !== values.length)
    throw new ShapeError(`tensor: shape ${formatShape(shape)} does not hold ${values.length} values`);
  return { shape, dtype, data: encode(values, dtype) };
}
