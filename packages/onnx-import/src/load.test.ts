/** Where models come from, options, and files that are damaged. */
import '@tenfold/backend-cpu/register';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ModelProto, type TensorProto, TensorProto_DataLocation } from '@tenfold/onnx-model';
import { OnnxModelError, TenfoldError, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadOnnx } from './load.ts';
import { bytesOf, constant, functionOf, graphOf, modelOf } from './testing.ts';

const f64 = { dtype: 'float64' } as const;
const weight = constant('float64', [1, 2, 3, 4, 5, 6], [3, 2], 'fc.weight');

const linear = (w: TensorProto = weight): ModelProto =>
  modelOf({
    inputs: 'x: float64[n, 3]',
    outputs: 'y: float64[n, 2]',
    nodes: [['MatMul', 'x fc.weight', 'y']],
    initializers: [w],
  });

/** The same with its weight in another file, 16 bytes behind its beginning. */
const outside = (location: string): ModelProto => {
  const { rawData: _, ...rest } = weight;
  return linear({
    ...rest,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: '16' },
    ],
  });
};
const data = new Uint8Array([...new Uint8Array(16), ...(weight.rawData as Uint8Array)]);

const x = tensor([[1, 1, 1]], f64);
const answer = [[9, 12]];

describe('sources', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-import-'));
    await writeFile(join(folder, 'model.onnx'), bytesOf(linear()));
    await writeFile(join(folder, 'large.onnx'), bytesOf(outside('large.onnx.data')));
    await writeFile(join(folder, 'large.onnx.data'), data);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('bytes, blobs, paths and file URLs', async () => {
    const bytes = bytesOf(linear());
    const sources = [
      bytes,
      Buffer.from(bytes),
      bytes.slice().buffer,
      new Blob([bytes.slice()]),
      join(folder, 'model.onnx'),
      pathToFileURL(join(folder, 'model.onnx')),
    ];
    for (const source of sources) expect((await loadOnnx(source)).forward(x).toArraySync()).toEqual(answer);
    const model = await loadOnnx(bytes);
    bytes.fill(0);
    expect(model.forward(x).toArraySync()).toEqual(answer);
  });

  test('data in other files: beside a path, or by name', async () => {
    for (const source of [join(folder, 'large.onnx'), pathToFileURL(join(folder, 'large.onnx'))])
      expect((await loadOnnx(source)).forward(x).toArraySync()).toEqual(answer);
    const bytes = bytesOf(outside('large.onnx.data'));
    for (const files of [folder, { 'large.onnx.data': data }, { 'large.onnx.data': new Blob([data]) }])
      expect((await loadOnnx({ model: bytes, data: files })).forward(x).toArraySync()).toEqual(answer);
    await expect(loadOnnx(bytes)).rejects.toThrow(
      "the model has its data in other files ('large.onnx.data'); give loadOnnx { model, data: { name: bytes } }",
    );
    await expect(loadOnnx({ model: bytes, data: {} })).rejects.toThrow('the file is missing');
    await expect(loadOnnx({ model: bytesOf(outside('../secret')), data: folder })).rejects.toThrow(OnnxModelError);
  });

  test('URLs, with the files beside them, and none besides', async () => {
    const asked: string[] = [];
    const files: { readonly [path: string]: Uint8Array } = {
      '/models/model.onnx': bytesOf(linear()),
      '/models/large.onnx': bytesOf(outside('large.onnx.data')),
      '/models/large.onnx.data': data,
      '/models/bad.onnx': bytesOf(outside('//example.com/x')),
    };
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const file = files[request.url ?? ''];
      response.writeHead(file ? 200 : 404).end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const at = (name: string): URL => new URL(`http://127.0.0.1:${port}/models/${name}`);
    try {
      expect((await loadOnnx(at('model.onnx'))).forward(x).toArraySync()).toEqual(answer);
      expect((await loadOnnx(at('large.onnx'))).forward(x).toArraySync()).toEqual(answer);
      await expect(loadOnnx(at('bad.onnx'))).rejects.toThrow("the name must be of a file in the model's folder");
      await expect(loadOnnx(at('none.onnx'))).rejects.toThrow('answered 404');
      expect(asked).toHaveLength(5);
    } finally {
      server.close();
    }
    await expect(loadOnnx(at('model.onnx'))).rejects.toThrow("can't be fetched");
  });

  test('anything else is refused', async () => {
    const cases: [unknown, string][] = [
      [join(folder, 'none.onnx'), "none.onnx can't be read"],
      [3, 'expected a path, a URL, bytes or { model, data }, got number 3'],
      [null, 'got null'],
      [new Uint8Array(), 'it is empty'],
      [new TextEncoder().encode('{"model": 1}'), 'not an ONNX'],
    ];
    for (const [source, message] of cases) {
      await expect(loadOnnx(source as Uint8Array)).rejects.toThrow(OnnxModelError);
      await expect(loadOnnx(source as Uint8Array)).rejects.toThrow(message);
    }
  });
});

