/**
 * Chains of views and writes through them, against a model that knows nothing of strides: a view is a list of the base's elements, a write changes
 * those elements in a plain array.
 */
import { cpu } from '@tenfold/backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { arange, registerBackend, type Shape, TenfoldError, type Tensor, tensor } from '../src/index.ts';

beforeAll(() => registerBackend(cpu()));

/** Which elements of the base a view shows, in row-major order. */
interface Model {
  readonly shape: Shape;
  readonly places: readonly number[];
}

const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** All positions of a shape in row-major order. */
function positions(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((p) => Array.from({ length: size }, (_, i) => [...p, i])),
    [[]],
  );
}

/** The model of a view of `shape` whose element at `p` is the element of `m` at `from(p)`. */
function remap(m: Model, shape: Shape, from: (p: number[]) => number[]): Model {
  const flat = (p: number[]) => p.reduce((at, i, d) => at * m.shape[d] + i, 0);
  return { shape, places: positions(shape).map((p) => m.places[flat(from(p))]) };
}

const replaced = (p: readonly number[], d: number, ...items: number[]): number[] => p.toSpliced(d, 1, ...items);

/** Numbers below a bound, drawn from one random stream. */
type Draw = (bound: number) => number;

/** Each view op: applied to the tensor and to the model with the same random arguments; `null` if it can't be. */
const views: { readonly [name: string]: (x: Tensor, m: Model, draw: Draw) => readonly [Tensor, Model] | null } = {
  transpose(x, m, draw) {
    if (m.shape.length === 0) return null;
    const [a, b] = [draw(m.shape.length), draw(m.shape.length)];
    const swap = (p: readonly number[]) => p.map((v, d) => (d === a ? p[b] : d === b ? p[a] : v));
    return [x.transpose(a, b - m.shape.length), remap(m, swap(m.shape), swap)];
  },
  permute(x, m, draw) {
    const dims = m.shape.map((_, d) => d);
    for (let i = dims.length - 1; i > 0; i--) {
      const j = draw(i + 1);
      [dims[i], dims[j]] = [dims[j], dims[i]];
    }
    const shape = dims.map((d) => m.shape[d]);
    return [x.permute(dims), remap(m, shape, (p) => m.shape.map((_, d) => p[dims.indexOf(d)]))];
  },
  select(x, m, draw) {
    if (m.shape.length === 0) return null;
    const d = draw(m.shape.length);
    if (m.shape[d] === 0) return null;
    const i = draw(m.shape[d]);
    return [x.select(d, i - (draw(2) ? m.shape[d] : 0)), remap(m, replaced(m.shape, d), (p) => p.toSpliced(d, 0, i))];
  },
  slice(x, m, draw) {
    if (m.shape.length === 0) return null;
    const d = draw(m.shape.length);
    const [start, end, step] = [draw(m.shape[d] + 1), draw(m.shape[d] + 2), 1 + draw(3)];
    const size = Math.max(0, Math.ceil((Math.min(end, m.shape[d]) - start) / step));
    return [
      x.slice(d, start, end, step),
      remap(m, replaced(m.shape, d, size), (p) => replaced(p, d, start + p[d] * step)),
    ];
  },
  narrow(x, m, draw) {
    if (m.shape.length === 0) return null;
    const d = draw(m.shape.length);
    const start = draw(m.shape[d] + 1);
    const length = draw(m.shape[d] - start + 1);
    return [x.narrow(d, start, length), remap(m, replaced(m.shape, d, length), (p) => replaced(p, d, start + p[d]))];
  },
  unsqueeze(x, m, draw) {
    const d = draw(m.shape.length + 1);
    return [x.unsqueeze(d), remap(m, m.shape.toSpliced(d, 0, 1), (p) => replaced(p, d))];
  },
  squeeze(x, m) {
    const kept = m.shape.map((_, d) => d).filter((d) => m.shape[d] !== 1);
    const shape = kept.map((d) => m.shape[d]);
    return [x.squeeze(), remap(m, shape, (p) => m.shape.map((_, d) => (kept.includes(d) ? p[kept.indexOf(d)] : 0)))];
  },
  expand(x, m, draw) {
    const shape = [1 + draw(2), ...m.shape.map((size) => (size === 1 ? 1 + draw(3) : size))];
    if (count(shape) > 200) return null;
    return [x.expand(shape), remap(m, shape, (p) => p.slice(1).map((i, d) => (m.shape[d] === 1 ? 0 : i)))];
  },
  diagonal(x, m, draw) {
    if (m.shape.length < 2) return null;
    const dim1 = draw(m.shape.length);
    const dim2 = (dim1 + 1 + draw(m.shape.length - 1)) % m.shape.length;
    const offset = draw(5) - 2;
    const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
    const size = Math.max(0, Math.min(m.shape[dim1] - row, m.shape[dim2] - column));
    const others = m.shape.map((_, d) => d).filter((d) => d !== dim1 && d !== dim2);
    const from = (p: number[]) => {
      const i = p[p.length - 1];
      return m.shape.map((_, d) => (d === dim1 ? row + i : d === dim2 ? column + i : p[others.indexOf(d)]));
    };
    return [x.diagonal({ offset, dim1, dim2 }), remap(m, [...others.map((d) => m.shape[d]), size], from)];
  },
  unfold(x, m, draw) {
    if (m.shape.length === 0) return null;
    const d = draw(m.shape.length);
    const size = draw(m.shape[d] + 1);
    const step = 1 + draw(2);
    const windows = Math.floor((m.shape[d] - size) / step) + 1;
    const shape = [...replaced(m.shape, d, windows), size];
    return [
      x.unfold(d, size, step),
      remap(m, shape, (p) => replaced(p.slice(0, -1), d, p[d] * step + p[p.length - 1])),
    ];
  },
  view(x, m, draw) {
    if (!x.isContiguous()) return null;
    const n = count(m.shape);
    const divisors = Array.from({ length: n }, (_, i) => i + 1).filter((k) => n % k === 0);
    if (divisors.length === 0) return null;
    const rows = divisors[draw(divisors.length)];
    return [x.view(draw(2) ? [rows, -1] : [-1, n / rows]), { shape: [rows, n / rows], places: m.places }];
  },
  split(x, m, draw) {
    if (m.shape.length === 0) return null;
    const d = draw(m.shape.length);
    if (m.shape[d] === 0) return null;
    const size = 1 + draw(m.shape[d]);
    const parts = x.split(size, d);
    const k = draw(parts.length);
    const length = Math.min(size, m.shape[d] - k * size);
    return [parts[k], remap(m, replaced(m.shape, d, length), (p) => replaced(p, d, k * size + p[d]))];
  },
};

