import '@tenfold/backend-cpu/register';
import { spawnSync } from 'node:child_process';
import { ones, type Tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { backward, defineFunction, type FunctionContext, graphToDot, noGrad } from './index.ts';

const leaf = (...shape: number[]): Tensor => ones(shape, { requiresGrad: true });

interface Drawing {
  readonly nodes: ReadonlyMap<string, { readonly label: string; readonly fillcolor?: string }>;
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** Reads the text again; throws at a line that DOT would not take. */
function parse(dot: string): Drawing {
  const lines = dot.trimEnd().split('\n');
  expect([lines[0], lines.at(-1)]).toEqual(['digraph {', '}']);
  const nodes = new Map<string, { label: string; fillcolor?: string }>();
  const edges: [string, string][] = [];
  const string = '"(?:[^"\\\\]|\\\\.)*"';
  const list = `\\[(\\w+=${string}(?:, \\w+=${string})*)\\]`;
  for (const line of lines.slice(2, -1)) {
    const edge = new RegExp(`^ {2}(\\w+) -> (\\w+)(?: ${list})?;$`).exec(line);
    const node = new RegExp(`^ {2}(\\w+) ${list};$`).exec(line);
    if (edge) edges.push([edge[1], edge[2]]);
    else if (node) {
      const attributes = [...node[2].matchAll(new RegExp(`(\\w+)=(${string})`, 'g'))];
      // DOT's escapes of quotes, backslashes and line ends are JSON's
      nodes.set(node[1], {
        label: '',
        ...Object.fromEntries(attributes.map(([, key, text]) => [key, JSON.parse(text) as string])),
      });
    } else throw new Error(`not DOT: ${line}`);
  }
  return { nodes, edges };
}

/** The edges by labels. */
const byLabel = ({ nodes, edges }: Drawing): string[] =>
  edges.map((edge) => edge.map((id) => nodes.get(id)?.label.split('\n')[0]).join(' > '));

describe('graphToDot', () => {
  test('draws leaves, ops and results in the direction of the forward', () => {
    const [w, b] = [leaf(3, 2), leaf(2)];
    const y = ones([4, 3]).mm(w).add(b);
    const drawing = parse(graphToDot(y, { params: { weight: w, bias: b } }));
    expect(byLabel(drawing).sort()).toEqual([
      'AccumulateGrad > AddBackward0',
      'AccumulateGrad > MmBackward0',
      'AddBackward0 > [4, 2]',
      'MmBackward0 > AddBackward0',
      'bias > AccumulateGrad',
      'weight > AccumulateGrad',
    ]);
    const labels = [...drawing.nodes.values()];
    expect(labels.filter(({ fillcolor }) => fillcolor === 'lightblue').map(({ label }) => label)).toEqual([
      'bias\n[2]',
      'weight\n[3, 2]',
    ]);
  });

  test('is the same text each time, and has no cycles', () => {
    const make = (): string => {
      const x = leaf(2);
      const y = x.mul(x).add(x);
      return graphToDot([y.sum(), y.mul(x)], { showAttrs: true, showSaved: true, params: { x } });
    };
    expect(make()).toBe(make());
    const { edges } = parse(make());
    const parents = new Map<string, string[]>();
    for (const [from, to] of edges) parents.set(to, [...(parents.get(to) ?? []), from]);
    const visit = (id: string, path: readonly string[]): void => {
      expect(path).not.toContain(id);
      for (const parent of parents.get(id) ?? []) visit(parent, [...path, id]);
    };
    for (const [, to] of edges) visit(to, []);
  });

  test('shows attributes and saved tensors if asked', () => {
    const x = leaf(2, 3);
    const cube = defineFunction({
      name: 'Cube',
      forward(ctx: FunctionContext, a: Tensor) {
        ctx.saveForBackward(a);
        return a.pow(3);
      },
      backward: (_ctx: FunctionContext, g: Tensor) => g,
    });
    const y = cube(x.exp().sum([1], { keepdim: true }));
    const plain = graphToDot(y);
    const full = parse(graphToDot(y, { showAttrs: true, showSaved: true }));
    expect(plain).not.toContain('orange');
    const saved = [...full.nodes.values()].filter(({ fillcolor }) => fillcolor === 'orange').map(({ label }) => label);
    expect(saved).toEqual(['saved 0\nfloat32 [2, 1]', 'out\nfloat32 [2, 3]']);
    expect([...full.nodes.values()].map(({ label }) => label).join('\n')).toMatch(/SumBackward1\n-+\n.*dims: \[1\]/);
  });

  test('draws histories of writes', () => {
    const base = zeros([4]);
    base.slice(0, 0, 2).mul_(leaf(2));
    expect(byLabel(parse(graphToDot(base)))).toContain('CopySlices > [4]');
  });

  test('escapes names', () => {
    const name = 'a "quoted" \\ name\nof two lines';
    const x = leaf(1);
    const { nodes } = parse(graphToDot(x.mul(2), { params: { [name]: x } }));
    expect([...nodes.values()].map(({ label }) => label)).toContain(`${name}\n[1]`);
  });

  test('a chain of 10,000 ops', () => {
    const x = leaf(1);
    let y = x;
    for (let i = 0; i < 10_000; i++) y = y.add(1);
    const { edges } = parse(graphToDot(y));
    expect(edges.length).toBe(10_002);
    // drawing has used nothing up
    backward(y);
    expect(x.grad?.toArraySync()).toEqual([1]);
  });

  test('says what is wrong', () => {
    expect(() => graphToDot(ones([1]))).toThrow('no tensor here has a history');
    expect(() => graphToDot(noGrad(() => leaf(1).mul(2)))).toThrow('no tensor here has a history');
    expect(() => graphToDot(3 as never)).toThrow('expected a tensor or an array of them, got number 3');
    expect(() => graphToDot(leaf(1), { params: { w: 1 as never } })).toThrow('params.w must be a tensor');
    expect(() => graphToDot(leaf(1), { names: {} } as never)).toThrow("unknown option 'names'");
  });

  const hasGraphviz = spawnSync('dot', ['-V']).status === 0;
  test.skipIf(!hasGraphviz)('Graphviz takes it', () => {
    const [w, b] = [leaf(3, 2), leaf(2)];
    const y = ones([4, 3]).mm(w).add(b).relu().sum();
    const text = graphToDot(y, { params: { 'w "1"': w, b }, showAttrs: true, showSaved: true });
    const { status, stdout, stderr } = spawnSync('dot', ['-Tsvg'], { input: text, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('AccumulateGrad');
  });
});
