/** Shapes, and ops that move elements without computing: reshaping, slicing, padding, casts. */
import { TensorProto_DataType as DataType } from '@tenfold/onnx-model';
import {
  arange,
  arrayTypes,
  broadcastShapes,
  cat,
  type DType,
  dtypes,
  fromTypedArray,
  normalizeDim,
  numel,
  pad as padded,
  type Tensor,
  tensor,
  where,
} from '@tenfold/tensor-core';
import type { NodeContext, Rows } from '../context.ts';

/** What was an attribute before opset `since` is input `i` from then on; `null` where it is absent. */
export const setting = (c: NodeContext, name: string, i: number, since: number): readonly number[] | null =>
  c.opset < since ? c.ints(name, null) : c.optionalInts(i);

/** An axis counted from 0. */
const axisOf = (c: NodeContext, axis: number, rank: number): number => normalizeDim(axis, rank, c.node.opType);

/** 0 is the size there is, unless `allowzero` says otherwise; -1 what is left. */
function reshape(c: NodeContext): Tensor {
  const x = c.x();
  const sizes = setting(c, 'shape', 1, 5);
  if (sizes === null) throw c.error('the shape is missing');
  const allowZero = c.int('allowzero', 0) !== 0;
  return x.reshape(sizes.map((size, d) => (size === 0 && !allowZero ? (x.shape[d] ?? 0) : size)));
}

function flatten(c: NodeContext): Tensor {
  const x = c.x();
  const axis = c.int('axis', 1);
  const from = axis < 0 ? axis + x.ndim : axis;
  // both sizes are named, since -1 says nothing of no elements
  return x.reshape([numel(x.shape.slice(0, from)), numel(x.shape.slice(from))]);
}

function squeeze(c: NodeContext): Tensor {
  const x = c.x();
  const axes = setting(c, 'axes', 1, 13);
  if (axes === null) return x.squeeze();
  const long = axes.find((d) => x.size(axisOf(c, d, x.ndim)) !== 1);
  if (long !== undefined) throw c.error(`axis ${long} of [${x.shape.join(', ')}] is not of size 1`);
  return x.squeeze(axes);
}

function unsqueeze(c: NodeContext): Tensor {
  const axes = setting(c, 'axes', 1, 13);
  if (axes === null) throw c.error('the axes are missing');
  const rank = c.rank() + axes.length;
  return axes
    .map((d) => axisOf(c, d, rank))
    .sort((a, b) => a - b)
    .reduce((x, d) => x.unsqueeze(d), c.x());
}

/** The sizes of the parts: given, or as even as they can be. */
function split(c: NodeContext): Tensor[] {
  const x = c.x();
  const axis = axisOf(c, c.int('axis', 0), x.ndim);
  const sizes = c.opset === 1 || c.opset >= 13 ? (c.optionalInts(1) ?? c.ints('split', null)) : c.ints('split', null);
  if (sizes) return x.split(sizes, axis);
  const count = c.int('num_outputs', c.outputCount);
  if (count !== c.outputCount) throw c.error(`gives ${c.outputCount} outputs, and num_outputs is ${count}`);
  const [total, size] = [x.size(axis), Math.ceil(x.size(axis) / count)];
  return x.split(
    Array.from({ length: count }, (_, k) => Math.max(0, Math.min(size, total - k * size))),
    axis,
  );
}

/** Elements `start`, `start + step`, … before `end` of a dim, as Python's slices take them. */
export function sliced(x: Tensor, dim: number, start: number, end: number, step: number): Tensor {
  const size = x.size(dim);
  const within = (i: number, low: number, high: number): number => Math.max(low, Math.min(i < 0 ? i + size : i, high));
  if (step > 0) return x.slice(dim, within(start, 0, size), within(end, 0, size), step);
  const [first, behind] = [within(start, -1, size - 1), within(end, -1, size - 1)];
  // backwards: the elements from `behind` on are turned round
  return x
    .slice(dim, behind + 1, Math.max(behind, first) + 1)
    .flip(dim)
    .slice(dim, 0, null, -step);
}

/** `since` says from which opset on the settings are inputs. */
function slice(c: NodeContext, since = 10): Tensor {
  const names = ['starts', 'ends', 'axes', 'steps'];
  const [starts, ends, axes, steps] = names.map((name, i) => setting(c, name, i + 1, since));
  if (!starts || !ends || starts.length !== ends.length) throw c.error('starts and ends must be as many');
  return starts.reduce((x, start, i) => {
    const step = steps?.[i] ?? 1;
    if (step === 0) throw c.error('a step must not be 0');
    return sliced(x, axisOf(c, axes?.[i] ?? i, x.ndim), start, ends[i], step);
  }, c.x());
}

