/**
 * The scatter family. Values that fall on one element are combined in index order, so the result is the same bits every time: indices are sorted first,
 * stably, and those that point to one element are neighbours. What columns of the source share, as the rows of an embedding's gradient do, is sorted once.
 */
import { isFloat, type Runtime, type ScatterMode } from '@tenfold/tensor-core';
import type { Call, Cuda } from './cuda.ts';
import { type Buffer, itemsize, kernelTypes, type View } from './elements.ts';
import { indexFault } from './faults.ts';
import { type Axis, axesOf, countOf, forEachPart, merged, sizeOf } from './geometry.ts';
import { across } from './lines.ts';
import { denseLines, placesOf, shortLine, sortKeys } from './sort.ts';

/** `enum Mode` of scatter.cu. */
const modes: { readonly [M in ScatterMode]: number } = { set: 0, add: 1, multiply: 2, max: 3, min: 4 };

/** Values that a thread combines; where there are few of them in all, fewer. */
const chunks = { many: 32, few: 8, manyThreads: 65536 };

/** What all kernels of a call need to know. */
interface Scatter {
  readonly mode: ScatterMode;
  readonly out: View;
  readonly index: View;
  readonly source: View;
  readonly axis: number;
  /** Set by the check if an index is out of range. */
  readonly refused: Buffer;
}

/** `out[.., index[.., i, ..], ..] = combine(there, source[.., i, ..])`. If any index is out of range, that is reported and `out` stays as it is. */
export function createScatter(cuda: Cuda, sort: Runtime<Buffer>['sort']): Runtime<Buffer>['scatter'] {
  return (mode: ScatterMode, out: View, index: View, source: View, axis: number): void => {
    if (sizeOf(source.shape) === 0) return;
    cuda.temporary('int32', 1, (refused) => {
      cuda.fill(refused, 0, itemsize('int32'), 0);
      const scatter: Scatter = { mode, out, index: withoutRepeats(index, axis), source, axis, refused };
      const whole = out.dtype === 'int32' || out.dtype === 'int64';
      const anyOrder = whole && (mode === 'add' || mode === 'max' || mode === 'min');
      if (source.shape[axis] === 1 || anyOrder) {
        check(cuda, scatter, null);
        combineDirectly(cuda, scatter, index, source.shape[axis] === 1 ? 'direct' : 'atomic');
      } else if (source.shape[axis] <= shortLine) sortShort(cuda, scatter, sort);
      else sortLong(cuda, scatter);
    });
  };
}

/** Of `index`, what differs: dims along which it repeats have size 1. */
const withoutRepeats = (index: View, axis: number): View => ({
  dtype: index.dtype,
  storage: index.storage,
  offset: index.offset,
  strides: index.strides,
  shape: index.shape.map((size, d) => (d !== axis && index.strides[d] === 0 ? 1 : size)),
});

const pointIndex = (call: Call, index: View, offset: number): Call =>
  call
    .view(index, offset)
    .int(index.dtype === 'int64' ? 1 : 0)
    .int(0);

/** Reports an index that is out of range. Makes `keys` of them where wanted, dense along the axis. */
function check(cuda: Cuda, { out, index, axis, refused }: Scatter, keys: Buffer | null): void {
  const { shape } = index;
  const size = out.shape[axis];
  const code = cuda.faultCode(indexFault(size, axis));
  const dense = { shape, strides: denseLines(shape, axis) };
  forEachPart(merged(axesOf([dense, index])), [0, index.offset], (part, [to, at]) => {
    const call = pointIndex(cuda.call('scatter_keys'), index, at);
    if (keys) call.pointer(keys, to * itemsize(keys.dtype));
    else call.none();
    call
      .int(keys?.dtype === 'int64' ? 1 : 0)
      .int(0)
      .walk(part, 2)
      .long(size)
      .pointer(refused)
      .faults()
      .int(code)
      .launchOver(countOf(part));
  });
}

/** No two values fall on one element, or it does not matter which comes first. */
function combineDirectly(
  cuda: Cuda,
  { mode, out, source, axis, refused }: Scatter,
  index: View,
  how: 'direct' | 'atomic',
): void {
  const { shape } = source;
  const axes = merged(axesOf([{ shape, strides: across(out, axis) }, { shape, strides: index.strides }, source]));
  forEachPart(axes, [out.offset, index.offset, source.offset], (part, [to, at, from]) => {
    const call = cuda.call(`scatter_${how}_${kernelTypes[out.dtype]}`).view(out, to);
    pointIndex(call, index, at).view(source, from).walk(part, 3).long(out.strides[axis]).pointer(refused);
    call.int(modes[mode]).launchOver(countOf(part));
  });
}

