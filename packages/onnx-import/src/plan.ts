/**
 * Compiles a graph into steps, once: names become slots of an array, attributes and constants are decoded, functions are unfolded at their calls, and each
 * step knows which values nobody reads after it.
 */
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from '@tenfold/onnx-model';
import { dtypeOf } from '@tenfold/onnx-model';
import type { DType } from '@tenfold/tensor-core';
import { type AttributeValue, readAttribute } from './attributes.ts';
import {
  explained,
  labelOf,
  NodeContext,
  type NodeInfo,
  type Row,
  type RowResult,
  type RunState,
  type ValueType,
} from './context.ts';
import { readTensor } from './tensor.ts';
import { HostTensor, invalid } from './values.ts';

/** An initialiser of the file: a parameter or buffer of the module. */
export interface Weight {
  /** Its name in the file, or that with a number where another graph of the file has one of the same name. */
  readonly name: string;
  readonly dtype: DType;
  /** Where it is read: the op (with its domain) and which input. */
  readonly uses: { readonly key: string; readonly input: number }[];
}

/** One node, ready to run. */
export interface Step {
  readonly node: NodeInfo;
  /** How it is computed. `null` is a call of `plan`. */
  readonly row: Row | null;
  /** Whether the row is the caller's. */
  readonly isCustom: boolean;
  /** The row for inputs that JavaScript knows. */
  readonly hostRow: Row | null;
  /** The body of a function. */
  readonly plan: Plan | null;
  /** Slots of the inputs, -1 for absent ones. */
  readonly inputs: readonly number[];
  /** Slots of the outputs, -1 for those that nobody asks for. */
  readonly outputs: readonly number[];
  /** Slots that nobody reads after this step. */
  release: readonly number[];
}

/** A compiled graph. */
export interface Plan {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly outputTypes: readonly ValueType[];
  /** What a slot holds from the start. */
  readonly constants: readonly { readonly slot: number; readonly value: Weight | HostTensor }[];
  /** Values of the graph around: the slot there, and the slot here. */
  readonly captures: readonly { readonly outer: number; readonly inner: number }[];
  readonly steps: readonly Step[];
  readonly slots: number;
}

/** What the graphs of one file share while they are compiled. */
export interface Compilation {
  /** The row of an op, by domain (`''` is ONNX's) and type, or `null`. */
  row(domain: string, opType: string): Row | null;
  /** Whether the row of an op is the caller's. */
  isCustom(domain: string, opType: string): boolean;
  /** The row for inputs that JavaScript knows, of ONNX's own ops. */
  hostRow(opType: string): Row | null;
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** The initialisers with their values. */
  readonly weights: Map<Weight, HostTensor>;
  /** What rows that compute constants run with. */
  readonly constants: RunState;
  /** Ops that have no row, with a node that has it. */
  readonly unknown: Map<string, string>;
  /** Whether a node says that it trains. */
  trains: boolean;
}

/** Files with more steps than this, functions unfolded, are refused. */
const MAX_STEPS = 1_000_000;
/** How deep graphs and functions may lie in one another. */
const MAX_DEPTH = 100;

/** ONNX's own domain has two names. */
export const domainOf = (domain: string | undefined): string => (domain === 'ai.onnx' ? '' : (domain ?? ''));

/** What an op is found by. */
export const keyOf = (domain: string, opType: string): string => (domain === '' ? opType : `${domain}::${opType}`);

/** Versions of the operator sets of a file or a function. */
export function readImports(list: ModelProto['opsetImport']): ReadonlyMap<string, number> {
  return new Map((list ?? []).map(({ domain, version = 0 }) => [domainOf(domain), version]));
}

/** Where the nodes of a body look things up. */
interface Surroundings {
  readonly imports: ReadonlyMap<string, number>;
  /** The attributes of the call, in a function body. */
  readonly given: ReadonlyMap<string, AttributeProto> | null;
  readonly depth: number;
}

/** Compiles the main graph of a model. */
export function compileModel(graph: GraphProto, imports: ReadonlyMap<string, number>, compilation: Compilation): Plan {
  if (unfolded(graph.node, new Sizes(compilation.functions)) > MAX_STEPS)
    throw invalid(`the model has more than ${MAX_STEPS} nodes, those of functions counted at each call`);
  return compileGraph(graph, null, { imports, given: null, depth: 0 }, compilation);
}

/** How many nodes the functions of a file become. */
class Sizes {
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** `null` while it is counted. */
  readonly known = new Map<string, number | null>();
  depth = 0;

  constructor(functions: ReadonlyMap<string, FunctionProto>) {
    this.functions = functions;
  }
}

