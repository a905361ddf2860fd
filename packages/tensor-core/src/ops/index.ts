/** Ops that read and write elements at computed positions, and order them. Duplicates accumulate in index order; the last write wins. */
import type { Runtime, ScatterMode, TensorView } from '../backend.ts';
import { allocate, copyInto, dispatch } from '../dispatch.ts';
import { ArgumentError, DTypeError, IndexError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { broadcastShapes, formatShape, numel, type Shape, sameShape } from '../shape.ts';
import { type Operand, OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { broadcastView, pointwise, requireTensor } from './build.ts';
import { create } from './create.ts';
import { type DimAttrs, movement } from './movement.ts';

/** Attributes of `topk`. */
export interface TopkAttrs {
  readonly k: number;
  readonly dim: number;
  readonly largest: boolean;
}

/** Attributes of `sort`. */
export interface SortAttrs {
  readonly dim: number;
  readonly descending: boolean;
}

/** How `scatterReduce` combines: the mean is made of a sum and a count. */
export type ScatterReduction = 'sum' | 'prod' | 'amax' | 'amin';

/** Attributes of `scatterReduce`. */
export interface ScatterReduceAttrs extends DimAttrs {
  readonly reduce: ScatterReduction;
  /** Whether what is there takes part where an index points. */
  readonly includeSelf: boolean;
}

export interface IndexOps {
  gather: Sig<[Tensor, Tensor], DimAttrs>;
  scatter: Sig<[Tensor, Tensor, Operand], DimAttrs>;
  scatterAdd: Sig<[Tensor, Tensor, Tensor], DimAttrs>;
  scatterReduce: Sig<[Tensor, Tensor, Tensor], ScatterReduceAttrs>;
  indexSelect: Sig<[Tensor, Tensor], DimAttrs>;
  indexAdd: Sig<[Tensor, Tensor, Tensor], DimAttrs>;
  indexCopy: Sig<[Tensor, Tensor, Tensor], DimAttrs>;
  indexFill: Sig<[Tensor, Tensor, Operand], DimAttrs>;
  linearIndex: Sig<readonly Tensor[], { readonly sizes: readonly number[] }>;
  index: Sig<readonly [Tensor, ...(Tensor | null)[]]>;
  indexPut: Sig<readonly [Tensor, Tensor | number, ...(Tensor | null)[]], { readonly accumulate: boolean }>;
  take: Sig<[Tensor, Tensor]>;
  maskedScatter: Sig<[Tensor, Tensor, Tensor]>;
  uniqueRows: Sig<[Tensor, Tensor]>;
  sort: Sig<[Tensor], SortAttrs, readonly [Tensor, Tensor]>;
  topk: Sig<[Tensor], TopkAttrs, readonly [Tensor, Tensor]>;
  searchsorted: Sig<[Tensor, Tensor], { readonly right: boolean }>;
  oneHot: Sig<[Tensor], { readonly numClasses: number }>;
  embedding: Sig<[Tensor, Tensor], { readonly paddingIdx: number | null }>;
  /** Gradient and indices to the gradient of a table of so many `rows`. */
  embeddingBackward: Sig<[Tensor, Tensor], { readonly rows: number; readonly paddingIdx: number | null }>;
}

/** The rows of `embedding.ts`. */
export type EmbeddingOps = 'oneHot' | 'embedding' | 'embeddingBackward';

export const like = ({ shape, dtype }: TensorMeta, sizes: Shape = shape): TensorMeta => ({ shape: sizes, dtype });

export function checkIndex(name: string, index: unknown, argument: number): asserts index is Tensor {
  requireTensor(name, index, argument);
  if (index.dtype !== 'int64' && index.dtype !== 'int32')
    throw new DTypeError(`${name}(): Expected dtype int64 for index, got ${index.dtype}`);
}

/** A 0-d view as one of shape [1]. */
function atLeast1d({ dtype, shape, strides, offset, storage }: TensorView): TensorView {
  return shape.length > 0
    ? { dtype, shape, strides, offset, storage }
    : { dtype, shape: [1], strides: [1], offset, storage };
}

/** The first `sizes[d]` positions of every dim but `axis`. */
function cropped(view: TensorView, sizes: Shape, axis: number): TensorView {
  return { ...atLeast1d(view), shape: atLeast1d(view).shape.map((size, d) => (d === axis ? size : sizes[d])) };
}

/** The index of each element along `axis`, for a whole view of shape `shape`. */
function spread(index: Tensor, shape: Shape, axis: number): TensorView {
  const stride = index.shape.length === 0 ? 0 : index.strides[0];
  return {
    dtype: index.dtype,
    shape,
    strides: shape.map((_, d) => (d === axis ? stride : 0)),
    offset: index.offset,
    storage: index.storage,
  };
}

/** `value` as a view of `shape`: numbers and 0-d tensors repeat. */
function valueView(x: Tensor, value: Operand, shape: Shape): TensorView {
  if (isTensor(value)) return broadcastView(atLeast1d(value), shape);
  const one = allocate(x.storage.device, x.dtype, []);
  (create.fill.kernel as NonNullable<typeof create.fill.kernel>)(x.storage.device.runtime, [one], [one, value], null);
  return broadcastView(one, shape);
}

/** Starts from the tensor that is scattered into, unless the result is that tensor itself. */
function startFrom(out: TensorView, x: Tensor): void {
  if (out !== (x as TensorView)) copyInto(out as Tensor, x);
}

function checkGather(name: string, x: Tensor, index: Tensor, dim: number): void {
  requireTensor(name, x);
  checkIndex(name, index, 1);
  const [a, b] = [atLeast1d(x).shape, atLeast1d(index).shape];
  if (a.length !== b.length)
    throw new ShapeError(
      `Index tensor must have the same number of dimensions as input tensor, got ${b.length} and ${a.length} in ${name}`,
    );
  if (numel(b) > 0 && b.some((size, d) => d !== dim && size > a[d])) {
    throw new ShapeError(
      `Size does not match at dimension ${b.findIndex((size, d) => d !== dim && size > a[d])} expected index ${formatShape(index.shape)} ` +
        `to be smaller than self ${formatShape(x.shape)} apart from dimension ${dim} in ${name}`,
    );
  }
}

function checkSource(name: string, x: Tensor, index: Tensor, source: Operand): void {
  if (!isTensor(source)) return;
  if (source.dtype !== x.dtype)
    throw new DTypeError(`${name}(): Expected self.dtype to be equal to src.dtype, got ${x.dtype} and ${source.dtype}`);
  if (source.shape.length === 0 && index.shape.length > 0) return;
  if (
    numel(index.shape) > 0 &&
    (source.shape.length !== index.shape.length || index.shape.some((size, d) => size > source.shape[d]))
  ) {
    throw new ShapeError(
      `${name}(): expected index ${formatShape(index.shape)} to be no larger than src ${formatShape(source.shape)}`,
    );
  }
}

function scatterKernel(mode: ScatterMode) {
  return (
    runtime: Runtime,
    [out]: readonly TensorView[],
    [x, index, source]: readonly [Tensor, Tensor, Operand],
    { dim }: DimAttrs,
  ): void => {
    startFrom(out, x);
    if (numel(index.shape) === 0) return;
    const at = atLeast1d(index);
    const whole = isTensor(source) && source.shape.length === at.shape.length;
    const values = whole ? { ...atLeast1d(source), shape: at.shape } : valueView(x, source, at.shape);
    runtime.scatter(mode, cropped(out, at.shape, dim), at, values, dim);
  };
}

const reductionModes: { readonly [R in ScatterReduction]: ScatterMode } = {
  sum: 'add',
  prod: 'multiply',
  amax: 'max',
  amin: 'min',
};

/** Without the tensor's own values, the places start from 0 or 1, or from one of the values that fall there: an extreme takes no harm from seeing it twice. */
function scatterReduceKernel(
  runtime: Runtime,
  [out]: readonly TensorView[],
  [x, index, source]: readonly [Tensor, Tensor, Tensor],
  { dim, reduce, includeSelf }: ScatterReduceAttrs,
): void {
  startFrom(out, x);
  if (numel(index.shape) === 0) return;
  const at = atLeast1d(index);
  const target = cropped(out, at.shape, dim);
  const values = { ...atLeast1d(source), shape: at.shape };
  const neutral = { sum: 0, prod: 1, amax: null, amin: null }[reduce];
  if (!includeSelf)
    runtime.scatter('set', target, at, neutral === null ? values : valueView(x, neutral, at.shape), dim);
  runtime.scatter(reductionModes[reduce], target, at, values, dim);
}

/** index 1-D (or 0-d), source of the shape of x but for `dim`. */
function checkIndexed(name: string, x: Tensor, index: Tensor, source: Operand | undefined, dim: number): void {
  requireTensor(name, x);
  checkIndex(name, index, 1);
  if (index.shape.length > 1)
    throw new ShapeError(`${name}(): Index is supposed to be a vector, got shape ${formatShape(index.shape)}`);
  if (!isTensor(source) || (name === 'indexFill' && source.shape.length === 0)) return;
  if (source.dtype !== x.dtype)
    throw new DTypeError(`${name}(): self (${x.dtype}) and source (${source.dtype}) must have the same dtype`);
  const expected = atLeast1d(x).shape.map((size, d) => (d === dim ? index.numel() : size));
  if (!sameShape(atLeast1d(source).shape, expected)) {
    throw new ShapeError(
      `${name}(): expected a source of shape ${formatShape(expected)} for ${index.numel()} indices along dim ${dim}, got ${formatShape(source.shape)}`,
    );
  }
}

function indexedKernel(mode: ScatterMode) {
  return (
    runtime: Runtime,
    [out]: readonly TensorView[],
    [x, index, source]: readonly [Tensor, Tensor, Operand],
    { dim }: DimAttrs,
  ): void => {
    startFrom(out, x);
    const shape = atLeast1d(out).shape.map((size, d) => (d === dim ? index.numel() : size));
    if (numel(shape) > 0)
      runtime.scatter(mode, atLeast1d(out), spread(index, shape, dim), valueView(x, source, shape), dim);
  };
}

const indexedOp = <S extends Sig<[Tensor, Tensor, Operand], DimAttrs>>(name: string, mode: ScatterMode): OpSpec<S> =>
  new OpSpec<S>({
    name,
    infer([x, index, source], { dim }) {
      checkIndexed(name, x, index, source, dim);
      return like(x);
    },
    kernel: indexedKernel(mode),
    inplace: { writes: [0], how: 'direct', scattered: true },
  });

const scatterOp = <S extends Sig<[Tensor, Tensor, Operand], DimAttrs>>(name: string, mode: ScatterMode): OpSpec<S> =>
  new OpSpec<S>({
    name,
    infer([x, index, source], { dim }) {
      checkGather(name, x, index, dim);
      checkSource(name, x, index, source);
      return like(x);
    },
    kernel: scatterKernel(mode),
    inplace: { writes: [0], how: 'direct', scattered: true },
  });

/** What a list of index tensors selects: which dims, the shape they broadcast to, and where that shape stands in the result. */
interface Selection {
  readonly dims: readonly number[];
  readonly tensors: readonly Tensor[];
  /** The common shape of the index tensors. */
  readonly shape: Shape;
  /** Where the indexed dims stand in the result: in place of the first if they are neighbours, else in front. */
  readonly at: number;
  /** Sizes of the dims that are not indexed. */
  readonly rest: Shape;
  readonly result: Shape;
}

function selection(x: Tensor, indices: readonly (Tensor | null)[]): Selection {
  if (indices.length > x.shape.length)
    throw new IndexError(`too many indices for tensor of dimension ${x.shape.length}: got ${indices.length}`);
  const dims: number[] = [];
  const tensors: Tensor[] = [];
  indices.forEach((index, d) => {
    if (index === null) return;
    requireTensor('index', index, d);
    if (index.dtype !== 'int64' && index.dtype !== 'int32')
      throw new DTypeError(`tensors used as indices must be long, int or bool tensors, got ${index.dtype}`);
    dims.push(d);
    tensors.push(index);
  });
  if (dims.length === 0) throw new ArgumentError('index: at least one index must be a tensor');
  const shape = broadcastIndices(tensors);
  const adjacent = dims.every((d, i) => d === dims[0] + i);
  const at = adjacent ? dims[0] : 0;
  const rest = x.shape.filter((_, d) => !dims.includes(d));
  return { dims, tensors, shape, at, rest, result: [...rest.slice(0, at), ...shape, ...rest.slice(at)] };
}

function broadcastIndices(tensors: readonly Tensor[]): Shape {
  const rank = Math.max(...tensors.map((t) => t.shape.length));
  return Array.from({ length: rank }, (_, d) => {
    const sizes = tensors.map((t) => t.shape[d - rank + t.shape.length] ?? 1).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) {
      throw new IndexError(
        `shape mismatch: indexing tensors could not be broadcast together with shapes ${tensors.map((t) => formatShape(t.shape)).join(', ')}`,
      );
    }
    return sizes[0] ?? 1;
  });
}

/** Runs `read`; where an index was out of range, says which one, if it can be read. */
function explained<T>(x: Tensor, { dims, tensors }: Selection, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof IndexError) || dims.length === 1 || !x.storage.device.runtime.downloadSync) throw error;
    tensors.forEach((index, i) => {
      const size = x.shape[dims[i]];
      const bad = Array.from(index.toTypedArraySync(), Number).find((at) => at < -size || at >= size);
      if (bad !== undefined)
        throw new IndexError(`index ${bad} is out of bounds for dimension ${dims[i]} with size ${size}`);
    });
    throw error;
  }
}

