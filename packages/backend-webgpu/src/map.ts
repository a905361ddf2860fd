/** The map family: one invocation computes some elements of the outputs, each by the program's expressions. */
import { Program } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import { declareFaults, zeroDivision } from './faults.ts';
import { type Axis, axesOf, merged, sizeOf } from './geometry.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { loadsOf, usesOf, writeLoaded } from './operands.ts';
import { fromStored, render, toStored } from './render.ts';
import { type Bindings, bind, grid, read, shader, type View, word, wordAs, workgroup, writeParams } from './shader.ts';

/** An operand that runs along the elements one after another, that is one element for all, or that needs the position of each element. */
type Walk = 'dense' | 'fixed' | 'strided';

/** Invocations per workgroup where each takes four elements: a workgroup costs more to begin than four times the invocations. */
const quadWorkgroup = 256;

const walkOf = (axes: readonly Axis[], o: number): Walk => {
  if (axes.every(({ strides }) => strides[o] === 0)) return 'fixed';
  return axes.length === 1 && axes[0].strides[o] === 1 ? 'dense' : 'strided';
};

/** `outs[k][i] = program.outputs[k](…)`, see the contract. */
export function createMap(gpu: Gpu) {
  const run = runOn(gpu);
  return (outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void => {
    if (sizeOf(outs[0].shape) === 0) return;
    const room = gpu.device.limits.maxStorageBuffersPerShaderStage - Number(usesOf(program).divides);
    if (outs.length + ins.length <= room || buffersOf([...outs, ...ins]).size <= room) {
      run(outs, ins, program, params);
      return;
    }
    // inputs that share a stored type share a buffer; if there are too many outputs, some are computed after others
    const kept = buffersOf(outs);
    const stored = new Set(ins.map(({ dtype }) => elementType(dtype).stored)).size;
    const together = kept.size + stored <= room;
    const packed = pack(gpu, ins, together ? kept : new Set());
    const step = together ? outs.length : room - stored;
    for (let k = 0; k < outs.length; k += step) {
      const part = together ? program : new Program(program.outputs.slice(k, k + step), program.inputs, program.params);
      run(outs.slice(k, k + step), packed.views, part, params);
    }
    for (const buffer of packed.buffers) gpu.pool.release(buffer);
  };
}

const buffersOf = (views: readonly View[]): Set<Buffer> => new Set(views.map(({ storage }) => storage.buffer));

/** Copies of the elements that `views` show, in one buffer per stored type; views of the buffers in `kept` stay. */
function pack(gpu: Gpu, views: readonly View[], kept: ReadonlySet<Buffer>): { views: View[]; buffers: Buffer[] } {
  const types = new Map<
    string,
    {
      type: ReturnType<typeof elementType>;
      places: Map<Buffer, { low: number; high: number; at: number }>;
      size: number;
    }
  >();
  const moved = views.filter(({ storage }) => !kept.has(storage.buffer));
  for (const view of moved) {
    const type = elementType(view.dtype);
    const group = types.get(type.stored) ?? { type, places: new Map(), size: 0 };
    types.set(type.stored, group);
    let low = view.offset;
    let high = view.offset;
    view.shape.forEach((size, d) => {
      const reach = (size - 1) * view.strides[d];
      if (reach < 0) low += reach;
      else high += reach;
    });
    const known = group.places.get(view.storage.buffer);
    // copies begin at whole words
    low -= low % (4 / type.bytes);
    group.places.set(view.storage.buffer, {
      low: Math.min(low, known?.low ?? low),
      high: Math.max(high, known?.high ?? high),
      at: 0,
    });
  }
  const targets = new Map<string, Buffer>();
  for (const [stored, group] of types) {
    const { bytes } = group.type;
    for (const place of group.places.values()) {
      place.at = group.size;
      group.size += Math.ceil(((place.high + 1 - place.low) * bytes) / 4) * (4 / bytes);
    }
    const target = gpu.pool.allocate(group.size * bytes, group.type);
    targets.set(stored, target);
    for (const [buffer, { low, high, at }] of group.places)
      gpu.copy(buffer, low * bytes, target, at * bytes, Math.ceil(((high + 1 - low) * bytes) / 4) * 4);
  }
  return {
    views: views.map((view) => {
      const { stored } = elementType(view.dtype);
      const place = types.get(stored)?.places.get(view.storage.buffer);
      const buffer = targets.get(stored);
      if (!place || !buffer || kept.has(view.storage.buffer)) return view;
      return { ...view, offset: view.offset - place.low + place.at, storage: { buffer } };
    }),
    buffers: [...targets.values()],
  };
}

/** Whether elements can be read and written four at a time: every operand runs along the innermost dim without gaps from whole quads on, or stays where it is. */
function inQuads(axes: readonly Axis[], walked: readonly View[], outCount: number): boolean {
  const inner = axes[axes.length - 1];
  if (!inner || (axes.length > 1 && inner.size % 4 !== 0)) return false;
  return walked.every(({ offset }, o) => {
    const stride = inner.strides[o];
    if (stride === 0) return o >= outCount;
    return stride === 1 && offset % 4 === 0 && axes.every((axis) => axis === inner || axis.strides[o] % 4 === 0);
  });
}

function runOn(gpu: Gpu) {
  return (outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void => {
    const n = sizeOf(outs[0].shape);
    const { positions, loaded, divides } = usesOf(program);
    const walked = [...outs, ...ins.filter((_, i) => !loaded.has(i))];
    const all = axesOf(walked);
    const axes = positions ? all : merged(all);
    const walks = walked.map((_, o) => walkOf(axes, o));
    const bindings = bind(outs, ins);
    const { words } = gpu;
    if (!positions && !divides && loaded.size === 0 && inQuads(axes, walked, outs.length)) {
      const steps = walked.map((_, o) => axes[axes.length - 1].strides[o] === 1);
      const whole = n % 4 === 0;
      const key = `quads ${program.key}|${bindings.key}|${axes.length}${steps.map(Number).join('')}${whole ? '' : '+'}`;
      const kernel = gpu.kernel(key, bindings.access, () =>
        quadShader(program, bindings, outs.length, axes.length, steps, whole),
      );
      // n, sizes of the dims but the innermost in quads, then of each operand its offset and strides: in quads if it runs along
      let at = 0;
      words[at++] = n;
      axes.forEach(({ size }, d) => {
        words[at++] = d === axes.length - 1 ? Math.ceil(size / 4) : size;
      });
      walked.forEach(({ offset }, o) => {
        const unit = steps[o] ? 4 : 1;
        words[at++] = offset / unit;
        for (const { strides } of axes.slice(0, -1)) words[at++] = strides[o] / unit;
      });
      at = writeParams(gpu, at, program, params);
      gpu.dispatch(kernel, bindings.buffers, at, ...grid(Math.ceil(n / (4 * quadWorkgroup))));
      return;
    }
    const ranks = [...loaded].map((i) => ins[i].shape.length);
    const key = `map ${program.key}|${bindings.key}|${axes.length}${walks.map(([letter]) => letter).join('')}${positions ? 'p' : ''}|${ranks}`;
    const kernel = gpu.kernel(key, divides ? [...bindings.access, 'write'] : bindings.access, () =>
      mapShader(program, bindings, outs.length, ins, axes.length, walks),
    );
    // n, sizes of dims, then of each operand its offset and strides
    let at = 0;
    words[at++] = n;
    for (const { size } of axes) words[at++] = size;
    walked.forEach((view, o) => {
      words[at++] = view.offset;
      if (walks[o] === 'strided') for (const { strides } of axes) words[at++] = strides[o];
    });
    at = writeLoaded(gpu, at, loaded, ins);
    at = writeParams(gpu, at, program, params);
    if (divides) words[at++] = gpu.faultCode(zeroDivision);
    const [x, y] = grid(Math.ceil(n / workgroup));
    gpu.dispatch(kernel, divides ? [...bindings.buffers, gpu.faults] : bindings.buffers, at, x, y);
  };
}

/** One invocation computes four elements, which lie beside each other in every operand that steps at all; the last one fewer, unless all is `whole`. */
function quadShader(
  program: Program,
  bindings: Bindings,
  outCount: number,
  rank: number,
  steps: readonly boolean[],
  whole: boolean,
): string {
  const { slots } = bindings;
  let at = 1 + rank;
  const indices = steps.map((step) => {
    const offset = word(at++);
    const terms = Array.from({ length: rank - 1 }, (_, d) => `p${d} * ${word(at++)}`);
    return [offset, ...terms, ...(step ? [rank === 1 ? 'i' : `p${rank - 1}`] : [])].join(' + ');
  });
  const quads: string[] = [];
  const names = program.inputs.map((_, k) => {
    const o = outCount + k;
    quads.push(`let at${k} = ${indices[o]};`);
    quads.push(`let q${k} = b${slots[o]}[${steps[o] ? `at${k}` : `at${k} >> 2u`}]${steps[o] ? '' : `[at${k} & 3u]`};`);
    return `q${k}`;
  });
  const functions = new Set<string>();
  const statements: string[] = [];
  const results = [...'xyzw'].map((letter) => {
    const one = render(
      program,
      {
        input: (k) => fromStored(program.inputs[k], steps[outCount + k] ? `${names[k]}.${letter}` : names[k]),
        param: (k, dtype) => wordAs(at + k, dtype),
        index: () => '',
        load: () => '',
      },
      letter,
    );
    for (const name of one.functions) functions.add(name);
    statements.push(...one.statements);
    return one.outputs.map((value, k) => toStored(program.outputs[k].dtype, value));
  });
  const stores = program.outputs.flatMap(({ dtype }, k) => {
    const target = `b${slots[k]}[to${k}]`;
    const [x, y, z, w] = results.map((values) => values[k]);
    const all = `${target} = vec4<${elementType(dtype).stored}>(${x}, ${y}, ${z}, ${w});`;
    const part = `${target}.x = ${x}; if (left > 1u) { ${target}.y = ${y}; } if (left > 2u) { ${target}.z = ${z}; }`;
    return [`let to${k} = ${indices[k]};`, whole ? all : `if (left > 3u) { ${all} } else { ${part} }`];
  });
  return shader({
    bindings,
    vectors: 'all',
    functions,
    invocations: quadWorkgroup,
    body: `  let i = gid * ${quadWorkgroup}u + lid;
  if (i * 4u >= ${word(0)}) { return; }
  let left = ${word(0)} - i * 4u;
  ${[...(rank > 1 ? positionOf(rank) : []), ...quads, ...statements, ...stores].join('\n  ')}`,
  });
}

function mapShader(
  program: Program,
  bindings: Bindings,
  outCount: number,
  ins: readonly View[],
  rank: number,
  walks: readonly Walk[],
): string {
  const { slots } = bindings;
  const { positions, loaded, divides } = usesOf(program);
  let at = 1 + rank;
  // code of the index of each walked operand
  const indices = walks.map((walk) => {
    const offset = word(at++);
    if (walk === 'fixed') return offset;
    if (walk === 'dense') return `${offset} + i`;
    const terms = Array.from({ length: rank }, (_, d) => `p${d} * ${word(at++)}`);
    return [offset, ...terms].join(' + ');
  });
  const { load, at: firstParam } = loadsOf(loaded, ins, slots.slice(outCount), at);
  let walkedInput = outCount;
  const inputIndex = ins.map((_, i) => (loaded.has(i) ? '' : indices[walkedInput++]));
  const { statements, outputs, functions } = render(program, {
    input: (i) => read(slots[outCount + i], ins[i].dtype, inputIndex[i]),
    param: (i, dtype) => wordAs(firstParam + i, dtype),
    index: (d) => `i32(p${d})`,
    load: (i, _, position, outside) => load(i, position, outside),
    ...(divides && { divisor: (x) => `if (${x} == 0) { fault(${word(firstParam + program.params.length)}, 0); }` }),
  });
  const position = positions || walks.includes('strided') ? positionOf(rank) : [];
  const stores = outputs.map(
    (value, k) => `b${slots[k]}[${indices[k]}] = ${toStored(program.outputs[k].dtype, value)};`,
  );
  return shader({
    bindings,
    functions,
    declarations: divides ? declareFaults(bindings.buffers.length) : '',
    body: `  let i = gid * ${workgroup}u + lid;
  if (i >= ${word(0)}) { return; }
  ${[...position, ...statements, ...stores].join('\n  ')}`,
  });
}

/** Statements that take element number `i` apart into positions `p0`, `p1`, … along dims whose sizes are the words from 1 on. */
export function positionOf(rank: number, from = 1): string[] {
  if (rank === 0) return [];
  if (rank === 1) return ['let p0 = i;'];
  const lines = ['var rest = i;'];
  for (let d = rank - 1; d > 0; d--) lines.push(`let p${d} = rest % ${word(from + d)};`, `rest /= ${word(from + d)};`);
  return [...lines, 'let p0 = rest;'];
}