/** Lines that fit a block are sorted as they are. */
function sortShort(cuda: Cuda, scatter: Scatter, sort: Runtime<Buffer>['sort']): void {
  const { index, axis } = scatter;
  const { shape, dtype } = index;
  check(cuda, scatter, null);
  cuda.temporary(dtype, sizeOf(shape), (keys) =>
    cuda.temporary('int64', sizeOf(shape), (places) => {
      const strides = denseLines(shape, axis);
      const view = (buffer: Buffer): View => ({ dtype: buffer.dtype, shape, strides, offset: 0, storage: { buffer } });
      sort(view(keys), view(places), index, axis, false);
      combineSorted(cuda, scatter, keys, places);
    }),
  );
}

/** Of longer ones only those digits are sorted that differ. */
function sortLong(cuda: Cuda, scatter: Scatter): void {
  const { index, out, axis } = scatter;
  const size = out.shape[axis];
  const length = index.shape[axis];
  const total = sizeOf(index.shape);
  cuda.temporary(size <= 2 ** 32 ? 'int32' : 'int64', total, (keys) => {
    check(cuda, scatter, keys);
    const bits = Math.max(1, Math.ceil(Math.log2(size)));
    const lines = { keys, count: total / length, length, bits, placeType: placesOf(length) };
    sortKeys(cuda, lines, true, (sorted, places) => combineSorted(cuda, scatter, sorted, places));
  });
}

/** Every run of equal keys is combined, or its last value kept. */
function combineSorted(cuda: Cuda, scatter: Scatter, keys: Buffer, places: Buffer): void {
  const { mode, out, index, source, axis } = scatter;
  const { shape } = source;
  // columns share a line of keys where the index repeats
  const lines = denseLines(index.shape, axis).map((stride, d) => (index.shape[d] === 1 ? 0 : stride));
  const all = axesOf([{ shape, strides: out.strides }, { shape, strides: lines }, source]);
  const columns = merged(all.filter((_, d) => d !== axis));
  forEachPart(columns, [out.offset, 0, source.offset], (part, offsets) => {
    const runs: Runs = { ...scatter, keys, places, columns: part, offsets };
    if (mode === 'set') {
      const length = shape[axis];
      callRuns(cuda, `scatter_set_${itemsize(out.dtype)}`, runs, length, null).launchOver(countOf(part) * length);
    } else combineRuns(cuda, runs);
  });
}

/** Sorted indices, and the columns of the source that go by them. */
interface Runs extends Scatter {
  readonly keys: Buffer;
  readonly places: Buffer;
  /** Where columns begin, in the output, the keys and the source. */
  readonly columns: readonly Axis[];
  readonly offsets: readonly number[];
}

/** What chunks leave of runs that reach over them. */
type Partials = readonly [heads: Buffer, tails: Buffer];

function callRuns(cuda: Cuda, name: string, runs: Runs, chunk: number, partials: Partials | null): Call {
  const { mode, out, source, axis, refused, keys, places, columns, offsets } = runs;
  const [to, line, from] = offsets;
  const call = cuda.call(name).view(out, to).view(source, from);
  call.pointer(keys, line * itemsize(keys.dtype)).pointer(places, line * itemsize(places.dtype));
  call.walk(columns, 3).long(out.strides[axis]).long(source.strides[axis]);
  call.long(source.shape[axis]).long(chunk);
  if (partials) call.pointer(partials[0]).pointer(partials[1]);
  else call.none().none();
  call.pointer(refused).int(modes[mode]);
  for (const { dtype } of [keys, places]) call.int(dtype === 'int64' ? 1 : 0);
  // lines of their own are read along
  return call.int(columns.length > 0 && columns[columns.length - 1].strides[1] !== 0 ? 1 : 0);
}

function combineRuns(cuda: Cuda, runs: Runs): void {
  const { out, source, axis, columns } = runs;
  const length = source.shape[axis];
  const count = countOf(columns);
  const many = (count * length) / chunks.many >= chunks.manyThreads;
  const chunk = Math.min(length, many ? chunks.many : chunks.few);
  const threads = Math.ceil(length / chunk) * count;
  const run = (name: string, partials: Partials | null): void =>
    callRuns(cuda, `${name}_${kernelTypes[out.dtype]}`, runs, chunk, partials).launchOver(threads);
  if (chunk === length) {
    run('scatter_runs', null);
    return;
  }
  const accumulator = out.dtype === 'float64' ? 'float64' : isFloat(out.dtype) ? 'float32' : 'int64';
  cuda.temporary(accumulator, threads, (heads) =>
    cuda.temporary(accumulator, threads, (tails) => {
      run('scatter_runs', [heads, tails]);
      run('scatter_join', [heads, tails]);
    }),
  );
}
