/** Attributes of nodes, decoded once. */
import { type AttributeProto, attributeText, AttributeProto_AttributeType as Type } from '@tenfold/onnx-model';
import type { Plan } from './plan.ts';
import { readTensor } from './tensor.ts';
import { type HostTensor, invalid } from './values.ts';

/** The types of attributes, and what the values of each are here. */
export interface AttributeTypes {
  readonly int: number;
  readonly float: number;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly string: string;
  readonly strings: readonly string[];
  readonly tensor: HostTensor;
  readonly tensors: readonly HostTensor[];
  readonly graph: Plan;
  /** A list without entries: its type can't always be told. */
  readonly empty: readonly never[];
  /** What nothing here reads. */
  readonly other: string;
}

/** An attribute with its type. */
export type AttributeValue = {
  readonly [T in keyof AttributeTypes]: { readonly type: T; readonly value: AttributeTypes[T] };
}[keyof AttributeTypes];

/** Decodes one attribute; `graph` compiles one that is a graph. */
export function readAttribute(
  attribute: AttributeProto,
  where: string,
  graph: (attribute: AttributeProto) => Plan,
): AttributeValue {
  const { name = '' } = attribute;
  const list = (type: 'ints' | 'floats', value: readonly number[] = []): AttributeValue =>
    value.length === 0 ? { type: 'empty', value: [] } : { type, value };
  switch (typeOf(attribute)) {
    case Type.INT:
      return { type: 'int', value: attribute.i ?? 0 };
    case Type.FLOAT:
      return { type: 'float', value: attribute.f ?? 0 };
    case Type.STRING:
      return { type: 'string', value: attributeText(attribute.s ?? new Uint8Array()) };
    case Type.INTS:
      return list('ints', attribute.ints);
    case Type.FLOATS:
      return list('floats', attribute.floats);
    case Type.STRINGS:
      return { type: 'strings', value: (attribute.strings ?? []).map(attributeText) };
    case Type.TENSOR:
      if (!attribute.t) throw invalid(`${where}: attribute '${name}' has no tensor`);
      return { type: 'tensor', value: readTensor(attribute.t, `${where}: attribute '${name}'`) };
    case Type.TENSORS:
      return {
        type: 'tensors',
        value: (attribute.tensors ?? []).map((t) => readTensor(t, `${where}: attribute '${name}'`)),
      };
    case Type.GRAPH:
      if (!attribute.g) throw invalid(`${where}: attribute '${name}' has no graph`);
      return { type: 'graph', value: graph(attribute) };
    default:
      return { type: 'other', value: `type ${attribute.type}` };
  }
}

/** The type that an attribute states, or, in files of IR version 1, the one that it has. */
function typeOf(attribute: AttributeProto): number {
  if (attribute.type) return attribute.type;
  if (attribute.floats?.length) return Type.FLOATS;
  if (attribute.ints?.length) return Type.INTS;
  if (attribute.strings?.length) return Type.STRINGS;
  if (attribute.t) return Type.TENSOR;
  if (attribute.g) return Type.GRAPH;
  if (attribute.s?.length) return Type.STRING;
  return attribute.f ? Type.FLOAT : Type.INT;
}
