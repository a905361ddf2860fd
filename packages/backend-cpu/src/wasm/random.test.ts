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
  const to = kind === 'bits' ? new Uint32Array(n) : dtype === 'float64' ? new Float64Array(n) : new Float32Array(n);
  if (to instanceof Uint32Array) fillBits(to, seed, offset);
  else if (to instanceof Float64Array) (kind === 'uniform' ? fillUniform64 : fillNormal64)(to, seed, offset);
  else (kind === 'uniform' ? fillUniform32 : fillNormal32)(to, seed, offset);
  return Array.from(to);
}

describe.each(['wasm', 'plain'] as const)('random of engine %s', (engine) => {
  const runtime = cpu({ engine }).open(0);
  const cases: readonly (readonly [RandomKind, DType])[] = [
    ['bits', 'int64'],
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
});
