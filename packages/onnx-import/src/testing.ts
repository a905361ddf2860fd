/** Models for this package's tests, written down as nodes. Not part of the package's API. */
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  ModelProto,
  type NodeProto,
  onnxType,
  type TensorProto,
  AttributeProto_AttributeType as Type,
  tensorProto,
  encode as toBytes,
} from '@tenfold/onnx-model';
import type { DType } from '@tenfold/tensor-core';

/** A whole number is an int, any other a float, `'$name'` one of the function's own. */
type Attribute = number | string | readonly number[] | TensorProto | GraphProto;

/** `[op, inputs, outputs, attributes]`; names are separated by spaces, and `-` is an absent one. The op may have a domain: `my.domain::Op`. */
export type Node = readonly [
  op: string,
  inputs: string,
  outputs: string,
  attributes?: Readonly<Record<string, Attribute>>,
];

const text = new TextEncoder();

const namesOf = (list: string): string[] =>
  list.split(' ').flatMap((name) => (name === '' ? [] : [name === '-' ? '' : name]));

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number')
    return Number.isInteger(value) ? { name, type: Type.INT, i: value } : { name, type: Type.FLOAT, f: value };
  if (typeof value === 'string') {
    if (value.startsWith('$')) return { name, refAttrName: value.slice(1) };
    return { name, type: Type.STRING, s: text.encode(value) };
  }
  if (Array.isArray(value)) return { name, type: Type.INTS, ints: [...value] };
  if ('dataType' in value) return { name, type: Type.TENSOR, t: value };
  return { name, type: Type.GRAPH, g: value as GraphProto };
}

function node([op, inputs, outputs, attributes = {}]: Node): NodeProto {
  const [opType, domain = ''] = op.split('::').reverse();
  return {
    opType,
    domain,
    input: namesOf(inputs),
    output: namesOf(outputs),
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  };
}

/** A tensor of a file. */
export const constant = (
  dtype: DType,
  values: readonly number[],
  dims: readonly number[] = [values.length],
  name = '',
): TensorProto => tensorProto(name, dtype, dims, toBytes(values, dtype));

/** `'x: float32[n, 3]'`; names are separated by `; `, and sizes may be left out. */
export function infos(list: string): NonNullable<GraphProto['input']> {
  return list
    .split('; ')
    .filter((each) => each !== '')
    .map((each) => {
      const [, name, dtype, , dims] = /^(\S+): (\w+)(\[(.*)\])?$/.exec(each) ?? [];
      const dim = dims
        ?.split(', ')
        .filter((size) => size !== '')
        .map((size) =>
          size === '?' ? {} : Number.isNaN(Number(size)) ? { dimParam: size } : { dimValue: Number(size) },
        );
      const shape = dim ? { dim } : undefined;
      return { name, type: { tensorType: { elemType: onnxType[dtype as DType], shape } } };
    });
}

/** What a graph is made of. */
export interface GraphParts {
  readonly inputs?: string;
  readonly outputs: string;
  readonly nodes: readonly Node[];
  readonly initializers?: readonly TensorProto[];
}

/** A graph. */
export const graphOf = ({ inputs = '', outputs, nodes, initializers = [] }: GraphParts, name = 'test'): GraphProto => ({
  name,
  input: infos(inputs),
  output: infos(outputs),
  node: nodes.map(node),
  initializer: [...initializers],
});

/** A function of a file. */
export const functionOf = (
  domain: string,
  name: string,
  {
    inputs,
    outputs,
    nodes,
    attributes = [],
    defaults = {},
    imports = { '': 18 },
  }: {
    readonly inputs: string;
    readonly outputs: string;
    readonly nodes: readonly Node[];
    readonly attributes?: readonly string[];
    readonly defaults?: Readonly<Record<string, Attribute>>;
    readonly imports?: Readonly<Record<string, number>>;
  },
): FunctionProto => ({
  domain,
  name,
  input: namesOf(inputs),
  output: namesOf(outputs),
  attribute: [...attributes],
  attributeProto: Object.entries(defaults).map(([key, value]) => attribute(key, value)),
  node: nodes.map(node),
  opsetImport: Object.entries(imports).map(([key, version]) => ({ domain: key, version })),
});

/** A model. */
export const modelOf = (
  parts: GraphParts,
  {
    opset = 18,
    imports = {},
    functions = [],
    irVersion = 8,
  }: {
    readonly opset?: number;
    readonly imports?: Readonly<Record<string, number>>;
    readonly functions?: readonly FunctionProto[];
    readonly irVersion?: number;
  } = {},
): ModelProto => ({
  irVersion,
  opsetImport: [
    { domain: '', version: opset },
    ...Object.entries(imports).map(([domain, version]) => ({ domain, version })),
  ],
  graph: graphOf(parts),
  functions: [...functions],
});

/** Its bytes. */
export const bytesOf = (model: ModelProto): Uint8Array => ModelProto.encode(model).finish();