test('options are checked', async () => {
  const cases: [object, string][] = [
    [{ devices: 'cpu' }, "unknown option 'devices'"],
    [{ device: 'abacus' }, 'abacus'],
    [{ dtype: 'int32' }, 'dtype must be a float dtype'],
    [{ trainable: 'no' }, 'trainable must be'],
    [{ outputs: 'map' }, "outputs must be 'list' or 'record'"],
    [{ strict: 1 }, 'strict must be'],
    [{ maxElements: -1 }, 'maxElements must be a positive integer'],
    [{ maxTrips: 0.5 }, 'maxTrips must be a positive integer'],
    [{ ops: [] }, 'ops must be an object'],
    [{ ops: { Relu: 'relu' } }, "ops: 'Relu' must be"],
  ];
  for (const [options, message] of cases) {
    await expect(loadOnnx(bytesOf(linear()), options), message).rejects.toThrow(TenfoldError);
    await expect(loadOnnx(bytesOf(linear()), options)).rejects.toThrow(message);
  }
});

test('dtype is the one to compute in', async () => {
  const model = await loadOnnx(bytesOf(linear()), { dtype: 'float32' });
  expect(model.getParameter('fc.weight').dtype).toBe('float32');
  const y = model.forward(tensor([[1, 1, 1]]));
  expect([y.dtype, y.toArraySync()]).toEqual(['float32', answer]);
});

