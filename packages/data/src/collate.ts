/** Samples put together to a batch, by their structure (https://pytorch.org/docs/stable/data.html#torch.utils.data.default_collate). */
import {
  ArgumentError,
  arrayTypes,
  type DType,
  DTypeError,
  describe,
  fromTypedArray,
  isTensor,
  type NumericArray,
  type Shape,
  ShapeError,
  sameShape,
  stack,
  type Tensor,
  type TypedArray,
  tensor,
} from '@tenfold/tensor-core';

/**
 * What {@link defaultCollate} makes of samples of type `T`: a tensor of tensors, numbers, bigints, booleans or typed arrays; an array of strings;
 * tuples and objects of these by their parts.
 */
export type Collated<T> = 0 extends 1 & T
  ? // biome-ignore lint/suspicious/noExplicitAny: any stays any
    any
  : [T] extends [Tensor | NumericArray | number | bigint | boolean]
    ? Tensor
    : [T] extends [string]
      ? T[]
      : [T] extends [readonly unknown[]]
        ? { -readonly [K in keyof T]: Collated<T[K]> }
        : [T] extends [object]
          ? { -readonly [K in keyof T]: Collated<T[K]> }
          : never;

export type Scalar = number | bigint | boolean;

/** What a batch is made of at the leaves of its samples: tensors here, arrays in a worker. */
export interface Leaves {
  tensors(samples: readonly Tensor[]): unknown;
  /** Typed arrays of one class and length, one after the other in `data`. */
  arrays(data: NumericArray, shape: readonly [number, number]): unknown;
  scalars(samples: readonly Scalar[]): unknown;
}

/**
 * Puts samples together to a batch. Tensors are stacked; numbers, bigints and booleans become a tensor as `tensor([…])` makes it (numbers the default
 * float dtype, bigints int64: so a class index is best a bigint); typed arrays the rows of a tensor; strings stay an array; tuples and objects are
 * collated by their parts, as PyTorch does.
 *
 * @throws ShapeError for parts of unequal sizes, ArgumentError for what has no place in a tensor.
 * @example
 * defaultCollate([[tensor([1, 2]), 'a'], [tensor([3, 4]), 'b']]); // [tensor([[1., 2.], [3., 4.]]), ['a', 'b']]
 */
export const defaultCollate = <T>(samples: readonly T[], options: { device?: string | undefined } = {}): Collated<T> =>
  collateWith(samples, tensorLeaves(options.device)) as Collated<T>;

/** Tensors on `device`; without one those of the samples stay where they are. */
const tensorLeaves = (device: string | undefined): Leaves => ({
  tensors: (samples) => moved(stack(samples), device),
  arrays: (data, shape) => shaped(data, shape, undefined, device),
  scalars: (samples) => tensor(samples, { device }),
});

/** Elements as a tensor that is no view: who disposes it frees them. */
export function shaped(data: NumericArray, shape: Shape, dtype: DType | undefined, device: string | undefined): Tensor {
  if (dtype === undefined || data instanceof arrayTypes[dtype])
    return fromTypedArray(data as TypedArray, shape, { dtype, device });
  if (shape.length === 1) return tensor(data, { dtype, device });
  using flat = tensor(data, { dtype, device });
  return flat.view(shape).clone();
}

/** A tensor that nobody else has, on another device. */
export function moved(x: Tensor, device: string | undefined): Tensor {
  if (device === undefined || x.device === device) return x;
  const there = x.to(device);
  if (there !== x) x.dispose();
  return there;
}

export function collateWith(samples: readonly unknown[], leaves: Leaves): unknown {
  if (!Array.isArray(samples) || samples.length === 0)
    throw new ArgumentError(`defaultCollate: expected an array of at least one sample, got ${describe(samples)}`);
  return collate(samples, leaves, '');
}

