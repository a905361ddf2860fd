/** The scan family: running sums, products and extremes. What runs is a state; extremes run as a key and a position, and read their value there. */
import { type DType, isFloat, type Runtime, type ScanKind } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { type Lines, lineCode, linesOf, writeLines } from './lines.ts';
import { orderFunctions, orderOf, reverseOrderOf } from './order.ts';
import { literal, toStored, valueType } from './render.ts';
import { type Bindings, bind, grid, read, shader, type View, word } from './shader.ts';

/** What runs along a line. */
interface State {
  /** Tells kernels apart. */
  readonly key: string;
  /** Its WGSL type. */
  readonly type: string;
  /** The state before the first element. */
  readonly identity: string;
  /** The state behind two stretches, the earlier one first. */
  combine(earlier: string, later: string): string;
  /** Whether rounding errors grow with the number of states combined one after another. */
  readonly rounds: boolean;
  readonly declarations: string;
  /** The state of one element, from the values of the inputs there and its position. */
  from(values: readonly string[], position: string): string;
  /** What output `k` keeps of it; `input` reads the first input at a position. */
  stored(state: string, k: number, input: (position: string) => string): string;
  /** Types of the numbers in which totals of blocks wait. */
  readonly planes: readonly DType[];
  plane(state: string, k: number): string;
  fromPlanes(values: readonly string[]): string;
}

function arithmetic(kind: 'cumsum' | 'cumprod', dtype: DType): State {
  const state: DType = isFloat(dtype) ? 'float32' : dtype;
  const type = valueType(state);
  const operator = dtype === 'bool' ? (kind === 'cumsum' ? '||' : '&&') : kind === 'cumsum' ? '+' : '*';
  const of = valueType(dtype);
  return {
    key: `${kind} ${dtype}`,
    type,
    identity: literal(kind === 'cumsum' ? 0 : 1, state),
    combine: (a, b) => `(${a} ${operator} ${b})`,
    rounds: isFloat(dtype) && kind === 'cumsum',
    declarations: '',
    from: ([x]) => (of === type ? x : `${type}(${x})`),
    stored: (x) => toStored(dtype, of !== type ? `${of}(${x})` : type === 'u32' ? `(${x} & 255u)` : x),
    planes: [state],
    plane: (x) => toStored(state, x),
    fromPlanes: ([x]) => x,
  };
}

function extreme(kind: 'cummax' | 'cummin', dtype: DType): State {
  const key = kind === 'cummax' ? orderOf : reverseOrderOf;
  return {
    key: `${kind} ${dtype}`,
    type: 'vec2<u32>',
    identity: 'vec2<u32>(0u)',
    combine: (a, b) => `latest(${a}, ${b})`,
    rounds: false,
    declarations: `${orderFunctions}
fn latest(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> { return select(a, b, b.x >= a.x); }`,
    from: ([x], position) => `vec2<u32>(${key(dtype, x)}, ${position})`,
    stored: (x, k, input) => (k === 0 ? toStored(dtype, input(`${x}.y`)) : `i32(${x}.y)`),
    planes: ['int32', 'int32'],
    plane: (x, k) => `bitcast<i32>(${x}.${'xy'[k]})`,
    fromPlanes: ([x, y]) => `vec2<u32>(bitcast<u32>(${x}), bitcast<u32>(${y}))`,
  };
}

/** The state of totals that wait, scanned where they lie. */
const waitingState = (state: State): State => ({
  ...state,
  key: `${state.key} totals`,
  from: state.fromPlanes,
  stored: state.plane,
});

/** An invocation per line; a workgroup per line; or workgroups per block of a line, for totals of blocks or with those of the blocks before. */
type Mode = 'line' | 'group' | 'totals' | 'carried';

/** Invocations of a workgroup that share a line, and those that scan the totals of as many neighbours. */
const invocations = 64;
const neighbours = 8;
/** Elements that an invocation runs through before it hears of its neighbours, at most. */
const longestChunk = 64;
/** Lines from which on each has one invocation, if neighbouring lines lie side by side, or lines are short, or else. */
const enough = { beside: 256, short: 64, apart: 4096 };
/** A line of this length is cut into blocks where there are few. */
const longLine = 16384;
const fewLines = 32;

interface ScanLines extends Lines {
  readonly reverse: boolean;
}

