import '@tenfold/backend-cpu/register';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Linear, ReLU, Sequential } from '@tenfold/nn';
import { decodeModel, loadExternalData, tensorData } from '@tenfold/onnx-model';
import { manualSeed, OnnxExportError, rand, TenfoldError, type Tensor } from '@tenfold/tensor-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportOnnx, exportWith, toOnnxFiles } from './export-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'external-'));
afterAll(() => rmSync(folder, { recursive: true }));

let model: Sequential;
let x: Tensor;
beforeAll(() => {
  manualSeed(0);
  // 2 MiB, 4 KiB, 40 KiB and 40 bytes of parameters
  model = new Sequential(new Linear(512, 1024), new ReLU(), new Linear(1024, 10));
  x = rand([1, 512]);
});
const options = { dynamicAxes: { x: { 0: 'batch' } } };

/** What a model says of the data of its tensors. */
const entriesOf = (bytes: Uint8Array): Record<string, Record<string, string>> =>
  Object.fromEntries(
    (decodeModel(bytes).graph?.initializer ?? []).map(({ name, externalData }) => [
      name ?? '',
      Object.fromEntries((externalData ?? []).map(({ key = '', value = '' }) => [key, value])),
    ]),
  );

const bytesOf = (x: Float32Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

describe('external data', () => {
  test('lie beside the model at aligned offsets, run in onnxruntime, and are the parameters', async () => {
    const path = join(folder, 'm.onnx');
    const result = await exportOnnx(model, x, path, { ...options, externalData: true, verify: { sizes: [1, 3] } });
    expect(result.files).toEqual([path, `${path}.data`]);
    expect(result.differences?.map(({ output, sizes, difference }) => [output, sizes, difference < 1e-5])).toEqual([
      ['y', { batch: 1 }, true],
      ['y', { batch: 3 }, true],
    ]);
    expect(readdirSync(folder)).toEqual(['m.onnx', 'm.onnx.data']);
    // ReLU has no parameters; 2 MiB are a multiple of 64 KiB, 4 KiB one of 4 KiB
    expect(entriesOf(readFileSync(path))).toEqual({
      '0.weight': { location: 'm.onnx.data', offset: '0', length: '2097152' },
      '0.bias': { location: 'm.onnx.data', offset: '2097152', length: '4096' },
      '2.weight': { location: 'm.onnx.data', offset: '2101248', length: '40960' },
      '2.bias': {},
    });
    const read = decodeModel(readFileSync(path));
    await loadExternalData(read, folder);
    for (const initializer of read.graph?.initializer ?? []) {
      const parameter = Object.entries(model.stateDict()).find(([name]) => name === initializer.name)?.[1];
      // arrays of half a million numbers take seconds to compare one by one
      const [got, expected] = [tensorData(initializer), await (parameter as Tensor).detach().toTypedArray()];
      expect(Buffer.compare(bytesOf(got as Float32Array), bytesOf(expected as Float32Array))).toBe(0);
    }
  });

  test('the bytes are the same each time, whether streamed or not, and the same as toOnnxFiles gives', async () => {
    const files = await toOnnxFiles(model, x, 'm.onnx', { ...options, externalData: true });
    expect(Object.keys(files)).toEqual(['m.onnx', 'm.onnx.data']);
    for (const name of ['m.onnx', 'm.onnx.data'])
      expect(Buffer.compare(files[name], readFileSync(join(folder, name)))).toBe(0);
    const path = join(folder, 'streamed', 'm.onnx');
    await expect(exportOnnx(model, x, path, { externalData: true })).rejects.toThrow(/can't write/);
    mkdirSync(join(folder, 'streamed'));
    // all parameters are read when they are written
    const sizes = { limit: 2 ** 31 - 1, streamFrom: 0 };
    await exportWith(model, x, path, { ...options, externalData: true, verify: true }, sizes);
    for (const name of ['m.onnx', 'm.onnx.data'])
      expect(Buffer.compare(files[name], readFileSync(join(folder, 'streamed', name)))).toBe(0);
  });

  test('a threshold and a name of its own', async () => {
    const files = await toOnnxFiles(model, x, 'm.onnx', { externalData: { threshold: 50_000, file: 'weights.bin' } });
    expect(Object.keys(files)).toEqual(['m.onnx', 'weights.bin']);
    const entries = entriesOf(files['m.onnx']);
    expect(entries['0.weight']).toEqual({ location: 'weights.bin', offset: '0', length: '2097152' });
    expect(entries['2.weight']).toEqual({});
    const one = await toOnnxFiles(model, x, 'm.onnx', { externalData: { threshold: 10_000_000 } });
    expect(Object.keys(one)).toEqual(['m.onnx']);
  });

  test('are forced where the parameters pass the limit of one file', async () => {
    const path = join(folder, 'forced.onnx');
    const { files } = await exportWith(model, x, path, { ...options, verify: true }, { limit: 100_000, streamFrom: 0 });
    expect(files).toEqual([path, `${path}.data`]);
    expect(entriesOf(readFileSync(path))['0.weight'].location).toBe('forced.onnx.data');
  });

  test('a second export takes the place of the first', async () => {
    const path = join(folder, 'again.onnx');
    const doubled = (input: Tensor): Tensor => model.forward(input).mul(2);
    for (const each of [model, doubled, model]) {
      await exportOnnx(each as never, x, path, { ...options, externalData: true, verify: { sizes: [2] } });
      expect(readdirSync(folder).filter((name) => name.startsWith('again'))).toEqual(['again.onnx', 'again.onnx.data']);
      expect(entriesOf(readFileSync(path))[each === model ? '0.weight' : 'constant'].location).toBe('again.onnx.data');
    }
  });

  test('a failure leaves the earlier pair as it was', async () => {
    const path = join(folder, 'kept.onnx');
    await exportOnnx(model, x, path, { externalData: true });
    const before = [readFileSync(path), readFileSync(`${path}.data`)];
    let calls = 0;
    const fickle = (input: Tensor): Tensor => model.forward(input).mul(calls++ === 0 ? 2 : 3);
    await expect(exportOnnx(fickle, x, path, { externalData: true, verify: true })).rejects.toThrow(/'\/Mul' \(Mul\)/);
    const after = [readFileSync(path), readFileSync(`${path}.data`)];
    expect(after.map((bytes, i) => Buffer.compare(bytes, before[i]))).toEqual([0, 0]);
    expect(readdirSync(folder).filter((name) => name.startsWith('kept'))).toEqual(['kept.onnx', 'kept.onnx.data']);
  });

  test('where the data can not take their place, the new pair works under other names', async () => {
    const path = join(folder, 'stuck.onnx');
    writeFileSync(path, 'an earlier model');
    // a folder with something in it can't be replaced by a file
    mkdirSync(`${path}.data/full`, { recursive: true });
    await expect(exportOnnx(model, x, path, { ...options, externalData: true })).rejects.toThrow(OnnxExportError);
    const read = decodeModel(readFileSync(path));
    await loadExternalData(read, folder);
    expect(tensorData(read.graph?.initializer?.[0] as never)).toHaveLength(512 * 1024);
  });

  test.each([
    ['a wrong type', 5, /externalData must be true, false or/],
    ['an unknown key', { size: 5 }, /externalData/],
    ['a negative threshold', { threshold: -1 }, /threshold must be/],
    ['a file in another folder', { file: '../w.data' }, /without a folder/],
    ['a folder', { file: '..' }, /without a folder/],
    ["the model's own name", { file: 'bad.onnx' }, /the name of the model itself/],
  ])('%s: an error', async (_, externalData, message) => {
    const run = exportOnnx(model, x, join(folder, 'bad.onnx'), { externalData: externalData as never });
    await expect(run).rejects.toThrow(TenfoldError);
    await expect(run).rejects.toThrow(message);
    expect(existsSync(join(folder, 'bad.onnx'))).toBe(false);
  });

  test('names of files are names', async () => {
    await expect(toOnnxFiles(model, x, 'a/m.onnx')).rejects.toThrow(/without a folder/);
  });
});
