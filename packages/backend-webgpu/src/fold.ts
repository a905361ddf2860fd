/**
 * Folding many terms into one result, for reductions and their positions. An invocation folds terms that lie `strips` apart; up to 64 invocations
 * share a result through workgroup memory; and where there are few results of many terms each, invocations fold parts of one without waiting for each
 * other, and a second dispatch folds these. All of it in an order that depends on shapes alone.
 */
import { type DType, expr, Program } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import { type Axis, axesOf, merged, sizeOf } from './geometry.ts';
import type { Gpu } from './gpu.ts';
import { loadsOf, usesOf, writeLoaded } from './operands.ts';
import { render } from './render.ts';
import { type Bindings, bind, grid, read, shader, type View, word, wordAs, writeParams } from './shader.ts';

/** What terms are folded into. */
export interface Accumulator {
  /** Tells kernels apart. */
  readonly key: string;
  /** WGSL type of its value. */
  readonly type: string;
  /** The fold of nothing. */
  readonly identity: string;
  /** The fold of two. */
  combine(a: string, b: string): string;
  /** Whether rounding errors grow with the number of terms that are folded one after another. */
  readonly rounds: boolean;
  /** A term, from what the program gives for it and its number (row-major in the reduced dims). */
  term(values: readonly string[], at: string): string;
  /** Functions of the prelude and others that these call. */
  readonly functions: readonly string[];
  readonly declarations?: string;
  /** Types of the numbers in which folds of parts wait for the second dispatch, their code, and a term from them. */
  readonly planes: readonly DType[];
  plane(value: string, k: number): string;
  fromPlanes(values: readonly string[]): string;
  /** The element of the output, as it is stored. */
  result(value: string): string;
}

/** Invocations per workgroup, and invocations per result: each stage of the tree folds `branches` values. */
const invocations = 64;
const branches = 8;
type Strips = 1 | 8 | 64;

/** How work is shared out. */
interface Plan {
  /** Invocations per result. */
  readonly strips: Strips;
  /** Neighbouring invocations work on neighbouring results, else on neighbouring terms. */
  readonly columns: boolean;
  /** Parts into which the terms of a result are cut. */
  readonly parts: number;
  /** Terms per part. */
  readonly partLength: number;
}

/** Invocations below which parts are folded side by side, and terms of an invocation that are worth it. */
const fewInvocations = 4096;
const worthwhile = 32;

/** Barriers are dear where a GPU is emulated, so invocations share a result only where results are too few, or lie too far apart to be read side by side. */
function planOf(results: number, terms: number, columns: boolean, splits: boolean): Plan {
  const alone = columns ? results >= 64 || terms <= 128 : terms <= 64;
  const strips: Strips = alone ? 1 : results >= (columns ? 8 : 64) ? 8 : 64;
  const whole: Plan = { strips, columns, parts: 1, partLength: terms };
  if (!splits || results * strips >= fewInvocations) return whole;
  const wanted = Math.floor(Math.min(128, (4 * fewInvocations) / (results * strips), terms / (strips * worthwhile)));
  if (wanted < 4) return whole;
  const partLength = Math.ceil(terms / wanted / (4 * strips)) * 4 * strips;
  return { ...whole, parts: Math.ceil(terms / partLength), partLength };
}

/** The dims of a fold. Operand 0 of the kept ones is the output; then come the inputs that are walked over. */
interface Space {
  readonly kept: readonly Axis[];
  readonly reduced: readonly Axis[];
  /** The dims of the program's positions, as `q0` (kept) or `r0` (reduced), … */
  readonly positions: readonly string[] | null;
}

