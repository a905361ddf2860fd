/** The WebAssembly engine against the plain one, which stays as its reference: random cases of each family, with the same bits where nothing is approximated. */
import { expr as e, isFloat, Program, type UnaryFn } from '@tenfold/tensor-core';
import { afterEach, describe, expect, it } from 'vitest';
import { cpu } from './runtime.ts';
import { dtypeList, paramsOf, randomExpr } from './test-programs.ts';
import {
  type Cell,
  copyView,
  elements,
  freeViews,
  generator,
  type Random,
  randomShape,
  randomView,
  untouched,
  type View,
  viewOf,
} from './test-views.ts';

afterEach(freeViews);

const wasm = cpu({ engine: 'wasm' }).open(0);
const plain = cpu({ engine: 'plain' }).open(0);

/** A small shape, or now and then one with more elements than a block, a vector and a page hold. */
const someShape = (random: Random): number[] => randomShape(random, random() < 0.1 ? 6000 : 200);

/** Equal bits, but for which NaN it is and the sign of a zero, which no convention fixes for `min` and `max`. */
const same = (a: Cell, b: Cell): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

function expectEqual(actual: View, expected: View, what: () => string): void {
  const [a, b] = [elements(actual), elements(expected)];
  const wrong = a.findIndex((x, i) => !same(x, b[i]));
  if (wrong >= 0) expect.fail(`${what()}: element ${wrong} of [${actual.shape}] is ${a[wrong]}, plain ${b[wrong]}`);
  if (!untouched(actual)) expect.fail(`${what()}: wrote outside its view`);
}

