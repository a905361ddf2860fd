/**
 * Philox4x32-10 and the random streams that every backend draws from. It fills plain arrays; generators, tensors and
 * devices live elsewhere.
 *
 * The generator is counter based (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: "Parallel random numbers: as easy
 * as 1, 2, 3", SC'11): four output words are a pure function of a 128-bit counter and a 64-bit key. The key is the
 * seed, the counter is a 64-bit block number, and a stream says how many elements one block yields. So any
 * element of any request can be computed alone, on any device and in any order, with the same result.
 *
 * What is drawn from the streams, element by element, `w` being its word of {@link fillBits} and `u` its uniform:
 *
 * - `rand`, `uniform_`: `u`, and `from + u·(to - from)`. float16 and bfloat16 keep the leading 11 and 8 bits of `u`, so that none rounds up to 1.
 * - `randn`, `normal_`: the normal of {@link fillNormal32} or {@link fillNormal64}, and `mean + x·std`.
 * - `randint`, `random_`: `low + w mod (high - low)`. A range beyond 2^32 draws twice, and takes `(w₁ mod 2^21)·2^32 + w₂` for `w`. The remainder favours
 *   small numbers by less than `(high - low) / 2^32` (of 2^53) of a probability.
 * - `randperm`: the order in which the words sort, equal words keeping their places.
 * - `bernoulli`: 1 where `u < p`. `exponential_`: `-log(1 - u) / λ`. `logNormal_`: `exp(mean + x·std)`. `cauchy_`: `median + σ·tan(π(u - 1/2))`.
 *   `geometric_`: `1 + ⌊log(1 - u) / log(1 - p)⌋`.
 * - `multinomial`: with replacement where `u·Σp` falls among the running sums of `p`; without, the categories of the smallest `e / p`, `e` exponential.
 */
import { ArgumentError } from './errors.ts';

/** Elements that one block gives to {@link fillBits}. */
export const BITS_PER_BLOCK = 4;
/** Elements that one block gives to {@link fillUniform32}. */
export const UNIFORM32_PER_BLOCK = 4;
/** Elements that one block gives to {@link fillUniform64}. */
export const UNIFORM64_PER_BLOCK = 2;
/** Elements that one block gives to {@link fillNormal32}. */
export const NORMAL32_PER_BLOCK = 4;
/** Elements that one block gives to {@link fillNormal64}. */
export const NORMAL64_PER_BLOCK = 2;

/** What a stream can write to. */
export type RandomSink = Float32Array | Float64Array | number[];

/** A generator's seed: a safe integer from 0, or a bigint from 0 below 2^64. */
export type Seed = number | bigint;

const TWO_32 = 0x1_0000_0000;
const TWO_26 = 0x400_0000;
const INV_2_24 = 2 ** -24;
const INV_2_53 = 2 ** -53;
const TWO_PI = 2 * Math.PI;

// The paper's multipliers for the two halves of the block, split into 16-bit parts, and its key increments.
const M0 = 0xd2511f53;
const M0_HI = 0xd251;
const M0_LO = 0x1f53;
const M1 = 0xcd9e8d57;
const M1_HI = 0xcd9e;
const M1_LO = 0x8d57;
const WEYL0 = 0x9e3779b9;
const WEYL1 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * Ten rounds on one block. Words are taken and given as 32-bit integers; `out` makes them unsigned.
 *
 * A 32×32-bit product's high word comes from four 16-bit products: every intermediate stays below 2^32, so that the
 * whole round runs in integer registers.
 */
function block(
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
  out: Uint32Array,
  outOffset: number,
): void {
  let c0 = counter0 | 0;
  let c1 = counter1 | 0;
  let c2 = counter2 | 0;
  let c3 = counter3 | 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const aLo = c0 & 0xffff;
    const aHi = c0 >>> 16;
    const aMid = (Math.imul(aHi, M0_LO) + (Math.imul(aLo, M0_LO) >>> 16)) | 0;
    const aLow = (Math.imul(aLo, M0_HI) + (aMid & 0xffff)) | 0;
    const high0 = (Math.imul(aHi, M0_HI) + (aMid >>> 16) + (aLow >>> 16)) | 0;
    const low0 = Math.imul(c0, M0);

    const bLo = c2 & 0xffff;
    const bHi = c2 >>> 16;
    const bMid = (Math.imul(bHi, M1_LO) + (Math.imul(bLo, M1_LO) >>> 16)) | 0;
    const bLow = (Math.imul(bLo, M1_HI) + (bMid & 0xffff)) | 0;
    const high1 = (Math.imul(bHi, M1_HI) + (bMid >>> 16) + (bLow >>> 16)) | 0;
    const low1 = Math.imul(c2, M1);

    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL0) | 0;
    k1 = (k1 + WEYL1) | 0;
  }
  out[outOffset] = c0;
  out[outOffset + 1] = c1;
  out[outOffset + 2] = c2;
  out[outOffset + 3] = c3;
}

