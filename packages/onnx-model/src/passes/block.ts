/** What a pass edits: one list of nodes with the names around it. It is the graph of a model, the body of a function, or a branch or loop body inside one. */
import { type DType, OnnxModelError } from '@tenfold/tensor-core';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../generated/onnx.ts';
import { graphsOf } from '../subgraphs.ts';
import { dtypeOf } from '../tensor.ts';
import { type Constant, constantOf, readConstant } from './constants.ts';

/** The size of a dim: a number, the name of a dynamic axis, or `null` where nothing is known. */
export type Size = number | string | null;

/** Whether a domain is that of ONNX's own operators. */
export const isOnnx = (domain: string | undefined): boolean => !domain || domain === 'ai.onnx';

/** The names that a node reads, those of the graphs inside it included; names that such a graph gives its own values are left out. */
export function* readsOf(node: NodeProto): Generator<string> {
  for (const name of node.input ?? []) if (name) yield name;
  for (const graph of graphsOf(node)) {
    const own = definedIn(graph);
    for (const inner of graph.node ?? []) for (const name of readsOf(inner)) if (!own.has(name)) yield name;
    for (const { name } of graph.output ?? []) if (name && !own.has(name)) yield name;
  }
}

function definedIn(graph: GraphProto): Set<string> {
  const names = [
    ...(graph.input ?? []).map(({ name }) => name),
    ...(graph.initializer ?? []).map(({ name }) => name),
    ...(graph.sparseInitializer ?? []).map(({ values }) => values?.name),
    ...(graph.node ?? []).flatMap(({ output }) => output ?? []),
  ];
  return new Set(names.filter((name) => name !== undefined));
}

/** Makes a node read `to` where it read `from`, also inside its graphs. */
function redirect(node: NodeProto, from: string, to: string): void {
  node.input = node.input?.map((name) => (name === from ? to : name));
  for (const graph of graphsOf(node)) {
    if (definedIn(graph).has(from)) continue;
    for (const inner of graph.node ?? []) redirect(inner, from, to);
    for (const output of graph.output ?? []) if (output.name === from) output.name = to;
  }
}

const isNode = (source: TensorProto | NodeProto): source is NodeProto => 'opType' in source;

/** What the blocks of one model share. */
interface Surroundings {
  /** Every name of a value or node, so that new ones differ. */
  readonly names: Set<string>;
  /** Functions of the file that stand in the place of an operator of ONNX. */
  readonly replaced: ReadonlySet<string>;
}

/** One list of nodes that is being edited. */
export class Block {
  readonly outer: Block | null;
  /** The version of ONNX's operators. */
  readonly opset: number;
  readonly #around: Surroundings;
  /** `null` for the body of a function. */
  readonly #graph: GraphProto | null;
  readonly #inputs: ReadonlySet<string>;
  readonly #outputs: ReadonlySet<string>;
  /** Names that an annotation speaks of. */
  readonly #pinned: ReadonlySet<string>;
  readonly #nodes: NodeProto[];
  readonly #removed = new Set<NodeProto>();
  readonly #producers = new Map<string, NodeProto>();
  readonly #readers = new Map<string, Set<NodeProto>>();
  readonly #infos = new Map<string, ValueInfoProto>();
  readonly #initializers = new Map<string, TensorProto>();
  #changed = false;

