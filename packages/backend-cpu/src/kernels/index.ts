/** The `gather` and `scatter` families. Indices are all checked before anything is written. */
import { type DType, IndexError, isInteger, type ScatterMode } from '@tenfold/tensor-core';
import type { Element } from '@tenfold/tensor-core/scalar';
import { codecOf, type View } from '../elements.ts';
import { forEachPosition } from '../iterate.ts';

/** A view whose steps along `axis` are taken by an index instead. */
const across = ({ strides, offset }: View, axis: number) => ({
  strides: strides.map((stride, d) => (d === axis ? 0 : stride)),
  offset,
});

function checkIndices(index: View, axis: number, size: number): void {
  const { buffer } = index.storage;
  forEachPosition(index.shape, [index], ([at]) => {
    const i = Number(buffer[at]);
    if (i < 0 || i >= size) throw new IndexError(`index ${i} is out of bounds for dimension ${axis} with size ${size}`);
  });
}

export function gather(out: View, source: View, index: View, axis: number): void {
  checkIndices(index, axis, source.shape[axis]);
  const from = source.storage.buffer;
  const to = out.storage.buffer;
  const step = source.strides[axis];
  forEachPosition(out.shape, [out, index, across(source, axis)], ([at, i, base]) => {
    to[at] = from[base + Number(index.storage.buffer[i]) * step];
  });
}

const combine: { readonly [M in ScatterMode]: (there: Element, x: Element) => Element } = {
  set: (_, x) => x,
  add: (there, x) => (typeof there === 'bigint' ? there + (x as bigint) : there + (x as number)),
  multiply: (there, x) => (typeof there === 'bigint' ? there * (x as bigint) : there * (x as number)),
  max: (there, x) => (there > x || Number.isNaN(there) ? there : x),
  min: (there, x) => (there < x || Number.isNaN(there) ? there : x),
};

const multiplyNarrow = (there: Element, x: Element): Element => Math.imul(there as number, x as number);

function combineIn(dtype: DType, mode: ScatterMode): (there: Element, x: Element) => Element {
  // true + true is true
  if (mode === 'add' && dtype === 'bool') return combine.max;
  // a product of two 32-bit integers may not fit a double
  return mode === 'multiply' && isInteger(dtype) && dtype !== 'int64' ? multiplyNarrow : combine[mode];
}

export function scatter(mode: ScatterMode, out: View, index: View, source: View, axis: number): void {
  checkIndices(index, axis, out.shape[axis]);
  const { read, write } = codecOf(out.dtype);
  const apply = combineIn(out.dtype, mode);
  const from = source.storage.buffer;
  const to = out.storage.buffer;
  const step = out.strides[axis];
  forEachPosition(source.shape, [source, index, across(out, axis)], ([x, i, base]) => {
    const at = base + Number(index.storage.buffer[i]) * step;
    write(to, at, apply(read(to, at), read(from, x)));
  });
}
