/**
 * Splits calls of the map, reduce and row kernels among threads: copies of the descriptor, each for a part of the results. A result is computed alike in
 * whatever part it is, so that the number of threads changes none.
 */
import type { ProgramFacts, Words } from './map-kernel.ts';
import type { ReduceVariant, ReduceWords } from './reduce-kernel.ts';
import type { rowWords } from './rows-kernel.ts';
import { descriptorEnd, descriptorStart, type Staging, whole } from './staging.ts';

/** The least work of a part: some tens of microseconds, where waking a thread takes ten. An element costs its program's weight and its way through memory. */
const grain = 2 ** 18;
const memoryWeight = 4;

/** Parts for each thread, so that one that is held up does not hold up the others. */
const partsPerThread = 4;

/** Rows are cut at multiples of so many elements, and descriptors begin at multiples of so many words: threads don't share cache lines. */
const rowStep = 64;
const wordStep = 16;

/** What is split: the words of the descriptor that stands at {@link descriptorStart}, how many elements it reads, and into how many parts it can be cut. */
interface Call {
  readonly length: number;
  readonly elements: number;
  readonly weight: number;
  readonly most: number;
}

/** The addresses of descriptors that do together what the first one describes. `take` leaves the one at a word with part `i` of so many. */
function split(
  threads: number,
  { words }: Staging,
  { length, elements, weight, most }: Call,
  take: (at: number, i: number, parts: number) => void,
): readonly number[] {
  const size = Math.ceil(length / wordStep) * wordStep;
  const parts = Math.min(
    Math.floor((elements * (weight + memoryWeight)) / grain),
    Math.floor((descriptorEnd - descriptorStart) / 4 / size),
    threads * partsPerThread,
    most,
  );
  if (parts < 2) return whole;
  const first = descriptorStart / 4;
  const addresses: number[] = [];
  // from the last one, so that the first is copied before it becomes a part itself
  for (let i = parts - 1; i >= 0; i--) {
    const at = first + i * size;
    if (i > 0) words.copyWithin(at, first, first + length);
    take(at, i, parts);
    addresses[i] = at * 4;
  }
  return addresses;
}

/** Where part `i` of `parts` of `count` things begins. */
const begin = (count: number, i: number, parts: number): number => Math.floor((i * count) / parts);

/** Moves operands, whose addresses stand at `addresses`, to a position of the dims between `from` and `to`. */
function moveTo(words: Int32Array, addresses: number, from: number, to: number, wordsPerDim: number, position: number) {
  let rest = position;
  for (let dim = from; dim < to; dim += wordsPerDim) {
    const counter = rest % words[dim];
    rest = Math.floor(rest / words[dim]);
    words[dim + 1] = counter;
    for (let o = 0; o < wordsPerDim - 2; o++) words[addresses + o] += counter * words[dim + 2 + o];
  }
}

/** Moves operands along their rows. */
function moveAlong(words: Int32Array, addresses: number, strides: number, elements: number): void {
  for (let o = 0; o < strides - addresses; o++) words[addresses + o] += elements * words[strides + o];
}

/** Splits a call of the map family, whose descriptor has `length` words: by rows, or each row if there are few. */
export function splitMap(
  threads: number,
  staging: Staging,
  { weight }: ProgramFacts,
  at: Words,
  length: number,
): readonly number[] {
  if (threads === 1) return whole;
  const { words } = staging;
  const first = descriptorStart / 4;
  const rows = words[first + at.rows];
  const size = words[first + at.length];
  const steps = Math.ceil(size / rowStep);
  const byRows = rows >= Math.min(steps, threads * partsPerThread);
  const call = { length, elements: rows * size, weight, most: byRows ? rows : steps };
  return split(threads, staging, call, (to, i, parts) => {
    if (byRows) {
      const start = begin(rows, i, parts);
      words[to + at.rows] = begin(rows, i + 1, parts) - start;
      moveTo(words, to + at.addresses, to + at.dims, to + length, at.wordsPerDim, start);
    } else {
      const start = begin(steps, i, parts) * rowStep;
      words[to + at.length] = Math.min(begin(steps, i + 1, parts) * rowStep, size) - start;
      words[to + at.start] += start;
      moveAlong(words, to + at.addresses, to + at.strides, start);
    }
  });
}

/** Splits a call of the reduce family: by results, or by rows of results, or each such row if there are few. */
export function splitReduce(
  threads: number,
  staging: Staging,
  { weight }: ProgramFacts,
  at: ReduceWords,
  shape: ReduceVariant['shape'],
): readonly number[] {
  if (threads === 1) return whole;
  const { words } = staging;
  const first = descriptorStart / 4;
  const results = words[first + at.results];
  const size = words[first + at.length];
  const length = words[first + at.reducedEnd] / 4;
  const keptEnd = words[first + at.keptEnd] / 4;
  const steps = Math.ceil(size / rowStep);
  const byResults = shape === 'along' || results >= Math.min(steps, threads * partsPerThread);
  const elements = results * words[first + at.runs] * words[first + at.rows] * size;
  const call = { length, elements, weight, most: byResults ? results : steps };
  return split(threads, staging, call, (to, i, parts) => {
    if (byResults) {
      const start = begin(results, i, parts);
      words[to + at.results] = begin(results, i + 1, parts) - start;
      moveTo(words, to + at.addresses, to + at.dims, to + keptEnd, at.wordsPerDim, start);
    } else {
      const start = begin(steps, i, parts) * rowStep;
      words[to + at.length] = Math.min(begin(steps, i + 1, parts) * rowStep, size) - start;
      moveAlong(words, to + at.addresses, to + at.strides, start);
    }
  });
}

/** Splits a call of a kernel over rows, whose descriptor has `length` words: each part has some of the rows. */
export function splitRows(
  threads: number,
  staging: Staging,
  at: ReturnType<typeof rowWords>,
  operands: number,
  length: number,
): readonly number[] {
  if (threads === 1) return whole;
  const { words } = staging;
  const first = descriptorStart / 4;
  const rows = words[first + at.rows];
  const call = { length, elements: rows * words[first + at.length], weight: 0, most: rows };
  return split(threads, staging, call, (to, i, parts) => {
    const start = begin(rows, i, parts);
    words[to + at.rows] = begin(rows, i + 1, parts) - start;
    for (let address = to + at.operands; address < to + at.operands + 2 * operands; address += 2)
      words[address] += start * words[address + 1];
  });
}
