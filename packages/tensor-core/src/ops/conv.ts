/**
 * Convolutions: three bilinear ops over any number of spatial dims, closed under differentiation. With y = x ⋆ w:
 *
 *     y[o] = Σ_k x[o·stride + k·dilation - padding] w[k]     (and a sum over the channels of the group)
 *
 * `convolution` gives y from x and w, `convolutionTranspose` is its adjoint in x, `convolutionWeight` its adjoint in w. Each is a `matmul` over
 * strided windows of its operands: nothing is unfolded in memory.
 */
import type { Epilogue, Runtime, TensorView } from '../backend.ts';
import { allocate } from '../dispatch.ts';
import { type DType, scalarTypeName } from '../dtype.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { formatShape, numel, type Shape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, requireTensor } from './build.ts';

/** Attributes of the convolutions, with one entry per spatial dim. */
export interface ConvAttrs {
  readonly stride: readonly number[];
  /** Zeros before the first element. */
  readonly padding: readonly number[];
  /** Zeros behind the last element; a negative number leaves out as many. */
  readonly paddingEnd: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** Convolutions, by op name. */
export interface ConvOps {
  /** x `[N, C, …]`, w `[O, C / groups, …]`, bias `[O]` or null. */
  convolution: Sig<[Tensor, Tensor, Tensor | null], ConvAttrs>;
  /** g `[N, O, …]`, w `[O, C / groups, …]`, bias `[C]` or null: the gradient of a convolution with respect to x. */
  convolutionTranspose: Sig<[Tensor, Tensor, Tensor | null], ConvAttrs>;
  /** g `[N, O, …]`, x `[N, C, …]`: the gradient of a convolution with respect to w. */
  convolutionWeight: Sig<[Tensor, Tensor], ConvAttrs>;
}

const spatial = (shape: Shape): readonly number[] => shape.slice(2);

/** How far a kernel reaches: its size with the gaps of dilation. */
const reach = (size: number, dilation: number): number => dilation * (size - 1) + 1;

/** The sizes of a convolution's result. */
const convolved = (x: Shape, w: Shape, { stride, padding, paddingEnd, dilation }: ConvAttrs): number[] =>
  spatial(x).map(
    (size, d) => Math.floor((size + padding[d] + paddingEnd[d] - reach(w[d + 2], dilation[d])) / stride[d]) + 1,
  );

/** The sizes that a convolution with these attributes maps to those of `g` without a remainder. */
const transposed = (g: Shape, w: Shape, { stride, padding, paddingEnd, dilation }: ConvAttrs): number[] =>
  spatial(g).map((size, d) => (size - 1) * stride[d] + reach(w[d + 2], dilation[d]) - padding[d] - paddingEnd[d]);

/** The kernel sizes of a convolution of `x` to the sizes of `g`. */
const kernelOf = (g: Shape, x: Shape, { stride, padding, paddingEnd, dilation }: ConvAttrs): number[] =>
  spatial(x).map(
    (size, d) => Math.floor((size + padding[d] + paddingEnd[d] - (g[d + 2] - 1) * stride[d] - 1) / dilation[d]) + 1,
  );

/** The attributes under which a convolution of `x` to the sizes of `y` leaves no element over: those of its gradients. */
export function exactFit(x: Shape, w: Shape, y: Shape, attrs: ConvAttrs): ConvAttrs {
  const { stride, padding, dilation } = attrs;
  const paddingEnd = spatial(x).map(
    (size, d) => (y[d + 2] - 1) * stride[d] + reach(w[d + 2], dilation[d]) - padding[d] - size,
  );
  return { ...attrs, paddingEnd };
}

// --- checks ---

function checkDTypes(name: string, tensors: readonly (Tensor | null)[]): void {
  const [first] = tensors as readonly [Tensor];
  for (const x of tensors) {
    if (x !== null && x.dtype !== first.dtype) {
      throw new DTypeError(
        `expected scalar type ${scalarTypeName[first.dtype]} but found ${scalarTypeName[x.dtype]} in ${name}: input, weight and bias must have one dtype; cast with .to(…)`,
      );
    }
  }
  if (first.dtype === 'bool') throw notImplementedFor(name, first.dtype);
}

function checkBias(bias: Tensor | null, channels: number, given: string, w: Shape): void {
  if (bias === null || (bias.ndim === 1 && bias.shape[0] === channels)) return;
  throw new ShapeError(
    `Given ${given}, weight of size ${formatShape(w)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${formatShape(bias.shape)} instead`,
  );
}

function checkGroups(w: Shape, groups: number): void {
  if (w[0] < groups) {
    throw new ShapeError(
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0, but got weight of size ${formatShape(w)} instead`,
    );
  }
  if (w[0] % groups !== 0) {
    throw new ShapeError(
      `Given groups=${groups}, expected weight to be divisible by ${groups} at dimension 0, but got weight of size ${formatShape(w)} instead`,
    );
  }
}

function checkRanks(name: string, a: Tensor, b: Tensor, attrs: ConvAttrs): void {
  requireTensor(name, a, 0);
  requireTensor(name, b, 1);
  const rank = attrs.stride.length + 2;
  if (a.ndim !== rank || b.ndim !== rank) {
    throw new ShapeError(
      `${name}: Expected ${rank}-dimensional tensors for ${rank - 2} spatial dims, but got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
}

/** x as `[1, 2, 5]`, w as `[4, 3, 3]`: the channels must fit. */
function inferConvolution([x, w, bias]: ConvOps['convolution']['inputs'], attrs: ConvAttrs): TensorMeta {
  const name = `conv${attrs.stride.length}d`;
  checkRanks(name, x, w, attrs);
  const { groups, padding, paddingEnd, dilation } = attrs;
  checkGroups(w.shape, groups);
  const channels = w.shape[1] * groups;
  if (x.shape[1] !== channels) {
    throw new ShapeError(
      `Given groups=${groups}, weight of size ${formatShape(w.shape)}, expected input${formatShape(x.shape)} to have ${channels} channels, but got ${x.shape[1]} channels instead`,
    );
  }
  checkBias(bias, w.shape[0], `groups=${groups}`, w.shape);
  const padded = spatial(x.shape).map((size, d) => size + padding[d] + paddingEnd[d]);
  const kernel = spatial(w.shape).map((size, d) => reach(size, dilation[d]));
  if (spatial(w.shape).includes(0) || padded.some((size, d) => size < kernel[d])) {
    throw new ShapeError(
      `Calculated padded input size per channel: (${padded.join(' x ')}). Kernel size: (${kernel.join(' x ')}). Kernel size can't be ` +
        `${spatial(w.shape).includes(0) ? 'zero' : 'greater than actual input size'}`,
    );
  }
  checkDTypes(name, [x, w, bias]);
  return { shape: [x.shape[0], w.shape[0], ...convolved(x.shape, w.shape, attrs)], dtype: x.dtype };
}

function inferTranspose([g, w, bias]: ConvOps['convolutionTranspose']['inputs'], attrs: ConvAttrs): TensorMeta {
  const name = `convTranspose${attrs.stride.length}d`;
  checkRanks(name, g, w, attrs);
  checkGroups(w.shape, attrs.groups);
  if (g.shape[1] !== w.shape[0]) {
    throw new ShapeError(
      `Given transposed=1, weight of size ${formatShape(w.shape)}, expected input${formatShape(g.shape)} to have ${w.shape[0]} channels, but got ${g.shape[1]} channels instead`,
    );
  }
  const channels = w.shape[1] * attrs.groups;
  checkBias(bias, channels, 'transposed=1', w.shape);
  const sizes = transposed(g.shape, w.shape, attrs);
  if (sizes.some((size) => size < 1) || numel(spatial(w.shape)) === 0 || numel(spatial(g.shape)) === 0) {
    throw new ShapeError(
      `Given input size per channel: (${spatial(g.shape).join(' x ')}). Calculated output size per channel: (${sizes.join(' x ')}). Output size is too small`,
    );
  }
  checkDTypes(name, [g, w, bias]);
  return { shape: [g.shape[0], channels, ...sizes], dtype: g.dtype };
}

function inferWeight([g, x]: ConvOps['convolutionWeight']['inputs'], attrs: ConvAttrs): TensorMeta {
  const name = 'convolutionWeight';
  checkRanks(name, g, x, attrs);
  const kernel = kernelOf(g.shape, x.shape, attrs);
  if (
    g.shape[0] !== x.shape[0] ||
    [g, x].some(({ shape }) => shape[1] % attrs.groups !== 0) ||
    kernel.some((size) => size < 1)
  ) {
    throw new ShapeError(
      `${name}: no convolution with groups=${attrs.groups} maps the shape ${formatShape(x.shape)} to ${formatShape(g.shape)}`,
    );
  }
  checkDTypes(name, [g, x]);
  return { shape: [g.shape[1], x.shape[1] / attrs.groups, ...kernel], dtype: g.dtype };
}

// --- views ---

/** A view by its dims, as pairs of size and stride. */
export function viewBy(
  x: TensorView,
  dims: readonly (readonly [size: number, stride: number])[],
  offset = 0,
): TensorView {
  return {
    dtype: x.dtype,
    shape: dims.map(([size]) => size),
    strides: dims.map(([, stride]) => stride),
    offset: x.offset + offset,
    storage: x.storage,
  };
}

export type Dims = readonly (readonly [size: number, stride: number])[];

/** Dim `d` in `groups` equal parts. */
const split = (x: TensorView, d: number, groups: number): [Dims[number], Dims[number]] => {
  const size = x.shape[d] / groups;
  return [
    [groups, size * x.strides[d]],
    [size, x.strides[d]],
  ];
};

export const dimOf = (x: TensorView, d: number): Dims[number] => [x.shape[d], x.strides[d]];

/** The spatial dims of a view, each with `size` elements `step` apart. */
export const spatialDims = (x: TensorView, sizes: readonly number[], steps?: readonly number[]): Dims =>
  sizes.map((size, d) => [size, x.strides[d + 2] * (steps?.[d] ?? 1)]);

const windowPrograms = new Map<string, e.Program>();
const flipPrograms = new Map<string, e.Program>();

/** A program that loads its input at `at(d)` in the spatial dims, 0 outside, with one parameter per spatial dim. */
function loadProgram(
  known: Map<string, e.Program>,
  dtype: DType,
  rank: number,
  at: (index: e.Expr, param: e.Expr) => e.Expr,
): e.Program {
  const key = `${dtype}${rank}`;
  let program = known.get(key);
  if (!program) {
    const position = Array.from({ length: rank }, (_, d) =>
      d < 2 ? e.indexOf(d) : at(e.indexOf(d), e.param(d - 2, 'int32')),
    );
    const params = Array.from({ length: rank - 2 }, () => 'int32' as const);
    program = new e.Program([e.load(0, dtype, position, e.constant(0, dtype))], [dtype], params);
    known.set(key, program);
  }
  return program;
}

/** The elements of `x` from `start` (which may be negative) in the spatial dims, with zeros where there are none. Copies only if zeros are needed. */
export function windowOf(runtime: Runtime, x: Tensor, start: readonly number[], sizes: readonly number[]): TensorView {
  if (sizes.every((size, d) => start[d] >= 0 && start[d] + size <= x.shape[d + 2])) {
    const offset = start.reduce((sum, at, d) => sum + at * x.strides[d + 2], 0);
    return viewBy(x, [dimOf(x, 0), dimOf(x, 1), ...spatialDims(x, sizes)], offset);
  }
  const out = allocate(x.storage.device, x.dtype, [x.shape[0], x.shape[1], ...sizes]);
  runtime.map([out], [x], loadProgram(windowPrograms, x.dtype, x.ndim, e.add), start);
  return out;
}

/** `w` with its spatial dims in reverse order. */
function flipped(runtime: Runtime, w: Tensor): Tensor {
  const out = allocate(w.storage.device, w.dtype, w.shape);
  const last = spatial(w.shape).map((size) => size - 1);
  runtime.map(
    [out],
    [w],
    loadProgram(flipPrograms, w.dtype, w.ndim, (i, n) => e.sub(n, i)),
    last,
  );
  return out;
}

// --- kernels ---

const biasPrograms = new Map<DType, e.Program>();

/** Adds the bias of each channel to results of shape `[groups, channels, …]`. */
function biasEpilogue(bias: Tensor | null, out: TensorView): Epilogue | undefined {
  if (bias === null) return undefined;
  const { dtype } = out;
  let program = biasPrograms.get(dtype);
  if (!program) {
    program = new e.Program([e.add(e.input(0, dtype), e.input(1, dtype))], [dtype, dtype]);
    biasPrograms.set(dtype, program);
  }
  const dims: Dims = out.shape.map((size, d) => [size, d > 1 ? 0 : bias.strides[0] * (d === 0 ? out.shape[1] : 1)]);
  return { program, inputs: [viewBy(bias, dims)], params: [] };
}

function runConvolution(
  runtime: Runtime,
  [out]: readonly TensorView[],
  [x, w, bias]: ConvOps['convolution']['inputs'],
  attrs: ConvAttrs,
): void {
  const { stride, padding, dilation, groups } = attrs;
  const n = stride.length;
  const [sizes, kernel] = [spatial(out.shape), spatial(w.shape)];
  const read = sizes.map((size, d) => (size - 1) * stride[d] + reach(kernel[d], dilation[d]));
  const source = windowOf(
    runtime,
    x,
    padding.map((p) => -p),
    read,
  );
  const result = viewBy(out, [...split(out, 1, groups), dimOf(out, 0), ...spatialDims(out, sizes)]);
  const weights = viewBy(w, [...split(w, 0, groups), dimOf(w, 1), ...spatialDims(w, kernel)]);
  const windows = viewBy(source, [
    ...split(source, 1, groups),
    ...spatialDims(source, kernel, dilation),
    dimOf(source, 0),
    ...spatialDims(source, sizes, stride),
  ]);
  runtime.matmul(result, weights, windows, { batch: 1, m: 1, n: n + 1, k: n + 1 }, biasEpilogue(bias, result));
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The results at positions `first`, `first + stride`, … of one dim of a transposed convolution, and the taps of the kernel that reach them. */
interface Phase {
  readonly first: number;
  readonly count: number;
  /** How many taps, the first of them in the flipped kernel, and how far apart they are there. */
  readonly taps: number;
  readonly tap: number;
  readonly tapStep: number;
  /** Which element of the input meets the first tap of the first result, and how far apart the elements of neighbouring taps are. */
  readonly start: number;
  readonly step: number;
}

/**
 * y[o] = Σ_k g[(o + padding - k·dilation) / stride] w[k] over the k for which that is whole. Those k are `stride / gcd` apart and depend on
 * o mod stride only: for each remainder the sum is a plain convolution with a part of the flipped kernel.
 */
function phasesOf(size: number, kernel: number, stride: number, padding: number, dilation: number): Phase[] {
  const common = gcd(stride, dilation);
  const [between, step] = [stride / common, dilation / common];
  return Array.from({ length: Math.min(stride, size) }, (_, first) => {
    const count = Math.ceil((size - first) / stride);
    let k = 0;
    while (k < kernel && k < between && (first + padding - k * dilation) % stride !== 0) k++;
    if (k >= kernel || k >= between) return { first, count, taps: 0, tap: 0, tapStep: 1, start: 0, step };
    const taps = Math.floor((kernel - 1 - k) / between) + 1;
    const start = (first + padding - k * dilation) / stride - (taps - 1) * step;
    return { first, count, taps, tap: kernel - 1 - k - (taps - 1) * between, tapStep: between, start, step };
  });
}

/** Every choice of one entry of each list. */
export function* choices<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  if (lists.length === 0) yield [];
  else for (const head of lists[0]) for (const tail of choices(lists.slice(1))) yield [head, ...tail];
}

export function runTranspose(
  runtime: Runtime,
  [out]: readonly TensorView[],
  [g, w, bias]: ConvOps['convolutionTranspose']['inputs'],
  attrs: ConvAttrs,
): void {
  const { stride, padding, dilation, groups } = attrs;
  const n = stride.length;
  const mirror = flipped(runtime, w);
  const perDim = stride.map((s, d) => phasesOf(out.shape[d + 2], w.shape[d + 2], s, padding[d], dilation[d]));
  for (const phase of choices(perDim)) {
    const counts = phase.map(({ count }) => count);
    const taps = phase.map(({ taps }) => taps);
    const steps = phase.map(({ step }) => step);
    const result = viewBy(
      out,
      [...split(out, 1, groups), dimOf(out, 0), ...spatialDims(out, counts, stride)],
      phase.reduce((sum, { first }, d) => sum + first * out.strides[d + 2], 0),
    );
    const weights = viewBy(
      mirror,
      [
        [groups, (w.shape[0] / groups) * mirror.strides[0]],
        dimOf(mirror, 1),
        [w.shape[0] / groups, mirror.strides[0]],
        ...spatialDims(
          mirror,
          taps,
          phase.map(({ tapStep }) => tapStep),
        ),
      ],
      phase.reduce((sum, { tap }, d) => sum + tap * mirror.strides[d + 2], 0),
    );
    // without a tap there is nothing to sum, and nothing is read
    const source = taps.includes(0)
      ? g
      : windowOf(
          runtime,
          g,
          phase.map(({ start }) => start),
          counts.map((count, d) => count + (taps[d] - 1) * steps[d]),
        );
    const windows = viewBy(source, [
      ...split(source, 1, groups),
      ...spatialDims(source, taps, steps),
      dimOf(source, 0),
      ...spatialDims(source, counts),
    ]);
    runtime.matmul(result, weights, windows, { batch: 1, m: 1, n: n + 1, k: n + 1 }, biasEpilogue(bias, result));
  }
}

function runWeight(
  runtime: Runtime,
  [out]: readonly TensorView[],
  [g, x]: ConvOps['convolutionWeight']['inputs'],
  attrs: ConvAttrs,
): void {
  const { stride, padding, dilation, groups } = attrs;
  const n = stride.length;
  const [sizes, kernel] = [spatial(g.shape), spatial(out.shape)];
  const read = sizes.map((size, d) => Math.max(0, (size - 1) * stride[d] + reach(kernel[d], dilation[d])));
  const source = windowOf(
    runtime,
    x,
    padding.map((p) => -p),
    read,
  );
  const result = viewBy(out, [...split(out, 0, groups), dimOf(out, 1), ...spatialDims(out, kernel)]);
  const grads = viewBy(g, [...split(g, 1, groups), dimOf(g, 0), ...spatialDims(g, sizes)]);
  const [group, channel] = split(source, 1, groups);
  const windows = viewBy(source, [
    group,
    dimOf(source, 0),
    ...spatialDims(source, sizes, stride),
    channel,
    ...spatialDims(source, kernel, dilation),
  ]);
  runtime.matmul(result, grads, windows, { batch: 1, m: 1, n: n + 1, k: n + 1 });
}

/** Rows by op name. */
export const conv: { readonly [K in keyof ConvOps]: OpSpec<ConvOps[K]> } = {
  convolution: new OpSpec<ConvOps['convolution']>({
    name: 'convolution',
    infer: inferConvolution,
    kernel: runConvolution,
  }),
  convolutionTranspose: new OpSpec<ConvOps['convolutionTranspose']>({
    name: 'convolutionTranspose',
    infer: inferTranspose,
    kernel: runTranspose,
  }),
  convolutionWeight: new OpSpec<ConvOps['convolutionWeight']>({
    name: 'convolutionWeight',
    infer: inferWeight,
    kernel: runWeight,
  }),
};
