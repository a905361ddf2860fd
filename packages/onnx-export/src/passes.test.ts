/** Passes over exported models and over random graphs: onnxruntime gives the same numbers before and after. */
import '@tenfold/backend-cpu/register';
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Linear,
  type Module,
  ReLU,
  Sequential,
} from '@tenfold/nn';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  checkModel,
  encode,
  ModelProto,
  type NodeProto,
  onnxType,
  optimizeModel,
  type PassName,
  type PassReport,
  passNames,
  type TensorProto,
  tensorProto,
} from '@tenfold/onnx-model';
import { manualSeed, OnnxExportError, rand, randn, type Tensor, withoutGrad, zeros } from '@tenfold/tensor-core';
import { describe, expect, test, vi } from 'vitest';
import { toOnnx } from './index.ts';
import { type Job, runInOnnxRuntime, type WireTensor } from './runtime.ts';
import { type Comparison, compareAll } from './testing.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

const batch = { dynamicAxes: { x: { 0: 'batch' } } } as const;
const opsOf = (bytes: Uint8Array): (string | undefined)[] =>
  (ModelProto.decode(bytes).graph?.node ?? []).map(({ opType }) => opType);

describe('options', () => {
  const twice = (x: Tensor): Tensor => x.t().t().add(0);
  const x = zeros([2, 3]);

  test('all safe passes run, those that are named, or none', async () => {
    expect(opsOf(await toOnnx(twice, x))).toEqual(['Constant', 'Add']);
    expect(opsOf(await toOnnx(twice, x, { passes: false }))).toEqual(['Transpose', 'Transpose', 'Constant', 'Add']);
    expect(opsOf(await toOnnx(twice, x, { passes: ['deadCode'] }))).toEqual([
      'Transpose',
      'Transpose',
      'Constant',
      'Add',
    ]);
    expect(opsOf(await toOnnx(twice, x, { passes: ['transposes', 'deadCode'] }))).toEqual(['Constant', 'Add']);
  });

  test('what each pass changed is printed, or handed over', async () => {
    const reports: PassReport[] = [];
    await toOnnx(twice, x, { log: (report) => reports.push(report) });
    expect(reports.map(({ pass }) => pass)).toEqual(['transposes', 'deadCode']);
    expect(reports[0].changes).toContain('-   %/Transpose_1_output_0 : float32[2, 3] = onnx::Transpose');
    expect(reports[0].after).toBe(reports[1].before);
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    await toOnnx(twice, x, { verbose: 'passes' });
    const texts = print.mock.calls.map(([text]) => String(text));
    print.mockRestore();
    expect(texts.map((text) => text.split('\n')[0])).toEqual([
      'pass transposes:',
      'pass deadCode:',
      'model "twice" (IR 8, opset onnx 18)',
    ]);
  });

  test('a model that is exported for training keeps its parameters', async () => {
    const model = new Linear(3, 2);
    const names = async (training: 'eval' | 'training'): Promise<unknown> =>
      ModelProto.decode(await toOnnx(model, zeros([1, 2, 3]), { training })).graph?.initializer?.map(
        ({ name }) => name,
      );
    expect(await names('eval')).toEqual(['weight_Transpose', 'bias']);
    expect(await names('training')).toEqual(['weight', 'bias']);
  });

  test('bad ones are named', async () => {
    const refused = (options: object): Promise<unknown> => toOnnx(twice, x, options);
    await expect(refused({ passes: ['fuse'] })).rejects.toThrow(OnnxExportError);
    await expect(refused({ passes: ['fuse'] })).rejects.toThrow(
      "passes: string 'fuse' is no pass; there are batchNorm, constants",
    );
    await expect(refused({ passes: 'constants' })).rejects.toThrow('passes must be true, false or an array of names');
    await expect(refused({ foldBatchNorm: 1 })).rejects.toThrow('foldBatchNorm must be true or false');
    await expect(refused({ log: true })).rejects.toThrow('log must be a function of reports');
    await expect(refused({ metadata: 'all' })).rejects.toThrow('metadata must be true or false');
  });
});

