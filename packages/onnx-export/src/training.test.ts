/** Exports in training mode, and random ops that the runtime draws: by the structure of the file, and by statistics of what it computes. */
import '@tenfold/backend-cpu/register';
import { AlphaDropout, BatchNorm1d, BatchNorm2d, Dropout, Dropout2d, Linear, Module, Sequential } from '@tenfold/nn';
import { type GraphProto, ModelProto } from '@tenfold/onnx-model';
import {
  batchNorm,
  bernoulli,
  builtinOps,
  defaultGenerator,
  dispatch,
  full,
  manualSeed,
  multinomial,
  normal,
  ones,
  rand,
  randint,
  randn,
  randnLike,
  randperm,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { type ToOnnxOptions, toOnnx } from './index.ts';
import { type JobResult, runInOnnxRuntime } from './runtime.ts';
import { fromWire, toWire } from './verify.ts';

const decoded = async (model: Parameters<typeof toOnnx>[0], x: Tensor, options: ToOnnxOptions): Promise<GraphProto> =>
  ModelProto.decode(await toOnnx(model, x, options)).graph ?? {};
const ops = (graph: GraphProto): (string | undefined)[] =>
  graph.node?.map(({ opType }) => opType).filter((type) => type !== 'Constant') ?? [];
const outputs = (graph: GraphProto): (string | undefined)[] => graph.output?.map(({ name }) => name) ?? [];

/** Runs bytes on one input each, all in one process. */
async function run(jobs: readonly { bytes: Uint8Array; x: Tensor }[]): Promise<JobResult[]> {
  return runInOnnxRuntime(
    await Promise.all(
      jobs.map(async ({ bytes, x }) => ({
        model: Buffer.from(bytes).toString('base64'),
        runs: [{ x: await toWire(x) }],
      })),
    ),
  );
}

const numbers = (result: JobResult, name: string): number[] => {
  if ('error' in result) throw new Error(result.error);
  return Array.from(fromWire(result.outputs[0][name]), Number);
};

class Small extends Module {
  readonly linear = new Linear(3, 4, { dtype: 'float64' });
  readonly norm = new BatchNorm1d(4, { dtype: 'float64' });
  readonly drop = new Dropout(0.25);

  forward(x: Tensor): Tensor {
    return this.drop.forward(this.norm.forward(this.linear.forward(x)));
  }
}

describe('the mode of an export', () => {
  test('is that of evaluation, if not said otherwise', async () => {
    const model = new Small();
    const graph = await decoded(model, zeros([2, 3], { dtype: 'float64' }), {});
    expect(ops(graph)).toContain('BatchNormalization');
    expect(ops(graph)).not.toContain('Dropout');
    expect(outputs(graph)).toEqual(['y']);
  });

  test('training: Dropout and BatchNormalization with training_mode, and running statistics as outputs', async () => {
    const model = new Small().eval();
    model.drop.train();
    const graph = await decoded(model, zeros([2, 3], { dtype: 'float64' }), { training: 'training' });
    const [dropout] = graph.node?.filter(({ opType }) => opType === 'Dropout') ?? [];
    const [norm] = graph.node?.filter(({ opType }) => opType === 'BatchNormalization') ?? [];
    const constant = (name: string | undefined): number[] => [
      ...(graph.node?.find(({ output }) => output?.[0] === name)?.attribute?.[0].t?.rawData ?? []),
    ];
    expect(dropout.input).toHaveLength(3);
    expect(constant(dropout.input?.[1])).toEqual([0, 0, 0x80, 0x3e]);
    expect(constant(dropout.input?.[2])).toEqual([1]);
    expect(norm.attribute?.find(({ name }) => name === 'training_mode')?.i).toBe(1);
    expect(outputs(graph)).toEqual([
      'y',
      'norm.running_mean_out',
      'norm.running_var_out',
      'norm.num_batches_tracked_out',
    ]);
    expect([...model.namedModules()].map(([, { training }]) => training)).toEqual([false, false, false, true]);
  });

  test('preserve: each module in its own', async () => {
    const model = new Sequential(new BatchNorm2d(3), new Dropout(0.5)).eval();
    model.at(1).train();
    const graph = await decoded(model, zeros([2, 3, 4, 4]), { training: 'preserve' });
    expect(ops(graph)).toEqual(['BatchNormalization', 'Dropout']);
    expect(outputs(graph)).toEqual(['y']);
  });

  test('training leaves the model, its state and the generator as they were', async () => {
    manualSeed(7);
    const model = new Small();
    await model.norm.running_mean?.fill_(3);
    const [state, drawn] = [JSON.stringify(await values(model)), defaultGenerator.getState()];
    await toOnnx(model, ones([2, 3], { dtype: 'float64' }), { training: 'training', dynamicAxes: { x: { 0: 'n' } } });
    expect(JSON.stringify(await values(model))).toBe(state);
    expect(defaultGenerator.getState()).toEqual(drawn);
    expect(model.training).toBe(true);
  });

  test('training at opset 11: dropout says what it needs', async () => {
    const message = /'dropout' in drop at .*: Dropout that is random.* needs opset 12 or later, asked for 11/;
    await expect(
      toOnnx(new Small(), zeros([2, 3], { dtype: 'float64' }), { training: 'training', opsetVersion: 11 }),
    ).rejects.toThrow(message);
  });
});

async function values(model: Module): Promise<unknown[]> {
  return Promise.all([...model.namedParameters(), ...model.namedBuffers()].map(async ([, x]) => x.toArray()));
}

/** Two norms of one initial state, which a runtime must not take for one. */
class Twice extends Module {
  readonly first: BatchNorm1d;
  readonly second: BatchNorm1d;

  constructor(momentum: number | null) {
    super();
    this.first = new BatchNorm1d(3, { dtype: 'float64', momentum });
    this.second = new BatchNorm1d(3, { dtype: 'float64', momentum });
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.forward(x).mul(2).add(1));
  }
}

