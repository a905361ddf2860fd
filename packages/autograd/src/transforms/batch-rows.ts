/** How each builtin op takes a batch. `batching.ts` has the legend; a row that is missing does not compile. */
import {
  type ActivationOps,
  type AnySig,
  ArgumentError,
  type AttentionOps,
  activationOps,
  type BuiltinOps,
  builtinOps,
  type ConvOps,
  type CreateOps,
  type DecompositionOps,
  dispatch,
  type ElementwiseOps,
  type IndexOps,
  isTensor,
  type LinalgOps,
  type LossOps,
  type MovementOps,
  type NormOps,
  numel,
  type Operand,
  type OptimOps,
  type Outputs,
  type PadAttrs,
  type PoolOps,
  pointwiseOps,
  type RandomOps,
  type ReduceOps,
  type Shape,
  type SoftmaxOps,
  type SpatialOps,
  type Tensor,
} from '@tenfold/tensor-core';
import {
  alongDim,
  atLeast1d,
  type BatchCall,
  type BatchRow,
  type BatchRows,
  batchRowOf,
  body,
  installBatchRows,
  loop,
  nullary,
  pointwise,
  rewrite,
  same,
  withAttrs,
} from './batching.ts';

const shifted = (dims: readonly number[]): number[] => dims.map((d) => d + 1);
const positionsOf = (shape: Shape): number[] => shape.map((_, d) => d);

/** A reduction over `attrs.dims`; that of a 0-d sample is over its one element. */
const overDims = <A extends { readonly dims: readonly number[] }>(): BatchRow<{
  inputs: readonly [Tensor];
  attrs: A;
  outputs: Tensor;
}> =>
  rewrite((c) => {
    const dims = c.shape(0).length === 0 ? [1] : shifted(c.attrs.dims);
    return c.run([atLeast1d(c, 0)], { ...c.attrs, dims });
  });

/** The position of an extreme; without a dim, that in the flattened sample. */
const argExtreme = rewrite<BuiltinOps['argmax']>((c) => {
  const { dim } = c.attrs;
  if (dim !== null) return c.run([atLeast1d(c, 0)], { ...c.attrs, dim: dim + 1 });
  return c.run([c.tensor(0).reshape([c.size, numel(c.shape(0))])], { dim: 1, keepdim: false });
});

/** Every tensor with the batch in front, where the op wants all of one shape. */
const allBatched = (c: BatchCall): Outputs =>
  c.run(Array.from({ length: c.count }, (_, i) => (c.isTensor(i) ? c.tensor(i) : c.raw(i))));

/** Tensor `i` with the batch and its first `lead` dims as one. */
function merged(c: BatchCall, i: number, lead: number): Tensor {
  const shape = c.shape(i);
  return c.tensor(i).reshape([c.size * numel(shape.slice(0, lead)), ...shape.slice(lead)]);
}

/** An op on a batch of its own: that of the samples joins it. `kept` dims at the end are one element of its batch. */
const inBatch = <S extends AnySig>(kept: number): BatchRow<S> =>
  rewrite((c) => c.run([merged(c, 0, c.shape(0).length - kept)]));

/** Constant padding counts dims from the last; other modes want images: a batch, one channel and the padded dims. */
const padded = <
  S extends { inputs: readonly [Tensor]; attrs: Omit<PadAttrs, 'value'>; outputs: Tensor },
>(): BatchRow<S> =>
  rewrite((c) => {
    const { mode, padding } = c.attrs;
    if (mode === 'constant') return c.run([c.tensor(0)]);
    const lead = c.shape(0).length - padding.length / 2;
    return c.run([merged(c, 0, lead).unsqueeze(1)]);
  });

/** `[B, N, C, …]` as `[N, B · C, …]`: the channels of all samples, for as many groups. */
function amongChannels(c: BatchCall, i: number): Tensor {
  const [n, channels, ...rest] = c.shape(i);
  return c
    .tensor(i)
    .movedim(0, 1)
    .reshape([n, c.size * channels, ...rest]);
}