test('each pass alone leaves the results of exported programs as they are', async () => {
  manualSeed(0);
  const weight = randn([4, 3]);
  const programs: { readonly [name: string]: (x: Tensor) => Tensor | Tensor[] } = {
    transposes: (x) => x.unsqueeze(0).permute([2, 0, 1]).permute([2, 1, 0]).relu(),
    shapes: (x) => x.reshape([-1]).add(x.shape[0]).view([x.shape[0], 3]).unsqueeze(1).squeeze(1),
    weights: (x) => x.unsqueeze(1).matmul(weight.t()).add(x.exp().sum()).add(x.exp().sum()),
    outputs: (x) => [x, x.relu(), x.relu(), x.t()],
    slices: (x) =>
      x
        .slice(1, 0, 3)
        .add(x.slice(1, 1, 2))
        .expand([x.shape[0], 3]),
    masked: (x) => x.maskedFill(x.gt(0), 1).cumsum(1).flatten(),
  };
  const comparisons: Comparison[] = Object.entries(programs).flatMap(([name, fn]) =>
    passNames.map((pass) => ({
      name: `${name}, ${pass}`,
      fn,
      example: [randn([2, 3])],
      runs: [[randn([5, 3])], [randn([1, 3])]],
      options: { ...batch, passes: [pass] },
    })),
  );
  const results = await compareAll(comparisons);
  const bad = results.flatMap((result, i) =>
    'difference' in result && result.difference < 1e-6 ? [] : [[comparisons[i].name, result]],
  );
  expect(bad).toEqual([]);
});

test('BatchNormalization becomes part of convolutions and linear layers', async () => {
  manualSeed(0);
  const models: [Module & { forward(x: Tensor): Tensor }, number[], string[]][] = [
    [
      new Sequential(new Conv2d(2, 6, 3, { groups: 2, bias: false }), new BatchNorm2d(6), new ReLU()),
      [2, 5, 5],
      ['Conv', 'Relu'],
    ],
    [new Sequential(new Conv2d(2, 3, 1), new BatchNorm2d(3, { affine: false })), [2, 4, 4], ['Conv']],
    [
      new Sequential(new ConvTranspose2d(4, 6, 3, { groups: 2, stride: 2 }), new BatchNorm2d(6)),
      [4, 3, 3],
      ['ConvTranspose'],
    ],
    [
      new Sequential(
        new Linear(3, 4),
        new BatchNorm1d(4),
        new Dropout(),
        new Linear(4, 2, { bias: false }),
        new BatchNorm1d(2),
      ),
      [3],
      ['Gemm', 'Gemm'],
    ],
  ];
  const jobs: Job[] = [];
  const expected: Tensor[] = [];
  for (const [model, shape, ops] of models) {
    model.eval();
    for (const [name, buffer] of model.namedBuffers())
      if (!name.endsWith('tracked')) withoutGrad(() => buffer.copy_(rand([...buffer.shape]).add(0.5)));
    const x = randn([3, ...shape]);
    const bytes = await toOnnx(model, x, { ...batch, foldBatchNorm: true });
    expect(opsOf(bytes)).toEqual(ops);
    jobs.push({ model: Buffer.from(bytes).toString('base64'), runs: [{ x: await toWire(x) }] });
    expected.push(withoutGrad(() => model.forward(x)));
  }
  for (const [i, result] of (await runInOnnxRuntime(jobs)).entries()) {
    if ('error' in result) throw new Error(result.error);
    expect(largestDifference(fromWire(result.outputs[0].y), await expected[i].toTypedArray())).toBeLessThan(1e-6);
  }
});

// --- random graphs ---

/** Numbers below `n` that follow from a seed. */
function generator(seed: number): (n: number) => number {
  let state = seed * 2654435761 + 1;
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822507) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % n;
  };
}

const ints = (name: string, list: readonly number[]): AttributeProto => ({
  name,
  type: AttributeType.INTS,
  ints: [...list],
});
const int = (name: string, i: number): AttributeProto => ({ name, type: AttributeType.INT, i });

interface Known {
  readonly name: string;
  readonly dims: readonly number[];
}

