/** Gather, scatter and argReduce on the device against the plain engine. */
import { type DType, IndexError, isFloat, type ScatterMode } from '@tenfold/tensor-core';
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

const modes: readonly ScatterMode[] = ['set', 'add', 'multiply', 'max', 'min'];

/** Sizes of a few dims, one of them larger where `long` says so. */
function randomShape(random: Random, axis: number, rank: number, long: number): number[] {
  const shape = Array.from({ length: rank }, () => (random() < 0.02 ? 0 : 1 + random.below(7)));
  if (long > 0 && shape[axis]) shape[axis] = 1 + random.below(long);
  return shape;
}

/** Indices below `size`. */
const indices = (random: Random, dtype: DType, shape: readonly number[], size: number): Twin =>
  twin(random, dtype, shape, { broadcast: true, values: () => random.below(size) });

/** A line of indices as those of whole rows. */
const spread = <V extends Twin['onGpu'] | Twin['onCpu']>(line: V, width: number): V => ({
  ...line,
  shape: [line.shape[0], width],
  strides: [1, 0],
});

onCuda('gather on CUDA', () => {
  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = generator(seed);
      const dtype = random.pick(everyDType);
      const rank = 1 + random.below(4);
      const axis = random.below(rank);
      const shape = randomShape(random, axis, rank, random() < 0.3 ? 200 : 0);
      const size = 1 + random.below(20);
      const source = twin(
        random,
        dtype,
        shape.map((n, d) => (d === axis ? size : n)),
        { broadcast: true },
      );
      const index = indices(random, random.pick(['int64', 'int32'] as const), shape, size);
      const out = target(random, dtype, shape);
      gpu.gather(out.onGpu, source.onGpu, index.onGpu, axis);
      plain.gather(out.onCpu, source.onCpu, index.onCpu, axis);
      await expectTwins(out, `seed ${seed}: gather of ${dtype} [${shape}] along ${axis}`);
      free(source, index, out);
    }
  });

  // rows of bytes that are moved by 16, 8, 4, 2 and 1 at once
  it.each([
    ['uint8', 48],
    ['uint8', 24],
    ['float16', 6],
    ['bool', 6],
    ['int8', 7],
    ['float64', 2],
    ['float32', 3],
  ] as const)('takes rows of %s, %i wide', async (dtype, width) => {
    const random = generator(width);
    // they begin anywhere in their buffers
    for (let run = 0; run < 6; run++) {
      const source = twin(random, dtype, [50, width], { dense: true });
      const out = target(random, dtype, [700, width], { dense: true });
      const line = twin(random, 'int64', [700], { dense: true, values: () => random.below(50) });
      const index = { onGpu: spread(line.onGpu, width), onCpu: spread(line.onCpu, width) };
      gpu.gather(out.onGpu, source.onGpu, index.onGpu, 0);
      plain.gather(out.onCpu, source.onCpu, index.onCpu, 0);
      await expectTwins(out, `rows of ${width} ${dtype}, run ${run}`);
      free(source, out, line);
    }
  });

  it.each([
    ['int64', -1],
    ['int32', -1],
    ['int64', 5],
    ['int64', 2 ** 32 + 1],
  ] as const)('reports an index that is out of range: %s %i', async (dtype, bad) => {
    const random = generator(1);
    const source = twin(random, 'float32', [3, 5]);
    const index = twin(random, dtype, [3, 4], { dense: true, values: (i) => (i === 7 ? bad : 0) });
    const out = target(random, 'float32', [3, 4]);
    const inside = { ...index.onGpu, offset: 0 };
    gpu.gather(out.onGpu, source.onGpu, inside, 1);
    await expect(gpu.download(out.onGpu.storage.buffer, 0, 1)).rejects.toThrow(
      new IndexError(`index ${bad} is out of bounds for dimension 1 with size 5`),
    );
    // it is raised once, and the device goes on
    await expect(gpu.download(out.onGpu.storage.buffer, 0, 1)).resolves.toBeDefined();
    free(source, index, out);
  });
});

