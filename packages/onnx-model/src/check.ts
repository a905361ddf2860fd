/** Checks of a finished model that runtimes leave out: order, names, types, operator sets, function bodies. */
import { OnnxModelError } from '@tenfold/tensor-core';
import { checkTensor, isKnownType } from './data.ts';
import { allTensors } from './external-data.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  type TypeProto,
  type ValueInfoProto,
} from './generated/onnx.ts';
import { everyNode, graphsOf } from './subgraphs.ts';

/** Checks that a model is well-formed. @throws OnnxModelError that names what is wrong. */
export function checkModel(model: ModelProto): void {
  const { graph } = model;
  if (!graph) throw broken('the model has no graph');
  const functions = new Map((model.functions ?? []).map((f) => [keyOf(f.domain, f.name, f.overload), f]));
  if (functions.size !== (model.functions ?? []).length) throw broken('two functions have one name');
  if (functions.size > 0 && (model.irVersion ?? 0) < 8)
    throw broken(`functions need IR version 8, the model says ${model.irVersion}`);
  checkGraph(graph, imports(model.opsetImport), functions);
  for (const f of functions.values()) checkFunction(f, functions);
  checkCalls(functions);
  checkDetails(model);
}

/** What calls and functions are known by. `ai.onnx` is another name of ONNX's own domain. */
const keyOf = (domain: string | undefined, name: string | undefined, overload: string | undefined): string =>
  `${domainOf(domain)}::${name}${overload ? `:${overload}` : ''}`;

const domainOf = (domain = ''): string => (domain === 'ai.onnx' ? '' : domain);

/** A node for messages: by its name, or by what it computes where it has none. */
const nodeText = ({ name, opType, output }: NodeProto): string =>
  name ? `node '${name}' (${opType})` : `the node (${opType}) that computes '${output?.[0] ?? ''}'`;

const prefix = 'the ONNX model is not well-formed: ';

const broken = (what: string): OnnxModelError => new OnnxModelError(prefix + what);

function imports(list: readonly OperatorSetIdProto[] | undefined): Set<string> {
  const domains = new Set<string>();
  for (const { domain: given, version = 0 } of list ?? []) {
    const domain = domainOf(given);
    if (domains.has(domain)) throw broken(`domain '${domain}' is imported twice`);
    if (version < 1) throw broken(`domain '${domain}' is imported in version ${version}`);
    domains.add(domain);
  }
  if (domains.size === 0) throw broken("no operator set is imported, not even ONNX's own");
  return domains;
}

function checkGraph(
  graph: GraphProto,
  domains: ReadonlySet<string>,
  functions: ReadonlyMap<string, FunctionProto>,
  outer: ReadonlySet<string> = new Set(),
): void {
  const defined = new Set<string>();
  const define = (name: string | undefined, what: string): void => {
    if (!name) throw broken(`${what} has no name`);
    if (outer.has(name)) throw broken(`the name '${name}' in a subgraph hides a value outside of it`);
    if (defined.has(name)) throw broken(`the name '${name}' stands for two values`);
    defined.add(name);
  };
  for (const input of graph.input ?? []) define(input.name, 'an input');
  const inputs = new Set(graph.input?.map(({ name }) => name));
  // an initializer of the name of an input is its default
  for (const { name } of graph.initializer ?? []) if (!inputs.delete(name)) define(name, 'an initializer');
  for (const { values } of graph.sparseInitializer ?? [])
    if (!inputs.delete(values?.name)) define(values?.name, 'a sparse initializer');
  checkNodes(graph.node ?? [], define, defined, domains, functions, outer);
  const typed = new Set(
    [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])].map((info) =>
      // what goes in and out of a subgraph has the types of what it is given
      checkType(info, outer.size === 0),
    ),
  );
  const outputs = new Set<string>();
  for (const { name = '' } of graph.output ?? []) {
    if (outer.has(name))
      throw broken(`'${name}' comes from outside of a subgraph and is its output: it must go through an Identity`);
    if (!defined.has(name)) throw broken(`output '${name}' is never computed`);
    if (outputs.has(name)) throw broken(`output '${name}' is listed twice`);
    outputs.add(name);
  }
  // a runtime infers the results of ONNX's ops, but not those of a custom one
  for (const node of graph.node ?? []) {
    const known = functions.has(keyOf(node.domain, node.opType, node.overload)) || !wellKnown.test(node.domain ?? '');
    for (const name of node.domain && known ? (node.output ?? []) : []) {
      if (name && !typed.has(name)) throw broken(`the type of '${name}', a result of '${node.opType}', is not stated`);
    }
  }
}

