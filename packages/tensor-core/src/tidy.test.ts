import '@tenfold/backend-cpu/register';
import { expect, it } from 'vitest';
import { keep, ones, tensor, tidy } from './index.ts';

it('disposes what was made inside and not returned', () => {
  const before = ones([2]);
  let inner = before;
  const result = tidy(() => {
    inner = before.add(1);
    return inner.mul(2);
  });
  expect(inner.isDisposed).toBe(true);
  expect(before.isDisposed).toBe(false);
  expect(result.toArraySync()).toEqual([4, 4]);
});

it('finds tensors in arrays and plain objects, and hands them to the surrounding scope', () => {
  const { list, outer } = tidy(() => {
    const kept = tidy(() => ({ list: [ones([1]), ones([1])], n: 3 }));
    const dropped = tidy(() => [ones([1])]);
    return { list: kept.list, outer: dropped[0].add(1) };
  });
  expect(list.map((x) => x.isDisposed)).toEqual([false, false]);
  expect(outer.itemSync()).toBe(2);
});

it('spares what is kept, and cleans up after an exception', () => {
  let state = ones([1]);
  let lost = ones([1]);
  const run = () =>
    tidy(() => {
      state = keep(ones([1]));
      lost = ones([1]);
      throw new Error('stop');
    });
  expect(run).toThrow('stop');
  expect(state.isDisposed).toBe(false);
  expect(lost.isDisposed).toBe(true);
});

it('refuses an async function', () => {
  expect(() => tidy(async () => tensor(1))).toThrow('must not be async');
});

it('using disposes at the end of the block', () => {
  const x = ones([2]);
  {
    using y = x.add(1);
    expect(y.isDisposed).toBe(false);
  }
  expect(x.isDisposed).toBe(false);
  expect(() => x.add(x.neg())).not.toThrowError();
});
