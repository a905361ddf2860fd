/**
 * Functions that make tensors (https://pytorch.org/docs/stable/torch.html#creation-ops). Shapes are arrays; the options of all of them are
 * `dtype` (default: the default float dtype), `device` (default: the default device) and `requiresGrad`.
 */
import { dispatch } from './dispatch.ts';
import { arrayTypes, checkDType, type DType, dtypes, getDefaultDType, isFloat, type TypedArray } from './dtype.ts';
import {
  ArgumentError,
  AutogradError,
  BackendError,
  checkOptions,
  DTypeError,
  describe,
  ShapeError,
} from './errors.ts';
import { arrayDType, encode, fromNested, isNumericArray, type TensorData, uploaded } from './from-data.ts';
import { arangeLength, create as ops } from './ops/create.ts';
import { getDefaultDevice } from './registry.ts';
import { checkInteger, checkShape, formatShape, numel, type Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';
import { isTensor } from './tensor-class.ts';

export type { NumericArray, TensorData } from './from-data.ts';

/** Options of every function that makes a tensor. */
export interface FactoryOptions {
  dtype?: DType | undefined;
  /** A device string such as `'cpu'` or `'cuda:0'`. */
  device?: string | undefined;
  /** Whether gradients flow to the new tensor. Floats only; needs `@tenfold/autograd`. */
  requiresGrad?: boolean | undefined;
}

const factoryKeys = ['dtype', 'device', 'requiresGrad'] as const;

/** The checked options of a factory, with defaults. */
export function factoryOptions(
  where: string,
  options: FactoryOptions,
  dtype: () => DType = getDefaultDType,
  more: readonly string[] = [],
): { dtype: DType; device: string } {
  checkOptions(where, options, [...factoryKeys, ...more]);
  const chosen = options.dtype === undefined ? dtype() : checkDType(options.dtype, where);
  if (options.requiresGrad && !isFloat(chosen)) {
    throw new AutogradError(`only Tensors of floating point dtype can require gradients, got ${chosen} in ${where}`);
  }
  return { dtype: chosen, device: options.device ?? getDefaultDevice() };
}

/** `x`, requiring grad if the options ask for it. */
export const withGrad = (x: Tensor, options: FactoryOptions): Tensor => (options.requiresGrad ? x.requiresGrad_() : x);

function checkNumber(value: unknown, what: string): number {
  if (typeof value === 'number') return value;
  throw new ArgumentError(`${what} must be a number, got ${describe(value)}`);
}

/**
 * A tensor of the values of nested arrays, a typed array or a single value (https://pytorch.org/docs/stable/generated/torch.tensor.html). The values are copied.
 *
 * All booleans give bool, all bigints int64, a typed array its own dtype. **Numbers give the default float dtype, whole ones too**: JavaScript has one
 * type for `1` and `1.0`, so `tensor([1, 2])` is float32, and integers are asked for with `{ dtype: 'int64' }`.
 *
 * @throws ShapeError for ragged arrays; ArgumentError for anything but numbers, booleans and bigints; DTypeError for values an integer dtype doesn't hold.
 * @example
 * tensor([[1, 2], [3, 4]], { dtype: 'float64', requiresGrad: true });
 * tensor(new Float32Array([1, 2, 3]));
 * tensor([0, 1, 2], { dtype: 'int64' });
 */
export function tensor(data: TensorData, options: FactoryOptions = {}): Tensor {
  if (isTensor(data))
    throw new ArgumentError('tensor: to copy a tensor, use x.clone().detach() (and .requiresGrad_())');
  const asked = options?.dtype === undefined ? undefined : checkDType(options.dtype, 'tensor');
  const { shape, dtype, data: values } = fromNested(data, asked);
  const { device } = factoryOptions('tensor', options, () => dtype);
  if (options.requiresGrad && !isFloat(dtype)) {
    throw new AutogradError(`only Tensors of floating point dtype can require gradients, got ${dtype}`);
  }
  return withGrad(dispatch(ops.fromData, [], { shape, dtype, device, data: values }), options);
}

/**
 * A tensor of `shape` whose row-major elements are those of `data`, copied. The dtype is the array's own unless one is given; bool takes a `Uint8Array` of 0 and 1,
 * float16 and bfloat16 take their bits in a `Uint16Array`.
 *
 * @throws ShapeError if the number of elements differs; DTypeError if the array isn't one of the dtype's.
 */
export function fromTypedArray(data: TypedArray, shape: Shape = [data.length], options: FactoryOptions = {}): Tensor {
  if (!isNumericArray(data)) throw new ArgumentError(`fromTypedArray: expected a typed array, got ${describe(data)}`);
  const sizes = checkShape(shape, 'fromTypedArray');
  if (numel(sizes) !== data.length)
    throw new ShapeError(`shape '${formatShape(sizes)}' is invalid for input of size ${data.length} in fromTypedArray`);
  const { dtype, device } = factoryOptions('fromTypedArray', options, () => arrayDType(data, 'fromTypedArray'));
  const values = data instanceof arrayTypes[dtype] ? uploaded(data, dtype) : undefined;
  if (!values && !(dtype === 'float16' && arrayDType(data, 'fromTypedArray') === 'float16')) {
    throw new DTypeError(
      `fromTypedArray: ${dtype} takes a ${arrayTypes[dtype].name}, got ${describe(data)}; tensor() converts`,
    );
  }
  return withGrad(
    dispatch(ops.fromData, [], { shape: sizes, dtype, device, data: values ?? encode(data, dtype) }),
    options,
  );
}

function filled(where: string, shape: Shape, value: number, options: FactoryOptions, dtype?: () => DType): Tensor {
  const sizes = checkShape(shape, where);
  const attrs = { shape: sizes, value, ...factoryOptions(where, options, dtype) };
  checkFits(where, value, attrs.dtype);
  return withGrad(dispatch(ops.full, [], attrs), options);
}

/** Throws if no integer of `dtype` is near `value`. As in PyTorch, a negative number of an unsigned dtype counts from its end. */
function checkFits(where: string, value: number, dtype: DType): void {
  if (isFloat(dtype) || dtype === 'bool') return;
  const bits = dtypes[dtype].itemsize * 8;
  const high = dtypes[dtype].signed ? 2 ** (bits - 1) : 2 ** bits;
  if (!(value < high && value >= -high))
    throw new DTypeError(`${where}: value ${value} cannot be converted to ${dtype} without overflow`);
}

/** Zeros of the given shape. */
export const zeros = (shape: Shape, options: FactoryOptions = {}): Tensor => filled('zeros', shape, 0, options);

/** Ones of the given shape. */
export const ones = (shape: Shape, options: FactoryOptions = {}): Tensor => filled('ones', shape, 1, options);

/** `value` at every element. A boolean gives bool, a number the default float dtype. */
export function full(shape: Shape, value: number | boolean, options: FactoryOptions = {}): Tensor {
  if (typeof value === 'boolean') return filled('full', shape, Number(value), options, () => 'bool');
  return filled('full', shape, checkNumber(value, 'full: value'), options);
}

/** A tensor whose values are whatever the memory held: to be written before it is read. */
export function empty(shape: Shape, options: FactoryOptions = {}): Tensor {
  const attrs = { shape: checkShape(shape, 'empty'), ...factoryOptions('empty', options) };
  return withGrad(dispatch(ops.empty, [], attrs), options);
}

/** The identity matrix of `n` rows and `m` columns (default `n`): `eye(3)`, `eye(2, 3)`. */
export function eye(n: number, m: number | FactoryOptions = n, options: FactoryOptions = {}): Tensor {
  if (typeof m === 'object') return eye(n, checkInteger(n, 'eye: n'), m);
  const attrs = { shape: checkShape([n, m], 'eye'), ...factoryOptions('eye', options) };
  return withGrad(dispatch(ops.eye, [], attrs), options);
}

/**
 * Numbers from `start` (default 0) up to but not including `end`, `step` apart: `arange(5)`, `arange(1, 2.5, 0.5)`
 * (https://pytorch.org/docs/stable/generated/torch.arange.html). Whole bounds and step give int64, as in PyTorch, else the default float dtype.
 *
 * @throws ArgumentError if the step is 0, leads away from `end`, or a bound is not finite.
 */
export function arange(end: number, options?: FactoryOptions): Tensor;
export function arange(start: number, end: number, options?: FactoryOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: FactoryOptions): Tensor;
export function arange(...args: readonly (number | FactoryOptions | undefined)[]): Tensor {
  const numbers = args.filter((x): x is number => typeof x === 'number');
  const options = (args.slice(numbers.length).find((x) => x !== undefined) ?? {}) as FactoryOptions;
  if (numbers.length === 0 || numbers.length > 3)
    throw new ArgumentError(
      `arange: expected arange(end), (start, end) or (start, end, step), got ${describe(args[0])}`,
    );
  const [start, end, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
  if (!numbers.every(Number.isFinite)) throw new ArgumentError(`arange: unsupported range: ${start} -> ${end}`);
  if (step === 0) throw new ArgumentError('arange: step must be nonzero');
  if ((end - start) * step < 0)
    throw new ArgumentError('arange: upper bound and larger bound inconsistent with step sign');
  const { dtype, device } = factoryOptions('arange', options, () =>
    numbers.every(Number.isInteger) ? 'int64' : getDefaultDType(),
  );
  checkShape([arangeLength(start, end, step)], 'arange');
  return withGrad(dispatch(ops.arange, [], { start, end, step, dtype, device }), options);
}

/** Options of `trilIndices` and `triuIndices`. */
export interface TriangleOptions extends FactoryOptions {
  /** Which diagonal bounds the triangle: positive above the main one. Default 0. */
  offset?: number;
}

function triangleIndices(where: string, rows: number, columns: number, options: TriangleOptions): Tensor {
  checkShape([rows, columns], where);
  const { dtype, device } = factoryOptions(where, options, () => 'int64', ['offset']);
  const offset = checkInteger(options.offset ?? 0, `${where}: offset`);
  const lower = where === 'trilIndices';
  // row i of the lower triangle ends, and that of the upper one begins, so many columns from the left
  const bound = (i: number): number => Math.min(columns, Math.max(0, i + offset + (lower ? 1 : 0)));
  const below = sumOfBounds(rows, columns, offset + (lower ? 1 : 0));
  const count = lower ? below : rows * columns - below;
  const positions = numbersFor(where, 2 * count);
  const first = lower ? Math.max(0, -offset) : 0;
  for (let i = first, n = 0; n < count; i++) {
    const end = lower ? bound(i) : columns;
    for (let j = lower ? 0 : bound(i); j < end; j++, n++) {
      positions[n] = i;
      positions[count + n] = j;
    }
  }
  const data = encode(positions, dtype);
  return withGrad(dispatch(ops.fromData, [], { shape: [2, count], dtype, device, data }), options);
}

/** Σ min(columns, max(0, i + shift)) over the rows i: without a loop, so that sizes that make no sense cost no time. */
function sumOfBounds(rows: number, columns: number, shift: number): number {
  const rise = Math.max(0, 1 - shift);
  const full = Math.min(rows, Math.max(0, columns - shift));
  const between = Math.max(0, full - rise);
  return (between * (rise + shift + full - 1 + shift)) / 2 + (rows - Math.max(full, Math.min(rows, rise))) * columns;
}

function numbersFor(where: string, length: number): Float64Array {
  try {
    return new Float64Array(length);
  } catch (cause) {
    throw new BackendError(`${where}: out of memory: ${8 * length} bytes for ${length} numbers`, { cause });
  }
}

/**
 * The positions of the lower triangle of a matrix, row by row: int64 of shape `[2, count]`, the rows and then the columns
 * (https://pytorch.org/docs/stable/generated/torch.tril_indices.html).
 *
 * @example
 * const [i, j] = trilIndices(3, 3, { offset: -1 }).unbind();
 */
export const trilIndices = (rows: number, columns: number, options: TriangleOptions = {}): Tensor =>
  triangleIndices('trilIndices', rows, columns, options);

/** The positions of the upper triangle of a matrix, row by row: int64 of shape `[2, count]`, the rows and then the columns. */
export const triuIndices = (rows: number, columns: number, options: TriangleOptions = {}): Tensor =>
  triangleIndices('triuIndices', rows, columns, options);

/**
 * `data` as a tensor: a tensor itself, moved or cast only where `dtype` or `device` ask for it, anything else copied as {@link tensor} does
 * (https://pytorch.org/docs/stable/generated/torch.asarray.html).
 */
export function asTensor(data: Tensor | TensorData, options: Omit<FactoryOptions, 'requiresGrad'> = {}): Tensor {
  checkOptions('asTensor', options, ['dtype', 'device']);
  if (!isTensor(data)) return tensor(data, options);
  const { dtype = data.dtype, device = data.device } = options;
  return data.to({ dtype, device });
}

function checkSteps(steps: unknown, where: string): number {
  if (checkInteger(steps, `${where}: steps`) < 0)
    throw new ArgumentError(`number of steps must be non-negative, got ${steps} in ${where}`);
  return steps as number;
}

/** `steps` numbers from `start` to `end`, both included, evenly apart. */
export function linspace(start: number, end: number, steps: number, options: FactoryOptions = {}): Tensor {
  const range = {
    start: checkNumber(start, 'linspace: start'),
    end: checkNumber(end, 'linspace: end'),
    steps: checkSteps(steps, 'linspace'),
  };
  return withGrad(dispatch(ops.linspace, [], { ...range, ...factoryOptions('linspace', options) }), options);
}

/** `steps` powers of `base` (default 10), the exponents from `start` to `end` evenly apart. */
export function logspace(
  start: number,
  end: number,
  steps: number,
  options: FactoryOptions & { base?: number } = {},
): Tensor {
  const range = {
    start: checkNumber(start, 'logspace: start'),
    end: checkNumber(end, 'logspace: end'),
    steps: checkSteps(steps, 'logspace'),
  };
  const attrs = {
    ...range,
    base: checkNumber(options.base ?? 10, 'logspace: base'),
    ...factoryOptions('logspace', options, getDefaultDType, ['base']),
  };
  return withGrad(dispatch(ops.logspace, [], attrs), options);
}

/** The options of a factory that takes shape, dtype and device from `x`. */
export function likeOptions(where: string, x: Tensor, options: FactoryOptions): { dtype: DType; device: string } {
  if (!isTensor(x)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(x)}`);
  const { dtype } = factoryOptions(where, options, () => x.dtype);
  return { dtype, device: options.device ?? x.device };
}

function filledLike(where: string, x: Tensor, value: number, options: FactoryOptions): Tensor {
  const attrs = { value, ...likeOptions(where, x, options) };
  checkFits(where, value, attrs.dtype);
  return withGrad(dispatch(ops.fullLike, [x], attrs), options);
}

/** Zeros of the shape, dtype and device of `x`, unless the options say otherwise. */
export const zerosLike = (x: Tensor, options: FactoryOptions = {}): Tensor => filledLike('zerosLike', x, 0, options);

/** Ones of the shape, dtype and device of `x`, unless the options say otherwise. */
export const onesLike = (x: Tensor, options: FactoryOptions = {}): Tensor => filledLike('onesLike', x, 1, options);

/** `value` at every element, in the shape, dtype and device of `x`, unless the options say otherwise. */
export const fullLike = (x: Tensor, value: number | boolean, options: FactoryOptions = {}): Tensor =>
  filledLike(
    'fullLike',
    x,
    typeof value === 'boolean' ? Number(value) : checkNumber(value, 'fullLike: value'),
    options,
  );

/** Undefined values in the shape, dtype and device of `x`, unless the options say otherwise. */
export function emptyLike(x: Tensor, options: FactoryOptions = {}): Tensor {
  return withGrad(dispatch(ops.emptyLike, [x], likeOptions('emptyLike', x, options)), options);
}
