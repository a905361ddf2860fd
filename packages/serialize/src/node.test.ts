import '@tenfold/backend-cpu/register';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { arange, ones, SerializationError, tensor } from '@tenfold/tensor-core';
import { afterAll, expect, it } from 'vitest';
import { described, fixture, fixturePath } from './fixtures.test-support.ts';
import { loadSafetensors, saveNpy, saveNpz, saveSafetensors } from './index.ts';
import {
  loadCheckpoint,
  loadNpyFile,
  loadNpzFile,
  loadPtFile,
  loadSafetensorsFile,
  openSafetensors,
  saveCheckpoint,
  saveNpyFile,
  saveNpzFile,
  saveSafetensorsFile,
} from './node.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenfold-serialize-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

it('files hold the same bytes as those made in memory', async () => {
  const tensors = { a: arange(5), b: tensor([[true], [false]]) };
  await saveSafetensorsFile(at('x.safetensors'), tensors, { metadata: { epoch: '3' } });
  expect(readFileSync(at('x.safetensors'))).toEqual(
    Buffer.from(await saveSafetensors(tensors, { metadata: { epoch: '3' } })),
  );
  await saveNpyFile(at('x.npy'), tensors.a);
  expect(readFileSync(at('x.npy'))).toEqual(Buffer.from(await saveNpy(tensors.a)));
  await saveNpzFile(pathToFileURL(at('x.npz')), tensors, { compress: true });
  expect(readFileSync(at('x.npz'))).toEqual(Buffer.from(await saveNpz(tensors, { compress: true })));

  const { tensors: read, metadata } = await loadSafetensorsFile(at('x.safetensors'));
  expect(metadata).toEqual({ epoch: '3' });
  expect(described(read.b)).toEqual(described(tensors.b));
  expect(described(await loadNpyFile(at('x.npy')))).toEqual(described(tensors.a));
  expect(described((await loadNpzFile(at('x.npz'))).a)).toEqual(described(tensors.a));
});

it.each(['mixed.pt', 'mixed-before-1.6.pt'])('reads %s from its file', async (name) => {
  const { tensors } = (await loadPtFile(fixturePath(name))) as { tensors: { row: Parameters<typeof described>[0] } };
  expect(described(tensors.row).data).toEqual([4, 5, 6, 7]);
});

it('opens a file and reads its tensors by name', async () => {
  await using file = await openSafetensors(fixturePath('reference.safetensors'));
  const { tensors, metadata } = loadSafetensors(fixture('reference.safetensors'));
  expect(file.names().sort()).toEqual(Object.keys(tensors).sort());
  expect(file.metadata).toEqual(metadata);
  expect(file.info('bfloat16')).toEqual({ dtype: 'BF16', shape: [5] });
  expect(described(await file.tensor('bfloat16'))).toEqual(described(tensors.bfloat16));
  expect(file.has('nothing')).toBe(false);
  await expect(file.tensor('nothing')).rejects.toThrow(/has no tensor string 'nothing'; it has 18: /);
  expect(() => file.info('__proto__')).toThrow('has no tensor');
});

it('reads beyond 4 GiB', async () => {
  // a sparse file: it takes no room
  const path = at('large.safetensors');
  const size = 5 * 2 ** 30;
  const header = JSON.stringify({
    large: { dtype: 'U8', shape: [5, 2 ** 30], data_offsets: [0, size] },
    last: { dtype: 'F64', shape: [2], data_offsets: [size, size + 16] },
  }).padEnd(160);
  const handle = await open(path, 'w');
  await handle.write(Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer), 0, 8, 0);
  await handle.write(header, 8);
  await handle.write(Buffer.from(Float64Array.of(1.5, -2).buffer), 0, 16, 8 + header.length + size);
  await handle.close();
  await using file = await openSafetensors(path);
  expect(file.info('large').shape).toEqual([5, 2 ** 30]);
  expect((await file.tensor('last')).toArraySync()).toEqual([1.5, -2]);
  rmSync(path);
});

it('writes more than one piece', async () => {
  const x = arange(2 ** 21 + 3, { dtype: 'float64' });
  await saveSafetensorsFile(at('pieces.safetensors'), { x, y: ones([1]) });
  const { tensors } = await loadSafetensorsFile(at('pieces.safetensors'));
  expect(tensors.x.eq(x).all().itemSync()).toBe(1);
});

it('what fails leaves the old file, and nothing else', async () => {
  const path = at('kept.safetensors');
  await saveSafetensorsFile(path, { x: ones([1]) });
  const before = readFileSync(path);
  const gone = ones([2000]);
  gone.dispose();
  await expect(saveSafetensorsFile(path, { x: ones([3]), gone })).rejects.toThrow('disposed');
  await expect(saveCheckpoint(path, { x: ones([3]), f: () => 1 })).rejects.toThrow('f is a function');
  await expect(saveNpyFile(path, ones([3], { dtype: 'bfloat16' }))).rejects.toThrow('NumPy has no bfloat16');
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('two saves at once under one name leave one of them', async () => {
  const path = at('both.safetensors');
  await Promise.all([1, 2, 3, 4].map((value) => saveCheckpoint(path, { value, w: ones([1000]).mul(value) })));
  const { value, w } = await loadCheckpoint<{ value: number; w: ReturnType<typeof ones> }>(path);
  expect(w.eq(value).all().itemSync()).toBe(1);
});

it('says why a file can’t be read or written', async () => {
  mkdirSync(at('folder'));
  writeFileSync(at('short.safetensors'), 'short');
  const problems: [() => Promise<unknown>, string | RegExp][] = [
    [() => loadSafetensorsFile(at('missing')), /loadSafetensorsFile: '.*missing': it can't be read: ENOENT/],
    [() => loadPtFile(at('folder')), /it can't be read: it is no file/],
    [() => loadNpyFile(at('short.safetensors')), 'this is no .npy file'],
    [() => openSafetensors(at('short.safetensors')), 'at least 8 bytes, this one has 5'],
    [() => loadCheckpoint(fixturePath('reference.safetensors')), 'this is no checkpoint of Tenfold'],
    [() => saveCheckpoint(at('no/such/folder'), {}), /can't be written: ENOENT/],
    [() => saveCheckpoint(at('folder'), {}), /can't be written: EISDIR/],
  ];
  for (const [attempt, message] of problems) {
    const promise = attempt();
    await expect(promise).rejects.toThrow(message);
    await expect(promise).rejects.toBeInstanceOf(SerializationError);
  }
  await expect(loadPtFile(3 as never)).rejects.toThrow('the path must be a string or a file: URL, got number 3');
  await expect(loadPtFile(new URL('https://example.org/x.pt'))).rejects.toThrow('the path must be');
});