/** `x` with the indexed dims in front, as one. */
function indexedFirst(x: Tensor, { dims, rest }: Selection): Tensor {
  const order = [...dims, ...x.shape.map((_, d) => d).filter((d) => !dims.includes(d))];
  return x.permute(order).reshape([numel(dims.map((d) => x.shape[d])), ...rest]);
}

const linearOf = (x: Tensor, { dims, tensors }: Selection): Tensor =>
  dispatch(index.linearIndex, tensors, { sizes: dims.map((d) => x.shape[d]) }).flatten();

function readAt(x: Tensor, chosen: Selection): Tensor {
  const { dims, shape, at } = chosen;
  const linear = linearOf(x, chosen);
  if (dims.length === 1) return dispatch(index.indexSelect, [x, linear], { dim: dims[0] }).unflatten(dims[0], shape);
  const picked = dispatch(index.indexSelect, [indexedFirst(x, chosen), linear], { dim: 0 }).unflatten(0, shape);
  return at === 0
    ? picked
    : picked.movedim(
        shape.map((_, d) => d),
        shape.map((_, d) => at + d),
      );
}

function writeAt(x: Tensor, value: Tensor | number, chosen: Selection, accumulate: boolean): Tensor {
  const { dims, shape, at, rest, result } = chosen;
  const linear = linearOf(x, chosen);
  const whole = (isTensor(value) ? value : x.newFull([], value)).expand(result);
  const front = shape.map((_, d) => at + d);
  const values = whole
    .permute([...front, ...result.map((_, d) => d).filter((d) => !front.includes(d))])
    .reshape([numel(shape), ...rest]);
  const written = dispatch(accumulate ? index.indexAdd : index.indexCopy, [indexedFirst(x, chosen), linear, values], {
    dim: 0,
  });
  const order = [...dims, ...x.shape.map((_, d) => d).filter((d) => !dims.includes(d))];
  return written
    .unflatten(
      0,
      dims.map((d) => x.shape[d]),
    )
    .permute(order.map((_, d) => order.indexOf(d)));
}

