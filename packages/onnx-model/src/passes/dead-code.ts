/** Takes out what nothing needs: nodes, initialisers, functions, operator sets, stated types. */

import type { FunctionProto, GraphProto, ModelProto, NodeProto } from '../generated/onnx.ts';
import { everyNode, graphsOf } from '../subgraphs.ts';
import { isOnnx, readsOf } from './block.ts';

/** Operators with results that a node may leave out, and how many it must have. */
const required: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ['MaxPool', 1],
  ['Dropout', 1],
  ['LayerNormalization', 1],
  ['LSTM', 0],
  ['GRU', 0],
  ['RNN', 0],
]);

/** @returns whether something was taken out. */
export function removeDeadCode(model: ModelProto): boolean {
  let changed = false;
  const note = (did: boolean): void => {
    changed = did || changed;
  };
  if (model.graph) note(cleanGraph(model.graph));
  for (const f of model.functions ?? []) {
    const nodes = neededNodes(f.node ?? [], new Set(f.output));
    note(nodes.length !== (f.node ?? []).length);
    f.node = nodes;
    note(cleanOutputs(nodes, f.output ?? []));
    note(cleanInfos(f, f.input ?? []));
    for (const node of f.node) for (const graph of graphsOf(node)) note(cleanGraph(graph));
  }
  note(removeFunctions(model));
  note(removeOpsets(model));
  return changed;
}

/** The nodes that outputs need, in order. */
function neededNodes(nodes: readonly NodeProto[], needed: Set<string>): NodeProto[] {
  const kept: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!(node.output ?? []).some((name) => needed.has(name))) continue;
    for (const name of readsOf(node)) needed.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

function cleanGraph(graph: GraphProto): boolean {
  const before = countOf(graph);
  const needed = new Set((graph.output ?? []).map(({ name = '' }) => name));
  for (const { tensorName = '', quantParameterTensorNames } of graph.quantizationAnnotation ?? [])
    for (const name of [tensorName, ...(quantParameterTensorNames ?? []).map(({ value = '' }) => value)])
      needed.add(name);
  graph.node = neededNodes(graph.node ?? [], needed);
  const inputs = new Set((graph.input ?? []).map(({ name = '' }) => name));
  graph.initializer = graph.initializer?.filter(({ name = '' }) => needed.has(name) || inputs.has(name));
  graph.sparseInitializer = graph.sparseInitializer?.filter(({ values }) => needed.has(values?.name ?? ''));
  const trimmed = cleanOutputs(graph.node, [...needed]);
  let changed = cleanInfos(graph, [...inputs]) || trimmed || countOf(graph) !== before;
  for (const node of graph.node) for (const inner of graphsOf(node)) changed = cleanGraph(inner) || changed;
  return changed;
}

/** Leaves out the last results of nodes that nothing reads, where the operator allows it: runtimes need not compute them. */
function cleanOutputs(nodes: readonly NodeProto[], outputs: readonly string[]): boolean {
  const read = new Set(outputs);
  for (const node of nodes) for (const name of readsOf(node)) read.add(name);
  let changed = false;
  for (const { opType = '', domain, output = [] } of nodes) {
    const least = isOnnx(domain) ? required.get(opType) : undefined;
    while (least !== undefined && output.length > Math.max(least, 1) && !read.has(output.at(-1) ?? '')) {
      output.pop();
      changed = true;
    }
  }
  return changed;
}

const countOf = ({ node, initializer, sparseInitializer }: GraphProto): number =>
  (node?.length ?? 0) + (initializer?.length ?? 0) + (sparseInitializer?.length ?? 0);

/** Types are stated of values that exist. */
function cleanInfos(proto: GraphProto | FunctionProto, inputs: readonly string[]): boolean {
  const before = proto.valueInfo?.length;
  const graph = proto as GraphProto;
  const values = new Set([
    ...inputs,
    ...(graph.initializer ?? []).map(({ name }) => name),
    ...(graph.sparseInitializer ?? []).map((x) => x.values?.name),
    ...(proto.node ?? []).flatMap(({ output }) => output ?? []),
  ]);
  proto.valueInfo = proto.valueInfo?.filter(({ name }) => values.has(name));
  return proto.valueInfo?.length !== before;
}

const keyOf = ({ domain = '', name, overload = '' }: { domain?: string; name?: string; overload?: string }): string =>
  `${domain}::${name}::${overload}`;

/** Functions that neither the graph nor a function that it needs calls. */
function removeFunctions(model: ModelProto): boolean {
  const functions = new Map((model.functions ?? []).map((f) => [keyOf(f), f]));
  const reached = new Set<FunctionProto>();
  const reach = (nodes: readonly NodeProto[] | undefined): void => {
    for (const { domain, opType, overload } of everyNode(nodes)) {
      const f = functions.get(keyOf({ domain, name: opType, overload }));
      if (!f || reached.has(f)) continue;
      reached.add(f);
      reach(f.node);
    }
  };
  reach(model.graph?.node);
  const kept = model.functions?.filter((f) => reached.has(f));
  const changed = kept?.length !== model.functions?.length;
  model.functions = kept;
  return changed;
}

/** Operator sets that no node is of; ONNX's own stay. */
function removeOpsets(model: ModelProto): boolean {
  const clean = (proto: ModelProto | FunctionProto, used: ReadonlySet<string>): boolean => {
    const kept = proto.opsetImport?.filter(({ domain = '' }) => isOnnx(domain) || used.has(domain));
    const changed = kept?.length !== proto.opsetImport?.length;
    proto.opsetImport = kept;
    return changed;
  };
  const domainsIn = (nodes: readonly NodeProto[] | undefined): string[] =>
    [...everyNode(nodes)].map(({ domain = '' }) => domain);
  let changed = false;
  const used = new Set(domainsIn(model.graph?.node));
  for (const f of model.functions ?? []) {
    const own = new Set(domainsIn(f.node));
    for (const domain of [f.domain ?? '', ...own]) used.add(domain);
    changed = clean(f, own) || changed;
  }
  return clean(model, used) || changed;
}
