/** The kernel families besides map and reduce, on random strided views, against the plainest loops that define them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type ArgReduceKind,
  BackendError,
  bfloat16ToNumber,
  DeviceError,
  type DType,
  expr as e,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  halfToNumber,
  IndexError,
  isFloat,
  numberToBfloat16,
  numberToHalf,
  Program,
  type RandomKind,
  type ScanKind,
  type ScatterMode,
  type TypedArray,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { cpu } from './runtime.ts';
import {
  type Cell,
  decode,
  elements,
  generator,
  positions,
  type Random,
  randomShape,
  randomView,
  untouched,
  type View,
  viewOf,
} from './test-views.ts';

const runtime = cpu().open(0);
const dtypeList: readonly DType[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
];

const bits: { readonly [D in DType]?: number } = { int64: 64, int32: 32, int16: 16, int8: 8, uint8: 8 };

/** A number (or bigint) as an element of a dtype. */
function rounded(value: Cell, dtype: DType): Cell {
  if (dtype === 'float32') return Math.fround(Number(value));
  if (dtype === 'float16') return halfToNumber(numberToHalf(Number(value)));
  if (dtype === 'bfloat16') return bfloat16ToNumber(numberToBfloat16(Number(value)));
  const width = bits[dtype];
  if (width === undefined) return value;
  const wrapped = dtype === 'uint8' ? BigInt.asUintN(width, BigInt(value)) : BigInt.asIntN(width, BigInt(value));
  return dtype === 'int64' ? wrapped : Number(wrapped);
}

/** Integers as bigints, so that nothing is lost before it wraps. */
const exact = (value: Cell, dtype: DType): Cell => (isFloat(dtype) ? value : BigInt(value));
const plus = (a: Cell, b: Cell): Cell => (typeof a === 'bigint' ? a + (b as bigint) : a + (b as number));
const times = (a: Cell, b: Cell): Cell => (typeof a === 'bigint' ? a * (b as bigint) : a * (b as number));
const isNaNCell = (x: Cell): boolean => typeof x === 'number' && Number.isNaN(x);
const at = (position: readonly number[], axis: number, i: number): number[] =>
  position.map((p, d) => (d === axis ? i : p));

/** A shape with at least one dim. */
function shapeWithDims(random: Random, most: number): number[] {
  const shape = randomShape(random, most);
  return shape.length > 0 ? shape : [1 + random.below(5)];
}

/** Positions of the lines along an axis. */
const lines = (shape: readonly number[], axis: number): number[][] => positions(at(shape, axis, 1));

