/** Whole models, exported as they are: run in onnxruntime at several sizes against the models here, checked by ONNX's own checker, and looked at. */
import '@tenfold/backend-cpu/register';
import { spawnSync } from 'node:child_process';
import { Module, TransformerEncoder, TransformerEncoderLayer } from '@tenfold/nn';
import { ModelProto, printModel } from '@tenfold/onnx-model';
import {
  manualSeed,
  rand,
  randint,
  randn,
  type Tensor,
  type TypedArray,
  tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { beforeAll, expect, test } from 'vitest';
import { CharGPT, type Past } from '../../../apps/char-lm/src/model.ts';
import { MyLinear, StandardizedLinear } from '../../../apps/linear-demo/src/model.ts';
import { DigitNet } from '../../../apps/mnist/src/model.ts';
import { type ToOnnxOptions, toOnnx } from '../src/index.ts';
import { type JobResult, runInOnnxRuntime } from '../src/runtime.ts';
import { readResult } from '../src/structure.ts';
import { fromWire, largestDifference, toWire } from '../src/verify.ts';
import { ResNet18 } from './models/resnet.ts';
import { Tagger } from './models/tagger.ts';
import { UNet } from './models/unet.ts';
import { Autoencoder } from './models/vae.ts';

/** A model, and its inputs for a size of its dynamic axes. */
interface Case {
  readonly name: string;
  readonly make: () => Module & { forward(...inputs: Tensor[]): unknown };
  readonly inputs: (n: number) => Tensor[];
  readonly options: ToOnnxOptions;
  /** The largest difference from the model here. Default 1e-5. */
  readonly within?: number;
}

const batch = { dynamicAxes: { x: { 0: 'batch' } } } as const;
const sequence = { dynamicAxes: { x: { 0: 'batch', 1: 'time' } } } as const;
const words = (...shape: number[]): Tensor => randint(0, 12, shape, { dtype: 'int64' });
const float64 = (values: number[]): Tensor => tensor(values, { dtype: 'float64' });

const standardized = (features: number): StandardizedLinear =>
  new StandardizedLinear(new MyLinear(features, 1, { dtype: 'float64', device: 'cpu' }), {
    mean: rand([features], { dtype: 'float64' }),
    std: rand([features], { dtype: 'float64' }).add(0.5),
    targetMean: float64([3]),
    targetStd: float64([2]),
  });

/** The small GPT with the keys and values of the characters before: one character in, scores and longer keys and values out. */
class Stepwise extends Module {
  readonly gpt = new CharGPT({ vocabulary: 12, context: 8, layers: 2, heads: 2, width: 8 });

  forward(character: Tensor, ...kept: Tensor[]): Tensor[] {
    const past = kept.flatMap((keys, i): Past[] => (i % 2 === 0 ? [[keys, kept[i + 1]]] : []));
    const [scores, present] = this.gpt.step(character, past);
    return [scores, ...present.flat()];
  }
}

const kept = ['keys_0', 'values_0', 'keys_1', 'values_1'];
const pastNames = kept.map((name) => `past_${name}`);

const cases: readonly Case[] = [
  {
    name: 'linear',
    make: () => standardized(3),
    inputs: (n) => [randn([n, 3], { dtype: 'float64' })],
    options: batch,
    within: 1e-12,
  },
  {
    name: 'penguins',
    make: () => standardized(4),
    inputs: (n) => [randn([n, 4], { dtype: 'float64' })],
    options: { ...batch, customOps: 'inline' },
    within: 1e-12,
  },
  {
    name: 'digits',
    make: () => new DigitNet(),
    inputs: (n) => [randint(0, 256, [n, 28, 28], { dtype: 'uint8' })],
    options: batch,
  },
  { name: 'tagger', make: () => new Tagger(), inputs: (n) => [words(n, n + 1)], options: sequence },
  {
    name: 'encoder',
    make: () => new TransformerEncoder(new TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }), 2),
    inputs: (n) => [randn([n, n + 1, 8])],
    options: sequence,
  },
  {
    name: 'char-lm',
    make: () => new CharGPT({ vocabulary: 12, context: 8, layers: 2, heads: 2, width: 8 }),
    inputs: (n) => [words(n, n + 1)],
    options: sequence,
  },
  {
    name: 'char-lm with its past',
    make: () => new Stepwise(),
    inputs: (n) => [words(n, 1), ...pastNames.map(() => randn([n, 2, n + 1, 4]))],
    options: {
      inputNames: ['character', ...pastNames],
      outputNames: ['scores', ...kept.map((name) => `present_${name}`)],
      dynamicAxes: {
        character: { 0: 'batch' },
        ...Object.fromEntries(pastNames.map((name) => [name, { 0: 'batch', 2: 'length' }])),
      },
    },
  },
  { name: 'resnet', make: () => new ResNet18(4, 10), inputs: (n) => [randn([n, 3, 32, 32])], options: batch },
  {
    name: 'resnet folded',
    make: () => new ResNet18(4, 10),
    inputs: (n) => [randn([n, 3, 32, 32])],
    options: { ...batch, foldBatchNorm: true },
  },
  {
    name: 'unet',
    make: () => new UNet(4),
    inputs: (n) => [randn([n, 1, 8, 12])],
    options: { ...batch, dynamicAxes: { x: [0] } },
  },
  {
    name: 'unet folded',
    make: () => new UNet(4),
    inputs: (n) => [randn([n, 1, 8, 12])],
    options: { ...batch, foldBatchNorm: true },
  },
  {
    name: 'vae',
    make: () => new Autoencoder(),
    inputs: (n) => [randn([n, 12]), randn([n, 3])],
    options: {
      inputNames: ['x', 'noise'],
      outputNames: ['again', 'mean', 'logVariance'],
      dynamicAxes: { x: { 0: 'batch' }, noise: { 0: 'batch' } },
    },
  },
];

