/** Random programs, shapes, strides and values through `map` and `reduce` of both engines, against a direct evaluation of the expression for each element. */
import {
  type DType,
  type Expr,
  expr as e,
  halfToNumber,
  isFloat,
  numberToHalf,
  Program,
  type ReduceKind,
} from '@tenfold/tensor-core';
import { afterEach, describe, expect, it } from 'vitest';
import { cpu } from './runtime.ts';
import { dtypeList, evaluate, floatBinary, integerBinary, paramsOf, randomExpr, round } from './test-programs.ts';
import {
  type Cell,
  elements,
  freeViews,
  generator,
  positions,
  randomShape,
  randomView,
  untouched,
  type View,
} from './test-views.ts';

/** Equal, where all NaN are one. Zeros of both signs are equal: no convention tells which one `min` or `max` gives. */
const same = (a: Cell, b: Cell): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

function expectElements(view: View, expected: readonly Cell[], what: () => string): void {
  const actual = elements(view);
  const wrong = expected.findIndex((x, i) => !same(actual[i], x));
  if (wrong >= 0)
    expect.fail(`${what()}: element ${wrong} of [${view.shape}] is ${actual[wrong]}, expected ${expected[wrong]}`);
  expect(untouched(view), `${what()}: wrote outside its view`).toBe(true);
}

afterEach(freeViews);

describe.each(['wasm', 'plain'] as const)('map of engine %s', (engine) => {
  const runtime = cpu({ engine }).open(0);

  it('equals direct evaluation on 1,500 random programs', () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const random = generator(seed);
      const shape = randomShape(random, seed % 50 === 0 ? 3000 : 40);
      const inputs = Array.from({ length: random.below(4) }, () => random.pick(dtypeList));
      const ins = inputs.map((dtype) => randomView(random, dtype, shape, { broadcast: true }));
      const outputs = Array.from({ length: 1 + random.below(2) }, () =>
        randomExpr(random, random.pick(dtypeList), random.below(4), inputs, shape.length),
      );
      const params = paramsOf(random);
      const program = new Program(outputs, inputs, dtypeList);
      const outs = outputs.map((x) => randomView(random, x.dtype, shape, {}));
      const expected = outputs.map((x) => positions(shape).map((at) => evaluate(x, at, ins, params)));
      runtime.map(outs, ins, program, params);
      outs.forEach((out, k) => expectElements(out, expected[k], () => `seed ${seed}, ${program.key}`));
    }
  });

  it('writes over its own input at the same place', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = generator(seed);
      const shape = randomShape(random, seed % 10 === 0 ? 3000 : 40);
      const dtype = random.pick(dtypeList);
      const view = randomView(random, dtype, shape, {});
      const other = randomView(random, dtype, shape, { broadcast: true });
      const body = randomExpr(random, dtype, 2, [dtype, dtype], shape.length);
      const params = paramsOf(random);
      const expected = positions(shape).map((at) => evaluate(body, at, [view, other], params));
      runtime.map([view], [view, other], new Program([body], [dtype, dtype], dtypeList), params);
      expectElements(view, expected, () => `seed ${seed}`);
    }
  });

  it('loads from anywhere, with a value for outside', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = generator(seed);
      const shape = randomShape(random, 60);
      const source = randomShape(random, 40);
      const dtype = random.pick(dtypeList);
      const view = randomView(random, dtype, source, {});
      const at = source.map(() =>
        shape.length > 0
          ? e.sub(e.indexOf(random.below(shape.length)), random.below(3))
          : e.constant(random.below(3), 'int32'),
      );
      const loaded = e.load(0, dtype, at, e.constant(1, dtype));
      for (const body of [loaded, e.select(e.eq(loaded, 1), loaded, e.constant(0, dtype))]) {
        const out = randomView(random, dtype, shape, { dense: seed % 2 === 0 });
        const expected = positions(shape).map((position) => evaluate(body, position, [view], []));
        runtime.map([out], [view], new Program([body], [dtype]), []);
        expectElements(out, expected, () => `seed ${seed}`);
      }
    }
  });

  it('takes new parameters without keeping the old ones', () => {
    const random = generator(1);
    const out = randomView(random, 'float32', [3], { dense: true });
    const program = new Program([e.add(e.param(0, 'float32'), e.param(1, 'float32'))], [], ['float32', 'float32']);
    runtime.map([out], [], program, [1, 2]);
    expect(elements(out)).toEqual([3, 3, 3]);
    runtime.map([out], [], program, [10, 0.5]);
    expect(elements(out)).toEqual([10.5, 10.5, 10.5]);
  });

  it('brings constants and parameters to their dtype', () => {
    const random = generator(1);
    const run = (x: Expr, params: readonly number[] = []): Cell => {
      const out = randomView(random, x.dtype, [1], { dense: true });
      runtime.map(
        [out],
        [],
        new Program(
          [x],
          [],
          params.map(() => x.dtype),
        ),
        params,
      );
      return elements(out)[0];
    };
    expect(run(e.constant(0.1, 'float16'))).toBe(halfToNumber(numberToHalf(0.1)));
    expect(run(e.eq(e.constant(0.1, 'bfloat16'), e.cast(e.constant(0.1, 'float32'), 'bfloat16')))).toBe(1);
    expect(run(e.param(0, 'bool'), [0.5])).toBe(1);
    expect(run(e.param(0, 'bool'), [Number.NaN])).toBe(1);
    expect(run(e.param(0, 'bool'), [256])).toBe(1);
    expect(run(e.param(0, 'uint8'), [257])).toBe(1);
    expect(run(e.param(0, 'int64'), [2 ** 53])).toBe(2n ** 53n);
  });

  it('rounds int64 to float32 once', () => {
    const random = generator(1);
    // the middle of two float32 numbers, and one more: through a double it would be a tie
    const x = 2n ** 60n + 2n ** 36n + 1n;
    const source = randomView(random, 'int64', [1], { dense: true });
    (source.storage.buffer as BigInt64Array)[source.offset] = x;
    const out = randomView(random, 'float32', [1], { dense: true });
    runtime.map([out], [source], new Program([e.cast(e.input(0, 'int64'), 'float32')], ['int64']), []);
    expect(elements(out)).toEqual([2 ** 60 + 2 ** 37]);
  });
});

