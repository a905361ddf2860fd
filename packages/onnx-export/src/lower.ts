/** Writes the ops of a traced graph into a body, each by its symbol. */
import { functionOf } from '@tenfold/autograd';
import type { FunctionProto } from '@tenfold/onnx-model';
import { type GraphNode, OnnxExportError, type OpSpec, type TypedArray, type Value } from '@tenfold/tensor-core';
import type { Ref } from './builder.ts';
import { type Frame, OpContext } from './context.ts';
import { lowerControl, readSizesFrom } from './lower-control.ts';
import { lowerCustom } from './lower-custom.ts';
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
  if (node.bodies) {
    bindOutputs(node, lowerControl(node, frame, lowerNodesIn(lowering)), frame);
    readSizesFrom(node, frame);
    return;
  }
  const functionClass = functionOf(node.spec);
  if (functionClass?.symbolic && lowering.customOps !== 'inline') {
    bindOutputs(node, lowerCustom(node, functionClass, frame, lowering, lowerNodes), frame);
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
  bindOutputs(node, symbol?.nanLast ? lowerBody(node, { ...frame, nanLast: true }, lowering) : bodyRefs(), frame);
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

const lowerNodesIn =
  (lowering: Lowering) =>
  (nodes: readonly GraphNode[], frame: Frame): void =>
    lowerNodes(nodes, frame, lowering);

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
