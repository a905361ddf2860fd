import '@tenfold/backend-cpu/register';
import { spawnSync } from 'node:child_process';
import { arange, SerializationError, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { joined } from './bytes.ts';
import { type DescribedTensor, described, element, expectedOf, fixture } from './fixtures.test-support.ts';
import { loadNpy, loadNpz, saveNpy, saveNpz } from './index.ts';
import { type ZipInput, zipPieces } from './zip.ts';

const expected: { readonly [name: string]: DescribedTensor } = expectedOf('npy.json');
/** NumPy's dtypes that become wider here. */
const ours: { readonly [dtype: string]: string } = { uint16: 'int32', uint32: 'int64', uint64: 'int64' };

describe('reads what numpy.save wrote', () => {
  it.each(Object.entries(expected))('%s', (name, { dtype, shape, strides, data }) => {
    const x = loadNpy(fixture(`${name}.npy`));
    const own = ours[dtype] ?? dtype;
    expect(described(x)).toEqual({ dtype: own, shape, data: data.map((value) => element(value, own)) });
    if (x.numel() > 0) expect(x.strides).toEqual(strides);
  });
});

it.each([
  ['complex', 'complex numbers'],
  ['strings', 'strings'],
  ['objects', 'never unpickled'],
  ['records', 'an array of records'],
  ['too-big', '9223372036854775808 is beyond int64'],
])('refuses %s', (name, message) => {
  expect(() => loadNpy(fixture(`${name}.npy`))).toThrow(SerializationError);
  expect(() => loadNpy(fixture(`${name}.npy`))).toThrow(message);
});

it.each(['matrix', 'scalar', 'empty', 'half', 'bool', 'int8', 'int64', 'uint8'])(
  'writes %s as NumPy does',
  async (name) => {
    const bytes = fixture(`${name}.npy`);
    expect(Buffer.from(await saveNpy(loadNpy(bytes)))).toEqual(Buffer.from(bytes));
  },
);

it('refuses to save a tensor that changes meanwhile', async () => {
  const x = zeros([3]);
  for (const save of [saveNpy, (tensor: typeof x) => saveNpz({ tensor })]) {
    const saved = save(x);
    x.add_(1);
    await expect(saved).rejects.toThrow('was changed while it was saved');
  }
});

it('refuses what NumPy has not', async () => {
  await expect(saveNpy(zeros([2], { dtype: 'bfloat16' }))).rejects.toThrow(/NumPy has no bfloat16; save x.to/);
  await expect(saveNpz({ x: zeros([2], { dtype: 'bfloat16' }) })).rejects.toThrow(SerializationError);
  await expect(saveNpy([1] as never)).rejects.toThrow('expected a tensor, got an array of 1');
});

it.each([
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1, }", 'unknown header'],
  ["{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "'descr' twice"],
  ["{'descr': '<f8', 'fortran_order': False, }", 'unknown header'],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", 'unknown header'],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (1, , 1), }", 'the shape'],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", 'in a shape'],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': (9007199254740991, 9007199254740991), }", 'too many elements'],
  ["{'descr': '<f8', 'fortran_order': __import__('os').system('id'), 'shape': (1,), }", 'unknown header'],
  ["{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "the dtype '<f16'"],
  [`{${' '.repeat(30000)}`, 'unknown header'],
])('refuses the header %s', (header, message) => {
  const bytes = Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8]),
    Buffer.from(header),
    Buffer.alloc(8),
  ]);
  expect(() => loadNpy(bytes)).toThrow(SerializationError);
  expect(() => loadNpy(bytes)).toThrow(message);
});

describe('.npz', () => {
  it('reads what numpy.savez and savez_compressed wrote', async () => {
    const stored = await loadNpz(fixture('stored.npz'));
    expect(Object.keys(stored)).toEqual(['matrix', 'fortran', 'empty']);
    expect(stored.fortran.strides).toEqual([1, 2]);
    expect(stored.fortran.toArraySync()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    const deflated = await loadNpz(fixture('deflated.npz'));
    expect(deflated.matrix.toArraySync()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(deflated.zeros.shape).toEqual([100, 100]);
  });

  it.each([false, true])('gives back what it wrote, compress: %s', async (compress) => {
    const tensors = {
      a: arange(5),
      'b/c': tensor([[true], [false]]),
      empty: zeros([0, 2]),
      long: zeros([1000], { dtype: 'int64' }),
    };
    const bytes = await saveNpz(tensors, { compress });
    expect(bytes.length < 5000).toBe(compress);
    const read = await loadNpz(bytes);
    expect(Object.keys(read)).toEqual(Object.keys(tensors));
    for (const [name, x] of Object.entries(tensors)) expect(described(read[name])).toEqual(described(x));
    expect(Buffer.compare(await saveNpz(tensors, { compress }), bytes)).toBe(0);
  });

  it('reads the records of 64 bits that Python writes for large files', async () => {
    const bytes = fixture('zip64.npz');
    expect(Buffer.from(bytes).indexOf('PK\x06\x06')).toBeGreaterThan(0);
    expect((await loadNpz(bytes)).fortran.toArraySync()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  async function* inputs(): AsyncGenerator<ZipInput> {
    for (const name of ['matrix', 'version-2']) yield { name: `${name}.npy`, bytes: fixture(`${name}.npy`) };
  }

  it.each([false, true])(
    'reads the records of 64 bits that it writes for large files, compress: %s',
    async (compress) => {
      const bytes = await joined(zipPieces(inputs(), compress, 10));
      expect(Buffer.from(bytes).indexOf('PK\x06\x06')).toBeGreaterThan(0);
      const { matrix, 'version-2': other } = await loadNpz(bytes);
      expect(described(matrix)).toEqual(described(other));
      // zip64 sizes are as little believed as others
      for (let i = 0; i < 300; i++) {
        const damaged = Uint8Array.from(bytes);
        damaged[bytes.length - 300 + i] ^= 1 << (i % 8);
        await loadNpz(damaged).catch((error) => expect(error).toBeInstanceOf(SerializationError));
      }
    },
  );

  const python = spawnSync('/usr/bin/python3', ['-c', 'import numpy']).status === 0;

  it.runIf(python)('numpy.load reads what it wrote (only where Python has NumPy)', async () => {
    const bytes = await saveNpz(
      { x: arange(6).view([2, 3]).t(), y: tensor([1.5], { dtype: 'float16' }) },
      { compress: true },
    );
    const program =
      'import sys,io,numpy as n;f=n.load(io.BytesIO(sys.stdin.buffer.read()));print(f["x"].tolist(),f["y"].dtype,f["y"][0])';
    const small = Buffer.concat([await joined(zipPieces(inputs(), true, 10))]);
    const other = 'import sys,io,numpy as n;print(n.load(io.BytesIO(sys.stdin.buffer.read()))["matrix"].tolist())';
    expect(String(spawnSync('/usr/bin/python3', ['-c', other], { input: small }).stdout).trim()).toBe(
      '[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]',
    );
    expect(String(spawnSync('/usr/bin/python3', ['-c', program], { input: bytes }).stdout).trim()).toBe(
      '[[0, 3], [1, 4], [2, 5]] float16 1.5',
    );
  });
});
