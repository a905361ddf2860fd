/**
 * The vector functions against references of higher precision: single floats against JavaScript's functions in double precision, which are right to about
 * one unit of a double (2^-29 of a single's), doubles against fixed-point arithmetic of 256 bits.
 */
import type { BinaryFn, UnaryFn } from '@tenfold/tensor-core';
import { binaryFloat, unaryNumber } from '@tenfold/tensor-core/scalar';
import { describe, expect, it } from 'vitest';
import { generator } from '../../test-views.ts';
import { i32, type Value, v128 } from '../assembler.ts';
import { theMachine } from '../machine.ts';
import { highPrecision, ulps64 } from './high-precision.test-support.ts';
import { mathF32, mathF64, type VectorFn, type VectorFn2 } from './index.ts';

function required<T>(value: T | null): T {
  if (value === null) throw new Error('these tests need WebAssembly with SIMD');
  return value;
}
const machine = required(theMachine());

type Floats = Float32Array | Float64Array;
type Run = (x: Floats, y?: Floats) => Floats;

/** Applies a vector function to arrays whose length is a multiple of 4. */
function over(write: VectorFn | VectorFn2, binary: boolean, relaxed: boolean): Run {
  const module = machine.module();
  module.define({ parameters: ['i32', 'i32', 'i32', 'i32'], result: 'none', name: 'run' }, (fn) => {
    const [x, y, out, end] = [0, 1, 2, 3].map((i) => fn.parameter(i, 'i32'));
    const context = {
      relaxed,
      scalar: (name: string, ...operands: readonly Value<'f64'>[]) =>
        module.import(
          name,
          operands.map(() => 'f64' as const),
          'f64',
        )(...operands),
    };
    fn.doWhile(() => {
      const a = v128.load(x.get);
      const value = binary
        ? (write as VectorFn2)(fn, a, v128.load(y.get), context)
        : (write as VectorFn)(fn, a, context);
      fn.emit(v128.store(out.get, value));
      for (const pointer of [x, y, out]) fn.emit(pointer.set(i32.add(pointer.get, i32.const(16))));
      return i32.ltU(x.get, end.get);
    });
  });
  const { run } = machine.compile<{ run: (x: number, y: number, out: number, end: number) => void }>(module);
  return (x, y = x) => {
    const bytes = x.byteLength;
    const at = machine.heap.allocate(3 * bytes);
    const place = (i: number) =>
      x instanceof Float32Array
        ? new Float32Array(machine.heap.memory.buffer, at + i * bytes, x.length)
        : new Float64Array(machine.heap.memory.buffer, at + i * bytes, x.length);
    place(0).set(x);
    place(1).set(y);
    run(at, at + bytes, at + 2 * bytes, at + bytes);
    const result = place(2).slice();
    machine.heap.free(at, 3 * bytes);
    return result;
  };
}

/** Numbers at which a function may go wrong: zeros, ends of the ranges, whole numbers and halves. */
const ends = [0, 1, 0.5, 1.5, 2, 3, 4, 7, 20, 87, 88.7, 103.97, 709.7, 745.1, 2 ** 20, 2 ** 24, 2 ** 24 + 2, 1e30];
const specials = [
  ...ends,
  2 ** -149,
  2 ** -126,
  2 ** -1074,
  2 ** -1022,
  2 ** 127,
  1e308,
  Number.POSITIVE_INFINITY,
].flatMap((x) => [x, -x]);
specials.push(Number.NaN, 1 + 2 ** -23, 1 - 2 ** -24);

/** Units of the last place of a single float by which `got` is wrong; infinite for a wrong NaN, infinity or sign of zero. */
function ulps32(got: number, value: number): number {
  if (Number.isNaN(value) || Math.abs(value) === Number.POSITIVE_INFINITY) {
    return Object.is(got, value) ? 0 : Number.POSITIVE_INFINITY;
  }
  if (Number.isNaN(got)) return Number.POSITIVE_INFINITY;
  if (got === 0 && Object.is(got, -0) !== (value < 0 || Object.is(value, -0))) return Number.POSITIVE_INFINITY;
  // infinity takes the place of 2^128
  const [at, right] = [got, value].map((v) => Math.max(-(2 ** 128), Math.min(v, 2 ** 128)));
  const exponent = Math.floor(Math.log2(Math.max(Math.abs(right), 2 ** -126)));
  return Math.abs(at - right) / 2 ** (exponent - 23);
}

interface Worst {
  readonly error: number;
  readonly at: readonly number[];
}

function worst(x: Floats, y: Floats | null, errorAt: (i: number) => number): Worst {
  let error = 0;
  let at = 0;
  for (let i = 0; i < x.length; i++) {
    const e = errorAt(i);
    if (e > error) [error, at] = [e, i];
  }
  return { error, at: y ? [x[at], y[at]] : [x[at]] };
}

