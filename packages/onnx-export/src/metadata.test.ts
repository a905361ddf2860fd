/** What nodes of a file say of where they come from. */
import '@tenfold/backend-cpu/register';
import { asFunction, Function, type FunctionContext } from '@tenfold/autograd';
import { Linear, Module, ModuleList, ReLU, Sequential } from '@tenfold/nn';
import { ModelProto, type NodeProto, printModel, type StringStringEntryProto } from '@tenfold/onnx-model';
import { crossEntropy, type Tensor, trace, zeros } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { type SymbolicGraph, type SymbolicValue, toOnnx } from './index.ts';
import { shortPlace } from './metadata.ts';

const propertiesOf = (entries: readonly StringStringEntryProto[] | undefined): Record<string, string> =>
  Object.fromEntries((entries ?? []).map(({ key = '', value = '' }) => [key.replace(/^tenfold\./, ''), value]));
const graphOf = async (...args: Parameters<typeof toOnnx>): Promise<ModelProto> =>
  ModelProto.decode(await toOnnx(...args));
const nodesOf = ({ graph }: ModelProto): NodeProto[] =>
  (graph?.node ?? []).filter(({ opType }) => opType !== 'Constant');

/** The number of the line that holds a marker, in this file. */
async function lineOf(marker: string): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(new URL(import.meta.url.replace(/\?.*$/, '')), 'utf8');
  return text.split('\n').findIndex((line) => line.endsWith(`// ${marker}`)) + 1;
}

class Cube extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    const square = x.mul(x); // in forward
    return square.mul(x);
  }

  static backward(ctx: FunctionContext, grad: Tensor): Tensor[] {
    const [x] = ctx.savedTensors;
    return [grad.mul(x).mul(x).mul(3)];
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue): SymbolicValue {
    return g.op('CUBE', x);
  }
}

const cube = asFunction(Cube);

class Layered extends Module {
  readonly layers = new ModuleList([new Linear(3, 3), new Linear(3, 3)]);
  readonly head = new Sequential(new Linear(3, 2), new ReLU());

  forward(x: Tensor): Tensor {
    let y = x;
    for (const layer of this.layers) y = layer.forward(y); // calls a layer
    y = cube(y); // calls the cube
    return this.head.forward(y).softmax(1);
  }
}

test('modules by path and class, ops, and the line of the program', async () => {
  const model = await graphOf(new Layered(), zeros([2, 3]));
  const [first, second, custom, head, relu, softmax] = nodesOf(model).map((node) => propertiesOf(node.metadataProps));
  const file = 'packages/onnx-export/src/metadata.test.ts';
  expect(first).toEqual({
    scope: 'layers.0',
    module: 'Layered/Linear',
    op: 'addmm',
    source: expect.stringMatching(new RegExp(`^${file}:${await lineOf('calls a layer')}:\\d+$`)),
  });
  expect(second.scope).toBe('layers.1');
  expect(custom).toMatchObject({ module: 'Layered', op: 'Cube' });
  expect(custom.source).toContain(`${file}:${await lineOf('calls the cube')}:`);
  expect([head.scope, head.module]).toEqual(['head.0', 'Layered/Sequential/Linear']);
  expect(relu.module).toBe('Layered/Sequential/ReLU');
  expect([softmax.scope, softmax.op]).toEqual([undefined, 'softmax']);
  expect(nodesOf(model).map(({ name }) => name)).toEqual([
    '/layers.0/Gemm',
    '/layers.1/Gemm',
    '/CUBE',
    '/head/head.0/Gemm',
    '/head/head.1/Relu',
    '/Softmax',
  ]);
});

test('the body of a function says so of its forward, and calls from several places share it', async () => {
  const model = await graphOf((x: Tensor) => [cube(x), cube(x.exp())], zeros([2, 3]));
  expect(model.functions).toHaveLength(1);
  const [f] = model.functions ?? [];
  expect(propertiesOf(f.metadataProps)).toEqual({ op: 'Cube' });
  expect(propertiesOf(f.node?.[0].metadataProps)).toEqual({
    op: 'mul',
    source: expect.stringContaining(`src/metadata.test.ts:${await lineOf('in forward')}:`),
  });
});

test('ops inside ops are named by all of them, and passes keep what is said', async () => {
  const loss = (x: Tensor): Tensor => crossEntropy(x.t().t().exp(), zeros([2], { dtype: 'int64' }));
  const model = await graphOf(loss, zeros([2, 3]));
  const ops = nodesOf(model).map((node) => propertiesOf(node.metadataProps).op);
  expect(ops[0]).toBe('exp');
  expect(ops.slice(1).every((op) => op.startsWith('crossEntropy'))).toBe(true);
});

test('nothing of the machine is written, and nothing at all if not wanted', async () => {
  const [all, none] = [
    await toOnnx(new Layered(), zeros([2, 3])),
    await toOnnx(new Layered(), zeros([2, 3]), { metadata: false }),
  ];
  expect(Buffer.from(all).toString('latin1')).toContain('tenfold.source');
  expect(Buffer.from(all).toString('latin1')).not.toContain(process.cwd());
  expect(Buffer.from(none).toString('latin1')).not.toContain('tenfold.');
  const text = printModel(ModelProto.decode(all), { metadata: true });
  expect(text).toMatch(/onnx::Softmax\[axis=1\]\(.*\) {2}# module: Layered, op: softmax, source: /);
  expect(printModel(ModelProto.decode(all))).not.toContain('#');
});

test('a model of modules alone has no lines of a program, not even that of the export', async () => {
  const model = await graphOf(new Sequential(new Linear(3, 2), new ReLU()), zeros([2, 3]));
  expect(nodesOf(model).map((node) => propertiesOf(node.metadataProps))).toEqual([
    { scope: '0', module: 'Sequential/Linear', op: 'addmm' },
    { scope: '1', module: 'Sequential/ReLU', op: 'relu' },
  ]);
});

test('places are shortened', () => {
  const folder = process.cwd().replaceAll('\\', '/');
  expect(shortPlace(`file://${folder}/src/a%20b.ts:3:14`)).toBe('src/a b.ts:3:14');
  expect(shortPlace(`${folder}/src/model.ts?v=1:3:14`)).toBe('src/model.ts:3:14');
  expect(shortPlace('/somewhere/model.ts:3:14')).toBe('model.ts:3:14');
  expect(shortPlace('file:///C:/Users/somebody/model.ts:3:14')).toBe('model.ts:3:14');
  expect(shortPlace(`${folder}/node_modules/library/dist/index.js:1:200`)).toBe('index.js:1:200');
  expect(shortPlace('https://example.org/src/model.ts?t=17:3:14')).toBe('src/model.ts:3:14');
  expect(shortPlace('http://localhost:5173/@fs/somewhere/model.ts:3:14')).toBe('model.ts:3:14');
});

test('a trace takes lines only if asked', () => {
  const twice = (x: Tensor): Tensor => x.add(x);
  expect('line' in trace(twice, [zeros([2])]).graph.nodes[0]).toBe(false);
  expect(trace(twice, [zeros([2])], { lines: true }).graph.nodes[0].line).toMatch(/metadata\.test\.ts:\d+:\d+$/);
});
