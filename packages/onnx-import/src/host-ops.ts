/**
 * Ops on tensors whose values JavaScript knows: the arithmetic of shapes, on scalars and vectors. So no size is ever read from a device, and a traced
 * program sees sizes, not values. A row gives `null` where it leaves the op to the device.
 */
import { dtypeOf } from '@tenfold/onnx-model';
import { broadcastShapes, type DType, isFloat, numel, type Shape } from '@tenfold/tensor-core';
import type { NodeContext, Row, Rows } from './context.ts';
import { HOST_LIMIT, HostTensor, hostTensor } from './values.ts';

/** The numbers of an input. */
const numbersOf = (c: NodeContext, i = 0): readonly number[] => c.host(i).numbers ?? [];

/** Elementwise over inputs of one dtype that broadcast to at most one dim; `first` is the first input of that dtype. */
function elementwise(
  c: NodeContext,
  op: (...numbers: readonly number[]) => number | boolean,
  { first = 0, result = null }: { first?: number; result?: DType | null } = {},
): HostTensor | null {
  const operands = Array.from({ length: c.inputCount }, (_, i) => c.host(i));
  if (operands.length <= first) throw c.error('an input is missing');
  const { dtype } = operands[first];
  if (operands.slice(first).some((x) => x.dtype !== dtype)) return null;
  const shape = broadcastShapes(
    operands.map((x) => x.shape),
    c.node.opType,
  );
  // one that is as large as the result has its elements in order
  const count = numel(shape);
  if (count > HOST_LIMIT || operands.some(({ size }) => size !== 1 && size !== count)) return null;
  const lists = operands.map((x) => x.numbers ?? []);
  const numbers = Array.from({ length: count }, (_, i) =>
    Number(op(...lists.map((list) => list[list.length === 1 ? 0 : i]))),
  );
  return hostTensor(result ?? dtype, shape, numbers);
}

/** Whether an input has one of the ends of int64, which are not exact here. */
const hasEnds = (c: NodeContext): boolean =>
  Array.from({ length: c.inputCount }, (_, i) => numbersOf(c, i)).some((x) => x.some((y) => Math.abs(y) === 2 ** 63));

const pointwise =
  (op: (...numbers: readonly number[]) => number): Row =>
  (c) =>
    hasEnds(c) ? null : elementwise(c, op);

const comparison =
  (op: (a: number, b: number) => boolean): Row =>
  (c) =>
    elementwise(c, op, { result: 'bool' });

/** For ints alone: what functions of floats give may differ in the last bit between here and a device. */
const ofInts =
  (op: (...numbers: readonly number[]) => number): Row =>
  (c) =>
    isFloat(c.host(0).dtype) || hasEnds(c) ? null : elementwise(c, op);

/** Whole numbers are divided towards zero. */
const div: Row = (c) => {
  if (isFloat(c.host(0).dtype)) return elementwise(c, (a, b) => a / b);
  return hasEnds(c) || numbersOf(c, 1).includes(0) ? null : elementwise(c, (a, b) => Math.trunc(a / b));
};

/** With the sign of the divisor, or with `fmod` that of the dividend. */
const mod: Row = (c) => {
  if (isFloat(c.host(0).dtype) || hasEnds(c) || numbersOf(c, 1).includes(0)) return null;
  return elementwise(c, c.int('fmod', 0) ? (a, b) => a % b : (a, b) => a - b * Math.floor(a / b));
};

const cast: Row = (c) => {
  const { dtype, shape } = c.host(0);
  const to = dtypeOf(c.int('to'));
  const numbers = numbersOf(c);
  if (to === null) return null;
  if (to === 'bool')
    return hostTensor(
      to,
      shape,
      numbers.map((x) => Number(x !== 0)),
    );
  return hostTensor(to, shape, isFloat(dtype) && !isFloat(to) ? numbers.map(Math.trunc) : numbers);
};

/** The axes of an op where they became an input at opset `since`; `null` if there are none. */
const axesOf = (c: NodeContext, since = 13): readonly number[] | null =>
  c.opset < since ? c.ints('axes', null) : c.optionalInts(1);

