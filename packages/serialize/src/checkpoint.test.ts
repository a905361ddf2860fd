import '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Linear, Sequential } from '@tenfold/nn';
import {
  Adam,
  AveragedModel,
  CosineAnnealingLR,
  LinearLR,
  OneCycleLR,
  ReduceLROnPlateau,
  SequentialLR,
  SGD,
} from '@tenfold/optim';
import {
  Generator,
  getRngState,
  manualSeed,
  ones,
  rand,
  randn,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { afterAll, describe, expect, it } from 'vitest';
import { described } from './fixtures.test-support.ts';
import { type CheckpointValue, loadSafetensors, packCheckpoint, unpackCheckpoint } from './index.ts';
import { loadCheckpoint, saveCheckpoint } from './node.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'tenfold-serialize-'));
afterAll(() => rmSync(folder, { recursive: true }));
const script = (name: string): string => fileURLToPath(new URL(`../test/${name}`, import.meta.url));

const roundTrip = async <T>(state: T): Promise<T> => unpackCheckpoint<T>(await packCheckpoint(state));

describe('gives back exactly what was saved', () => {
  it.each<[what: string, value: CheckpointValue]>([
    ['numbers', [0, -0, 1, 0.1, -1e-320, 5e-324, 1.7976931348623157e308, 2 ** 53, NaN, Infinity, -Infinity]],
    ['bigints', [0n, -(2n ** 100n), 2n ** 64n]],
    ['text', ['', 'a', 'é 🙂 "\\\n\0', '__proto__']],
    ['nothing', [null, undefined, true, false]],
    ['lists', [[], [[]], [1, [2, [3]]]]],
    ['objects', { a: {}, b: { c: [{}] }, 1: 2, '': 3, toString: 4 }],
    ['what looks like our own marks', { $: ['tensor', 'x'], a: { $: 1, b: 2 }, b: { $: { $: ['number', 'NaN'] } } }],
    [
      'maps',
      new Map<CheckpointValue, CheckpointValue>([
        [1, 'a'],
        ['1', new Map([[null, NaN]])],
        [2n, []],
      ]),
    ],
    ['sets', new Set<CheckpointValue>([1, '1', -Infinity, new Set([2])])],
    ['typed arrays', [Float64Array.of(NaN, -0), BigInt64Array.of(-(2n ** 63n)), new Uint8Array(), Int16Array.of(-3)]],
    ['a lone value', 3n],
  ])('%s', async (_, value) => {
    expect(await roundTrip(value)).toStrictEqual(value);
  });

  it('objects whose names mean something elsewhere', async () => {
    const state = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') as CheckpointValue;
    const read = await roundTrip(state);
    expect(JSON.stringify(read)).toBe(JSON.stringify(state));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('tensors, and which of them are the same', async () => {
    const w = randn([3, 4]);
    const state = {
      model: { w, tied: w, rows: w.select(0, 1), t: w.t() },
      w: tensor([true]),
      model2: { 'a.b': ones([1]), a: { b: ones([2]) } },
    };
    const bytes = await packCheckpoint(state);
    const read = unpackCheckpoint<typeof state>(bytes);
    for (const [name, x] of Object.entries(state.model))
      expect(described(read.model[name as 'w'])).toEqual(described(x));
    expect(read.model.tied).toBe(read.model.w);
    expect(read.model2['a.b'].shape).toEqual([1]);
    expect(read.model2.a.b.shape).toEqual([2]);
    // any reader of safetensors finds them under their paths
    const names = ['model.w', 'model.rows', 'model.t', 'w', 'model2.a.b', 'model2.a.b#2'];
    expect(Object.keys(loadSafetensors(bytes).tensors).sort()).toEqual(names.sort());
  });

  it('the state of generators', async () => {
    const generator = new Generator(2n ** 63n + 1n);
    rand([10], { generator });
    const { saved } = await roundTrip({ saved: generator.getState() });
    const other = new Generator().setState(saved);
    expect(rand([5], { generator: other }).toArraySync()).toEqual(rand([5], { generator }).toArraySync());
  });

  it('the state of a model and of its optimiser', async () => {
    manualSeed(1);
    const model = new Sequential(new Linear(2, 3), new Linear(3, 1));
    const optimizer = new Adam([{ params: [...model.parameters()], lr: 0.5, betas: [0.5, 0.75] }]);
    model
      .forward(ones([1, 2]))
      .sum()
      .backward();
    optimizer.step();
    const path = join(folder, 'model.safetensors');
    const state = { model: model.stateDict(), optimizer: optimizer.stateDict(), rng: getRngState() };
    await saveCheckpoint(path, state);
    const saved = await loadCheckpoint<typeof state>(path);
    const fresh = new Sequential(new Linear(2, 3), new Linear(3, 1));
    const other = new Adam(fresh.parameters());
    fresh.loadStateDict(saved.model);
    other.loadStateDict(saved.optimizer);
    expect(other.paramGroups[0].betas).toEqual([0.5, 0.75]);
    for (const [m, o] of [
      [model, optimizer],
      [fresh, other],
    ] as const) {
      o.zeroGrad();
      m.forward(ones([1, 2]))
        .sum()
        .backward();
      o.step();
    }
    const values = (m: typeof model): unknown => m.parameters().map((x: Tensor) => x.detach().toArraySync());
    expect(values(fresh)).toEqual(values(model));
  });

  it('the state of schedulers and averages', async () => {
    const start = () => {
      const model = new Linear(2, 1);
      const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
      const plateau = new ReduceLROnPlateau(optimizer, { patience: 0 });
      const warmup = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 3 });
      const schedulers = [new SequentialLR(optimizer, [warmup, new CosineAnnealingLR(optimizer, 6)], [3])];
      const averages = new AveragedModel(model);
      const state = () => ({
        optimizer: optimizer.stateDict(),
        plateau: plateau.stateDict(),
        schedulers: schedulers.map((scheduler) => scheduler.stateDict()),
        averages: averages.stateDict(),
      });
      const lrs = (steps: number): number[] =>
        Array.from({ length: steps }, () => {
          averages.updateParameters(model);
          for (const scheduler of schedulers) scheduler.step();
          return optimizer.paramGroups[0].lr;
        });
      return { optimizer, plateau, schedulers, averages, state, lrs };
    };
    const [first, second] = [start(), start()];
    first.lrs(2);
    const state = first.state();
    // no metric yet: the best is infinite
    expect(state.plateau.best).toBe(Number.POSITIVE_INFINITY);
    const saved = await roundTrip(state);
    expect(saved.schedulers).toStrictEqual(state.schedulers);
    second.optimizer.loadStateDict(saved.optimizer);
    second.plateau.loadStateDict(saved.plateau);
    second.schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(saved.schedulers[i]);
    });
    second.averages.loadStateDict(saved.averages);
    expect(second.averages.nAveraged).toBe(2);
    expect(second.lrs(7)).toEqual(first.lrs(7));
    for (const { plateau } of [first, second]) for (const loss of [1, 2]) plateau.step(loss);
    expect(second.optimizer.paramGroups).toMatchObject([{ lr: first.optimizer.paramGroups[0].lr, initialLr: 0.1 }]);
    // bounds of a cycle are in the groups
    const cycled = start().optimizer;
    new OneCycleLR(cycled, 0.4, { totalSteps: 10 });
    expect((await roundTrip(cycled.stateDict())).paramGroups).toEqual(cycled.stateDict().paramGroups);
  });
});

