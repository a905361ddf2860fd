import { expect, it } from 'vitest';
import { EarlyStopping } from './index.ts';

/** After which value it stops; -1 if it doesn't. */
const stopsAt = (stopping: EarlyStopping, values: readonly number[]): number =>
  values.findIndex((x) => stopping.step(x));

it('stops when the value has not got better for so many steps', () => {
  expect(stopsAt(new EarlyStopping({ patience: 2 }), [3, 2, 2.5, 1.9, 1.9, 2])).toBe(5);
  expect(stopsAt(new EarlyStopping(), [1, 1, 1, 1])).toBe(3);
  expect(stopsAt(new EarlyStopping({ patience: 0 }), [1, 2])).toBe(1);
  expect(stopsAt(new EarlyStopping({ patience: 1, minDelta: 0.5 }), [3, 2.4, 2])).toBe(2);
  expect(stopsAt(new EarlyStopping({ patience: 2, mode: 'max' }), [0.1, 0.3, 0.2, 0.3])).toBe(3);
  expect(stopsAt(new EarlyStopping({ patience: 9 }), [1, Number.NaN])).toBe(1);
  expect(stopsAt(new EarlyStopping({ patience: 3, checkFinite: false }), [Number.NaN, 1, Number.NaN, 2, 3])).toBe(4);
  expect(stopsAt(new EarlyStopping({ stoppingThreshold: 0.1 }), [1, 0.5, 0.09])).toBe(2);
  expect(stopsAt(new EarlyStopping({ divergenceThreshold: 10 }), [1, 11])).toBe(1);
});

it('says what is best, and goes on from its state', () => {
  const stopping = new EarlyStopping({ patience: 2 });
  expect([stopping.best, stopping.improved, stopping.stopped]).toEqual([null, false, false]);
  stopping.step(2);
  expect([stopping.best, stopping.improved]).toEqual([2, true]);
  stopping.step(3);
  expect([stopping.best, stopping.improved]).toEqual([2, false]);
  const other = new EarlyStopping({ patience: 2 });
  other.loadStateDict(JSON.parse(JSON.stringify(stopping.stateDict())));
  expect(other.step(2)).toBe(true);
  expect(other.stateDict()).toEqual({ best: 2, waitCount: 2, steps: 3, stoppedStep: 2 });
  // it stays so
  expect(other.step(1)).toBe(true);
});

it.each([
  [() => new EarlyStopping({ patience: -1 }), 'patience must be an integer of at least 0, got number -1'],
  [() => new EarlyStopping({ minDelta: Number.NaN }), 'minDelta must be a number of at least 0'],
  [() => new EarlyStopping({ mode: 'least' as never }), "mode can be one of 'min', 'max', got string 'least'"],
  [() => new EarlyStopping({ stoppingThreshold: '1' as never }), 'stoppingThreshold must be a number'],
  [() => new EarlyStopping({ delta: 1 } as never), "unknown option 'delta'"],
  [() => new EarlyStopping().step({} as never), 'step takes a number, such as await loss.item()'],
  [() => new EarlyStopping().loadStateDict({} as never), 'expected a state of stateDict()'],
])('refuses %#', (act, message) => {
  expect(act).toThrow(message);
});
