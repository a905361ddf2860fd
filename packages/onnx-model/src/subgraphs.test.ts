/** Branches and loop bodies: what is checked of them, and how they print. */
import { expect, test } from 'vitest';
import {
  checkModel,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  onnxType,
  printModel,
  AttributeProto_AttributeType as Type,
  type ValueInfoProto,
} from './index.ts';

const info = (name: string, dtype: 'bool' | 'float32' | 'int64' = 'float32'): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType: onnxType[dtype], shape: { dim: [] } } },
});
const node = (
  opType: string,
  input: string[],
  output: string[],
  graphs: Record<string, GraphProto> = {},
): NodeProto => ({
  opType,
  name: `/${opType}/${output.join()}`,
  input,
  output,
  attribute: Object.entries(graphs).map(([name, g]) => ({ name, type: Type.GRAPH, g })),
});
const graph = (input: ValueInfoProto[], nodes: NodeProto[], ...output: string[]): GraphProto => ({
  name: 'inner',
  input,
  node: nodes,
  output: output.map((name) => (name.startsWith('go') ? info(name, 'bool') : info(name))),
});
const model = (...nodes: NodeProto[]): ModelProto => ({
  irVersion: 8,
  opsetImport: [{ domain: '', version: 18 }],
  graph: { name: 'g', input: [info('p', 'bool'), info('x')], node: nodes, output: [info('y')] },
});
const choice = (yes: GraphProto, no: GraphProto): ModelProto =>
  model(node('Exp', ['x'], ['e']), node('If', ['p'], ['y'], { then_branch: yes, else_branch: no }));
const neg = (input: string, output: string): GraphProto => graph([], [node('Neg', [input], [output])], output);
const loopBody = (...output: string[]): GraphProto =>
  graph(
    [info('i', 'int64'), info('c', 'bool'), info('h')],
    [node('Identity', ['c'], ['go']), node('Add', ['h', 'x'], ['h2']), node('Neg', ['h'], ['s'])],
    ...output,
  );

test('subgraphs read values from outside that come before them', () => {
  checkModel(choice(neg('x', 'a'), neg('e', 'b')));
  checkModel(model(node('Loop', ['', '', 'x'], ['h9', 'y'], { body: loopBody('go', 'h2', 's') })));
  const inner = node('If', ['p'], ['a'], { then_branch: neg('x', 'c'), else_branch: neg('e', 'd') });
  checkModel(choice(graph([], [inner], 'a'), neg('x', 'b')));
});

test.each<[string, ModelProto, string]>([
  [
    'a name of its own that hides one outside',
    choice(neg('x', 'e'), neg('x', 'b')),
    "the name 'e' in a subgraph hides a value outside of it",
  ],
  [
    'a value that comes later',
    model(
      node('If', ['p'], ['y'], { then_branch: neg('e', 'a'), else_branch: neg('x', 'b') }),
      node('Exp', ['x'], ['e']),
    ),
    "reads 'e' before it is computed",
  ],
  ['a value of the other branch', choice(neg('x', 'a'), neg('a', 'b')), "reads 'a' before it is computed"],
  [
    'a value of a branch outside',
    model(
      node('If', ['p'], ['z'], { then_branch: neg('x', 'a'), else_branch: neg('x', 'b') }),
      node('Exp', ['a'], ['y']),
    ),
    "reads 'a' before it is computed",
  ],
  [
    'a value from outside as output',
    choice(graph([], [], 'e'), neg('x', 'b')),
    "'e' comes from outside of a subgraph and is its output: it must go through an Identity",
  ],
  ['no else', model(node('If', ['p'], ['y'], { then_branch: neg('x', 'a') })), 'has no else_branch'],
  [
    'too many outputs',
    choice(graph([], [node('Neg', ['x'], ['a'])], 'a', 'a'), neg('x', 'b')),
    "then_branch of node '/If/y' (If) has 0 inputs and 2 outputs, it must have 0 and 1",
  ],
  [
    'a branch with inputs',
    choice(graph([info('z')], [node('Neg', ['z'], ['a'])], 'a'), neg('x', 'b')),
    'has 1 inputs and 1 outputs, it must have 0 and 1',
  ],
  [
    'a body without its condition',
    model(node('Loop', ['', '', 'x'], ['y'], { body: loopBody('h2') })),
    'has 3 inputs and 1 outputs, it must have 3 and 2',
  ],
  [
    'a scan that carries another number',
    model(node('Scan', ['x', 'x'], ['y'], { body: graph([info('h')], [node('Neg', ['h'], ['s'])], 's') })),
    'has 1 inputs and 1 outputs, it must have 2 and 1',
  ],
  [
    'an operator set that is missing',
    choice(graph([], [{ ...node('Mine', ['x'], ['a']), domain: 'mine' }], 'a'), neg('x', 'b')),
    "of domain 'mine', which is not imported",
  ],
])('%s', (_, broken, message) => {
  expect(() => checkModel(broken)).toThrow(message);
});

test('prints below the node', () => {
  const text = printModel(model(node('Loop', ['', '', 'x'], ['h9', 'y'], { body: loopBody('go', 'h2', 's') })));
  expect(text).toContain(`  %h9, %y : float32[] = onnx::Loop[body=graph]((none), (none), %x)
    body(%i : int64[], %c : bool[], %h : float32[]) {
      %go : bool[] = onnx::Identity(%c)
      %h2 : float32[] = onnx::Add(%h, %x)
      %s : float32[] = onnx::Neg(%h)
      return %go, %h2, %s
    }
  return %y`);
});