/** One convolution: samples join the batch where they share the weight, and are groups where each has its own. */
const convolved = rewrite<ConvOps['convolution']>((call) => {
  const c = call as BatchCall;
  if (c.size === 0) return (c.raw(0) as Tensor).newZeros([0, ...c.out()]);
  if (!c.isBatched(1) && !c.isBatched(2)) return c.run([merged(c, 0, 1), c.raw(1), c.raw(2)]);
  const { attrs } = call;
  const bias = c.isTensor(2) ? merged(c, 2, 1) : null;
  const inputs = [amongChannels(c, 0), merged(c, 1, 1), bias];
  const out = c.run(inputs, { ...attrs, groups: attrs.groups * c.size }) as Tensor;
  const [n, channels, ...rest] = c.out();
  return out.reshape([n, c.size, channels, ...rest]).movedim(1, 0);
});

/** Tensor `i` with the batch in front, and dims of size 1 between it and its own until these are `rank`. */
const alignedBatch = (c: BatchCall, i: number, rank: number): Operand => {
  if (!c.isTensor(i)) return c.raw(i);
  const own = c.shape(i);
  return c.tensor(i).reshape([c.size, ...new Array<number>(rank - own.length).fill(1), ...own]);
};

/** The most dims of the inputs from `first` to `last`. */
const rankOf = (c: BatchCall, first: number, last: number): number =>
  Math.max(...Array.from({ length: last - first + 1 }, (_, k) => c.shape(first + k).length));

const attention: BatchRows<AttentionOps> = {
  // batches of queries, keys, values and masks broadcast; the scores are per sample wherever anything is
  scaledDotProductAttention: rewrite((call) => {
    const c = call as BatchCall;
    const rank = rankOf(c, 0, 3);
    const scored = c.isBatched(0) || c.isBatched(1);
    return c.run([scored ? c.aligned(0, rank) : alignedBatch(c, 0, rank), ...[1, 2, 3].map((i) => c.aligned(i, rank))]);
  }),
  // every operand per sample, as its gradient is
  scaledDotProductAttentionBackward: rewrite((call) => {
    const c = call as BatchCall;
    const rank = rankOf(c, 2, 5);
    return c.run([0, 1, 2, 3, 4, 5, 6, 7].map((i) => alignedBatch(c, i, i === 1 || i === 7 ? rank - 1 : rank)));
  }),
};

/** A normalisation of `x`. Weights that each sample has for itself are applied after it, where `beside` puts them. */
function normalised(c: BatchCall, x: Tensor, beside: (c: BatchCall, i: number) => Tensor): Outputs {
  const rest = Array.from({ length: c.count - 1 }, (_, k) => k + 1);
  if (rest.every((i) => !c.isBatched(i))) return c.run([x, ...rest.map((i) => c.raw(i))]);
  const [normed, ...statistics] = c.run([x, ...rest.map(() => null)]) as readonly Tensor[];
  const y = normed.reshape([c.size, ...c.shape(0)]);
  const scaled = c.isTensor(1) ? y.mul(beside(c, 1)) : y;
  const shifted = c.isTensor(2) ? scaled.add(beside(c, 2)) : scaled;
  return [shifted.dtype === y.dtype ? shifted : shifted.to(y.dtype), ...statistics];
}

const besideTrailing = (c: BatchCall, i: number): Tensor => c.aligned(i, c.shape(0).length) as Tensor;

/** `[B, C]` or `[C]` beside `[B, N, C, …]`. */
const besideChannels = (c: BatchCall, i: number): Tensor => {
  const ones = new Array<number>(c.shape(0).length - 2).fill(1);
  const channels = c.shape(i)[0];
  return (c.raw(i) as Tensor).reshape([...(c.isBatched(i) ? [c.size, 1] : []), channels, ...ones]);
};

