/** Pooling over windows: maxima with their positions, and means. */
import type { Runtime, TensorView } from '../backend.ts';
import { allocate } from '../dispatch.ts';
import { type DType, isFloat } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { contiguousStrides, formatShape, numel, type Shape, sameShape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, programCache, requireTensor } from './build.ts';
import { choices, dimOf, runTranspose, spatialDims, viewBy, windowOf } from './conv.ts';

/** Attributes of pooling, with one entry per spatial dim. */
export interface PoolAttrs {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Whether a last window that reaches beyond the padded input counts, if it starts inside the input or the padding before it. */
  readonly ceilMode: boolean;
}

/** Attributes of `avgPool`. */
export interface AvgPoolAttrs extends PoolAttrs {
  readonly countIncludePad: boolean;
  /** What sums are divided by, instead of the sizes of their windows. */
  readonly divisorOverride: number | null;
}

/** Attributes of `maxPoolBackward`. */
export interface MaxPoolBackwardAttrs {
  /** The spatial size of the input. */
  readonly size: readonly number[];
  /** The windows that the positions lie in, for kernels that look for an element among those that hold it; absent where windows have unlike sizes. */
  readonly windows?: PoolAttrs;
}

/** Pooling over windows, by op name. */
export interface PoolOps {
  /** `[N, C, …]` to values and positions in the flattened spatial dims. */
  maxPool: Sig<[Tensor], PoolAttrs, readonly [Tensor, Tensor]>;
  adaptiveMaxPool: Sig<[Tensor], { readonly size: readonly number[] }, readonly [Tensor, Tensor]>;
  /** The adjoint of both, from gradient and positions. */
  maxPoolBackward: Sig<[Tensor, Tensor], MaxPoolBackwardAttrs>;
  avgPool: Sig<[Tensor], AvgPoolAttrs>;
  /** The adjoint of `avgPool`; `size` is the spatial size of its input. */
  avgPoolBackward: Sig<[Tensor], AvgPoolAttrs & { readonly size: readonly number[] }>;
}

/** How many windows there are along each spatial dim. */
export function pooledSizes(sizes: Shape, { kernel, stride, padding, dilation, ceilMode }: PoolAttrs): number[] {
  return sizes.map((size, d) => {
    const room = size + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    const count = (ceilMode ? Math.ceil(room / stride[d]) : Math.floor(room / stride[d])) + 1;
    return ceilMode && (count - 1) * stride[d] >= size + padding[d] ? count - 1 : count;
  });
}

/** The padding behind each dim under which the windows fit without a remainder; negative where elements are passed over. */
export const endPadding = (sizes: Shape, counts: Shape, { kernel, stride, padding, dilation }: PoolAttrs): number[] =>
  sizes.map((size, d) => (counts[d] - 1) * stride[d] + dilation[d] * (kernel[d] - 1) + 1 - padding[d] - size);

function checkInput(name: string, x: Tensor, n: number): void {
  requireTensor(name, x);
  if (x.ndim !== n + 2 || x.shape.slice(1).includes(0)) {
    throw new ShapeError(
      `Expected ${n + 1}D or ${n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got: ${formatShape(x.shape)} in ${name}`,
    );
  }
}

/** Shape of the result of windows over `x`. */
function pooledShape(x: Tensor, attrs: PoolAttrs): number[] {
  const sizes = x.shape.slice(2);
  const counts = pooledSizes(sizes, attrs);
  if (counts.some((count) => count < 1)) {
    throw new ShapeError(
      `Given input size: (${x.shape.slice(1).join('x')}). Calculated output size: (${[x.shape[1], ...counts].join('x')}). Output size is too small`,
    );
  }
  return [x.shape[0], x.shape[1], ...counts];
}

// --- maxima ---

const cached = programCache();

/** No position yet: the first element that a window meets is taken whatever it is. */
function startSearch(runtime: Runtime, values: TensorView, indices: TensorView): void {
  const program = cached(
    `start ${values.dtype}`,
    () => new e.Program([e.constant(0, values.dtype), e.constant(-1, 'int64')], []),
  );
  runtime.map([values, indices], [], program, []);
}

