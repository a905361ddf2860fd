/** The graph of a model, or the body of a function in it, while it is being written. */

import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  dtypeOf,
  encode,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  tensorProto,
} from '@tenfold/onnx-model';
import { type DType, OnnxExportError } from '@tenfold/tensor-core';
import { type Origin, propertiesOf } from './metadata.ts';

/** A value of the model being written: what ops take and give. */
export class Ref {
  name: string;
  /** `null` for a result of a custom op until it is known. */
  dtype: DType | null;
  /** The node that computes it, or `null` for inputs and initialisers. */
  readonly producer: NodeProto | null;

  constructor(name: string, dtype: DType | null, producer: NodeProto | null = null) {
    this.name = name;
    this.dtype = dtype;
    this.producer = producer;
  }
}

/**
 * Attributes of a node. The suffix of a key says its type: `alpha_f` a float, `axis_i` an integer, `mode_s` a string, `value_t` a tensor, `body_g` a graph;
 * arrays are lists of these.
 */
export type Attributes = Readonly<
  Record<string, number | string | TensorProto | GraphProto | readonly number[] | readonly string[] | undefined>
>;

/** Further facts of a node. */
export interface NodeOptions {
  /** The number of outputs. Default 1. */
  outputs?: number;
  /** The operator set; `''` is ONNX's own. */
  domain?: string;
}

const bytes = new TextEncoder();

/** An attribute by its suffixed key. */
export function attribute(key: string, value: NonNullable<Attributes[string]>): AttributeProto {
  const [, name, suffix] = /^(.+)_([fistg])$/.exec(key) ?? [];
  const fail = (): never => {
    throw new OnnxExportError(
      `attribute '${key}': end the name in _f (float), _i (integer), _s (string), _t (tensor) or _g (graph) and give a value, or a list, of that type`,
    );
  };
  const numbers = (list: readonly unknown[]): number[] =>
    list.map((x) => (typeof x === 'number' && (suffix === 'f' || Number.isInteger(x)) ? x : fail()));
  const strings = (list: readonly unknown[]): Uint8Array[] =>
    list.map((x) => (typeof x === 'string' ? bytes.encode(x) : fail()));
  if (!name) return fail();
  const many = Array.isArray(value);
  const list: readonly unknown[] = many ? value : [value];
  switch (suffix) {
    case 'f':
      return many
        ? { name, type: AttributeType.FLOATS, floats: numbers(list) }
        : { name, type: AttributeType.FLOAT, f: numbers(list)[0] };
    case 'i':
      return many
        ? { name, type: AttributeType.INTS, ints: numbers(list) }
        : { name, type: AttributeType.INT, i: numbers(list)[0] };
    case 's':
      return many
        ? { name, type: AttributeType.STRINGS, strings: strings(list) }
        : { name, type: AttributeType.STRING, s: strings(list)[0] };
    case 'g':
      return typeof value === 'object' && 'node' in value ? { name, type: AttributeType.GRAPH, g: value } : fail();
    default:
      return typeof value === 'object' && 'rawData' in value ? { name, type: AttributeType.TENSOR, t: value } : fail();
  }
}

const bools = new Set([
  'Equal',
  'Less',
  'LessOrEqual',
  'Greater',
  'GreaterOrEqual',
  'And',
  'Or',
  'Xor',
  'Not',
  'IsNaN',
  'IsInf',
]);
const positions = new Set(['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero']);

/** The dtype of output `k` of a standard op. */
function outputDType(
  type: string,
  inputs: readonly (Ref | null)[],
  attributes: readonly AttributeProto[],
  k: number,
): DType | null {
  const attr = (name: string): AttributeProto | undefined => attributes.find((x) => x.name === name);
  if (bools.has(type)) return 'bool';
  if (positions.has(type) || ((type === 'TopK' || type === 'MaxPool') && k === 1)) return 'int64';
  if (type === 'Cast') return dtypeOf(attr('to')?.i ?? 0);
  if (type === 'Constant' || type === 'ConstantOfShape') return dtypeOf(attr('value')?.t?.dataType ?? 0) ?? 'float32';
  if (type === 'Where') return inputs[1]?.dtype ?? null;
  if (type === 'OneHot') return inputs[2]?.dtype ?? null;
  if (type === 'Dropout' && k === 1) return 'bool';
  // of EyeLike and the generators of random numbers
  if (attr('dtype')) return dtypeOf(attr('dtype')?.i ?? 0);
  return inputs[0]?.dtype ?? null;
}

/** Node names as `torch.onnx` gives them: `/layer1/MatMul`, then `/layer1/MatMul_1`. */
class Names {
  readonly #used = new Set<string>();

  take(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.#used.has(name); i++) name = `${wanted}_${i}`;
    this.#used.add(name);
    return name;
  }
}

/** One list of nodes with its names and constants. */
export class Body {
  readonly opset: number;
  readonly nodes: NodeProto[] = [];
  /** Operator sets of the nodes, ONNX's own left out. */
  readonly domains = new Set<string>();
  /** Modules around the op that is being written. */
  scope: readonly string[] = [];
  /** Where the op that is being written comes from, if the file is to say. */
  origin: Origin | null = null;
  readonly #names: Names;
  readonly #constants = new Map<string, Ref>();
  readonly #cached = new Map<string, Ref>();

