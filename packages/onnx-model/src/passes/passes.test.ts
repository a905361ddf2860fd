/** Each pass on small graphs, as text before and after. That results stay the same is shown in onnxruntime, in onnx-export. */
import { OnnxModelError } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  checkModel,
  encode,
  type GraphProto,
  ModelProto,
  type NodeProto,
  onnxType,
  optimizeModel,
  type PassName,
  printModel,
  type TensorProto,
  tensorProto,
  type ValueInfoProto,
} from '../index.ts';

const ints = (name: string, list: number[]): AttributeProto => ({ name, type: AttributeType.INTS, ints: list });
const int = (name: string, i: number): AttributeProto => ({ name, type: AttributeType.INT, i });
const graphAttribute = (name: string, g: GraphProto): AttributeProto => ({ name, type: AttributeType.GRAPH, g });
const refAttribute = (name: string, refAttrName: string): AttributeProto => ({
  name,
  type: AttributeType.INTS,
  refAttrName,
});

/** `node('y', 'Add', 'a', 'b')`: one node, named after what it gives. */
function node(output: string, opType: string, ...args: (string | AttributeProto)[]): NodeProto {
  return {
    output: output.split(' '),
    opType,
    name: `/${opType}_${output}`,
    input: args.filter((x) => typeof x === 'string'),
    attribute: args.filter((x) => typeof x !== 'string'),
  };
}

const floats = (name: string, dims: number[], values?: number[]): TensorProto => {
  const count = dims.reduce((n, size) => n * size, 1);
  return tensorProto(
    name,
    'float32',
    dims,
    encode(values ?? Array.from({ length: count }, (_, i) => i + 1), 'float32'),
  );
};
const int64 = (output: string, values: number[], dims = [values.length]): NodeProto => ({
  ...node(output, 'Constant'),
  attribute: [
    { name: 'value', type: AttributeType.TENSOR, t: tensorProto('', 'int64', dims, encode(values, 'int64')) },
  ],
});

/** `value('x', 'n', 3)` is float32. */
const value = (name: string, ...dims: (number | string)[]): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: onnxType.float32,
      shape: { dim: dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })) },
    },
  },
});

interface Parts {
  readonly nodes: NodeProto[];
  readonly inputs?: ValueInfoProto[];
  readonly outputs?: ValueInfoProto[];
  readonly weights?: TensorProto[];
  readonly infos?: ValueInfoProto[];
  readonly opset?: number;
}

const modelOf = (parts: Parts): ModelProto => ({
  irVersion: 10,
  opsetImport: [{ domain: '', version: parts.opset ?? 18 }],
  graph: {
    name: 'g',
    node: parts.nodes,
    input: parts.inputs ?? [value('x', 'n', 3)],
    output: parts.outputs ?? [value('y', 'n', 3)],
    initializer: parts.weights ?? [],
    valueInfo: parts.infos ?? [],
  },
});

/** The lines of the graph's body. */
const body = (model: ModelProto): string[] => {
  const lines = printModel(model).split('\n');
  return lines.slice(lines.indexOf(') {') + 1, lines.indexOf('}')).map((line) => line.trim());
};

/** The body after some passes, and then without what nothing needs. */
function after(passes: PassName | readonly PassName[], parts: Parts): string[] {
  const model = modelOf(parts);
  checkModel(model);
  const done = optimizeModel(model, { passes: [...(typeof passes === 'string' ? [passes] : passes), 'deadCode'] });
  checkModel(done);
  // it survives the file
  expect(printModel(ModelProto.decode(ModelProto.encode(done).finish()))).toBe(printModel(done));
  return body(done);
}

