/** Ops that move elements or show them under another shape. Views share the memory of their first input. */
import type { TensorView } from '../backend.ts';
import { copyProgram, dispatch } from '../dispatch.ts';
import { type DType, resultType, scalarTypeName } from '../dtype.ts';
import { ArgumentError, IndexError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { contiguousStrides, formatShape, inferSizes, numel, type Shape, sameShape, viewStrides } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta, type ViewGeometry } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { broadcastView, requireTensor } from './build.ts';

/** Sizes, of which one may be -1 (view, reshape: to be inferred) or any (expand: kept). */
interface SizesAttrs {
  readonly shape: Shape;
}

/** One dim. */
export interface DimAttrs {
  readonly dim: number;
}

/** `x[start:end:step]` along `dim`, as Python counts: negative from the end, clamped; `end` null is the end. */
export interface SliceAttrs {
  readonly dim: number;
  readonly start: number;
  readonly end: number | null;
  readonly step: number;
}

/** Which diagonal (positive above the main one), of which dims. */
export interface DiagonalAttrs {
  readonly offset: number;
  readonly dim1: number;
  readonly dim2: number;
}

/** A view op with its attributes, as data. */
export interface ViewScatterAttrs {
  readonly view: OpSpec;
  readonly attrs: object | null;
}

/** Any window onto the storage; `offset` null is that of the input. `from` is how the input lies in the storage, for the derivative. */
export interface AsStridedAttrs {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number | null;
  readonly from: { readonly strides: readonly number[]; readonly offset: number };
}

export interface MovementMethodOps {
  view: Sig<[Tensor], SizesAttrs>;
  expand: Sig<[Tensor], SizesAttrs>;
  permute: Sig<[Tensor], { readonly dims: readonly number[] }>;
  transpose: Sig<[Tensor], { readonly dim0: number; readonly dim1: number }>;
  t: Sig<[Tensor]>;
  squeeze: Sig<[Tensor], { readonly dims: readonly number[] | null }>;
  unsqueeze: Sig<[Tensor], DimAttrs>;
  unflatten: Sig<[Tensor], { readonly dim: number; readonly shape: Shape }>;
  slice: Sig<[Tensor], SliceAttrs>;
  select: Sig<[Tensor], { readonly dim: number; readonly index: number }>;
  diagonal: Sig<[Tensor], DiagonalAttrs>;
  unfold: Sig<[Tensor], { readonly dim: number; readonly size: number; readonly step: number }>;
  asStrided: Sig<[Tensor], AsStridedAttrs>;
  detach: Sig<[Tensor]>;
  data: Sig<[Tensor]>;
  reshape: Sig<[Tensor], SizesAttrs>;
  flatten: Sig<[Tensor], { readonly startDim: number; readonly endDim: number }>;
  viewAs: Sig<[Tensor, Tensor]>;
  reshapeAs: Sig<[Tensor, Tensor]>;
  expandAs: Sig<[Tensor, Tensor]>;
  clone: Sig<[Tensor]>;
  copy: Sig<[Tensor, Tensor]>;
  viewScatter: Sig<[Tensor, Tensor], ViewScatterAttrs>;
  flip: Sig<[Tensor], { readonly dims: readonly number[] }>;
  roll: Sig<[Tensor], { readonly shift: number; readonly dim: number }>;
  tril: Sig<[Tensor], { readonly diagonal: number }>;
  triu: Sig<[Tensor], { readonly diagonal: number }>;
  diag: Sig<[Tensor], { readonly diagonal: number }>;
  diagEmbed: Sig<[Tensor], DiagonalAttrs>;
  repeat: Sig<[Tensor], { readonly repeats: readonly number[] }>;
  repeatInterleave: Sig<[Tensor], { readonly repeats: number; readonly dim: number }>;
  cat: Sig<readonly Tensor[], DimAttrs>;
}

/** How a changed tensor is seen as it was; see `InPlace`. */
type Undo<A> = (shape: Shape, attrs: A) => { readonly spec: OpSpec; readonly attrs: object | null };

