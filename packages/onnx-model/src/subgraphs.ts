/** Graphs inside of nodes: branches and bodies of control flow. */
import type { GraphProto, NodeProto } from './generated/onnx.ts';

/** The graphs among the attributes of a node. */
export const subgraphsOf = (node: NodeProto): GraphProto[] =>
  (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);

/** The nodes and those of their subgraphs, to any depth. */
export const allNodes = (nodes: readonly NodeProto[]): NodeProto[] =>
  nodes.flatMap((node) => [node, ...subgraphsOf(node).flatMap((graph) => allNodes(graph.node ?? []))]);
