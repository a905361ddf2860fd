import { readFileSync } from 'node:fs';
import { OnnxModelError } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { tensorData } from './data.ts';
import { TensorProto_DataType as DataType, TensorProto } from './generated/onnx.ts';

const fixtures = JSON.parse(readFileSync(new URL('../fixtures/tensors.json', import.meta.url), 'utf8')) as {
  name: string;
  proto: string;
  expected: string[];
}[];

test.each(fixtures)("reads the elements of ONNX's own $name", ({ name, proto, expected }) => {
  const tensor = TensorProto.decode(Buffer.from(proto, 'base64'));
  expect(tensor.name).toBe(name);
  const texts = Array.from(tensorData(tensor) as ArrayLike<number | bigint | string>, (x) =>
    /^(FLOAT|DOUBLE) /.test(name) ? Number(x) : String(x),
  );
  expect(texts).toEqual(/^(FLOAT|DOUBLE) /.test(name) ? expected.map(Number) : expected);
});

test('unaligned bytes are read, too', () => {
  const rawData = new Uint8Array(new Uint8Array([9, ...new Uint8Array(new Float32Array([1, 2]).buffer)]).buffer, 1);
  expect(tensorData({ dims: [2], dataType: DataType.FLOAT, rawData })).toEqual(Float32Array.of(1, 2));
});

test.each([
  ['too few bytes', { dims: [3], dataType: DataType.FLOAT, rawData: new Uint8Array(8) }, 'has 2 elements'],
  ['a cut element', { dims: [2], dataType: DataType.FLOAT, rawData: new Uint8Array(7) }, 'has 1.75 elements'],
  ['too many numbers', { dims: [1], dataType: DataType.INT64, int64Data: [1n, 2n] }, 'has 2 elements'],
  ['no elements', { dims: [1000, 1000, 1000], dataType: DataType.DOUBLE }, 'has 0 elements'],
  ['huge dims', { dims: [2 ** 40, 2 ** 40], dataType: DataType.FLOAT }, 'elements'],
  ['a negative dim', { dims: [-1], dataType: DataType.FLOAT }, 'a dim of -1'],
  ['elements twice', { dims: [1], dataType: DataType.FLOAT, rawData: new Uint8Array(4), floatData: [1] }, 'twice'],
  ['numbers out of range', { dims: [1], dataType: DataType.UINT8, int32Data: [256] }, 'is 256, which is no uint8'],
  ['numbers in the field of another type', { dims: [1], dataType: DataType.FLOAT, int32Data: [1] }, 'has 0 elements'],
  ['strings in bytes', { dims: [1], dataType: DataType.STRING, rawData: new Uint8Array(1) }, 'has 0 strings'],
  ['floats of 8 bits', { dims: [1], dataType: DataType.FLOAT8E4M3FN, int32Data: [1] }, 'is of float8e4m3fn'],
  ['complex numbers', { dims: [1], dataType: DataType.COMPLEX64, floatData: [1, 2] }, 'is of complex64'],
  ['no type', { dims: [1] }, 'is of undefined'],
  ['an unknown type', { dims: [1], dataType: 77 }, 'is of type 77'],
  ['a segment', { dims: [1], dataType: DataType.FLOAT, segment: { begin: 0, end: 1 } }, 'is one segment'],
  [
    'data elsewhere',
    { dims: [1], dataType: DataType.FLOAT, dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] },
    'lie in the file "w.bin"',
  ],
] as const)('%s: an error', (_, tensor, message) => {
  const read = (): unknown => tensorData({ ...tensor, name: 'w' } as unknown as TensorProto);
  expect(read).toThrow(OnnxModelError);
  expect(read).toThrow(message);
});