/** Running results along `axis`, see the contract. */
export function createScan(gpu: Gpu): Runtime<Buffer>['scan'] {
  return (kind, outs, input, axis, reverse) => scan(gpu, stateOf(kind, input.dtype), outs, [input], axis, reverse);
}

/** Running sums of counts, for sorting. */
export const scanCounts = (gpu: Gpu, counts: View): void =>
  scan(gpu, stateOf('cumsum', 'int32'), [counts], [counts], 1, false);

const stateOf = (kind: ScanKind, dtype: DType): State =>
  kind === 'cumsum' || kind === 'cumprod' ? arithmetic(kind, dtype) : extreme(kind, dtype);

function scan(
  gpu: Gpu,
  state: State,
  outs: readonly View[],
  ins: readonly View[],
  axis: number,
  reverse: boolean,
): void {
  const operands = [...outs, ...ins];
  const lines: ScanLines = { ...linesOf(operands, axis), reverse };
  const { axes, count, length } = lines;
  if (count * length === 0) return;
  const beside = (axes.at(-1)?.strides.at(-1) ?? Number.POSITIVE_INFINITY) < ins[0].strides[axis];
  if (length <= enough.short || count >= (beside ? enough.beside : enough.apart)) {
    run(gpu, state, 'line', lines, outs, ins, [], 1);
    return;
  }
  if (length < longLine || count >= fewLines) {
    run(gpu, state, 'group', lines, outs, ins, [], 1);
    return;
  }
  const tile = invocations * longestChunk;
  const blockLength = Math.ceil(length / Math.ceil(256 / count) / tile) * tile;
  const blocks = Math.ceil(length / blockLength);
  const totals = state.planes.map((dtype) => ({
    dtype,
    shape: [count, blocks],
    strides: [blocks, 1],
    offset: 0,
    storage: { buffer: gpu.pool.allocate(count * blocks * 4, elementType(dtype)) },
  }));
  run(gpu, state, 'totals', lines, outs, ins, totals, blocks);
  scan(gpu, waitingState(state), totals, totals, 1, false);
  run(gpu, state, 'carried', lines, outs, ins, totals, blocks);
  for (const { storage } of totals) gpu.pool.release(storage.buffer);
}

function run(
  gpu: Gpu,
  state: State,
  mode: Mode,
  lines: ScanLines,
  outs: readonly View[],
  ins: readonly View[],
  totals: readonly View[],
  blocks: number,
): void {
  const { axes, count, length, reverse } = lines;
  // totals of blocks come first: they are written, and then read by the workgroups of the blocks behind
  const bindings = bind(mode === 'totals' ? totals : mode === 'carried' ? [...totals, ...outs] : outs, ins);
  const key = `scan ${state.key}|${mode}|${bindings.key}|${axes.length}|${reverse}`;
  const kernel = gpu.kernel(key, bindings.access, () =>
    mode === 'line'
      ? lineShader(state, lines, bindings, outs, ins)
      : groupShader(state, mode, lines, bindings, outs, ins, totals.length),
  );
  const tile = invocations * longestChunk;
  const blockLength = Math.ceil(length / blocks / tile) * tile;
  const chunk = Math.min(longestChunk, Math.ceil(length / invocations));
  const { words } = gpu;
  let at = 0;
  for (const value of [count, length, blocks, blocks === 1 ? length : blockLength, chunk]) words[at++] = value;
  at = writeLines(gpu, at, lines, [...outs, ...ins]);
  const [x, y] = grid(mode === 'line' ? Math.ceil(count / invocations) : count * blocks);
  gpu.dispatch(kernel, bindings.buffers, at, x, y);
}

const [countWord, lengthWord, blocksWord, blockWord, chunkWord] = [0, 1, 2, 3, 4].map(word);

/** What both kinds of shader need: the begin of a line in each operand, and code that reads and writes element number `k` of it. */
function walk(
  state: State,
  lines: ScanLines,
  { slots }: Bindings,
  outs: readonly View[],
  ins: readonly View[],
  first: number,
) {
  const { setup, index } = lineCode(lines, outs.length + ins.length, 5);
  const value = (i: number, position: string): string =>
    read(slots[slots.length - ins.length + i], ins[i].dtype, index(outs.length + i, position));
  const values = ins.map((_, i) => value(i, 'p'));
  return {
    setup,
    position: lines.reverse ? `${lengthWord} - 1u - k` : 'k',
    element: state.from(values, 'p'),
    stores: (name: string): string =>
      outs
        .map((_, o) => `b${slots[first + o]}[${index(o, 'p')}] = ${state.stored(name, o, (at) => value(0, at))};`)
        .join(' '),
  };
}