/** A row of a view op: its shape inference is its geometry. With `undo` it has an in-place form. */
function viewOp<A extends object | null>(
  name: string,
  view: (x: Tensor, attrs: A) => ViewGeometry,
  { detaches, undo }: { detaches?: 'shared' | 'fresh'; undo?: Undo<A> } = {},
): OpSpec<Sig<[Tensor], A>> {
  return new OpSpec<Sig<[Tensor], A>>({
    name,
    infer([x], attrs) {
      requireTensor(name, x);
      return { shape: view(x, attrs).shape, dtype: x.dtype };
    },
    view(x, attrs) {
      requireTensor(name, x);
      return view(x, attrs);
    },
    detaches,
    inplace: undo && { writes: [0], how: 'view', undo },
  });
}

const like = ({ shape, dtype }: TensorMeta, sizes: Shape = shape): TensorMeta => ({ shape: sizes, dtype });

/** `list` with `count` items from `at` on replaced. */
export function spliced(list: readonly number[], at: number, count: number, ...items: number[]): number[] {
  const result = list.slice();
  result.splice(at, count, ...items);
  return result;
}

function viewGeometry(x: Tensor, sizes: Shape): ViewGeometry {
  const shape = inferSizes(sizes, x.numel(), 'view');
  const strides = viewStrides(x.shape, x.strides, shape);
  if (!strides) {
    throw new ShapeError(
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). " +
        `Use .reshape(...) instead. The tensor has shape ${formatShape(x.shape)} and strides ${formatShape(x.strides)}, asked for ${formatShape(shape)}`,
    );
  }
  return { shape, strides, offset: x.offset };
}

function expandGeometry(x: Tensor, sizes: Shape): ViewGeometry {
  const lead = sizes.length - x.shape.length;
  if (lead < 0) {
    throw new ShapeError(
      `expand(torch.${scalarTypeName[x.dtype]}Tensor{${formatShape(x.shape)}}, size=${formatShape(sizes)}): the number of sizes provided (${sizes.length}) ` +
        `must be greater or equal to the number of dimensions in the tensor (${x.shape.length})`,
    );
  }
  const shape = sizes.map((size, d) => {
    if (size !== -1) return size;
    if (d < lead)
      throw new ShapeError(
        `The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${d}`,
      );
    return x.shape[d - lead];
  });
  const strides = shape.map((size, d) => {
    if (d < lead) return 0;
    const own = x.shape[d - lead];
    if (own === size) return x.strides[d - lead];
    if (own === 1) return 0;
    throw new ShapeError(
      `The expanded size of the tensor (${size}) must match the existing size (${own}) at non-singleton dimension ${d}.  ` +
        `Target sizes: ${formatShape(sizes)}.  Tensor sizes: ${formatShape(x.shape)}`,
    );
  });
  return { shape, strides, offset: x.offset };
}

function permuteGeometry(x: Tensor, dims: readonly number[]): ViewGeometry {
  return { shape: dims.map((d) => x.shape[d]), strides: dims.map((d) => x.strides[d]), offset: x.offset };
}

function transposeGeometry(x: Tensor, dim0: number, dim1: number): ViewGeometry {
  const dims = x.shape.map((_, d) => (d === dim0 ? dim1 : d === dim1 ? dim0 : d));
  return permuteGeometry(x, dims);
}

/** The first element and the number of elements of a slice, clamped as Python does. */
export function sliceRange(
  size: number,
  { start, end, step }: Omit<SliceAttrs, 'dim'>,
): { first: number; length: number } {
  const clamp = (i: number): number => Math.min(Math.max(i < 0 ? i + size : i, 0), size);
  const first = clamp(start);
  const last = Math.max(end === null ? size : clamp(end), first);
  return { first, length: Math.ceil((last - first) / step) };
}

function sliceGeometry(x: Tensor, attrs: SliceAttrs): ViewGeometry {
  const { dim, step } = attrs;
  const { first, length } = sliceRange(x.shape[dim], attrs);
  return {
    shape: spliced(x.shape, dim, 1, length),
    strides: spliced(x.strides, dim, 1, x.strides[dim] * step),
    offset: x.offset + first * x.strides[dim],
  };
}

function selectGeometry(x: Tensor, dim: number, index: number): ViewGeometry {
  const size = x.shape[dim];
  if (index < -size || index >= size) {
    throw new IndexError(
      `select(): index ${index} out of range for tensor of size ${formatShape(x.shape)} at dimension ${dim}`,
    );
  }
  const at = index < 0 ? index + size : index;
  return {
    shape: spliced(x.shape, dim, 1),
    strides: spliced(x.strides, dim, 1),
    offset: x.offset + at * x.strides[dim],
  };
}

