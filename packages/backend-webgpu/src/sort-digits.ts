/**
 * Sorting by digits, the lowest first, each pass stable: how often each digit occurs in each block, running sums of these counts, and every element to
 * its place.
 */
import type { Gpu } from './gpu.ts';
import { writeLines } from './lines.ts';
import { orderBits } from './order.ts';
import { scanCounts } from './scan.ts';
import { type Bindings, bind, grid, read, shader, type View, word } from './shader.ts';
import {
  countWord,
  type Ends,
  lengthWord,
  operandsOf,
  release,
  type Sorting,
  sortCode,
  temporary,
  type Waiting,
  waiting,
} from './sorting.ts';

/** Invocations of a workgroup, each of which has counters of its own: workgroup memory is dear, as WebGPU clears it. */
const invocations = 32;
/** Elements that an invocation handles, at most: a block must have fewer than 2^16. */
const longestChunk = 64;
/** Bits of a digit. */
const digitBits = 4;
const digits = 2 ** digitBits;

const [chunkWord, blocksWord, shiftWord] = [2, 3, 4].map(word);

/** Passes that elements of a dtype take. */
export const digitPasses = ({ dtype }: View): number => Math.ceil(orderBits(dtype) / digitBits);

/** Sorts lines of any length. */
export function sortByDigits(gpu: Gpu, sorting: Sorting): void {
  const { lines, values, indices, input, descending } = sorting;
  const { count, length, axes } = lines;
  const chunk = Math.min(longestChunk, Math.max(16, Math.ceil(length / (invocations * 512))));
  const blocks = Math.ceil(length / (invocations * chunk));
  const counts = temporary(gpu, count, digits * blocks);
  const passes = digitPasses(input);
  const pairs = Array.from({ length: Math.min(2, passes - 1) }, () => waiting(gpu, lines));
  for (let pass = 0; pass < passes; pass++) {
    const from: Waiting | null = pass === 0 ? null : pairs[(pass - 1) % 2];
    const to = pass === passes - 1 ? null : pairs[pass % 2];
    const ends: Ends = { first: !from, last: !to };
    const dispatch = (name: string, code: typeof countShader, outs: readonly View[], ins: readonly View[]): void => {
      const bindings = bind(outs, ins);
      const key = `sort ${name}|${bindings.key}|${input.dtype}|${axes.length}|${ends.first},${ends.last},${ends.first && descending}`;
      const kernel = gpu.kernel(key, bindings.access, () => code(sorting, bindings, ends));
      [count, length, chunk, blocks, pass * digitBits].forEach((value, i) => {
        gpu.words[i] = value;
      });
      const at = writeLines(gpu, 5, lines, [values, indices, input]);
      const [x, y] = grid(count * blocks);
      gpu.dispatch(kernel, bindings.buffers, at, x, y);
    };
    dispatch('count', countShader, [counts], [from?.keys ?? input]);
    scanCounts(gpu, counts);
    const { outs, ins } = operandsOf(sorting, from, to, [counts]);
    dispatch('place', placeShader, outs, ins);
  }
  release(gpu, counts, ...pairs.flatMap(({ keys, positions }) => [keys, positions]));
}

const blockSetup = `  if (gid >= ${countWord} * ${blocksWord}) { return; }
  let line = gid / ${blocksWord};
  let block = gid % ${blocksWord};`;

/** How often each digit occurs in a block. */
function countShader(sorting: Sorting, { slots, ...bindings }: Bindings, { first }: Ends): string {
  // the keys are the one input
  const { declarations, setup, key } = sortCode(sorting, { first, last: false }, [slots[0], slots[0], slots[1]], 5);
  return shader({
    bindings,
    invocations,
    declarations: `${declarations}
var<workgroup> counters: array<atomic<u32>, ${digits}>;`,
    body: `${blockSetup}
  ${setup}
  let end = min(${lengthWord}, (block + 1u) * ${invocations}u * ${chunkWord});
  for (var i = block * ${invocations}u * ${chunkWord} + lid; i < end; i += ${invocations}u) {
    atomicAdd(&counters[(${key('i')} >> ${shiftWord}) & ${digits - 1}u], 1u);
  }
  workgroupBarrier();
  if (lid < ${digits}u) {
    b${slots[0]}[(line * ${digits}u + lid) * ${blocksWord} + block] = i32(atomicLoad(&counters[lid]));
  }`,
  });
}

/**
 * Each invocation counts the digits of neighbouring elements, so that equal digits keep their order. With the counts of the invocations before it these
 * are places among equal digits of the block; the block's own place comes from the running sums. Two counters share a word, a digit of the lower half
 * and one of the upper half of all.
 */
function placeShader(sorting: Sorting, { slots, ...bindings }: Bindings, ends: Ends): string {
  const { declarations, setup, key, store } = sortCode(sorting, ends, slots, 5, 1);
  const half = digits / 2;
  const locate = `let key = ${key('i')};
    let digit = (key >> ${shiftWord}) & ${digits - 1}u;
    let counter = (digit % ${half}u) * ${invocations}u + lid;
    let shift = (digit / ${half}u) * 16u;`;
  return shader({
    bindings,
    invocations,
    declarations: `${declarations}
var<workgroup> counters: array<u32, ${half * invocations}>;
var<workgroup> begins: array<u32, ${digits}>;`,
    body: `${blockSetup}
  ${setup}
  let begin = min(${lengthWord}, (block * ${invocations}u + lid) * ${chunkWord});
  let end = min(${lengthWord}, begin + ${chunkWord});
  for (var i = begin; i < end; i++) {
    ${locate}
    counters[counter] += 1u << shift;
  }
  workgroupBarrier();
  if (lid < ${half}u) {
    var next = 0u;
    for (var j = lid * ${invocations}u; j < (lid + 1u) * ${invocations}u; j++) {
      let count = counters[j];
      counters[j] = next;
      next += count;
    }
  }
  if (lid < ${digits}u) {
    let before = lid * ${blocksWord} + block;
    var first = 0u;
    if (before > 0u) { first = u32(${read(slots[2], 'int32', `line * ${digits}u * ${blocksWord} + before - 1u`)}); }
    begins[lid] = first;
  }
  workgroupBarrier();
  for (var i = begin; i < end; i++) {
    ${locate}
    let to = begins[digit] + ((counters[counter] >> shift) & 0xffffu);
    counters[counter] += 1u << shift;
    ${store('i', 'to')}
  }`,
  });
}
