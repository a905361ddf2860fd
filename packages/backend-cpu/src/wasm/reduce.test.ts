/** The reduce family in WebAssembly against the plain loops, and long sums against exact ones. */
import { type DType, dtypeNames, type Expr, expr as e, isFloat, Program, type ReduceKind } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { cpu } from '../runtime.ts';
import {
  elements,
  generator,
  type Random,
  randomShape,
  randomView,
  untouched,
  type View,
  viewOf,
} from '../test-views.ts';
import { setNumThreads } from '../threads.ts';

const runtime = cpu().open(0);
const plain = cpu({ engine: 'plain' }).open(0);

const kinds: readonly ReduceKind[] = ['sum', 'prod', 'max', 'min', 'any', 'all'];

/** What is reduced: an input as it is, or one or two through exact functions. */
function randomBody(random: Random, dtype: DType, inputs: readonly DType[]): Expr {
  const terms = inputs.map((from, i) => {
    const x = e.input(i, from);
    // what a float gives outside of an integer's range is unspecified
    const safe =
      isFloat(from) && !isFloat(dtype) && dtype !== 'bool' ? e.max(e.min(e.select(e.ne(x, x), 0, x), 100), 0) : x;
    return e.cast(safe, dtype);
  });
  const [first, second = first] = terms;
  switch (random.below(4)) {
    case 0:
      return dtype === 'bool' ? e.bitAnd(first, second) : e.add(first, second);
    case 1:
      return e.select(e.ne(e.cast(first, 'bool'), e.cast(second, 'bool')), first, e.param(0, dtype));
    default:
      return first;
  }
}

/** Σ|x| of what is summed, in double precision. */
function magnitudes(
  out: View,
  ins: readonly View[],
  { outputs, inputs, params }: Program,
  values: readonly number[],
): number[] {
  const sums = viewOf(new Array<number>(elements(out).length).fill(0), 'float64', out.shape);
  const program = new Program([e.abs(e.cast(outputs[0], 'float64'))], inputs, params);
  plain.reduce('sum', sums, ins, program, values);
  return elements(sums) as number[];
}

/** Units in the last place of a dtype, relative to a number of it. */
const roundoff = { float64: 2 ** -52, float32: 2 ** -23, float16: 2 ** -10, bfloat16: 2 ** -7 } as {
  readonly [D in DType]: number;
};
const smallest = { float64: 2 ** -1074, float32: 2 ** -149, float16: 2 ** -24, bfloat16: 2 ** -133 } as {
  readonly [D in DType]: number;
};

