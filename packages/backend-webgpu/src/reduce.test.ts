/** Reductions on the GPU against the plain engine, and long sums against exact ones. */
import { type DType, type Expr, expr as e, Program, type ReduceKind } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import {
  contents,
  counters,
  expectTwins,
  free,
  generator,
  gpu,
  plain,
  type Random,
  target,
  twin,
} from './twins.test-support.ts';

const dtypes: readonly DType[] = ['float32', 'int64', 'int32', 'uint8', 'bool'];
const kinds: readonly ReduceKind[] = ['sum', 'prod', 'max', 'min', 'any', 'all'];

const randomShape = (random: Random, most: number): number[] => {
  const rank = random.below(5);
  const side = Math.max(2, Math.round(most ** (1 / Math.max(1, rank))) + 1);
  return Array.from({ length: rank }, () => (random() < 0.02 ? 0 : 1 + random.below(side)));
};

/** An input, two of them, a position in it, or an element read elsewhere. */
function randomBody(random: Random, dtype: DType, shape: readonly number[]): Expr {
  const x = e.input(0, dtype);
  switch (random.below(6)) {
    case 0:
      return dtype === 'bool' ? e.bitAnd(x, e.input(1, dtype)) : e.sub(x, e.input(1, dtype));
    case 1:
      return e.select(e.gt(e.indexOf(random.below(shape.length)), 1), x, e.param(0, dtype));
    case 2:
      return e.select(e.ne(x, e.load(2, dtype, [e.sub(e.indexOf(0), 1)], e.constant(0, dtype))), x, e.param(0, dtype));
    default:
      return x;
  }
}

async function compare(seed: number, most: number): Promise<void> {
  const random = generator(seed);
  const kind = random.pick(kinds);
  const logical = kind === 'any' || kind === 'all';
  let dtype: DType = logical ? 'bool' : random() < 0.5 ? 'float32' : random.pick(dtypes);
  // products of int64 leave 32 bits
  if (kind === 'prod' && dtype === 'int64') dtype = 'int32';
  const shape = randomShape(random, most);
  if ((kind === 'max' || kind === 'min') && shape.includes(0)) return;
  const specials = kind !== 'prod' && kind !== 'sum' ? true : random() < 0.2;
  const ins = [0, 1].map(() => twin(random, dtype, shape, { broadcast: true, specials }));
  const loaded = twin(random, dtype, [3], { specials });
  const body = shape.length > 0 ? randomBody(random, dtype, shape) : e.input(0, dtype);
  const program = new Program([body], [dtype, dtype, dtype], [dtype]);
  const out = target(
    random,
    dtype,
    shape.map((size) => (random() < 0.5 ? 1 : size)),
  );
  const views = [...ins, loaded];
  gpu.reduce(
    kind,
    out.onGpu,
    views.map(({ onGpu }) => onGpu),
    program,
    [1],
  );
  plain.reduce(
    kind,
    out.onCpu,
    views.map(({ onCpu }) => onCpu),
    program,
    [1],
  );
  const terms = shape.reduce((n, size) => n * size, 1);
  await expectTwins(out, `seed ${seed}: ${kind} of ${dtype} [${shape}] to [${out.shape}]`, boundOf());
  free(...views, out);

  function boundOf(): ((want: number, i: number) => number) | undefined {
    if (dtype !== 'float32' || (kind !== 'sum' && kind !== 'prod')) return undefined;
    // what leaves the range of float32 on the way does so in one order only
    if (kind === 'prod') {
      return (want) =>
        Math.abs(want) < 1e30 && Math.abs(want) > 1e-30 ? Math.abs(want) * (terms + 2) * 2 ** -23 : Infinity;
    }
    const magnitudes = new Float64Array(out.onCpu.storage.buffer.length);
    const sizes = new Program([e.abs(e.cast(body, 'float64'))], program.inputs, program.params);
    const to = { ...out.onCpu, dtype: 'float64' as const, storage: { buffer: magnitudes } };
    plain.reduce(
      'sum',
      to,
      views.map(({ onCpu }) => onCpu),
      sizes,
      [1],
    );
    return (want, i) => Math.abs(want) * 2 ** -23 + magnitudes[i] * 24 * 2 ** -24;
  }
}