test('running statistics and results of batch norms agree with the model here', async () => {
  manualSeed(1);
  const models = [12, 14, 15, 18, 21].flatMap((opsetVersion) =>
    [new Twice(0.1), new Twice(null)].map((model) => ({ model, opsetVersion })),
  );
  const x = randn([5, 3, 4], { dtype: 'float64' });
  const dynamicAxes = { x: { 0: 'batch', 2: 'length' } };
  const jobs = await Promise.all(
    models.map(async ({ model, opsetVersion }) => ({
      bytes: await toOnnx(model, x, { training: 'training', opsetVersion, dynamicAxes }),
      x: randn([7, 3, 2], { dtype: 'float64' }),
    })),
  );
  const results = await run(jobs);
  for (const [i, { model, opsetVersion }] of models.entries()) {
    const y = model.forward(jobs[i].x);
    for (const [name, value] of [['y', y] as const, ...model.namedBuffers()]) {
      const actual = numbers(results[i], name === 'y' ? 'y' : `${name}_out`);
      const here = Array.from(await value.detach().toTypedArray(), Number);
      const worst = Math.max(...here.map((v, k) => Math.abs(v - actual[k])));
      expect(actual).toHaveLength(here.length);
      // ONNX keeps ε in float32
      expect(worst, `${name} at opset ${opsetVersion}`).toBeLessThanOrEqual(2e-12);
    }
  }
});

const n = 20_000;
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const deviation = (list: readonly number[]): number => {
  const centre = mean(list);
  return Math.sqrt(mean(list.map((v) => (v - centre) ** 2)));
};
const share = (list: readonly number[], is: (v: number) => boolean): number => list.filter(is).length / list.length;
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];
const near = (value: number, expected: number, within: number): void => {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(within);
};