function diagonalGeometry(x: Tensor, offset: number, dim1: number, dim2: number): ViewGeometry {
  const length = Math.max(
    0,
    offset >= 0 ? Math.min(x.shape[dim1], x.shape[dim2] - offset) : Math.min(x.shape[dim1] + offset, x.shape[dim2]),
  );
  const skip = length === 0 ? 0 : offset >= 0 ? offset * x.strides[dim2] : -offset * x.strides[dim1];
  const rest = (list: readonly number[]): number[] => list.filter((_, d) => d !== dim1 && d !== dim2);
  return {
    shape: [...rest(x.shape), length],
    strides: [...rest(x.strides), x.strides[dim1] + x.strides[dim2]],
    offset: x.offset + skip,
  };
}

function unfoldGeometry(x: Tensor, dim: number, size: number, step: number): ViewGeometry {
  const length = x.shape.length === 0 ? 1 : x.shape[dim];
  const stride = x.shape.length === 0 ? 1 : x.strides[dim];
  if (size > length)
    throw new ShapeError(`maximum size for tensor at dimension ${dim} is ${length} but size is ${size}`);
  if (x.shape.length === 0) return { shape: [size], strides: [1], offset: x.offset };
  return {
    shape: [...spliced(x.shape, dim, 1, Math.floor((length - size) / step) + 1), size],
    strides: [...spliced(x.strides, dim, 1, stride * step), stride],
    offset: x.offset,
  };
}

function asStridedGeometry(x: Tensor, shape: Shape, strides: readonly number[], offset: number): ViewGeometry {
  const reach = numel(shape) === 0 ? 0 : shape.reduce((last, size, d) => last + (size - 1) * strides[d], offset) + 1;
  if (reach > x.storage.length) {
    throw new ShapeError(
      `asStrided: sizes ${formatShape(shape)}, strides ${formatShape(strides)}, storage offset ${offset} require ${reach} elements, ` +
        `the storage has ${x.storage.length}`,
    );
  }
  return { shape, strides, offset };
}

const sameGeometry = ({ shape, strides, offset }: Tensor): ViewGeometry => ({ shape, strides, offset });

/** The part of `view` from `start` on along `dim`. */
function narrowView(view: TensorView, dim: number, start: number, length: number): TensorView {
  const { dtype, storage, strides } = view;
  return {
    dtype,
    storage,
    strides,
    shape: spliced(view.shape, dim, 1, length),
    offset: view.offset + start * strides[dim],
  };
}

function copyView(runtime: Parameters<NonNullable<OpSpec['kernel']>>[0], out: TensorView, source: TensorView): void {
  runtime.map([out], [source], copyProgram(source.dtype, out.dtype), []);
}

/** `shape` must broadcast to `target` without changing it. */
function checkExpands(name: string, shape: Shape, target: Shape): void {
  const lead = target.length - shape.length;
  if (lead < 0 || shape.some((size, d) => size !== 1 && size !== target[d + lead])) {
    throw new ShapeError(
      `${name}: a tensor of shape ${formatShape(shape)} can't be broadcast to shape ${formatShape(target)}`,
    );
  }
}

const flipPrograms = new Map<string, e.Program>();

/** Reads the input from the far end of `dims`; parameters are the last positions. */
function flipProgram(dtype: DType, rank: number, dims: readonly number[]): e.Program {
  const key = `${dtype}|${rank}|${dims.join()}`;
  const known = flipPrograms.get(key);
  if (known) return known;
  const at = Array.from({ length: rank }, (_, d) => {
    const k = dims.indexOf(d);
    return k < 0 ? e.indexOf(d) : e.sub(e.param(k, 'int32'), e.indexOf(d));
  });
  const program = new e.Program(
    [e.load(0, dtype, at, 0)],
    [dtype],
    dims.map(() => 'int32' as const),
  );
  flipPrograms.set(key, program);
  return program;
}

