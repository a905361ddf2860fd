/** Writes calls of custom Functions: as their own nodes, with functions whose bodies are the traced forward. */
import type { FunctionClass } from '@tenfold/autograd';
import { encode, type FunctionProto, type NodeProto } from '@tenfold/onnx-model';
import { type GraphNode, OnnxExportError, type TypedArray, type Value } from '@tenfold/tensor-core';
import { Body, Ref } from './builder.ts';
import {
  attributeScalars,
  type Follower,
  foldedAgain,
  followersOf,
  type ReferencedCall,
  reference,
  symbolOfAttribute,
  traceCall,
} from './by-reference.ts';
import type { Frame, SizeSource } from './context.ts';
import { runSymbolic, type SymbolicCall } from './custom.ts';
import type { Dim } from './dims.ts';
import type { Lowering } from './lower.ts';
import { nameOf, type UnifiedGraph } from './unify.ts';

/** Writes ops of a body. */
type LowerNodes = (nodes: readonly GraphNode[], frame: Frame, lowering: Lowering) => void;

/** Writes the call of a Function as its `symbolic` says, and gives what it computes. */
export function lowerCustom(
  node: GraphNode,
  functionClass: FunctionClass,
  frame: Frame,
  lowering: Lowering,
  lowerNodes: LowerNodes,
): readonly Ref[] {
  const refOf = (input: number): Ref => {
    const value = node.inputs[input];
    const ref = typeof value === 'object' && value !== null ? frame.env.get(value) : undefined;
    if (!ref) throw new OnnxExportError(`op ${nameOf(node)}: input ${input} was not computed before`);
    return ref;
  };
  const passedOn = argumentsPassedOn(node, frame);
  const call = runSymbolic(node, functionClass, frame.body, refOf);
  const [custom] = call.custom;
  const byFunction = lowering.customOps === 'function';
  const followers = custom && (byFunction || passedOn.size > 0) ? followersOf(node, functionClass, custom, frame) : [];
  if (custom && byFunction)
    addFunction({ node, functionClass, call, followers, passedOn }, frame, lowering, lowerNodes);
  for (const [arg, { outer, dim }] of passedOn) {
    const follower = followers.find((x) => x.arg === arg);
    const source = frame.followers?.find(({ attribute }) => attribute === outer);
    if (!follower || follower.type !== source?.type) throw notPassed(node, arg, dim);
    custom.attribute = custom.attribute?.map((x) =>
      x.name === follower.attribute ? reference(follower.attribute, follower.type, outer) : x,
    );
  }
  return call.results;
}

/** An argument that is an attribute of the function around the call. */
interface PassedOn {
  readonly outer: string;
  readonly dim: Dim;
}

/** The arguments that differ between traces: as attributes of the function around the call they are passed on, other numbers can't be. */
function argumentsPassedOn(node: GraphNode, frame: Frame): Map<number, PassedOn> {
  const found = new Map<number, PassedOn>();
  for (const [path, dim] of frame.unified.varying(node)) {
    const arg = Number(/^args\.(\d+)$/.exec(path)?.[1] ?? Number.NaN);
    const symbol = typeof dim === 'number' ? null : dim.symbol;
    const outer = frame.followers?.find(({ attribute }) => symbolOfAttribute(attribute) === symbol);
    if (Number.isNaN(arg) || !outer) throw notPassed(node, path.replace(/^args\./, ''), dim);
    found.set(arg, { outer: outer.attribute, dim });
  }
  return found;
}

const notPassed = (node: GraphNode, arg: number | string, dim: Dim): OnnxExportError =>
  new OnnxExportError(
    `op ${nameOf(node)}: its argument '${arg}' depends on a dynamic axis (${dim}), and symbolic would write one number; export with customOps: 'inline'`,
  );

interface CustomCall {
  readonly node: GraphNode;
  readonly functionClass: FunctionClass;
  readonly call: SymbolicCall;
  readonly followers: readonly Follower[];
  readonly passedOn: ReadonlyMap<number, PassedOn>;
}

/** Where the body of a function is taken from: a call of it, as it was traced. */
interface TracedCall {
  readonly node: GraphNode;
  readonly unified: UnifiedGraph;
  readonly folded: ReadonlyMap<GraphNode, TypedArray>;
  readonly constants: ReadonlyMap<Value, TypedArray>;
  readonly followers: readonly Follower[];
  readonly inexact: ReadonlySet<string>;
}

/** Gives the custom node a body: the traced forward over the node's inputs, with its numbers by reference where that can be. */
function addFunction(custom: CustomCall, frame: Frame, lowering: Lowering, lowerNodes: LowerNodes): void {
  const { node, functionClass, call, followers, passedOn } = custom;
  const [first] = call.custom;
  if (call.custom.length > 1 || !call.results.every((ref) => ref.producer === first)) {
    throw new OnnxExportError(
      `${functionClass.name}.symbolic writes several nodes around its custom op, so forward can't be the body of it; export with customOps: 'opaque' or 'inline'`,
    );
  }
  if (!node.body) throw new OnnxExportError(`${functionClass.name} was traced without its forward`);
  const problem = frame.unified.bodyProblem(node);
  if (problem) throw problem;
  const referenced = traceCall(node, functionClass, followers, frame);
  if (referenced) {
    const before = new Map(lowering.functions);
    try {
      writeFunction(custom, tracedAgain(custom.node, referenced, frame, lowering), frame, lowering, lowerNodes);
      return;
    } catch (error) {
      // a constant that is no formula of the attributes: each value has a function of its own
      if (!(error instanceof OnnxExportError) || passedOn.size > 0) throw error;
      lowering.functions.clear();
      for (const entry of before) lowering.functions.set(...entry);
    }
  }
  if (passedOn.size > 0) {
    const [[arg, { dim }]] = passedOn;
    throw notPassed(node, arg, dim);
  }
  const { unified, folded } = frame;
  const traced: TracedCall = {
    node,
    unified,
    folded,
    constants: lowering.constants,
    followers: [],
    inexact: new Set(),
  };
  writeFunction(custom, traced, frame, lowering, lowerNodes);
}

