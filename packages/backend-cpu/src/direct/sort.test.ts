/** Sorting by packed keys against the plain loops: the same bits, the same positions. */
import { afterEach, describe, expect, it } from 'vitest';
import { sort as plainSort } from '../kernels/lines.ts';
import { dtypeList } from '../test-programs.ts';
import { copyView, freeViews, generator, randomView, untouched, type View, viewOf } from '../test-views.ts';
import { sort } from './sort.ts';

afterEach(freeViews);

function expectSame(actual: View, expected: View, what: string): void {
  const [a, b] = [actual.storage.buffer, expected.storage.buffer];
  const wrong = (a as Float64Array).findIndex((x, i) => !Object.is(x, b[i]));
  if (wrong >= 0) expect.fail(`${what}: element ${wrong} of the buffer is ${a[wrong]}, plain ${b[wrong]}`);
  if (!untouched(actual)) expect.fail(`${what}: wrote outside its view`);
}

describe('sort', () => {
  it('equals the plain loops in 3,000 random cases', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = generator(seed);
      const shape = Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(6));
      const axis = random.below(shape.length);
      shape[axis] = random() < 0.03 ? 0 : 1 + random.below(random() < 0.1 ? 2000 : 40);
      const dtype = random.pick(dtypeList);
      const descending = random() < 0.5;
      const input = randomView(random, dtype, shape, { broadcast: true });
      const [values, indices] = [randomView(random, dtype, shape, {}), randomView(random, 'int64', shape, {})];
      const [otherValues, otherIndices] = [copyView(values), copyView(indices)];
      sort(values, indices, input, axis, descending);
      plainSort(otherValues, otherIndices, input, axis, descending);
      const what = `seed ${seed}: ${dtype} [${shape}] along ${axis}${descending ? ', descending' : ''}`;
      expectSame(values, otherValues, what);
      expectSame(indices, otherIndices, `positions, ${what}`);
    }
  });

  const positionsOf = (values: readonly number[], descending: boolean): number[] => {
    const input = viewOf(values, 'float32');
    const [to, indices] = [
      viewOf(values, 'float32'),
      viewOf(
        values.map(() => 0n),
        'int64',
      ),
    ];
    sort(to, indices, input, 0, descending);
    return Array.from(indices.storage.buffer as BigInt64Array, Number);
  };

  it('keeps the order of zeros of both signs and of NaN, and puts NaN behind everything', () => {
    const values = [
      0,
      Number.NaN,
      -0,
      Number.POSITIVE_INFINITY,
      0,
      -Number.NaN,
      Number.NEGATIVE_INFINITY,
      -1e-45,
      1e-45,
    ];
    expect(positionsOf(values, false)).toEqual([6, 7, 0, 2, 4, 8, 3, 1, 5]);
    expect(positionsOf(values, true)).toEqual([1, 5, 3, 8, 0, 2, 4, 7, 6]);
  });

  it('takes NaN of either sign and any payload for the same', () => {
    const bits = new Uint32Array([0xffc0_0001, 0x3f80_0000, 0x7f80_0001, 0xff80_0000, 0x7fff_ffff, 0xffff_ffff]);
    const input = viewOf([0, 0, 0, 0, 0, 0], 'float32');
    new Uint32Array(input.storage.buffer.buffer, input.storage.buffer.byteOffset, 6).set(bits);
    const indices = viewOf([0n, 0n, 0n, 0n, 0n, 0n], 'int64');
    sort(viewOf([0, 0, 0, 0, 0, 0], 'float32'), indices, input, 0, false);
    expect([...indices.storage.buffer]).toEqual([3n, 1n, 0n, 2n, 4n, 5n]);
  });
});