/** One side of a diagonal of the last two dims; the rest is 0. */
function triangle(name: 'tril' | 'triu'): OpSpec<Sig<[Tensor], { readonly diagonal: number }>> {
  const programs = new Map<string, e.Program>();
  return new OpSpec<Sig<[Tensor], { readonly diagonal: number }>>({
    name,
    infer([x]) {
      requireTensor(name, x);
      if (x.shape.length < 2)
        throw new ShapeError(
          `${name}: input tensor must have at least 2 dimensions, got shape ${formatShape(x.shape)}`,
        );
      return like(x);
    },
    kernel(runtime, outs, [x], { diagonal }) {
      const rank = x.shape.length;
      const key = `${x.dtype}|${rank}`;
      let program = programs.get(key);
      if (!program) {
        const distance = e.sub(e.indexOf(rank - 1), e.indexOf(rank - 2));
        const kept = e.compare(name === 'tril' ? 'le' : 'ge', distance, e.param(0, 'int32'));
        program = new e.Program([e.select(kept, e.input(0, x.dtype), 0)], [x.dtype], ['int32']);
        programs.set(key, program);
      }
      runtime.map(outs, [x], program, [diagonal]);
    },
    inplace: { writes: [0], how: 'direct' },
  });
}

/** Tensors of shape [0] are passed over, as PyTorch does for its oldest programs. */
const isLegacyEmpty = ({ shape }: TensorMeta): boolean => shape.length === 1 && shape[0] === 0;

function catMeta(tensors: readonly Tensor[], dim: number): TensorMeta {
  for (const [i, x] of tensors.entries()) requireTensor('cat', x, i);
  if (tensors.length === 0) throw new ArgumentError('cat: expected a non-empty list of Tensors');
  const dtype = resultType(tensors);
  const first = tensors.find((x) => !isLegacyEmpty(x)) ?? tensors[0];
  let total = 0;
  tensors.forEach((x, i) => {
    if (x.shape.length === 0)
      throw new ShapeError(`cat: zero-dimensional tensor (at position ${i}) cannot be concatenated`);
    if (isLegacyEmpty(x)) return;
    if (x.shape.length !== first.shape.length) {
      throw new ShapeError(
        `Tensors must have same number of dimensions: got ${first.shape.length} and ${x.shape.length} in cat`,
      );
    }
    x.shape.forEach((size, d) => {
      if (d === dim || size === first.shape[d]) return;
      throw new ShapeError(
        `Sizes of tensors must match except in dimension ${dim}. Expected size ${first.shape[d]} but got size ${size} ` +
          `for tensor number ${i} in the list. cat was given ${formatShape(first.shape)} and ${formatShape(x.shape)}.`,
      );
    });
    total += x.shape[dim];
  });
  return { shape: spliced(first.shape, dim, 1, total), dtype };
}

function flattenedShape(shape: Shape, startDim: number, endDim: number): Shape {
  if (shape.length === 0) return [1];
  return spliced(shape, startDim, endDim - startDim + 1, numel(shape.slice(startDim, endDim + 1)));
}

/** The shape of a tensor whose diagonal `shape` is: its last dim lies along `dim1` and `dim2`. */
function embeddedShape(shape: Shape, { offset, dim1, dim2 }: DiagonalAttrs): number[] {
  const n = shape[shape.length - 1] + Math.abs(offset);
  const [low, high] = [Math.min(dim1, dim2), Math.max(dim1, dim2)];
  return spliced(spliced(shape.slice(0, -1), low, 0, n), high, 0, n);
}

function repeatedShape(shape: Shape, repeats: readonly number[]): number[] {
  const lead = repeats.length - shape.length;
  if (lead < 0)
    throw new ShapeError('Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor');
  return repeats.map((n, d) => n * (d < lead ? 1 : shape[d - lead]));
}

