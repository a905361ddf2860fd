/** Training steps as files: iterated in onnxruntime against the same steps here. */
import '@tenfold/backend-cpu/register';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchNorm2d,
  Conv2d,
  CrossEntropyLoss,
  Dropout,
  Flatten,
  LayerNorm,
  Linear,
  MaxPool2d,
  type Module,
  MSELoss,
  ReLU,
  Sequential,
  SiLU,
  Tanh,
} from '@tenfold/nn';
import { ModelProto } from '@tenfold/onnx-model';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  LBFGS,
  Lion,
  NAdam,
  RAdam,
  RMSprop,
  Rprop,
  SGD,
  StepLR,
} from '@tenfold/optim';
import { manualSeed, ones, randint, randn, type Tensor, tensor, withoutGrad } from '@tenfold/tensor-core';
import { afterAll, describe, expect, test } from 'vitest';
import { exportTrainingStep, type SteppedOptimizer, toOnnxTrainingStep } from './index.ts';
import { runInOnnxRuntime } from './runtime.ts';
import { fromWire, toWire } from './verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenfold-step-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Steps extends SteppedOptimizer {
  zeroGrad(): void;
  step(): void;
}

const float64 = { dtype: 'float64' } as const;
const perceptron = (options: { dtype?: 'float64' } = float64): Module =>
  new Sequential(
    new Linear(3, 5, options),
    new Tanh(),
    new LayerNorm([5], options),
    new SiLU(),
    new Linear(5, 2, options),
  );

const stepOf =
  (model: Module, optimizer: Steps) =>
  (x: Tensor, y: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = new MSELoss().forward((model as Sequential).forward(x) as Tensor, y);
    loss.backward();
    optimizer.step();
    return loss;
  };

describe('every optimiser', () => {
  test.each<[string, (model: Module) => Steps]>([
    ['SGD', (m) => new SGD(m.parameters(), { lr: 0.1 })],
    [
      'SGD with momentum',
      (m) => new SGD(m.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true }),
    ],
    ['Adam', (m) => new Adam(m.parameters(), { lr: 0.01, amsgrad: true, weightDecay: 0.1 })],
    ['AdamW', (m) => new AdamW(m.parameters())],
    ['RMSprop', (m) => new RMSprop(m.parameters(), { momentum: 0.5, centered: true })],
    ['Adagrad', (m) => new Adagrad(m.parameters(), { lrDecay: 0.1 })],
    ['Adadelta', (m) => new Adadelta(m.parameters())],
    ['Adamax', (m) => new Adamax(m.parameters())],
    ['RAdam', (m) => new RAdam(m.parameters())],
    ['Rprop', (m) => new Rprop(m.parameters())],
    ['Lion', (m) => new Lion(m.parameters(), { lr: 0.01 })],
  ])('%s', async (name, make) => {
    manualSeed(0);
    const model = perceptron();
    const optimizer = make(model);
    const [x, y] = [randn([4, 3], float64), randn([4, 2], float64)];
    const before = [...model.namedParameters()].map(([, p]) => p.detach().clone());
    await exportTrainingStep(stepOf(model, optimizer), [x, y], join(folder, `${name}.onnx`), {
      model,
      optimizer,
      inputNames: ['x', 'y'],
      dynamicAxes: { x: { 0: 'batch' }, y: { 0: 'batch' } },
      verify: { steps: 4, tolerance: 1e-10 },
    });
    // all is as it was
    expect(optimizer.state.size).toBe(0);
    [...model.namedParameters()].forEach(([, p], i) => {
      expect(p.toArraySync()).toEqual(before[i].toArraySync());
      expect(p.grad).toBe(null);
    });
  });
});

const saved = (name: string): ModelProto => ModelProto.decode(readFileSync(join(folder, name)));
const namesOf = (list: readonly { name?: string | undefined }[] | undefined): (string | undefined)[] =>
  (list ?? []).map(({ name }) => name);