/** Folds the dims `dims` of `ins`, in this order, each element by `program`. `out` has size 1 there. */
export function fold(
  gpu: Gpu,
  accumulator: Accumulator,
  out: View,
  ins: readonly View[],
  program: Program,
  params: readonly number[],
  dims: readonly number[],
  splits = true,
): void {
  const results = sizeOf(out.shape);
  if (results === 0) return;
  const uses = usesOf(program);
  const walked = ins.filter((_, i) => !uses.loaded.has(i));
  const { shape } = walked[0] ?? ins[0];
  const others = shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const every = axesOf([{ shape, strides: out.strides }, ...walked]);
  let kept: Axis[] = others.map((d) => every[d]);
  let reduced: Axis[] = dims.map((d) => ({ size: shape[d], strides: every[d].strides.slice(1) }));
  if (!uses.positions) [kept, reduced] = [merged(kept), merged(reduced)];
  const names = (d: number): string => (dims.includes(d) ? `r${dims.indexOf(d)}` : `q${others.indexOf(d)}`);
  const space: Space = { kept, reduced, positions: uses.positions ? shape.map((_, d) => names(d)) : null };
  const terms = reduced.reduce((n, { size }) => n * size, 1);
  const plan = planOf(results, terms, inColumns(kept, reduced), splits);
  if (plan.parts === 1) {
    run(gpu, accumulator, plan, space, [out], ins, program, params);
    return;
  }
  const folds = plan.parts * plan.strips;
  const bytes = folds * results * 4;
  const partial = accumulator.planes.map((dtype) => {
    const type = elementType(dtype);
    return { dtype, buffer: gpu.pool.allocate(bytes, type) };
  });
  let stride = results;
  const strides = out.shape.map((size) => (stride /= size));
  const waiting = partial.map(({ dtype, buffer }) => ({
    dtype,
    shape: [folds, ...out.shape],
    strides: [results, ...strides],
    offset: 0,
    storage: { buffer },
  }));
  run(gpu, accumulator, plan, space, waiting, ins, program, params);
  const { fromPlanes } = accumulator;
  const second = { ...accumulator, key: `${accumulator.key} parts`, term: fromPlanes };
  const { dtype, offset, storage } = out;
  const folded = { dtype, shape: [1, ...out.shape], strides: [0, ...out.strides], offset, storage };
  fold(gpu, second, folded, waiting, planesOf(accumulator), [], [0], false);
  for (const { buffer } of partial) gpu.pool.release(buffer);
}

const planePrograms = new Map<string, Program>();

/** The program that hands on what waits. */
function planesOf({ planes }: Accumulator): Program {
  const key = planes.join();
  let program = planePrograms.get(key);
  if (!program) {
    program = new Program(
      planes.map((dtype, k) => expr.input(k, dtype)),
      planes,
    );
    planePrograms.set(key, program);
  }
  return program;
}

/** Whether results lie closer together than the terms of one. */
function inColumns(kept: readonly Axis[], reduced: readonly Axis[]): boolean {
  const nearest = (axes: readonly Axis[], first: number): number =>
    Math.min(
      ...(axes
        .at(-1)
        ?.strides.slice(first)
        .filter((stride) => stride > 0) ?? []),
    );
  return nearest(kept, 1) < nearest(reduced, 0);
}

function run(
  gpu: Gpu,
  accumulator: Accumulator,
  plan: Plan,
  space: Space,
  outs: readonly View[],
  ins: readonly View[],
  program: Program,
  params: readonly number[],
): void {
  const { kept, reduced } = space;
  const { loaded } = usesOf(program);
  const bindings = bind(outs, ins);
  const ranks = [...loaded].map((i) => ins[i].shape.length);
  const whole = plan.parts === 1;
  const key = `fold ${accumulator.key}|${program.key}|${bindings.key}|${kept.length},${reduced.length},${plan.strips}${plan.columns ? 'c' : 'r'}${whole ? 'w' : 'p'}|${space.positions ?? ''}|${ranks}`;
  const kernel = gpu.kernel(key, bindings.access, () =>
    foldShader(accumulator, plan, space, bindings, outs.length, ins, program),
  );
  const results = kept.reduce((n, { size }) => n * size, 1);
  const terms = reduced.reduce((n, { size }) => n * size, 1);
  const tiles = Math.ceil((results * plan.strips) / invocations);
  const { words } = gpu;
  let at = 0;
  for (const value of [results, terms, plan.partLength, tiles, outs[0].offset]) words[at++] = value;
  for (const { size } of kept) words[at++] = size;
  for (const { size } of reduced) words[at++] = size;
  let step: number = plan.strips;
  for (let d = reduced.length - 1; d >= 0; d--) {
    words[at + d] = d === 0 ? step : step % reduced[d].size;
    step = Math.floor(step / Math.max(1, reduced[d].size));
  }
  at += reduced.length;
  if (whole) for (const { strides } of kept) words[at++] = strides[0];
  ins
    .filter((_, i) => !loaded.has(i))
    .forEach(({ offset }, i) => {
      words[at++] = offset;
      for (const { strides } of kept) words[at++] = strides[i + 1];
      for (const { strides } of reduced) words[at++] = strides[i];
    });
  at = writeLoaded(gpu, at, loaded, ins);
  at = writeParams(gpu, at, program, params);
  const [x, y] = grid(tiles * plan.parts);
  gpu.dispatch(kernel, bindings.buffers, at, x, y);
}