describe('constants', () => {
  test('sizes that the model states take the place of shape arithmetic; those that it does not state stay', () => {
    const nodes = [
      node('s', 'Shape', 'x'),
      int64('one', [1], []),
      node('columns', 'Gather', 's', 'one', int('axis', 0)),
      int64('zero', [0]),
      node('wide', 'Unsqueeze', 'columns', 'zero'),
      int64('two', [2]),
      node('twice', 'Mul', 'wide', 'two'),
      int64('open', [-1]),
      node('to', 'Concat', 'open', 'twice', int('axis', 0)),
      node('y', 'Reshape', 'x', 'to'),
    ];
    expect(after('constants', { nodes, outputs: [value('y', 'm', 6)] })).toEqual([
      '%to = onnx::Constant[value=int64[2] {-1, 6}]()',
      '%y : float32[m, 6] = onnx::Reshape(%x, %to)',
      'return %y',
    ]);
    const rows = [
      node('s', 'Shape', 'x'),
      int64('zero', [0]),
      node('n', 'Gather', 's', 'zero'),
      node('y', 'Expand', 'x', 'n'),
    ];
    expect(after('constants', { nodes: rows })).toHaveLength(5);
  });

  test('a transpose becomes part of the initialiser, unless others read that too', () => {
    const weights = [floats('fc.weight', [2, 3])];
    const nodes = [node('t', 'Transpose', 'fc.weight', ints('perm', [1, 0])), node('y', 'MatMul', 'x', 't')];
    const model = optimizeModel(modelOf({ nodes, weights }), { passes: ['constants', 'deadCode'] });
    expect(printModel(model)).toContain('%fc.weight_Transpose : float32[3, 2] {1, 4, 2, 5, 3, 6} initializer');
    expect(printModel(model)).not.toContain('%fc.weight :');
    expect(body(model)).toEqual(['%y : float32[n, 3] = onnx::MatMul(%x, %fc.weight_Transpose)', 'return %y']);
    const tied = [...nodes, node('z', 'MatMul', 'y', 'fc.weight')];
    expect(after('constants', { nodes: tied, weights, outputs: [value('z', 'n', 3)] })).toHaveLength(4);
    expect(body(optimizeModel(modelOf({ nodes, weights }), { keepInitializers: true }))).toHaveLength(3);
  });

  test('integers wrap, floats round as their dtype does, and what C leaves open stays', () => {
    const scalar = (name: string, dtype: 'int32' | 'float32' | 'float16', x: number): TensorProto =>
      tensorProto(name, dtype, [], encode([x], dtype));
    const typed = (name: string, dtype: 'int32' | 'float32' | 'float16'): ValueInfoProto => ({
      name,
      type: { tensorType: { elemType: onnxType[dtype], shape: { dim: [] } } },
    });
    const computed = (op: string, dtype: 'int32' | 'float32' | 'float16', a: number, b: number): string =>
      after('constants', {
        nodes: [node('y', op, 'a', 'b')],
        inputs: [],
        outputs: [typed('y', dtype)],
        weights: [scalar('a', dtype, a), scalar('b', dtype, b)],
      })[0];
    expect(computed('Add', 'int32', 2 ** 31 - 1, 1)).toContain('{-2147483648}');
    expect(computed('Div', 'int32', -7, 2)).toContain('{-3}');
    expect(computed('Mod', 'int32', -7, 3)).toContain('{2}');
    expect(computed('Div', 'int32', 1, 0)).toContain('onnx::Div');
    expect(computed('Div', 'float32', 1, 3)).toContain('{0.33333334}');
    expect(computed('Pow', 'float32', 2, 3)).toContain('onnx::Pow');
    const cast = (x: number, to: number): string =>
      after('constants', {
        nodes: [node('y', 'Cast', 'a', int('to', to))],
        inputs: [],
        outputs: [{ name: 'y', type: { tensorType: { elemType: to, shape: { dim: [] } } } }],
        weights: [scalar('a', 'float32', x)],
      })[0];
    expect(cast(-2.75, onnxType.int64)).toContain('{-2}');
    expect(cast(3e9, onnxType.int32)).toContain('onnx::Cast');
    expect(cast(Number.NaN, onnxType.int32)).toContain('onnx::Cast');
    expect(cast(Number.NaN, onnxType.bool)).toContain('onnx::Cast');
  });

  test('nothing large is written out', () => {
    const grown = (size: number): string[] =>
      after('constants', {
        nodes: [int64('to', [size]), node('y', 'Expand', 'w', 'to')],
        inputs: [],
        outputs: [value('y', size)],
        weights: [floats('w', [1])],
      });
    expect(grown(1000)[0]).toContain('onnx::Constant[value=float32[1000]]');
    expect(grown(100_000)[1]).toContain('onnx::Expand');
  });

  test('an initialiser that an input may replace is no constant', () => {
    const model = modelOf({ nodes: [node('y', 'Neg', 'w')], inputs: [value('w', 2)], weights: [floats('w', [2])] });
    expect(body(optimizeModel(model))).toEqual(['%y : float32[n, 3] = onnx::Neg(%w)', 'return %y']);
  });
});

