import { OnnxModelError } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { checkModel } from './check.ts';
import { checkOperators, unusedValues } from './check-operators.ts';
import { toDot } from './dot.ts';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  ValueInfoProto,
} from './generated/onnx.ts';

const info = (name: string, elemType = 1): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: [{ dimParam: 'n' }, {}] } } },
});

const relu: NodeProto = { opType: 'Relu', name: 'r', input: ['x'], output: ['y'] };
const modelOf = (graph: GraphProto, more: ModelProto = {}): ModelProto => ({
  irVersion: 8,
  opsetImport: [{ domain: '', version: 18 }],
  graph: { input: [info('x')], output: [info('y')], ...graph },
  ...more,
});
const withAttribute = (x: AttributeProto): ModelProto => modelOf({ node: [{ ...relu, attribute: [x] }] });
const withFunctions = (...functions: FunctionProto[]): ModelProto =>
  modelOf(
    { node: [relu] },
    {
      functions: functions.map((f) => ({
        domain: 'd',
        opsetImport: [
          { domain: '', version: 18 },
          { domain: 'd', version: 1 },
        ],
        ...f,
      })),
    },
  );

test.each<[string, ModelProto]>([
  ['a node', modelOf({ node: [relu] })],
  [
    'nodes without names',
    modelOf({
      node: [
        { opType: 'Neg', input: ['x'], output: ['h'] },
        { opType: 'Neg', input: ['h'], output: ['y'] },
      ],
    }),
  ],
  ['results without names', modelOf({ node: [{ opType: 'LSTM', input: ['x', 'x', 'x'], output: ['', 'y', ''] }] })],
  ['the long name of the domain', modelOf({ node: [{ ...relu, domain: 'ai.onnx' }] })],
  [
    'types that only ONNX has',
    modelOf({
      node: [relu],
      valueInfo: [
        info('u', 13),
        info('f8', 17),
        { name: 's', type: { sequenceType: { elemType: { tensorType: { elemType: 8 } } } } },
      ],
    }),
  ],
  [
    "a runtime's own op",
    modelOf(
      {
        node: [
          { ...relu, domain: 'com.microsoft', output: ['h'] },
          { ...relu, name: 's', input: ['h'] },
        ],
      },
      { opsetImport: [{ version: 18 }, { domain: 'com.microsoft', version: 1 }] },
    ),
  ],
  [
    'functions that call each other in turn',
    withFunctions(
      { name: 'F', input: ['a'], output: ['b'], node: [{ domain: 'd', opType: 'G', input: ['a'], output: ['b'] }] },
      { name: 'G', input: ['a'], output: ['b'], node: [{ opType: 'Neg', input: ['a'], output: ['b'] }] },
    ),
  ],
])('%s: sound', (_, model) => {
  expect(() => checkModel(model)).not.toThrow();
});

test.each<[string, ModelProto, string]>([
  ['an attribute without a type', withAttribute({ name: 'a' }), "node 'r' (Relu): attribute 'a' is of type 0"],
  ['an attribute without a name', withAttribute({ type: 2, i: 1 }), "node 'r' (Relu) has an attribute without a name"],
  ['an attribute without its tensor', withAttribute({ name: 'a', type: 4 }), "attribute 'a' has no value"],
  [
    'a reference outside of a function',
    withAttribute({ name: 'a', type: 2, refAttrName: 'b' }),
    "refers to 'b', outside of a function",
  ],
  [
    'a tensor of a node that is too short',
    withAttribute({ name: 'a', type: 4, t: { dims: [2], dataType: 1, rawData: new Uint8Array(4) } }),
    'has 1 elements',
  ],
  [
    'an initializer of no type',
    modelOf({ node: [relu], initializer: [{ name: 'w', dims: [1] }] }),
    "tensor 'w' is of element type 0",
  ],
  ['an unknown element type', modelOf({ node: [relu], valueInfo: [info('z', 99)] }), "'z' is of element type 99"],
  [
    'a negative size',
    modelOf({
      node: [relu],
      valueInfo: [{ name: 'z', type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: -3 }] } } } }],
    }),
    "'z' has a dim of -3",
  ],
  ['no operator sets', modelOf({ node: [relu] }, { opsetImport: [] }), 'no operator set is imported'],
  [
    "ONNX's own set missing",
    modelOf({ node: [relu] }, { opsetImport: [{ domain: 'd', version: 1 }] }),
    "node 'r' (Relu) is of ONNX's own operator set, which is not imported",
  ],
  [
    'a function that calls itself through another',
    withFunctions(
      { name: 'F', input: ['a'], output: ['b'], node: [{ domain: 'd', opType: 'G', input: ['a'], output: ['b'] }] },
      { name: 'G', input: ['a'], output: ['b'], node: [{ domain: 'd', opType: 'F', input: ['a'], output: ['b'] }] },
    ),
    "function 'F' calls itself through 'G'",
  ],
  [
    'a node of a function that reads too early',
    withFunctions({ name: 'F', input: ['a'], output: ['b'], node: [{ opType: 'Neg', input: ['c'], output: ['b'] }] }),
    "in function 'F': the node (Neg) that computes 'b' reads 'c' before it is computed",
  ],
  [
    'an attribute that the function has not',
    withFunctions({
      name: 'F',
      input: ['a'],
      output: ['b'],
      attribute: ['alpha'],
      node: [
        { opType: 'Elu', input: ['a'], output: ['b'], attribute: [{ name: 'alpha', type: 1, refAttrName: 'beta' }] },
      ],
    }),
    "refers to the attribute 'beta', which the function has not",
  ],
  [
    'a function without a domain',
    withFunctions({ name: 'F', domain: '', input: ['a'], output: ['a'] }),
    "function 'F' of domain '' needs both names",
  ],
])('%s: an error that says so', (_, model, message) => {
  expect(() => checkModel(model)).toThrow(OnnxModelError);
  expect(() => checkModel(model)).toThrow(message);
});

