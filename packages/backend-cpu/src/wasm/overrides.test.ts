/** Ops that are one kernel here against what they are derived from on the plain engine. */
import { builtinOps, type DType, dispatch, isFloat, registerBackend, type Tensor, tensor } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cpu } from '../runtime.ts';
import { copyView, elements, generator, type Random, randomShape, randomView, untouched } from '../test-views.ts';
import { setNumThreads } from '../threads.ts';

beforeAll(() => {
  registerBackend(cpu({ engine: 'wasm' }));
  const device = cpu({ engine: 'plain' });
  registerBackend({ ...device, deviceType: 'plain', open: (index) => ({ ...device.open(index), overrides: {} }) });
});

const dtypes = ['float32', 'float64', 'float16', 'bfloat16'] as const;
/** A few units in the last place. */
const tolerance = { float32: 2e-6, float64: 1e-13, float16: 2e-3, bfloat16: 1.6e-2 } as {
  readonly [D in DType]: number;
};

/** The same numbers on both devices, as a view with its dims in some order. */
function both(random: Random, shape: readonly number[], dtype: DType, special = false): [Tensor, Tensor] {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, () => {
    if (special && random() < 0.03)
      return random.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 80, -0]);
    return isFloat(dtype) ? (random() - 0.5) * 6 : random.below(9) - 4;
  });
  const order = shape.map((_, d) => d);
  if (random() < 0.4) order.sort(() => random() - 0.5);
  const stored = order.map((d) => shape[d]);
  const back = shape.map((_, d) => order.indexOf(d));
  const on = (device: string): Tensor => {
    const x = tensor(values, { dtype, device }).reshape(stored);
    return shape.length > 1 ? x.permute(back) : x;
  };
  return [on('cpu'), on('plain')];
}

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
const decoded = (x: Tensor): number[] => numbers(x.to('float64'));

function expectClose(actual: readonly Tensor[], expected: readonly Tensor[], what: string, factor = 1): void {
  expect(actual.length, what).toBe(expected.length);
  actual.forEach((x, k) => {
    expect([x.dtype, x.shape], what).toEqual([expected[k].dtype, expected[k].shape]);
    const [a, b] = [decoded(x), decoded(expected[k])];
    const scale = Math.max(1, ...b.filter(Number.isFinite).map(Math.abs));
    const bound = tolerance[x.dtype] * factor * scale;
    a.forEach((value, i) => {
      if (Object.is(value, b[i]) || value === b[i]) return;
      if (!(Math.abs(value - b[i]) <= bound))
        expect.fail(`${what}, result ${k}, element ${i}: ${value}, derived ${b[i]} ± ${bound}`);
    });
  });
}

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(x) ? x : [x as Tensor]);

function shapeOf(random: Random, ranks: readonly number[]): number[] {
  const rank = random.pick(ranks);
  const most = rank === 1 ? 3000 : rank === 2 ? 60 : rank === 3 ? 15 : 8;
  return Array.from({ length: rank }, () => 1 + random.below(most));
}

describe('softmax', () => {
  const ops = ['softmax', 'logSoftmax'] as const;

  it.each(ops)('%s and its gradient equal the derived ops on 300 random cases', (name) => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const shape = seed % 30 === 0 ? [] : shapeOf(random, [1, 2, 3, 4]);
      const dtype = random.pick(dtypes);
      const dim = shape.length === 0 ? 0 : random.below(shape.length);
      const what = `seed ${seed}: ${name} of ${dtype} [${shape}] over ${dim}`;
      const [x, plain] = both(random, shape, dtype, true);
      const results = [x, plain].map((t) => dispatch(builtinOps[name], [t], { dim }) as Tensor);
      expectClose([results[0]], [results[1]], what);
      const [g, plainG] = both(random, shape, random() < 0.1 && dtype !== 'float64' ? 'float32' : dtype);
      const backward = builtinOps[`${name}Backward`];
      const y = dispatch(builtinOps[name], [both(random, shape, dtype)[1]], { dim }) as Tensor;
      const [here, there] = [dispatch(backward, [g, y.to('cpu')], { dim }), dispatch(backward, [plainG, y], { dim })];
      expectClose(listOf(here), listOf(there), `${what}, backward`);
    }
  });

  it('gives NaN for a row with NaN, +Infinity or nothing but -Infinity, as PyTorch does', () => {
    const rows = [
      [1, Number.NaN, 2],
      [1, Number.POSITIVE_INFINITY, 2],
      [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
      [0, Number.NEGATIVE_INFINITY, 0],
    ];
    const nan = [Number.NaN, Number.NaN, Number.NaN];
    expect(tensor(rows).softmax(1).toArraySync()).toEqual([nan, nan, nan, [0.5, 0, 0.5]]);
  });
});

