/** What layers look like in a viewer: the nodes of their files, at opset 18 and where another opset has another form. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext } from '@tenfold/autograd';
import {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose2d,
  CrossEntropyLoss,
  Dropout,
  Embedding,
  Flatten,
  GELU,
  GRU,
  GroupNorm,
  Hardswish,
  InstanceNorm2d,
  LayerNorm,
  LeakyReLU,
  Linear,
  LocalResponseNorm,
  LSTM,
  LSTMCell,
  MaxPool2d,
  Mish,
  Module,
  NLLLoss,
  PixelShuffle,
  PReLU,
  ReflectionPad2d,
  ReLU,
  RMSNorm,
  RNN,
  Sequential,
  Softmax,
  Upsample,
} from '@tenfold/nn';
import { weightNorm } from '@tenfold/nn/utils';
import { ModelProto } from '@tenfold/onnx-model';
import { ones, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import type { SymbolicGraph, SymbolicValue } from './custom.ts';
import { toOnnx } from './export.ts';
import { compareAll } from './testing.ts';

const image = zeros([2, 4, 6, 6]);
const sequence = zeros([5, 2, 3]);
const classes = tensor([0, 2], { dtype: 'int64' });

type Nodes = { readonly [opset: number]: string };

/** A layer, its inputs, and its nodes by the opset from which on they are these. */
const layers: readonly (readonly [name: string, layer: Module, inputs: readonly Tensor[], nodes: Nodes])[] = [
  ['Linear', new Linear(3, 2), [zeros([2, 3])], { 11: 'Gemm' }],
  ['Linear of three dims', new Linear(3, 2), [sequence], { 11: 'MatMul Add' }],
  ['Linear without bias', new Linear(3, 2, { bias: false }), [zeros([2, 3])], { 11: 'MatMul' }],
  ['Conv1d', new Conv1d(4, 2, 3), [zeros([2, 4, 6])], { 11: 'Conv' }],
  ['Conv2d', new Conv2d(4, 2, 3, { stride: 2, padding: 1 }), [image], { 11: 'Conv' }],
  ['Conv2d, same size', new Conv2d(4, 4, 3, { padding: 'same', groups: 2, bias: false }), [image], { 11: 'Conv' }],
  ['Conv3d', new Conv3d(4, 2, 1), [zeros([2, 4, 3, 3, 3])], { 11: 'Conv' }],
  ['ConvTranspose2d', new ConvTranspose2d(4, 2, 3, { stride: 2, outputPadding: 1 }), [image], { 11: 'ConvTranspose' }],
  ['BatchNorm2d', new BatchNorm2d(4), [image], { 11: 'BatchNormalization' }],
  ['InstanceNorm2d', new InstanceNorm2d(4, { affine: true }), [image], { 11: 'InstanceNormalization' }],
  [
    'GroupNorm',
    new GroupNorm(2, 4),
    [image],
    { 11: 'Reshape InstanceNormalization Reshape Mul Add', 21: 'GroupNormalization' },
  ],
  [
    'LayerNorm',
    new LayerNorm(3),
    [sequence],
    { 11: 'ReduceMean Sub Mul ReduceMean Add Sqrt Reciprocal Mul Mul Add', 17: 'LayerNormalization' },
  ],
  ['RMSNorm', new RMSNorm(3), [sequence], { 23: 'RMSNormalization' }],
  ['LocalResponseNorm', new LocalResponseNorm(3), [image], { 11: 'LRN' }],
  ['MaxPool2d', new MaxPool2d(2), [image], { 11: 'MaxPool' }],
  ['AvgPool2d', new AvgPool2d(2), [image], { 11: 'AveragePool' }],
  ['AdaptiveAvgPool2d of 1', new AdaptiveAvgPool2d(1), [image], { 11: 'GlobalAveragePool' }],
  ['AdaptiveMaxPool2d of 1', new AdaptiveMaxPool2d(1), [image], { 11: 'GlobalMaxPool' }],
  ['AdaptiveAvgPool2d of a divisor', new AdaptiveAvgPool2d(3), [image], { 11: 'AveragePool' }],
  ['RNN', new RNN(3, 4, { nonlinearity: 'relu' }), [sequence], { 11: 'RNN Squeeze' }],
  ['LSTM', new LSTM(3, 4), [sequence], { 11: 'LSTM Squeeze' }],
  ['GRU', new GRU(3, 4), [sequence], { 11: 'GRU Squeeze' }],
  ['LSTM in both directions', new LSTM(3, 4, { bidirectional: true }), [sequence], { 11: 'LSTM Transpose Reshape' }],
  [
    'LSTM of two layers',
    new LSTM(3, 4, { numLayers: 2 }),
    [sequence],
    { 11: 'LSTM Squeeze LSTM Squeeze Concat Concat' },
  ],
  ['GRU of batches first', new GRU(3, 4, { batchFirst: true }), [sequence], { 11: 'Transpose GRU Squeeze Transpose' }],
  ['GRU of a state', new GRU(3, 4), [sequence, zeros([1, 2, 4])], { 11: 'GRU Squeeze' }],
  ['LSTM with projections', new LSTM(3, 4, { projSize: 2 }), [sequence], { 11: 'Scan Unsqueeze Unsqueeze' }],
  ['LSTM in float64', new LSTM(3, 4, { dtype: 'float64' }), [sequence.double()], { 11: 'Scan Unsqueeze Unsqueeze' }],
  ['Embedding', new Embedding(5, 3), [classes.unsqueeze(0)], { 11: 'Gather' }],
  ['PReLU', new PReLU(4), [image], { 11: 'PRelu' }],
  ['ReLU', new ReLU(), [image], { 11: 'Relu' }],
  ['LeakyReLU', new LeakyReLU(), [image], { 11: 'LeakyRelu' }],
  ['GELU', new GELU(), [image], { 20: 'Gelu' }],
  ['Hardswish', new Hardswish(), [image], { 14: 'HardSwish' }],
  ['Mish', new Mish(), [image], { 18: 'Mish' }],
  ['Softmax', new Softmax(1), [image], { 13: 'Softmax' }],
  ['Softmax of the last dim', new Softmax(-1), [image], { 11: 'Softmax' }],
  ['Flatten', new Flatten(), [image], { 11: 'Flatten' }],
  ['PixelShuffle', new PixelShuffle(2), [image], { 11: 'DepthToSpace' }],
  ['Upsample', new Upsample({ scaleFactor: 2 }), [image], { 11: 'Resize' }],
  ['ReflectionPad2d', new ReflectionPad2d(1), [image], { 11: 'Pad' }],
  ['NLLLoss', new NLLLoss(), [zeros([2, 3]), classes], { 12: 'NegativeLogLikelihoodLoss' }],
  ['CrossEntropyLoss', new CrossEntropyLoss(), [zeros([2, 3]), classes], { 12: 'SoftmaxCrossEntropyLoss' }],
  ['dropouts are gone', new Sequential(new Dropout(), new ReLU(), new Dropout()), [image], { 11: 'Relu' }],
];

