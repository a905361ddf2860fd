/**
 * The sort family. Short lines are sorted in workgroup memory by merging; long ones by their digits, the lowest first, each pass stable: counts of
 * digits per block, running sums of them, and every element to its place. Keys are unsigned integers in the order of the elements, turned round for
 * descending order, so that both directions are stable.
 */
import type { Runtime } from '@tenfold/tensor-core';
import { elementType } from './elements.ts';
import type { Buffer, Gpu } from './gpu.ts';
import { type Lines, lineCode, linesOf, writeLines } from './lines.ts';
import { orderBits, orderFunctions, orderOf } from './order.ts';
import { toStored } from './render.ts';
import { scanCounts } from './scan.ts';
import { type Bindings, bind, grid, read, shader, type View, word } from './shader.ts';

const invocations = 64;
/** The longest line that is sorted in workgroup memory (16 bytes an element, of the 16 KiB that every device has), and what one workgroup takes at least. */
const longestShort = 1024;
const leastTile = 256;
/** Length of the runs that are sorted by counting, before merging begins. */
const run = 16;
/** Bits of a digit. */
const digitBits = 4;
const digits = 2 ** digitBits;

/** Sorts along `axis`, see the contract. */
export function createSort(gpu: Gpu): Runtime<Buffer>['sort'] {
  return (values, indices, input, axis, descending) => {
    const lines = linesOf([values, indices, input], axis);
    if (lines.count * lines.length === 0) return;
    if (lines.length <= longestShort) sortShort(gpu, lines, values, indices, input, descending);
    else sortLong(gpu, lines, values, indices, input, descending);
  };
}

/** Code of the key of an input's element. */
function keyOf(input: View, slot: number, index: string, descending: boolean): string {
  const key = orderOf(input.dtype, read(slot, input.dtype, index));
  return descending ? `~${key}` : key;
}

const [countWord, lengthWord, paddedWord] = [0, 1, 2].map(word);

function sortShort(gpu: Gpu, lines: Lines, values: View, indices: View, input: View, descending: boolean): void {
  const { count, length, axes } = lines;
  const padded = Math.max(run, 2 ** Math.ceil(Math.log2(length)));
  const tile = padded <= leastTile ? leastTile : longestShort;
  const bindings = bind([values, indices], [input]);
  const key = `sort short|${bindings.key}|${input.dtype}|${tile}|${axes.length}|${descending}`;
  const kernel = gpu.kernel(key, bindings.access, () => shortShader(lines, bindings, input, tile, descending));
  [count, length, padded].forEach((value, i) => {
    gpu.words[i] = value;
  });
  const at = writeLines(gpu, 3, lines, [values, indices, input]);
  const [x, y] = grid(Math.ceil(count / (tile / padded)));
  gpu.dispatch(kernel, bindings.buffers, at, x, y);
}

/**
 * As many lines as go into a tile, each padded to a power of two; what is too much is largest and last. Runs that are sorted by counting are merged two by
 * two: an element's place is its place in its own run and the number of elements of the other run that go before it.
 */