  constructor(opset: number, names: Names = new Names()) {
    this.opset = opset;
    this.#names = names;
  }

  /** The body of a graph inside this one: it sees the values here, so its names are others. */
  inner(): Body {
    return new Body(this.opset, this.#names);
  }

  /** Makes a name that no other value or node of this body has. */
  unique(name: string): string {
    return this.#names.take(name);
  }

  /** An input of a graph inside another. */
  declare(name: string, dtype: DType): Ref {
    return new Ref(this.unique(name), dtype);
  }

  /** Appends a node. Absent optional inputs are `null`. */
  add(
    type: string,
    inputs: readonly (Ref | null)[],
    attributes: Attributes = {},
    { outputs = 1, domain = '' }: NodeOptions = {},
  ): Ref[] {
    const attribs = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [attribute(key, value)],
    );
    const name = this.unique(`/${[...scopeNames(this.scope), type].join('/')}`);
    const input = inputs.map((x) => x?.name ?? '');
    while (input.at(-1) === '') input.pop();
    const output = Array.from({ length: outputs }, (_, k) => this.unique(`${name}_output_${k}`));
    const node: NodeProto = {
      input,
      output,
      name,
      opType: type,
      ...(domain ? { domain } : {}),
      attribute: attribs,
      ...(this.origin ? { metadataProps: propertiesOf(this.origin) } : {}),
    };
    this.nodes.push(node);
    if (domain) this.domains.add(domain);
    return output.map((out, k) => new Ref(out, domain ? null : outputDType(type, inputs, attribs, k), node));
  }

  /** A constant; equal constants are one node. */
  constant(values: ArrayLike<number | bigint>, dtype: DType, shape: readonly number[]): Ref {
    return this.constantBytes(encode(values, dtype), dtype, shape);
  }

  constantBytes(data: Uint8Array, dtype: DType, shape: readonly number[]): Ref {
    const make = (): Ref => {
      // shared by all that need it
      const { scope, origin } = this;
      this.scope = [];
      this.origin = null;
      const [ref] = this.add('Constant', [], { value_t: tensorProto('', dtype, shape, data) });
      this.scope = scope;
      this.origin = origin;
      return ref;
    };
    if (data.length > 256) return make();
    const key = `${dtype}[${shape.join()}]${data.join()}`;
    return getOrMake(this.#constants, key, make);
  }

  /** What `make` gave when it was first called with this key. */
  cached(key: string, make: () => Ref): Ref {
    return getOrMake(this.#cached, key, make);
  }

  /** Drops nodes that no output needs, and gives the names that are read. */
  prune(outputs: readonly string[]): Set<string> {
    const needed = new Set(outputs);
    const kept: NodeProto[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!node.output?.some((name) => needed.has(name))) continue;
      for (const name of namesRead(node)) needed.add(name);
      if (optionalOutputs.has(node.opType ?? ''))
        while (!needed.has(node.output.at(-1) ?? '')) node.output = node.output.slice(0, -1);
      kept.push(node);
    }
    this.nodes.splice(0, this.nodes.length, ...kept.reverse());
    return needed;
  }

  /** Gives a value another name everywhere. */
  rename(from: string, to: string): void {
    renameIn(this.nodes, from, to);
  }
}

/** Ops that may be written with fewer outputs: a runtime need not compute the others. */
const optionalOutputs = new Set(['GRU', 'LSTM', 'MaxPool', 'RNN']);

/** What a node reads, with what the graphs in its attributes do: names are never used twice, so that theirs do no harm. */
function namesRead({ input, attribute }: NodeProto): string[] {
  const inner = attribute?.flatMap(({ g }) => [
    ...(g?.node?.flatMap(namesRead) ?? []),
    ...(g?.output?.map(({ name = '' }) => name) ?? []),
  ]);
  return [...(input ?? []), ...(inner ?? [])].filter((name) => name !== '');
}

function renameIn(nodes: readonly NodeProto[], from: string, to: string): void {
  for (const node of nodes) {
    node.input = node.input?.map((name) => (name === from ? to : name));
    node.output = node.output?.map((name) => (name === from ? to : name));
    for (const { g } of node.attribute ?? []) {
      renameIn(g?.node ?? [], from, to);
      for (const output of g?.output ?? []) if (output.name === from) output.name = to;
    }
  }
}

function getOrMake(map: Map<string, Ref>, key: string, make: () => Ref): Ref {
  let ref = map.get(key);
  if (!ref) map.set(key, (ref = make()));
  return ref;
}

/** `['layer', '0']` → `['layer', 'layer.0']`: a numbered child bears its parent's name, as in `torch.onnx`. */
function scopeNames(scope: readonly string[]): string[] {
  return scope.map((name, i) => (/^\d+$/.test(name) && i > 0 ? `${scope[i - 1]}.${name}` : name));
}
