/**
 * The scatter family. Values that fall on one element are combined in index order, by one invocation, so the result is the same bits every time; no
 * two invocations write one element. With few indices along the axis each looks for the others that point to its element; with many they are sorted
 * first, stably, and those that point to one element are neighbours.
 */
import { type BinaryFn, expr, Program, type Runtime, type ScatterMode } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import { declareFaults } from './faults.ts';
import { sizeOf } from './geometry.ts';
import { type Buffer, type Gpu, indexFault, type Kernel } from './gpu.ts';
import { render, toStored } from './render.ts';
import { bind, grid, perInvocation, read, shader, type View, word, workgroup } from './shader.ts';
import { across, alongAxis, type Walk, walkOver } from './walk.ts';

/** Indices along the axis up to which each is compared with all others. */
const fewIndices = 64;

const combine: { readonly [M in ScatterMode]: BinaryFn | null } = {
  set: null,
  add: 'add',
  multiply: 'mul',
  max: 'max',
  min: 'min',
};

/** Of `index`, what differs: dims along which it repeats have size 1. */
const withoutRepeats = (index: View, axis: number): View => ({
  ...index,
  shape: index.shape.map((size, d) => (d !== axis && index.strides[d] === 0 ? Math.min(size, 1) : size)),
});

/** `out[.., index[.., i, ..], ..] = combine(there, source[.., i, ..])`. If any index is out of range, that is reported and `out` stays as it is. */
export function createScatter(gpu: Gpu, sort: Runtime<Buffer>['sort']): Runtime<Buffer>['scatter'] {
  // the code of the fault that was found last: kernels of that call write nothing
  const refused = gpu.pool.allocate(4, elementType('int32'));
  gpu.write(refused, 0, new Int32Array(1));
  return (mode: ScatterMode, out: View, index: View, source: View, axis: number): void => {
    if (sizeOf(source.shape) === 0) return;
    const size = out.shape[axis];
    const code = gpu.faultCode(indexFault(size, axis));
    const distinct = withoutRepeats(index, axis);
    check(gpu, distinct, size, code, refused);
    if (source.shape[axis] <= fewIndices) {
      combineFew(gpu, mode, out, index, source, axis, code, refused);
      return;
    }
    const order = sorted(gpu, sort, distinct, axis);
    combineSorted(gpu, mode, out, order, source, axis, code, refused);
    gpu.pool.release(order.keys.storage.buffer);
    gpu.pool.release(order.places.storage.buffer);
  };
}

/** Reports an index that is out of range, and leaves its code in `refused`. */
function check(gpu: Gpu, index: View, size: number, code: number, refused: Buffer): void {
  const walk = walkOver([index]);
  const bindings = bind([], [index]);
  const kernel = gpu.kernel(`scatter check ${walk.key}`, ['read', 'write', 'write'], () => {
    const { statements, indices, next } = walk.code(1);
    return shader({
      bindings,
      declarations: `@group(0) @binding(2) var<storage, read_write> refused: array<atomic<u32>>;\n${declareFaults(1)}`,
      body: `  for (var k = 0u; k < ${perInvocation}u; k++) {
    let i = (gid * ${perInvocation}u + k) * ${workgroup}u + lid;
    if (i >= ${word(0)}) { return; }
    ${statements.join('\n    ')}
    let at = b0[${indices[0]}];
    if (bitcast<u32>(at) >= ${word(next)}) {
      fault(${word(next + 1)}, at);
      atomicStore(&refused[0], ${word(next + 1)});
    }
  }`,
    });
  });
  gpu.words[0] = walk.n;
  const at = walk.write(gpu, 1);
  gpu.words[at] = size;
  gpu.words[at + 1] = code;
  const groups = Math.ceil(walk.n / (workgroup * perInvocation));
  gpu.dispatch(kernel, [...bindings.buffers, gpu.faults, refused], at + 2, ...grid(groups));
}

/** A program that combines what is there with a value, as statements on `there` and `x`. */
function combining(mode: ScatterMode, dtype: View['dtype']) {
  const fn = combine[mode];
  const [there, x] = [expr.input(0, dtype), expr.input(1, dtype)];
  return render(new Program([fn ? expr.binary(fn, there, x) : x], [dtype, dtype]), {
    input: (i) => (i === 0 ? 'there' : 'x'),
    param: () => '',
    index: () => '',
    load: () => '',
  });
}