/** Rows by op name. */
export const movement: { readonly [K in keyof MovementMethodOps]: OpSpec<MovementMethodOps[K]> } = {
  view: viewOp('view', (x, { shape }) => viewGeometry(x, shape)),
  expand: viewOp('expand', (x, { shape }) => expandGeometry(x, shape)),
  permute: viewOp('permute', (x, { dims }) => permuteGeometry(x, dims)),
  transpose: viewOp('transpose', (x, { dim0, dim1 }) => transposeGeometry(x, dim0, dim1), {
    undo: (_, attrs) => ({ spec: movement.transpose, attrs }),
  }),
  t: viewOp(
    't',
    (x) => {
      if (x.shape.length > 2)
        throw new ShapeError(`t() expects a tensor with <= 2 dimensions, but self is ${x.shape.length}D`);
      return x.shape.length < 2 ? sameGeometry(x) : transposeGeometry(x, 0, 1);
    },
    { undo: () => ({ spec: movement.t, attrs: null }) },
  ),
  squeeze: viewOp(
    'squeeze',
    (x, { dims }) => {
      const kept = x.shape.map((_, d) => d).filter((d) => x.shape[d] !== 1 || (dims !== null && !dims.includes(d)));
      return permuteGeometry(x, kept);
    },
    { undo: (shape) => ({ spec: movement.view, attrs: { shape } }) },
  ),
  unsqueeze: viewOp(
    'unsqueeze',
    (x, { dim }) => {
      const stride = dim < x.shape.length ? x.shape[dim] * x.strides[dim] : 1;
      return { shape: spliced(x.shape, dim, 0, 1), strides: spliced(x.strides, dim, 0, stride), offset: x.offset };
    },
    { undo: (_, { dim }) => ({ spec: movement.squeeze, attrs: { dims: [dim] } }) },
  ),
  unflatten: viewOp('unflatten', (x, { dim, shape }) => {
    const sizes = inferSizes(shape, x.shape[dim], 'unflatten');
    const strides = contiguousStrides(sizes).map((stride) => stride * x.strides[dim]);
    return {
      shape: spliced(x.shape, dim, 1, ...sizes),
      strides: spliced(x.strides, dim, 1, ...strides),
      offset: x.offset,
    };
  }),
  slice: viewOp('slice', sliceGeometry),
  select: viewOp('select', (x, { dim, index }) => selectGeometry(x, dim, index)),
  diagonal: viewOp('diagonal', (x, { offset, dim1, dim2 }) => diagonalGeometry(x, offset, dim1, dim2)),
  unfold: viewOp('unfold', (x, { dim, size, step }) => unfoldGeometry(x, dim, size, step)),
  asStrided: viewOp('asStrided', (x, { shape, strides, offset }) =>
    asStridedGeometry(x, shape, strides, offset ?? x.offset),
  ),
  detach: viewOp('detach', sameGeometry, { detaches: 'shared' }),
  data: viewOp('data', sameGeometry, { detaches: 'fresh' }),

  reshape: new OpSpec({
    name: 'reshape',
    infer: ([x], { shape }) => like(x, inferSizes(shape, x.numel(), 'reshape')),
    body: ([x], { shape }) => {
      const sizes = inferSizes(shape, x.numel(), 'reshape');
      return (viewStrides(x.shape, x.strides, sizes) ? x : x.clone()).view(shape);
    },
  }),
  flatten: new OpSpec({
    name: 'flatten',
    infer: ([x], { startDim, endDim }) => like(x, flattenedShape(x.shape, startDim, endDim)),
    body: ([x], { startDim, endDim }) => x.reshape(flattenedShape(x.shape, startDim, endDim)),
  }),
  viewAs: new OpSpec({
    name: 'viewAs',
    infer([x, y]) {
      requireTensor('viewAs', y, 1);
      return like(x, viewGeometry(x, y.shape).shape);
    },
    body: ([x, y]) => x.view(y.shape),
  }),
  reshapeAs: new OpSpec({
    name: 'reshapeAs',
    infer([x, y]) {
      requireTensor('reshapeAs', y, 1);
      return like(x, inferSizes(y.shape, x.numel(), 'reshapeAs'));
    },
    body: ([x, y]) => x.reshape(y.shape),
  }),
  expandAs: new OpSpec({
    name: 'expandAs',
    infer([x, y]) {
      requireTensor('expandAs', y, 1);
      return like(x, expandGeometry(x, y.shape).shape);
    },
    body: ([x, y]) => x.expand(y.shape),
  }),

  clone: new OpSpec({
    name: 'clone',
    infer: ([x]) => like(x),
    kernel: (runtime, [out], [x]) => copyView(runtime, out, x),
  }),
  copy: new OpSpec({
    name: 'copy',
    infer([x, source]) {
      requireTensor('copy', x);
      requireTensor('copy', source, 1);
      checkExpands('copy', source.shape, x.shape);
      return like(x);
    },
    kernel: (runtime, [out], [, source]) => copyView(runtime, out, broadcastView(source, out.shape)),
    inplace: { writes: [0], how: 'direct' },
  }),
  viewScatter: new OpSpec({
    name: 'viewScatter',
    infer([base, value], { view, attrs }) {
      const { shape } = (view.view as NonNullable<OpSpec['view']>)(base, attrs);
      if (!sameShape(shape, value.shape)) {
        throw new ShapeError(
          `viewScatter: the view '${view.name}' has shape ${formatShape(shape)}, the value ${formatShape(value.shape)}`,
        );
      }
      return like(base);
    },
    kernel(runtime, [out], [base, value], { view, attrs }) {
      copyView(runtime, out, base);
      // a view op reads the geometry of its input only, and the result has it
      const geometry = (view.view as NonNullable<OpSpec['view']>)(out as Tensor, attrs);
      copyView(runtime, { dtype: out.dtype, storage: out.storage, ...geometry }, value);
    },
  }),

  flip: new OpSpec({
    name: 'flip',
    infer: ([x]) => like(x),
    kernel(runtime, outs, [x], { dims }) {
      runtime.map(
        outs,
        [x],
        flipProgram(x.dtype, x.shape.length, dims),
        dims.map((d) => x.shape[d] - 1),
      );
    },
  }),
  // the last `shift` elements come first
  roll: new OpSpec({
    name: 'roll',
    infer: ([x]) => like(x),
    body([x], { shift, dim }) {
      const size = x.shape[dim];
      const start = size === 0 ? 0 : (((size - shift) % size) + size) % size;
      if (start === 0) return x.clone();
      return dispatch(movement.cat, [x.slice(dim, start), x.slice(dim, 0, start)], { dim });
    },
  }),
  tril: triangle('tril'),
  triu: triangle('triu'),
  diag: new OpSpec({
    name: 'diag',
    infer([x], { diagonal }) {
      if (x.shape.length === 1) return like(x, [x.shape[0] + Math.abs(diagonal), x.shape[0] + Math.abs(diagonal)]);
      if (x.shape.length === 2) return like(x, diagonalGeometry(x, diagonal, 0, 1).shape);
      throw new ShapeError(`diag: matrix or a vector expected, got shape ${formatShape(x.shape)}`);
    },
    body([x], { diagonal }) {
      if (x.shape.length === 2) return x.diagonal({ offset: diagonal }).clone();
      const n = x.shape[0] + Math.abs(diagonal);
      const attrs = { offset: diagonal, dim1: 0, dim2: 1 };
      return dispatch(movement.viewScatter, [x.newZeros([n, n]), x], { view: movement.diagonal, attrs });
    },
  }),
  diagEmbed: new OpSpec({
    name: 'diagEmbed',
    infer: ([x], attrs) => like(x, embeddedShape(x.shape, attrs)),
    body: ([x], attrs) =>
      dispatch(movement.viewScatter, [x.newZeros(embeddedShape(x.shape, attrs)), x], {
        view: movement.diagonal,
        attrs,
      }),
  }),
  repeat: new OpSpec({
    name: 'repeat',
    infer: ([x], { repeats }) => like(x, repeatedShape(x.shape, repeats)),
    body([x], { repeats }) {
      const shape = repeatedShape(x.shape, repeats);
      const padded = x.reshape([...repeats.slice(x.shape.length).map(() => 1), ...x.shape]);
      const paired = padded.reshape(padded.shape.flatMap((size) => [1, size]));
      return paired
        .expand(padded.shape.flatMap((size, d) => [repeats[d], size]))
        .clone()
        .view(shape);
    },
  }),
  repeatInterleave: new OpSpec({
    name: 'repeatInterleave',
    infer: ([x], { repeats, dim }) => like(x, spliced(x.shape, dim, 1, x.shape[dim] * repeats)),
    body([x], { repeats, dim }) {
      const expanded = x.unsqueeze(dim + 1).expand(spliced(x.shape, dim + 1, 0, repeats));
      return expanded.clone().view(spliced(x.shape, dim, 1, x.shape[dim] * repeats));
    },
  }),
  cat: new OpSpec({
    name: 'cat',
    infer: (tensors, { dim }) => catMeta(tensors, dim),
    kernel(runtime, [out], tensors, { dim }) {
      let at = 0;
      for (const x of tensors) {
        if (isLegacyEmpty(x)) continue;
        copyView(runtime, narrowView(out, dim, at, x.shape[dim]), x);
        at += x.shape[dim];
      }
    },
  }),
};
