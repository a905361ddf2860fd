/** Typed loops of gather and scatter against the plain ones: the same bits, the same errors, nothing written outside. */
import { type DType, IndexError, isInteger, type ScatterMode } from '@tenfold/tensor-core';
import { afterEach, describe, expect, it } from 'vitest';
import { gather as plainGather, scatter as plainScatter } from '../kernels/index.ts';
import { dtypeList } from '../test-programs.ts';
import {
  addresses,
  copyView,
  freeViews,
  generator,
  type Random,
  randomView,
  untouched,
  type View,
} from '../test-views.ts';
import { createMoveRows } from '../wasm/indexed-rows.ts';
import { theMachine } from '../wasm/machine.ts';
import { Staging } from '../wasm/staging.ts';
import { gather, scatter } from './index.ts';

afterEach(freeViews);

const modes: readonly ScatterMode[] = ['set', 'add', 'multiply', 'max', 'min'];

/** Up to four dims; one case in ten has long rows, one in thirty no elements. */
function shapeOf(random: Random): number[] {
  const rank = 1 + random.below(4);
  const shape = Array.from({ length: rank }, () => 1 + random.below(5));
  if (random() < 0.1) shape[rank - 1] = 20 + random.below(60);
  if (random() < 0.03) shape[random.below(rank)] = 0;
  return shape;
}

/** Indices below `size`, of which some repeat; with `wrong`, one that is no index. */
function indexView(random: Random, shape: readonly number[], size: number, wrong?: bigint): View {
  const dtype: DType = random() < 0.5 ? 'int64' : 'int32';
  const view = randomView(random, dtype, shape, { broadcast: true });
  const { buffer } = view.storage;
  const write = (at: number, value: bigint): void => {
    buffer[at] = (dtype === 'int64' ? value : Number(BigInt.asIntN(32, value))) as never;
  };
  const places = addresses(view);
  for (const at of places) write(at, BigInt(random.below(size)));
  if (wrong !== undefined) write(random.pick(places), wrong);
  return view;
}

/** Bits of the whole buffer: NaN with any bits equals itself only. */
const bitsOf = ({ storage: { buffer } }: View): Uint8Array =>
  new Uint8Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength) as ArrayBuffer);

function expectSame(actual: View, expected: View, what: string): void {
  const [a, b] = [actual.storage.buffer, expected.storage.buffer];
  const wrong = (a as Float64Array).findIndex((x, i) => !Object.is(x, b[i]));
  if (wrong >= 0) expect.fail(`${what}: element ${wrong} of the buffer is ${a[wrong]}, plain ${b[wrong]}`);
}

/** What no index below `size` is, some of which look like one in their lower half. */
const wrongIndices = (size: number): readonly bigint[] => [-1n, BigInt(size), 2n ** 31n - 1n, -(2n ** 31n)];
const wideIndices: readonly bigint[] = [2n ** 32n, -(2n ** 32n), 2n ** 63n - 1n, -(2n ** 63n)];

describe('gather', () => {
  it('moves the same elements as the plain loops in 3,000 random cases', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random);
      const axis = random.below(shape.length);
      const dtype = random.pick(dtypeList);
      const size = 1 + random.below(6);
      const source = randomView(
        random,
        dtype,
        shape.map((n, d) => (d === axis ? size : n + random.below(2))),
        { broadcast: true },
      );
      const index = indexView(random, shape, size);
      const out = randomView(random, dtype, shape, {});
      const other = copyView(out);
      gather(out, source, index, axis);
      plainGather(other, source, index, axis);
      const what = `seed ${seed}: ${dtype} [${source.shape}] at [${shape}] along ${axis}`;
      expectSame(out, other, what);
      expect(untouched(out), what).toBe(true);
    }
  });

  it('copies rows of every length that an index repeats along', () => {
    for (const dtype of dtypeList) {
      for (const n of [1, 31, 32, 33, 64, 1000]) {
        const random = generator(n);
        const source = randomView(random, dtype, [7, n], { dense: true });
        const index = indexView(random, [5, 1], 7);
        const rows = { ...index, shape: [5, n], strides: [index.strides[0], 0] };
        const out = randomView(random, dtype, [5, n], { dense: true });
        const other = copyView(out);
        gather(out, source, rows, 0);
        plainGather(other, source, rows, 0);
        expect(bitsOf(out), `${dtype}, rows of ${n}`).toEqual(bitsOf(other));
      }
    }
  });

  it('refuses an index out of range and leaves the result as it was', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random).map((n) => Math.max(n, 1));
      const axis = random.below(shape.length);
      const size = 1 + random.below(6);
      const source = randomView(
        random,
        'float32',
        shape.map((n, d) => (d === axis ? size : n)),
        {},
      );
      const index = indexView(random, shape, size);
      const isWide = index.dtype === 'int64';
      const wrong = random.pick([...wrongIndices(size), ...(isWide ? wideIndices : [])]);
      index.storage.buffer[random.pick(addresses(index))] = (isWide ? wrong : Number(wrong)) as never;
      const out = randomView(random, 'float32', shape, {});
      const before = bitsOf(out);
      const what = `seed ${seed}: index ${wrong} of ${size}`;
      expect(() => gather(out, source, index, axis), what).toThrow(IndexError);
      expect(() => gather(out, source, index, axis), what).toThrow(
        `index ${wrong} is out of bounds for dimension ${axis} with size ${size}`,
      );
      expect(bitsOf(out), what).toEqual(before);
    }
  });
});

