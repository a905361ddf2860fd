/** Control flow. Which way it goes is read from the values: of constants and sizes without a device, of tensors where the device can be read at once. */
import { flip, stack, type Tensor, zeros } from '@tenfold/tensor-core';
import type { NodeContext, Row, Rows, SubGraph } from '../context.ts';
import { HostTensor, type Value } from '../values.ts';

/** Whether a condition holds. */
function holds(c: NodeContext, value: Value, what: string): boolean {
  const { numbers, size } = c.read(value, what);
  if (numbers?.length !== 1) throw c.error(`${what} must be one boolean, got ${size} elements`);
  return numbers[0] !== 0;
}

const branch: Row = (c) => {
  const name = holds(c, c.value(0), 'the condition') ? 'then_branch' : 'else_branch';
  return c.graph(name).run([]);
};

/** What scan outputs are made of: the values of each turn. */
function stacked(c: NodeContext, turns: readonly Value[], body: SubGraph, output: number, dim = 0): Tensor {
  if (turns.length > 0)
    return stack(
      turns.map((value) => asTensor(c, value)),
      dim,
    );
  const type = body.outputTypes[output];
  if (!type?.dtype || !type.shape)
    throw c.error(
      `takes no turn, and the type of '${body.outputNames[output]}' is not stated, so that nothing says what is empty`,
    );
  const sizes: number[] = type.shape.map((size) => size ?? 0);
  sizes.splice(dim < 0 ? dim + sizes.length + 1 : dim, 0, 0);
  return zeros(sizes, { dtype: c.computed(type.dtype), device: c.device });
}

function asTensor(c: NodeContext, value: Value): Tensor {
  if (value instanceof HostTensor) return c.tensorOf(value);
  if (value === null || 'items' in value) throw c.error('collects tensors, and was given something else');
  return value;
}

/** https://onnx.ai/onnx/operators/onnx__Loop.html */
const loop: Row = (c) => {
  const body = c.graph('body');
  const trips = c.has(0) ? c.hostNumber(0) : Number.POSITIVE_INFINITY;
  let state = Array.from({ length: c.inputCount - 2 }, (_, i) => c.value(i + 2));
  const count = body.outputNames.length - 1 - state.length;
  if (count < 0 || body.inputNames.length !== state.length + 2)
    throw c.error(
      `its body takes ${body.inputNames.length} inputs and gives ${body.outputNames.length} outputs, which does not fit ${state.length} values that are carried`,
    );
  const scans: Value[][] = Array.from({ length: count }, () => []);
  const collected = new Set<Value>();
  let go = c.has(1) ? holds(c, c.value(1), 'the condition') : true;
  for (let trip = 0; go && trip < trips; trip++) {
    if (trip >= c.limits.maxTrips)
      throw c.error(`takes more than ${c.limits.maxTrips} turns, which is what the option maxTrips allows`);
    const [again, ...values] = body.run([
      new HostTensor('int64', [], [trip]),
      new HostTensor('bool', [], [1]),
      ...state,
    ]);
    const next = values.slice(0, state.length);
    values.slice(state.length).forEach((value, k) => {
      scans[k].push(value);
      collected.add(value);
    });
    go = holds(c, again, 'the condition');
    body.drop([...state, again].filter((value) => !next.includes(value) && !collected.has(value)));
    state = next;
  }
  return [...state, ...scans.map((turns, k) => stacked(c, turns, body, state.length + 1 + k))];
};

/** https://onnx.ai/onnx/operators/onnx__Scan.html */
const scan: Row = (c) => {
  if (c.opset < 9) throw c.error('Scan is known here from opset 9 on; before that it had a batch axis');
  const body = c.graph('body');
  const scanned = c.int('num_scan_inputs');
  const carried = c.inputCount - scanned;
  const count = body.outputNames.length - carried;
  if (scanned < 1 || carried < 0 || count < 0 || body.inputNames.length !== c.inputCount)
    throw c.error(
      `its body takes ${body.inputNames.length} inputs and gives ${body.outputNames.length} outputs, which does not fit ${c.inputCount} inputs of which ${scanned} are scanned`,
    );
  const list = (name: string, length: number): readonly number[] => {
    const given = c.ints(name, new Array<number>(length).fill(0));
    return given.length === 0 ? new Array<number>(length).fill(0) : given;
  };
  const axes = list('scan_input_axes', scanned);
  const directions = list('scan_input_directions', scanned);
  const outputAxes = list('scan_output_axes', count);
  const outputDirections = list('scan_output_directions', count);
  const sequences = Array.from({ length: scanned }, (_, i) => c.x(carried + i).unbind(axes[i]));
  const length = sequences[0].length;
  if (sequences.some((parts) => parts.length !== length))
    throw c.error(`scans sequences of different lengths: ${sequences.map((parts) => parts.length).join(', ')}`);
  let state = Array.from({ length: carried }, (_, i) => c.value(i));
  const scans: Value[][] = Array.from({ length: count }, () => []);
  const collected = new Set<Value>(sequences.flat());
  for (let turn = 0; turn < length; turn++) {
    const parts = sequences.map((list, i) => list[directions[i] === 1 ? length - 1 - turn : turn]);
    const values = body.run([...state, ...parts]);
    const next = values.slice(0, carried);
    values.slice(carried).forEach((value, k) => {
      scans[k].push(value);
      collected.add(value);
    });
    body.drop(state.filter((value) => !next.includes(value) && !collected.has(value)));
    state = next;
  }
  const results = scans.map((turns, k) => {
    const result = stacked(c, turns, body, carried + k, outputAxes[k]);
    return outputDirections[k] === 1 ? flip(result, outputAxes[k]) : result;
  });
  return [...state, ...results];
};

export const control: Rows = { If: branch, Loop: loop, Scan: scan };