function collate(samples: readonly unknown[], leaves: Leaves, path: string): unknown {
  const [first] = samples;
  if (isTensor(first)) return collateTensors(samples as readonly Tensor[], leaves, path);
  if (ArrayBuffer.isView(first)) return collateArrays(samples as readonly NumericArray[], leaves, path);
  if (isScalar(first)) return leaves.scalars(every(samples, isScalar, path));
  if (typeof first === 'string') return every(samples, (x) => typeof x === 'string', path);
  if (Array.isArray(first)) {
    const rows = every(samples, Array.isArray, path) as unknown as unknown[][];
    if (rows.some(({ length }) => length !== first.length))
      throw new ShapeError(`each element in list of batch should be of equal size${at(path)}`);
    return first.map((_, i) =>
      collate(
        rows.map((row) => row[i]),
        leaves,
        `${path}[${i}]`,
      ),
    );
  }
  if (isPlain(first)) {
    const objects = every(samples, isPlain, path) as { [key: string]: unknown }[];
    const part = (key: string): unknown =>
      collate(
        objects.map((x) => x[key]),
        leaves,
        `${path}.${key}`,
      );
    return Object.fromEntries(Object.keys(first).map((key) => [key, part(key)]));
  }
  throw unfit(first, path);
}

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';

/** An object literal. */
export function isPlain(value: unknown): value is { [key: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const at = (path: string): string => (path ? ` at sample${path}` : '');

function unfit(value: unknown, path: string): ArgumentError {
  return new ArgumentError(
    `defaultCollate: batch must contain tensors, numbers, strings, typed arrays, arrays or plain objects; found ${describe(value)}${at(path)}. ` +
      'Another kind of sample needs a collateFn',
  );
}

function every<T>(samples: readonly unknown[], is: (value: unknown) => boolean, path: string): T[] {
  const other = samples.findIndex((value) => !is(value));
  if (other < 0) return samples as T[];
  throw new ArgumentError(
    `defaultCollate: samples differ in kind${at(path)}: ${describe(samples[0])} and ${describe(samples[other])}`,
  );
}

function collateTensors(samples: readonly Tensor[], leaves: Leaves, path: string): unknown {
  every(samples, isTensor, path);
  const [first] = samples;
  const odd = samples.findIndex(({ shape }) => !sameShape(shape, first.shape));
  if (odd > 0) {
    throw new ShapeError(
      `stack expects each tensor to be equal size, but got [${first.shape.join(', ')}] at entry 0 and [${samples[odd].shape.join(', ')}] at entry ${odd}${at(path)}; ` +
        'crop or pad the samples to one size, or give a collateFn',
    );
  }
  const other = samples.find(({ dtype }) => dtype !== first.dtype);
  if (other)
    throw new DTypeError(`defaultCollate: tensors of ${first.dtype} and ${other.dtype} in one batch${at(path)}`);
  return leaves.tensors(samples);
}

function collateArrays(samples: readonly NumericArray[], leaves: Leaves, path: string): unknown {
  const [first] = samples;
  if (first instanceof DataView) throw unfit(first, path);
  const likes = samples.every((x) => ArrayBuffer.isView(x) && x.constructor === first.constructor);
  if (!likes) throw new ArgumentError(`defaultCollate: typed arrays of one class were expected${at(path)}`);
  const { length } = first;
  const odd = samples.findIndex((x) => x.length !== length);
  if (odd > 0) {
    throw new ShapeError(
      `defaultCollate: typed arrays must be of equal length, but got ${length} at entry 0 and ${samples[odd].length} at entry ${odd}${at(path)}`,
    );
  }
  // a Buffer's own constructor is deprecated
  const Class = (
    first instanceof Uint8Array || first instanceof Uint8ClampedArray ? Uint8Array : first.constructor
  ) as new (
    length: number,
  ) => NumericArray;
  const data = new Class(samples.length * length);
  samples.forEach((x, i) => {
    data.set(x as Float32Array & BigInt64Array, i * length);
  });
  return leaves.arrays(data, [samples.length, length]);
}
