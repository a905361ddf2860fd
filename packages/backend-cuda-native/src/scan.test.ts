/** Running sums, products and extremes on the device against the plain engine. */
import { type DType, isFloat, type ScanKind } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import {
  contents,
  decoded,
  epsilon,
  everyDType,
  expectTwins,
  free,
  generator,
  gpu,
  onCuda,
  plain,
  type Random,
  type Twin,
  target,
  twin,
} from './twins.test-support.ts';

const kinds: readonly ScanKind[] = ['cumsum', 'cumprod', 'cummax', 'cummin'];

onCuda('scan on CUDA', () => {
  const numbers = everyDType.filter((dtype) => dtype !== 'bool');

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
    for (const value of outs[0].onCpu.storage.buffer) most = Math.max(most, Math.abs(decoded(dtype, value)) || 0);
    const n = shape[axis];
    // sums of 16-bit floats are kept in float32 and rounded once
    const own = epsilon[dtype] ?? 0;
    const accumulated = Math.min(own, epsilon.float32 as number);
    const bound = (want: number): number =>
      kind === 'cumsum'
        ? Math.abs(want) * own + (most + 50) * Math.sqrt(n) * 4 * accumulated
        : Math.abs(want) * (own + (n + 1) * accumulated);
    await expectTwins(outs[0], name, isFloat(dtype) && !withIndices ? bound : () => 0);
    if (withIndices) await expectTwins(outs[1], `${name}, indices`);
    free(...outs);
  }

  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const kind = random.pick(kinds);
      const extreme = kind === 'cummax' || kind === 'cummin';
      const dtype: DType = random.pick(extreme ? everyDType : numbers);
      const shape = Array.from({ length: 1 + random.below(3) }, () => (random() < 0.02 ? 0 : 1 + random.below(9)));
      const axis = random.below(shape.length);
      if (random() < 0.5 && shape[axis]) shape[axis] = 1 + random.below(seed % 10 === 0 ? 6000 : 300);
      const values =
        extreme && random() < 0.5
          ? // few different values, so that there are ties
            { values: () => random.below(dtype === 'bool' ? 2 : 3) }
          : kind === 'cumprod' && isFloat(dtype)
            ? { values: () => 1 + (random() - 0.5) / 100 }
            : {};
      const specials = extreme || !isFloat(dtype);
      const x = twin(random, dtype, shape, { broadcast: true, specials, ...values });
      await compare(random, `seed ${seed}`, kind, x, axis, random() < 0.5);
      free(x);
    }
  });

  // threads with a line each, beside each other and apart; a block a line, of one tile and of several; parts of a line
  it.each([
    [[300, 500], 0],
    [[9000, 20], 1],
    [[5, 1000], 1],
    [[3, 5000], 1],
    [[200_000], 0],
    [[3, 70_001], 1],
    [[70_001, 2], 0],
    [[20, 9000], 0],
  ])('equals it in shape %j along %i', async (shape, axis) => {
    const random = generator(shape[0]);
    for (const [kind, dtype, reverse] of [
      ['cumsum', 'float32', false],
      ['cumsum', 'int64', true],
      ['cummax', 'float64', false],
      ['cummin', 'int32', true],
    ] as const) {
      const values = kind === 'cummin' ? { values: (i: number) => 1000 - (i >> 10) + random.below(3) } : {};
      const x = twin(random, dtype, shape, { dense: true, specials: false, ...values });
      await compare(random, 'large', kind, x, axis, reverse);
      free(x);
    }
  });

  it('carries NaN and infinities on', async () => {
    for (const length of [10, 1000, 40_000]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const at = Math.floor(length * 0.7);
        const x = twin(generator(1), 'float32', [length], { dense: true, values: () => 1 });
        const { buffer } = x.onCpu.storage;
        buffer[x.onCpu.offset + at] = value as never;
        gpu.upload(x.onGpu.storage.buffer, buffer, 0);
        const out = target(generator(2), 'float32', [length], { dense: true });
        gpu.scan('cumsum', [out.onGpu], x.onGpu, 0, false);
        const { actual } = await contents(out);
        const sums = Array.from(actual.slice(out.onGpu.offset, out.onGpu.offset + length), Number);
        expect(sums).toEqual(Array.from({ length }, (_, i) => (i < at ? i + 1 : value)));
        free(x, out);
      }
    }
  });

  it('gives the same bits run after run', async () => {
    const random = generator(3);
    const x = twin(random, 'float32', [100_000], { dense: true, specials: false });
    const runs: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      const out = target(generator(1), 'float32', [100_000]);
      gpu.scan('cumsum', [out.onGpu], x.onGpu, 0, false);
      runs.push((await contents(out)).actual);
      free(out);
    }
    expect(runs[0]).toEqual(runs[1]);
    free(x);
  });
});