describe('identities', () => {
  const kept = (nodes: NodeProto[], parts: Partial<Parts> = {}): string[] =>
    after('identities', { nodes, ...parts }).slice(0, -1);
  const relu = '%y : float32[n, 3] = onnx::Relu(%x)';

  test.each<[string, NodeProto[]]>([
    ['Identity', [node('a', 'Identity', 'x')]],
    ['a Cast to the same dtype', [node('a', 'Cast', 'x', int('to', onnxType.float32))]],
    ['a Transpose to the same order', [node('a', 'Transpose', 'x', ints('perm', [0, 1]))]],
    ['a Concat of one', [node('a', 'Concat', 'x', int('axis', 0))]],
    ['a Dropout in evaluation', [node('a', 'Dropout', 'x')]],
    ['a Reshape to the same sizes', [int64('to', [-1, 3]), node('a', 'Reshape', 'x', 'to')]],
    ['a Reshape that copies sizes', [int64('to', [0, 0]), node('a', 'Reshape', 'x', 'to')]],
    ['an Expand to the same sizes', [int64('to', [1, 3]), node('a', 'Expand', 'x', 'to')]],
    [
      'a Slice of everything',
      [
        int64('from', [0]),
        int64('to', [2 ** 31 - 1]),
        int64('axes', [0]),
        node('a', 'Slice', 'x', 'from', 'to', 'axes'),
      ],
    ],
    [
      'a Slice to the size',
      [int64('from', [0]), int64('to', [3]), int64('axes', [-1]), node('a', 'Slice', 'x', 'from', 'to', 'axes')],
    ],
  ])('%s goes', (_, nodes) => {
    expect(kept([...nodes, node('y', 'Relu', 'a')])).toEqual([relu]);
    // as the last node, too, where the output keeps its name
    const renamed = nodes.map((each) => ({
      ...each,
      input: each.input?.map((name) => (name === 'x' ? 'r' : name)),
      output: each.output?.map((name) => (name === 'a' ? 'y' : name)),
    }));
    expect(kept([node('r', 'Relu', 'x'), ...renamed], { infos: [value('r', 'n', 3)] })).toEqual([relu]);
  });

  test.each<[string, NodeProto[]]>([
    ['a Cast', [node('a', 'Cast', 'x', int('to', onnxType.float64))]],
    ['a Transpose', [node('a', 'Transpose', 'x', ints('perm', [1, 0]))]],
    ['a Reshape that may change sizes', [int64('to', [3, -1]), node('a', 'Reshape', 'x', 'to')]],
    ['a Reshape to a size that is not known to be that', [int64('to', [2, 3]), node('a', 'Reshape', 'x', 'to')]],
    ['an Expand to more dims', [int64('to', [1, 1, 3]), node('a', 'Expand', 'x', 'to')]],
    [
      'a Slice by steps',
      [
        int64('f', [0]),
        int64('t', [99]),
        int64('d', [1]),
        int64('s', [2]),
        node('a', 'Slice', 'x', 'f', 't', 'd', 's'),
      ],
    ],
    [
      'a Slice of a dim of any size',
      [int64('f', [0]), int64('t', [99]), int64('d', [0]), node('a', 'Slice', 'x', 'f', 't', 'd')],
    ],
    ['a Dropout whose mask is read', [node('a m', 'Dropout', 'x'), node('z', 'Not', 'm')]],
  ])('%s stays', (_, nodes) => {
    const parts = {
      outputs: [value('y', 'n', 3), ...(nodes.some(({ output }) => output?.[0] === 'z') ? [value('z', 'n', 3)] : [])],
    };
    expect(kept([...nodes, node('y', 'Relu', 'a')], parts).join('\n')).toContain('onnx::Relu(%a)');
  });

  test('one Reshape does the work of two, if no size is copied from between them', () => {
    const two = (to: number[], infos: ValueInfoProto[] = []): string[] =>
      kept([int64('flat', [-1]), node('a', 'Reshape', 'x', 'flat'), int64('to', to), node('y', 'Reshape', 'a', 'to')], {
        infos,
      });
    expect(two([3, -1])).toEqual([
      '%to = onnx::Constant[value=int64[2] {3, -1}]()',
      '%y : float32[n, 3] = onnx::Reshape(%x, %to)',
    ]);
    expect(two([0, 1])).toHaveLength(4);
    expect(two([0, 1], [value('a', 'n')])).toHaveLength(2);
  });

  test('an Expand before an operator that broadcasts goes, if another input has the sizes', () => {
    const nodes = [node('e', 'Expand', 'w', 'to'), node('a', 'Exp', 'x'), node('y', 'Add', 'a', 'e')];
    const to = { name: 'to', type: { tensorType: { elemType: onnxType.int64, shape: { dim: [{ dimValue: 2 }] } } } };
    const parts = { inputs: [value('x', 'n', 3), to], weights: [floats('w', [3])] };
    const infos = [value('e', 'n', 3), value('a', 'n', 3)];
    expect(kept(nodes, { ...parts, infos })).toEqual([
      '%a : float32[n, 3] = onnx::Exp(%x)',
      '%y : float32[n, 3] = onnx::Add(%a, %w)',
    ]);
    expect(kept(nodes, { ...parts, infos: [value('e', 'm', 3), value('a', 'n', 3)] })).toHaveLength(3);
    const alone = [node('e', 'Expand', 'w', 'to'), node('y', 'Add', 'e', 'e')];
    expect(kept(alone, { ...parts, infos })).toHaveLength(2);
  });

  test('an output keeps its name where it is an input or another output', () => {
    const nodes = [
      node('y', 'Identity', 'x'),
      node('a', 'Relu', 'x'),
      node('z', 'Identity', 'a'),
      node('w', 'Identity', 'z'),
    ];
    expect(kept(nodes, { outputs: ['y', 'z', 'w'].map((name) => value(name, 'n', 3)) })).toEqual([
      '%y : float32[n, 3] = onnx::Identity(%x)',
      '%z : float32[n, 3] = onnx::Relu(%x)',
      '%w : float32[n, 3] = onnx::Identity(%z)',
    ]);
  });
});

