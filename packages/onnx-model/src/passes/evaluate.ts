/**
 * The few operators that shape arithmetic and small constants are made of, computed as a runtime would to the last bit. What IEEE arithmetic does not
 * fix (exp, sums of floats, conversions that overflow) is left to the runtime.
 */
import { arrayTypes, type DType, isFloat, numberToBfloat16, numberToHalf } from '@tenfold/tensor-core';
import type { NodeProto } from '../generated/onnx.ts';
import { dtypeOf } from '../tensor.ts';
import { attributeOf, intOf, intsOf } from './block.ts';
import { type Constant, constantOf, countOf, fromNumbers, intsIn, numbersOf, readConstant } from './constants.ts';

/** A result whose size is known before it is computed. */
export interface Result {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Its elements; `null` if the operator's result is not the same everywhere. */
  compute(): Constant | null;
}

/** The inputs of a node; absent ones are `null`. */
type Inputs = readonly (Constant | null)[];
type Rule = (inputs: Inputs, node: NodeProto, opset: number) => Result | null;

/** What an operator gives for constants, or `null` where this file does not know. */
export function evaluate(node: NodeProto, inputs: Inputs, opset: number): Result | null {
  // broadcasting came with 7
  return opset < 7 ? null : (rules.get(node.opType ?? '')?.(inputs, node, opset) ?? null);
}

/** Whether there is a rule for an operator. */
export const canEvaluate = (opType: string): boolean => rules.has(opType);

// --- elements that move ---

const stridesOf = (dims: readonly number[]): number[] => {
  const strides = dims.map(() => 1);
  for (let d = dims.length - 2; d >= 0; d--) strides[d] = strides[d + 1] * dims[d + 1];
  return strides;
};

/** Where the elements of an array of sizes `dims` stand in memory, in order. */
function* positions(dims: readonly number[], strides: readonly number[], offset = 0): Generator<number> {
  const count = countOf(dims);
  const at = dims.map(() => 0);
  let position = offset;
  for (let i = 0; i < count; i++) {
    yield position;
    for (let d = dims.length - 1; d >= 0; d--) {
      at[d]++;
      position += strides[d];
      if (at[d] < dims[d]) break;
      position -= at[d] * strides[d];
      at[d] = 0;
    }
  }
}

/** The elements of `x` at some positions. */
function taken(x: Constant, dims: readonly number[], at: () => Iterable<number>): Result {
  const compute = (): Constant => {
    const data = new arrayTypes[x.dtype](countOf(dims));
    let i = 0;
    // one kind of array on both sides
    for (const position of at()) data[i++] = x.data[position] as never;
    return { dtype: x.dtype, dims, data };
  };
  return { dtype: x.dtype, dims, compute };
}

const strided = (x: Constant, dims: readonly number[], strides: readonly number[], offset = 0): Result =>
  taken(x, dims, () => positions(dims, strides, offset));

const withDims = (x: Constant, dims: readonly number[]): Result | null =>
  countOf(dims) === countOf(x.dims) ? { dtype: x.dtype, dims, compute: () => ({ ...x, dims }) } : null;

/** Axes counted from the front; `null` if one is out of range or occurs twice. */
function axesIn(list: readonly number[], rank: number): number[] | null {
  const axes = list.map((axis) => (axis < 0 ? axis + rank : axis));
  const fine = axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank);
  return fine && new Set(axes).size === axes.length ? axes : null;
}

/** Axes that are an attribute before opset `since` and an input from then on; `undefined` where they are left out. */
function axesOf(inputs: Inputs, node: NodeProto, opset: number, since: number): readonly number[] | null | undefined {
  if (opset < since) return intsOf(node, 'axes') ?? undefined;
  return inputs[1] === undefined ? undefined : intsIn(inputs[1]);
}

/** The sizes that a Reshape asks for. */
export function reshapedTo(
  dims: readonly number[],
  asked: readonly number[],
  allowZero: boolean,
): readonly number[] | null {
  const out = asked.map((size, d) => (size === 0 && !allowZero ? (dims[d] ?? Number.NaN) : size));
  const open = out.indexOf(-1);
  if (open >= 0) {
    out[open] = 1;
    out[open] = countOf(dims) / countOf(out);
  }
  return out.every((size) => Number.isInteger(size) && size >= 0) && countOf(out) === countOf(dims) ? out : null;
}