const norm: BatchRows<NormOps> = {
  layerNorm: rewrite((c) => normalised(c as BatchCall, c.tensor(0), besideTrailing)),
  layerNormBackward: body,
  // samples join those of the batch
  groupNorm: rewrite((c) => normalised(c as BatchCall, merged(c as BatchCall, 0, 1), besideChannels)),
  groupNormBackward: body,
  batchNorm: body,
  batchNormInference: body,
  batchNormBackward: body,
  rmsNorm: rewrite((c) => normalised(c as BatchCall, c.tensor(0), besideTrailing)),
  rmsNormBackward: body,
};

const conv: BatchRows<ConvOps> = {
  convolution: convolved,
  convolutionTranspose: convolved,
  convolutionWeight: rewrite((call) => {
    const c = call as BatchCall;
    if (c.size === 0) return (c.raw(0) as Tensor).newZeros([0, ...c.out()]);
    const inputs = [amongChannels(c, 0), amongChannels(c, 1)];
    return c.run(inputs, { ...call.attrs, groups: call.attrs.groups * c.size });
  }),
};

const pool: BatchRows<PoolOps> = {
  maxPool: rewrite((c) => c.run([merged(c, 0, 1)])),
  adaptiveMaxPool: rewrite((c) => c.run([merged(c, 0, 1)])),
  maxPoolBackward: rewrite((c) => c.run([merged(c, 0, 1), merged(c, 1, 1)])),
  avgPool: rewrite((c) => c.run([merged(c, 0, 1)])),
  avgPoolBackward: rewrite((c) => c.run([merged(c, 0, 1)])),
};

const spatial: BatchRows<SpatialOps> = {
  pad: padded(),
  padBackward: padded(),
  im2col: inBatch(3),
  col2im: inBatch(2),
  interpolate: rewrite((c) => c.run([merged(c, 0, 1)])),
  interpolateBackward: rewrite((c) => c.run([merged(c, 0, 1)])),
  pixelShuffle: same,
  pixelUnshuffle: same,
  channelShuffle: rewrite((c) => c.run([merged(c, 0, 1)])),
  gridSample: rewrite((c) => c.run([merged(c, 0, 1), merged(c, 1, 1)])),
  affineGrid: rewrite((c) => {
    const { size } = c.attrs;
    return c.run([merged(c, 0, 1)], { ...c.attrs, size: [c.size * size[0], ...size.slice(1)] });
  }),
};

/** An equation of matrices, whose leading dims broadcast. */
const equation = <S extends AnySig>(): BatchRow<S> =>
  rewrite((c) => {
    const rank = Math.max(c.shape(0).length, c.shape(1).length);
    return c.run([c.aligned(0, rank), c.aligned(1, rank)]);
  });

// a batch of matrices has any leading dims
const decomposition: BatchRows<DecompositionOps> = {
  luFactor: same,
  luRows: same,
  det: same,
  slogdet: same,
  cofactor: same,
  cofactorGrad: equation(),
  inverse: same,
  solve: equation(),
  triangularSolve: equation(),
  cholesky: same,
  qr: same,
  svd: same,
  eigh: same,
  pinv: same,
  matrixExp: same,
};

const create: BatchRows<CreateOps> = {
  full: nullary,
  empty: nullary,
  fromData: nullary,
  eye: nullary,
  arange: nullary,
  linspace: nullary,
  logspace: nullary,
  fullLike: same,
  emptyLike: same,
  // values that were read before are those of one sample
  toCopy: withAttrs((attrs) => ({ ...attrs, data: undefined })),
  fill: rewrite((c) => {
    if (!c.isBatched(1)) return c.run([c.tensor(0), c.raw(1)]);
    return dispatch(builtinOps.copy, [c.tensor(0), c.aligned(1, c.shape(0).length) as Tensor], null);
  }),
};

/** The batch is one more dim to broadcast over; the ops that don't promote all of their inputs say which. */
const elementwise = {
  ...Object.fromEntries(Object.keys({ ...pointwiseOps, ...activationOps }).map((op) => [op, pointwise])),
  where: { kind: 'pointwise', promotes: 'rest' },
  maskedFill: { kind: 'pointwise', promotes: 'none' },
} as BatchRows<ActivationOps & ElementwiseOps>;