function shortShader(
  lines: Lines,
  { slots, ...bindings }: Bindings,
  input: View,
  tile: number,
  descending: boolean,
): string {
  const { setup, index } = lineCode(lines, 3, 3);
  const each = (body: string): string => `for (var e = lid; e < ${tile}u; e += ${invocations}u) {
    ${body}
  }`;
  const locate = `let line = gid * (${tile}u / ${paddedWord}) + e / ${paddedWord};
    let i = e % ${paddedWord};`;
  const place = `keys[${tile}u - source + rank] = key;
      positions[${tile}u - source + rank] = positions[source + e];`;
  return shader({
    bindings,
    invocations,
    declarations: `${orderFunctions}
var<workgroup> keys: array<u32, ${2 * tile}>;
var<workgroup> positions: array<u32, ${2 * tile}>;`,
    body: `  if (gid * (${tile}u / ${paddedWord}) >= ${countWord}) { return; }
  ${each(`${locate}
    var key = 0xffffffffu;
    if (line < ${countWord} && i < ${lengthWord}) {
      ${setup}
      key = ${keyOf(input, slots[2], index(2, 'i'), descending)};
    }
    keys[e] = key;
    positions[e] = i;`)}
  workgroupBarrier();
  var source = 0u;
  ${each(`let key = keys[e];
    let first = e & ~${run - 1}u;
    var rank = first;
    for (var j = first; j < first + ${run}u; j++) {
      let other = keys[j];
      rank += select(0u, 1u, other < key || (other == key && j < e));
    }
    ${place}`)}
  workgroupBarrier();
  source = ${tile}u;
  for (var width = ${run}u; width < ${paddedWord}; width *= 2u) {
    ${each(`let key = keys[source + e];
      // an element of the left run goes before its equals on the right
      let right = (e & width) != 0u;
      let sibling = source + ((e & ~(width - 1u)) ^ width);
      var before = 0u;
      for (var step = width / 2u; step > 0u; step /= 2u) {
        let other = keys[sibling + before + step - 1u];
        before += select(0u, step, other < key || (right && other == key));
      }
      let other = keys[sibling + before];
      before += select(0u, 1u, other < key || (right && other == key));
      let rank = (e & ~(2u * width - 1u)) + (e & (width - 1u)) + before;
      ${place}`)}
    workgroupBarrier();
    source = ${tile}u - source;
  }
  ${each(`${locate}
    if (line < ${countWord} && i < ${lengthWord}) {
      ${setup}
      let p = positions[source + e];
      ${storesOf(slots, input, index, 'i')}
    }`)}`,
  });
}

/** Statements that write element `p` of the input as element `to` of the outputs. */
const storesOf = (
  slots: readonly number[],
  input: View,
  index: (o: number, position: string) => string,
  to: string,
): string =>
  `b${slots[0]}[${index(0, to)}] = ${toStored(input.dtype, read(slots[2], input.dtype, index(2, 'p')))};
      b${slots[1]}[${index(1, to)}] = i32(p);`;

const [chunkWord, blocksWord, shiftWord] = [2, 3, 4].map(word);

/** Where keys and positions wait between two passes. */
interface Waiting {
  readonly keys: View;
  readonly positions: View;
}

function sortLong(gpu: Gpu, lines: Lines, values: View, indices: View, input: View, descending: boolean): void {
  const { count, length, axes } = lines;
  const chunk = Math.min(64, Math.max(16, Math.ceil(length / (invocations * 256))));
  const blocks = Math.ceil(length / (invocations * chunk));
  const temporary = (columns: number): View => {
    const buffer = gpu.pool.allocate(count * columns * 4, elementType('int32'));
    return { dtype: 'int32', shape: [count, columns], strides: [columns, 1], offset: 0, storage: { buffer } };
  };
  const counts = temporary(digits * blocks);
  const passes = Math.ceil(orderBits(input.dtype) / digitBits);
  const pairs = Array.from(
    { length: Math.min(2, passes - 1) },
    (): Waiting => ({ keys: temporary(length), positions: temporary(length) }),
  );
  for (let pass = 0; pass < passes; pass++) {
    const from = pass === 0 ? null : pairs[(pass - 1) % 2];
    const to = pass === passes - 1 ? null : pairs[pass % 2];
    const dispatch = (step: 'count' | 'place', outs: readonly View[], ins: readonly View[]): void => {
      const bindings = bind(outs, ins);
      const ends: Ends = { first: !from, last: !to, descending };
      const key = `sort ${step}|${bindings.key}|${input.dtype}|${axes.length}|${Object.values(ends)}`;
      const kernel = gpu.kernel(key, bindings.access, () =>
        (step === 'count' ? countShader : placeShader)(lines, bindings, input, ends),
      );
      [count, length, chunk, blocks, pass * digitBits].forEach((value, i) => {
        gpu.words[i] = value;
      });
      const at = writeLines(gpu, 5, lines, [values, indices, input]);
      const [x, y] = grid(count * blocks);
      gpu.dispatch(kernel, bindings.buffers, at, x, y);
    };
    dispatch('count', [counts], [from ? from.keys : input]);
    scanCounts(gpu, counts);
    const waiting = from ? [from.keys, from.positions] : [];
    dispatch('place', to ? [to.keys, to.positions] : [values, indices], [
      counts,
      ...waiting,
      ...(from && to ? [] : [input]),
    ]);
  }
  for (const { storage } of [counts, ...pairs.flatMap(({ keys, positions }) => [keys, positions])])
    gpu.pool.release(storage.buffer);
}

