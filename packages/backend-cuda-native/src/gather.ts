/** The gather family: a thread reads an index, and the element that it points to. */
import type { Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import { type Buffer, itemsize, type View } from './elements.ts';
import { indexFault } from './faults.ts';
import { type Axis, axesOf, countOf, forEachPart, merged, sizeOf } from './geometry.ts';
import { across } from './lines.ts';

/** Bytes of the widest element that a kernel moves. */
const widest = 16;

/** `out[.., i, ..] = source[.., index[.., i, ..], ..]`. An index out of range is reported, and its element of `out` left as it is. */
export function createGather(cuda: Cuda): Runtime<Buffer>['gather'] {
  return (out: View, source: View, index: View, axis: number): void => {
    const { shape } = out;
    if (sizeOf(shape) === 0) return;
    const axes = merged(axesOf([out, index, { shape, strides: across(source, axis) }]));
    const size = source.shape[axis];
    const step = source.strides[axis];
    const group = groupOf(axes, [out.offset, source.offset, step], widest / itemsize(out.dtype));
    const bytes = itemsize(out.dtype) * group;
    const code = cuda.faultCode(indexFault(size, axis));
    const grouped = axes.map(({ size, strides: [to, at, from] }, d) => ({
      size: group > 1 && d === axes.length - 1 ? size / group : size,
      strides: group > 1 && d === axes.length - 1 ? [to, at, from] : [to / group, at, from / group],
    }));
    forEachPart(grouped, [out.offset / group, index.offset, source.offset / group], (part, [to, at, from]) => {
      cuda
        .call(`gather_${bytes}`)
        .pointer(out.storage.buffer, to * bytes)
        .pointer(source.storage.buffer, from * bytes)
        .view(index, at)
        .int(index.dtype === 'int64' ? 1 : 0)
        .int(0)
        .walk(part, 3)
        .long(size)
        .long(step / group)
        .faults()
        .int(code)
        .launchOver(countOf(part));
    });
  };
}

/** How many neighbours can be moved as one element: where an index chooses whole rows, say, and they lie side by side. */
function groupOf(axes: readonly Axis[], numbers: readonly number[], most: number): number {
  const last = axes[axes.length - 1];
  if (!last || last.strides[0] !== 1 || last.strides[1] !== 0 || last.strides[2] !== 1) return 1;
  const apart = axes.slice(0, -1).flatMap(({ strides: [to, , from] }) => [to, from]);
  let group = most;
  while ([last.size, ...apart, ...numbers].some((number) => number % group !== 0)) group /= 2;
  return group;
}