const sizes = [1, 3, 17];
const files = new Map<string, ModelProto>();
const old: { name: string; bytes: Uint8Array }[] = [];
let results: readonly {
  readonly name: string;
  readonly within: number;
  readonly expected: Expected[];
  readonly result: JobResult;
}[] = [];

interface Expected {
  readonly dims: readonly number[];
  readonly values: TypedArray;
}

/** Statistics that are not those of a fresh model, so that a normalisation does something. */
function stir(model: Module): void {
  for (const [name, buffer] of model.namedBuffers()) {
    if (/running_mean$/.test(name)) buffer.copy_(randn([...buffer.shape]).mul(0.1));
    if (/running_var$/.test(name)) buffer.copy_(rand([...buffer.shape]).add(0.5));
  }
}

beforeAll(async () => {
  manualSeed(0);
  const prepared = [];
  for (const { name, make, inputs, options, within = 1e-5 } of cases) {
    const model = make().eval();
    withoutGrad(() => stir(model));
    const bytes = await toOnnx(model, inputs(2), options);
    files.set(name, ModelProto.decode(bytes));
    // the newest that Debian's checker knows
    if (!name.includes('char-lm'))
      old.push({ name, bytes: await toOnnx(model, inputs(2), { ...options, opsetVersion: 17 }) });
    const names = (options.inputNames ?? ['x']) as readonly string[];
    const runs: Record<string, Awaited<ReturnType<typeof toWire>>>[] = [];
    const expected: Expected[] = [];
    for (const n of sizes) {
      const given = inputs(n);
      runs.push(Object.fromEntries(await Promise.all(given.map(async (x, i) => [names[i], await toWire(x)] as const))));
      for (const x of readResult(withoutGrad(() => model.forward(...given))).tensors)
        expected.push({ dims: x.shape, values: await x.toTypedArray() });
    }
    prepared.push({ name, within, expected, job: { model: Buffer.from(bytes).toString('base64'), runs } });
  }
  const ran = await runInOnnxRuntime(prepared.map(({ job }) => job));
  results = prepared.map(({ job: _, ...rest }, i) => ({ ...rest, result: ran[i] }));
}, 60_000);

test('give in onnxruntime what they give here, at batches of 1, 3 and 17', () => {
  for (const { name, within, expected, result } of results) {
    if ('error' in result) throw new Error(`${name}: ${result.error}`);
    const outputs = result.outputs.flatMap((run) => Object.values(run));
    expect([name, outputs.map(({ dims }) => [...dims])]).toEqual([name, expected.map(({ dims }) => [...dims])]);
    const worst = Math.max(...outputs.map((wire, i) => largestDifference(fromWire(wire), expected[i].values)));
    expect([name, worst <= within, worst]).toEqual([name, true, worst]);
  }
});

