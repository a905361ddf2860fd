import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxModelError } from '@tenfold/tensor-core';
import { afterAll, expect, test } from 'vitest';
import { tensorData } from './data.ts';
import { externalFiles, loadExternalData } from './external-data.ts';
import type { ModelProto, TensorProto } from './generated/onnx.ts';

const folder = mkdtempSync(join(tmpdir(), 'external-'));
afterAll(() => rmSync(folder, { recursive: true }));

const data = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);

const external = (name: string, dims: number[], entries: Record<string, string>): TensorProto => ({
  name,
  dims,
  dataType: 1,
  dataLocation: 1,
  externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
});
const modelOf = (...initializer: TensorProto[]): ModelProto => ({ graph: { initializer } });
const valuesOf = (model: ModelProto): unknown =>
  model.graph?.initializer?.map((x) => [...(tensorData(x) as Float32Array)]);

const two = (location: string): ModelProto =>
  modelOf(
    external('a', [2], { location, offset: '0', length: '8' }),
    external('b', [1, 2], { location, offset: '8' }),
    external('c', [2], { location, offset: '0', length: '8' }),
  );

test('reads from a folder, from bytes and from a Blob', async () => {
  mkdirSync(join(folder, 'inner'), { recursive: true });
  writeFileSync(join(folder, 'inner/w.data'), data);
  for (const files of [folder, { 'inner/w.data': data }, { 'inner/w.data': new Blob([data]) }]) {
    const model = two('inner/w.data');
    expect(externalFiles(model)).toEqual(['inner/w.data']);
    await loadExternalData(model, files);
    expect(valuesOf(model)).toEqual([
      [1, 2],
      [3, 4],
      [1, 2],
    ]);
    expect(externalFiles(model)).toEqual([]);
  }
});

test('a link inside of the folder is followed', async () => {
  writeFileSync(join(folder, 'w.data'), data);
  symlinkSync(join(folder, 'w.data'), join(folder, 'inside'));
  const model = two('inside');
  await loadExternalData(model, folder);
  expect(valuesOf(model)).toHaveLength(3);
});

test('finds tensors in attributes, subgraphs and functions', async () => {
  const w = (): TensorProto => external('w', [4], { location: 'w' });
  const node = { opType: 'Constant', attribute: [{ name: 'value', t: w() }] };
  const model: ModelProto = {
    graph: { node: [{ opType: 'If', attribute: [{ name: 'then_branch', g: { node: [node] } }] }] },
    functions: [{ node: [structuredClone(node)] }],
  };
  await loadExternalData(model, { w: data });
  expect(node.attribute[0].t.rawData).toEqual(data);
  expect(model.functions?.[0].node?.[0].attribute?.[0].t?.rawData).toEqual(data);
});

const outside = mkdtempSync(join(tmpdir(), 'outside-'));
afterAll(() => rmSync(outside, { recursive: true }));
writeFileSync(join(outside, 'secret'), data);
symlinkSync(join(outside, 'secret'), join(folder, 'link'));
symlinkSync(outside, join(folder, 'linked-folder'));
writeFileSync(join(folder, 'plain'), data);

test.each([
  ['no name', {}, 'the name must be'],
  ['a name of the folder above', { location: '../secret' }, 'the name must be'],
  ['one hidden in the middle', { location: 'inner/../../secret' }, 'the name must be'],
  ['one of Windows', { location: 'inner\\..\\..\\secret' }, 'the name must be'],
  ['an absolute name', { location: join(outside, 'secret') }, 'the name must be'],
  ['a drive', { location: 'C:secret' }, 'the name must be'],
  ['a zero byte', { location: 'plain\0' }, 'the name must be'],
  ['a link out of the folder', { location: 'link' }, 'leads out of'],
  ['a folder that is one', { location: 'linked-folder/secret' }, 'leads out of'],
  ['the folder itself', { location: '.' }, 'no file'],
  ['a missing file', { location: 'absent' }, 'ENOENT'],
  ['an offset that is no number', { location: 'plain', offset: '-4' }, 'is no offset'],
  ['an offset of letters', { location: 'plain', offset: '0x10' }, 'is no offset'],
  ['an offset beyond 2⁵³', { location: 'plain', offset: '9999999999999999' }, 'is no offset'],
  ['an offset beyond the file', { location: 'plain', offset: '400' }, 'bytes 400 to 408, and the file has 16'],
  ['a range beyond the file', { location: 'plain', offset: '12', length: '8' }, 'the file has 16'],
  ['another length than the shape has', { location: 'plain', length: '12' }, 'needs 8'],
])('%s: an error that names the tensor, and the model stays', async (_, entries, message) => {
  const model = modelOf(
    external('w', [2], { location: 'plain' }),
    external('bad', [2], entries as Record<string, string>),
  );
  const before = structuredClone(model);
  const load = loadExternalData(model, folder);
  await expect(load).rejects.toThrow(OnnxModelError);
  await expect(load).rejects.toThrow(message);
  await expect(load).rejects.toThrow("'bad'");
  expect(model).toEqual(before);
});

test('a shape that no file holds, and overlapping ranges', async () => {
  const huge = modelOf(external('w', [2 ** 40], { location: 'plain' }));
  await expect(loadExternalData(huge, folder)).rejects.toThrow('and the file has 16');
  const many = modelOf(...[0, 4, 8].map((offset) => external('w', [2], { location: 'plain', offset: `${offset}` })));
  await expect(loadExternalData(many, folder)).rejects.toThrow('overlap');
});

test.skipIf(process.platform === 'win32')('a pipe is no file, and does not make the reader wait', async () => {
  const { execFileSync } = await import('node:child_process');
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(loadExternalData(two('pipe'), folder)).rejects.toThrow('this is no file');
});
