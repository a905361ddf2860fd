/** What flows along the edges of an imported graph: tensors, small tensors that JavaScript computes with, and sequences. */
import {
  arange,
  arrayTypes,
  bfloat16ToNumber,
  type DType,
  fromTypedArray,
  full,
  halfToNumber,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  numel,
  OnnxModelError,
  type Shape,
  type Tensor,
  type TypedArray,
  withoutGrad,
} from '@tenfold/tensor-core';

/** The largest number of elements that JavaScript computes with itself. */
export const HOST_LIMIT = 4096;

/**
 * A tensor whose values JavaScript knows, of the file's dtype: a constant, or what shapes are computed with. Integers that stand for "to the end" (the
 * largest and smallest of int64) are kept as the next double.
 */
export class HostTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Whether it is the same in every run: then its tensor is made once. */
  readonly isConstant: boolean;
  /** The difference of neighbours, if it is the result of a Range. */
  readonly step: number | null;
  readonly #data: TypedArray | readonly number[];
  #numbers: readonly number[] | null | undefined;

  /** `data` has the elements in order, as `arrayTypes` has them for the dtype, or as numbers. */
  constructor(
    dtype: DType,
    shape: Shape,
    data: TypedArray | readonly number[],
    isConstant = false,
    step: number | null = null,
  ) {
    this.step = step;
    this.isConstant = isConstant;
    this.dtype = dtype;
    this.shape = shape;
    // what is read of a tensor of half precision is its numbers, not their bits
    this.#data = data instanceof Float32Array && dtype !== 'float32' ? Array.from(data) : data;
    this.#numbers = Array.isArray(this.#data) ? this.#data : undefined;
  }

  /** The same, for every run. */
  asConstant(): HostTensor {
    return this.isConstant ? this : new HostTensor(this.dtype, this.shape, this.#data, true);
  }

  /** The number of elements. */
  get size(): number {
    return this.#data.length;
  }

  /** The elements as numbers; `null` where there are too many of them, or an integer that no number holds. */
  get numbers(): readonly number[] | null {
    if (this.#numbers === undefined) this.#numbers = this.size > HOST_LIMIT ? null : numbersOf(this.#data, this.dtype);
    return this.#numbers;
  }

  /**
   * A new tensor with the values. Those of a run, which may depend on sizes, are made by ops whose attributes can follow the sizes in a traced program:
   * counting, and filling with one value.
   */
  upload(dtype: DType, device: string): Tensor {
    const { numbers } = this;
    const options = { dtype: this.dtype, device };
    if (!this.isConstant && numbers && numbers.length > 0) {
      const [value] = numbers;
      if (this.step !== null) return arange(value, value + numbers.length * this.step, this.step, options).to(dtype);
      if (numbers.every((x) => x === value) && Math.abs(value) !== 2 ** 63)
        return full(this.shape, value, options).to(dtype);
    }
    const data = ArrayBuffer.isView(this.#data) ? this.#data : pack(this.#data, this.dtype);
    return withoutGrad(() => {
      const made = fromTypedArray(data, this.shape, options);
      return dtype === this.dtype ? made : made.to(dtype);
    });
  }
}

const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

/** int64 holds more integers than a number does: only the ends of its range are given up for the next number. */
function numbersOf(data: TypedArray | readonly number[], dtype: DType): readonly number[] | null {
  const numbers: number[] = [];
  for (const value of data) {
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (!Number.isSafeInteger(number) && value !== LARGEST && value !== SMALLEST) return null;
      numbers.push(number);
    } else if (dtype === 'float16') numbers.push(halfToNumber(value));
    else if (dtype === 'bfloat16') numbers.push(bfloat16ToNumber(value));
    else numbers.push(value);
  }
  return numbers;
}

function pack(numbers: readonly number[], dtype: DType): TypedArray {
  const data = new arrayTypes[dtype](numbers.length);
  numbers.forEach((value, i) => {
    // each array takes its own kind of number
    data[i] = bits(value, dtype) as never;
  });
  return data;
}

function bits(value: number, dtype: DType): number | bigint {
  if (dtype === 'int64') return value >= 2 ** 63 ? LARGEST : BigInt(value);
  if (dtype === 'float16') return numberToHalf(value);
  if (dtype === 'bfloat16') return numberToBfloat16(value);
  return value;
}

/** A host tensor of the numbers, rounded to the dtype as an op would. `null` if they don't fit. */
export function hostTensor(dtype: DType, shape: Shape, numbers: readonly number[]): HostTensor | null {
  if (numbers.length > HOST_LIMIT || numbers.length !== numel(shape)) return null;
  if (isFloat(dtype)) {
    if (dtype === 'float64') return new HostTensor(dtype, shape, numbers);
    return dtype === 'float32' ? new HostTensor(dtype, shape, numbers.map(Math.fround)) : null;
  }
  const range = ranges[dtype];
  const fit = numbers.every((x) => (Number.isSafeInteger(x) && x >= range[0] && x <= range[1]) || isEnd(x, dtype));
  return fit ? new HostTensor(dtype, shape, numbers) : null;
}

const isEnd = (x: number, dtype: DType): boolean => dtype === 'int64' && Math.abs(x) === 2 ** 63;

const ranges: { readonly [dtype: string]: readonly [number, number] } = {
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
};

/** A list of values: ONNX's sequence. */
export class Sequence {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** One value of a graph. `null` is an optional one that is not there. */
export type Value = Tensor | HostTensor | Sequence | null;

/** What kind of value it is, for messages. */
export function kindOf(value: Value | undefined): string {
  if (value === null || value === undefined) return 'nothing';
  if (value instanceof Sequence) return `a sequence of ${value.items.length}`;
  return `${value.dtype}[${value.shape.join(', ')}]`;
}

/** An error of a file or a run of it. */
export const invalid = (message: string, cause?: unknown): OnnxModelError =>
  new OnnxModelError(message, cause === undefined ? undefined : { cause });