/** The larger of the best value so far and `value` at `position`; a NaN wins, the last of several as in PyTorch. */
function better(dtype: DType, value: e.Expr, position: e.Expr, valid?: e.Expr): [e.Expr, e.Expr] {
  const [best, at] = [e.input(0, dtype), e.input(1, 'int64')];
  const larger = e.bitOr(e.bitOr(e.gt(value, best), e.isNaNExpr(value)), e.lt(at, 0));
  const take = valid ? e.bitAnd(valid, larger) : larger;
  return [e.select(take, value, best), e.select(take, e.cast(position, 'int64'), at)];
}

const total = (terms: readonly e.Expr[]): e.Expr => terms.reduce((a, b) => e.add(a, b));

/** Positions 0 … n - 1 for each n. */
const upTo = (counts: readonly number[]): number[][] =>
  counts.map((count) => Array.from({ length: count }, (_, i) => i));

/** The taps of each dim that lie inside the input for some window: the first window reaches furthest. */
const tapsInside = (sizes: Shape, { kernel, padding, dilation }: PoolAttrs): number[][] =>
  upTo(kernel.map((taps, d) => Math.min(taps, Math.floor((sizes[d] - 1 + padding[d]) / dilation[d]) + 1)));

/** Windows of so many taps or fewer are searched at once, if no tap lies outside. */
const fewTaps = 9;

/** All taps of the windows at once, each a strided view of the input; `starts` are their positions in the first window, `steps` those from one to the next. */
function searchAtOnce(
  runtime: Runtime,
  outs: readonly TensorView[],
  taps: readonly TensorView[],
  steps: readonly number[],
  starts: readonly number[],
): void {
  const { dtype } = outs[0];
  const program = cached(`max of ${taps.length} ${dtype} ${steps.length}`, () => {
    const startOf = (k: number): e.Expr => e.param(steps.length + k, 'int32');
    let [best, at] = [e.input(0, dtype), startOf(0)];
    for (let k = 1; k < taps.length; k++) {
      const value = e.input(k, dtype);
      const larger = e.bitOr(e.gt(value, best), e.isNaNExpr(value));
      [best, at] = [e.select(larger, value, best), e.select(larger, startOf(k), at)];
    }
    const along = steps.map((_, d) => e.mul(e.indexOf(d + 2), e.param(d, 'int32')));
    return new e.Program(
      [best, e.cast(e.add(total(along), at), 'int64')],
      taps.map(() => dtype),
      [...steps, ...starts].map(() => 'int32' as const),
    );
  });
  runtime.map(outs, taps, program, [...steps, ...starts]);
}

/** Each tap of the windows is a strided view of the input over the windows in which it lies inside: few at once, or one after the other. */
function runMaxPool(
  runtime: Runtime,
  [values, indices]: readonly TensorView[],
  [x]: readonly [Tensor],
  attrs: PoolAttrs,
): void {
  const { stride, padding, dilation } = attrs;
  const n = stride.length;
  const sizes = x.shape.slice(2);
  const counts = values.shape.slice(2);
  const flat = contiguousStrides(sizes);
  const steps = stride.map((s, d) => s * flat[d]);
  const windowsAt = (tap: readonly number[]) => {
    const from = tap.map((k, d) => k * dilation[d] - padding[d]);
    const first = from.map((at, d) => Math.max(0, Math.ceil(-at / stride[d])));
    const last = from.map((at, d) => Math.min(counts[d] - 1, Math.floor((sizes[d] - 1 - at) / stride[d])));
    const room = first.map((lo, d) => last[d] - lo + 1);
    const start = first.map((lo, d) => lo * stride[d] + from[d]);
    const read = viewBy(
      x,
      [dimOf(x, 0), dimOf(x, 1), ...spatialDims(x, room, stride)],
      start.reduce((sum, at, d) => sum + at * x.strides[d + 2], 0),
    );
    return { first, room, read, base: start.reduce((sum, at, d) => sum + at * flat[d], 0) };
  };
  const inside = tapsInside(sizes, attrs);
  const few = numel(inside.map(({ length }) => length)) <= fewTaps;
  const taps = few ? [...choices(inside)].map(windowsAt) : [];
  if (few && taps.every(({ room }) => room.every((count, d) => count === counts[d]))) {
    const [reads, starts] = [taps.map(({ read }) => read), taps.map(({ base }) => base)];
    searchAtOnce(runtime, [values, indices], reads, steps, starts);
    return;
  }
  startSearch(runtime, values, indices);
  const program = cached(`max ${x.dtype} ${n}`, () => {
    const along = sizes.map((_, d) => e.mul(e.indexOf(d + 2), e.param(d, 'int32')));
    const position = e.add(total(along), e.param(n, 'int32'));
    return new e.Program(
      better(x.dtype, e.input(2, x.dtype), position),
      [x.dtype, 'int64', x.dtype],
      Array.from({ length: n + 1 }, () => 'int32' as const),
    );
  });
  for (const tap of choices(inside)) {
    const { first, room, read, base } = windowsAt(tap);
    if (room.some((count) => count < 1)) continue;
    const part = (view: TensorView): TensorView =>
      viewBy(
        view,
        [dimOf(view, 0), dimOf(view, 1), ...spatialDims(view, room)],
        first.reduce((sum, lo, d) => sum + lo * view.strides[d + 2], 0),
      );
    const outs = [part(values), part(indices)];
    runtime.map(outs, [...outs, read], program, [...steps, base]);
  }
}

