/** The `gather` and `scatter` families. Indices are all checked before anything is written. */
import { IndexError, isInteger, type ScatterMode } from '@tenfold/tensor-core';
import { codecOf, type Element, type View } from '../elements.ts';
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

export function scatter(mode: ScatterMode, out: View, index: View, source: View, axis: number): void {
  checkIndices(index, axis, out.shape[axis]);
  const { read, write } = codecOf(out.dtype);
  // a product of two 32-bit integers may not fit a double
  const apply = mode === 'multiply' && isInteger(out.dtype) && out.dtype !== 'int64' ? multiplyNarrow : combine[mode];
  const from = source.storage.buffer;
  const to = out.storage.buffer;
  const step = out.strides[axis];
  forEachPosition(source.shape, [source, index, across(out, axis)], ([x, i, base]) => {
    const at = base + Number(index.storage.buffer[i]) * step;
    write(to, at, apply(read(to, at), read(from, x)));
  });
}