/** A tensor `[B, 1, …, s]` that expands to `[B, ...out]`. */
const expanded = (c: BatchCall): Tensor => (c.aligned(0, c.out().length) as Tensor).expand([c.size, ...c.out()]);
const reshaped = (c: BatchCall): Tensor => c.tensor(0).reshape([c.size, ...c.out()]);

/** Views that show all elements in their order: writing through one is a change of shape. */
const inOrder: ReadonlySet<object> = new Set<object>([
  builtinOps.view,
  builtinOps.expand,
  builtinOps.squeeze,
  builtinOps.unsqueeze,
  builtinOps.unflatten,
  builtinOps.detach,
  builtinOps.data,
]);

/** Which elements of a row-major sample a window onto its memory shows. */
function windowOf(shape: Shape, attrs: BuiltinOps['asStrided']['attrs'], like: Tensor): Tensor {
  const places = (sizes: Shape, strides: readonly number[], offset: number): number[] =>
    sizes.reduce(
      (all, size, d) => all.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[d])),
      [offset],
    );
  const { from, offset } = attrs;
  const known = new Map(places(shape, from.strides, from.offset).map((place, i) => [place, i]));
  const shown = places(attrs.shape, attrs.strides, offset ?? from.offset).map((place) => {
    const i = known.get(place);
    if (i !== undefined) return i;
    throw new ArgumentError(
      'vmap: asStrided reaches memory outside of the tensor it is called on, which is not known for each sample; call it on the whole tensor',
    );
  });
  return dispatch(builtinOps.fromData, [], {
    shape: [shown.length],
    dtype: 'int64',
    device: like.device,
    data: BigInt64Array.from(shown, BigInt),
  });
}

/** 0 … n - 1 on the device of `like`. */
const positions = (n: number, like: Tensor): Tensor =>
  dispatch(builtinOps.arange, [], { start: 0, end: n, step: 1, dtype: 'int64', device: like.device });

const asRows = (c: BatchCall, i: number): Tensor => c.tensor(i).reshape([c.size, numel(c.shape(i))]);

/** The base with `value` in the place of one of its views. */
const viewScatter = rewrite<MovementOps['viewScatter']>((call) => {
  const c = call;
  const { view, attrs } = call.attrs;
  if (inOrder.has(view) && numel(c.shape(0)) === numel(c.shape(1))) return c.tensor(1).reshape([c.size, ...c.out()]);
  if (view === (builtinOps.asStrided as object)) {
    const at = windowOf(c.shape(0), attrs as BuiltinOps['asStrided']['attrs'], c.tensor(0));
    return dispatch(builtinOps.indexCopy, [asRows(c, 0), at, asRows(c, 1)], { dim: 1 });
  }
  const row = batchRowOf(view);
  if (row.kind !== 'view') {
    throw new ArgumentError(
      `vmap: writing through a view of '${view.name}' is not supported; write to the tensor itself`,
    );
  }
  const [spec, to] = row.to(attrs as never, c.shape(0), c.shape(1));
  return dispatch(builtinOps.viewScatter, [c.tensor(0), c.tensor(1)], { view: spec, attrs: to });
});

