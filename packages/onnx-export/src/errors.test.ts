/** What can't be exported says so, and what was there before stays. */
import '@tenfold/backend-cpu/register';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Function, type FunctionContext } from '@tenfold/autograd';
import { checkModel, ModelProto } from '@tenfold/onnx-model';
import { rand, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
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
    ['random numbers', () => toOnnx((x: Tensor) => x.add(rand([2, 3])), [x]), /'rand'.*random numbers/],
    [
      'a size the model does not take',
      () => toOnnx((x: Tensor) => x.view([-1, 2]), [randn([2, 3])], batch),
      /not at batch = 3/,
    ],
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