/** A graph of 12 to 30 steps of those kinds that passes look at, over an input of [2, 3, 4] whose first size may be open. No number is 0, since onnxruntime leaves out adding one, which is not the same for -0. */
function randomModel(seed: number): ModelProto {
  const below = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const nodes: NodeProto[] = [];
  const open = below(2) === 0;
  const values: Known[] = [{ name: 'x', dims: [2, 3, 4] }];
  const shapes = new Map<string, readonly number[]>();
  const initializer: TensorProto[] = [];
  const weight = (dims: number[]): Known => {
    const name = `w${initializer.length}`;
    const count = dims.reduce((n, size) => n * size, 1);
    initializer.push(
      tensorProto(
        name,
        'float32',
        dims,
        encode(
          Array.from({ length: count }, () => below(8) / 4 - 0.875),
          'float32',
        ),
      ),
    );
    return { name, dims };
  };
  values.push(weight([3, 4]), weight([4, 3]), weight([1]));
  const add = (opType: string, input: string[], dims: readonly number[], attribute: AttributeProto[] = []): Known => {
    const known = { name: `v${nodes.length}`, dims };
    nodes.push({ opType, name: `n${nodes.length}`, input, output: [known.name], attribute });
    shapes.set(known.name, dims);
    return known;
  };
  const constant = (list: readonly number[], shape: number[] = [list.length]): string =>
    add('Constant', [], shape, [
      { name: 'value', type: AttributeType.TENSOR, t: tensorProto('', 'int64', shape, encode(list, 'int64')) },
    ]).name;
  const product = (dims: readonly number[]): number => dims.reduce((n, size) => n * size, 1);
  const shuffled = (n: number): number[] => {
    const list = Array.from({ length: n }, (_, d) => d);
    for (let d = n - 1; d > 0; d--) {
      const k = below(d + 1);
      [list[d], list[k]] = [list[k], list[d]];
    }
    return list;
  };
  const kinds: ((x: Known) => Known)[] = [
    ({ name, dims }) => {
      const perm = shuffled(dims.length);
      return add(
        'Transpose',
        [name],
        perm.map((d) => dims[d]),
        [ints('perm', perm)],
      );
    },
    ({ name, dims }) => {
      const to = pick([
        [-1],
        [1, -1],
        [...dims, 1],
        [...dims],
        dims.map((size, d) => (d === 0 ? -1 : size)),
        [...dims].reverse(),
      ]);
      const sizes = to.map((size) => (size === -1 ? product(dims) / product(to.filter((x) => x !== -1)) : size));
      return add('Reshape', [name, constant(to)], sizes);
    },
    ({ name, dims }) => add('Reshape', [name, constant(dims.map(() => 0))], dims),
    ({ name, dims }) => {
      const d = below(dims.length + 1);
      return add('Unsqueeze', [name, constant([d])], [...dims.slice(0, d), 1, ...dims.slice(d)]);
    },
    ({ name, dims }) => {
      const d = dims.indexOf(1);
      return d < 0
        ? add('Relu', [name], dims)
        : add(
            'Squeeze',
            [name, constant([d])],
            dims.filter((_, i) => i !== d),
          );
    },
    ({ name, dims }) => add('Identity', [name], dims),
    ({ name, dims }) => add('Dropout', [name], dims),
    ({ name, dims }) => add('Cast', [name], dims, [int('to', onnxType.float32)]),
    ({ name, dims }) =>
      add('Cast', [add('Cast', [name], dims, [int('to', onnxType.float64)]).name], dims, [int('to', onnxType.float32)]),
    ({ name, dims }) => {
      const d = below(dims.length);
      const end = pick([dims[d], 2 ** 31 - 1, 1]);
      const input = [name, constant([0]), constant([end]), constant([d])];
      return add(
        'Slice',
        input,
        dims.map((size, i) => (i === d ? Math.min(size, end) : size)),
      );
    },
    ({ name, dims }) => add('Concat', [name], dims, [int('axis', 0)]),
    ({ name, dims }) => add('Concat', [name, name], [2 * dims[0], ...dims.slice(1)], [int('axis', 0)]),
    ({ name, dims }) => add('Expand', [name, constant(dims.map((size) => pick([1, size])))], dims),
    ({ name, dims }) => add('Add', [name, 'w2'], dims),
    ({ name, dims }) => add('Mul', [name, add('Sub', ['w2', 'w2'], [1]).name], dims),
    ({ name, dims }) => add('Neg', [name], dims),
    ({ name, dims }) => {
      // to the shape that another node reads
      const shape = add('Shape', [name], [dims.length]).name;
      const sizes = dims.map((_, d) => add('Gather', [shape, constant([d])], [1], [int('axis', 0)]).name);
      return add(
        'Reshape',
        [name, add('Concat', sizes.reverse(), [dims.length], [int('axis', 0)]).name],
        [...dims].reverse(),
      );
    },
    ({ name, dims }) => {
      if (dims.length !== 2) return add('Relu', [name], dims);
      const turned = add('Transpose', [name], [dims[1], dims[0]], [ints('perm', [1, 0])]);
      return add('Gemm', [turned.name, name], [dims[1], dims[1]], [int('transA', 0)]);
    },
    (x) => {
      const last = nodes.at(-1);
      // the same once more
      return last && last.opType !== 'Constant'
        ? add(last.opType ?? '', last.input ?? [], shapes.get(last.output?.[0] ?? '') ?? [], last.attribute)
        : x;
    },
  ];
  const steps = 12 + below(18);
  for (let i = 0; i < steps; i++) {
    const x = values[Math.max(0, values.length - 1 - below(5))];
    if (x.dims.length === 0 || x.dims.length > 5 || product(x.dims) > 200) continue;
    values.push(pick(kinds)(x));
  }
  // the last three, some through an Identity, some twice
  const outputs = values.slice(-3).map(({ name }, k) => {
    nodes.push({ opType: 'Identity', name: `out${k}`, input: [name], output: [`y${k}`] });
    return `y${k}`;
  });
  const sized = (dims: readonly number[]) => ({
    dim: dims.map((dimValue, d) => (open && d === 0 ? { dimParam: 'n' } : { dimValue })),
  });
  const typed = (name: string, dims?: readonly number[]) => ({
    name,
    type: { tensorType: { elemType: onnxType.float32, ...(dims ? { shape: sized(dims) } : {}) } },
  });
  const float = (name: string): boolean =>
    !nodes.some((node) => ['Constant', 'Shape'].includes(node.opType ?? '') && node.output?.[0] === name);
  return {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: `random ${seed}`,
      node: nodes,
      initializer,
      input: [typed('x', [2, 3, 4])],
      output: outputs.map((name) => typed(name)),
      // sizes are stated where none of them can be open
      valueInfo: open
        ? []
        : values
            .slice(4)
            .filter(({ name }, i) => i % 2 === 0 && float(name) && name !== 'x')
            .map(({ name, dims }) => typed(name, dims)),
    },
  };
}

