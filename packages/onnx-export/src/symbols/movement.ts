/** Ops that move elements or show them under another shape, in ONNX, which has no views. */
import type { GraphNode, MovementOps } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';
import { builtinSymbol } from './lookup.ts';
import { type Symbols, unsupported, viaBody } from './symbol.ts';

/** The end of any slice, and the far end of one that runs backwards. */
const END = 2 ** 31 - 1;

const identity = (g: OpContext): Ref => g.x();

const reshaped = (g: OpContext): Ref => g.reshape(g.x(), g.outDims(), g.dims());

/** A reshape whose attribute may hold sizes, of which -1 is found by the runtime. */
const toShape = (g: OpContext): Ref => {
  g.sizes('shape');
  return reshaped(g);
};

const expanded = (g: OpContext): Ref => g.expand(g.x(), g.outDims(), g.dims());

const others = (rank: number, ...dims: readonly number[]): number[] =>
  Array.from({ length: rank }, (_, d) => d).filter((d) => !dims.includes(d));

/** A diagonal of two dims, which becomes the last dim. */
function diagonal(g: OpContext, x: Ref, dims: readonly Dim[], offset: number, dim1: number, dim2: number): Ref {
  const rows = g.fixed(dims[dim1], `dim ${dim1}`);
  const columns = g.fixed(dims[dim2], `dim ${dim2}`);
  const length = Math.max(0, offset >= 0 ? Math.min(rows, columns - offset) : Math.min(rows + offset, columns));
  const start = offset >= 0 ? offset : -offset * columns;
  const at = Array.from({ length }, (_, i) => start + i * (columns + 1));
  const rest = others(dims.length, dim1, dim2);
  const last = g.transpose(x, [...rest, dim1, dim2]);
  const flat = g.reshape(last, [...rest.map((d) => dims[d]), rows * columns]);
  return g.op('Gather', [flat, g.ints(at)], { axis_i: rest.length });
}

/** True on one side of a diagonal of the last two dims. */
function triangle(g: OpContext, upper: boolean): Ref {
  const trilu = g.opset >= 14 && ['float32', 'float64', 'int64', 'bool'].includes(g.dtype());
  if (trilu) return g.op('Trilu', [g.x(), g.scalar(g.size('diagonal'), 'int64')], { upper_i: upper ? 1 : 0 });
  const [rows, columns] = g.dims().slice(-2);
  const distance = g.op('Sub', [g.unsqueeze(g.range(columns), [0]), g.unsqueeze(g.range(rows), [1])]);
  const limit = g.scalar(g.fixed(g.size('diagonal'), 'the diagonal'), 'int64');
  const outside = upper ? g.op('Less', [distance, limit]) : g.op('Greater', [distance, limit]);
  return g.where(outside, g.scalar(0, g.dtype()), g.x());
}

/** The base with what a view of it shows replaced: the same view of the positions says where. */
function viewScatter(g: OpContext<MovementOps['viewScatter']>): Ref {
  const { view, attrs } = g.attrs;
  const symbol = builtinSymbol(view);
  if (typeof symbol !== 'function') throw g.error(`a write through the view '${view.name}' can't be exported`);
  const base = g.value(0);
  const dims = g.dims(0);
  const count = dims.reduce<Ref | number>((n, dim) => {
    if (typeof n === 'number' && typeof dim === 'number') return n * dim;
    const factor = typeof n === 'number' ? g.ints([n]) : n;
    return g.op('Mul', [factor, g.shape([dim])]);
  }, 1);
  const positions =
    typeof count === 'number'
      ? g.range(count)
      : g.op('Range', [g.scalar(0, 'int64'), g.squeeze(count, [0]), g.scalar(1, 'int64')]);
  const shown = { ...base };
  const node: GraphNode = {
    spec: view,
    inputs: [shown],
    attrs,
    outputs: [g.value(1)],
    body: null,
    scope: g.node.scope,
    gradMode: true,
  };
  const unified = {
    graph: g.frame.unified.graph,
    dims: (value: typeof base): readonly Dim[] => (value === shown ? dims : g.frame.unified.dims(value)),
    varying: (of: GraphNode): ReadonlyMap<string, Dim> =>
      of === node ? viewAttributes(g.frame.unified.varying(g.node)) : g.frame.unified.varying(of),
    bodyProblem: () => undefined,
  };
  const env = new Map(g.frame.env).set(shown, g.reshape(positions, dims));
  const context = new OpContext(node, { ...g.frame, unified, env });
  const at = symbol(context);
  const places = at && ('name' in at ? at : at[0]);
  if (!places) throw g.error(`a write through the view '${view.name}' can't be exported`);
  context.checkRead();
  for (const path of viewAttributes(g.frame.unified.varying(g.node)).keys()) g.size(`attrs.${path}`);
  const flat = (x: Ref): Ref => g.op('Reshape', [x, g.ints([-1])]);
  const value = g.cast(g.x(1), g.dtype(0));
  const written = g.op('ScatterElements', [flat(g.x(0)), flat(places), flat(value)], { axis_i: 0 });
  return g.reshape(written, dims);
}

/** `attrs.dim` of the write is `dim` of the view. */
function viewAttributes(varying: ReadonlyMap<string, Dim>): ReadonlyMap<string, Dim> {
  return new Map(
    [...varying].flatMap(([path, dim]) => (path.startsWith('attrs.') ? [[path.slice(6), dim] as const] : [])),
  );
}

