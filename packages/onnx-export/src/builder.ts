/** The graph of a model, or the body of a function in it, while it is being written. */

import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  dtypeOf,
  encode,
  type GraphProto,
  graphsOf,
  type NodeProto,
  type TensorProto,
  tensorProto,
} from '@tenfold/onnx-model';
import { DeviceError, type DType, describe, isTensor, OnnxExportError, type Tensor } from '@tenfold/tensor-core';
import { type Origin, propertiesOf } from './metadata.ts';

/** A value of the model being written: what ops take and give. */
export class Ref {
  name: string;
  /** `null` for a result of a custom op or of control flow until it is known. */
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
 * Attributes of a node. The suffix of a key says its type: `alpha_f` a float, `axis_i` an integer, `mode_s` a string, `value_t` a tensor (of
 * Tenfold, on a device that is read at once, or ONNX's), `body_g` a graph; arrays of all but the last are lists of these. What is `undefined` is left out.
 */
export type Attributes = Readonly<
  Record<
    string,
    | number
    | string
    | TensorProto
    | Tensor
    | GraphProto
    | readonly number[]
    | readonly string[]
    | readonly (TensorProto | Tensor)[]
    | undefined
  >
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
      `attribute '${key}': end the name in _f (float), _i (integer), _s (string), _t (tensor) or _g (graph) and give a value, or a list, of that type; got ${describe(value)}`,
    );
  };
  const numbers = (list: readonly unknown[]): number[] =>
    list.map((x) => (typeof x === 'number' && (suffix === 'f' || Number.isSafeInteger(x)) ? inRange(key, x) : fail()));
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
      return typeof value === 'object' && !isTensor(value) && 'node' in value
        ? { name, type: AttributeType.GRAPH, g: value }
        : fail();
    default:
      return many
        ? { name, type: AttributeType.TENSORS, tensors: list.map((x) => tensorValue(key, x) ?? fail()) }
        : { name, type: AttributeType.TENSOR, t: tensorValue(key, value) ?? fail() };
  }
}

/** ONNX has attributes in float32 only, where a larger number would be infinite. */
function inRange(key: string, x: number): number {
  if (!Number.isFinite(x) || Number.isFinite(Math.fround(x)) || key.endsWith('_i')) return x;
  throw new OnnxExportError(`attribute '${key}': ${x} is beyond float32, which ONNX has attributes in`);
}

/** A tensor of an attribute. */
function tensorValue(key: string, value: unknown): TensorProto | null {
  if (!isTensor(value))
    return typeof value === 'object' && value !== null && 'rawData' in value ? (value as TensorProto) : null;
  try {
    return tensorProto('', value.dtype, value.shape, encode(value.detach().toTypedArraySync(), value.dtype));
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new OnnxExportError(
      `attribute '${key}': a tensor on '${value.device}' can't be read at once; give one on the cpu`,
      { cause: error },
    );
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
const control = new Set(['If', 'Loop', 'Scan']);
const positions = new Set(['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero']);

/** The dtype of output `k` of a standard op. */
function outputDType(
  type: string,
  inputs: readonly (Ref | null)[],
  attributes: readonly AttributeProto[],
  k: number,
): DType | null {
  const attr = (name: string): AttributeProto | undefined => attributes.find((x) => x.name === name);
  if (control.has(type)) return null;
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

/** One list of nodes with its names and constants. The body of a control-flow node is a `Body` within that around it: what is made there is seen here. */
export class Body {
  readonly opset: number;
  readonly nodes: NodeProto[] = [];
  /** Operator sets of the nodes, ONNX's own left out. */
  readonly domains = new Set<string>();
  /** Modules around the op that is being written. */
  scope: readonly string[] = [];
  /** How many of these, the outermost, are around all of a function: they are no part of names in it. */
  outside = 0;
  /** Where the op that is being written comes from, if the file is to say. */
  origin: Origin | null = null;
  readonly #around: Body | null;
  readonly #names: Names;
  readonly #constants = new Map<string, Ref>();
  readonly #cached = new Map<string, Ref>();

  constructor(opset: number, around: Body | null = null) {
    this.opset = opset;
    this.#around = around;
    // names inside may not be those of values outside
    this.#names = around ? around.#names : new Names();
  }

  /** The body of a graph inside this one: it sees the values here, so its names are others. */
  inner(): Body {
    return new Body(this.opset, this);
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
    op: string,
    inputs: readonly (Ref | null)[],
    attributes: Attributes = {},
    { outputs = 1, domain: given }: NodeOptions = {},
  ): Ref[] {
    // 'my.domain::Op' names its operator set
    const [type, domain = given ?? ''] = op.split('::').reverse();
    const attribs = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [attribute(key, value)],
    );
    const name = this.unique(`/${[...scopeNames(this.scope.slice(this.outside)), type].join('/')}`);
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
    return this.#known((body) => body.#constants.get(key)) ?? getOrMake(this.#constants, key, make);
  }

  /** What `make` gave when it was first called with this key. */
  cached(key: string, make: () => Ref): Ref {
    return this.#known((body) => body.#cached.get(key)) ?? getOrMake(this.#cached, key, make);
  }

  #known(look: (body: Body) => Ref | undefined): Ref | undefined {
    return look(this) ?? (this.#around ? this.#around.#known(look) : undefined);
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
function namesRead(node: NodeProto): string[] {
  const inner = graphsOf(node).flatMap((graph) => [
    ...(graph.node ?? []).flatMap(namesRead),
    ...(graph.output ?? []).map(({ name = '' }) => name),
  ]);
  return [...(node.input ?? []), ...inner].filter((name) => name !== '');
}

function renameIn(nodes: readonly NodeProto[], from: string, to: string): void {
  for (const node of nodes) {
    node.input = node.input?.map((name) => (name === from ? to : name));
    node.output = node.output?.map((name) => (name === from ? to : name));
    for (const graph of graphsOf(node)) {
      renameIn(graph.node ?? [], from, to);
      for (const output of graph.output ?? []) if (output.name === from) output.name = to;
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