describe('matmul', () => {
  it('equals the triple sum on 200 random products of lists of dims', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const sizes = (most: number) =>
        Array.from({ length: random.below(3) }, () => (random() < 0.04 ? 0 : 1 + random.below(most)));
      const [batch, m, n, k] = [sizes(3), sizes(4), sizes(4), sizes(5)];
      const dtype = random.pick(dtypeList);
      const a = randomView(random, dtype, [...batch, ...m, ...k], { broadcast: true });
      const b = randomView(random, dtype, [...batch, ...k, ...n], { broadcast: true });
      const out = randomView(random, dtype, [...batch, ...m, ...n], {});
      runtime.matmul(out, a, b, { batch: batch.length, m: m.length, n: n.length, k: k.length });
      for (const g of positions(batch)) {
        for (const i of positions(m)) {
          for (const j of positions(n)) {
            const terms = positions(k).map((p) =>
              times(exact(decode(a, [...g, ...i, ...p]), dtype), exact(decode(b, [...g, ...p, ...j]), dtype)),
            );
            const sum = terms.reduce(plus, isFloat(dtype) ? 0 : 0n);
            const actual = decode(out, [...g, ...i, ...j]);
            const expected = rounded(sum, dtype);
            if (Object.is(actual, expected) || actual === expected) continue;
            // the order of a float sum is free
            const slack = terms.reduce<number>((s, x) => s + Math.abs(Number(x)), 0) * 2 ** -50;
            const epsilon =
              { float64: 2 ** -52, float32: 2 ** -23, float16: 2 ** -10, bfloat16: 2 ** -7 }[dtype as 'float64'] ?? 0;
            const near = Math.abs(Number(actual) - Number(expected)) <= slack + Math.abs(Number(expected)) * epsilon;
            if (!near && Number.isFinite(slack)) expect.fail(`seed ${seed} ${dtype}: ${actual}, expected ${expected}`);
          }
        }
      }
      expect(untouched(out)).toBe(true);
    }
  });

  it('gives zeros for an empty sum', () => {
    const out = viewOf([5, 5, 5, 5], 'float32', [2, 2]);
    runtime.matmul(out, viewOf([], 'float32', [2, 0]), viewOf([], 'float32', [0, 2]), { batch: 0, m: 1, n: 1, k: 1 });
    expect(elements(out)).toEqual([0, 0, 0, 0]);
  });

  it('applies an epilogue with a broadcast bias', () => {
    const out = viewOf([0, 0, 0, 0], 'float32', [2, 2]);
    const a = viewOf([1, 2, 3, 4], 'float32', [2, 2]);
    const b = viewOf([1, 0, 0, -1], 'float32', [2, 2]);
    const bias: View = {
      dtype: 'float32',
      shape: [2, 2],
      strides: [0, 1],
      offset: 0,
      storage: { buffer: new Float32Array([10, 1]) },
    };
    // max(a·b + bias, 0) · p₀
    const x = e.add(e.input(0, 'float32'), e.input(1, 'float32'));
    const program = new Program([e.mul(e.max(x, 0), e.param(0, 'float32'))], ['float32', 'float32'], ['float32']);
    runtime.matmul(out, a, b, { batch: 0, m: 1, n: 1, k: 1 }, { program, inputs: [bias], params: [2] });
    expect(elements(out)).toEqual([22, 0, 26, 0]);
  });

  it('wraps integers exactly', () => {
    const out = viewOf([0n], 'int64', [1, 1]);
    const big = 3_037_000_500n;
    runtime.matmul(out, viewOf([big, 1n], 'int64', [1, 2]), viewOf([big, 0n], 'int64', [2, 1]), {
      batch: 0,
      m: 1,
      n: 1,
      k: 1,
    });
    expect(elements(out)).toEqual([BigInt.asIntN(64, big * big)]);
    const narrow = viewOf([0], 'int32', [1, 1]);
    runtime.matmul(narrow, viewOf([65537], 'int32', [1, 1]), viewOf([65539], 'int32', [1, 1]), {
      batch: 0,
      m: 1,
      n: 1,
      k: 1,
    });
    expect(elements(narrow)).toEqual([Number(BigInt.asIntN(32, 65537n * 65539n))]);
  });
});

describe('argReduce', () => {
  it('finds the first extreme, NaN before all, on 200 random views', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const dtype = random.pick(dtypeList);
      const shape = randomShape(random, 60).map((size) => Math.max(1, size));
      const axes = shape.map((_, d) => d).filter(() => random() < 0.5);
      const kind: ArgReduceKind = random.pick(['argmax', 'argmin'] as const);
      const input = randomView(random, dtype, shape, { broadcast: true });
      const out = randomView(
        random,
        'int64',
        shape.map((size, d) => (axes.includes(d) ? 1 : size)),
        {},
      );
      runtime.argReduce(kind, out, input, axes);
      const expected = positions(out.shape).map((position) => {
        const inside = positions(axes.map((d) => shape[d])).map((p) =>
          decode(
            input,
            position.map((i, d) => (axes.includes(d) ? p[axes.indexOf(d)] : i)),
          ),
        );
        const nan = inside.findIndex(isNaNCell);
        if (nan >= 0) return BigInt(nan);
        const best = inside.reduce((a, x) => ((kind === 'argmax' ? x > a : x < a) ? x : a));
        return BigInt(inside.indexOf(best));
      });
      expect(elements(out), `seed ${seed}`).toEqual(expected);
      expect(untouched(out)).toBe(true);
    }
  });
});

