/** The recorded graph as a drawing for Graphviz, as torchviz (https://github.com/szagoruyko/pytorchviz) lays it out. */
import {
  ArgumentError,
  AutogradError,
  checkOptions,
  describe,
  formatShape,
  isTensor,
  type Tensor,
} from '@tenfold/tensor-core';
import type { Tensors } from './backward.ts';
import { AccumulateGrad } from './meta.ts';
import type { Node } from './node.ts';
import { RuleNode } from './rule-node.ts';
import { gradientEdge } from './views.ts';

/** Options of {@link graphToDot}. */
export interface GraphToDotOptions {
  /** Names of leaves, as `Object.fromEntries(model.namedParameters())` gives them. */
  params?: { readonly [name: string]: Tensor };
  /** Write the attributes of each op into its node. Default false. */
  showAttrs?: boolean;
  /** Draw what each node has saved for backward. Default false. */
  showSaved?: boolean;
}

/** A string as DOT takes it; `\n` and `\l` are its own line ends. */
const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

const named = (values: { readonly [key: string]: string }): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(', ');

/** An attribute in a few words. */
function short(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(short).join(', ')}]`;
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? describe(value) : String(value);
  const { name } = value as { name?: unknown };
  return typeof name === 'string' ? name : describe(value);
}

function labelOf(node: Node, showAttrs: boolean): string {
  if (!showAttrs || !(node instanceof RuleNode) || !node.attrs) return node.name;
  const rows = Object.entries(node.attrs).map(([key, value]) => `${key}: ${short(value)}`);
  return rows.length ? [node.name, '-'.repeat(node.name.length), ...rows].join('\n') : node.name;
}

/**
 * The graph behind one tensor or several as text in Graphviz's DOT language: leaves (blue) with their names and shapes above, ops below them in the
 * order of the forward, results (green) at the end. The same graph gives the same text. Nothing is computed or unpacked.
 *
 * @throws AutogradError if no result has a history.
 * @example
 * writeFileSync('graph.dot', graphToDot(loss, { params: { w, b } })); // dot -Tsvg graph.dot > graph.svg
 */
export function graphToDot(results: Tensors, options: GraphToDotOptions = {}): string {
  checkOptions('graphToDot', options, ['params', 'showAttrs', 'showSaved']);
  const { params = {}, showAttrs = false, showSaved = false } = options;
  const list: readonly unknown[] = Array.isArray(results) ? results : [results];
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of Object.entries(params)) {
    if (!isTensor(tensor))
      throw new ArgumentError(`graphToDot: params.${name} must be a tensor, got ${describe(tensor)}`);
    names.set(tensor, name);
  }
  // by number: the edges of a node are complete before it, so nothing leads back to it
  const ids = new Map<Node, string>();
  const nodes: Node[] = [];
  const idOf = (node: Node): string => {
    let id = ids.get(node);
    if (!id) {
      ids.set(node, (id = `n${nodes.length}`));
      nodes.push(node);
    }
    return id;
  };
  const ends: string[] = [];
  list.forEach((result, i) => {
    if (!isTensor(result))
      throw new ArgumentError(`graphToDot: expected a tensor or an array of them, got ${describe(result)}`);
    const [node] = gradientEdge(result);
    if (!node) return;
    const name = names.get(result);
    const label = [...(name === undefined ? [] : [name]), formatShape(result.shape)].join('\n');
    ends.push(`  out${i} [${named({ label, fillcolor: 'darkolivegreen1' })}];`, `  ${idOf(node)} -> out${i};`);
  });
  if (nodes.length === 0)
    throw new AutogradError(
      'graphToDot: no tensor here has a history: none requires grad, or it was made under noGrad',
    );
  const lines = [
    'digraph {',
    '  node [shape="box", style="filled", fontsize="10", fontname="monospace", height="0.2", fillcolor="lightgrey"];',
  ];
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    lines.push(`  n${i} [${named({ label: labelOf(node, showAttrs) })}];`);
    if (node instanceof AccumulateGrad) {
      const { variable } = node;
      const name = names.get(variable);
      const label = [...(name === undefined ? [] : [name]), formatShape(variable.shape)].join('\n');
      lines.push(`  leaf${i} [${named({ label, fillcolor: 'lightblue' })}];`, `  leaf${i} -> n${i};`);
    }
    if (showSaved) {
      node.savedMetas.forEach(([key, { shape, dtype }], k) => {
        const label = `${key}\n${dtype} ${formatShape(shape)}`;
        lines.push(
          `  saved${i}_${k} [${named({ label, fillcolor: 'orange' })}];`,
          `  n${i} -> saved${i}_${k} [dir="none"];`,
        );
      });
    }
    for (const [next] of node.edges) if (next) lines.push(`  ${idOf(next)} -> n${i};`);
  }
  return [...lines, ...ends, '}', ''].join('\n');
}