describe('random ops of the runtime', () => {
  // bounds are about five standard errors of n draws
  const rows: readonly [name: string, fn: (x: Tensor) => Tensor, check: (y: number[]) => unknown][] = [
    ['rand', (x) => x.add(rand([n])), (y) => [near(mean(y), 0.5, 0.011), near(deviation(y), 0.2887, 0.006)]],
    ['randn', (x) => x.add(randn([n])), (y) => [near(mean(y), 0, 0.036), near(deviation(y), 1, 0.026)]],
    ['rand of a dynamic size', (x) => x.add(rand([...x.shape])), (y) => near(mean(y), 0.5, 0.011)],
    ['rand of float64', (x) => rand([n], { dtype: 'float64' }).add(x), (y) => near(mean(y), 0.5, 0.011)],
    ['rand of float16', (x) => rand([n], { dtype: 'float16' }).to('float32').add(x), (y) => near(mean(y), 0.5, 0.011)],
    ['randnLike', (x) => randnLike(x), (y) => near(deviation(y), 1, 0.026)],
    [
      'randint',
      (x) => x.add(randint(-2, 3, [n])),
      (y) => {
        for (const value of [-2, -1, 0, 1, 2])
          near(
            share(y, (v) => v === value),
            0.2,
            0.015,
          );
      },
    ],
    [
      'randperm',
      (x) => x.add(randperm(x.shape[0])),
      (y) => expect([...y].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i)),
    ],
    [
      'bernoulli',
      (x) => bernoulli(x.add(0.3)),
      (y) => [near(mean(y), 0.3, 0.017), expect(new Set(y)).toEqual(new Set([0, 1]))],
    ],
    ['bernoulli_', (x) => x.clone().bernoulli_(0.7), (y) => near(mean(y), 0.7, 0.017)],
    [
      'uniform_',
      (x) => x.clone().uniform_(-1, 3),
      (y) => [near(mean(y), 1, 0.041), expect(Math.min(...y)).toBeGreaterThanOrEqual(-1)],
    ],
    ['normal_', (x) => x.clone().normal_(2, 3), (y) => [near(mean(y), 2, 0.11), near(deviation(y), 3, 0.08)]],
    [
      'normal of tensors',
      (x) => normal(x.add(2), x.add(3)),
      (y) => [near(mean(y), 2, 0.11), near(deviation(y), 3, 0.08)],
    ],
    [
      'exponential_',
      (x) => x.clone().exponential_(2),
      (y) => [near(mean(y), 0.5, 0.018), near(deviation(y), 0.5, 0.03)],
    ],
    ['logNormal_', (x) => x.clone().logNormal_(0, 0.5), (y) => near(mean(y.map(Math.log)), 0, 0.018)],
    [
      'cauchy_',
      (x) => x.clone().cauchy_(1, 2),
      (y) => [
        near(median(y), 1, 0.12),
        near(
          share(y, (v) => Math.abs(v - 1) < 2),
          0.5,
          0.018,
        ),
      ],
    ],
    ['geometric_', (x) => x.clone().geometric_(0.25), (y) => [near(mean(y), 4, 0.13), expect(Math.min(...y)).toBe(1)]],
    ['random_', (x) => x.clone().random_(0, 4), (y) => [near(mean(y), 1.5, 0.04), expect(Math.max(...y)).toBe(3)]],
    [
      'dropout',
      (x) => dispatch(builtinOps.dropout, [x.add(1)], { p: 0.2, generator: defaultGenerator })[0],
      (y) => [
        near(mean(y), 1, 0.018),
        near(
          share(y, (v) => v === 0),
          0.2,
          0.015,
        ),
      ],
    ],
    [
      'multinomial',
      (x) =>
        multinomial(tensor([1, 0, 3]), n, { replacement: true })
          .to('float32')
          .add(x),
      (y) => [
        near(
          share(y, (v) => v === 2),
          0.75,
          0.016,
        ),
        near(
          share(y, (v) => v === 1),
          0,
          0,
        ),
      ],
    ],
    [
      'multinomial without replacement',
      (x) =>
        multinomial(full([n / 4, 3], 1).mul(tensor([1, 1, 2])), 2)
          .to('float32')
          .flatten()
          .add(x.slice(0, 0, n / 2)),
      (y) => {
        const first = y.filter((_, i) => i % 2 === 0);
        near(
          share(first, (v) => v === 2),
          0.5,
          0.036,
        );
        near(
          share(
            y.map((v, i) => (i % 2 === 0 ? v - y[i + 1] : 1)),
            (v) => v === 0,
          ),
          0,
          0,
        );
      },
    ],
  ];

  test('have the distributions of those here', async () => {
    const dynamic = new Set(['rand of a dynamic size', 'randperm']);
    const written = rows.flatMap((row) => [13, 18].map((opsetVersion) => ({ row, opsetVersion })));
    const jobs = await Promise.all(
      written.map(async ({ row: [name, fn], opsetVersion }) => ({
        bytes: await toOnnx(fn, zeros([dynamic.has(name) ? 4 : n]), {
          randomOps: 'runtime',
          opsetVersion,
          ...(dynamic.has(name) ? { dynamicAxes: { x: { 0: 'n' } } } : {}),
        }),
        x: zeros([n]),
      })),
    );
    const results = await run(jobs);
    for (const [i, { row, opsetVersion }] of written.entries()) {
      const [name, , check] = row;
      expect(results[i], `${name} at ${opsetVersion}`).not.toHaveProperty('error');
      check(numbers(results[i], 'y'));
    }
  });

  test("are ONNX's own ops", async () => {
    const written = async (fn: (x: Tensor) => Tensor, opsetVersion = 18): Promise<(string | undefined)[]> =>
      ops(await decoded(fn, zeros([2, 3]), { randomOps: 'runtime', opsetVersion }));
    expect(await written((x) => x.add(rand([2, 3])))).toEqual(['RandomUniform', 'Add']);
    expect(await written((x) => x.add(randn([2, 3])))).toEqual(['RandomNormal', 'Add']);
    expect(await written((x) => x.add(randnLike(x)))).toEqual(['RandomNormalLike', 'Add']);
    expect(await written((x) => bernoulli(x))).toEqual(['RandomUniformLike', 'Less', 'Cast']);
    expect(await written((x) => multinomial(x, 2, { replacement: true }))).toEqual(['Log', 'Multinomial']);
  });

  test('are refused by default', async () => {
    await expect(toOnnx((x: Tensor) => x.add(rand([2])), zeros([2]))).rejects.toThrow(
      /random numbers would differ.*randomOps: 'runtime'/,
    );
  });
});