const baseShape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 4 });
const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** A stream of numbers from a seed (the minimal standard generator). */
function drawFrom(start: number): Draw {
  let state = start % 2147483647 || 1;
  return (bound) => {
    state = (state * 48271) % 2147483647;
    return state % Math.max(1, bound);
  };
}

/** A tree of views: each is of the base or of an earlier view. */
function grow(base: Tensor, steps: number, draw: Draw): { x: Tensor; m: Model }[] {
  const n = base.numel();
  const all = [{ x: base, m: { shape: base.shape, places: Array.from({ length: n }, (_, i) => i) } as Model }];
  const names = Object.keys(views);
  for (let i = 0; i < steps; i++) {
    const from = all[draw(all.length)];
    const made = views[names[draw(names.length)]](from.x, from.m, draw);
    if (made) all.push({ x: made[0], m: made[1] });
  }
  return all;
}

const flat = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

describe('views', () => {
  it('show the elements that the model says, whatever the chain', () => {
    fc.assert(
      fc.property(baseShape, seed, (shape, start) => {
        const base = arange(count(shape), { dtype: 'float64' }).view(shape);
        for (const { x, m } of grow(base, 12, drawFrom(start))) {
          expect(x.shape).toEqual([...m.shape]);
          expect(flat(x)).toEqual([...m.places]);
        }
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  it('see what any of them writes, and count the writes', () => {
    fc.assert(
      fc.property(baseShape, seed, (shape, start) => {
        const draw = drawFrom(start);
        const base = arange(count(shape), { dtype: 'float64' }).view(shape);
        const memory = Array.from({ length: count(shape) }, (_, i) => i);
        const all = grow(base, 10, draw);
        for (let k = 0; k < 6; k++) {
          const { x, m } = all[draw(all.length)];
          const version = base.version;
          const twice = new Set(m.places).size < m.places.length;
          const write = writes[draw(writes.length)];
          const expected = write.model(
            m.places.map((place) => memory[place]),
            k + 2,
          );
          try {
            write.run(x, k + 2);
          } catch (error) {
            // elements that share memory can't be written one by one
            expect(error).toBeInstanceOf(TenfoldError);
            expect(String(error)).toMatch(/more than one element of the written-to tensor/);
            expect(twice || new Set(m.places).size === m.places.length).toBe(true);
            expect(base.version).toBe(version);
            continue;
          }
          if (twice) expect(write.uniform).toBe(true);
          m.places.forEach((place, i) => {
            memory[place] = expected[i];
          });
          expect(base.version).toBe(version + 1);
          for (const other of all) {
            expect(other.x.version).toBe(base.version);
            expect(flat(other.x)).toEqual(other.m.places.map((place) => memory[place]));
          }
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it('copy from one to another as if the source had been read first, or not at all', () => {
    fc.assert(
      fc.property(baseShape, seed, (shape, start) => {
        const draw = drawFrom(start);
        const base = arange(count(shape), { dtype: 'int64' }).view(shape);
        const all = grow(base, 14, draw);
        const target = all[draw(all.length)];
        const fits = all.filter(({ m }) => m.shape.join() === target.m.shape.join());
        const source = fits[draw(fits.length)];
        if (new Set(target.m.places).size < target.m.places.length) return;
        const memory = Array.from({ length: count(shape) }, (_, i) => i);
        const read = source.m.places.map((place) => memory[place]);
        target.m.places.forEach((place, i) => {
          memory[place] = read[i];
        });
        try {
          target.x.copy_(source.x);
        } catch (error) {
          // dense views that share some elements but not all are refused, as in PyTorch, and so is a target that repeats elements
          expect(String(error)).toMatch(
            /more than one element of the written-to tensor|some elements of the input tensor and the written-to tensor/,
          );
          expect(flat(base)).toEqual(memory.map((_, i) => i));
          return;
        }
        expect(flat(base)).toEqual(memory);
      }),
      { numRuns: 400, seed: 3 },
    );
  });

  it('refuses only views whose elements may share memory', () => {
    const base = arange(24).view([2, 3, 4]);
    for (const x of [base.permute([2, 0, 1]), base.select(1, 2), base.slice(2, 1, null, 2), base.diagonal()]) {
      const before = base.sum().itemSync();
      x.add_(1);
      expect(base.sum().itemSync()).toBe(before + x.numel());
    }
  });
});

const writes: readonly {
  readonly uniform?: true;
  run(x: Tensor, k: number): unknown;
  model(values: number[], k: number): number[];
}[] = [
  { run: (x, k) => x.add_(k), model: (v, k) => v.map((y) => y + k) },
  { run: (x, k) => x.mul_(tensor(k, { dtype: 'float64' })), model: (v, k) => v.map((y) => y * k) },
  { uniform: true, run: (x, k) => x.fill_(k), model: (v, k) => v.map(() => k) },
  { uniform: true, run: (x) => x.zero_(), model: (v) => v.map(() => 0) },
  { run: (x) => x.clamp_(1, 5), model: (v) => v.map((y) => Math.min(Math.max(y, 1), 5)) },
  { run: (x) => x.neg_(), model: (v) => v.map((y) => -y) },
];
