/** The map family: one invocation computes some elements of the outputs, each by the program's expressions. */
import type { Program } from '@tenfold/tensor-core';
import { type Axis, axesOf, merged, sizeOf } from './geometry.ts';
import type { Gpu } from './gpu.ts';
import { loadsOf, usesOf, writeLoaded } from './operands.ts';
import { render, toStored } from './render.ts';
import {
  type Bindings,
  bind,
  grid,
  perInvocation,
  read,
  shader,
  type View,
  word,
  wordAs,
  workgroup,
  writeParams,
} from './shader.ts';

/** An operand that runs along the elements one after another, that is one element for all, or that needs the position of each element. */
type Walk = 'dense' | 'one' | 'strided';

const walkOf = (axes: readonly Axis[], o: number): Walk => {
  if (axes.every(({ strides }) => strides[o] === 0)) return 'one';
  return axes.length === 1 && axes[0].strides[o] === 1 ? 'dense' : 'strided';
};

/** `outs[k][i] = program.outputs[k](…)`, see the contract. */
export function createMap(gpu: Gpu) {
  return (outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void => {
    const n = sizeOf(outs[0].shape);
    if (n === 0) return;
    const { positions, loaded } = usesOf(program);
    const walked = [...outs, ...ins.filter((_, i) => !loaded.has(i))];
    const all = axesOf(walked);
    const axes = positions ? all : merged(all);
    const walks = walked.map((_, o) => walkOf(axes, o));
    const bindings = bind(outs, ins);
    const ranks = [...loaded].map((i) => ins[i].shape.length);
    const key = `map ${program.key}|${bindings.key}|${axes.length}${walks.map(([letter]) => letter).join('')}${positions ? 'p' : ''}|${ranks}`;
    const kernel = gpu.kernel(key, bindings.access, () =>
      mapShader(program, bindings, outs.length, ins, axes.length, walks, loaded, positions),
    );
    // n, sizes of dims, then of each operand its offset and strides
    const { words } = gpu;
    let at = 0;
    words[at++] = n;
    for (const { size } of axes) words[at++] = size;
    walked.forEach((view, o) => {
      words[at++] = view.offset;
      if (walks[o] === 'strided') for (const { strides } of axes) words[at++] = strides[o];
    });
    at = writeLoaded(gpu, at, loaded, ins);
    at = writeParams(gpu, at, program, params);
    const [x, y] = grid(Math.ceil(n / (workgroup * perInvocation)));
    gpu.dispatch(kernel, bindings.buffers, at, x, y);
  };
}

function mapShader(
  program: Program,
  bindings: Bindings,
  outCount: number,
  ins: readonly View[],
  rank: number,
  walks: readonly Walk[],
  loaded: ReadonlySet<number>,
  positions: boolean,
): string {
  const { slots } = bindings;
  let at = 1 + rank;
  // code of the index of each walked operand
  const indices = walks.map((walk) => {
    const offset = word(at++);
    if (walk === 'one') return offset;
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
  });
  const position = positions || walks.includes('strided') ? positionOf(rank) : [];
  const stores = outputs.map(
    (value, k) => `b${slots[k]}[${indices[k]}] = ${toStored(program.outputs[k].dtype, value)};`,
  );
  return shader({
    bindings,
    functions,
    body: `  for (var k = 0u; k < ${perInvocation}u; k++) {
    let i = (gid * ${perInvocation}u + k) * ${workgroup}u + lid;
    if (i >= ${word(0)}) { return; }
    ${[...position, ...statements, ...stores].join('\n    ')}
  }`,
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