function lineShader(
  state: State,
  lines: ScanLines,
  bindings: Bindings,
  outs: readonly View[],
  ins: readonly View[],
): string {
  const { setup, position, element, stores } = walk(state, lines, bindings, outs, ins, 0);
  // sums that round are taken in blocks, so that errors don't pile up
  const body = state.rounds
    ? `var before: ${state.type} = none;
  for (var first = 0u; first < ${lengthWord}; first += 32u) {
    var running: ${state.type} = none;
    let end = min(${lengthWord}, first + 32u);
    for (var k = first; k < end; k++) {
      let p = ${position};
      running = ${state.combine('running', element)};
      let total = ${state.combine('before', 'running')};
      ${stores('total')}
    }
    before = ${state.combine('before', 'running')};
  }`
    : `var running: ${state.type} = none;
  for (var k = 0u; k < ${lengthWord}; k++) {
    let p = ${position};
    running = ${state.combine('running', element)};
    ${stores('running')}
  }`;
  return shader({
    bindings,
    invocations,
    declarations: state.declarations,
    body: `  let line = gid * ${invocations}u + lid;
  if (line >= ${countWord}) { return; }
  ${setup}
  let none = ${state.identity};
  ${body}`,
  });
}

/** Each invocation folds a chunk, hears what comes before it, and runs through its chunk again. */
function groupShader(
  state: State,
  mode: Mode,
  lines: ScanLines,
  bindings: Bindings,
  outs: readonly View[],
  ins: readonly View[],
  totalCount: number,
): string {
  const { combine, type } = state;
  const { setup, position, element, stores } = walk(state, lines, bindings, outs, ins, totalCount);
  const blocked = mode !== 'group';
  const totals = state.planes.map((dtype, k) => read(bindings.slots[k], dtype, 'gid - 1u'));
  const groups = invocations / neighbours;
  const writeTotals = state.planes.map((_, k) => `b${bindings.slots[k]}[gid] = ${state.plane('carry', k)};`).join(' ');
  const second = `var running = before;
    if (neighbour > 0u) { running = ${combine('before', 'shared_totals[lid - 1u]')}; }
    before = running;
    running = none;
    for (var k = begin; k < end; k++) {
      let p = ${position};
      running = ${combine('running', element)};
      let total = ${combine('before', 'running')};
      ${stores('total')}
    }`;
  return shader({
    bindings,
    invocations,
    declarations: `${state.declarations}
var<workgroup> shared_totals: array<${type}, ${invocations}>;`,
    body: `  if (gid >= ${countWord} * ${blocksWord}) { return; }
  ${blocked ? `let line = gid / ${blocksWord};\n  let block = gid % ${blocksWord};` : 'let line = gid;'}
  ${setup}
  let none = ${state.identity};
  var carry: ${type} = none;
  ${mode === 'carried' ? `if (block > 0u) { carry = ${state.fromPlanes(totals)}; }` : ''}
  let neighbour = lid % ${neighbours}u;
  let last = ${blocked ? `min(${lengthWord}, (block + 1u) * ${blockWord})` : lengthWord};
  for (var tile = ${blocked ? `block * ${blockWord}` : '0u'}; tile < last; tile += ${invocations}u * ${chunkWord}) {
    let begin = min(last, tile + lid * ${chunkWord});
    let end = min(last, begin + ${chunkWord});
    var chunk: ${type} = none;
    for (var k = begin; k < end; k++) {
      let p = ${position};
      chunk = ${combine('chunk', element)};
    }
    shared_totals[lid] = chunk;
    workgroupBarrier();
    if (lid < ${groups}u) {
      for (var i = lid * ${neighbours}u + 1u; i < (lid + 1u) * ${neighbours}u; i++) {
        shared_totals[i] = ${combine('shared_totals[i - 1u]', 'shared_totals[i]')};
      }
    }
    workgroupBarrier();
    var before = carry;
    for (var i = 0u; i < ${groups}u; i++) {
      if (i == lid / ${neighbours}u) { before = carry; }
      carry = ${combine('carry', `shared_totals[i * ${neighbours}u + ${neighbours - 1}u]`)};
    }
    ${mode === 'totals' ? '' : second}
    workgroupBarrier();
  }
  ${mode === 'totals' ? `if (lid == 0u) { ${writeTotals} }` : ''}`,
  });
}
