/** Pooling and its gradients, an invocation per element of the result: gradients are gathered from the windows that an element lies in. */
import type { Override } from '@tenfold/tensor-core';
import { sizeOf } from '../geometry.ts';
import type { Buffer, Gpu } from '../gpu.ts';
import { type View, workgroup } from '../shader.ts';
import { Call, type Operands } from './call.ts';

interface Windows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}
interface AvgAttrs extends Windows {
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;
}
interface BackwardAttrs {
  readonly size: readonly number[];
  readonly windows?: Windows;
}

/** A window or an element of a plane, by codes along each dim; `in…` is what is pooled, `out…` are the windows. */
interface Codes {
  readonly sizes: readonly string[];
  readonly counts: readonly string[];
  /** Code of the index of operand `o` at i32 positions along the spatial dims. */
  at(o: number, position: readonly string[]): string;
}

const spatial = (view: View): readonly number[] => view.shape.slice(2);

/** Runs code for every element `p2`, `p3`, … (i32) of planes of the first output. */
function runPlanes(
  gpu: Gpu,
  name: string,
  outs: readonly View[],
  ins: readonly View[],
  sizes: readonly number[],
  counts: readonly number[],
  code: (call: Call, codes: Codes) => { readonly body: () => string; readonly uses?: readonly string[] },
): void {
  const { shape } = outs[0];
  const total = sizeOf(shape);
  if (total === 0) return;
  const call = new Call(gpu, name, outs, ins);
  call.variant(sizes.length);
  const n = call.uint(total);
  const shapes = shape.slice(1).map((size) => call.int(size));
  const codes = {
    sizes: sizes.map((size) => call.int(size)),
    counts: counts.map((count) => call.int(count)),
  };
  const places = [...outs, ...ins].map(({ offset, strides }) => ({
    offset: call.int(offset),
    strides: strides.map((stride) => call.int(stride)),
  }));
  const at = (o: number, position: readonly string[]): string => {
    const { offset, strides } = places[o];
    return [offset, ...['p0', 'p1', ...position].map((p, d) => `${p} * ${strides[d]}`)].join(' + ');
  };
  const { body, uses } = code(call, { ...codes, at });
  call.run(Math.ceil(total / workgroup), workgroup, () => {
    const lines = [`let i = gid * ${workgroup}u + lid;`, `if (i >= ${n}) { return; }`, 'var rest = i32(i);'];
    for (let d = shapes.length; d > 0; d--)
      lines.push(`let p${d} = rest % ${shapes[d - 1]};`, `rest /= ${shapes[d - 1]};`);
    return { uses, body: [...lines, 'let p0 = rest;', body()].map((line) => `  ${line}`).join('\n') };
  });
}

const along = <T>(list: readonly T[], code: (x: T, d: number) => string): string[] => list.map(code);

/** Words of a window's geometry along each dim. */
const words = (call: Call, { kernel, stride, padding, dilation }: Windows) =>
  kernel.map((taps, d) => ({
    taps: call.int(taps),
    stride: call.int(stride[d]),
    padding: call.int(padding[d]),
    dilation: call.int(dilation[d]),
  }));

type Words = ReturnType<typeof words>;

