/** Whole models: modules, scopes, in-place programs, dynamic axes, names, determinism. */
import '@tenfold/backend-cpu/register';
import { asFunction, Function, type FunctionContext } from '@tenfold/autograd';
import {
  AdaptiveAvgPool2d,
  Conv2d,
  Dropout,
  Dropout2d,
  Flatten,
  GRU,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  MultiheadAttention,
  ReLU,
  RNN,
  RotaryPositionalEmbeddings,
  Sequential,
  Sigmoid,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from '@tenfold/nn';
import { ModelProto } from '@tenfold/onnx-model';
import {
  batchNorm,
  builtinOps,
  cat,
  conv2d,
  convTranspose2d,
  defineOp,
  dispatch,
  groupNorm,
  layerNorm,
  manualSeed,
  maxPool2d,
  ones,
  randn,
  type Sig,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  defineSymbol,
  type ExportableModel,
  type SymbolicGraph,
  type SymbolicValue,
  type ToOnnxOptions,
  toOnnx,
} from './index.ts';
import { type Comparison, compareAll } from './testing.ts';

const batch = { dynamicAxes: { x: { 0: 'batch' } } } as const;
const f = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });
const runs = (...rest: number[]): Tensor[][] => [1, 7, 64].map((n) => [f(n, ...rest)]);
const decoded = async (model: ExportableModel, inputs: Tensor[], options?: ToOnnxOptions): Promise<ModelProto> =>
  ModelProto.decode(await toOnnx(model, inputs, options));
const ops = (proto: ModelProto): (string | undefined)[] =>
  (proto.graph?.node ?? []).filter(({ opType }) => opType !== 'Constant').map(({ opType }) => opType);

test('normalisations are ops of ONNX where the opset has them', async () => {
  const [x, one, zero] = [zeros([2, 4, 3]), ones([4]), zeros([4])];
  const written = async (fn: (x: Tensor) => Tensor, opsetVersion: number): Promise<(string | undefined)[]> =>
    ops(await decoded(fn, [x], { opsetVersion }));
  const layered = (y: Tensor): Tensor => layerNorm(y, [4, 3]);
  expect(await written(layered, 17)).toEqual(['LayerNormalization']);
  expect(await written(layered, 16)).not.toContain('LayerNormalization');
  const byGroup = (y: Tensor): Tensor => groupNorm(y, 2, { weight: one, bias: zero });
  expect(await written(byGroup, 21)).toEqual(['GroupNormalization']);
  expect(await written(byGroup, 20)).not.toContain('GroupNormalization');
  expect(await written((y) => batchNorm(y, zero, one), 13)).toEqual(['BatchNormalization']);
});

test('normalisations take images of any size', async () => {
  const [weight, bias] = [f(4), f(4)];
  const models: ((x: Tensor) => Tensor)[] = [
    (x) => groupNorm(x, 2, { weight, bias }),
    (x) => batchNorm(x, weight, bias.square().add(0.5), { weight, bias }),
    (x) => batchNorm(x, null, null, { training: true }),
    (x) => layerNorm(x, [...x.shape.slice(1)]),
  ];
  const comparisons = models.flatMap((fn, k) =>
    [13, 21].map((opsetVersion) => ({
      name: `norm ${k} ${opsetVersion}`,
      fn,
      example: [f(2, 4, 3, 5)],
      runs: [[f(2, 4, 3, 5)], [f(1, 4, 6, 2)]],
      options: { opsetVersion, dynamicAxes: { x: { 0: 'batch', 2: 'height', 3: 'width' } } },
    })),
  );
  // ONNX keeps ε in float32
  for (const result of await compareAll(comparisons)) {
    expect(result).toHaveProperty('difference');
    expect('difference' in result && result.difference).toBeLessThanOrEqual(1e-12);
  }
});

class Perception extends Module {
  readonly layer1 = new Linear(3, 4, { dtype: 'float64' });
  readonly relu = new ReLU({ inplace: true });
  readonly head = new Sequential(new Linear(4, 2, { dtype: 'float64' }), new Sigmoid());

  forward(x: Tensor): Tensor {
    return this.head.forward(this.relu.forward(this.layer1.forward(x)));
  }
}