test('random graphs give the same bits before and after all passes, and no pass breaks a model', async () => {
  const x: WireTensor = {
    dtype: 'float32',
    dims: [2, 3, 4],
    data: Buffer.from(
      encode(
        Array.from({ length: 24 }, (_, i) => (i + 0.5) / 8 - 1),
        'float32',
      ),
    ).toString('base64'),
  };
  const all: PassName[] = [...passNames];
  const models = Array.from({ length: 100 }, (_, seed) => {
    const before = randomModel(seed + 1);
    checkModel(before);
    const after = optimizeModel(before, { passes: all });
    checkModel(after);
    expect(after.graph?.output).toEqual(before.graph?.output);
    return [before, after];
  });
  const count = (which: number): number => models.reduce((n, pair) => n + (pair[which].graph?.node?.length ?? 0), 0);
  expect(count(1)).toBeLessThan(count(0) / 2);
  const jobs = models
    .flat()
    .map((model) => ({ model: Buffer.from(ModelProto.encode(model).finish()).toString('base64'), runs: [{ x }] }));
  const results = await runInOnnxRuntime(jobs);
  for (let i = 0; i < results.length; i += 2) expect([i / 2 + 1, results[i + 1]]).toEqual([i / 2 + 1, results[i]]);
  expect(results.filter((result) => 'error' in result)).toEqual([]);
}, 60_000);

// --- constant folding, op by op ---

type Dtype = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';
type Input = readonly [dtype: Dtype, dims: readonly number[], values: readonly (number | bigint)[]];