/**
 * One block of Philox4x32-10: four 32-bit words from a counter and a key.
 *
 * @param counter Four 32-bit words, least significant first.
 * @param key Two 32-bit words.
 * @param out Receives the four words.
 * @param outOffset Where in `out` they start.
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array, outOffset = 0): void {
  block(counter[0], counter[1], counter[2], counter[3], key[0], key[1], out, outOffset);
}

/**
 * The two key words of a seed.
 *
 * @returns `[low, high]`, each an unsigned 32-bit word.
 * @throws ArgumentError if the seed is neither a safe integer from 0 nor a bigint in [0, 2^64).
 */
export function seedToKey(seed: Seed): [number, number] {
  if (typeof seed === 'bigint') {
    if (seed < 0n || seed >> 64n !== 0n) throw new ArgumentError(`a bigint seed must be in [0, 2^64), but got ${seed}`);
    return [Number(seed & 0xffff_ffffn), Number(seed >> 32n)];
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ArgumentError(`a seed must be an integer in [0, 2^53) or a bigint in [0, 2^64), but got ${seed}`);
  }
  return [seed % TWO_32, Math.floor(seed / TWO_32)];
}

/**
 * How many blocks `n` elements use up: what a generator adds to its offset after a request.
 *
 * @param n Number of elements drawn.
 * @param perBlock The stream's constant, for instance {@link NORMAL32_PER_BLOCK}.
 */
export function blocksFor(n: number, perBlock: number): number {
  return Math.ceil(n / perBlock);
}

/**
 * Yields the blocks of a request one after the other in `words`, four words each.
 * A cursor, not a generator function, because it sits in the innermost loop.
 */
class BlockCursor {
  readonly words = new Uint32Array(4);
  readonly #key0: number;
  readonly #key1: number;
  #low: number;
  #high: number;

  constructor(seed: Seed, offset: number, blocks: number) {
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(offset + blocks)) {
      throw new ArgumentError(
        `a stream's offset must be an integer in [0, 2^53), but got ${offset} for ${blocks} blocks`,
      );
    }
    [this.#key0, this.#key1] = seedToKey(seed);
    this.#low = offset % TWO_32;
    this.#high = Math.floor(offset / TWO_32);
  }