describe('scan', () => {
  it('equals prefixes folded from scratch on 300 random views', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const kind: ScanKind = random.pick(['cumsum', 'cumprod', 'cummax', 'cummin'] as const);
      const dtype = random.pick(dtypeList);
      const shape = shapeWithDims(random, 60);
      const axis = random.below(shape.length);
      const reverse = random() < 0.5;
      const input = randomView(random, dtype, shape, { broadcast: true });
      const values = randomView(random, dtype, shape, {});
      const indices = randomView(random, 'int64', shape, {});
      const extreme = kind === 'cummax' || kind === 'cummin';
      runtime.scan(kind, extreme ? [values, indices] : [values], input, axis, reverse);
      for (const position of positions(shape)) {
        const seen = Array.from({ length: reverse ? shape[axis] - position[axis] : position[axis] + 1 }, (_, i) =>
          reverse ? shape[axis] - 1 - i : i,
        );
        const prefix = seen.map((i) => decode(input, at(position, axis, i)));
        const actual = decode(values, position);
        const what = `seed ${seed}, ${kind} ${dtype} at ${position}`;
        if (!extreme) {
          const expected = rounded(prefix.map((x) => exact(x, dtype)).reduce(kind === 'cumsum' ? plus : times), dtype);
          expect(actual === expected || Object.is(actual, expected), `${what}: ${actual}, expected ${expected}`).toBe(
            true,
          );
          continue;
        }
        const nan = prefix.some(isNaNCell);
        const best = nan ? Number.NaN : prefix.reduce((a, x) => ((kind === 'cummax' ? x > a : x < a) ? x : a));
        const latest = prefix.map((x) => (nan ? isNaNCell(x) : x === best)).lastIndexOf(true);
        expect(actual === best || (nan && isNaNCell(actual)), what).toBe(true);
        expect(decode(indices, position), what).toBe(BigInt(seen[latest]));
      }
      expect(untouched(values)).toBe(true);
    }
  });

  it('wraps products of int32 at every step', () => {
    const values = viewOf([0, 0, 0, 0], 'int32');
    runtime.scan('cumprod', [values], viewOf([123456789, 987654321, 192837465, 3], 'int32'), 0, false);
    const products = [123456789n, 987654321n, 192837465n, 3n].map((_, i, all) =>
      Number(
        BigInt.asIntN(
          32,
          all.slice(0, i + 1).reduce((a, x) => a * x),
        ),
      ),
    );
    expect(elements(values)).toEqual(products);
  });
});