test('dropouts of elements, of channels and of SELUs drop as often as they should', async () => {
  const x = ones([200, 50, 4]);
  const layers = [new Dropout(0.3), new Dropout2d(0.3), new AlphaDropout(0.3), new Dropout(1), new Dropout(0)];
  const jobs = await Promise.all(
    layers.map(async (layer) => ({
      bytes: await toOnnx(layer, x, { training: 'training', dynamicAxes: { x: { 0: 'n' } } }),
      x: ones([100, 50, 4]),
    })),
  );
  const [elements, channels, alpha, all, none] = (await run(jobs)).map((result) => numbers(result, 'y'));
  near(
    share(elements, (v) => v === 0),
    0.3,
    0.017,
  );
  near(mean(elements), 1, 0.025);
  const [whole] = [Array.from({ length: 5000 }, (_, i) => channels.slice(4 * i, 4 * i + 4))];
  expect(whole.every(([a, b, c, d]) => a === b && b === c && c === d)).toBe(true);
  near(
    share(channels, (v) => v === 0),
    0.3,
    0.033,
  );
  expect(new Set(alpha.map((v) => v.toFixed(4))).size).toBe(2);
  near(
    share(alpha, (v) => v < 0),
    0.3,
    0.017,
  );
  expect(new Set(all)).toEqual(new Set([0]));
  expect(new Set(none)).toEqual(new Set([1]));
});

test('state without a name is refused in training too', async () => {
  const state = zeros([3]);
  await expect(
    toOnnx((x: Tensor) => batchNorm(x, state, null, { training: true }), randn([4, 3]), { training: 'training' }),
  ).rejects.toThrow(/changes a tensor of shape \[3\] in place that is no parameter or buffer/);
});
