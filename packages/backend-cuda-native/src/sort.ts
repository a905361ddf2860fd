/**
 * The sort family. Keys are unsigned integers in the order of the elements, turned round for descending order, so that both directions are stable; the
 * values are read from the input in the end.
 */

import { contiguousStrides, type DType, type Runtime } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import { type Buffer, itemsize, kernelTypes, type View } from './elements.ts';
import { axesOf, countOf, forEachPart, merged } from './geometry.ts';
import { across, beside, type Lines, linesOf } from './lines.ts';

/** Lines up to this length are sorted in shared memory: `row_slots` of sort.cu. */
export const shortLine = 2048;
/** Elements that a block takes at once in a pass over a digit (`pass_tile`), and bits of a digit. */
const tile = 2048;
const digitBits = 8;
const digits = 2 ** digitBits;
/** Blocks among which long lines are divided. */
const wantedBlocks = 2048;

/** Sorts along `axis`, see the contract. */
export function createSort(cuda: Cuda): Runtime<Buffer>['sort'] {
  return (values: View, indices: View, input: View, axis: number, descending: boolean): void => {
    const lines = linesOf([values, indices, input], axis);
    if (lines.count * lines.length === 0) return;
    if (lines.length <= shortLine) sortRows(cuda, lines, values, indices, input, descending);
    else sortLong(cuda, values, indices, input, axis, descending);
  };
}

function sortRows(
  cuda: Cuda,
  { axes, length, steps }: Lines,
  values: View,
  indices: View,
  input: View,
  descending: boolean,
): void {
  const width = Math.max(2, 2 ** Math.ceil(Math.log2(length)));
  forEachPart(axes, [values.offset, indices.offset, input.offset], (lines, [to, toIndex, from]) => {
    const call = cuda.call(`sort_rows_${kernelTypes[input.dtype]}`);
    call.view(values, to).view(indices, toIndex).view(input, from).walk(lines, 3);
    for (const step of steps) call.long(step);
    call.int(length).int(width);
    for (const flag of [descending, beside(lines, 2, steps[2])]) call.int(flag ? 1 : 0);
    call.launch(Math.min(Math.ceil((countOf(lines) * width) / shortLine), cuda.blocksAtOnce));
  });
}

function sortLong(cuda: Cuda, values: View, indices: View, input: View, axis: number, descending: boolean): void {
  const { shape, dtype } = input;
  const length = shape[axis];
  const count = shape.reduce((n, size, d) => (d === axis ? n : n * size), 1);
  const strides = denseLines(shape, axis);
  const bits = dtype === 'bool' ? 1 : itemsize(dtype) * 8;
  const keyType: KeyType = bits > 32 ? 'int64' : 'int32';
  cuda.temporary(keyType, count * length, (keys) => {
    forEachPart(merged(axesOf([{ shape, strides }, input])), [0, input.offset], (part, [to, from]) => {
      cuda
        .call(`sort_keys_${kernelTypes[dtype]}`)
        .pointer(keys, to * itemsize(keyType))
        .view(input, from)
        .walk(part, 2)
        .int(descending ? 1 : 0)
        .launchOver(countOf(part));
    });
    sortKeys(cuda, { keys, count, length, bits, placeType: placesOf(length) }, false, (_, places) => {
      const operands = [values, indices, { shape, strides }, { shape, strides: across(input, axis) }];
      const offsets = [values.offset, indices.offset, 0, input.offset];
      const size = itemsize(places.dtype);
      forEachPart(merged(axesOf(operands)), offsets, (part, [to, toIndex, place, from]) => {
        cuda
          .call(`sort_finish_${itemsize(dtype)}_${size * 8}`)
          .view(values, to)
          .view(indices, toIndex)
          .view(input, from)
          .pointer(places, place * size)
          .walk(part, 4)
          .long(input.strides[axis])
          .launchOver(countOf(part));
      });
    });
  });
}

/** Row-major strides with the axis innermost. */
export function denseLines(shape: readonly number[], axis: number): number[] {
  const others = contiguousStrides(shape.filter((_, d) => d !== axis)).map((stride) => stride * shape[axis]);
  return [...others.slice(0, axis), 1, ...others.slice(axis)];
}

/** Unsigned keys are kept in buffers of the signed dtype of their size. */
type KeyType = 'int32' | 'int64';

/** What holds the places of a line. */
export const placesOf = (length: number): KeyType => (length <= 2 ** 32 ? 'int32' : 'int64');

/** Dense lines of unsigned keys, of which only so many bits are not 0. */
export interface Keys {
  /** int32 or int64; overwritten. */
  readonly keys: Buffer;
  readonly count: number;
  readonly length: number;
  readonly bits: number;
  /** As what places in a line are kept, unsigned too: {@link placesOf} its length. */
  readonly placeType: KeyType;
}

/** Sorts lines of keys, stably. `use` gets them, if they are `wanted`, and the place that each had in its line. */
export function sortKeys(
  cuda: Cuda,
  { keys, count, length, bits, placeType }: Keys,
  wanted: boolean,
  use: (keys: Buffer, places: Buffer) => void,
): void {
  const names = `${itemsize(keys.dtype) * 8}_${itemsize(placeType) * 8}`;
  const passes = Math.ceil(bits / digitBits);
  const tiles = Math.ceil(length / tile);
  const chunk = Math.ceil(tiles / Math.max(1, Math.floor(wantedBlocks / count))) * tile;
  const blocks = Math.ceil(length / chunk);
  const temporaries: Buffer[] = [];
  const temporary = (dtype: DType, size: number): Buffer => {
    const buffer = cuda.allocate(dtype, size);
    temporaries.push(buffer);
    return buffer;
  };
  try {
    const counts = temporary(placeType, count * digits * blocks);
    const totals = temporary(placeType, count * digits);
    // a pass reads one of two and writes the other; the first one has no places to read
    const both = [keys, passes > 1 || wanted ? temporary(keys.dtype, count * length) : keys];
    const places = [passes > 1 ? temporary(placeType, count * length) : null, temporary(placeType, count * length)];
    for (let pass = 0; pass < passes; pass++) {
      const [from, to] = [pass % 2, (pass + 1) % 2];
      const launch = (name: string, grid: number): void => {
        const call = cuda.call(name).pointer(both[from]);
        const [before, after] = [pass === 0 ? null : places[from], places[to] as Buffer];
        if (before) call.pointer(before);
        else call.none();
        if (pass < passes - 1 || wanted) call.pointer(both[to]);
        else call.none();
        call.pointer(after).pointer(counts).pointer(totals);
        call.long(count).long(length).long(chunk).int(blocks);
        call.int(pass * digitBits).launch(Math.min(grid, cuda.blocksAtOnce));
      };
      launch(`sort_count_${names}`, count * blocks);
      launch(`sort_sums_${itemsize(placeType) * 8}`, Math.ceil((count * digits) / 8));
      launch(`sort_place_${names}`, count * blocks);
    }
    use(both[passes % 2], places[passes % 2] as Buffer);
  } finally {
    for (const buffer of temporaries) cuda.free(buffer);
  }
}