const reshaped = (c: NodeContext, shape: Shape): HostTensor | null => {
  const { dtype, numbers } = c.host(0);
  return numbers && numel(shape) === numbers.length ? new HostTensor(dtype, shape, numbers) : null;
};

const squeeze: Row = (c) => {
  const { shape } = c.host(0);
  const axes = axesOf(c)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
  return reshaped(
    c,
    shape.filter((size, d) => (axes ? !axes.includes(d) : size !== 1)),
  );
};

const unsqueeze: Row = (c) => {
  const { shape } = c.host(0);
  const axes = axesOf(c) ?? [];
  const rank = shape.length + axes.length;
  const places = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = shape.values();
  return reshaped(
    c,
    Array.from({ length: rank }, (_, d) => (places.has(d) ? 1 : (rest.next().value ?? 1))),
  );
};

const reshape: Row = (c) => {
  if (c.opset < 5) return null;
  const { shape, size } = c.host(0);
  const asked = c.hostInts(1).map((x, d) => (x === 0 && !c.int('allowzero', 0) ? (shape[d] ?? 0) : x));
  const open = asked.indexOf(-1);
  if (open >= 0) asked[open] = size / asked.reduce((n, x) => (x === -1 ? n : n * x), 1);
  return asked.every((x) => Number.isSafeInteger(x) && x >= 0) ? reshaped(c, asked) : null;
};

/** The order of elements stays if at most one dim is not 1. */
const transpose: Row = (c) => {
  const { shape } = c.host(0);
  if (shape.filter((size) => size !== 1).length > 1) return null;
  return reshaped(
    c,
    c.ints('perm', [...shape.keys()].reverse()).map((d) => shape[d] ?? 0),
  );
};

const concat: Row = (c) => {
  const parts = Array.from({ length: c.inputCount }, (_, i) => c.host(i));
  const [{ dtype }] = parts;
  if (parts.some((part) => part.dtype !== dtype || part.shape.length !== 1)) return null;
  const numbers = parts.flatMap((part) => part.numbers ?? []);
  return numbers.length > HOST_LIMIT ? null : new HostTensor(dtype, [numbers.length], numbers);
};

const gather: Row = (c) => {
  const [x, index] = [c.host(0), c.host(1)];
  const numbers = numbersOf(c);
  if (x.shape.length !== 1) return null;
  const places = numbersOf(c, 1).map((i) => (i < 0 ? i + numbers.length : i));
  // an index that is out of range is the device's to refuse
  if (places.some((i) => i < 0 || i >= numbers.length)) return null;
  return new HostTensor(
    x.dtype,
    index.shape,
    places.map((i) => numbers[i]),
  );
};

const slice: Row = (c) => {
  const { dtype, shape } = c.host(0);
  if (shape.length !== 1) return null;
  const starts = c.opset < 10 ? c.ints('starts') : c.hostInts(1);
  const ends = c.opset < 10 ? c.ints('ends') : c.hostInts(2);
  const steps = c.opset < 10 ? null : c.optionalInts(4);
  if (starts.length !== 1 || ends.length !== 1) return null;
  const numbers = numbersOf(c);
  const step = steps?.[0] ?? 1;
  if (step === 0) return null;
  const size = numbers.length;
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const picked: number[] = [];
  const end = clamp(ends[0]);
  for (let i = clamp(starts[0]); step > 0 ? i < end : i > end; i += step) picked.push(numbers[i]);
  return new HostTensor(dtype, [picked.length], picked);
};

const split: Row = (c) => {
  const { dtype, shape } = c.host(0);
  if (shape.length !== 1) return null;
  const numbers = numbersOf(c);
  const parts = c.int('num_outputs', c.outputCount);
  const each = Math.ceil(numbers.length / parts);
  const even = Array.from({ length: parts }, (_, k) => Math.max(0, Math.min(each, numbers.length - k * each)));
  const sizes = (c.opset < 13 ? c.ints('split', null) : c.optionalInts(1)) ?? even;
  if (sizes.reduce((n, size) => n + size, 0) !== numbers.length || sizes.length !== c.outputCount) return null;
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return new HostTensor(dtype, [size], numbers.slice(at - size, at));
  });
};