/** Domains whose ops runtimes know. */
const wellKnown = /^(ai\.onnx|com\.microsoft)/;

/** The name of a value whose type is stated. */
function checkType({ name = '', type }: ValueInfoProto, needed: boolean): string {
  const known = type && checkTypeProto(type, name);
  if (!known && needed) throw broken(`'${name}' has no element type`);
  return known ? name : '';
}

/** Whether a type says what a value is; sizes may be missing. */
function checkTypeProto(type: TypeProto, name: string): boolean {
  const tensor = type.tensorType ?? type.sparseTensorType;
  const inner = type.sequenceType?.elemType ?? type.optionalType?.elemType ?? type.mapType?.valueType;
  if (inner) return checkTypeProto(inner, name);
  if (!tensor) return type.opaqueType !== undefined;
  if (!tensor.elemType) return false;
  if (!isKnownType(tensor.elemType))
    throw broken(`'${name}' is of element type ${tensor.elemType}, which ONNX has not`);
  for (const { dimValue, dimParam } of tensor.shape?.dim ?? []) {
    if (dimValue !== undefined && (dimParam || dimValue < 0)) {
      throw broken(
        dimParam
          ? `a dim of '${name}' has both the size ${dimValue} and the name '${dimParam}'`
          : `'${name}' has a dim of ${dimValue}`,
      );
    }
  }
  return true;
}

function checkNodes(
  nodes: readonly NodeProto[],
  define: (name: string | undefined, what: string) => void,
  defined: ReadonlySet<string>,
  domains: ReadonlySet<string>,
  functions: ReadonlyMap<string, FunctionProto>,
  outer: ReadonlySet<string> = new Set(),
): void {
  const names = new Set<string>();
  for (const node of nodes) {
    const { name = '', opType = '' } = node;
    const domain = domainOf(node.domain);
    if (!opType) throw broken(`node '${name}' has no op`);
    if (name && names.has(name)) throw broken(`two nodes are named '${name}'`);
    names.add(name);
    if (!domains.has(domain)) {
      const which = domain ? `domain '${domain}'` : "ONNX's own operator set";
      throw broken(`${nodeText(node)} is of ${which}, which is not imported`);
    }
    for (const input of node.input ?? []) {
      if (input && !defined.has(input) && !outer.has(input))
        throw broken(`${nodeText(node)} reads '${input}' before it is computed`);
    }
    const f = functions.get(keyOf(domain, opType, node.overload));
    if (
      f &&
      ((node.input?.length ?? 0) > (f.input?.length ?? 0) || (node.output?.length ?? 0) > (f.output?.length ?? 0))
    ) {
      throw broken(`${nodeText(node)} has more inputs or outputs than the function '${opType}'`);
    }
    const attributes = (node.attribute ?? []).map((x) => x.name);
    if (new Set(attributes).size !== attributes.length) throw broken(`${nodeText(node)} has an attribute twice`);
    for (const graph of checkSubgraphs(node)) checkGraph(graph, domains, functions, new Set([...outer, ...defined]));
    // results that nobody wants have no name
    for (const output of node.output ?? []) if (output) define(output, `an output of ${nodeText(node)}`);
  }
}

/** ONNX's own ops with subgraphs: how many inputs and outputs each has, given the node's. */
const bodies: Readonly<
  Record<string, Readonly<Record<string, (node: NodeProto) => readonly [inputs: number, outputs: number]>>>
> = {
  If: { then_branch: branch, else_branch: branch },
  Loop: {
    // [M, cond, ...carried] → [...carried, ...scanned]; the body: [i, cond, ...carried] → [cond, ...carried, ...scanned]
    body: ({ input, output }) => [Math.max(input?.length ?? 0, 2), 1 + (output?.length ?? 0)],
  },
  // the first input of version 8, lengths of sequences, is no input of the body, and only it can be left out
  Scan: { body: ({ input = [], output }) => [input.length - (input[0] === '' ? 1 : 0), output?.length ?? 0] },
};

function branch({ output }: NodeProto): [number, number] {
  return [0, output?.length ?? 0];
}