describe('reduce on the GPU', () => {
  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 250; seed++) await compare(seed, seed % 10 === 0 ? 20_000 : 400);
  });

  // every way to share the work: rows and columns; one, eight or all invocations of a workgroup to a result; parts of results; gaps between reduced dims
  it.each([
    [[70_000], [0]],
    [[300_000, 2], [0]],
    [[3, 50_000], [1]],
    [[64, 1000], [0]],
    [[1000, 64], [1]],
    [[40, 300], [1]],
    [[5000, 12], [1]],
    [[6, 5000], [0]],
    [[700, 100], [0]],
    [[100_000, 3], [1]],
    [
      [20, 7, 900],
      [0, 2],
    ],
    [
      [300, 7, 100],
      [0, 2],
    ],
    [
      [9, 11, 13, 17],
      [0, 2],
    ],
  ])('equals it in shape %j over %j', async (shape, dims) => {
    const random = generator(shape.length * 100 + dims[0]);
    for (const [kind, dtype] of [
      ['sum', 'float32'],
      ['sum', 'int64'],
      ['max', 'float32'],
      ['all', 'bool'],
    ] as const) {
      const x = twin(random, dtype, shape, { specials: kind === 'max', dense: true });
      const out = target(
        random,
        dtype,
        shape.map((size, d) => (dims.includes(d) ? 1 : size)),
      );
      const program = new Program([e.input(0, dtype)], [dtype]);
      gpu.reduce(kind, out.onGpu, [x.onGpu], program, []);
      plain.reduce(kind, out.onCpu, [x.onCpu], program, []);
      // elements are at most 50, so this is far below what one element more or less would make
      await expectTwins(out, `${kind} of ${dtype}`, () => (kind === 'sum' && dtype === 'float32' ? 0.05 : 0));
      free(x, out);
    }
  });

  it('sums with one dispatch, but with two where there are few results of many terms', () => {
    const random = generator(1);
    const program = new Program([e.input(0, 'float32')], ['float32']);
    const dispatches = (shape: number[], to: number[]): number => {
      const [x, out] = [twin(random, 'float32', shape, { dense: true }), target(random, 'float32', to)];
      const before = counters?.dispatches ?? 0;
      gpu.reduce('sum', out.onGpu, [x.onGpu], program, []);
      free(x, out);
      return (counters?.dispatches ?? 0) - before;
    };
    expect(dispatches([64, 1000], [1, 1000])).toBe(1);
    expect(dispatches([1000, 64], [1000, 1])).toBe(1);
    expect(dispatches([4096], [1])).toBe(1);
    expect(dispatches([2 ** 20], [1])).toBe(2);
  });

  it.each([
    ['all 0.1', () => 0.1],
    ['uniform', generator(7)],
    ['of both signs', (i: number) => (i % 3 === 0 ? -1 : 1) * (1 + (i % 1000) / 1000)],
  ])('sums ten million float32 values within 10⁻⁶: %s', async (_, values) => {
    const n = 10_000_000;
    const x = new Float32Array(n).map((_, i) => values(i));
    // in doubles, compensated
    let [exact, error] = [0, 0];
    for (const value of x) {
      const next = exact + value;
      error += Math.abs(exact) >= Math.abs(value) ? exact - next + value : value - next + exact;
      exact = next;
    }
    const from = { dtype: 'float32' as const, storage: { buffer: gpu.allocate('float32', n) }, offset: 0 };
    gpu.upload(from.storage.buffer, x, 0);
    const program = new Program([e.input(0, 'float32')], ['float32']);
    for (const [shape, strides] of [
      [[n], [1]],
      [
        [n / 1000, 1000],
        [1000, 1],
      ],
      [
        [1000, n / 1000],
        [1, 1000],
      ],
    ]) {
      const out = target(
        generator(1),
        'float32',
        shape.map(() => 1),
      );
      gpu.reduce('sum', out.onGpu, [{ ...from, shape, strides }], program, []);
      const { actual } = await contents(out);
      const sum = exact + error;
      expect(Math.abs(Number(actual[out.onGpu.offset]) - sum)).toBeLessThan(1e-6 * Math.abs(sum));
      free(out);
    }
    gpu.free(from.storage.buffer);
  });
});

describe('argReduce on the GPU', () => {
  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = generator(seed);
      const dtype = random.pick(dtypes.slice(0, 4));
      const shape = randomShape(random, seed % 10 === 0 ? 60_000 : 300).map((size) => Math.max(1, size));
      const axes = shape.flatMap((_, d) => (random() < 0.5 ? [d] : []));
      // few different values, so that there are ties
      const values = random() < 0.5 ? { values: () => random.below(4) } : {};
      const x = twin(random, dtype, shape, { broadcast: true, ...values });
      const out = target(
        random,
        'int64',
        shape.map((size, d) => (axes.includes(d) ? 1 : size)),
      );
      for (const kind of ['argmax', 'argmin'] as const) {
        gpu.argReduce(kind, out.onGpu, x.onGpu, axes);
        plain.argReduce(kind, out.onCpu, x.onCpu, axes);
        await expectTwins(out, `seed ${seed}: ${kind} of ${dtype} [${shape}] over ${axes}`);
      }
      free(x, out);
    }
  });

  it.each([
    ['float32', [1_000_000], [0]],
    ['int32', [3, 100_000], [1]],
    ['float32', [100_000, 3], [0]],
  ] as const)('finds the first of %s in a long line', async (dtype, shape, axes) => {
    const random = generator(3);
    const x = twin(random, dtype, shape, { dense: true, specials: false });
    const out = target(
      random,
      'int64',
      shape.map((size, d) => (d === axes[0] ? 1 : size)),
    );
    for (const kind of ['argmax', 'argmin'] as const) {
      gpu.argReduce(kind, out.onGpu, x.onGpu, axes);
      plain.argReduce(kind, out.onCpu, x.onCpu, axes);
      await expectTwins(out, kind);
    }
    free(x, out);
  });
});
