/** A traced program as data: printed, exported, replayed and fused from this one form. It is functional: nothing in it is written in place. */
import type { DType } from './dtype.ts';
import { formatShape, type Shape } from './shape.ts';
import type { OpSpec } from './spec.ts';
import type { Tensor } from './tensor.ts';

/** What one op hands to another. Values compare by identity. */
export interface Value {
  /** Unique within one trace. */
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One op of a graph. */
export interface GraphNode {
  /** The functional op; an in-place call is recorded as the op whose result it wrote. */
  readonly spec: OpSpec;
  readonly inputs: readonly (Value | number | null)[];
  readonly attrs: object | null;
  readonly outputs: readonly Value[];
  /**
   * For an op that has a body: the ops it ran. Its inputs are the `inputs` of this node, the same `Value` objects; values of the surrounding graph
   * that it reads besides stand in `body.captured`.
   */
  readonly body: Graph | null;
  /**
   * For control flow: its bodies by name, such as `thenBranch` and `elseBranch`. Which of them run, and how often, depends on values. Their `inputs` are
   * what each run is given; like a `body` they read values of the surrounding graphs, listed as `captured`, and no value inside is read outside of them.
   */
  readonly bodies?: Readonly<Record<string, Graph>>;
  /** Names of the modules around the call, outermost first: `['layer1', 'act']`. */
  readonly scope: readonly string[];
  /** Whether the call would have been recorded for gradients; off inside `noGrad`. The ops of a body have the mode of their op. */
  readonly gradMode: boolean;
  /** Where the traced program calls the op, `file:///model.ts:12:3`, if the trace was asked for it and the call stands in a file outside of Tenfold. */
  readonly line?: string;
}

/** A value that comes from outside, with the tensor it stood for while tracing. */
export interface GraphInput {
  readonly value: Value;
  readonly tensor: Tensor;
  /** `'argument'`: passed to the traced function. `'captured'`: met on the way (a parameter, a constant made before). */
  readonly kind: 'argument' | 'captured';
}

/** What a traced program changed, beside what it returned: a storage that existed before gets the new value of `tensor`. */
export interface GraphWrite {
  readonly tensor: Tensor;
  readonly value: Value;
}

/** An assignment to a slot of a tensor: `tensor.grad = value`. */
export interface GraphAssignment {
  readonly tensor: Tensor;
  readonly slot: 'grad';
  readonly value: Value | null;
}

export class Graph {
  readonly inputs: GraphInput[] = [];
  readonly nodes: GraphNode[] = [];
  readonly outputs: Value[] = [];
  /** For a body of a node: values of the surrounding graphs that are read inside and are not inputs of the node. */
  readonly captured: Value[] = [];
  /** Writes to storages from before the trace; each value is read before any is stored. */
  readonly writes: GraphWrite[] = [];
  readonly assignments: GraphAssignment[] = [];

  /** The graph as text, one op a line. */
  toString(): string {
    return printGraph(this);
  }
}

/** `names` gives readable names to values (parameters by their `stateDict` names); others are numbered. */
export function printGraph(graph: Graph, names: ReadonlyMap<Value, string> = new Map()): string {
  const name = (value: Value): string => `%${names.get(value) ?? value.id}`;
  const typed = (value: Value): string => `${name(value)}: ${value.dtype}${formatShape(value.shape)}`;
  const lines: string[] = [];
  const print = (body: Graph, indent: string): void => {
    for (const node of body.nodes) {
      const inputs = node.inputs.map((x) => (typeof x === 'number' ? String(x) : x === null ? 'null' : name(x)));
      const scope = node.scope.length ? `  # /${node.scope.join('/')}` : '';
      const outputs = node.outputs.map(typed).join(', ');
      lines.push(
        `${indent}${outputs} = ${node.spec.name}(${[...inputs, ...printAttrs(node.attrs)].join(', ')})${scope}`,
      );
      if (node.body) {
        print(node.body, `${indent}  | `);
        lines.push(`${indent}  | return ${node.body.outputs.map(name).join(', ')}`);
      }
      for (const [label, inner] of Object.entries(node.bodies ?? {})) {
        lines.push(`${indent}  ${label}(${inner.inputs.map(({ value }) => typed(value)).join(', ')}) {`);
        print(inner, `${indent}    `);
        lines.push(`${indent}    return ${inner.outputs.map(name).join(', ')}`, `${indent}  }`);
      }
    }
  };
  const args = graph.inputs.map(({ value, kind }) => `${typed(value)}${kind === 'captured' ? ' captured' : ''}`);
  lines.push(`graph(${args.join(', ')}) {`);
  print(graph, '  ');
  for (const { tensor, value } of graph.writes) {
    const target = graph.inputs.find((entry) => entry.tensor === tensor);
    lines.push(`  write ${target ? name(target.value) : 'storage'} <- ${name(value)}`);
  }
  lines.push(`  return ${graph.outputs.map(name).join(', ')}`, '}');
  return lines.join('\n');
}

function printAttrs(attrs: object | null): string[] {
  return Object.entries(attrs ?? {})
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? formatShape(value) : printAttr(value)}`);
}

function printAttr(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return 'name' in value ? String(value.name) : '…';
}
