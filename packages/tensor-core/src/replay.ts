/** Running a traced graph. */
import { dispatch } from './dispatch.ts';
import { ArgumentError, ShapeError, TenfoldError } from './errors.ts';
import type { Graph, Value } from './graph.ts';
import { movement } from './ops/movement.ts';
import { formatShape, sameShape } from './shape.ts';
import type { Outputs } from './spec.ts';
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
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((x) => (typeof x === 'object' && x !== null ? read(x) : x));
    const result: Outputs = dispatch(node.spec, inputs, node.attrs);
    const tensors = isTensor(result) ? [result] : result;
    tensors.forEach((tensor, i) => {
      values.set(node.outputs[i], tensor);
    });
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
