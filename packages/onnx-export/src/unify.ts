/** One graph out of several traces of a model at different sizes of its dynamic axes: the same ops, with what differs as formulas of those sizes. */
import { type Graph, type GraphNode, OnnxExportError, type TypedArray, type Value } from '@tenfold/tensor-core';
import { type Dim, explain, type Point } from './dims.ts';

/** The first trace's graph, and what of it depends on sizes. */
export interface UnifiedGraph {
  readonly graph: Graph;
  /** The sizes of a value. */
  dims(value: Value): readonly Dim[];
  /** Attributes and number operands of a node that differ between traces, by path: `'shape.0'`, `'input.1'`. */
  varying(node: GraphNode): ReadonlyMap<string, Dim>;
  /** Why the ops inside a node can't stand for it: they differ between the traces (as of a layer that runs once per step). */
  bodyProblem(node: GraphNode): OnnxExportError | undefined;
}

const none: ReadonlyMap<string, Dim> = new Map();

/** Compares the traces node by node. `points[t]` are the sizes of the dynamic axes in `graphs[t]`. */
export function unify(graphs: readonly Graph[], points: readonly Point[]): UnifiedGraph {
  const dims = new Map<Value, readonly Dim[]>();
  const varying = new Map<GraphNode, ReadonlyMap<string, Dim>>();
  const bodyProblems = new Map<GraphNode, OnnxExportError>();
  const pairs = graphs.map(() => new Map<Value, Value>());
  const [base] = graphs;

  const bind = (values: readonly Value[], what: string): void => {
    const [first] = values;
    values.forEach((value, t) => {
      if (value.dtype !== first.dtype || value.shape.length !== first.shape.length) {
        throw differs(
          points[t],
          `${what} has ${value.shape.length} dims of ${value.dtype} instead of ${first.shape.length} of ${first.dtype}`,
        );
      }
      pairs[t].set(value, first);
    });
    dims.set(
      first,
      first.shape.map((_, d) =>
        explain(
          values.map((value) => value.shape[d]),
          points,
        ),
      ),
    );
  };

  const walk = (nodes: readonly (readonly GraphNode[])[], where: string): void => {
    const [first] = nodes;
    nodes.forEach((list, t) => {
      const at = list.findIndex((node, i) => node.spec !== first[i]?.spec);
      if (at < 0 && list.length === first.length) return;
      const [a, b] = at < 0 ? [first[list.length], undefined] : [first[at], list[at]];
      throw differs(points[t], `${where}op ${nameOf(b)} runs instead of ${nameOf(a)}`);
    });
    first.forEach((node, i) => {
      const all = nodes.map((list) => list[i]);
      const found = compareInputs(all, pairs, points);
      compareAttrs(
        all.map((x) => x.attrs),
        '',
        points,
        found,
        nameOf(node),
      );
      if (found.size > 0) varying.set(node, found);
      const { body } = node;
      if (body) {
        try {
          walk(
            all.map((x, t) => (x.body ?? mismatch(points[t], node)).nodes),
            `${where}in ${nameOf(node)}: `,
          );
        } catch (error) {
          // of no matter to an op that becomes one node
          if (!(error instanceof OnnxExportError)) throw error;
          bodyProblems.set(node, error);
        }
      }
      for (const name of Object.keys(node.bodies ?? {}))
        walkControl(
          all.map((x, t) => x.bodies?.[name] ?? mismatch(points[t], node)),
          `${where}in ${nameOf(node)}: `,
        );
      for (let k = 0; k < node.outputs.length; k++)
        bind(
          all.map((x) => x.outputs[k]),
          `the result of ${nameOf(node)}`,
        );
    });
  };

  /** A body of control flow stands in the file as it is: all of it must agree. */
  const walkControl = (bodies: readonly Graph[], where: string): void => {
    const [first] = bodies;
    first.inputs.forEach((_, i) => {
      bind(
        bodies.map((body) => body.inputs[i].value),
        `${where}input ${i}`,
      );
    });
    walk(
      bodies.map((body) => body.nodes),
      where,
    );
    bodies.forEach((body, t) => {
      body.outputs.forEach((value, k) => {
        if (pairs[t].get(value) !== first.outputs[k]) throw differs(points[t], `${where}output ${k} is another value`);
      });
    });
  };

  graphs.forEach((graph, t) => {
    const same =
      graph.inputs.length === base.inputs.length &&
      graph.inputs.every(
        ({ kind, tensor }, i) =>
          kind === base.inputs[i].kind && (kind === 'argument' || tensor === base.inputs[i].tensor),
      );
    if (!same)
      throw differs(
        points[t],
        'other parameters or constants are read (does forward make a tensor at its first call and keep it? Make it before, or in every call)',
      );
    if (graph.outputs.length !== base.outputs.length) {
      throw differs(points[t], `${graph.outputs.length} outputs are returned instead of ${base.outputs.length}`);
    }
  });
  base.inputs.forEach((_, i) => {
    bind(
      graphs.map((graph) => graph.inputs[i].value),
      `input ${i}`,
    );
  });
  walk(
    graphs.map((graph) => graph.nodes),
    '',
  );
  graphs.forEach((graph, t) => {
    graph.outputs.forEach((value, k) => {
      if (pairs[t].get(value) !== base.outputs[k]) throw differs(points[t], `output ${k} is another value`);
    });
  });

  return {
    graph: base,
    dims: (value) => dims.get(value) ?? value.shape,
    varying: (node) => varying.get(node) ?? none,
    bodyProblem: (node) => bodyProblems.get(node),
  };
}