const f32 = (...values: number[]): Input => ['float32', [values.length], values];
const f64 = (...values: number[]): Input => ['float64', [values.length], values];
const f16 = (...values: number[]): Input => ['float16', [values.length], values];
const i64 = (...values: (number | bigint)[]): Input => ['int64', [values.length], values];
const i32 = (...values: number[]): Input => ['int32', [values.length], values];
const scalar = (x: number): Input => ['int64', [], [x]];
const bits = (...values: number[]): Input => ['bool', [values.length], values];
const matrix: Input = ['float32', [2, 3], [1, 2, 3, 4, 5, 6]];
const cube: Input = ['int32', [2, 2, 3], [1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, 12]];
const thirds = f32(1 / 3, -7.3, 1e-40, 3e38, 2.5);
const halves = f16(0.1, -7.3, 1e-7, 60000, 2.5);

/** Operators with inputs on which they are no matter of taste. */
const folded: readonly [op: string, inputs: readonly Input[], attribute?: AttributeProto[]][] = [
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap((op): [string, Input[]][] => [
    [op, [thirds, f32(3)]],
    [op, [f64(1 / 3, -7.3), f64(0.1, 1e300)]],
    [op, [i64(7, -7, 2n ** 62n), i64(3)]],
    [op, [i32(7, -7, 2 ** 31 - 1), i32(2)]],
    [op, [['int32', [2, 1], [7, -9]], i32(2, 3, -4)]],
  ]),
  ['Div', [i64(7, -7, 7, -7), i64(2, 2, -2, -2)]],
  ['Mod', [i64(7, -7, 7, -7), i64(3, 3, -3, -3)]],
  ['Min', [i64(3, -4), i64(2)]],
  ['Max', [i32(3, -4), i32(2)]],
  ['Neg', [thirds]],
  ['Neg', [i64(1, -2)]],
  ['Abs', [i32(1, -2)]],
  ['Abs', [thirds]],
  ['Sqrt', [f32(2, 3, 1e-40, 1e38)]],
  ['Sqrt', [f64(2, 3)]],
  ['Reciprocal', [f32(3, -7, 1e38)]],
  ['Floor', [f32(-1.5, 1.5)]],
  ['Ceil', [f64(-1.5, 1.5)]],
  ['Equal', [i64(2n ** 53n, 2n ** 53n + 1n), i64(2n ** 53n)]],
  ['Greater', [f32(1, Number.NaN, 3), f32(2)]],
  ['Less', [f32(1, Number.NaN, 3), f32(2)]],
  ['GreaterOrEqual', [i64(1, 2, 3), i64(2)]],
  ['LessOrEqual', [f64(1, Number.NaN, 3), f64(2)]],
  ['Not', [bits(0, 1)]],
  ...['And', 'Or', 'Xor'].map((op): [string, Input[]] => [op, [bits(0, 0, 1, 1), bits(0, 1, 0, 1)]]),
  ['Where', [bits(1, 0, 1), f32(1, 2, 3), f32(9)]],
  ['Cast', [f32(-2.75, 2.75, 100)], [int('to', onnxType.int64)]],
  ['Cast', [f32(-2.75, 2.75, 100)], [int('to', onnxType.int8)]],
  ['Cast', [f64(1 / 3, -0.1)], [int('to', onnxType.float32)]],
  ['Cast', [thirds], [int('to', onnxType.float64)]],
  ['Cast', [f32(1 / 3, 1e-7, 65504)], [int('to', onnxType.float16)]],
  ['Cast', [halves], [int('to', onnxType.float32)]],
  ['Cast', [i64(2n ** 53n - 1n, -3)], [int('to', onnxType.float32)]],
  ['Cast', [i64(0, 5)], [int('to', onnxType.bool)]],
  ['Cast', [bits(0, 1)], [int('to', onnxType.float16)]],
  ['Transpose', [cube]],
  ['Transpose', [cube], [ints('perm', [1, 2, 0])]],
  ['Transpose', [['bool', [2, 2], [1, 0, 0, 0]]]],
  ['Reshape', [cube, i64(0, -1)]],
  ['Flatten', [cube], [int('axis', -1)]],
  ['Flatten', [cube], [int('axis', 0)]],
  ['Squeeze', [['float32', [1, 2, 1], [1, 2]], i64(-1)]],
  ['Squeeze', [['float32', [1, 2, 1], [1, 2]]]],
  ['Unsqueeze', [matrix, i64(-1, 0)]],
  ['Expand', [['float32', [2, 1], [1, 2]], i64(3, 1, 2)]],
  ['Concat', [matrix, ['float32', [2, 1], [8, 9]]], [int('axis', -1)]],
  ['Gather', [cube, i64(1, -1, 0)], [int('axis', 1)]],
  ['Gather', [matrix, scalar(-1)], [int('axis', 0)]],
  ['Slice', [cube, i64(0, -1), i64(1, -99), i64(1, 2), i64(1, -2)]],
  ['Slice', [matrix, i64(1), i64(2 ** 31 - 1)]],
  ['Slice', [matrix, i64(2), i64(1), i64(-1)]],
  ['Shape', [cube], [int('start', 1)]],
  ['Shape', [cube], [int('end', -1)]],
  ['Size', [cube]],
  ['ConstantOfShape', [i64(2, 3)]],
  ['Range', [scalar(7), scalar(-2), scalar(-2)]],
  ...['ReduceSum', 'ReduceProd', 'ReduceMin', 'ReduceMax'].flatMap((op): [string, Input[], AttributeProto[]][] => {
    const of = (axes: number[]): [Input[], AttributeProto[]] =>
      op === 'ReduceSum' ? [[cube, i64(...axes)], []] : [[cube], [ints('axes', axes)]];
    const [inputs, attribute] = of([0, -1]);
    return [
      [op, inputs, attribute],
      [op, inputs, [...attribute, int('keepdims', 0)]],
      [op, [cube], []],
    ];
  }),
];