test('transposes: two become one, or none, or part of Gemm', () => {
  const three = { inputs: [value('x', 2, 3, 4)] };
  const pair = (first: number[], second: number[]): string[] =>
    after('transposes', {
      nodes: [
        node('a', 'Transpose', 'x', ints('perm', first)),
        node('b', 'Transpose', 'a', ints('perm', second)),
        node('y', 'Relu', 'b'),
      ],
      ...three,
    }).slice(0, -2);
  expect(pair([1, 2, 0], [2, 0, 1])).toEqual([]);
  expect(pair([1, 0, 2], [0, 2, 1])).toEqual(['%b = onnx::Transpose[perm=[1, 2, 0]](%x)']);
  const gemm = after('transposes', {
    nodes: [node('t', 'Transpose', 'w'), node('y', 'Gemm', 'x', 't')],
    inputs: [value('x', 'n', 3), value('w', 3, 3)],
  });
  expect(gemm).toEqual(['%y : float32[n, 3] = onnx::Gemm[transB=1](%x, %w)', 'return %y']);
});

test('subexpressions: the first of equal nodes stays, random ones and outputs all do', () => {
  const nodes = [
    node('a', 'Exp', 'x'),
    node('b', 'Exp', 'x'),
    node('c', 'RandomNormalLike', 'x'),
    node('d', 'RandomNormalLike', 'x'),
    node('y', 'Exp', 'x'),
    node('z', 'Sum', 'a', 'b', 'c', 'd'),
  ];
  expect(after('subexpressions', { nodes, outputs: [value('y', 'n', 3), value('z', 'n', 3)] })).toEqual([
    '%a = onnx::Exp(%x)',
    '%c = onnx::RandomNormalLike(%x)',
    '%d = onnx::RandomNormalLike(%x)',
    '%y : float32[n, 3] = onnx::Exp(%x)',
    '%z : float32[n, 3] = onnx::Sum(%a, %a, %c, %d)',
    'return %y, %z',
  ]);
});