/** Every index looks for others in its line. */
function combineFew(
  gpu: Gpu,
  mode: ScatterMode,
  out: View,
  index: View,
  source: View,
  axis: number,
  code: number,
  refused: Buffer,
): void {
  const { shape } = source;
  const walk = walkOver([alongAxis(shape, axis), ...[{ ...out, shape }, index, source].map((x) => across(x, axis))]);
  const bindings = bind([out], [index, source]);
  const kernel = gpu.kernel(
    `scatter ${mode} ${out.dtype}|${bindings.key}|${walk.key}`,
    [...bindings.access, 'read'],
    () => {
      const { statements, indices, next } = walk.code(1);
      const [o, k, s] = bindings.slots;
      const [count, toStep, indexStep, fromStep, code] = [0, 1, 2, 3, 4].map((w) => word(next + w));
      const [j, to, line, from] = indices;
      const { statements: combined, outputs, functions } = combining(mode, out.dtype);
      const same = (at: string): string => `b${k}[line + ${at} * ${indexStep}] == at`;
      const x = (at: string): string => read(s, out.dtype, `start + ${at} * ${fromStep}`);
      const body =
        mode === 'set'
          ? `// the last one wins
    for (var later = j + 1u; later < ${count} && mine; later++) { mine = !(${same('later')}); }
    if (!mine) { continue; }
    b${o}[to] = b${s}[start + j * ${fromStep}];`
          : `// the first one combines them all
    for (var early = 0u; early < j && mine; early++) { mine = !(${same('early')}); }
    if (!mine) { continue; }
    var there = ${read(o, out.dtype, 'to')};
    for (var later = j; later < ${count}; later++) {
      if (${same('later')}) {
        let x = ${x('later')};
        ${combined.join('\n        ')}
        there = ${outputs[0]};
      }
    }
    b${o}[to] = ${toStored(out.dtype, 'there')};`;
      return shader({
        bindings,
        functions,
        declarations: declareRefused(bindings.buffers.length),
        body: `  if (refused[0] == ${code}) { return; }
  for (var k = 0u; k < ${perInvocation}u; k++) {
    let i = (gid * ${perInvocation}u + k) * ${workgroup}u + lid;
    if (i >= ${word(0)}) { return; }
    ${statements.join('\n    ')}
    let j = ${j};
    let line = ${line};
    let start = ${from};
    let at = b${k}[line + j * ${indexStep}];
    let to = ${to} + bitcast<u32>(at) * ${toStep};
    var mine = true;
    ${body}
  }`,
      });
    },
  );
  const steps = [out, index, source].map(({ strides }) => strides[axis]);
  write(gpu, kernel, walk, [...bindings.buffers, refused], [shape[axis], ...steps, code]);
}

/** Records a writing pass over `walk`, with `numbers` behind the words that the walk has. */
function write(gpu: Gpu, kernel: Kernel, walk: Walk, buffers: readonly Buffer[], numbers: readonly number[]): void {
  gpu.words[0] = walk.n;
  const at = walk.write(gpu, 1);
  gpu.words.set(numbers, at);
  gpu.dispatch(kernel, buffers, at + numbers.length, ...grid(Math.ceil(walk.n / (workgroup * perInvocation))));
}

const declareRefused = (binding: number): string =>
  `@group(0) @binding(${binding}) var<storage, read> refused: array<u32>;`;

/** Indices in order along the axis, and where they stood; both of the caller's own. */
interface Order {
  readonly keys: View;
  readonly places: View;
}

function sorted(gpu: Gpu, sort: Runtime<Buffer>['sort'], index: View, axis: number): Order {
  const { shape } = index;
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
  const dense = (): View => {
    const buffer = gpu.pool.allocate(sizeOf(shape) * 4, elementType('int32'));
    return { dtype: 'int32', shape, strides, offset: 0, storage: { buffer } };
  };
  const order = { keys: dense(), places: dense() };
  sort(order.keys, order.places, { ...index, dtype: 'int32' }, axis, false);
  return order;
}

/** The first of those that point to one element combines them all; of those that overwrite it, the last one does. */
function combineSorted(
  gpu: Gpu,
  mode: ScatterMode,
  out: View,
  { keys, places }: Order,
  source: View,
  axis: number,
  code: number,
  refused: Buffer,
): void {
  const { shape } = source;
  // sorted lines repeat where the index does
  const lines = { ...keys, shape, strides: keys.strides.map((stride, d) => (keys.shape[d] === 1 ? 0 : stride)) };
  const walk = walkOver([alongAxis(shape, axis), ...[{ ...out, shape }, lines, source].map((x) => across(x, axis))]);
  const bindings = bind([out], [keys, places, source]);
  const key = `scatter sorted ${mode} ${out.dtype}|${bindings.key}|${walk.key}`;
  const kernel = gpu.kernel(key, [...bindings.access, 'read'], () => {
    const { statements, indices, next } = walk.code(1);
    const [o, k, p, s] = bindings.slots;
    const [count, toStep, keyStep, fromStep, code] = [0, 1, 2, 3, 4].map((w) => word(next + w));
    const [j, to, line, from] = indices;
    const { statements: combined, outputs, functions } = combining(mode, out.dtype);
    const body =
      mode === 'set'
        ? `if (j + 1u < ${count} && b${k}[line + ${keyStep}] == at) { continue; }
    b${o}[to] = b${s}[start + bitcast<u32>(b${p}[line]) * ${fromStep}];`
        : `if (j > 0u && b${k}[line - ${keyStep}] == at) { continue; }
    var there = ${read(o, out.dtype, 'to')};
    loop {
      let x = ${read(s, out.dtype, `start + bitcast<u32>(b${p}[line]) * ${fromStep}`)};
      ${combined.join('\n      ')}
      there = ${outputs[0]};
      j++;
      line += ${keyStep};
      if (j >= ${count}) { break; }
      if (b${k}[line] != at) { break; }
    }
    b${o}[to] = ${toStored(out.dtype, 'there')};`;
    return shader({
      bindings,
      functions,
      declarations: declareRefused(bindings.buffers.length),
      body: `  if (refused[0] == ${code}) { return; }
  for (var k = 0u; k < ${perInvocation}u; k++) {
    let i = (gid * ${perInvocation}u + k) * ${workgroup}u + lid;
    if (i >= ${word(0)}) { return; }
    ${statements.join('\n    ')}
    var j = ${j};
    var line = ${line} + j * ${keyStep};
    let start = ${from};
    let at = b${k}[line];
    let to = ${to} + bitcast<u32>(at) * ${toStep};
    ${body}
  }`,
    });
  });
  const steps = [out, keys, source].map(({ strides }) => strides[axis]);
  write(gpu, kernel, walk, [...bindings.buffers, refused], [shape[axis], ...steps, code]);
}