/** The sizes of two arrays beside each other; `null` if they don't fit. */
function broadcast(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let d = 0; d < rank; d++) {
    const [x, y] = [a[a.length - rank + d] ?? 1, b[b.length - rank + d] ?? 1];
    if (x !== y && x !== 1 && y !== 1) return null;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Strides that show an array under larger sizes. */
function shownAs(from: readonly number[], dims: readonly number[]): number[] {
  const strides = stridesOf(from);
  return dims.map((_, d) => {
    const at = d - (dims.length - from.length);
    return at < 0 || from[at] === 1 ? 0 : strides[at];
  });
}

function expand(x: Constant, to: readonly number[]): Result | null {
  const dims = broadcast(x.dims, to);
  return dims && strided(x, dims, shownAs(x.dims, dims));
}

const slice: Rule = (inputs, _node, opset) => {
  const [x, startsIn, endsIn] = inputs;
  const [starts, ends] = [intsIn(startsIn), intsIn(endsIn)];
  if (opset < 10 || !x || !starts || !ends) return null;
  const axes = axesIn(inputs[3] ? (intsIn(inputs[3]) ?? [-1e9]) : starts.map((_, d) => d), x.dims.length);
  const steps = inputs[4] ? intsIn(inputs[4]) : starts.map(() => 1);
  if (!axes || !steps || steps.includes(0) || [ends, axes, steps].some(({ length }) => length !== starts.length))
    return null;
  const dims = [...x.dims];
  const strides = stridesOf(x.dims);
  let offset = 0;
  axes.forEach((axis, i) => {
    const { start, count } = sliced(x.dims[axis], starts[i], ends[i], steps[i]);
    offset += start * strides[axis];
    strides[axis] *= steps[i];
    dims[axis] = count;
  });
  return strided(x, dims, strides, offset);
};

/** Where a slice of an axis begins, and how many elements it has. */
export function sliced(size: number, start: number, end: number, step: number): { start: number; count: number } {
  const within = (x: number, low: number, high: number): number => Math.min(Math.max(x < 0 ? x + size : x, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const [first, last] = [within(start, low, high), within(end, low, high)];
  return { start: first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

const gather: Rule = ([x, indices], node) => {
  if (!x || !indices || (indices.dtype !== 'int64' && indices.dtype !== 'int32')) return null;
  const axes = axesIn([intOf(node, 'axis', 0)], x.dims.length);
  if (!axes) return null;
  const [axis] = axes;
  const size = x.dims[axis];
  const at = numbersOf(indices).map((i) => (i < 0 ? i + size : i));
  if (at.some((i) => i < 0 || i >= size)) return null;
  const [before, after] = [x.dims.slice(0, axis), x.dims.slice(axis + 1)];
  const inner = countOf(after);
  return taken(x, [...before, ...indices.dims, ...after], function* () {
    for (let o = 0; o < countOf(before); o++)
      for (const i of at) for (let k = 0; k < inner; k++) yield (o * size + i) * inner + k;
  });
};

const concat: Rule = (inputs, node) => {
  const parts = inputs.filter((x) => x !== null);
  const [first] = parts;
  if (parts.length !== inputs.length || !first || parts.some(({ dtype }) => dtype !== first.dtype)) return null;
  const axes = axesIn([intOf(node, 'axis', 0)], first.dims.length);
  if (!axes) return null;
  const [axis] = axes;
  const same = parts.every(
    ({ dims }) => dims.length === first.dims.length && dims.every((size, d) => d === axis || size === first.dims[d]),
  );
  if (!same) return null;
  const dims = first.dims.map((size, d) => (d === axis ? parts.reduce((n, part) => n + part.dims[axis], 0) : size));
  const compute = (): Constant => {
    const data = new arrayTypes[first.dtype](countOf(dims));
    const outer = countOf(dims.slice(0, axis));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const part of parts) {
        const run = countOf(part.dims.slice(axis));
        data.set(part.data.subarray(o * run, (o + 1) * run) as never, at);
        at += run;
      }
    }
    return { dtype: first.dtype, dims, data };
  };
  return { dtype: first.dtype, dims, compute };
};

// --- arithmetic ---

/** A number rounded to a dtype of floats; `null` if rounding on the way, as runtimes do, could give another one. */
function rounded(value: number, dtype: DType): number | null {
  const toBits = dtype === 'float16' ? numberToHalf : dtype === 'bfloat16' ? numberToBfloat16 : null;
  if (!toBits || Number.isNaN(value)) return value;
  return toBits(value) === toBits(Math.fround(value)) ? value : null;
}

/** An integer that wraps as the dtype does. */
function wrapped(value: bigint, dtype: DType): bigint {
  const bits = 8 * arrayTypes[dtype].BYTES_PER_ELEMENT;
  return dtype === 'uint8' ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
}

interface Arithmetic {
  readonly float?: (a: number, b: number) => number;
  readonly int?: (a: bigint, b: bigint) => bigint | null;
}

/** All values, or `null` if one is not known. */
function fill<T>(count: number, at: (i: number) => T | null): T[] | null {
  const values: T[] = [];
  for (let i = 0; i < count; i++) {
    const value = at(i);
    if (value === null) return null;
    values.push(value);
  }
  return values;
}

const bigints = ({ data }: Constant): bigint[] => Array.from(data as BigInt64Array, (x) => BigInt(x));

/** Two arrays, element by element. */
function pairwise(
  a: Constant,
  b: Constant,
  dtype: DType,
  write: (i: Int32Array, k: Int32Array) => ArrayLike<number | bigint> | null,
): Result | null {
  const dims = broadcast(a.dims, b.dims);
  if (!dims || a.dtype !== b.dtype) return null;
  const compute = (): Constant | null => {
    const at = ({ dims: from }: Constant): Int32Array => Int32Array.from(positions(dims, shownAs(from, dims)));
    const values = write(at(a), at(b));
    return values && fromNumbers(values, dtype, dims);
  };
  return { dtype, dims, compute };
}

const binary =
  ({ float, int }: Arithmetic): Rule =>
  ([a, b]) => {
    if (!a || !b || a.dtype === 'bool') return null;
    const { dtype } = a;
    return pairwise(a, b, dtype, (i, k) => {
      if (isFloat(dtype)) {
        const [x, y] = [numbersOf(a), numbersOf(b)];
        return float ? fill(i.length, (n) => rounded(float(x[i[n]], y[k[n]]), dtype)) : null;
      }
      const [x, y] = [bigints(a), bigints(b)];
      return fill(i.length, (n) => {
        const value = int ? int(x[i[n]], y[k[n]]) : null;
        return value === null ? null : wrapped(value, dtype);
      });
    });
  };

const comparison =
  (holds: (a: number | bigint, b: number | bigint) => boolean): Rule =>
  ([a, b]) => {
    if (!a || !b) return null;
    return pairwise(a, b, 'bool', (i, k) => {
      // integers of 64 bits are more than a number holds
      const [x, y] = [a, b].map((c) => (c.dtype === 'int64' ? bigints(c) : numbersOf(c)));
      return fill(i.length, (n) => (holds(x[i[n]], y[k[n]]) ? 1 : 0));
    });
  };

const logical =
  (write: (a: number, b: number) => number): Rule =>
  ([a, b]) => {
    if (a?.dtype !== 'bool' || b?.dtype !== 'bool') return null;
    const [x, y] = [numbersOf(a), numbersOf(b)];
    return pairwise(a, b, 'bool', (i, k) => fill(i.length, (n) => write(x[i[n]], y[k[n]])));
  };

const unary =
  ({ float, int }: { float?: (x: number) => number; int?: (x: bigint) => bigint }): Rule =>
  ([x]) => {
    if (!x || x.dtype === 'bool') return null;
    const { dtype, dims } = x;
    const compute = (): Constant | null => {
      const numbers = numbersOf(x);
      const values = isFloat(dtype)
        ? float && fill(countOf(dims), (i) => rounded(float(numbers[i]), dtype))
        : int && bigints(x).map((value) => wrapped(int(value), dtype));
      return values ? fromNumbers(values, dtype, dims) : null;
    };
    return { dtype, dims, compute };
  };

const cast: Rule = ([x], node) => {
  const dtype = dtypeOf(intOf(node, 'to', 0));
  if (!x || !dtype) return null;
  const { dims } = x;
  if (dtype === x.dtype) return { dtype, dims, compute: () => x };
  const compute = (): Constant | null => {
    const raw = x.dtype === 'int64' ? (x.data as BigInt64Array) : numbersOf(x);
    const values = fill<number | bigint>(countOf(dims), (i) => converted(raw[i], dtype));
    return values && fromNumbers(values, dtype, dims);
  };
  return { dtype, dims, compute };
};

/** A number in another dtype; `null` where C, and so every runtime, may do as it likes. */
function converted(raw: number | bigint, dtype: DType): number | bigint | null {
  const number = Number(raw);
  if (dtype === 'bool') return Number.isNaN(number) ? null : Number(number !== 0);
  // an int64 that a number does not hold would be rounded twice
  if (isFloat(dtype)) return typeof raw === 'bigint' && !Number.isSafeInteger(number) ? null : rounded(number, dtype);
  if (typeof raw === 'bigint') return wrapped(raw, dtype) === raw ? raw : null;
  if (!Number.isFinite(number)) return null;
  const whole = BigInt(Math.trunc(number));
  return wrapped(whole, dtype) === whole ? whole : null;
}

const where: Rule = ([condition, a, b]) => {
  if (condition?.dtype !== 'bool' || !a || !b || a.dtype !== b.dtype) return null;
  const both = broadcast(a.dims, b.dims);
  const dims = both && broadcast(condition.dims, both);
  if (!dims) return null;
  const compute = (): Constant => {
    const data = new arrayTypes[a.dtype](countOf(dims));
    const [c, i, k] = [condition, a, b].map((x) => [...positions(dims, shownAs(x.dims, dims))]);
    for (let n = 0; n < data.length; n++) data[n] = (condition.data[c[n]] ? a.data[i[n]] : b.data[k[n]]) as never;
    return { dtype: a.dtype, dims, data };
  };
  return { dtype: a.dtype, dims, compute };
};

/** A reduction of integers, which is the same in any order. */
const reduction =
  (since: number, combine: (a: bigint, b: bigint) => bigint): Rule =>
  (inputs, node, opset) => {
    const [x] = inputs;
    const asked = axesOf(inputs, node, opset, since);
    if (!x || isFloat(x.dtype) || x.dtype === 'bool' || asked === null || countOf(x.dims) === 0) return null;
    const all = !asked || asked.length === 0;
    if (all && intOf(node, 'noop_with_empty_axes', 0)) return { ...x, compute: () => x };
    const axes = axesIn(all ? x.dims.map((_, d) => d) : asked, x.dims.length);
    if (!axes) return null;
    const keep = x.dims.map((size, d) => (axes.includes(d) ? 1 : size));
    const dims = intOf(node, 'keepdims', 1) ? keep : keep.filter((_, d) => !axes.includes(d));
    const compute = (): Constant => {
      const target = shownAs(keep, x.dims);
      const values: bigint[] = [];
      let i = 0;
      for (const at of positions(x.dims, target)) {
        const value = BigInt(x.data[i++]);
        values[at] = values[at] === undefined ? value : wrapped(combine(values[at], value), x.dtype);
      }
      return fromNumbers(values, x.dtype, dims);
    };
    return { dtype: x.dtype, dims, compute };
  };

const squeeze: Rule = (inputs, node, opset) => {
  const [x] = inputs;
  const asked = axesOf(inputs, node, opset, 13);
  if (!x || asked === null) return null;
  const axes = asked ? axesIn(asked, x.dims.length) : x.dims.flatMap((size, d) => (size === 1 ? [d] : []));
  return axes?.every((d) => x.dims[d] === 1)
    ? withDims(
        x,
        x.dims.filter((_, d) => !axes.includes(d)),
      )
    : null;
};

const unsqueeze: Rule = (inputs, node, opset) => {
  const [x] = inputs;
  const asked = axesOf(inputs, node, opset, 13);
  const axes = x && asked && axesIn(asked, x.dims.length + asked.length);
  if (!x || !axes) return null;
  const rest = [...x.dims];
  return withDims(
    x,
    Array.from({ length: x.dims.length + axes.length }, (_, d) => (axes.includes(d) ? 1 : (rest.shift() as number))),
  );
};

const range: Rule = (inputs) => {
  const [start, limit, delta] = inputs.map((x) =>
    x && countOf(x.dims) === 1 && !isFloat(x.dtype) ? numbersOf(x)[0] : Number.NaN,
  );
  const dtype = inputs[0]?.dtype;
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const exact = [start, limit, delta, count].every(Number.isSafeInteger);
  if (!dtype || !exact || inputs.some((x) => x?.dtype !== dtype)) return null;
  const compute = (): Constant =>
    fromNumbers(
      Array.from({ length: count }, (_, i) => start + i * delta),
      dtype,
      [count],
    );
  return { dtype, dims: [count], compute };
};

const greater = (a: number | bigint, b: number | bigint): boolean => a > b;

const rules: ReadonlyMap<string, Rule> = /* @__PURE__ */ new Map<string, Rule>(
  Object.entries({
    Identity: ([x]) => x && withDims(x, x.dims),
    Constant: (_, node) => {
      const x = constantOf(node);
      return x && withDims(x, x.dims);
    },
    Shape: ([x], node) => {
      if (!x) return null;
      const dims = shapeBetween(node, x.dims);
      return { dtype: 'int64', dims: [dims.length], compute: () => fromNumbers(dims, 'int64', [dims.length]) };
    },
    Size: ([x]) => x && { dtype: 'int64', dims: [], compute: () => fromNumbers([countOf(x.dims)], 'int64', []) },
    Reshape: ([x, to], node) => {
      const asked = intsIn(to);
      const dims = x && asked && reshapedTo(x.dims, asked, intOf(node, 'allowzero', 0) === 1);
      return dims ? withDims(x, dims) : null;
    },
    Flatten: ([x], node) => {
      if (!x) return null;
      const asked = intOf(node, 'axis', 1);
      const axis = asked < 0 ? asked + x.dims.length : asked;
      return axis > x.dims.length ? null : withDims(x, [countOf(x.dims.slice(0, axis)), countOf(x.dims.slice(axis))]);
    },
    Squeeze: squeeze,
    Unsqueeze: unsqueeze,
    Transpose: ([x], node) => {
      if (!x) return null;
      const perm = axesIn(intsOf(node, 'perm') ?? x.dims.map((_, d) => x.dims.length - 1 - d), x.dims.length);
      const strides = stridesOf(x.dims);
      return perm?.length === x.dims.length
        ? strided(
            x,
            perm.map((d) => x.dims[d]),
            perm.map((d) => strides[d]),
          )
        : null;
    },
    Expand: ([x, to]) => {
      const dims = intsIn(to);
      return x && dims ? expand(x, dims) : null;
    },
    Concat: concat,
    Gather: gather,
    Slice: slice,
    ConstantOfShape: ([to], node) => {
      const dims = intsIn(to);
      const t = attributeOf(node, 'value')?.t;
      const value = t ? readConstant(t) : fromNumbers([0], 'float32', [1]);
      return dims?.every((size) => size >= 0) && value && countOf(value.dims) === 1
        ? strided(
            value,
            dims,
            dims.map(() => 0),
          )
        : null;
    },
    Range: range,
    Cast: cast,
    Where: where,
    Add: binary({ float: (a, b) => a + b, int: (a, b) => a + b }),
    Sub: binary({ float: (a, b) => a - b, int: (a, b) => a - b }),
    Mul: binary({ float: (a, b) => a * b, int: (a, b) => a * b }),
    Div: binary({ float: (a, b) => a / b, int: (a, b) => (b === 0n ? null : a / b) }),
    // as in Python: the sign of the divisor
    Mod: (inputs, node, opset) =>
      intOf(node, 'fmod', 0) === 1
        ? null
        : binary({ int: (a, b) => (b === 0n ? null : ((a % b) + b) % b) })(inputs, node, opset),
    Min: (inputs, node, opset) =>
      inputs.length === 2 ? binary({ int: (a, b) => (a < b ? a : b) })(inputs, node, opset) : null,
    Max: (inputs, node, opset) =>
      inputs.length === 2 ? binary({ int: (a, b) => (a > b ? a : b) })(inputs, node, opset) : null,
    Neg: unary({ float: (x) => -x, int: (x) => -x }),
    Abs: unary({ float: Math.abs, int: (x) => (x < 0n ? -x : x) }),
    Sqrt: unary({ float: Math.sqrt }),
    Reciprocal: unary({ float: (x) => 1 / x }),
    Floor: unary({ float: Math.floor }),
    Ceil: unary({ float: Math.ceil }),
    Equal: comparison((a, b) => a === b),
    Greater: comparison(greater),
    Less: comparison((a, b) => greater(b, a)),
    GreaterOrEqual: comparison((a, b) => a >= b),
    LessOrEqual: comparison((a, b) => b >= a),
    Not: ([x]) =>
      x?.dtype === 'bool'
        ? {
            ...x,
            compute: () =>
              fromNumbers(
                numbersOf(x).map((value) => 1 - value),
                'bool',
                x.dims,
              ),
          }
        : null,
    And: logical((a, b) => a & b),
    Or: logical((a, b) => a | b),
    Xor: logical((a, b) => a ^ b),
    ReduceSum: reduction(13, (a, b) => a + b),
    ReduceProd: reduction(18, (a, b) => a * b),
    ReduceMin: reduction(18, (a, b) => (a < b ? a : b)),
    ReduceMax: reduction(18, (a, b) => (a > b ? a : b)),
  } satisfies Record<string, Rule>),
);

/** The part of a shape that a Shape node gives. */
export function shapeBetween<T>(node: NodeProto, dims: readonly T[]): readonly T[] {
  const end = attributeOf(node, 'end')?.i;
  return dims.slice(intOf(node, 'start', 0), end ?? dims.length);
}
