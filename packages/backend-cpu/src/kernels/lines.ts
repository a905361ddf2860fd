/** Kernels that work along lines of one axis: argReduce, scan and sort. */
import { type ArgReduceKind, isInteger, type ScanKind } from '@tenfold/tensor-core';
import type { Element } from '@tenfold/tensor-core/scalar';
import { codecOf, type View } from '../elements.ts';
import { forEachPosition, without } from '../iterate.ts';

/** Whether `x` comes before `y` as a maximum; NaN is larger than everything. */
const above = (x: Element, y: Element): boolean => x > y || (Number.isNaN(x) && !Number.isNaN(y));
/** Whether `x` comes before `y` as a minimum; here too NaN wins. */
const below = (x: Element, y: Element): boolean => x < y || (Number.isNaN(x) && !Number.isNaN(y));

/** Calls `visit(offsets)` at the begin of each line along `axis`, with the offset in each view. */
function forEachLine(views: readonly View[], axis: number, visit: (offsets: readonly number[]) => void): void {
  const windows = views.map(({ strides, offset }) => ({ strides: without(strides, axis), offset }));
  forEachPosition(without(views[0].shape, axis), windows, visit);
}

export function argReduce(kind: ArgReduceKind, out: View, input: View, axes: readonly number[]): void {
  const { read } = codecOf(input.dtype);
  const better = kind === 'argmax' ? above : below;
  const inside = axes.map((axis) => input.shape[axis]);
  const insideStrides = axes.map((axis) => input.strides[axis]);
  const positions: number[] = [];
  forEachPosition(inside, [{ strides: insideStrides, offset: 0 }], ([at]) => positions.push(at));
  const { buffer } = input.storage;
  forEachPosition(out.shape, [out, input], ([to, from]) => {
    let best = 0;
    let value = read(buffer, from + positions[0]);
    for (let i = 1; i < positions.length; i++) {
      const candidate = read(buffer, from + positions[i]);
      if (!better(candidate, value)) continue;
      best = i;
      value = candidate;
    }
    out.storage.buffer[to] = BigInt(best);
  });
}

type ScanStep = (running: Element, x: Element) => Element;

/** The next running value. Floats run in double precision. */
const scanSteps: { readonly [K in ScanKind]: ScanStep } = {
  cumsum: (sum, x) => (typeof sum === 'bigint' ? BigInt.asIntN(64, sum + (x as bigint)) : sum + (x as number)),
  cumprod: (product, x) =>
    typeof product === 'bigint' ? BigInt.asIntN(64, product * (x as bigint)) : product * (x as number),
  cummax: (best, x) => (above(best, x) ? best : x),
  cummin: (best, x) => (below(best, x) ? best : x),
};

/** Narrow integers wrap at 32 bits as they go, before a double could lose bits. */
const integerSteps: { readonly [K in ScanKind]?: ScanStep } = {
  cumsum: (sum, x) => ((sum as number) + (x as number)) | 0,
  cumprod: (product, x) => Math.imul(product as number, x as number),
};

/** Whether the running extreme is (again) attained by `x`: of equal ones the latest counts, and so does each NaN. */
const attains = (running: Element, x: Element): boolean => running === x || Number.isNaN(x);

export function scan(kind: ScanKind, outs: readonly View[], input: View, axis: number, reverse: boolean): void {
  const [values, indices] = outs;
  const { read } = codecOf(input.dtype);
  const { write } = codecOf(values.dtype);
  const narrow = isInteger(input.dtype) && input.dtype !== 'int64';
  const step = (narrow ? integerSteps[kind] : undefined) ?? scanSteps[kind];
  const length = input.shape[axis];
  forEachLine([input, ...outs], axis, ([from, to, toIndex]) => {
    let running: Element | undefined;
    let latest = 0;
    for (let i = 0; i < length; i++) {
      const position = reverse ? length - 1 - i : i;
      const x = read(input.storage.buffer, from + position * input.strides[axis]);
      running = running === undefined ? x : step(running, x);
      if (attains(running, x)) latest = position;
      write(values.storage.buffer, to + position * values.strides[axis], running);
      if (indices) indices.storage.buffer[toIndex + position * indices.strides[axis]] = BigInt(latest);
    }
  });
}

export function sort(values: View, indices: View, input: View, axis: number, descending: boolean): void {
  const { read } = codecOf(input.dtype);
  const { write } = codecOf(values.dtype);
  const length = input.shape[axis];
  const before = (x: Element, y: Element) => (descending ? above(x, y) : above(y, x));
  forEachLine([input, values, indices], axis, ([from, to, toIndex]) => {
    const line = Array.from({ length }, (_, i) => read(input.storage.buffer, from + i * input.strides[axis]));
    const sorted = line
      .map((_, i) => i)
      .sort((i, j) => (before(line[i], line[j]) ? -1 : before(line[j], line[i]) ? 1 : i - j));
    sorted.forEach((source, i) => {
      write(values.storage.buffer, to + i * values.strides[axis], line[source]);
      indices.storage.buffer[toIndex + i * indices.strides[axis]] = BigInt(source);
    });
  });
}