/** In the first version, so often along one axis. */
function tile(c: NodeContext): Tensor {
  const x = c.x();
  const repeats = c.opset < 6 ? x.shape.map((_, d) => (d === c.hostNumber(2) ? c.hostNumber(1) : 1)) : c.hostInts(1);
  c.sized(x.shape.map((size, d) => size * (repeats[d] ?? 1)));
  return x.tile(repeats);
}

const expand = (c: NodeContext): Tensor =>
  c.x().broadcastTo(c.sized(broadcastShapes([c.shape(), c.hostInts(1)], c.node.opType)));

const transpose = (c: NodeContext): Tensor => {
  const x = c.x();
  return x.permute(c.ints('perm', null) ?? x.shape.map((_, d) => x.ndim - 1 - d));
};

// --- padding ---

type Edge = 'reflect' | 'edge' | 'wrap';

/** Which element stands at position `i` of the padded dim. */
const positions: Readonly<Record<Edge, (i: number, size: number) => number>> = {
  edge: (i, size) => Math.max(0, Math.min(i, size - 1)),
  wrap: (i, size) => ((i % size) + size) % size,
  reflect(i, size) {
    const period = Math.max(1, 2 * (size - 1));
    const at = ((i % period) + period) % period;
    return Math.min(at, period - at);
  },
};

/** `pad` knows of the last dims of images and their like; elsewhere elements are taken by their positions. */
function padEdges(x: Tensor, before: readonly number[], behind: readonly number[], mode: Edge): Tensor {
  const touched = x.shape.flatMap((_, d) => (before[d] !== 0 || behind[d] !== 0 ? [d] : []));
  if (touched.length === 0) return x;
  const last = Math.max(x.ndim - 2, x.ndim - touched[0]);
  const within = touched.every(
    (d) => Math.min(before[d], behind[d]) >= 0 && Math.max(before[d], behind[d]) < x.shape[d],
  );
  if (within && last >= 1 && last <= 3 && last < x.ndim)
    return padded(x, pairs(x, before, behind).slice(0, 2 * last), { mode: modes[mode] });
  return touched.reduce((y, d) => {
    const size = y.size(d);
    const index = Array.from({ length: before[d] + size + behind[d] }, (_, i) => positions[mode](i - before[d], size));
    return y.indexSelect(d, tensor(index, { dtype: 'int64', device: x.device }));
  }, x);
}

const modes = { edge: 'replicate', reflect: 'reflect', wrap: 'circular' } as const;

/** From the last dim to the first, how many before and behind. */
const pairs = (x: Tensor, before: readonly number[], behind: readonly number[]): number[] =>
  x.shape.flatMap((_, d) => [before[x.ndim - 1 - d], behind[x.ndim - 1 - d]]);

/** All paddings before, then all behind; an attribute before opset 11, named otherwise in the first version. */
function pad(c: NodeContext): Tensor {
  const x = c.x();
  const pads = setting(c, c.opset < 2 ? 'paddings' : 'pads', 1, 11);
  if (pads === null) throw c.error('the paddings are missing');
  const axes = (c.has(3) ? c.hostInts(3) : x.shape.map((_, d) => d)).map((d) => axisOf(c, d, x.ndim));
  if (pads.length !== 2 * axes.length)
    throw c.error(`${axes.length} axes take ${2 * axes.length} paddings, got ${pads.length}`);
  const of = (from: number): number[] => x.shape.map((_, d) => (axes.includes(d) ? pads[from + axes.indexOf(d)] : 0));
  const [before, behind] = [of(0), of(axes.length)];
  c.sized(x.shape.map((size, d) => Math.max(0, size + before[d] + behind[d])));
  const mode = c.string('mode', 'constant');
  if (mode === 'constant') {
    const value = c.opset < 11 ? c.float('value', 0) : c.optionalNumber(2, 0);
    return padded(x, pairs(x, before, behind), { value });
  }
  if (mode !== 'reflect' && mode !== 'edge' && mode !== 'wrap')
    throw c.error(`mode '${mode}' is none of constant, reflect, edge and wrap`);
  return padEdges(x, before, behind, mode);
}

