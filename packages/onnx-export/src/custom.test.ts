/** Program D of the acceptance list: a custom Function in its three forms. */
import '@tenfold/backend-cpu/register';
import { asFunction, Function, type FunctionContext } from '@tenfold/autograd';
import { ModelProto } from '@tenfold/onnx-model';
import { manualSeed, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { type CustomOps, type SymbolicGraph, type SymbolicValue, toOnnx } from './index.ts';
import { runInOnnxRuntime } from './runtime.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

class LinearF extends Function {
  static forward(ctx: FunctionContext, input: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
    ctx.saveForBackward(input, weight, bias);
    const output = input.mm(weight.t());
    return bias ? output.add(bias.unsqueeze(0).expandAs(output)) : output;
  }

  static backward(ctx: FunctionContext, grad: Tensor): (Tensor | null)[] {
    const [input, weight] = ctx.savedTensors;
    return [grad.mm(weight), grad.t().mm(input), grad.sum(0)];
  }

  static symbolic(g: SymbolicGraph, input: SymbolicValue, weight: SymbolicValue, bias: SymbolicValue): SymbolicValue {
    return g.op('MYLINEAR', input, weight, bias);
  }
}

const linear = asFunction(LinearF);

class Model {
  readonly weight = tensor([[2.5, -3.25]], { dtype: 'float64', requiresGrad: true });
  readonly bias = tensor([4.125], { dtype: 'float64', requiresGrad: true });

  namedParameters(): [string, Tensor][] {
    return [
      ['weight', this.weight],
      ['bias', this.bias],
    ];
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

const options = { inputNames: ['x'], outputNames: ['y'], dynamicAxes: { x: { 0: 'batch' }, y: { 0: 'batch' } } };

async function exported(customOps: CustomOps, opsetVersion: number): Promise<ModelProto> {
  return ModelProto.decode(
    await toOnnx(new Model(), [zeros([1, 2], { dtype: 'float64' })], { ...options, customOps, opsetVersion }),
  );
}

describe('LinearF of acceptance program D', () => {
  test.each([
    ['function', 11],
    ['function', 13],
    ['function', 18],
    ['function', 21],
    ['inline', 11],
    ['inline', 18],
    ['inline', 21],
  ] as const)('runs in onnxruntime as %s at opset %i, at batch 1, 7 and 64', async (customOps, opsetVersion) => {
    manualSeed(3);
    const model = new Model();
    const bytes = ModelProto.encode(await exported(customOps, opsetVersion)).finish();
    const inputs = [1, 7, 64].map((n) => randn([n, 2], { dtype: 'float64' }));
    const runs = await Promise.all(inputs.map(async (x) => ({ x: await toWire(x) })));
    const [result] = await runInOnnxRuntime([{ model: Buffer.from(bytes).toString('base64'), runs }]);
    if ('error' in result) throw new Error(result.error);
    for (const [i, x] of inputs.entries()) {
      const y = model.forward(x).detach();
      expect(result.outputs[i].y.dims).toEqual(y.shape);
      expect(largestDifference(fromWire(result.outputs[i].y), await y.toTypedArray())).toBeLessThan(1e-12);
    }
  });

  test('is one MYLINEAR node of the domain custom over float64 initialisers', async () => {
    for (const customOps of ['function', 'opaque'] as const) {
      const { graph, functions, opsetImport } = await exported(customOps, 18);
      expect(graph?.node?.map(({ opType, domain, input, output }) => [opType, domain, input, output])).toEqual([
        ['MYLINEAR', 'custom', ['x', 'weight', 'bias'], ['y']],
      ]);
      expect(graph?.initializer?.map(({ name, dataType, dims }) => [name, dataType, dims])).toEqual([
        ['weight', 11, [1, 2]],
        ['bias', 11, [1]],
      ]);
      expect(opsetImport).toContainEqual({ domain: 'custom', version: 1 });
      expect(functions?.length ?? 0).toBe(customOps === 'function' ? 1 : 0);
    }
  });

  test('is ordinary ops when inlined', async () => {
    const { graph, functions } = await exported('inline', 11);
    expect(functions ?? []).toEqual([]);
    expect(graph?.node?.every(({ domain }) => !domain)).toBe(true);
    expect(graph?.node?.map(({ opType }) => opType)).toContain('MatMul');
  });
});
