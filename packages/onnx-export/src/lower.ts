/** Writes the ops of a traced graph into a body, each by its symbol. */
import { functionOf } from '@tenfold/autograd';
import type { FunctionProto, NodeProto } from '@tenfold/onnx-model';
import { encode } from '@tenfold/onnx-model';
import { type GraphNode, OnnxExportError, type OpSpec, type TypedArray, type Value } from '@tenfold/tensor-core';
import { Body, Ref } from './builder.ts';
import { type Frame, OpContext, type SizeSource } from './context.ts';
import { runSymbolic, type SymbolicCall } from './custom.ts';
import { originOf } from './metadata.ts';
import type { OnnxSymbol } from './symbols/symbol.ts';
import { nameOf } from './unify.ts';

/** How custom ops stand in the file. */
export type CustomOps = 'function' | 'opaque' | 'inline';

/** What the bodies of one file share. */
export interface Lowering {
  readonly opset: number;
  readonly customOps: CustomOps;
  /** Versions of the custom operator sets, 1 if not listed. */
  readonly customOpsets: Readonly<Record<string, number>>;
  /** Function bodies by domain, name and text. */
  readonly functions: Map<string, FunctionProto>;
  /** The values of captured tensors. */
  readonly constants: ReadonlyMap<Value, TypedArray>;
  /** The symbol of an op in this export. */
  readonly symbolOf: (spec: OpSpec) => OnnxSymbol | undefined;
}

/** Writes all nodes in order. */
export function lowerNodes(nodes: readonly GraphNode[], frame: Frame, lowering: Lowering): void {
  for (const node of nodes) lowerNode(node, frame, lowering);
}

function lowerNode(node: GraphNode, frame: Frame, lowering: Lowering): void {
  const { body } = frame;
  const outer = body.origin;
  body.origin = outer && originOf(node, outer);
  try {
    lowerOne(node, frame, lowering);
  } finally {
    body.origin = outer;
  }
}

function lowerOne(node: GraphNode, frame: Frame, lowering: Lowering): void {
  frame.body.scope = node.scope;
  const functionClass = functionOf(node.spec);
  if (functionClass?.symbolic && lowering.customOps !== 'inline') {
    lowerCustom(node, functionClass, frame, lowering);
    return;
  }
  const symbol = lowering.symbolOf(node.spec);
  const bodyRefs = (): Ref[] => lowerBody(node, frame, lowering);
  if (typeof symbol === 'function') {
    const context = new OpContext(node, frame, bodyRefs);
    const written = symbol(context);
    if (written !== null) context.checkRead();
    bindOutputs(node, written === null ? bodyRefs() : 'name' in written ? [written] : written, frame);
    return;
  }
  if (symbol?.kind === 'unsupported')
    throw new OnnxExportError(`op ${nameOf(node)} can't be exported: ${symbol.reason}`);
  bindOutputs(node, bodyRefs(), frame);
}

/** Writes the ops of the node's body. */
function lowerBody(node: GraphNode, frame: Frame, lowering: Lowering): Ref[] {
  if (!node.body) {
    throw new OnnxExportError(`op ${nameOf(node)} has no ONNX form; give it one with defineSymbol(spec, (g) => …)`);
  }
  const problem = frame.unified.bodyProblem(node);
  if (problem) throw problem;
  lowerNodes(node.body.nodes, frame, lowering);
  frame.body.scope = node.scope;
  return node.body.outputs.map((value) => known(frame, value, node));
}

function known(frame: Frame, value: Value, node: GraphNode): Ref {
  const ref = frame.env.get(value);
  if (!ref) throw new OnnxExportError(`op ${nameOf(node)}: a value it gives was not computed`);
  return ref;
}

function bindOutputs(node: GraphNode, refs: readonly (Ref | null)[], frame: Frame): void {
  node.outputs.forEach((value, k) => {
    const ref = refs[k];
    if (!ref) return;
    ref.dtype ??= value.dtype;
    if (ref.dtype !== value.dtype) {
      throw new OnnxExportError(
        `op ${nameOf(node)}: its ONNX form gives ${ref.dtype} where Tenfold gives ${value.dtype}`,
      );
    }
    frame.env.set(value, ref);
  });
}

type FunctionClass = NonNullable<ReturnType<typeof functionOf>>;

function lowerCustom(node: GraphNode, functionClass: FunctionClass, frame: Frame, lowering: Lowering): void {
  const refOf = (input: number): Ref => {
    const value = node.inputs[input];
    const ref = typeof value === 'object' && value !== null ? frame.env.get(value) : undefined;
    if (!ref) throw new OnnxExportError(`op ${nameOf(node)}: input ${input} was not computed before`);
    return ref;
  };
  for (const [path, dim] of frame.unified.varying(node)) {
    throw new OnnxExportError(
      `op ${nameOf(node)}: its argument '${path.replace(/^args\./, '')}' depends on a dynamic axis (${dim}), and symbolic would write one number; export with customOps: 'inline'`,
    );
  }
  const call = runSymbolic(node, functionClass, frame.body, refOf);
  if (lowering.customOps === 'function' && call.custom.length > 0)
    addFunction(node, functionClass, call, frame, lowering);
  bindOutputs(node, call.results, frame);
}

/** Gives the custom node a body: the traced forward over the node's inputs. */
function addFunction(
  node: GraphNode,
  functionClass: FunctionClass,
  call: SymbolicCall,
  frame: Frame,
  lowering: Lowering,
): void {
  const where = `${functionClass.name}.symbolic`;
  const [custom] = call.custom;
  if (call.custom.length > 1 || !call.results.every((ref) => ref.producer === custom)) {
    throw new OnnxExportError(
      `${where} writes several nodes around its custom op, so forward can't be the body of it; export with customOps: 'opaque' or 'inline'`,
    );
  }
  const { body: traced } = node;
  if (!traced) throw new OnnxExportError(`${functionClass.name} was traced without its forward`);
  const problem = frame.unified.bodyProblem(node);
  if (problem) throw problem;
  const given = call.inputs.get(custom) ?? [];
  const body = new Body(lowering.opset);
  if (frame.body.origin) body.origin = { modules: null, scope: [], ops: [], line: undefined };
  const inputs = given.map((_, i) => body.unique(`input_${i}`));
  const env = new Map<Value, Ref>();
  const sources: SizeSource[] = [];
  node.inputs.forEach((value) => {
    if (typeof value !== 'object' || value === null) return;
    const at = given.indexOf(frame.env.get(value) ?? null);
    if (at < 0) return;
    const ref = new Ref(inputs[at], value.dtype);
    env.set(value, ref);
    frame.unified.dims(value).forEach((dim, axis) => sources.push({ ref, axis, dim }));
  });
  for (const value of traced.captured) {
    const data = lowering.constants.get(value);
    if (!data) {
      throw new OnnxExportError(
        `${functionClass.name}.forward reads a value that is computed outside and is not among its arguments; pass it, or export with customOps: 'inline'`,
      );
    }
    env.set(value, body.constantBytes(encode(data, value.dtype), value.dtype, value.shape));
  }
  const inner: Frame = { body, unified: frame.unified, env, sources, folded: frame.folded };
  try {
    lowerNodes(traced.nodes, inner, lowering);
  } catch (error) {
    if (!(error instanceof OnnxExportError)) throw error;
    throw new OnnxExportError(`in the function body of ${functionClass.name}: ${error.message}`, { cause: error });
  }
  const outputs = traced.outputs.map((value, k) => {
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
      traced.outputs.findIndex((other) => env.get(other)?.name === ref.name) === k;
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
