/** Running a traced graph. */
import { dispatch } from './dispatch.ts';
import { ArgumentError, ShapeError, TenfoldError } from './errors.ts';
import type { Graph, GraphNode, Value } from './graph.ts';
import { movement } from './ops/movement.ts';
import { formatShape, sameShape } from './shape.ts';
import type { Operand, Outputs } from './spec.ts';
import type { Tensor } from './tensor.ts';
import { isTensor } from './tensor-class.ts';

/** Runs a graph on tensors of the shapes and dtypes it was traced with, and carries out its writes and assignments. */
export function replay(graph: Graph, args: readonly Tensor[]): Tensor[] {
  const values = new Map<Value, Tensor>();
  // what stands for the tensors of the trace in this run
  const present = new Map<Tensor, Tensor>();
  const wanted = graph.inputs.filter(({ kind }) => kind === 'argument').length;
  if (args.length !== wanted) throw new ArgumentError(`replay: the graph takes ${wanted} tensors, got ${args.length}`);
  let next = 0;
  for (const { value, tensor, kind } of graph.inputs) {
    const given = kind === 'argument' ? args[next++] : tensor;
    if (!sameShape(given.shape, value.shape) || given.dtype !== value.dtype) {
      throw new ShapeError(
        `replay: the graph was traced with ${value.dtype}${formatShape(value.shape)}, got ${given.dtype}${formatShape(given.shape)}; ` +
          'trace it again for this size',
      );
    }
    values.set(value, given);
    present.set(tensor, given);
  }
  const read = (value: Value): Tensor => {
    const tensor = values.get(value);
    if (!tensor) throw new TenfoldError(`replay: value %${value.id} is used before it is computed`);
    return tensor;
  };
  const run = (node: GraphNode): void => {
    const inputs = node.inputs.map((x) => (isValue(x) ? read(x) : x));
    const result: Outputs = node.bodies
      ? runControl(node, inputs, node.bodies, runBodyOf)
      : dispatch(node.spec, inputs, node.attrs);
    const tensors = isTensor(result) ? [result] : result;
    tensors.forEach((tensor, i) => {
      values.set(node.outputs[i], tensor);
    });
  };
  const runBodyOf = (body: Graph, given: readonly Tensor[]): Tensor[] => {
    body.inputs.forEach(({ value }, i) => {
      values.set(value, given[i]);
    });
    for (const node of body.nodes) run(node);
    return body.outputs.map(read);
  };
  const inner = valuesFromBodies(graph);
  for (const node of graph.nodes) {
    if (node.body && inner.size > 0) runForValues(node.body, inner, run);
    run(node);
  }
  // every value is complete before the first write: a write may change a tensor that another value is a view of
  const written = graph.writes.map(({ value }) => read(value).clone());
  const outputs = graph.outputs.map(read);
  graph.writes.forEach(({ tensor }, i) => {
    dispatch(movement.copy.inplaceTwin, [present.get(tensor) ?? tensor, written[i]], null);
  });
  for (const { tensor, value } of graph.assignments) (present.get(tensor) ?? tensor).grad = value && read(value);
  return outputs;
}

const isValue = (x: Value | number | null): x is Value => typeof x === 'object' && x !== null;

/** Control flow, by its op's own way of running: with the traced bodies in the place of the functions. */
function runControl(
  { spec, attrs }: GraphNode,
  inputs: readonly Operand[],
  bodies: Readonly<Record<string, Graph>>,
  run: (body: Graph, given: readonly Tensor[]) => Tensor[],
): Outputs {
  if (!spec.body) throw new TenfoldError(`replay: op '${spec.name}' has bodies and no way to run them`, 'TRACE');
  const runs = Object.entries(bodies).map(([name, body]) => [
    name,
    (...given: readonly Tensor[]) => {
      given.forEach((x, i) => {
        checkGiven(spec.name, body.inputs[i].value, x);
      });
      return run(body, given);
    },
  ]);
  return spec.body(inputs, { ...attrs, bodies: Object.fromEntries(runs) });
}

/** A body holds for the shapes that it was traced with, as the whole graph does. */
function checkGiven(op: string, value: Value, given: Tensor): void {
  if (sameShape(given.shape, value.shape) && given.dtype === value.dtype) return;
  throw new ShapeError(
    `replay: a body of '${op}' was traced with ${value.dtype}${formatShape(value.shape)}, and is given ${given.dtype}${formatShape(given.shape)}`,
  );
}

/** Values that were computed inside of a body and are read outside of it: what a custom Function saved for its backward. */
function valuesFromBodies(graph: Graph): ReadonlySet<Value> {
  const known = new Set([...graph.inputs.map(({ value }) => value), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
  const reads = graph.nodes.flatMap(({ inputs, body, bodies }) => [
    ...inputs.filter(isValue),
    ...(body?.captured ?? []),
    ...Object.values(bodies ?? {}).flatMap(({ captured }) => captured),
  ]);
  const results = [...graph.outputs, ...graph.writes.map(({ value }) => value)];
  return new Set([...reads, ...results].filter((value) => !known.has(value)));
}

const defines = (body: Graph, wanted: ReadonlySet<Value>): boolean =>
  body.nodes.some(
    (node) => node.outputs.some((value) => wanted.has(value)) || (node.body && defines(node.body, wanted)),
  );

/** Runs the ops of a body one by one if some of the `wanted` values are among theirs. */
function runForValues(body: Graph, wanted: ReadonlySet<Value>, run: (node: GraphNode) => void): void {
  if (!defines(body, wanted)) return;
  for (const node of body.nodes) {
    if (node.body) runForValues(node.body, wanted, run);
    run(node);
  }
}