const movement: BatchRows<MovementOps> = {
  view: rewrite((c) => reshaped(c)),
  reshape: rewrite((c) => reshaped(c)),
  flatten: rewrite((c) => reshaped(c)),
  viewAs: rewrite((c) => reshaped(c)),
  reshapeAs: rewrite((c) => reshaped(c)),
  expand: rewrite((c) => expanded(c)),
  expandAs: rewrite((c) => expanded(c)),
  permute: { kind: 'view', to: ({ dims }) => [builtinOps.permute, { dims: [0, ...shifted(dims)] }] },
  transpose: {
    kind: 'view',
    to: ({ dim0, dim1 }, shape) =>
      shape.length === 0
        ? [builtinOps.permute, { dims: [0] }]
        : [builtinOps.transpose, { dim0: dim0 + 1, dim1: dim1 + 1 }],
  },
  t: {
    kind: 'view',
    to: (_, shape) => [builtinOps.permute, { dims: shape.length === 2 ? [0, 2, 1] : positionsOf([0, ...shape]) }],
  },
  squeeze: {
    kind: 'view',
    to: ({ dims }, shape) => [builtinOps.squeeze, { dims: shifted(dims ?? positionsOf(shape)) }],
  },
  unsqueeze: { kind: 'view', to: ({ dim }) => [builtinOps.unsqueeze, { dim: dim + 1 }] },
  unflatten: { kind: 'view', to: (attrs) => [builtinOps.unflatten, { ...attrs, dim: attrs.dim + 1 }] },
  slice: { kind: 'view', to: (attrs) => [builtinOps.slice, { ...attrs, dim: attrs.dim + 1 }] },
  select: { kind: 'view', to: (attrs) => [builtinOps.select, { ...attrs, dim: attrs.dim + 1 }] },
  diagonal: {
    kind: 'view',
    to: (attrs) => [builtinOps.diagonal, { ...attrs, dim1: attrs.dim1 + 1, dim2: attrs.dim2 + 1 }],
  },
  // the window of a 0-d tensor is its one element
  unfold: {
    kind: 'view',
    to: (attrs, shape) =>
      shape.length === 0 ? [builtinOps.unsqueeze, { dim: 1 }] : [builtinOps.unfold, { ...attrs, dim: attrs.dim + 1 }],
  },
  asStrided: rewrite((c) => {
    const at = windowOf(c.shape(0), c.attrs, c.tensor(0));
    return dispatch(builtinOps.indexSelect, [asRows(c, 0), at], { dim: 1 });
  }),
  detach: { kind: 'view', to: () => [builtinOps.detach, null] },
  data: { kind: 'view', to: () => [builtinOps.data, null] },
  clone: same,
  copy: rewrite((c) => c.run([c.tensor(0), c.aligned(1, c.shape(0).length) as Tensor])),
  viewScatter,
  flip: withAttrs(({ dims }) => ({ dims: shifted(dims) })),
  roll: withAttrs((attrs) => ({ ...attrs, dim: attrs.dim + 1 })),
  tril: same,
  triu: same,
  diag: body,
  diagEmbed: withAttrs((attrs) => ({ ...attrs, dim1: attrs.dim1 + 1, dim2: attrs.dim2 + 1 })),
  repeat: body,
  repeatInterleave: withAttrs((attrs) => ({ ...attrs, dim: attrs.dim + 1 })),
  // tensors of shape [0] are passed over, but have their say in the dtype
  cat: rewrite((c) => {
    const all = Array.from({ length: c.count }, (_, i) => i);
    const filled = all.filter((i) => c.shape(i).length !== 1 || c.shape(i)[0] !== 0);
    const { dtype } = c.node.outputs[0];
    const tensors = (filled.length > 0 ? filled : all).map((i) => c.tensor(i));
    const joined = c.run(tensors, { dim: c.attrs.dim + 1 }) as Tensor;
    return joined.dtype === dtype ? joined : joined.to(dtype);
  }),
  stack: rewrite((c) =>
    c.run(
      Array.from({ length: c.count }, (_, i) => c.tensor(i)),
      { dim: c.attrs.dim + 1 },
    ),
  ),
};