describe('map', () => {
  it.each(Array.from({ length: 12 }, (_, i) => i))(
    'equals the plain engine on 500 random programs, part %i',
    (part) => {
      for (let seed = part * 500 + 1; seed <= (part + 1) * 500; seed++) {
        const random = generator(seed + 10_000);
        const shape = someShape(random);
        const inputs = Array.from({ length: random.below(4) }, () => random.pick(dtypeList));
        const ins = inputs.map((dtype) => randomView(random, dtype, shape, { broadcast: true }));
        const outputs = Array.from({ length: 1 + random.below(3) }, () =>
          randomExpr(random, random.pick(dtypeList), random.below(4), inputs, shape.length),
        );
        const params = paramsOf(random);
        const program = new Program(outputs, inputs, dtypeList);
        const outs = outputs.map((x) => randomView(random, x.dtype, shape, {}));
        const others = outs.map(copyView);
        wasm.map(outs, ins, program, params);
        plain.map(others, ins, program, params);
        outs.forEach((out, k) => expectEqual(out, others[k], () => `seed ${seed}, ${program.key}`));
      }
    },
  );

  it('squares a lane alike whatever exponents its neighbours have, and as the plain engine does', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const random = generator(5);
      const bases = Array.from({ length: 2000 }, () => (random() - 0.5) * 100);
      const power = new Program([e.binary('pow', e.input(0, dtype), e.input(1, dtype))], [dtype, dtype]);
      const square = new Program([e.mul(e.input(0, dtype), e.input(0, dtype))], [dtype]);
      const x = viewOf(bases, dtype);
      const exponents = viewOf(
        bases.map(() => random.pick([2, 2, 3])),
        dtype,
      );
      const [out, squares, other] = [x, x, x].map(copyView);
      wasm.map([out], [x, exponents], power, []);
      wasm.map([squares], [x], square, []);
      plain.map([other], [x, exponents], power, []);
      const [found, wanted, reference, chosen] = [out, squares, other, exponents].map(elements);
      const wrong = chosen.findIndex((n, i) => n === 2 && (found[i] !== wanted[i] || reference[i] !== wanted[i]));
      expect(wrong).toBe(-1);
    }
  });

  it('copies between 150 views that lie across each other', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = generator(seed + 50_000);
      const dtype = random.pick(['float32', 'int32', 'float64', 'int64', 'float16'] as const);
      const shape = [1 + random.below(3), 1 + random.below(50), 1 + random.below(50)];
      const order = random.pick([
        [0, 1, 2],
        [0, 2, 1],
        [2, 1, 0],
        [1, 2, 0],
      ]);
      const x = randomView(
        random,
        dtype,
        order.map((d) => shape[d]),
        { dense: random() < 0.7, broadcast: true },
      );
      const from = { ...x, shape, strides: shape.map((_, d) => x.strides[order.indexOf(d)]) };
      const out = randomView(random, dtype, shape, { dense: random() < 0.7 });
      wasm.map([out], [from], new Program([e.input(0, dtype)], [dtype]), []);
      const [a, b] = [out, from].map(elements);
      const wrong = a.findIndex((v, i) => !Object.is(v, b[i]));
      if (wrong >= 0)
        expect.fail(`seed ${seed}: element ${wrong} of ${dtype} [${shape}] is ${a[wrong]}, not ${b[wrong]}`);
      expect(untouched(out), `seed ${seed}`).toBe(true);
    }
  });

  it('gives an element the same bits beside special values, in a short view and in place', () => {
    const functions: readonly UnaryFn[] = ['exp', 'expm1', 'sigmoid', 'log', 'log1p', 'sin', 'cos', 'erf'];
    const rare = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1e30, 1e30, 90, -100, 1e-42];
    for (const fn of functions) {
      for (const dtype of ['float32', 'float64'] as const) {
        const random = generator(7);
        const usual = Array.from({ length: 1500 }, () => random() * 5 + 0.1);
        const mixed = usual.map((x) => (random() < 0.003 ? random.pick(rare) : x));
        const program = new Program([e.unary(fn, e.add(e.unary(fn, e.input(0, dtype)), 1))], [dtype]);
        const run = (values: readonly number[]): Cell[] => {
          const x = viewOf(values, dtype);
          const out = copyView(x);
          wasm.map([out], [x], program, []);
          wasm.map([x], [x], program, []);
          expect(elements(x), `${fn} in place`).toEqual(elements(out));
          return elements(out);
        };
        const alone = [...usual, ...mixed].map((x) => run([x])[0]);
        expect([...run(usual), ...run(mixed)], fn).toEqual(alone);
      }
    }
  });

  it('agrees within the stated errors where vector code approximates', () => {
    const functions: readonly UnaryFn[] = ['exp', 'log', 'sin', 'cos', 'tanh', 'sigmoid', 'erf'];
    for (let seed = 1; seed <= 700; seed++) {
      const random = generator(seed);
      const fn = functions[seed % functions.length];
      const dtype = random.pick(['float32', 'float64'] as const);
      const shape = someShape(random);
      const x = randomView(random, dtype, shape, { broadcast: true });
      const [out, other] = [randomView(random, dtype, shape, {}), randomView(random, dtype, shape, {})];
      const program = new Program([e.unary(fn, e.input(0, dtype))], [dtype]);
      wasm.map([out], [x], program, []);
      plain.map([other], [x], program, []);
      const expected = elements(other);
      elements(out).forEach((a, i) => {
        const b = expected[i];
        if (same(a, b)) return;
        // twice the error of a function, and that of the reference
        const ulps = Math.abs(Number(a) - Number(b)) / spacing(Number(b), dtype);
        if (!(ulps <= (dtype === 'float32' ? 3 : 6)))
          expect.fail(`seed ${seed}: ${fn} of ${dtype} is ${a}, plain ${b}`);
      });
      expect(untouched(out)).toBe(true);
    }
  });
});

/** The distance between neighbouring numbers of a dtype near `x`. */
function spacing(x: number, dtype: 'float32' | 'float64'): number {
  const [digits, smallest] = dtype === 'float32' ? [23, -126] : [52, -1022];
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x) || 2 ** smallest)), smallest) - digits);
}

