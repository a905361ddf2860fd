import '@tenfold/backend-cpu/register';
import {
  arrayTypes,
  dtypeNames,
  fromTypedArray,
  ones,
  SerializationError,
  type Tensor,
  tensor,
} from '@tenfold/tensor-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bitsOf, type DescribedTensor, described, expectedOf, fixture, rounded } from './fixtures.test-support.ts';
import { loadSafetensors, saveSafetensors, viewSafetensors } from './index.ts';

const expected: { readonly [name: string]: DescribedTensor } = expectedOf('safetensors.json');

it('reads what the reference implementation wrote', () => {
  const { tensors, metadata } = loadSafetensors(fixture('reference.safetensors'));
  expect(metadata).toEqual({ 'made by': 'the "reference"' });
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(expected))
    expect({ $tensor: described(tensors[name]) }, name).toEqual(rounded({ $tensor: { dtype, shape, data } }));
});

it('writes the same bytes as the reference implementation', async () => {
  const bytes = fixture('reference.safetensors');
  const { tensors, metadata } = loadSafetensors(bytes);
  expect(Buffer.compare(await saveSafetensors(tensors, { metadata }), bytes)).toBe(0);
});

it('writes what the specification says, byte by byte', async () => {
  const bytes = await saveSafetensors({ b: tensor([1, -1], { dtype: 'int8' }), a: tensor(1.5, { dtype: 'float64' }) });
  const header =
    '{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"b":{"dtype":"I8","shape":[2],"data_offsets":[8,10]}}';
  const length = Math.ceil(header.length / 8) * 8;
  expect([...bytes]).toEqual([
    ...[length, 0, 0, 0, 0, 0, 0, 0],
    ...new TextEncoder().encode(header.padEnd(length)),
    ...new Uint8Array(Float64Array.of(1.5).buffer),
    ...[1, 255],
  ]);
});

it('gives every bit back, of every dtype, shape and layout', async () => {
  const arbitrary = fc.record({
    dtype: fc.constantFrom(...dtypeNames),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    seed: fc.integer(),
    transposed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(arbitrary, { maxLength: 4 }), async (list) => {
      const tensors = Object.fromEntries(
        list.map(({ dtype, shape, seed, transposed }, i): [string, Tensor] => {
          const count = shape.reduce((a, b) => a * b, 1);
          // any bits: NaNs with payloads and subnormal numbers are values like others
          const data = new arrayTypes[dtype](count);
          const bytes = new Uint8Array(data.buffer);
          for (let k = 0; k < bytes.length; k++)
            bytes[k] = (Math.imul(seed + k, 2654435761) >>> 13) & (dtype === 'bool' ? 1 : 255);
          const x = fromTypedArray(data, shape, { dtype });
          return [`tensor ${i}`, transposed && shape.length > 1 ? x.transpose(0, 1) : x];
        }),
      );
      const bytes = await saveSafetensors(tensors);
      // at every alignment
      for (const shift of [0, 1]) {
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        const { tensors: read } = loadSafetensors(moved.subarray(shift));
        expect(Object.keys(read).sort()).toEqual(Object.keys(tensors).sort());
        for (const [name, x] of Object.entries(tensors)) {
          expect([read[name].dtype, read[name].shape]).toEqual([x.dtype, x.shape]);
          expect(await bitsOf(read[name])).toEqual(await bitsOf(x));
        }
      }
    }),
    { numRuns: 60 },
  );
});

it('shows the elements of a file without a copy', async () => {
  const bytes = await saveSafetensors({ x: tensor([1, 2, 3]), y: tensor([[true, false]]) });
  const { tensors } = viewSafetensors(bytes);
  expect(tensors.x).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) });
  expect(tensors.y.data).toEqual(Uint8Array.of(1, 0));
  expect(tensors.x.data.buffer).toBe(bytes.buffer);
});

it('takes every name, and none of them means anything', async () => {
  const names = ['__proto__', 'constructor', '1', '0', '', 'a.b', 'é 🙂 "\\\n', 'toString'];
  const given = Object.fromEntries(names.map((name, i) => [name, tensor([i])]));
  const { tensors } = loadSafetensors(await saveSafetensors(given));
  expect(Object.keys(tensors).sort()).toEqual([...names].sort());
  for (const [i, name] of names.entries()) expect(tensors[name].itemSync()).toBe(i);
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

it('says what is wrong with arguments', async () => {
  const x = tensor([1]);
  await expect(saveSafetensors({ x: 3 } as never)).rejects.toThrow("'x' is not a tensor but number 3");
  await expect(saveSafetensors(x as never)).rejects.toThrow('expected tensors by name');
  await expect(saveSafetensors({ __metadata__: x })).rejects.toThrow("can't be named __metadata__");
  await expect(saveSafetensors({ '\ud800': x })).rejects.toThrow('not well-formed Unicode');
  await expect(saveSafetensors({ x }, { metadata: { epoch: 3 } as never })).rejects.toThrow("'epoch' must be a string");
  await expect(saveSafetensors({ x }, { meta: {} } as never)).rejects.toThrow("unknown option 'meta'");
  expect(() => loadSafetensors('model.safetensors' as never)).toThrow(
    "expected the bytes of a file (a Uint8Array or ArrayBuffer), got string 'model.safetensors'",
  );
  expect(() => loadSafetensors(new Uint8Array(), { dtype: 'int8' } as never)).toThrow("unknown option 'dtype'");
});

it('refuses to save a tensor that changes meanwhile', async () => {
  const tensors = { a: ones([2_000_000, 2]), b: ones([2]) };
  for (const [name, x] of Object.entries(tensors)) {
    const saved = saveSafetensors(tensors);
    x.select(0, 0).add_(1);
    await expect(saved).rejects.toThrow(`'${name}': a tensor of dtype float32 was changed while it was saved`);
    const later = saveSafetensors(tensors);
    // the first piece of the first tensor is being read
    await Promise.resolve();
    x.add_(1);
    await expect(later).rejects.toThrow(SerializationError);
  }
});

it('says what dtype it has no tensor for', () => {
  const header = '{"x":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}';
  const bytes = Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), 1, 2]);
  expect(() => loadSafetensors(bytes)).toThrow(/tensor 'x': there is no dtype for F8_E4M3 here; openSafetensors/);
});