onCuda('scatter on CUDA', () => {
  async function compare(
    what: string,
    mode: ScatterMode,
    out: Twin,
    index: Twin,
    source: Twin,
    axis: number,
    exact = false,
  ): Promise<void> {
    const { dtype } = out;
    gpu.scatter(mode, out.onGpu, index.onGpu, source.onGpu, axis);
    plain.scatter(mode, out.onCpu, index.onCpu, source.onCpu, axis);
    const n = source.shape[axis];
    // the plain engine rounds 16-bit floats after every value; here once, in the end
    const narrow = dtype === 'float16' || dtype === 'bfloat16';
    let most = 1;
    for (const values of [out, source])
      for (const value of values.onCpu.storage.buffer) {
        const size = Math.abs(decoded(dtype, value));
        if (Number.isFinite(size)) most = Math.max(most, size);
      }
    const step = exact ? 0 : (epsilon[dtype] ?? 0);
    const bound = (want: number): number =>
      mode === 'add' ? n * most * step * (narrow ? 2 : 1) : mode === 'multiply' ? Math.abs(want) * n * step : 0;
    await expectTwins(out, `${what}: ${mode} of ${dtype} [${source.shape}] along ${axis}`, bound);
  }

  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const dtype = random.pick(everyDType);
      const mode = random.pick(modes);
      const rank = 1 + random.below(3);
      const axis = random.below(rank);
      const shape = randomShape(random, axis, rank, random() < 0.4 ? (seed % 10 === 0 ? 3000 : 300) : 0);
      const size = 1 + random.below(random() < 0.5 ? 5 : 600);
      const layout = isFloat(dtype)
        ? { specials: false, ...(mode === 'multiply' ? { values: () => 1 + (random() - 0.5) / 50 } : {}) }
        : {};
      const source = twin(random, dtype, shape, { broadcast: true, ...layout });
      const index = indices(random, random.pick(['int64', 'int32'] as const), shape, size);
      // other dims of what is written to may be larger
      const out = twin(
        random,
        dtype,
        shape.map((n, d) => (d === axis ? size : n + random.below(2))),
        layout,
      );
      await compare(`seed ${seed}`, mode, out, index, source, axis);
      free(source, index, out);
    }
  });

  // rows with one index each, as the gradient of an embedding; more than a block of them; some rows get very many
  it.each([
    [500, 40, 70],
    [3000, 300, 33],
    [5000, 20_000, 4],
    [40_000, 3, 1],
  ])('adds %i rows to %i, %i wide', async (tokens, size, width) => {
    const random = generator(tokens);
    for (const dtype of ['float32', 'bfloat16', 'float64', 'int32'] as const) {
      for (const mode of ['add', 'set', 'max'] as const) {
        // sums of small whole numbers are exact, but for bfloat16
        const layout = { values: () => random.below(21) - 10 };
        const out = twin(random, dtype, [size, width], layout);
        const source = twin(random, dtype, [tokens, width], layout);
        const line = twin(random, 'int64', [tokens], {
          dense: true,
          values: () => (random() < 0.3 ? 2 : random.below(size)),
        });
        const index: Twin = { ...line, onGpu: spread(line.onGpu, width), onCpu: spread(line.onCpu, width) };
        await compare('rows', mode, out, index, source, 0, dtype !== 'bfloat16');
        free(out, source, line);
      }
    }
  });

  it('keeps a NaN as an extreme, and takes the last of what is set', async () => {
    const random = generator(1);
    const out = twin(random, 'float32', [3], { dense: true, values: () => 1 });
    const values = [5, Number.NaN, 7, -3, Number.NaN];
    for (const mode of ['max', 'min', 'set'] as const) {
      const source = twin(random, 'float32', [5], { dense: true, values: (i) => values[i % 5] });
      const index = twin(random, 'int64', [5], { dense: true, values: (i) => [0, 1, 1, 2, 0][i % 5] });
      await compare('special', mode, out, index, source, 0);
      free(source, index);
    }
    free(out);
  });

  it('gives the same bits run after run', async () => {
    const runs: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      const random = generator(9);
      const out = twin(random, 'float32', [3, 8], { specials: false });
      const source = twin(random, 'float32', [6000, 8], { specials: false });
      const index = twin(random, 'int32', [6000, 8], { values: () => random.below(3) });
      gpu.scatter('add', out.onGpu, index.onGpu, source.onGpu, 0);
      runs.push((await contents(out)).actual);
      free(out, source, index);
    }
    expect(runs[0]).toEqual(runs[1]);
  });

  it.each([
    ['set', 'float32', 'int64', 20, -1],
    ['add', 'float32', 'int32', 20, 5],
    ['add', 'float32', 'int64', 5000, 2 ** 40],
    ['add', 'int32', 'int64', 20, 5],
    ['max', 'int8', 'int64', 1, -7],
  ] as const)(
    'leaves the output alone if an index is out of range: %s of %s by %s, %i values, %i',
    async (mode, dtype, indexType, n, bad) => {
      const random = generator(n);
      const out = twin(random, dtype, [5], { specials: false });
      const source = twin(random, dtype, [n], { specials: false });
      const index = twin(random, indexType, [n], { dense: true, values: (i) => (i === n - 1 ? bad : i % 5) });
      const { buffer } = out.onGpu.storage;
      gpu.scatter(mode, out.onGpu, { ...index.onGpu, offset: 0 }, source.onGpu, 0);
      await expect(gpu.download(buffer, 0, 1)).rejects.toThrow(
        new IndexError(`index ${bad} is out of bounds for dimension 0 with size 5`),
      );
      await expectTwins(out, 'unchanged');
      // and the next call is not refused
      const good = indices(random, indexType, [n], 5);
      await compare('after a fault', mode, out, good, source, 0);
      free(out, source, index, good);
    },
  );
});