const nodesOf = async (layer: Module, inputs: readonly Tensor[], opsetVersion: number): Promise<string> => {
  const { graph } = ModelProto.decode(await toOnnx(layer as never, inputs, { opsetVersion }));
  return (graph?.node ?? []).flatMap(({ opType = '' }) => (opType === 'Constant' ? [] : [opType])).join(' ');
};

test.each(layers)('%s', async (_, layer, inputs, nodes) => {
  for (const [opset, text] of Object.entries(nodes).map(([key, value]) => [Number(key), value] as const)) {
    const until =
      Object.keys(nodes)
        .map(Number)
        .find((other) => other > opset) ?? 24;
    for (const at of [opset, 18, until - 1])
      if (at >= opset && at < until) expect([at, await nodesOf(layer, inputs, at)]).toEqual([at, text]);
  }
});

class Double extends Module {
  readonly layer = new GRU(3, 4);
  forward(x: Tensor): Tensor {
    return this.layer.forward(this.layer.forward(x)[0].narrow(2, 0, 3))[0];
  }
}

test('weights that are laid out anew are initialisers: one for each layer, whose own leave the file', async () => {
  const { graph } = ModelProto.decode(await toOnnx(new Double(), [sequence]));
  expect(graph?.initializer?.map(({ name, dims }) => [name, ...(dims ?? [])].join())).toEqual([
    'layer.W_l0,1,12,3',
    'layer.R_l0,1,12,4',
    'layer.B_l0,1,24',
  ]);
  expect(graph?.node?.filter(({ opType }) => opType === 'GRU').map(({ input }) => input?.slice(1))).toEqual([
    ['layer.W_l0', 'layer.R_l0', 'layer.B_l0'],
    ['layer.W_l0', 'layer.R_l0', 'layer.B_l0'],
  ]);
});

const gru = new GRU(3, 4);

class OwnGru extends Function {
  static forward(_: FunctionContext, x: Tensor): Tensor {
    return gru.forward(x)[0];
  }
  static backward(_: FunctionContext, grad: Tensor): Tensor {
    return grad;
  }
  static symbolic(g: SymbolicGraph, x: SymbolicValue): SymbolicValue {
    return g.op('OwnGru', x);
  }
}

test('a recurrent layer takes sequences of any length and computed weights, and goes into the body of a function', async () => {
  const lstm = new LSTM(3, 4, { bidirectional: true });
  const runs = [
    [5, 2],
    [1, 3],
    [17, 1],
  ].map(([length, batch]) => [randn([length, batch, 3])]);
  const given = { inputNames: ['x'], dynamicAxes: { x: { 0: 'time', 1: 'batch' } } };
  // its weight is a product in the graph
  const computed = weightNorm(new LSTM(3, 4, { bidirectional: true }), 'weight_hh_l0_reverse');
  const results = await compareAll(
    [(x: Tensor) => lstm.forward(x), (x: Tensor) => computed.forward(x), (x: Tensor) => OwnGru.apply(x)].map(
      (fn, k) => ({
        name: `${k}`,
        fn,
        example: runs[0],
        runs,
        options: given,
      }),
    ),
  );
  for (const result of results) {
    expect(result).toHaveProperty('difference');
    expect('difference' in result && result.difference).toBeLessThanOrEqual(1e-5);
  }
});

test('one step is what cells are', async () => {
  expect(await nodesOf(new LSTMCell(3, 4), [ones([2, 3])], 18)).toMatch(/^(?!.*(LSTM|Scan)).*Gemm/);
});
