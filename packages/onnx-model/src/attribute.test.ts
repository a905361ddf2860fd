/** Attributes keep their values in the bytes: an axis of 0 is not an axis that is not stated. */
import { expect, test } from 'vitest';
import { AttributeProto, AttributeProto_AttributeType as Type } from './generated/onnx.ts';

// by the wire format: name and type as expected, and a field 3 (i), 2 (f) or 4 (s) that is there
test.each([
  ['i', { name: 'axis', type: Type.INT, i: 0 }, [0x18, 0]],
  ['f', { name: 'beta', type: Type.FLOAT, f: 0 }, [0x15, 0, 0, 0, 0]],
  ['s', { name: 'mode', type: Type.STRING, s: new Uint8Array() }, [0x22, 0]],
])('%s of the default value is written', (_, attribute, field) => {
  const bytes = [...AttributeProto.encode(attribute).finish()];
  expect(bytes.join()).toContain(field.join());
  expect(AttributeProto.decode(Uint8Array.from(bytes))).toMatchObject(attribute);
});

test.each([
  { name: 'perm', type: Type.INTS, ints: [1, 0] },
  { name: 'alpha', type: Type.FLOAT, refAttrName: 'alpha' },
])('what is read has the fields of its type alone when it is written again', (attribute) => {
  const bytes = AttributeProto.encode(attribute).finish();
  expect(AttributeProto.encode(AttributeProto.decode(bytes)).finish()).toEqual(bytes);
});