describe('gather and scatter', () => {
  const indexView = (random: Random, shape: readonly number[], size: number): View => {
    const index = randomView(random, random.pick(['int64', 'int32'] as const), shape, { broadcast: true });
    for (const position of positions(shape)) {
      const i = random.below(size);
      const { buffer } = index.storage;
      buffer[position.reduce((a, p, d) => a + p * index.strides[d], index.offset)] = (
        index.dtype === 'int64' ? BigInt(i) : i
      ) as never;
    }
    return index;
  };

  it('gathers along any axis of 200 random views', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const dtype = random.pick(dtypeList);
      const shape = shapeWithDims(random, 60);
      const axis = random.below(shape.length);
      const size = 1 + random.below(5);
      const source = randomView(random, dtype, at(shape, axis, size), { broadcast: true });
      const index = indexView(random, shape, size);
      const out = randomView(random, dtype, shape, {});
      runtime.gather(out, source, index, axis);
      const expected = positions(shape).map((position) =>
        decode(source, at(position, axis, Number(decode(index, position)))),
      );
      expect(elements(out), `seed ${seed}`).toEqual(expected);
      expect(untouched(out)).toBe(true);
    }
  });

  it('scatters in index order in every mode on 300 random views', () => {
    const combine: { readonly [M in ScatterMode]: (there: Cell, x: Cell) => Cell } = {
      set: (_, x) => x,
      add: plus,
      multiply: times,
      max: (there, x) => (isNaNCell(there) || isNaNCell(x) ? Number.NaN : x > there ? x : there),
      min: (there, x) => (isNaNCell(there) || isNaNCell(x) ? Number.NaN : x < there ? x : there),
    };
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const mode = random.pick(['set', 'add', 'multiply', 'max', 'min'] as const);
      const dtype = random.pick(dtypeList);
      const shape = shapeWithDims(random, 60);
      const axis = random.below(shape.length);
      const size = 1 + random.below(4);
      const index = indexView(random, shape, size);
      const source = randomView(random, dtype, shape, { broadcast: true });
      const out = randomView(random, dtype, at(shape, axis, size), {});
      const expected = new Map(positions(out.shape).map((position) => [position.join(), decode(out, position)]));
      for (const position of positions(shape)) {
        const to = at(position, axis, Number(decode(index, position))).join();
        const there = exact(expected.get(to) as Cell, dtype);
        expected.set(to, rounded(combine[mode](there, exact(decode(source, position), dtype)), dtype));
      }
      runtime.scatter(mode, out, index, source, axis);
      const wrong = elements(out).findIndex(
        (x, i) => x !== [...expected.values()][i] && !(isNaNCell(x) && isNaNCell([...expected.values()][i])),
      );
      expect(wrong, `seed ${seed} ${mode} ${dtype}`).toBe(-1);
      expect(untouched(out)).toBe(true);
    }
  });

  it('adds bools as or', () => {
    const out = viewOf([0, 1, 0], 'bool');
    runtime.scatter('add', out, viewOf([0n, 0n, 1n], 'int64'), viewOf([1, 1, 1], 'bool'), 0);
    expect(elements(out)).toEqual([1, 1, 0]);
  });

  it('wraps products of 32-bit integers', () => {
    const out = viewOf([123456789], 'int32');
    runtime.scatter('multiply', out, viewOf([0n], 'int64'), viewOf([987654321], 'int32'), 0);
    expect(elements(out)).toEqual([Number(BigInt.asIntN(32, 123456789n * 987654321n))]);
  });

  it.each([5, 3, -1])('refuses index %d of a dim of size 3, and leaves the output as it was', (bad) => {
    const message = `index ${bad} is out of bounds for dimension 0 with size 3`;
    const index = viewOf([0n, BigInt(bad)], 'int64');
    const out = viewOf([7, 8], 'float32');
    expect(() => runtime.gather(out, viewOf([1, 2, 3], 'float32'), index, 0)).toThrow(new IndexError(message));
    expect(elements(out)).toEqual([7, 8]);
    const target = viewOf([1, 2, 3], 'float32');
    expect(() => runtime.scatter('set', target, index, viewOf([9, 9], 'float32'), 0)).toThrow(new IndexError(message));
    expect(elements(target)).toEqual([1, 2, 3]);
  });
});

describe('sort', () => {
  it('is stable with NaN largest on 200 random views', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const dtype = random.pick([...dtypeList, 'bool' as const]);
      const shape = shapeWithDims(random, 60);
      const axis = random.below(shape.length);
      const descending = random() < 0.5;
      const input = randomView(random, dtype, shape, { broadcast: true });
      const values = randomView(random, dtype, shape, {});
      const indices = randomView(random, 'int64', shape, {});
      runtime.sort(values, indices, input, axis, descending);
      for (const start of lines(shape, axis)) {
        const line = Array.from({ length: shape[axis] }, (_, i) => decode(input, at(start, axis, i)));
        // insertion of each element behind those that are not after it
        const order: number[] = [];
        const after = (x: Cell, y: Cell) => (isNaNCell(x) ? !isNaNCell(y) : x > y);
        line.forEach((x, i) => {
          const place = order.findIndex((j) => (descending ? after(x, line[j]) : after(line[j], x)));
          order.splice(place < 0 ? order.length : place, 0, i);
        });
        expect(
          order.map((_, i) => decode(indices, at(start, axis, i))),
          `seed ${seed}`,
        ).toEqual(order.map(BigInt));
        expect(
          order.map((_, i) => decode(values, at(start, axis, i))),
          `seed ${seed}`,
        ).toEqual(order.map((j) => line[j]));
      }
      expect(untouched(values) && untouched(indices)).toBe(true);
    }
  });
});