test('state, learning rate and step count are inputs, and come back', async () => {
  manualSeed(1);
  const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1));
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const batch = [randn([4, 2]), randn([4, 1])];
  const path = join(folder, 'names.onnx');
  await exportTrainingStep(stepOf(model, optimizer), batch, path, {
    model,
    optimizer,
    inputNames: ['x', 'y'],
    verify: true,
  });
  const [step, start] = [saved('names.onnx'), saved('names.start.onnx')];
  const parameters = ['0.weight', '0.bias', '2.weight', '2.bias'];
  const state = [...parameters, ...parameters.flatMap((name) => [`${name}.expAvg`, `${name}.expAvgSq`])];
  expect(namesOf(step.graph?.input)).toEqual(['x', 'y', 'lr', 'step', ...state]);
  expect(namesOf(step.graph?.output)).toEqual(['loss', ...state.map((name) => `${name}_out`), 'step_out']);
  expect(namesOf(start.graph?.output)).toEqual(['lr', 'step', ...state]);
  expect(step.graph?.initializer).toEqual([]);
  const forward = step.graph?.node?.filter(({ opType }) => opType === 'Gemm').map(({ name }) => name);
  expect(forward?.slice(0, 2)).toEqual(['/0/Gemm', '/2/Gemm']);
});

test('a network of convolutions in training mode: running statistics are state', async () => {
  manualSeed(2);
  const model = new Sequential(
    new Conv2d(1, 3, 3, { padding: 1 }),
    new BatchNorm2d(3),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(27, 4),
  );
  const optimizer = new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
  const step = (x: Tensor, y: Tensor): Tensor[] => {
    const logits = model.forward(x);
    const loss = new CrossEntropyLoss().forward(logits, y);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return [loss, logits.argmax(1)];
  };
  const path = join(folder, 'cnn.onnx');
  await exportTrainingStep(step, [randn([5, 1, 6, 6]), randint(0, 4, [5])], path, {
    model,
    optimizer,
    inputNames: ['image', 'label'],
    outputNames: ['loss', 'prediction'],
    dynamicAxes: { image: { 0: 'batch' }, label: { 0: 'batch' } },
    verify: { steps: 5, tolerance: 1e-4 },
  });
  const { graph } = saved('cnn.onnx');
  expect(namesOf(graph?.output)).toEqual(
    expect.arrayContaining([
      '1.running_mean_out',
      '1.running_var_out',
      '1.num_batches_tracked_out',
      '0.weight.momentumBuffer_out',
    ]),
  );
  expect(model.training).toBe(true);
});