/** How many steps nodes become when the functions that they call are unfolded: a small file can make this a large number. */
function unfolded(nodes: readonly NodeProto[] = [], sizes: Sizes): number {
  if (++sizes.depth > MAX_DEPTH) throw invalid(`graphs and functions lie more than ${MAX_DEPTH} deep in one another`);
  let count = nodes.length;
  for (const { domain, opType = '', overload, attribute = [] } of nodes) {
    for (const { g } of attribute) if (g) count += unfolded(g.node, sizes);
    const key = functionKey(domainOf(domain), opType, overload);
    const called = sizes.functions.get(key);
    if (!called) continue;
    let size = sizes.known.get(key);
    if (size === null) throw invalid(`function '${keyOf(domainOf(domain), opType)}' calls itself`);
    if (size === undefined) {
      sizes.known.set(key, null);
      size = unfolded(called.node, sizes);
      sizes.known.set(key, size);
    }
    count += size;
  }
  sizes.depth--;
  return count;
}

function compileGraph(
  graph: GraphProto,
  outer: PlanBuilder | null,
  around: Surroundings,
  compilation: Compilation,
): Plan {
  const where = `graph '${graph.name ?? ''}'`;
  if (graph.sparseInitializer?.length)
    throw invalid(
      `${where} has sparse initialisers (${graph.sparseInitializer[0].values?.name}), which can't be read here`,
    );
  const builder = new PlanBuilder(outer, around, compilation, where);
  const initializers = graph.initializer ?? [];
  const names = new Set(initializers.map(({ name = '' }) => name));
  // files of IR version 3 and before list initialisers among the inputs, too
  const inputs = (graph.input ?? []).filter(({ name = '' }) => outer !== null || !names.has(name));
  for (const { name = '' } of inputs) builder.input(name);
  for (const tensor of initializers) builder.weight(tensor);
  for (const node of graph.node ?? []) builder.node(node);
  return builder.finish(
    (graph.output ?? []).map(({ name = '' }) => name),
    (graph.output ?? []).map(typeOf),
  );
}

function typeOf({ type }: ValueInfoProto): ValueType {
  const { elemType = 0, shape } = type?.tensorType ?? {};
  const sizes = shape?.dim?.map(({ dimValue, dimParam }) => (dimParam ? null : (dimValue ?? null)));
  return { dtype: dtypeOf(elemType), shape: sizes ?? null };
}

class PlanBuilder {
  readonly #outer: PlanBuilder | null;
  readonly #around: Surroundings;
  readonly #compilation: Compilation;
  readonly #where: string;
  readonly #slots = new Map<string, number>();
  /** Slots whose values are known now. */
  readonly #known = new Map<number, HostTensor>();
  /** The initialiser that a slot stands for, so that its uses are known across functions and graphs. */
  readonly #weights = new Map<number, Weight>();
  readonly #inputs: number[] = [];
  readonly #inputNames: string[] = [];
  readonly #constants: { slot: number; value: Weight | HostTensor }[] = [];
  readonly #captures: { outer: number; inner: number }[] = [];
  readonly #steps: Step[] = [];
  /** The last step that reads a slot; steps whose graphs read it count. */
  readonly #lastUse = new Map<number, number>();
  #count = 0;

  constructor(outer: PlanBuilder | null, around: Surroundings, compilation: Compilation, where: string) {
    this.#outer = outer;
    this.#around = around;
    this.#compilation = compilation;
    this.#where = where;
  }

  #define(name: string, what: string): number {
    if (name === '') throw invalid(`${this.#where}: ${what} has no name`);
    if (this.#slots.has(name)) throw invalid(`${this.#where}: the name '${name}' stands for two values`);
    const slot = this.#count++;
    this.#slots.set(name, slot);
    return slot;
  }

  input(name: string, weight?: Weight, known?: HostTensor): void {
    const slot = this.#define(name, 'an input');
    this.#inputs.push(slot);
    this.#inputNames.push(name);
    if (weight) this.#weights.set(slot, weight);
    if (known) this.#known.set(slot, known);
  }

  weight(tensor: TensorProto): void {
    const { name = '' } = tensor;
    const value = readTensor(tensor, `initialiser '${name}'`, true);
    const slot = this.#define(name, 'an initialiser');
    const { weights } = this.#compilation;
    let own = name;
    // names of a graph within another may be the same
    if (this.#around.depth > 0) {
      const taken = new Set([...weights.keys()].map((weight) => weight.name));
      for (let i = 1; taken.has(own); i++) own = `${name}_${i}`;
    }
    const weight: Weight = { name: own, dtype: value.dtype, uses: [] };
    weights.set(weight, value);
    this.#weights.set(slot, weight);
    this.#constants.push({ slot, value: weight });
  }