const searchPrograms = new Map<string, e.Program>();

/** Binary search, its steps written out: as many as a row of that length can need. Rows stand along the last dim. */
function searchProgram(x: Tensor, values: Tensor, right: boolean): e.Program {
  const rows = x.shape.length - 1;
  const steps = Math.ceil(Math.log2(x.shape[rows] + 1));
  const key = `${x.dtype}|${values.dtype}|${rows}|${steps}|${right}`;
  const known = searchPrograms.get(key);
  if (known) return known;
  const value = e.cast(e.input(1, values.dtype), x.dtype);
  let low: e.Expr = e.constant(0, 'int32');
  let high: e.Expr = e.param(0, 'int32');
  for (let i = 0; i < steps; i++) {
    const middle = e.div(e.add(low, high), 2);
    const element = e.load(0, x.dtype, [...Array.from({ length: rows }, (_, d) => e.indexOf(d)), middle], 0);
    // written so that a NaN comes after everything, as PyTorch has it
    const before = e.not(right ? e.gt(element, value) : e.ge(element, value));
    const open = e.lt(low, high);
    const [up, down] = [e.bitAnd(open, before), e.bitAnd(open, e.not(before))];
    [low, high] = [e.select(up, e.add(middle, 1), low), e.select(down, middle, high)];
  }
  const program = new e.Program([e.cast(low, 'int64')], [x.dtype, values.dtype], ['int32']);
  searchPrograms.set(key, program);
  return program;
}