test('recurrent layers, attention and transformers, of any batch', async () => {
  manualSeed(0);
  const float64 = { dtype: 'float64' } as const;
  const attention = new MultiheadAttention(4, 2, float64).eval();
  const rope = new RotaryPositionalEmbeddings(4, { maxSeqLen: 4 });
  const small = { dimFeedforward: 3, ...float64 };
  const models: { readonly [name: string]: (x: Tensor) => unknown } = {
    RNN: (x) => rnn.forward(x),
    LSTM: (x) => lstm.forward(x),
    GRU: (x) => gru.forward(x),
    MultiheadAttention: (x) => attention.forward(x, x, x),
    'MultiheadAttention without weights': (x) => attention.forward(x, x, x, { needWeights: false }),
    TransformerEncoderLayer: (x) => encoder.forward(x),
    TransformerDecoderLayer: (x) => decoder.forward(x, x.mul(2)),
    RotaryPositionalEmbeddings: (x) => rope.forward(x.transpose(0, 1).unsqueeze(2)),
  };
  const rnn = new RNN(4, 3, float64);
  const lstm = new LSTM(4, 3, { numLayers: 2, bidirectional: true, projSize: 2, ...float64 });
  const gru = new GRU(4, 3, float64);
  const encoder = new TransformerEncoderLayer(4, 2, { normFirst: true, ...small }).eval();
  const decoder = new TransformerDecoderLayer(4, 2, small).eval();
  const comparisons = Object.entries(models).map(([name, fn]) => ({
    name,
    fn: fn as Comparison['fn'],
    example: [f(3, 2, 4)],
    runs: [[f(3, 2, 4)], [f(3, 5, 4)]],
    options: { dynamicAxes: { x: { 1: 'batch' } } },
  }));
  const results = await compareAll(comparisons);
  expect(
    results.map((result, i) => [comparisons[i].name, result]).filter(([, r]) => !('difference' in (r as object))),
  ).toEqual([]);
  // ONNX keeps ε in float32
  for (const result of results) expect('difference' in result && result.difference).toBeLessThanOrEqual(1e-6);
});

describe('modules', () => {
  test('keep the names of stateDict, scopes of torch.onnx, and Linear as Gemm', async () => {
    const { graph } = await decoded(new Perception(), [zeros([2, 3], { dtype: 'float64' })], batch);
    expect(graph?.initializer?.map(({ name }) => name)).toEqual([
      'layer1.weight',
      'layer1.bias',
      'head.0.weight',
      'head.0.bias',
    ]);
    expect(graph?.node?.map(({ name, input }) => [name, input])).toEqual([
      ['/layer1/Gemm', ['x', 'layer1.weight', 'layer1.bias']],
      ['/relu/Relu', ['/layer1/Gemm_output_0']],
      ['/head/head.0/Gemm', ['/relu/Relu_output_0', 'head.0.weight', 'head.0.bias']],
      ['/head/head.1/Sigmoid', ['/head/head.0/Gemm_output_0']],
    ]);
    expect(graph?.node?.[0].attribute).toContainEqual(expect.objectContaining({ name: 'transB', i: 1 }));
    expect(graph?.input?.[0].type?.tensorType?.shape?.dim).toMatchObject([{ dimParam: 'batch' }, { dimValue: 3 }]);
    expect(graph?.output?.[0].type?.tensorType?.shape?.dim).toMatchObject([{ dimParam: 'batch' }, { dimValue: 2 }]);
  });

  test('come back in the mode and with the forward they had', async () => {
    const model = new Perception();
    model.head.eval();
    const { forward } = model.layer1;
    const modes: boolean[] = [];
    const handle = model.registerForwardPreHook((module) => void modes.push(module.training));
    await toOnnx(model, [zeros([2, 3], { dtype: 'float64' })]);
    handle.remove();
    expect(modes).toEqual([false]);
    expect(model.training && model.layer1.training).toBe(true);
    expect(model.head.training).toBe(false);
    expect(model.layer1.forward).toBe(forward);
    expect(Object.hasOwn(model.layer1, 'forward')).toBe(false);
  });

  test('give the same bytes each time', async () => {
    manualSeed(1);
    const model = new Perception();
    const [a, b] = [await toOnnx(model, [f(2, 3)], batch), await toOnnx(model, [f(2, 3)], batch)];
    expect(Buffer.from(a).equals(Buffer.from(b))).toBe(true);
  });
});

test('a network of convolutions is made of ops of ONNX, one for each layer, and its dropouts are gone', async () => {
  const model = new Sequential(
    new Conv2d(1, 4, 3, { padding: 'same' }),
    new ReLU(),
    new MaxPool2d(2),
    new Dropout2d(0.25),
    new Conv2d(4, 6, 3, { stride: 2, padding: 1, groups: 2 }),
    new AdaptiveAvgPool2d(2),
    new Flatten(),
    new Dropout(),
    new Linear(24, 10),
  ).eval();
  const { graph } = await decoded(model, [randn([2, 1, 8, 8])], batch);
  const layers = (graph?.node ?? []).map(({ name, opType }) => [name, opType]);
  expect(layers).toEqual([
    ['/0/Conv', 'Conv'],
    ['/1/Relu', 'Relu'],
    ['/2/MaxPool', 'MaxPool'],
    ['/4/Conv', 'Conv'],
    ['/5/AveragePool', 'AveragePool'],
    ['/6/Flatten', 'Flatten'],
    ['/8/Gemm', 'Gemm'],
  ]);
  const [result] = await compareAll([
    {
      name: 'convolutions',
      fn: (x) => model.forward(x),
      example: [randn([2, 1, 8, 8])],
      runs: [1, 7].map((n) => [randn([n, 1, 8, 8])]),
      options: batch,
    },
  ]);
  expect('difference' in result && result.difference).toBeLessThan(1e-6);
});