describe('reduce in WebAssembly', () => {
  const compare = (seed: number, most: number, fixed?: { kind: ReduceKind; dtype: DType }): void => {
    const random = generator(seed);
    const kind = fixed?.kind ?? random.pick(kinds);
    const dtype = fixed?.dtype ?? (kind === 'any' || kind === 'all' ? 'bool' : random.pick(dtypeNames));
    const shape = randomShape(random, most);
    const inputs = Array.from({ length: 1 + random.below(2) }, () =>
      random() < 0.6 ? dtype : random.pick(dtypeNames),
    );
    const ins = inputs.map((from) => randomView(random, from, shape, { broadcast: true }));
    const outShape = shape.map((size) => (random() < 0.5 ? 1 : size));
    if ((kind === 'max' || kind === 'min') && shape.includes(0)) return;
    const program = new Program([randomBody(random, dtype, inputs)], inputs, [dtype]);
    const out = randomView(random, dtype, outShape, {});
    const reference: View = { ...out, storage: { buffer: out.storage.buffer.slice() } };
    runtime.reduce(kind, out, ins, program, [2]);
    plain.reduce(kind, reference, ins, program, [2]);
    const what = `seed ${seed}: ${kind} of ${dtype} [${shape}] to [${outShape}]`;
    expect(untouched(out), what).toBe(true);
    const [actual, expected] = [elements(out), elements(reference)];
    if (!isFloat(dtype) || (kind !== 'sum' && kind !== 'prod')) {
      if (!actual.every((x, i) => Object.is(x, expected[i]) || x === expected[i]))
        expect(actual, what).toEqual(expected);
      return;
    }
    const terms = shape.reduce((n, size) => n * size, 1) / Math.max(1, expected.length);
    const sums = kind === 'sum' ? magnitudes(out, ins, program, [2]) : null;
    actual.forEach((x, i) => {
      const [got, want] = [Number(x), Number(expected[i])];
      if (Object.is(got, want) || got === want) return;
      // one unit of the result; and three roundings of each term of a narrow sum, or n of a double product or sum
      const perTerm = dtype === 'float64' ? terms * 2 ** -52 : 3 * 2 ** -24;
      const bound = Math.abs(want) * roundoff[dtype] + smallest[dtype] + perTerm * (sums ? sums[i] : Math.abs(want));
      // products may leave the range of doubles on the way in one order only
      if (kind === 'prod' && (!Number.isFinite(got) || !Number.isFinite(want) || want === 0 || got === 0)) return;
      if (!(Math.abs(got - want) <= bound)) expect.fail(`${what}, result ${i}: ${got}, plain ${want} ± ${bound}`);
    });
  };

  it('equals the plain engine on 3,000 random cases', () => {
    for (let seed = 1; seed <= 3000; seed++) compare(seed, seed % 20 === 0 ? 6000 : 300);
  });

  it('equals it where sums are long', () => {
    const dtypes = ['float32', 'bfloat16', 'float16', 'float64', 'int64', 'uint8'] as const;
    for (let seed = 1; seed <= 60; seed++) compare(seed, 150_000, { kind: 'sum', dtype: dtypes[seed % dtypes.length] });
  });
});

describe('a reduction that loads', () => {
  it.each([
    ['WebAssembly', runtime],
    ['the plain engine', plain],
  ])('finds elements of an input with a shape of its own where the reduced dims come first: %s', (_, engine) => {
    const x = viewOf(new Array<number>(12).fill(1), 'float32', [2, 3, 2]);
    const table = viewOf([10, 20], 'float32', [2]);
    const out = viewOf([0, 0, 0], 'float32', [1, 3, 1]);
    const at = e.load(1, 'float32', [e.indexOf(0)], 0);
    const program = new Program([e.mul(e.input(0, 'float32'), at)], ['float32', 'float32']);
    engine.reduce('sum', out, [x, table], program, []);
    // two of each element of the table
    expect(elements(out)).toEqual([60, 60, 60]);
  });
});