/** Rows by op name; those of one-hot vectors and embeddings have their own file. */
export const index: { readonly [K in Exclude<keyof IndexOps, EmbeddingOps>]: OpSpec<IndexOps[K]> } = {
  gather: new OpSpec({
    name: 'gather',
    infer([x, at], { dim }) {
      checkGather('gather', x, at, dim);
      return like(x, at.shape);
    },
    kernel(runtime, [out], [x, at], { dim }) {
      if (numel(at.shape) > 0) runtime.gather(atLeast1d(out), cropped(x, atLeast1d(at).shape, dim), atLeast1d(at), dim);
    },
  }),
  scatter: scatterOp('scatter', 'set'),
  scatterAdd: scatterOp('scatterAdd', 'add'),
  scatterReduce: new OpSpec({
    name: 'scatterReduce',
    infer([x, at, source], { dim }) {
      checkGather('scatterReduce', x, at, dim);
      requireTensor('scatterReduce', source, 2);
      checkSource('scatterReduce', x, at, source);
      return like(x);
    },
    kernel: scatterReduceKernel,
    inplace: { writes: [0], how: 'direct' },
  }),
  indexSelect: new OpSpec({
    name: 'indexSelect',
    infer([x, at], { dim }) {
      checkIndexed('indexSelect', x, at, undefined, dim);
      return like(
        x,
        x.shape.map((size, d) => (d === dim ? at.numel() : size)),
      );
    },
    kernel(runtime, [out], [x, at], { dim }) {
      const to = atLeast1d(out);
      if (numel(to.shape) > 0) runtime.gather(to, atLeast1d(x), spread(at, to.shape, dim), dim);
    },
  }),
  indexAdd: indexedOp('indexAdd', 'add'),
  indexCopy: indexedOp('indexCopy', 'set'),
  indexFill: indexedOp('indexFill', 'set'),
  // negative indices count from the end. Of several dims: the row-major position, -1 where any index is out of range
  linearIndex: pointwise('linearIndex', {
    promote: 'integer',
    formula(indices, sizes) {
      const wrapped = indices.map((at, d) =>
        e.select(e.bitAnd(e.lt(at, 0), e.ge(at, e.neg(sizes[d]))), e.add(at, sizes[d]), at),
      );
      if (wrapped.length === 1) return wrapped[0];
      const inside = wrapped.map((at, d) => e.bitAnd(e.ge(at, 0), e.lt(at, sizes[d]))).reduce((a, b) => e.bitAnd(a, b));
      return e.select(
        inside,
        wrapped.reduce((linear, at, d) => e.add(e.mul(linear, sizes[d]), at)),
        -1,
      );
    },
    params: ({ sizes }) => sizes,
    inplace: false,
  }),
  index: new OpSpec({
    name: 'index',
    infer([x, ...indices]) {
      requireTensor('index', x);
      return like(x, selection(x, indices).result);
    },
    body([x, ...indices]) {
      const chosen = selection(x, indices);
      return explained(x, chosen, () => readAt(x, chosen));
    },
  }),
  indexPut: new OpSpec({
    name: 'indexPut',
    infer([x, value, ...indices]) {
      requireTensor('indexPut', x);
      const { result } = selection(x, indices);
      if (!isTensor(value)) return like(x);
      if (value.dtype !== x.dtype)
        throw new DTypeError(
          `Index put requires the source and destination dtypes match, got ${x.dtype} for the destination and ${value.dtype} for the source.`,
        );
      const lead = result.length - value.shape.length;
      if (lead < 0 || value.shape.some((size, d) => size !== 1 && size !== result[lead + d])) {
        throw new ShapeError(
          `shape mismatch: value tensor of shape ${formatShape(value.shape)} cannot be broadcast to indexing result of shape ${formatShape(result)}`,
        );
      }
      return like(x);
    },
    body([x, value, ...indices], { accumulate }) {
      const chosen = selection(x, indices);
      return explained(x, chosen, () => writeAt(x, value, chosen, accumulate));
    },
    inplace: { writes: [0], how: 'copy' },
  }),
  take: new OpSpec({
    name: 'take',
    infer([x, at]) {
      requireTensor('take', x);
      checkIndex('take', at, 1);
      return like(x, at.shape);
    },
    body([x, at]) {
      const linear = dispatch(index.linearIndex, [at], { sizes: [x.numel()] });
      return dispatch(index.indexSelect, [x.flatten(), linear.flatten()], { dim: 0 }).view(at.shape);
    },
  }),
  // the k-th true element of the mask takes the k-th of the source; a zero in front serves where the mask is false
  maskedScatter: new OpSpec({
    name: 'maskedScatter',
    infer([x, mask, source]) {
      requireTensor('maskedScatter', mask, 1);
      requireTensor('maskedScatter', source, 2);
      if (mask.dtype !== 'bool') throw new DTypeError(`masked_scatter_ only supports boolean masks, got ${mask.dtype}`);
      if (source.dtype !== x.dtype)
        throw new DTypeError(
          `maskedScatter: expected self and source to have same dtypes but got ${x.dtype} and ${source.dtype}`,
        );
      if (!sameShape(broadcastShapes([mask.shape, x.shape], 'maskedScatter'), x.shape))
        throw new ShapeError(
          `maskedScatter: a mask of shape ${formatShape(mask.shape)} can't be expanded to ${formatShape(x.shape)}`,
        );
      return like(x);
    },
    body([x, mask, source]) {
      const where = mask.expand(x.shape);
      const flat = where.flatten();
      const position = flat.cumsum(0).mul(flat);
      const values = dispatch(movement.cat, [source.newZeros([1]), source.flatten()], { dim: 0 });
      return dispatch(index.indexSelect, [values, position], { dim: 0 }).view(x.shape).where(where, x);
    },
    inplace: { writes: [0], how: 'copy' },
  }),
  // the rows of a sorted tensor that `unique` keeps: an op of its own, since PyTorch gives it no derivative
  uniqueRows: new OpSpec({
    name: 'uniqueRows',
    infer: ([sorted, at]) => like(sorted, [at.numel(), ...sorted.shape.slice(1)]),
    body: ([sorted, at]) => dispatch(index.indexSelect, [sorted, at], { dim: 0 }),
  }),
  sort: new OpSpec({
    name: 'sort',
    infer: ([x]) => [like(x), { shape: x.shape, dtype: 'int64' }],
    kernel(runtime, [values, indices], [x], { dim, descending }) {
      if (numel(x.shape) > 0) runtime.sort(atLeast1d(values), atLeast1d(indices), atLeast1d(x), dim, descending);
    },
  }),
  topk: new OpSpec({
    name: 'topk',
    infer([x], { k, dim }) {
      const size = atLeast1d(x).shape[dim];
      if (k > size)
        throw new ArgumentError(`selected index k out of range in topk: k is ${k}, dimension ${dim} has size ${size}`);
      const shape = x.shape.map((n, d) => (d === dim ? k : n));
      return [like(x, shape), { shape, dtype: 'int64' }];
    },
    body([x], { k, dim, largest }) {
      const [values, indices] = dispatch(index.sort, [x], { dim, descending: largest });
      if (x.shape.length === 0) return [values, indices];
      return [values.slice(dim, 0, k).clone(), indices.slice(dim, 0, k).clone()];
    },
  }),
  searchsorted: new OpSpec({
    name: 'searchsorted',
    infer([x, values]) {
      requireTensor('searchsorted', x);
      requireTensor('searchsorted', values, 1);
      const rows = x.shape.slice(0, -1);
      if (x.shape.length === 0)
        throw new ShapeError('searchsorted: boundaries tensor should have at least 1 dimension');
      if (rows.length > 0 && !sameShape(rows, values.shape.slice(0, -1))) {
        throw new ShapeError(
          'searchsorted: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, ' +
            `but we got boundaries tensor ${formatShape(x.shape)} and input value tensor ${formatShape(values.shape)}`,
        );
      }
      if (x.dtype !== values.dtype)
        throw new DTypeError(
          `searchsorted: boundary tensor and input value tensor should have same dtype, got ${x.dtype} and ${values.dtype}`,
        );
      return { shape: values.shape, dtype: 'int64' };
    },
    kernel: (runtime, outs, [x, values], { right }) =>
      runtime.map(outs, [x, values], searchProgram(x, values, right), [x.shape[x.shape.length - 1]]),
  }),
};
