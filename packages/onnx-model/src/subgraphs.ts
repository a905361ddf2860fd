/** Graphs inside of nodes: branches of If, bodies of Loop and Scan. */
import type { GraphProto, NodeProto } from './generated/onnx.ts';

/** The graphs inside a node: branches of `If`, bodies of `Loop` and `Scan`. */
export function graphsOf(node: NodeProto): GraphProto[] {
  return (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
}

/** All nodes of a list, those of graphs inside them included. */
export function* everyNode(nodes: readonly NodeProto[] | undefined): Generator<NodeProto> {
  for (const node of nodes ?? []) {
    yield node;
    for (const graph of graphsOf(node)) yield* everyNode(graph.node);
  }
}
