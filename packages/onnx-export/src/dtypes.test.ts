/** Models of every dtype: inputs, parameters and outputs, exported, checked and run in onnxruntime. */
import '@tenfold/backend-cpu/register';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Embedding, Linear, Module, Parameter } from '@tenfold/nn';
import { ModelProto, onnxType } from '@tenfold/onnx-model';
import { cat, type DType, manualSeed, randint, randn, type Tensor, tensor, where } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { withFloat32Edges } from './edges.ts';
import { exportOnnx, toOnnx } from './index.ts';
import { type Comparison, compareAll } from './testing.ts';
import { largestDifference } from './verify.ts';

manualSeed(0);
const axes = { dynamicAxes: { x: { 0: 'batch' } } };
const integers =
  (dtype: DType, low = dtype === 'uint8' ? 0 : -5): ((n: number) => Tensor) =>
  (n) =>
    randint(low, 9, [n, 3]).to(dtype);
const floats =
  (dtype: DType) =>
  (n: number): Tensor =>
    randn([n, 3]).to(dtype);
const bools = (n: number): Tensor => randint(0, 2, [n, 3]).to('bool');
const kept = (dtype: DType): Tensor => tensor([1, 2, 3], { dtype });

/** Programs on `[n, 3]`, each over an initialiser of the dtype too. */
const rows: readonly (readonly [name: string, make: (n: number) => Tensor, fn: (x: Tensor) => unknown])[] = [
  ...(['int64', 'int32', 'int16', 'int8', 'uint8'] as const).map((dtype) => {
    const k = kept(dtype);
    const fn = (x: Tensor): unknown => ({
      sum: x.add(k),
      least: x.minimum(k),
      flags: x.gt(k),
      total: x.sum(),
      wide: x.to('int64'),
    });
    return [dtype, integers(dtype), fn] as const;
  }),
  ...(['float64', 'float32', 'float16'] as const).map((dtype) => {
    const k = kept(dtype);
    return [dtype, floats(dtype), (x: Tensor) => [x.mul(k).add(1), x.matmul(k), x.softmax(-1), x.to('int32')]] as const;
  }),
  [
    'bool',
    bools,
    (x) => [x.logicalAnd(tensor([true, false, true])), x.logicalNot(), x.any(1), x.sum(1), where(x, 1.5, 2)],
  ],
  ['bfloat16 in and out', floats('bfloat16'), (x) => [x, x.to('float32').mul(2), x.to('float32').exp().to('bfloat16')]],
  ['bfloat16 parameter', floats('float32'), (x) => x.add(halfParameter.to('float32'))],
  ['bfloat16 shapes', floats('bfloat16'), (x) => [x.t(), x.reshape([-1]), cat([x, x], 1), x.slice(1, 1)]],
  ['from one to another', floats('float64'), (x) => [x.to('float16'), x.to('int64'), x.to('bool'), x.to('bfloat16')]],
  [
    'large integers',
    (n) =>
      integers('int64')(n)
        .mul(2 ** 30)
        .mul(2 ** 20),
    (x) => [x.add(1), x.neg()],
  ],
];
const halfParameter = kept('bfloat16');
const limits: { readonly [dtype: string]: number } = {
  float64: 1e-12,
  float32: 1e-6,
  float16: 2e-3,
  'bfloat16 in and out': 1e-2,
};

test('programs of every dtype agree at several sizes', async () => {
  const comparisons: Comparison[] = rows.flatMap(([name, make, fn]) =>
    [13, 18, 21].map((opsetVersion) => ({
      name: `${name} at ${opsetVersion}`,
      fn: fn as Comparison['fn'],
      example: [make(2)],
      runs: [[make(1)], [make(4)]],
      options: { ...axes, opsetVersion },
    })),
  );
  const results = await compareAll(comparisons);
  const wrong = results.flatMap((result, i) => {
    const limit = limits[comparisons[i].name.replace(/ at \d+$/, '')] ?? 0;
    if ('difference' in result && result.difference <= limit) return [];
    return [`${comparisons[i].name}: ${'error' in result ? result.error : result.difference}`];
  });
  expect(wrong).toEqual([]);
});

class Mixed extends Module {
  readonly table = new Embedding(9, 4);
  readonly narrow = new Linear(4, 4, { dtype: 'float16' });
  readonly wide = new Linear(4, 2, { dtype: 'float64' });
  readonly scale = new Parameter(tensor([0.5, 2], { dtype: 'bfloat16' }));

  forward(ids: Tensor, { mask, bias }: { mask: Tensor; bias: Tensor }): object {
    const h = this.narrow.forward(this.table.forward(ids).to('float16'));
    const y = this.wide.forward(where(mask.unsqueeze(-1), h, 0).to('float64'));
    return {
      y,
      best: y.argmax(-1),
      scaled: y.to('bfloat16'),
      scale: this.scale,
      bias: bias.to('float32').mul(this.scale.to('float32')),
    };
  }
}

test('a model of many dtypes has them in its file, and is verified', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenfold-onnx-'));
  try {
    const ids = randint(0, 9, [2, 3]);
    const inputs = [ids, { mask: ids.gt(4), bias: tensor([1, 2], { dtype: 'bfloat16' }) }] as const;
    const dynamicAxes = { x_0: { 0: 'batch', 1: 'time' }, mask: { 0: 'batch', 1: 'time' } };
    const { graph } = ModelProto.decode(await toOnnx(new Mixed(), inputs, { dynamicAxes }));
    const types = (list: typeof graph extends undefined ? never : NonNullable<typeof graph>['input'] = []): unknown[] =>
      list.map(({ name, type }) => [name, type?.tensorType?.elemType]);
    expect(types(graph?.input)).toEqual([
      ['x_0', onnxType.int64],
      ['mask', onnxType.bool],
      ['bias', onnxType.bfloat16],
    ]);
    expect(types(graph?.output)).toEqual([
      ['y', onnxType.float64],
      ['best', onnxType.int64],
      ['scaled', onnxType.bfloat16],
      ['scale', onnxType.bfloat16],
      ['bias_out', onnxType.float32],
    ]);
    expect(new Set(graph?.initializer?.map(({ dataType }) => dataType))).toEqual(
      new Set([onnxType.float32, onnxType.float16, onnxType.float64, onnxType.bfloat16]),
    );
    // all of it has been through float16
    await exportOnnx(new Mixed(), inputs, join(folder, 'mixed.onnx'), {
      dynamicAxes,
      verify: { sizes: [1, 5], tolerance: 1e-2 },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('models without bfloat16 are compared as they are', async () => {
  const bytes = await toOnnx((x: Tensor) => x.neg(), randn([2]));
  expect(withFloat32Edges(bytes)).toBe(bytes);
});

test('integers that numbers can’t tell apart differ', () => {
  expect(largestDifference([2n ** 60n], new BigInt64Array([2n ** 60n]))).toBe(0);
  expect(largestDifference([2n ** 60n], new BigInt64Array([2n ** 60n + 1n]))).toBeGreaterThan(0);
});
