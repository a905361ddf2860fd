import { describe, expect, it } from 'vitest';
import { ArgumentError } from './errors.ts';
import {
  BITS_PER_BLOCK,
  blocksFor,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  NORMAL32_PER_BLOCK,
  NORMAL64_PER_BLOCK,
  philox4x32,
  seedToKey,
  UNIFORM32_PER_BLOCK,
  UNIFORM64_PER_BLOCK,
} from './philox.ts';
import { KS_LIMIT, kolmogorovSmirnov, normalCdf } from './test-statistics.ts';

const words = (hex: string): number[] => hex.split(' ').map((word) => Number.parseInt(word, 16));

/** The definition in exact integers, to check the split multiplication against. */
function philoxBigInt(counter: number[], key: number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  const mask = 0xffff_ffffn;
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number);
}

function moments(x: Float64Array): { mean: number; variance: number; skewness: number; kurtosis: number } {
  let mean = 0;
  for (const value of x) mean += value;
  mean /= x.length;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (const value of x) {
    const d = value - mean;
    m2 += d * d;
    m3 += d * d * d;
    m4 += d * d * d * d;
  }
  m2 /= x.length;
  return { mean, variance: m2, skewness: m3 / x.length / m2 ** 1.5, kurtosis: m4 / x.length / m2 ** 2 };
}

const DRAWS = 1_000_000;
const DRAWN = (fill: (out: Float64Array) => void): Float64Array => {
  const out = new Float64Array(DRAWS);
  fill(out);
  return out;
};

describe('philox4x32', () => {
  // The rows "philox4x32 10" of Random123's tests/kat_vectors: counter and key, then the expected block.
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('counter %s, key %s', (counter, key, expected) => {
    const out = new Uint32Array(6);
    philox4x32(words(counter), words(key), out, 1);
    expect([...out]).toEqual([0, ...words(expected), 0]);
  });

  it('equals the definition in exact integers', () => {
    const out = new Uint32Array(4);
    let state = 12345;
    const word = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      // Mostly words near a boundary of the 16-bit split.
      return [state, state & 0xffff, (state & 0xffff0000) >>> 0, (0xffffffff - (state & 3)) >>> 0][(state >>> 20) & 3];
    };
    for (let i = 0; i < 2000; i++) {
      const counter = [word(), word(), word(), word()];
      const key = [word(), word()];
      philox4x32(counter, key, out);
      expect([...out]).toEqual(philoxBigInt(counter, key));
    }
  });
});

describe('seeds and offsets', () => {
  it('splits a seed into two words', () => {
    expect(seedToKey(0)).toEqual([0, 0]);
    expect(seedToKey(0x1_2345_6789)).toEqual([0x23456789, 1]);
    expect(seedToKey(Number.MAX_SAFE_INTEGER)).toEqual([0xffffffff, 0x1fffff]);
    expect(seedToKey(0xfedc_ba98_7654_3210n)).toEqual([0x76543210, 0xfedcba98]);
    expect(seedToKey(42n)).toEqual(seedToKey(42));
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53, -1n, 1n << 64n])('refuses the seed %s', (seed) => {
    expect(() => seedToKey(seed)).toThrow(ArgumentError);
  });

  it.each([-1, 0.5, 2 ** 53, 2 ** 53 - 1])('refuses the offset %s', (offset) => {
    expect(() => fillBits(new Uint32Array(8), 0, offset)).toThrow(ArgumentError);
  });

  it('carries the block number into the second counter word', () => {
    const out = new Uint32Array(12);
    fillBits(out, 0x7_0000_0005, 3 * 2 ** 32 - 1);
    const expected = [
      [0xffffffff, 2, 0, 0],
      [0, 3, 0, 0],
      [1, 3, 0, 0],
    ].flatMap((counter) => philoxBigInt(counter, [5, 7]));
    expect([...out]).toEqual(expected);
  });

  it('counts blocks', () => {
    expect([0, 1, 4, 5, 8].map((n) => blocksFor(n, 4))).toEqual([0, 1, 1, 2, 2]);
    expect([0, 1, 2, 3].map((n) => blocksFor(n, 2))).toEqual([0, 1, 1, 2]);
  });
});