function foldShader(
  accumulator: Accumulator,
  plan: Plan,
  space: Space,
  bindings: Bindings,
  outCount: number,
  ins: readonly View[],
  program: Program,
): string {
  const { type, combine } = accumulator;
  const { strips, columns } = plan;
  const { kept, reduced, positions } = space;
  const { loaded } = usesOf(program);
  const inSlots = bindings.slots.slice(outCount);
  const [results, terms, partLength, tiles, outOffset] = [0, 1, 2, 3, 4].map(word);
  let at = 5;
  const next = (): string => word(at++);
  const keptSizes = kept.map(next);
  const reducedSizes = reduced.map(next);
  const steps = reduced.map(next);
  const sumOf = (offset: string, positions: readonly string[], strides: readonly string[]): string =>
    [offset, ...positions.map((p, d) => `${p} * ${strides[d]}`)].join(' + ');
  const q = kept.map((_, d) => `q${d}`);
  const r = reduced.map((_, d) => `r${d}`);
  const whole = plan.parts === 1;
  const to = whole ? sumOf(outOffset, q, kept.map(next)) : `(part * ${strips}u + strip) * ${results} + result`;
  const bases: string[] = [];
  const indices = new Map<number, string>();
  ins.forEach((_, i) => {
    if (loaded.has(i)) return;
    bases.push(sumOf(next(), q, kept.map(next)));
    indices.set(i, sumOf(`base${bases.length - 1}`, r, reduced.map(next)));
  });
  const { load, at: firstParam } = loadsOf(loaded, ins, inSlots, at);
  const { statements, outputs, functions } = render(program, {
    input: (i) => read(inSlots[i], ins[i].dtype, indices.get(i) as string),
    param: (i, dtype) => wordAs(firstParam + i, dtype),
    index: (d) => `i32(${(positions as readonly string[])[d]})`,
    load: (i, _, position, outside) => load(i, position, outside),
  });
  const passed = [...bases.map((_, i) => `base${i}`), ...(positions ? q : []), ...r, 't'];
  const value = `term(${passed.join(', ')})`;
  const advance = [...stepOf(steps, reducedSizes), `t += ${strips}u;`].join(' ');
  const { declarations, tree } = whole ? treeOf(accumulator, plan) : noTree;
  const stores = Array.from({ length: outCount }, (_, k) => {
    const stored = whole ? accumulator.result('total') : accumulator.plane('total', k);
    return `b${bindings.slots[k]}[to] = ${stored};`;
  });
  // each four terms are folded in pairs; sums that round are also taken in blocks, so that errors don't pile up
  const four = `let x0 = ${value}; ${advance}
      let x1 = ${value}; ${advance}
      let x2 = ${value}; ${advance}
      let x3 = ${value}; ${advance}`;
  const folded = combine(combine('x0', 'x1'), combine('x2', 'x3'));
  const loop = accumulator.rounds
    ? `while (left >= 4u) {
    var block = none;
    for (var k = min(left / 4u, 16u); k > 0u; k--) {
      ${four}
      block = ${combine('block', folded)};
      left -= 4u;
    }
    total = ${combine('total', 'block')};
  }`
    : `for (; left >= 4u; left -= 4u) {
      ${four}
      total = ${combine('total', folded)};
  }`;
  return shader({
    bindings,
    invocations,
    functions: [...functions, ...accumulator.functions],
    declarations: `${accumulator.declarations ?? ''}${declarations}
fn term(${passed.map((name) => `${name}: u32`).join(', ')}) -> ${type} {
  ${statements.join('\n  ')}
  return ${accumulator.term(outputs, 't')};
}`,
    body: `  ${whole ? '' : `let part = gid / ${tiles};`}
  let tile = ${whole ? 'gid' : `gid % ${tiles}`};
  if (${whole ? `gid >= ${tiles}` : `part * ${partLength} >= ${terms}`}) { return; }
  let column = ${strips === 1 ? 'lid' : columns ? `lid % ${invocations / strips}u` : `lid / ${strips}u`};
  let strip = ${strips === 1 ? '0u' : columns ? `lid / ${invocations / strips}u` : `lid % ${strips}u`};
  let unclamped = tile * ${invocations / strips}u + column;
  let result = min(unclamped, ${results} - 1u);
  ${apart('result', 'q', keptSizes).join(' ')}
  ${bases.map((code, i) => `let base${i} = ${code};`).join('\n  ')}
  var t = ${whole ? 'strip' : `part * ${partLength} + strip`};
  let end = ${whole ? terms : `min(${terms}, (part + 1u) * ${partLength})`};
  var left = select(0u, (end - t + ${strips - 1}u) / ${strips}u, t < end);
  ${apart('t', 'r', reducedSizes, 'var').join(' ')}
  let none = ${accumulator.identity};
  var total: ${type} = none;
  ${loop}
  for (; left > 0u; left--) { total = ${combine('total', value)}; ${advance} }
  ${tree}
  if (${whole ? 'strip == 0u && ' : ''}unclamped < ${results}) {
    let to = ${to};
    ${stores.join('\n    ')}
  }`,
  });
}