class TwoOutputs extends Function {
  static forward(_ctx: FunctionContext, x: Tensor, alpha: number): [Tensor, Tensor] {
    return [x.mul(alpha), x.flatten().view([x.shape[0], -1]).add(alpha)];
  }

  static backward(_ctx: FunctionContext, a: Tensor, b: Tensor): (Tensor | null)[] {
    return [a.add(b), null];
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue, alpha: number): SymbolicValue[] {
    return g.op('my.domain::TWO', x, { alpha_f: alpha, mode_s: 'both', axes_i: [0, 1], outputs: 2 });
  }
}

class Standard extends Function {
  static forward(_ctx: FunctionContext, x: Tensor): Tensor {
    return x.clamp(0);
  }

  static backward(_ctx: FunctionContext, g: Tensor): Tensor {
    return g;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue): SymbolicValue {
    return g.op('Relu', x);
  }
}

class NoSymbolic extends Function {
  static forward(_ctx: FunctionContext, x: Tensor): Tensor {
    return x.exp().add(1);
  }

  static backward(_ctx: FunctionContext, g: Tensor): Tensor {
    return g;
  }
}

const doubled = defineOp<Sig<[Tensor]>>({
  name: 'test.doubled',
  infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  body: ([x]) => x.mul(2),
});
defineSymbol(doubled, (g) => g.op('Add', [g.x(), g.x()]));

describe('custom Functions', () => {
  const x = f(2, 6);

  test('have attributes, several outputs and a domain of their own', async () => {
    const two = asFunction(TwoOutputs);
    const proto = await decoded((x: Tensor) => two(x, 2.5), [x], batch);
    const [node] = proto.graph?.node ?? [];
    expect([node.domain, node.opType, node.output]).toEqual(['my.domain', 'TWO', ['y_0', 'y_1']]);
    expect(node.attribute?.map(({ name, f, ints }) => [name, f, ints])).toEqual([
      ['alpha', 2.5, []],
      ['mode', 0, []],
      ['axes', 0, [0, 1]],
    ]);
    expect(proto.functions?.map(({ name, domain }) => [name, domain])).toEqual([['TWO', 'my.domain']]);
    expect(proto.opsetImport).toContainEqual({ domain: 'my.domain', version: 1 });
  });

  test('may write standard ops, or be inlined without symbolic', async () => {
    expect(ops(await decoded((x: Tensor) => Standard.apply(x), [x]))).toEqual(['Relu']);
    expect(ops(await decoded((x: Tensor) => NoSymbolic.apply(x), [x]))).toEqual(['Exp', 'Add']);
    expect(ops(await decoded((x: Tensor) => dispatch(doubled, [x], null), [x]))).toEqual(['Add']);
  });

  test('of two bodies under one name get two functions', async () => {
    // an attribute is a float32: 0.1 can only be a constant of float64
    const two = asFunction(TwoOutputs);
    const proto = await decoded((x: Tensor) => [two(x, 2)[0], two(x, 0.1)[0], two(x, 2)[1]], [x], batch);
    expect(proto.functions?.map(({ name }) => name)).toEqual(['TWO', 'TWO_1']);
  });
});