  /** The slot of a name: of this graph, or handed in from the graph around. */
  #find(name: string): number | null {
    const own = this.#slots.get(name);
    if (own !== undefined) return own;
    const outer = this.#outer?.capture(name) ?? null;
    if (outer === null) return null;
    const inner = this.#count++;
    this.#slots.set(name, inner);
    if (outer.known) {
      this.#constant(inner, outer.known);
      return inner;
    }
    this.#captures.push({ outer: outer.slot, inner });
    if (outer.weight) this.#weights.set(inner, outer.weight);
    return inner;
  }

  /** For a graph inside of the node that is being compiled. */
  capture(name: string): { slot: number; weight: Weight | undefined; known: HostTensor | undefined } | null {
    const slot = this.#find(name);
    if (slot === null) return null;
    const known = this.#known.get(slot);
    if (!known) this.#lastUse.set(slot, this.#steps.length);
    return { slot, weight: this.#weights.get(slot), known };
  }

  #constant(slot: number, value: HostTensor): void {
    this.#known.set(slot, value);
    this.#constants.push({ slot, value });
  }

  node(proto: NodeProto): void {
    const { opType = '', name = '' } = proto;
    const domain = domainOf(proto.domain);
    const outputNames = proto.output ?? [];
    const label = labelOf({ name, opType, outputNames });
    if (opType === '') throw invalid(`${this.#where}: ${label} has no op`);
    const inputs = (proto.input ?? []).map((input) => {
      if (input === '') return -1;
      const slot = this.#find(input);
      if (slot === null) throw invalid(`${this.#where}: ${label} reads '${input}', which is not computed before it`);
      return slot;
    });
    const key = keyOf(domain, opType);
    const { functions, unknown } = this.#compilation;
    const row = this.#compilation.row(domain, opType);
    const called = row ? undefined : functions.get(functionKey(domain, opType, proto.overload));
    const at = this.#steps.length;
    let plan: Plan | null = null;
    const attributes = this.#attributes(proto, label, called !== undefined);
    if (called) plan = this.#call(called, proto, inputs, label);
    else {
      if (!row && !unknown.has(key)) unknown.set(key, label);
      inputs.forEach((slot, input) => {
        this.#weights.get(slot)?.uses.push({ key, input });
      });
    }
    const opset = this.#around.imports.get(domain);
    // the domain of a function need not be imported by those who know the function
    if (opset === undefined && !called)
      throw invalid(`${this.#where}: ${label} is of domain '${domain}', which is not imported`);
    const info: NodeInfo = { name, opType, domain, opset: opset ?? 1, attributes, outputNames };
    const outputs = outputNames.map((output) => (output === '' ? -1 : this.#define(output, `an output of ${label}`)));
    const hostRow = domain === '' && row ? this.#compilation.hostRow(opType) : null;
    const constants = hostRow && this.#folded(info, hostRow, inputs);
    if (constants) {
      outputs.forEach((slot, k) => {
        if (slot >= 0) this.#constant(slot, constants[k]);
      });
      return;
    }
    if (domain === '' && this.#trains(info, inputs)) this.#compilation.trains = true;
    for (const slot of inputs) if (slot >= 0) this.#lastUse.set(slot, at);
    const isCustom = this.#compilation.isCustom(domain, opType);
    this.#steps.push({ node: info, row, isCustom, hostRow, plan, inputs, outputs, release: [] });
  }

  /** Whether a node says that it trains: Dropout by an input, which may be computed. */
  #trains({ opType, opset, attributes }: NodeInfo, inputs: readonly number[]): boolean {
    const flag = (name: string): boolean => Boolean(attributes.get(name)?.value);
    if (opset < 7 && (opType === 'BatchNormalization' || opType === 'Dropout')) return !flag('is_test');
    if (opType === 'BatchNormalization') return opset >= 14 && flag('training_mode');
    const slot = inputs[2] ?? -1;
    if (opType !== 'Dropout' || opset < 12 || slot < 0) return false;
    const weight = this.#weights.get(slot);
    const value = this.#known.get(slot) ?? (weight && this.#compilation.weights.get(weight));
    return value?.numbers?.[0] !== 0;
  }

  /** The outputs of a node whose inputs are known now, or `null`. */
  #folded(node: NodeInfo, hostRow: Row, slots: readonly number[]): HostTensor[] | null {
    const inputs = slots.map((slot) => (slot < 0 ? null : this.#known.get(slot)));
    if (!inputs.every((value) => value === null || (value && (value.numbers !== null || node.opType === 'Identity'))))
      return null;
    let result: RowResult;
    try {
      result = hostRow(new NodeContext(node, inputs as readonly (HostTensor | null)[], this.#compilation.constants));
    } catch (error) {
      throw explained(error, node);
    }
    const values = Array.isArray(result) ? result : [result];
    return values.every((value) => value instanceof HostTensor) ? values.map((value) => value.asConstant()) : null;
  }

  /** Decodes the attributes; those of a function's call are decoded where its body reads them. */
  #attributes(proto: NodeProto, label: string, isCall: boolean): ReadonlyMap<string, AttributeValue> {
    const attributes = new Map<string, AttributeValue>();
    for (const attribute of proto.attribute ?? []) {
      const { name = '' } = attribute;
      if (attributes.has(name)) throw invalid(`${this.#where}: ${label} has attribute '${name}' twice`);
      const actual = this.#resolved(attribute, label);
      if (actual === null || isCall) continue;
      attributes.set(
        name,
        readAttribute(actual, `${this.#where}: ${label}`, ({ g }) =>
          compileGraph(g ?? {}, this, { ...this.#around, depth: this.#around.depth + 1 }, this.#compilation),
        ),
      );
    }
    return attributes;
  }

  /** An attribute of a function body that stands for one of the call's; `null` if the call does not give it. */
  #resolved(attribute: AttributeProto, label: string): AttributeProto | null {
    const { refAttrName } = attribute;
    if (!refAttrName) return attribute;
    const { given } = this.#around;
    if (!given)
      throw invalid(`${this.#where}: ${label} refers to attribute '${refAttrName}', but stands in no function`);
    const found = given.get(refAttrName);
    if (found?.g || found?.graphs?.length)
      throw invalid(
        `${this.#where}: ${label} refers to a graph among the attributes of its function, which is not known here`,
      );
    return found ? { ...found, name: attribute.name } : null;
  }

  /** Unfolds a function at one of its calls. */
  #call(f: FunctionProto, proto: NodeProto, inputs: readonly number[], label: string): Plan {
    const where = `function '${keyOf(domainOf(f.domain), f.name ?? '')}'`;
    const { depth } = this.#around;
    const names = f.input ?? [];
    if (inputs.length > names.length || (proto.output?.length ?? 0) > (f.output?.length ?? 0))
      throw invalid(`${this.#where}: ${label} has more inputs or outputs than the ${where}`);
    const given = new Map<string, AttributeProto>();
    for (const attribute of f.attributeProto ?? []) given.set(attribute.name ?? '', attribute);
    for (const attribute of proto.attribute ?? []) {
      const actual = this.#resolved(attribute, label);
      if (actual) given.set(attribute.name ?? '', { ...actual, name: attribute.name });
    }
    const around = { imports: readImports(f.opsetImport), given, depth: depth + 1 };
    const builder = new PlanBuilder(null, around, this.#compilation, where);
    names.forEach((name, i) => {
      // one that the call leaves out is not there
      const slot = inputs[i] ?? -1;
      builder.input(name, this.#weights.get(slot), this.#known.get(slot));
    });
    for (const node of f.node ?? []) builder.node(node);
    return builder.finish(f.output ?? []);
  }

  finish(outputNames: readonly string[], outputTypes: readonly ValueType[] = []): Plan {
    const outputs = outputNames.map((name) => {
      const slot = this.#find(name);
      if (slot === null) throw invalid(`${this.#where}: output '${name}' is never computed`);
      return slot;
    });
    const kept = new Set(outputs);
    const release: number[][] = this.#steps.map(() => []);
    for (const [slot, at] of this.#lastUse) if (!kept.has(slot)) release[at].push(slot);
    this.#steps.forEach((step, at) => {
      // what nobody reads goes at once
      for (const slot of step.outputs)
        if (slot >= 0 && !kept.has(slot) && !this.#lastUse.has(slot)) release[at].push(slot);
      step.release = release[at];
    });
    return {
      inputNames: this.#inputNames,
      outputNames,
      outputTypes,
      inputs: this.#inputs,
      outputs,
      constants: this.#constants.filter(({ slot }) => kept.has(slot) || this.#lastUse.has(slot)),
      captures: this.#captures,
      steps: this.#steps,
      slots: this.#count,
    };
  }
}

/** What a function is found by. */
export const functionKey = (domain: string, name: string, overload: string | undefined): string =>
  `${domain}::${name}::${overload ?? ''}`;
