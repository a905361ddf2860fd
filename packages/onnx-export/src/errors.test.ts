/** What can't be exported says so, and what was there before stays. */
import '@tenfold/backend-cpu/register';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Function, type FunctionContext } from '@tenfold/autograd';
import { checkModel, ModelProto } from '@tenfold/onnx-model';
import { builtinOps, dispatch, rand, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { afterAll, describe, expect, test } from 'vitest';
import { exportOnnx, type SymbolicGraph, type SymbolicValue, toOnnx } from './index.ts';

const x = randn([2, 3]);
const batch = { dynamicAxes: { x: { 0: 'batch' } } };
const folder = mkdtempSync(join(tmpdir(), 'tenfold-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

class Opaque extends Function {
  static forward(_ctx: FunctionContext, x: Tensor, scale: Tensor): Tensor {
    return x.mul(scale);
  }

  static backward(_ctx: FunctionContext, g: Tensor): Tensor {
    return g;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue, _scale: SymbolicValue): SymbolicValue {
    return g.op('FORGETFUL', x);
  }
}

describe('errors', () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a read value names the line',
      () => toOnnx((x: Tensor) => (x.sum().itemSync() > 0 ? x : x.neg()), [x]),
      /read while the model is traced at .*errors\.test\.ts:\d+:\d+/,
    ],
    [
      'an asynchronous read',
      () => toOnnx(async (x: Tensor) => (await x.sum().item()) as unknown as Tensor, [x]),
      /forward is asynchronous/,
    ],
    ['random numbers', () => toOnnx((x: Tensor) => x.add(rand([2, 3])), [x]), /'rand'.*random numbers/],
    [
      'an op without a form',
      () => toOnnx((x: Tensor) => dispatch(builtinOps.cummax, [x], { dim: 0 })[0], [x]),
      /'cummax'.*running maximum/,
    ],
    [
      'an opset too low for an op',
      () => toOnnx((x: Tensor) => x.to('int64').bitwiseAnd(1), [x], { opsetVersion: 13 }),
      /opset 18 or later, asked for 13/,
    ],
    [
      'an opset below 11',
      () => toOnnx((x: Tensor) => x.neg(), [x], { opsetVersion: 10 }),
      /opsetVersion must be an integer from 11 to 23, got number 10/,
    ],
    ['an opset above 23', () => toOnnx((x: Tensor) => x.neg(), [x], { opsetVersion: 24 }), /from 11 to 23/],
    [
      'too many names',
      () => toOnnx((x: Tensor) => x.neg(), [x], { inputNames: ['a', 'b'] }),
      /inputNames has 2 names, but the model has 1 inputs/,
    ],
    [
      'too few names of outputs',
      () => toOnnx((x: Tensor) => [x.neg(), x.exp()], [x], { outputNames: ['a'] }),
      /outputNames has 1 names, but the model has 2 outputs/,
    ],
    [
      'a name twice',
      () => toOnnx((x: Tensor) => [x.neg(), x.exp()], [x], { outputNames: ['a', 'a'] }),
      /'a' occurs twice/,
    ],
    [
      'an input named as an output',
      () => toOnnx((x: Tensor) => x.neg(), [x], { inputNames: ['a'], outputNames: ['a'] }),
      /both an input and an output/,
    ],
    [
      'an axis out of range',
      () => toOnnx((x: Tensor) => x.neg(), [x], { dynamicAxes: { x: { 2: 'n' } } }),
      /'x' has 2 dims, there is no axis 2/,
    ],
    [
      'an axis of nothing',
      () => toOnnx((x: Tensor) => x.neg(), [x], { dynamicAxes: { z: { 0: 'n' } } }),
      /'z' is no input or output/,
    ],
    [
      'an output axis that is fixed',
      () => toOnnx((x: Tensor) => x.neg(), [x], { outputNames: ['y'], dynamicAxes: { y: { 0: 'n' } } }),
      /axis 0 of output 'y' is always 2/,
    ],
    [
      'axes of one name and two sizes',
      () => toOnnx((x: Tensor) => x.neg(), [x], { dynamicAxes: { x: { 0: 'n', 1: 'n' } } }),
      /axes of one name have one size/,
    ],
    [
      'an output that is no tensor',
      () => toOnnx((x: Tensor) => x.shape[0], [x]),
      /forward must return a tensor, or a list or record of tensors, got number 2/,
    ],
    ['no model', () => toOnnx({} as never, [x]), /must be a function or an object with forward/],
    ['an unknown option', () => toOnnx((x: Tensor) => x.neg(), [x], { opset: 13 } as object), /unknown option 'opset'/],
    [
      'ops that depend on a size',
      () => toOnnx((x: Tensor) => (x.shape[0] > 10 ? x.neg() : x.exp()), [x], batch),
      /computes something else at batch = 36/,
    ],
    [
      'a loop over an axis',
      () =>
        toOnnx(
          (x: Tensor) => {
            let y = x.select(0, 0);
            for (let i = 1; i < x.shape[0]; i++) y = y.add(x.select(0, i));
            return y;
          },
          [x],
          batch,
        ),
      /computes something else at batch = 3/,
    ],
    [
      'a rounded division',
      () => toOnnx((x: Tensor) => x.add(Math.floor(x.shape[0] / 2)), [x], batch),
      /depends on dynamic axis 'batch' in a way/,
    ],
    [
      'a size the model does not take',
      () => toOnnx((x: Tensor) => x.view([-1, 2]), [randn([2, 3])], batch),
      /not at batch = 3/,
    ],
    ['squeeze of a dynamic axis', () => toOnnx((x: Tensor) => x.squeeze(), [x], batch), /'squeeze'.*would drop dim 0/],
    ['an axis that an op needs fixed', () => toOnnx((x: Tensor) => x.diagonal(), [x], batch), /'diagonal'.*batch/],
    [
      'a forward that keeps state',
      () => {
        const state = zeros([3]);
        return toOnnx((x: Tensor) => x.add(state.add_(1)), [x]);
      },
      /forward changes a tensor of shape \[3\] in place/,
    ],
    [
      'a body that needs more than the node has',
      () => toOnnx((x: Tensor) => Opaque.apply(x, tensor([2, 3, 4])), [x]),
      /FORGETFUL|function body of Opaque/,
    ],
  ])('%s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });

  test('an export leaves the example and the model as they were', async () => {
    const input = tensor([-1, 2]);
    await toOnnx((x: Tensor) => x.relu_(), [input]);
    expect(input.toArraySync()).toEqual([-1, 2]);
  });
});

