/** Checks of a finished model that runtimes leave out: order, names, types, operator sets, function bodies. */
import { OnnxModelError } from '@tenfold/tensor-core';
import type {
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  ValueInfoProto,
} from './generated/onnx.ts';
import { graphsOf } from './subgraphs.ts';
import { dtypeOf } from './tensor.ts';

/** Checks that a model is well-formed. @throws OnnxModelError that names what is wrong. */
export function checkModel(model: ModelProto): void {
  const { graph } = model;
  if (!graph) throw broken('the model has no graph');
  const functions = new Map((model.functions ?? []).map((f) => [`${f.domain}::${f.name}`, f]));
  if (functions.size !== (model.functions ?? []).length) throw broken('two functions have one name');
  if (functions.size > 0 && (model.irVersion ?? 0) < 8)
    throw broken(`functions need IR version 8, the model says ${model.irVersion}`);
  checkGraph(graph, imports(model.opsetImport), functions);
  for (const f of functions.values()) checkFunction(f, functions);
}

const broken = (what: string): OnnxModelError => new OnnxModelError(`the ONNX model is not well-formed: ${what}`);

function imports(list: readonly OperatorSetIdProto[] | undefined): Set<string> {
  const domains = new Set<string>();
  for (const { domain = '', version = 0 } of list ?? []) {
    if (domains.has(domain)) throw broken(`domain '${domain}' is imported twice`);
    if (version < 1) throw broken(`domain '${domain}' is imported in version ${version}`);
    domains.add(domain);
  }
  if (!domains.has('')) throw broken("ONNX's own operator set is not imported");
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
  checkNodes(graph.node ?? [], define, defined, domains, functions, outer);
  const typed = new Set(
    [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])].map((info) => checkType(info)),
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
    for (const name of node.domain ? (node.output ?? []) : []) {
      if (!typed.has(name)) throw broken(`the type of '${name}', a result of '${node.opType}', is not stated`);
    }
  }
}

/** The name of a value whose type is stated. */
function checkType({ name = '', type }: ValueInfoProto): string {
  const tensor = type?.tensorType;
  if (!tensor || dtypeOf(tensor.elemType ?? 0) === null) throw broken(`'${name}' has no element type`);
  for (const { dimValue, dimParam } of tensor.shape?.dim ?? []) {
    const ok = dimParam ? dimValue === undefined : dimValue !== undefined && dimValue >= 0;
    if (!ok) throw broken(`a dim of '${name}' has neither one size nor one name`);
  }
  return name;
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
    const { name = '', opType = '', domain = '' } = node;
    if (!opType) throw broken(`node '${name}' has no op`);
    if (names.has(name)) throw broken(`two nodes are named '${name}'`);
    names.add(name);
    if (!domains.has(domain)) throw broken(`node '${name}' is of domain '${domain}', which is not imported`);
    for (const input of node.input ?? []) {
      if (input && !defined.has(input) && !outer.has(input))
        throw broken(`node '${name}' (${opType}) reads '${input}' before it is computed`);
    }
    const f = functions.get(`${domain}::${opType}`);
    if (
      f &&
      ((node.input?.length ?? 0) > (f.input?.length ?? 0) || (node.output?.length ?? 0) > (f.output?.length ?? 0))
    ) {
      throw broken(`node '${name}' has more inputs or outputs than the function '${opType}'`);
    }
    const attributes = (node.attribute ?? []).map((x) => x.name);
    if (new Set(attributes).size !== attributes.length) throw broken(`node '${name}' has an attribute twice`);
    for (const graph of checkSubgraphs(node)) checkGraph(graph, domains, functions, new Set([...outer, ...defined]));
    for (const output of node.output ?? []) define(output, `an output of node '${name}'`);
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
  Scan: { body: ({ input, output }) => [input?.length ?? 0, output?.length ?? 0] },
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
  const defined = new Set<string>();
  const define = (name: string | undefined, what: string): void => {
    if (!name || defined.has(name)) throw broken(`in function '${f.name}': ${what} has no name of its own: '${name}'`);
    defined.add(name);
  };
  for (const input of f.input ?? []) define(input, 'an input');
  checkNodes(f.node ?? [], define, defined, imports(f.opsetImport), functions);
  for (const output of f.output ?? []) {
    if (!defined.has(output) || f.input?.includes(output))
      throw broken(`in function '${f.name}': output '${output}' is not computed`);
  }
  const calls = (f.node ?? []).some((node) => node.domain === f.domain && node.opType === f.name);
  if (calls) throw broken(`function '${f.name}' calls itself`);
}