describe('scatter', () => {
  it.each(modes)('%s gives the bits of the plain loops in 1,500 random cases', (mode) => {
    for (let seed = 1; seed <= 1500; seed++) {
      const random = generator(seed + 5000);
      const shape = shapeOf(random);
      const axis = random.below(shape.length);
      const dtype = random.pick(dtypeList);
      const size = 1 + random.below(6);
      const source = randomView(random, dtype, shape, { broadcast: true });
      const index = indexView(random, shape, size);
      const out = randomView(
        random,
        dtype,
        shape.map((n, d) => (d === axis ? size : n + random.below(2))),
        {},
      );
      const other = copyView(out);
      scatter(mode, out, index, source, axis);
      plainScatter(mode, other, index, source, axis);
      const what = `seed ${seed}: ${dtype} [${shape}] into [${out.shape}] along ${axis}`;
      expectSame(out, other, what);
      expect(untouched(out), what).toBe(true);
    }
  });

  it('sums integers modulo their width', () => {
    for (const dtype of dtypeList.filter(isInteger)) {
      const random = generator(1);
      const source = randomView(random, dtype, [400], { dense: true });
      const most = dtype === 'int64' ? 2n ** 63n - 1n : dtype === 'int32' ? 2 ** 31 - 1 : 127;
      for (const at of addresses(source)) source.storage.buffer[at] = most as never;
      const out = randomView(random, dtype, [3], {});
      const start = addresses(out).map((at) => BigInt(out.storage.buffer[at]));
      const index = indexView(random, [400], 3);
      const counts = [0n, 0n, 0n];
      for (const at of addresses(index)) counts[Number(index.storage.buffer[at])]++;
      scatter('add', out, index, source, 0);
      const bits = dtype === 'uint8' || dtype === 'int8' ? 8 : dtype === 'int16' ? 16 : dtype === 'int32' ? 32 : 64;
      const wrap = dtype === 'uint8' ? BigInt.asUintN : BigInt.asIntN;
      const sums = counts.map((n, i) => wrap(bits, start[i] + n * BigInt(most)));
      expect(
        addresses(out).map((at) => BigInt(out.storage.buffer[at])),
        dtype,
      ).toEqual(sums);
    }
  });

  it.each(modes)('%s with an index out of range leaves the target as it was', (mode) => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const shape = shapeOf(random).map((n) => Math.max(n, 1));
      const axis = random.below(shape.length);
      const size = 1 + random.below(6);
      const source = randomView(random, 'float32', shape, { broadcast: true });
      const index = indexView(random, shape, size, random.pick(wrongIndices(size)));
      const out = randomView(
        random,
        'float32',
        shape.map((n, d) => (d === axis ? size : n)),
        {},
      );
      const before = bitsOf(out);
      expect(() => scatter(mode, out, index, source, axis), `seed ${seed}`).toThrow(IndexError);
      expect(bitsOf(out), `seed ${seed}`).toEqual(before);
    }
  });
});

describe('rows moved by WebAssembly', () => {
  const machine = theMachine();
  if (!machine) throw new Error('these tests need WebAssembly with SIMD');
  const moved: boolean[] = [];
  const moveRows = createMoveRows(machine, new Staging(machine.memory));
  const move: typeof moveRows = (...args) => {
    moved.push(moveRows(...args));
    return moved[moved.length - 1];
  };

  it.each(['gather', 'set', 'add'] as const)('%s as the plain loops do in 60 random cases', (what) => {
    moved.length = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = generator(seed + 9000);
      const shape = [1 + random.below(2), 1 + random.below(20), 1 + random.below(130)];
      const axis = random.below(2);
      const size = 1 + random.below(12);
      const other = shape.map((n, d) => (d === axis ? size : n));
      const dtype = random.pick(dtypeList);
      const dense = random() < 0.8;
      const index = indexView(random, [...shape.slice(0, 2), 1], size);
      const indices = { ...index, shape, strides: [...index.strides.slice(0, 2), 0] };
      const [few, many] = [shape, other].map((s) => randomView(random, dtype, s, { dense }));
      const out = what === 'gather' ? few : many;
      const expected = copyView(out);
      if (what === 'gather') {
        gather(out, many, indices, axis, move);
        plainGather(expected, many, indices, axis);
      } else {
        scatter(what, out, indices, few, axis, move);
        plainScatter(what, expected, indices, few, axis);
      }
      const name = `seed ${seed}: ${what} ${dtype} [${shape}] along ${axis} of ${size}`;
      expectSame(out, expected, name);
      expect(untouched(out), name).toBe(true);
    }
    expect(moved.filter((is) => is).length).toBeGreaterThan(5);
  });
});