describe('streams', () => {
  const streams = [
    { name: 'bits', fill: fillBits, perBlock: BITS_PER_BLOCK },
    { name: 'uniform32', fill: fillUniform32, perBlock: UNIFORM32_PER_BLOCK },
    { name: 'uniform64', fill: fillUniform64, perBlock: UNIFORM64_PER_BLOCK },
    { name: 'normal32', fill: fillNormal32, perBlock: NORMAL32_PER_BLOCK },
    { name: 'normal64', fill: fillNormal64, perBlock: NORMAL64_PER_BLOCK },
  ];

  it.each(streams)('$name: a request splits at any block boundary', ({ fill, perBlock }) => {
    const drawn = (n: number, offset: number): number[] => {
      const out = new Array<number>(n).fill(-9);
      fill(out, 2024, offset);
      return out;
    };
    const whole = drawn(16, 7);
    for (let boundary = 0; boundary <= 16; boundary += perBlock) {
      const head = drawn(boundary, 7);
      const tail = drawn(16 - boundary, 7 + blocksFor(boundary, perBlock));
      expect([...head, ...tail]).toEqual(whole);
    }
    // Ten elements end inside a block of four: the next request starts at the following block, as the whole's does.
    const next = 7 + blocksFor(10, perBlock);
    expect(drawn(6, next).slice(0, 16 - blocksFor(10, perBlock) * perBlock)).toEqual(
      whole.slice(blocksFor(10, perBlock) * perBlock),
    );
    for (let n = 0; n < 16; n++) expect(drawn(n, 7)).toEqual(whole.slice(0, n));
  });

  it('follow their formulas', () => {
    // The formulas written out on bits, element by element; the bits themselves are checked above.
    const bits = new Uint32Array(8);
    fillBits(bits, 99n, 5);
    const uniform32 = new Float32Array(8);
    const uniform64 = new Float64Array(4);
    const normal32 = new Float32Array(8);
    const normal64 = new Float64Array(4);
    fillUniform32(uniform32, 99n, 5);
    fillUniform64(uniform64, 99n, 5);
    fillNormal32(normal32, 99n, 5);
    fillNormal64(normal64, 99n, 5);
    for (let i = 0; i < 8; i++) expect(uniform32[i]).toBe(Math.floor(bits[i] / 256) / 16777216);
    for (let i = 0; i < 4; i++) {
      const joined = (BigInt(bits[2 * i]) >> 5n) * (1n << 26n) + (BigInt(bits[2 * i + 1]) >> 6n);
      expect(uniform64[i]).toBe(Number(joined) / 2 ** 53);
    }
    for (let pair = 0; pair < 4; pair++) {
      const u1 = (Math.floor(bits[2 * pair] / 256) + 1) / 16777216;
      const u2 = Math.floor(bits[2 * pair + 1] / 256) / 16777216;
      const radius = Math.sqrt(-2 * Math.log(u1));
      expect(normal32[2 * pair]).toBe(Math.fround(radius * Math.cos(2 * Math.PI * u2)));
      expect(normal32[2 * pair + 1]).toBe(Math.fround(radius * Math.sin(2 * Math.PI * u2)));
    }
    for (let block = 0; block < 2; block++) {
      const radius = Math.sqrt(-2 * Math.log(uniform64[2 * block] + 2 ** -53));
      expect(normal64[2 * block]).toBeCloseTo(radius * Math.cos(2 * Math.PI * uniform64[2 * block + 1]), 14);
      expect(normal64[2 * block + 1]).toBeCloseTo(radius * Math.sin(2 * Math.PI * uniform64[2 * block + 1]), 14);
    }
  });

  it.each([
    { name: 'uniform32', fill: fillUniform32 },
    { name: 'uniform64', fill: fillUniform64 },
  ])('$name: a million draws look uniform', ({ fill }) => {
    const x = DRAWN((out) => fill(out, 1, 0));
    let low = 1;
    let high = 0;
    for (const value of x) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1);
    // Four standard errors: of the mean √(1/12n), of the variance √(1/180n), of skewness and kurtosis (about √(2/n)) a wide bound.
    const { mean, variance, skewness, kurtosis } = moments(x);
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / DRAWS));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / DRAWS));
    expect(Math.abs(skewness)).toBeLessThan(4 * Math.sqrt(6 / DRAWS));
    expect(Math.abs(kurtosis - 9 / 5)).toBeLessThan(4 * Math.sqrt(6 / DRAWS));
    expect(kolmogorovSmirnov(x, (value) => value)).toBeLessThan(KS_LIMIT);
  });

  it.each([
    { name: 'normal32', fill: fillNormal32 },
    { name: 'normal64', fill: fillNormal64 },
  ])('$name: a million draws look normal', ({ fill }) => {
    const x = DRAWN((out) => fill(out, 2, 11));
    // Four standard errors of each moment of a normal sample: √(1/n), √(2/n), √(6/n), √(24/n).
    const { mean, variance, skewness, kurtosis } = moments(x);
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / DRAWS));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / DRAWS));
    expect(Math.abs(skewness)).toBeLessThan(4 * Math.sqrt(6 / DRAWS));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / DRAWS));
    expect(kolmogorovSmirnov(x, normalCdf)).toBeLessThan(KS_LIMIT);
  });

  it('neighbouring elements and neighbouring seeds are uncorrelated', () => {
    const a = DRAWN((out) => fillNormal32(out, 10, 0));
    const b = DRAWN((out) => fillNormal32(out, 11, 0));
    for (const lag of [1, 2, 3, 4]) {
      let sum = 0;
      for (let i = lag; i < DRAWS; i++) sum += a[i] * a[i - lag];
      expect(Math.abs(sum) / Math.sqrt(DRAWS)).toBeLessThan(4);
    }
    let cross = 0;
    for (let i = 0; i < DRAWS; i++) cross += a[i] * b[i];
    expect(Math.abs(cross) / Math.sqrt(DRAWS)).toBeLessThan(4);
  });
});
