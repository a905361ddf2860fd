/**
 * Every function of scalar expressions in float32, over bit patterns of all sizes and special values, against double precision: JavaScript's functions, and
 * for those that it lacks the cpu backend's, which its own tests hold to 40-digit values.
 */
import { cpu } from '@tenfold/backend-cpu';
import {
  type BinaryFn,
  type DType,
  expr as e,
  Program,
  type Runtime,
  type TypedArray,
  type UnaryFn,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { webgpu } from './runtime.ts';

const device = (await webgpu()).open(0) as Runtime;
const host = cpu().open(0) as Runtime;

/** The elements that `program` makes of arrays. */
async function run(runtime: Runtime, program: Program, ins: readonly TypedArray[]): Promise<TypedArray> {
  const length = ins[0].length;
  const view = (dtype: DType) => ({
    dtype,
    shape: [length],
    strides: [1],
    offset: 0,
    storage: { buffer: runtime.allocate(dtype, length) },
  });
  const out = view(program.outputs[0].dtype);
  const views = program.inputs.map(view);
  views.forEach(({ storage }, i) => runtime.upload(storage.buffer, ins[i], 0));
  runtime.map([out], views, program, []);
  return runtime.download(out.storage.buffer, 0, length);
}

const apply = (fn: UnaryFn | BinaryFn, count: number, dtype: DType): Program => {
  const [x, y] = [e.input(0, dtype), e.input(1, dtype)];
  return new Program(
    [count === 1 ? e.unary(fn as UnaryFn, x) : e.binary(fn as BinaryFn, x, y)],
    Array.from({ length: count }, () => dtype),
  );
};

/** JavaScript's functions are right to a unit of a double; the others come from cpu, in double precision. */
const references: { readonly [F in UnaryFn | BinaryFn]?: (x: number, y: number) => number } = {
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  abs: Math.abs,
  neg: (x) => -x,
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: Math.min,
  max: Math.max,
  atan2: Math.atan2,
  hypot: Math.hypot,
};

/** Largest errors in units of the last place, which math.ts shows, a little above those found. */
const bounds = {
  ...{ floor: 0, ceil: 0, trunc: 0, round: 0, abs: 0, neg: 0, sign: 0 },
  ...{
    exp: 1.1,
    exp2: 1.1,
    expm1: 1.8,
    log: 0.9,
    log2: 1.8,
    log10: 1.9,
    log1p: 0.9,
    sigmoid: 2.2,
    tanh: 1.9,
    sinh: 1.7,
    cosh: 1.5,
  },
  ...{
    sqrt: 0.5,
    rsqrt: 1.5,
    sin: 1.3,
    cos: 1.3,
    tan: 1.7,
    asin: 0.7,
    acos: 1.1,
    atan: 2.1,
    asinh: 2.3,
    acosh: 2.4,
    atanh: 1.1,
  },
  ...{ erf: 1.2, erfc: 3.9, erfinv: 2.6, lgamma: 2.7, digamma: 4 },
} as const satisfies { readonly [F in UnaryFn]?: number };

const bounds2 = {
  ...{ add: 0.5, sub: 0.5, mul: 0.5, div: 0.5, rem: 0, min: 0, max: 0, copysign: 0 },
  ...{ pow: 1.1, atan2: 2.1, hypot: 1.2, zeta: 4 },
} as const satisfies { readonly [F in BinaryFn]?: number };

/** A reproducible sequence of numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
  };
}

const normal = 2 ** -126;
const specials = [
  ...[
    0, 1, 0.5, 0.75, 0.25, 1.5, 2, 2.5, 3, 4, 7, 8, 10, 20, 87, 88.7, 88.73, 89.5, 103.97, 126, 127, 128, 149, 150,
    2047, 2048, 8192,
  ],
  ...[
    2 ** 20,
    2 ** 23,
    2 ** 23 + 1,
    2 ** 24,
    2 ** 24 + 2,
    1e30,
    2 ** -149,
    2 ** -130,
    normal,
    2 * normal,
    2 ** 127,
    3.4e38,
  ],
  ...[Math.PI / 2, Math.PI, 1e22, 16367173 * 2 ** 72, 1 + 2 ** -23, 1 - 2 ** -24, Number.POSITIVE_INFINITY],
].flatMap((x) => [Math.fround(x), -Math.fround(x)]);
specials.push(Number.NaN);

const count = 2 ** 18;
const random = generator(1);
const spread = [1, 3, 12, 110, 1000, 1e5];
/** All pairs of special values, all exponents, ranges around 0, neighbours of 1. */
const x = Float32Array.from({ length: count }, (_, i) => {
  if (i < specials.length ** 2) return specials[i % specials.length];
  if (i % 16 < 6) return (random() * 2 - 1) * spread[i % 16];
  return i % 16 < 8 ? 1 + (random() - 0.5) * random() : 0;
});
const y = Float32Array.from(x, (_, i) => {
  if (i < specials.length ** 2) return specials[Math.floor(i / specials.length)];
  return i % 3 === 0
    ? Math.floor(random() * 41) - 20
    : i % 16 < 12
      ? (random() * 2 - 1) * [1, 30, 1000][(i >> 4) % 3]
      : 0;
});
for (let i = specials.length ** 2; i < count; i++) {
  if (i % 16 >= 8) new Uint32Array(x.buffer)[i] = random() * 2 ** 32;
  if (i % 16 >= 12) new Uint32Array(y.buffer)[i] = random() * 2 ** 32;
  // the sign of a NaN is lost in numbers
  if (Number.isNaN(y[i])) y[i] = Number.NaN;
}

const flushed = (v: number): number => (Math.abs(v) < normal ? v * 0 : v);

/** Units of the last place of a float32 by which `got` is wrong; infinite for a wrong NaN, infinity or sign. A subnormal result may be zero. */
function ulps(got: number, right: number): number {
  if (Number.isNaN(right) || Number.isNaN(got))
    return Number.isNaN(right) && Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  const rounded = Math.fround(right);
  if (got === rounded)
    return got !== 0 || Object.is(got, rounded) || right !== 0
      ? Number.isFinite(got)
        ? Math.abs(got - right) / unit(right)
        : 0
      : 0;
  if (Math.abs(right) < normal && Math.abs(got) <= normal) return 0;
  // infinity takes the place of 2^128
  const [at, to] = [got, right].map((v) => Math.max(-(2 ** 128), Math.min(v, 2 ** 128)));
  return Math.abs(at - to) / unit(to);
}
const unit = (v: number): number => 2 ** (Math.floor(Math.log2(Math.max(Math.abs(v), normal))) - 23);

/** The largest error. Operands that are subnormal may count as zeros. */
function worst(
  got: ArrayLike<number>,
  reference: (i: number, flush: boolean) => number,
  points: number,
): { error: number; at: number } {
  let error = 0;
  let at = 0;
  for (let i = 0; i < points; i++) {
    let off = ulps(got[i], reference(i, false));
    if (off > error) off = Math.min(off, ulps(got[i], reference(i, true)));
    if (off > error) [error, at] = [off, i];
  }
  return { error, at };
}

/** Held to the bound for positive arguments; for negative ones two terms cancel. */
const positive: ReadonlySet<string> = new Set(['lgamma', 'digamma']);

async function referenceOf(
  fn: UnaryFn | BinaryFn,
  ins: readonly Float32Array[],
): Promise<(i: number, flush: boolean) => number> {
  const own = references[fn];
  if (own) return (i, flush) => (flush ? own(flushed(ins[0][i]), flushed(ins[1]?.[i])) : own(ins[0][i], ins[1]?.[i]));
  const program = apply(fn, ins.length, 'float64');
  const exact = (await run(
    host,
    program,
    ins.map((v) => Float64Array.from(v)),
  )) as Float64Array;
  const flat = (await run(
    host,
    program,
    ins.map((v) => Float64Array.from(v, flushed)),
  )) as Float64Array;
  return (i, flush) => (flush ? flat : exact)[i];
}

describe('float32', () => {
  it.each(Object.entries(bounds))('%s', async (name, bound) => {
    const fn = name as UnaryFn;
    const points = positive.has(fn) ? x.map(Math.abs) : x;
    const got = (await run(device, apply(fn, 1, 'float32'), [points])) as Float32Array;
    const { error, at } = worst(got, await referenceOf(fn, [points]), count);
    expect(error, `at ${points[at]}: ${got[at]}`).toBeLessThanOrEqual(bound);
  });

  // near zeros the digits cancel: the error is in units of the terms
  it.each([
    ['lgamma', (x: number) => 1 + Math.abs(x * Math.log(1 - x))],
    ['digamma', (x: number) => 1 + Math.log(1 - x)],
  ] as const)('%s of negative numbers', async (fn, size) => {
    const points = x.map((v) => -Math.abs(v) % 2 ** 22);
    const got = (await run(device, apply(fn, 1, 'float32'), [points])) as Float32Array;
    const reference = await referenceOf(fn, [points]);
    for (let i = 0; i < count; i++) {
      const right = reference(i, false);
      if (Math.abs(points[i]) > normal && Math.abs(right) < 1e6)
        expect(Math.abs(got[i] - right), `at ${points[i]}`).toBeLessThanOrEqual(
          5 * unit(Math.max(size(points[i]), Math.abs(right))),
        );
    }
  });

  it.each(Object.entries(bounds2))('%s', async (name, bound) => {
    const fn = name as BinaryFn;
    const points = fn === 'zeta' ? 2 ** 15 : count;
    const ins = [x.slice(0, points), y.slice(0, points)].map((v) => (fn === 'zeta' ? v.map(Math.abs) : v));
    const got = (await run(device, apply(fn, 2, 'float32'), ins)) as Float32Array;
    const reference = await referenceOf(fn, ins);
    // of a small sum the last terms are too small for a normal number
    const least = fn === 'zeta' ? 2 ** -98 : 0;
    const seen = (i: number, flush: boolean) => (Math.abs(reference(i, flush)) < least ? got[i] : reference(i, flush));
    const { error, at } = worst(got, seen, points);
    expect(error, `at ${x[at]}, ${y[at]}: ${got[at]}`).toBeLessThanOrEqual(bound);
  });
});

describe('integers', () => {
  const int = (fn: BinaryFn, dtype: DType, a: readonly number[], b: readonly number[]) => {
    const array = (values: readonly number[]) =>
      dtype === 'int32' ? Int32Array.from(values) : Uint8Array.from(values);
    return Promise.all(
      [device, host].map(async (runtime) => [...(await run(runtime, apply(fn, 2, dtype), [array(a), array(b)]))]),
    );
  };
  const numbers = [-(2 ** 31), -70000, -7, -1, 0, 1, 2, 3, 7, 31, 32, 33, 255, 70000, 2 ** 31 - 1];
  const bytes = [0, 1, 2, 3, 7, 8, 9, 31, 32, 100, 200, 255];
  const all = [
    'add',
    'sub',
    'mul',
    'div',
    'rem',
    'min',
    'max',
    'pow',
    'bitAnd',
    'bitOr',
    'bitXor',
    'shiftLeft',
    'shiftRight',
  ] as const;

  it.each(all)('%s is what cpu gives', async (fn) => {
    for (const [dtype, list] of [
      ['int32', numbers],
      ['uint8', bytes],
    ] as const) {
      const right = fn === 'div' || fn === 'rem' ? list.filter((v) => v !== 0) : list;
      const pairs = list.flatMap((a) => right.map((b) => [a, b]));
      const [got, wanted] = await int(
        fn,
        dtype,
        pairs.map(([a]) => a),
        pairs.map(([, b]) => b),
      );
      expect(got).toEqual(wanted);
    }
  });

  it.each(['div', 'rem'] as const)(
    '%s by zero is an error at the next await, and the one after that is none',
    async (fn) => {
      const zero = Int32Array.of(1, 0, 2);
      await expect(run(device, apply(fn, 2, 'int32'), [Int32Array.of(1, 2, 3), zero])).rejects.toThrow(
        'ZeroDivisionError: integer division or modulo by zero',
      );
      expect([...(await run(device, apply(fn, 2, 'int32'), [Int32Array.of(8, 9), Int32Array.of(3, -2)]))]).toEqual(
        fn === 'div' ? [2, -4] : [2, 1],
      );
    },
  );
});

describe('casts', () => {
  const values = [
    0,
    -0,
    0.5,
    -0.5,
    1.9,
    -1.9,
    2.5,
    255.9,
    256,
    -1,
    3e9,
    -3e9,
    2 ** -149,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ];
  it.each([
    ['int32', [0, 0, 0, 0, 1, -1, 2, 255, 256, -1, 2147483647, -2147483648, 0, 0, 2147483647]],
    ['bool', [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ] as const)('of floats to %s', async (dtype, wanted) => {
    const program = new Program([e.cast(e.input(0, 'float32'), dtype)], ['float32']);
    expect([...(await run(device, program, [Float32Array.from(values)]))].map(Number)).toEqual(
      // f32 has no 2^31 - 1
      wanted.map((v) => (v === 2147483647 ? expect.toBeOneOf([2147483647, 2147483520]) : v)),
    );
  });

  it('of floats to uint8 keep 8 bits', async () => {
    const program = new Program([e.cast(e.input(0, 'float32'), 'uint8')], ['float32']);
    expect([...(await run(device, program, [Float32Array.of(0, 1.9, 255, 256, 300.5, -1, -255)]))]).toEqual([
      0, 1, 255, 0, 44, 255, 1,
    ]);
  });
});