test('equal constants are one, and equal initialisers if asked for', () => {
  const constants = [
    int64('a', [1]),
    int64('b', [1]),
    int64('c', [2]),
    node('y', 'Unsqueeze', 'x', 'a'),
    node('z', 'Unsqueeze', 'y', 'b'),
  ];
  expect(after('sharedConstants', { nodes: constants, outputs: [value('z', 'n', 1, 1, 3)] })).toEqual([
    '%a = onnx::Constant[value=int64[1] {1}]()',
    '%y = onnx::Unsqueeze(%x, %a)',
    '%z : float32[n, 1, 1, 3] = onnx::Unsqueeze(%y, %a)',
    'return %z',
  ]);
  const parts = {
    nodes: [node('a', 'Add', 'x', 'one.bias'), node('y', 'Add', 'a', 'two.bias')],
    weights: [floats('one.bias', [3], [0, 0, 0]), floats('two.bias', [3], [0, 0, 0])],
  };
  expect(after('sharedInitializers', parts)[1]).toBe('%y : float32[n, 3] = onnx::Add(%a, %one.bias)');
  expect(body(optimizeModel(modelOf(parts)))[1]).toBe('%y : float32[n, 3] = onnx::Add(%a, %two.bias)');
});

describe('batchNorm', () => {
  const statistics = [
    floats('bn.weight', [2], [2, 3]),
    floats('bn.bias', [2], [1, -1]),
    floats('bn.mean', [2], [0.5, 1]),
    floats('bn.var', [2], [4, 9]),
  ];
  const bn = node('y', 'BatchNormalization', 'c', 'bn.weight', 'bn.bias', 'bn.mean', 'bn.var', {
    name: 'epsilon',
    type: AttributeType.FLOAT,
    f: 0,
  });
  const image = { inputs: [value('x', 'n', 1, 4, 4)], outputs: [value('y', 'n', 2, 4, 4)] };

  test('becomes part of a Conv, which gets a bias', () => {
    const model = modelOf({
      nodes: [node('c', 'Conv', 'x', 'conv.weight'), bn],
      weights: [floats('conv.weight', [2, 1, 1, 1]), ...statistics],
      ...image,
    });
    // (w · 1 − 0.5) · 2 / 2 + 1 and (w · 2 − 1) · 3 / 3 − 1
    expect(
      printModel(optimizeModel(model, { passes: ['batchNorm', 'deadCode'] }))
        .split('\n')
        .slice(1),
    ).toEqual([
      'graph(',
      '  %x : float32[n, 1, 4, 4],',
      '  %conv.weight : float32[2, 1, 1, 1] {1, 2} initializer,',
      '  %conv.bias : float32[2] {0.5, -2} initializer,',
      ') {',
      '  %y : float32[n, 2, 4, 4] = onnx::Conv(%x, %conv.weight, %conv.bias)',
      '  return %y',
      '}',
    ]);
    expect(body(optimizeModel(model))).toHaveLength(3);
  });

  test('stays where the convolution has other readers, and leaves weights that others share', () => {
    const weights = [floats('conv.weight', [2, 1, 1, 1]), ...statistics];
    const read = [node('c', 'Conv', 'x', 'conv.weight'), bn, node('z', 'Relu', 'c')];
    expect(
      after('batchNorm', { nodes: read, weights, ...image, outputs: [...image.outputs, value('z', 'n', 2, 4, 4)] }),
    ).toHaveLength(4);
    const shared = [node('c', 'Conv', 'x', 'conv.weight'), bn, node('z', 'Conv', 'x', 'conv.weight')];
    expect(
      after('batchNorm', { nodes: shared, weights, ...image, outputs: [...image.outputs, value('z', 'n', 2, 4, 4)] }),
    ).toEqual([
      '%y : float32[n, 2, 4, 4] = onnx::Conv(%x, %conv.weight_1, %conv.bias)',
      '%z : float32[n, 2, 4, 4] = onnx::Conv(%x, %conv.weight)',
      'return %y, %z',
    ]);
    const training = { ...bn, attribute: [int('training_mode', 1)] };
    expect(after('batchNorm', { nodes: [read[0], training], weights, ...image })).toHaveLength(3);
  });
});