describe('random', () => {
  const key = { lo: 0x89abcdef, hi: 0x01234567 };
  const seed = 0x0123456789abcdefn;
  const draw = (kind: RandomKind, dtype: DType): Cell[] => {
    const out = randomView(generator(3), dtype, [3, 5], {});
    runtime.random(kind, out, key, 7);
    expect(untouched(out)).toBe(true);
    return elements(out);
  };
  const stream = <A extends TypedArray>(array: A, fill: (out: A, seed: bigint, offset: number) => void): A => {
    fill(array, seed, 7);
    return array;
  };

  it('writes the Philox streams row-major into any view', () => {
    expect(draw('uniform', 'float32')).toEqual([...stream(new Float32Array(15), fillUniform32)]);
    expect(draw('uniform', 'float64')).toEqual([...stream(new Float64Array(15), fillUniform64)]);
    expect(draw('normal', 'float32')).toEqual([...stream(new Float32Array(15), fillNormal32)]);
    expect(draw('normal', 'float64')).toEqual([...stream(new Float64Array(15), fillNormal64)]);
    const words = new Uint32Array(15);
    fillBits(words, seed, 7);
    const out = viewOf(new Array<number>(15).fill(0), 'int64');
    runtime.randomIntegers(out, key, 7, -5, 2 ** 32);
    expect(elements(out)).toEqual([...words].map((w) => BigInt(w) - 5n));
  });

  it('keeps uniform halves in [0, 1)', () => {
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const out = viewOf(new Array<number>(20_000).fill(0), dtype);
      runtime.random('uniform', out, key, 0);
      const values = elements(out) as number[];
      expect(values.every((u) => u >= 0 && u < 1)).toBe(true);
      // the mean of 20,000 uniforms has a standard deviation of 0.002
      expect(Math.abs(values.reduce((a, u) => a + u, 0) / values.length - 0.5)).toBeLessThan(0.01);
      const normal = viewOf([0, 0, 0], dtype);
      runtime.random('normal', normal, key, 7);
      const wide = stream(new Float32Array(3), fillNormal32);
      expect(elements(normal)).toEqual([...wide].map((x) => rounded(x, dtype)));
    }
  });
});