  constructor(proto: GraphProto | FunctionProto, opset: number, around: Surroundings, outer: Block | null) {
    const graph = 'opsetImport' in proto ? null : (proto as GraphProto);
    this.outer = outer;
    this.opset = opset;
    this.#around = around;
    this.#graph = graph;
    this.#nodes = proto.node ??= [];
    const nameOf = (value: string | ValueInfoProto): string => (typeof value === 'string' ? value : (value.name ?? ''));
    this.#inputs = new Set((proto.input ?? []).map(nameOf));
    this.#outputs = new Set((proto.output ?? []).map(nameOf));
    this.#pinned = new Set(
      graph?.quantizationAnnotation?.flatMap(({ tensorName = '', quantParameterTensorNames: more }) => [
        tensorName,
        ...(more ?? []).map(({ value = '' }) => value),
      ]),
    );
    for (const info of [...(proto.valueInfo ?? []), ...(graph?.input ?? []), ...(graph?.output ?? [])])
      this.#infos.set(info.name ?? '', info);
    for (const tensor of graph?.initializer ?? []) this.#initializers.set(tensor.name ?? '', tensor);
    for (const node of this.#nodes) {
      for (const name of node.output ?? []) {
        if (name && this.#producers.has(name)) throw new OnnxModelError(`the name '${name}' stands for two values`);
        if (name) this.#producers.set(name, node);
      }
      this.#noteReads(node);
    }
  }