/** Where window `o` of `count` begins and ends along a dim of `size`: ⌊o·size/count⌋ and ⌈(o+1)·size/count⌉. */
const adaptiveStart = (o: number, size: number, count: number): number => Math.floor((o * size) / count);
const adaptiveEnd = (o: number, size: number, count: number): number => Math.ceil(((o + 1) * size) / count);

/** As `runMaxPool`, for windows of unlike sizes: each tap is loaded from a computed position. */
function runAdaptiveMax(runtime: Runtime, [values, indices]: readonly TensorView[], [x]: readonly [Tensor]): void {
  const sizes = x.shape.slice(2);
  const counts = values.shape.slice(2);
  startSearch(runtime, values, indices);
  if (numel(values.shape) === 0) return;
  // products of a position and a size may need more than 32 bits
  const whole: DType = sizes.some((size, d) => (counts[d] + 1) * size + counts[d] >= 2 ** 31) ? 'int64' : 'int32';
  const program = cached(`adaptive ${x.dtype} ${sizes.length} ${whole}`, () => {
    const params: DType[] = [];
    const number = (dtype: DType): e.Expr => e.param(params.push(dtype) - 1, dtype);
    const perDim = sizes.map((_, d) => {
      const [size, count, tap, step] = [number(whole), number(whole), number(whole), number('int32')];
      const o = e.cast(e.indexOf(d + 2), whole);
      const at = e.add(e.div(e.mul(o, size), count), tap);
      const end = e.div(e.add(e.mul(e.add(o, 1), size), e.sub(count, 1)), count);
      const position = e.cast(at, 'int32');
      return { position, inside: e.lt(at, end), flat: e.mul(position, step) };
    });
    const at = [e.indexOf(0), e.indexOf(1), ...perDim.map(({ position }) => position)];
    const outputs = better(
      x.dtype,
      e.load(2, x.dtype, at, e.constant(0, x.dtype)),
      total(perDim.map(({ flat }) => flat)),
      perDim.map(({ inside }) => inside).reduce((a, b) => e.bitAnd(a, b)),
    );
    return new e.Program(outputs, [x.dtype, 'int64', x.dtype], params);
  });
  const flat = contiguousStrides(sizes);
  const longest = sizes.map((size, d) => {
    let most = 0;
    for (let o = 0; o < counts[d]; o++)
      most = Math.max(most, adaptiveEnd(o, size, counts[d]) - adaptiveStart(o, size, counts[d]));
    return most;
  });
  for (const tap of choices(upTo(longest))) {
    const params = tap.flatMap((k, d) => [sizes[d], counts[d], k, flat[d]]);
    runtime.map([values, indices], [values, indices, x], program, params);
  }
}

function checkReached(x: Tensor, counts: Shape, { kernel, stride, padding, dilation }: PoolAttrs): void {
  counts.forEach((count, d) => {
    for (let o = 0; o < count; o++) {
      const from = o * stride[d] - padding[d];
      const tap = Math.max(0, Math.ceil(-from / dilation[d]));
      if (tap < kernel[d] && from + tap * dilation[d] < x.shape[d + 2]) continue;
      throw new ShapeError(
        `maxPool: window ${o} along dim ${d + 2} holds nothing but padding: input ${formatShape(x.shape)}, kernel ${formatShape(kernel)}, ` +
          `stride ${formatShape(stride)}, padding ${formatShape(padding)}, dilation ${formatShape(dilation)}`,
      );
    }
  });
}