describe('reduce', () => {
  const kinds = ['sum', 'prod', 'max', 'min', 'any', 'all'] as const;

  it.each([0, 1, 2, 3, 4])('equals the plain engine on 500 random programs, part %i', (part) => {
    for (let seed = part * 500 + 1; seed <= (part + 1) * 500; seed++) {
      const random = generator(seed + 20_000);
      const shape = someShape(random);
      const kind = random.pick(kinds);
      const dtype = kind === 'any' || kind === 'all' ? 'bool' : random.pick(dtypeList);
      const inputs = Array.from({ length: 1 + random.below(2) }, () => random.pick(dtypeList));
      const ins = inputs.map((d) => randomView(random, d, shape, { broadcast: true }));
      const outShape = shape.map((size) => (random() < 0.5 ? 1 : size));
      if ((kind === 'max' || kind === 'min') && shape.some((size, d) => size === 0 && outShape[d] === 1)) continue;
      const body = randomExpr(random, dtype, random.below(3), inputs, shape.length);
      const params = paramsOf(random);
      const program = new Program([body], inputs, dtypeList);
      const out = randomView(random, dtype, outShape, {});
      const other = copyView(out);
      wasm.reduce(kind, out, ins, program, params);
      plain.reduce(kind, other, ins, program, params);
      const what = (): string => `seed ${seed}: ${kind} of ${dtype} over [${shape}] to [${outShape}], ${program.key}`;
      if (!isFloat(dtype) || (kind !== 'sum' && kind !== 'prod')) {
        expectEqual(out, other, what);
        continue;
      }
      // what is summed, by the engine that is not under test: it bounds the error of another order
      const magnitudes = copyView(out);
      plain.reduce(kind, magnitudes, ins, new Program([e.abs(body)], inputs, dtypeList), params);
      const [a, b, bounds] = [out, other, magnitudes].map(elements) as [number[], number[], number[]];
      const epsilon = { float64: 2 ** -48, float32: 2 ** -20, float16: 2 ** -9, bfloat16: 2 ** -6 }[dtype as 'float64'];
      // each factor of a product rounds once more
      const roundings = kind === 'prod' ? shape.reduce((n, size) => n * size, 1) * 2 ** -52 : 0;
      a.forEach((x, i) => {
        // near the largest number one order overflows and another does not
        if (same(x, b[i]) || !Number.isFinite(bounds[i])) return;
        if (!(Math.abs(x - b[i]) <= bounds[i] * (epsilon + roundings))) expect.fail(`${what()}: ${x}, plain ${b[i]}`);
      });
      expect(untouched(out), what()).toBe(true);
    }
  });
});

describe('matmul', () => {
  it('equals the plain engine on 1,500 random products', () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const random = generator(seed + 30_000);
      const dtype = random.pick([
        'float32',
        'float64',
        'float16',
        'bfloat16',
        'int64',
        'int32',
        'int8',
        'uint8',
      ] as const);
      const dims = (most: number): number[] => randomShape(random, most).slice(0, 2);
      const large = random() < 0.15;
      const [batch, m, n, k] = [dims(3), dims(large ? 60 : 9), dims(large ? 60 : 9), dims(large ? 70 : 9)];
      const a = randomView(random, dtype, [...batch, ...m, ...k], { broadcast: true });
      const b = randomView(random, dtype, [...batch, ...k, ...n], { broadcast: true });
      const out = randomView(random, dtype, [...batch, ...m, ...n], {});
      const other = copyView(out);
      const sizes = { batch: batch.length, m: m.length, n: n.length, k: k.length };
      wasm.matmul(out, a, b, sizes);
      plain.matmul(other, a, b, sizes);
      const what = (): string => `seed ${seed}: ${dtype} [${a.shape}] · [${b.shape}]`;
      if (!isFloat(dtype)) {
        expectEqual(out, other, what);
        continue;
      }
      const bound =
        largest(a) *
        largest(b) *
        Math.max(
          1,
          k.reduce((x, y) => x * y, 1),
        );
      const epsilon = { float64: 2 ** -50, float32: 2 ** -21, float16: 2 ** -9, bfloat16: 2 ** -6 }[dtype as 'float64'];
      const expected = elements(other) as number[];
      (elements(out) as number[]).forEach((x, i) => {
        if (same(x, expected[i]) || !Number.isFinite(bound)) return;
        if (!(Math.abs(x - expected[i]) <= bound * epsilon)) expect.fail(`${what()}: ${x}, plain ${expected[i]}`);
      });
      expect(untouched(out), what()).toBe(true);
    }
  });
});

const largest = (view: View): number =>
  elements(view).reduce<number>((max, x) => Math.max(max, Math.abs(Number(x))), 0);
