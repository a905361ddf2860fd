/** Numbers from core's generators as plain JavaScript: the order of samples needs no device, and is the same on all. */
import {
  BITS_PER_BLOCK,
  blocksFor,
  fillBits,
  fillUniform64,
  Generator,
  UNIFORM64_PER_BLOCK,
} from '@tenfold/tensor-core';

/** `n` uniform numbers in [0, 1) of 53 bits. */
export function drawUniform(generator: Generator, n: number): Float64Array {
  const out = new Float64Array(n);
  fillUniform64(out, generator.seed, generator.take(blocksFor(n, UNIFORM64_PER_BLOCK)).offset);
  return out;
}

/** One uniform number in [low, high). */
export const drawBetween = (generator: Generator, low: number, high: number): number =>
  low + (high - low) * drawUniform(generator, 1)[0];

/** One whole number from 0 up to but not including `n`. */
export const drawBelow = (generator: Generator, n: number): number => Math.floor(drawUniform(generator, 1)[0] * n);

/** A seed of 53 bits: all that an epoch takes from the generator of its loader or sampler. */
export function drawSeed(generator: Generator): number {
  const words = new Uint32Array(2);
  fillBits(words, generator.seed, generator.take(1).offset);
  return (words[0] % 2 ** 21) * 2 ** 32 + words[1];
}

/** The whole numbers below `n` in random order: those of core's `randperm`, whose words sort them. */
export function permutation(n: number, generator: Generator): Uint32Array {
  const bits = new Uint32Array(n);
  fillBits(bits, generator.seed, generator.take(blocksFor(n, BITS_PER_BLOCK)).offset);
  // word and number side by side are one integer of 64 bits, so that the engine's own sort orders them, ties by number
  const pairs = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) {
    pairs[2 * i] = i;
    pairs[2 * i + 1] = bits[i];
  }
  new BigUint64Array(pairs.buffer).sort();
  for (let i = 0; i < n; i++) bits[i] = pairs[2 * i];
  return bits;
}

/** What one sample may draw without meeting the numbers of the next: four million words. */
const sampleBlocks = 2 ** 20;

/** The first of them begin so far on: what lies before is the sampler's. */
const samplerBlocks = 2 ** 32;

/**
 * The generator of the sample at `position` of an epoch. It depends on the epoch's seed and on the position alone, so random augmentation gives the same
 * numbers whichever worker makes the sample, and when.
 */
export const sampleGenerator = (seed: number, position: number): Generator =>
  new Generator().setState({ seed, offset: samplerBlocks + position * sampleBlocks });
