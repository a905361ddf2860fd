/** Running sums, products and extremes on the GPU against the plain engine. */
import type { DType, ScanKind } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import {
  contents,
  expectTwins,
  free,
  generator,
  gpu,
  plain,
  type Random,
  type Twin,
  target,
  twin,
} from './twins.test-support.ts';

const dtypes: readonly DType[] = ['float32', 'int64', 'int32', 'uint8'];
const kinds: readonly ScanKind[] = ['cumsum', 'cumprod', 'cummax', 'cummin'];

async function compare(
  random: Random,
  what: string,
  kind: ScanKind,
  x: Twin,
  axis: number,
  reverse: boolean,
): Promise<void> {
  const { dtype, shape } = x;
  const withIndices = kind === 'cummax' || kind === 'cummin';
  const outs = [target(random, dtype, shape), ...(withIndices ? [target(random, 'int64', shape)] : [])];
  gpu.scan(
    kind,
    outs.map(({ onGpu }) => onGpu),
    x.onGpu,
    axis,
    reverse,
  );
  plain.scan(
    kind,
    outs.map(({ onCpu }) => onCpu),
    x.onCpu,
    axis,
    reverse,
  );
  const name = `${what}: ${kind} of ${dtype} [${shape}] along ${axis}${reverse ? ' from the end' : ''}`;
  // elements are small; sums and products of them are as exact as their largest partial result lets them be
  let most = 0;
  for (const value of outs[0].onCpu.storage.buffer) most = Math.max(most, Math.abs(Number(value)) || 0);
  const float = dtype === 'float32' && !withIndices;
  const n = shape[axis];
  await expectTwins(outs[0], name, (want) =>
    float ? (kind === 'cumsum' ? (8 * most + 50 * Math.sqrt(n)) * 2 ** -21 : Math.abs(want) * (n + 1) * 2 ** -23) : 0,
  );
  if (withIndices) await expectTwins(outs[1], `${name}, indices`);
  free(...outs);
}

describe('scan on the GPU', () => {
  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = generator(seed);
      const kind = random.pick(kinds);
      const extreme = kind === 'cummax' || kind === 'cummin';
      const float = random() < 0.5;
      // products of int64 leave 32 bits
      const dtype = float ? 'float32' : kind === 'cumprod' ? 'int32' : random.pick(dtypes);
      const shape = Array.from({ length: 1 + random.below(3) }, () => (random() < 0.02 ? 0 : 1 + random.below(9)));
      const axis = random.below(shape.length);
      if (random() < 0.5 && shape[axis]) shape[axis] = 1 + random.below(300);
      // few different values, so that there are ties
      const values = extreme && random() < 0.5 ? { values: () => random.below(3) } : {};
      const specials = extreme || dtype !== 'float32';
      const x = twin(random, dtype, shape, { broadcast: true, specials, ...values });
      if (kind === 'cumprod' && float)
        x.onCpu.storage.buffer.forEach((value, i, all) => {
          all[i] = (1 + Number(value) / 1000) as never;
        });
      if (kind === 'cumprod') gpu.upload(x.onGpu.storage.buffer, x.onCpu.storage.buffer, 0);
      await compare(random, `seed ${seed}`, kind, x, axis, random() < 0.5);
      free(x);
    }
  });

  // an invocation a line, beside each other and apart; a workgroup a line, of one tile and of several; blocks of a line
  it.each([
    [[300, 500], 0],
    [[20_000, 70], 1],
    [[5, 1000], 1],
    [[3, 15_000], 1],
    [[40, 20_000], 1],
    [[1_000_000], 0],
    [[3, 70_001], 1],
    [[70_001, 2], 0],
    [[200_000, 3], 1],
  ])('equals it in shape %j along %i', async (shape, axis) => {
    const random = generator(shape[0]);
    for (const [kind, dtype, reverse] of [
      ['cumsum', 'float32', false],
      ['cumsum', 'int64', true],
      ['cummax', 'float32', false],
      ['cummin', 'int32', true],
    ] as const) {
      const values = kind === 'cummin' ? { values: (i: number) => 1000 - (i >> 10) + random.below(3) } : {};
      const x = twin(random, dtype, shape, {
        dense: true,
        specials: kind === 'cummax' && shape[axis] < 1000,
        ...values,
      });
      await compare(random, 'large', kind, x, axis, reverse);
      free(x);
    }
  });

  it('carries NaN and infinities on', async () => {
    for (const length of [10, 1000, 40_000]) {
      const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const value of special) {
        const at = Math.floor(length * 0.7);
        const x = twin(generator(1), 'float32', [length], { dense: true, values: () => 1 });
        const { buffer } = x.onCpu.storage;
        buffer[x.onCpu.offset + at] = value as never;
        gpu.upload(x.onGpu.storage.buffer, buffer, 0);
        const out = target(generator(2), 'float32', [length]);
        gpu.scan('cumsum', [out.onGpu], x.onGpu, 0, false);
        const { actual } = await contents(out);
        const sums = Array.from(actual.slice(out.onGpu.offset, out.onGpu.offset + length), Number);
        expect(sums).toEqual(Array.from({ length }, (_, i) => (i < at ? i + 1 : value)));
        free(x, out);
      }
    }
  });
});