it('says where in the state something is that can’t be saved', async () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  for (const [state, message] of [
    [{ a: { b: [1, () => 1] } }, 'a.b.1 is a function'],
    [{ model: new Linear(1, 1) }, 'model is an object (Linear), not plain data; save what it is made of: stateDict()'],
    [{ rng: new Generator() }, 'rng is an object (Generator), not plain data'],
    [{ when: new Date() }, 'when is an object (Date)'],
    [{ a: Symbol('x') }, 'a is symbol'],
    [loop, 'self contains itself'],
    [{ a: new Uint16Array(2) }, 'a is an object (Uint16Array); of typed arrays Uint8Array'],
    [{ a: 10n ** 2000n }, 'a is a bigint of more than 1000 digits'],
    [() => 1, 'the state is a function'],
  ] as const) {
    await expect(packCheckpoint(state)).rejects.toThrow(message);
  }
});

it('holds the state of the moment when it was asked for', async () => {
  const path = join(folder, 'moment.safetensors');
  const counts = Float64Array.of(1);
  const state = { step: 1, counts };
  const saved = saveCheckpoint(path, state);
  state.step = 2;
  counts[0] = 2;
  await saved;
  expect(await loadCheckpoint(path)).toEqual({ step: 1, counts: Float64Array.of(1) });
  const w = ones([2]);
  const torn = saveCheckpoint(path, { step: 3, w });
  w.add_(1);
  await expect(torn).rejects.toThrow("'w': a tensor of dtype float32 was changed while it was saved");
  expect(await loadCheckpoint(path)).toEqual({ step: 1, counts: Float64Array.of(1) });
});