/** Cuts or pads each axis to its size, as evenly as can be. */
function centerCropPad(c: NodeContext): Tensor {
  const x = c.x();
  const sizes = c.hostInts(1);
  const axes = (c.ints('axes', null) ?? x.shape.map((_, d) => d)).map((d) => axisOf(c, d, x.ndim));
  const grown = x.shape.map((size, d) => (axes.includes(d) ? sizes[axes.indexOf(d)] - size : 0));
  c.sized(x.shape.map((size, d) => size + grown[d]));
  const before = grown.map((n) => Math.trunc(n / 2));
  return padded(
    x,
    pairs(
      x,
      before,
      grown.map((n, d) => n - before[d]),
    ),
  );
}

// --- blocks ---

function depthToSpace(c: NodeContext): Tensor {
  const x = c.x();
  const size = c.int('blocksize');
  const [n, channels, ...spatial] = x.shape;
  const inner = spatial.map(() => size);
  const depth = channels / size ** spatial.length;
  const k = spatial.length;
  const columnsFirst = c.string('mode', 'DCR') === 'CRD';
  const blocks = x.reshape(columnsFirst ? [n, depth, ...inner, ...spatial] : [n, ...inner, depth, ...spatial]);
  const [depthAt, blockAt] = columnsFirst ? [1, 2] : [1 + k, 1];
  return blocks
    .permute([0, depthAt, ...spatial.flatMap((_, d) => [2 + k + d, blockAt + d])])
    .reshape([n, depth, ...spatial.map((s) => s * size)]);
}

function spaceToDepth(c: NodeContext): Tensor {
  const x = c.x();
  const size = c.int('blocksize');
  const [n, channels, ...spatial] = x.shape;
  const outer = spatial.map((s) => s / size);
  const inBlock = spatial.map((_, d) => 3 + 2 * d);
  const order = c.string('mode', 'DCR') === 'CRD' ? [1, ...inBlock] : [...inBlock, 1];
  return x
    .reshape([n, channels, ...outer.flatMap((s) => [s, size])])
    .permute([0, ...order, ...spatial.map((_, d) => 2 + 2 * d)])
    .reshape([n, channels * size ** spatial.length, ...outer]);
}

/** The first elements of each sequence in reverse, as many as its length. */
function reverseSequence(c: NodeContext): Tensor {
  const x = c.x();
  const [time, batch] = [c.int('time_axis', 0), c.int('batch_axis', 1)];
  const beside = (t: Tensor, dim: number): Tensor => t.reshape(x.shape.map((size, d) => (d === dim ? size : 1)));
  const lengths = beside(c.x(1), batch);
  const t = beside(arange(x.size(time), { dtype: 'int64', device: x.device }), time);
  const index = where(t.lt(lengths), lengths.sub(t).sub(1), t);
  return x.gather(time, index.expand(x.shape));
}

// --- casts ---

/** In the first version the dtype is a name. */
function castTarget(c: NodeContext): DType {
  if (c.opset >= 6) return c.dtypeOf(c.int('to'));
  const name = c.string('to');
  return c.dtypeOf((DataType as unknown as Readonly<Record<string, number>>)[name] ?? -1);
}

/** The bits of the elements as those of another dtype. No op of a device does so: they are read and written. */
function bitCast(c: NodeContext): Tensor {
  const x = c.x();
  const dtype = c.dtypeOf(c.int('to'));
  if (dtypes[dtype].itemsize !== dtypes[x.dtype].itemsize)
    throw c.error(`the bits of ${x.dtype} can't be those of ${dtype}: elements are of unlike sizes`);
  const half = [x.dtype, dtype].find((name) => name === 'float16' || name === 'bfloat16');
  if (half) throw c.error(`the bits of ${half} can't be read here`);
  const { buffer, byteOffset, length } = x.detach().toTypedArraySync();
  return fromTypedArray(new arrayTypes[dtype](buffer as ArrayBuffer, byteOffset, length), x.shape, {
    dtype,
    device: x.device,
  });
}

/** Rows by op type. */
export const movement: Rows = {
  BitCast: bitCast,
  Cast: (c) => c.x().to(castTarget(c)),
  CastLike: (c) => c.x().to(c.dtype(1)),
  CenterCropPad: centerCropPad,
  Concat: (c) => cat(c.inputs(), c.opset < 4 ? c.int('axis', 1) : c.int('axis')),
  DepthToSpace: depthToSpace,
  // an experiment of opset 9 and before, which became Slice
  DynamicSlice: (c) => slice(c, 1),
  Expand: expand,
  Flatten: flatten,
  Pad: pad,
  Reshape: reshape,
  ReverseSequence: reverseSequence,
  Slice: (c) => slice(c),
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Trilu: (c) => c.x()[c.int('upper', 1) !== 0 ? 'triu' : 'tril'](c.optionalNumber(1, 0)),
  Unsqueeze: unsqueeze,
};