const reduce: BatchRows<ReduceOps> = {
  sum: overDims(),
  mean: overDims(),
  prod: overDims(),
  amax: overDims(),
  amin: overDims(),
  // not amax: NaN has another derivative there
  max: loop,
  min: loop,
  maxDim: alongDim(),
  minDim: alongDim(),
  argmax: argExtreme,
  argmin: argExtreme,
  any: overDims(),
  all: overDims(),
  var: overDims(),
  std: overDims(),
  norm: overDims(),
  logsumexp: overDims(),
  countNonzero: overDims(),
  cumsum: alongDim(),
  cumprod: alongDim(),
  cummax: alongDim(),
  cummin: alongDim(),
  nansum: overDims(),
  logcumsumexp: alongDim(),
  // as max: NaN has another derivative than along a dim
  median: loop,
  nanmedian: loop,
  medianDim: alongDim(),
  nanmedianDim: alongDim(),
  kthvalue: alongDim(),
  mode: alongDim(),
  quantile: body,
  nanquantile: body,
};

/** A vector of indices per sample, beside the other dims of `[B, ...shape]`. */
function besideDim(index: Tensor, shape: Shape, dim: number): Tensor {
  const [batch, n] = [index.shape[0], numel(index.shape.slice(1))];
  const beside = index.reshape([batch, ...shape.map((_, d) => (d === dim ? n : 1))]);
  return beside.expand([batch, ...shape.map((size, d) => (d === dim ? n : size))]);
}

/** What is written where: tensors of the shape of the index, numbers as they are. */
function valuesAt(c: BatchCall, i: number, index: Tensor): Tensor | number {
  const value = c.raw(i);
  if (!isTensor(value)) return value as number;
  const shape = c.shape(i);
  if (shape.length > 0) return c.tensor(i);
  return (c.aligned(i, index.ndim - 1) as Tensor).expand(index.shape);
}

const scatter = rewrite<IndexOps['scatter']>((call) => {
  const c = call;
  const index = atLeast1d(c, 1);
  return c.run([atLeast1d(c, 0), index, valuesAt(c, 2, index)], { ...call.attrs, dim: call.attrs.dim + 1 });
});

/** Along one dim by a vector of indices: the same op where all samples share it, `scatter` where each has its own. */
const indexed = (each: 'scatter' | 'scatterAdd') =>
  rewrite<IndexOps['indexAdd']>((call) => {
    const c = call;
    const { dim } = call.attrs;
    const x = atLeast1d(c, 0);
    const shape = x.shape.slice(1);
    const n = numel(c.shape(1));
    const source = c.tensor(2).reshape([c.size, ...shape.map((size, d) => (d === dim ? n : size))]);
    if (!c.isBatched(1)) return c.run([x, c.raw(1), source], { dim: dim + 1 });
    return dispatch(builtinOps[each], [x, besideDim(c.tensor(1), shape, dim), source], { dim: dim + 1 });
  });

