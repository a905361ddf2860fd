/**
 * Sorting by merging: runs are sorted by counting how many elements go before each, then merged two by two, where an element's place is its place in its
 * own run and the number of elements of the other run that go before it. Needs no workgroup memory, and one dispatch where a line is one run.
 */
import type { Gpu } from './gpu.ts';
import { writeLines } from './lines.ts';
import { type Bindings, bind, grid, shader, word, workgroup } from './shader.ts';
import {
  countWord,
  type Ends,
  lengthWord,
  operandsOf,
  release,
  type Sorting,
  sortCode,
  type Waiting,
  waiting,
} from './sorting.ts';

/** Lines up to this length are one run; longer ones are cut into runs of about this length. */
const longestRun = 128;

const widthWord = word(2);

/** Sorts lines that are not very long. */
export function sortByMerging(gpu: Gpu, sorting: Sorting): void {
  const { lines, values, indices, input, descending } = sorting;
  const { length, count, axes } = lines;
  const levels = Math.max(0, Math.ceil(Math.log2(length / longestRun)));
  const pairs = Array.from({ length: Math.min(2, levels) }, () => waiting(gpu, lines));
  let width = levels === 0 ? length : longestRun;
  for (let level = 0; level <= levels; level++) {
    const from: Waiting | null = level === 0 ? null : pairs[(level - 1) % 2];
    const to = level === levels ? null : pairs[level % 2];
    const ends = { first: !from, last: !to };
    const { outs, ins } = operandsOf(sorting, from, to);
    const bindings = bind(outs, ins);
    const key = `sort merge|${bindings.key}|${input.dtype}|${axes.length}|${ends.first},${ends.last},${ends.first && descending}`;
    const kernel = gpu.kernel(key, bindings.access, () => mergeShader(sorting, bindings, ends));
    [count, length, width].forEach((value, i) => {
      gpu.words[i] = value;
    });
    const at = writeLines(gpu, 3, lines, [values, indices, input]);
    const [x, y] = grid(Math.ceil((count * length) / workgroup));
    gpu.dispatch(kernel, bindings.buffers, at, x, y);
    if (level > 0) width *= 2;
  }
  for (const { keys, positions } of pairs) release(gpu, keys, positions);
}

function mergeShader(sorting: Sorting, { slots, ...bindings }: Bindings, ends: Ends): string {
  const { declarations, setup, key, store } = sortCode(sorting, ends, slots, 3);
  // an element goes before its equals that come later
  const ranked = ends.first
    ? `let begin = i - i % ${widthWord};
  let end = min(${lengthWord}, begin + ${widthWord});
  var to = begin;
  for (var j = begin; j < i; j++) { to += select(0u, 1u, ${key('j')} <= key); }
  for (var j = i + 1u; j < end; j++) { to += select(0u, 1u, ${key('j')} < key); }`
    : `let own = i - i % ${widthWord};
  let pair = i - i % (2u * ${widthWord});
  let right = own != pair;
  let other = select(min(${lengthWord}, own + ${widthWord}), pair, right);
  var low = 0u;
  var high = select(min(${lengthWord} - other, ${widthWord}), ${widthWord}, right);
  while (low < high) {
    let middle = (low + high) / 2u;
    let candidate = ${key('(other + middle)')};
    if (candidate < key || (right && candidate == key)) { low = middle + 1u; } else { high = middle; }
  }
  let to = pair + (i - own) + low;`;
  return shader({
    bindings,
    declarations,
    body: `  let e = gid * ${workgroup}u + lid;
  if (e >= ${countWord} * ${lengthWord}) { return; }
  let line = e / ${lengthWord};
  let i = e % ${lengthWord};
  ${setup}
  let key = ${key('i')};
  ${ranked}
  ${store('i', 'to')}`,
  });
}