  next(): Uint32Array {
    block(this.#low, this.#high, 0, 0, this.#key0, this.#key1, this.words, 0);
    this.#low += 1;
    if (this.#low === TWO_32) {
      this.#low = 0;
      this.#high += 1;
    }
    return this.words;
  }
}

/**
 * Fills `out` with uniform 32-bit words.
 *
 * Element `i` is word `i % 4` of block `offset + floor(i / 4)`: the block's counter is `(low, high, 0, 0)`, the two
 * words of the block number, and its key is the seed's `(low, high)`.
 *
 * @param out Receives unsigned integers in [0, 2^32).
 * @param seed See {@link Seed}.
 * @param offset Number of the first block, an integer in [0, 2^53).
 * @throws ArgumentError on a bad seed or offset.
 */
export function fillBits(out: Uint32Array | number[], seed: Seed, offset: number): void {
  const n = out.length;
  const cursor = new BlockCursor(seed, offset, blocksFor(n, BITS_PER_BLOCK));
  for (let i = 0; i < n; i += BITS_PER_BLOCK) {
    const words = cursor.next();
    const end = Math.min(BITS_PER_BLOCK, n - i);
    for (let lane = 0; lane < end; lane++) out[i + lane] = words[lane];
  }
}

/**
 * Fills `out` with uniforms in [0, 1) that have 24 random bits, all exact in float32.
 *
 * Element `i` is `(word >>> 8) * 2^-24` with the word that {@link fillBits} gives for `i`.
 *
 * @param out Receives the numbers; four per block.
 * @param seed See {@link Seed}.
 * @param offset Number of the first block, an integer in [0, 2^53).
 * @throws ArgumentError on a bad seed or offset.
 */
export function fillUniform32(out: RandomSink, seed: Seed, offset: number): void {
  const n = out.length;
  const cursor = new BlockCursor(seed, offset, blocksFor(n, UNIFORM32_PER_BLOCK));
  for (let i = 0; i < n; i += UNIFORM32_PER_BLOCK) {
    const words = cursor.next();
    const end = Math.min(UNIFORM32_PER_BLOCK, n - i);
    for (let lane = 0; lane < end; lane++) out[i + lane] = (words[lane] >>> 8) * INV_2_24;
  }
}

/** The 53 random bits of two words, as an integer in [0, 2^53). */
function join53(high: number, low: number): number {
  return (high >>> 5) * TWO_26 + (low >>> 6);
}

/**
 * Fills `out` with uniforms in [0, 1) that have 53 random bits.
 *
 * Element `i` comes from block `offset + floor(i / 2)`, from words 0 and 1 if `i` is even, else from words 2 and 3:
 * `((first >>> 5) * 2^26 + (second >>> 6)) * 2^-53`.
 *
 * @param out Receives the numbers; two per block.
 * @param seed See {@link Seed}.
 * @param offset Number of the first block, an integer in [0, 2^53).
 * @throws ArgumentError on a bad seed or offset.
 */
export function fillUniform64(out: Float64Array | number[], seed: Seed, offset: number): void {
  const n = out.length;
  const cursor = new BlockCursor(seed, offset, blocksFor(n, UNIFORM64_PER_BLOCK));
  for (let i = 0; i < n; i += UNIFORM64_PER_BLOCK) {
    const words = cursor.next();
    out[i] = join53(words[0], words[1]) * INV_2_53;
    if (i + 1 < n) out[i + 1] = join53(words[2], words[3]) * INV_2_53;
  }
}

/**
 * Fills `out` with standard normals rounded to float32, by the Box–Muller transform.
 *
 * Each block gives four: words `(a, b)` = (0, 1) give elements 0 and 1, words (2, 3) give elements 2 and 3. With
 * `u1 = ((a >>> 8) + 1) * 2^-24` in (0, 1] and `u2 = (b >>> 8) * 2^-24` in [0, 1), the pair is
 * `sqrt(-2 ln u1) * cos(2π u2)` and `sqrt(-2 ln u1) * sin(2π u2)`, computed in double precision and rounded once.
 * The largest magnitude is `sqrt(48 ln 2)`, about 5.77.
 *
 * @param out Receives the numbers; four per block.
 * @param seed See {@link Seed}.
 * @param offset Number of the first block, an integer in [0, 2^53).
 * @throws ArgumentError on a bad seed or offset.
 */
export function fillNormal32(out: RandomSink, seed: Seed, offset: number): void {
  const n = out.length;
  const cursor = new BlockCursor(seed, offset, blocksFor(n, NORMAL32_PER_BLOCK));
  for (let i = 0; i < n; i += NORMAL32_PER_BLOCK) {
    const words = cursor.next();
    for (let lane = 0; lane < NORMAL32_PER_BLOCK && i + lane < n; lane += 2) {
      const radius = Math.sqrt(-2 * Math.log(((words[lane] >>> 8) + 1) * INV_2_24));
      const angle = TWO_PI * ((words[lane + 1] >>> 8) * INV_2_24);
      out[i + lane] = Math.fround(radius * Math.cos(angle));
      if (i + lane + 1 < n) out[i + lane + 1] = Math.fround(radius * Math.sin(angle));
    }
  }
}

/**
 * Fills `out` with standard normals in double precision, by the Box–Muller transform.
 *
 * Each block gives two: `u1 = (m + 1) * 2^-53` in (0, 1] where `m` is the 53-bit integer of words 0 and 1, and
 * `u2` in [0, 1) the uniform of words 2 and 3 (both as {@link fillUniform64} joins them); the pair is
 * `sqrt(-2 ln u1) * cos(2π u2)` and `sqrt(-2 ln u1) * sin(2π u2)`. The largest magnitude is about 8.57.
 *
 * @param out Receives the numbers; two per block.
 * @param seed See {@link Seed}.
 * @param offset Number of the first block, an integer in [0, 2^53).
 * @throws ArgumentError on a bad seed or offset.
 */
export function fillNormal64(out: Float64Array | number[], seed: Seed, offset: number): void {
  const n = out.length;
  const cursor = new BlockCursor(seed, offset, blocksFor(n, NORMAL64_PER_BLOCK));
  for (let i = 0; i < n; i += NORMAL64_PER_BLOCK) {
    const words = cursor.next();
    const radius = Math.sqrt(-2 * Math.log((join53(words[0], words[1]) + 1) * INV_2_53));
    const angle = TWO_PI * (join53(words[2], words[3]) * INV_2_53);
    out[i] = radius * Math.cos(angle);
    if (i + 1 < n) out[i + 1] = radius * Math.sin(angle);
  }
}