/** Whether a pass reads the input, and whether it writes the outputs. */
interface Ends {
  readonly first: boolean;
  readonly last: boolean;
  readonly descending: boolean;
}

const blockSetup = `  if (gid >= ${countWord} * ${blocksWord}) { return; }
  let line = gid / ${blocksWord};
  let block = gid % ${blocksWord};`;

/** Code of the key of element `i` of a line. */
const keyAt = (
  { first, descending }: Ends,
  input: View,
  slot: number,
  index: (o: number, position: string) => string,
): string =>
  first
    ? keyOf(input, slot, index(2, 'i'), descending)
    : `bitcast<u32>(${read(slot, 'int32', `line * ${lengthWord} + i`)})`;

const digitOf = (key: string): string => `(${key} >> ${shiftWord}) & ${digits - 1}u`;

/** How often each digit occurs in a block. */
function countShader(lines: Lines, { slots, ...bindings }: Bindings, input: View, ends: Ends): string {
  const { setup, index } = lineCode(lines, 3, 5);
  return shader({
    bindings,
    invocations,
    declarations: `${orderFunctions}
var<workgroup> counters: array<atomic<u32>, ${digits}>;`,
    body: `${blockSetup}
  ${setup}
  let end = min(${lengthWord}, (block + 1u) * ${invocations}u * ${chunkWord});
  for (var i = block * ${invocations}u * ${chunkWord} + lid; i < end; i += ${invocations}u) {
    atomicAdd(&counters[${digitOf(`(${keyAt(ends, input, slots[1], index)})`)}], 1u);
  }
  workgroupBarrier();
  if (lid < ${digits}u) {
    b${slots[0]}[(line * ${digits}u + lid) * ${blocksWord} + block] = i32(atomicLoad(&counters[lid]));
  }`,
  });
}

/**
 * Each invocation has counters of its own for a run of neighbours, so that equal digits keep their order: first how many there are, then, with those of
 * the invocations before it, of the blocks before, and of the digits below, the places of the next ones.
 */
function placeShader(lines: Lines, { slots, ...bindings }: Bindings, input: View, ends: Ends): string {
  const { setup, index } = lineCode(lines, 3, 5);
  const { first, last } = ends;
  const [counts, keys] = [slots[2], slots[3]];
  const locate = `let key = ${keyAt(ends, input, keys, index)};
    let counter = (${digitOf('key')}) * ${invocations}u + lid;`;
  const position = first ? 'i' : `u32(${read(slots[4], 'int32', `line * ${lengthWord} + i`)})`;
  const outSlots = [slots[0], slots[1], first ? slots[3] : slots[5]];
  const stores = last
    ? storesOf(outSlots, input, index, 'to')
    : `b${slots[0]}[line * ${lengthWord} + to] = bitcast<i32>(key);
    b${slots[1]}[line * ${lengthWord} + to] = i32(p);`;
  return shader({
    bindings,
    invocations,
    declarations: `${orderFunctions}
var<workgroup> counters: array<u32, ${digits * invocations}>;`,
    body: `${blockSetup}
  ${setup}
  let begin = min(${lengthWord}, (block * ${invocations}u + lid) * ${chunkWord});
  let end = min(${lengthWord}, begin + ${chunkWord});
  for (var i = begin; i < end; i++) {
    ${locate}
    counters[counter]++;
  }
  workgroupBarrier();
  if (lid < ${digits}u) {
    let before = lid * ${blocksWord} + block;
    var next = 0u;
    if (before > 0u) { next = u32(${read(counts, 'int32', `line * ${digits}u * ${blocksWord} + before - 1u`)}); }
    for (var j = lid * ${invocations}u; j < (lid + 1u) * ${invocations}u; j++) {
      let count = counters[j];
      counters[j] = next;
      next += count;
    }
  }
  workgroupBarrier();
  for (var i = begin; i < end; i++) {
    ${locate}
    let to = counters[counter];
    counters[counter] = to + 1u;
    let p = ${position};
    ${stores}
  }`,
  });
}
