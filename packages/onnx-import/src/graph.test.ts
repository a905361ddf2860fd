/** What a graph may consist of: names, constants, weights, functions, custom ops, control flow. Models are written down as nodes. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext, noGrad } from '@tenfold/autograd';
import { nullBackend } from '@tenfold/backend-testkit/null';
import { deepcopy } from '@tenfold/nn';
import { toOnnx } from '@tenfold/onnx-export';
import {
  memory,
  OnnxExportError,
  OnnxModelError,
  registerBackend,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { importModel } from './load.ts';
import type { OnnxModule } from './module.ts';
import { constant, functionOf, graphOf, modelOf } from './testing.ts';

const f64 = { dtype: 'float64' } as const;
const run = (model: OnnxModule<unknown>, ...inputs: Tensor[]): unknown => {
  const result = model.forward(...inputs) as Tensor | Tensor[];
  return Array.isArray(result) ? result.map((x) => x.toArraySync()) : result.toArraySync();
};

describe('initialisers', () => {
  const scaled = (names: readonly string[], irVersion = 8, inputs = 'x: float64[2]') =>
    modelOf(
      {
        inputs,
        outputs: 'y: float64[2]',
        nodes: names.map((name, i) => [
          'Mul',
          `${i ? `v${i}` : 'x'} ${name}`,
          i === names.length - 1 ? 'y' : `v${i + 1}`,
        ]),
        initializers: [...new Set(names)].map((name) => constant('float64', [2, 3], [2], name)),
      },
      { irVersion },
    );

  test('keep their names, whatever is in them', () => {
    const names = [
      'fc1.weight',
      'fc1.bias',
      '/model/fc1/w:0',
      'onnx::MatMul_7',
      '0.weight',
      '1',
      'a b'.replace(' ', '-'),
    ];
    const model = importModel(scaled(names));
    expect(Object.keys(model.stateDict()).sort()).toEqual([...names].sort());
    expect(
      model
        .namedParameters()
        .map(([name]) => name)
        .sort(),
    ).toEqual([...names].sort());
    expect(model.getParameter('fc1.weight').toArraySync()).toEqual([2, 3]);
    model.getSubmodule('fc1').requiresGrad_(false);
    expect(model.parameters().filter((x) => x.requiresGrad)).toHaveLength(names.length - 2);
  });

  test('get an underscore where the name is one of a module', () => {
    const names = ['training', 'to', 'a', 'a.b', 'c..d', '.e', 'forward.x', '__proto__'];
    const model = importModel(scaled(names));
    const keys = ['training_', 'to_', 'a', 'a_.b', 'c._.d', '_.e', 'forward_.x', '__proto___'];
    expect(Object.keys(model.stateDict()).sort()).toEqual(keys.sort());
    expect(run(model, tensor([1, 1], f64))).toEqual([2 ** 8, 3 ** 8]);
    expect(model.training).toBe(false);
  });

  test('that are used twice are one parameter', () => {
    const model = importModel(scaled(['w', 'w']));
    expect(model.parameters()).toHaveLength(1);
    const x = tensor([5, 7], f64);
    model.forward(x).sum().backward();
    // d(x·w²)/dw = 2·x·w
    expect(model.getParameter('w').grad?.toArraySync()).toEqual([20, 42]);
  });

  test('are inputs, too, in files of IR version 3, and can be replaced by name', () => {
    const model = importModel(scaled(['w'], 3, 'x: float64[2]; w: float64[2]'));
    expect(model.inputNames).toEqual(['x']);
    const x = tensor([5, 7], f64);
    expect(run(model, x)).toEqual([10, 21]);
    expect(model.forward({ x, w: tensor([1, 0], f64) }).toArraySync()).toEqual([5, 0]);
    expect(run(model, x)).toEqual([10, 21]);
    expect(() => model.forward({ x, w: zeros([3], f64) })).toThrow("input 'w' must be of shape [2], got [3]");
  });

  test('are buffers if they are statistics, settings or integers, or if trainable says so', () => {
    const file = modelOf({
      inputs: 'x: float64[2, 3]',
      outputs: 'y: float64[?, ?]',
      nodes: [
        ['Clip', 'x low', 'a'],
        ['Mul', 'a w', 'b'],
        ['Reshape', 'b shape', 'y'],
      ],
      initializers: [
        constant('float64', [0.5], [], 'low'),
        constant('float64', [1, 2, 3], [3], 'w'),
        constant('int64', [3, -1], [2], 'shape'),
      ],
    });
    const rows = {
      Clip: (c: { x(i: number): Tensor; hostNumber(i: number): number }) => c.x(0).clamp(c.hostNumber(1)),
    };
    const model = importModel(file, { ops: rows });
    expect(model.namedParameters().map(([name]) => name)).toEqual(['w']);
    expect(model.namedBuffers().map(([name]) => name)).toEqual(['low', 'shape']);
    expect(importModel(file, { ops: rows, trainable: false }).parameters()).toEqual([]);
    expect(importModel(file, { ops: rows, trainable: (name) => name !== 'w' }).parameters()).toEqual([]);
    const x = tensor(
      [
        [1, 1, 1],
        [0, 0, 0],
      ],
      f64,
    );
    expect(run(model, x)).toEqual([
      [1, 2],
      [3, 0.5],
      [1, 1.5],
    ]);
    // what is loaded counts, also for shapes
    model.loadStateDict({ low: tensor(2, f64), w: tensor([1, 1, 1], f64), shape: tensor([2, -1], { dtype: 'int64' }) });
    expect(run(model, x)).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
    const copy = deepcopy(model);
    model.getBuffer('shape').copy_(tensor([6, 1], { dtype: 'int64' }));
    expect((run(model, x) as unknown[]).length).toBe(6);
    expect(run(copy, x)).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
    expect(copy.getParameter('w')).not.toBe(model.getParameter('w'));
  });

  test('go with the module to another float dtype, constants and casts with them', () => {
    const model = importModel(
      modelOf({
        inputs: 'x: float32[2]',
        outputs: 'y: float32[2]',
        nodes: [
          ['Constant', '', 'third', { value: constant('float32', [1 / 4], [1]) }],
          ['Mul', 'x w', 'a'],
          ['Add', 'a third', 'y'],
        ],
        initializers: [constant('float32', [2, 3], [2], 'w')],
      }),
    );
    expect(model.forward(tensor([1, 1])).dtype).toBe('float32');
    model.double();
    expect(model.forward(tensor([1, 1], f64)).dtype).toBe('float64');
    expect(run(model, tensor([1, 1], f64))).toEqual([2.25, 3.25]);
    expect(() => model.forward(tensor([1, 1]))).toThrow(
      "input 'x' must be float64, got float32; cast it: x.to('float64')",
    );
  });
});

describe('forward', () => {
  const file = modelOf({
    inputs: 'a: float64[n, 2]; b: float64[n, m]',
    outputs: 'sum: float64[n, 2]; b2: float64[n, m]',
    nodes: [
      ['Relu', 'a', 'sum'],
      ['Add', 'b b', 'b2'],
    ],
  });
  const [a, b] = [tensor([[1, -2]], f64), tensor([[1, 2, 3]], f64)];

  test('takes tensors in order or by name, and gives a list or a record', () => {
    const model = importModel<Tensor[]>(file);
    expect(model.inputNames).toEqual(['a', 'b']);
    expect(model.outputNames).toEqual(['sum', 'b2']);
    expect(run(model, a, b)).toEqual([[[1, 0]], [[2, 4, 6]]]);
    expect(model.forward({ b, a }).map((x) => x.toArraySync())).toEqual([[[1, 0]], [[2, 4, 6]]]);
    const record = importModel<Record<string, Tensor>>(file, { outputs: 'record' }).forward(a, b);
    expect(Object.keys(record)).toEqual(['sum', 'b2']);
    expect(String(model)).toBe(
      'OnnxModule(test(a: float64[n, 2], b: float64[n, m]) -> (sum: float64[n, 2], b2: float64[n, m]), 2 nodes)',
    );
  });

  test('refuses what the file does not take', () => {
    const model = importModel(file);
    const expected = 'expected 2 inputs (a: float64[n, 2]; b: float64[n, m])';
    const cases: [() => unknown, string][] = [
      [() => model.forward(a), `forward: ${expected}, got 1`],
      [() => model.forward(a, 3 as never), "forward: input 'b' must be a tensor (b: float64[n, m]), got number 3"],
      [
        () => model.forward(a, b.to('float32')),
        "forward: input 'b' must be float64, got float32; cast it: x.to('float64')",
      ],
      [() => model.forward(b, b), "forward: input 'a' must be of shape [n, 2], got [1, 3]"],
      [
        () => model.forward(a, zeros([2, 2], f64)),
        "forward: 'n' is 1 in axis 0 of input 'a', but 2 in axis 0 of input 'b'; axes of one name have one size",
      ],
      [() => model.forward({ a }), `forward: input 'b' is missing; ${expected}`],
      [() => model.forward({ a, b, c: a }), `forward: there is no input 'c'; ${expected}`],
    ];
    for (const [call, message] of cases) {
      expect(call).toThrow(OnnxModelError);
      expect(call).toThrow(message);
    }
  });
});

describe('constants', () => {
  test('stand in all their forms', () => {
    const model = importModel<Tensor[]>(
      modelOf({
        outputs: 'a: float32[]; b: float32[2]; c: int64[]; d: int64[2]; e: float64[1, 2]',
        nodes: [
          ['Constant', '', 'a', { value_float: 0.5 }],
          ['Constant', '', 'c', { value_int: 7 }],
          ['Constant', '', 'd', { value_ints: [1, 2] }],
          ['Constant', '', 'e', { value: constant('float64', [3, 4], [1, 2]) }],
          ['Identity', 'a', 'b'],
        ],
      }),
    );
    const dtypes = model.forward().map((x) => x.dtype);
    expect(dtypes).toEqual(['float32', 'float32', 'int64', 'int64', 'float64']);
    expect(run(model)).toEqual([0.5, 0.5, 7, [1, 2], [[3, 4]]]);
    expect(model.extraRepr()).toContain(', 0 nodes');
  });

  test('of strings and sparse tensors are refused', () => {
    const bad = modelOf({ outputs: 'y: float32[]', nodes: [['Constant', '', 'y', { value_string: 'text' }]] });
    expect(() => importModel(bad)).toThrow(
      "node 'y' (Constant): only tensors, numbers and lists of numbers can be constants",
    );
  });
});

describe('functions', () => {
  const scale = functionOf('my.domain', 'Scale', {
    inputs: 'x w',
    outputs: 'y',
    attributes: ['factor'],
    defaults: { offset: constant('float64', [10], []) },
    nodes: [
      ['Constant', '', 'f', { value: '$factor' }],
      ['Constant', '', 'o', { value: '$offset' }],
      ['Mul', 'x f', 'a'],
      ['Mul', 'a w', 'b'],
      ['Add', 'b o', 'y'],
    ],
  });
  const twice = functionOf('my.domain', 'Twice', {
    inputs: 'x w',
    outputs: 'y',
    attributes: ['times'],
    imports: { '': 18, 'my.domain': 1 },
    nodes: [
      ['my.domain::Scale', 'x w', 'a', { factor: '$times' }],
      ['my.domain::Scale', 'a w', 'y', { factor: '$times', offset: constant('float64', [0], []) }],
    ],
  });
  const file = modelOf(
    {
      inputs: 'x: float64[2]',
      outputs: 'y: float64[2]',
      nodes: [['my.domain::Twice', 'x w', 'y', { times: constant('float64', [2], []) }]],
      initializers: [constant('float64', [1, 3], [2], 'w')],
    },
    { imports: { 'my.domain': 1 }, functions: [scale, twice] },
  );

  test('take attributes by reference, have defaults, and call others', () => {
    const model = importModel(file);
    // (2·x·w + 10)·2·w
    expect(run(model, tensor([1, 1], f64))).toEqual([24, 96]);
    expect(model.parameters()).toHaveLength(1);
    model
      .forward(tensor([1, 1], f64))
      .sum()
      .backward();
    // 8·x·w + 20
    expect(model.getParameter('w').grad?.toArraySync()).toEqual([28, 44]);
  });

  test('that call themselves are refused', () => {
    const loop = functionOf('my.domain', 'Loop', {
      inputs: 'x',
      outputs: 'y',
      nodes: [['my.domain::Loop', 'x', 'y']],
      imports: { '': 18, 'my.domain': 1 },
    });
    const nodes = [['my.domain::Loop', 'x', 'y']] as const;
    const model = modelOf(
      { inputs: 'x: float64[2]', outputs: 'y: float64[2]', nodes },
      { functions: [loop], imports: { 'my.domain': 1 } },
    );
    expect(() => importModel(model)).toThrow("function 'my.domain::Loop' calls itself");
  });

  test('that call one another many times are refused before they fill the memory', () => {
    const double = (i: number) =>
      functionOf('d', `F${i}`, {
        inputs: 'x',
        outputs: 'y',
        nodes:
          i === 0
            ? [['Relu', 'x', 'y']]
            : [
                [`d::F${i - 1}`, 'x', 'a'],
                [`d::F${i - 1}`, 'a', 'y'],
              ],
        imports: { '': 18, d: 1 },
      });
    const functions = Array.from({ length: 40 }, (_, i) => double(i));
    const model = modelOf(
      { inputs: 'x: float64[2]', outputs: 'y: float64[2]', nodes: [['d::F39', 'x', 'y']] },
      { functions, imports: { d: 1 } },
    );
    expect(() => importModel(model)).toThrow('the model has more than');
  });

  test('give way to rows and Functions of the caller', () => {
    class Negative extends Function {
      static forward(_ctx: FunctionContext, x: Tensor, w: Tensor, attributes: { readonly times: unknown }): Tensor {
        expect(Object.keys(attributes)).toEqual(['times']);
        return x.mul(w).neg();
      }
      static backward(_ctx: FunctionContext, grad: Tensor): Tensor[] {
        return [grad, grad.mul(100)];
      }
    }
    const model = importModel(file, { ops: { 'my.domain::Twice': Negative } });
    expect(run(model, tensor([1, 2], f64))).toEqual([-1, -6]);
    model
      .forward(tensor([1, 2], f64))
      .sum()
      .backward();
    expect(model.getParameter('w').grad?.toArraySync()).toEqual([100, 100]);
    const row = importModel(file, {
      ops: { 'my.domain::Twice': (c) => c.x(0).add(c.tensor('times').numbers?.[0] ?? 0) },
    });
    expect(run(row, tensor([1, 2], f64))).toEqual([3, 4]);
  });
});

test('unknown ops are named all at once', () => {
  const file = modelOf(
    {
      inputs: 'x: float64[2]',
      outputs: 'y: float64[2]',
      nodes: [
        ['Frobnicate', 'x', 'a'],
        ['my.domain::Op', 'a', 'b'],
        ['Frobnicate', 'b', 'y'],
      ],
    },
    { imports: { 'my.domain': 1 } },
  );
  expect(() => importModel(file)).toThrow(
    "the model has ops that are not known here: Frobnicate (node 'a' (Frobnicate)), my.domain::Op (node 'b' (Op)); give loadOnnx the option ops: { 'Frobnicate': (c) => … }",
  );
});

test('a graph that is not well-formed is refused', () => {
  const io = { inputs: 'x: float64[2]', outputs: 'y: float64[2]' };
  const cases: [Parameters<typeof modelOf>, string][] = [
    [
      [{ ...io, nodes: [['Relu', 'z', 'y']] }],
      "graph 'test': node 'y' (Relu) reads 'z', which is not computed before it",
    ],
    [[{ ...io, nodes: [['Relu', 'x', 'x']] }], "the name 'x' stands for two values"],
    [[{ ...io, nodes: [['Relu', 'x', 'z']] }], "output 'y' is never computed"],
    [[{ ...io, nodes: [['my.domain::Relu', 'x', 'y']] }], "is of domain 'my.domain', which is not imported"],
    [[{ ...io, nodes: [['', 'x', 'y']] }], 'has no op'],
    [[{ ...io, nodes: [['Relu', 'x', 'y']] }, { opset: 99 }], 'the model is of opset 99'],
    [
      [{ ...io, nodes: [['Constant', '', 'y', { value: '$other' }]] }],
      "refers to attribute 'other', but stands in no function",
    ],
  ];
  for (const [args, message] of cases) {
    expect(() => importModel(modelOf(...args)), message).toThrow(OnnxModelError);
    expect(() => importModel(modelOf(...args))).toThrow(message);
  }
  const later = importModel(modelOf({ ...io, nodes: [['Relu', 'x', 'y']] }, { opset: 99 }), { strict: false });
  expect(later.outputNames).toEqual(['y']);
});

describe('control flow', () => {
  test('If reads its condition, and its branches the graph around', async () => {
    const branch = (op: string) => graphOf({ outputs: 'z: float64[2]', nodes: [[op, 'x w', 'z']] });
    const model = importModel(
      modelOf({
        inputs: 'x: float64[2]; go: bool[]',
        outputs: 'y: float64[2]',
        nodes: [['If', 'go', 'y', { then_branch: branch('Add'), else_branch: branch('Mul') }]],
        initializers: [constant('float64', [10, 20], [2], 'w')],
      }),
    );
    const x = tensor([1, 2], f64);
    expect(run(model, x, tensor(true))).toEqual([11, 22]);
    expect(run(model, x, tensor(false))).toEqual([10, 40]);
    const exported = toOnnx(model, [x, tensor(true)]);
    await expect(exported).rejects.toThrow(OnnxExportError);
    await expect(exported).rejects.toThrow("node 'y' (If): a value of shape [] is read while the model is traced");
    expect(model.parameters()).toHaveLength(1);
  });

  const power = (trips: string) =>
    modelOf({
      inputs: 'x: float64[2]; n: int64[]',
      outputs: 'last: float64[2]; all: float64[?, 2]',
      nodes: [
        ['Constant', '', 'one', { value: constant('float64', [1, 1], [2]) }],
        [
          'Loop',
          `${trips} - one`,
          'last all',
          {
            body: graphOf({
              inputs: 'i: int64[]; go: bool[]; v: float64[2]',
              outputs: 'again: bool[]; next: float64[2]; scan: float64[2]',
              nodes: [
                ['Identity', 'go', 'again'],
                ['Mul', 'v x', 'a'],
                ['Mul', 'a w', 'next'],
                ['Identity', 'next', 'scan'],
              ],
            }),
          },
        ],
      ],
      initializers: [constant('float64', [1, 1], [2], 'w')],
    });

  test('Loop carries values and collects others', () => {
    const model = importModel<[Tensor, Tensor]>(power('n'));
    const x = tensor([2, 3], f64);
    const n = (trips: number) => tensor(trips, { dtype: 'int64' });
    expect(run(model, x, n(3))).toEqual([
      [8, 27],
      [
        [2, 3],
        [4, 9],
        [8, 27],
      ],
    ]);
    expect(run(model, x, n(0))).toEqual([[1, 1], []]);
    expect(model.forward(x, n(0))[1].shape).toEqual([0, 2]);
    model.forward(x, n(3))[0].sum().backward();
    // d(x³w³)/dw
    expect(model.getParameter('w').grad?.toArraySync()).toEqual([24, 81]);
    expect(() => importModel(power('n'), { maxTrips: 10 }).forward(x, n(11))).toThrow('takes more than 10 turns');
  });

  test('Scan runs over slices', () => {
    const model = importModel(
      modelOf({
        inputs: 'x: float64[3, 2]',
        outputs: 'total: float64[2]; sums: float64[3, 2]',
        nodes: [
          ['Constant', '', 'zero', { value: constant('float64', [0, 0], [2]) }],
          [
            'Scan',
            'zero x',
            'total sums',
            {
              num_scan_inputs: 1,
              scan_input_directions: [1],
              body: graphOf({
                inputs: 's: float64[2]; e: float64[2]',
                outputs: 't: float64[2]; u: float64[2]',
                nodes: [
                  ['Add', 's e', 't'],
                  ['Identity', 't', 'u'],
                ],
              }),
            },
          ],
        ],
      }),
    );
    expect(
      run(
        model,
        tensor(
          [
            [1, 10],
            [2, 20],
            [3, 30],
          ],
          f64,
        ),
      ),
    ).toEqual([
      [6, 60],
      [
        [3, 30],
        [5, 50],
        [6, 60],
      ],
    ]);
  });
});

describe('memory', () => {
  const MiB = 2 ** 20;
  const chain = Array.from(
    { length: 30 },
    (_, i) => [i % 2 ? 'Relu' : 'Neg', i ? `v${i}` : 'x', i === 29 ? 'y' : `v${i + 1}`] as const,
  );
  const file = modelOf({
    inputs: 'x: float32[512, 512]; n: int64[]',
    outputs: 'y: float32[512, 512]; z: float32[512, 512]; shape: int64[2]',
    nodes: [
      ...chain,
      ['Shape', 'y', 'shape'],
      ['Reshape', 'x shape', 'same'],
      ['Constant', '', 'times', { value_int: 50 }],
      [
        'Loop',
        'times - same',
        'z',
        {
          body: graphOf({
            inputs: 'i: int64[]; go: bool[]; v: float32[512, 512]',
            outputs: 'again: bool[]; next: float32[512, 512]',
            nodes: [
              ['Identity', 'go', 'again'],
              ['Exp', 'v', 'a'],
              ['Mul', 'a y', 'next'],
            ],
          }),
        },
      ],
    ],
  });

  test('of a value goes when nobody reads it any more, and nothing is read', () => {
    registerBackend(nullBackend());
    const model = importModel<Tensor[]>(file, { device: 'null' });
    const x = zeros([512, 512], { device: 'null' });
    const n = zeros([], { dtype: 'int64', device: 'null' });
    const before = memory().null;
    const outputs = noGrad(() => model.forward(x, n));
    expect(outputs.map(({ shape }) => shape)).toEqual([[512, 512], [512, 512], [2]]);
    // y, what a turn of the loop was given, and the two that it makes
    expect(memory().null.peakBytes - before.bytes).toBeLessThanOrEqual(4 * MiB + 1024);
    expect(memory().null.bytes - before.bytes).toBeLessThanOrEqual(2 * MiB + 1024);
    for (const output of outputs) output.dispose();
    expect(memory().null.bytes).toBe(before.bytes);
    expect(x.isDisposed).toBe(false);
  });
});