const index: BatchRows<IndexOps> = {
  gather: rewrite((call) => {
    const c = call;
    return c.run([atLeast1d(c, 0), atLeast1d(c, 1)], { dim: call.attrs.dim + 1 });
  }),
  scatter,
  scatterAdd: scatter as BatchRow<IndexOps['scatterAdd']>,
  scatterReduce: rewrite((call) => {
    const c = call;
    const { attrs } = call;
    const index = atLeast1d(c, 1);
    return c.run([atLeast1d(c, 0), index, valuesAt(c, 2, index)], { ...attrs, dim: attrs.dim + 1 });
  }),
  indexSelect: rewrite((call) => {
    const c = call;
    const { dim } = call.attrs;
    const x = atLeast1d(c, 0);
    if (!c.isBatched(1)) return c.run([x, c.raw(1)], { dim: dim + 1 });
    return dispatch(builtinOps.gather, [x, besideDim(c.tensor(1), x.shape.slice(1), dim)], { dim: dim + 1 });
  }),
  indexAdd: indexed('scatterAdd'),
  indexCopy: indexed('scatter'),
  // a mask of the places, as a value that is written twice counts once for its gradient
  indexFill: rewrite((call) => {
    const c = call;
    const { dim } = call.attrs;
    const x = atLeast1d(c, 0);
    const shape = x.shape.slice(1);
    const at = besideDim(c.tensor(1), shape, dim);
    const mask = dispatch(builtinOps.scatter, [x.newZeros([c.size, ...shape], { dtype: 'bool' }), at, 1], {
      dim: dim + 1,
    });
    return dispatch(builtinOps.maskedFill, [x, mask, c.aligned(2, shape.length) as Tensor | number], null);
  }),
  linearIndex: pointwise,
  index: body,
  indexPut: body,
  take: body,
  maskedScatter: body,
  uniqueRows: body,
  sort: alongDim(),
  topk: alongDim(),
  // rows of boundaries go with rows of values
  searchsorted: rewrite((call) => {
    const c = call;
    if (!c.isBatched(0) && c.shape(0).length === 1) return c.run([c.raw(0), c.tensor(1)]);
    if (c.shape(0).length > 1) return c.run([c.tensor(0), c.tensor(1)]);
    return c.run([c.tensor(0), asRows(c, 1)]);
  }),
  oneHot: same,
  // a table per sample is one long table; no gradient flows to the padding row
  embedding: rewrite((c) => {
    if (!c.isBatched(0)) return c.run([c.raw(0) as Tensor, c.raw(1) as Tensor]);
    const [rows, columns] = c.shape(0);
    const { paddingIdx } = c.attrs;
    let weight = c.tensor(0);
    if (paddingIdx !== null) {
      const padding = positions(rows, weight).eq(paddingIdx);
      weight = weight.detach().where(padding.unsqueeze(-1), weight);
    }
    const places = c.tensor(1);
    const table = positions(c.size, weight).reshape([c.size, ...c.shape(1).map(() => 1)]);
    // an index that is out of range for its own table must not reach into the next one
    const linear = dispatch(builtinOps.linearIndex, [table, places], { sizes: [c.size, rows] });
    return c.run([weight.reshape([c.size * rows, columns]), linear.maskedFill(places.lt(0), -1)], { paddingIdx: null });
  }),
  // the tables of all samples, one after the other
  embeddingBackward: rewrite((c) => {
    const { rows, paddingIdx } = c.attrs;
    const places = c.tensor(1);
    const table = positions(c.size, places).reshape([c.size, ...c.shape(1).map(() => 1)]);
    const linear = dispatch(builtinOps.linearIndex, [table, places], { sizes: [c.size, rows] });
    const grad = c.tensor(0);
    const kept = paddingIdx === null ? grad : grad.maskedFill(places.eq(paddingIdx).unsqueeze(-1), 0);
    return c.run([kept, linear.maskedFill(places.lt(0), -1)], { rows: c.size * rows, paddingIdx: null });
  }),
};

/** A product of matrices or vectors as one of matrices: vectors get a dim of size 1, all samples their batch in front of the other leading dims. */
const product = rewrite<LinalgOps['matmul']>((call) => matrixProduct(call, 0, 1));

function matrixProduct(c: BatchCall, left: number, right: number): Tensor {
  const asMatrix = (i: number, at: -1 | -2): Tensor => {
    const x = c.raw(i) as Tensor;
    return c.shape(i).length === 1 ? x.unsqueeze(at) : x;
  };
  const [a, b] = [asMatrix(left, -2), asMatrix(right, -1)];
  const rank = Math.max(2, c.shape(left).length, c.shape(right).length);
  const align = (x: Tensor, i: number): Tensor => {
    const own = Math.max(2, c.shape(i).length);
    if (!c.isBatched(i) || own === rank) return x;
    return x.reshape([x.shape[0], ...new Array<number>(rank - own).fill(1), ...x.shape.slice(1)]);
  };
  return align(a, left).matmul(align(b, right));
}

/** β x + α A B; with β 0 the input is not read. */
const addedProduct = rewrite<LinalgOps['addmm']>((call) => {
  const c = call;
  const { beta, alpha } = call.attrs;
  const ab = matrixProduct(c, 1, 2);
  const scaled = alpha === 1 ? ab : ab.mul(alpha);
  if (beta === 0) return scaled.expand([c.size, ...c.out()]);
  const input = c.aligned(0, c.out().length) as Tensor;
  return (beta === 1 ? input : input.mul(beta)).add(scaled);
});