/** Statements under loops over the elements `a0`, `a1`, … of the window at `p2`, `p3`, …. */
const overWindow = (geometry: Words, { sizes }: Codes, statements: string): string =>
  `${along(
    geometry,
    ({ taps, stride, padding, dilation }, d) => `for (var k${d} = 0; k${d} < ${taps}; k${d}++) {
    let a${d} = p${d + 2} * ${stride} - ${padding} + k${d} * ${dilation};
    if (a${d} < 0 || a${d} >= ${sizes[d]}) { continue; }`,
  ).join('\n')} ${statements} ${'}'.repeat(geometry.length)}`;

/** Statements under loops over the windows `o0`, `o1`, …, in order, that hold the element at `p2`, `p3`, …. */
const overHolders = (geometry: Words, { counts }: Codes, statements: string): string =>
  `${along(
    geometry,
    ({ taps, stride, padding, dilation }, d) => `for (var k${d} = ${taps} - 1; k${d} >= 0; k${d}--) {
    let t${d} = p${d + 2} + ${padding} - k${d} * ${dilation};
    let o${d} = t${d} / ${stride};
    if (t${d} < 0 || t${d} % ${stride} != 0 || o${d} >= ${counts[d]}) { continue; }`,
  ).join('\n')} ${statements} ${'}'.repeat(geometry.length)}`;

/** Statements under loops over windows of unlike sizes: from ⌊o·size/count⌋ to ⌈(o+1)·size/count⌉. */
const overAdaptive = ({ sizes, counts }: Codes, statements: string): string =>
  `${along(
    sizes,
    (size, d) => `let end${d} = ((p${d + 2} + 1) * ${size} + ${counts[d]} - 1) / ${counts[d]};
  for (var a${d} = p${d + 2} * ${size} / ${counts[d]}; a${d} < end${d}; a${d}++) {`,
  ).join('\n')} ${statements} ${'}'.repeat(sizes.length)}`;

const named = (letter: string, n: number): string[] => Array.from({ length: n }, (_, d) => `${letter}${d}`);

/** Row-major number of a position. */
const flat = (position: readonly string[], sizes: readonly string[]): string =>
  position.reduce((code, p, d) => (d === 0 ? p : `(${code}) * ${sizes[d]} + ${p}`));

// operands: values, indices, x
function searched(call: Call, codes: Codes, loops: (statements: string) => string) {
  const n = codes.sizes.length;
  const positions = named('p', n + 2).slice(2);
  return {
    uses: ['is_nan'],
    body: () => `var best = 0.0;
  var found = -1;
  ${loops(`let value = ${call.load(2, codes.at(2, named('a', n)))};
    if (found < 0 || value > best || is_nan(value)) { best = value; found = ${flat(named('a', n), codes.sizes)}; }`)}
  ${call.store(0, codes.at(0, positions), 'best')}
  ${call.store(1, codes.at(1, positions), 'found')}`,
  };
}

/** By what the sum of the window at `position` is divided. */
function divisor(call: Call, geometry: Words, { sizes }: Codes, attrs: AvgAttrs, position: readonly string[]): string {
  if (attrs.divisorOverride !== null) return call.float(attrs.divisorOverride);
  return geometry
    .map(({ taps, stride, padding }, d) => {
      const start = `(${position[d]} * ${stride} - ${padding})`;
      const end = `min(${start} + ${taps}, ${sizes[d]} + ${padding})`;
      const length = attrs.countIncludePad ? `(${end} - ${start})` : `(min(${end}, ${sizes[d]}) - max(${start}, 0))`;
      return `f32(${length})`;
    })
    .join(' * ');
}

const isFloat = ({ dtype }: View): boolean => dtype === 'float32' || dtype === 'float16';

/** Positions and indices are computed in 32 bits with a sign. */
const fits = (inputs: Operands): true | string =>
  inputs.every((x) => x === null || typeof x === 'number' || sizeOf(x.shape) < 2 ** 31) || 'at most 2^31 elements';

const floats = (inputs: Operands): true | string => (isFloat(inputs[0] as View) ? fits(inputs) : 'floats only');

/** Windows among which an element may look for itself, if nothing says where they are. */
const fewWindows = 64;

/** By op name. */
export function poolOverrides(gpu: Gpu): { readonly [op: string]: Override<Buffer> } {
  return {
    maxPool: {
      supports: floats,
      run([values, indices], inputs, attrs) {
        const [x] = inputs as readonly View[];
        runPlanes(gpu, 'maxPool', [values, indices], [x], spatial(x), spatial(values), (call, codes) => {
          const geometry = words(call, attrs as Windows);
          return searched(call, codes, (statements) => overWindow(geometry, codes, statements));
        });
      },
    },
    adaptiveMaxPool: {
      supports(inputs, attrs) {
        const { size } = attrs as { readonly size: readonly number[] };
        const sizes = spatial(inputs[0] as View);
        if (size.some((count, d) => (count + 1) * sizes[d] + count >= 2 ** 31)) return 'positions beyond 32 bits';
        return floats(inputs);
      },
      run([values, indices], inputs) {
        const [x] = inputs as readonly View[];
        runPlanes(gpu, 'adaptiveMaxPool', [values, indices], [x], spatial(x), spatial(values), (call, codes) =>
          searched(call, codes, (statements) => overAdaptive(codes, statements)),
        );
      },
    },
    maxPoolBackward: {
      supports(inputs, attrs) {
        const few = sizeOf(spatial(inputs[0] as View)) <= fewWindows;
        if (!few && !(attrs as BackwardAttrs).windows) return 'many windows, at places unknown';
        return floats(inputs);
      },
      run([out], inputs, attrs) {
        const [grad, indices] = inputs as readonly View[];
        const { windows } = attrs as BackwardAttrs;
        const name = `maxPoolBackward ${windows !== undefined}`;
        // operands: the result, the gradient, positions
        runPlanes(gpu, name, [out], [grad, indices], spatial(out), spatial(grad), (call, codes) => {
          const n = codes.sizes.length;
          const geometry = windows && words(call, windows);
          const windowed = named('o', n);
          const statements = `if (${call.load(2, codes.at(2, windowed))} == own) { sum += ${call.load(1, codes.at(1, windowed))}; }`;
          const all = (): string =>
            `${along(codes.counts, (count, d) => `for (var o${d} = 0; o${d} < ${count}; o${d}++) {`).join(' ')} ${statements} ${'}'.repeat(n)}`;
          const positions = named('p', n + 2).slice(2);
          return {
            body: () => `let own = ${flat(positions, codes.sizes)};
  var sum = 0.0;
  ${geometry ? overHolders(geometry, codes, statements) : all()}
  ${call.store(0, codes.at(0, positions), 'sum')}`,
          };
        });
      },
    },
    avgPool: {
      supports: floats,
      run([out], inputs, attrs) {
        const [x] = inputs as readonly View[];
        const avg = attrs as AvgAttrs;
        const name = `avgPool ${avg.countIncludePad} ${avg.divisorOverride !== null}`;
        // operands: the result, x
        runPlanes(gpu, name, [out], [x], spatial(x), spatial(out), (call, codes) => {
          const n = codes.sizes.length;
          const geometry = words(call, avg);
          const positions = named('p', n + 2).slice(2);
          const by = divisor(call, geometry, codes, avg, positions);
          const statements = `sum += ${call.load(1, codes.at(1, named('a', n)))};`;
          return {
            body: () => `var sum = 0.0;
  ${overWindow(geometry, codes, statements)}
  ${call.store(0, codes.at(0, positions), `sum / (${by})`)}`,
          };
        });
      },
    },
    avgPoolBackward: {
      supports: floats,
      run([out], inputs, attrs) {
        const [grad] = inputs as readonly View[];
        const avg = attrs as AvgAttrs;
        const name = `avgPoolBackward ${avg.countIncludePad} ${avg.divisorOverride !== null}`;
        // operands: the result, the gradient
        runPlanes(gpu, name, [out], [grad], spatial(out), spatial(grad), (call, codes) => {
          const n = codes.sizes.length;
          const geometry = words(call, avg);
          const windowed = named('o', n);
          const by = divisor(call, geometry, codes, avg, windowed);
          const statements = `sum += ${call.load(1, codes.at(1, windowed))} / (${by});`;
          return {
            body: () => `var sum = 0.0;
  ${overHolders(geometry, codes, statements)}
  ${call.store(0, codes.at(0, named('p', n + 2).slice(2)), 'sum')}`,
          };
        });
      },
    },
  };
}
