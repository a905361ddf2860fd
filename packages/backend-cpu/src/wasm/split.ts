/** Splits a call of the map family among threads: copies of its descriptor, each for some of the rows or for a part of every row. */
import type { ProgramFacts, Words } from './map-kernel.ts';
import { descriptorEnd, descriptorStart, type Staging } from './staging.ts';

/** The least work of a chunk: some tens of microseconds, where waking a thread takes ten. An element costs its program's weight and its way through memory. */
const grain = 2 ** 18;
const memoryWeight = 4;

/** Chunks for each thread, so that one that is held up does not hold up the others. */
const chunksPerThread = 4;

/** Parts of a row begin at multiples of so many elements, and descriptors at multiples of so many words: threads don't share cache lines. */
const rowStep = 64;
const wordStep = 16;

const whole: readonly number[] = [descriptorStart];

/**
 * The addresses of descriptors that do together what the one at {@link descriptorStart}, of `end` words, describes. The elements are computed alike in
 * whatever chunk they are, so that the number of threads changes no result.
 */
export function splitMap(
  threads: number,
  staging: Staging,
  facts: ProgramFacts,
  words: Words,
  end: number,
): readonly number[] {
  if (threads === 1) return whole;
  const to = staging.words;
  const first = descriptorStart / 4;
  const length = to[first + words.length];
  const rows = to[first + words.rows];
  const size = Math.ceil(end / wordStep) * wordStep;
  const wanted = Math.min(
    Math.floor((rows * length * (facts.weight + memoryWeight)) / grain),
    Math.floor((descriptorEnd - descriptorStart) / 4 / size),
    threads * chunksPerThread,
  );
  const steps = Math.ceil(length / rowStep);
  const byRows = rows >= Math.min(wanted, steps);
  const chunks = Math.min(wanted, byRows ? rows : steps);
  if (chunks < 2) return whole;
  const addresses: number[] = [];
  const part = (i: number): number => Math.floor((i * (byRows ? rows : steps)) / chunks);
  // from the last one, so that the first is copied before it becomes a chunk itself
  for (let i = chunks - 1; i >= 0; i--) {
    const at = first + i * size;
    if (i > 0) to.copyWithin(at, first, first + end);
    if (byRows) takeRows(to, at, words, end, part(i), part(i + 1));
    else takePart(to, at, words, part(i) * rowStep, Math.min(part(i + 1) * rowStep, length));
    addresses[i] = at * 4;
  }
  return addresses;
}

const operandsOf = (words: Words): number => words.strides - words.addresses;

/** The descriptor at word `at` is left with the rows from `start` to `stop`. */
function takeRows(to: Int32Array, at: number, words: Words, end: number, start: number, stop: number): void {
  to[at + words.rows] = stop - start;
  let rest = start;
  for (let dim = at + words.dims; dim < at + end; dim += words.wordsPerDim) {
    const counter = rest % to[dim];
    rest = Math.floor(rest / to[dim]);
    to[dim + 1] = counter;
    for (let o = 0; o < operandsOf(words); o++) to[at + words.addresses + o] += counter * to[dim + 2 + o];
  }
}

/** The descriptor at word `at` is left with the elements from `start` to `stop` of every row. */
function takePart(to: Int32Array, at: number, words: Words, start: number, stop: number): void {
  to[at + words.length] = stop - start;
  to[at + words.start] += start;
  for (let o = 0; o < operandsOf(words); o++) to[at + words.addresses + o] += start * to[at + words.strides + o];
}