test('operators: what the opset has, how many values, which attributes', () => {
  const nodes: NodeProto[] = [
    { opType: 'Relu', name: 'fine', input: ['x'], output: ['a'] },
    { opType: 'Rulu', name: 'unknown', input: ['x'], output: ['b'] },
    { opType: 'Gelu', name: 'new', input: ['x'], output: ['c'] },
    { opType: 'Upsample', name: 'old', input: ['x', 'x'], output: ['d'] },
    { opType: 'Concat', name: 'required', input: ['x'], output: ['e'] },
    { opType: 'Clip', name: 'attributes', input: ['x'], output: ['f'], attribute: [{ name: 'max', type: 1, f: 1 }] },
    { opType: 'Where', name: 'few', input: ['x'], output: ['g'] },
    { opType: 'MINE', domain: 'my.domain', name: 'other', input: ['x'], output: ['y'] },
  ];
  expect(checkOperators(modelOf({ node: nodes }))).toEqual([
    "node 'unknown' (Rulu): ONNX has no operator of this name",
    "node 'new' (Gelu): the operator is part of ONNX from opset 20 on, the model says 18",
    "node 'old' (Upsample): the operator was taken out of ONNX in opset 10, the model says 18",
    "node 'required' (Concat) lacks the attribute 'axis'",
    "node 'attributes' (Clip): version 13 of the operator has no attribute 'max'; opset 1 has it",
    "node 'few' (Where) has 1 inputs, the operator needs 3",
  ]);
});

test('what nothing reads', () => {
  const inner: GraphProto = { node: [{ opType: 'Neg', input: ['w'], output: ['i'] }], output: [info('i')] };
  const model = modelOf({
    node: [
      {
        opType: 'If',
        name: 'if',
        input: ['x'],
        output: ['y'],
        attribute: [{ name: 'then_branch', type: 5, g: inner }],
      },
      { opType: 'Neg', name: 'idle', input: ['x'], output: ['z'] },
    ],
    input: [info('x'), info('unread')],
    initializer: [
      { name: 'w', dims: [], dataType: 1 },
      { name: 'idle_w', dims: [], dataType: 1 },
    ],
  });
  expect(unusedValues(model)).toEqual({ inputs: ['unread'], initializers: ['idle_w'], nodes: ['idle'] });
});

test('a picture: values on edges, weights and constants in nodes, subgraphs in boxes', () => {
  const inner: GraphProto = { node: [{ opType: 'Neg', input: ['h'], output: ['i'] }], output: [info('i')] };
  const dot = toDot(
    modelOf({
      name: 'a "quoted" \\ name',
      node: [
        {
          opType: 'Constant',
          output: ['c'],
          attribute: [{ name: 'value', type: 4, t: { dims: [2], dataType: 7, int64Data: [1n, 2n] } }],
        },
        { opType: 'MatMul', input: ['x', 'w'], output: ['h'] },
        { opType: 'If', input: ['c'], output: ['y'], attribute: [{ name: 'then_branch', type: 5, g: inner }] },
      ],
      initializer: [
        { name: 'w<1>', dims: [9, 9], dataType: 1 },
        { name: 'w', dims: [2, 2], dataType: 1, floatData: [1, 2, 3, 4] },
      ],
      valueInfo: [info('h')],
    }),
  );
  expect(dot).toContain('digraph "a &#34;quoted&#34; &#92; name" {');
  expect(dot).toContain('n0 [shape=ellipse, fillcolor="#ffffff", label=<<b>x</b><br/>float32[n, ?]>];');
  expect(dot).toMatch(/n1 \[fillcolor="#cfe2ff", label=<<b>MatMul<\/b>.*w: float32\[2, 2\] \{1, 2, 3, 4\}/);
  expect(dot).toMatch(/n2 \[fillcolor="#ead7f5", label=<<b>If<\/b>.*>int64\[2\] \{1, 2\}</);
  expect(dot).toContain('n0 -> n1 [label=<float32[n, ?]>];');
  expect(dot).toMatch(
    /subgraph cluster_n2_\d+ \{\n {4}label="If then_branch";\n {4}n3 .*Neg.*\n {4}n1 -> n3 \[label=<float32\[n, \?\]>\];/,
  );
  expect(dot).not.toContain('Constant');
});