describe('graphs inside graphs', () => {
  /** `y = cond ? then(x) : else(x)`. */
  const branches = (then: GraphProto, otherwise: GraphProto, ...before: NodeProto[]): ModelProto => {
    const model = modelOf({
      nodes: [
        ...before,
        {
          ...node('y', 'If', 'cond'),
          attribute: [graphAttribute('then_branch', then), graphAttribute('else_branch', otherwise)],
        },
      ],
      inputs: [
        value('x', 'n', 3),
        { name: 'cond', type: { tensorType: { elemType: onnxType.bool, shape: { dim: [] } } } },
      ],
      weights: [floats('w', [3])],
    });
    return model;
  };
  const inner = (name: string, ...nodes: NodeProto[]): GraphProto => ({
    name,
    node: nodes,
    output: [value(nodes.at(-1)?.output?.[0] ?? '', 'n', 3)],
  });
  const nodesOf = (model: ModelProto, branch: number): string[] =>
    (model.graph?.node?.at(-1)?.attribute?.[branch].g?.node ?? []).map(
      ({ opType, input, output }) => `${output} = ${opType}(${input})`,
    );

  test('are cleaned, and read values of the graph around them by their new names', () => {
    const done = optimizeModel(
      branches(
        inner(
          'then',
          node('t', 'Identity', 'a'),
          node('u', 'Relu', 't'),
          node('dead', 'Exp', 'a'),
          node('then_y', 'Identity', 'u'),
        ),
        inner('else', node('else_y', 'Identity', 'a')),
        node('e', 'Exp', 'x'),
        node('a', 'Identity', 'e'),
      ),
    );
    expect(nodesOf(done, 0)).toEqual(['then_y = Relu(e)']);
    // the result of a branch must be computed in it
    expect(nodesOf(done, 1)).toEqual(['else_y = Identity(e)']);
    expect(done.graph?.node?.map(({ opType }) => opType)).toEqual(['Exp', 'If']);
  });

  test('hold on to what only they read', () => {
    const done = optimizeModel(
      branches(inner('then', node('p', 'Add', 'a', 'w')), inner('else', node('q', 'Exp', 'a')), node('a', 'Relu', 'x')),
    );
    expect(done.graph?.initializer?.map(({ name }) => name)).toEqual(['w']);
    expect(done.graph?.node?.map(({ opType }) => opType)).toEqual(['Relu', 'If']);
  });
});