/** Rows by op name. */
export const movement: Symbols<MovementOps> = {
  view: (g) => toShape(g),
  expand: (g) => {
    g.sizes('shape');
    return expanded(g);
  },
  permute: (g) => g.transpose(g.x(), g.attrs.dims),
  transpose: (g) => {
    const { dim0, dim1 } = g.attrs;
    const perm = Array.from({ length: g.rank() }, (_, d) => (d === dim0 ? dim1 : d === dim1 ? dim0 : d));
    return g.transpose(g.x(), perm);
  },
  t: (g) => (g.rank() === 2 ? g.transpose(g.x(), [1, 0]) : g.x()),
  squeeze: (g) => {
    const { dims } = g.attrs;
    const size = g.dims();
    const asked = dims ?? others(g.rank());
    const open = asked.find((d) => typeof size[d] !== 'number');
    if (open !== undefined)
      throw g.error(
        `it would drop dim ${open} in runs where ${size[open]} is 1; name the dims that are always 1: squeeze(dim)`,
      );
    const axes = asked.filter((d) => size[d] === 1);
    return g.squeeze(g.x(), axes);
  },
  unsqueeze: (g) => g.unsqueeze(g.x(), [g.attrs.dim]),
  unflatten: (g) => toShape(g),
  slice: (g) => {
    const { dim, end, step } = g.attrs;
    const size = g.dims()[dim];
    // what is known to keep everything is no op at all
    if (g.attrs.start === 0 && end === null && step === 1) return g.x();
    if (typeof size === 'number' && typeof g.outDims()[dim] === 'number' && size === g.outDims()[dim] && step === 1) {
      g.size('start');
      if (end !== null) g.size('end');
      return g.x();
    }
    return g.slice(
      g.x(),
      dim,
      g.size('start'),
      end === null ? END : g.size('end'),
      g.fixed(g.size('step'), 'the step'),
    );
  },
  select: (g) => {
    const index = g.scalar(g.size('index'), 'int64');
    return g.op('Gather', [g.x(), index], { axis_i: g.attrs.dim });
  },
  diagonal: (g) => {
    const { offset, dim1, dim2 } = g.attrs;
    return diagonal(g, g.x(), g.dims(), offset, dim1, dim2);
  },
  unfold: (g) => {
    const { dim, size, step } = g.attrs;
    const rank = g.rank();
    if (rank === 0) return g.unsqueeze(g.x(), [0]);
    const windows = g.fixed(g.outDims()[dim], 'the number of windows');
    const at = Array.from({ length: windows * size }, (_, i) => Math.floor(i / size) * step + (i % size));
    const taken = g.op('Gather', [g.x(), g.constant(at, 'int64', [windows, size])], { axis_i: dim });
    const order = Array.from({ length: rank + 1 }, (_, d) => d).filter((d) => d !== dim + 1);
    return g.transpose(taken, [...order, dim + 1]);
  },
  asStrided: unsupported('it reads memory by strides, which an ONNX value does not have; use slices and reshapes'),
  detach: (g) => identity(g),
  data: (g) => identity(g),
  reshape: (g) => toShape(g),
  flatten: (g) => {
    const { startDim, endDim } = g.attrs;
    if (startDim === 1 && endDim === g.rank() - 1 && g.rank() > 2) return g.op('Flatten', [g.x()], { axis_i: 1 });
    return reshaped(g);
  },
  viewAs: (g) => reshaped(g),
  reshapeAs: (g) => reshaped(g),
  expandAs: (g) => expandedAs(g),
  clone: (g) => identity(g),
  copy: (g) => g.expand(g.cast(g.x(1), g.outDType()), g.outDims(), g.dims(1)),
  viewScatter,
  flip: (g) => {
    const { dims } = g.attrs;
    if (dims.length === 0) return g.x();
    const fill = (value: number): Ref => g.ints(dims.map(() => value));
    const flipped = (x: Ref): Ref => g.op('Slice', [x, fill(-1), fill(-END), g.ints(dims), fill(-1)]);
    return g.isNarrow(g.dtype()) ? g.cast(flipped(g.cast(g.x(), 'int32')), g.dtype()) : flipped(g.x());
  },
  roll: viaBody,
  tril: (g) => triangle(g, false),
  triu: (g) => triangle(g, true),
  diag: viaBody,
  diagEmbed: viaBody,
  repeat: (g) => {
    const repeats = g.sizes('repeats');
    const lead = repeats.length - g.rank();
    return g.op('Tile', [
      g.unsqueeze(
        g.x(),
        Array.from({ length: lead }, (_, d) => d),
      ),
      g.shape(repeats),
    ]);
  },
  repeatInterleave: viaBody,
  cat: (g) => {
    const { dim } = g.attrs;
    const dtype = g.outDType();
    const parts: Ref[] = [];
    for (let i = 0; i < g.inputCount; i++) {
      const legacyEmpty = g.rank(i) === 1 && g.dims(i)[0] === 0 && g.outRank() > 1;
      if (!legacyEmpty) parts.push(g.cast(g.x(i), dtype));
    }
    return parts.length === 1 ? parts[0] : g.op('Concat', parts, { axis_i: dim });
  },
  stack: (g) => {
    const { dim } = g.attrs;
    const parts = Array.from({ length: g.inputCount }, (_, i) => g.unsqueeze(g.cast(g.x(i), g.outDType()), [dim]));
    return g.op('Concat', parts, { axis_i: dim });
  },
};

/** To the shape of another value, which the runtime can read by itself. */
function expandedAs(g: OpContext): Ref {
  const dims = g.outDims();
  if (dims.every((dim) => typeof dim === 'number' || dim.kind !== 'unknown')) return expanded(g);
  return g.op('Expand', [g.x(), g.op('Shape', [g.x(1)])]);
}
