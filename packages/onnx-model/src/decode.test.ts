import { OnnxModelError } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { decodeModel } from './decode.ts';
import { type GraphProto, ModelProto } from './generated/onnx.ts';

const model: ModelProto = {
  irVersion: 8,
  opsetImport: [{ domain: '', version: 18 }],
  graph: { name: 'g', node: [{ opType: 'Relu', name: 'r', input: ['x'], output: ['y'] }] },
};

test('gives back what was encoded', () => {
  const bytes = ModelProto.encode(model).finish();
  expect(ModelProto.encode(decodeModel(bytes)).finish()).toEqual(bytes);
  expect(decodeModel(bytes.slice().buffer)).toEqual(decodeModel(bytes));
});

test('attributes of value 0 have a value, and others do not get one', () => {
  const attribute = [
    { name: 'zero', type: 2, i: 0 },
    { name: 'none', type: 1, f: 0 },
    { name: 'empty', type: 3, s: new Uint8Array() },
    { name: 'list', type: 7, ints: [0] },
    { name: 'reference', type: 2, refAttrName: 'axis' },
  ] as const;
  const bytes = ModelProto.encode({ graph: { node: [{ attribute: structuredClone(attribute) as never }] } }).finish();
  // name, type and the value: three fields each, and two of one byte for nothing more
  const lengths = [6 + 3 + 2, 6 + 3 + 5, 7 + 3 + 2, 6 + 3 + 2, 11 + 3 + 7];
  expect(bytes.length).toBe(lengths.reduce((sum, n) => sum + n + 2, 0) + 4);
  expect(ModelProto.encode(decodeModel(bytes)).finish()).toEqual(bytes);
});

test('data of tensors are views of the bytes', () => {
  const graph: GraphProto = { initializer: [{ dims: [2], dataType: 1, rawData: new Uint8Array(8).fill(7) }] };
  const bytes = ModelProto.encode({ graph }).finish();
  expect(decodeModel(bytes).graph?.initializer?.[0].rawData?.buffer).toBe(bytes.buffer);
});

test("an attribute's largest int64 stays as good as without end, and elements stay exact", () => {
  const bytes = ModelProto.encode({
    graph: {
      initializer: [{ dims: [1], dataType: 7, int64Data: [2n ** 63n - 1n] }],
      node: [
        { opType: 'Slice', attribute: [{ name: 'ends', type: 7, ints: [2n ** 63n - 1n, -(2n ** 63n)] as never }] },
      ],
    },
  }).finish();
  const { graph } = decodeModel(bytes);
  expect(graph?.node?.[0].attribute?.[0].ints).toEqual([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
  expect(graph?.initializer?.[0].int64Data).toEqual([2n ** 63n - 1n]);
});

test('every cut of a file is an error or a model', () => {
  const bytes = ModelProto.encode(model).finish();
  for (let length = 0; length < bytes.length; length++) {
    try {
      decodeModel(bytes.subarray(0, length));
    } catch (error) {
      expect(error).toBeInstanceOf(OnnxModelError);
    }
  }
  expect(() => decodeModel(bytes.subarray(0, bytes.length - 1))).toThrow(
    /at byte \d+.*, \d+ bytes are announced, where \d+ are left/,
  );
});

/** Fields of protobuf's wire format: a message of messages. */
const field = (number: number, content: readonly number[]): number[] => [
  number * 8 + 2,
  ...(content.length < 128
    ? [content.length]
    : [(content.length & 127) | 128, ((content.length >> 7) & 127) | 128, content.length >> 14]),
  ...content,
];

test.each([
  ['nothing', [], 'it is empty'],
  ['a text', [...Buffer.from('{"format": "onnx"}')], 'not an ONNX file'],
  ['no graph', [8, 8], 'it has no graph'],
  ['field 0', [0, 1], 'there is no field 0'],
  ['a group', [3 * 8 + 3, 3 * 8 + 4], 'of kind 3'],
  ['a number without end', Array(11).fill(255), 'more than 64 bits'],
  ['a length beyond its message', field(7, [0x0a, 5, 0]), 'in graph, 5 bytes are announced, where 1 are left'],
  ['a length of 4 GiB', [0x3a, 255, 255, 255, 255, 15], '4294967295 bytes are announced'],
  ['a size beyond 2⁵³', field(7, field(5, [8, 255, 255, 255, 255, 255, 255, 255, 255, 127])), 'larger than'],
])('%s: an error', (_, bytes, message) => {
  expect(() => decodeModel(Uint8Array.from(bytes))).toThrow(OnnxModelError);
  expect(() => decodeModel(Uint8Array.from(bytes))).toThrow(message);
});

test('graphs in graphs in graphs …: an error before the stack ends', () => {
  let graph: number[] = [];
  for (let i = 0; i < 1000; i++) graph = field(1, field(5, field(6, graph)));
  expect(() => decodeModel(Uint8Array.from(field(7, graph)))).toThrow('nested too deeply');
});

test('millions of small messages are refused before they are made', () => {
  const nodes = new Uint8Array(12_000_000);
  for (let i = 0; i < nodes.length; i += 2) nodes[i] = 10;
  const bytes = Uint8Array.from([0x3a, 0x80, 0xb6, 0xdc, 5, ...new Uint8Array(0)]);
  const whole = new Uint8Array(bytes.length + nodes.length);
  whole.set(bytes);
  whole.set(nodes, bytes.length);
  expect(() => decodeModel(whole)).toThrow('bytes of memory');
});

test.each([null, 'model.onnx', [1, 2]])('%j is no file', (bytes) => {
  expect(() => decodeModel(bytes as never)).toThrow(OnnxModelError);
});