describe('functions', () => {
  const withFunction = (nodes: NodeProto[], extra: object = {}): ModelProto => ({
    ...modelOf({ nodes: [{ ...node('y', 'TWICE', 'x'), domain: 'my' }] }),
    opsetImport: [
      { domain: '', version: 18 },
      { domain: 'my', version: 1 },
      { domain: 'unused', version: 1 },
    ],
    functions: [
      {
        name: 'TWICE',
        domain: 'my',
        input: ['a'],
        output: ['b'],
        node: nodes,
        opsetImport: [{ domain: '', version: 18 }],
        ...extra,
      },
      {
        name: 'UNUSED',
        domain: 'my',
        input: ['a'],
        output: ['b'],
        node: [node('b', 'Exp', 'a')],
        opsetImport: [{ domain: '', version: 18 }],
      },
    ],
  });

  test('are cleaned inside; those that nobody calls go, as do operator sets', () => {
    const done = optimizeModel(
      withFunction([node('t', 'Identity', 'a'), node('u', 'Exp', 'a'), node('b', 'Add', 't', 't')]),
    );
    checkModel(done);
    expect(done.functions?.map(({ name }) => name)).toEqual(['TWICE']);
    expect(done.functions?.[0].node?.map(({ opType, input }) => [opType, input])).toEqual([['Add', ['a', 'a']]]);
    expect(done.opsetImport?.map(({ domain }) => domain)).toEqual(['', 'my']);
  });

  test('attributes that come from the call are left alone', () => {
    const nodes = [
      node('t', 'Transpose', 'a', refAttribute('perm', 'order')),
      node('b', 'Transpose', 't', refAttribute('perm', 'order')),
    ];
    expect(optimizeModel(withFunction(nodes, { attribute: ['order'] })).functions?.[0].node).toHaveLength(2);
  });

  test('one that stands in the place of an operator makes that a custom one', () => {
    const model = modelOf({ nodes: [node('a', 'Identity', 'x'), node('y', 'Relu', 'a')] });
    model.functions = [
      {
        name: 'Identity',
        domain: '',
        input: ['a'],
        output: ['b'],
        node: [node('b', 'Neg', 'a')],
        opsetImport: [{ domain: '', version: 18 }],
      },
    ];
    expect(body(optimizeModel(model))).toHaveLength(3);
  });
});

describe('optimizeModel', () => {
  const model = modelOf({
    nodes: [
      { ...node('a', 'Identity', 'x'), metadataProps: [{ key: 'k', value: 'gone' }] },
      { ...node('y', 'Relu', 'a'), metadataProps: [{ key: 'k', value: 'kept' }] },
    ],
  });

  test('leaves the model as it was, keeps metadata, and is the same each time', () => {
    const before = ModelProto.encode(model).finish();
    const [a, b] = [optimizeModel(model), optimizeModel(model)];
    expect(ModelProto.encode(model).finish()).toEqual(before);
    expect(ModelProto.encode(a).finish()).toEqual(ModelProto.encode(b).finish());
    expect(a.graph?.node).toMatchObject([{ name: '/Relu_y', metadataProps: [{ key: 'k', value: 'kept' }] }]);
    expect(ModelProto.encode(optimizeModel(a)).finish()).toEqual(ModelProto.encode(a).finish());
  });

  test('tells what each pass has changed', () => {
    const reports: string[] = [];
    optimizeModel(model, { log: ({ pass, changes }) => reports.push(`${pass}\n${changes}`) });
    expect(reports).toEqual([
      [
        'identities',
        '  …',
        '  ) {',
        '-   %a = onnx::Identity(%x)',
        '-   %y : float32[n, 3] = onnx::Relu(%a)',
        '+   %y : float32[n, 3] = onnx::Relu(%x)',
        '    return %y',
        '  …',
      ].join('\n'),
    ]);
  });

  test('leaves models alone that say how they are trained', () => {
    const trained = { ...model, trainingInfo: [{ algorithm: { node: [node('z', 'Neg', 'a')] } }] };
    expect(optimizeModel(trained).graph?.node).toHaveLength(2);
  });

  test('names what is wrong', () => {
    expect(() => optimizeModel({})).toThrow(new OnnxModelError('the model has no graph'));
    expect(() => optimizeModel(model, { passes: ['fuse' as PassName] })).toThrow(
      /passes: string 'fuse' is no pass; there are batchNorm, constants/,
    );
    const twice = modelOf({ nodes: [node('y', 'Relu', 'x'), node('y', 'Exp', 'x')] });
    expect(() => optimizeModel(twice)).toThrow("the name 'y' stands for two values");
  });
});
