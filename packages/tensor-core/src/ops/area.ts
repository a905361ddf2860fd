/** Averages over the pixels that a pixel of the result covers, axis by axis, and their transpose: how `interpolate` shrinks by area. */
import type { Runtime, TensorView } from '../backend.ts';
import { allocate, copyInto } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import * as e from '../expr.ts';
import { contiguousStrides, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { makeTensor } from '../tensor-class.ts';
import { programCache } from './build.ts';
import { reshaped, zeroProgram } from './taps.ts';

const cached = programCache();

const int32s: readonly DType[] = ['int32', 'int32', 'int32'];

/** Pixel j of `to` covers those from ⌊j · from / to⌋ to ⌈(j + 1) · from / to⌉; the quotient is taken apart so that nothing overflows. */
const parameters = (from: number, to: number): number[] => [Math.floor(from / to), from % to, to];

function windowOf(j: e.Expr): { start: e.Expr; end: e.Expr } {
  const [quotient, rest, to] = [0, 1, 2].map((k) => e.param(k, 'int32'));
  const next = e.add(j, 1);
  return {
    start: e.add(e.mul(j, quotient), e.div(e.mul(j, rest), to)),
    end: e.add(e.mul(next, quotient), e.div(e.add(e.mul(next, rest), e.sub(to, 1)), to)),
  };
}

/** No pixel covers more than this many. */
const reach = (from: number, to: number): number => Math.floor(from / to) + (from % to === 0 ? 0 : 2);

const wideDType = (dtype: DType): DType => (dtype === 'float64' ? 'float64' : 'float32');

const put = (list: Shape, at: number, ...items: number[]): number[] => [
  ...list.slice(0, at),
  ...items,
  ...list.slice(at + 1),
];

/** The sums along dim `d`: divided when all are taken, so that terms cancel as they would in one sum. */
function summed(runtime: Runtime, x: Tensor, d: number, to: number): Tensor {
  const { device } = x.storage;
  const rank = x.shape.length;
  const from = x.shape[d];
  const numbers = parameters(from, to);
  const shape = put(x.shape, d, to);
  const read = cached(`read|${x.dtype}|${rank}|${d}`, () => {
    const { start, end } = windowOf(e.indexOf(d));
    const at = e.add(start, e.indexOf(rank));
    const place = x.shape.map((_, k) => (k === d ? at : e.indexOf(k)));
    return new e.Program([e.select(e.lt(at, end), e.load(0, x.dtype, place, 0), 0)], [x.dtype], int32s);
  });
  const windows = allocate(device, x.dtype, [...shape, reach(from, to)]);
  runtime.map([windows], [x], read, numbers);
  const sums = allocate(device, x.dtype, [...shape, 1]);
  const same = cached(`same|${x.dtype}`, () => new e.Program([e.input(0, x.dtype)], [x.dtype]));
  runtime.reduce('sum', sums, [windows], same, []);
  return asShape(sums, shape);
}

/** A result under another shape. */
const asShape = (x: Tensor, shape: Shape): Tensor => makeTensor(x.storage, x.dtype, shape, contiguousStrides(shape));

/** By how many pixels there are. */
function divideProgram(dtype: DType, d: number): e.Program {
  return cached(`divide|${dtype}|${d}`, () => {
    const { start, end } = windowOf(e.indexOf(d));
    return new e.Program([e.div(e.input(0, dtype), e.cast(e.sub(end, start), dtype))], [dtype], int32s);
  });
}

/** Every average handed out in equal parts to the pixels that it is made of. */
function handedOut(runtime: Runtime, grad: Tensor, d: number, from: number): Tensor {
  const { device } = grad.storage;
  const to = grad.shape[d];
  const count = reach(from, to);
  const numbers = parameters(from, to);
  const parts = allocate(device, grad.dtype, grad.shape);
  runtime.map([parts], [grad], divideProgram(grad.dtype, d), numbers);

  const split = put(grad.shape, d, to, count);
  const repeated: TensorView = { ...reshaped(parts, split), strides: put(parts.strides, d, parts.strides[d], 0) };
  const masked = cached(`masked|${grad.dtype}|${d}`, () => {
    const { start, end } = windowOf(e.indexOf(d));
    const covered = e.lt(e.add(start, e.indexOf(d + 1)), end);
    return new e.Program([e.select(covered, e.input(0, grad.dtype), 0)], [grad.dtype], int32s);
  });
  const values = allocate(device, grad.dtype, split);
  runtime.map([values], [repeated], masked, numbers);

  const places = cached('places', () => {
    const { start, end } = windowOf(e.indexOf(0));
    return new e.Program([e.cast(e.min(e.add(start, e.indexOf(1)), e.sub(end, 1)), 'int64')], [], int32s);
  });
  const index = allocate(device, 'int64', [to, count]);
  runtime.map([index], [], places, numbers);

  const out = allocate(device, grad.dtype, put(grad.shape, d, from));
  runtime.map([out], [], zeroProgram(grad.dtype), []);
  const flat = put(grad.shape, d, to * count);
  const at: TensorView = { ...reshaped(index, flat), strides: flat.map((_, k) => (k === d ? 1 : 0)) };
  runtime.scatter('add', out, at, reshaped(values, flat), d);
  return out;
}

/** Applies `step` along every dim whose size changes, half precision in float32. */
function alongAxes(
  runtime: Runtime,
  out: TensorView,
  x: Tensor,
  step: (runtime: Runtime, x: Tensor, d: number, size: number) => Tensor,
  finish?: (x: Tensor, d: number) => void,
): void {
  if (x.numel() === 0) {
    runtime.map([out], [], zeroProgram(out.dtype), []);
    return;
  }
  let current = x;
  const wide = wideDType(x.dtype);
  if (x.dtype !== wide) {
    current = allocate(x.storage.device, wide, x.shape);
    copyInto(current, x);
  }
  out.shape.forEach((size, d) => {
    if (size !== x.shape[d]) current = step(runtime, current, d, size);
  });
  out.shape.forEach((size, d) => {
    if (size !== x.shape[d]) finish?.(current, d);
  });
  copyInto(out as Tensor, current);
}

/** The average of the pixels that each pixel of `out` covers. */
export const shrink = (runtime: Runtime, out: TensorView, x: Tensor): void => {
  const from = x.shape;
  alongAxes(runtime, out, x, summed, (y, d) =>
    runtime.map([y], [y], divideProgram(y.dtype, d), parameters(from[d], y.shape[d])),
  );
};

/** The transpose of {@link shrink}. */
export const shrinkTransposed = (runtime: Runtime, out: TensorView, grad: Tensor): void =>
  alongAxes(runtime, out, grad, handedOut);