test('a step that goes on from where the optimiser was, and gradients that add up', async () => {
  manualSeed(3);
  const model = perceptron();
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
  const [x, y] = [randn([4, 3], float64), randn([4, 2], float64)];
  for (let i = 0; i < 3; i++) stepOf(model, optimizer)(x, y);
  const remembered = (): unknown[] =>
    [...optimizer.state.values()].map(({ step, expAvg }) => [step, expAvg.toArraySync()]);
  const before = remembered();
  const adding = (a: Tensor, b: Tensor): Tensor => {
    const loss = new MSELoss().forward((model as Sequential).forward(a), b);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const path = join(folder, 'adding.onnx');
  await exportTrainingStep(adding, [x, y], path, { model, optimizer, verify: { steps: 3, tolerance: 1e-10 } });
  expect(namesOf(saved('adding.onnx').graph?.input)).toEqual(expect.arrayContaining(['0.weight.grad', 'step']));
  expect(remembered()).toEqual(before);
});

test('dropout draws in the runtime, and its backward has the mask of its forward', async () => {
  const model = new Linear(200, 1, { bias: false });
  withoutGrad(() => model.weight.fill_(1));
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  const drop = new Dropout(0.5);
  const step = (x: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = drop.forward(model.weight.mul(x)).sum();
    loss.backward();
    optimizer.step();
    return loss;
  };
  const options = { model, optimizer, inputNames: ['x'], randomOps: 'runtime' } as const;
  const { stepBytes } = await toOnnxTrainingStep(step, ones([200]), options);
  const weight = await toWire(ones([1, 200]));
  const run = { x: await toWire(ones([200])), weight, lr: await toWire(tensor(0.1)) };
  const [result] = await runInOnnxRuntime([{ model: Buffer.from(stepBytes).toString('base64'), runs: [run] }]);
  if ('error' in result) throw new Error(result.error);
  const [outputs] = result.outputs;
  const after = Array.from(fromWire(outputs.weight_out), Number);
  // what is kept counts twice, and goes down by 0.1 · 2
  const kept = after.filter((w) => Math.abs(w - 0.8) < 1e-6).length;
  expect(after.filter((w) => w === 1).length).toBe(200 - kept);
  expect(Number(fromWire(outputs.loss)[0])).toBe(2 * kept);
  // six deviations around the mean
  expect(Math.abs(kept - 100)).toBeLessThan(43);
});

describe('errors', () => {
  const batch = [randn([4, 3], float64), randn([4, 2], float64)];
  const model = perceptron();
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  const step = stepOf(model, optimizer);
  const dampened = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, dampening: 0.5 });
  const nadam = new NAdam(model.parameters());
  const lbfgs = new LBFGS(model.parameters());
  const scheduler = new StepLR(optimizer, 1);
  const outside = randn([1], float64);
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a loss that is read',
      () => toOnnxTrainingStep((x: Tensor, y: Tensor) => step(x, y).itemSync() as never, batch, { model, optimizer }),
      /read while the model is traced at .*training-step\.test\.ts|must return a tensor/,
    ],
    [
      'a scheduler inside',
      () =>
        toOnnxTrainingStep(
          (x, y) => {
            const loss = step(x, y);
            scheduler.step();
            return loss;
          },
          batch,
          { model, optimizer },
        ),
      /changes the learning rate .*feed 'lr' to each run/,
    ],
    [
      'a first step unlike the others',
      () => toOnnxTrainingStep(stepOf(model, dampened), batch, { model, optimizer: dampened }),
      /the very first step differs .*Take one step before the export/,
    ],
    [
      'a number that changes in JavaScript',
      () => toOnnxTrainingStep(stepOf(model, nadam), batch, { model, optimizer: nadam }),
      /muProduct' as a number in JavaScript/,
    ],
    [
      'a line search',
      () =>
        toOnnxTrainingStep(
          (x, y) => {
            const loss = new MSELoss().forward((model as Sequential).forward(x), y);
            lbfgs.step(() => {
              lbfgs.zeroGrad();
              const again = new MSELoss().forward((model as Sequential).forward(x), y);
              again.backward();
              return again;
            });
            return loss;
          },
          batch,
          { model, optimizer: lbfgs },
        ),
      /LBFGS|read while the model is traced|remembers/,
    ],
    [
      'a tensor of nobody',
      () =>
        toOnnxTrainingStep(
          (x, y) => {
            outside.add_(1);
            return step(x, y);
          },
          batch,
          { model, optimizer },
        ),
      /neither the model's nor its optimiser's; make it a buffer/,
    ],
    ['no model', () => toOnnxTrainingStep(step, batch, {} as never), /model must be the module that is trained/],
    [
      'no optimiser',
      () => toOnnxTrainingStep(step, batch, { model, optimizer: 3 as never }),
      /optimizer must be an optimiser of @tenfold\/optim/,
    ],
    [
      'an output named as a parameter',
      () => toOnnxTrainingStep(step, batch, { model, optimizer, outputNames: ['0.weight'] }),
      /'0.weight' names a parameter/,
    ],
    [
      'an axis named as the learning rate',
      () => toOnnxTrainingStep(step, batch, { model, optimizer, dynamicAxes: { x_0: { 0: 'lr' } } }),
      /'lr' is a number of the training step/,
    ],
    ['an unknown option', () => toOnnxTrainingStep(step, batch, { model, optimizer, verify: true } as never), /verify/],
  ])('%s', async (_name, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });
});