describe('integer division', () => {
  it.each([
    ['div', 'int32'],
    ['div', 'int64'],
    ['rem', 'int8'],
    ['rem', 'int64'],
  ] as const)('%s of %s by zero is an error', (fn, dtype) => {
    const zero = viewOf(dtype === 'int64' ? [1n, 0n] : [1, 0], dtype);
    const out = viewOf(dtype === 'int64' ? [0n, 0n] : [0, 0], dtype);
    const program = new Program([e.binary(fn, e.constant(1, dtype), e.input(0, dtype))], [dtype]);
    expect(() => runtime.map([out], [zero], program, [])).toThrow(/ZeroDivisionError/);
    // and the program is as good as new
    const one = viewOf(dtype === 'int64' ? [1n, 1n] : [1, 1], dtype);
    runtime.map([out], [one], program, []);
    expect(elements(out).map(Number)).toEqual(fn === 'div' ? [1, 1] : [0, 0]);
  });

  it('raises integers to powers as PyTorch does', () => {
    const run = (x: number, y: number, dtype: DType): Cell => {
      const out = viewOf(dtype === 'int64' ? [0n] : [0], dtype);
      runtime.map([out], [], new Program([e.pow(e.param(0, dtype), e.param(1, dtype))], [], [dtype, dtype]), [x, y]);
      return elements(out)[0];
    };
    // torch.pow(torch.tensor(x), torch.tensor(y)) for these gives the same
    for (const dtype of ['int32', 'int64', 'int8'] as const) {
      expect(
        [run(2, -1, dtype), run(1, -3, dtype), run(-1, -3, dtype), run(-1, -2, dtype), run(0, 0, dtype)].map(Number),
      ).toEqual([0, 1, -1, 1, 1]);
    }
    expect(run(3, 5, 'int8')).toBe(-13);
    expect(run(7, 30, 'int64')).toBe(BigInt.asIntN(64, 7n ** 30n));
    expect(run(7, 30, 'int32')).toBe(Number(BigInt.asIntN(32, 7n ** 30n)));
  });

  it('shifts by any amount', () => {
    const run = (fn: 'shiftLeft' | 'shiftRight', x: number, y: number, dtype: DType): Cell => {
      const out = viewOf(dtype === 'int64' ? [0n] : [0], dtype);
      runtime.map([out], [], new Program([e.binary(fn, e.param(0, dtype), e.param(1, dtype))], [], [dtype, dtype]), [
        x,
        y,
      ]);
      return elements(out)[0];
    };
    expect([
      run('shiftLeft', 3, 2, 'int32'),
      run('shiftLeft', 1, 31, 'int32'),
      run('shiftLeft', 1, 32, 'int32'),
    ]).toEqual([12, -(2 ** 31), 0]);
    expect([
      run('shiftRight', -8, 1, 'int16'),
      run('shiftRight', -8, 40, 'int16'),
      run('shiftRight', 200, 3, 'uint8'),
    ]).toEqual([-4, -1, 25]);
    expect([run('shiftLeft', 1, 40, 'int64'), run('shiftRight', -1, 100, 'int64')]).toEqual([2n ** 40n, -1n]);
  });
});

describe('buffers', () => {
  it('holds every dtype, uploads, copies and downloads', async () => {
    for (const dtype of runtime.capabilities.dtypes) {
      const a = runtime.allocate(dtype, 4);
      const b = runtime.allocate(dtype, 4);
      const data = (dtype === 'int64' ? new BigInt64Array([1n, 2n]) : a.slice(0, 2).fill(3 as never)) as TypedArray;
      runtime.upload(a, data, 1);
      runtime.copy(a, 1, b, 2, 2);
      const sync = runtime.downloadSync?.(b, 2, 2) as TypedArray;
      expect([...sync]).toEqual([...data]);
      expect([...(await runtime.download(b, 2, 2))]).toEqual([...data]);
      // what was read is the caller's own
      sync.fill((dtype === 'int64' ? 9n : 9) as never);
      expect([...(await runtime.download(b, 2, 2))]).toEqual([...data]);
      runtime.free(a);
    }
  });

  it.each([2 ** 45, -1, Number.NaN, 1.5])('refuses a buffer of %d elements, naming the bytes', (length) => {
    expect(() => runtime.allocate('float64', length)).toThrow(BackendError);
    expect(() => runtime.allocate('float64', length)).toThrow(`${length * 8} bytes`);
  });

  it('does not keep the buffers that a program has read and written', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const program = new Program([e.add(e.input(0, 'float32'), 1)], ['float32']);
    const run = (): WeakRef<TypedArray>[] => {
      const views = [viewOf([1, 2], 'float32'), viewOf([0, 0], 'float32')];
      runtime.map([views[0]], [views[1]], program, []);
      return views.map((view) => new WeakRef(view.storage.buffer));
    };
    const kept = run();
    // a WeakRef holds its target until the current job ends
    await new Promise((resolve) => setTimeout(resolve));
    collect();
    expect(kept.map((ref) => ref.deref())).toEqual([undefined, undefined]);
    // the program itself is still there
    expect(program.inputs).toEqual(['float32']);
  });
});

describe('cpu()', () => {
  it('is one available device', async () => {
    const backend = cpu();
    expect(backend.specVersion).toBe(1);
    expect(await backend.probe()).toEqual([
      { name: 'cpu', available: true, description: expect.stringContaining('JavaScript') },
    ]);
    expect(() => backend.open(1)).toThrow(DeviceError);
  });
});