test('what is folded is what onnxruntime computes, to the bit', async () => {
  const tensorOf = ([dtype, dims, values]: Input): TensorProto =>
    tensorProto('', dtype, dims, encode(values as number[], dtype));
  const cases = folded.map(([opType, inputs, attribute = []]) => {
    const names = inputs.map((_, i) => `x${i}`);
    const node: NodeProto = { opType, name: 'n', input: names, output: ['y'], attribute };
    const opsetImport = [{ domain: '', version: 17 }];
    const constants = inputs.map(
      (input, i): NodeProto => ({
        opType: 'Constant',
        name: `c${i}`,
        output: [`x${i}`],
        attribute: [{ name: 'value', type: AttributeType.TENSOR, t: tensorOf(input) }],
      }),
    );
    const known: ModelProto = {
      irVersion: 8,
      opsetImport,
      graph: { name: 'known', node: [...constants, node], output: [{ name: 'y' }] },
    };
    const [left] = optimizeModel(known, { passes: ['constants', 'deadCode'] }).graph?.node ?? [];
    const result = left.opType === 'Constant' ? left.attribute?.[0].t : undefined;
    const typed = (name: string, elemType: number | undefined) => ({ name, type: { tensorType: { elemType } } });
    const computed: ModelProto = {
      irVersion: 8,
      opsetImport,
      graph: {
        name: 'computed',
        node: [node],
        input: inputs.map(([dtype], i) => typed(names[i], onnxType[dtype])),
        output: [typed('y', result?.dataType)],
      },
    };
    const run = Object.fromEntries(
      inputs.map((input, i): [string, WireTensor] => [
        names[i],
        { dtype: input[0], dims: input[1], data: Buffer.from(tensorOf(input).rawData ?? []).toString('base64') },
      ]),
    );
    const job: Job = { model: Buffer.from(ModelProto.encode(computed).finish()).toString('base64'), runs: [run] };
    return { what: `${opType} of ${inputs.map(([dtype, dims]) => `${dtype}[${dims}]`)}`, result, job };
  });
  const results = await runInOnnxRuntime(cases.map(({ job }) => job));
  const theirs = results.map((result, i) =>
    'error' in result
      ? [cases[i].what, result.error]
      : [cases[i].what, result.outputs[0].y.dims, result.outputs[0].y.data],
  );
  const ours = cases.map(({ what, result }) => [
    what,
    result?.dims,
    Buffer.from(result?.rawData ?? []).toString('base64'),
  ]);
  expect(ours).toEqual(theirs);
});