describe('files', () => {
  test('are written whole, or not at all', async () => {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, 'earlier');
    await expect(exportOnnx((x: Tensor) => x.add(rand([2, 3])), [x], path)).rejects.toThrow(/random/);
    expect(readFileSync(path, 'utf8')).toBe('earlier');
    await exportOnnx((x: Tensor) => x.neg(), [x], path, { ...batch, verify: true });
    expect(ModelProto.decode(readFileSync(path)).producerName).toBe('tenfold');
    expect(readdirSync(folder)).toEqual(['model.onnx']);
  });

  test('can not be written into what is no folder', async () => {
    const path = join(folder, 'none', 'model.onnx');
    await expect(exportOnnx((x: Tensor) => x.neg(), [x], path)).rejects.toThrow(/can't write .*ENOENT/);
    expect(existsSync(path)).toBe(false);
  });

  test('verify refuses a file that computes something else', async () => {
    let calls = 0;
    // traced for the first time at each of four sizes, run for verification afterwards
    const fickle = (x: Tensor): Tensor => (calls++ < 4 ? x.neg() : x.mul(-1.5));
    const path = join(folder, 'fickle.onnx');
    await expect(exportOnnx(fickle, [x], path, { ...batch, verify: { sizes: [5] } })).rejects.toThrow(
      /verify: output 'y' at batch = 5 differs by .* The first node that differs: '\/Neg' \(Neg\)/,
    );
    expect(existsSync(path)).toBe(false);
  });
});

describe('own checks', () => {
  const good = async (): Promise<ModelProto> => ModelProto.decode(await toOnnx((x: Tensor) => x.neg().exp(), [x]));

  test.each<[string, (model: ModelProto) => void, RegExp]>([
    ['nodes out of order', (m) => void m.graph?.node?.reverse(), /reads .* before it is computed/],
    [
      'a value with two sources',
      (m) => void m.graph?.node?.push({ ...m.graph.node[0], name: 'again' }),
      /stands for two values/,
    ],
    ['an output without a type', (m) => void delete m.graph?.output?.[0].type, /has no element type/],
    [
      'a domain that is not imported',
      (m) => {
        if (m.graph?.node) m.graph.node[0].domain = 'other';
      },
      /'other', which is not imported/,
    ],
    [
      'an output that is never computed',
      (m) => {
        if (m.graph?.output) m.graph.output[0].name = 'z';
      },
      /'z' is never computed/,
    ],
  ])('find %s', async (_, spoil, message) => {
    const model = await good();
    checkModel(model);
    spoil(model);
    expect(() => checkModel(model)).toThrow(message);
  });
});

test('verbose is a listing with names, types and attributes', async () => {
  let text = '';
  await toOnnx((x: Tensor) => x.sum(1).clamp(0, 1), [x], { ...batch, verbose: (t) => void (text = t) });
  expect(text).toContain('%x : float32[batch, 3]');
  expect(text).toMatch(/%\/ReduceSum_output_0 : float32\[batch\] = onnx::ReduceSum\[keepdims=0\]\(%x, %\/Constant/);
  expect(text).toMatch(/return %y\n\}/);
});