const kinds: readonly ReduceKind[] = ['sum', 'prod', 'max', 'min', 'any', 'all'];

/** The reduction of some values of a dtype, in bigints or doubles. */
function fold(kind: ReduceKind, dtype: DType, values: readonly Cell[]): Cell {
  if (kind === 'any') return values.some(Boolean) ? 1 : 0;
  if (kind === 'all') return values.every(Boolean) ? 1 : 0;
  if (isFloat(dtype)) {
    const numbers = values as readonly number[];
    if (kind === 'sum') return numbers.reduce((a, x) => a + x, 0);
    if (kind === 'prod') return numbers.reduce((a, x) => a * x, 1);
    return numbers.reduce(floatBinary[kind] as (x: number, y: number) => number);
  }
  const integers = values.map(BigInt);
  if (kind === 'sum')
    return round(
      integers.reduce((a, x) => a + x, 0n),
      dtype,
    );
  if (kind === 'prod')
    return round(
      integers.reduce((a, x) => a * x, 1n),
      dtype,
    );
  return round(integers.reduce(integerBinary[kind] as (x: bigint, y: bigint) => bigint), dtype);
}

describe.each(['wasm', 'plain'] as const)('reduce of engine %s', (engine) => {
  const runtime = cpu({ engine }).open(0);

  it('equals direct evaluation on 600 random programs', () => {
    for (let seed = 1; seed <= 600; seed++) {
      const random = generator(seed);
      const shape = randomShape(random, seed % 30 === 0 ? 3000 : 60);
      const kind = random.pick(kinds);
      const dtype = kind === 'any' || kind === 'all' ? 'bool' : random.pick(dtypeList);
      const inputs = Array.from({ length: 1 + random.below(2) }, () => random.pick(dtypeList));
      const ins = inputs.map((d) => randomView(random, d, shape, { broadcast: true }));
      const params = paramsOf(random);
      const body = randomExpr(random, dtype, random.below(3), inputs, shape.length);
      const outShape = shape.map((size) => (random() < 0.5 ? 1 : size));
      if ((kind === 'max' || kind === 'min') && shape.some((size, d) => size === 0 && outShape[d] === 1)) continue;
      const out = randomView(random, dtype, outShape, {});
      const groups = positions(outShape).map(() => [] as Cell[]);
      const key = new Map(positions(outShape).map((at, i) => [at.join(), i]));
      for (const at of positions(shape)) {
        const group = key.get(at.map((i, d) => (outShape[d] === 1 ? 0 : i)).join()) as number;
        groups[group].push(evaluate(body, at, ins, params));
      }
      runtime.reduce(kind, out, ins, new Program([body], inputs, dtypeList), params);
      const actual = elements(out);
      groups.forEach((group, i) =>
        expectReduced(actual[i], kind, dtype, group, `seed ${seed}, ${kind} ${dtype}, result ${i}`),
      );
      expect(untouched(out)).toBe(true);
    }
  });

  it('gives the neutral element for nothing', () => {
    const random = generator(1);
    const neutral = { sum: 0, prod: 1, any: 0, all: 1 } as const;
    for (const kind of ['sum', 'prod', 'any', 'all'] as const) {
      const dtype = kind === 'any' || kind === 'all' ? 'bool' : 'float32';
      const out = randomView(random, dtype, [2, 1], {});
      const nothing = randomView(random, dtype, [2, 0], {});
      runtime.reduce(kind, out, [nothing], new Program([e.input(0, dtype)], [dtype]), []);
      expect(elements(out)).toEqual([neutral[kind], neutral[kind]]);
    }
  });

  it('knows positions along the dims as given, whichever are reduced', () => {
    // Σᵢ (10·i + j) over three rows, with no input read but for its shape
    const out = randomView(generator(1), 'int32', [1, 2], {});
    const x = randomView(generator(2), 'int32', [3, 2], {});
    const body = e.add(e.mul(e.indexOf(0), 10), e.add(e.indexOf(1), e.mul(e.input(0, 'int32'), 0)));
    runtime.reduce('sum', out, [x], new Program([body], ['int32']), []);
    expect(elements(out)).toEqual([30, 33]);
  });

  it('keeps sums of ten million terms accurate', () => {
    const n = 10_000_000;
    const random = generator(1);
    for (const dtype of ['float32', 'float64'] as const) {
      const out = randomView(random, dtype, [1], {});
      const tenth = dtype === 'float32' ? new Float32Array([0.1]) : new Float64Array([0.1]);
      const x = { dtype, shape: [n], strides: [0], offset: 0, storage: { buffer: tenth } };
      runtime.reduce('sum', out, [x], new Program([e.input(0, dtype)], [dtype]), []);
      // 10⁷ equal terms: the exact sum is 10⁷ times the term, and the integer times a 53-bit number rounds once
      const exact = Number(tenth[0]) * n;
      expect(Math.abs(Number(elements(out)[0]) - exact)).toBeLessThanOrEqual(
        exact * (dtype === 'float32' ? 2 ** -24 : 2 ** -52),
      );
    }
  });

  it('does not lose small terms beside large ones', () => {
    const random = generator(1);
    const out = randomView(random, 'float64', [1], {});
    const buffer = new Float64Array([1, 1e100, 1, -1e100]);
    runtime.reduce(
      'sum',
      out,
      [{ dtype: 'float64', shape: [4], strides: [1], offset: 0, storage: { buffer } }],
      new Program([e.input(0, 'float64')], ['float64']),
      [],
    );
    expect(elements(out)).toEqual([2]);
  });

  it.each([
    [[1e308, 1e308], Number.POSITIVE_INFINITY],
    [[Number.POSITIVE_INFINITY, 1], Number.POSITIVE_INFINITY],
    [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], Number.NaN],
    [[Number.NaN, 1], Number.NaN],
  ])('sums %j to %d', (values, expected) => {
    const out = randomView(generator(1), 'float64', [1], {});
    const x: View = {
      dtype: 'float64',
      shape: [2],
      strides: [1],
      offset: 0,
      storage: { buffer: new Float64Array(values) },
    };
    runtime.reduce('sum', out, [x], new Program([e.input(0, 'float64')], ['float64']), []);
    expect(elements(out)).toEqual([expected]);
  });
});

/** Integers are exact; floats differ by the order of a sum, which is bounded by the sum of the magnitudes. */
function expectReduced(actual: Cell, kind: ReduceKind, dtype: DType, values: readonly Cell[], what: string): void {
  const expected = fold(kind, dtype, values);
  if (!isFloat(dtype)) {
    if (actual !== expected) expect.fail(`${what}: ${actual}, expected ${expected}`);
    return;
  }
  const rounded = round(expected, dtype) as number;
  if (same(actual, rounded)) return;
  const epsilon = { float64: 2 ** -50, float32: 2 ** -23, float16: 2 ** -10, bfloat16: 2 ** -7 }[dtype as 'float64'];
  const magnitude = kind === 'sum' ? values.reduce<number>((a, x) => a + Math.abs(Number(x)), 0) * 2 ** -48 : 0;
  const tiny = dtype === 'float16' ? 2 ** -24 : 2 ** -133;
  const bound = Math.abs(rounded) * epsilon + magnitude + tiny;
  // a double sum of numbers near the largest may overflow in one order only
  if (!Number.isFinite(magnitude)) return;
  if (!(Math.abs(Number(actual) - rounded) <= bound)) expect.fail(`${what}: ${actual}, expected ${rounded} ± ${bound}`);
}