/** Bounds in units of the last place, just above the largest errors found with fused multiply-adds and without. */
const bounds32 = {
  ...{ exp: 1.05, exp2: 1.06, expm1: 1.8, log: 0.85, log2: 1.8, log10: 1.9, log1p: 0.85 },
  ...{ sigmoid: 1.8, tanh: 2, erf: 1.4, sin: 1.55, cos: 1.55, pow: 0.51 },
};
const bounds64 = {
  ...{ exp: 1, exp2: 1.1, expm1: 1.95, log: 0.8, log2: 1.45, log10: 1.7, log1p: 0.8 },
  ...{ sigmoid: 1.65, tanh: 1.9, erf: 1.3, sin: 0.8, cos: 0.9 },
};

/** Every other number in a multiple of π/2 as nearly as doubles have it: there the reduction loses most. */
const nearQuarters = (x: number): number => {
  const whole = Math.trunc(x) % 2 ** 19;
  return whole % 2 === 0 ? x % 2 ** 20 : whole * (Math.PI / 2);
};

/** Takes a number to where the reference can follow. */
const within64: { readonly [F in keyof typeof highPrecision]?: (x: number) => number } = {
  log: Math.abs,
  log2: Math.abs,
  log10: Math.abs,
  log1p: (x) => (x > -1 ? x : -x),
  exp: (x) => x % 709,
  exp2: (x) => x % 1024,
  expm1: (x) => x % 709,
  sigmoid: (x) => x % 709,
  erf: (x) => x % 6.5,
  sin: nearQuarters,
  cos: nearQuarters,
};

describe.each(machine.relaxed ? [false, true] : [false])('relaxed SIMD: %s', (relaxed) => {
  describe('float32', () => {
    const random = generator(1);
    const spread = [2, 12, 110, 1e5];
    /** All exponents and signs, ranges around 0, neighbours of 1, and the special numbers. */
    const x = Float32Array.from({ length: 1 << 18 }, (_, i) => {
      if (i < specials.length ** 2) return specials[i % specials.length];
      if (i % 8 < 4) return (random() * 2 - 1) * spread[i % 4];
      return i % 8 === 4 ? 1 + (random() - 0.5) * random() : 0;
    });
    const bits = new Int32Array(x.buffer);
    for (let i = specials.length ** 2; i < x.length; i++) if (i % 8 > 4) bits[i] = random.below(2 ** 32);
    const y = Float32Array.from(x, (_, i) => {
      if (i < specials.length ** 2) return specials[Math.floor(i / specials.length)];
      return i % 3 === 0 ? random.below(41) - 20 : (random() * 2 - 1) * [1, 30, 1000][(i >> 4) % 3];
    });

    it.each(Object.entries(mathF32.unary))('%s', (name, write) => {
      const got = over(write, false, relaxed)(x);
      const reference = unaryNumber[name as UnaryFn];
      const { error, at } = worst(x, null, (i) => ulps32(got[i], reference(x[i])));
      expect(error, `at ${at}`).toBeLessThanOrEqual(bounds32[name as keyof typeof bounds32]);
    });

    it.each(Object.entries(mathF32.binary))('%s', (name, write) => {
      const got = over(write, true, relaxed)(x, y);
      const reference = binaryFloat[name as BinaryFn];
      const { error, at } = worst(x, y, (i) => ulps32(got[i], reference(x[i], y[i])));
      expect(error, `at ${at}`).toBeLessThanOrEqual(bounds32[name as keyof typeof bounds32]);
    });

    it('gives a lane the same bits beside any others', () => {
      const alone = Float32Array.from({ length: 4 * specials.length }, (_, i) => (i % 4 === 0 ? 0.7 : 1.3));
      const beside = Float32Array.from(alone, (v, i) => (i % 4 === 1 ? specials[i >> 2] : v));
      for (const write of Object.values(mathF32.unary)) {
        const run = over(write, false, relaxed);
        const [a, b] = [run(alone), run(beside)];
        for (let i = 0; i < a.length; i++) if (i % 4 !== 1) expect(b[i]).toBe(a[i]);
      }
    });
  });

  describe('float64', () => {
    const random = generator(2);
    const spread = [1, 6, 40, 700, 1e6];
    const x = Float64Array.from({ length: 3000 }, (_, i) => {
      const wide = (random() * 2 - 1) * spread[i % 5];
      return i % 2 === 0 ? wide : (random() * 2 - 1) * 2 ** (random.below(50) - 40);
    });
    const special = Float64Array.from([...specials, ...specials].slice(0, specials.length & ~3));

    it.each(Object.entries(mathF64.unary))('%s', (name, write) => {
      const fn = name as keyof typeof highPrecision;
      const points = x.map(within64[fn] ?? ((v) => v % 2 ** 20));
      const got = over(write, false, relaxed)(points);
      const { error, at } = worst(points, null, (i) => ulps64(got[i], highPrecision[fn](points[i])));
      expect(error, `at ${at}`).toBeLessThanOrEqual(bounds64[fn]);
    });

    it.each(Object.entries(mathF64.unary))('%s of special numbers', (name, write) => {
      const got = over(write, false, relaxed)(special);
      special.forEach((v, i) => {
        const value = unaryNumber[name as UnaryFn](v);
        if (!Number.isFinite(value) || value === 0 || Math.abs(value) === 1) expect(got[i], `${v}`).toBe(value);
        else expect(Math.abs(got[i] / value - 1), `${v}: ${got[i]}`).toBeLessThan(1e-15);
      });
    });
  });
});