/** Statements that take number `i` apart into positions along dims of these sizes. */
export function apart(i: string, prefix: string, sizes: readonly string[], kind: 'let' | 'var' = 'let'): string[] {
  if (sizes.length === 0) return [];
  if (sizes.length === 1) return [`${kind} ${prefix}0 = ${i};`];
  const lines = [`var ${prefix}_rest = ${i};`];
  for (let d = sizes.length - 1; d > 0; d--)
    lines.push(`${kind} ${prefix}${d} = ${prefix}_rest % ${sizes[d]};`, `${prefix}_rest /= ${sizes[d]};`);
  return [...lines, `${kind} ${prefix}0 = ${prefix}_rest;`];
}

/** Statements that move the positions `r0`, `r1`, … on by a step given in digits, as an odometer does. */
function stepOf(steps: readonly string[], sizes: readonly string[]): string[] {
  const lines: string[] = [];
  for (let d = steps.length - 1; d >= 0; d--) {
    lines.push(`r${d} += ${steps[d]};`);
    if (d > 0) lines.push(`if (r${d} >= ${sizes[d]}) { r${d} -= ${sizes[d]}; r${d - 1} += 1u; }`);
  }
  return lines;
}

const noTree = { declarations: '', tree: '' };

/** The fold over the invocations that share a result. */
function treeOf({ type, combine }: Accumulator, { strips, columns }: Plan): { declarations: string; tree: string } {
  if (strips === 1) return noTree;
  const at = (strip: number): string => `lid + ${columns ? strip * (invocations / strips) : strip}u`;
  const stage = (width: number): string => {
    const values = Array.from({ length: branches }, (_, k) => `shared_values[${at(k * width)}]`);
    let level = values;
    while (level.length > 1) level = level.flatMap((x, i) => (i % 2 === 0 ? [combine(x, level[i + 1])] : []));
    return `workgroupBarrier();
  if (strip < ${width}u) { total = ${level[0]}; }`;
  };
  const stages = strips === 8 ? [stage(1)] : [stage(8), stage(1)];
  const tree = stages
    .map((code, i) => (i === 0 ? code : `if (strip < 8u) { shared_values[lid] = total; }\n  ${code}`))
    .join('\n  ');
  return {
    declarations: `\nvar<workgroup> shared_values: array<${type}, ${invocations}>;`,
    tree: `shared_values[lid] = total;\n  ${tree}`,
  };
}