const programs: Comparison[] = [
  { name: 'Perception', fn: (x) => new Perception().forward(x), example: [f(2, 3)], options: batch },
  {
    name: 'a Function of two outputs',
    fn: (x) => TwoOutputs.apply(x, 2.5),
    example: [f(2, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'two bodies',
    fn: (x) => [TwoOutputs.apply(x, 2)[0], TwoOutputs.apply(x, 3)[0]],
    example: [f(2, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'view with a size',
    fn: (x) =>
      x
        .view([x.shape[0] * 2, 3])
        .add(1)
        .reshape([x.shape[0], -1]),
    example: [f(2, 6)],
    runs: runs(6),
    options: batch,
  },
  { name: 'mean by hand', fn: (x) => x.sum().div(x.numel()), example: [f(2, 6)], runs: runs(6), options: batch },
  { name: 'times 1/n', fn: (x) => x.sum(0).mul(1 / x.shape[0]), example: [f(2, 6)], runs: runs(6), options: batch },
  {
    name: 'zeros of a size',
    fn: (x) => cat([x, x.newZeros([x.shape[0], 2])], 1),
    example: [f(2, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'expand to a size',
    fn: (x) => x.sum(1).unsqueeze(1).expand([x.shape[0], 4]),
    example: [f(1, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'arange of a size',
    fn: (x) =>
      x.mul(
        dispatch(builtinOps.arange, [], {
          start: 0,
          end: x.shape[0],
          step: 1,
          dtype: 'float64',
          device: 'cpu',
        }).unsqueeze(1),
      ),
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  { name: 'last row', fn: (x) => x.select(0, x.shape[0] - 1), example: [f(3, 6)], runs: runs(6), options: batch },
  {
    name: 'all but the last',
    fn: (x) => x.slice(0, 0, x.shape[0] - 1),
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'even rows',
    fn: (x) => x.slice(0, 0, undefined, 2).mul(2),
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'in place through views',
    fn: (x) => {
      const y = x.clone();
      y.select(1, 0).fill_(5);
      y.slice(0, 0, undefined, 2).mul_(3);
      return y.relu_().t();
    },
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'masks',
    fn: (x) => {
      const y = x.clone();
      y.indexPut_([x.lt(0)], 0);
      return y.maskedFill(x.gt(1), 1);
    },
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'batch norm by hand',
    fn: (x) => x.sub(x.mean(0)).div(x.var(0, { correction: 0 }).add(1e-5).sqrt()),
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  { name: 'variance', fn: (x) => x.var(0), example: [f(3, 6)], runs: [[f(2, 6)], [f(64, 6)]], options: batch },
  {
    name: 'two axes',
    fn: (x) => x.reshape([-1]).add(x.shape[0] * x.shape[1]),
    example: [f(3, 6)],
    runs: [[f(1, 1)], [f(7, 2)], [f(5, 64)]],
    options: { dynamicAxes: { x: { 0: 'batch', 1: 'time' } } },
  },
  {
    name: 'attention',
    fn: (q, k) => {
      const [b, t, d] = q.shape;
      const split = (x: Tensor): Tensor => x.view([x.shape[0], x.shape[1], 2, d / 2]).transpose(1, 2);
      const a = split(q).matmul(split(k).transpose(2, 3)).softmax(3);
      return a.matmul(split(k)).transpose(1, 2).reshape([b, t, d]);
    },
    example: [f(2, 3, 4), f(2, 5, 4)],
    runs: [
      [f(1, 1, 4), f(1, 1, 4)],
      [f(3, 7, 4), f(3, 2, 4)],
    ],
    options: { dynamicAxes: { x_0: { 0: 'batch', 1: 'queries' }, x_1: { 0: 'batch', 1: 'keys' } } },
  },
  {
    name: 'outputs that are inputs, parameters and each other',
    fn: (x) => {
      const y = x.relu();
      return [x, constant, y, y, x.detach()];
    },
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
  {
    name: 'one hot and gather',
    fn: (x) => x.gather(1, x.argmax(1, { keepdim: true })),
    example: [f(3, 6)],
    runs: runs(6),
    options: batch,
  },
];
const constant = tensor([1, 2, 3], { dtype: 'float64' });

describe('programs in onnxruntime', () => {
  test('agree in float16', async () => {
    const x = randn([3, 4]).to('float16');
    const [result] = await compareAll([{ name: 'half', fn: (x) => x.mul(2.5).add(1).relu().sum(1), example: [x] }]);
    expect(result).toEqual({ difference: expect.closeTo(0, 2) });
  });

  test('images of any number agree through convolutions and pooling', async () => {
    // onnxruntime has no float64 kernels for these
    const g = (...shape: number[]): Tensor => randn(shape);
    const [weight, bias, back] = [g(6, 3, 3, 3), g(6), g(6, 2, 2, 2)];
    const net = (x: Tensor): Tensor =>
      convTranspose2d(
        maxPool2d(conv2d(x, weight, bias, { padding: 1, stride: 2 }).relu(), 2, { ceilMode: true }),
        back,
        null,
        { stride: 2 },
      );
    const [result] = await compareAll([
      {
        name: 'images',
        fn: net,
        example: [g(2, 3, 9, 8)],
        runs: [1, 2, 7].map((n) => [g(n, 3, 9, 8)]),
        options: batch,
      },
    ]);
    expect(result).toEqual({ difference: expect.closeTo(0, 5) });
  });

  test.each([11, 13, 18, 21])('agree at opset %i, at several sizes of every dynamic axis', async (opsetVersion) => {
    const model = new Perception();
    const wanted = programs.map((c) => ({
      ...c,
      ...(c.name === 'Perception' ? { fn: (x: Tensor) => model.forward(x), runs: runs(3) } : {}),
      options: { ...c.options, opsetVersion },
    }));
    const results = await compareAll(wanted);
    const bad = results.flatMap((result, k) =>
      'error' in result || result.difference > 1e-12 ? [`${wanted[k].name}: ${JSON.stringify(result)}`] : [],
    );
    expect(bad).toEqual([]);
  });
});