/** How many nodes of each operator a file has, constants aside. */
function operators(name: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType = '' } of files.get(name)?.graph?.node ?? [])
    if (opType !== 'Constant') counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}

test('have one node for each layer, and nothing besides', () => {
  expect(operators('linear')).toEqual({ Sub: 1, Div: 1, MYLINEAR: 1, Mul: 1, Add: 1 });
  expect(operators('penguins')).toEqual({ Sub: 1, Div: 1, MatMul: 1, Mul: 1, Add: 2 });
  // the three transposes are of batches that come first, and of directions
  expect(operators('tagger')).toEqual({ Gather: 1, Transpose: 3, LSTM: 1, Reshape: 1, MatMul: 1, Add: 1 });
  expect(operators('encoder')).toMatchObject({ LayerNormalization: 4, Relu: 2 });
  expect(operators('digits')).toEqual({
    Unsqueeze: 1,
    Cast: 1,
    Sub: 1,
    Div: 1,
    Conv: 2,
    MaxPool: 2,
    Relu: 3,
    Flatten: 1,
    Gemm: 2,
  });
  expect(operators('vae')).toEqual({ Gemm: 5, Relu: 2, REPARAMETRISE: 1, Sigmoid: 1 });
  const residual = { Conv: 20, Relu: 17, Add: 8, MaxPool: 1, GlobalAveragePool: 1, Flatten: 1, Gemm: 1 };
  expect(operators('resnet')).toEqual({ ...residual, BatchNormalization: 20 });
  expect(operators('resnet folded')).toEqual(residual);
  const across = { Conv: 11, Relu: 10, MaxPool: 2, ConvTranspose: 2, Concat: 2 };
  expect(operators('unet')).toEqual({ ...across, BatchNormalization: 10 });
  expect(operators('unet folded')).toEqual(across);
});

test('keep the names of parameters, transposed ones aside', () => {
  const names = (name: string): (string | undefined)[] =>
    (files.get(name)?.graph?.initializer ?? []).map((x) => x.name);
  const parameters = Object.keys(new ResNet18(4, 10).stateDict());
  expect(names('resnet').sort()).toEqual(parameters.filter((name) => !name.endsWith('num_batches_tracked')).sort());
  expect(names('resnet folded').slice(0, 4)).toEqual([
    'conv1.weight',
    'conv1.bias',
    'layer1.0.conv1.weight',
    'layer1.0.conv1.bias',
  ]);
  expect(names('char-lm')).toContain('embedding.weight');
  // one matrix reads characters and writes them
  expect(names('char-lm').filter((name) => name?.startsWith('embedding'))).toEqual(['embedding.weight']);
  expect(names('char-lm')).toContain('blocks.0.widen.weight_Transpose');
});

test('say where nodes come from', () => {
  const text = printModel(files.get('digits') ?? {}, { metadata: true });
  expect(text).toMatch(
    /onnx::Conv\[.*%conv2\.bias\) {2}# scope: conv2, module: DigitNet\/Conv2d, op: convolution, source: apps\/mnist\/src\/model\.ts:21:\d+/,
  );
  expect(printModel(files.get('encoder') ?? {}, { metadata: true })).toMatch(
    /layers\.1\/norm1.*# scope: layers\.1\.norm1, module: TransformerEncoder\/TransformerEncoderLayer\/LayerNorm, op: layerNorm/,
  );
});

const python = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['-c', 'import onnx']).status === 0);

test.skipIf(python === undefined)(
  "pass ONNX's own checker and its strict shape inference (no python3 with onnx: skipped)",
  () => {
    const program = `
import base64, json, sys, onnx
for name, data in json.load(sys.stdin):
    try:
        onnx.checker.check_model(onnx.load_from_string(base64.b64decode(data)), full_check=True)
    except Exception as error:
        print(name, str(error).replace('\\n', ' ')[:500])
`;
    const input = JSON.stringify(old.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')]));
    const { stdout, stderr, status } = spawnSync(python ?? '', ['-c', program], {
      input,
      maxBuffer: 1e8,
      encoding: 'utf8',
    });
    expect([stdout, status === 0 ? '' : stderr]).toEqual(['', '']);
  },
);