describe('normalisations', () => {
  type Pair = readonly [Tensor, Tensor];
  type Operand = Pair | null;

  /** Runs an op on both devices and compares; `null` operands stay. */
  function compare(
    name: keyof typeof builtinOps,
    operands: readonly Operand[],
    attrs: object,
    what: string,
  ): Tensor[][] {
    const results = [0, 1].map((device) => {
      const inputs = operands.map((operand) => operand && operand[device]);
      return [...listOf(dispatch(builtinOps[name] as never, inputs as never, attrs as never))];
    });
    expectClose(results[0], results[1], what, 8);
    return results;
  }

  /** A weight, a bias, or none; of half precision now and then in float32. */
  const affine = (random: Random, shape: readonly number[], dtype: DType): Operand => {
    if (random() < 0.3) return null;
    return both(random, shape, dtype !== 'float64' && random() < 0.2 ? 'float32' : dtype);
  };
  const wantedOf = (random: Random, n: number): boolean[] => Array.from({ length: n }, () => random() < 0.7);
  const pairOf = (results: Tensor[][], k: number): Pair => {
    const there = results[1][k];
    return [there.to('cpu'), there];
  };

  it.each(['layerNorm', 'rmsNorm'] as const)(
    '%s and its gradient equal the derived ops on 200 random cases',
    (name) => {
      for (let seed = 1; seed <= 200; seed++) {
        const random = generator(seed);
        const shape = shapeOf(random, [1, 2, 3, 4]);
        const dtype = random.pick(dtypes);
        const dims = 1 + random.below(shape.length);
        const what = `seed ${seed}: ${name} of ${dtype} [${shape}] over ${dims} dims`;
        const x = both(random, shape, dtype);
        const trailing = shape.slice(shape.length - dims);
        const beside = [
          affine(random, trailing, dtype),
          ...(name === 'layerNorm' ? [affine(random, trailing, dtype)] : []),
        ];
        const results = compare(name, [x, ...beside], { dims, eps: 0.1 }, what);
        const stats = results[1].slice(1).map((_, k) => pairOf(results, k + 1));
        const wanted = wantedOf(random, name === 'layerNorm' ? 3 : 2);
        const g = both(random, shape, dtype);
        compare(`${name}Backward`, [g, x, ...stats, beside[0]], { dims, wanted }, `${what}, backward`);
      }
    },
  );

  it('groupNorm and its gradient equal the derived ops on 200 random cases', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const groups = 1 + random.below(3);
      const shape = shapeOf(random, [2, 3, 4]);
      shape[1] = groups * (1 + random.below(4));
      const dtype = random.pick(dtypes);
      const what = `seed ${seed}: groupNorm of ${dtype} [${shape}] in ${groups} groups`;
      const x = both(random, shape, dtype);
      const beside = [affine(random, [shape[1]], dtype), affine(random, [shape[1]], dtype)];
      const results = compare('groupNorm', [x, ...beside], { groups, eps: 0.1 }, what);
      const inputs = [both(random, shape, dtype), x, pairOf(results, 1), pairOf(results, 2), beside[0]];
      compare('groupNormBackward', inputs, { groups, wanted: wantedOf(random, 3) }, `${what}, backward`);
    }
  });

  it('batchNorm, in training and not, and its gradient equal the derived ops on 200 random cases', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random, [2, 3, 4]);
      const dtype = random.pick(dtypes);
      const what = `seed ${seed}: batchNorm of ${dtype} [${shape}]`;
      const x = both(random, shape, dtype);
      const beside = [affine(random, [shape[1]], dtype), affine(random, [shape[1]], dtype)];
      const results = compare('batchNorm', [x, ...beside], { eps: 0.1 }, what);
      const [mean, rstd, variance] = [1, 2, 3].map((k) => pairOf(results, k));
      compare('batchNormInference', [x, mean, variance, ...beside], { eps: 0.1 }, `${what}, inference`);
      const attrs = { training: random() < 0.7, wanted: wantedOf(random, 3) };
      compare('batchNormBackward', [both(random, shape, dtype), x, mean, rstd, beside[0]], attrs, `${what}, backward`);
    }
  });
});