  #noteReads(node: NodeProto): void {
    for (const name of readsOf(node)) {
      const readers = this.#readers.get(name);
      if (readers) readers.add(node);
      else this.#readers.set(name, new Set([node]));
    }
  }

  /** The nodes in order, without what is removed on the way. */
  *nodes(): Generator<NodeProto> {
    for (const node of [...this.#nodes]) if (!this.#removed.has(node)) yield node;
  }

  /** Whether something was edited. Takes what was removed out of the list. */
  finish(): boolean {
    if (this.#removed.size > 0) {
      const kept = this.#nodes.filter((node) => !this.#removed.has(node));
      this.#nodes.splice(0, this.#nodes.length, ...kept);
      this.#removed.clear();
    }
    return this.#changed;
  }

  /** Whether a node is an operator of ONNX that stands there with all its attributes: not a custom one, and none that takes attributes from a function around it. */
  isStandard(node: NodeProto, ...types: readonly string[]): boolean {
    const { opType = '', domain, attribute } = node;
    if (types.length > 0 && !types.includes(opType)) return false;
    return isOnnx(domain) && !this.#around.replaced.has(opType) && !attribute?.some(({ refAttrName }) => refAttrName);
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /** The node of this block that computes a value. */
  producer(name: string | undefined): NodeProto | undefined {
    return name ? this.#producers.get(name) : undefined;
  }

  /** How many nodes of this block read a value; being an output counts as one more. */
  readers(name: string): number {
    return (this.#readers.get(name)?.size ?? 0) + (this.#outputs.has(name) ? 1 : 0) + (this.#pinned.has(name) ? 1 : 0);
  }

  /** The nodes that read a value. */
  readersOf(name: string): readonly NodeProto[] {
    return [...(this.#readers.get(name) ?? [])];
  }

  /** The initialiser of this block with a name, if no input may replace its value. */
  initializer(name: string | undefined): TensorProto | undefined {
    return name && !this.#inputs.has(name) ? this.#initializers.get(name) : undefined;
  }

  /** Initialisers whose values are fixed, in order. */
  initializers(): TensorProto[] {
    return [...this.#initializers.values()].filter(({ name }) => this.initializer(name));
  }

  /** A value that is known before the model runs, of this block or one around it. */
  constant(name: string | undefined): Constant | null {
    const found = this.#source(name);
    if (!found) return null;
    return isNode(found) ? constantOf(found) : readConstant(found);
  }

  /** Whether a value is known before the model runs. */
  isConstant(name: string | undefined): boolean {
    return this.#source(name) !== null;
  }

  /** The initialiser of this block or one around it that is a value. */
  initializerOf(name: string | undefined): TensorProto | null {
    const found = this.#source(name);
    return found && !isNode(found) ? found : null;
  }

  /** The initialiser or Constant node of a value; `null` for what is computed or comes in. */
  #source(name: string | undefined): TensorProto | NodeProto | null {
    if (!name) return null;
    const node = this.#producers.get(name);
    if (node) return node.opType === 'Constant' && this.isStandard(node) ? node : null;
    if (this.#inputs.has(name)) return null;
    return this.#initializers.get(name) ?? (this.outer ? this.outer.#source(name) : null);
  }

  /** The dtype of a value, where the model states it. */
  dtype(name: string | undefined): DType | null {
    const tensor = this.#typeOf(name);
    return tensor ? dtypeOf(tensor.elemType) : null;
  }

  /** The sizes of a value, where the model states them. */
  dims(name: string | undefined): readonly Size[] | null {
    return this.#typeOf(name)?.dims ?? null;
  }

  #typeOf(name: string | undefined): { elemType: number; dims: readonly Size[] | null } | null {
    if (!name) return null;
    const found = this.#source(name);
    if (found && !isNode(found)) return { elemType: found.dataType ?? 0, dims: found.dims ?? [] };
    if (found) {
      const constant = constantOf(found);
      const t = found.attribute?.find((x) => x.name === 'value')?.t;
      return constant || t ? { elemType: t?.dataType ?? 0, dims: constant?.dims ?? t?.dims ?? null } : null;
    }
    const type = this.#infos.get(name)?.type?.tensorType;
    if (type) {
      const dims = type.shape ? (type.shape.dim ?? []) : null;
      return {
        elemType: type.elemType ?? 0,
        dims: dims?.map(({ dimValue, dimParam }) => dimParam || (dimValue ?? null)) ?? null,
      };
    }
    const here = this.#producers.has(name) || this.#inputs.has(name);
    return here ? null : this.outer ? this.outer.#typeOf(name) : null;
  }

  /** A name that nothing in the model has, and that is taken from now on. */
  unique(wanted: string): string {
    const { names } = this.#around;
    let name = wanted;
    for (let i = 1; names.has(name); i++) name = `${wanted}_${i}`;
    names.add(name);
    return name;
  }

  /** Makes a node read other values. */
  setInputs(node: NodeProto, input: readonly string[]): void {
    for (const name of node.input ?? []) this.#readers.get(name)?.delete(node);
    node.input = [...input];
    this.#noteReads(node);
    this.#changed = true;
  }

  remove(node: NodeProto): void {
    this.#removed.add(node);
    for (const name of readsOf(node)) this.#readers.get(name)?.delete(node);
    for (const name of node.output ?? []) this.#producers.delete(name);
    this.#changed = true;
  }

  /** Notes that a node was edited. */
  edited(): void {
    this.#changed = true;
  }

  /** Lets everything that reads `from` read `to`; outputs keep their name and are no concern of this. */
  redirect(from: string, to: string): void {
    for (const node of this.readersOf(from)) {
      redirect(node, from, to);
      this.#readers.get(from)?.delete(node);
      this.#noteReads(node);
    }
    this.#changed = true;
  }

  /**
   * Takes out a node whose one result is the value `to`. An output of the block keeps its name: then the node that computes `to` bears it from now on.
   * @returns false where that is not possible: an input, initialiser or another output can't get the name.
   */
  bypass(node: NodeProto, to: string): boolean {
    const from = node.output?.[0] ?? '';
    if (this.#pinned.has(from)) return false;
    if (!this.#outputs.has(from)) {
      this.remove(node);
      this.redirect(from, to);
      return true;
    }
    const source = this.#producers.get(to);
    if (!source || source.opType === 'Constant' || this.#outputs.has(to) || this.#pinned.has(to)) return false;
    this.remove(node);
    source.output = source.output?.map((name) => (name === to ? from : name));
    this.#producers.delete(to);
    this.#producers.set(from, source);
    this.redirect(to, from);
    return true;
  }

  /** Puts a constant in the place of a node: a Constant node, or an initialiser next to the one it was made from, named after both. */
  becomeConstant(node: NodeProto, tensor: TensorProto, source?: TensorProto): void {
    const [from] = node.output ?? [];
    if (source && this.#graph && from && !this.#outputs.has(from) && !this.#pinned.has(from)) {
      const name = this.addInitializer({ ...tensor, name: `${source.name}_${node.opType}` }, source);
      this.remove(node);
      this.redirect(from, name);
      return;
    }
    for (const name of node.input ?? []) this.#readers.get(name)?.delete(node);
    const scope = /^(.*\/)[^/]*$/.exec(node.name ?? '')?.[1] ?? '/';
    node.name = this.unique(`${scope}Constant`);
    node.opType = 'Constant';
    node.domain = '';
    node.input = [];
    node.attribute = [{ name: 'value', type: AttributeType.TENSOR, t: { ...tensor, name: '' } }];
    this.#changed = true;
  }

  /** Adds an initialiser under a name like the one it has, behind another one. */
  addInitializer(tensor: TensorProto, after?: TensorProto): string {
    if (!this.#graph) throw new OnnxModelError('the body of a function has no initialisers');
    const name = this.unique(tensor.name ?? '');
    const added = { ...tensor, name };
    const list = (this.#graph.initializer ??= []);
    list.splice(after ? list.indexOf(after) + 1 : list.length, 0, added);
    this.#initializers.set(name, added);
    this.#changed = true;
    return name;
  }

  /** Gives an initialiser of this block other values. */
  setInitializer(tensor: TensorProto, values: TensorProto): void {
    const { name, docString, metadataProps } = tensor;
    for (const key of Object.keys(tensor)) delete tensor[key as keyof TensorProto];
    Object.assign(tensor, values, { name, docString, metadataProps });
    this.#changed = true;
  }

  get hasInitializers(): boolean {
    return this.#graph !== null;
  }
}

/** The version of ONNX's operators that a list imports. */
const onnxVersion = (list: ModelProto['opsetImport']): number =>
  list?.find(({ domain }) => isOnnx(domain))?.version ?? 0;

/** Runs `edit` on every block of a model, inner blocks after those around them. @returns whether something was edited. */
export function editBlocks(model: ModelProto, edit: (block: Block) => void): boolean {
  const roots: (GraphProto | FunctionProto)[] = [...(model.graph ? [model.graph] : []), ...(model.functions ?? [])];
  const names = new Set<string>();
  const note = (proto: GraphProto | FunctionProto): void => {
    const tensors = 'initializer' in proto ? (proto.initializer ?? []) : [];
    for (const value of [...(proto.input ?? []), ...(proto.output ?? []), ...tensors])
      names.add(typeof value === 'string' ? value : (value.name ?? ''));
    for (const node of proto.node ?? []) {
      for (const name of [node.name ?? '', ...(node.output ?? [])]) names.add(name);
      graphsOf(node).forEach(note);
    }
  };
  roots.forEach(note);
  const replaced = new Set((model.functions ?? []).flatMap(({ domain, name = '' }) => (isOnnx(domain) ? [name] : [])));
  const around: Surroundings = { names, replaced };
  let changed = false;
  const visit = (proto: GraphProto | FunctionProto, opset: number, outer: Block | null): void => {
    const block = new Block(proto, opset, around, outer);
    edit(block);
    changed = block.finish() || changed;
    for (const node of proto.node ?? []) for (const graph of graphsOf(node)) visit(graph, opset, block);
  };
  for (const root of roots)
    visit(root, onnxVersion('opsetImport' in root ? root.opsetImport : model.opsetImport), null);
  return changed;
}

/** An attribute by name. */
export const attributeOf = (node: NodeProto, name: string): AttributeProto | undefined =>
  node.attribute?.find((x) => x.name === name);

/** An integer attribute. */
export const intOf = (node: NodeProto, name: string, otherwise: number): number =>
  attributeOf(node, name)?.i ?? otherwise;

/** A list of integers, or `null` where there is none. */
export function intsOf(node: NodeProto, name: string): readonly number[] | null {
  const found = attributeOf(node, name);
  return found ? (found.ints ?? []) : null;
}