/** What is known of the first trace, for one with other attributes. */
function tracedAgain(node: GraphNode, again: ReferencedCall, frame: Frame, lowering: Lowering): TracedCall {
  const constants = new Map(lowering.constants);
  const outer = new Map(frame.unified.graph.inputs.map(({ tensor, value }) => [tensor, value]));
  for (const { tensor, value } of again.unified.graph.inputs) {
    const known = outer.get(tensor);
    const data = known && lowering.constants.get(known);
    if (data) constants.set(value, data);
  }
  const folded = foldedAgain([node], [again.node], frame.folded, again.unified);
  return { ...again, folded, constants };
}

/** Writes the function of a call, and adds it to the file. */
function writeFunction(
  { node, functionClass, call }: CustomCall,
  traced: TracedCall,
  frame: Frame,
  lowering: Lowering,
  lowerNodes: LowerNodes,
): void {
  const where = `${functionClass.name}.symbolic`;
  const [custom] = call.custom;
  const { body: graph } = traced.node;
  if (!graph) throw new OnnxExportError(`${functionClass.name} was traced without its forward`);
  const given = call.inputs.get(custom) ?? [];
  const body = new Body(lowering.opset);
  if (frame.body.origin) body.origin = { modules: null, scope: [], ops: [], line: undefined };
  const inputs = given.map((_, i) => body.unique(`input_${i}`));
  const env = new Map<Value, Ref>();
  const sources: SizeSource[] = [];
  node.inputs.forEach((outer, i) => {
    const { [i]: value } = traced.node.inputs;
    if (typeof outer !== 'object' || outer === null || typeof value !== 'object' || value === null) return;
    const at = given.indexOf(frame.env.get(outer) ?? null);
    if (at < 0) return;
    const ref = new Ref(inputs[at], value.dtype);
    env.set(value, ref);
    traced.unified.dims(value).forEach((dim, axis) => sources.push({ ref, axis, dim }));
  });
  for (const value of graph.captured) {
    const data = traced.constants.get(value);
    if (!data) {
      throw new OnnxExportError(
        `${functionClass.name}.forward reads a value that is computed outside and is not among its arguments; pass it, or export with customOps: 'inline'`,
      );
    }
    env.set(value, body.constantBytes(encode(data, value.dtype), value.dtype, value.shape));
  }
  const { unified, folded, followers, inexact } = traced;
  const scalars = attributeScalars(followers, body);
  const inner: Frame = { body, unified, env, sources, folded, scalars, followers, inexact };
  try {
    lowerNodes(graph.nodes, inner, { ...lowering, constants: traced.constants });
  } catch (error) {
    if (!(error instanceof OnnxExportError)) throw error;
    throw new OnnxExportError(`in the function body of ${functionClass.name}: ${error.message}`, { cause: error });
  }
  const outputs = graph.outputs.map((value, k) => {
    const ref = env.get(value);
    if (!ref)
      throw new OnnxExportError(
        `${where}: forward uses an input that is not among the inputs of '${custom.opType}'; pass all of them to g.op, or export with customOps: 'opaque' or 'inline'`,
      );
    // through a node of its own, so that no output is an input or another output
    const name = body.unique(`output_${k}`);
    const computed =
      ref.producer !== null &&
      !inputs.includes(ref.name) &&
      graph.outputs.findIndex((other) => env.get(other)?.name === ref.name) === k;
    if (computed) body.rename(ref.name, name);
    else
      body.nodes.push({
        input: [ref.name],
        output: [name],
        name: body.unique(`/Identity`),
        opType: 'Identity',
        attribute: [],
      });
    if (computed) ref.name = name;
    return name;
  });
  body.prune(outputs);
  register(custom, { inputs, outputs, body, source: functionClass.name }, lowering, frame);
}

interface FunctionParts {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly body: Body;
  /** The name of the class that it was traced from. */
  readonly source: string;
}

/** Adds the function to the file. A second body under one name (another dtype, other constants) gets a number. */
function register(
  custom: NodeProto,
  { inputs, outputs, body, source }: FunctionParts,
  lowering: Lowering,
  frame: Frame,
): void {
  const domain = custom.domain ?? '';
  const base = custom.opType ?? '';
  const make = (name: string): FunctionProto => ({
    name,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: (custom.attribute ?? []).map((x) => x.name ?? '').sort(),
    node: body.nodes,
    ...(body.origin ? { metadataProps: [{ key: 'tenfold.op', value: source }] } : {}),
    opsetImport: [
      { domain: '', version: lowering.opset },
      ...[...body.domains].sort().map((other) => ({ domain: other, version: lowering.customOpsets[other] ?? 1 })),
    ],
  });
  for (let i = 0; ; i++) {
    const name = i === 0 ? base : `${base}_${i}`;
    const key = `${domain}::${name}`;
    const existing = lowering.functions.get(key);
    const proto = make(name);
    if (existing && fingerprint(existing) !== fingerprint(proto)) continue;
    if (!existing) lowering.functions.set(key, proto);
    custom.opType = name;
    frame.body.domains.add(domain);
    return;
  }
}

/** What a function computes: not what it is called, nor where it comes from. */
const fingerprint = ({ name: _, ...rest }: FunctionProto): string =>
  JSON.stringify(rest, (key, value: unknown) =>
    key === 'metadataProps' ? undefined : value instanceof Uint8Array ? [...value] : value,
  );