describe('argmax and argmin', () => {
  it('equal those of the plain engine on 600 random cases', () => {
    for (let seed = 1; seed <= 600; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random, [1, 2, 3, 4]);
      const dtype = random.pick([...dtypes, 'int32', 'int64'] as const);
      const [x, plain] = both(random, shape, dtype, dtype.includes('float') && random() < 0.5);
      // few different values: of equal ones the first counts
      const [here, there] = random() < 0.5 ? [x, plain] : [x.round(), plain.round()];
      const dim = random() < 0.2 ? null : random.below(shape.length);
      for (const name of ['argmax', 'argmin'] as const) {
        const [a, b] = [here, there].map((t) =>
          numbers(dispatch(builtinOps[name], [t], { dim, keepdim: false }) as Tensor),
        );
        expect(a, `seed ${seed}: ${name} of ${dtype} [${shape}] over ${dim}`).toEqual(b);
      }
    }
  });
});

describe('scans', () => {
  it.each(['cumsum', 'cumprod', 'cummax', 'cummin'] as const)(
    '%s equals that of the plain engine on 300 random cases',
    (kind) => {
      const [wasm, plain] = [cpu({ engine: 'wasm' }).open(0), cpu({ engine: 'plain' }).open(0)];
      const all = [...dtypes, 'int64', 'int32', 'int16', 'int8', 'uint8'] as const;
      for (let seed = 1; seed <= 300; seed++) {
        const random = generator(seed);
        const shape = randomShape(random, 400);
        if (shape.length === 0) continue;
        const dtype = random.pick(all);
        const input = randomView(random, dtype, shape, { broadcast: true });
        const axis = random.below(shape.length);
        const reverse = kind.startsWith('cumm') ? false : random() < 0.5;
        const outs = [randomView(random, dtype, shape, {})];
        if (kind.startsWith('cumm')) outs.push(randomView(random, 'int64', shape, {}));
        const others = outs.map(copyView);
        wasm.scan(kind, outs, input, axis, reverse);
        plain.scan(kind, others, input, axis, reverse);
        outs.forEach((out, k) => {
          const what = `seed ${seed}: ${kind} of ${dtype} [${shape}] along ${axis}`;
          const [actual, expected] = [elements(out), elements(others[k])];
          // half precision is rounded from float32 here, from double there
          const unit = dtype === 'float16' ? 2 ** -10 : dtype === 'bfloat16' ? 2 ** -7 : 0;
          actual.forEach((x, i) => {
            const want = expected[i];
            if (x === want || (Number.isNaN(x) && Number.isNaN(want))) return;
            if (!(Math.abs(Number(x) - Number(want)) <= unit * Math.abs(Number(want))))
              expect.fail(`${what}, ${i}: ${x}, plain ${want}`);
          });
          expect(untouched(out), what).toBe(true);
        });
      }
    },
  );
});

describe('rows', () => {
  it('give the same bits on any number of threads', () => {
    const random = generator(1);
    const [x] = both(random, [700, 300], 'float32');
    const all = (): number[][] => {
      const y = dispatch(builtinOps.softmax, [x], { dim: 1 }) as Tensor;
      const results = [
        y,
        dispatch(builtinOps.softmax, [x], { dim: 0 }) as Tensor,
        dispatch(builtinOps.logSoftmaxBackward, [x, y], { dim: 1 }) as Tensor,
        ...(dispatch(builtinOps.layerNorm, [x, null, null], { dims: 1, eps: 0 }) as readonly Tensor[]),
        dispatch(builtinOps.argmax, [x], { dim: 1, keepdim: false }) as Tensor,
        dispatch(builtinOps.cumsum, [x], { dim: 1, reverse: true }) as Tensor,
        dispatch(builtinOps.softmax, [x.to('float16')], { dim: 1 }) as Tensor,
      ];
      return results.map(numbers);
    };
    const alone = all();
    setNumThreads(3);
    try {
      expect(all()).toEqual(alone);
    } finally {
      setNumThreads(1);
    }
  });
});