const linalg: BatchRows<LinalgOps> = {
  matmul: product,
  mm: product,
  bmm: product,
  mv: product,
  dot: product,
  addmm: addedProduct,
  baddbmm: addedProduct,
  contract: rewrite((c) => c.run([c.tensor(0), c.tensor(1)], { ...c.attrs, batch: c.attrs.batch + 1 })),
  einsum: body,
  trace: rewrite((c) => c.tensor(0).diagonal({ dim1: 1, dim2: 2 }).sum(-1)),
};

/** From a gradient and a result, along a dim of both. */
const bothAlongDim = rewrite<SoftmaxOps['softmaxBackward']>((c) =>
  c.run([atLeast1d(c, 0), atLeast1d(c, 1)], { dim: c.attrs.dim + 1 }),
);

const softmax: BatchRows<SoftmaxOps> = {
  softmax: alongDim(),
  logSoftmax: alongDim(),
  softmaxBackward: bothAlongDim,
  logSoftmaxBackward: bothAlongDim,
};

/** A loss of each element: without reduction for all samples, then reduced per sample. */
const elementLoss = <S extends BuiltinOps['mseLoss']>() =>
  rewrite<S>((c) => {
    const rank = Math.max(c.shape(0).length, c.shape(1).length);
    const inputs = Array.from({ length: c.count }, (_, i) => {
      const x = i < 2 ? c.tensor(i) : c.raw(i);
      return i < 2 && c.shape(i).length === rank ? x : c.aligned(i, rank);
    });
    const losses = c.run(inputs, { ...c.attrs, reduction: 'none' }) as Tensor;
    const { reduction } = c.attrs;
    const dims = shifted(positionsOf(losses.shape.slice(1)));
    if (reduction === 'none' || dims.length === 0) return losses;
    return reduction === 'mean' ? losses.mean(dims) : losses.sum(dims);
  });

const loss: BatchRows<LossOps> = {
  mseLoss: elementLoss(),
  l1Loss: elementLoss(),
  smoothL1Loss: elementLoss(),
  huberLoss: elementLoss(),
  nllLoss: body,
  nllLossBackward: body,
  crossEntropy: body,
  binaryCrossEntropy: elementLoss() as BatchRow<LossOps['binaryCrossEntropy']>,
  binaryCrossEntropyWithLogits: elementLoss() as BatchRow<LossOps['binaryCrossEntropyWithLogits']>,
};

const optim: BatchRows<OptimOps> = {
  sgdStep: rewrite((c) => allBatched(c)),
  adamStep: rewrite((c) => allBatched(c)),
  rmspropStep: rewrite((c) => allBatched(c)),
};

const drawn = { kind: 'random', shape: 'attrs' } as const;
/** What the input holds counts for nothing but its shape. */
const drawnLike = { kind: 'random', shape: 'like' } as const;
const drawnInto = { kind: 'random', shape: 'input' } as const;

const random: BatchRows<RandomOps> = {
  rand: drawn,
  randn: drawn,
  randint: drawn,
  randperm: loop,
  randLike: drawnLike,
  randnLike: drawnLike,
  bernoulli: drawnInto,
  multinomial: body,
  uniform: drawnInto,
  normal: drawnInto,
  exponential: drawnInto,
  logNormal: drawnInto,
  cauchy: drawnInto,
  geometric: drawnInto,
  normalOf: loop,
  bernoulliFill: drawnInto,
  randomFill: drawnInto,
  dropout: drawnInto,
};

/** Rows by op name. */
export const batchRows: { readonly [K in keyof BuiltinOps]: BatchRow<BuiltinOps[K]> } = {
  ...attention,
  ...conv,
  ...create,
  ...decomposition,
  ...elementwise,
  ...index,
  ...linalg,
  ...loss,
  ...movement,
  ...norm,
  ...optim,
  ...pool,
  ...random,
  ...reduce,
  ...softmax,
  ...spatial,
};

installBatchRows(batchRows);
