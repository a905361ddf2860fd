/** Random numbers of both engines are those of the streams that core defines, however the result lies. */
import {
  type DType,
  fillBits,
  fillNormal32,
  fillNormal64,
  fillUniform32,
  fillUniform64,
  type RandomKind,
} from '@tenfold/tensor-core';
import { afterEach, describe, expect, it } from 'vitest';
import { cpu } from '../runtime.ts';
import { addresses, freeViews, generator, randomView, untouched } from '../test-views.ts';

afterEach(freeViews);

const seed = 0xfedc_ba98_7654_3210n;
const key = { lo: 0x7654_3210, hi: 0xfedc_ba98 };

function expected(kind: RandomKind, dtype: DType, n: number, offset: number): number[] {
  const to = dtype === 'float64' ? new Float64Array(n) : new Float32Array(n);
  if (to instanceof Float64Array) (kind === 'uniform' ? fillUniform64 : fillNormal64)(to, seed, offset);
  else (kind === 'uniform' ? fillUniform32 : fillNormal32)(to, seed, offset);
  return Array.from(to);
}

describe.each(['wasm', 'plain'] as const)('random of engine %s', (engine) => {
  const runtime = cpu({ engine }).open(0);
  const cases: readonly (readonly [RandomKind, DType])[] = [
    ['uniform', 'float32'],
    ['uniform', 'float64'],
    ['normal', 'float32'],
    ['normal', 'float64'],
  ];

  it.each(cases)('%s of %s', (kind, dtype) => {
    const random = generator(1);
    // the low word of the counter overflows in the last ones
    for (const offset of [0, 5, 2 ** 32 - 3, 2 ** 45 - 1]) {
      for (const shape of [[1], [7], [3, 5], [1023], [1024], [33, 67], [5001]]) {
        for (const dense of [true, false]) {
          const view = randomView(random, dtype, shape, { dense });
          runtime.random(kind, view, key, offset);
          const actual = addresses(view).map((at) => Number(view.storage.buffer[at]));
          expect(actual, `[${shape}] from ${offset}`).toEqual(expected(kind, dtype, actual.length, offset));
          expect(untouched(view), `[${shape}] from ${offset}`).toBe(true);
        }
      }
    }
  });

  it.each(['int64', 'int32', 'float32', 'uint8', 'bool'] as const)('integers of %s', (dtype) => {
    const random = generator(1);
    const [low, range] = dtype === 'bool' ? [0, 2] : dtype === 'uint8' ? [3, 250] : [-1000, 3001];
    for (const offset of [0, 2 ** 32 - 3]) {
      const words = new Uint32Array(1023);
      fillBits(words, seed, offset);
      const view = randomView(random, dtype, [33, 31], { dense: false });
      runtime.randomIntegers(view, key, offset, low, range);
      const actual = addresses(view).map((at) => Number(view.storage.buffer[at]));
      expect(actual, `from ${offset}`).toEqual(Array.from(words, (w) => low + (w % range)));
      expect(untouched(view), `from ${offset}`).toBe(true);
    }
  });
});