interface Trained {
  readonly bits: object;
  readonly losses: readonly number[];
}

it('10 steps, saved, and 10 more in a new process are bit for bit 20 steps', async () => {
  const [first, second] = [join(folder, 'first.safetensors'), join(folder, 'second.safetensors')];
  // the packages as they are built: `npm test` builds them
  const train = async (...args: string[]): Promise<Trained> =>
    JSON.parse((await run(process.execPath, [script('train.mjs'), ...args])).stdout) as Trained;
  const whole = await train('20');
  expect(whole.losses[19]).toBeLessThan(whole.losses[0]);
  expect((await train('10', '--save', first)).losses).toEqual(whole.losses.slice(0, 10));
  expect(await train('10', '--resume', first, '--save', second)).toEqual(whole);
  const { step } = await loadCheckpoint<{ step: number }>(second);
  expect(step).toBe(20);
});

/** A process that saves one checkpoint after the other. */
async function saver(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script('save-forever.mjs'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** The number of the checkpoint that is there, which is whole. */
async function checkedStep(path: string): Promise<number> {
  const { step, w } = await loadCheckpoint<{ step: number; w: Tensor }>(path);
  expect(w.shape).toEqual([20_000]);
  expect(w.eq(step).all().itemSync()).toBe(1);
  return step;
}

/** How many processes are killed. A new one costs a quarter of a second: `TENFOLD_KILLS=100` kills at each of the 100 moments. */
const kills = Number(process.env.TENFOLD_KILLS ?? 10);
const moments = 100;

it(`${moments} moments of saving, ${kills} of them the last (kill -9): each time a whole checkpoint is there`, async () => {
  const path = join(folder, 'killed.safetensors');
  await saveCheckpoint(path, { step: 0, w: zeros([20_000], { dtype: 'float64' }) });
  let last = 0;
  const check = async (): Promise<void> => {
    const step = await checkedStep(path);
    expect(step).toBeGreaterThanOrEqual(last);
    last = step;
  };
  for (let i = 0; i < kills; i++) {
    const child = await saver(path);
    const ended = once(child, 'exit');
    try {
      for (let moment = 0; moment < moments / kills; moment++) {
        await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
        // a process that stands still leaves what a killed one would
        child.kill('SIGSTOP');
        await check();
        if (moment + 1 < moments / kills) child.kill('SIGCONT');
      }
    } finally {
      child.kill('SIGKILL');
    }
    expect(await ended).toEqual([null, 'SIGKILL']);
    await check();
  }
  expect(last).toBeGreaterThan(0);
  // what the killed ones were writing is cleared away by the next one that saves
  await saveCheckpoint(path, { step: last });
  expect(readdirSync(folder).filter((name) => name.startsWith('killed'))).toEqual(['killed.safetensors']);
}, 120_000);