describe('damaged files', () => {
  /** Something of everything: functions, control flow, settings, several dtypes. */
  const rich = (): Uint8Array =>
    bytesOf(
      modelOf(
        {
          inputs: 'x: float64[n, 3]; k: int64[]',
          outputs: 'y: float64[?, ?]; z: float64[?]; s: int64[?]',
          nodes: [
            ['MatMul', 'x fc.weight', 'a'],
            ['Shape', 'a', 's'],
            ['my.domain::Twice', 'a', 'b', { by: constant('float64', [2], []) }],
            ['Constant', '', 'shape', { value_ints: [2, -1] }],
            ['Concat', 'b b', 'c', { axis: 0 }],
            ['Reshape', 'c shape', 'd'],
            ['Constant', '', 'four', { value_ints: [4] }],
            ['ConstantOfShape', 'four', 'e', { value: constant('float64', [3], [1]) }],
            ['Tile', 'e four', 'f'],
            ['Expand', 'one four', 'g'],
            [
              'Loop',
              'k - e',
              'h',
              {
                body: graphOf({
                  inputs: 'i: int64[]; go: bool[]; v: float64[4]',
                  outputs: 'again: bool[]; w: float64[4]',
                  nodes: [
                    ['Identity', 'go', 'again'],
                    ['Add', 'v g', 'w'],
                  ],
                }),
              },
            ],
            ['Slice', 'f zero four - -', 'i'],
            ['Mul', 'h i', 'z'],
            ['Softmax', 'd', 'y', { axis: -1 }],
          ],
          initializers: [weight, constant('float64', [1], [1], 'one'), constant('int64', [0], [1], 'zero')],
        },
        {
          imports: { 'my.domain': 1 },
          functions: [
            functionOf('my.domain', 'Twice', {
              inputs: 'x',
              outputs: 'y',
              attributes: ['by'],
              nodes: [
                ['Constant', '', 'two', { value: '$by' }],
                ['Mul', 'x two', 'y'],
              ],
            }),
          ],
        },
      ),
    );
  const limits = { maxElements: 1 << 20, maxTrips: 1000 };

  /** Loads and runs; what goes wrong must be an error of the file. */
  async function attempt(bytes: Uint8Array): Promise<string> {
    try {
      const model = await loadOnnx<Tensor[]>(bytes, limits);
      model.forward(zeros([2, 3], f64), tensor(3, { dtype: 'int64' }));
      return 'ran';
    } catch (error) {
      if (error instanceof OnnxModelError) return 'refused';
      throw error;
    }
  }

  test('the one they come from runs', async () => {
    expect(await attempt(rich())).toBe('ran');
  });

  test('cut off anywhere', async () => {
    const file = rich();
    const outcomes = new Map<string, number>();
    for (let end = 0; end < file.length; end += 3) {
      const outcome = await attempt(file.subarray(0, end));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get('refused')).toBeGreaterThan(file.length / 4);
  });

  test('with bytes changed', async () => {
    const file = rich();
    const turns = Number(process.env.TENFOLD_FUZZ ?? 400);
    const random = generator(1);
    let refused = 0;
    for (let turn = 0; turn < turns; turn++) {
      const bytes = file.slice();
      for (let k = 0; k <= random() % 3; k++) bytes[random() % bytes.length] = random() % 256;
      if ((await attempt(bytes)) === 'refused') refused++;
    }
    expect(refused).toBeGreaterThan(turns / 4);
  });

  /** Park and Miller's numbers: the same in every run. */
  function generator(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state * 48271) % 2147483647;
      return state;
    };
  }

  test('sizes that a number in the file asks for are limited', async () => {
    const shaped = (op: string, size: number): Uint8Array =>
      bytesOf(
        modelOf({
          inputs: 'x: float64[1]',
          outputs: 'y: float64[?]',
          nodes: [
            ['Constant', '', 'size', { value_ints: [size] }],
            op === 'ConstantOfShape' ? [op, 'size', 'v'] : [op, 'x size', 'v'],
            ['Identity', 'v', 'y'],
          ],
        }),
      );
    for (const op of ['ConstantOfShape', 'Expand', 'Tile']) {
      const model = await loadOnnx(shaped(op, 2 ** 40));
      expect(() => model.forward(zeros([1], f64)), op).toThrow('maxElements');
      expect((await loadOnnx(shaped(op, 5))).forward(zeros([1], f64)).shape).toEqual([5]);
    }
    const padded = await loadOnnx(
      bytesOf(
        modelOf({
          inputs: 'x: float64[1]',
          outputs: 'y: float64[?]',
          nodes: [
            ['Constant', '', 'pads', { value_ints: [0, 2 ** 40] }],
            ['Pad', 'x pads', 'y'],
          ],
        }),
      ),
    );
    expect(() => padded.forward(zeros([1], f64))).toThrow('maxElements');
    const counted = await loadOnnx(
      bytesOf(
        modelOf({
          inputs: 'n: int64[]',
          outputs: 'y: int64[?]',
          nodes: [
            ['Constant', '', 'zero', { value_int: 0 }],
            ['Constant', '', 'one', { value_int: 1 }],
            ['Range', 'zero n one', 'y'],
          ],
        }),
      ),
    );
    expect(() => counted.forward(tensor(2 ** 40, { dtype: 'int64' }))).toThrow('maxElements');
  });
});