// --- means ---

/** The number that the sum of a window is divided by, as an expression of the window's position. */
function divisor(n: number, attrs: AvgPoolAttrs, dtype: DType, params: DType[]): e.Expr {
  const number = (of: DType): e.Expr => e.param(params.push(of) - 1, of);
  if (attrs.divisorOverride !== null) return number(dtype);
  const lengths = Array.from({ length: n }, (_, d) => {
    const [kernel, stride, padding, size] = ['int32', 'int32', 'int32', 'int32'].map((of) => number(of as DType));
    const start = e.sub(e.mul(e.indexOf(d + 2), stride), padding);
    const end = e.min(e.add(start, kernel), e.add(size, padding));
    return attrs.countIncludePad ? e.sub(end, start) : e.sub(e.min(end, size), e.max(start, 0));
  });
  return e.cast(
    lengths.reduce((a, b) => e.mul(a, b)),
    dtype,
  );
}

/** Divides sums of windows over dims of `sizes`; `from` may be wider than `out`. */
function divide(runtime: Runtime, out: TensorView, from: TensorView, sizes: Shape, attrs: AvgPoolAttrs): void {
  const n = sizes.length;
  const { kernel, stride, padding, divisorOverride, countIncludePad } = attrs;
  const key = `divide ${from.dtype}>${out.dtype} ${n} ${divisorOverride !== null} ${countIncludePad}`;
  const program = cached(key, () => {
    const params: DType[] = [];
    const by = divisor(n, attrs, from.dtype, params);
    return new e.Program([e.cast(e.div(e.input(0, from.dtype), by), out.dtype)], [from.dtype], params);
  });
  const params =
    divisorOverride !== null ? [divisorOverride] : sizes.flatMap((size, d) => [kernel[d], stride[d], padding[d], size]);
  runtime.map([out], [from], program, params);
}

/** Sums of half precision are kept in float32 until they are divided. */
const sumDType = (dtype: DType): DType => (dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype);

function runAvgPool(runtime: Runtime, [out]: readonly TensorView[], [x]: readonly [Tensor], attrs: AvgPoolAttrs): void {
  const { kernel, stride, padding } = attrs;
  const counts = out.shape.slice(2);
  const sums = sumDType(x.dtype) === x.dtype ? out : allocate(x.storage.device, sumDType(x.dtype), out.shape);
  const source = windowOf(
    runtime,
    x,
    padding.map((p) => -p),
    counts.map((count, d) => (count - 1) * stride[d] + kernel[d]),
  );
  const windows = viewBy(source, [
    dimOf(source, 0),
    dimOf(source, 1),
    ...spatialDims(source, counts, stride),
    ...spatialDims(source, kernel),
  ]);
  const kept = viewBy(sums, [
    ...sums.shape.map((size, d) => [size, sums.strides[d]] as const),
    ...kernel.map(() => [1, 0] as const),
  ]);
  const program = cached(`sum ${x.dtype}`, () => new e.Program([e.cast(e.input(0, x.dtype), sums.dtype)], [x.dtype]));
  runtime.reduce('sum', kept, [windows], program, []);
  divide(runtime, out, sums, x.shape.slice(2), attrs);
}

/** Each gradient, divided as its mean was, goes to all elements of its window: a transposed convolution with ones, each channel on its own. */
function runAvgPoolBackward(
  runtime: Runtime,
  [out]: readonly TensorView[],
  [grad]: readonly [Tensor],
  attrs: AvgPoolAttrs & { readonly size: readonly number[] },
): void {
  const [samples, channels, ...counts] = grad.shape;
  const { device } = grad.storage;
  const scaled = allocate(device, grad.dtype, [samples * channels, 1, ...counts]);
  const together = contiguousStrides(grad.shape).map((stride, d) => [grad.shape[d], stride] as const);
  divide(runtime, viewBy(scaled, together), grad, attrs.size, attrs);
  const ones = allocate(device, grad.dtype, [1, 1, ...attrs.kernel]);
  runtime.map(
    [ones],
    [],
    cached(`one ${grad.dtype}`, () => new e.Program([e.constant(1, grad.dtype)], [])),
    [],
  );
  const result = viewBy(out, [
    [samples * channels, out.strides[1]],
    [1, 0],
    ...out.shape.slice(2).map((size, d) => [size, out.strides[d + 2]] as const),
  ]);
  const paddingEnd = endPadding(attrs.size, counts, attrs);
  const { stride, padding, dilation } = attrs;
  runTranspose(runtime, [result], [scaled, ones, null], { stride, padding, paddingEnd, dilation, groups: 1 });
}