onCuda('argReduce on CUDA', () => {
  async function compare(random: Random, what: string, x: Twin, axes: readonly number[]): Promise<void> {
    for (const kind of ['argmax', 'argmin'] as const) {
      const out = target(
        random,
        'int64',
        x.shape.map((n, d) => (axes.includes(d) ? 1 : n)),
      );
      gpu.argReduce(kind, out.onGpu, x.onGpu, axes);
      plain.argReduce(kind, out.onCpu, x.onCpu, axes);
      await expectTwins(out, `${what}: ${kind} of ${x.dtype} [${x.shape}] along [${axes}]`);
      free(out);
    }
  }

  it('equals the plain engine in random cases', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = generator(seed);
      const dtype = random.pick(everyDType);
      const shape = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(9));
      const axes = shape.map((_, d) => d).filter(() => random() < 0.5);
      if (axes.length === 0) axes.push(random.below(shape.length));
      if (random() < 0.5) shape[axes[0]] = 1 + random.below(400);
      // few different values, so that there are ties
      const values = random() < 0.5 ? { values: () => random.below(2) } : {};
      const x = twin(random, dtype, shape, { broadcast: true, ...values });
      await compare(random, `seed ${seed}`, x, axes);
      free(x);
    }
  });

  // a thread a line, beside each other; a warp; a block; parts of lines of each
  it.each([
    [[3, 2000], [1]],
    [[2000, 70], [0]],
    [[200_000], [0]],
    [[2, 40_000], [1]],
    [[30_000, 33], [0]],
    [
      [5, 3000, 2],
      [0, 1],
    ],
    [
      [40, 3, 500],
      [0, 2],
    ],
  ])('equals it in shape %j along %j', async (shape, axes) => {
    const random = generator(shape[0]);
    for (const dtype of ['float32', 'int64', 'float16'] as const) {
      const x = twin(random, dtype, shape, { values: () => random.below(1000) });
      await compare(random, 'large', x, axes);
      free(x);
    }
  });

  it('works along more dims than kernels have, none of which can be merged', async () => {
    const random = generator(4);
    const shape = Array.from({ length: 11 }, () => 2);
    const order = shape.map((_, d) => (d * 4) % 11);
    const dense = twin(random, 'float32', shape, { dense: true });
    const permuted = <V extends Twin['onGpu'] | Twin['onCpu']>(view: V): V => ({
      ...view,
      strides: order.map((d) => view.strides[d]),
    });
    const x: Twin = { ...dense, onGpu: permuted(dense.onGpu), onCpu: permuted(dense.onCpu) };
    await compare(
      random,
      'all',
      x,
      shape.map((_, d) => d),
    );
    await compare(random, 'one', x, [3]);
    await compare(random, 'most', x, [0, 1, 2, 3, 4, 5, 6, 7, 9, 10]);
    free(dense);
  });
});