const range: Row = (c) => {
  const [start, limit, delta] = [c.hostNumber(0), c.hostNumber(1), c.hostNumber(2)];
  const { dtype } = c.host(0);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (isFloat(dtype) || !(count <= HOST_LIMIT)) return null;
  const numbers = Array.from({ length: count }, (_, i) => start + i * delta);
  const fit = hostTensor(dtype, [count], numbers);
  // positions, whose number depends on a size, go on as a tensor
  const isFixed = [0, 1, 2].every((i) => c.host(i).isConstant);
  return isFixed ? fit : fit && new HostTensor(dtype, [count], numbers, false, delta);
};

/** `value` in a shape of at most one dim. */
const filled = (dtype: DType, shape: readonly number[], value: number): HostTensor | null => {
  const count = shape[0] ?? 1;
  if (shape.length > 1 || !(count >= 0 && count <= HOST_LIMIT)) return null;
  return hostTensor(dtype, shape, new Array<number>(count).fill(value));
};

const constantOfShape: Row = (c) => {
  const value = c.tensor('value', new HostTensor('float32', [1], [0]));
  const { numbers } = value;
  return numbers?.length === 1 ? filled(value.dtype, c.hostInts(0), numbers[0]) : null;
};

const expand: Row = (c) => {
  const { dtype, shape, size } = c.host(0);
  const sizes = c.hostInts(1);
  return size === 1 && shape.length <= sizes.length ? filled(dtype, sizes, numbersOf(c)[0]) : null;
};

const tile: Row = (c) => {
  const { dtype, shape } = c.host(0);
  if (shape.length !== 1) return null;
  const [times] = c.hostInts(1);
  const numbers = numbersOf(c);
  if (!(times >= 0 && times * numbers.length <= HOST_LIMIT)) return null;
  return new HostTensor(dtype, [times * numbers.length], Array.from({ length: times }, () => numbers).flat());
};

const nonZero: Row = (c) => {
  if (c.rank() !== 1) return null;
  const places = numbersOf(c).flatMap((x, i) => (x !== 0 ? [i] : []));
  return new HostTensor('int64', [1, places.length], places);
};

/** All elements of a vector as one. */
const reduction =
  (op: (numbers: readonly number[]) => number, since = 18): Row =>
  (c) => {
    const { dtype, shape } = c.host(0);
    const axes = axesOf(c, since);
    const nothing = (axes === null || axes.length === 0) && c.int('noop_with_empty_axes', 0) !== 0;
    const numbers = numbersOf(c);
    if (isFloat(dtype) || shape.length !== 1 || numbers.length === 0 || nothing) return null;
    return hostTensor(dtype, c.int('keepdims', 1) ? [1] : [], [op(numbers)]);
  };

/** Rows of ONNX's own domain, for inputs that JavaScript knows. */
export const hostRows: Rows = {
  Add: pointwise((a, b) => a + b),
  Sub: pointwise((a, b) => a - b),
  Mul: pointwise((a, b) => a * b),
  Div: div,
  Mod: mod,
  Neg: pointwise((x) => -x),
  Abs: pointwise(Math.abs),
  Sign: pointwise(Math.sign),
  Floor: pointwise(Math.floor),
  Ceil: pointwise(Math.ceil),
  Sqrt: pointwise(Math.sqrt),
  Pow: ofInts((a, b) => (b >= 0 ? a ** b : Number.NaN)),
  Min: ofInts(Math.min),
  Max: ofInts(Math.max),
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Not: pointwise((x) => 1 - x),
  And: pointwise((a, b) => a * b),
  Or: pointwise((a, b) => Math.max(a, b)),
  Where: (c) => elementwise(c, (condition, a, b) => (condition ? a : b), { first: 1 }),
  Cast: cast,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Reshape: reshape,
  Transpose: transpose,
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Split: split,
  Range: range,
  ConstantOfShape: constantOfShape,
  Expand: expand,
  Tile: tile,
  NonZero: nonZero,
  ReduceProd: reduction((numbers) => numbers.reduce((a, b) => a * b, 1)),
  ReduceSum: reduction((numbers) => numbers.reduce((a, b) => a + b, 0), 13),
  ReduceMax: reduction((numbers) => Math.max(...numbers)),
  ReduceMin: reduction((numbers) => Math.min(...numbers)),
};