function checkFloat(name: string, x: Tensor): void {
  if (!isFloat(x.dtype)) throw notImplementedFor(name, x.dtype);
}

const withIndices = (shape: Shape, dtype: DType): TensorMeta[] => [
  { shape, dtype },
  { shape, dtype: 'int64' },
];

/** Rows by op name. */
export const pool: { readonly [K in keyof PoolOps]: OpSpec<PoolOps[K]> } = {
  maxPool: new OpSpec<PoolOps['maxPool']>({
    name: 'maxPool',
    infer([x], attrs) {
      const name = `maxPool${attrs.kernel.length}d`;
      checkInput(name, x, attrs.kernel.length);
      if (x.dtype === 'bool') throw notImplementedFor(name, x.dtype);
      const shape = pooledShape(x, attrs);
      checkReached(x, shape.slice(2), attrs);
      return withIndices(shape, x.dtype);
    },
    kernel: runMaxPool,
  }),
  adaptiveMaxPool: new OpSpec<PoolOps['adaptiveMaxPool']>({
    name: 'adaptiveMaxPool',
    infer([x], { size }) {
      const name = `adaptiveMaxPool${size.length}d`;
      checkInput(name, x, size.length);
      if (x.dtype === 'bool') throw notImplementedFor(name, x.dtype);
      return withIndices([x.shape[0], x.shape[1], ...size], x.dtype);
    },
    kernel: runAdaptiveMax,
  }),
  maxPoolBackward: new OpSpec<PoolOps['maxPoolBackward']>({
    name: 'maxPoolBackward',
    infer([grad, indices], { size }) {
      const name = 'maxPoolBackward';
      requireTensor(name, grad);
      requireTensor(name, indices, 1);
      if (grad.ndim !== size.length + 2 || !sameShape(grad.shape, indices.shape))
        throw new ShapeError(
          `${name}: gradient and positions must have one shape with ${size.length} spatial dims, got ${formatShape(grad.shape)} and ${formatShape(indices.shape)}`,
        );
      return { shape: [grad.shape[0], grad.shape[1], ...size], dtype: grad.dtype };
    },
    // values[o] = x[indices[o]] in the flattened spatial dims:  dx[i] = Σ g[o] over the o with indices[o] = i
    body([grad, indices], { size }) {
      const shape = [grad.shape[0], grad.shape[1], ...size];
      const zeros = grad.newZeros(shape).flatten(2);
      return zeros.scatterAdd(2, indices.flatten(2), grad.flatten(2)).reshape(shape);
    },
  }),
  avgPool: new OpSpec<PoolOps['avgPool']>({
    name: 'avgPool',
    infer([x], attrs) {
      const name = `avgPool${attrs.kernel.length}d`;
      checkInput(name, x, attrs.kernel.length);
      checkFloat(name, x);
      return { shape: pooledShape(x, attrs), dtype: x.dtype };
    },
    kernel: runAvgPool,
  }),
  avgPoolBackward: new OpSpec<PoolOps['avgPoolBackward']>({
    name: 'avgPoolBackward',
    infer([grad], attrs) {
      checkInput('avgPoolBackward', grad, attrs.kernel.length);
      checkFloat('avgPoolBackward', grad);
      const counts = pooledSizes(attrs.size, attrs);
      if (counts.some((count, d) => count !== grad.shape[d + 2])) {
        throw new ShapeError(
          `avgPoolBackward: the windows of sizes ${formatShape(attrs.size)} are ${formatShape(counts)}, but the gradient has shape ${formatShape(grad.shape)}`,
        );
      }
      return { shape: [grad.shape[0], grad.shape[1], ...attrs.size], dtype: grad.dtype };
    },
    kernel: runAvgPoolBackward,
  }),
};
