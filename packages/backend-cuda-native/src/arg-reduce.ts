/** The argReduce family: pairs of a key and a position are folded; of equal keys the one that comes first wins. */

import { contiguousStrides, type Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import { type Buffer, kernelTypes, type View } from './elements.ts';
import { type Axis, axesOf, countOf, forEachPart, maxRank, merged, sizeOf } from './geometry.ts';
import { beside } from './lines.ts';
import { identityOf } from './program.ts';

const threads = 256;
/** Lines up to this length have one thread; up to that, a warp. */
const shortLine = 8;
const warpLine = 2048;
/** Elements of a part of a line, per thread that works on it, at least. */
const partElements = 32;

/** The position of the first extreme within the reduced axes, see the contract. */
export function createArgReduce(cuda: Cuda, map: Runtime<Buffer>['map']): Runtime<Buffer>['argReduce'] {
  const argReduce: Runtime<Buffer>['argReduce'] = (kind, out, input, axes) => {
    if (sizeOf(out.shape) === 0) return;
    const dims = axesOf([{ shape: input.shape, strides: out.strides }, input]);
    const line = merged(axes.map((axis) => ({ size: dims[axis].size, strides: [dims[axis].strides[1]] })));
    if (line.length > maxRank) {
      // dims that can't be merged where they are can be in a copy
      const { dtype, shape } = input;
      const order = [...shape.keys()].filter((d) => !axes.includes(d)).concat(axes);
      const dense = contiguousStrides(order.map((d) => shape[d]));
      const strides = shape.map((_, d) => dense[order.indexOf(d)]);
      cuda.temporary(dtype, sizeOf(shape), (buffer) => {
        const copy: View = { dtype, shape, strides, offset: 0, storage: { buffer } };
        map([copy], [input], identityOf(dtype), []);
        argReduce(kind, out, copy, axes);
      });
      return;
    }
    const lines = merged(dims.filter((_, d) => !axes.includes(d)));
    forEachPart(lines, [out.offset, input.offset], (part, offsets) => {
      reduceLines(cuda, { smallest: kind === 'argmin', out, input, lines: part, offsets, line });
    });
  };
  return argReduce;
}

interface ArgReduction {
  readonly smallest: boolean;
  readonly out: View;
  readonly input: View;
  /** Where lines begin, in the output and the input. */
  readonly lines: readonly Axis[];
  readonly offsets: readonly number[];
  /** Within a line of the input. */
  readonly line: readonly Axis[];
}

function reduceLines(cuda: Cuda, { smallest, out, input, lines, offsets, line }: ArgReduction): void {
  const [to, from] = offsets;
  const count = countOf(lines);
  const length = countOf(line);
  // neighbouring threads should read neighbouring elements
  const step = line.length === 0 ? 0 : line[line.length - 1].strides[0];
  const together = length <= shortLine || (count >= 32 && beside(lines, 1, step));
  const lanes = together ? 1 : length <= warpLine ? 32 : threads;
  const enough = Math.ceil((cuda.blocksAtOnce * threads) / (count * lanes));
  const parts = Math.max(1, Math.min(enough, Math.floor(length / (lanes * partElements)), 1024));
  const share = lanes === 1 ? 'thread' : lanes === 32 ? 'warp' : 'block';
  const name = `arg_reduce_${share}_${kernelTypes[input.dtype]}`;
  const launch = (kernel: string, found: { keys: Buffer; positions: Buffer } | null, work: number): void => {
    const call = cuda.call(kernel).view(out, to).view(input, from).walk(lines, 2).walk(line, 1);
    call
      .long(Math.ceil(length / parts))
      .int(parts)
      .int(smallest ? 1 : 0);
    if (found) call.pointer(found.keys).pointer(found.positions);
    else call.none().none();
    call.launchOver(work);
  };
  if (parts === 1) {
    launch(name, null, count * lanes);
    return;
  }
  cuda.temporary('int64', parts * count, (keys) =>
    cuda.temporary('int64', parts * count, (positions) => {
      launch(name, { keys, positions }, parts * count * lanes);
      launch('arg_reduce_parts', { keys, positions }, count);
    }),
  );
}