/** The graphs inside of a node, of which ONNX's own ops need certain ones. */
function checkSubgraphs(node: NodeProto): readonly GraphProto[] {
  const { name = '', opType = '', domain = '', attribute = [] } = node;
  for (const [attr, count] of Object.entries(domain === '' ? (bodies[opType] ?? {}) : {})) {
    const graph = attribute.find((x) => x.name === attr)?.g;
    if (!graph) throw broken(`node '${name}' (${opType}) has no ${attr}`);
    const [inputs, outputs] = count(node);
    const found = [graph.input?.length ?? 0, graph.output?.length ?? 0];
    if (found[0] !== inputs || found[1] !== outputs) {
      throw broken(
        `${attr} of node '${name}' (${opType}) has ${found[0]} inputs and ${found[1]} outputs, it must have ${inputs} and ${outputs}`,
      );
    }
  }
  return graphsOf(node);
}

function checkFunction(f: FunctionProto, functions: ReadonlyMap<string, FunctionProto>): void {
  const where = `in function '${f.name}'`;
  if (!f.name || !f.domain) throw broken(`function '${f.name ?? ''}' of domain '${f.domain ?? ''}' needs both names`);
  const defined = new Set<string>();
  const define = (name: string | undefined, what: string): void => {
    if (!name || defined.has(name)) throw broken(`${where}: ${what} has no name of its own: '${name}'`);
    defined.add(name);
  };
  for (const input of f.input ?? []) define(input, 'an input');
  try {
    checkNodes(f.node ?? [], define, defined, imports(f.opsetImport), functions);
  } catch (error) {
    if (!(error instanceof OnnxModelError) || error.message.includes(where)) throw error;
    throw broken(`${where}: ${error.message.replace(prefix, '')}`);
  }
  for (const output of f.output ?? []) {
    if (!defined.has(output) || f.input?.includes(output)) throw broken(`${where}: output '${output}' is not computed`);
  }
}

/** A function that calls itself, through others too, would have no end. */
function checkCalls(functions: ReadonlyMap<string, FunctionProto>): void {
  const done = new Set<string>();
  const visit = (key: string, path: readonly string[]): void => {
    const f = functions.get(key);
    if (!f || done.has(key)) return;
    if (path.includes(key)) {
      const through = path.slice(path.indexOf(key) + 1).map((other) => `'${functions.get(other)?.name}'`);
      throw broken(`function '${f.name}' calls itself${through.length ? ` through ${through.join(', ')}` : ''}`);
    }
    for (const node of everyNode(f.node)) visit(keyOf(node.domain, node.opType, node.overload), [...path, key]);
    done.add(key);
  };
  for (const key of functions.keys()) visit(key, []);
}

/** Attributes and tensors: the parts of nodes that stand for themselves. */
function checkDetails(model: ModelProto): void {
  for (const tensor of allTensors(model)) checkTensor(tensor);
  for (const node of everyNode(model.graph?.node)) {
    for (const x of node.attribute ?? []) {
      checkAttribute(node, x);
      if (x.refAttrName)
        throw broken(`${nodeText(node)}: attribute '${x.name}' refers to '${x.refAttrName}', outside of a function`);
    }
  }
  for (const f of model.functions ?? []) {
    const declared = new Set([...(f.attribute ?? []), ...(f.attributeProto ?? []).map(({ name }) => name)]);
    for (const node of everyNode(f.node)) {
      for (const x of node.attribute ?? []) {
        checkAttribute(node, x);
        if (x.refAttrName && !declared.has(x.refAttrName))
          throw broken(
            `in function '${f.name}': ${nodeText(node)} refers to the attribute '${x.refAttrName}', which the function has not`,
          );
      }
    }
  }
}

/** Attributes of one value, by type: the field that holds it. */
const single: Readonly<Record<number, 't' | 'g' | 'sparseTensor' | 'tp'>> = {
  [AttributeType.TENSOR]: 't',
  [AttributeType.GRAPH]: 'g',
  [AttributeType.SPARSE_TENSOR]: 'sparseTensor',
  [AttributeType.TYPE_PROTO]: 'tp',
};

function checkAttribute(node: NodeProto, x: AttributeProto): void {
  if (!x.name) throw broken(`${nodeText(node)} has an attribute without a name`);
  const { type = 0 } = x;
  if (type < 1 || type > 14)
    throw broken(`${nodeText(node)}: attribute '${x.name}' is of type ${type}, which ONNX has not`);
  const field = single[type];
  if (field && !x.refAttrName && x[field] === undefined)
    throw broken(`${nodeText(node)}: attribute '${x.name}' has no value`);
}