/** The op, the modules around it and the line that calls it, if that is known, for messages. */
export function nameOf(node: GraphNode | undefined): string {
  if (!node) return 'none';
  const at = 'line' in node && typeof node.line === 'string' ? ` at ${node.line}` : '';
  return `'${node.spec.name}'${node.scope.length ? ` in ${node.scope.join('.')}` : ''}${at}`;
}

function compareInputs(
  nodes: readonly GraphNode[],
  pairs: readonly ReadonlyMap<Value, Value>[],
  points: readonly Point[],
): Map<string, Dim> {
  const found = new Map<string, Dim>();
  const [first] = nodes;
  nodes.forEach((node, t) => {
    if (node.inputs.length !== first.inputs.length) mismatch(points[t], first);
  });
  first.inputs.forEach((input, i) => {
    const all = nodes.map((node) => node.inputs[i]);
    if (typeof input === 'number') {
      const numbers = all.map((x, t) => (typeof x === 'number' ? x : mismatch(points[t], first)));
      const number = explain(numbers, points);
      if (typeof number !== 'number') found.set(`input.${i}`, number);
      return;
    }
    all.forEach((x, t) => {
      if (typeof x === 'number' || (x === null ? null : pairs[t].get(x)) !== input) mismatch(points[t], first);
    });
  });
  return found;
}

function compareAttrs(
  all: readonly unknown[],
  path: string,
  points: readonly Point[],
  found: Map<string, Dim>,
  op: string,
): void {
  const [first] = all;
  if (typeof first === 'number') {
    const number = explain(
      all.map((x) => (typeof x === 'number' ? x : Number.NaN)),
      points,
    );
    if (typeof number !== 'number') found.set(path, number);
    return;
  }
  if (all.every((x) => x === first)) return;
  const fail = (t: number): never => {
    throw differs(points[t], `attribute '${path}' of op ${op} changes`);
  };
  if (ArrayBuffer.isView(first)) {
    all.forEach((x, t) => {
      if (!sameData(first as TypedArray, x)) fail(t);
    });
    return;
  }
  if (typeof first !== 'object' || first === null) {
    fail(all.findIndex((x) => x !== first));
    return;
  }
  const keys = Object.keys(first);
  const objects = all.map((x, t) => {
    if (typeof x !== 'object' || x === null || Object.keys(x).length !== keys.length) fail(t);
    return x as { readonly [key: string]: unknown };
  });
  all.forEach((x, t) => {
    if (Object.getPrototypeOf(x) !== Object.getPrototypeOf(first)) fail(t);
  });
  for (const key of keys)
    compareAttrs(
      objects.map((x) => x[key]),
      path ? `${path}.${key}` : key,
      points,
      found,
      op,
    );
}

function sameData(a: TypedArray, b: unknown): boolean {
  if (!ArrayBuffer.isView(b)) return false;
  const other = b as TypedArray;
  return a.length === other.length && a.every((x: number | bigint, i: number) => Object.is(x, other[i]));
}

function mismatch(point: Point, node: GraphNode): never {
  throw differs(point, `op ${nameOf(node)} has other operands`);
}

function differs(point: Point, what: string): OnnxExportError {
  const sizes = [...point].map(([name, size]) => `${name} = ${size}`).join(', ');
  return new OnnxExportError(
    `the model computes something else at ${sizes}: ${what}. A dynamic axis must not change which ops run; give it a fixed size, or compute with tensors`,
  );
}