describe('a sum of ten million float32 values', () => {
  const n = 10_000_000;
  const shapes = [[n], [1000, 10_000], [10_000, 1000]];

  /** The exact sum, in units of 2⁻¹⁴⁹ as a bigint, of columns of a matrix. */
  function exactSums(x: Float32Array, columns: number): number[] {
    const parts = new Int32Array(x.buffer, x.byteOffset, x.length);
    return Array.from({ length: columns }, (_, column) => {
      // significands by exponent: below 2^24 · 10⁷ < 2^53 each
      const byExponent = new Float64Array(256);
      for (let i = column; i < x.length; i += columns) {
        const exponent = (parts[i] >>> 23) & 0xff;
        const significand = (parts[i] & 0x7fffff) | (exponent > 0 ? 0x800000 : 0);
        byExponent[Math.max(1, exponent)] += parts[i] < 0 ? -significand : significand;
      }
      let sum = 0n;
      byExponent.forEach((units, exponent) => {
        sum += BigInt(units) << BigInt(Math.max(0, exponent - 1));
      });
      // 80 bits below the leading one are more than enough
      return Number(sum) * 2 ** -149;
    });
  }

  it.each([
    ['uniform', (random: Random) => random()],
    ['all 0.1', () => 0.1],
    ['of a wide range', (random: Random) => random() * 10 ** (random() * 12 - 6)],
  ] as const)('is within 10⁻⁶ of the exact one: %s', (_, value) => {
    const random = generator(1);
    const buffer = runtime.allocate('float32', n) as Float32Array;
    for (let i = 0; i < n; i++) buffer[i] = value(random);
    for (const [rows, columns] of [shapes[0], shapes[2]].map(([a, b = 1]) => [a, b])) {
      const x: View = {
        dtype: 'float32',
        shape: [rows, columns],
        strides: [columns, 1],
        offset: 0,
        storage: { buffer },
      };
      const out = viewOf(new Array<number>(columns).fill(0), 'float32', [1, columns]);
      runtime.reduce('sum', out, [x], new Program([e.input(0, 'float32')], ['float32']), []);
      const exact = exactSums(buffer, columns);
      elements(out).forEach((sum, i) => {
        expect(Math.abs(Number(sum) - exact[i])).toBeLessThanOrEqual(1e-6 * exact[i]);
      });
    }
    runtime.free(buffer);
  });

  it('does not overflow where a double does not', () => {
    const x = viewOf(new Array<number>(100_000).fill(0), 'float32');
    const { buffer } = x.storage;
    for (const i of [0, 4, 8, 12]) buffer[i] = i < 8 ? 3e38 : -3e38;
    buffer[10] = 2 ** 100;
    const out = viewOf([0], 'float32');
    runtime.reduce('sum', out, [x], new Program([e.input(0, 'float32')], ['float32']), []);
    expect(elements(out)).toEqual([2 ** 100]);
    buffer[20] = Number.POSITIVE_INFINITY;
    runtime.reduce('sum', out, [x], new Program([e.input(0, 'float32')], ['float32']), []);
    expect(elements(out)).toEqual([Number.POSITIVE_INFINITY]);
    buffer[30] = Number.NEGATIVE_INFINITY;
    runtime.reduce('sum', out, [x], new Program([e.input(0, 'float32')], ['float32']), []);
    expect(elements(out)).toEqual([Number.NaN]);
  });
});

describe('reduce on threads', () => {
  it('gives the same bits on any number of them', () => {
    const cases = [
      { shape: [700, 900], to: [700, 1] },
      { shape: [700, 900], to: [1, 900] },
      { shape: [40, 50, 300], to: [40, 1, 300] },
      { shape: [40, 50, 300], to: [1, 50, 1] },
      { shape: [40, 50, 300], to: [40, 50, 1], order: [1, 2, 0] },
      { shape: [600_000], to: [1] },
    ];
    const all = (): unknown[] =>
      cases.flatMap(({ shape, to, order }, seed) =>
        (['float32', 'float64', 'int64'] as const).map((dtype) => {
          const random = generator(seed);
          const n = shape.reduce((a, b) => a * b, 1);
          const x = viewOf(
            Array.from({ length: n }, () => (dtype === 'int64' ? BigInt(random.below(100)) : random())),
            dtype,
            shape,
          );
          const strides = order ? order.map((_, d) => x.strides[order.indexOf(d)]) : x.strides;
          const sizes = order ? order.map((_, d) => shape[order.indexOf(d)]) : shape;
          const target = order ? order.map((_, d) => to[order.indexOf(d)]) : to;
          const out = viewOf(
            new Array<number>(target.reduce((a, b) => a * b, 1))
              .fill(0)
              .map((z) => (dtype === 'int64' ? BigInt(z) : z)),
            dtype,
            target,
          );
          runtime.reduce('sum', out, [{ ...x, shape: sizes, strides }], new Program([e.input(0, dtype)], [dtype]), []);
          return elements(out);
        }),
      );
    const alone = all();
    setNumThreads(3);
    try {
      expect(all()).toEqual(alone);
    } finally {
      setNumThreads(1);
    }
  });
});
